//! Steps that clean a waveform before features are computed, in the order declared.

mod noise;
mod silence;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One step of cleaning the waveform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Enhancement {
    /// Cuts off silence before and after the speech.
    TrimSilence {
        /// What lies further than this below the loudest 25 ms is silence, in decibels.
        #[serde(default = "default_trim_db")]
        #[schemars(range(min = 10.0, max = 120.0))]
        threshold_db: f64,
        /// Silence that is kept on either side, in seconds.
        #[serde(default = "default_margin_s")]
        #[schemars(range(min = 0.0, max = 5.0))]
        margin_s: f64,
    },
    /// Raises high frequencies: `y[n] = x[n] - coefficient * x[n - 1]`.
    PreEmphasis {
        /// How much of the sample before is taken off, 0 (nothing) to below 1.
        #[serde(default = "default_coefficient")]
        #[schemars(range(min = 0.0, max = 0.99))]
        coefficient: f64,
    },
    /// Takes off steady noise: each frequency is turned down where it is no louder than in the clip's quietest frames.
    NoiseReduction {
        /// Share of frames, the quietest ones, that the noise is measured in, 0.01 to 0.5.
        #[serde(default = "default_quiet_share")]
        #[schemars(range(min = 0.01, max = 0.5))]
        quiet_share: f64,
        /// How much of the noise's power is taken off, as a multiple of what was measured.
        #[serde(default = "default_strength")]
        #[schemars(range(min = 0.1, max = 10.0))]
        strength: f64,
        /// Most that any frequency is turned down, in decibels.
        #[serde(default = "default_reduction_db")]
        #[schemars(range(min = 1.0, max = 60.0))]
        max_reduction_db: f64,
    },
}

fn default_trim_db() -> f64 {
    40.0
}

fn default_margin_s() -> f64 {
    0.05
}

fn default_coefficient() -> f64 {
    0.97
}

fn default_quiet_share() -> f64 {
    0.1
}

fn default_strength() -> f64 {
    2.0
}

fn default_reduction_db() -> f64 {
    20.0
}

/// The declared steps, ready to run at one sample rate.
pub(crate) struct Enhancer {
    steps: Vec<Step>,
}

enum Step {
    Trim(silence::Trim),
    PreEmphasis(f32),
    Noise(Box<noise::Reduction>),
}

impl Enhancer {
    pub(crate) fn new(steps: &[Enhancement], sample_rate_hz: u32) -> Self {
        let steps = steps
            .iter()
            .map(|step| match *step {
                Enhancement::TrimSilence { threshold_db, margin_s } => {
                    Step::Trim(silence::Trim::new(threshold_db, margin_s, sample_rate_hz))
                }
                Enhancement::PreEmphasis { coefficient } => Step::PreEmphasis(coefficient as f32),
                Enhancement::NoiseReduction { quiet_share, strength, max_reduction_db } => Step::Noise(Box::new(
                    noise::Reduction::new(quiet_share, strength, max_reduction_db, sample_rate_hz),
                )),
            })
            .collect();
        Self { steps }
    }

    /// Runs every step on `clip`.
    pub(crate) fn apply(&mut self, clip: &mut Vec<f32>) {
        for step in &mut self.steps {
            match step {
                Step::Trim(trim) => trim.apply(clip),
                Step::PreEmphasis(coefficient) => pre_emphasise(clip, *coefficient),
                Step::Noise(reduction) => reduction.apply(clip),
            }
        }
    }
}

/// The first sample is kept as it is.
fn pre_emphasise(clip: &mut [f32], coefficient: f32) {
    for index in (1..clip.len()).rev() {
        clip[index] -= coefficient * clip[index - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all() -> Vec<Enhancement> {
        serde_json::from_str(
            r#"[{"kind": "noise-reduction"}, {"kind": "trim-silence"}, {"kind": "pre-emphasis", "coefficient": 0.9}]"#,
        )
        .expect("every field has a default")
    }

    #[test]
    fn pre_emphasis_takes_off_the_sample_before() {
        let mut clip = vec![1.0, 1.0, 0.5, 0.0];
        pre_emphasise(&mut clip, 0.5);
        assert_eq!(clip, [1.0, 0.5, 0.0, -0.25]);
    }

    #[test]
    fn steps_run_in_the_order_declared() {
        let burst: Vec<f32> =
            (0..16_000).map(|n| if n % 7 < 3 && (6_000..10_000).contains(&n) { 0.5 } else { 0.0 }).collect();
        let mut enhanced = burst.clone();
        Enhancer::new(&all()[1..], 16_000).apply(&mut enhanced);
        let mut by_hand = burst;
        silence::Trim::new(40.0, 0.05, 16_000).apply(&mut by_hand);
        pre_emphasise(&mut by_hand, 0.9);
        assert_eq!(enhanced, by_hand);
    }

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out_finite(clip in prop::collection::vec(-1e4f32..1e4, 0..4_000)) {
            let mut enhanced = clip.clone();
            Enhancer::new(&all(), 16_000).apply(&mut enhanced);
            prop_assert!(enhanced.iter().all(|sample| sample.is_finite()));
            prop_assert!(enhanced.len() <= clip.len());
            prop_assert!(enhanced.is_empty() == clip.is_empty());
        }
    }
}
