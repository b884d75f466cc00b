//! Formants: resonances of the vocal tract, by linear prediction.
//!
//! The method and its constants are those of P. Boersma, D. Weenink: Praat, manual page "Sound: To Formant (burg)...":
//! the clip at twice the highest formant, pre-emphasis, Gaussian windows, prediction coefficients by Burg's method, two
//! for each of five formants, and the roots of their polynomial. A root of radius `r` and angle `a` is a resonance of
//! `a rate / 2 pi` hertz with a bandwidth of `-ln(r) rate / pi` (Atal and Hanauer, JASA 50, 1971).

mod burg;
mod roots;

use std::f64::consts::{PI, TAU};

use schemars::JsonSchema;
use ser_audio::Resampler;
use serde::{Deserialize, Serialize};

use crate::feature_set::{Column, Columns, Compute, FeatureSet, FromPitch, Summary};
use crate::framing::{Framing, copy_padded, samples};
use crate::params::{Params, Problems};

use burg::{Burg, ORDER};
use roots::{LANES, Lanes, Roots};

/// Formants that are columns, of the five that the polynomial has room for.
const COUNT: usize = 3;
/// Length of the whole window; half of it, the middle, is what counts.
const WINDOW_S: f64 = 0.05;
/// Frequency from which on the pre-emphasis raises the spectrum, by 6 dB per octave.
const EMPHASIS_HZ: f64 = 50.0;
/// Distance of a formant from 0 Hz and from the highest frequency.
const MARGIN_HZ: f64 = 50.0;
/// Columns, frequency and bandwidth of each formant in turn. The names of frequencies are their own flags.
const NAMES: [[&str; 2]; COUNT] =
    [["f1_hz", "f1_bandwidth_hz"], ["f2_hz", "f2_bandwidth_hz"], ["f3_hz", "f3_bandwidth_hz"]];

/// Formants of voiced frames: `f1_hz` to `f3_hz` and their bandwidths, by linear prediction as in Praat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Formants {
    /// Whether they are frame features.
    pub on: bool,
    /// Frequency that five formants lie below, in hertz: about 5500 for women, 5000 for men. Twice as much is the
    /// sample rate that they are looked for at, to the nearest hertz.
    #[schemars(range(min = 4000.0, max = 10000.0))]
    pub max_hz: f64,
}

impl Default for Formants {
    fn default() -> Self {
        Self { on: false, max_hz: 5500.0 }
    }
}

impl Formants {
    /// The sample rate that formants are looked for at.
    fn rate_hz(&self) -> u32 {
        (2.0 * self.max_hz).round() as u32
    }
}

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "formants"
    }

    fn about(&self) -> &'static str {
        "Frequencies and bandwidths of the lowest three formants by linear prediction (Burg's method), five below \
         `formants.max_hz`, as Praat's \"To Formant (burg)\"; 0 in unvoiced frames and where there is none."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if !params.formants.on {
            return Vec::new();
        }
        let columns = |names: [&'static str; 2]| {
            names.map(|name| Column::new(name, "Hz").summary(Summary::StatisticsWhere(names[0])))
        };
        NAMES.into_iter().flat_map(columns).collect()
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        if params.formants.on && !params.f0.on {
            problems.add_needs_f0("formants.on");
        }
    }

    fn check_rate(&self, params: &Params, sample_rate_hz: u32, problems: &mut Problems) {
        if params.formants.rate_hz() > sample_rate_hz {
            problems.add_too_high("formants.max_hz", params.formants.max_hz, sample_rate_hz);
        }
    }

    fn compute(&self, params: &Params, framing: &Framing) -> Compute {
        let rate_hz = params.formants.rate_hz();
        let window = window(samples(WINDOW_S, rate_hz));
        Compute::pitch(Tract {
            rate_hz: f64::from(rate_hz),
            // Both rates were checked; should they not fit all the same, there are no formants.
            resampler: Resampler::new(framing.sample_rate_hz, rate_hz).ok(),
            emphasised: Vec::new(),
            frame: vec![0.0; window.len()],
            window,
            burg: Burg::default(),
            roots: Roots::default(),
            rows: Vec::new(),
        })
    }
}

struct Tract {
    rate_hz: f64,
    resampler: Option<Resampler>,
    /// The clip at `rate_hz`, high frequencies raised.
    emphasised: Vec<f32>,
    window: Vec<f64>,
    frame: Vec<f32>,
    burg: Burg,
    roots: Roots,
    /// The columns of each frame.
    rows: Vec<[f32; 2 * COUNT]>,
}

impl FromPitch for Tract {
    #[inline(always)]
    fn clip(&mut self, samples: &[f32], pitch_hz: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        self.rows.clear();
        self.rows.resize(pitch_hz.len(), [0.0; 2 * COUNT]);
        let voiced: Vec<usize> = (0..pitch_hz.len()).filter(|frame| pitch_hz[*frame] > 0.0).collect();
        if let Some(resampler) = self.resampler.as_mut().filter(|_| !voiced.is_empty()) {
            resampler.resample_into(samples, &mut self.emphasised);
            self.emphasise();
            for frames in voiced.chunks(LANES) {
                self.frames(frames, framing);
            }
        }
        columns.write_rows(self.rows.iter().map(<[f32; 2 * COUNT]>::as_slice));
    }
}

impl Tract {
    /// Raises the high frequencies of the clip.
    #[inline(always)]
    fn emphasise(&mut self) {
        let kept = (-TAU * EMPHASIS_HZ / self.rate_hz).exp() as f32;
        let mut before = 0.0;
        for sample in &mut self.emphasised {
            (before, *sample) = (*sample, *sample - kept * before);
        }
    }

    /// The formants of at most [`LANES`] frames.
    #[inline(always)]
    fn frames(&mut self, frames: &[usize], framing: &Framing) {
        let mut polynomials = [[0.0; LANES]; ORDER];
        for (lane, frame) in frames.iter().enumerate() {
            let centre = (frame * framing.hop) as f64 * self.rate_hz / f64::from(framing.sample_rate_hz);
            let start = centre.round() as isize - (self.frame.len() / 2) as isize;
            copy_padded(&self.emphasised, start, &mut self.frame);
            let coefficients = self.burg.coefficients(&self.frame, &self.window);
            for (polynomial, coefficient) in polynomials.iter_mut().zip(coefficients) {
                // Lanes behind the last frame repeat it, and so take no more steps than it.
                polynomial[lane..].fill(coefficient);
            }
        }
        let [re, im] = self.roots.of(&polynomials);
        for (lane, frame) in frames.iter().enumerate() {
            self.rows[*frame] = formants(re, im, lane, self.rate_hz);
        }
    }
}

/// Frequencies and bandwidths of the lowest resonances among the roots in a lane; 0 where there are none.
fn formants(re: &[Lanes; ORDER], im: &[Lanes; ORDER], lane: usize, rate_hz: f64) -> [f32; 2 * COUNT] {
    let mut found = [[f64::INFINITY, 0.0]; ORDER];
    for ((found, re), im) in found.iter_mut().zip(re).zip(im) {
        let (re, im) = (re[lane], im[lane]);
        let hz = im.atan2(re) * rate_hz / TAU;
        // Roots come in pairs, above and below the real axis.
        if (MARGIN_HZ..=rate_hz / 2.0 - MARGIN_HZ).contains(&hz) {
            *found = [hz, -0.5 * (re * re + im * im).ln() * rate_hz / PI];
        }
    }
    found.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
    let mut row = [0.0; 2 * COUNT];
    for (values, [hz, bandwidth_hz]) in row.as_chunks_mut::<2>().0.iter_mut().zip(found) {
        if hz.is_finite() && bandwidth_hz.is_finite() {
            *values = [hz as f32, bandwidth_hz as f32];
        }
    }
    row
}

/// Gaussian window of `length` samples, `exp(-12)` and taken off by as much just beyond its ends.
fn window(length: usize) -> Vec<f64> {
    let edge = (-12.0_f64).exp();
    let middle = (length as f64 - 1.0) / 2.0;
    let value = |n: usize| (-48.0 * ((n as f64 - middle) / (length as f64 + 1.0)).powi(2)).exp();
    (0..length).map(|n| (value(n) - edge) / (1.0 - edge)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    const RATE_HZ: f64 = 11_000.0;

    /// `excitation` through resonances of these frequencies and bandwidths.
    fn resonate(mut sound: Vec<f64>, resonances: &[[f64; 2]]) -> Vec<f64> {
        for [hz, bandwidth_hz] in resonances {
            let radius = (-PI * bandwidth_hz / RATE_HZ).exp();
            let (a, b) = (2.0 * radius * (TAU * hz / RATE_HZ).cos(), -radius * radius);
            let mut before = [0.0; 2];
            for sample in &mut sound {
                *sample += a * before[0] + b * before[1];
                before = [*sample, before[0]];
            }
        }
        sound
    }

    /// Noise through five resonances is what linear prediction is exact for, but for the noise's own chance.
    #[test]
    fn resonances_of_a_filter_are_its_formants() {
        let resonances = [[500.0, 60.0], [1_500.0, 90.0], [2_500.0, 120.0], [3_500.0, 180.0], [4_500.0, 250.0]];
        let mut rng = Rng::new(8);
        let sound = resonate((0..60_000).map(|_| rng.gaussian()).collect(), &resonances);
        let frame: Vec<f32> = sound.iter().map(|sample| *sample as f32).collect();
        let coefficients = Burg::default().coefficients(&frame, &vec![1.0; frame.len()]);
        let mut roots = Roots::default();
        let [re, im] = roots.of(&coefficients.map(|coefficient| [coefficient; LANES]));
        let found = formants(re, im, LANES - 1, RATE_HZ);
        for (found, [hz, bandwidth_hz]) in found.as_chunks::<2>().0.iter().zip(resonances) {
            assert!((f64::from(found[0]) / hz - 1.0).abs() < 0.005, "{} Hz, expected {hz}", found[0]);
            assert!((f64::from(found[1]) / bandwidth_hz - 1.0).abs() < 0.1, "{} Hz, expected {bandwidth_hz}", found[1]);
        }
    }

    #[test]
    fn silence_and_too_few_samples_are_predicted_by_nothing() {
        for length in [0, 1, 5, 100] {
            assert_eq!(Burg::default().coefficients(&vec![0.0; length], &vec![1.0; length]), [0.0; ORDER]);
        }
        assert!(Burg::default().coefficients(&[0.3, -0.2, 0.1], &[1.0; 3]).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn the_window_is_symmetric_and_falls_to_nothing() {
        let window = window(550);
        assert!(window[0] > 0.0 && window[0] < 2e-5 && (window[275] - 1.0).abs() < 1e-3, "{}", window[0]);
        assert!((0..550).all(|n| (window[n] - window[549 - n]).abs() < 1e-12));
    }
}
