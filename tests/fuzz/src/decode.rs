//! Audio of any container: sniffed, decoded, mixed, measured.

use ser_audio::Limits;

/// Bounds that keep one try short; a file may hold what it likes within them.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_duration_s: 60.0, max_samples: 4_000_000 };

/// Decodes `bytes` and computes all that ingest measures.
///
/// # Panics
/// Where a promise of the decoder is broken: more samples than allowed, or one that is no number.
pub fn decode(bytes: &[u8]) {
    let Ok(decoded) = ser_audio::decode(bytes.to_vec(), &LIMITS) else { return };
    assert!(decoded.samples.len() as u64 <= LIMITS.max_samples, "more samples than allowed");
    assert!(decoded.samples.iter().all(|sample| sample.is_finite()), "a sample that is no number");
    let _ = decoded.audio_hash();
    let _ = ser_audio::measure(&decoded);
}
