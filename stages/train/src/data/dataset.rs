//! The clips of a split with their features, each once.

use std::collections::HashMap;
use std::path::Path;

use ser_schemas::frames::{FrameLayout, read_clips, read_layout};
use ser_schemas::{Clip, Emotion, KEY_LIMITS, Table, frames, functionals, read_metadata};

use super::select::columns_of;
use super::store::{Store, Values};
use crate::error::TrainError;
use crate::params::Params;

/// What a network learns one clip from.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClipData {
    pub(crate) corpus: String,
    pub(crate) speaker: String,
    /// Position of its emotion among the classes.
    pub(crate) class: usize,
    /// Frame after frame, the chosen columns.
    pub(crate) frames: Values,
    /// Its functionals; empty where the model has none.
    pub(crate) functionals: Values,
    /// Altered copies of it.
    pub(crate) copies: Vec<AlteredCopy>,
}

/// An altered copy of a clip.
#[derive(Debug, Clone, Default)]
pub(crate) struct AlteredCopy {
    /// Which alteration it is.
    variant: String,
    pub(crate) frames: Values,
    /// `None` where none were computed: those of the clip stand for them.
    pub(crate) functionals: Option<Values>,
}

/// All clips that a split uses.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// Which clips these are, and their folds.
    pub(crate) split: ser_models::Dataset,
    /// Their features, in the same order.
    pub(crate) clips: Vec<ClipData>,
    /// The whole layout of the frames table.
    pub(crate) layout: FrameLayout,
    /// The columns of it that are used.
    pub(crate) columns: Vec<usize>,
    /// Names of the functionals; empty where the model has none.
    pub(crate) functional_names: Vec<String>,
    /// Limits of the manifest, as it wrote them; `None` for manifests of before.
    pub(crate) limits: Option<serde_json::Value>,
}

impl Dataset {
    /// Reads the features that `params` ask for, of the clips of `split`: `room` bytes of them into memory, the rest into a file
    /// in `scratch`.
    pub(crate) fn read(
        params: &Params,
        [manifest, features, scratch]: [&Path; 3],
        split: ser_models::Dataset,
        room: usize,
    ) -> Result<Self, TrainError> {
        let limits = read_metadata(&Clip::file_in(manifest))?.remove(KEY_LIMITS);
        let limits = limits.and_then(|text| serde_json::from_str(&text).ok());
        let clip = |clip: &ser_models::LabelledClip| ClipData {
            corpus: clip.corpus.clone(),
            speaker: clip.speaker.clone(),
            class: clip.class,
            ..ClipData::default()
        };
        let clips = split.clips.iter().map(clip).collect();
        let frames_table = features.join(frames::FOLDER);
        let layout = read_layout(&frames_table)?;
        let columns = columns_of(&params.features, &layout.names, &params.model)?;
        let mut dataset = Self { split, clips, layout, columns, functional_names: Vec::new(), limits };
        let mut store = Store::new(scratch, room);
        dataset.read_frames(&frames_table, &mut store, |clip, _, frames| clip.frames = frames)?;
        dataset.split.all_have("frames", |at| !dataset.clips[at].frames.is_empty())?;
        let augmented = features.join(frames::AUGMENTED);
        if params.augment.copies > 0.0 && augmented.exists() && read_layout(&augmented)?.names == dataset.layout.names {
            dataset.read_frames(&augmented, &mut store, |clip, variant, frames| {
                if !frames.is_empty() {
                    clip.copies.push(AlteredCopy { variant, frames, functionals: None });
                }
            })?;
        }
        if params.use_functionals {
            let clips = &mut dataset.clips;
            let names = dataset.split.each_functionals(features, |at, values| -> Result<(), TrainError> {
                clips[at].functionals = store.put(values.to_vec())?;
                Ok(())
            })?;
            dataset.functional_names = names.ok_or(TrainError::NoFunctionals)?;
            dataset.read_functionals_of_copies(&features.join(functionals::AUGMENTED), &mut store)?;
        }
        store.finish()?;
        Ok(dataset)
    }

    /// Values per frame.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Position of the class `neutral`, where there is one.
    pub(crate) fn neutral(&self) -> Option<usize> {
        self.split.classes.iter().position(|class| *class == Emotion::NEUTRAL)
    }

    /// Position of each clip by its id.
    fn index(&self) -> HashMap<String, usize> {
        self.split.clips.iter().enumerate().map(|(at, clip)| (clip.clip_id.clone(), at)).collect()
    }

    /// Reads a table of frames; `put` gives its own to each clip, with the name of the alteration.
    fn read_frames(
        &mut self,
        path: &Path,
        store: &mut Store,
        put: impl Fn(&mut ClipData, String, Values),
    ) -> Result<(), TrainError> {
        let index = self.index();
        for row in read_clips(path)? {
            let row = row?;
            if let Some(at) = index.get(&row.clip_id).copied() {
                let frames = self.chosen(&row.values, &row.clip_id)?;
                put(&mut self.clips[at], row.variant, store.put(frames)?);
            }
        }
        Ok(())
    }

    /// Reads the functionals of altered copies, where there are any of the same names.
    fn read_functionals_of_copies(&mut self, table: &Path, store: &mut Store) -> Result<(), TrainError> {
        if !table.exists() || self.clips.iter().all(|clip| clip.copies.is_empty()) {
            return Ok(());
        }
        let (names, parts) = functionals::read_parts(table)?;
        if names != self.functional_names {
            return Ok(());
        }
        let index = self.index();
        for part in parts {
            let part = part?;
            for (row, (clip_id, variant)) in part.clip_ids.iter().zip(&part.variants).enumerate() {
                let copies = index.get(clip_id).map(|at| &mut self.clips[*at].copies);
                let Some(copy) = copies.and_then(|copies| copies.iter_mut().find(|copy| copy.variant == *variant))
                else {
                    continue;
                };
                let values = part.row(row);
                if values.iter().any(|value| !value.is_finite()) {
                    return Err(TrainError::NotFinite { clip_id: clip_id.clone() });
                }
                copy.functionals = Some(store.put(values.to_vec())?);
            }
        }
        Ok(())
    }

    /// The used columns of a frame matrix.
    fn chosen(&self, values: &[f32], clip_id: &str) -> Result<Vec<f32>, TrainError> {
        let frames = values.chunks_exact(self.layout.names.len().max(1));
        // As many as there will be: what grows by doubling would take up to twice the memory for as long as it is kept.
        let mut chosen = Vec::with_capacity(frames.len() * self.columns.len());
        frames.for_each(|frame| chosen.extend(self.columns.iter().map(|column| frame[*column])));
        if chosen.iter().any(|value: &f32| !value.is_finite()) {
            return Err(TrainError::NotFinite { clip_id: clip_id.to_owned() });
        }
        Ok(chosen)
    }
}
