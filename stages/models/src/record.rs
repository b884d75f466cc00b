//! Clips that a model was shown, its answers, and the tables made of both.

use std::path::Path;

use ser_schemas::{
    Exposure, Model, Prediction, Provenance, Role, StandardisationTrial, Table, TableResult, Use, frames, functionals,
    identity,
};

use crate::{Dataset, Fold, ModelsError, Trial, most_probable};

/// Clips that the model of one fold was shown, and its answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoldRecord {
    /// Each use of clips, as positions in the dataset.
    pub uses: Vec<(Use, Vec<usize>)>,
    /// Probability of each class for each test clip of the fold, clip after clip.
    pub test: Vec<f64>,
    /// The same for its validation clips.
    pub validation: Vec<f64>,
    /// Trials of a model that is standardised per speaker, each with the probability of each class for each clip that is
    /// predicted in it, in the order of [`Trial::predicted`].
    pub trials: Vec<(Trial, Vec<f64>)>,
}

impl FoldRecord {
    /// Notes that `clips` were used for something.
    pub fn used(&mut self, used_for: Use, clips: &[usize]) {
        self.uses.push((used_for, clips.to_vec()));
    }
}

/// Writes the tables that every model leaves into the folder `out_dir`: `predictions`, `validation_predictions`,
/// `standardisation_trials` and `exposures` of `records`, and `about` as the row of `models`. Records are in the order of the
/// folds of `dataset`: one for each, or as many for each, one after another, as fits were made that differ only in their seed.
/// The number of predicted test clips.
pub fn write(
    about: &Model,
    dataset: &Dataset,
    records: &[FoldRecord],
    out_dir: &Path,
    provenance: &Provenance,
) -> Result<usize, ModelsError> {
    let (mut test, mut validation, mut exposures, mut trials) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let seeds = (records.len() / dataset.folds.len().max(1)).max(1);
    for (fold, records) in dataset.folds.iter().zip(records.chunks(seeds)) {
        for (record, number) in records.iter().zip(0..) {
            let seed = (seeds > 1).then_some(number);
            test.extend(predictions(about, dataset, fold, seed, Role::Test, &record.test)?);
            validation.extend(predictions(about, dataset, fold, seed, Role::Validation, &record.validation)?);
            for (trial, probabilities) in &record.trials {
                trials.extend(tried(about, dataset, fold, seed, trial, probabilities)?);
            }
        }
        // What one seed was shown, all were.
        let mut uses: Vec<&(Use, Vec<usize>)> = Vec::new();
        for used in records.iter().flat_map(|record| &record.uses) {
            if seeds == 1 || !uses.contains(&used) {
                uses.push(used);
            }
        }
        for (used_for, clips) in uses {
            exposures.extend(clips.iter().map(|at| Exposure {
                fold: fold.number,
                clip_id: dataset.clips[*at].clip_id.clone(),
                used_for: *used_for,
            }));
        }
    }
    Prediction::write_in(out_dir, &test, provenance)?;
    Prediction::write(&out_dir.join(Prediction::VALIDATION.file), &validation, provenance)?;
    StandardisationTrial::write_in(out_dir, &trials, provenance)?;
    Exposure::write_in(out_dir, &exposures, provenance)?;
    Model::write_in(out_dir, std::slice::from_ref(about), provenance)?;
    Ok(test.len() / seeds)
}

fn predictions<'a>(
    about: &'a Model,
    dataset: &'a Dataset,
    fold: &'a Fold,
    seed: Option<u32>,
    role: Role,
    probabilities: &'a [f64],
) -> Result<impl Iterator<Item = Prediction> + 'a, ModelsError> {
    let clips = if role == Role::Test { &fold.test } else { &fold.validation };
    let (expected, found) = (clips.len() * dataset.classes.len(), probabilities.len());
    if expected != found {
        return Err(ModelsError::WrongCount { fold: fold.number, role, expected, found });
    }
    let classes = dataset.classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(",");
    Ok(clips.iter().zip(probabilities.chunks_exact(dataset.classes.len().max(1))).map(move |(at, row)| {
        let clip = &dataset.clips[*at];
        Prediction {
            model: about.model.clone(),
            split: about.split.clone(),
            fold: fold.number,
            seed,
            clip_id: clip.clip_id.clone(),
            corpus: clip.corpus.clone(),
            speaker: clip.speaker.clone(),
            emotion: dataset.classes[clip.class],
            predicted: dataset.classes[most_probable(row)],
            probabilities: row.iter().map(|value| *value as f32).collect(),
            classes: classes.clone(),
        }
    }))
}

fn tried(
    about: &Model,
    dataset: &Dataset,
    fold: &Fold,
    seed: Option<u32>,
    trial: &Trial,
    probabilities: &[f64],
) -> Result<Vec<StandardisationTrial>, ModelsError> {
    let clips: Vec<(usize, usize)> = trial.predicted().collect();
    let (expected, found) = (clips.len() * dataset.classes.len(), probabilities.len());
    if expected != found {
        return Err(ModelsError::WrongTrial { fold: fold.number, statistics: trial.statistics, expected, found });
    }
    let row = |((group, at), row): ((usize, usize), &[f64])| {
        let clip = &dataset.clips[at];
        StandardisationTrial {
            model: about.model.clone(),
            split: about.split.clone(),
            fold: fold.number,
            seed,
            clip_id: clip.clip_id.clone(),
            statistics: trial.statistics,
            clips: trial.clips,
            dominant: trial.groups[group].dominant.map(|class| dataset.classes[class]),
            kept: trial.kept,
            repetition: trial.repetition,
            emotion: dataset.classes[clip.class],
            predicted: dataset.classes[most_probable(row)],
        }
    };
    Ok(clips.into_iter().zip(probabilities.chunks_exact(dataset.classes.len().max(1))).map(row).collect())
}

/// The recipe of a model made as `how` says: with which features it was made, if any, decides its answers too.
/// `features` is the folder of the stage that wrote them.
pub fn recipe(how: &str, features: Option<&Path>) -> TableResult<String> {
    let Some(dir) = features else { return Ok(how.to_owned()) };
    let made_by = identity(dir, &[frames::FOLDER, frames::AUGMENTED, functionals::FOLDER])?;
    Ok(format!("{how} on features {made_by}"))
}
