//! Rhythm: how voiced stretches, stretches between them and pauses follow each other.
//!
//! The temporal parameters of F. Eyben et al.: "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice
//! Research and Affective Computing", IEEE Transactions on Affective Computing 7 (2016), but from the first to the last
//! voiced frame: how much silence is left at both ends tells of whoever cut the recording.

use crate::feature_set::{Column, Compute, FeatureSet, FromClip, Summary, WholeClip};
use crate::framing::Framing;
use crate::params::{Params, Problems};
use crate::vector::energy;

use super::f0::VOICED;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "rhythm"
    }

    fn about(&self) -> &'static str {
        "From the first to the last voiced frame: voiced stretches per second, mean and standard deviation of their \
         lengths and of those of the unvoiced stretches between them, and the share of frames more than \
         `f0.silence_db` below the clip's loudest (after eGeMAPS, Eyben et al. 2016); 0 where there are none."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if !params.rhythm {
            return Vec::new();
        }
        let columns = [
            ("voiced_stretches_per_s", "1/s"),
            ("voiced_stretch_mean_s", "s"),
            ("voiced_stretch_sd_s", "s"),
            ("unvoiced_stretch_mean_s", "s"),
            ("unvoiced_stretch_sd_s", "s"),
            ("pause_share", "1"),
        ];
        columns.map(|(name, unit)| Column::new(name, unit).summary(Summary::Value)).into()
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        if params.rhythm && !params.f0.on {
            problems.add_needs_f0("rhythm");
        }
    }

    fn compute(&self, params: &Params, _: &Framing) -> Compute {
        Compute::clip(Rhythm { silence: 10.0_f64.powf(-params.f0.silence_db / 10.0) as f32 })
    }
}

struct Rhythm {
    /// Frames with less than this share of the loudest frame's energy are pauses.
    silence: f32,
}

impl FromClip for Rhythm {
    #[inline(always)]
    fn clip(&mut self, clip: &WholeClip<'_>, out: &mut [f32]) {
        out.fill(0.0);
        let voiced: Vec<bool> = clip.column(VOICED).into_iter().flatten().map(|flag| flag > 0.0).collect();
        let (Some(first), Some(last)) = (voiced.iter().position(|on| *on), voiced.iter().rposition(|on| *on)) else {
            return;
        };
        let hop_s = clip.framing.hop_s();
        let (mut sounding, mut between) = (Lengths::default(), Lengths::default());
        for stretch in voiced[first..=last].chunk_by(|a, b| a == b) {
            let lengths = if stretch[0] { &mut sounding } else { &mut between };
            lengths.add(stretch.len());
        }
        let energies: Vec<f32> =
            (0..voiced.len()).map(|index| energy(clip.framing.inside(clip.samples, index))).collect();
        let loudest = energies.iter().fold(0.0_f32, |a, b| a.max(*b));
        let span = &energies[first..=last];
        let pauses = span.iter().filter(|energy| **energy < loudest * self.silence).count();
        let [sounding_mean_s, sounding_sd_s] = sounding.mean_and_sd().map(|frames| frames * hop_s);
        let [between_mean_s, between_sd_s] = between.mean_and_sd().map(|frames| frames * hop_s);
        let per_s = sounding.count as f64 / (span.len() as f64 * hop_s);
        let share = pauses as f64 / span.len() as f64;
        let values = [per_s, sounding_mean_s, sounding_sd_s, between_mean_s, between_sd_s, share];
        for (out, value) in out.iter_mut().zip(values) {
            *out = value as f32;
        }
    }
}

/// Lengths of stretches, in frames.
#[derive(Default)]
struct Lengths {
    count: usize,
    sum: usize,
    squares: usize,
}

impl Lengths {
    fn add(&mut self, frames: usize) {
        self.count += 1;
        self.sum += frames;
        self.squares += frames * frames;
    }

    /// Mean and standard deviation of the stretches as a population, in frames; 0 without any.
    fn mean_and_sd(&self) -> [f64; 2] {
        let count = self.count.max(1);
        let spread = count * self.squares - self.sum * self.sum;
        [self.sum as f64 / count as f64, (spread as f64).sqrt() / count as f64]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rhythm of frames that are voiced where `voiced` has a 1, and as loud as `levels` say.
    fn of(voiced: &[u8], levels: &[f32]) -> [f32; 6] {
        let framing = Framing::new(&Params::default(), 16_000);
        let samples: Vec<f32> = levels.iter().flat_map(|level| [*level; 160]).take(levels.len() * 160 - 1).collect();
        let frames: Vec<f32> = voiced.iter().map(|flag| f32::from(*flag)).collect();
        let names = [VOICED.to_owned()];
        let clip = WholeClip { samples: &samples, framing: &framing, frames: &frames, names: &names };
        let mut out = [f32::NAN; 6];
        let Compute::Clip(mut rhythm) = Set.compute(&Params::default(), &framing) else { panic!("clips") };
        rhythm.clip(&clip, &mut out);
        out
    }

    #[test]
    fn stretches_have_their_lengths() {
        let voiced = [0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0];
        let mut levels = [0.1; 21];
        levels[10..14].fill(0.0);
        let [per_s, voiced_s, voiced_sd_s, between_s, between_sd_s, pauses] = of(&voiced, &levels);
        assert!((per_s - 3.0 / 0.18).abs() < 1e-4, "{per_s}");
        // 4, 2 and 6 frames; 2 and 4 between them.
        assert!((voiced_s - 0.04).abs() < 1e-6 && (voiced_sd_s - 0.01 * (8.0_f32 / 3.0).sqrt()).abs() < 1e-6);
        assert!((between_s - 0.03).abs() < 1e-6 && (between_sd_s - 0.01).abs() < 1e-6);
        // A frame hears 12.5 ms to either side: of the 40 ms of silence there is but one that hears nothing else.
        assert!((pauses - 1.0 / 18.0).abs() < 1e-6, "{pauses}");
    }

    #[test]
    fn a_clip_without_voice_has_none() {
        assert_eq!(of(&[0; 10], &[0.1; 10]), [0.0; 6]);
        assert_eq!(of(&[0], &[0.0]), [0.0; 6]);
    }

    proptest! {
        #[test]
        fn silence_at_both_ends_changes_nothing(
            voiced in prop::collection::vec(0_u8..2, 1..40), before in 0_usize..9, after in 0_usize..9,
        ) {
            // Unvoiced sound on either side, so that no voiced frame hears the silence.
            let voiced = [vec![0; 3], voiced, vec![0; 3]].concat();
            let levels = vec![0.1; voiced.len()];
            let padded = [vec![0; before], voiced.clone(), vec![0; after]].concat();
            let padded_levels = [vec![0.0; before], levels.clone(), vec![0.0; after]].concat();
            prop_assert_eq!(of(&voiced, &levels), of(&padded, &padded_levels));
        }
    }
}
