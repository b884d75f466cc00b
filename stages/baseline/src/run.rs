//! The stage: reads tables, fits every fold, predicts its clips, writes.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;
use rayon::prelude::*;

use ser_schemas::{
    Assignment, Exposure, KEY_FINGERPRINT, KEY_RECIPE, Prediction, Regularisation, Role, Table, Use, functionals,
    read_metadata,
};
use ser_stage::{Context, Outcome};

use crate::dataset::{Dataset, Fold};
use crate::error::BaselineError;
use crate::linear::Linear;
use crate::majority::shares;
use crate::params::{Model, Params, Standardise};
use crate::scaling::Scaling;

/// Probabilities are not taken for smaller than this where their logarithm is needed.
const LEAST: f64 = 1e-12;

/// What a baseline stage reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest: `clips.parquet`.
    pub manifest: &'a Path,
    /// Folder of the features: `functionals.parquet`. The majority class does without.
    pub features: Option<&'a Path>,
    /// Folder of the split: `assignments.parquet`.
    pub split: &'a Path,
    /// Name of the baseline stage; goes into every prediction.
    pub model: &'a str,
    /// Name of the split stage; goes into every prediction.
    pub split_name: &'a str,
}

/// What one fold leaves.
#[derive(Default)]
struct Fitted {
    test: Vec<Prediction>,
    validation: Vec<Prediction>,
    exposures: Vec<Exposure>,
    tried: Vec<Regularisation>,
}

/// What all folds share.
struct Common<'a> {
    params: &'a Params,
    inputs: &'a Inputs<'a>,
    data: &'a Dataset,
    /// Of each speaker over all clips, labels unused; empty unless asked for.
    speakers: BTreeMap<&'a str, Scaling>,
}

/// Fits one model per fold of the split and predicts the fold's test and validation clips.
///
/// Writes `predictions`, `validation_predictions`, `exposures` and `regularisation`. Nothing is random.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, BaselineError> {
    let linear = params.model == Model::Linear;
    let features = if linear { Some(inputs.features.ok_or(BaselineError::NoFeaturesStage)?) } else { None };
    let assignments = Assignment::read_in(inputs.split)?;
    let data = Dataset::read(inputs.manifest, features, &assignments)?;
    let folds = data.folds(&assignments, inputs.split_name)?;
    let speakers = if linear && params.standardise == Standardise::Speaker {
        Scaling::per_speaker(data.examples.iter(), data.width)
    } else {
        BTreeMap::new()
    };
    let common = Common { params, inputs, data: &data, speakers };
    ctx.observer.begin("fitting", folds.len() as u64, "folds");
    let fitted: Vec<Fitted> = folds
        .par_iter()
        .map(|fold| {
            if ctx.observer.is_cancelled() {
                return Err(BaselineError::Cancelled);
            }
            let fitted = common.fit(fold);
            ctx.observer.advance(1);
            fitted
        })
        .collect::<Result<_, _>>()?;

    let mut all = Fitted::default();
    for fold in fitted {
        all.test.extend(fold.test);
        all.validation.extend(fold.validation);
        all.exposures.extend(fold.exposures);
        all.tried.extend(fold.tried);
    }
    let recipe = [(KEY_RECIPE, recipe(params, features)?)];
    let dir = ctx.out_dir;
    Prediction::write_with(&Prediction::file_in(dir), &all.test, &ctx.provenance, &recipe)?;
    Prediction::write_with(&dir.join(Prediction::VALIDATION.file), &all.validation, &ctx.provenance, &recipe)?;
    Exposure::write_in(dir, &all.exposures, &ctx.provenance)?;
    Regularisation::write_in(dir, &all.tried, &ctx.provenance)?;
    Ok(summarise(params, &data, folds.len(), &all))
}

/// Parameters, and which features they were applied to: what else could make two models differ.
fn recipe(params: &Params, features: Option<&Path>) -> Result<String, BaselineError> {
    let features = match features {
        Some(folder) => read_metadata(&folder.join(functionals::FILE))?.remove(KEY_FINGERPRINT),
        None => None,
    };
    let params = match params.model {
        Model::Majority => "majority".to_owned(),
        Model::Linear => serde_json::to_string(params).unwrap_or_default(),
    };
    Ok(format!("baseline {params} on features {}", features.unwrap_or_default()))
}

impl Common<'_> {
    fn fit(&self, fold: &Fold) -> Result<Fitted, BaselineError> {
        let classes = self.data.classes.len();
        let mut fitted = Fitted::default();
        self.expose(&mut fitted, fold, &fold.train, Use::Weights);
        let trained = |at: &usize| self.data.examples[*at].class;
        let several = fold.train.iter().map(trained).min() != fold.train.iter().map(trained).max();
        if self.params.model == Model::Majority || !several {
            let shares = shares(fold.train.iter().map(trained), classes);
            let rows = |clips: &[usize]| Array2::from_shape_fn((clips.len(), classes), |(_, class)| shares[class]);
            fitted.test = self.predictions(fold, &fold.test, &rows(&fold.test));
            fitted.validation = self.predictions(fold, &fold.validation, &rows(&fold.validation));
            return Ok(fitted);
        }

        let training = Scaling::fit(fold.train.iter().map(|at| &self.data.examples[*at]), self.data.width);
        match self.params.standardise {
            Standardise::Train => self.expose(&mut fitted, fold, &fold.train, Use::Standardisation),
            Standardise::Speaker => {
                for clips in [&fold.train, &fold.validation, &fold.test] {
                    self.expose(&mut fitted, fold, clips, Use::SpeakerStandardisation);
                }
            }
        }
        let model = self.choose(&mut fitted, fold, &training)?;
        fitted.test = self.predictions(fold, &fold.test, &model.probabilities(&self.matrix(&fold.test, &training)));
        let validation = model.probabilities(&self.matrix(&fold.validation, &training));
        fitted.validation = self.predictions(fold, &fold.validation, &validation);
        Ok(fitted)
    }

    /// The model of the strength that does best on the validation clips.
    fn choose(&self, fitted: &mut Fitted, fold: &Fold, training: &Scaling) -> Result<Linear, BaselineError> {
        let mut strengths = self.params.l2.clone();
        strengths.sort_by(|a, b| b.total_cmp(a));
        strengths.dedup();
        if fold.validation.is_empty() {
            strengths = strengths.get(strengths.len() / 2).copied().into_iter().collect();
        }
        let classes = self.data.classes.len();
        let truth = |clips: &[usize]| -> Vec<usize> { clips.iter().map(|at| self.data.examples[*at].class).collect() };
        let (rows, targets) = (self.matrix(&fold.train, training), truth(&fold.train));
        let (held, held_truth) = (self.matrix(&fold.validation, training), truth(&fold.validation));
        let mut best: Option<(f64, usize, Linear)> = None;
        let mut last: Option<Linear> = None;
        for (place, l2) in strengths.iter().enumerate() {
            let model = Linear::fit(&rows, &targets, classes, *l2, self.params.max_iterations, last.as_ref())
                .map_err(|problem| BaselineError::NotFitted { fold: fold.number, l2: *l2, problem })?;
            let score = score(&model.probabilities(&held), &held_truth);
            fitted.tried.push(Regularisation {
                fold: fold.number,
                l2: *l2,
                validation_uar: score.map(|(uar, _)| uar),
                validation_loss: score.map(|(_, loss)| loss),
                chosen: false,
            });
            let uar = score.map_or(0.0, |(uar, _)| uar);
            if best.as_ref().is_none_or(|(highest, _, _)| uar > *highest) {
                best = Some((uar, place, model.clone()));
            }
            last = Some(model);
        }
        if strengths.len() > 1 {
            self.expose(fitted, fold, &fold.validation, Use::Selection);
        }
        let (_, place, model) = best.ok_or(BaselineError::NoStrengths)?;
        fitted.tried[place].chosen = true;
        Ok(model)
    }

    /// The scaled functionals of some clips, one row each.
    fn matrix(&self, clips: &[usize], training: &Scaling) -> Array2<f64> {
        let mut matrix = Array2::zeros((clips.len(), self.data.width));
        for (mut row, at) in matrix.rows_mut().into_iter().zip(clips) {
            let example = &self.data.examples[*at];
            let scaling = self.speakers.get(example.speaker.as_str()).unwrap_or(training);
            row.iter_mut().zip(scaling.apply(&example.values)).for_each(|(cell, value)| *cell = value);
        }
        matrix
    }

    fn expose(&self, fitted: &mut Fitted, fold: &Fold, clips: &[usize], used_for: Use) {
        fitted.exposures.extend(clips.iter().map(|at| Exposure {
            fold: fold.number,
            clip_id: self.data.examples[*at].clip_id.clone(),
            used_for,
        }));
    }

    fn predictions(&self, fold: &Fold, clips: &[usize], probabilities: &Array2<f64>) -> Vec<Prediction> {
        let classes = self.data.classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(",");
        clips
            .iter()
            .zip(probabilities.rows())
            .map(|(at, row)| {
                let example = &self.data.examples[*at];
                let row = row.to_vec();
                Prediction {
                    model: self.inputs.model.to_owned(),
                    split: self.inputs.split_name.to_owned(),
                    fold: fold.number,
                    clip_id: example.clip_id.clone(),
                    corpus: example.corpus.clone(),
                    speaker: example.speaker.clone(),
                    emotion: self.data.classes[example.class],
                    predicted: self.data.classes[most_probable(&row)],
                    probabilities: row.iter().map(|value| *value as f32).collect(),
                    classes: classes.clone(),
                }
            })
            .collect()
    }
}

/// Unweighted average recall and mean cross-entropy; `None` without clips.
fn score(probabilities: &Array2<f64>, truth: &[usize]) -> Option<(f64, f64)> {
    let classes = probabilities.ncols();
    let (mut hits, mut support, mut loss) = (vec![0_u64; classes], vec![0_u64; classes], 0.0);
    for (row, class) in probabilities.rows().into_iter().zip(truth) {
        support[*class] += 1;
        hits[*class] += u64::from(most_probable(&row.to_vec()) == *class);
        loss -= row[*class].max(LEAST).ln();
    }
    let recalls: Vec<f64> = hits
        .iter()
        .zip(&support)
        .filter(|(_, support)| **support > 0)
        .map(|(hits, support)| *hits as f64 / *support as f64)
        .collect();
    (!truth.is_empty()).then(|| (recalls.iter().sum::<f64>() / recalls.len() as f64, loss / truth.len() as f64))
}

/// Position of the highest value, the first of equals.
fn most_probable(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best })
}

fn summarise(params: &Params, data: &Dataset, folds: usize, all: &Fitted) -> Outcome {
    if folds == 0 {
        let headline = "the split has no folds: nothing is predicted".to_owned();
        return Outcome { rows: 0, headline, ..Outcome::default() };
    }
    let folds = ser_text::counted(folds, "fold");
    let what = match params.model {
        Model::Majority => "most frequent emotion".to_owned(),
        Model::Linear => {
            let chosen: Vec<&Regularisation> = all.tried.iter().filter(|row| row.chosen).collect();
            let uars: Vec<f64> = chosen.iter().filter_map(|row| row.validation_uar).collect();
            let uar = if uars.is_empty() {
                "no validation clips".to_owned()
            } else {
                format!("mean validation UAR {:.3}", uars.iter().sum::<f64>() / uars.len() as f64)
            };
            format!("{} functionals, {uar}", data.width)
        }
    };
    let tested = all.test.len();
    let headline = format!("{folds}, {what}, {tested} {} clips predicted", Role::Test);
    Outcome { rows: tested as u64, headline, ..Outcome::default() }
}
