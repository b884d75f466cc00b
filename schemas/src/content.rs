//! Digest of a table's contents: equal for equal rows, whoever made them and whenever.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use parquet::arrow::arrow_reader::ArrowReaderOptions;

use crate::damage;
use crate::error::{TableResult, io_error};
use crate::keys::{KEY_TABLE, is_provenance};
use crate::source::Source;

/// Columns that say how a run went, not what came out: table and column.
const VOLATILE: [(&str, &str); 1] = [("history", "seconds")];

/// BLAKE3 digest of the Parquet table at `path`, 64 hexadecimal digits: of its schema, its metadata without provenance,
/// and its values. Wall-clock columns count as present, their values do not.
///
/// The values are taken as they are encoded, so nothing is decoded: two files of the same rows have one digest when the
/// same code wrote the rows in the same order and portions. Different digests of equal rows cost time, never a result.
pub fn content_digest(path: &Path) -> TableResult<String> {
    let failed = |source| io_error("read", path, source);
    let mut file = File::open(path).map_err(failed)?;
    let described = damage::load(path, &Source::open(path)?, ArrowReaderOptions::default())?;
    let mut digest = Digest(blake3::Hasher::new());
    let metadata = described.schema().metadata();
    let mut pairs: Vec<_> = metadata.iter().filter(|(key, _)| !is_provenance(key)).collect();
    pairs.sort();
    for (key, value) in pairs {
        digest.text(key);
        digest.text(value);
    }
    for field in described.schema().fields() {
        digest.text(&format!("{} {} {}", field.name(), field.data_type(), field.is_nullable()));
    }
    let table = metadata.get(KEY_TABLE).map_or("", String::as_str);
    for group in described.metadata().row_groups() {
        digest.number(group.num_rows().unsigned_abs());
        for column in group.columns() {
            let name = column.column_path().string();
            digest.text(&name);
            if VOLATILE.contains(&(table, name.as_str())) {
                continue;
            }
            let (start, length) = column.byte_range();
            digest.number(length);
            file.seek(SeekFrom::Start(start)).map_err(failed)?;
            digest.0.update_reader((&mut file).take(length)).map_err(failed)?;
        }
    }
    Ok(digest.0.finalize().to_hex().to_string())
}

/// Takes in parts so that none can be mistaken for another.
struct Digest(blake3::Hasher);

impl Digest {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Epoch, Exclusion, Provenance, Reason, Table};

    fn digest<T: Table>(rows: &[T], provenance: &Provenance, extra: &[(&str, String)]) -> String {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("table.parquet");
        T::write_with(&path, rows, provenance, extra).expect("write");
        content_digest(&path).expect("digest")
    }

    fn made_by(fingerprint: &str) -> Provenance {
        Provenance { pipeline: "p".into(), stage: fingerprint.into(), fingerprint: fingerprint.into() }
    }

    fn exclusion(clip_id: &str, detail: &str) -> Exclusion {
        let text = str::to_owned;
        let corpus = text("c");
        let (path, detail) = (text("a.wav"), text(detail));
        let (copy_of, speaker) = (None, None);
        Exclusion { clip_id: text(clip_id), corpus, path, reason: Reason::Silent, detail, copy_of, speaker }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn equal_rows_have_one_digest_and_other_rows_another(
            one in prop::collection::vec(("[a-c]{0,3}", "[a-c]{0,3}"), 0..6),
            two in prop::collection::vec(("[a-c]{0,3}", "[a-c]{0,3}"), 0..6),
        ) {
            let rows = |cells: &[(String, String)]| -> Vec<Exclusion> {
                cells.iter().map(|(id, detail)| exclusion(id, detail)).collect()
            };
            let (first, second) = (rows(&one), rows(&two));
            prop_assert_eq!(digest(&first, &made_by("x"), &[]), digest(&first, &made_by("y"), &[]));
            let equal = digest(&first, &made_by("x"), &[]) == digest(&second, &made_by("x"), &[]);
            prop_assert_eq!(equal, one == two);
        }
    }

    #[test]
    fn metadata_of_the_table_counts_and_that_of_its_maker_does_not() {
        let rows = [exclusion("a", "b")];
        let plain = digest(&rows, &made_by("x"), &[]);
        assert_eq!(plain, digest(&rows, &Provenance::default(), &[]));
        let rate = |hz: &str| digest(&rows, &made_by("x"), &[(crate::KEY_SAMPLE_RATE_HZ, hz.to_owned())]);
        assert_ne!(plain, rate("16000"));
        assert_ne!(rate("8000"), rate("16000"));
    }

    #[test]
    fn how_long_an_epoch_took_does_not_count_and_how_good_it_was_does() {
        let epoch = |seconds: f64, train_loss: f64| {
            let row = Epoch {
                fold: 0,
                seed: None,
                epoch: 1,
                train_loss,
                train_accuracy: 0.5,
                validation_loss: None,
                validation_accuracy: None,
                validation_uar: None,
                learning_rate: 0.1,
                seconds,
                best: true,
            };
            digest(&[row], &Provenance::default(), &[])
        };
        assert_eq!(epoch(1.0, 0.5), epoch(2.0, 0.5));
        assert_ne!(epoch(1.0, 0.5), epoch(1.0, 0.25));
    }

    #[test]
    fn a_file_that_is_no_table_is_an_error() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x.parquet");
        std::fs::write(&path, "nothing").expect("write");
        assert!(content_digest(&path).is_err());
        assert!(content_digest(&folder.path().join("none.parquet")).is_err());
    }
}
