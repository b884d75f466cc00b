//! Rows and what they are about: which of them mean a file or a speaker, and what several of them say together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ser_text::nfc;

use super::cell::Cell;
use super::keys::{Files, Meaning, without_audio_extension};
use super::reading::Row;
use crate::descriptor::{Descriptor, Field};

/// What a table says about the files or the speakers of a corpus.
#[derive(Debug, Clone, Default)]
pub(super) struct Joined {
    /// By path below the root without extension, or by speaker.
    answers: HashMap<String, Arc<Answer>>,
    /// Which rows are in an answer.
    pub(super) used: Vec<bool>,
    /// Rows whose key fits several files, with two of these.
    pub(super) ambiguous: Vec<(usize, [String; 2])>,
    /// Rows that contradict each other: the field, and the first two.
    pub(super) contradicting: Vec<(Field, Contradiction)>,
}

/// What a table says about one file or speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// What its rows say of each field.
    Rows(BTreeMap<Field, Told>),
    /// The table has a row that may be about this file, or about another one.
    Ambiguous {
        /// The key of the row.
        key: String,
        /// Its line.
        line: usize,
    },
}

/// What the rows about one file or speaker say of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The same, or nothing; the line is that of the first row that says it.
    Cell(Cell, usize),
    /// Different things.
    Contradiction(Contradiction),
}

/// Two rows that say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// Their keys, two spellings of one or the same.
    pub(super) keys: [String; 2],
    /// The first two different cells, with their lines.
    pub(super) cells: [(Cell, usize); 2],
}

/// What merged rows say, by the rows.
type Merged = HashMap<Vec<usize>, Arc<Answer>>;

impl Joined {
    /// Joins rows whose keys are names of files; `folder` is where the table lies below the root.
    pub(super) fn clips(descriptor: &Descriptor, rows: &[Row], files: &Files<'_>, folder: Option<&str>) -> Self {
        let mut joined = Self { used: vec![false; rows.len()], ..Self::default() };
        let mut sure: Vec<Vec<usize>> = vec![Vec::new(); files.len()];
        let mut elsewhere = sure.clone();
        let mut ambiguous: BTreeMap<usize, usize> = BTreeMap::new();
        for (number, row) in rows.iter().enumerate() {
            let (rows_of, fitting) = match files.meaning(without_audio_extension(&row.key), folder) {
                Meaning::None => continue,
                Meaning::Files(fitting) => (&mut sure, fitting),
                Meaning::Elsewhere(fitting) => (&mut elsewhere, fitting),
                Meaning::Ambiguous(fitting) => {
                    if let [one, two, ..] = fitting[..] {
                        let files = [one, two].map(|file| files.stem(file).to_owned());
                        joined.ambiguous.push((number, files));
                    }
                    for file in fitting {
                        ambiguous.entry(file).or_insert(number);
                    }
                    continue;
                }
            };
            for file in fitting {
                if let Some(rows) = rows_of.get_mut(file) {
                    rows.push(number);
                }
            }
        }
        let mut merged = Merged::new();
        for (file, (sure, elsewhere)) in sure.into_iter().zip(elsewhere).enumerate() {
            // A key that names the file where it lies counts before one that names it somewhere else.
            let numbers = if sure.is_empty() { elsewhere } else { sure };
            if !numbers.is_empty() {
                joined.answer(files.stem(file), descriptor, rows, numbers, &mut merged);
            } else if let Some(row) = ambiguous.get(&file).and_then(|&number| rows.get(number)) {
                let answer = Answer::Ambiguous { key: row.key.clone(), line: row.line };
                joined.answers.insert(files.stem(file).to_owned(), Arc::new(answer));
            }
        }
        joined
    }

    /// Joins rows whose keys are `speakers`.
    pub(super) fn speakers(descriptor: &Descriptor, rows: &[Row], speakers: &BTreeSet<String>) -> Self {
        let mut joined = Self { used: vec![false; rows.len()], ..Self::default() };
        let mut by_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, row) in rows.iter().enumerate() {
            if let Some(speaker) = speakers.get(&row.key) {
                by_speaker.entry(speaker).or_default().push(number);
            }
        }
        for (speaker, numbers) in by_speaker {
            joined.answer(speaker, descriptor, rows, numbers, &mut Merged::new());
        }
        joined
    }

    /// What the table says about a file or a speaker.
    pub(super) fn about(&self, target: &str) -> Option<&Answer> {
        self.answers.get(target).or_else(|| self.answers.get(nfc(target).as_ref())).map(Arc::as_ref)
    }

    fn answer(
        &mut self,
        target: &str,
        descriptor: &Descriptor,
        rows: &[Row],
        numbers: Vec<usize>,
        merged: &mut Merged,
    ) {
        for &number in &numbers {
            if let Some(used) = self.used.get_mut(number) {
                *used = true;
            }
        }
        let answer = if let Some(answer) = merged.get(&numbers) {
            answer.clone()
        } else {
            let together = together(descriptor, numbers.iter().filter_map(|&number| rows.get(number)));
            for (field, told) in &together {
                if let Told::Contradiction(contradiction) = told {
                    self.contradicting.push((*field, contradiction.clone()));
                }
            }
            let answer = Arc::new(Answer::Rows(together));
            merged.insert(numbers, answer.clone());
            answer
        };
        self.answers.insert(target.to_owned(), answer);
    }
}

/// What `rows` say together: what one of them says, unless another one says something else.
fn together<'a>(descriptor: &Descriptor, rows: impl Iterator<Item = &'a Row>) -> BTreeMap<Field, Told> {
    let mut together: BTreeMap<Field, (String, Told)> = BTreeMap::new();
    for row in rows {
        for (field, cell) in &row.cells {
            let next = || (row.key.clone(), Told::Cell(cell.clone(), row.line));
            let (key, told) = together.entry(*field).or_insert_with(next);
            if let Told::Cell(before, line) = told {
                if !before.agrees(cell, descriptor, *field) {
                    let cells = [(before.clone(), *line), (cell.clone(), row.line)];
                    *told = Told::Contradiction(Contradiction { keys: [key.clone(), row.key.clone()], cells });
                } else if *before == Cell::Empty {
                    (*key, *told) = next();
                }
            }
        }
    }
    together.into_iter().map(|(field, (_, told))| (field, told)).collect()
}
