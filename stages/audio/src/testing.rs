//! Helpers of tests, benchmarks and examples of several crates; no part of this crate's interface.

use std::io;
use std::path::{Path, PathBuf};

/// A plain WAVE file: `format` is 1 for whole numbers of `bits` bits, 3 for floating-point ones; `data` holds the samples
/// as they lie in the file, channels interleaved.
pub fn wav(format: u16, bits: u16, channels: u16, rate_hz: u32, data: &[u8]) -> Vec<u8> {
    // Tests make files of impossible sizes, too.
    let frame = channels.wrapping_mul(bits) / 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend([format, channels].map(u16::to_le_bytes).as_flattened());
    bytes.extend([rate_hz, rate_hz.wrapping_mul(u32::from(frame))].map(u32::to_le_bytes).as_flattened());
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

/// The files below `folder`, sorted.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The largest memory that this process has had at a time, in MiB; known on Linux.
pub fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
