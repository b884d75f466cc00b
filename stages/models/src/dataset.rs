//! The clips of a split, with their classes, folds and functionals.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ser_schemas::functionals::{self, Functionals, read_parts};
use ser_schemas::{Assignment, Clip, Emotion, KEY_HELD_OUT, KEY_PROTOCOL, Table, read_metadata};

use crate::ModelsError;
use crate::folds::{Fold, folds};

/// One clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledClip {
    /// Its id.
    pub clip_id: String,
    /// Its corpus.
    pub corpus: String,
    /// Its speaker; the clip's id where none is known.
    pub speaker: String,
    /// Position of its emotion among the classes.
    pub class: usize,
}

/// All clips that a split uses, and what for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The emotions of the manifest, in the order of all tables.
    pub classes: Vec<Emotion>,
    /// Clips sorted by id.
    pub clips: Vec<LabelledClip>,
    /// The folds in order; none where the split made none.
    pub folds: Vec<Fold>,
    /// Protocol of the split, where its table tells.
    pub protocol: Option<String>,
    /// Columns of clips whose values it holds out whole, comma-separated, where its table tells.
    pub held_out: Option<String>,
}

impl Dataset {
    /// Reads the clips that the split in folder `split` assigns, from the manifest in folder `manifest`.
    pub fn read(manifest: &Path, split: &Path) -> Result<Self, ModelsError> {
        let path = Assignment::file_in(split);
        let assignments = Assignment::read(&path)?;
        let mut metadata = read_metadata(&path)?;
        let (protocol, held_out) = (metadata.remove(KEY_PROTOCOL), metadata.remove(KEY_HELD_OUT));
        let clips = Clip::read_in(manifest)?;
        let present: BTreeSet<Emotion> = clips.iter().filter_map(|clip| clip.emotion).collect();
        let by_id: HashMap<&str, &Clip> = clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
        let wanted: BTreeSet<&str> = assignments.iter().map(|row| row.clip_id.as_str()).collect();
        let position = wanted.iter().enumerate().map(|(at, clip_id)| (*clip_id, at)).collect();
        let labelled = |clip_id: &&str| {
            let bad = |problem| ModelsError::BadClip { clip_id: (*clip_id).to_owned(), problem };
            let clip = by_id.get(clip_id).ok_or_else(|| bad("the manifest does not have it"))?;
            let emotion = clip.emotion.ok_or_else(|| bad("it has no emotion"))?;
            Ok(LabelledClip {
                clip_id: clip.clip_id.clone(),
                corpus: clip.corpus.clone(),
                speaker: clip.speaker.clone().unwrap_or_else(|| clip.clip_id.clone()),
                // All emotions before it that are present are classes before it.
                class: present.range(..emotion).count(),
            })
        };
        let clips = wanted.iter().map(labelled).collect::<Result<_, ModelsError>>()?;
        let folds = folds(&assignments, &position)?;
        Ok(Self { classes: present.into_iter().collect(), clips, folds, protocol, held_out })
    }

    /// Functionals of the features in folder `features`, one row for each clip in the order of [`clips`](Self::clips),
    /// all finite; `None` where the features stage wrote none.
    pub fn functionals(&self, features: &Path) -> Result<Option<Functionals>, ModelsError> {
        let mut ordered = Functionals::default();
        ordered.clip_ids.extend(self.clips.iter().map(|clip| clip.clip_id.clone()));
        let names = self.each_functionals(features, |at, values| -> Result<(), ModelsError> {
            ordered.values.resize(self.clips.len() * values.len(), 0.0);
            ordered.values[at * values.len()..][..values.len()].copy_from_slice(values);
            Ok(())
        })?;
        Ok(names.map(|names| Functionals { names, ..ordered }))
    }

    /// Hands the functionals of every clip, in the table's order, to `put`, with the clip's position; all are finite. Gives their
    /// names, `None` where the features stage wrote none. Memory holds a part of them.
    pub fn each_functionals<E: From<ModelsError>>(
        &self,
        features: &Path,
        mut put: impl FnMut(usize, &[f32]) -> Result<(), E>,
    ) -> Result<Option<Vec<String>>, E> {
        let (names, parts) = read_parts(&features.join(functionals::FOLDER)).map_err(ModelsError::from)?;
        if names.is_empty() {
            return Ok(None);
        }
        let clips: HashMap<&str, usize> =
            self.clips.iter().enumerate().map(|(at, clip)| (clip.clip_id.as_str(), at)).collect();
        let mut found = vec![false; self.clips.len()];
        for table in parts {
            let table = table.map_err(ModelsError::from)?;
            for (row, clip_id) in table.clip_ids.iter().enumerate() {
                let Some(at) = clips.get(clip_id.as_str()).copied() else { continue };
                let values = table.row(row);
                if let Some(column) = values.iter().position(|value| !value.is_finite()) {
                    let (functional, value) = (names[column].clone(), values[column]);
                    return Err(ModelsError::NotFinite { clip_id: clip_id.clone(), functional, value }.into());
                }
                found[at] = true;
                put(at, values)?;
            }
        }
        self.all_have("functionals", |at| found[at])?;
        Ok(Some(names))
    }

    /// Fails where some clip, by its position, has none of the features called `what`.
    pub fn all_have(&self, what: &'static str, has: impl Fn(usize) -> bool) -> Result<(), ModelsError> {
        let missing: Vec<&str> =
            (0..self.clips.len()).filter(|at| !has(*at)).map(|at| self.clips[at].clip_id.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let examples = missing.iter().take(3).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        Err(ModelsError::NoFeatures { what, count: missing.len(), examples })
    }

    /// The class of each of `clips`.
    pub fn truth(&self, clips: &[usize]) -> Vec<usize> {
        clips.iter().map(|at| self.clips[*at].class).collect()
    }

    /// Warnings of classes that a fold tests without training clips of them: possible where a whole corpus is held out.
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for fold in &self.folds {
            let has = |clips: &[usize], class| clips.iter().any(|at| self.clips[*at].class == class);
            for (class, emotion) in self.classes.iter().enumerate() {
                if has(&fold.test, class) && !has(&fold.train, class) {
                    gaps.push(format!(
                        "fold {} has test clips of `{emotion}` and no training clips of it: its model never predicts `{emotion}`",
                        fold.number
                    ));
                }
            }
        }
        gaps
    }
}
