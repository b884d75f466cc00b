//! `frames`: the frame features of each clip, one row per clip.
//!
//! Columns: `clip_id`, `variant` (in the folder `augmented` only: which alteration), `content_hash` of the file that the
//! frames were computed from, `frame_count`, and `frames`, a list of fixed-size lists: `frame_count` frames of one
//! value per feature. The feature names, the frame step and whatever else is needed to compute the same features again
//! are in the metadata, as JSON under `ser.features`; whatever else decides the values, under `ser.recipe`.
//!
//! The table is a folder of parts, each a file of one row group, so that memory does not grow with the corpus.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};
use ser_stage::{Cut, Output, PartId};
use serde::{Deserialize, Serialize};

use crate::error::{TableError, TableResult};
use crate::{KEY_FEATURES, KEY_RECIPE, Provenance, parquet_io, part_file, part_files, parts, read_metadata, table};

/// Name of the table.
pub const NAME: &str = "frames";
/// Folder of a stage that writes the table.
pub const FOLDER: &str = "frames";
/// Folder of the same columns: the frames of altered copies of clips, for training only; not there without any.
pub const AUGMENTED: &str = "augmented";
/// The table as what a stage writes.
pub const OUTPUT: Output = Output::table(NAME, FOLDER);
/// Version of the schema; see [`Table::VERSION`](crate::Table::VERSION).
pub const VERSION: u32 = 2;

/// Values in a part of a table that is written clip by clip, at most.
const MOST_VALUES: f64 = 1e7;

/// Clips read at a time.
const CLIPS_PER_BATCH: usize = 64;

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

/// Writes `rows` to the part at `path`, which appears there whole or not at all. `recipe` says what decides the values beside
/// the audio: rows of equal content in tables of equal recipe are equal.
pub fn write_part(
    path: &Path,
    layout: &FrameLayout,
    recipe: &str,
    rows: &[FramesRow],
    provenance: &Provenance,
) -> TableResult<()> {
    let json = serde_json::to_string(layout).unwrap_or_default();
    let extra = [(KEY_FEATURES, json), (KEY_RECIPE, recipe.to_owned())];
    let metadata = parquet_io::metadata(provenance, NAME, VERSION, &extra);
    let width = layout.names.len();
    let schema = Arc::new(schema(width).with_metadata(metadata));
    let matrices = rows.iter().map(|row| &row.clip.values[..]);
    part_file::write(path, &schema, rows.len(), keys(rows, width).into_iter(), Some((width, matrices)))
}

/// Writes a frames table clip by clip, in parts that are named by what they hold.
pub struct FramesWriter {
    folder: PathBuf,
    layout: FrameLayout,
    provenance: Provenance,
    cut: Cut,
    pending: Vec<FramesRow>,
    /// The part ends before the next clip.
    ends: bool,
    parts: usize,
}

impl FramesWriter {
    /// Starts a table in the folder `folder`; parts of an earlier one there are removed.
    pub fn create(folder: &Path, layout: &FrameLayout, provenance: &Provenance) -> TableResult<Self> {
        parts::empty_folder(folder)?;
        let cut = Cut::new(MOST_VALUES);
        let (layout, provenance) = (layout.clone(), provenance.clone());
        Ok(Self { folder: folder.to_owned(), layout, provenance, cut, pending: Vec::new(), ends: false, parts: 0 })
    }

    /// Appends one clip. Alterations of one clip follow each other, and stay in one part.
    pub fn push(&mut self, clip: ClipFrames) -> TableResult<()> {
        if self.pending.last().is_none_or(|last| last.clip.clip_id != clip.clip_id) {
            if std::mem::take(&mut self.ends) {
                self.flush()?;
            }
            self.ends = self.cut.ends_with(&clip.clip_id, clip.values.len() as f64);
        }
        self.pending.push(FramesRow { content_hash: None, clip });
        Ok(())
    }

    /// Completes the table. One without clips has a part without rows, which tells its columns.
    pub fn finish(mut self) -> TableResult<()> {
        if self.pending.is_empty() && self.parts > 0 { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> TableResult<()> {
        let rows = std::mem::take(&mut self.pending);
        let layout = serde_json::to_string(&self.layout).unwrap_or_default();
        let digests: Vec<String> = rows.iter().map(|row| parts::digest_of(&row.clip.values)).collect();
        let clips = rows.iter().map(|row| &row.clip).zip(&digests);
        let id = PartId::of(&layout, clips.flat_map(|(clip, digest)| [&clip.clip_id[..], &clip.variant, digest]));
        let provenance = Provenance { fingerprint: id.as_str().to_owned(), ..self.provenance.clone() };
        self.parts += 1;
        write_part(&self.folder.join(id.file()), &self.layout, "", &rows, &provenance)
    }
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

/// The keys of a part, and its recipe ([`write_part`]); empty where none was told. The frames are not read.
pub fn read_keys(part: &Path) -> TableResult<(String, Vec<FramesKey>)> {
    let columns = ["clip_id", "content_hash", "frame_count"];
    let (metadata, batches) = parquet_io::open_columns(part, (NAME, VERSION), &columns, KEYS_PER_BATCH)?;
    let mut keys = Vec::new();
    for batch in batches {
        let batch = batch?;
        let [ids, hashes, counts] = columns.map(|column| table::column(&batch, column, part));
        let (ids, hashes, counts) = (ids?, hashes?, counts?);
        for row in 0..batch.num_rows() {
            let content_hash: Option<String> = table::cell(hashes, row, "content_hash", part)?;
            keys.push(FramesKey {
                clip_id: table::cell(ids, row, "clip_id", part)?,
                content_hash: content_hash.unwrap_or_default(),
                frame_count: table::cell(counts, row, "frame_count", part)?,
            });
        }
    }
    Ok((metadata.get(KEY_RECIPE).cloned().unwrap_or_default(), keys))
}

/// The layout of the frames table at `path`.
pub fn read_layout(path: &Path) -> TableResult<FrameLayout> {
    let file = part_files(path)?.swap_remove(0);
    let metadata = read_metadata(&file)?;
    let json = metadata.get(KEY_FEATURES).map_or("", String::as_str);
    serde_json::from_str(json).map_err(|error| TableError::BadValue {
        path: file,
        column: KEY_FEATURES.to_owned(),
        row: 0,
        problem: format!("the description of the features in the metadata is not valid: {error}"),
    })
}

/// Reads the frames table at `path` clip by clip.
pub fn read_clips(path: &Path) -> TableResult<impl Iterator<Item = TableResult<ClipFrames>> + use<>> {
    let files = part_files(path)?;
    let first = files[0].clone();
    // What is no table is told at once.
    let features = parquet_io::open_columns(&first, (NAME, VERSION), &[], CLIPS_PER_BATCH)?.0.remove(KEY_FEATURES);
    Ok(files.into_iter().flat_map(move |file| {
        let open = || -> TableResult<_> {
            let (mut metadata, batches) = parquet_io::open_columns(&file, (NAME, VERSION), &[], CLIPS_PER_BATCH)?;
            if metadata.remove(KEY_FEATURES) != features {
                return Err(TableError::OtherPart { path: file.clone(), other: first.clone() });
            }
            Ok(batches)
        };
        let batches: Box<dyn Iterator<Item = TableResult<RecordBatch>>> = match open() {
            Ok(batches) => Box::new(batches),
            Err(error) => Box::new(std::iter::once(Err(error))),
        };
        batches.flat_map(move |batch| match batch.and_then(|batch| decode(&batch, &file)) {
            Ok(clips) => clips.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
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

    fn sorted(mut clips: Vec<ClipFrames>) -> Vec<ClipFrames> {
        clips.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
        clips
    }

    fn write(folder: &Path, clips: Vec<ClipFrames>) {
        let mut writer = FramesWriter::create(folder, &layout(), &Provenance::default()).expect("create");
        clips.into_iter().try_for_each(|clip| writer.push(clip)).expect("push");
        writer.finish().expect("finish");
    }

    #[test]
    fn a_table_of_many_parts_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("frames");
        write(&path, clips(2_500));
        let parts = part_files(&path).expect("parts");
        assert!((4..30).contains(&parts.len()), "{} parts", parts.len());
        assert_eq!(read_layout(&path).expect("layout"), layout());
        assert_eq!(sorted(read(&path)), sorted(clips(2_500)));
        // Another one in its place, of which most parts are the same.
        write(&path, clips(2_499));
        assert_eq!(sorted(read(&path)), sorted(clips(2_499)));
        let now = part_files(&path).expect("parts");
        assert!(parts.iter().filter(|part| !now.contains(part)).count() <= 1);
    }

    #[test]
    fn a_part_tells_its_keys_and_its_recipe() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("part-a.parquet");
        let row =
            |(at, clip): (usize, ClipFrames)| FramesRow { content_hash: (at != 3).then(|| format!("{at:064}")), clip };
        let rows: Vec<FramesRow> = clips(10).into_iter().enumerate().map(row).collect();
        write_part(&path, &layout(), "recipe", &rows, &Provenance::default()).expect("write");
        let (recipe, keys) = read_keys(&path).expect("keys");
        assert_eq!((recipe.as_str(), keys.len()), ("recipe", 10));
        let key = |clip_id: &str, content_hash: String, frame_count: u32| FramesKey {
            clip_id: clip_id.into(),
            content_hash,
            frame_count,
        };
        assert_eq!(keys[3], key("demo/3", String::new(), 3));
        assert_eq!(keys[5], key("demo/5", format!("{:064}", 5), 5));
        assert_eq!(read(&path), clips(10), "a part alone is a table");
    }

    #[test]
    fn parts_of_other_columns_are_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        write(folder.path(), clips(3));
        let other = FrameLayout { hop_s: 0.02, ..layout() };
        let path = folder.path().join("part-zz.parquet");
        write_part(&path, &other, "", &[], &Provenance::default()).expect("write");
        let error = read_clips(folder.path()).expect("open").find_map(Result::err).expect("refused");
        assert!(error.to_string().contains("part-zz.parquet` is of another table than"), "{error}");
    }
}
