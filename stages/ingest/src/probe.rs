//! One file: its bytes are read once, hashed, decoded to the end, measured and dropped.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use ser_audio::{AudioError, Decoded, Limits};
use ser_schemas::{Clip, Reason};
use ser_storage::{Object, Place, StorageError};

use crate::error::IngestError;
use crate::index::{Entry, Hash, Stat};
use crate::machine;
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
    /// Nobody had seen its content before.
    pub(crate) is_new: bool,
}

/// A file's bytes, their hash, and what the index may note of it if it did not change meanwhile.
pub(crate) type Content = (Vec<u8>, Hash, Option<Entry>);

/// Fills in what the content of `found` says, which is in `read` if it was read before: from `seen` where the same bytes
/// were decoded before, and otherwise from the audio. A file that is no audio leaves a problem; an error is the machine's
/// or the storage's.
pub(crate) fn probe(
    found: &Found,
    read: Option<Result<Content, Unread>>,
    seen: [&Seen; 2],
    clip: &mut Clip,
) -> Result<Probed, IngestError> {
    let mut probed = Probed::default();
    match content(found, read, seen, clip, &mut probed) {
        Ok(()) => {}
        Err(Failure::File(reason, detail)) => {
            clip.problem = Some(reason);
            clip.problem_detail = Some(detail);
        }
        Err(Failure::Machine(source)) => return Err(machine_error(&found.place, source)),
        Err(Failure::Storage(error)) => return Err(error.into()),
    }
    Ok(probed)
}

/// The error for a file that cannot be read for a reason that is not its own.
pub(crate) fn machine_error(place: &Place, source: io::Error) -> IngestError {
    let hint = machine::shortage(&source).unwrap_or("run again");
    IngestError::Machine { path: place.to_string().into(), hint, source }
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// By the file system.
    Io(io::Error),
    /// By object storage.
    Storage(StorageError),
}

impl Unread {
    /// The file was found and is gone.
    fn is_gone(&self) -> bool {
        match self {
            Self::Io(error) => error.kind() == io::ErrorKind::NotFound,
            Self::Storage(error) => matches!(error, StorageError::Gone { .. }),
        }
    }
}

/// Why there is no audio.
enum Failure {
    /// It is the file's fault.
    File(Reason, String),
    /// It is not.
    Machine(io::Error),
    /// Nor is it the machine's.
    Storage(StorageError),
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Io(error) => error.into(),
            Unread::Storage(error @ StorageError::Gone { .. }) => Self::File(Reason::Unreadable, error.to_string()),
            Unread::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match machine::shortage(&error) {
            Some(_) => Self::Machine(error),
            None => Self::File(Reason::Unreadable, error.to_string()),
        }
    }
}

impl From<AudioError> for Failure {
    fn from(error: AudioError) -> Self {
        match error {
            AudioError::Io { source, .. } => source.into(),
            AudioError::OutOfMemory { .. } => Self::Machine(io::ErrorKind::OutOfMemory.into()),
            error => Self::File(reason(&error), error.to_string()),
        }
    }
}

/// Why `found` is not even read.
pub(crate) fn refusal(found: &Found) -> Option<String> {
    let too_large = found.stat.bytes > LIMITS.max_bytes;
    found.problem.clone().or_else(|| {
        too_large.then(|| format!("too large: {} bytes, at most {} are read", found.stat.bytes, LIMITS.max_bytes))
    })
}

/// The content of a file, wherever it lies.
pub(crate) fn read(place: &Place) -> Result<Content, Unread> {
    match place {
        Place::File(path) => read_file(path).map_err(Unread::Io),
        Place::Object(object) => read_object(object, LIMITS.max_bytes).map_err(Unread::Storage),
    }
}

/// The hash of a file, wherever it lies, and what the index may note of it if it did not change meanwhile.
pub(crate) fn hash(place: &Place) -> Result<(Hash, Option<Entry>), Unread> {
    match place {
        Place::File(path) => hash_file(path).map_err(Unread::Io),
        Place::Object(object) => {
            read_object(object, LIMITS.max_bytes).map(|(_, hash, entry)| (hash, entry)).map_err(Unread::Storage)
        }
    }
}

/// The content of an object, which is what it was when it was listed.
pub(crate) fn read_object(object: &Object, most_bytes: u64) -> Result<Content, StorageError> {
    let bytes = object.read(most_bytes)?;
    let hash = *blake3::hash(&bytes).as_bytes();
    let entry = object.mark.as_ref().map(|mark| Entry { stat: Stat::of_object(mark), hash });
    Ok((bytes, hash, entry))
}

fn read_file(path: &Path) -> io::Result<Content> {
    let mut file = File::open(path)?;
    let before = Stat::of(&file.metadata()?);
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(before.bytes.min(LIMITS.max_bytes)).unwrap_or(0))
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    // One byte beyond the bound: a file that grew since the walk is then refused by the decoder, not cut.
    (&mut file).take(LIMITS.max_bytes + 1).read_to_end(&mut bytes)?;
    let stat = Stat::of(&file.metadata()?);
    let hash = *blake3::hash(&bytes).as_bytes();
    let entry = (stat == before && stat.bytes == bytes.len() as u64).then_some(Entry { stat, hash });
    Ok((bytes, hash, entry))
}

fn hash_file(path: &Path) -> io::Result<(Hash, Option<Entry>)> {
    let mut file = File::open(path)?;
    let before = Stat::of(&file.metadata()?);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader((&mut file).take(LIMITS.max_bytes + 1))?;
    let stat = Stat::of(&file.metadata()?);
    let hash = *hasher.finalize().as_bytes();
    Ok((hash, (stat == before && stat.bytes == hasher.count()).then_some(Entry { stat, hash })))
}

fn content(
    found: &Found,
    read_before: Option<Result<Content, Unread>>,
    seen: [&Seen; 2],
    clip: &mut Clip,
    probed: &mut Probed,
) -> Result<(), Failure> {
    if let Some(refusal) = refusal(found) {
        return Err(Failure::File(Reason::Unreadable, refusal));
    }
    let read = read_before.unwrap_or_else(|| read(&found.place));
    let (bytes, hash, entry) = read.inspect_err(|unread| probed.vanished = unread.is_gone())?;
    probed.entry = entry;
    clip.bytes = bytes.len() as u64;
    if seen.iter().any(|seen| seen.fill(&hash, clip)) {
        return Ok(());
    }
    probed.is_new = true;
    clip.content_hash = Some(hex(&hash));
    let decoded = ser_audio::decode(bytes, &LIMITS)?;
    describe(&decoded, clip);
    Ok(())
}

/// Fills in the columns of `clip` that tell of its sound: format, levels and all else that is measured. Hashes and
/// names are left alone, but for `audio_hash`.
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
    clip.phase = measures.phase;
}

/// The reason code of a file that cannot be decoded.
pub fn reason(error: &AudioError) -> Reason {
    match error {
        AudioError::GitLfsPointer { .. } => Reason::GitLfsPointer,
        AudioError::Truncated { .. } => Reason::Truncated,
        AudioError::NonFinite { .. } => Reason::NonFinite,
        _ => Reason::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set for the process of [`without_handles`] that [`a_lack_of_file_handles_is_no_fault_of_a_file`] starts.
    #[cfg(unix)]
    const FEW_HANDLES: &str = "SER_TEST_FEW_HANDLES";

    fn found(path: &Path) -> Found {
        let stat = std::fs::metadata(path).map(|metadata| Stat::of(&metadata)).unwrap_or_default();
        Found { place: Place::File(path.to_owned()), below_root: "a.wav".into(), stat, problem: None }
    }

    fn probed(path: &Path) -> (Result<Probed, IngestError>, Clip) {
        let mut clip = Clip::found("a/a".into(), "a".into(), "a.wav".into(), 0);
        (probe(&found(path), None, [&Seen::default(), &Seen::default()], &mut clip), clip)
    }

    #[test]
    fn a_fault_of_a_file_is_a_problem_of_its_clip() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.wav");
        std::fs::write(&path, "text").expect("file");
        let (result, clip) = probed(&path);
        assert!(result.is_ok() && clip.problem == Some(Reason::Unreadable), "{clip:?}");
        let (result, clip) = probed(&folder.path().join("gone.wav"));
        assert!(result.is_ok_and(|probed| probed.vanished) && clip.problem == Some(Reason::Unreadable));
    }

    #[test]
    fn trouble_of_a_store_is_no_fault_of_a_file() {
        let object = "s3://corpora/a.wav".to_owned();
        let probed = |error: StorageError| {
            let mut clip = Clip::found("a/a".into(), "a".into(), "a.wav".into(), 0);
            let read = Some(Err(Unread::Storage(error)));
            (probe(&found(Path::new("")), read, [&Seen::default(), &Seen::default()], &mut clip), clip)
        };
        let (result, clip) = probed(StorageError::Changed { object: object.clone() });
        let error = result.expect_err("the store's").to_string();
        assert!(error.contains("has changed since it was listed: run again"), "{error}");
        assert_eq!(clip.problem, None, "the file is not to blame");
        let (result, _) = probed(StorageError::Gone { object });
        assert!(result.is_ok_and(|probed| probed.vanished));
    }

    #[test]
    fn a_lack_of_memory_is_no_fault_of_a_file() {
        assert!(matches!(AudioError::OutOfMemory { bytes: 1 }.into(), Failure::Machine(_)));
        let lacking = AudioError::Io { path: "a".into(), source: io::ErrorKind::OutOfMemory.into() };
        assert!(matches!(lacking.into(), Failure::Machine(_)));
        assert!(matches!(AudioError::Empty.into(), Failure::File(Reason::Unreadable, _)));
    }

    /// A limit belongs to a process, so another one is started.
    #[cfg(unix)]
    #[test]
    fn a_lack_of_file_handles_is_no_fault_of_a_file() {
        let this = std::env::current_exe().expect("this test");
        let status = std::process::Command::new("sh")
            .args(["-c", "ulimit -n 64; exec \"$0\" --exact probe::tests::without_handles --test-threads 1"])
            .arg(this)
            .env(FEW_HANDLES, "1")
            .status()
            .expect("a shell");
        assert!(status.success());
    }

    #[cfg(unix)]
    #[test]
    fn without_handles() {
        if std::env::var_os(FEW_HANDLES).is_none() {
            return;
        }
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.wav");
        std::fs::write(&path, "text").expect("file");
        let mut held = Vec::new();
        while let Ok(file) = File::open(&path) {
            held.push(file);
            assert!(held.len() < 64, "the limit holds");
        }
        let (result, clip) = probed(&path);
        drop(held);
        let error = result.expect_err("the machine's fault");
        assert!(matches!(error, IngestError::Machine { .. }) && error.to_string().contains("ulimit -n"), "{error}");
        assert_eq!(clip.problem, None, "the file is not to blame");
        assert_eq!(probed(&path).1.problem, Some(Reason::Unreadable), "with handles it is text");
    }
}
