//! Zero crossings.

use crate::feature_set::{Column, Columns, Compute, FeatureSet, FromSignal};
use crate::framing::Framing;
use crate::params::Params;

/// Samples this close to zero count as zero, which counts as positive (librosa's threshold).
const ZERO: f32 = 1e-10;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "zcr"
    }

    fn about(&self) -> &'static str {
        "Share of neighbouring samples of the frame with different signs, as `librosa.feature.zero_crossing_rate`."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if params.zcr { vec![Column::new("zcr", "1")] } else { Vec::new() }
    }

    fn compute(&self, _: &Params, _: &Framing) -> Compute {
        Compute::signal(ZeroCrossings::default())
    }
}

impl FromSignal for ZeroCrossings {
    #[inline(always)]
    fn clip(&mut self, samples: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        self.find(samples);
        columns.fill(0, (0..columns.frame_count()).map(|index| self.rate(framing, index)));
    }
}

/// Finds the sign changes of a clip once, so that each frame only counts them.
#[derive(Debug, Default)]
struct ZeroCrossings {
    /// 1 for every sample whose sign differs from the one before it.
    changes: Vec<u8>,
}

impl ZeroCrossings {
    #[inline(always)]
    fn find(&mut self, clip: &[f32]) {
        self.changes.clear();
        if clip.is_empty() {
            return;
        }
        let pairs = clip.iter().zip(&clip[1..]);
        self.changes.push(0);
        self.changes.extend(pairs.map(|(before, after)| u8::from((*before < -ZERO) != (*after < -ZERO))));
    }

    /// Share of the samples of frame `index` whose sign differs from the one before; none beyond the clip's ends.
    #[inline(always)]
    fn rate(&self, framing: &Framing, index: usize) -> f32 {
        let first = framing.centre(index) - (framing.window / 2) as isize + 1;
        let within = |position: isize| position.clamp(0, self.changes.len() as isize) as usize;
        let frame = &self.changes[within(first)..within(first + framing.window as isize - 1)];
        frame.iter().map(|change| u32::from(*change)).sum::<u32>() as f32 / framing.window as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framing() -> Framing {
        Framing::new(&Params::default(), 16_000)
    }

    #[test]
    fn a_tone_crosses_zero_twice_per_period() {
        let clip: Vec<f32> =
            (0..4_000).map(|n| (std::f32::consts::TAU * 1_000.0 * n as f32 / 16_000.0 + 0.3).sin()).collect();
        let mut crossings = ZeroCrossings::default();
        crossings.find(&clip);
        let rate = crossings.rate(&framing(), 10);
        assert!((rate - 0.125).abs() <= 1.0 / 400.0, "{rate}");
    }

    proptest! {
        #[test]
        fn the_rate_agrees_with_counting_in_each_frame_and_ignores_gain(
            clip in prop::collection::vec(-1.0f32..1.0, 0..1_000), gain in 0.001f32..100.0,
        ) {
            let framing = framing();
            let mut crossings = ZeroCrossings::default();
            crossings.find(&clip);
            let rates: Vec<f32> = (0..framing.frame_count(clip.len())).map(|t| crossings.rate(&framing, t)).collect();
            for (index, rate) in rates.iter().enumerate() {
                let samples = framing.inside(&clip, index);
                let direct = samples.windows(2).filter(|pair| (pair[0] < -ZERO) != (pair[1] < -ZERO)).count();
                prop_assert_eq!(*rate, direct as f32 / 400.0);
            }
            // Away from the threshold, gain moves no sign.
            if clip.iter().all(|sample| sample.abs() > 1e-6) {
                let scaled: Vec<f32> = clip.iter().map(|sample| sample * gain).collect();
                crossings.find(&scaled);
                for (index, rate) in rates.iter().enumerate() {
                    prop_assert_eq!(crossings.rate(&framing, index), *rate);
                }
            }
        }
    }
}
