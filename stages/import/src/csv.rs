//! Features in CSV: a number in every cell.

use std::path::Path;

use ser_schemas::TableError;
use ser_text::delimited::{Fault, Reader};
use ser_text::{Encoding, decode};

use crate::error::ImportError;
use crate::row::{Cell, Column, Form, Row, Sink};

/// Largest file read, in bytes: it is in memory as a whole, and Parquet has no such limit.
const MAX_BYTES: u64 = 4 << 30;

/// Hands the rows of the file at `path` to `sink`.
pub(crate) fn read(path: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let refused = |problem: String| ImportError::NotUnderstood { path: path.to_owned(), problem };
    let bytes = std::fs::metadata(path).map_err(TableError::io("read", path))?.len();
    if bytes > MAX_BYTES {
        return Err(refused(format!("expected at most {MAX_BYTES} bytes of CSV, found {bytes}: write Parquet")));
    }
    let content = std::fs::read(path).map_err(TableError::io("read", path))?;
    let decoded = decode(&content).map_err(|problem| refused(problem.to_string()))?;
    if let Encoding::Windows1252 { first } = decoded.encoding {
        return Err(refused(format!("it is not UTF-8: {first}; save it as UTF-8")));
    }
    let reader = Reader::naming(&decoded.text, "clip_id").map_err(|problem| refused(problem.to_string()))?;
    if reader.header().is_empty() {
        return Err(refused("it is empty: expected a header with `clip_id`, and a line for each clip".to_owned()));
    }
    let ids = reader.column("clip_id").map_err(|problem| refused(problem.to_string()))?;
    let others: Vec<usize> = (0..reader.header().len()).filter(|at| *at != ids).collect();
    let column =
        |at: &usize| Column { name: reader.header()[*at].clone(), form: Some(Form::Number), told: "text".to_owned() };
    let taken = sink.choose(&others.iter().map(column).collect::<Vec<_>>())?;
    let taken: Vec<usize> = taken.into_iter().map(|at| others[at]).collect();
    for read in reader {
        let read = read.map_err(|Fault { line, kind }| refused(format!("line {line}: {kind}")))?;
        let text = |column: usize| read.cells.get(column).map_or("", String::as_str);
        let place = format!("line {}", read.line);
        let cells = taken.iter().map(|at| number(text(*at))).collect();
        sink.take(Row { place, clip_id: text(ids).to_owned(), cells })?;
    }
    Ok(())
}

/// An empty cell is a number that is not there.
fn number(text: &str) -> Cell {
    if text.is_empty() {
        return Cell::Number(f32::NAN);
    }
    text.parse().map_or_else(|_| Cell::Text(text.to_owned()), Cell::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<Column>, Vec<Row>);

    impl Sink for Kept {
        fn choose(&mut self, columns: &[Column]) -> Result<Vec<usize>, ImportError> {
            self.0 = columns.to_vec();
            Ok((0..columns.len()).collect())
        }

        fn take(&mut self, row: Row) -> Result<(), ImportError> {
            self.1.push(row);
            Ok(())
        }
    }

    fn kept(bytes: &[u8]) -> Result<Kept, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("f.csv");
        std::fs::write(&path, bytes).expect("write");
        let mut kept = Kept::default();
        read(&path, &mut kept).map(|()| kept).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_and_what_is_none_is_kept_for_a_message() {
        let Kept(columns, rows) =
            kept("\u{feff}f0;clip_id;f1\r\n1e-3;a/\"1\";-2\r\n;b;0,5\r\n".as_bytes()).expect("rows");
        assert_eq!(columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["f0", "f1"]);
        assert_eq!(rows[0].cells, [Cell::Number(0.001), Cell::Number(-2.0)]);
        assert_eq!((rows[0].place.as_str(), rows[0].clip_id.as_str()), ("line 2", "a/\"1\""));
        assert!(matches!(&rows[1].cells[..], [Cell::Number(none), Cell::Text(text)] if none.is_nan() && text == "0,5"));
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        for (bytes, expected) in [
            (&b"id,f0\na,1\n"[..], "it has no column `clip_id`; it has: id, f0"),
            (b"", "it is empty"),
            (b"clip_id,f0\na,1,2\n", "line 2: expected 2 cells, found 3"),
            (b"clip_id,f0\nB\xe4r,1\n", "it is not UTF-8"),
        ] {
            let error = kept(bytes).err().expect("an error");
            assert!(error.contains("f.csv`: ") && error.contains(expected), "{error}");
        }
    }
}
