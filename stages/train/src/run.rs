//! The stage: reads tables, trains every fold, predicts its test clips, writes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ser_kernels::buffer::free_all;
use ser_models::{Fold, FoldRecord, headline, mean_validation_uar, recipe};
use ser_schemas::{Assignment, Epoch, Family, Model, Standardisation, Table, frames};
use ser_stage::{Context, Outcome};

use crate::data::{ClipData, Dataset, Item, Scaler, Scalings, WindowRows};
use crate::description::{described, settings};
use crate::engine::Engine;
use crate::error::TrainError;
use crate::exposures::uses;
use crate::model_file::ModelConfig;
use crate::networks::Sizes;
use crate::params::{Params, Standardise};
use crate::threads::Threads;
use crate::training::{FoldInputs, FoldOutcome, predict, train_fold};
use crate::weights::{TensorSpec, Weights};

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
    record: FoldRecord,
}

/// What all folds share.
struct Common<'a> {
    params: &'a Params,
    inputs: &'a Inputs<'a>,
    ctx: &'a Context<'a>,
    data: &'a Dataset,
    sizes: Sizes,
    /// The network's parameters.
    specs: Vec<TensorSpec>,
    engine: Engine,
    threads: Threads<'a>,
    folds: &'a [Fold],
    speakers: BTreeMap<String, Scalings>,
    seed: u64,
    /// A fold has failed.
    failed: AtomicBool,
}

/// Trains one model per fold of the split and predicts the fold's test clips.
///
/// Writes `fold=<k>/model.safetensors`, `fold=<k>/config.json`, the tables that every model leaves ([`ser_models::write`])
/// and `history`. Each fold is checkpointed after every epoch in the context's work folder: a run that was stopped goes on
/// from there and ends with the same numbers; folds that were finished are not trained again.
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
    let split = ser_models::Dataset::read(inputs.manifest, inputs.split)?;
    if split.folds.is_empty() {
        return Err(TrainError::NoFolds { path: Assignment::file_in(inputs.split) });
    }
    let data = Dataset::read(params, inputs.manifest, inputs.features, split)?;
    data.split.gaps().iter().for_each(|gap| ctx.observer.warn(gap));
    let folds = &data.split.folds;
    let workers = threads.count().min(folds.len()).max(1);
    let engine = Engine::new(params.device, params.kernels)
        .map_err(|feature| TrainError::NoDevice { device: params.device.as_str(), feature })?;
    let functionals = data.functional_names.len();
    let sizes = Sizes { width: data.width(), functionals, classes: data.split.classes.len() };
    let common = Common {
        params,
        inputs,
        ctx,
        data: &data,
        sizes,
        specs: Weights::specs(&params.model, sizes),
        engine,
        threads,
        folds,
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
        let (data, roles, sizes) = (self.data, &self.folds[at], self.sizes);
        let training = roles.train.iter().map(|at| &data.clips[*at]);
        let scalings = Scalings::fit(training.clone(), sizes.width, sizes.functionals);
        let voices = if self.params.augment.voice > 0.0 {
            Scalings::per_speaker(training, sizes.width, sizes.functionals)
        } else {
            BTreeMap::new()
        };
        let hears = self.params.model.architecture().hears();
        let scaler = Scaler::new(self.params.standardise, hears, scalings.clone(), self.speakers.clone());
        let inputs = FoldInputs {
            params: self.params,
            data,
            roles,
            scaler: &scaler,
            voices: &voices,
            sizes,
            specs: &self.specs,
            engine: &self.engine,
            threads: self.threads,
            seed: self.seed,
            observer: self.ctx.observer,
            stop: &|| self.failed.load(Ordering::Relaxed),
            checkpoint: self.ctx.work_dir.join(format!("fold={}", roles.number)).join("checkpoint.safetensors"),
            identity: self.identity(roles),
            label: format!("fold {} ({} of {})", self.folds[at].number, at + 1, self.folds.len()),
        };
        let outcome = train_fold(&inputs)?;
        let record = FoldRecord {
            uses: uses(self.params, roles),
            test: self.probabilities(&roles.test, &scaler, &outcome),
            validation: self.probabilities(&roles.validation, &scaler, &outcome),
        };
        Ok(Trained { outcome, scalings, record })
    }

    /// A checkpoint is continued only by a training of the same clips with the same parameters.
    fn identity(&self, roles: &Fold) -> String {
        let params = serde_json::to_string(self.params).unwrap_or_default();
        let sizes = serde_json::to_string(&self.sizes).unwrap_or_default();
        let (train, validation) = (roles.train.len(), roles.validation.len());
        format!("{} {} {params} {sizes} {train} {validation}", self.ctx.provenance.fingerprint, self.seed)
    }

    /// Of each class for each of `clips`.
    fn probabilities(&self, clips: &[usize], scaler: &Scaler, outcome: &FoldOutcome) -> Vec<f64> {
        if clips.is_empty() {
            return Vec::new();
        }
        let (data, sizes) = (self.data, self.sizes);
        let clips: Vec<&ClipData> = clips.iter().map(|at| &data.clips[*at]).collect();
        let counts = clips.iter().map(|clip| clip.frames.len() / sizes.width);
        let rows = WindowRows::new(counts, self.params.max_frames);
        let item = |at: usize, window: &Range<usize>| Item::plain(clips[at], window, scaler, sizes.width);
        let network = outcome.weights.network(&self.params.model, sizes, &self.engine.device);
        let probabilities = self.threads.run(|| predict(&self.engine, &network, sizes, &rows, item));
        probabilities.into_iter().map(f64::from).collect()
    }

    fn about(&self, parameter_count: usize) -> Result<Model, TrainError> {
        let (params, inputs) = (self.params, self.inputs);
        let how = format!("network {} seed {}", serde_json::to_string(params).unwrap_or_default(), self.seed);
        Ok(Model {
            model: inputs.model.to_owned(),
            split: inputs.split_name.to_owned(),
            protocol: self.data.split.protocol.clone(),
            held_out: self.data.split.held_out.clone(),
            family: Family::Network,
            baseline: false,
            description: described(params),
            settings: Some(settings(params)),
            inputs: if params.use_functionals { "frames,functionals" } else { "frames" }.to_owned(),
            parameter_count: Some(parameter_count as u64),
            standardisation: Some(match params.standardise {
                Standardise::None => Standardisation::None,
                Standardise::Clip => Standardisation::Clip,
                Standardise::Speaker => Standardisation::Speaker,
                Standardise::Train => Standardisation::TrainingClips,
            }),
            uses_test_speakers: params.standardise == Standardise::Speaker,
            long_clips: self.long_clips(),
            recipe: recipe(&how, Some(&inputs.features.join(frames::FILE)))?,
        })
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
        let mut records = Vec::new();
        let mut uars = Vec::new();
        let parameter_count = self.specs.iter().filter(|spec| spec.is_trained()).map(TensorSpec::count).sum();
        for (roles, fold) in self.folds.iter().zip(folds) {
            let best = fold.outcome.history.iter().find(|row| row.best);
            let config = ModelConfig {
                format: ModelConfig::FORMAT,
                ser_version: env!("CARGO_PKG_VERSION").to_owned(),
                model: self.inputs.model.to_owned(),
                split: self.inputs.split_name.to_owned(),
                fold: roles.number,
                seed: self.seed,
                epoch: best.map_or(0, |row| row.epoch),
                validation_uar: best.and_then(|row| row.validation_uar),
                classes: self.data.split.classes.clone(),
                params: self.params.clone(),
                network: self.sizes,
                parameter_count,
                features: self.data.layout.clone(),
                columns: self.data.columns.clone(),
                functional_names: self.data.functional_names.clone(),
                standardisation: fold.scalings,
                limits: self.data.limits.clone(),
                weights_hash: None,
                description_hash: None,
            };
            uars.extend(config.validation_uar);
            config.write(&self.ctx.out_dir.join(format!("fold={}", roles.number)), &fold.outcome.weights)?;
            history.extend(fold.outcome.history);
            records.push(fold.record);
        }
        Epoch::write_in(self.ctx.out_dir, &history, &self.ctx.provenance)?;
        let about = self.about(parameter_count)?;
        let tested = ser_models::write(&about, &self.data.split, &records, self.ctx.out_dir, &self.ctx.provenance)?;
        let kept = if uars.is_empty() { ": the last epoch was kept" } else { "" };
        let what = format!("{parameter_count} parameters, {}{kept}", mean_validation_uar(&uars));
        Ok(Outcome {
            rows: tested as u64,
            headline: headline(self.folds.len(), &what, tested),
            notes: about.long_clips.into_iter().collect(),
            ..Outcome::default()
        })
    }
}
