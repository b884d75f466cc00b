//! Altered copies of clips: more voices, rooms and timings to train on.
//!
//! Numbers drawn depend on the pipeline's seed, the clip's id and the copy's name, and so not on the order
//! of work. Copies are made before enhancement, as if they had been recorded that way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framing::Framing;
use crate::params::Problems;
use crate::rng::Rng;
use crate::sets::LogMel;
use crate::vector::energy;
use crate::warp::Warp;

/// One way of altering clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Augmentation {
    /// White noise is added.
    Noise {
        /// Power of the clip over power of the noise, in decibels.
        #[serde(default = "default_snr_db")]
        #[schemars(range(min = -10.0, max = 80.0))]
        snr_db: f64,
        /// Altered copies of each clip.
        #[serde(default = "default_copies")]
        #[schemars(range(min = 1, max = 10))]
        copies: u32,
    },
    /// The level is changed, by an amount drawn evenly between two bounds.
    Gain {
        /// Lowest change in decibels.
        #[serde(default = "default_min_db")]
        #[schemars(range(min = -60.0, max = 60.0))]
        min_db: f64,
        /// Highest change in decibels.
        #[serde(default = "default_max_db")]
        #[schemars(range(min = -60.0, max = 60.0))]
        max_db: f64,
        /// Altered copies of each clip.
        #[serde(default = "default_copies")]
        #[schemars(range(min = 1, max = 10))]
        copies: u32,
    },
    /// The clip begins earlier or later; what moves out is lost, what moves in is silence.
    TimeShift {
        /// Largest shift to either side, in seconds.
        #[serde(default = "default_max_s")]
        #[schemars(range(min = 0.001, max = 10.0))]
        max_s: f64,
        /// Altered copies of each clip.
        #[serde(default = "default_copies")]
        #[schemars(range(min = 1, max = 10))]
        copies: u32,
    },
    /// The clip is played faster or slower; pitch and formants move along. One copy per factor.
    Speed {
        /// Speeds, 1 being the original, 0.5 to 2.
        #[serde(default = "default_factors")]
        #[schemars(length(min = 1, max = 10), inner(range(min = 0.5, max = 2.0)))]
        factors: Vec<f64>,
    },
    /// The vocal tract gets another length (VTLP, Jaitly and Hinton 2013): mel bands hear a warped frequency axis, by a factor
    /// alpha drawn evenly between two bounds. Above 1, resonances come to lie lower, as in a longer tract. Log-mel bands
    /// and MFCC change; tempo, pitch and all other features stay.
    Vtlp {
        /// Lowest alpha.
        #[serde(default = "default_min_alpha")]
        #[schemars(range(min = 0.7, max = 1.4))]
        min_alpha: f64,
        /// Highest alpha.
        #[serde(default = "default_max_alpha")]
        #[schemars(range(min = 0.7, max = 1.4))]
        max_alpha: f64,
        /// Frequency in hertz, below half the sample rate, under which frequencies are multiplied by alpha (F_hi of the
        /// paper): above the significant resonances. From there the axis is a straight line to half the sample rate, which
        /// stays where it is.
        #[serde(default = "default_f_hi_hz")]
        #[schemars(range(min = 100.0, max = 96000.0))]
        f_hi_hz: f64,
        /// Altered copies of each clip.
        #[serde(default = "default_copies")]
        #[schemars(range(min = 1, max = 10))]
        copies: u32,
    },
}

fn default_snr_db() -> f64 {
    15.0
}

fn default_copies() -> u32 {
    1
}

fn default_min_db() -> f64 {
    -6.0
}

fn default_max_db() -> f64 {
    6.0
}

fn default_max_s() -> f64 {
    0.2
}

fn default_factors() -> Vec<f64> {
    vec![0.9, 1.1]
}

fn default_min_alpha() -> f64 {
    0.9
}

fn default_max_alpha() -> f64 {
    1.1
}

fn default_f_hi_hz() -> f64 {
    4800.0
}

impl Augmentation {
    pub(crate) fn check(&self, key: &str, problems: &mut Problems) {
        match self {
            Self::Gain { min_db, max_db, .. } if max_db < min_db => {
                problems.add(&format!("{key}.max_db"), format!("{max_db} dB is below `min_db`, {min_db} dB"), None);
            }
            Self::Vtlp { min_alpha, max_alpha, .. } if max_alpha < min_alpha => {
                problems.add(
                    &format!("{key}.max_alpha"),
                    format!("{max_alpha} is below `min_alpha`, {min_alpha}"),
                    None,
                );
            }
            _ => {}
        }
    }

    /// Adds what is wrong with the step at this sample rate; `log_mel` are the mel bands, where any set is computed from them.
    pub(crate) fn check_bands(&self, key: &str, log_mel: Option<&LogMel>, framing: &Framing, problems: &mut Problems) {
        let Self::Vtlp { min_alpha, max_alpha, f_hi_hz, .. } = self else { return };
        let Some(log_mel) = log_mel else {
            let message = "`vtlp` warps mel bands, and no feature set that is on is computed from them".to_owned();
            return problems.add(
                &format!("{key}.kind"),
                message,
                Some("switch `log_mel` or `mfcc` on, or leave it out"),
            );
        };
        if *f_hi_hz >= f64::from(framing.sample_rate_hz) / 2.0 {
            return problems.add_too_high(&format!("{key}.f_hi_hz"), *f_hi_hz, framing.sample_rate_hz);
        }
        // Whatever alpha is drawn, no band may lie between two bins. The least stretch is at one of both ends.
        let stretch = |alpha: &f64| Warp::new(*alpha, *f_hi_hz, framing.sample_rate_hz).least_stretch();
        let width_hz = log_mel.narrowest_hz(framing) * stretch(min_alpha).min(stretch(max_alpha));
        if width_hz <= framing.bin_hz() {
            let message = format!(
                "warped, a band of {} may be as narrow as {width_hz:.1} Hz, and frequency bins are {:.1} Hz apart: it would be empty",
                log_mel.n_mels,
                framing.bin_hz()
            );
            let hint = "use fewer bands or a longer `frame_s`, or bounds of alpha closer to 1";
            problems.add(&format!("{key}.min_alpha"), message, Some(hint));
        }
    }
}

/// One altered copy that is made of every clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Copy {
    /// Name in the `variant` column: `noise_1`, `speed_2`.
    pub(crate) variant: String,
    alteration: Alteration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Alteration {
    Noise { snr_db: f64 },
    Gain { min_db: f64, max_db: f64 },
    TimeShift { max_s: f64 },
    Speed { factor: f64 },
    Vtlp { min_alpha: f64, max_alpha: f64, f_hi_hz: f64 },
}

/// All copies that `steps` declare; those of one kind are numbered from 1 in the order declared.
pub(crate) fn copies(steps: &[Augmentation]) -> Vec<Copy> {
    let mut alterations = Vec::new();
    for step in steps {
        let mut repeat = |alteration, copies: u32| alterations.extend((0..copies).map(|_| alteration));
        match step {
            Augmentation::Noise { snr_db, copies } => repeat(Alteration::Noise { snr_db: *snr_db }, *copies),
            Augmentation::Gain { min_db, max_db, copies } => {
                repeat(Alteration::Gain { min_db: *min_db, max_db: *max_db }, *copies);
            }
            Augmentation::TimeShift { max_s, copies } => repeat(Alteration::TimeShift { max_s: *max_s }, *copies),
            Augmentation::Speed { factors } => {
                for factor in factors {
                    repeat(Alteration::Speed { factor: *factor }, 1);
                }
            }
            Augmentation::Vtlp { min_alpha, max_alpha, f_hi_hz, copies } => {
                let (min_alpha, max_alpha, f_hi_hz) = (*min_alpha, *max_alpha, *f_hi_hz);
                repeat(Alteration::Vtlp { min_alpha, max_alpha, f_hi_hz }, *copies);
            }
        }
    }
    let names: Vec<&str> = alterations.iter().map(Alteration::name).collect();
    (0..alterations.len())
        .map(|index| {
            let number = names[..=index].iter().filter(|name| **name == names[index]).count();
            Copy { variant: format!("{}_{number}", names[index]), alteration: alterations[index] }
        })
        .collect()
}

impl Alteration {
    fn name(&self) -> &'static str {
        match self {
            Self::Noise { .. } => "noise",
            Self::Gain { .. } => "gain",
            Self::TimeShift { .. } => "shift",
            Self::Speed { .. } => "speed",
            Self::Vtlp { .. } => "vtlp",
        }
    }
}

impl Copy {
    /// Alters `clip`. The second value is the sample rate that it is now to be read at: another than `sample_rate_hz`
    /// where the speed changed, so the caller has to resample it.
    pub(crate) fn apply(&self, clip: &[f32], sample_rate_hz: u32, seed: u64, clip_id: &str) -> (Vec<f32>, u32) {
        let mut rng = Rng::for_copy(seed, clip_id, &self.variant);
        let mut altered = clip.to_vec();
        match self.alteration {
            Alteration::Noise { snr_db } => {
                let power = f64::from(energy(clip)) / clip.len().max(1) as f64;
                let amplitude = (power / 10.0_f64.powf(snr_db / 10.0)).sqrt();
                for sample in &mut altered {
                    *sample += (amplitude * rng.gaussian()) as f32;
                }
            }
            Alteration::Gain { min_db, max_db } => {
                let factor = 10.0_f64.powf(rng.between(min_db, max_db) / 20.0) as f32;
                for sample in &mut altered {
                    *sample *= factor;
                }
            }
            Alteration::TimeShift { max_s } => {
                let shift = (rng.between(-max_s, max_s) * f64::from(sample_rate_hz)).round() as isize;
                crate::framing::copy_padded(clip, -shift, &mut altered);
            }
            Alteration::Speed { .. } | Alteration::Vtlp { .. } => {}
        }
        (altered, self.rate_hz(sample_rate_hz))
    }

    /// The warp through which mel bands hear the altered clip, where it is altered so.
    pub(crate) fn warp(&self, sample_rate_hz: u32, seed: u64, clip_id: &str) -> Option<Warp> {
        let Alteration::Vtlp { min_alpha, max_alpha, f_hi_hz } = self.alteration else { return None };
        let alpha = Rng::for_copy(seed, clip_id, &self.variant).between(min_alpha, max_alpha);
        Some(Warp::new(alpha, f_hi_hz, sample_rate_hz))
    }

    /// The sample rate that an altered clip of `sample_rate_hz` is to be read at.
    pub(crate) fn rate_hz(&self, sample_rate_hz: u32) -> u32 {
        match self.alteration {
            Alteration::Speed { factor } => (f64::from(sample_rate_hz) * factor).round() as u32,
            Alteration::Noise { .. }
            | Alteration::Gain { .. }
            | Alteration::TimeShift { .. }
            | Alteration::Vtlp { .. } => sample_rate_hz,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Vec<Augmentation> {
        serde_json::from_str(
            r#"[{"kind": "noise", "copies": 2}, {"kind": "gain"}, {"kind": "time-shift"}, {"kind": "speed"},
                {"kind": "noise", "snr_db": 30}, {"kind": "vtlp", "copies": 2}]"#,
        )
        .expect("every field has a default")
    }

    fn clip() -> Vec<f32> {
        (0..16_000).map(|n| 0.3 * (n as f32 * 0.1).sin()).collect()
    }

    #[test]
    fn copies_are_numbered_by_kind() {
        let names: Vec<String> = copies(&declared()).into_iter().map(|copy| copy.variant).collect();
        let [of_noise, of_others] = [["noise_1", "noise_2", "gain_1"], ["shift_1", "speed_1", "speed_2"]];
        assert_eq!(names, [&of_noise[..], &of_others, &["noise_3", "vtlp_1", "vtlp_2"]].concat());
    }

    #[test]
    fn noise_has_the_power_asked_for() {
        let clip = clip();
        let copy = &copies(&declared())[0];
        let (noisy, rate) = copy.apply(&clip, 16_000, 1, "a");
        let noise: Vec<f32> = noisy.iter().zip(&clip).map(|(a, b)| a - b).collect();
        let snr_db = 10.0 * (energy(&clip) / energy(&noise)).log10();
        assert!((snr_db - 15.0).abs() < 0.3, "{snr_db}");
        assert_eq!(rate, 16_000);
    }

    #[test]
    fn gain_stays_in_its_bounds_and_shift_keeps_the_length() {
        let clip = clip();
        for seed in 0..50 {
            let all = copies(&declared());
            let (louder, _) = all[2].apply(&clip, 16_000, seed, "a");
            let gain_db = 10.0 * (energy(&louder) / energy(&clip)).log10();
            assert!((-6.01..=6.01).contains(&gain_db), "{gain_db}");
            let (shifted, _) = all[3].apply(&clip, 16_000, seed, "a");
            assert_eq!(shifted.len(), clip.len());
            let silent = shifted.iter().filter(|sample| **sample == 0.0).count();
            assert!(silent <= 3_201, "{silent}");
        }
    }

    #[test]
    fn speed_is_a_matter_of_sample_rate() {
        let (samples, rate) = copies(&declared())[4].apply(&clip(), 16_000, 1, "a");
        assert_eq!((samples.len(), rate), (16_000, 14_400));
    }

    /// Alpha is where the warp brings 1000 Hz, in thousands.
    #[test]
    fn alpha_is_drawn_within_its_bounds_for_each_copy() {
        let all = copies(&declared());
        let alpha = |copy: &Copy, clip_id: &str| copy.warp(16_000, 3, clip_id).map(|warp| warp.apply(1000.0) / 1000.0);
        assert_eq!(alpha(&all[0], "a"), None);
        let drawn: Vec<f64> = (0..200).filter_map(|clip| alpha(&all[7], &clip.to_string())).collect();
        assert!(drawn.iter().all(|alpha| (0.9..=1.1).contains(alpha)));
        let mean = drawn.iter().sum::<f64>() / 200.0;
        // Standard error 0.2 / sqrt(12 * 200).
        assert!((mean - 1.0).abs() < 0.0125, "{mean}");
        assert_ne!(alpha(&all[7], "a"), alpha(&all[8], "a"));
        assert_eq!(all[7].apply(&clip(), 16_000, 1, "a"), (clip(), 16_000));
    }

    #[test]
    fn bounds_the_wrong_way_round_are_named() {
        let mut problems = Problems::default();
        Augmentation::Gain { min_db: 3.0, max_db: -3.0, copies: 1 }.check("augment[0]", &mut problems);
        let vtlp = Augmentation::Vtlp { min_alpha: 1.1, max_alpha: 0.9, f_hi_hz: 4800.0, copies: 1 };
        vtlp.check("augment[1]", &mut problems);
        let keys: Vec<&str> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["augment[0].max_db", "augment[1].max_alpha"]);
    }
}
