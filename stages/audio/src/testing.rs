//! Files that tests, benchmarks and examples of several crates make; no part of this crate's interface.

/// A plain WAVE file: `format` is 1 for whole numbers of `bits` bits, 3 for floating-point ones; `data` holds the samples
/// as they lie in the file, channels interleaved.
pub fn wav(format: u16, bits: u16, channels: u16, rate_hz: u32, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend([format, channels].map(u16::to_le_bytes).as_flattened());
    bytes.extend([rate_hz, rate_hz * u32::from(frame)].map(u32::to_le_bytes).as_flattened());
    bytes.extend([frame, bits].map(u16::to_le_bytes).as_flattened());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// A mono WAVE file of 16-bit samples.
pub fn mono_wav(rate_hz: u32, samples: impl IntoIterator<Item = i16>) -> Vec<u8> {
    wav(1, 16, 1, rate_hz, &samples.into_iter().flat_map(i16::to_le_bytes).collect::<Vec<u8>>())
}
