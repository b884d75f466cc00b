//! The clips of a split with their functionals, and the folds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use ser_schemas::functionals::Functionals;
use ser_schemas::{Assignment, Clip, Emotion, Role, Table, functionals};

use crate::error::BaselineError;

/// One clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Example {
    pub(crate) clip_id: String,
    pub(crate) corpus: String,
    pub(crate) speaker: String,
    /// Position of its emotion among the classes.
    pub(crate) class: usize,
    /// Its functionals; empty where none are read.
    pub(crate) values: Vec<f32>,
}

/// All clips that a split uses.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// The emotions of the manifest, in the order of all tables.
    pub(crate) classes: Vec<Emotion>,
    /// Clips by id.
    pub(crate) examples: Vec<Example>,
    /// Number of functionals.
    pub(crate) width: usize,
}

/// The clips of one fold, as positions in the dataset, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fold {
    pub(crate) number: u32,
    pub(crate) train: Vec<usize>,
    pub(crate) validation: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

impl Dataset {
    /// The clips that `assignments` name, with functionals where a features folder is given.
    pub(crate) fn read(
        manifest: &Path,
        features: Option<&Path>,
        assignments: &[Assignment],
    ) -> Result<Self, BaselineError> {
        let clips = Clip::read_in(manifest)?;
        let present: BTreeSet<Emotion> = clips.iter().filter_map(|clip| clip.emotion).collect();
        let classes: Vec<Emotion> = present.into_iter().collect();
        let by_id: HashMap<&str, &Clip> = clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
        let functionals = features.map(|folder| Functionals::read(&folder.join(functionals::FILE))).transpose()?;
        if functionals.as_ref().is_some_and(|table| table.names.is_empty()) {
            return Err(BaselineError::NoFunctionals);
        }
        let rows: HashMap<&str, usize> = functionals
            .iter()
            .flat_map(|table| table.clip_ids.iter().enumerate())
            .map(|(row, clip_id)| (clip_id.as_str(), row))
            .collect();
        let wanted: BTreeSet<&str> = assignments.iter().map(|row| row.clip_id.as_str()).collect();
        let mut examples = Vec::with_capacity(wanted.len());
        for clip_id in wanted {
            let bad = |problem| BaselineError::BadClip { clip_id: clip_id.to_owned(), problem };
            let clip = by_id.get(clip_id).ok_or_else(|| bad("the manifest does not have it"))?;
            let emotion = clip.emotion.ok_or_else(|| bad("it has no emotion"))?;
            let class = classes.iter().position(|class| *class == emotion).ok_or_else(|| bad("it has no emotion"))?;
            let values = match &functionals {
                None => Vec::new(),
                Some(table) => {
                    let row = rows.get(clip_id).ok_or_else(|| bad("functionals.parquet does not have it"))?;
                    finite(table, *row)?
                }
            };
            examples.push(Example {
                clip_id: clip_id.to_owned(),
                corpus: clip.corpus.clone(),
                // A clip without a known speaker is a speaker of its own.
                speaker: clip.speaker.clone().unwrap_or_else(|| clip_id.to_owned()),
                class,
                values,
            });
        }
        Ok(Self { classes, examples, width: functionals.map_or(0, |table| table.names.len()) })
    }

    /// The folds of `assignments`, in order; none where the split made none.
    pub(crate) fn folds(&self, assignments: &[Assignment], split: &str) -> Result<Vec<Fold>, BaselineError> {
        let index: HashMap<&str, usize> =
            self.examples.iter().enumerate().map(|(at, example)| (example.clip_id.as_str(), at)).collect();
        let mut folds: BTreeMap<u32, Fold> = BTreeMap::new();
        for row in assignments {
            let fold = folds.entry(row.fold).or_insert_with(|| Fold { number: row.fold, ..Fold::default() });
            if let Some(at) = index.get(row.clip_id.as_str()) {
                match row.role {
                    Role::Train => fold.train.push(*at),
                    Role::Validation => fold.validation.push(*at),
                    Role::Test => fold.test.push(*at),
                }
            }
        }
        let mut folds: Vec<Fold> = folds.into_values().collect();
        for fold in &mut folds {
            for (role, clips) in [("train", &fold.train), ("test", &fold.test)] {
                if clips.is_empty() {
                    return Err(BaselineError::EmptyFold { split: split.to_owned(), fold: fold.number, role });
                }
            }
            for clips in [&mut fold.train, &mut fold.validation, &mut fold.test] {
                clips.sort_unstable();
            }
        }
        Ok(folds)
    }
}

fn finite(table: &Functionals, row: usize) -> Result<Vec<f32>, BaselineError> {
    let values = table.row(row);
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values.to_vec()),
        Some(column) => Err(BaselineError::NotFinite {
            clip_id: table.clip_ids[row].clone(),
            functional: table.names[column].clone(),
            value: values[column],
        }),
    }
}
