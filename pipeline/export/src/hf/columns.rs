//! The columns of a shard: the recording, its emotion as a class, and what the manifest knows of it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use ser_schemas::{Clip, ColumnDoc, Emotion, Table as _};
use serde_json::{Map, Value, json};

/// Columns of `clips` that are of no use elsewhere: places of files on this machine, what copies are found by, and what
/// a manifest never holds.
const LEFT_OUT: [&str; 5] = ["path", "fingerprint", "phase", "problem", "problem_detail"];

/// Key of the schema's metadata under which `datasets` keeps the types that Arrow lacks.
const KEY: &str = "huggingface";

/// Name of the column with the recording.
const AUDIO: &str = "audio";
/// Name of the column with the class.
const EMOTION: &str = "emotion";

/// A column as people and other programs are told of it.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Type as `datasets` calls it; `None` for the recording and the class, which have types of their own.
    dtype: Option<&'static str>,
    /// Meaning of the column.
    pub(super) doc: String,
}

/// The columns of a dataset, and its classes.
pub(super) struct Columns {
    pub(super) columns: Vec<Column>,
    /// In the order of their numbers.
    pub(super) classes: Vec<Emotion>,
}

impl Columns {
    /// The columns for `clips`, with the emotions that occur as classes.
    pub(super) fn of(clips: &[Clip]) -> Self {
        let classes: BTreeSet<Emotion> = clips.iter().filter_map(|clip| clip.emotion).collect();
        let schema = Clip::schema();
        let column = |ColumnDoc { name, doc, .. }: ColumnDoc| {
            if name == EMOTION {
                return Some(Column { name, dtype: None, doc: "Emotion: the class.".to_owned() });
            }
            let dtype = dtype(schema.field_with_name(name).ok()?.data_type())?;
            Some(Column { name, dtype: Some(dtype), doc })
        };
        let kept = Clip::describe().columns.into_iter().filter(|doc| !LEFT_OUT.contains(&doc.name));
        let mut columns: Vec<Column> = kept.filter_map(column).collect();
        let doc = "The file as it was found, byte for byte, with a name made of its clip id.".to_owned();
        columns.insert(1.min(columns.len()), Column { name: AUDIO, dtype: None, doc });
        Self { columns, classes: classes.into_iter().collect() }
    }

    /// The Arrow schema, with the metadata from which `datasets` takes its types.
    pub(super) fn schema(&self) -> SchemaRef {
        let clips = Clip::schema();
        let field = |column: &Column| match column.name {
            AUDIO => Field::new(AUDIO, DataType::Struct(audio_fields()), true),
            EMOTION => Field::new(EMOTION, DataType::Int64, true),
            name => {
                let known = clips.field_with_name(name).map_or(DataType::Utf8, |field| field.data_type().clone());
                Field::new(name, known, true)
            }
        };
        let fields: Vec<Field> = self.columns.iter().map(field).collect();
        let told = json!({"info": {"features": self.features()}}).to_string();
        Arc::new(Schema::new(fields).with_metadata(HashMap::from([(KEY.to_owned(), told)])))
    }

    /// Types of the columns as `datasets` writes them as JSON.
    fn features(&self) -> Value {
        let classes: Vec<&str> = self.classes.iter().map(|emotion| emotion.as_str()).collect();
        let feature = |column: &Column| match (column.name, column.dtype) {
            (_, Some(dtype)) => json!({"dtype": dtype, "_type": "Value"}),
            (AUDIO, None) => json!({"_type": "Audio"}),
            (_, None) => json!({"names": classes, "_type": "ClassLabel"}),
        };
        let features: Map<String, Value> =
            self.columns.iter().map(|column| (column.name.to_owned(), feature(column))).collect();
        Value::Object(features)
    }

    /// Types of the columns as the header of a card has them, as lines of YAML below `features:`.
    pub(super) fn yaml(&self) -> String {
        let mut lines = String::new();
        for column in &self.columns {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "  - name: {}", column.name);
            match (column.name, column.dtype) {
                (_, Some(dtype)) => {
                    let _ = writeln!(lines, "    dtype: {dtype}");
                }
                (AUDIO, None) => lines.push_str("    dtype: audio\n"),
                (_, None) => {
                    lines.push_str("    dtype:\n      class_label:\n        names:\n");
                    for (number, class) in self.classes.iter().enumerate() {
                        let _ = writeln!(lines, "          '{number}': \"{class}\"");
                    }
                }
            }
        }
        lines
    }

    /// Rows of `clips`, with `audio` as their recordings.
    pub(super) fn batch(&self, clips: &[&Clip], audio: &[Vec<u8>]) -> Result<RecordBatch, ArrowError> {
        let rows: Vec<Clip> = clips.iter().map(|clip| (*clip).clone()).collect();
        let table = Clip::encode(&rows);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            arrays.push(match column.name {
                AUDIO => recordings(clips, audio)?,
                EMOTION => Arc::new(clips.iter().map(|clip| self.class(clip)).collect::<Int64Array>()),
                name => Arc::clone(table.column(table.schema().index_of(name)?)),
            });
        }
        RecordBatch::try_new(self.schema(), arrays)
    }

    /// Number of the clip's class.
    fn class(&self, clip: &Clip) -> Option<i64> {
        let emotion = clip.emotion?;
        self.classes.iter().position(|class| *class == emotion).and_then(|at| i64::try_from(at).ok())
    }
}

fn audio_fields() -> Fields {
    Fields::from(vec![Field::new("bytes", DataType::Binary, true), Field::new("path", DataType::Utf8, true)])
}

fn recordings(clips: &[&Clip], audio: &[Vec<u8>]) -> Result<ArrayRef, ArrowError> {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(audio));
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values(clips.iter().map(|clip| file_name(clip))));
    Ok(Arc::new(StructArray::try_new(audio_fields(), vec![bytes, paths], None)?))
}

/// A name for the clip's file that no other has: its id, and the ending of the file, which some readers look at.
fn file_name(clip: &Clip) -> String {
    let ending = std::path::Path::new(&clip.path).extension();
    let ending = ending.map(|ending| format!(".{}", ending.to_string_lossy().to_lowercase())).unwrap_or_default();
    // Where two recordings share their name without it, the id has the ending already.
    if clip.clip_id.to_lowercase().ends_with(&ending) {
        return clip.clip_id.clone();
    }
    format!("{}{ending}", clip.clip_id)
}

/// An Arrow type as `datasets` calls it; `None` for lists, which no column that is kept holds.
fn dtype(arrow: &DataType) -> Option<&'static str> {
    Some(match arrow {
        DataType::Utf8 => "string",
        DataType::Boolean => "bool",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_clips_is_kept_or_named_as_left_out() {
        let columns = Columns::of(&[]);
        let mut names: Vec<&str> = columns.columns.iter().map(|column| column.name).collect();
        assert_eq!(names[..2], ["clip_id", "audio"]);
        names.extend(LEFT_OUT);
        names.sort_unstable();
        let mut expected: Vec<String> = Clip::schema().fields().iter().map(|field| field.name().clone()).collect();
        expected.push(AUDIO.to_owned());
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_name_has_the_ending_of_its_file_once() {
        let named = |id: &str, path: &str| file_name(&Clip::found(id.into(), "c".into(), path.into(), 0));
        assert_eq!(named("c/a/b", "/data/c/a/b.WAV"), "c/a/b.wav");
        assert_eq!(named("c/a.flac", "c/a.flac"), "c/a.flac");
        assert_eq!(named("c/a", "c/a"), "c/a");
    }
}
