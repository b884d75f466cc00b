//! Quality of the voice: pitch as it is heard, and how regular and how clear the vibration is.

mod harmonicity;
mod lags;
mod pulses;

use crate::feature_set::{Column, Columns, Compute, FeatureSet, FromPitch, Summary};
use crate::framing::{Framing, samples};
use crate::params::{Params, Problems};

use super::f0::VOICED;
use harmonicity::Harmonicity;
use pulses::Pulses;

/// The frequency that semitones are counted from in eGeMAPS: three octaves below the A of 220 Hz.
const SEMITONES_FROM_HZ: f32 = 27.5;
/// Name of the column that is 0 where neither jitter nor shimmer are known, and only there.
const JITTER: &str = "jitter";

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "voice"
    }

    fn about(&self) -> &'static str {
        "Fundamental frequency in semitones above 27.5 Hz, mean change from one period to the next over the mean \
         period (local jitter), mean change of amplitude from one period to the next (local shimmer), both by \
         Praat's definitions over the pulses in `f0.frame_s`, and harmonics-to-noise ratio (Boersma 1993), -60 to 60 \
         dB; all 0 in unvoiced frames, jitter and shimmer also where too few pulses are near."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if !params.voice {
            return Vec::new();
        }
        let column = |name, unit, flag| Column::new(name, unit).summary(Summary::StatisticsWhere(flag));
        vec![
            column("f0_semitones", "semitones", VOICED),
            column("hnr_db", "dB", VOICED),
            column(JITTER, "1", JITTER),
            column("shimmer_db", "dB", JITTER),
        ]
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        if params.voice && !params.f0.on {
            problems.add_needs_f0("voice");
        }
    }

    fn compute(&self, params: &Params, framing: &Framing) -> Compute {
        let rate_hz = f64::from(framing.sample_rate_hz);
        Compute::pitch(Voice {
            harmonicity: Harmonicity::new(rate_hz / params.f0.fmax_hz, rate_hz / params.f0.fmin_hz),
            pulses: Pulses::default(),
            reach: samples(params.f0.frame_s, framing.sample_rate_hz) as f64 / 2.0,
            rows: Vec::new(),
        })
    }
}

struct Voice {
    harmonicity: Harmonicity,
    pulses: Pulses,
    /// Distance from a frame's centre within which pulses are its own, in samples.
    reach: f64,
    /// The columns of each frame.
    rows: Vec<[f32; 4]>,
}

impl FromPitch for Voice {
    #[inline(always)]
    fn clip(&mut self, samples: &[f32], pitch_hz: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        let rate_hz = framing.sample_rate_hz as f32;
        self.rows.clear();
        self.rows.resize(pitch_hz.len(), [0.0; 4]);
        let mut first = 0;
        for stretch in pitch_hz.chunk_by(|a, b| (*a > 0.0) == (*b > 0.0)) {
            if stretch[0] > 0.0 {
                self.pulses.find(samples, stretch, first, framing);
                for (frame, hz) in (first..).zip(stretch) {
                    let centre = frame * framing.hop;
                    let (jitter, shimmer_db) = self.pulses.around(centre as f64, self.reach).unwrap_or_default();
                    self.rows[frame] = [
                        12.0 * (hz / SEMITONES_FROM_HZ).log2(),
                        self.harmonicity.db(samples, centre, f64::from(rate_hz / hz)),
                        jitter,
                        shimmer_db,
                    ];
                }
            }
            first += stretch.len();
        }
        columns.write_rows(self.rows.iter().map(<[f32; 4]>::as_slice));
    }
}
