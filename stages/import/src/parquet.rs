//! Features in Parquet, as pandas, Polars and others write it: numbers, lists, lists of lists.

use std::ops::Range;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type};
use ser_schemas::{TableError, read_any_by};
use ser_text::{counted, printable, some_names};

use crate::error::ImportError;
use crate::row::{Cell, Column, Form, Frames, Row, Sink};

/// Rows read at a time: a row of frames may be a megabyte.
const ROWS: usize = 64;

/// Hands the rows of the file at `path` to `sink`.
pub(crate) fn read(path: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let not_parquet = |source| match source {
        TableError::Io { .. } => ImportError::Table(source),
        _ => ImportError::NotParquet { path: path.to_owned(), source },
    };
    let refused = |problem: String| ImportError::NotUnderstood { path: path.to_owned(), problem };
    let mut taken: Option<Vec<String>> = None;
    let mut place = 0;
    for batch in read_any_by(path, ROWS).map_err(not_parquet)? {
        let batch = batch.map_err(not_parquet)?;
        let ids = clip_ids(&batch).map_err(refused)?;
        let names = match &taken {
            Some(names) => names,
            None => taken.insert(choose(&batch, sink)?),
        };
        let columns: Vec<Values> = names
            .iter()
            .map(|name| {
                values(&batch, name).ok_or_else(|| refused(format!("column `{name}` cannot be read as numbers")))
            })
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|column| column.cell(row)).collect();
            sink.take(Row { place: format!("row {place}"), clip_id: ids.value(row).to_owned(), cells })?;
            place += 1;
        }
    }
    Ok(())
}

/// The names of the columns that are taken.
fn choose(batch: &RecordBatch, sink: &mut dyn Sink) -> Result<Vec<String>, ImportError> {
    let schema = batch.schema();
    let others = schema.fields().iter().filter(|field| field.name() != "clip_id");
    let columns: Vec<Column> = others
        .map(|field| Column {
            name: field.name().clone(),
            form: form(field.data_type()),
            told: field.data_type().to_string(),
        })
        .collect();
    Ok(sink.choose(&columns)?.into_iter().map(|at| columns[at].name.clone()).collect())
}

fn clip_ids(batch: &RecordBatch) -> Result<StringArray, String> {
    let Some(found) = batch.column_by_name("clip_id") else {
        let schema = batch.schema();
        let names = some_names(schema.fields().iter().map(|field| printable(field.name())));
        return Err(format!("expected a column `clip_id`, found: {names}"));
    };
    let text = cast(found, &DataType::Utf8).ok();
    let Some(text) = text.as_ref().and_then(|text| text.as_string_opt::<i32>()) else {
        return Err(format!("column `clip_id`: expected text, found {}", found.data_type()));
    };
    if text.null_count() > 0 {
        return Err(format!("column `clip_id`: expected text, found {}", counted(text.null_count(), "null")));
    }
    Ok(text.clone())
}

/// The type of a list's values.
fn inner(kind: &DataType) -> Option<&DataType> {
    match kind {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Some(field.data_type())
        }
        _ => None,
    }
}

fn form(kind: &DataType) -> Option<Form> {
    let (form, leaf) = match inner(kind) {
        None => (Form::Number, kind),
        Some(list) => match inner(list) {
            None => (Form::List, list),
            Some(leaf) => (Form::Frames, leaf),
        },
    };
    leaf.is_numeric().then_some(form)
}

/// A column of some rows.
enum Values {
    Numbers(Float32Array),
    /// Of each row, where its numbers are.
    Lists(Vec<Range<usize>>, Float32Array),
    /// Of each row, where its frames are; of each frame, where its numbers are.
    Frames(Vec<Range<usize>>, Vec<Range<usize>>, Float32Array),
}

/// `None` of what is not as its type says.
fn values(batch: &RecordBatch, name: &str) -> Option<Values> {
    let column = batch.column_by_name(name)?;
    match form(column.data_type())? {
        Form::Number => Some(Values::Numbers(numbers(column)?)),
        Form::List => {
            let (rows, leaf) = lists(column)?;
            Some(Values::Lists(rows, numbers(&leaf)?))
        }
        Form::Frames => {
            let (rows, frames) = lists(column)?;
            let (frames, leaf) = lists(&frames)?;
            Some(Values::Frames(rows, frames, numbers(&leaf)?))
        }
    }
}

impl Values {
    fn cell(&self, row: usize) -> Cell {
        match self {
            Self::Numbers(numbers) => Cell::Number(number(numbers, row)),
            Self::Lists(rows, numbers) => Cell::List(numbers_of(numbers, rows[row].clone()).collect()),
            Self::Frames(rows, frames, numbers) => {
                let frames = || frames.get(rows[row].clone()).unwrap_or_default().iter();
                let widths = frames().map(Range::len).collect();
                Cell::Frames(Frames {
                    values: frames().flat_map(|frame| numbers_of(numbers, frame.clone())).collect(),
                    widths,
                })
            }
        }
    }
}

fn numbers_of(numbers: &Float32Array, places: Range<usize>) -> impl Iterator<Item = f32> {
    places.map(|at| number(numbers, at))
}

/// NaN where there is none.
fn number(numbers: &Float32Array, at: usize) -> f32 {
    if at < numbers.len() && numbers.is_valid(at) { numbers.value(at) } else { f32::NAN }
}

/// Numbers of any type in single precision; what is beyond its range becomes infinite.
fn numbers(array: &ArrayRef) -> Option<Float32Array> {
    cast(array, &DataType::Float32).ok()?.as_primitive_opt::<Float32Type>().cloned()
}

/// Of each row of lists, where its values are, and the values of all; a row without a list has none.
fn lists(array: &ArrayRef) -> Option<(Vec<Range<usize>>, ArrayRef)> {
    let stretch = |row: usize, start: usize, end: usize| if array.is_valid(row) { start..end } else { 0..0 };
    if let Some(lists) = array.as_list_opt::<i32>() {
        let offsets = lists.value_offsets();
        let row = |row: usize| stretch(row, offsets[row] as usize, offsets[row + 1] as usize);
        return Some(((0..lists.len()).map(row).collect(), lists.values().clone()));
    }
    if let Some(lists) = array.as_list_opt::<i64>() {
        let offsets = lists.value_offsets();
        let row = |row: usize| stretch(row, offsets[row] as usize, offsets[row + 1] as usize);
        return Some(((0..lists.len()).map(row).collect(), lists.values().clone()));
    }
    let lists = array.as_fixed_size_list_opt()?;
    let width = lists.value_length() as usize;
    let row = |row: usize| {
        let start = lists.value_offset_at(row);
        stretch(row, start, start + width)
    };
    Some(((0..lists.len()).map(row).collect(), lists.values().clone()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, DictionaryArray, FixedSizeListArray, Float64Array, Int64Array, LargeListArray, ListArray,
    };
    use arrow::datatypes::{Float64Type, Int32Type};
    use parquet::arrow::ArrowWriter;

    use super::*;

    #[derive(Default)]
    struct Kept(Vec<Column>, Vec<Row>);

    impl Sink for Kept {
        fn choose(&mut self, columns: &[Column]) -> Result<Vec<usize>, ImportError> {
            self.0 = columns.to_vec();
            Ok((0..columns.len()).filter(|at| columns[*at].form.is_some()).collect())
        }

        fn take(&mut self, row: Row) -> Result<(), ImportError> {
            self.1.push(row);
            Ok(())
        }
    }

    fn kept(columns: Vec<(&str, ArrayRef)>) -> Result<Kept, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("f.parquet");
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let mut writer =
            ArrowWriter::try_new(File::create(&path).expect("file"), batch.schema(), None).expect("writer");
        writer.write(&batch).expect("write");
        writer.close().expect("close");
        let mut kept = Kept::default();
        read(&path, &mut kept).map(|()| kept).map_err(|error| error.to_string())
    }

    fn ids() -> ArrayRef {
        Arc::new(["a", "b"].into_iter().collect::<DictionaryArray<Int32Type>>())
    }

    #[test]
    fn numbers_and_lists_of_any_type_are_read() {
        let large: LargeListArray =
            LargeListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0), None]), None]);
        let fixed = FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(
            [Some(vec![Some(1e300)]), Some(vec![Some(2.0)])],
            1,
        );
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("clip_id", ids()),
            ("whole", Arc::new(Int64Array::from(vec![Some(3), None]))),
            ("large", Arc::new(large)),
            ("fixed", Arc::new(fixed)),
            ("flag", Arc::new(BooleanArray::from(vec![true, false]))),
        ];
        let Kept(columns, rows) = kept(columns).expect("rows");
        let forms: Vec<_> = columns.iter().map(|column| column.form).collect();
        assert_eq!(forms, [Some(Form::Number), Some(Form::List), Some(Form::List), None]);
        assert_eq!((rows[1].place.as_str(), rows[1].clip_id.as_str()), ("row 1", "b"));
        assert_eq!(rows[0].cells[0], Cell::Number(3.0));
        assert!(matches!(&rows[0].cells[1], Cell::List(list) if list[0] == 1.0 && list[1].is_nan()));
        assert_eq!(rows[0].cells[2], Cell::List(vec![f32::INFINITY]));
        assert!(matches!(rows[1].cells[0], Cell::Number(none) if none.is_nan()));
        assert_eq!(rows[1].cells[1..], [Cell::List(vec![]), Cell::List(vec![2.0])]);
    }

    #[test]
    fn frames_come_clip_by_clip() {
        let flat = ListArray::from_iter_primitive::<Float64Type, _, _>([
            Some(vec![Some(1.0), Some(2.0)]),
            Some(vec![Some(3.0), Some(4.0)]),
            Some(vec![Some(5.0)]),
        ]);
        let field = Arc::new(arrow::datatypes::Field::new_list_field(flat.data_type().clone(), true));
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([2, 1]);
        let frames: ArrayRef = Arc::new(ListArray::new(field, offsets, Arc::new(flat), None));
        let Kept(columns, rows) = kept(vec![("clip_id", ids()), ("hidden", frames)]).expect("rows");
        assert_eq!(columns[0].form, Some(Form::Frames));
        let frames =
            |values: &[f32], widths: &[usize]| Cell::Frames(Frames { values: values.into(), widths: widths.into() });
        assert_eq!(rows[0].cells, [frames(&[1.0, 2.0, 3.0, 4.0], &[2, 2])]);
        assert_eq!(rows[1].cells, [frames(&[5.0], &[1])]);
    }

    #[test]
    fn a_file_without_ids_and_one_that_is_none_are_refused() {
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
        let error = kept(vec![("f0", numbers.clone())]).err().expect("no ids");
        assert!(error.contains("f.parquet`: expected a column `clip_id`, found: f0"), "{error}");
        let with_null: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let error = kept(vec![("clip_id", with_null), ("f0", numbers)]).err().expect("a null");
        assert!(error.contains("column `clip_id`: expected text, found 1 null"), "{error}");
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("f.parquet");
        std::fs::write(&path, "clip_id,f0\n").expect("write");
        let error = read(&path, &mut Kept::default()).expect_err("no Parquet");
        assert!(error.to_string().contains("Polars with `compression=\"snappy\"`"), "{error}");
        let error = read(&folder.path().join("none.parquet"), &mut Kept::default()).expect_err("no file");
        assert!(matches!(error, ImportError::Table(TableError::Io { .. })), "{error}");
    }
}
