//! Tables written by every version of their schema are still read: `tests/compat/tables` holds a few rows of each.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ser_schemas::frames::{FramesRow, read_clips, read_layout, write_part};
use ser_schemas::functionals::Functionals;
use ser_schemas::{Provenance, every_table};

const HOW: &str = "the example compat_files of this crate writes it, see tests/compat/README.md";

fn file(table: &str, version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/compat/tables/{table}.v{version}.parquet"))
}

/// The file of each version up to the present one. What versions before the first release wrote was never out in the world,
/// and is not kept.
fn files(table: &str, version: u32) -> impl Iterator<Item = (u32, PathBuf)> {
    (1..=version).map(move |v| (v, file(table, v))).filter(move |(v, path)| *v == version || path.exists())
}

/// The rows of a Parquet file, whatever it holds.
fn rows(path: &Path) -> RecordBatch {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}; {HOW}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("rows");
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("rows");
    concat_batches(&batches[0].schema(), &batches).expect("one schema")
}

#[test]
fn tables_of_every_version_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let copied = folder.path().join("copy.parquet");
    for table in every_table() {
        let doc = (table.describe)();
        for (version, path) in files(doc.name, doc.version) {
            let written = rows(&path);
            let found = (table.copy)(&path, &copied, usize::MAX).unwrap_or_else(|error| panic!("{error}"));
            assert!(found > 0 && found == written.num_rows(), "{}: {found} rows", path.display());
            let read = rows(&copied);
            if version == doc.version {
                assert_eq!(
                    written.schema().fields(),
                    (table.schema)().fields(),
                    "{} has other columns than version {version} had: raise its version, then {HOW}",
                    doc.name
                );
            }
            for field in (table.schema)().fields() {
                let (then, now) = (written.column_by_name(field.name()), read.column_by_name(field.name()));
                // A column of a later version has nothing to be compared with.
                assert!(then.is_none() || then == now, "{}, column {}", path.display(), field.name());
            }
        }
    }
}

#[test]
fn frames_of_every_version_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let copied = folder.path().join("copy.parquet");
    for (_, path) in files("frames", ser_schemas::frames::VERSION) {
        let written = rows(&path);
        let layout = read_layout(&path).expect("layout");
        assert_eq!((layout.sample_rate_hz, layout.hop_s, layout.names[0].as_str()), (16_000, 0.01, "log_mel_00"));
        let mut clips = Vec::new();
        for clip in read_clips(&path).expect("open") {
            let clip = clip.expect("clip");
            assert_eq!(clip.frame_count(layout.names.len()), 2, "{}", clip.clip_id);
            clips.push(FramesRow { content_hash: None, clip });
        }
        write_part(&copied, &layout, "", &clips, &Provenance::default()).expect("write");
        assert_eq!(clips.len(), written.num_rows());
        assert_eq!(rows(&copied).column_by_name("frames"), written.column_by_name("frames"));
    }
}

#[test]
fn functionals_of_every_version_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let copied = folder.path().join("copy.parquet");
    for (_, path) in files("functionals", ser_schemas::functionals::VERSION) {
        let table = Functionals::read(&path).expect("read");
        assert_eq!((table.names.len(), table.clip_ids.len(), table.values.len()), (8, 2, 16));
        table.write_part(&copied, &Provenance::default()).expect("write");
        assert_eq!(rows(&copied).columns(), rows(&path).columns());
    }
}
