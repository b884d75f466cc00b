//! Shards: files of bounded size, written in row groups of bounded size, so that memory does not grow with the corpus.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use ser_schemas::Clip;
use ser_stage::Observer;
use ser_storage::{Place, Root, side_by_side};

use super::columns::Columns;
use crate::error::{ExportError, ExportResult};

/// Bytes of recordings in a row group. The Hub's viewer reads whole groups, and asks for small ones.
const GROUP_BYTES: u64 = 32 << 20;
/// Clips in a row group, as many as `datasets` itself puts into one of audio.
const GROUP_CLIPS: usize = 100;
/// A value of a binary column ends before 2 GiB; half of that leaves room for its neighbours.
const CLIP_BYTES: u64 = 1 << 30;

/// `clips` in pieces of `bytes` of recordings and of `count` clips at most, in their order. A piece has one clip at
/// least.
pub(super) fn cut<'a>(clips: &[&'a Clip], bytes: u64, count: usize) -> Vec<Vec<&'a Clip>> {
    let mut pieces: Vec<Vec<&'a Clip>> = Vec::new();
    let mut size = 0_u64;
    for clip in clips {
        let with_it = size.saturating_add(clip.bytes);
        match pieces.last_mut() {
            Some(piece) if with_it <= bytes && piece.len() < count => {
                piece.push(clip);
                size = with_it;
            }
            _ => {
                pieces.push(vec![clip]);
                size = clip.bytes;
            }
        }
    }
    pieces
}

/// Writes one shard to `path`; its size in bytes.
pub(super) fn write(
    path: &Path,
    clips: &[&Clip],
    columns: &Columns,
    base_dir: &Path,
    observer: &dyn Observer,
) -> ExportResult<u64> {
    let failed = |source: ParquetError| ExportError::Parquet { path: path.to_owned(), source };
    let file = File::create(path).map_err(ExportError::io("write", path))?;
    let mut writer =
        ArrowWriter::try_new(BufWriter::new(file), columns.schema(), Some(properties())).map_err(failed)?;
    for group in cut(clips, GROUP_BYTES, GROUP_CLIPS) {
        if observer.is_cancelled() {
            return Err(ExportError::Cancelled);
        }
        let read = |clip: &&Clip| recording(clip, base_dir);
        let audio: Vec<ExportResult<Vec<u8>>> = if group.iter().any(|clip| Root::is_bucket(&clip.path)) {
            side_by_side(&group, read)
        } else {
            group.iter().map(read).collect()
        };
        let audio = audio.into_iter().collect::<ExportResult<Vec<_>>>()?;
        let batch = columns.batch(&group, &audio).map_err(|error| failed(error.into()))?;
        writer.write(&batch).and_then(|()| writer.flush()).map_err(failed)?;
        observer.advance(group.len() as u64);
    }
    writer.close().map_err(failed)?;
    Ok(fs::metadata(path).map_err(ExportError::io("read", path))?.len())
}

/// Recordings do not shrink, and nobody looks for the least of them.
fn properties() -> WriterProperties {
    let bytes = || ColumnPath::new(vec!["audio".to_owned(), "bytes".to_owned()]);
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression(bytes(), Compression::UNCOMPRESSED)
        .set_column_dictionary_enabled(bytes(), false)
        .set_column_statistics_enabled(bytes(), EnabledStatistics::None)
        .build()
}

/// The clip's file, which must still be the one that the manifest describes: its label was read off that one.
fn recording(clip: &Clip, base_dir: &Path) -> ExportResult<Vec<u8>> {
    let place = Place::of(&clip.path, base_dir)?;
    let path = PathBuf::from(place.to_string());
    let checked = |bytes: u64| {
        if bytes > CLIP_BYTES {
            return Err(ExportError::AudioTooLarge { path: path.clone(), bytes, most: CLIP_BYTES });
        }
        // Row groups are as large as the manifest's sizes add up to.
        if bytes != clip.bytes {
            let (expected, found) = (format!("{} bytes", clip.bytes), format!("{bytes} bytes"));
            return Err(ExportError::AudioChanged { path: path.clone(), expected, found });
        }
        Ok(())
    };
    let bytes = match &place {
        Place::File(path) => {
            checked(fs::metadata(path).map_err(ExportError::io("read", path))?.len())?;
            fs::read(path).map_err(ExportError::io("read", path))?
        }
        Place::Object(object) => {
            let bytes = object.read(CLIP_BYTES)?;
            checked(bytes.len() as u64)?;
            bytes
        }
    };
    let found = blake3::hash(&bytes).to_hex().to_string();
    match &clip.content_hash {
        Some(expected) if *expected != found => {
            let found = format!("the BLAKE3 hash {found}");
            Err(ExportError::AudioChanged { path, expected: expected.clone(), found })
        }
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_large_as_they_may_be_and_hold_every_clip_once() {
        let clips: Vec<Clip> =
            [5, 3, 2, 9, 1].map(|bytes| Clip::found(bytes.to_string(), "c".into(), "p".into(), bytes)).into();
        let clips: Vec<&Clip> = clips.iter().collect();
        let sizes = |bytes, count| -> Vec<Vec<u64>> {
            cut(&clips, bytes, count).iter().map(|piece| piece.iter().map(|clip| clip.bytes).collect()).collect()
        };
        assert_eq!(sizes(8, 9), [vec![5, 3], vec![2], vec![9], vec![1]]);
        assert_eq!(sizes(u64::MAX, 2), [vec![5, 3], vec![2, 9], vec![1]]);
        assert_eq!(sizes(0, 9), [[5], [3], [2], [9], [1]]);
        assert!(cut(&[], 1, 1).is_empty());
    }
}
