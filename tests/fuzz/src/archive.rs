//! An archive of a corpus that somebody downloaded, or something else of its name.

use std::path::Path;

use ser_fetch::{Archive, Fetched, Job, Network, Silent, Source, fetch};

use crate::folder::{folder, put};

/// A corpus that comes in one archive, of which everything is wanted.
pub(crate) fn by_hand() -> Source {
    let archive = Archive { name: "given.zip".to_owned(), unpack: vec!["**".to_owned()], ..Archive::default() };
    Source::Manual { steps: Vec::new(), archive }
}

/// What is there of the corpus in `root`, with the files of `archive` if it is given.
pub(crate) fn fetched(root: &Path, archive: Option<&Path>) -> Option<Fetched> {
    fetch(&Job { source: &by_hand(), root, archive }, &Network::default(), &Silent).ok()
}

/// Unpacks the archive, and if that went well, asks once more for the corpus.
///
/// # Panics
/// Where a file got out of the corpus's folder, or what was unpacked is not found again.
pub fn archive(bytes: &[u8]) {
    let _ = unpacked(bytes);
}

fn unpacked(bytes: &[u8]) -> Option<Fetched> {
    let folder = folder();
    let (path, root) = (folder.path().join("given.zip"), folder.path().join("corpus"));
    put(folder.path(), "given.zip", bytes);
    let unpacked = fetched(&root, Some(&path));
    let beside = std::fs::read_dir(folder.path()).into_iter().flatten().count();
    assert!(beside <= 2, "something lies beside the archive and the corpus");
    if let Some(unpacked) = unpacked {
        let again = fetched(&root, None);
        assert_eq!(again, Some(Fetched { was_complete: true, ..unpacked }), "what was unpacked is there");
    }
    unpacked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_unpacked() {
        let files = crate::seeds("archive")
            .iter()
            .map(|seed| unpacked(seed).map(|unpacked| unpacked.files))
            .collect::<Vec<_>>();
        assert_eq!(files, [Some(3)]);
    }
}
