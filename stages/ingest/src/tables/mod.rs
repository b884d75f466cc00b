//! Joining the tables that lie beside a corpus: demographics by speaker, labels and votes by clip.
//!
//! A table only fills what the name leaves open. A table that is missing, or that is not what the descriptor says it
//! is, leaves columns null and is reported; it never stops an ingest. So does a row that cannot be read, that may be about
//! several files, or that another row contradicts. How many rows were joined is told, and which were not.
//!
//! | module | what it knows |
//! |---|---|
//! | `place` | where a table lies |
//! | `reading` | from bytes to rows |
//! | `cell` | a cell as the value of a field |
//! | `keys` | which files a key means |
//! | `joining` | what the rows about one file or speaker say together |
//! | `telling` | what came of it, in words |

mod cell;
mod joining;
mod keys;
mod place;
mod reading;
mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ser_text::{nfc, printable};

use self::cell::{Cell, shown};
use self::joining::{Answer, Contradiction, Joined, Told};
use self::keys::Files;
use self::reading::Content;
use self::telling::Targets;
use crate::IngestError;
use crate::descriptor::{Descriptor, Field, SideTable};
use crate::names::{self, Reading};
use crate::walk::{Found, Walk};

pub(crate) use self::place::{content, locate};

/// All tables of a corpus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    /// What became of each of the descriptor's tables, in their order.
    states: Vec<State>,
    /// What was joined and what is absent: for the summary.
    pub(crate) notes: Vec<String>,
    /// What is there and cannot be used: for the user's attention.
    pub(crate) warnings: Vec<String>,
    /// What identifies the content of each table, by the name of its file: a hash, `absent`, or why it is not read.
    pub(crate) digests: BTreeMap<String, String>,
}

/// Stands for a table that is not there.
pub(crate) const ABSENT: &str = "absent";

/// What became of a table.
#[derive(Debug, Clone)]
enum State {
    /// It is not there.
    Absent,
    /// It is there, and is no table with these columns.
    Unusable,
    /// It is joined; with the line of the first row that cannot be read.
    Joined(Joined, Option<usize>),
}

/// A table that was read, or why it was not.
struct Source {
    path: String,
    content: Result<Content, String>,
}

impl Tables {
    /// Finds the descriptor's tables, reads them, and joins them with the files of the corpus and their speakers; none where
    /// the root is missing.
    pub(crate) fn load(descriptor: &Descriptor, root: &Path, walk: &Walk) -> Result<Self, IngestError> {
        let mut tables = Self::default();
        if descriptor.tables.is_empty() || !walk.exists {
            return Ok(tables);
        }
        let found: Vec<Option<Source>> = descriptor
            .tables
            .iter()
            .map(|table| tables.find(descriptor, table, root, walk))
            .collect::<Result<_, _>>()?;
        let stems: Vec<&str> = walk.files.iter().map(Found::stem).collect();
        let readings: Vec<Reading> = stems.iter().map(|stem| names::read_name(descriptor, stem)).collect();
        let read: Vec<(&str, &Reading)> = stems.iter().copied().zip(&readings).collect();
        let files = Files::new(descriptor, root, &read);

        for (table, found) in descriptor.tables.iter().zip(&found) {
            let join = |content: &Content| Joined::clips(descriptor, &content.rows, &files);
            tables.states.push(state(
                found.as_ref(),
                |content| if table.by_speaker { Joined::default() } else { join(content) },
            ));
        }
        let speakers = tables.speakers(&read);
        let known: BTreeSet<String> = speakers.keys().cloned().collect();
        for (number, (table, found)) in descriptor.tables.iter().zip(&found).enumerate() {
            if table.by_speaker {
                tables.states[number] =
                    state(found.as_ref(), |content| Joined::speakers(descriptor, &content.rows, &known));
            }
        }

        let speech: Vec<&str> =
            (0..files.len()).filter(|&file| files.is_speech(file)).map(|file| files.stem(file)).collect();
        let heard: Vec<&str> = speakers.iter().filter(|(_, speaks)| **speaks).map(|(name, _)| name.as_str()).collect();
        for (number, (table, found)) in descriptor.tables.iter().zip(&found).enumerate() {
            let (one, all) = if table.by_speaker { ("speaker", &heard) } else { ("recording", &speech) };
            tables.tell(descriptor, number, found.as_ref(), one, all);
        }
        Ok(tables)
    }

    /// Notes what identifies the content of `table`; of several tables in files of one name, all together.
    pub(crate) fn identify(&mut self, table: &SideTable, digest: &str) {
        self.digests.entry(table.file.clone()).or_default().push_str(digest);
    }

    /// What the tables say about the file at `path`, below the root and without extension, in the order of the tables.
    pub(crate) fn about_clip<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        path: &'a str,
    ) -> impl Iterator<Item = (Field, &'a str)> {
        self.values(descriptor, false, path)
    }

    /// What the tables say about `speaker`, the corpus's own id, in the order of the tables.
    pub(crate) fn about_speaker<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        speaker: &'a str,
    ) -> impl Iterator<Item = (Field, &'a str)> {
        self.values(descriptor, true, speaker)
    }

    /// Why the tables do not tell `field` of the file at `path`: a clause for each table that could.
    pub(crate) fn why_untold(&self, descriptor: &Descriptor, path: &str, field: Field) -> Vec<String> {
        let could = |table: &SideTable| !table.by_speaker && table.columns.contains_key(&field);
        let states = descriptor.tables.iter().zip(&self.states).filter(|(table, _)| could(table));
        states.filter_map(|(table, state)| why(descriptor, table, state, path, field)).collect()
    }

    fn find(
        &mut self,
        descriptor: &Descriptor,
        table: &SideTable,
        root: &Path,
        walk: &Walk,
    ) -> Result<Option<Source>, IngestError> {
        let Some(path) = locate(table, root, walk) else {
            self.identify(table, ABSENT);
            return Ok(None);
        };
        let bytes = content(&path)?;
        match &bytes {
            Ok(bytes) => self.identify(table, blake3::hash(bytes).to_hex().as_str()),
            Err(why) => self.identify(table, why),
        }
        let content = bytes.and_then(|bytes| reading::read(descriptor, table, &bytes));
        Ok(Some(Source { path: printable(&path.display().to_string()).into_owned(), content }))
    }

    /// The speakers of the corpus, and whether a file of theirs is its speech: by the names, else by the tables joined so far.
    fn speakers(&self, read: &[(&str, &Reading)]) -> BTreeMap<String, bool> {
        let mut speakers = BTreeMap::new();
        for (stem, reading) in read {
            let Ok(facts) = &reading.facts else { continue };
            let in_tables = || self.states.iter().find_map(|state| state.value(stem, Field::Speaker));
            if let Some(speaker) = facts.speaker.as_deref().or_else(in_tables) {
                *speakers.entry(nfc(speaker).into_owned()).or_default() |= facts.modality.is_none();
            }
        }
        speakers
    }

    fn tell(
        &mut self,
        descriptor: &Descriptor,
        number: usize,
        found: Option<&Source>,
        one: &'static str,
        all: &[&str],
    ) {
        let (Some(table), Some(state)) = (descriptor.tables.get(number), self.states.get(number)) else { return };
        let columns: Vec<&str> = table.columns.keys().map(|field| field.as_str()).collect();
        let columns = columns.join(", ");
        let Some(found) = found else {
            let told = format!("`{}` not found, so it fills nothing: {columns}", printable(&table.file));
            // A corpus that ships is often used without its tables; who writes a descriptor means the tables in it.
            if descriptor.path.is_some() {
                self.warnings.push(format!("{told}; correct `file` or `look_in`, or leave the `[[table]]` out"));
            } else {
                self.notes.push(told);
            }
            return;
        };
        let path = &found.path;
        match (&found.content, state) {
            (Ok(content), State::Joined(joined, _)) => {
                let elsewhere = |target: &str| {
                    let others = descriptor.tables.iter().zip(&self.states);
                    let others = others.filter(|(other, _)| {
                        other.by_speaker == table.by_speaker
                            && table.columns.keys().all(|field| other.columns.contains_key(field))
                    });
                    others.filter_map(|(_, state)| state.joined()).any(|joined| joined.about(target).is_some())
                };
                let without = all.iter().copied().filter(|target| !elsewhere(target)).collect();
                let outcome = telling::tell(content, joined, &Targets { one, count: all.len(), without }, &columns);
                self.warnings.extend(outcome.warnings.iter().map(|warning| format!("`{path}`: {warning}")));
                self.notes.extend(outcome.notes.iter().map(|note| format!("`{path}`: {note}")));
            }
            (Err(why), _) => self.warnings.push(format!("`{path}` is not joined: {why}")),
            (Ok(_), _) => {}
        }
    }

    fn values<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        by_speaker: bool,
        target: &'a str,
    ) -> impl Iterator<Item = (Field, &'a str)> {
        let states =
            descriptor.tables.iter().zip(&self.states).filter(move |(table, _)| table.by_speaker == by_speaker);
        states.flat_map(move |(table, state)| {
            table.columns.keys().filter_map(move |field| Some((*field, state.value(target, *field)?)))
        })
    }
}

impl State {
    fn joined(&self) -> Option<&Joined> {
        match self {
            Self::Joined(joined, _) => Some(joined),
            Self::Absent | Self::Unusable => None,
        }
    }

    /// The value of `field` for a file or a speaker.
    fn value(&self, target: &str, field: Field) -> Option<&str> {
        match self.joined()?.about(target)? {
            Answer::Rows(told) => match told.get(&field)? {
                Told::Cell(Cell::Value(value), _) => Some(value),
                _ => None,
            },
            Answer::Ambiguous { .. } => None,
        }
    }
}

fn state(found: Option<&Source>, join: impl FnOnce(&Content) -> Joined) -> State {
    match found.map(|found| &found.content) {
        None => State::Absent,
        Some(Err(_)) => State::Unusable,
        Some(Ok(content)) => State::Joined(join(content), content.first_fault),
    }
}

/// Why `table` does not tell `field` of the file at `path`; `None` when it does.
fn why(descriptor: &Descriptor, table: &SideTable, state: &State, path: &str, field: Field) -> Option<String> {
    let file = shown(&table.file);
    let (joined, first_fault) = match state {
        State::Absent => return Some(format!("`{file}` was not found")),
        State::Unusable => return Some(format!("`{file}` could not be joined")),
        State::Joined(joined, first_fault) => (joined, first_fault),
    };
    let field_name = field.as_str();
    match joined.about(path) {
        None => Some(match first_fault {
            None => format!("`{file}` has no row for it"),
            Some(line) => format!("`{file}` has no row for it among those that can be read (line {line} cannot)"),
        }),
        Some(Answer::Ambiguous { key, line }) => {
            Some(format!("`{file}` has no row for it alone: `{}` in line {line} fits several files", shown(key)))
        }
        Some(Answer::Rows(told)) => match told.get(&field)? {
            Told::Cell(Cell::Value(_), _) => None,
            Told::Cell(Cell::Empty, line) => {
                Some(format!("its row in `{file}` (line {line}) has an empty cell for {field_name}"))
            }
            Told::Cell(Cell::NotUnderstood(text), line) => {
                let near = cell::meant(descriptor, table, field, text);
                let near = near.map(|word| format!("; did you mean `{}`?", shown(word))).unwrap_or_default();
                Some(format!("its {field_name} in `{file}`, `{}` in line {line}, is not understood{near}", shown(text)))
            }
            Told::Contradiction(Contradiction { cells: [(one, line_one), (two, line_two)], .. }) => Some(format!(
                "its rows in `{file}` contradict each other: {field_name} is `{}` in line {line_one} and `{}` in line \
                 {line_two}",
                one.shown(),
                two.shown()
            )),
        },
    }
}
