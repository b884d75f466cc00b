//! The stage: reads tables, trains every fold, predicts its test clips, writes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ser_kernels::buffer::free_all;
use ser_models::{Fold, FoldRecord, Trial, headline, mean_validation_uar, recipe};
use ser_schemas::{Assignment, Emotion, Epoch, Family, Imported, Model, Standardisation, Table, TableError};
use ser_stage::{Attempt, Claims, Context, Others, Outcome, each_shared_part, suggest};

use crate::data::{ClipData, Dataset, Item, Neutral, ROOM, Scaler, Scalings, WindowRows};
use crate::description::{described, settings};
use crate::engine::Engine;
use crate::error::TrainError;
use crate::exposures::uses;
use crate::model_file::ModelConfig;
use crate::networks::Sizes;
use crate::params::{Augment, Params, Standardise};
use crate::threads::Threads;
use crate::training::{FoldInputs, FoldOutcome, predict, train_fold};
use crate::trials::scaled_trials;
use crate::weights::{TensorSpec, Weights};
use crate::words::numbered;

/// What a train stage reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest: `clips.parquet`.
    pub manifest: &'a Path,
    /// Folder of the features: tables `frames`, `functionals`, perhaps `augmented`.
    pub features: &'a Path,
    /// Folder of the split: `assignments.parquet`.
    pub split: &'a Path,
    /// Name of the train stage; goes into every prediction.
    pub model: &'a str,
    /// Name of the split stage; goes into every prediction.
    pub split_name: &'a str,
}

/// What the networks with one number have in common, in all folds.
struct Seed {
    /// Number from 0; `None` where there is no other.
    number: Option<u32>,
    /// As if there were no other.
    params: Params,
    /// Decides everything random.
    value: u64,
}

/// What one network leaves.
struct Trained {
    outcome: FoldOutcome,
    scalings: Scalings,
    /// Of each training corpus, where these are standardised by.
    corpora: BTreeMap<String, Scalings>,
    record: FoldRecord,
}

/// What all networks share.
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
    /// Of each speaker over all their clips, with the number of these; empty unless asked for.
    speakers: BTreeMap<String, (Scalings, usize)>,
    seeds: Vec<Seed>,
    /// A network has failed.
    failed: AtomicBool,
}

/// Trains one network per fold of the split, or as many as [`Params::seeds`] says, and predicts the fold's test clips.
///
/// Writes `fold=<k>/model.safetensors`, `fold=<k>/config.json` (of several seeds, in `fold=<k>/seed=<s>`), the tables that every
/// model leaves ([`ser_models::write`]) and `history`. Each network is checkpointed after every epoch in the context's work
/// folder: a run that was stopped goes on from there and ends with the same numbers; networks that were finished, by this
/// process or another, are not trained again.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, TrainError> {
    run_on(Threads::Global, params, inputs, ctx, ROOM)
}

/// [`run`] on `threads` and with `room` bytes of memory for features, on which its results do not depend.
pub(crate) fn run_on(
    threads: Threads<'_>,
    params: &Params,
    inputs: &Inputs<'_>,
    ctx: &Context<'_>,
    room: usize,
) -> Result<Outcome, TrainError> {
    let engine = Engine::new(params.device, params.kernels)?;
    let mut split = ser_models::Dataset::read(inputs.manifest, inputs.split)?;
    if split.folds.is_empty() {
        return Err(TrainError::NoFolds { path: Assignment::file_in(inputs.split) });
    }
    split.train_on(&params.train_corpora, suggest::advice)?;
    let data = Dataset::read(params, [inputs.manifest, inputs.features, ctx.work_dir], split, room)?;
    data.split.gaps().iter().for_each(|gap| ctx.observer.warn(gap));
    unjoined(params, &data)?.iter().for_each(|gap| ctx.observer.warn(gap));
    if let Some(gap) = without_copies(params, &data) {
        ctx.observer.warn(&gap);
    }
    let folds = &data.split.folds;
    let seeds = seeds(params, ctx.seed);
    let workers = threads.count().min(folds.len() * seeds.len()).max(1);
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
        speakers: if params.standardise == Standardise::Speaker { speakers(&data)? } else { BTreeMap::new() },
        seeds,
        failed: AtomicBool::new(false),
    };
    let steps: usize = folds.iter().map(|fold| fold.train.len().div_ceil(params.batch_size.max(1))).sum();
    ctx.observer.begin("training", (steps * params.epochs * common.seeds.len()) as u64, "batches");
    let trained = common.train_all(workers)?;
    free_all();
    trained.map_or_else(|| Ok(Outcome::default()), |trained| common.write(trained))
}

/// The statistics of each speaker over all their clips, with the number of these.
fn speakers(data: &Dataset) -> Result<BTreeMap<String, (Scalings, usize)>, TrainError> {
    let scalings = Scalings::per(|clip| &clip.speaker, data.clips.iter(), data.width(), data.functional_names.len())?;
    let mut counted: BTreeMap<String, (Scalings, usize)> =
        scalings.into_iter().map(|(name, scalings)| (name, (scalings, 0))).collect();
    for clip in &data.clips {
        if let Some((_, clips)) = counted.get_mut(&clip.speaker) {
            *clips += 1;
        }
    }
    Ok(counted)
}

/// The seeds of `params` in a pipeline whose own is `seed`.
fn seeds(params: &Params, seed: u64) -> Vec<Seed> {
    let one = |number: u32| {
        let params = params.of_seed(number);
        let value = seed.wrapping_add(u64::from(params.seed_offset));
        Seed { number: Some(number), params, value }
    };
    let mut seeds: Vec<Seed> = (0..params.seeds.max(1)).map(one).collect();
    if let [only] = &mut seeds[..] {
        only.number = None;
    }
    seeds
}

impl Common<'_> {
    /// Every network, fold by fold.
    fn networks(&self) -> impl Iterator<Item = (&Fold, &Seed)> {
        self.folds.iter().flat_map(move |roles| self.seeds.iter().map(move |seed| (roles, seed)))
    }

    /// All networks that no other process is at work on, `workers` at a time; the first error stops the others after their
    /// current batch. `None` where it was left to others to make a result.
    fn train_all(&self, workers: usize) -> Result<Option<Vec<Trained>>, TrainError> {
        let claims = Claims::new(self.ctx);
        let networks: Vec<(usize, (&Fold, &Seed))> = self.networks().enumerate().collect();
        let count = networks.len();
        let trained = each_shared_part(networks.into_iter().map(Ok), workers, self.ctx.others, |(at, network)| {
            let (roles, seed) = network;
            let name = numbered(roles.number, seed.number).replace(", ", "-").replace(' ', "-");
            let claim = claims.take(&name).map_err(TableError::io("claim a network in", self.ctx.parts_dir))?;
            if claim.is_none() {
                let is_cancelled = self.ctx.observer.is_cancelled();
                return if is_cancelled { Err(TrainError::Cancelled) } else { Ok(Attempt::Elsewhere((at, network))) };
            }
            match self.train_one(roles, seed, &format!("{} of {count}", at + 1)) {
                // It stopped because another one failed, whose error is the one to tell.
                Err(TrainError::Cancelled) if self.failed.load(Ordering::Relaxed) => Ok(Attempt::Done(None)),
                Err(error) => {
                    self.failed.store(true, Ordering::Relaxed);
                    Err(error)
                }
                Ok(trained) => Ok(Attempt::Done(trained)),
            }
        })?;
        Ok(trained.and_then(|trained| trained.into_iter().collect()))
    }

    /// `place` says which of all it is. `None` where the result is another process's to make, which finds the checkpoint.
    fn train_one(&self, roles: &Fold, seed: &Seed, place: &str) -> Result<Option<Trained>, TrainError> {
        let (data, sizes) = (self.data, self.sizes);
        let training = roles.train.iter().map(|at| &data.clips[*at]);
        let scalings = Scalings::fit(training.clone(), sizes.width, sizes.functionals)?;
        let voices = if self.params.augment.voice > 0.0 {
            Scalings::per(|clip| &clip.speaker, training.clone(), sizes.width, sizes.functionals)?
        } else {
            BTreeMap::new()
        };
        let neutral = data.neutral().filter(|_| self.params.augment.copy_paste > 0.0);
        let neutral = neutral.map_or_else(Neutral::default, |class| Neutral::new(training.clone(), class));
        let per_corpus = |clips: &mut dyn Iterator<Item = &ClipData>| {
            Scalings::per(|clip| &clip.corpus, clips, sizes.width, sizes.functionals)
        };
        let prior = self.params.speaker_prior();
        let blended =
            |(name, (own, clips)): (&String, &(Scalings, usize))| (name.clone(), own.blended(&scalings, *clips, prior));
        let (mut groups, mut corpora) =
            (self.speakers.iter().map(blended).collect::<BTreeMap<_, _>>(), BTreeMap::new());
        if self.params.standardise == Standardise::Corpus {
            corpora = per_corpus(&mut training.clone())?;
            groups = per_corpus(&mut data.split.unheard(roles).iter().map(|at| &data.clips[*at]))?;
            groups.extend(corpora.clone());
        }
        let hears = self.params.model.architecture().hears();
        let scaler = Scaler::new(self.params.standardise, hears, scalings.clone(), groups);
        let inputs = FoldInputs {
            params: &seed.params,
            data,
            roles,
            scaler: &scaler,
            voices: &voices,
            neutral: &neutral,
            sizes,
            specs: &self.specs,
            engine: &self.engine,
            threads: self.threads,
            seed: seed.value,
            seed_number: seed.number,
            observer: self.ctx.observer,
            stop: &|| self.failed.load(Ordering::Relaxed),
            checkpoint: folder(self.ctx.work_dir, roles, seed).join("checkpoint.safetensors"),
            identity: self.identity(roles, seed),
            label: format!("{} ({place})", numbered(roles.number, seed.number)),
        };
        let outcome = train_fold(&inputs)?;
        if self.ctx.others == Others::LeftAlone {
            return Ok(None);
        }
        let record = FoldRecord {
            uses: uses(self.params, &data.split, roles),
            test: self.probabilities(&roles.test, |_| &scaler, &outcome)?,
            validation: self.probabilities(&roles.validation, |_| &scaler, &outcome)?,
            trials: self.trials(roles, &scalings, &outcome)?,
        };
        Ok(Some(Trained { outcome, scalings, corpora, record }))
    }

    /// A checkpoint is continued only by a training of the same clips with the same parameters.
    fn identity(&self, roles: &Fold, seed: &Seed) -> String {
        let params = serde_json::to_string(&seed.params).unwrap_or_default();
        let sizes = serde_json::to_string(&self.sizes).unwrap_or_default();
        let (train, validation) = (roles.train.len(), roles.validation.len());
        format!("{} {} {params} {sizes} {train} {validation}", self.ctx.provenance.fingerprint, seed.value)
    }

    /// The fold's trials with few and unbalanced clips of a speaker, and their probabilities.
    fn trials(
        &self,
        roles: &Fold,
        training: &Scalings,
        outcome: &FoldOutcome,
    ) -> Result<Vec<(Trial, Vec<f64>)>, TrainError> {
        let mut trials = scaled_trials(self.params, self.data, roles, training);
        let mut done = Vec::new();
        while let Some(scaled) = self.threads.run(|| trials.next()) {
            let (trial, scalers) = scaled?;
            if self.ctx.observer.is_cancelled() || self.failed.load(Ordering::Relaxed) {
                return Err(TrainError::Cancelled);
            }
            let (groups, clips): (Vec<usize>, Vec<usize>) = trial.predicted().unzip();
            let probabilities = self.probabilities(&clips, |at| &scalers[groups[at]], outcome)?;
            done.push((trial, probabilities));
        }
        Ok(done)
    }

    /// Of each class for each of `clips`; `scaler` scales the one at a place among them.
    fn probabilities<'s>(
        &self,
        clips: &[usize],
        scaler: impl Fn(usize) -> &'s Scaler + Sync,
        outcome: &FoldOutcome,
    ) -> Result<Vec<f64>, TrainError> {
        if clips.is_empty() {
            return Ok(Vec::new());
        }
        let (data, sizes) = (self.data, self.sizes);
        let clips: Vec<&ClipData> = clips.iter().map(|at| &data.clips[*at]).collect();
        let counts = clips.iter().map(|clip| clip.frames.len() / sizes.width);
        let rows = WindowRows::new(counts, self.params.max_frames);
        let item = |at: usize, window: &Range<usize>| Item::plain(clips[at], window, scaler(at), sizes.width);
        let network = outcome.weights.network(&self.params.model, sizes, &self.engine.device);
        let probabilities = self.threads.run(|| predict(&self.engine, &network, sizes, &rows, item))?;
        Ok(probabilities.into_iter().map(f64::from).collect())
    }

    fn about(&self, parameter_count: usize) -> Result<Model, TrainError> {
        let (params, inputs) = (self.params, self.inputs);
        // Trials change no answer, figures are means over the seeds, however many, and a prior is of models standardised per
        // speaker alone.
        let Params { speaker_prior_clips, standardisation_trials, seeds, .. } = Params::default();
        let is_per_speaker = params.standardise == Standardise::Speaker;
        let speaker_prior_clips = if is_per_speaker { params.speaker_prior_clips } else { speaker_prior_clips };
        let decides = Params { speaker_prior_clips, standardisation_trials, seeds, ..params.clone() };
        let first = self.seeds.first().map_or(self.ctx.seed, |seed| seed.value);
        let how = format!("network {} seed {first}", serde_json::to_string(&decides).unwrap_or_default());
        let imported = Imported::of(&self.data.layout.params);
        Ok(Model {
            model: inputs.model.to_owned(),
            split: inputs.split_name.to_owned(),
            protocol: self.data.split.protocol.clone(),
            held_out: self.data.split.held_out.clone(),
            family: Family::Network,
            baseline: false,
            description: described(params, imported.as_ref()),
            settings: Some(settings(params, self.data.clips.iter().any(|clip| !clip.copies.is_empty()))),
            inputs: if params.use_functionals { "frames,functionals" } else { "frames" }.to_owned(),
            parameter_count: Some(parameter_count as u64),
            standardisation: Some(match params.standardise {
                Standardise::None => Standardisation::None,
                Standardise::Clip => Standardisation::Clip,
                Standardise::Corpus => Standardisation::Corpus,
                Standardise::Speaker => Standardisation::Speaker,
                Standardise::Train => Standardisation::TrainingClips,
            }),
            uses_test_speakers: match params.standardise {
                Standardise::Speaker => true,
                Standardise::Corpus => self.folds.iter().any(|fold| !self.data.split.unheard(fold).is_empty()),
                Standardise::None | Standardise::Clip | Standardise::Train => false,
            },
            long_clips: self.long_clips(),
            recipe: recipe(&how, Some(inputs.features))?,
            papers: params.model.architecture().paper().map(str::to_owned),
            parts: None,
            imported: imported.map(|imported| imported.to_string()),
        })
    }

    /// How many clips are longer than the network hears at once, and what becomes of them; `None` where none is.
    fn long_clips(&self) -> Option<String> {
        let (data, max_frames) = (self.data, self.params.max_frames);
        let is_long = |clip: &&ClipData| max_frames > 0 && clip.frames.len() / data.width() > max_frames;
        let (count, all) = (data.clips.iter().filter(is_long).count(), data.clips.len());
        let seconds = max_frames as f64 * data.layout.hop_s;
        // Of imported frames it is not known how long they are.
        let (length, known) =
            if seconds > 0.0 { (format!("{seconds:.1} s"), true) } else { (format!("{max_frames} frames"), false) };
        let told = if known { format!(" ({length})") } else { String::new() };
        let are = if count == 1 { "is" } else { "are" };
        (count > 0).then(|| {
            format!(
                "{count} of {all} clips {are} longer than `max_frames` = {max_frames}{told}: training hears a random stretch of {length} in each epoch, validation and test the mean over windows of {length}"
            )
        })
    }

    fn write(&self, trained: Vec<Trained>) -> Result<Outcome, TrainError> {
        let mut history: Vec<Epoch> = Vec::new();
        let mut records = Vec::new();
        let mut uars = Vec::new();
        let parameter_count = self.specs.iter().filter(|spec| spec.is_trained()).map(TensorSpec::count).sum();
        for ((roles, seed), network) in self.networks().zip(trained) {
            let best = network.outcome.history.iter().find(|row| row.best);
            let config = ModelConfig {
                format: ModelConfig::FORMAT,
                ser_version: env!("CARGO_PKG_VERSION").to_owned(),
                model: self.inputs.model.to_owned(),
                split: self.inputs.split_name.to_owned(),
                fold: roles.number,
                seed: seed.value,
                epoch: best.map_or(0, |row| row.epoch),
                validation_uar: best.and_then(|row| row.validation_uar),
                classes: self.data.split.classes.clone(),
                params: seed.params.clone(),
                network: self.sizes,
                parameter_count,
                features: self.data.layout.clone(),
                columns: self.data.columns.clone(),
                functional_names: self.data.functional_names.clone(),
                standardisation: network.scalings,
                corpora: network.corpora,
                limits: self.data.limits.clone(),
                weights_hash: None,
                description_hash: None,
            };
            uars.extend(config.validation_uar);
            config.write(&folder(self.ctx.out_dir, roles, seed), &network.outcome.weights)?;
            history.extend(network.outcome.history);
            records.push(network.record);
        }
        Epoch::write_in(self.ctx.out_dir, &history, &self.ctx.provenance)?;
        let about = self.about(parameter_count)?;
        let tested = ser_models::write(&about, &self.data.split, &records, self.ctx.out_dir, &self.ctx.provenance)?;
        let kept = if uars.is_empty() { ": the last epoch was kept" } else { "" };
        let seeds = if self.seeds.len() > 1 { format!("{} seeds in each, ", self.seeds.len()) } else { String::new() };
        let what = format!("{seeds}{parameter_count} parameters, {}{kept}", mean_validation_uar(&uars));
        Ok(Outcome {
            rows: tested as u64,
            headline: headline(self.folds.len(), &what, tested),
            notes: about.long_clips.into_iter().collect(),
            ..Outcome::default()
        })
    }
}

/// Warnings of corpora whose clips `augment.copy_paste` joins with none; fails where a fold has no neutral training clips at
/// all.
fn unjoined(params: &Params, data: &Dataset) -> Result<Vec<String>, TrainError> {
    let mut gaps = Vec::new();
    if params.augment.copy_paste == 0.0 {
        return Ok(gaps);
    }
    for fold in &data.split.folds {
        let training = || fold.train.iter().map(|at| &data.clips[*at]);
        let neutral = data.neutral().map(|class| Neutral::new(training(), class)).unwrap_or_default();
        let corpora: BTreeSet<&str> = training().map(|clip| clip.corpus.as_str()).collect();
        let without: Vec<&str> = corpora.iter().filter(|corpus| !neutral.has(corpus)).copied().collect();
        if without.len() == corpora.len() {
            return Err(TrainError::NoNeutral { fold: fold.number });
        }
        if !without.is_empty() {
            gaps.push(format!(
                "fold {} has no `{}` training clips of {}: `augment.copy_paste` leaves the clips of that as they are",
                fold.number,
                Emotion::NEUTRAL,
                suggest::list(&without)
            ));
        }
    }
    Ok(gaps)
}

/// A warning where `augment.copies` was set, and there is no copy of any clip.
fn without_copies(params: &Params, data: &Dataset) -> Option<String> {
    let copies = params.augment.copies;
    let is_set = copies > 0.0 && copies != Augment::default().copies;
    (is_set && data.clips.iter().all(|clip| clip.copies.is_empty())).then(|| {
        format!(
            "`augment.copies` is {copies}, and the features hold no altered copies of clips: no clip is replaced by one; list \
             alterations in `augment` of the features stage, or leave `augment.copies` out"
        )
    })
}

/// Where the files of a network stand below `root`.
fn folder(root: &Path, roles: &Fold, seed: &Seed) -> PathBuf {
    let fold = root.join(format!("fold={}", roles.number));
    seed.number.map_or_else(|| fold.clone(), |number| fold.join(format!("seed={number}")))
}
