//! Parquet on disk: provenance in the metadata, writes that are either whole or absent.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::{Metadata, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use ser_stage::{Provenance, WholeFile};

use crate::damage;
use crate::error::{TableError, TableResult, io_error, read_error, write_error};
use crate::keys::{KEY_FINGERPRINT, KEY_PIPELINE, KEY_STAGE, KEY_TABLE, KEY_VERSION};
use crate::source::Source;

/// Rows that are read at a time.
const ROWS_PER_BATCH: usize = 1024;

/// The metadata of a file that holds `table`, with `extra` pairs of the table's own.
pub(crate) fn metadata(
    provenance: &Provenance,
    table: &str,
    version: u32,
    extra: &[(&str, String)],
) -> HashMap<String, String> {
    let mut metadata = HashMap::from([
        (KEY_TABLE.to_owned(), table.to_owned()),
        (KEY_VERSION.to_owned(), version.to_string()),
        (KEY_PIPELINE.to_owned(), provenance.pipeline.clone()),
        (KEY_STAGE.to_owned(), provenance.stage.clone()),
        (KEY_FINGERPRINT.to_owned(), provenance.fingerprint.clone()),
    ]);
    metadata.extend(extra.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    metadata
}

/// Writes `batches` to `path`, which appears there whole or not at all.
pub(crate) fn write_batches(
    path: &Path,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
) -> TableResult<()> {
    let (whole, file) = create(path)?;
    let partial = whole.partial();
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let write = || -> Result<_, ParquetError> {
        let mut writer = ArrowWriter::try_new(BufWriter::new(file), schema, Some(properties))?;
        for batch in batches {
            writer.write(&batch)?;
        }
        writer.finish()?;
        Ok(writer)
    };
    let written = write().map_err(|source| write_error(partial, source))?;
    written.inner().get_ref().sync_all().map_err(|source| io_error("write", partial, source))?;
    put_in_place(whole)
}

/// Starts the file that is to be at `path`.
pub(crate) fn create(path: &Path) -> TableResult<(WholeFile, File)> {
    WholeFile::create(path).map_err(|source| io_error("write", &WholeFile::partial_of(path), source))
}

/// Renames a complete file into place.
pub(crate) fn put_in_place(whole: WholeFile) -> TableResult<()> {
    let partial = whole.partial().to_owned();
    whole.put_in_place().map_err(|source| io_error("rename", &partial, source))
}

/// Opens `path` and checks that it holds `table` in a version up to `version`: the version, and its rows.
pub(crate) fn open(
    path: &Path,
    table: &str,
    version: u32,
) -> TableResult<(u32, impl Iterator<Item = TableResult<RecordBatch>> + use<>)> {
    let file = Source::open(path)?;
    let described = damage::load(path, &file, ArrowReaderOptions::default())?;
    let version = check_table(path, described.schema().metadata(), table, version)?;
    Ok((version, rows(path, file, described, ProjectionMask::all(), ROWS_PER_BATCH)?))
}

/// The columns of `path`, after checking that it holds the table `(name, version)`.
pub(crate) fn read_schema(path: &Path, (table, version): (&str, u32)) -> TableResult<SchemaRef> {
    let described = damage::load(path, &Source::open(path)?, ArrowReaderOptions::default())?;
    check_table(path, described.schema().metadata(), table, version)?;
    Ok(SchemaRef::clone(described.schema()))
}

/// Metadata of a file, and rows of it.
type Opened<I> = (HashMap<String, String>, I);

/// Opens `path`, after checking that it holds the table `(name, version)`: its metadata, and some of its columns, `count` rows
/// at a time; all columns when none is named.
pub(crate) fn open_columns(
    path: &Path,
    (table, version): (&str, u32),
    columns: &[&str],
    count: usize,
) -> TableResult<Opened<impl Iterator<Item = TableResult<RecordBatch>> + use<>>> {
    let file = Source::open(path)?;
    let described = damage::load(path, &file, ArrowReaderOptions::default())?;
    let metadata = described.schema().metadata().clone();
    check_table(path, &metadata, table, version)?;
    let mask = match columns {
        [] => ProjectionMask::all(),
        some => ProjectionMask::columns(described.parquet_schema(), some.iter().copied()),
    };
    Ok((metadata.into(), rows(path, file, described, mask, count)?))
}

/// Rows of the Parquet file at `path`, whatever table it holds, some at a time.
pub fn read_any(path: &Path) -> TableResult<impl Iterator<Item = TableResult<RecordBatch>> + use<>> {
    read_any_by(path, ROWS_PER_BATCH)
}

/// The same, `count` rows at a time: of large rows, fewer.
pub fn read_any_by(path: &Path, count: usize) -> TableResult<impl Iterator<Item = TableResult<RecordBatch>> + use<>> {
    let file = Source::open(path)?;
    let described = damage::load(path, &file, ArrowReaderOptions::default())?;
    rows(path, file, described, ProjectionMask::all(), count)
}

fn rows(
    path: &Path,
    file: Source,
    described: ArrowReaderMetadata,
    columns: ProjectionMask,
    count: usize,
) -> TableResult<impl Iterator<Item = TableResult<RecordBatch>> + use<>> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), described)
        .with_projection(columns)
        .with_batch_size(count);
    let reader = damage::guarded(path, || builder.build().map_err(|source| read_error(path, source)))?;
    let path = path.to_owned();
    let batches = {
        let path = path.clone();
        reader.map(move |batch| batch.map_err(|source| file.rows_error(&path, source)))
    };
    Ok(damage::guarded_rows(path, batches))
}

/// The metadata of the Parquet file at `path`: schema name and version, provenance, and the table's own keys.
pub fn read_metadata(path: &Path) -> TableResult<HashMap<String, String>> {
    let metadata = damage::load(path, &Source::open(path)?, ArrowReaderOptions::default())?;
    Ok(metadata.schema().metadata().clone().into())
}

/// The version of the table in `path`, after checking that it is `table` in a version up to `version`.
pub(crate) fn check_table(path: &Path, metadata: &Metadata, table: &str, version: u32) -> TableResult<u32> {
    let found_table = metadata.get(KEY_TABLE).map_or("unknown", String::as_str);
    let found_version = metadata.get(KEY_VERSION).map_or("unknown", String::as_str);
    match found_version.parse::<u32>() {
        Ok(found) if found_table == table && (1..=version).contains(&found) => Ok(found),
        _ => Err(TableError::WrongTable {
            path: path.to_owned(),
            expected: format!("{table}, version {version}"),
            found: format!("{found_table}, version {found_version}"),
        }),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;
    use crate::frames::{ClipFrames, FrameLayout, FramesRow, write_part};
    use crate::functionals::Functionals;
    use crate::{Exclusion, Reason, Table as _};

    /// The message with its causes.
    fn told(error: &TableError) -> String {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    }

    /// A folder in which whatever is written beside `file` meets a full disk.
    fn full(file: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(file);
        symlink("/dev/full", WholeFile::partial_of(&path)).expect("link");
        (folder, path)
    }

    fn exclusions(count: usize) -> Vec<Exclusion> {
        let row = |number: usize| Exclusion {
            clip_id: format!("c/{number}"),
            corpus: "c".to_owned(),
            path: format!("{number}.wav"),
            reason: Reason::Silent,
            detail: format!("{:x}", number * 2_654_435_761),
            copy_of: None,
            speaker: None,
        };
        (0..count).map(row).collect()
    }

    fn functionals(clips: usize) -> Functionals {
        Functionals {
            names: vec!["a".to_owned(), "b".to_owned()],
            clip_ids: (0..clips).map(|clip| clip.to_string()).collect(),
            values: (0..2 * clips).map(|value| value as f32).collect(),
            variants: Vec::new(),
        }
    }

    fn write_frames(path: &Path, clips: usize) -> TableResult<()> {
        let layout = FrameLayout {
            names: vec!["a".to_owned()],
            sample_rate_hz: 16_000,
            hop_s: 0.01,
            params: serde_json::Value::Null,
        };
        let clip = |clip: usize| ClipFrames {
            clip_id: clip.to_string(),
            variant: String::new(),
            values: vec![clip as f32; 10_000],
        };
        let rows: Vec<FramesRow> = (0..clips).map(|at| FramesRow { content_hash: None, clip: clip(at) }).collect();
        write_part(path, &layout, "", &rows, &Provenance::default())
    }

    #[test]
    fn a_full_disk_is_told_as_writing_whatever_the_table_and_its_size() {
        let provenance = Provenance::default();
        for count in [1, 40_000] {
            for (table, file) in [("exclusions", "e.parquet"), ("functionals", "f.parquet"), ("frames", "g.parquet")] {
                let (_folder, path) = full(file);
                let written = match table {
                    "exclusions" => Exclusion::write(&path, &exclusions(count), &provenance),
                    "functionals" => functionals(count).write_part(&path, &provenance),
                    _ => write_frames(&path, count.min(100)),
                };
                let error = written.expect_err("a full disk");
                let told = told(&error);
                assert!(
                    matches!(&error, TableError::Io { action: "write", source, .. }
                    if source.kind() == io::ErrorKind::StorageFull),
                    "{table} of {count}: {told}"
                );
                assert!(told.starts_with("cannot write `") && told.contains(file), "{told}");
                assert!(!path.exists());
            }
        }
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("out"), "").expect("file");
        let error = Exclusion::write(&folder.path().join("out/e.parquet"), &exclusions(1), &Provenance::default())
            .expect_err("no folder");
        assert!(told(&error).contains("out/e.parquet.partial`: Not a directory"), "{}", told(&error));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_no_damaged_one_and_a_cut_one_is() {
        let folder = tempfile::tempdir().expect("folder");
        let error = Exclusion::read(folder.path()).expect_err("a folder");
        assert!(matches!(&error, TableError::Io { action: "read", .. }), "{}", told(&error));
        let path = folder.path().join("e.parquet");
        Exclusion::write(&path, &exclusions(10), &Provenance::default()).expect("write");
        let bytes = std::fs::read(&path).expect("read");
        for length in [0, 3, 11, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).expect("cut");
            let error = Exclusion::read(&path).expect_err("cut");
            assert!(matches!(error, TableError::Parquet { .. }), "{length}: {}", told(&error));
        }
    }
}
