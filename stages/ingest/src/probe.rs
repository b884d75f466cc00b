//! One file: its bytes are read once, hashed, decoded to the end, measured and dropped.

use std::fs::File;
use std::io::{self, Read};

use ser_audio::{AudioError, Limits};
use ser_schemas::{Clip, Reason};

use crate::walk::Found;

/// Bounds on one file. Many are decoded at once, and a clip of emotional speech lasts seconds: an hour of it, or 400 MB
/// of samples, is another kind of recording.
pub(crate) const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_duration_s: 3_600.0, max_samples: 100_000_000 };

/// Fills in what the content of `found` says. A file that is no audio leaves a problem.
pub(crate) fn probe(found: &Found, clip: &mut Clip) {
    if let Err((reason, detail)) = content(found, clip) {
        clip.problem = Some(reason);
        clip.problem_detail = Some(detail);
    }
}

fn content(found: &Found, clip: &mut Clip) -> Result<(), (Reason, String)> {
    if let Some(problem) = &found.problem {
        return Err((Reason::Unreadable, problem.clone()));
    }
    if found.bytes > LIMITS.max_bytes {
        let detail = format!("too large: {} bytes, at most {} are read", found.bytes, LIMITS.max_bytes);
        return Err((Reason::Unreadable, detail));
    }
    let bytes = read(found).map_err(|error| (Reason::Unreadable, error.to_string()))?;
    clip.bytes = bytes.len() as u64;
    clip.content_hash = Some(blake3::hash(&bytes).to_hex().to_string());
    let decoded = ser_audio::decode(bytes, &LIMITS).map_err(|error| (reason(&error), error.to_string()))?;
    clip.container = Some(decoded.container.as_str().to_owned());
    clip.sample_rate_hz = Some(decoded.sample_rate_hz);
    clip.channels = Some(decoded.channels);
    clip.bits_per_sample = decoded.bits_per_sample;
    clip.duration_s = Some(decoded.duration_s());
    clip.audio_hash = Some(decoded.audio_hash());
    let levels = ser_audio::levels(&decoded);
    clip.peak_dbfs = levels.peak_dbfs;
    clip.rms_dbfs = levels.rms_dbfs;
    clip.clipped_fraction = Some(levels.clipped_fraction);
    clip.silence_fraction = Some(levels.silence_fraction);
    clip.leading_silence_s = levels.leading_silence_s;
    clip.trailing_silence_s = levels.trailing_silence_s;
    let mono = decoded.mono();
    clip.bandwidth_hz = ser_audio::bandwidth_hz(&mono, decoded.sample_rate_hz);
    clip.fingerprint = ser_audio::fingerprint(&mono, decoded.sample_rate_hz);
    // A level cannot tell a constant from a tone, and a constant makes no sound.
    let constant = match decoded.samples.split_first() {
        Some((first, rest)) => (*first != 0.0 && rest.iter().all(|sample| sample == first)).then_some(*first),
        None => None,
    };
    clip.codec = Some(decoded.codec);
    match constant {
        Some(value) => Err((Reason::Silent, format!("every sample is {value}: a constant, not a signal"))),
        None => Ok(()),
    }
}

fn read(found: &Found) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(found.bytes).unwrap_or(0));
    // One byte beyond the bound: a file that grew since the walk is then refused by the decoder, not cut.
    File::open(&found.path)?.take(LIMITS.max_bytes + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn reason(error: &AudioError) -> Reason {
    match error {
        AudioError::GitLfsPointer { .. } => Reason::GitLfsPointer,
        AudioError::Truncated { .. } => Reason::Truncated,
        AudioError::NonFinite { .. } => Reason::NonFinite,
        _ => Reason::Unreadable,
    }
}
