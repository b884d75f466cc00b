//! The epochs of one fold.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use ser_schemas::Epoch;
use ser_stage::Observer;

use super::checkpoint::Progress;
use super::optimiser::{Optimiser, clip_norm};
use super::schedule::Schedule;
use super::score::{Score, most_probable};
use crate::data::{
    ClipData, Dataset, FoldRoles, Item, Scaler, Scalings, WindowRows, balanced_weights, inference_batches,
    training_batch,
};
use crate::error::TrainError;
use crate::net::{Engine, Plan, Weights};
use crate::params::Params;
use crate::threads::Threads;
use ser_kernels::simd::wide;

/// Share of a batch's moments in the running ones of a batch normalisation.
const RUNNING_SHARE: f32 = 0.1;

/// Everything a fold is trained from.
pub(crate) struct FoldInputs<'a> {
    pub(crate) params: &'a Params,
    pub(crate) data: &'a Dataset,
    pub(crate) roles: &'a FoldRoles,
    pub(crate) scaler: &'a Scaler,
    /// Statistics of each training speaker, for `augment.voice`.
    pub(crate) voices: &'a BTreeMap<String, Scalings>,
    pub(crate) plan: &'a Plan,
    pub(crate) engine: &'a Engine,
    pub(crate) threads: Threads<'a>,
    pub(crate) seed: u64,
    pub(crate) observer: &'a dyn Observer,
    /// Whether another fold has failed and work should stop.
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
    /// Weights of the best epoch.
    pub(crate) weights: Weights,
    /// One row per epoch.
    pub(crate) history: Vec<Epoch>,
}

/// Trains a fold, from its checkpoint where there is one.
pub(crate) fn train_fold(inputs: &FoldInputs<'_>) -> Result<FoldOutcome, TrainError> {
    let FoldInputs { params, data, roles, plan, .. } = *inputs;
    let weights = Weights::init(plan, &mut inputs.rng(0));
    let fresh = Progress {
        epoch: 0,
        finished: false,
        optimiser: Optimiser::new(params.optimizer, params.weight_decay, &weights),
        best: weights.clone(),
        average: weights.clone(),
        weights,
        history: Vec::new(),
    };
    let mut progress = Progress::read(&inputs.checkpoint, &inputs.identity, &fresh).unwrap_or(fresh);
    let steps = roles.train.len().div_ceil(params.batch_size.max(1));
    inputs.observer.advance((progress.epoch * steps) as u64);
    let class_weights =
        balanced_weights(params.class_weights, roles.train.iter().map(|at| data.clips[*at].class), data.classes.len());
    let truth: Vec<usize> = roles.validation.iter().map(|at| data.clips[*at].class).collect();
    while !progress.finished && progress.epoch < params.epochs {
        let started = Instant::now();
        let trained = inputs.epoch(&mut progress, &class_weights, steps)?;
        let score = Score::of(&inputs.validate(&progress.average), &truth, plan.classes);
        let best = is_best(&progress.history, score.as_ref());
        if best {
            progress.best = progress.average.clone();
            progress.history.iter_mut().for_each(|row| row.best = false);
        }
        progress.epoch += 1;
        progress.history.push(Epoch {
            fold: roles.fold,
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
    plan: &Plan,
    weights: &Weights,
    rows: &WindowRows,
    item: impl Fn(usize, &Range<usize>) -> Item + Sync,
) -> Vec<f32> {
    let lens = rows.lens();
    let mut out = vec![0.0; lens.len() * plan.classes];
    let item = |at: usize| item(rows.rows[at].0, &rows.rows[at].1);
    for (batch, places) in inference_batches(&lens, item, plan.width) {
        let probabilities = engine.infer(plan, weights, &batch);
        for (place, probabilities) in places.into_iter().zip(probabilities.chunks_exact(plan.classes)) {
            out[place * plan.classes..(place + 1) * plan.classes].copy_from_slice(probabilities);
        }
    }
    rows.means(&out, plan.classes)
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
        rng.set_stream((u64::from(self.roles.fold) << 32) | epoch as u64);
        rng
    }

    /// Probabilities of the validation clips.
    fn validate(&self, weights: &Weights) -> Vec<f32> {
        let width = self.plan.width;
        let clip = |at: usize| &self.data.clips[self.roles.validation[at]];
        let counts = (0..self.roles.validation.len()).map(|at| clip(at).frames.len() / width);
        let rows = WindowRows::new(counts, self.params.max_frames);
        let item = |at: usize, window: &Range<usize>| Item::plain(clip(at), window, self.scaler, width);
        self.threads.run(|| predict(self.engine, self.plan, weights, &rows, item))
    }

    /// One pass over the training clips.
    fn epoch(&self, progress: &mut Progress, class_weights: &[f32], steps: usize) -> Result<Trained, TrainError> {
        let params = self.params;
        let epoch = progress.epoch + 1;
        let mut rng = self.rng(epoch);
        let mut order = self.roles.train.clone();
        order.shuffle(&mut rng);
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
            (batch < steps).then(|| {
                let clips = clips(batch);
                training_batch(&clips, self.scaler, self.voices, self.plan.width, params, class_weights, &mut rng)
            })
        };
        let (mut loss, mut hits, mut learning_rate) = (0.0, 0, 0.0);
        let mut prepared = self.threads.run(|| prepare(0));
        let mut batch = 0;
        while let Some((current, truth)) = prepared.take() {
            if self.observer.is_cancelled() || (self.stop)() {
                return Err(TrainError::Cancelled);
            }
            let step = progress.epoch * steps + batch;
            batch += 1;
            learning_rate = schedule.at(step);
            // The next batch is made while this one is computed, where a thread has nothing else to do.
            let (out, norm) = self.threads.run(|| {
                let weights = &progress.weights;
                let compute = || self.engine.step(self.plan, weights, &current, mask_seed(self.seed, step));
                let (mut out, next) = rayon::join(compute, || prepare(batch));
                prepared = next;
                let norm = clip_norm(&mut out.gradients, params.clip_norm);
                if out.loss.is_finite() && norm.is_finite() {
                    progress.optimiser.step(&mut progress.weights, &out.gradients, learning_rate, step);
                    follow_moments(self.plan, &mut progress.weights, &out.moments);
                    follow_weights(&mut progress.average, &progress.weights, params.average, step);
                }
                (out, norm)
            });
            if !out.loss.is_finite() || !norm.is_finite() {
                let (fold, loss) = (self.roles.fold, if out.loss.is_finite() { norm } else { out.loss });
                return Err(TrainError::Diverged { fold, epoch: epoch as u32, loss, learning_rate });
            }
            loss += out.loss * truth.len() as f64;
            let rows = out.probabilities.chunks_exact(self.plan.classes).zip(&truth);
            hits += rows.filter(|(row, class)| most_probable(row) == **class).count();
            self.observer.advance(1);
        }
        let count = order.len() as f64;
        Ok(Trained { loss: loss / count, accuracy: hits as f64 / count, learning_rate })
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

fn follow_moments(plan: &Plan, weights: &mut Weights, moments: &[(Vec<f32>, Vec<f32>)]) {
    for (index, (mean, variance)) in moments.iter().enumerate() {
        for (at, batch) in [(3, mean), (4, variance)] {
            for (running, batch) in weights.values[plan.conv_at(index) + at].iter_mut().zip(batch) {
                *running += RUNNING_SHARE * (batch - *running);
            }
        }
    }
}

/// The running average; its memory grows with the steps done, so that the first weights are soon forgotten.
fn follow_weights(average: &mut Weights, weights: &Weights, share: f64, step: usize) {
    let share = share.min((1.0 + step as f64) / (10.0 + step as f64)) as f32;
    for (average, weights) in average.values.iter_mut().zip(&weights.values) {
        wide(
            #[inline(always)]
            || {
                for (average, weight) in average.iter_mut().zip(weights) {
                    *average = share * *average + (1.0 - share) * weight;
                }
            },
        );
    }
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

    /// After many steps an average over constant weights is these weights, and without a share it follows at once.
    #[test]
    fn the_average_forgets_where_it_began() {
        let plan = Plan::new(&Params::default(), 2, 0, 2);
        let start = Weights::init(&plan, &mut ChaCha8Rng::seed_from_u64(1));
        let end = Weights::init(&plan, &mut ChaCha8Rng::seed_from_u64(2));
        let mut average = start.clone();
        for step in 0..600 {
            follow_weights(&mut average, &end, 0.98, step);
        }
        assert!(average.values[0].iter().zip(&end.values[0]).all(|(a, b)| (a - b).abs() < 1e-4));
        let mut average = start;
        follow_weights(&mut average, &end, 0.0, 0);
        assert_eq!(average, end);
    }
}
