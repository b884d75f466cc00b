//! The stage: reads tables, fits every fold, predicts its clips, writes.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;
use rayon::prelude::*;

use ser_models::{
    Dataset, Fold, FoldRecord, LabelledClip, Score, SpeakerPrior, Trial, headline, mean_validation_uar, recipe, trials,
};
use ser_schemas::frames::{self, FrameLayout, read_layout};
use ser_schemas::functionals::Functionals;
use ser_schemas::{Clip, Family, Imported, KEY_LIMITS, Regularisation, Standardisation, Table, Use, read_metadata};
use ser_stage::{Context, Outcome, suggest};

use crate::error::BaselineError;
use crate::linear::Linear;
use crate::majority::shares;
use crate::model_file::LinearModel;
use crate::params::{Model, Params, Standardise};
use crate::rows::Scaled;
use crate::scaling::Scaling;

/// Probabilities are not taken for smaller than this where their logarithm is needed.
const LEAST: f64 = 1e-12;

/// Inputs of a baseline stage.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest: `clips.parquet`.
    pub manifest: &'a Path,
    /// Folder of the features: table `functionals`. The majority class does without.
    pub features: Option<&'a Path>,
    /// Folder of the split: `assignments.parquet`.
    pub split: &'a Path,
    /// Name of the baseline stage; goes into every prediction.
    pub model: &'a str,
    /// Name of the split stage; goes into every prediction.
    pub split_name: &'a str,
}

/// Result of one fold.
#[derive(Default)]
struct Fitted {
    record: FoldRecord,
    tried: Vec<Regularisation>,
    /// `None` of the majority class.
    model: Option<LinearModel>,
}

/// Data that all folds share.
struct Common<'a> {
    params: &'a Params,
    inputs: &'a Inputs<'a>,
    data: &'a Dataset,
    /// One row per clip; `None` for the majority class.
    functionals: Option<&'a Functionals>,
    /// Of each speaker over all clips, labels unused, with the number of these; empty unless asked for.
    speakers: BTreeMap<&'a str, (Scaling, usize)>,
    /// What tells how the features were made; `None` where nothing does.
    layout: Option<FrameLayout>,
    /// Limits of the manifest, as it wrote them; `None` for manifests of before.
    limits: Option<serde_json::Value>,
}

/// Fits one model per fold of the split and predicts the fold's test and validation clips.
///
/// Writes the tables that every model leaves ([`ser_models::write`]), `regularisation`, and the linear models. Nothing is
/// random.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, BaselineError> {
    let features = match params.model {
        Model::Majority => None,
        Model::Linear => Some(inputs.features.ok_or(BaselineError::NoFeaturesStage)?),
    };
    let mut data = Dataset::read(inputs.manifest, inputs.split)?;
    data.train_on(&params.train_corpora, suggest::advice)?;
    let functionals = match features {
        None => None,
        Some(features) => Some(data.functionals(features)?.ok_or(BaselineError::NoFunctionals)?),
    };
    data.gaps().iter().for_each(|gap| ctx.observer.warn(gap));
    let speakers = match &functionals {
        Some(table) if params.standardise == Standardise::Speaker => {
            let clips = data.clips.iter().enumerate().map(|(at, clip)| (clip.speaker.as_str(), table.row(at)));
            let of = |(name, scaling)| (name, (scaling, data.clips.iter().filter(|clip| clip.speaker == name).count()));
            Scaling::per_group(clips, table.names.len()).into_iter().map(of).collect()
        }
        _ => BTreeMap::new(),
    };
    let layout = features.map(|features| features.join(frames::FOLDER)).filter(|path| path.exists());
    let layout = layout.map(|path| read_layout(&path)).transpose()?;
    let limits = read_metadata(&Clip::file_in(inputs.manifest))?.remove(KEY_LIMITS);
    let limits = limits.and_then(|text| serde_json::from_str(&text).ok());
    let common = Common { params, inputs, data: &data, functionals: functionals.as_ref(), speakers, layout, limits };
    ctx.observer.begin("fitting", data.folds.len() as u64, "folds");
    let fitted: Vec<Fitted> = data
        .folds
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

    let (mut records, mut tried) = (Vec::new(), Vec::new());
    for fold in fitted {
        records.push(fold.record);
        tried.extend(fold.tried);
        fold.model.map(|model| model.write_in(ctx.out_dir)).transpose()?;
    }
    let about = common.about(features)?;
    let tested = ser_models::write(&about, &data, &records, ctx.out_dir, &ctx.provenance)?;
    Regularisation::write_in(ctx.out_dir, &tried, &ctx.provenance)?;
    let what = match &functionals {
        None => "most frequent emotion".to_owned(),
        Some(table) => {
            let uars: Vec<f64> = tried.iter().filter(|row| row.chosen).filter_map(|row| row.validation_uar).collect();
            format!("{} functionals, {}", table.names.len(), mean_validation_uar(&uars))
        }
    };
    let headline = headline(data.folds.len(), &what, tested);
    Ok(Outcome { rows: tested as u64, headline, ..Outcome::default() })
}

impl Common<'_> {
    fn about(&self, features: Option<&Path>) -> Result<ser_schemas::Model, BaselineError> {
        let about = ser_schemas::Model {
            model: self.inputs.model.to_owned(),
            split: self.inputs.split_name.to_owned(),
            protocol: self.data.protocol.clone(),
            held_out: self.data.held_out.clone(),
            family: Family::Constant,
            baseline: true,
            description: "The most frequent emotion of the training clips, whatever the recording.".to_owned(),
            standardisation: Some(Standardisation::None),
            settings: Some(trained_on(&self.params.train_corpora)).filter(|corpora| !corpora.is_empty()),
            recipe: "majority".to_owned(),
            ..ser_schemas::Model::default()
        };
        let (Some(table), Some(features)) = (self.functionals, features) else { return Ok(about) };
        // Trials change no answer, and a prior none but of models standardised per speaker.
        let Params { speaker_prior_clips, standardisation_trials, .. } = Params::default();
        let is_per_speaker = self.params.standardise == Standardise::Speaker;
        let speaker_prior_clips = if is_per_speaker { self.params.speaker_prior_clips } else { speaker_prior_clips };
        let params = Params { speaker_prior_clips, standardisation_trials, ..self.params.clone() };
        let params = serde_json::to_string(&params).unwrap_or_default();
        let imported = self.layout.as_ref().and_then(|layout| Imported::of(&layout.params));
        Ok(ser_schemas::Model {
            family: Family::Linear,
            description: match &imported {
                None => "A linear model: multinomial logistic regression on the functionals of a clip.".to_owned(),
                Some(imported) => format!(
                    "A linear model: multinomial logistic regression on functionals of a clip that were computed elsewhere ({}).",
                    imported.file
                ),
            },
            settings: Some(self.settings()),
            inputs: "functionals".to_owned(),
            parameter_count: Some(((table.names.len() + 1) * self.data.classes.len()) as u64),
            standardisation: Some(match self.params.standardise {
                Standardise::Train => Standardisation::TrainingClips,
                Standardise::Corpus => Standardisation::Corpus,
                Standardise::Speaker => Standardisation::Speaker,
            }),
            uses_test_speakers: match self.params.standardise {
                Standardise::Train => false,
                Standardise::Corpus => self.data.folds.iter().any(|fold| !self.data.unheard(fold).is_empty()),
                Standardise::Speaker => true,
            },
            recipe: recipe(&format!("linear {params}"), Some(features))?,
            imported: imported.map(|imported| imported.to_string()),
            ..about
        })
    }

    /// Settings of a linear model.
    fn settings(&self) -> String {
        let l2 = self.params.l2.iter().map(f64::to_string).collect::<Vec<_>>().join(" + ");
        let corpora = trained_on(&self.params.train_corpora);
        format!(
            "L2 penalties {l2}, at most {} steps{}{}{corpora}",
            self.params.max_iterations,
            self.params.speaker_prior().told().unwrap_or_default(),
            if corpora.is_empty() { "" } else { ", " },
        )
    }

    fn fit(&self, fold: &Fold) -> Result<Fitted, BaselineError> {
        let classes = self.data.classes.len();
        let mut fitted = Fitted::default();
        fitted.record.used(Use::Weights, &fold.train);
        let trained = self.data.truth(&fold.train);
        let several = trained.iter().min() != trained.iter().max();
        let Some(table) = self.functionals.filter(|_| several) else {
            let shares = shares(trained.into_iter(), classes);
            fitted.record.test = shares.repeat(fold.test.len());
            fitted.record.validation = shares.repeat(fold.validation.len());
            fitted.model = self.functionals.map(|table| {
                let intercepts = shares.iter().map(|share| (*share > 0.0).then(|| share.ln())).collect();
                let (training, corpora) = (training(fold, table), self.training_corpora(fold, table));
                self.kept(fold, table, training, corpora, vec![vec![0.0; table.names.len()]; classes], intercepts)
            });
            return Ok(fitted);
        };

        let (training, corpora) = (training(fold, table), self.training_corpora(fold, table));
        let prior = self.params.speaker_prior();
        let speakers = self.speakers.iter();
        let mut groups: BTreeMap<&str, Scaling> =
            speakers.map(|(name, (own, clips))| (*name, own.blended(&training, *clips, prior))).collect();
        match self.params.standardise {
            Standardise::Train => fitted.record.used(Use::Standardisation, &fold.train),
            Standardise::Corpus => {
                let unheard = self.data.unheard(fold);
                groups = self.per_corpus(&unheard, table);
                groups.extend(corpora.clone());
                fitted.record.used(Use::Standardisation, &fold.train);
                fitted.record.used(Use::CorpusStandardisation, &unheard);
            }
            Standardise::Speaker => {
                if prior.blends() {
                    fitted.record.used(Use::Standardisation, &fold.train);
                }
                for clips in [&fold.train, &fold.validation, &fold.test] {
                    fitted.record.used(Use::SpeakerStandardisation, clips);
                }
            }
        }
        let matrix = |clips: &[usize]| self.matrix(table, clips, &training, &groups);
        let model = self.choose(&mut fitted, fold, &matrix)?;
        fitted.record.test = flat(&model.probabilities(&matrix(&fold.test)));
        fitted.record.validation = flat(&model.probabilities(&matrix(&fold.validation)));
        if self.params.standardise == Standardise::Speaker {
            let trials = trials(self.data, fold, self.params.standardisation_trials).into_iter();
            fitted.record.trials = trials.map(|trial| tried(table, trial, &training, prior, &model)).collect();
        }
        let (weights, intercepts) = model.coefficients();
        fitted.model = Some(self.kept(fold, table, training, corpora, weights, intercepts));
        Ok(fitted)
    }

    /// Scaling by the training clips of each corpus, where these are standardised by.
    fn training_corpora(&self, fold: &Fold, table: &Functionals) -> BTreeMap<&str, Scaling> {
        match self.params.standardise {
            Standardise::Corpus => self.per_corpus(&fold.train, table),
            Standardise::Train | Standardise::Speaker => BTreeMap::new(),
        }
    }

    fn per_corpus(&self, clips: &[usize], table: &Functionals) -> BTreeMap<&str, Scaling> {
        let clips = clips.iter().map(|at| (self.data.clips[*at].corpus.as_str(), table.row(*at)));
        Scaling::per_group(clips, table.names.len())
    }

    fn kept(
        &self,
        fold: &Fold,
        table: &Functionals,
        standardisation: Scaling,
        corpora: BTreeMap<&str, Scaling>,
        weights: Vec<Vec<f64>>,
        intercepts: Vec<Option<f64>>,
    ) -> LinearModel {
        LinearModel {
            format: LinearModel::FORMAT,
            ser_version: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.inputs.model.to_owned(),
            split: self.inputs.split_name.to_owned(),
            fold: fold.number,
            classes: self.data.classes.clone(),
            standardise: self.params.standardise,
            speaker_prior_clips: self.params.speaker_prior().clips(),
            feature_params: self.layout.as_ref().map(|layout| layout.params.clone()),
            sample_rate_hz: self.layout.as_ref().map(|layout| layout.sample_rate_hz).filter(|rate| *rate > 0),
            functional_names: table.names.clone(),
            standardisation,
            corpora: corpora.into_iter().map(|(corpus, scaling)| (corpus.to_owned(), scaling)).collect(),
            weights,
            intercepts,
            limits: self.limits.clone(),
            description_hash: None,
        }
    }

    /// The model of the strength that does best on the validation clips; `matrix` has the rows of clips.
    fn choose<'m>(
        &self,
        fitted: &mut Fitted,
        fold: &Fold,
        matrix: &dyn Fn(&[usize]) -> Scaled<'m>,
    ) -> Result<Linear, BaselineError> {
        let mut strengths = self.params.l2.clone();
        strengths.sort_by(|a, b| b.total_cmp(a));
        strengths.dedup();
        if fold.validation.is_empty() {
            strengths = strengths.get(strengths.len() / 2).copied().into_iter().collect();
        }
        let classes = self.data.classes.len();
        let (rows, targets) = (matrix(&fold.train), self.data.truth(&fold.train));
        let (held, held_truth) = (matrix(&fold.validation), self.data.truth(&fold.validation));
        let mut best: Option<(f64, usize, Linear)> = None;
        let mut last: Option<Linear> = None;
        for (place, l2) in strengths.iter().enumerate() {
            let model = Linear::fit(&rows, &targets, classes, *l2, self.params.max_iterations, last.as_ref())
                .map_err(|problem| BaselineError::NotFitted { fold: fold.number, l2: *l2, problem })?;
            let score = Score::of(&flat(&model.probabilities(&held)), &held_truth, classes, LEAST);
            fitted.tried.push(Regularisation {
                fold: fold.number,
                l2: *l2,
                validation_uar: score.map(|score| score.uar),
                validation_loss: score.map(|score| score.loss),
                chosen: false,
            });
            let uar = score.map_or(0.0, |score| score.uar);
            if best.as_ref().is_none_or(|(highest, _, _)| uar > *highest) {
                best = Some((uar, place, model.clone()));
            }
            last = Some(model);
        }
        if strengths.len() > 1 {
            fitted.record.used(Use::Selection, &fold.validation);
        }
        let (_, place, model) = best.ok_or(BaselineError::NoStrengths)?;
        fitted.tried[place].chosen = true;
        Ok(model)
    }

    /// The scaled functionals of some clips, one row each: by their speaker or corpus in `groups`, others by `training`.
    fn matrix<'a>(
        &self,
        table: &'a Functionals,
        clips: &[usize],
        training: &'a Scaling,
        groups: &'a BTreeMap<&str, Scaling>,
    ) -> Scaled<'a> {
        let scaling = |at: usize| {
            let LabelledClip { corpus, speaker, .. } = &self.data.clips[at];
            let group = if self.params.standardise == Standardise::Corpus { corpus } else { speaker };
            groups.get(group.as_str()).unwrap_or(training)
        };
        Scaled::new(table, clips.iter().map(|at| (*at, scaling(*at))).collect())
    }
}

/// A trial of `model`, with its probabilities.
fn tried(
    table: &Functionals,
    trial: Trial,
    training: &Scaling,
    prior: SpeakerPrior,
    model: &Linear,
) -> (Trial, Vec<f64>) {
    let own = |over: &[usize]| Scaling::fit(over.iter().map(|at| table.row(*at)), table.names.len());
    let scaling = |over: &Vec<usize>| match over.len() {
        0 => training.clone(),
        clips => own(over).blended(training, clips, prior),
    };
    let scalings: Vec<Scaling> = trial.groups.iter().map(|group| scaling(&group.over)).collect();
    let clips: Vec<(usize, &Scaling)> = trial.predicted().map(|(group, at)| (at, &scalings[group])).collect();
    let probabilities = flat(&model.probabilities(&Scaled::new(table, clips)));
    (trial, probabilities)
}

/// Scaling by the fold's training clips.
fn training(fold: &Fold, table: &Functionals) -> Scaling {
    Scaling::fit(fold.train.iter().map(|at| table.row(*at)), table.names.len())
}

/// The corpora that alone are trained on, in words; empty where all are.
fn trained_on(corpora: &[String]) -> String {
    if corpora.is_empty() { String::new() } else { format!("trained on {}", corpora.join(" + ")) }
}

/// Row after row.
fn flat(rows: &Array2<f64>) -> Vec<f64> {
    rows.iter().copied().collect()
}
