//! Sample rate conversion: one channel, whole clips, any ratio of integer rates.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::audioadapter_buffers;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};
use thiserror::Error;

use crate::SAMPLE_RATES_HZ;

/// Frames per transform on the side of the lower rate, at least.
const MIN_BLOCK_FRAMES: usize = 1_024;

/// Why a [`Resampler`] cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// A rate outside [`SAMPLE_RATES_HZ`].
    #[error("sample rate {hz} Hz, expected {} to {} Hz", SAMPLE_RATES_HZ.start(), SAMPLE_RATES_HZ.end())]
    RateOutOfRange {
        /// The rate asked for, in hertz.
        hz: u32,
    },
    /// The plan could not be made.
    #[error("cannot convert {from_hz} Hz to {to_hz} Hz")]
    Plan {
        /// Rate of the input, in hertz.
        from_hz: u32,
        /// Rate of the output, in hertz.
        to_hz: u32,
        /// What the resampling library said.
        #[source]
        source: rubato::ResamplerConstructionError,
    },
}

/// Converts clips from one sample rate to another.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    fft: Option<Fft<f32>>,
}

impl Resampler {
    /// Plans the conversion from `from_hz` to `to_hz`.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        for hz in [from_hz, to_hz] {
            if !SAMPLE_RATES_HZ.contains(&hz) {
                return Err(ResampleError::RateOutOfRange { hz });
            }
        }
        if from_hz == to_hz {
            return Ok(Self { from_hz, to_hz, fft: None });
        }
        let (from, to) = (from_hz as usize, to_hz as usize);
        let gcd = gcd(from, to);
        let units = MIN_BLOCK_FRAMES.div_ceil(from.min(to) / gcd).next_multiple_of(2);
        let chunk = units * from / gcd;
        let fft = Fft::new_custom(from, to, chunk, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both)
            .map_err(|source| ResampleError::Plan { from_hz, to_hz, source })?;
        Ok(Self { from_hz, to_hz, fft: Some(fft) })
    }

    /// Frames that [`resample`](Self::resample) returns for `n` frames.
    pub fn output_len(&self, n: usize) -> usize {
        let frames = (n as u128 * u128::from(self.to_hz)).div_ceil(u128::from(self.from_hz));
        usize::try_from(frames).unwrap_or(usize::MAX)
    }

    /// Converts one clip.
    pub fn resample(&mut self, mono: &[f32]) -> Vec<f32> {
        let length = self.output_len(mono.len());
        let Some(fft) = &mut self.fft else { return mono.to_vec() };
        fft.reset();
        let (block_in, block_out) = (fft.fft_size_in(), fft.fft_size_out());
        let delay = block_out / 2;
        let blocks = (length + delay).div_ceil(block_out);
        let mut output = vec![0.0; blocks * block_out];
        let mut padded = vec![0.0; block_in];
        for (block, output) in output.chunks_exact_mut(block_out).enumerate() {
            let start = (block * block_in).min(mono.len());
            let input = &mono[start..(start + block_in).min(mono.len())];
            padded[..input.len()].copy_from_slice(input);
            padded[input.len()..].fill(0.0);
            let input = InterleavedSlice::new(&padded, 1, block_in).expect("one channel of block_in frames");
            let mut output = InterleavedSlice::new_mut(output, 1, block_out).expect("one channel of block_out frames");
            fft.process_into_buffer(&input, &mut output, None::<&Indexing>).expect("both buffers hold one block");
        }
        output.drain(..delay);
        output.truncate(length);
        output
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
