//! Sample rates and channels that are read.

use std::ops::RangeInclusive;

use crate::{AudioError, Container};

/// Sample rates that are decoded, in hertz. Others are refused: every later stage is specified for these only.
pub const SAMPLE_RATES_HZ: RangeInclusive<u32> = 8_000..=192_000;

/// Refuses sample rates outside [`SAMPLE_RATES_HZ`] and files without channels.
pub(crate) fn check_format(container: Container, sample_rate_hz: u32, channels: u16) -> Result<(), AudioError> {
    if channels == 0 {
        return Err(AudioError::Malformed { container, detail: "its header says 0 channels".into() });
    }
    if SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
        return Ok(());
    }
    let (low, high) = (SAMPLE_RATES_HZ.start(), SAMPLE_RATES_HZ.end());
    let what = format!("sample rate {sample_rate_hz} Hz, expected {low} to {high} Hz");
    Err(AudioError::Unsupported { container, what })
}
