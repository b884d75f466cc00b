//! Bringing functionals to mean 0 and standard deviation 1, in double precision: the optimiser compares costs to the
//! last digits. A network's batches are scaled in single precision.

use std::collections::BTreeMap;

use ser_models::{Moments, SpeakerPrior};
use serde::{Deserialize, Serialize};

/// Standardised values beyond this are cut off, as the network's are: single wild clips must not decide a weight.
const LIMIT: f64 = 10.0;
/// Standard deviations below this share of the mean are rounding of single-precision numbers.
const ROUNDING: f64 = 1e-6;

/// Mean and standard deviation of each functional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scaling {
    pub(crate) mean: Vec<f64>,
    /// 0 for a functional that never varies: it tells nothing and becomes 0.
    pub(crate) sd: Vec<f64>,
}

impl Scaling {
    /// Over `rows` of `width` functionals, a clip each; standard deviations divide by the number of clips.
    pub(crate) fn fit<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, width: usize) -> Self {
        let count = rows.clone().count().max(1) as f64;
        let mut mean = vec![0.0; width];
        for row in rows.clone() {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value) / count);
        }
        let mut variance = vec![0.0; width];
        for row in rows {
            for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(*value) - mean).powi(2) / count;
            }
        }
        let sd = variance.iter().zip(&mean).map(|(variance, mean)| {
            let sd = variance.sqrt();
            if sd <= ROUNDING * mean.abs() { 0.0 } else { sd }
        });
        Self { sd: sd.collect(), mean }
    }

    /// Of the first `width` columns of what `moments` took in.
    pub(crate) fn of(moments: &Moments, width: usize) -> Self {
        let (mean, sd) = moments.scaling(0..width);
        Self { mean, sd }
    }

    /// This one, which is of `clips` clips of a speaker, with that of the `training` clips, as far as `prior` says.
    pub(crate) fn blended(&self, training: &Self, clips: usize, prior: SpeakerPrior) -> Self {
        let own = self.mean.iter().copied().zip(self.sd.iter().copied());
        let training = training.mean.iter().copied().zip(training.sd.iter().copied());
        let (mean, sd) = own.zip(training).map(|(own, training)| prior.blended(clips, own, training)).unzip();
        Self { mean, sd }
    }

    /// Over the clips of each speaker or corpus, by name.
    pub(crate) fn per_group<'a, 'b>(
        clips: impl Iterator<Item = (&'a str, &'b [f32])>,
        width: usize,
    ) -> BTreeMap<&'a str, Self> {
        let mut groups: BTreeMap<&str, Vec<&[f32]>> = BTreeMap::new();
        for (group, row) in clips {
            groups.entry(group).or_default().push(row);
        }
        groups.into_iter().map(|(name, rows)| (name, Self::fit(rows.iter().copied(), width))).collect()
    }

    /// The scaled functionals of a clip.
    pub(crate) fn apply<'a>(&'a self, values: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        values.iter().zip(&self.mean).zip(&self.sd).map(|((value, mean), sd)| {
            if *sd > 0.0 { ((f64::from(*value) - mean) / sd).clamp(-LIMIT, LIMIT) } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 2 and standard deviation 1; a constant becomes 0; a wild value is cut off.
    #[test]
    fn three_functionals_by_hand() {
        let rows: [&[f32]; 2] = [&[1.0, 5.0, 0.0], &[3.0, 5.0, 1.0]];
        let scaling = Scaling::fit(rows.into_iter(), 3);
        assert_eq!(scaling.apply(&[3.0, 5.0, 1.0]).collect::<Vec<_>>(), [1.0, 0.0, 1.0]);
        assert_eq!(scaling.apply(&[2.0, 9.0, 100.0]).collect::<Vec<_>>(), [0.0, 0.0, 10.0]);
    }

    /// Half of one clip's, whose functionals have no spread, and half of the training clips'.
    #[test]
    fn one_clip_is_scaled_by_what_it_tells_and_by_training_clips() {
        let own = Scaling::fit(std::iter::once(&[8.0_f32, 5.0][..]), 2);
        let training = Scaling { mean: vec![4.0, 5.0], sd: vec![2.0, 0.0] };
        let both = own.blended(&training, 1, SpeakerPrior::new(1.0));
        assert_eq!(both, Scaling { mean: vec![6.0, 5.0], sd: vec![2.0_f64.sqrt(), 0.0] });
        assert_eq!(both.apply(&[8.0, 5.0]).collect::<Vec<_>>(), [2.0 / 2.0_f64.sqrt(), 0.0]);
        assert_eq!(own.blended(&training, 1, SpeakerPrior::default()), own);
        let mut moments = Moments::default();
        moments.add(&[8.0, 5.0], 2);
        assert_eq!(Scaling::of(&moments, 2), own);
    }

    #[test]
    fn groups_are_scaled_by_their_own_clips() {
        let clips: [(&str, &[f32]); 4] = [("a", &[1.0]), ("a", &[3.0]), ("b", &[10.0]), ("b", &[30.0])];
        let speakers = Scaling::per_group(clips.into_iter(), 1);
        for (speaker, high) in [("a", 3.0), ("b", 30.0)] {
            assert_eq!(speakers[speaker].apply(&[high]).collect::<Vec<_>>(), [1.0]);
        }
    }
}
