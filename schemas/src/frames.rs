//! `frames`: the frame features of each clip, one row per clip.
//!
//! Columns: `clip_id`, `variant` (in `augmented.parquet` only: which alteration), `content_hash` of the file that the
//! frames were computed from, `frame_count`, and `frames`, a list of fixed-size lists: `frame_count` frames of one
//! value per feature. The feature names, the frame step and whatever else is needed to compute the same features again
//! are in the metadata, as JSON under `ser.features`; whatever else decides the values, under `ser.recipe`.
//!
//! Written and read in row groups, so that memory does not grow with the corpus. A row group of an earlier file can be
//! taken over without reading it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};
use ser_stage::Output;
use serde::{Deserialize, Serialize};

use crate::error::{TableError, TableResult};
use crate::groups::{GroupReader, GroupWriter};
use crate::matrices::MatrixColumn;
use crate::{KEY_FEATURES, KEY_RECIPE, Provenance, parquet_io, read_metadata, table};

/// Name of the table.
pub const NAME: &str = "frames";
/// File of a stage that writes the table.
pub const FILE: &str = "frames.parquet";
/// File of the same columns: the frames of altered copies of clips, for training only; not there without any.
pub const AUGMENTED_FILE: &str = "augmented.parquet";
/// The table as what a stage writes.
pub const OUTPUT: Output = Output::table(NAME, FILE);
/// Version of the schema; see [`Table::VERSION`](crate::Table::VERSION).
pub const VERSION: u32 = 2;

/// Clips per row group of a table that is written clip by clip, and per batch of one that is read.
pub const CLIPS_PER_GROUP: usize = 64;

/// Rows read at a time of columns that are small.
const KEYS_PER_BATCH: usize = 4096;

/// Meaning of the columns of the frame matrix, and how they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameLayout {
    /// One name per column of the matrix: `log_mel_00`, `mfcc_00`, `zcr`, ...
    pub names: Vec<String>,
    /// Sample rate that the features were computed at, in hertz; 0 where it is not known.
    pub sample_rate_hz: u32,
    /// Time between frames in seconds; 0 where it is not known.
    pub hop_s: f64,
    /// The feature parameters, whole: enough to compute the same features of another recording. Of features that were
    /// computed elsewhere, the file that they came in ([`Imported`](crate::Imported)).
    pub params: serde_json::Value,
}

/// The frames of one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFrames {
    /// The clip.
    pub clip_id: String,
    /// Which alteration of the clip; empty for the clip itself.
    pub variant: String,
    /// Frame after frame, `layout.names.len()` values each.
    pub values: Vec<f32>,
}

impl ClipFrames {
    /// Number of frames, for rows of `width` values.
    pub fn frame_count(&self, width: usize) -> usize {
        self.values.len().checked_div(width).unwrap_or(0)
    }
}

/// One row, with the file that it was computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct FramesRow {
    /// BLAKE3 hash of the audio file's bytes, 64 hexadecimal digits, where it is known.
    pub content_hash: Option<String>,
    /// The clip and its frames.
    pub clip: ClipFrames,
}

/// Writes a frames table group by group.
pub struct FramesWriter {
    writer: GroupWriter,
    width: usize,
    matrices: MatrixColumn,
    pending: Vec<FramesRow>,
}

impl FramesWriter {
    /// Starts a table at `path`; it appears there when [`finish`](Self::finish) succeeds.
    pub fn create(path: &Path, layout: &FrameLayout, provenance: &Provenance) -> TableResult<Self> {
        Self::create_from(path, layout, "", provenance)
    }

    /// Like [`create`](Self::create), saying in `recipe` what decides the values beside the audio: rows of equal
    /// content in tables of equal recipe are equal.
    pub fn create_from(path: &Path, layout: &FrameLayout, recipe: &str, provenance: &Provenance) -> TableResult<Self> {
        let json = serde_json::to_string(layout).unwrap_or_default();
        let metadata =
            parquet_io::metadata(provenance, NAME, VERSION, &[(KEY_FEATURES, json), (KEY_RECIPE, recipe.to_owned())]);
        let schema = Arc::new(schema(layout.names.len()).with_metadata(metadata));
        let writer = GroupWriter::create(path, schema)?;
        let width = layout.names.len();
        let matrices = MatrixColumn::new(width);
        Ok(Self { writer, width, matrices, pending: Vec::with_capacity(CLIPS_PER_GROUP) })
    }

    /// Appends one clip; row groups have [`CLIPS_PER_GROUP`] clips.
    pub fn push(&mut self, clip: ClipFrames) -> TableResult<()> {
        self.pending.push(FramesRow { content_hash: None, clip });
        if self.pending.len() == CLIPS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    /// Appends `rows` as one row group.
    pub fn write_group(&mut self, rows: &[FramesRow]) -> TableResult<()> {
        self.flush()?;
        self.encode(rows)
    }

    /// Appends row group `group` of `from`, a table of as many features, without reading it.
    pub fn copy_group(&mut self, from: &FramesReader, group: usize) -> TableResult<()> {
        self.flush()?;
        self.writer.copy_group(&from.reader, group)
    }

    /// Completes the file and moves it into place.
    pub fn finish(mut self) -> TableResult<()> {
        self.flush()?;
        self.writer.finish()
    }

    fn flush(&mut self) -> TableResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.pending);
        self.encode(&rows)
    }

    fn encode(&mut self, rows: &[FramesRow]) -> TableResult<()> {
        let matrices = rows.iter().map(|row| &row.clip.values[..]);
        self.writer.write_group_of_matrices(keys(rows, self.width).into_iter(), &mut self.matrices, matrices)
    }
}

/// A frames table on disk, row group by row group: what a later one takes rows from.
pub struct FramesReader {
    reader: GroupReader,
}

/// Key of a row of a frames table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramesKey {
    /// The clip.
    pub clip_id: String,
    /// Hash of the audio file's bytes; empty where it is not known.
    pub content_hash: String,
    /// Number of frames.
    pub frame_count: u32,
}

impl FramesReader {
    /// Opens the table at `path`.
    pub fn open(path: &Path) -> TableResult<Self> {
        Ok(Self { reader: GroupReader::open(path, NAME, VERSION)? })
    }

    /// Everything beside the audio that decided the values; empty where it was not told.
    pub fn recipe(&self) -> &str {
        self.reader.schema().metadata().get(KEY_RECIPE).map_or("", String::as_str)
    }

    /// The rows of each row group.
    pub fn groups(&self) -> Vec<Range<usize>> {
        self.reader.groups()
    }

    /// The key of every row; the frames themselves are not read.
    pub fn keys(&self) -> TableResult<Vec<FramesKey>> {
        let path = self.reader.path();
        let mut keys = Vec::new();
        for batch in self.reader.read(&["clip_id", "content_hash", "frame_count"], KEYS_PER_BATCH)? {
            let batch = batch?;
            let ids = table::column(&batch, "clip_id", path)?;
            let hashes = table::column(&batch, "content_hash", path)?;
            let counts = table::column(&batch, "frame_count", path)?;
            for row in 0..batch.num_rows() {
                let content_hash: Option<String> = table::cell(hashes, row, "content_hash", path)?;
                keys.push(FramesKey {
                    clip_id: table::cell(ids, row, "clip_id", path)?,
                    content_hash: content_hash.unwrap_or_default(),
                    frame_count: table::cell(counts, row, "frame_count", path)?,
                });
            }
        }
        Ok(keys)
    }

    /// The clips of row group `group`.
    pub fn read_group(&self, group: usize) -> TableResult<Vec<ClipFrames>> {
        let mut clips = Vec::new();
        for batch in self.reader.read_group(group, CLIPS_PER_GROUP)? {
            clips.extend(decode(&batch?, self.reader.path())?);
        }
        Ok(clips)
    }
}

/// The layout of the frames table at `path`.
pub fn read_layout(path: &Path) -> TableResult<FrameLayout> {
    let metadata = read_metadata(path)?;
    let json = metadata.get(KEY_FEATURES).map_or("", String::as_str);
    serde_json::from_str(json).map_err(|error| TableError::BadValue {
        path: path.to_owned(),
        column: KEY_FEATURES.to_owned(),
        row: 0,
        problem: format!("the description of the features in the metadata is not valid: {error}"),
    })
}

/// Reads the frames table at `path` clip by clip.
pub fn read_clips(path: &Path) -> TableResult<impl Iterator<Item = TableResult<ClipFrames>> + use<>> {
    let path = path.to_owned();
    let batches = GroupReader::open(&path, NAME, VERSION)?.read(&[], CLIPS_PER_GROUP)?;
    Ok(batches.flat_map(move |batch| match batch.and_then(|batch| decode(&batch, &path)) {
        Ok(clips) => clips.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    }))
}

fn schema(width: usize) -> Schema {
    let frame = DataType::FixedSizeList(Arc::new(Field::new_list_field(DataType::Float32, false)), width as i32);
    Schema::new(vec![
        Field::new("clip_id", DataType::Utf8, false),
        Field::new("variant", DataType::Utf8, false),
        Field::new("content_hash", DataType::Utf8, true),
        Field::new("frame_count", DataType::UInt32, false),
        Field::new("frames", DataType::List(Arc::new(Field::new_list_field(frame, false))), false),
    ])
}

/// The columns of `rows` before the frames, in the schema's order.
fn keys(rows: &[FramesRow], width: usize) -> [ArrayRef; 4] {
    [
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.clip.clip_id))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.clip.variant))),
        Arc::new(rows.iter().map(|row| row.content_hash.as_deref()).collect::<StringArray>()),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.clip.frame_count(width) as u32))),
    ]
}

fn decode(batch: &RecordBatch, path: &Path) -> TableResult<Vec<ClipFrames>> {
    let ids = table::column(batch, "clip_id", path)?;
    let variants = table::column(batch, "variant", path)?;
    let frames = table::column(batch, "frames", path)?;
    let bad = |row: usize| TableError::BadValue {
        path: path.to_owned(),
        column: "frames".to_owned(),
        row,
        problem: format!("expected a list of fixed-size lists of 32-bit floats, found {}", frames.data_type()),
    };
    let lists = frames.as_list_opt::<i32>().ok_or_else(|| bad(0))?;
    (0..batch.num_rows())
        .map(|row| {
            let matrix = lists.value(row);
            let matrix = matrix.as_fixed_size_list_opt().ok_or_else(|| bad(row))?;
            let width = matrix.value_length() as usize;
            let flat = matrix.values().as_primitive_opt::<Float32Type>().ok_or_else(|| bad(row))?;
            let start = matrix.offset() * width;
            let values = flat.values().get(start..start + matrix.len() * width).ok_or_else(|| bad(row))?;
            Ok(ClipFrames {
                clip_id: table::cell(ids, row, "clip_id", path)?,
                variant: table::cell(variants, row, "variant", path)?,
                values: values.to_vec(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> FrameLayout {
        FrameLayout {
            names: vec!["a".into(), "b".into(), "c".into()],
            sample_rate_hz: 16_000,
            hop_s: 0.01,
            params: serde_json::json!({"n_mels": 64}),
        }
    }

    fn clips(count: usize) -> Vec<ClipFrames> {
        (0..count)
            .map(|clip| ClipFrames {
                clip_id: format!("demo/{clip}"),
                variant: String::new(),
                values: (0..(clip % 7) * 3).map(|value| (clip * 100 + value) as f32).collect(),
            })
            .collect()
    }

    fn read(path: &Path) -> Vec<ClipFrames> {
        read_clips(path).expect("open").collect::<Result<_, _>>().expect("rows")
    }

    #[test]
    fn a_table_of_many_groups_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("frames.parquet");
        let mut writer = FramesWriter::create(&path, &layout(), &Provenance::default()).expect("create");
        for clip in clips(150) {
            writer.push(clip).expect("push");
        }
        writer.finish().expect("finish");
        assert_eq!(read_layout(&path).expect("layout"), layout());
        assert_eq!(read(&path), clips(150));
        assert_eq!(FramesReader::open(&path).expect("open").groups(), [0..64, 64..128, 128..150]);
    }

    #[test]
    fn copied_groups_read_like_written_ones_and_are_the_same_bytes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = |name: &str| folder.path().join(name);
        let rows: Vec<FramesRow> = clips(30)
            .into_iter()
            .map(|clip| FramesRow { content_hash: Some(format!("hash of {}", clip.clip_id)), clip })
            .collect();
        let write = |name: &str, groups: &[&[FramesRow]]| {
            let mut writer =
                FramesWriter::create_from(&path(name), &layout(), "recipe", &Provenance::default()).expect("create");
            for group in groups {
                writer.write_group(group).expect("write");
            }
            writer.finish().expect("finish");
        };
        write("first.parquet", &[&rows[..10], &rows[10..11], &rows[11..]]);
        write("written.parquet", &[&rows[11..], &rows[20..25], &rows[..10]]);
        let first = FramesReader::open(&path("first.parquet")).expect("open");
        assert_eq!(first.recipe(), "recipe");
        assert_eq!(first.groups(), [0..10, 10..11, 11..30]);
        let keys = first.keys().expect("keys");
        assert_eq!(keys[12].clip_id, "demo/12");
        assert_eq!(keys[12].content_hash, "hash of demo/12");
        assert_eq!(keys[12].frame_count, 5);
        assert_eq!(first.read_group(1).expect("group"), clips(30)[10..11]);
        let mut writer =
            FramesWriter::create_from(&path("copied.parquet"), &layout(), "recipe", &Provenance::default())
                .expect("create");
        writer.copy_group(&first, 2).expect("copy");
        writer.write_group(&rows[20..25]).expect("write");
        writer.copy_group(&first, 0).expect("copy");
        writer.finish().expect("finish");
        assert_eq!(read(&path("copied.parquet")), read(&path("written.parquet")));
        let bytes = |name: &str| std::fs::read(path(name)).expect("file");
        assert!(bytes("copied.parquet") == bytes("written.parquet"));
    }

    #[test]
    fn a_row_without_a_known_file_has_an_empty_hash() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("frames.parquet");
        let mut writer = FramesWriter::create(&path, &layout(), &Provenance::default()).expect("create");
        writer.push(clips(1).remove(0)).expect("push");
        writer.finish().expect("finish");
        let reader = FramesReader::open(&path).expect("open");
        assert_eq!(reader.recipe(), "");
        assert_eq!(reader.keys().expect("keys")[0].content_hash, "");
    }
}
