//! Batches: scaled, altered where they are for training, sorted by falling length.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::copy_paste::{Neutral, shares};
use super::dataset::ClipData;
use super::scaling::{Scaler, Scalings};
use super::store::Values;
use crate::error::TrainError;
use crate::networks::Hears;
use crate::params::{Augment, ClassWeights, Params};
use ser_kernels::simd::wide;

/// Clips per batch where nothing is trained.
const INFERENCE_CLIPS: usize = 64;

/// Makes examples to learn from of the training clips of a fold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Teaching<'a> {
    pub(crate) params: &'a Params,
    pub(crate) scaler: &'a Scaler,
    /// Statistics of each training speaker, for `augment.voice`.
    pub(crate) voices: &'a BTreeMap<String, Scalings>,
    /// Clips to join others with, for `augment.copy_paste`.
    pub(crate) neutral: &'a Neutral<'a>,
    /// Values per frame.
    pub(crate) width: usize,
    /// Weight of each class in the loss.
    pub(crate) class_weights: &'a [f32],
}

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
    pub(crate) fn plain(
        clip: &ClipData,
        window: &Range<usize>,
        scaler: &Scaler,
        width: usize,
    ) -> Result<Self, TrainError> {
        let frames = clip.frames.range(window.start * width..window.end * width)?.into_owned();
        Ok(Self::new(frames, clip.functionals.all()?.into_owned(), scaler.group(clip), scaler))
    }

    /// Unscaled frames and functionals of a clip of `group`, to be scaled; see [`Scaler::apply`].
    pub(crate) fn new(mut frames: Vec<f32>, mut functionals: Vec<f32>, group: &str, scaler: &Scaler) -> Self {
        scaler.apply(group, &mut frames, &mut functionals);
        Self { frames, functionals, target: Vec::new() }
    }
}

/// Writes `share` of `own` and the rest of `other` to the end of `to`, as long as `own`; beyond the other's end, its share is the
/// mean, 0.
fn blend(to: &mut Vec<f32>, own: &[f32], other: &[f32], share: f32) {
    let (both, rest) = own.split_at(own.len().min(other.len()));
    wide(
        #[inline(always)]
        || {
            to.extend(both.iter().zip(other).map(|(value, other)| share * value + (1.0 - share) * other));
            to.extend(rest.iter().map(|value| value * share));
        },
    );
}

/// Weight of each class in the loss, from the classes of clips and how often each is drawn; 0 for a class without clips.
pub(crate) fn balanced_weights(
    mode: ClassWeights,
    draws: impl Iterator<Item = (usize, f64)>,
    classes: usize,
) -> Vec<f32> {
    let mut counts = vec![0.0_f64; classes];
    draws.for_each(|(class, draws)| counts[class] += draws);
    let total: f64 = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0.0).count().max(1) as f64;
    counts
        .iter()
        .map(|count| match mode {
            ClassWeights::None => 1.0,
            ClassWeights::Balanced if *count == 0.0 => 0.0,
            ClassWeights::Balanced => total as f32 / (present * count) as f32,
        })
        .collect()
}

impl Teaching<'_> {
    /// A training batch of `clips`, and the class of each of its rows.
    pub(crate) fn batch(&self, clips: &[&ClipData], rng: &mut impl Rng) -> Result<(Batch, Vec<usize>), TrainError> {
        let mixup = self.params.augment.mixup;
        let items: Vec<Item> = clips.iter().map(|clip| self.altered(clip, rng)).collect::<Result<_, TrainError>>()?;
        let mut rows: Vec<Row<'_>> = items.iter().map(Row::whole).collect();
        if mixup > 0.0 {
            let mut partners: Vec<usize> = (0..items.len()).collect();
            partners.shuffle(rng);
            for (row, partner) in rows.iter_mut().zip(partners) {
                // The larger share stays with the clip whose length and class the row keeps.
                let share = beta(mixup, rng);
                row.other = Some((&items[partner], share.max(1.0 - share)));
            }
        }
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(items[*at].frames.len()));
        let classes_of = order.iter().map(|at| clips[*at].class).collect();
        let mut batch = collate(order.iter().map(|at| rows[*at]), self.width);
        for target in batch.targets.chunks_exact_mut(self.class_weights.len()) {
            target.iter_mut().zip(self.class_weights).for_each(|(target, weight)| *target *= weight);
        }
        let sum: f32 = batch.targets.iter().sum();
        if sum > 0.0 {
            batch.targets.iter_mut().for_each(|target| *target /= sum);
        }
        Ok((batch, classes_of))
    }

    /// `clip` as an example to learn from: perhaps an altered copy, joined with a neutral clip, in another voice, a random
    /// stretch, masked, with noise.
    fn altered(&self, clip: &ClipData, rng: &mut impl Rng) -> Result<Item, TrainError> {
        let (augment, width, scaler) = (&self.params.augment, self.width, self.scaler);
        let hears = self.params.model.architecture().hears();
        // Nothing is drawn for what is off: the numbers of a training of before stay.
        let joins = augment.copy_paste > 0.0 && rng.random_bool(augment.copy_paste);
        let neutral = if joins { self.neutral.beside(clip, rng) } else { None };
        let (own, functionals) = self.recording(clip, rng);
        let joined = neutral.map(|neutral| (neutral, self.recording(neutral, rng).0));
        let of_joined = joined.map_or(0, |(_, frames)| frames.len() / width);
        let (keep, keep_joined) = shares(own.len() / width, of_joined, self.params.max_frames);
        let mut frames = stretch(own, keep, width, rng)?;
        let mut joined = match joined {
            Some((neutral, frames)) => Some((neutral, stretch(frames, keep_joined, width, rng)?)),
            None => None,
        };
        let mut functionals = functionals.all()?.into_owned();
        let voices = self.voices;
        if voices.len() > 1 && rng.random_bool(augment.voice) {
            let other = voices.values().nth(rng.random_range(0..voices.len()));
            if let (Some(own), Some(other)) = (voices.get(&clip.speaker), other) {
                own.exchange(other, hears, &mut frames, &mut functionals);
            }
            if let Some((neutral, frames)) = &mut joined
                && let (Some(own), Some(other)) = (voices.get(&neutral.speaker), other)
            {
                own.exchange(other, hears, frames, &mut []);
            }
        }
        if let Some((neutral, joined)) = joined {
            let mut parts = [(scaler.group(clip), frames), (scaler.group(neutral), joined)];
            if rng.random_bool(0.5) {
                parts.reverse();
            }
            frames = scaler.join(parts);
            scaler.apply(scaler.group(clip), &mut [], &mut functionals);
        } else {
            scaler.apply(scaler.group(clip), &mut frames, &mut functionals);
        }
        mask_time(&mut frames, width, augment, rng);
        if hears != Hears::Waveform {
            mask_features(&mut frames, width, augment, rng);
        }
        if augment.noise > 0.0 {
            for value in frames.iter_mut().chain(&mut functionals) {
                *value += augment.noise as f32 * gaussian(rng);
            }
        }
        let classes = self.class_weights.len();
        let smoothing = self.params.label_smoothing as f32;
        let mut target = vec![smoothing / classes as f32; classes];
        target[clip.class] += 1.0 - smoothing;
        Ok(Item { frames, functionals, target })
    }

    /// Frames and functionals of `clip`, or of one of its copies.
    fn recording<'c>(&self, clip: &'c ClipData, rng: &mut impl Rng) -> (&'c Values, &'c Values) {
        let is_copy = rng.random_bool(self.params.augment.copies) && !clip.copies.is_empty();
        if !is_copy {
            return (&clip.frames, &clip.functionals);
        }
        let copy = &clip.copies[rng.random_range(0..clip.copies.len())];
        (&copy.frames, copy.functionals.as_ref().unwrap_or(&clip.functionals))
    }
}

/// Batches for inference, with the position of each row's item; clips of like length stand together. `lens` orders the
/// items by their length, `item` makes one: no more than a batch of them is in memory at a time.
pub(crate) fn inference_batches(
    lens: &[usize],
    item: impl Fn(usize) -> Result<Item, TrainError> + Sync,
    width: usize,
) -> impl Iterator<Item = Result<(Batch, Vec<usize>), TrainError>> {
    let mut order: Vec<usize> = (0..lens.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(lens[*at]));
    let batches: Vec<Vec<usize>> = order.chunks(INFERENCE_CLIPS).map(<[usize]>::to_vec).collect();
    batches.into_iter().map(move |rows| {
        let items: Vec<Item> = rows.par_iter().map(|at| item(*at)).collect::<Result<_, _>>()?;
        Ok((collate(items.iter().map(Row::whole), width), rows))
    })
}

/// A row of a batch.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    item: &'a Item,
    /// Another item that it is blended with, and the share of its own.
    other: Option<(&'a Item, f32)>,
}

impl<'a> Row<'a> {
    /// An item as it is.
    fn whole(item: &'a Item) -> Self {
        Self { item, other: None }
    }

    /// Writes the values that `of` takes of an item to the end of `to`.
    fn put(&self, of: impl Fn(&Item) -> &[f32], to: &mut Vec<f32>) {
        match self.other {
            None => to.extend_from_slice(of(self.item)),
            Some((other, share)) => blend(to, of(self.item), of(other), share),
        }
    }
}

fn collate<'a>(rows: impl Iterator<Item = Row<'a>> + Clone, width: usize) -> Batch {
    let values = rows.clone().map(|row| row.item.frames.len()).sum();
    let mut batch = Batch { frames: Vec::with_capacity(values), ..Batch::default() };
    for row in rows {
        batch.lens.push(row.item.frames.len() / width);
        row.put(|item| &item.frames, &mut batch.frames);
        row.put(|item| &item.functionals, &mut batch.functionals);
        row.put(|item| &item.target, &mut batch.targets);
    }
    batch
}

/// `keep` of the frames of a recording, from a random place on.
fn stretch(recording: &Values, keep: usize, width: usize, rng: &mut impl Rng) -> Result<Vec<f32>, TrainError> {
    let start = rng.random_range(0..=recording.len() / width - keep);
    Ok(recording.range(start * width..(start + keep) * width)?.into_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Standardise;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const WIDTH: usize = 2;

    /// `len` frames that count up from `first`.
    fn clip(speaker: &str, class: usize, first: f32, len: usize) -> ClipData {
        ClipData {
            corpus: "c".to_owned(),
            speaker: speaker.to_owned(),
            class,
            frames: (0..len * WIDTH).map(|at| first + at as f32).collect::<Vec<f32>>().into(),
            functionals: vec![first].into(),
            ..ClipData::default()
        }
    }

    /// Nothing is altered but that every clip is joined.
    fn params(max_frames: usize) -> Params {
        let off =
            Augment { copies: 0.0, voice: 0.0, mixup: 0.0, time_masks: 0, feature_masks: 0, ..Augment::default() };
        let augment = Augment { copy_paste: 1.0, ..off };
        Params { augment, max_frames, standardise: Standardise::Speaker, label_smoothing: 0.0, ..Params::default() }
    }

    /// Each speaker's frames are moved down by their own offset.
    fn scaler() -> Scaler {
        let of = |mean: f32, width: usize| super::super::Scaling { mean: vec![mean; width], sd: vec![100.0; width] };
        let scalings = |mean: f32| Scalings { frames: of(mean, WIDTH), functionals: of(0.0, 1) };
        let groups = BTreeMap::from([("x".to_owned(), scalings(0.0)), ("y".to_owned(), scalings(50.0))]);
        Scaler::new(Standardise::Speaker, Hears::Frames, scalings(0.0), groups)
    }

    /// The clip alone is class 1, its own speaker has no neutral clip, the other's is of class 0.
    #[test]
    fn a_joined_clip_is_both_clips_scaled_as_their_own_and_has_the_class_and_functionals_of_the_first() {
        let (emotional, neutral) = (clip("x", 1, 100.0, 30), clip("y", 0, 300.0, 20));
        let values = |clip: &ClipData| clip.frames.all().expect("in memory").into_owned();
        let own: Vec<f32> = values(&emotional).iter().map(|value| value / 100.0).collect();
        let other: Vec<f32> = values(&neutral).iter().map(|value| (value - 50.0) / 100.0).collect();
        let (params, scaler, voices) = (params(0), scaler(), BTreeMap::new());
        let known = [&emotional, &neutral];
        let neutral = Neutral::new(known.into_iter(), 0);
        let class_weights = [1.0, 1.0];
        let teaching = Teaching {
            params: &params,
            scaler: &scaler,
            voices: &voices,
            neutral: &neutral,
            width: WIDTH,
            class_weights: &class_weights,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let orders = [[own.clone(), other.clone()].concat(), [other, own].concat()];
        let mut times = [0, 0];
        for _ in 0..200 {
            let item = teaching.altered(&emotional, &mut rng).expect("in memory");
            let order = orders.iter().position(|frames| {
                frames.len() == item.frames.len() && frames.iter().zip(&item.frames).all(|(a, b)| (a - b).abs() < 1e-5)
            });
            times[order.expect("one of both orders")] += 1;
            assert_eq!((item.target, item.functionals), (vec![0.0, 1.0], vec![1.0]));
        }
        // Half of 200, within three standard errors.
        assert!((79..=121).contains(&times[0]), "{times:?}");
        // The only neutral clip has none to be joined with.
        assert_eq!(teaching.altered(known[1], &mut rng).expect("in memory").frames.len(), 20 * WIDTH);
    }

    #[test]
    fn a_joined_clip_is_no_longer_than_the_network_hears() {
        let (emotional, neutral) = (clip("x", 1, 0.0, 30), clip("x", 0, 500.0, 20));
        let (params, scaler, voices) = (params(25), scaler(), BTreeMap::new());
        let class_weights = [1.0, 1.0];
        let known = Neutral::new([&neutral].into_iter(), 0);
        let teaching = Teaching {
            params: &params,
            scaler: &scaler,
            voices: &voices,
            neutral: &known,
            width: WIDTH,
            class_weights: &class_weights,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for _ in 0..50 {
            let frames = teaching.altered(&emotional, &mut rng).expect("in memory").frames;
            assert_eq!(frames.len(), 25 * WIDTH);
            let own = frames.iter().filter(|value| **value < 5.0).count() / WIDTH;
            assert_eq!(own, 13, "half of it, rounded up");
            // Frames of each part stay in their order.
            let falls = frames.windows(2).filter(|pair| pair[1] < pair[0]).count();
            assert!(falls <= 1, "{falls}");
        }
    }

    /// Classes 0 and 1 of two clips each; those of class 1 are drawn three times as often.
    #[test]
    fn classes_weigh_by_how_often_they_are_drawn() {
        let draws = || [(0, 0.5), (1, 1.5), (0, 0.5), (1, 1.5)].into_iter();
        assert_eq!(balanced_weights(ClassWeights::Balanced, draws(), 3), [2.0, 2.0 / 3.0, 0.0]);
        assert_eq!(balanced_weights(ClassWeights::None, draws(), 3), [1.0; 3]);
    }
}
