//! The clips of a split, with their classes, folds and functionals.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ser_schemas::functionals::{self, Functionals};
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
        let table = Functionals::read(&features.join(functionals::FILE))?;
        if table.names.is_empty() {
            return Ok(None);
        }
        let rows: HashMap<&str, usize> =
            table.clip_ids.iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
        self.all_have("functionals", |at| rows.contains_key(self.clips[at].clip_id.as_str()))?;
        let mut ordered = Functionals { names: table.names.clone(), ..Functionals::default() };
        for clip_id in self.clips.iter().map(|clip| &clip.clip_id) {
            let values = rows.get(clip_id.as_str()).map_or(&[][..], |row| table.row(*row));
            if let Some(column) = values.iter().position(|value| !value.is_finite()) {
                let (functional, value) = (table.names[column].clone(), values[column]);
                return Err(ModelsError::NotFinite { clip_id: clip_id.clone(), functional, value });
            }
            ordered.clip_ids.push(clip_id.clone());
            ordered.values.extend_from_slice(values);
        }
        Ok(Some(ordered))
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
