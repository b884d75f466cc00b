//! A table as a set of records: a field for each column, with its type and its meaning.

use std::fs::File;
use std::path::Path;

use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::ParquetError;
use ser_schemas::{ColumnDoc, KEY_TABLE, TableDoc, all_tables, frames, functionals, part_files, read_metadata};
use ser_stage::foreign;
use serde_json::{Map, Value, json};

use super::DescribedTable;
use crate::error::{ExportError, ExportResult};
use crate::text::one_line;

/// The records of `table`.
pub(super) fn describe(table: &DescribedTable) -> ExportResult<Value> {
    // All parts of a table have the columns of the first.
    let path = part_files(&table.path)?.swap_remove(0);
    // Checks what the file says of itself before anything else reads it.
    let name = read_metadata(&path)?.remove(KEY_TABLE).unwrap_or_default();
    let schema = schema(&path)?;
    let doc = documentation(&name);
    let id = table.id();
    let fields: Vec<Value> = schema.fields().iter().map(|column| field(column, table, &name, doc.as_ref())).collect();
    let about = doc.map_or_else(|| format!("A table of stage `{}`.", table.stage), |doc| one_line(&doc.doc));
    let mut record_set = json!({
        "@type": "cr:RecordSet",
        "@id": id,
        "name": id,
        "description": about,
        "field": fields,
    });
    // The one table of a manifest that others refer to.
    if name == "clips" && schema.field_with_name("clip_id").is_ok() {
        record_set["key"] = json!({"@id": format!("{id}/clip_id")});
    }
    Ok(record_set)
}

fn schema(path: &Path) -> ExportResult<SchemaRef> {
    let file = File::open(path).map_err(ExportError::io("read", path))?;
    let load = || ArrowReaderMetadata::load(&file, ArrowReaderOptions::default());
    let damaged = || ParquetError::General("damaged: it contradicts itself".to_owned());
    let described = foreign(load).unwrap_or_else(|_| Err(damaged()));
    let described = described.map_err(|source| ser_schemas::TableError::Parquet { path: path.to_owned(), source })?;
    Ok(SchemaRef::clone(described.schema()))
}

fn field(column: &Field, of: &DescribedTable, table: &str, doc: Option<&TableDoc>) -> Value {
    let id = of.id();
    let name = column.name();
    let mut field = Map::new();
    let mut say = |key: &str, value: Value| field.insert(key.to_owned(), value);
    say("@type", json!("cr:Field"));
    say("@id", json!(format!("{id}/{name}")));
    say("name", json!(name));
    let known = doc.and_then(|doc| doc.columns.iter().find(|known| known.name == name.as_str()));
    let about = known.map(|known| known.doc.clone()).or_else(|| statistic(table, name));
    if let Some(about) = about {
        say("description", json!(one_line(&about)));
    }
    let (element, shape) = shape(column.data_type());
    say("dataType", json!(data_type(element)));
    if !shape.is_empty() {
        say("isArray", json!(true));
        say("arrayShape", json!(shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")));
    }
    let source = if of.is_in_parts() { "fileSet" } else { "fileObject" };
    say("source", json!({source: {"@id": of.source_id()}, "extract": {"column": name}}));
    Value::Object(field)
}

/// Documentation of the table called `name`; those as wide as a pipeline file asks for have no declaration.
fn documentation(name: &str) -> Option<TableDoc> {
    let column = |name: &'static str, doc: &str| ColumnDoc {
        name,
        data_type: String::new(),
        nullable: false,
        doc: doc.to_owned(),
    };
    match name {
        frames::NAME => Some(TableDoc {
            name: frames::NAME,
            version: frames::VERSION,
            doc: "The frame features of one clip; names of the features are in the file's metadata, under \
                  `ser.features`."
                .to_owned(),
            columns: vec![
                column("clip_id", "The clip."),
                column("variant", "Which alteration of the clip; empty for the clip itself."),
                column("content_hash", "BLAKE3 hash of the audio file's bytes; null when not known."),
                column("frame_count", "Number of frames."),
                column("frames", "Frame after frame, one value per feature."),
            ],
        }),
        functionals::NAME => Some(TableDoc {
            name: functionals::NAME,
            version: functionals::VERSION,
            doc: "Statistics of the frame features over one clip.".to_owned(),
            columns: vec![column("clip_id", "The clip.")],
        }),
        name => all_tables().into_iter().find(|table| table.name == name),
    }
}

/// Meaning of a column of `functionals`, whose name says it.
fn statistic(table: &str, column: &str) -> Option<String> {
    let (feature, statistic) = column.rsplit_once('_').filter(|_| table == functionals::NAME)?;
    Some(format!("Statistic `{statistic}` of the feature `{feature}` over the clip."))
}

/// Type of the elements of a column, and the lengths of the lists that they are in, from the outer to the inner; -1 is a
/// length that differs from row to row.
fn shape(data_type: &DataType) -> (&DataType, Vec<i32>) {
    let (inner, length) = match data_type {
        DataType::List(inner) | DataType::LargeList(inner) => (inner, -1),
        DataType::FixedSizeList(inner, length) => (inner, *length),
        other => return (other, Vec::new()),
    };
    let (element, mut lengths) = shape(inner.data_type());
    lengths.insert(0, length);
    (element, lengths)
}

fn data_type(arrow: &DataType) -> &'static str {
    match arrow {
        DataType::Boolean => "sc:Boolean",
        DataType::UInt8 => "cr:UInt8",
        DataType::UInt16 => "cr:UInt16",
        DataType::UInt32 => "cr:UInt32",
        DataType::UInt64 => "cr:UInt64",
        DataType::Int8 => "cr:Int8",
        DataType::Int16 => "cr:Int16",
        DataType::Int32 => "cr:Int32",
        DataType::Int64 => "cr:Int64",
        DataType::Float16 => "cr:Float16",
        DataType::Float32 => "cr:Float32",
        DataType::Float64 => "cr:Float64",
        _ => "sc:Text",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn lists_have_a_shape_and_elements_a_type() {
        let item = |of: DataType| Arc::new(Field::new_list_field(of, true));
        let rows = DataType::List(item(DataType::FixedSizeList(item(DataType::Float32), 13)));
        assert_eq!(shape(&rows), (&DataType::Float32, vec![-1, 13]));
        assert_eq!(shape(&DataType::Utf8), (&DataType::Utf8, Vec::new()));
        assert_eq!([data_type(&DataType::Utf8), data_type(&DataType::UInt32)], ["sc:Text", "cr:UInt32"]);
    }

    #[test]
    fn columns_of_functionals_are_described_by_their_names() {
        let told = statistic(functionals::NAME, "mfcc_03_mean").expect("a statistic");
        assert_eq!(told, "Statistic `mean` of the feature `mfcc_03` over the clip.");
        assert_eq!(statistic("clips", "mfcc_03_mean"), None);
    }

    #[test]
    fn every_table_that_stages_write_is_documented() {
        for name in all_tables().iter().map(|table| table.name).chain([frames::NAME, functionals::NAME]) {
            let doc = documentation(name).unwrap_or_else(|| panic!("{name}"));
            assert!(!doc.doc.is_empty() && !doc.columns.is_empty(), "{name}");
        }
        assert_eq!(documentation("unheard of"), None);
    }
}
