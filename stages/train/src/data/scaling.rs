//! Bringing values to mean 0 and standard deviation 1, and whose values decide what these are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dataset::ClipData;
use crate::error::TrainError;
use crate::networks::Hears;
use crate::params::Standardise;
use ser_kernels::simd::wide;
use ser_models::{Moments, SpeakerPrior};

/// Standardised values beyond this are cut off: single wild frames must not drown a batch.
const LIMIT: f32 = 10.0;

/// Mean and standard deviation of each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub(crate) struct Scaling {
    /// Mean of each column.
    pub(crate) mean: Vec<f32>,
    /// Standard deviation of each column; 0 where the column never varies: it then tells nothing and becomes 0.
    pub(crate) sd: Vec<f32>,
}

/// Scalings of frames and functionals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub(crate) struct Scalings {
    /// Of the chosen frame features.
    pub(crate) frames: Scaling,
    /// Of the functionals.
    pub(crate) functionals: Scaling,
}

/// Knows how every clip is scaled.
#[derive(Debug, Clone)]
pub(crate) struct Scaler {
    mode: Standardise,
    hears: Hears,
    train: Scalings,
    /// Of speakers or corpora, by name.
    groups: BTreeMap<String, Scalings>,
}

impl Scaling {
    /// Over rows of `width` values of several blocks.
    pub(crate) fn fit<'a>(blocks: impl Iterator<Item = &'a [f32]>, width: usize) -> Self {
        let mut moments = Moments::default();
        blocks.for_each(|block| moments.add(block, width));
        Self::of(&moments, 0..width)
    }

    /// Of `columns` of what `moments` took in; 0 where that was nothing.
    pub(crate) fn of(moments: &Moments, columns: impl Iterator<Item = usize>) -> Self {
        let (mean, sd) = moments.scaling(columns);
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Self { mean: single(mean), sd: single(sd) }
    }

    /// This one, which is of `clips` clips of a speaker, with that of the training clips.
    fn blended(&self, training: &Self, clips: usize, prior: SpeakerPrior) -> Self {
        let pairs = |of: &Self| -> Vec<(f64, f64)> {
            of.mean.iter().zip(&of.sd).map(|(mean, sd)| (f64::from(*mean), f64::from(*sd))).collect()
        };
        let blended = |(own, training)| prior.blended(clips, own, training);
        let (mean, sd): (Vec<f64>, Vec<f64>) = pairs(self).into_iter().zip(pairs(training)).map(blended).unzip();
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Self { mean: single(mean), sd: single(sd) }
    }

    /// Scales rows in place.
    pub(crate) fn apply(&self, values: &mut [f32]) {
        let width = self.mean.len();
        if width == 0 {
            return;
        }
        let inverse: Vec<f32> = self.sd.iter().map(|sd| if *sd > 0.0 { 1.0 / sd } else { 0.0 }).collect();
        wide(
            #[inline(always)]
            || {
                for row in values.chunks_exact_mut(width) {
                    for ((value, mean), inverse) in row.iter_mut().zip(&self.mean).zip(&inverse) {
                        *value = ((*value - mean) * inverse).clamp(-LIMIT, LIMIT);
                    }
                }
            },
        );
    }
}

impl Scaling {
    /// Gives rows the mean and standard deviation of `other` instead of this one's; columns that never vary in either stay.
    fn exchange(&self, other: &Self, values: &mut [f32]) {
        let width = self.mean.len();
        let varies = |column: usize| self.sd[column] > 0.0 && other.sd[column] > 0.0;
        let column = |value: &dyn Fn(usize) -> f32, otherwise: f32| -> Vec<f32> {
            (0..width).map(|column| if varies(column) { value(column) } else { otherwise }).collect()
        };
        let from = column(&|column| self.mean[column], 0.0);
        let factor = column(&|column| other.sd[column] / self.sd[column], 1.0);
        let after = column(&|column| other.mean[column], 0.0);
        wide(
            #[inline(always)]
            || {
                for row in values.chunks_exact_mut(width.max(1)) {
                    for (((value, from), factor), after) in row.iter_mut().zip(&from).zip(&factor).zip(&after) {
                        *value = (*value - from) * factor + after;
                    }
                }
            },
        );
    }
}

impl Scalings {
    /// Gives frames and functionals of the speaker that these statistics describe the statistics of another.
    /// Waveforms stay as they are: the columns of their samples are no features.
    pub(crate) fn exchange(&self, other: &Self, hears: Hears, frames: &mut [f32], functionals: &mut [f32]) {
        if hears != Hears::Waveform {
            self.frames.exchange(&other.frames, frames);
        }
        self.functionals.exchange(&other.functionals, functionals);
    }

    /// These, which are of `clips` clips of a speaker, with those of the `training` clips, as far as `prior` says.
    pub(crate) fn blended(&self, training: &Self, clips: usize, prior: SpeakerPrior) -> Self {
        Self {
            frames: self.frames.blended(&training.frames, clips, prior),
            functionals: self.functionals.blended(&training.functionals, clips, prior),
        }
    }

    /// Of each speaker, corpus or whatever `group` tells of a clip, over its `clips`, by name.
    pub(crate) fn per<'a>(
        group: impl Fn(&'a ClipData) -> &'a str,
        clips: impl Iterator<Item = &'a ClipData>,
        width: usize,
        functionals: usize,
    ) -> Result<BTreeMap<String, Self>, TrainError> {
        let mut of: BTreeMap<&str, Vec<&ClipData>> = BTreeMap::new();
        for clip in clips {
            of.entry(group(clip)).or_default().push(clip);
        }
        of.into_iter()
            .map(|(name, clips)| Ok((name.to_owned(), Self::fit(clips.into_iter(), width, functionals)?)))
            .collect()
    }

    /// Over the frames and functionals of `clips`.
    pub(crate) fn fit<'a>(
        clips: impl Iterator<Item = &'a ClipData>,
        width: usize,
        functionals: usize,
    ) -> Result<Self, TrainError> {
        let (mut of_frames, mut of_functionals) = (Moments::default(), Moments::default());
        for clip in clips {
            of_frames.add(&clip.frames.all()?, width);
            of_functionals.add(&clip.functionals.all()?, functionals);
        }
        Ok(Self {
            frames: Scaling::of(&of_frames, 0..width),
            functionals: Scaling::of(&of_functionals, 0..functionals),
        })
    }
}

impl Scaler {
    /// `train` was fitted on training clips; `groups` holds what is known of single speakers (for [`Standardise::Speaker`])
    /// or corpora (for [`Standardise::Corpus`]); others fall back to `train`. A waveform is scaled by its own mean and
    /// standard deviation, whatever decides over functionals: the columns of its samples are no features.
    pub(crate) fn new(mode: Standardise, hears: Hears, train: Scalings, groups: BTreeMap<String, Scalings>) -> Self {
        Self { mode, hears, train, groups }
    }

    /// The group of `clip`; see [`apply`](Self::apply).
    pub(crate) fn group<'a>(&self, clip: &'a ClipData) -> &'a str {
        if self.mode == Standardise::Corpus { &clip.corpus } else { &clip.speaker }
    }

    /// Scales the frames and functionals of a clip of `group` in place: of a speaker, or where corpora are standardised, of a
    /// corpus.
    pub(crate) fn apply(&self, group: &str, frames: &mut [f32], functionals: &mut [f32]) {
        self.frames(group, frames);
        if self.mode != Standardise::None {
            self.scalings(group).functionals.apply(functionals);
        }
    }

    /// Clips that are heard one after the other as one: the frames of each with its group, scaled as its own, or where a clip
    /// is scaled by itself, as one clip.
    pub(crate) fn join<'a>(&self, parts: impl IntoIterator<Item = (&'a str, Vec<f32>)>) -> Vec<f32> {
        let mut joined = Vec::new();
        for (group, mut frames) in parts {
            if !self.is_by_clip() {
                self.frames(group, &mut frames);
            }
            joined.append(&mut frames);
        }
        if self.is_by_clip() {
            self.frames("", &mut joined);
        }
        joined
    }

    fn is_by_clip(&self) -> bool {
        self.mode == Standardise::Clip || self.hears == Hears::Waveform
    }

    fn frames(&self, group: &str, frames: &mut [f32]) {
        let by_clip = |frames: &mut [f32], width| Scaling::fit(std::iter::once(&*frames), width).apply(frames);
        match (self.mode, self.hears) {
            (Standardise::None, _) => {}
            (_, Hears::Waveform) => by_clip(frames, 1),
            (Standardise::Clip, _) => by_clip(frames, self.train.frames.mean.len()),
            (Standardise::Corpus | Standardise::Speaker | Standardise::Train, _) => {
                self.scalings(group).frames.apply(frames);
            }
        }
    }

    fn scalings(&self, group: &str) -> &Scalings {
        self.groups.get(group).unwrap_or(&self.train)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_values_have_mean_0_and_sd_1_and_constants_vanish() {
        let values: Vec<f32> = (0..100).flat_map(|row| [row as f32 * 0.5 - 7.0, 1e6, 3.0]).collect();
        let scaling = Scaling::fit([&values[..150], &values[150..]].into_iter(), 3);
        let mut scaled = values.clone();
        scaling.apply(&mut scaled);
        let first: Vec<f32> = scaled.chunks(3).map(|row| row[0]).collect();
        let mean = first.iter().sum::<f32>() / 100.0;
        let variance = first.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 100.0;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        assert!(scaled.chunks(3).all(|row| row[1] == 0.0 && row[2] == 0.0));
    }

    /// Mean 2 and sd 1 become mean 10 and sd 3; a column that never varies stays, as there is nothing to stretch.
    #[test]
    fn a_voice_is_exchanged_for_another() {
        let own = Scaling { mean: vec![2.0, 5.0], sd: vec![1.0, 0.0] };
        let other = Scaling { mean: vec![10.0, 7.0], sd: vec![3.0, 1.0] };
        let mut values = [1.0, 5.0, 3.0, 5.0];
        own.exchange(&other, &mut values);
        assert_eq!(values, [7.0, 5.0, 13.0, 5.0]);
    }

    /// Samples 0 to 7 in frames of two: mean 3.5 and variance 5.25, whatever a column of training clips says.
    #[test]
    fn a_waveform_is_scaled_as_one() {
        let scaling = || Scaling { mean: vec![10.0; 2], sd: vec![2.0; 2] };
        let train = Scalings { frames: scaling(), functionals: scaling() };
        let scaler = Scaler::new(Standardise::Train, Hears::Waveform, train, BTreeMap::new());
        let mut samples: Vec<f32> = (0..8).map(|sample| sample as f32).collect();
        let mut functionals = [12.0, 8.0];
        scaler.apply("", &mut samples, &mut functionals);
        assert_eq!(functionals, [1.0, -1.0]);
        for (at, sample) in samples.iter().enumerate() {
            assert!((sample - (at as f32 - 3.5) / 5.25_f32.sqrt()).abs() < 1e-6, "{sample}");
        }
    }

    /// Two clips of 0 to 3 and 10 to 13: by groups each by its own mean, by clip both by theirs together.
    #[test]
    fn joined_clips_are_scaled_as_their_own_or_as_one() {
        let of = |mean: f32| {
            let scaling = || Scaling { mean: vec![mean], sd: vec![1.0] };
            Scalings { frames: scaling(), functionals: scaling() }
        };
        let groups = BTreeMap::from([("a".to_owned(), of(0.0)), ("b".to_owned(), of(10.0))]);
        let joined = |mode, hears| {
            let parts = [("a", vec![0.0, 1.0, 2.0, 3.0]), ("b", vec![10.0, 11.0, 12.0, 13.0])];
            Scaler::new(mode, hears, of(5.0), groups.clone()).join(parts)
        };
        let each = [0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0];
        assert_eq!(joined(Standardise::Speaker, Hears::Frames), each);
        assert_eq!(joined(Standardise::Corpus, Hears::Frames), each);
        assert_eq!(joined(Standardise::None, Hears::Waveform)[4..], [10.0, 11.0, 12.0, 13.0]);
        // Mean 6.5, variance 26.25.
        for (mode, hears) in [(Standardise::Clip, Hears::Frames), (Standardise::Train, Hears::Waveform)] {
            assert!((joined(mode, hears)[4] - 3.5 / 26.25_f32.sqrt()).abs() < 1e-6);
        }
    }

    /// A clip of one speaker has functionals without a spread of their own: half of them is the training clips'.
    #[test]
    fn one_clip_is_scaled_by_what_it_tells_and_by_training_clips() {
        let training = Scalings {
            frames: Scaling { mean: vec![0.0, 1.0], sd: vec![2.0, 0.0] },
            functionals: Scaling { mean: vec![4.0], sd: vec![3.0] },
        };
        let clip =
            ClipData { frames: vec![2.0, 1.0, 6.0, 1.0].into(), functionals: vec![8.0].into(), ..ClipData::default() };
        let own = Scalings::fit(std::iter::once(&clip), 2, 1).expect("in memory");
        assert_eq!((&own.frames.mean[..], &own.functionals.sd[..]), (&[4.0, 1.0][..], &[0.0][..]));
        let both = own.blended(&training, 1, SpeakerPrior::new(1.0));
        assert_eq!((both.frames.mean, both.frames.sd), (vec![2.0, 1.0], vec![2.0, 0.0]));
        assert_eq!((both.functionals.mean, both.functionals.sd), (vec![6.0], vec![4.5_f32.sqrt()]));
        assert_eq!(own.blended(&training, 1, SpeakerPrior::new(0.0)), own);
        assert_eq!(own.blended(&training, 0, SpeakerPrior::new(1.0)), training);
    }

    #[test]
    fn nothing_to_fit_scales_to_zero() {
        let scaling = Scaling::fit(std::iter::empty(), 2);
        let mut values = [1.0, 2.0];
        scaling.apply(&mut values);
        assert_eq!(values, [0.0, 0.0]);
    }
}
