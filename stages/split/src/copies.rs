//! What is known of copies: pairs of near copies among the clips, and exact copies that the manifest left out.
//!
//! Of a recording that lies in two corpora the manifest keeps one file. The other is in no fold, but its speaker may
//! be: then a model is trained on the voice that it is tested on. So such speakers are tied as those of near copies
//! are.

use std::collections::BTreeMap;
use std::path::Path;

use ser_schemas::{Clip, Exclusion, Table, TableResult, copies};

use crate::near::{NearPair, leaders};

/// Copies among the clips that are divided, and beside them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Copies<'a> {
    /// Near copies among the clips; `None` where nobody looked for them.
    pub near: Option<&'a [NearPair]>,
    /// Exact copies that the manifest left out.
    pub exact: &'a [ExactCopy],
}

/// A recording that lies in two corpora under two speakers: of the file that the manifest left out, then of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactCopy {
    /// Clip ids.
    pub clips: [String; 2],
    /// Speakers.
    pub speakers: [String; 2],
    /// Corpora.
    pub corpora: [String; 2],
}

impl<'a> Copies<'a> {
    /// Near copies alone.
    pub fn of(near: &'a [NearPair]) -> Self {
        Self { near: Some(near), exact: &[] }
    }

    /// The pairs of near copies, none where nobody looked for them.
    pub(crate) fn pairs(self) -> &'a [NearPair] {
        self.near.unwrap_or_default()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.pairs().is_empty() && self.exact.is_empty()
    }

    /// Clips without which no copy lies under two of the names that `key` gives clips and `exact` exact copies.
    pub(crate) fn under_two_names(
        self,
        clips: &'a [Clip],
        key: impl Fn(&Clip) -> Option<String>,
        exact: impl Fn(&ExactCopy) -> Option<&[String; 2]>,
    ) -> Vec<&'a str> {
        let first = leaders(clips.len(), self.pairs().iter().map(|pair| (pair.a, pair.b)));
        let mut names: BTreeMap<usize, Option<String>> = BTreeMap::new();
        let mut found = Vec::new();
        for (clip, &first) in clips.iter().zip(&first) {
            if *names.entry(first).or_insert_with(|| key(&clips[first])) != key(clip) {
                found.push(clip.clip_id.as_str());
            }
        }
        let exact = self.exact.iter().filter(|copy| exact(copy).is_some_and(|[one, other]| one != other));
        found.into_iter().chain(exact.map(|copy| copy.clips[0].as_str())).collect()
    }
}

/// The exact copies that the exclusions in `dir` name, of files in another corpus than their own.
pub(crate) fn read(dir: &Path, clips: &[Clip]) -> TableResult<Vec<ExactCopy>> {
    let rows = Exclusion::read_in(dir)?;
    let pairs = copies(&rows, clips).into_iter();
    let elsewhere = pairs.filter(|[copy, of]| copy.corpus != of.corpus && copy.speaker != of.speaker);
    let exact = elsewhere.map(|pair| ExactCopy {
        clips: pair.map(|file| file.clip_id.to_owned()),
        speakers: pair.map(|file| file.speaker.to_owned()),
        corpora: pair.map(|file| file.corpus.to_owned()),
    });
    Ok(exact.collect())
}
