//! The recordings in parts, of which each is answered on its own, with what tells parts apart.

use std::ops::Range;

use ser_stage::{Cut, PartId};

use super::recordings::Recording;
use super::speakers::Speakers;

/// Bytes of recordings in a part at most: of an interview as WAV, two hours. So much is lost with a call that is stopped.
const MOST_BYTES: f64 = 256e6;

/// Recordings that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Their places among all.
    pub(super) range: Range<usize>,
    /// A digest of the recipe of their answers, and of each its path, its content, who speaks, and where that decides anything
    /// the recordings that the speaker is known by (`voices`).
    pub(super) id: PartId,
}

/// Divides `recordings`, whose answers have a certain `recipe`; `by_voice` where the model standardises per speaker.
pub(super) fn divided(recordings: &[Recording], speakers: &Speakers, by_voice: bool, recipe: &str) -> Vec<Part> {
    let voices = speakers.voices(recordings, by_voice);
    let mut cut = Cut::new(MOST_BYTES);
    let (mut parts, mut items, mut start) = (Vec::new(), Vec::new(), 0);
    for (at, recording) in recordings.iter().enumerate() {
        let path = recording.path.display().to_string();
        let (content, bytes) = recording.content().unwrap_or_else(|why| (why, 0));
        let ends = cut.ends_with(&path, bytes as f64);
        let voice = speakers.speaker(at).and_then(|speaker| voices.get(speaker)).cloned();
        let speaker = speakers.name(at).unwrap_or_default().to_owned();
        items.extend([path, content, speaker, voice.unwrap_or_default()]);
        if ends || at + 1 == recordings.len() {
            let id = PartId::of(recipe, items.iter().map(String::as_str));
            parts.push(Part { range: start..at + 1, id });
            (start, items) = (at + 1, Vec::new());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::super::recordings;
    use super::*;

    /// The parts of the recordings in `folder`, by name.
    fn names(folder: &Path, recipe: &str) -> BTreeSet<String> {
        let found = recordings::find(&[folder.to_owned()]).recordings;
        let speakers = Speakers::of_nobody(found.len());
        let parts = divided(&found, &speakers, false, recipe);
        assert_eq!(parts.iter().map(|part| part.range.len()).sum::<usize>(), found.len());
        assert!(parts.windows(2).all(|pair| pair[0].range.end == pair[1].range.start));
        parts.into_iter().map(|part| part.id.file()).collect()
    }

    #[test]
    fn whatever_changes_about_a_recording_changes_its_part_alone() {
        let root = tempfile::tempdir().expect("folder");
        let at = |number: usize| root.path().join(format!("{number:04}.wav"));
        for number in 0..2_000 {
            fs::write(at(number), "sound").expect("file");
        }
        let before = names(root.path(), "a");
        assert!((4..16).contains(&before.len()), "{} parts", before.len());
        assert!(before.is_disjoint(&names(root.path(), "b")));
        let mut last = before.clone();
        let mut changes = |what: &str, change: &dyn Fn()| {
            change();
            let now = names(root.path(), "a");
            assert!((1..=2).contains(&last.difference(&now).count()), "{what}: {last:?}, {now:?}");
            last = now;
        };
        changes("longer", &|| fs::write(at(700), "sounds").expect("file"));
        changes("removed", &|| fs::remove_file(at(70)).expect("file"));
        changes("added", &|| fs::write(at(9_999), "sound").expect("file"));
        changes("written again", &|| {
            let file = fs::File::options().write(true).open(at(1_500)).expect("file");
            file.set_modified(SystemTime::now() + Duration::from_secs(9)).expect("a time");
        });
        #[cfg(unix)]
        changes("a link that leads nowhere", &|| {
            fs::remove_file(at(1_000)).expect("file");
            std::os::unix::fs::symlink("none", at(1_000)).expect("link");
        });
        assert_eq!(last, names(root.path(), "a"));
    }
}
