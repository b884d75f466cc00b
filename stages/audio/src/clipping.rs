//! Clipping: samples that were cut off at a level.
//!
//! A converter cuts at full scale. A recording that was cut and then made quieter has its flat tops below, so they are
//! looked for at the highest and the lowest value of each channel, wherever these lie.

/// Equal samples in a row that make a flat top.
const RUN: usize = 3;
/// Samples within flat tops, of a channel's one side, from which on they are believed.
const FEWEST: usize = 8;
/// Flat tops hold at least this many times the samples that lie just below: in a channel that was cut, the waveform passes
/// the last step before its edge quickly. The tops of a sine, which is as flat as a wave can be at its edge, hold at most 2.4
/// times those of the step below.
const TIMES_NEIGHBOURS: usize = 4;
/// How far just below reaches, as a share of the largest deviation from the offset, at least.
const NEIGHBOURHOOD: f32 = 1e-3;
/// Peaks this many times beyond full scale show that it is not the scale of the samples. Lossy codecs overshoot less.
const FAR_BEYOND: f32 = 2.0;
/// A flat top lies at least this far out, as a share of the largest deviation from the offset, and not at 0: the digital
/// silence beside a one-sided signal is no top.
const OUTERMOST: f64 = 0.5;

/// Share of `samples`, 0 to 1, that are clipped: at or beyond the highest value that the stored format can hold, or in a
/// flat top at the highest or lowest value of their channel. `offsets` holds each channel's mean.
pub(crate) fn clipped_fraction(samples: &[f32], offsets: &[f64], bits_per_sample: Option<u16>) -> f64 {
    if samples.is_empty() || offsets.is_empty() {
        return 0.0;
    }
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let full_scale = match full_scale(bits_per_sample) {
        // Floating-point samples at the scale of integers pass full scale at every turn: nothing was cut there.
        stated if peak > FAR_BEYOND * stated => f32::INFINITY,
        stated => stated,
    };
    let at_full_scale = samples.iter().filter(|sample| sample.abs() >= full_scale).count();
    let channels = offsets.len();
    let flat: usize = offsets
        .iter()
        .enumerate()
        .map(|(channel, &offset)| {
            let own = samples.iter().skip(channel).step_by(channels).copied();
            flat_tops(&own, offset, full_scale, step(bits_per_sample))
        })
        .sum();
    (at_full_scale + flat) as f64 / samples.len() as f64
}

/// Samples in flat tops of one channel, those at full scale left out.
fn flat_tops(samples: &(impl Iterator<Item = f32> + Clone), offset: f64, full_scale: f32, step: f32) -> usize {
    let (low, high) = samples
        .clone()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), sample| (low.min(sample), high.max(sample)));
    let out = |edge: f32| (f64::from(edge) - offset).abs();
    let furthest = out(low).max(out(high));
    if low >= high {
        return 0;
    }
    [(high, -1.0_f32), (low, 1.0)]
        .into_iter()
        .filter(|(edge, _)| *edge != 0.0 && edge.abs() < full_scale && out(*edge) >= OUTERMOST * furthest)
        .map(|(edge, inwards)| {
            let reach = 1.01 * step.max(furthest as f32 * NEIGHBOURHOOD);
            let (mut flat, mut run, mut near) = (0, 0, 0);
            for sample in samples.clone() {
                if sample == edge {
                    run += 1;
                    continue;
                }
                flat += if run >= RUN { run } else { 0 };
                run = 0;
                near += usize::from((sample - edge) * inwards <= reach);
            }
            flat += if run >= RUN { run } else { 0 };
            if flat >= FEWEST && flat >= TIMES_NEIGHBOURS * near { flat } else { 0 }
        })
        .sum()
}

/// Highest positive sample of an integer format, 1.0 for floating-point and lossy ones. Negative full scale is one step
/// further out, and a clipped negative half-wave often stops at the same magnitude as the positive one.
fn full_scale(bits_per_sample: Option<u16>) -> f32 {
    1.0 - step(bits_per_sample)
}

/// Distance of neighbouring values of an integer format; 0 for floating-point and lossy ones.
fn step(bits_per_sample: Option<u16>) -> f32 {
    match bits_per_sample {
        Some(bits @ 2..=24) => 2.0_f32.powi(1 - i32::from(bits)),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(amplitude: f64, hz: f64, rate: f64) -> Vec<f64> {
        (0..16_000).map(|n| amplitude * (TAU * hz * f64::from(n) / rate + 0.3).sin()).collect()
    }

    /// Samples as `bits` store them.
    fn stored(samples: &[f64], bits: i32) -> Vec<f32> {
        let scale = 2.0_f64.powi(bits - 1);
        samples.iter().map(|sample| ((sample * scale).round().clamp(-scale, scale - 1.0) / scale) as f32).collect()
    }

    fn cut(samples: &[f64], at: f64) -> Vec<f64> {
        samples.iter().map(|sample| sample.clamp(-at, at)).collect()
    }

    #[test]
    fn samples_at_either_end_of_the_integer_range_are_clipped() {
        let top = 32_767.0 / 32_768.0;
        let found = clipped_fraction(&[top, -1.0, -top, 32_766.0 / 32_768.0], &[0.0], Some(16));
        assert_eq!(found, 0.75);
        assert_eq!(clipped_fraction(&[top, 1.0], &[0.0], Some(32)), 0.5);
        assert_eq!(clipped_fraction(&[], &[0.0], Some(16)), 0.0);
    }

    #[test]
    fn flat_tops_below_full_scale_are_clipped_too() {
        let overdriven = cut(&sine(1.0, 150.0, 16_000.0), 0.5);
        let share = overdriven.iter().filter(|sample| sample.abs() >= 0.5).count() as f64 / 16_000.0;
        assert!(share > 0.6, "two thirds of a sine lie above half its height");
        for bits in [8, 12, 16, 24] {
            let found = clipped_fraction(&stored(&overdriven, bits), &[0.0], Some(bits as u16));
            assert!((found - share).abs() < 0.02, "{bits} bits: {found}, expected {share}");
        }
        let floats: Vec<f32> = overdriven.iter().map(|sample| *sample as f32).collect();
        assert!((clipped_fraction(&floats, &[0.0], Some(32)) - share).abs() < 0.01);
        let quieter: Vec<f32> = floats.iter().map(|sample| sample * 0.037).collect();
        assert!((clipped_fraction(&quieter, &[0.0], Some(32)) - share).abs() < 0.01, "made quieter afterwards");
        let one_sided: Vec<f64> = sine(0.9, 150.0, 16_000.0).iter().map(|sample| sample.min(0.6)).collect();
        assert!(clipped_fraction(&stored(&one_sided, 16), &[0.0], Some(16)) > 0.2);
        let shifted: Vec<f64> = overdriven.iter().map(|sample| sample * 0.5 + 0.2).collect();
        assert!(clipped_fraction(&stored(&shifted, 16), &[0.2], Some(16)) > 0.6, "cut, and then shifted");
        let stereo: Vec<f32> = floats.iter().flat_map(|sample| [*sample, 0.0]).collect();
        assert!((clipped_fraction(&stereo, &[0.0, 0.0], Some(32)) - share / 2.0).abs() < 0.01);
    }

    #[test]
    fn full_scale_is_no_edge_for_samples_of_another_scale() {
        let integers: Vec<f32> = sine(9_000.0, 150.0, 16_000.0).iter().map(|sample| *sample as f32).collect();
        assert_eq!(clipped_fraction(&integers, &[0.0], Some(32)), 0.0);
        let flat: Vec<f32> = integers.iter().map(|sample| sample.clamp(-4_500.0, 4_500.0)).collect();
        assert!(clipped_fraction(&flat, &[0.0], Some(32)) > 0.6, "cut at half its height");
    }

    #[test]
    fn tones_noise_and_silence_are_not() {
        for (hz, rate) in [(40.0, 192_000.0), (100.0, 48_000.0), (150.0, 16_000.0), (997.0, 16_000.0)] {
            for bits in [8, 16, 24] {
                for amplitude in [0.9, 0.5, 0.013] {
                    let found = clipped_fraction(&stored(&sine(amplitude, hz, rate), bits), &[0.0], Some(bits as u16));
                    assert_eq!(found, 0.0, "{hz} Hz at {rate} Hz, {bits} bits, {amplitude}");
                }
            }
        }
        let mut state = 1_u32;
        let dither: Vec<f32> = (0..16_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 24) % 3) as f32 / 32_768.0 - 1.0 / 32_768.0
            })
            .collect();
        assert_eq!(clipped_fraction(&dither, &[0.0], Some(16)), 0.0, "one step of dither");
        assert_eq!(clipped_fraction(&[0.25; 1_000], &[0.25], Some(16)), 0.0, "a constant is another matter");
        let mut half_wave: Vec<f64> = sine(0.9, 150.0, 16_000.0).iter().map(|sample| -sample.abs() - 0.01).collect();
        half_wave.extend(std::iter::repeat_n(0.0, 4_000));
        let offset = half_wave.iter().sum::<f64>() / half_wave.len() as f64;
        assert_eq!(clipped_fraction(&stored(&half_wave, 16), &[offset], Some(16)), 0.0, "silence is no top: {offset}");
    }
}
