//! The `[fetch]` table of a descriptor, as the program that fetches wants it.

use ser_fetch::{Archive, NoChecksum, Source, Wanted};
use ser_ingest::{FetchArchive, FetchFiles, FetchFrom};

/// The source that a descriptor names. `obtain` says what to do where a source by hand has no steps.
pub(super) fn source(from: &FetchFrom, obtain: Option<String>) -> Result<Source, NoChecksum> {
    Ok(match from.clone() {
        FetchFrom::Zenodo { record, archives } => {
            Source::Zenodo { record, archives: archives.iter().map(archive).collect::<Result<_, _>>()? }
        }
        FetchFrom::Dataverse { server, dataset, files } => Source::Dataverse { server, dataset, wanted: wanted(files) },
        FetchFrom::GitLfs { repository, commit, files } => Source::GitLfs { repository, commit, wanted: wanted(files) },
        FetchFrom::Manual { steps, archive: given } => {
            let steps = if steps.is_empty() { obtain.into_iter().collect() } else { steps };
            Source::Manual { steps, archive: archive(&given)? }
        }
    })
}

fn wanted(FetchFiles { include, files, bytes }: FetchFiles) -> Wanted {
    Wanted { include, files, bytes }
}

fn archive(archive: &FetchArchive) -> Result<Archive, NoChecksum> {
    let FetchArchive { name, bytes, checksums, unpack, files } = archive.clone();
    let checksums = checksums.iter().map(|checksum| checksum.parse()).collect::<Result<_, _>>()?;
    Ok(Archive { name, bytes, checksums, unpack, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_corpus_has_a_source() {
        for descriptor in ser_ingest::builtin_descriptors() {
            let fetch = descriptor.fetch.as_ref().unwrap_or_else(|| panic!("{}", descriptor.name));
            let source = source(&fetch.from, descriptor.how_to_obtain()).expect("checksums");
            if let Source::Manual { steps, .. } = source {
                assert!(!steps.is_empty(), "{}", descriptor.name);
            }
        }
    }
}
