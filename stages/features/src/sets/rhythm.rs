//! Rhythm: how voiced stretches, stretches between them and pauses follow each other.
//!
//! The temporal parameters of F. Eyben et al.: "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research
//! and Affective Computing", IEEE Transactions on Affective Computing 7 (2016), but from the first to the last voiced
//! frame: how much silence is left at both ends tells of whoever cut the recording.

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
        "From the first to the last voiced frame: voiced stretches per second, mean and standard deviation of their lengths \
         and of those of the unvoiced stretches between them, and the share of frames more than `f0.silence_db` below the \
         clip's loudest (after eGeMAPS, Eyben et al. 2016); 0 where there are none."
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
            lengths.add(stretch.len() as f64 * hop_s);
        }
        let energies: Vec<f32> =
            (0..voiced.len()).map(|index| energy(clip.framing.inside(clip.samples, index))).collect();
        let loudest = energies.iter().fold(0.0_f32, |a, b| a.max(*b));
        let span = &energies[first..=last];
        let pauses = span.iter().filter(|energy| **energy < loudest * self.silence).count();
        let [sounding_mean_s, sounding_sd_s] = sounding.mean_and_sd();
        let [between_mean_s, between_sd_s] = between.mean_and_sd();
        let per_s = sounding.count / (span.len() as f64 * hop_s);
        let share = pauses as f64 / span.len() as f64;
        let values = [per_s, sounding_mean_s, sounding_sd_s, between_mean_s, between_sd_s, share];
        for (out, value) in out.iter_mut().zip(values) {
            *out = value as f32;
        }
    }
}

/// Lengths of stretches, in seconds.
#[derive(Default)]
struct Lengths {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Lengths {
    fn add(&mut self, seconds: f64) {
        self.count += 1.0;
        self.sum += seconds;
        self.squares += seconds * seconds;
    }

    /// Both of the stretches as a population; 0 without any.
    fn mean_and_sd(&self) -> [f64; 2] {
        let count = self.count.max(1.0);
        let mean = self.sum / count;
        [mean, (self.squares / count - mean * mean).max(0.0).sqrt()]
    }
}
