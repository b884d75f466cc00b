//! An analyst's own split as a file: CSV, or Parquet as pandas and Polars write it.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use ser_schemas::{Role, TableError, read_any};
use ser_text::delimited::{ColumnError, Fault, HeaderError, Reader};
use ser_text::{Encoding, decode, printable};

use crate::error::SplitError;

/// Largest CSV file read, in bytes: a split of a million clips is far below it.
const MAX_CSV_BYTES: u64 = 1 << 30;

/// One clip in one fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where in the file, for messages.
    pub(crate) place: String,
    pub(crate) clip_id: String,
    pub(crate) fold: u32,
    pub(crate) role: Role,
}

/// The rows of `path`; by its ending, Parquet or else CSV. Without a column `fold`, all are of fold 0.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, SplitError> {
    let is_parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    let rows = if is_parquet { read_parquet(path) } else { read_csv(path) }?;
    if rows.is_empty() {
        return Err(not_understood(path, "the file", "expected at least one row, found none".to_owned()));
    }
    Ok(rows)
}

fn read_csv(path: &Path) -> Result<Vec<Row>, SplitError> {
    let bytes = std::fs::metadata(path).map_err(TableError::io("read", path))?.len();
    if bytes > MAX_CSV_BYTES {
        return Err(not_understood(path, "the file", format!("expected at most {MAX_CSV_BYTES} bytes, found {bytes}")));
    }
    let content = std::fs::read(path).map_err(TableError::io("read", path))?;
    let decoded = decode(&content).map_err(|problem| not_understood(path, "the file", problem.to_string()))?;
    if let Encoding::Windows1252 { first } = decoded.encoding {
        let problem = format!("expected UTF-8, found {first}");
        return Err(not_understood(path, &format!("line {}", first.line), problem));
    }
    let reader = Reader::naming(&decoded.text, "clip_id").map_err(|problem| match problem {
        HeaderError::Fault { fault, separator } => fault_in(path, fault, separator),
        other => not_understood(path, "line 1", other.to_string()),
    })?;
    if reader.header().is_empty() {
        let problem =
            "it is empty: expected the header `clip_id,role` or `clip_id,fold,role`, and a line for each clip";
        return Err(not_understood(path, "the file", problem.to_owned()));
    }
    let clip_id = column_of(path, &reader, "clip_id")?.ok_or_else(|| no_column(path, &reader, "clip_id"))?;
    let role = column_of(path, &reader, "role")?.ok_or_else(|| no_column(path, &reader, "role"))?;
    let fold = column_of(path, &reader, "fold")?;

    let mut rows = Vec::new();
    for read in reader {
        let read = read.map_err(|fault| fault_in(path, fault, None))?;
        let cell = |column: usize| read.cells.get(column).map_or("", String::as_str);
        let fold = fold.map_or("0", cell);
        rows.push(row(path, format!("line {}", read.line), cell(clip_id), fold, cell(role))?);
    }
    Ok(rows)
}

/// The place of a column; `None` when the file does not have it.
fn column_of(path: &Path, reader: &Reader<'_>, name: &str) -> Result<Option<usize>, SplitError> {
    match reader.column(name) {
        Ok(column) => Ok(Some(column)),
        Err(problem @ ColumnError::Twice { .. }) => Err(not_understood(path, "line 1", problem.to_string())),
        Err(_) => Ok(None),
    }
}

fn no_column(path: &Path, reader: &Reader<'_>, name: &str) -> SplitError {
    let separator = match reader.column(name) {
        Err(ColumnError::Missing { separator, .. }) => separator,
        _ => None,
    };
    let found: Vec<_> = reader.header().iter().map(|cell| printable(cell)).collect();
    let problem = format!("expected a column `{name}`, found: {}{}", found.join(", "), separated(separator));
    not_understood(path, "line 1", problem)
}

fn fault_in(path: &Path, fault: Fault, separator: Option<char>) -> SplitError {
    not_understood(path, &format!("line {}", fault.line), format!("{}{}", fault.kind, separated(separator)))
}

/// Advice where a file has another separator.
fn separated(separator: Option<char>) -> String {
    let advice = |found| format!("; cells are to be separated by `,`, `;` or a tab, the file seems to have {found:?}");
    separator.map(advice).unwrap_or_default()
}

fn read_parquet(path: &Path) -> Result<Vec<Row>, SplitError> {
    let not_parquet = |source| match source {
        TableError::Io { .. } => SplitError::Table(source),
        _ => SplitError::FileNotParquet { path: path.to_owned(), source },
    };
    let mut rows = Vec::new();
    for batch in read_any(path).map_err(not_parquet)? {
        let batch = batch.map_err(not_parquet)?;
        let clip_ids = required(path, &batch, "clip_id", &DataType::Utf8)?;
        let roles = required(path, &batch, "role", &DataType::Utf8)?;
        let folds = column(path, &batch, "fold", &DataType::Int64)?;
        for index in 0..batch.num_rows() {
            let place = format!("row {}", rows.len());
            let fold = folds.as_ref().map_or(0, |folds| folds.as_primitive::<Int64Type>().value(index)).to_string();
            let clip_id = clip_ids.as_string::<i32>().value(index);
            rows.push(row(path, place, clip_id, &fold, roles.as_string::<i32>().value(index))?);
        }
    }
    Ok(rows)
}

fn required(path: &Path, batch: &RecordBatch, name: &str, to: &DataType) -> Result<ArrayRef, SplitError> {
    column(path, batch, name, to)?.ok_or_else(|| {
        let schema = batch.schema();
        let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        not_understood(path, "the schema", format!("expected a column `{name}`, found: {}", found.join(", ")))
    })
}

/// A column without nulls as type `to`; text of any width and whole numbers of any size are taken.
fn column(path: &Path, batch: &RecordBatch, name: &str, to: &DataType) -> Result<Option<ArrayRef>, SplitError> {
    let Some(found) = batch.column_by_name(name) else { return Ok(None) };
    let place = format!("column `{name}`");
    let acceptable = *to == DataType::Utf8 || found.data_type().is_integer();
    let converted = if acceptable { cast(found, to).ok() } else { None };
    let Some(converted) = converted.filter(|converted| converted.data_type() == to) else {
        return Err(not_understood(path, &place, format!("expected {to}, found {}", found.data_type())));
    };
    if converted.null_count() > 0 {
        let problem = format!("expected values, found {} nulls", converted.null_count());
        return Err(not_understood(path, &place, problem));
    }
    Ok(Some(converted))
}

fn row(path: &Path, place: String, clip_id: &str, fold: &str, role: &str) -> Result<Row, SplitError> {
    let fold = fold.parse().map_err(|_| {
        not_understood(path, &place, format!("expected a fold number from 0, found `{}`", printable(fold)))
    })?;
    let role = role.trim().parse().map_err(|problem| not_understood(path, &place, problem))?;
    Ok(Row { place, clip_id: clip_id.trim().to_owned(), fold, role })
}

fn not_understood(path: &Path, place: &str, problem: String) -> SplitError {
    SplitError::FileNotUnderstood { path: path.to_owned(), place: place.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs::File;
    use std::sync::Arc;

    use arrow::array::{Int32Array, LargeStringArray, StringArray};
    use parquet::arrow::ArrowWriter;

    fn csv(text: &str) -> Result<Vec<Row>, SplitError> {
        bytes(text.as_bytes())
    }

    fn bytes(content: &[u8]) -> Result<Vec<Row>, SplitError> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("split.csv");
        std::fs::write(&path, content).expect("write");
        read(&path)
    }

    #[test]
    fn csv_in_any_column_order_with_quotes_and_windows_line_ends() {
        let rows = csv("\u{feff}role,fold,clip_id\r\ntest,1,\"a,\"\"b\"\"\"\r\n\r\ntrain, 0 ,c\r\n").expect("reads");
        assert_eq!(rows[0], Row { place: "line 2".into(), clip_id: "a,\"b\"".into(), fold: 1, role: Role::Test });
        assert_eq!(rows[1], Row { place: "line 4".into(), clip_id: "c".into(), fold: 0, role: Role::Train });
        assert_eq!(csv("clip_id,role\na,validation\n").expect("reads")[0].fold, 0);
    }

    #[test]
    fn mistakes_in_a_csv_are_placed() {
        let text = |text: &str| csv(text).expect_err("must be refused").to_string();
        assert!(text("clip_id,fold\na,0\n").contains("line 1: expected a column `role`, found: clip_id, fold"));
        assert!(text("clip_id,role\na,tset\n").contains("line 2: `tset` is not a role; expected one of: train"));
        assert!(text("clip_id,role,fold\na,test,-1\n").contains("expected a fold number from 0, found `-1`"));
        assert!(text("clip_id,role\na\n").contains("line 2: expected 2 cells, found 1"));
        assert!(text("clip_id,role\n").contains("at least one row"));
        assert!(text("").contains("it is empty: expected the header `clip_id,role`"), "{}", text(""));
        assert!(
            text("clip_id,role\na,test\n\"b,test\nc,train\n").contains("line 3: a quote opens a cell and is never")
        );
        assert!(text("clip_id,role,role\na,test,train\n").contains("line 1: it has 2 columns named `role`"));
        for wrong in ["clip_id|role|fold\na|test|0\n", "\"clip_id\"|\"role\"\n\"a\"|\"test\"\n"] {
            assert!(text(wrong).contains("or a tab, the file seems to have '|'"), "{}", text(wrong));
        }
        for other in ["clip_id;role;fold\na;test;0\n", "\"clip_id\"\t\"role\"\n\"a\"\t\"test\"\n"] {
            assert_eq!(csv(other).expect("reads")[0].role, Role::Test);
        }
    }

    #[test]
    fn a_csv_in_another_encoding_is_read_by_its_mark_or_refused() {
        let wide: Vec<u8> =
            "\u{feff}clip_id,role\nm/B\u{e4}r,test\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(bytes(&wide).expect("UTF-16")[0].clip_id, "m/B\u{e4}r");
        let error = bytes(b"clip_id,role\na,test\nm/B\xe4r,test\n").expect_err("Windows-1252").to_string();
        assert!(error.contains("line 3: expected UTF-8, found byte 0xE4 in line 3, column 4"), "{error}");
    }

    fn parquet(columns: Vec<(&str, ArrayRef)>) -> Result<Vec<Row>, SplitError> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("split.parquet");
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let file = File::create(&path).expect("create");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("writer");
        writer.write(&batch).expect("write");
        writer.close().expect("close");
        read(&path)
    }

    #[test]
    fn parquet_of_other_writers_is_read() {
        let ids: ArrayRef = Arc::new(LargeStringArray::from(vec!["a", "b"]));
        let roles: ArrayRef = Arc::new(StringArray::from(vec!["train", "test"]));
        let folds: ArrayRef = Arc::new(Int32Array::from(vec![0, 2]));
        let rows = parquet(vec![("fold", folds), ("clip_id", ids.clone()), ("role", roles.clone())]).expect("reads");
        assert_eq!(rows[1], Row { place: "row 1".into(), clip_id: "b".into(), fold: 2, role: Role::Test });

        let with_null: ArrayRef = Arc::new(Int32Array::from(vec![Some(0), None]));
        let error = parquet(vec![("fold", with_null), ("clip_id", ids.clone()), ("role", roles)]).expect_err("null");
        assert!(error.to_string().contains("column `fold`: expected values, found 1 nulls"), "{error}");
        let error = parquet(vec![("clip_id", ids)]).expect_err("no role");
        assert!(error.to_string().contains("expected a column `role`, found: clip_id"), "{error}");
    }

    #[test]
    fn a_missing_file_and_a_false_parquet_are_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let error = read(&folder.path().join("none.csv")).expect_err("missing");
        assert!(error.to_string().contains("none.csv"), "{error}");
        let path = folder.path().join("false.parquet");
        std::fs::write(&path, "clip_id,role").expect("write");
        assert!(matches!(read(&path), Err(SplitError::FileNotParquet { .. })));
    }
}
