//! One file: its bytes are read once, hashed, decoded to the end, measured and dropped.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use ser_audio::{AudioError, Decoded, Limits};
use ser_schemas::{Clip, Reason};

use crate::index::{Entry, Hash, Stat};
use crate::seen::{Seen, hex};
use crate::walk::Found;

/// Bounds on one file. Many are decoded at once, and a clip of emotional speech lasts seconds: an hour of it, or 400 MB
/// of samples, is another kind of recording.
pub(crate) const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_duration_s: 3_600.0, max_samples: 100_000_000 };

/// What reading a file gave beside its row.
#[derive(Debug, Default)]
pub(crate) struct Probed {
    /// For the index; `None` when the file could not be read, or changed meanwhile.
    pub(crate) entry: Option<Entry>,
    /// The file was found and is gone.
    pub(crate) vanished: bool,
}

/// Fills in what the content of `found` says: from `seen` where the same bytes were decoded before, and otherwise from
/// the audio. A file that is no audio leaves a problem.
pub(crate) fn probe(found: &Found, seen: &Seen, clip: &mut Clip) -> Probed {
    let mut probed = Probed::default();
    if let Err((reason, detail)) = content(found, seen, clip, &mut probed) {
        clip.problem = Some(reason);
        clip.problem_detail = Some(detail);
    }
    probed
}

/// Why `found` is not even read.
pub(crate) fn refusal(found: &Found) -> Option<String> {
    let too_large = found.stat.bytes > LIMITS.max_bytes;
    found.problem.clone().or_else(|| {
        too_large.then(|| format!("too large: {} bytes, at most {} are read", found.stat.bytes, LIMITS.max_bytes))
    })
}

/// The bytes of the file at `path`, and what the index may note of it if it did not change meanwhile.
pub(crate) fn read(path: &Path) -> io::Result<(Vec<u8>, Hash, Option<Entry>)> {
    let mut file = File::open(path)?;
    let before = Stat::of(&file.metadata()?);
    let mut bytes = Vec::with_capacity(usize::try_from(before.bytes.min(LIMITS.max_bytes)).unwrap_or(0));
    // One byte beyond the bound: a file that grew since the walk is then refused by the decoder, not cut.
    (&mut file).take(LIMITS.max_bytes + 1).read_to_end(&mut bytes)?;
    let stat = Stat::of(&file.metadata()?);
    let hash = *blake3::hash(&bytes).as_bytes();
    let entry = (stat == before && stat.bytes == bytes.len() as u64).then_some(Entry { stat, hash });
    Ok((bytes, hash, entry))
}

/// The hash of the file at `path`, and what the index may note of it if it did not change meanwhile.
pub(crate) fn hash(path: &Path) -> io::Result<(Hash, Option<Entry>)> {
    let mut file = File::open(path)?;
    let before = Stat::of(&file.metadata()?);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader((&mut file).take(LIMITS.max_bytes + 1))?;
    let stat = Stat::of(&file.metadata()?);
    let hash = *hasher.finalize().as_bytes();
    Ok((hash, (stat == before && stat.bytes == hasher.count()).then_some(Entry { stat, hash })))
}

fn content(found: &Found, seen: &Seen, clip: &mut Clip, probed: &mut Probed) -> Result<(), (Reason, String)> {
    if let Some(refusal) = refusal(found) {
        return Err((Reason::Unreadable, refusal));
    }
    let (bytes, hash, entry) = read(&found.path).map_err(|error| {
        probed.vanished = error.kind() == io::ErrorKind::NotFound;
        (Reason::Unreadable, error.to_string())
    })?;
    probed.entry = entry;
    clip.bytes = bytes.len() as u64;
    if seen.fill(&hash, clip) {
        return Ok(());
    }
    clip.content_hash = Some(hex(&hash));
    let decoded = ser_audio::decode(bytes, &LIMITS).map_err(|error| (reason(&error), error.to_string()))?;
    describe(&decoded, clip);
    Ok(())
}

/// Fills in the columns of `clip` that tell of its sound: format, levels and all else that is measured. Hashes and names are
/// left alone, but for `audio_hash`.
pub fn describe(audio: &Decoded, clip: &mut Clip) {
    let measures = ser_audio::measure(audio);
    clip.container = Some(audio.container.as_str().to_owned());
    clip.codec = Some(audio.codec.clone());
    clip.sample_rate_hz = Some(audio.sample_rate_hz);
    clip.channels = Some(audio.channels);
    clip.bits_per_sample = audio.bits_per_sample;
    clip.remark.clone_from(&audio.remark);
    clip.audio_hash = Some(audio.audio_hash());
    clip.duration_s = Some(measures.duration_s);
    clip.peak_dbfs = measures.levels.peak_dbfs;
    clip.rms_dbfs = measures.levels.rms_dbfs;
    clip.channel_rms_dbfs = measures.channel_rms_dbfs;
    clip.dc_offset = Some(measures.dc_offset);
    clip.clipped_fraction = Some(measures.clipped_fraction);
    clip.silence_fraction = Some(measures.levels.silence_fraction);
    clip.leading_silence_s = measures.levels.leading_silence_s;
    clip.trailing_silence_s = measures.levels.trailing_silence_s;
    clip.bandwidth_hz = measures.bandwidth_hz;
    clip.fingerprint = measures.fingerprint;
}

fn reason(error: &AudioError) -> Reason {
    match error {
        AudioError::GitLfsPointer { .. } => Reason::GitLfsPointer,
        AudioError::Truncated { .. } => Reason::Truncated,
        AudioError::NonFinite { .. } => Reason::NonFinite,
        _ => Reason::Unreadable,
    }
}
