//! A file of entries with reasons: delimited text, read strictly.

use std::path::Path;

use ser_schemas::TableError;
use ser_text::delimited::{ColumnError, HeaderError, Reader};
use ser_text::{Encoding, counted, decode};

use super::Entry;
use crate::error::ManifestError;

/// Largest file read, in bytes: a million ids with reasons are far below it.
const MAX_BYTES: u64 = 1 << 30;

/// The entries of the file at `path`, which the pipeline file calls `name`.
pub(super) fn read(name: &str, path: &Path) -> Result<Vec<Entry>, ManifestError> {
    let refused = |problem: String| ManifestError::FileNotUnderstood { path: path.to_owned(), problem };
    let bytes = std::fs::metadata(path).map_err(TableError::io("read", path))?.len();
    if bytes > MAX_BYTES {
        return Err(refused(format!("expected at most {MAX_BYTES} bytes, found {bytes}")));
    }
    let bytes = std::fs::read(path).map_err(TableError::io("read", path))?;
    let decoded = decode(&bytes).map_err(|error| refused(error.to_string()))?;
    if let Encoding::Windows1252 { first } = decoded.encoding {
        return Err(refused(format!("it is not UTF-8: {first}; save it as UTF-8")));
    }
    let reader = Reader::naming(&decoded.text, "clip_id").map_err(|error: HeaderError| refused(error.to_string()))?;
    if reader.header().is_empty() {
        return Err(refused("it is empty: expected the header `clip_id,reason`, and a line for each clip".to_owned()));
    }
    let ids = reader.column("clip_id").map_err(|error| refused(error.to_string()))?;
    let reasons = match reader.column("reason") {
        Ok(column) => Some(column),
        Err(ColumnError::Missing { .. }) => None,
        Err(error) => return Err(refused(error.to_string())),
    };
    let (rows, faults): (Vec<_>, Vec<_>) = reader.partition(Result::is_ok);
    if let Some(Err(first)) = faults.first() {
        let more = match faults.len() - 1 {
            0 => String::new(),
            more => format!(", and {} like it", counted(more, "line")),
        };
        let advice = "put cells that hold the separator or a line end between double quotes";
        return Err(refused(format!("line {}: {}{more}; {advice}", first.line, first.kind)));
    }
    let mut entries = Vec::new();
    for row in rows.into_iter().flatten() {
        let cell = |column: usize| row.cells.get(column).map(String::as_str).unwrap_or_default();
        let text = cell(ids).to_owned();
        if text.is_empty() {
            return Err(refused(format!("line {}: expected a clip id, found an empty cell", row.line)));
        }
        let reason = reasons.map(cell).filter(|reason| !reason.is_empty()).map(str::to_owned);
        entries.push(Entry { text, reason, place: Some(format!("`{name}`, line {}", row.line)) });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(bytes: impl AsRef<[u8]>) -> Result<Vec<(String, Option<String>)>, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("out.csv");
        std::fs::write(&path, bytes).expect("write");
        let entries = read("out.csv", &path).map_err(|error| error.to_string())?;
        Ok(entries.into_iter().map(|entry| (entry.text, entry.reason)).collect())
    }

    #[test]
    fn ids_with_and_without_reasons() {
        let one = |id: &str, reason: Option<&str>| Ok(vec![(id.to_owned(), reason.map(str::to_owned))]);
        assert_eq!(entries("clip_id\na/1\n"), one("a/1", None));
        assert_eq!(entries("\u{feff}reason;clip_id\r\ntoo loud;a/1\r\n"), one("a/1", Some("too loud")));
        assert_eq!(entries("clip_id\treason\na/1\t\n"), one("a/1", None));
        assert_eq!(entries("clip_id,reason,by\na/Jose\u{301},\"a, b\",me\n"), one("a/Jos\u{e9}", Some("a, b")));
        assert_eq!(entries("clip_id\n"), Ok(Vec::new()), "nothing is left out yet");
    }

    #[test]
    fn a_file_that_is_not_like_its_header_is_refused_with_the_line() {
        for (text, expected) in [
            ("clip_id,reason\na/1,noise\na/2,noise, and more\n", "line 3: expected 2 cells, found 3; put cells"),
            ("clip_id,reason\na/1,\"noise\na/2,x\n", "line 2: a quote opens a cell and is never closed"),
            ("clip_id,reason\na/1,x,y\na/2,x,y\na/3\n", "line 2: expected 2 cells, found 3, and 2 lines like it; put "),
            ("\n", "it is empty: expected the header"),
            ("clip,reason\na/1,noise\n", "it has no column `clip_id`; it has: clip, reason"),
            ("clip_id,reason,reason\na/1,x,y\n", "it has 2 columns named `reason`"),
            ("clip_id,reason\n,noise\n", "line 2: expected a clip id, found an empty cell"),
        ] {
            let error = entries(text).expect_err(text);
            assert!(error.contains("out.csv`: ") && error.contains(expected), "{error}");
        }
        let error = entries(b"clip_id\nB\xe4r\n").expect_err("not UTF-8");
        assert!(error.contains("it is not UTF-8: byte 0xE4 in line 2"), "{error}");
    }
}
