//! The stage's last result: which of its rows would come out the same.
//!
//! A row follows from a file's bytes and from the recipe: the version of the code, the parameters, the sample rate, and
//! for altered copies the seed and the clip's id, from which they are drawn. Rows of equal content and recipe are
//! equal. Neither the clip's labels nor its name or place are part of that.

use std::collections::HashMap;
use std::path::Path;

use ser_schemas::frames::{FramesKey, FramesReader};
use ser_schemas::functionals::FunctionalsReader;
use ser_schemas::{AUGMENTED_FILE, TableResult, frames, functionals};
use serde_json::json;

use crate::VERSION;
use crate::params::Params;

/// Facts that decide the values of rows beside the audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipes {
    /// Of frames and functionals.
    pub(crate) features: String,
    /// Of the frames of altered copies.
    pub(crate) copies: String,
}

impl Recipes {
    pub(crate) fn new(params: &Params, sample_rate_hz: u32, seed: u64) -> Self {
        let features = Params { augment: Vec::new(), ..params.clone() };
        let copies = Params { functionals: crate::params::Functionals::default(), ..params.clone() };
        Self {
            features: json!({ "version": VERSION, "sample_rate_hz": sample_rate_hz, "params": features }).to_string(),
            copies: json!({ "version": VERSION, "sample_rate_hz": sample_rate_hz, "params": copies, "seed": seed })
                .to_string(),
        }
    }
}

/// A clip's row in the last result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    /// Its number among the clips.
    pub(crate) row: usize,
    /// True if the clip had the same id there.
    pub(crate) same_id: bool,
}

/// Finds clips in the last result; knows nothing of their values.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_id: HashMap<String, u32>,
    by_content: HashMap<String, u32>,
    /// Row by row, the position of its content in the order in which contents were first seen.
    contents: Vec<u32>,
    frame_counts: Vec<u32>,
    has_copies: bool,
}

impl Index {
    fn new(keys: Vec<FramesKey>, has_copies: bool) -> Self {
        let mut index = Self { has_copies, ..Self::default() };
        for (row, key) in keys.into_iter().enumerate() {
            index.frame_counts.push(key.frame_count);
            index.by_id.insert(key.clip_id, row as u32);
            // Without a hash nothing is known of the content, and nothing may be taken over.
            index.contents.push(if key.content_hash.is_empty() {
                u32::MAX
            } else {
                *index.by_content.entry(key.content_hash).or_insert(row as u32)
            });
        }
        index
    }

    /// True if there is a last result to take rows from.
    pub(crate) fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// The frames and functionals of a file with these bytes; of the clip of that id, if it is among them.
    pub(crate) fn features(&self, clip_id: &str, content_hash: &str) -> Option<Match> {
        let first = *self.by_content.get(content_hash)?;
        let own = self.by_id.get(clip_id).copied().filter(|row| self.contents[*row as usize] == first);
        Some(Match { row: own.unwrap_or(first) as usize, same_id: own.is_some() })
    }

    /// The altered copies of a file with these bytes, of this clip id: it decides what is drawn.
    pub(crate) fn copies(&self, clip_id: &str, content_hash: &str) -> Option<Match> {
        self.features(clip_id, content_hash).filter(|found| self.has_copies && found.same_id)
    }

    /// Number of frames of a clip of the last result.
    pub(crate) fn frame_count(&self, row: usize) -> usize {
        self.frame_counts[row] as usize
    }
}

/// The tables of the last result from which rows can be taken.
#[derive(Default)]
pub(crate) struct Previous {
    pub(crate) index: Index,
    pub(crate) frames: Option<FramesReader>,
    pub(crate) functionals: Option<FunctionalsReader>,
    /// Altered copies, as many per clip as now, in the clips' order.
    pub(crate) augmented: Option<FramesReader>,
}

impl Previous {
    /// Opens the last result in `dir`. Empty where there is none, or it was made by another recipe or program.
    pub(crate) fn open(dir: Option<&Path>, recipes: &Recipes, copies: usize) -> Self {
        // Not being able to save work is no reason to fail.
        dir.and_then(|dir| Self::read(dir, recipes, copies).ok().flatten()).unwrap_or_default()
    }

    fn read(dir: &Path, recipes: &Recipes, copies: usize) -> TableResult<Option<Self>> {
        let frames = FramesReader::open(&dir.join(frames::FILE))?;
        if frames.recipe() != recipes.features {
            return Ok(None);
        }
        let keys = frames.keys()?;
        let functionals = FunctionalsReader::open(&dir.join(functionals::FILE))?;
        if !functionals.clip_ids()?.iter().eq(keys.iter().map(|key| &key.clip_id)) {
            return Ok(None);
        }
        let augmented = if copies == 0 { None } else { augmented(dir, recipes, copies, &keys)? };
        let index = Index::new(keys, augmented.is_some());
        Ok(Some(Self { index, frames: Some(frames), functionals: Some(functionals), augmented }))
    }
}

/// The altered copies of the last result, if each of its clips has as many as declared now.
fn augmented(dir: &Path, recipes: &Recipes, copies: usize, keys: &[FramesKey]) -> TableResult<Option<FramesReader>> {
    let path = dir.join(AUGMENTED_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let reader = FramesReader::open(&path)?;
    if reader.recipe() != recipes.copies {
        return Ok(None);
    }
    let found = reader.keys()?;
    let expected = keys.iter().flat_map(|key| std::iter::repeat_n(&key.clip_id, copies));
    Ok(found.iter().map(|key| &key.clip_id).eq(expected).then_some(reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let key = |clip_id: &str, content_hash: &str| FramesKey {
            clip_id: clip_id.into(),
            content_hash: content_hash.into(),
            frame_count: 7,
        };
        Index::new(vec![key("a", "one"), key("b", "two"), key("c", "one"), key("d", ""), key("e", "")], true)
    }

    #[test]
    fn clips_are_found_by_content_and_by_their_own_row_first() {
        let index = index();
        assert_eq!(index.features("b", "two"), Some(Match { row: 1, same_id: true }));
        assert_eq!(index.features("c", "one"), Some(Match { row: 2, same_id: true }));
        assert_eq!(index.features("renamed", "two"), Some(Match { row: 1, same_id: false }));
        assert_eq!(index.features("b", "one"), Some(Match { row: 0, same_id: false }));
        assert_eq!(index.features("b", "three"), None);
        assert_eq!(index.frame_count(1), 7);
    }

    #[test]
    fn without_a_hash_nothing_is_known() {
        assert_eq!(index().features("d", ""), None);
        assert!(Index::default().is_empty() && !index().is_empty());
    }

    #[test]
    fn copies_belong_to_an_id() {
        assert_eq!(index().copies("b", "two"), Some(Match { row: 1, same_id: true }));
        assert_eq!(index().copies("renamed", "two"), None);
    }

    #[test]
    fn recipes_hold_what_decides_the_values_and_nothing_else() {
        let of = |json: &str, seed| Recipes::new(&serde_json::from_str(json).expect("parameters"), 16_000, seed);
        let plain = of("{}", 1);
        assert_eq!(plain.features, of(r#"{"augment": [{"kind": "noise"}]}"#, 2).features);
        assert_ne!(plain.copies, of("{}", 2).copies);
        assert_eq!(plain.copies, of(r#"{"functionals": {"deltas": false}}"#, 1).copies);
        assert_ne!(plain.features, of(r#"{"functionals": {"deltas": false}}"#, 1).features);
        assert_ne!(plain.features, Recipes::new(&Params::default(), 8_000, 1).features);
    }
}
