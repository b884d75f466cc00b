//! Fundamental frequency and voicing.

mod yin;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::feature_set::{Column, Columns, Compute, FeatureSet, FromSignal, Summary};
use crate::framing::Framing;
use crate::params::{Params, Problems};

use yin::Yin;

/// Name of the column of fundamental frequencies.
pub(crate) const F0_HZ: &str = "f0_hz";
/// Name of the voicing flag.
pub(super) const VOICED: &str = "voiced";

/// Fundamental frequency by YIN: `f0_hz` (0 where unvoiced) and `voiced` (0 or 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct F0 {
    /// Whether both are frame features.
    pub on: bool,
    /// Lowest fundamental frequency looked for, in hertz.
    #[schemars(range(min = 20.0, max = 1000.0))]
    pub fmin_hz: f64,
    /// Highest fundamental frequency looked for, in hertz.
    #[schemars(range(min = 50.0, max = 4000.0))]
    pub fmax_hz: f64,
    /// Length of the piece that periodicity is looked for in, in seconds; at least two periods of `fmin_hz`.
    #[schemars(range(min = 0.01, max = 0.2))]
    pub frame_s: f64,
    /// Highest aperiodicity of a voiced frame, 0 (perfectly periodic) to 1.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub threshold: f64,
    /// Frames further than this below the clip's loudest are unvoiced, in decibels.
    #[schemars(range(min = 10.0, max = 120.0))]
    pub silence_db: f64,
}

impl Default for F0 {
    fn default() -> Self {
        Self { on: true, fmin_hz: 65.0, fmax_hz: 600.0, frame_s: 0.048, threshold: 0.2, silence_db: 40.0 }
    }
}

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "f0"
    }

    fn about(&self) -> &'static str {
        "Fundamental frequency by YIN (de Cheveigné and Kawahara 2002), 0 where unvoiced, and a flag for voiced frames."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if !params.f0.on {
            return Vec::new();
        }
        let pitch = Column::new(F0_HZ, "Hz").summary(Summary::StatisticsWhere(VOICED));
        vec![pitch, Column::new(VOICED, "1").summary(Summary::Mean)]
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        let F0 { fmin_hz, fmax_hz, frame_s, .. } = params.f0;
        if fmax_hz <= fmin_hz {
            problems.add("f0.fmax_hz", format!("{fmax_hz} Hz is not above `fmin_hz`, {fmin_hz} Hz"), None);
        }
        if frame_s * fmin_hz < 2.0 {
            problems.add(
                "f0.frame_s",
                format!("{frame_s} s is shorter than two periods of {fmin_hz} Hz"),
                Some("lengthen `f0.frame_s` or raise `f0.fmin_hz`"),
            );
        }
    }

    fn check_rate(&self, params: &Params, sample_rate_hz: u32, problems: &mut Problems) {
        if params.f0.fmax_hz >= f64::from(sample_rate_hz) / 2.0 {
            problems.add_too_high("f0.fmax_hz", params.f0.fmax_hz, sample_rate_hz);
        }
    }

    fn compute(&self, params: &Params, framing: &Framing) -> Compute {
        Compute::signal(Pitch { yin: Yin::new(&params.f0, framing.sample_rate_hz), track: Vec::new() })
    }
}

struct Pitch {
    yin: Yin,
    track: Vec<f32>,
}

impl FromSignal for Pitch {
    #[inline(always)]
    fn clip(&mut self, samples: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        self.yin.track(samples, framing.hop, columns.frame_count(), &mut self.track);
        columns.fill(0, self.track.iter().copied());
        columns.fill(1, self.track.iter().map(|hz| if *hz > 0.0 { 1.0 } else { 0.0 }));
    }
}
