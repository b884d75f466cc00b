//! Files of results, held against what their records say: nothing is handed on that a stage did not write.

use std::path::{Component, Path};

use ser_engine::Store;

use crate::checksum::blake3;
use crate::error::{ExportError, ExportResult};

/// Fails where a file of the last result of `stage` is no longer what its record says; without a record there is nothing to
/// compare.
pub fn check_result(store: &Store, stage: &str) -> Result<(), ExportError> {
    let Some(record) = store.stage_record(stage) else { return Ok(()) };
    let dir = store.stage_dir(stage);
    record.outputs.iter().try_for_each(|output| {
        let path = dir.join(&output.path);
        check_file(stage, &path, &path, &output.hash)
    })
}

/// Fails unless `copy`, of the file at `path` that `stage` wrote, has the BLAKE3 hash `expected`.
pub(crate) fn check_file(stage: &str, path: &Path, copy: &Path, expected: &str) -> ExportResult<()> {
    let found = blake3(copy)?;
    if found == expected {
        return Ok(());
    }
    let (stage, path, expected) = (stage.to_owned(), path.to_owned(), expected.to_owned());
    Err(ExportError::ResultChanged { stage, path, expected, found })
}

/// `true` if `path`, as a record has it, stays below the folder that it is joined to.
pub(crate) fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_their_folder_are_known() {
        assert!(is_below("fold=0/model.safetensors"));
        for path in ["", "/etc/passwd", "../a", "a/../../b", "./a"] {
            assert!(!is_below(path), "{path}");
        }
    }
}
