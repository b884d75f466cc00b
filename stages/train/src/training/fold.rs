//! The epochs of one fold.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use ser_models::{Fold, Score, most_probable};
use ser_ops::Rule;
use ser_schemas::Epoch;
use ser_stage::Observer;

use super::checkpoint::Progress;
use super::schedule::Schedule;
use super::step::{Optimiser, Step, follow_network};
use crate::data::{
    ClipData, Dataset, Item, Neutral, Scaler, Scalings, Teaching, WindowRows, balanced_weights, draws,
    inference_batches, mean_draws,
};
use crate::engine::{Engine, values};
use crate::error::TrainError;
use crate::layers::Source;
use crate::networks::{Network, Sizes};
use crate::params::{KeptEpoch, Optimizer, Params};
use crate::threads::Threads;
use crate::weights::{TensorSpec, Weights};
use crate::words::numbered;

/// Probabilities are not taken for smaller than this where their logarithm is needed.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

/// Everything a fold is trained from.
pub(crate) struct FoldInputs<'a> {
    pub(crate) params: &'a Params,
    pub(crate) data: &'a Dataset,
    pub(crate) roles: &'a Fold,
    pub(crate) scaler: &'a Scaler,
    /// Statistics of each training speaker, for `augment.voice`.
    pub(crate) voices: &'a BTreeMap<String, Scalings>,
    /// Neutral training clips, for `augment.copy_paste`.
    pub(crate) neutral: &'a Neutral<'a>,
    pub(crate) sizes: Sizes,
    /// The network's parameters.
    pub(crate) specs: &'a [TensorSpec],
    pub(crate) engine: &'a Engine,
    pub(crate) threads: Threads<'a>,
    pub(crate) seed: u64,
    /// Which of several networks of the fold this is; `None` where it is the only one.
    pub(crate) seed_number: Option<u32>,
    pub(crate) observer: &'a dyn Observer,
    /// Whether another network has failed and work should stop.
    pub(crate) stop: &'a (dyn Fn() -> bool + Sync),
    /// Where its checkpoint goes.
    pub(crate) checkpoint: PathBuf,
    /// What is trained; see [`Progress::write`].
    pub(crate) identity: String,
    /// `fold 2 of 5`, for messages.
    pub(crate) label: String,
}

/// A trained fold.
#[derive(Debug, Clone)]
pub(crate) struct FoldOutcome {
    /// Weights of the epoch that is kept.
    pub(crate) weights: Weights,
    /// One row per epoch.
    pub(crate) history: Vec<Epoch>,
}

/// What an epoch changes, on the device.
struct State {
    network: Network,
    average: Network,
    optimiser: Optimiser,
}

/// Trains a fold, from its checkpoint where there is one.
pub(crate) fn train_fold(inputs: &FoldInputs<'_>) -> Result<FoldOutcome, TrainError> {
    let FoldInputs { params, data, roles, sizes, .. } = *inputs;
    let mut rng = inputs.rng(0);
    let fresh = Weights::of(&params.model.init(sizes, &inputs.engine.device, Source::Drawn(&mut rng)));
    let fresh = Progress::new(fresh);
    let mut progress = Progress::read(&inputs.checkpoint, &inputs.identity, &fresh).unwrap_or(fresh);
    let mut state = inputs.state(&progress);
    let steps = roles.train.len().div_ceil(params.batch_size.max(1));
    inputs.observer.advance((progress.epoch * steps) as u64);
    let drawn = mean_draws(&roles.train, |at| &data.clips[at].corpus, params.balance);
    let drawn = data.split.truth(&roles.train).into_iter().zip(drawn);
    let class_weights = balanced_weights(params.class_weights, drawn, sizes.classes);
    let truth = data.split.truth(&roles.validation);
    while !progress.finished && progress.epoch < params.epochs {
        let started = Instant::now();
        let trained;
        (state, trained) = inputs.epoch(state, progress.epoch, &class_weights, steps)?;
        state.keep(&mut progress);
        let score = Score::of(&inputs.validate(&state.average)?, &truth, sizes.classes, LEAST);
        let best = params.keep_epoch == KeptEpoch::Last || is_best(&progress.history, score.as_ref());
        if best {
            progress.best = progress.average.clone();
            progress.history.iter_mut().for_each(|row| row.best = false);
        }
        progress.epoch += 1;
        progress.history.push(Epoch {
            fold: roles.number,
            seed: inputs.seed_number,
            epoch: progress.epoch as u32,
            train_loss: trained.loss,
            train_accuracy: trained.accuracy,
            validation_loss: score.map(|score| score.loss),
            validation_accuracy: score.map(|score| score.accuracy),
            validation_uar: score.map(|score| score.uar),
            learning_rate: trained.learning_rate,
            seconds: started.elapsed().as_secs_f64(),
            best,
        });
        let since_best = progress.history.iter().rev().take_while(|row| !row.best).count();
        let patience = params.early_stopping;
        progress.finished = progress.epoch == params.epochs || (patience > 0 && since_best >= patience);
        progress.write(&inputs.checkpoint, &inputs.identity)?;
        let uar = score.map_or_else(|| "no validation clips".to_owned(), |s| format!("validation UAR {:.2}", s.uar));
        inputs.observer.message(&format!(
            "{}, epoch {} of {}, loss {:.2}, {uar}",
            inputs.label, progress.epoch, params.epochs, trained.loss
        ));
    }
    inputs.observer.advance(((params.epochs - progress.epoch.min(params.epochs)) * steps) as u64);
    inputs.observer.milestone(&format!("{} is done, {}", inputs.label, outline(&progress.history)));
    Ok(FoldOutcome { weights: progress.best, history: progress.history })
}

/// Probabilities of the clips of `rows`, clip by clip in their order; `item` makes a window of one of them.
pub(crate) fn predict(
    engine: &Engine,
    network: &Network,
    sizes: Sizes,
    rows: &WindowRows,
    item: impl Fn(usize, &Range<usize>) -> Result<Item, TrainError> + Sync,
) -> Result<Vec<f32>, TrainError> {
    let lens = rows.lens();
    let mut out = vec![0.0; lens.len() * sizes.classes];
    let item = |at: usize| item(rows.rows[at].0, &rows.rows[at].1);
    for batch in inference_batches(&lens, item, sizes.width) {
        let (batch, places) = batch?;
        let probabilities = engine.infer(network, batch, sizes);
        for (place, probabilities) in places.into_iter().zip(probabilities.chunks_exact(sizes.classes)) {
            out[place * sizes.classes..(place + 1) * sizes.classes].copy_from_slice(probabilities);
        }
    }
    Ok(rows.means(&out, sizes.classes))
}

impl State {
    /// Copies itself into `progress`.
    fn keep(&self, progress: &mut Progress) {
        progress.weights = Weights::of(&self.network);
        progress.average = Weights::of(&self.average);
        let mean = |which: usize| self.optimiser.means.iter().map(|means| values(means[which].clone())).collect();
        (progress.first, progress.second) = (mean(0), mean(1));
    }
}

struct Trained {
    loss: f64,
    accuracy: f64,
    learning_rate: f64,
}

impl FoldInputs<'_> {
    /// Random numbers of epoch `epoch`; 0 is for the first weights.
    fn rng(&self, epoch: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream((u64::from(self.roles.number) << 32) | epoch as u64);
        rng
    }

    /// What `progress` holds, on the device.
    fn state(&self, progress: &Progress) -> State {
        let Params { model, optimizer, weight_decay, clip_norm, .. } = self.params;
        let device = &self.engine.device;
        let tensor = |values: &Vec<f32>| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device);
        let means = progress.first.iter().zip(&progress.second);
        State {
            network: progress.weights.network(model, self.sizes, &device.clone().autodiff()),
            average: progress.average.network(model, self.sizes, device),
            optimiser: Optimiser {
                rule: match optimizer {
                    Optimizer::Adamw => Rule::Adamw,
                    Optimizer::Adam => Rule::Adam,
                    Optimizer::Sgd => Rule::Sgd,
                },
                weight_decay: *weight_decay as f32,
                clip_norm: *clip_norm,
                means: means.map(|(first, second)| [tensor(first), tensor(second)]).collect(),
            },
        }
    }

    /// Probabilities of the validation clips.
    fn validate(&self, network: &Network) -> Result<Vec<f32>, TrainError> {
        let width = self.sizes.width;
        let clip = |at: usize| &self.data.clips[self.roles.validation[at]];
        let counts = (0..self.roles.validation.len()).map(|at| clip(at).frames.len() / width);
        let rows = WindowRows::new(counts, self.params.max_frames);
        let item = |at: usize, window: &Range<usize>| Item::plain(clip(at), window, self.scaler, width);
        self.threads.run(|| predict(self.engine, network, self.sizes, &rows, item))
    }

    /// One pass over the training clips, after `done` others.
    fn epoch(
        &self,
        mut state: State,
        done: usize,
        class_weights: &[f32],
        steps: usize,
    ) -> Result<(State, Trained), TrainError> {
        let params = self.params;
        let epoch = done + 1;
        let mut rng = self.rng(epoch);
        let order = draws(&self.roles.train, |at| &self.data.clips[at].corpus, params.balance, &mut rng);
        let teaching = Teaching {
            params,
            scaler: self.scaler,
            voices: self.voices,
            neutral: self.neutral,
            width: self.sizes.width,
            class_weights,
        };
        let schedule = Schedule {
            peak: params.learning_rate,
            warm_up: params.warm_up_epochs.min(params.epochs as f64 / 2.0) * steps as f64,
            steps: (params.epochs * steps) as f64,
        };
        // Batches of even size: a last one of a few clips would have no statistics to normalise by.
        let clips = |batch: usize| -> Vec<&ClipData> {
            let order = &order[batch * order.len() / steps..(batch + 1) * order.len() / steps];
            order.iter().map(|at| &self.data.clips[*at]).collect()
        };
        let mut prepare = |batch: usize| {
            if batch >= steps {
                return Ok(None);
            }
            let (batch, truth) = teaching.batch(&clips(batch), &mut rng)?;
            Ok::<_, TrainError>(Some((self.engine.example(batch, self.sizes), truth)))
        };
        let (mut loss, mut hits, mut learning_rate) = (0.0, 0, 0.0);
        let mut prepared = self.threads.run(|| prepare(0))?;
        let mut batch = 0;
        while let Some((current, truth)) = prepared.take() {
            if self.observer.is_cancelled() || (self.stop)() {
                return Err(TrainError::Cancelled);
            }
            let number = done * steps + batch;
            batch += 1;
            learning_rate = schedule.at(number);
            // The next batch is made while this one is computed, where a thread has nothing else to do.
            let (out, next);
            (state, out, next) = self.threads.run(|| {
                let State { network, average, mut optimiser } = state;
                let compute = || Step::new(self.engine, &network, &current, mask_seed(self.seed, number));
                let (step, next) = rayon::join(compute, || prepare(batch));
                let out = (step.loss, step.norm, step.probabilities.clone());
                if !step.is_finite() {
                    return (State { network, average, optimiser }, out, next);
                }
                let kernels = self.engine.kernels;
                let network = optimiser.apply(kernels, self.specs, network, step, learning_rate, number);
                let average = follow_network(kernels, average, &network, averaged(params.average, number));
                (State { network, average, optimiser }, out, next)
            });
            prepared = next?;
            let (step_loss, norm, probabilities) = out;
            if !step_loss.is_finite() || !norm.is_finite() {
                let loss = if step_loss.is_finite() { norm } else { step_loss };
                let network = numbered(self.roles.number, self.seed_number);
                return Err(TrainError::Diverged { network, epoch: epoch as u32, loss, learning_rate });
            }
            loss += step_loss * truth.len() as f64;
            let rows = probabilities.chunks_exact(self.sizes.classes).zip(&truth);
            hits += rows.filter(|(row, class)| most_probable(row) == **class).count();
            self.observer.advance(1);
        }
        let count = order.len() as f64;
        Ok((state, Trained { loss: loss / count, accuracy: hits as f64 / count, learning_rate }))
    }
}

/// How many epochs there were, and how good the best one was.
fn outline(history: &[Epoch]) -> String {
    let epochs = ser_text::counted(history.len(), "epoch");
    let best = history.iter().find(|row| row.best).and_then(|row| row.validation_uar);
    best.map_or_else(|| epochs.clone(), |uar| format!("{epochs}, validation UAR {uar:.2}"))
}

/// Higher UAR, or the same at a lower loss; without validation clips every epoch replaces the last.
fn is_best(history: &[Epoch], score: Option<&Score>) -> bool {
    let (Some(score), Some(best)) = (score, history.iter().find(|row| row.best)) else { return true };
    let (uar, loss) = (best.validation_uar.unwrap_or(0.0), best.validation_loss.unwrap_or(f64::INFINITY));
    score.uar > uar || (score.uar == uar && score.loss < loss)
}

/// Share of the old value in the running average of the weights at step `number`; its memory grows with the steps done,
/// so that the first weights are soon forgotten.
fn averaged(share: f64, number: usize) -> f32 {
    share.min((1.0 + number as f64) / (10.0 + number as f64)) as f32
}

/// Dropout masks of a step; folds share them, which does no harm.
fn mask_seed(seed: u64, step: usize) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(step as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(uar: f64, loss: f64, best: bool) -> Epoch {
        Epoch {
            fold: 0,
            seed: None,
            epoch: 1,
            train_loss: 0.0,
            train_accuracy: 0.0,
            validation_loss: Some(loss),
            validation_accuracy: Some(0.0),
            validation_uar: Some(uar),
            learning_rate: 0.0,
            seconds: 0.0,
            best,
        }
    }

    #[test]
    fn the_best_epoch_has_the_highest_uar_and_then_the_lowest_loss() {
        let history = [row(0.5, 1.0, true), row(0.4, 0.1, false)];
        let score = |uar, loss| Score { loss, accuracy: 0.0, uar };
        assert!(is_best(&history, Some(&score(0.6, 9.0))));
        assert!(is_best(&history, Some(&score(0.5, 0.9))));
        assert!(!is_best(&history, Some(&score(0.5, 1.0))));
        assert!(!is_best(&history, Some(&score(0.45, 0.0))));
        assert!(is_best(&history, None) && is_best(&[], Some(&score(0.0, 9.0))));
    }
}
