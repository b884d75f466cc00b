//! Recordings for the tests.

use std::path::Path;

/// Sixteen-bit mono WAV.
pub(crate) fn write_wav(path: &Path, rate_hz: u32, samples: &[f32]) {
    let samples = samples.iter().map(|sample| (sample * 32_767.0) as i16);
    std::fs::write(path, ser_audio::testing::mono_wav(rate_hz, samples)).expect("write");
}
