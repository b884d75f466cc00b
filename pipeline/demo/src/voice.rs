//! The voice: glottal pulses and noise through formant resonators (Fant's source-filter theory).
//!
//! The glottal pulse is the derivative of Rosenberg's polynomial (1971) with jitter and shimmer from period to period; the
//! resonators are Klatt's (1980), in cascade.

use std::f64::consts::{PI, TAU};

use crate::prosody::Prosody;
use crate::random::Random;
use crate::utterance::{CONTROL_HZ, Control, FORMANTS};

/// Share of a period in which the glottis is open.
const OPEN_QUOTIENT: f64 = 0.6;
/// Bandwidths of the formants, hertz.
const BANDWIDTHS_HZ: [f64; FORMANTS] = [70.0, 100.0, 160.0, 220.0];
/// Centre and bandwidth of the noise of consonants, hertz.
const FRICATION_HZ: (f64, f64) = (4_500.0, 2_500.0);
/// Highest sample that a clip may reach: real corpora are not clipped either.
const PEAK: f64 = 0.97;

/// A resonance, as a recursive filter of two poles.
#[derive(Clone, Copy, Debug, Default)]
struct Resonator {
    a: f64,
    b: f64,
    c: f64,
    y1: f64,
    y2: f64,
}

/// Renders control frames at `sample_rate_hz`, at the level of the prosody, over room noise.
pub(crate) fn render(
    controls: &[Control],
    prosody: &Prosody,
    room_dbfs: f64,
    sample_rate_hz: u32,
    random: &mut Random,
) -> Vec<f32> {
    let rate = f64::from(sample_rate_hz);
    let length = (controls.len() as f64 * rate / CONTROL_HZ) as usize;
    let tilt = 1.0 - (-TAU * prosody.brightness_hz / rate).exp();
    let mut formants = [Resonator::default(); FORMANTS];
    let mut frication = Resonator::default();
    frication.tune(FRICATION_HZ.0, FRICATION_HZ.1, rate);
    let (mut phase, mut period_scale, mut pulse_gain, mut source) = (0.0, 1.0, 1.0, 0.0);
    let mut tuned_for = usize::MAX;
    let mut output = Vec::with_capacity(length);
    for sample in 0..length {
        let position = sample as f64 * CONTROL_HZ / rate;
        let index = (position as usize).min(controls.len() - 1);
        let (now, next) = (&controls[index], &controls[(index + 1).min(controls.len() - 1)]);
        let between = position - index as f64;
        if index != tuned_for {
            tuned_for = index;
            for ((formant, &hz), bandwidth) in formants.iter_mut().zip(&now.formants_hz).zip(BANDWIDTHS_HZ) {
                formant.tune(hz, bandwidth, rate);
            }
        }
        phase += (now.pitch_hz + (next.pitch_hz - now.pitch_hz) * between) * period_scale / rate;
        if phase >= 1.0 {
            phase -= 1.0;
            period_scale = (1.0 + random.normal(0.0, prosody.jitter)).clamp(0.8, 1.2);
            pulse_gain = (1.0 + random.normal(0.0, prosody.shimmer)).clamp(0.5, 1.5);
        }
        let open = phase / OPEN_QUOTIENT;
        let (pulse, opening) = if open < 1.0 { (open * (2.0 - 3.0 * open), open * (1.0 - open)) } else { (0.0, 0.0) };
        let aspiration = prosody.breath * random.noise() * (0.3 + 4.0 * opening);
        let voicing = now.voicing + (next.voicing - now.voicing) * between;
        source += tilt * (pulse * pulse_gain - source);
        let voiced = voicing * (source + aspiration);
        let tract = formants.iter_mut().fold(voiced, |signal, formant| formant.filter(signal));
        let noise = now.frication + (next.frication - now.frication) * between;
        output.push(tract + 0.3 * frication.filter(noise * random.noise()));
    }
    set_level(&mut output, prosody.level_dbfs);
    let room = 10.0_f64.powf(room_dbfs / 20.0) * 3.0_f64.sqrt();
    output.into_iter().map(|sample| (sample + room * random.noise()) as f32).collect()
}

impl Resonator {
    fn tune(&mut self, hz: f64, bandwidth_hz: f64, rate_hz: f64) {
        let radius = (-PI * bandwidth_hz / rate_hz).exp();
        self.c = -radius * radius;
        self.b = 2.0 * radius * (TAU * hz.min(0.45 * rate_hz) / rate_hz).cos();
        self.a = 1.0 - self.b - self.c;
    }

    fn filter(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.y1 + self.c * self.y2;
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}

/// Scales to a level in decibels RMS relative to full scale, less where the peak would clip.
fn set_level(samples: &mut [f64], level_dbfs: f64) {
    let power = samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64;
    let peak = samples.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    if peak > 0.0 {
        let gain = (10.0_f64.powf(level_dbfs / 20.0) / power.sqrt()).min(PEAK / peak);
        for sample in samples {
            *sample *= gain;
        }
    }
}
