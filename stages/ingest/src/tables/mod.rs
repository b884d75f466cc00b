//! Joining the tables that lie beside a corpus: demographics by speaker, labels and votes by clip.
//!
//! A table fills what nothing else tells; what it says against another source empties the field. One that lies in
//! several folders is read from all of them, each for itself. A table that is missing, or that is not what the
//! descriptor says it is, leaves columns null and is reported; it never stops an ingest. So does a row that cannot be
//! read, that may be about several files, or that another row contradicts. How many rows were joined is told, and which
//! were not.
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

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use ser_stage::suggest::nearest;
use ser_storage::{Place as File, Root};
use ser_text::{nfc, printable};

use self::cell::Cell;
use self::joining::{Answer, Contradiction, Joined, Told};
use self::keys::Files;
use self::place::{Place, Places, content};
use self::reading::Content;
use self::telling::Targets;
use crate::IngestError;
use crate::descriptor::{Descriptor, Field, SideTable};
use crate::index::{Entry, Hash, Stat};
use crate::names::{self, Reading};
use crate::seen::hex;
use crate::walk::{Found, Walk};

pub(crate) use self::cell::{is_same, shown};
pub(crate) use self::place::places;

/// All tables of a corpus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    /// The descriptor's tables, in their order, as they were found: at least one part of each.
    parts: Vec<Part>,
    /// What was joined and what is absent: for the summary.
    pub(crate) notes: Vec<String>,
    /// What is there and cannot be used: for the user's attention.
    pub(crate) warnings: Vec<String>,
    /// What identifies the content of each table, by the name of its file: a hash, `absent`, or why it is not read.
    pub(crate) digests: BTreeMap<String, String>,
    /// Those that are objects of a bucket, by their addresses, for the index.
    pub(crate) objects: Vec<(String, Entry)>,
}

/// Stands for a table that is not there.
pub(crate) const ABSENT: &str = "absent";

/// Number of files of one table that have a note each.
const NAMED: usize = 3;

/// One file of a table, or a table that has none.
#[derive(Debug, Clone)]
struct Part {
    /// Number of the table in the descriptor.
    table: usize,
    /// The file, for messages.
    file: String,
    state: State,
}

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

/// A table's word on one field of a file or a speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) field: Field,
    pub(crate) value: &'a str,
    /// The file of the table, for messages.
    pub(crate) file: &'a str,
    /// Line, from 1.
    pub(crate) line: usize,
}

/// A place, and the bytes that were read there, or why they could not be.
type PlacedContent = (Place, Result<Vec<u8>, String>);

/// A file of a table, as it was found.
struct Source {
    /// Number of the table in the descriptor.
    table: usize,
    /// The file, for messages.
    path: String,
    /// The folder below the root that it lies in.
    folder: Option<String>,
    /// The content, or why it is not read; `None` when it is not there.
    content: Option<Result<Content, String>>,
}

impl Tables {
    /// Finds the descriptor's tables, reads them, and joins them with the files of the corpus and their speakers; none
    /// where the root is missing.
    pub(crate) fn load(descriptor: &Descriptor, root: &Root, walk: &Walk) -> Result<Self, IngestError> {
        let mut tables = Self::default();
        if descriptor.tables.is_empty() || !walk.exists {
            return Ok(tables);
        }
        let mut sources: Vec<Source> = Vec::new();
        for (number, table) in descriptor.tables.iter().enumerate() {
            sources.extend(tables.find(descriptor, (number, table), root, walk)?);
        }
        let by_speaker = |number: usize| descriptor.tables.get(number).is_some_and(|table| table.by_speaker);
        let stems: Vec<&str> = walk.files.iter().map(Found::stem).collect();
        let readings: Vec<Reading> = stems.iter().map(|stem| names::read_name(descriptor, stem)).collect();
        let read: Vec<(&str, &Reading)> = stems.iter().copied().zip(&readings).collect();
        let files = Files::new(descriptor, root, &read);

        for source in &sources {
            let join = |content: &Content| {
                if by_speaker(source.table) {
                    Joined::default()
                } else {
                    Joined::clips(descriptor, &content.rows, &files, source.folder.as_deref())
                }
            };
            tables.parts.push(Part { table: source.table, file: source.path.clone(), state: state(source, join) });
        }
        let speakers = tables.speakers(&read);
        let known: BTreeSet<String> = speakers.keys().cloned().collect();
        for (part, source) in tables.parts.iter_mut().zip(&sources).filter(|(part, _)| by_speaker(part.table)) {
            part.state = state(source, |content| Joined::speakers(descriptor, &content.rows, &known));
        }

        let speech: Vec<&str> =
            (0..files.len()).filter(|&file| files.is_speech(file)).map(|file| files.stem(file)).collect();
        let heard: Vec<&str> = speakers.iter().filter(|(_, speaks)| **speaks).map(|(name, _)| name.as_str()).collect();
        for (number, source) in sources.iter().enumerate() {
            let (one, all) = if by_speaker(source.table) { ("speaker", &heard) } else { ("recording", &speech) };
            let nth = sources.iter().take(number).filter(|before| before.table == source.table).count();
            tables.tell(descriptor, (number, nth), source, walk, one, all);
        }
        Ok(tables)
    }

    /// Reads the files of `table`, and notes what identifies their content; of several tables in files of one name, all
    /// together.
    fn read(&mut self, table: &SideTable, places: Vec<Place>) -> Result<Vec<PlacedContent>, IngestError> {
        let mut read = Vec::new();
        for place in &places {
            let (bytes, entry) = content(&place.file)?;
            self.objects.extend(entry);
            read.push(bytes);
        }
        let hashes: Vec<Result<Hash, String>> = read.iter().map(hash_of).collect();
        self.note(table, &places, &hashes);
        Ok(places.into_iter().zip(read).collect())
    }

    /// Notes what identifies the content of `table`. Files are read; an object is where `known`, the index, does not tell of
    /// it, and `read_changed`: without, its entity tag stands for its content.
    pub(crate) fn identify(
        &mut self,
        table: &SideTable,
        places: &[Place],
        read_changed: bool,
        known: &dyn Fn(&str, &Stat) -> Option<Entry>,
    ) -> Result<(), IngestError> {
        let mut hashes: Vec<Result<Hash, String>> = Vec::new();
        for place in places {
            if let File::Object(object) = &place.file
                && let Some(stat) = object.mark.as_ref().map(Stat::of_object)
            {
                let name = object.address.to_string();
                if let Some(entry) = known(&name, &stat) {
                    hashes.push(Ok(entry.hash));
                    self.objects.push((name, entry));
                    continue;
                }
                if !read_changed {
                    hashes.push(Err(format!("unread: {stat:?}")));
                    continue;
                }
            }
            let (bytes, entry) = content(&place.file)?;
            hashes.push(hash_of(&bytes));
            self.objects.extend(entry);
        }
        self.note(table, places, &hashes);
        Ok(())
    }

    /// `hashes` are those of the content at `places`, or why it is not read.
    fn note(&mut self, table: &SideTable, places: &[Place], hashes: &[Result<Hash, String>]) {
        let digests = self.digests.entry(table.file.clone()).or_default();
        if places.is_empty() {
            digests.push_str(ABSENT);
        }
        for (place, hash) in places.iter().zip(hashes) {
            if let Some(folder) = &place.folder {
                digests.push_str(folder);
                digests.push(':');
            }
            match hash {
                Ok(hash) => digests.push_str(&hex(hash)),
                Err(why) => digests.push_str(why),
            }
        }
    }

    /// What the tables say about the file at `path`, below the root and without extension, in the order of the tables.
    pub(crate) fn about_clip<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        path: &'a str,
    ) -> impl Iterator<Item = Said<'a>> {
        self.values(descriptor, false, path)
    }

    /// What the tables say about `speaker`, the corpus's own id, in the order of the tables.
    pub(crate) fn about_speaker<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        speaker: &str,
    ) -> impl Iterator<Item = Said<'a>> {
        self.values(descriptor, true, speaker)
    }

    /// Why the tables do not tell `field` of the file at `path`: a clause for each table that could.
    pub(crate) fn why_untold(&self, descriptor: &Descriptor, path: &str, field: Field) -> Vec<String> {
        let could = |table: &SideTable| !table.by_speaker && table.columns.contains_key(&field);
        let parts = self.parts(descriptor).filter(|(table, _)| could(table));
        parts.filter_map(|(table, part)| why(descriptor, table, &part.state, path, field)).collect()
    }

    /// Each part with its table.
    fn parts<'a>(&'a self, descriptor: &'a Descriptor) -> impl Iterator<Item = (&'a SideTable, &'a Part)> {
        self.parts.iter().filter_map(|part| Some((descriptor.tables.get(part.table)?, part)))
    }

    /// The files of a table, or one that is not there.
    fn find(
        &mut self,
        descriptor: &Descriptor,
        (number, table): (usize, &SideTable),
        root: &Root,
        walk: &Walk,
    ) -> Result<Vec<Source>, IngestError> {
        let Places { read, passed_over } = places(table, root, walk)?;
        let read = self.read(table, read)?;
        let mut differing = Vec::new();
        for file in passed_over {
            let (other, _) = match content(&file) {
                Err(error @ IngestError::Storage(_)) => return Err(error),
                Err(_) => continue,
                Ok(content) => content,
            };
            if read.iter().all(|(_, bytes)| other != *bytes) {
                differing.push(shown_path(&file));
            }
        }
        if let (Some((place, _)), Some(first)) = (read.first(), differing.first()) {
            let more = differing.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.warnings.push(format!(
                "`{}` is read, and what differs from it under the same name is not: `{first}`{more}; put the rows into \
                 one table, or name the folder of the right one in `look_in`",
                shown_path(&place.file)
            ));
        }
        if read.is_empty() {
            let path = printable(&table.file).into_owned();
            return Ok(vec![Source { table: number, path, folder: None, content: None }]);
        }
        let source = |(place, bytes): (Place, Result<Vec<u8>, String>)| Source {
            table: number,
            path: shown_path(&place.file),
            folder: place.folder,
            content: Some(bytes.and_then(|bytes| reading::read(descriptor, table, &bytes))),
        };
        Ok(read.into_iter().map(source).collect())
    }

    /// The speakers of the corpus, and whether a file of theirs is its speech: by the names, else by the tables joined
    /// so far.
    fn speakers(&self, read: &[(&str, &Reading)]) -> BTreeMap<String, bool> {
        let mut speakers = BTreeMap::new();
        for (stem, reading) in read {
            let Ok(facts) = &reading.facts else { continue };
            let in_tables = || self.parts.iter().find_map(|part| Some(part.state.value(stem, Field::Speaker)?.0));
            if let Some(speaker) = facts.speaker.as_deref().or_else(in_tables) {
                *speakers.entry(nfc(speaker).into_owned()).or_default() |= facts.modality.is_none();
            }
        }
        speakers
    }

    fn tell(
        &mut self,
        descriptor: &Descriptor,
        (number, nth): (usize, usize),
        source: &Source,
        walk: &Walk,
        one: &'static str,
        all: &[&str],
    ) {
        let (Some(table), Some(part)) = (descriptor.tables.get(source.table), self.parts.get(number)) else { return };
        let columns: Vec<&str> = table.columns.keys().map(|field| field.as_str()).collect();
        let columns = columns.join(", ");
        let path = &source.path;
        let Some(content) = &source.content else {
            let told = format!("`{path}` not found, so it fills nothing: {columns}");
            let near = nearest(&table.file, walk.texts.iter().map(String::as_str));
            // A corpus that ships is often used without its tables; who writes a descriptor means the tables in it.
            if descriptor.path.is_some() {
                let near = near.map(|near| format!("did you mean `{}`? ", shown(near))).unwrap_or_default();
                self.warnings.push(format!("{told}; {near}correct `file` or `look_in`, or leave the `[[table]]` out"));
            } else {
                self.notes.push(told);
            }
            return;
        };
        match (content, &part.state) {
            (Ok(content), State::Joined(joined, _)) => {
                let elsewhere = |target: &str| {
                    let others = self.parts(descriptor).filter(|(other, _)| {
                        other.by_speaker == table.by_speaker
                            && table.columns.keys().all(|field| other.columns.contains_key(field))
                    });
                    others.filter_map(|(_, part)| part.state.joined()).any(|joined| joined.about(target).is_some())
                };
                let without = all.iter().copied().filter(|target| !elsewhere(target)).collect();
                let outcome = telling::tell(content, joined, &Targets { one, count: all.len(), without }, &columns);
                self.warnings.extend(outcome.warnings.iter().map(|warning| format!("`{path}`: {warning}")));
                match nth.cmp(&NAMED) {
                    Ordering::Less => self.notes.extend(outcome.notes.iter().map(|note| format!("`{path}`: {note}"))),
                    Ordering::Equal => self.notes.push(format!("further files of the table `{}`", shown(&table.file))),
                    Ordering::Greater => {}
                }
            }
            (Err(why), _) => self.warnings.push(format!("`{path}` is not joined: {why}")),
            (Ok(_), _) => {}
        }
    }

    fn values<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        by_speaker: bool,
        target: &str,
    ) -> impl Iterator<Item = Said<'a>> {
        let parts = self.parts(descriptor).filter(move |(table, _)| table.by_speaker == by_speaker);
        parts.flat_map(move |(table, part)| {
            table.columns.keys().filter_map(move |field| {
                let (value, line) = part.state.value(target, *field)?;
                Some(Said { field: *field, value, file: &part.file, line })
            })
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

    /// The value of `field` for a file or a speaker, and the line that has it.
    fn value(&self, target: &str, field: Field) -> Option<(&str, usize)> {
        match self.joined()?.about(target)? {
            Answer::Rows(told) => match told.get(&field)? {
                Told::Cell(Cell::Value(value), line) => Some((value, *line)),
                _ => None,
            },
            Answer::Ambiguous { .. } => None,
        }
    }
}

fn hash_of(bytes: &Result<Vec<u8>, String>) -> Result<Hash, String> {
    bytes.as_ref().map(|bytes| *blake3::hash(bytes).as_bytes()).map_err(Clone::clone)
}

fn shown_path(file: &File) -> String {
    printable(&file.to_string()).into_owned()
}

fn state(source: &Source, join: impl FnOnce(&Content) -> Joined) -> State {
    match &source.content {
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
