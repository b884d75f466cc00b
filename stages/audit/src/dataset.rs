//! The tables of a manifest, together.

use std::path::Path;

use ser_schemas::{Clip, Corpus, Emotion, Exclusion, Table, TableResult};

/// What stands for a gender or language that is not told.
pub(crate) const UNKNOWN: &str = "unknown";

/// A manifest: usable clips, files left out, corpora.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dataset {
    /// Usable clips.
    pub clips: Vec<Clip>,
    /// Files left out.
    pub exclusions: Vec<Exclusion>,
    /// Corpora that were declared, whether found or not.
    pub corpora: Vec<Corpus>,
}

impl Dataset {
    /// Reads the three tables of a manifest's folder.
    pub fn read(manifest_dir: &Path) -> TableResult<Self> {
        Ok(Self {
            clips: Clip::read_in(manifest_dir)?,
            exclusions: Exclusion::read_in(manifest_dir)?,
            corpora: Corpus::read_in(manifest_dir)?,
        })
    }

    /// Names of the corpora that have clips, in order.
    pub(crate) fn corpus_names(&self) -> Vec<&str> {
        distinct(self.clips.iter().map(|clip| clip.corpus.as_str()))
    }

    /// Emotions that some clip has, in order.
    pub(crate) fn emotions(&self) -> Vec<Emotion> {
        distinct(self.clips.iter().filter_map(|clip| clip.emotion))
    }

    /// Clips of a corpus.
    pub(crate) fn of_corpus<'a>(&'a self, corpus: &'a str) -> impl Iterator<Item = &'a Clip> + Clone {
        self.clips.iter().filter(move |clip| clip.corpus == corpus)
    }
}

/// Different values, in order.
pub(crate) fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<std::collections::BTreeSet<T>>().into_iter().collect()
}

/// A clip's duration in minutes; 0 where it is not known.
pub(crate) fn minutes(clip: &Clip) -> f64 {
    clip.duration_s.filter(|seconds| seconds.is_finite()).unwrap_or_default() / 60.0
}
