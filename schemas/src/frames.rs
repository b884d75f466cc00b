//! `frames`: the frame features of each clip, one row per clip.
//!
//! Columns: `clip_id`, `variant` (in `augmented.parquet` only: which alteration), `frame_count`, and `frames`, a list
//! of fixed-size lists: `frame_count` frames of one value per feature. The feature names, the frame step and whatever
//! else is needed to compute the same features again are in the metadata, as JSON under `ser.features`.
//!
//! Written and read in row groups of [`CLIPS_PER_GROUP`] clips, so that memory does not grow with the corpus.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, ListArray, RecordBatch, StringArray, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Float32Type, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::error::{TableError, TableResult};
use crate::parquet_io::{self, AtomicWriter, Values};
use crate::{Provenance, read_metadata, table};

const NAME: &str = "frames";
const VERSION: u32 = 1;
const KEY_FEATURES: &str = "ser.features";

/// Clips per row group of the Parquet file.
pub const CLIPS_PER_GROUP: usize = 64;

/// What the columns of the frame matrix are, and how they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameLayout {
    /// One name per column of the matrix: `log_mel_00`, `mfcc_00`, `zcr`, ...
    pub names: Vec<String>,
    /// Sample rate that the features were computed at, in hertz.
    pub sample_rate_hz: u32,
    /// Time between frames in seconds.
    pub hop_s: f64,
    /// The feature parameters, whole: enough to compute the same features of another recording.
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

/// Writes a frames table group by group.
pub struct FramesWriter {
    writer: AtomicWriter,
    schema: SchemaRef,
    width: usize,
    pending: Vec<ClipFrames>,
}

impl FramesWriter {
    /// Starts a table at `path`; it appears there when [`finish`](Self::finish) succeeds.
    pub fn create(path: &Path, layout: &FrameLayout, provenance: &Provenance) -> TableResult<Self> {
        let json = serde_json::to_string(layout).unwrap_or_default();
        let metadata = provenance.metadata(NAME, VERSION, &[(KEY_FEATURES, json)]);
        let schema = Arc::new(schema(layout.names.len()).with_metadata(metadata));
        let writer = AtomicWriter::create(path, Arc::clone(&schema), Values::Distinct)?;
        Ok(Self { writer, schema, width: layout.names.len(), pending: Vec::with_capacity(CLIPS_PER_GROUP) })
    }

    /// Appends one clip.
    pub fn push(&mut self, clip: ClipFrames) -> TableResult<()> {
        self.pending.push(clip);
        if self.pending.len() == CLIPS_PER_GROUP { self.flush() } else { Ok(()) }
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
        let batch = encode(&self.pending, self.width, &self.schema);
        self.pending.clear();
        self.writer.write(&batch)?;
        self.writer.end_row_group()
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
    let batches = parquet_io::open(&path, NAME, VERSION)?;
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
        Field::new("frame_count", DataType::UInt32, false),
        Field::new("frames", DataType::List(Arc::new(Field::new_list_field(frame, false))), false),
    ])
}

fn encode(clips: &[ClipFrames], width: usize, schema: &SchemaRef) -> RecordBatch {
    let counts: Vec<usize> = clips.iter().map(|clip| clip.frame_count(width)).collect();
    let values: Vec<f32> = clips.iter().flat_map(|clip| clip.values.iter().copied()).collect();
    let frame_field = Arc::new(Field::new_list_field(DataType::Float32, false));
    let frames = FixedSizeListArray::new(frame_field, width as i32, Arc::new(Float32Array::from(values)), None);
    let list_field = Arc::new(Field::new_list_field(frames.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths(counts.iter().copied());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(clips.iter().map(|clip| &clip.clip_id))),
        Arc::new(StringArray::from_iter_values(clips.iter().map(|clip| &clip.variant))),
        Arc::new(counts.iter().map(|count| Some(*count as u32)).collect::<UInt32Array>()),
        Arc::new(ListArray::new(list_field, offsets, Arc::new(frames), None)),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns).expect("columns and schema are built side by side")
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

    #[test]
    fn a_table_of_many_groups_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("frames.parquet");
        let layout = FrameLayout {
            names: vec!["a".into(), "b".into(), "c".into()],
            sample_rate_hz: 16_000,
            hop_s: 0.01,
            params: serde_json::json!({"n_mels": 64}),
        };
        let clips: Vec<ClipFrames> = (0..150)
            .map(|clip| ClipFrames {
                clip_id: format!("demo/{clip}"),
                variant: String::new(),
                values: (0..(clip % 7) * 3).map(|value| (clip * 100 + value) as f32).collect(),
            })
            .collect();
        let mut writer = FramesWriter::create(&path, &layout, &Provenance::default()).expect("create");
        for clip in &clips {
            writer.push(clip.clone()).expect("push");
        }
        writer.finish().expect("finish");
        assert_eq!(read_layout(&path).expect("layout"), layout);
        let back: Vec<ClipFrames> = read_clips(&path).expect("open").collect::<Result<_, _>>().expect("rows");
        assert_eq!(back, clips);
    }
}
