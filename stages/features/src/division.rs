//! The clips of a manifest in parts, of which each is computed on its own.

use std::vec;

use ser_schemas::{Clip, TableResult};
use ser_stage::{Cut, PartId};

use crate::error::FeaturesResult;
use crate::examples::Chosen;
use crate::recipes::Recipes;

/// Audio in a part at most, in seconds: 96 000 frames of 10 ms.
const MOST_S: f64 = 960.0;

/// A clip, as far as its features depend on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recording {
    pub(crate) clip_id: String,
    pub(crate) content_hash: Option<String>,
    pub(crate) path: String,
}

/// Clips that stand together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) clips: Vec<Recording>,
    /// Of its frames and functionals.
    pub(crate) features: PartId,
    /// Of its altered copies.
    pub(crate) copies: PartId,
    /// The identities say all: the content of every clip is known.
    pub(crate) is_known: bool,
}

impl Part {
    fn new(clips: Vec<Recording>, recipes: &Recipes) -> Self {
        let id = |recipe: &str| {
            let content = |clip: &'_ Recording| clip.content_hash.clone().unwrap_or_default();
            let items: Vec<String> = clips.iter().flat_map(|clip| [clip.clip_id.clone(), content(clip)]).collect();
            PartId::of(recipe, items.iter().map(String::as_str))
        };
        let (features, copies) = (id(&recipes.features), id(&recipes.copies));
        let is_known = clips.iter().all(|clip| clip.content_hash.is_some());
        Self { clips, features, copies, is_known }
    }
}

/// Divides the clips of a manifest as they are read.
pub(crate) struct Division<'a, I> {
    rows: I,
    read: vec::IntoIter<Clip>,
    cut: Cut,
    recipes: &'a Recipes,
    /// Keeps the rows of the clips that are drawn.
    chosen: &'a mut Chosen,
}

impl<'a, I: Iterator<Item = TableResult<Vec<Clip>>>> Division<'a, I> {
    /// Of the clips in `rows`.
    pub(crate) fn new(rows: I, recipes: &'a Recipes, chosen: &'a mut Chosen) -> Self {
        let cut = Cut::new(MOST_S);
        Self { rows, read: Vec::new().into_iter(), cut, recipes, chosen }
    }

    fn next_clip(&mut self) -> FeaturesResult<Option<Clip>> {
        loop {
            if let Some(clip) = self.read.next() {
                return Ok(Some(clip));
            }
            match self.rows.next() {
                Some(rows) => self.read = rows?.into_iter(),
                None => return Ok(None),
            }
        }
    }

    fn next_part(&mut self) -> FeaturesResult<Option<Part>> {
        let mut clips = Vec::new();
        while let Some(clip) = self.next_clip()? {
            self.chosen.note(&clip);
            let ends = self.cut.ends_with(&clip.clip_id, clip.duration_s.unwrap_or(0.0));
            clips.push(Recording { clip_id: clip.clip_id, content_hash: clip.content_hash, path: clip.path });
            if ends {
                break;
            }
        }
        Ok((!clips.is_empty()).then(|| Part::new(clips, self.recipes)))
    }
}

impl<I: Iterator<Item = TableResult<Vec<Clip>>>> Iterator for Division<'_, I> {
    type Item = FeaturesResult<Part>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_part().transpose()
    }
}
