//! The clips of two manifests compared.
//!
//! A clip is known by its `clip_id`; a file that was left out by that and its file name, because two files may lay
//! claim to one `clip_id`. Where the corpus lies does not count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ser_schemas::{Clip, Exclusion};
use serde::Serialize;

/// Differences between two manifests. All lists are in the order of the clip ids.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct ClipDiff {
    /// The manifest stage.
    pub(crate) stage: String,
    pub(crate) before: Counts,
    pub(crate) after: Counts,
    /// Clips that the first run knew nothing of.
    pub(crate) added: Vec<Labelled>,
    /// Clips that the second run knows nothing of.
    pub(crate) removed: Vec<Labelled>,
    /// The same audio under another clip id.
    pub(crate) renamed: Vec<Renamed>,
    /// Clips with another emotion.
    pub(crate) relabelled: Vec<Changed<String>>,
    /// Clips of another speaker.
    pub(crate) other_speaker: Vec<Changed<String>>,
    /// Clips with other audio; with their durations in seconds.
    pub(crate) re_recorded: Vec<Changed<f64>>,
    /// Clips whose file has other bytes but holds the same audio: another container, other tags. With the file's sizes.
    pub(crate) rewritten: Vec<Changed<u64>>,
    /// Files that the second run left out and the first did not.
    pub(crate) newly_excluded: Vec<Excluded>,
    /// Files that the first run left out and the second did not.
    pub(crate) no_longer_excluded: Vec<Excluded>,
    /// Files that both left out, for different reasons.
    pub(crate) otherwise_excluded: Vec<Changed<String>>,
}

/// Size of a manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) clips: usize,
    pub(crate) excluded: usize,
}

/// A clip and what it is labelled as.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Labelled {
    pub(crate) clip_id: String,
    pub(crate) emotion: Option<String>,
}

/// A value of a clip in both runs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Changed<T> {
    pub(crate) clip_id: String,
    pub(crate) old: Option<T>,
    pub(crate) new: Option<T>,
}

/// The same audio under two clip ids.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Renamed {
    pub(crate) old: Labelled,
    pub(crate) new: Labelled,
}

/// A file that one of the runs left out.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Excluded {
    pub(crate) clip_id: String,
    pub(crate) path: String,
    /// Why it was left out.
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    /// Role of the file in the other run.
    pub(crate) otherwise: Otherwise,
}

/// Role of a file in the run that did not leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Otherwise {
    Clip,
    Absent,
}

/// Clips and exclusions of one run.
pub(crate) struct Manifest {
    pub(crate) clips: Vec<Clip>,
    pub(crate) exclusions: Vec<Exclusion>,
}

impl ClipDiff {
    /// Differences between `old` and `new`, both of manifest stage `stage`.
    pub(crate) fn of(stage: &str, old: &Manifest, new: &Manifest) -> Self {
        let mut diff = Self { stage: stage.to_owned(), before: old.counts(), after: new.counts(), ..Self::default() };
        let (before, after) = (old.by_id(), new.by_id());
        for (id, clip) in &after {
            if let Some(known) = before.get(id) {
                diff.compare_clip(known, clip);
            }
        }
        let (old_exclusions, new_exclusions) = (old.excluded_files(), new.excluded_files());
        for (file, exclusion) in &new_exclusions {
            match old_exclusions.get(file) {
                None => diff.newly_excluded.push(excluded(exclusion, old, *file)),
                Some(known) if known.reason != exclusion.reason => diff.otherwise_excluded.push(Changed {
                    clip_id: exclusion.clip_id.clone(),
                    old: Some(known.reason.to_string()),
                    new: Some(exclusion.reason.to_string()),
                }),
                Some(_) => {}
            }
        }
        for (file, exclusion) in &old_exclusions {
            if !new_exclusions.contains_key(file) {
                diff.no_longer_excluded.push(excluded(exclusion, new, *file));
            }
        }
        diff.come_and_gone(&missing(&before, new), &missing(&after, old));
        diff
    }

    /// `true` if nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        let unchanged = Self { stage: self.stage.clone(), before: self.before, after: self.after, ..Self::default() };
        *self == unchanged
    }

    fn compare_clip(&mut self, old: &Clip, new: &Clip) {
        let clip_id = || new.clip_id.clone();
        if old.emotion != new.emotion {
            self.relabelled.push(Changed { clip_id: clip_id(), old: emotion(old), new: emotion(new) });
        }
        if old.speaker != new.speaker {
            let (old, new) = (old.speaker.clone(), new.speaker.clone());
            self.other_speaker.push(Changed { clip_id: clip_id(), old, new });
        }
        if old.audio_hash != new.audio_hash {
            self.re_recorded.push(Changed { clip_id: clip_id(), old: old.duration_s, new: new.duration_s });
        } else if old.content_hash != new.content_hash {
            self.rewritten.push(Changed { clip_id: clip_id(), old: Some(old.bytes), new: Some(new.bytes) });
        }
    }

    /// Clips that went and clips that came; what sounds the same was renamed.
    fn come_and_gone(&mut self, gone: &[&Clip], come: &[&Clip]) {
        let mut by_audio: HashMap<&str, &Clip> = HashMap::new();
        for clip in gone {
            if let Some(audio) = &clip.audio_hash {
                by_audio.insert(audio, clip);
            }
        }
        let mut renamed = BTreeSet::new();
        for clip in come {
            match clip.audio_hash.as_deref().and_then(|audio| by_audio.remove(audio)) {
                Some(old) => {
                    renamed.insert(old.clip_id.as_str());
                    self.renamed.push(Renamed { old: labelled(old), new: labelled(clip) });
                }
                None => self.added.push(labelled(clip)),
            }
        }
        let removed = gone.iter().filter(|clip| !renamed.contains(clip.clip_id.as_str()));
        self.removed = removed.map(|clip| labelled(clip)).collect();
    }
}

impl Manifest {
    fn counts(&self) -> Counts {
        Counts { clips: self.clips.len(), excluded: self.exclusions.len() }
    }

    fn by_id(&self) -> BTreeMap<&str, &Clip> {
        self.clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect()
    }

    fn excluded_files(&self) -> BTreeMap<(&str, &str), &Exclusion> {
        let files = self.exclusions.iter();
        files.map(|file| ((file.clip_id.as_str(), file_name(&file.path)), file)).collect()
    }
}

/// Clips of one run that the other has neither as a clip nor among the files that it left out.
fn missing<'a>(clips: &BTreeMap<&str, &'a Clip>, other: &Manifest) -> Vec<&'a Clip> {
    let known: BTreeSet<&str> = other
        .clips
        .iter()
        .map(|clip| clip.clip_id.as_str())
        .chain(other.exclusions.iter().map(|exclusion| exclusion.clip_id.as_str()))
        .collect();
    clips.iter().filter(|(id, _)| !known.contains(*id)).map(|(_, clip)| *clip).collect()
}

fn excluded(exclusion: &Exclusion, other: &Manifest, (clip_id, name): (&str, &str)) -> Excluded {
    let is_clip = other.clips.iter().any(|clip| clip.clip_id == clip_id && file_name(&clip.path) == name);
    Excluded {
        clip_id: exclusion.clip_id.clone(),
        path: exclusion.path.clone(),
        reason: exclusion.reason.as_str(),
        detail: exclusion.detail.clone(),
        otherwise: if is_clip { Otherwise::Clip } else { Otherwise::Absent },
    }
}

/// Paths in tables have forward slashes.
fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn labelled(clip: &Clip) -> Labelled {
    Labelled { clip_id: clip.clip_id.clone(), emotion: emotion(clip) }
}

fn emotion(clip: &Clip) -> Option<String> {
    clip.emotion.map(|emotion| emotion.to_string())
}

#[cfg(test)]
mod tests {
    use ser_schemas::{Emotion, Reason};

    use super::*;

    fn clip(id: &str, emotion: Emotion, audio: &str) -> Clip {
        let mut clip = Clip::found(id.to_owned(), "c".to_owned(), format!("data/{id}.wav"), 44);
        clip.emotion = Some(emotion);
        clip.audio_hash = Some(audio.to_owned());
        clip.content_hash = Some(format!("file {audio}"));
        clip.speaker = Some("c:1".to_owned());
        clip
    }

    fn left_out(id: &str, reason: Reason) -> Exclusion {
        Exclusion {
            clip_id: id.to_owned(),
            path: format!("data/{id}.wav"),
            corpus: "c".to_owned(),
            reason,
            detail: "as found".to_owned(),
            copy_of: None,
            speaker: None,
        }
    }

    fn compare(old: (Vec<Clip>, Vec<Exclusion>), new: (Vec<Clip>, Vec<Exclusion>)) -> ClipDiff {
        let manifest = |(clips, exclusions)| Manifest { clips, exclusions };
        ClipDiff::of("manifest", &manifest(old), &manifest(new))
    }

    fn ids<T>(list: &[T], id: impl Fn(&T) -> &String) -> Vec<String> {
        list.iter().map(|item| id(item).clone()).collect()
    }

    #[test]
    fn every_kind_of_change_is_in_its_own_list() {
        let mut other_voice = clip("voice", Emotion::SAD, "v");
        other_voice.speaker = Some("c:2".to_owned());
        let mut tagged = clip("tagged", Emotion::SAD, "t");
        tagged.content_hash = Some("file with tags".to_owned());
        let diff = compare(
            (
                vec![
                    clip("same", Emotion::SAD, "s"),
                    clip("gone", Emotion::SAD, "g"),
                    clip("label", Emotion::SAD, "l"),
                    clip("again", Emotion::SAD, "a1"),
                    clip("voice", Emotion::SAD, "v"),
                    clip("tagged", Emotion::SAD, "t"),
                    clip("old_name", Emotion::SAD, "r"),
                    clip("breaks", Emotion::SAD, "b"),
                ],
                vec![
                    left_out("mends", Reason::Silent),
                    left_out("worse", Reason::Silent),
                    left_out("swept", Reason::Silent),
                ],
            ),
            (
                vec![
                    clip("same", Emotion::SAD, "s"),
                    clip("label", Emotion::HAPPY, "l"),
                    clip("again", Emotion::SAD, "a2"),
                    other_voice,
                    tagged,
                    clip("new_name", Emotion::ANGRY, "r"),
                    clip("mends", Emotion::SAD, "m"),
                    clip("new", Emotion::HAPPY, "n"),
                ],
                vec![
                    left_out("breaks", Reason::Truncated),
                    left_out("worse", Reason::Unreadable),
                    left_out("bad", Reason::Unreadable),
                ],
            ),
        );
        assert_eq!(ids(&diff.added, |c| &c.clip_id), ["new"]);
        assert_eq!(ids(&diff.removed, |c| &c.clip_id), ["gone"]);
        assert_eq!(ids(&diff.re_recorded, |c| &c.clip_id), ["again"]);
        assert_eq!(ids(&diff.other_speaker, |c| &c.clip_id), ["voice"]);
        assert_eq!(ids(&diff.rewritten, |c| &c.clip_id), ["tagged"]);
        assert_eq!(ids(&diff.renamed, |c| &c.old.clip_id), ["old_name"]);
        assert_eq!(diff.renamed[0].new.emotion.as_deref(), Some("angry"));
        let changed = |c: &Changed<String>| format!("{} {:?} {:?}", c.clip_id, c.old, c.new);
        let relabelled: Vec<String> = diff.relabelled.iter().map(changed).collect();
        assert_eq!(relabelled, [r#"label Some("sad") Some("happy")"#]);
        let otherwise: Vec<String> = diff.otherwise_excluded.iter().map(changed).collect();
        assert_eq!(otherwise, [r#"worse Some("silent") Some("unreadable")"#]);
        let told = |e: &Excluded| format!("{} {} {:?}", e.clip_id, e.reason, e.otherwise);
        let newly: Vec<String> = diff.newly_excluded.iter().map(told).collect();
        assert_eq!(newly, ["bad unreadable Absent", "breaks truncated Clip"]);
        let no_longer: Vec<String> = diff.no_longer_excluded.iter().map(told).collect();
        assert_eq!(no_longer, ["mends silent Clip", "swept silent Absent"]);
    }

    #[test]
    fn the_same_clips_in_another_place_and_order_are_no_change() {
        let moved = |mut clip: Clip| {
            clip.path = clip.path.replace("data/", "/mnt/corpora/");
            clip
        };
        let exclusion = || vec![left_out("x", Reason::Silent)];
        let diff = compare(
            (vec![clip("a", Emotion::SAD, "1"), clip("b", Emotion::SAD, "2")], exclusion()),
            (vec![moved(clip("b", Emotion::SAD, "2")), moved(clip("a", Emotion::SAD, "1"))], exclusion()),
        );
        assert!(diff.is_empty(), "{diff:?}");
    }

    #[test]
    fn a_duplicate_beside_a_clip_of_the_same_id_is_a_file_of_its_own() {
        let mut copy = left_out("a", Reason::Duplicate);
        copy.path = "data/a.flac".to_owned();
        let diff =
            compare((vec![clip("a", Emotion::SAD, "1")], vec![]), (vec![clip("a", Emotion::SAD, "1")], vec![copy]));
        assert_eq!(diff.newly_excluded.len(), 1);
        assert_eq!(diff.newly_excluded[0].otherwise, Otherwise::Absent);
        assert!(diff.removed.is_empty() && diff.added.is_empty());
    }

    /// Every file is accounted for: what came minus what went is the difference in number.
    #[test]
    fn the_counts_add_up() {
        let emotions = [Emotion::SAD, Emotion::HAPPY];
        // A few hundred pairs of manifests over six clips; each clip is absent, a clip or left out.
        for pattern in 0..729_u32 {
            let manifest = |shift: u32| {
                let (mut clips, mut exclusions) = (Vec::new(), Vec::new());
                for at in 0..6_u32 {
                    let (id, state) = (format!("c{at}"), pattern.wrapping_mul(shift) / 3_u32.pow(at) % 3);
                    match state {
                        0 => {}
                        1 => clips.push(clip(&id, emotions[(at % 2) as usize], &id)),
                        _ => exclusions.push(left_out(&id, Reason::Silent)),
                    }
                }
                (clips, exclusions)
            };
            let (old, new) = (manifest(1), manifest(7));
            let diff = compare(old, new);
            let lost = diff.newly_excluded.iter().filter(|e| e.otherwise == Otherwise::Clip).count();
            let won = diff.no_longer_excluded.iter().filter(|e| e.otherwise == Otherwise::Clip).count();
            assert_eq!(diff.before.clips + diff.added.len() + won, diff.after.clips + diff.removed.len() + lost);
            let excluded = diff.before.excluded + diff.newly_excluded.len();
            assert_eq!(excluded, diff.after.excluded + diff.no_longer_excluded.len());
        }
    }
}
