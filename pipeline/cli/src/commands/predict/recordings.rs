//! Which files are predicted: those that are named, and the audio files below the folders that are named.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ser_audio::{AudioError, Decoded, Limits, Unit};
use ser_ingest::walk_folder;

/// One recording.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recording {
    /// As the user named it, or as it was found below a folder that the user named.
    pub(super) path: PathBuf,
    /// The same with all links resolved.
    pub(super) real: PathBuf,
    /// Why it is not even opened.
    pub(super) problem: Option<String>,
    /// Its sound, where that is in no file.
    pub(super) sound: Option<Decoded>,
}

impl Recording {
    fn of(path: &Path, problem: Option<String>) -> Self {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Self { path: path.to_owned(), real, problem, sound: None }
    }

    /// One that is not known yet.
    pub(super) fn of_a_line() -> Self {
        Self { path: PathBuf::new(), real: PathBuf::new(), problem: Some("not read yet".to_owned()), sound: None }
    }

    /// What tells, without reading it, whether its file is still the one of before: size and time of writing, and its size in
    /// bytes. Of one that cannot be opened, why.
    ///
    /// A digest would tell more, and cost reading everything whenever the answers are asked for again. A file that is changed
    /// and keeps both is taken for the one of before; one that is copied without its time, for another.
    pub(super) fn content(&self) -> Result<(String, u64), String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let metadata = File::open(&self.path).and_then(|file| file.metadata()).map_err(|error| error.to_string())?;
        let modified_ns = metadata.modified().map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos().cast_signed(),
            Err(before) => -before.duration().as_nanos().cast_signed(),
        });
        Ok((format!("{} bytes of {modified_ns}", metadata.len()), metadata.len()))
    }

    /// Its sound, within `limits`.
    pub(super) fn decode(&self, limits: &Limits) -> Result<Decoded, AudioError> {
        let Some(sound) = &self.sound else { return ser_audio::decode_file(&self.path, limits) };
        if sound.duration_s() > limits.max_duration_s {
            let (found, limit) = (sound.duration_s().ceil() as u64, limits.max_duration_s as u64);
            return Err(AudioError::OverLimit { found, limit, unit: Unit::Seconds });
        }
        Ok(sound.clone())
    }
}

/// The recordings, each once, and what there is to say about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Found {
    /// In the order in which they were named; those of a folder in the order of their paths.
    pub(super) recordings: Vec<Recording>,
    /// Complete sentences.
    pub(super) notes: Vec<String>,
}

/// The recording in the file at `path`, whatever it is called; a problem where that is no file.
pub(super) fn in_file(path: &Path) -> Recording {
    let problem = match std::fs::metadata(path) {
        Err(error) => Some(error.to_string()),
        Ok(metadata) if metadata.is_file() => None,
        // Opening a named pipe would wait for its writer.
        Ok(_) => Some("not a regular file".to_owned()),
    };
    Recording::of(path, problem)
}

/// Looks for recordings in `named`.
///
/// A file that is named is tried whatever it is called, as long as it is a file. Folders are searched as ingest searches
/// them. A file that is met again, under whatever name, is predicted once.
pub(super) fn find(named: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in named {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => found.search(path),
            _ => found.recordings.push(in_file(path)),
        }
    }
    found.leave_each_once();
    found
}

impl Found {
    fn push(&mut self, path: &Path, problem: Option<String>) {
        self.recordings.push(Recording::of(path, problem));
    }

    fn search(&mut self, folder: &Path) {
        match walk_folder(folder) {
            Err(error) => self.push(folder, Some(error.to_string())),
            Ok(walk) => {
                walk.audio.into_iter().for_each(|file| self.push(&file.path, file.problem));
                // A folder that cannot be entered may hold recordings, so it is missed like one.
                walk.unreadable.into_iter().for_each(|(path, why)| self.push(&path, Some(why)));
                self.notes.extend(walk.notes);
            }
        }
    }

    fn leave_each_once(&mut self) {
        let mut first: HashMap<PathBuf, PathBuf> = HashMap::new();
        let notes = &mut self.notes;
        self.recordings.retain(|recording| match first.get(&recording.real) {
            None => {
                first.insert(recording.real.clone(), recording.path.clone());
                true
            }
            Some(earlier) => {
                // The same name twice needs no explanation.
                if *earlier != recording.path {
                    let (path, earlier) = (recording.path.display(), earlier.display());
                    notes.push(format!("`{path}` is the same file as `{earlier}` and is predicted once"));
                }
                false
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(found: &Found, root: &Path) -> Vec<String> {
        let below = |recording: &Recording| recording.path.strip_prefix(root).unwrap_or(&recording.path).to_owned();
        found.recordings.iter().map(|recording| below(recording).display().to_string()).collect()
    }

    #[test]
    fn named_files_are_tried_whatever_they_are_called_and_folders_are_searched() {
        let root = tempfile::tempdir().expect("folder");
        let at = |below: &str| root.path().join(below);
        fs::create_dir_all(at("new/__MACOSX")).expect("folder");
        for below in
            ["odd.name", ".hidden.wav", "new/b.wav", "new/a.WAV", "new/._a.wav", "new/__MACOSX/c.wav", "new/x.txt"]
        {
            fs::write(at(below), below).expect("file");
        }
        let found = find(&[at("odd.name"), at("new"), at(".hidden.wav"), at("none.wav")]);
        assert_eq!(names(&found, root.path()), ["odd.name", "new/a.WAV", "new/b.wav", ".hidden.wav", "none.wav"]);
        let problems: Vec<bool> = found.recordings.iter().map(|recording| recording.problem.is_some()).collect();
        assert_eq!(problems, [false, false, false, false, true]);
    }

    #[test]
    fn a_file_that_is_named_twice_is_predicted_once() {
        let root = tempfile::tempdir().expect("folder");
        let at = |below: &str| root.path().join(below);
        fs::create_dir(at("new")).expect("folder");
        fs::write(at("new/a.wav"), "a").expect("file");
        let found = find(&[at("new/a.wav"), at("new"), at("new/../new/a.wav")]);
        assert_eq!(names(&found, root.path()), ["new/a.wav"]);
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
        assert!(found.notes[0].contains("new/../new/a.wav` is the same file as"), "{:?}", found.notes);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_never_opened() {
        let root = tempfile::tempdir().expect("folder");
        let socket = root.path().join("s.wav");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("socket");
        for named in [socket, root.path().to_owned()] {
            let found = find(&[named]);
            assert_eq!(found.recordings[0].problem.as_deref(), Some("not a regular file"));
        }
    }
}
