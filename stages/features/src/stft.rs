//! Short-time power spectra: a Hann window over each frame, and a real FFT, of [`LANES`] frames side by side.

use crate::fft::{Point, PowerFft};
use crate::framing::{Framing, copy_padded};
use crate::vector::{LANES, Row, TILE, transpose};

/// Transform, window and buffers of one thread.
pub(crate) struct Stft {
    framing: Framing,
    fft: PowerFft,
    /// The window between margins of zeros up to the transform's length.
    window: Vec<f32>,
    /// Windowed frames, one after the other.
    frames: Vec<f32>,
    points: Vec<Point>,
}

impl Stft {
    pub(crate) fn new(framing: Framing) -> Self {
        let n_fft = framing.n_fft;
        let mut window = vec![0.0; n_fft];
        window[framing.margin()..][..framing.window].copy_from_slice(&periodic_hann(framing.window));
        Self {
            fft: PowerFft::new(n_fft),
            window,
            frames: vec![0.0; LANES * n_fft],
            points: vec![[[0.0; LANES]; 2]; n_fft / 2],
            framing,
        }
    }

    /// Power of each frequency bin of `count` frames of `clip` from `first` on, into `power` (`framing.bins()` rows).
    /// Lanes behind the last frame are silent.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub(crate) fn power(&mut self, clip: &[f32], first: usize, count: usize, power: &mut [Row]) {
        let n_fft = self.framing.n_fft;
        for (lane, frame) in self.frames.chunks_exact_mut(n_fft).enumerate() {
            if lane < count {
                copy_padded(clip, self.framing.start(first + lane), frame);
            } else {
                frame.fill(0.0);
            }
            for (sample, weight) in frame.iter_mut().zip(&self.window) {
                *sample *= weight;
            }
        }
        self.turn();
        self.fft.power(&mut self.points, power);
    }

    /// From frame after frame to frames side by side.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn turn(&mut self) {
        let n_fft = self.framing.n_fft;
        let (tiles, rest) = self.points.as_flattened_mut().as_chunks_mut::<TILE>();
        let (samples, _) = self.frames.as_chunks::<TILE>();
        for (tile, rows) in tiles.iter_mut().enumerate() {
            // Opaque, or the loop over tiles becomes scattered writes, many times slower than whole rows.
            let tile = std::hint::black_box(tile);
            for part in 0..LANES / TILE {
                let read = |lane: usize| samples[(part * TILE + lane) * (n_fft / TILE) + tile];
                for (row, turned) in rows.iter_mut().zip(transpose([read(0), read(1), read(2), read(3)])) {
                    row[part * TILE..][..TILE].copy_from_slice(&turned);
                }
            }
        }
        // Transforms shorter than a tile.
        for (n, row) in rest.iter_mut().enumerate() {
            *row = std::array::from_fn(|lane| self.frames[lane * n_fft + n]);
        }
    }
}

/// Periodic Hann window of `length` samples: `0.5 - 0.5 cos(2 pi n / length)`.
pub(crate) fn periodic_hann(length: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU / length as f64;
    (0..length).map(|n| (0.5 - 0.5 * (step * n as f64).cos()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;

    /// The spectrum of frame `index`, the third of several.
    fn of(stft: &mut Stft, clip: &[f32], index: usize, framing: Framing) -> Vec<f32> {
        let mut rows = vec![[0.0; LANES]; framing.bins()];
        stft.power(clip, index - 2, 7, &mut rows);
        assert!(rows.iter().all(|row| row[7..].iter().all(|power| *power == 0.0)));
        rows.iter().map(|row| row[2]).collect()
    }

    #[test]
    fn a_tone_on_a_bin_has_the_power_of_the_windows_sum() {
        let framing = Framing::new(&Params::default(), 16_000);
        let mut stft = Stft::new(framing);
        let tone: Vec<f32> =
            (0..4_000).map(|n| (std::f32::consts::TAU * 1_000.0 * n as f32 / 16_000.0).sin()).collect();
        let power = of(&mut stft, &tone, 10, framing);
        let loudest = (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b])).expect("bins");
        assert_eq!(loudest, 32);
        // A sine of amplitude 1 gives half the window's sum, 200, as magnitude.
        assert!((power[32].sqrt() - 100.0).abs() < 0.01, "{}", power[32].sqrt());
    }

    #[test]
    fn the_energy_of_a_frame_is_the_energy_of_its_spectrum() {
        let framing = Framing::new(&Params::default(), 16_000);
        let mut stft = Stft::new(framing);
        let clip: Vec<f32> = (0..2_000).map(|n| ((n * n) as f32 * 0.37).sin()).collect();
        let power = of(&mut stft, &clip, 5, framing);
        let both_sides = 2.0 * power.iter().sum::<f32>() - power[0] - power[framing.bins() - 1];
        let direct: f32 = periodic_hann(400).iter().zip(&clip[600..]).map(|(w, x)| (w * x) * (w * x)).sum();
        assert!((both_sides / 512.0 - direct).abs() < 1e-3 * direct, "{both_sides} {direct}");
    }
}
