//! The clips of a split with their features, in memory once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use ser_schemas::frames::{FrameLayout, read_clips, read_layout};
use ser_schemas::functionals::Functionals;
use ser_schemas::{AUGMENTED_FILE, Clip, Emotion, KEY_LIMITS, Table, frames, functionals, read_metadata};

use super::select::columns_of;
use crate::error::TrainError;
use crate::params::Params;

/// One clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClipData {
    pub(crate) clip_id: String,
    pub(crate) corpus: String,
    pub(crate) speaker: String,
    /// Position of its emotion among the classes.
    pub(crate) class: usize,
    /// Frame after frame, the chosen columns.
    pub(crate) frames: Vec<f32>,
    /// The same of altered copies.
    pub(crate) copies: Vec<Vec<f32>>,
    /// Its functionals; empty where the model has none.
    pub(crate) functionals: Vec<f32>,
}

/// All clips that a split uses.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// The emotions of the manifest, in the order of all tables.
    pub(crate) classes: Vec<Emotion>,
    /// Clips sorted by id.
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
    /// Reads the clips in `wanted`, with the features that `params` ask for.
    pub(crate) fn read(
        params: &Params,
        manifest: &Path,
        features: &Path,
        wanted: &HashSet<String>,
    ) -> Result<Self, TrainError> {
        let clips_file = Clip::file_in(manifest);
        let manifest = Clip::read(&clips_file)?;
        let limits = read_metadata(&clips_file)?.get(KEY_LIMITS).and_then(|text| serde_json::from_str(text).ok());
        let classes: Vec<Emotion> = Emotion::ALL
            .into_iter()
            .filter(|emotion| manifest.iter().any(|clip| clip.emotion == Some(*emotion)))
            .collect();
        let mut clips = Vec::with_capacity(wanted.len());
        for clip in manifest.into_iter().filter(|clip| wanted.contains(&clip.clip_id)) {
            let class = clip.emotion.and_then(|emotion| classes.iter().position(|class| *class == emotion));
            let Some(class) = class else {
                return Err(TrainError::BadClip { clip_id: clip.clip_id, problem: "it has no emotion" });
            };
            clips.push(ClipData {
                // A clip without a known speaker is a speaker of its own.
                speaker: clip.speaker.unwrap_or_else(|| clip.clip_id.clone()),
                clip_id: clip.clip_id,
                corpus: clip.corpus,
                class,
                frames: Vec::new(),
                copies: Vec::new(),
                functionals: Vec::new(),
            });
        }
        clips.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
        if clips.len() < wanted.len() {
            let known: HashSet<&str> = clips.iter().map(|clip| clip.clip_id.as_str()).collect();
            let mut missing: Vec<&String> = wanted.iter().filter(|id| !known.contains(id.as_str())).collect();
            missing.sort_unstable();
            let clip_id = missing.first().map_or_else(String::new, |id| (*id).clone());
            return Err(TrainError::BadClip { clip_id, problem: "the manifest does not have it" });
        }
        let frames_file = features.join(frames::FILE);
        let layout = read_layout(&frames_file)?;
        let columns = columns_of(&params.features, &layout.names)?;
        let mut dataset = Self { classes, clips, layout, columns, functional_names: Vec::new(), limits };
        dataset.read_frames(&frames_file)?;
        let augmented = features.join(AUGMENTED_FILE);
        if params.augment.copies > 0.0 && augmented.exists() {
            dataset.read_copies(&augmented)?;
        }
        if params.use_functionals {
            dataset.read_functionals(&features.join(functionals::FILE))?;
        }
        Ok(dataset)
    }

    /// Values per frame.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Position of each clip.
    pub(crate) fn index(&self) -> HashMap<String, usize> {
        self.clips.iter().enumerate().map(|(at, clip)| (clip.clip_id.clone(), at)).collect()
    }

    fn read_frames(&mut self, path: &Path) -> Result<(), TrainError> {
        let index = self.index();
        for clip in read_clips(path)? {
            let clip = clip?;
            if let Some(at) = index.get(&clip.clip_id).copied() {
                self.clips[at].frames = self.chosen(&clip.values, &clip.clip_id)?;
            }
        }
        self.all_have("frames", |clip| !clip.frames.is_empty())
    }

    fn read_copies(&mut self, path: &Path) -> Result<(), TrainError> {
        let index = self.index();
        if read_layout(path)?.names != self.layout.names {
            return Ok(());
        }
        for clip in read_clips(path)? {
            let clip = clip?;
            if let Some(at) = index.get(&clip.clip_id).copied() {
                let frames = self.chosen(&clip.values, &clip.clip_id)?;
                if !frames.is_empty() {
                    self.clips[at].copies.push(frames);
                }
            }
        }
        Ok(())
    }

    fn read_functionals(&mut self, path: &Path) -> Result<(), TrainError> {
        let table = Functionals::read(path)?;
        if table.names.is_empty() {
            return Err(TrainError::NoFunctionals);
        }
        let index = self.index();
        for (row, clip_id) in table.clip_ids.iter().enumerate() {
            if let Some(at) = index.get(clip_id).copied() {
                let values = table.row(row);
                if values.iter().any(|value| !value.is_finite()) {
                    return Err(TrainError::NotFinite { what: "functionals", clip_id: clip_id.clone() });
                }
                self.clips[at].functionals = values.to_vec();
            }
        }
        self.functional_names = table.names;
        self.all_have("functionals", |clip| !clip.functionals.is_empty())
    }

    /// The used columns of a frame matrix.
    fn chosen(&self, values: &[f32], clip_id: &str) -> Result<Vec<f32>, TrainError> {
        let chosen: Vec<f32> = values
            .chunks_exact(self.layout.names.len().max(1))
            .flat_map(|frame| self.columns.iter().map(|column| frame[*column]))
            .collect();
        if chosen.iter().any(|value| !value.is_finite()) {
            return Err(TrainError::NotFinite { what: "frames", clip_id: clip_id.to_owned() });
        }
        Ok(chosen)
    }

    fn all_have(&self, what: &'static str, has: impl Fn(&ClipData) -> bool) -> Result<(), TrainError> {
        let missing: Vec<&str> =
            self.clips.iter().filter(|clip| !has(clip)).map(|clip| clip.clip_id.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let examples = missing.iter().take(3).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        Err(TrainError::NoFeatures { what, count: missing.len(), examples })
    }
}
