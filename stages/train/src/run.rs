//! The stage: reads tables, trains every fold, predicts its test clips, writes.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ser_kernels::buffer::free_all;
use ser_schemas::{
    Epoch, Exposure, KEY_FINGERPRINT, KEY_LONG_CLIPS, KEY_RECIPE, Prediction, Table, frames, read_metadata,
};
use ser_stage::{Context, Outcome};
use ser_text::counted;

use crate::data::{ClipData, Dataset, FoldRoles, Item, Scaler, Scalings, WindowRows, read_folds};
use crate::error::TrainError;
use crate::exposures::exposures;
use crate::model_file::ModelConfig;
use crate::net::{Engine, Plan, TensorSpec};
use crate::params::{Params, Standardise};
use crate::threads::Threads;
use crate::training::{FoldInputs, FoldOutcome, most_probable, predict, train_fold};

/// What a train stage reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest: `clips.parquet`.
    pub manifest: &'a Path,
    /// Folder of the features: `frames.parquet`, `functionals.parquet`, perhaps `augmented.parquet`.
    pub features: &'a Path,
    /// Folder of the split: `assignments.parquet`.
    pub split: &'a Path,
    /// Name of the train stage; goes into every prediction.
    pub model: &'a str,
    /// Name of the split stage; goes into every prediction.
    pub split_name: &'a str,
}

/// What one fold leaves.
struct Trained {
    outcome: FoldOutcome,
    scalings: Scalings,
    predictions: Vec<Prediction>,
    validation: Vec<Prediction>,
}

/// What all folds share.
struct Common<'a> {
    params: &'a Params,
    inputs: &'a Inputs<'a>,
    ctx: &'a Context<'a>,
    data: &'a Dataset,
    plan: Plan,
    engine: Engine,
    threads: Threads<'a>,
    folds: &'a [FoldRoles],
    speakers: BTreeMap<String, Scalings>,
    seed: u64,
    /// A fold has failed.
    failed: AtomicBool,
}

/// Trains one model per fold of the split and predicts the fold's test clips.
///
/// Writes `fold=<k>/model.safetensors`, `fold=<k>/config.json`, and the tables `history`, `predictions`,
/// `validation_predictions` and `exposures`. Each fold is
/// checkpointed after every epoch in the context's work folder: a run that was stopped goes on from there and ends with
/// the same numbers; folds that were finished are not trained again.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, TrainError> {
    run_on(Threads::Global, params, inputs, ctx)
}

/// [`run`] on `threads`, on which its results do not depend.
pub(crate) fn run_on(
    threads: Threads<'_>,
    params: &Params,
    inputs: &Inputs<'_>,
    ctx: &Context<'_>,
) -> Result<Outcome, TrainError> {
    let assignments = read_folds(inputs.split)?;
    let wanted: HashSet<String> = assignments.iter().map(|assignment| assignment.clip_id.clone()).collect();
    let data = Dataset::read(params, inputs.manifest, inputs.features, &wanted)?;
    let folds = FoldRoles::all(&assignments, &data.index())?;
    warn_of_gaps(&data, &folds, ctx);
    let workers = threads.count().min(folds.len()).max(1);
    let engine = Engine::new(params.device)
        .map_err(|feature| TrainError::NoDevice { device: params.device.as_str(), feature })?;
    let functionals = data.functional_names.len();
    let common = Common {
        params,
        inputs,
        ctx,
        data: &data,
        plan: Plan::new(params, data.width(), functionals, data.classes.len()),
        engine,
        threads,
        folds: &folds,
        // Over all clips of each speaker, labels unused; see `Standardise::Speaker`.
        speakers: if params.standardise == Standardise::Speaker {
            Scalings::per_speaker(data.clips.iter(), data.width(), functionals)
        } else {
            BTreeMap::new()
        },
        seed: ctx.seed.wrapping_add(u64::from(params.seed_offset)),
        failed: AtomicBool::new(false),
    };
    let steps: usize = folds.iter().map(|fold| fold.train.len().div_ceil(params.batch_size.max(1))).sum();
    ctx.observer.begin("training", (steps * params.epochs) as u64, "batches");
    let trained = common.train_all(workers)?;
    free_all();
    common.write(trained)
}

impl Common<'_> {
    /// All folds, `workers` at a time; the first error stops the others after their current batch.
    fn train_all(&self, workers: usize) -> Result<Vec<Trained>, TrainError> {
        let next = AtomicUsize::new(0);
        let mut results: Vec<(usize, Result<Trained, TrainError>)> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..workers)
                .map(|_| {
                    scope.spawn(|| {
                        let mut done = Vec::new();
                        loop {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            if at >= self.folds.len() || self.failed.load(Ordering::Relaxed) {
                                return done;
                            }
                            let result = self.train_one(at);
                            if result.is_err() {
                                self.failed.store(true, Ordering::Relaxed);
                            }
                            done.push((at, result));
                        }
                    })
                })
                .collect();
            handles
                .into_iter()
                .flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        results.sort_by_key(|(at, _)| *at);
        // The fold that failed, before those that stopped because of it.
        let failure =
            results.iter().position(|(_, result)| matches!(result, Err(e) if !matches!(e, TrainError::Cancelled)));
        if let Some(at) = failure {
            return results.swap_remove(at).1.map(|fold| vec![fold]);
        }
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn train_one(&self, at: usize) -> Result<Trained, TrainError> {
        let (data, roles, plan) = (self.data, &self.folds[at], &self.plan);
        let training = roles.train.iter().map(|at| &data.clips[*at]);
        let scalings = Scalings::fit(training.clone(), plan.width, plan.functionals);
        let voices = if self.params.augment.voice > 0.0 {
            Scalings::per_speaker(training, plan.width, plan.functionals)
        } else {
            BTreeMap::new()
        };
        let scaler = Scaler::new(self.params.standardise, scalings.clone(), self.speakers.clone());
        let inputs = FoldInputs {
            params: self.params,
            data,
            roles,
            scaler: &scaler,
            voices: &voices,
            plan,
            engine: &self.engine,
            threads: self.threads,
            seed: self.seed,
            observer: self.ctx.observer,
            stop: &|| self.failed.load(Ordering::Relaxed),
            checkpoint: self.ctx.work_dir.join(format!("fold={}", roles.fold)).join("checkpoint.safetensors"),
            identity: self.identity(roles),
            label: format!("fold {} of {}", at + 1, self.folds.len()),
        };
        let outcome = train_fold(&inputs)?;
        let predictions = self.predictions(roles.fold, &roles.test, &scaler, &outcome);
        let validation = self.predictions(roles.fold, &roles.validation, &scaler, &outcome);
        Ok(Trained { outcome, scalings, predictions, validation })
    }

    /// A checkpoint is continued only by a training of the same clips with the same parameters.
    fn identity(&self, roles: &FoldRoles) -> String {
        let params = serde_json::to_string(self.params).unwrap_or_default();
        let plan = serde_json::to_string(&self.plan).unwrap_or_default();
        let (train, validation) = (roles.train.len(), roles.validation.len());
        format!("{} {} {params} {plan} {train} {validation}", self.ctx.provenance.fingerprint, self.seed)
    }

    fn predictions(&self, fold: u32, clips: &[usize], scaler: &Scaler, outcome: &FoldOutcome) -> Vec<Prediction> {
        if clips.is_empty() {
            return Vec::new();
        }
        let (data, plan) = (self.data, &self.plan);
        let clips: Vec<&ClipData> = clips.iter().map(|at| &data.clips[*at]).collect();
        let counts = clips.iter().map(|clip| clip.frames.len() / plan.width);
        let rows = WindowRows::new(counts, self.params.max_frames);
        let item = |at: usize, window: &Range<usize>| Item::plain(clips[at], window, scaler, plan.width);
        let probabilities = self.threads.run(|| predict(&self.engine, plan, &outcome.weights, &rows, item));
        let classes = data.classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(",");
        clips
            .iter()
            .zip(probabilities.chunks_exact(plan.classes))
            .map(|(clip, row)| Prediction {
                model: self.inputs.model.to_owned(),
                split: self.inputs.split_name.to_owned(),
                fold,
                clip_id: clip.clip_id.clone(),
                corpus: clip.corpus.clone(),
                speaker: clip.speaker.clone(),
                emotion: data.classes[clip.class],
                predicted: data.classes[most_probable(row)],
                probabilities: row.to_vec(),
                classes: classes.clone(),
            })
            .collect()
    }

    /// Parameters, seed, and which features they were applied to: what else than clips could make two models differ.
    fn recipe(&self) -> Result<String, TrainError> {
        let features = read_metadata(&self.inputs.features.join(frames::FILE))?.remove(KEY_FINGERPRINT);
        let params = serde_json::to_string(self.params).unwrap_or_default();
        Ok(format!("train {params} seed {} on features {}", self.seed, features.unwrap_or_default()))
    }

    /// How many clips are longer than the network hears at once, and what becomes of them; `None` where none is.
    fn long_clips(&self) -> Option<String> {
        let (data, max_frames) = (self.data, self.params.max_frames);
        let is_long = |clip: &&ClipData| max_frames > 0 && clip.frames.len() / data.width() > max_frames;
        let (count, all) = (data.clips.iter().filter(is_long).count(), data.clips.len());
        let seconds = max_frames as f64 * data.layout.hop_s;
        let are = if count == 1 { "is" } else { "are" };
        (count > 0).then(|| {
            format!(
                "{count} of {all} clips {are} longer than `max_frames` = {max_frames} ({seconds:.1} s): training hears a random stretch of {seconds:.1} s in each epoch, validation and test the mean over windows of {seconds:.1} s"
            )
        })
    }

    fn write(&self, folds: Vec<Trained>) -> Result<Outcome, TrainError> {
        let mut history: Vec<Epoch> = Vec::new();
        let (mut predictions, mut validation) = (Vec::new(), Vec::new());
        let mut uars = Vec::new();
        let parameter_count =
            self.plan.tensors().iter().filter(|tensor| tensor.is_trained()).map(TensorSpec::count).sum();
        for (roles, fold) in self.folds.iter().zip(folds) {
            let best = fold.outcome.history.iter().find(|row| row.best);
            let config = ModelConfig {
                format: ModelConfig::FORMAT,
                ser_version: env!("CARGO_PKG_VERSION").to_owned(),
                model: self.inputs.model.to_owned(),
                split: self.inputs.split_name.to_owned(),
                fold: roles.fold,
                seed: self.seed,
                epoch: best.map_or(0, |row| row.epoch),
                validation_uar: best.and_then(|row| row.validation_uar),
                classes: self.data.classes.clone(),
                params: self.params.clone(),
                network: self.plan.clone(),
                parameter_count,
                features: self.data.layout.clone(),
                columns: self.data.columns.clone(),
                functional_names: self.data.functional_names.clone(),
                standardisation: fold.scalings,
                limits: self.data.limits.clone(),
                weights_hash: None,
            };
            uars.extend(config.validation_uar);
            config.write(&self.ctx.out_dir.join(format!("fold={}", roles.fold)), &fold.outcome.weights)?;
            history.extend(fold.outcome.history);
            predictions.extend(fold.predictions);
            validation.extend(fold.validation);
        }
        let long_clips = self.long_clips();
        let told: Vec<(&str, String)> = long_clips.iter().map(|note| (KEY_LONG_CLIPS, note.clone())).collect();
        Epoch::write_with(&Epoch::file_in(self.ctx.out_dir), &history, &self.ctx.provenance, &told)?;
        let recipe = [(KEY_RECIPE, self.recipe()?)];
        for (file, rows) in [(Prediction::FILE, &predictions), (Prediction::VALIDATION.file, &validation)] {
            Prediction::write_with(&self.ctx.out_dir.join(file), rows, &self.ctx.provenance, &recipe)?;
        }
        let exposures = exposures(self.params, self.data, self.folds);
        Exposure::write_in(self.ctx.out_dir, &exposures, &self.ctx.provenance)?;
        let uar = if uars.is_empty() {
            "no validation clips: the last epoch was kept".to_owned()
        } else {
            format!("mean validation UAR {:.3}", uars.iter().sum::<f64>() / uars.len() as f64)
        };
        let folds = counted(self.folds.len(), "fold");
        Ok(Outcome {
            rows: predictions.len() as u64,
            headline: format!(
                "{folds}, {parameter_count} parameters, {uar}, {} test clips predicted",
                predictions.len()
            ),
            notes: long_clips.into_iter().collect(),
            ..Outcome::default()
        })
    }
}

/// Says which classes a fold tests without having trained on them: possible where a whole corpus is held out.
fn warn_of_gaps(data: &Dataset, folds: &[FoldRoles], ctx: &Context<'_>) {
    for roles in folds {
        let has = |clips: &[usize], class| clips.iter().any(|at| data.clips[*at].class == class);
        for (class, emotion) in data.classes.iter().enumerate() {
            if has(&roles.test, class) && !has(&roles.train, class) {
                let fold = roles.fold;
                ctx.observer.warn(&format!(
                    "fold {fold} has test clips of `{emotion}` and no training clips of it: its model never predicts `{emotion}`"
                ));
            }
        }
    }
}
