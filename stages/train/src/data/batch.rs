//! Batches: scaled, altered where they are for training, sorted by falling length.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::dataset::ClipData;
use super::scaling::{Scaler, Scalings};
use crate::networks::Hears;
use crate::params::{Augment, ClassWeights, Params};
use ser_kernels::simd::wide;

/// Clips per batch where nothing is trained.
const INFERENCE_CLIPS: usize = 64;

/// Clips as a network reads them: sorted by falling length, one after another without padding.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Batch {
    /// Frames of each clip, falling, at least 1.
    pub(crate) lens: Vec<usize>,
    /// Frames of all clips, `width` values each.
    pub(crate) frames: Vec<f32>,
    /// Functionals of all clips; empty where the network has none.
    pub(crate) functionals: Vec<f32>,
    /// Weighted targets: clip after clip, one value per class; all of them add up to 1. Empty where only probabilities
    /// are wanted. The loss is `-sum(target * ln(probability))`.
    pub(crate) targets: Vec<f32>,
}

/// One clip as it goes into a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Scaled frames.
    pub(crate) frames: Vec<f32>,
    /// Scaled functionals.
    pub(crate) functionals: Vec<f32>,
    /// Weight of each class in its target; they add up to 1.
    pub(crate) target: Vec<f32>,
}

impl Item {
    /// The frames `window` of `clip`, scaled.
    pub(crate) fn plain(clip: &ClipData, window: &Range<usize>, scaler: &Scaler, width: usize) -> Self {
        let frames = clip.frames[window.start * width..window.end * width].to_vec();
        Self::new(frames, clip.functionals.clone(), &clip.speaker, scaler)
    }

    /// Unscaled frames and functionals of `speaker`, to be scaled.
    pub(crate) fn new(mut frames: Vec<f32>, mut functionals: Vec<f32>, speaker: &str, scaler: &Scaler) -> Self {
        scaler.apply(speaker, &mut frames, &mut functionals);
        Self { frames, functionals, target: Vec::new() }
    }

    /// `clip` as an example to learn from: perhaps an altered copy, a random stretch, masked, with noise.
    fn altered(
        clip: &ClipData,
        scaler: &Scaler,
        voices: &BTreeMap<String, Scalings>,
        width: usize,
        params: &Params,
        classes: usize,
        rng: &mut impl Rng,
    ) -> Self {
        let (augment, hears) = (&params.augment, params.model.architecture().hears());
        let copy = rng.random_bool(augment.copies) && !clip.copies.is_empty();
        let source = if copy { &clip.copies[rng.random_range(0..clip.copies.len())] } else { &clip.frames };
        let available = source.len() / width;
        let keep = limit(available, params.max_frames);
        let start = rng.random_range(0..=available - keep);
        let mut frames = source[start * width..(start + keep) * width].to_vec();
        let mut functionals = clip.functionals.clone();
        if voices.len() > 1 && rng.random_bool(augment.voice) {
            let other = voices.values().nth(rng.random_range(0..voices.len()));
            if let (Some(own), Some(other)) = (voices.get(&clip.speaker), other) {
                own.exchange(other, hears, &mut frames, &mut functionals);
            }
        }
        scaler.apply(&clip.speaker, &mut frames, &mut functionals);
        mask_time(&mut frames, width, augment, rng);
        if hears != Hears::Waveform {
            mask_features(&mut frames, width, augment, rng);
        }
        if augment.noise > 0.0 {
            for value in frames.iter_mut().chain(&mut functionals) {
                *value += augment.noise as f32 * gaussian(rng);
            }
        }
        let mut target = vec![params.label_smoothing as f32 / classes as f32; classes];
        target[clip.class] += 1.0 - params.label_smoothing as f32;
        Self { frames, functionals, target }
    }

    /// `share` of this clip and the rest of `other`, over this clip's frames; beyond the other's end, its share is the mean.
    fn blend(&mut self, other: &Self, share: f32) {
        let mix = |mine: &mut [f32], theirs: &[f32]| {
            let (both, rest) = mine.split_at_mut(mine.len().min(theirs.len()));
            wide(
                #[inline(always)]
                || {
                    for (value, other) in both.iter_mut().zip(theirs) {
                        *value = share * *value + (1.0 - share) * other;
                    }
                    for value in rest {
                        *value *= share;
                    }
                },
            );
        };
        mix(&mut self.frames, &other.frames);
        mix(&mut self.functionals, &other.functionals);
        mix(&mut self.target, &other.target);
    }
}

/// Weight of each class in the loss, from how often it stands in `classes_of`; 0 for a class that never does.
pub(crate) fn balanced_weights(
    mode: ClassWeights,
    classes_of: impl Iterator<Item = usize>,
    classes: usize,
) -> Vec<f32> {
    let mut counts = vec![0_usize; classes];
    classes_of.for_each(|class| counts[class] += 1);
    let total: usize = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0).count().max(1);
    counts
        .iter()
        .map(|count| match (mode, *count) {
            (ClassWeights::None, _) => 1.0,
            (ClassWeights::Balanced, 0) => 0.0,
            (ClassWeights::Balanced, count) => total as f32 / (present * count) as f32,
        })
        .collect()
}

/// A training batch of `clips`, and the class of each of its rows.
pub(crate) fn training_batch(
    clips: &[&ClipData],
    scaler: &Scaler,
    voices: &BTreeMap<String, Scalings>,
    width: usize,
    params: &Params,
    class_weights: &[f32],
    rng: &mut impl Rng,
) -> (Batch, Vec<usize>) {
    let classes = class_weights.len();
    let mut items: Vec<(Item, usize)> = clips
        .iter()
        .map(|clip| (Item::altered(clip, scaler, voices, width, params, classes, rng), clip.class))
        .collect();
    if params.augment.mixup > 0.0 {
        let originals: Vec<Item> = items.iter().map(|(item, _)| item.clone()).collect();
        let mut partners: Vec<usize> = (0..items.len()).collect();
        partners.shuffle(rng);
        for ((item, _), partner) in items.iter_mut().zip(partners) {
            // The larger share stays with the clip whose length and class the row keeps.
            let share = beta(params.augment.mixup, rng);
            item.blend(&originals[partner], share.max(1.0 - share));
        }
    }
    items.sort_by_key(|(item, _)| std::cmp::Reverse(item.frames.len()));
    let classes_of = items.iter().map(|(_, class)| *class).collect();
    let mut batch = collate(items.iter().map(|(item, _)| item), width);
    for target in batch.targets.chunks_exact_mut(classes) {
        target.iter_mut().zip(class_weights).for_each(|(target, weight)| *target *= weight);
    }
    let sum: f32 = batch.targets.iter().sum();
    if sum > 0.0 {
        batch.targets.iter_mut().for_each(|target| *target /= sum);
    }
    (batch, classes_of)
}

/// Batches for inference, with the position of each row's item; clips of like length stand together. `lens` orders the
/// items by their length, `item` makes one: no more than a batch of them is in memory at a time.
pub(crate) fn inference_batches(
    lens: &[usize],
    item: impl Fn(usize) -> Item + Sync,
    width: usize,
) -> impl Iterator<Item = (Batch, Vec<usize>)> {
    let mut order: Vec<usize> = (0..lens.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(lens[*at]));
    let batches: Vec<Vec<usize>> = order.chunks(INFERENCE_CLIPS).map(<[usize]>::to_vec).collect();
    batches.into_iter().map(move |rows| {
        let items: Vec<Item> = rows.par_iter().map(|at| item(*at)).collect();
        (collate(items.iter(), width), rows)
    })
}

fn collate<'a>(items: impl Iterator<Item = &'a Item>, width: usize) -> Batch {
    let mut batch = Batch::default();
    for item in items {
        batch.lens.push(item.frames.len() / width);
        batch.frames.extend_from_slice(&item.frames);
        batch.functionals.extend_from_slice(&item.functionals);
        batch.targets.extend_from_slice(&item.target);
    }
    batch
}

fn limit(frames: usize, max_frames: usize) -> usize {
    if max_frames == 0 { frames } else { frames.min(max_frames) }
}

/// Masks of SpecAugment over time: stretches of frames set to 0, the mean of scaled values.
fn mask_time(frames: &mut [f32], width: usize, augment: &Augment, rng: &mut impl Rng) {
    let count = frames.len() / width;
    for _ in 0..augment.time_masks {
        let longest = (augment.time_mask_share * count as f64) as usize;
        let len = rng.random_range(0..=longest);
        let start = rng.random_range(0..=count - len);
        frames[start * width..(start + len) * width].fill(0.0);
    }
}

/// The same over ranges of columns.
fn mask_features(frames: &mut [f32], width: usize, augment: &Augment, rng: &mut impl Rng) {
    for _ in 0..augment.feature_masks {
        let len = rng.random_range(0..=augment.feature_mask_width.min(width));
        let start = rng.random_range(0..=width - len);
        for frame in frames.chunks_exact_mut(width) {
            frame[start..start + len].fill(0.0);
        }
    }
}

/// One draw from Beta(alpha, alpha), by Jöhnk's rejection.
fn beta(alpha: f64, rng: &mut impl Rng) -> f32 {
    loop {
        let x = rng.random::<f64>().powf(1.0 / alpha);
        let y = rng.random::<f64>().powf(1.0 / alpha);
        if x + y > 0.0 && x + y <= 1.0 {
            return (x / (x + y)) as f32;
        }
    }
}

/// One draw from the standard normal distribution, by Box and Muller.
fn gaussian(rng: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()) as f32
}
