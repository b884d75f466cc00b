//! Where a corpus is published, and what is wanted of it.

use serde::Serialize;

use crate::checksum::Checksum;

/// Where a corpus comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Source {
    /// A record of Zenodo, by its number, and files of it.
    Zenodo {
        /// Number of the record.
        record: u64,
        /// Files of the record.
        archives: Vec<Archive>,
    },
    /// A dataset in an installation of Dataverse.
    Dataverse {
        /// The installation: `https://borealisdata.ca`.
        server: String,
        /// Persistent identifier of the dataset: `doi:10.5683/SP2/E8H2MF`.
        dataset: String,
        /// Files of the dataset.
        wanted: Wanted,
    },
    /// A repository on GitHub whose large files are kept by Git LFS.
    GitLfs {
        /// Owner and name: `CheyneyComputerScience/CREMA-D`.
        repository: String,
        /// The whole id of a commit.
        commit: String,
        /// Files of the repository. Counts and bytes are of those that Git LFS keeps.
        wanted: Wanted,
    },
    /// By hand only: the publisher gives the archive to those who register.
    Manual {
        /// What to do, in order.
        steps: Vec<String>,
        /// The archive that one gets.
        archive: Archive,
    },
}

/// A file that the publisher has, taken as it is or unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// Its size, where that is known beforehand.
    pub bytes: Option<u64>,
    /// Its checksums, where they are known beforehand. The publisher's own are added to them.
    pub checksums: Vec<Checksum>,
    /// Globs on paths in the archive: what is taken out of it. Empty: the file is taken as it is.
    pub unpack: Vec<String>,
    /// How many files there are to be taken out, where that is known.
    pub files: Option<u64>,
}

/// Some files of many.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Wanted {
    /// Globs on their paths.
    pub include: Vec<String>,
    /// How many they are, where that is known.
    pub files: Option<u64>,
    /// How many bytes they have together, where that is known.
    pub bytes: Option<u64>,
}

impl Source {
    /// The source as a line of text: what was done for one that reads differently does not count for this one.
    pub(crate) fn key(&self) -> String {
        // Nothing in it can fail to become JSON: there are only texts, numbers and lists.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The archives that are unpacked.
    pub(crate) fn archives(&self) -> &[Archive] {
        match self {
            Self::Zenodo { archives, .. } => archives,
            Self::Manual { archive, .. } => std::slice::from_ref(archive),
            Self::Dataverse { .. } | Self::GitLfs { .. } => &[],
        }
    }
}
