//! Which of several copies stays.
//!
//! Copies are files with the same audio, or files that would share a clip id (`x.wav` and `x.flac`). The one whose name
//! and folder agree stays, then the first by path. Where copies have different emotions nothing tells which is right,
//! whatever their folders, and none stays.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Clip;

/// A file that could be a clip, or that at least says what a copy of it is labelled as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) clip: &'a Clip,
    /// Its label, where it has one.
    pub(crate) word: Option<&'a str>,
    /// Whether nothing else keeps it from being a clip.
    pub(crate) eligible: bool,
}

/// For each candidate that must go, the reason in words, by its index.
///
/// A file is only ever left out in favour of one that stays.
pub(crate) fn resolve(candidates: &[Candidate<'_>]) -> BTreeMap<usize, String> {
    let mut out = BTreeMap::new();
    for group in groups(candidates, audio).iter().chain(&groups(candidates, |clip| Some(&clip.clip_id))) {
        contradicting_labels(candidates, group, &mut out);
    }
    let mut order: Vec<usize> = (0..candidates.len()).filter(|&index| candidates[index].eligible).collect();
    order.retain(|index| !out.contains_key(index));
    order.sort_by_key(|&index| (disagreement(candidates[index].clip), &candidates[index].clip.path, index));
    let mut kept_by_id: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kept_by_audio: BTreeMap<&str, usize> = BTreeMap::new();
    for index in order {
        let clip = candidates[index].clip;
        let by_id = kept_by_id.get(clip.clip_id.as_str());
        let by_audio = audio(clip).and_then(|audio| kept_by_audio.get(audio));
        if let Some(&kept) = by_audio.or(by_id) {
            out.insert(index, in_favour_of(candidates[kept].clip, clip, by_audio.is_some()));
            continue;
        }
        kept_by_id.insert(&clip.clip_id, index);
        kept_by_audio.extend(audio(clip).map(|audio| (audio, index)));
    }
    out
}

/// Equal bytes decode to equal audio, so that one hash finds both kinds of copy.
fn audio(clip: &Clip) -> Option<&str> {
    clip.audio_hash.as_deref().or(clip.content_hash.as_deref())
}

/// Indices of candidates that share a key: groups of at least two.
fn groups<'a>(candidates: &[Candidate<'a>], key: impl Fn(&'a Clip) -> Option<&'a str>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if let Some(key) = key(candidate.clip) {
            groups.entry(key).or_default().push(index);
        }
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// 0 where name and folder agree, 1 where only one of them tells, 2 where they contradict each other.
fn disagreement(clip: &Clip) -> u8 {
    match clip.name_matches_folder {
        Some(true) => 0,
        None => 1,
        Some(false) => 2,
    }
}

fn contradicting_labels(candidates: &[Candidate<'_>], group: &[usize], out: &mut BTreeMap<usize, String>) {
    let words: BTreeSet<&str> = group.iter().filter_map(|&index| candidates[index].word).collect();
    if words.len() < 2 {
        return;
    }
    for &index in group.iter().filter(|&&index| candidates[index].eligible) {
        let own = candidates[index].word;
        let Some(&other) = group.iter().find(|&&other| candidates[other].word.is_some_and(|word| Some(word) != own))
        else {
            continue;
        };
        let detail = format!(
            "a copy of `{}`, which is labelled {} and this {}: none of the copies is used",
            candidates[other].clip.path,
            candidates[other].word.unwrap_or("otherwise"),
            own.unwrap_or("otherwise"),
        );
        out.entry(index).or_insert(detail);
    }
}

/// Why `clip` goes and `kept` stays.
fn in_favour_of(kept: &Clip, clip: &Clip, same_audio: bool) -> String {
    let same_bytes = clip.content_hash.is_some() && clip.content_hash == kept.content_hash;
    let what = match (same_bytes, same_audio) {
        (true, _) => "the same bytes as",
        (false, true) => "the same audio as",
        (false, false) => "the same clip id as",
    };
    let rule = match (disagreement(kept), disagreement(clip)) {
        (better, worse) if better == worse => "it comes first by path",
        (0, _) => "its name and folder agree",
        _ => "the name of this one contradicts its folder",
    };
    format!("{what} `{}`, which is kept: {rule}", kept.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(path: &str, audio: &str, matches: Option<bool>) -> Clip {
        let id = path.rsplit_once('.').map_or(path, |(id, _)| id);
        let mut clip = Clip::found(format!("c/{id}"), "c".into(), path.into(), 1);
        clip.audio_hash = Some(audio.to_owned());
        clip.content_hash = Some(format!("{audio}{path}"));
        clip.name_matches_folder = matches;
        clip
    }

    /// Paths that go, of clips with labels; all eligible.
    fn gone(clips: &[(Clip, &str)]) -> Vec<String> {
        let candidates: Vec<_> =
            clips.iter().map(|(clip, word)| Candidate { clip, word: Some(word), eligible: true }).collect();
        resolve(&candidates).into_keys().map(|index| clips[index].0.path.clone()).collect()
    }

    #[test]
    fn the_copy_whose_name_and_folder_agree_stays_then_the_first_by_path() {
        let wrong = (clip("a/1.wav", "x", Some(false)), "sad");
        let untold = (clip("b/2.wav", "x", None), "sad");
        let right = (clip("c/3.wav", "x", Some(true)), "sad");
        let also = (clip("d/4.wav", "x", Some(true)), "sad");
        assert_eq!(gone(&[wrong.clone(), untold.clone(), right, also]), ["a/1.wav", "b/2.wav", "d/4.wav"]);
        assert_eq!(gone(&[wrong, untold]), ["a/1.wav"]);
    }

    #[test]
    fn copies_with_different_emotions_all_go_whatever_their_folders() {
        let clips = [
            (clip("a/1.wav", "x", Some(true)), "sad"),
            (clip("a/2.wav", "x", Some(false)), "angry"),
            (clip("a/3.wav", "x", None), "sad"),
            (clip("a/4.wav", "y", None), "happy"),
        ];
        assert_eq!(gone(&clips), ["a/1.wav", "a/2.wav", "a/3.wav"]);
    }

    #[test]
    fn one_clip_id_keeps_one_file_even_where_the_audio_differs() {
        let clips = [(clip("a/1.wav", "x", None), "sad"), (clip("a/1.mp3", "y", None), "sad")];
        assert_eq!(gone(&clips), ["a/1.wav"], "`a/1.mp3` comes first by path");
    }

    #[test]
    fn a_copy_that_stays_is_never_explained_by_one_that_goes() {
        // 1.flac and 1.wav share an id, 1.wav and 2.wav the audio: with 1.wav gone, 2.wav is the only copy left.
        let clips =
            [(clip("1.flac", "x", None), "sad"), (clip("1.wav", "y", None), "sad"), (clip("2.wav", "y", None), "sad")];
        assert_eq!(gone(&clips), ["1.wav"]);
    }

    #[test]
    fn an_ineligible_copy_neither_stays_nor_displaces_but_its_label_counts() {
        let (first, second) = (clip("a/1.wav", "x", Some(true)), clip("a/2.wav", "x", None));
        let same = [
            Candidate { clip: &first, word: Some("sad"), eligible: false },
            Candidate { clip: &second, word: Some("sad"), eligible: true },
        ];
        assert_eq!(resolve(&same), BTreeMap::new());
        let other = [Candidate { word: Some("surprise"), ..same[0] }, same[1]];
        let out = resolve(&other);
        assert_eq!(out.keys().copied().collect::<Vec<_>>(), [1]);
        assert!(out[&1].contains("labelled surprise and this sad"), "{}", out[&1]);
    }

    #[test]
    fn the_detail_names_the_rule() {
        let (right, mut wrong) = (clip("b.wav", "x", Some(true)), clip("a.wav", "x", Some(false)));
        wrong.content_hash.clone_from(&right.content_hash);
        let candidates = [&right, &wrong].map(|clip| Candidate { clip, word: Some("sad"), eligible: true });
        assert_eq!(resolve(&candidates)[&1], "the same bytes as `b.wav`, which is kept: its name and folder agree");
    }
}
