//! A table that says who speaks in which recording: columns `path` and `speaker`, and `emotion` where it is known.
//!
//! A path names a recording as the file system does, from the table's folder or from here, or by the end of the
//! recording's path: `ana/1.wav`, and as well `.\ana\1.wav`. An absolute path of another machine counts by its last folder
//! and name. Whatever fits several recordings, or says two things of one, says nothing: a wrong speaker is worse than none.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_stage::suggest;
use ser_text::delimited::{ColumnError, Fault, Reader, Row};
use ser_text::{Encoding, nfc, printable};

use super::recordings::Recording;

const PATH: &str = "path";
const SPEAKER: &str = "speaker";
const EMOTION: &str = "emotion";

/// The row of a table.
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) path: String,
    pub(super) speaker: String,
    /// A word for the emotion, where the table has one.
    pub(super) emotion: Option<String>,
}

/// Who speaks in each recording by the table at `path`, and warnings about it.
pub(super) fn read(path: &Path, recordings: &[Recording]) -> anyhow::Result<(Vec<Option<String>>, Vec<String>)> {
    let (rows, mut notes) = rows(path, false)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let (speakers, more) = join(&rows, recordings, base);
    notes.extend(more.into_iter().map(|note| format!("`{}`{note}", path.display())));
    Ok((speakers, notes))
}

/// The rows of the table at `path` that can be used, with their emotions, and warnings about it.
pub(super) fn labelled_rows(path: &Path) -> anyhow::Result<(Vec<Named>, Vec<String>)> {
    rows(path, true)
}

/// The rows of the table at `path` that can be used, with emotions where these are `wanted`, and warnings about it.
fn rows(path: &Path, wanted: bool) -> anyhow::Result<(Vec<Named>, Vec<String>)> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the table `{shown}`"))?;
    let decoded = ser_text::decode(&bytes).with_context(|| format!("`{shown}` is no table"))?;
    let mut notes = Vec::new();
    if let Encoding::Windows1252 { first } = decoded.encoding {
        notes.push(format!("`{shown}` is not UTF-8 and is read as Windows-1252: {first}"));
    }
    let mut rows = Vec::new();
    let (parsed, note) = parsed(&decoded.text, wanted).with_context(|| format!("`{shown}`"))?;
    notes.extend(note.map(|note| format!("`{shown}` {note}")));
    for row in parsed {
        match row {
            Ok(row) => rows.push(row),
            Err(why) => notes.push(format!("`{shown}`, {why}: the row is left out")),
        }
    }
    Ok((rows, notes))
}

/// Rows, and in words those that cannot be used; with a warning about the table.
type Parsed = (Vec<Result<Named, String>>, Option<String>);

/// The rows of `text`, with emotions where these are `wanted`.
fn parsed(text: &str, wanted: bool) -> anyhow::Result<Parsed> {
    let mut separator = b',';
    // A table in another locale has semicolons; its header says so.
    if let Err(ColumnError::Missing { separator: Some(likely), .. }) = Reader::new(text, separator)?.column(PATH) {
        separator = u8::try_from(likely).unwrap_or(separator);
    }
    let reader = Reader::new(text, separator)?;
    let (path, speaker) = (reader.column(PATH)?, reader.column(SPEAKER)?);
    let emotion = match reader.column(EMOTION) {
        Ok(at) => Some(at),
        Err(error @ ColumnError::Twice { .. }) if wanted => return Err(error.into()),
        Err(_) => None,
    };
    let meant = suggest::nearest(EMOTION, reader.header().iter().map(String::as_str));
    let meant = meant.filter(|_| wanted && emotion.is_none());
    let note = meant.map(|meant| {
        format!("has no column `{EMOTION}`, so nothing in it is a label: if `{}` is meant, rename it", printable(meant))
    });
    let row = |row: Result<Row, Fault>| match row {
        Err(fault) => Err(format!("line {}: {}", fault.line, fault.kind)),
        Ok(row) => {
            let cell = |at: usize| row.cells.get(at).cloned().unwrap_or_default();
            let emotion = emotion.filter(|_| wanted).map(cell).filter(|word| !word.is_empty());
            let named = Named { line: row.line, path: cell(path), speaker: cell(speaker), emotion };
            if named.path.is_empty() || named.speaker.is_empty() {
                return Err(format!("line {}: an empty cell", named.line));
            }
            Ok(named)
        }
    };
    Ok((reader.map(row).collect(), note))
}

/// Gives each recording the speaker of the row that names it.
fn join(rows: &[Named], recordings: &[Recording], base: &Path) -> (Vec<Option<String>>, Vec<String>) {
    let by_path: HashMap<&Path, usize> =
        recordings.iter().enumerate().map(|(at, recording)| (recording.real.as_path(), at)).collect();
    let parts: Vec<Vec<String>> =
        recordings.iter().map(|recording| components(&recording.real.to_string_lossy())).collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, parts) in parts.iter().enumerate() {
        by_name.entry(parts.last().map_or("", String::as_str)).or_default().push(at);
    }
    let (mut unused, mut unclear, mut contradicting) = (Vec::new(), Vec::new(), Vec::new());
    let mut speakers: Vec<Option<(&str, bool)>> = vec![None; recordings.len()];
    for row in rows {
        let exact = [base.join(&row.path), PathBuf::from(&row.path)]
            .into_iter()
            .filter_map(|path| path.canonicalize().ok())
            .find_map(|path| by_path.get(path.as_path()).copied());
        let fitting = exact.map_or_else(|| by_tail(&row.path, &parts, &by_name), |at| vec![at]);
        match fitting[..] {
            [] => unused.push(row),
            [at] => match &mut speakers[at] {
                Some((speaker, clear)) if *speaker != row.speaker => {
                    *clear = false;
                    contradicting.push(row);
                }
                Some(_) => {}
                none => *none = Some((&row.speaker, true)),
            },
            _ => unclear.push(row),
        }
    }
    let mut notes = Vec::new();
    let mut note = |what: &str, of: &[&Named]| {
        let Some(first) = of.first() else { return };
        let (count, all) = (of.len(), rows.len());
        notes.push(format!(
            ": {count} of {all} rows {what}, the first in line {}: `{}`",
            first.line,
            printable(&first.path)
        ));
    };
    note("name no recording here", &unused);
    note("fit several recordings and count for none", &unclear);
    note("contradict an earlier row, and the recording's speaker counts as unknown", &contradicting);
    let speakers = speakers.into_iter().map(|told| told.filter(|(_, clear)| *clear).map(|(name, _)| name.to_owned()));
    (speakers.collect(), notes)
}

/// The recordings whose paths end like `path`.
fn by_tail(path: &str, parts: &[Vec<String>], by_name: &HashMap<&str, Vec<usize>>) -> Vec<usize> {
    let key = components(path);
    let Some(name) = key.last() else { return Vec::new() };
    let is_absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    // One name alone says too little about a file that lay elsewhere.
    let enough = if is_absolute { key.len().min(2) } else { key.len() };
    let common = |at: usize| key.iter().rev().zip(parts[at].iter().rev()).take_while(|(a, b)| a == b).count();
    let fitting: Vec<(usize, usize)> = by_name
        .get(name.as_str())
        .into_iter()
        .flatten()
        .map(|at| (*at, common(*at)))
        .filter(|(_, common)| *common >= enough)
        .collect();
    let most = fitting.iter().map(|(_, common)| *common).max().unwrap_or(0);
    fitting.into_iter().filter(|(_, common)| *common == most).map(|(at, _)| at).collect()
}

/// Folders and name of a path in any system's spelling, in NFC.
fn components(path: &str) -> Vec<String> {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").map(|part| nfc(part).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(table: &str, paths: &[&str]) -> (Vec<Option<String>>, Vec<String>) {
        let recordings: Vec<Recording> = paths
            .iter()
            .map(|path| Recording {
                path: path.into(),
                real: Path::new("/data").join(path),
                problem: None,
                sound: None,
            })
            .collect();
        let rows: Vec<Named> = parsed(table, false).expect("a table").0.into_iter().filter_map(Result::ok).collect();
        join(&rows, &recordings, Path::new("/nowhere"))
    }

    #[test]
    fn paths_fit_by_their_ends_in_any_spelling() {
        let table = "speaker;path\nana;a/1.wav\nben;.\\b\\1.wav\ncleo;C:\\old\\c\\Jose\u{301}.wav\nana;2.wav\n";
        let (speakers, notes) = joined(table, &["a/1.wav", "b/1.wav", "c/Jos\u{e9}.wav", "x/2.wav", "x/3.wav"]);
        assert_eq!(
            speakers.iter().map(Option::as_deref).collect::<Vec<_>>(),
            [Some("ana"), Some("ben"), Some("cleo"), Some("ana"), None]
        );
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn what_is_not_clear_counts_for_none_and_is_told() {
        let table =
            "path,speaker\n1.wav,ana\n2.wav,ana\nx/2.wav,ben\n2.wav,ana\n/old/9.wav,ana\n/elsewhere/2.wav,ana\n";
        let (speakers, notes) = joined(table, &["a/1.wav", "b/1.wav", "x/2.wav"]);
        assert_eq!(speakers, [None, None, None]);
        assert_eq!(
            notes,
            [
                ": 2 of 6 rows name no recording here, the first in line 6: `/old/9.wav`",
                ": 1 of 6 rows fit several recordings and count for none, the first in line 2: `1.wav`",
                ": 1 of 6 rows contradict an earlier row, and the recording's speaker counts as unknown, the first in line 4: `x/2.wav`",
            ]
        );
    }

    #[test]
    fn rows_that_cannot_be_read_are_told_and_other_columns_do_not_matter() {
        let rows = parsed("path,age,Speaker\n1.wav,7,ana\n2.wav,ana\n3.wav,8,\n", false).expect("a table").0;
        let told: Vec<String> = rows.into_iter().filter_map(Result::err).collect();
        assert_eq!(told, ["line 3: expected 3 cells, found 2", "line 4: an empty cell"]);
        let error = parsed("file,who\n1.wav,ana\n", false).err().expect("no column").to_string();
        assert_eq!(error, "it has no column `path`; it has: file, who");
    }

    #[test]
    fn emotions_are_read_where_they_are_wanted() {
        let table = "path,Emotion,speaker\n1.wav,joy,ana\n2.wav,,ana\n";
        let emotions = |wanted| -> Vec<Option<String>> {
            let rows = parsed(table, wanted).expect("a table").0;
            rows.into_iter().filter_map(Result::ok).map(|row| row.emotion).collect()
        };
        assert_eq!((emotions(true), emotions(false)), (vec![Some("joy".into()), None], vec![None, None]));
        let twice = "path,speaker,emotion,emotion\n1.wav,ana,joy,sad\n";
        assert!(parsed(twice, false).is_ok());
        let error = parsed(twice, true).err().expect("which one counts is not clear").to_string();
        assert!(error.starts_with("it has 2 columns named `emotion`"), "{error}");
        let note = |table| parsed(table, true).expect("a table").1;
        let misspelt = note("path,speaker,emotions\n1.wav,ana,joy\n");
        assert!(misspelt.is_some_and(|note| note.ends_with("if `emotions` is meant, rename it")));
        assert_eq!((note("path,speaker,age\n1.wav,ana,7\n"), note(table)), (None, None));
    }
}
