//! Which of several copies stays.
//!
//! Copies are files with the same audio, or one take in two formats under one clip id (`x.wav` and `x.mp3`). The one
//! whose name and folder agree stays, then one that tells its speaker, then the first by path. Another recording with
//! the clip id of one that stays goes as well, but as what it is.
//!
//! Where copies have different emotions, or different speakers of one corpus, nothing tells which is right, whatever
//! their folders, and none stays: what rests on labels or on keeping speakers apart would rest on a guess. A copy whose
//! speaker is not known contradicts nobody. Corpora name their speakers apart from each other, so a copy in another
//! corpus is the same recording under two names: one stays, and the names are told, as they may be one person's.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{Clip, Reason};

use crate::takes::{audio, by_take, one_take};

/// A file that could be a clip, or that at least says what a copy of it is labelled as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) clip: &'a Clip,
    /// Its label, where it has one that counts.
    pub(crate) word: Option<&'a str>,
    /// Its speaker in one spelling, where it has one that counts.
    pub(crate) speaker: Option<&'a str>,
    /// Whether nothing else keeps it from being a clip.
    pub(crate) eligible: bool,
}

/// What becomes of copies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// For each candidate that must go, the reason, also in words, by its index.
    pub(crate) out: BTreeMap<usize, (Reason, String)>,
    /// For each candidate whose audio lies in another file as well, that file: the one that stays, where one does.
    pub(crate) copy_of: BTreeMap<usize, usize>,
    /// Groups of copies under several speakers of one corpus, none of which stays.
    pub(crate) contradictions: Vec<Contradiction>,
    /// Copies under speakers of two corpora. First one that is not used.
    pub(crate) two_names: Vec<(usize, usize)>,
    /// Candidates that go because another recording has their clip id, each with that.
    pub(crate) without_id: Vec<(usize, usize)>,
}

/// Copies under several speakers of one corpus.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// Two of them that contradict each other.
    pub(crate) pair: (usize, usize),
    /// All that name a speaker of their corpus, these two among them.
    pub(crate) members: Vec<usize>,
}

/// Judges all copies. A file is only ever left out in favour of one that stays, or together with all its copies.
pub(crate) fn resolve(candidates: &[Candidate<'_>]) -> Resolution {
    let mut found = Resolution::default();
    let copies = groups(candidates, audio);
    let formats = groups(candidates, |clip| Some(&clip.clip_id))
        .into_iter()
        .flat_map(|group| by_take(&group, |one, other| one_take(candidates[one].clip, candidates[other].clip)));
    let formats: Vec<Vec<usize>> = formats.filter(|take| take.len() > 1).collect();
    for group in copies.iter().chain(&formats) {
        contradicting_labels(candidates, group, &mut found.out);
        contradicting_speakers(candidates, group, &mut found);
    }
    let mut order: Vec<usize> = (0..candidates.len()).filter(|&index| candidates[index].eligible).collect();
    order.retain(|index| !found.out.contains_key(index));
    order.sort_by_key(|&index| {
        let candidate = &candidates[index];
        (disagreement(candidate.clip), candidate.speaker.is_none(), &candidate.clip.path, index)
    });
    let mut kept_by_id: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kept_by_audio: BTreeMap<&str, usize> = BTreeMap::new();
    for index in order {
        let clip = candidates[index].clip;
        let by_id = kept_by_id.get(clip.clip_id.as_str());
        let by_audio = audio(clip).and_then(|audio| kept_by_audio.get(audio));
        if let Some(&kept) = by_audio.or(by_id) {
            if !one_take(candidates[kept].clip, clip) {
                found.without_id.push((index, kept));
            }
            found.out.insert(index, in_favour_of(&candidates[kept], &candidates[index], by_audio.is_some()));
            continue;
        }
        kept_by_id.insert(&clip.clip_id, index);
        kept_by_audio.extend(audio(clip).map(|audio| (audio, index)));
    }
    for group in &copies {
        name_copies(candidates, group, &mut found);
    }
    found
}

/// Notes whose copies the files of `group` are, whatever keeps them from being clips. What a broken file is called, or
/// what the analyst rejected, proves nothing here either.
fn name_copies(candidates: &[Candidate<'_>], group: &[usize], found: &mut Resolution) {
    let told = |index: &usize| candidates[*index].eligible || candidates[*index].speaker.is_some();
    let files: Vec<usize> = group.iter().copied().filter(told).collect();
    let stays = |index: &&usize| candidates[**index].eligible && !found.out.contains_key(*index);
    let named = |index: &&usize| candidates[**index].speaker.is_some();
    let Some(&of) = files.iter().find(stays).or_else(|| files.iter().find(named)) else { return };
    for index in files.into_iter().filter(|index| *index != of) {
        found.copy_of.insert(index, of);
        let (file, other) = (&candidates[index], &candidates[of]);
        let names = file.speaker.zip(other.speaker);
        if file.clip.corpus != other.clip.corpus && names.is_some_and(|(one, other)| one != other) {
            found.two_names.push((index, of));
        }
    }
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

fn contradicting_labels(candidates: &[Candidate<'_>], group: &[usize], out: &mut BTreeMap<usize, (Reason, String)>) {
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
        out.entry(index).or_insert((Reason::CopiesContradict, detail));
    }
}

/// Leaves out all of a group in which one corpus tells two speakers.
fn contradicting_speakers(candidates: &[Candidate<'_>], group: &[usize], found: &mut Resolution) {
    let mut told: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    let contradiction = group.iter().find_map(|&index| {
        let speaker = candidates[index].speaker?;
        let &mut (first, first_index) = told.entry(&candidates[index].clip.corpus).or_insert((speaker, index));
        (first != speaker).then_some((first_index, index))
    });
    let Some((one, other)) = contradiction else { return };
    let mut any = false;
    for &index in group.iter().filter(|&&index| candidates[index].eligible) {
        let against = if index == one { other } else { one };
        let name = |index: usize| candidates[index].speaker.unwrap_or("not known");
        let detail = if name(index) == name(against) {
            format!(
                "a copy of `{}`, as is `{}` of {}: none of the copies is used",
                candidates[one].clip.path,
                candidates[other].clip.path,
                name(other)
            )
        } else {
            format!(
                "a copy of `{}`, whose speaker is {} and that of this one {}: none of the copies is used",
                candidates[against].clip.path,
                name(against),
                name(index)
            )
        };
        any = true;
        found.out.entry(index).or_insert((Reason::CopiesContradict, detail));
    }
    if any && !found.contradictions.iter().any(|known| known.pair == (one, other)) {
        let corpus = &candidates[one].clip.corpus;
        let member = |index: &usize| candidates[*index].clip.corpus == *corpus && candidates[*index].speaker.is_some();
        let members = group.iter().copied().filter(member).collect();
        found.contradictions.push(Contradiction { pair: (one, other), members });
    }
}

/// Why `candidate` goes and `kept` stays.
fn in_favour_of(kept: &Candidate<'_>, candidate: &Candidate<'_>, same_audio: bool) -> (Reason, String) {
    let names_its_speaker = kept.speaker.is_some() && candidate.speaker.is_none();
    let (kept, clip) = (kept.clip, candidate.clip);
    let same_bytes = clip.content_hash.is_some() && clip.content_hash == kept.content_hash;
    let what = match (same_bytes, same_audio) {
        (true, _) => "the same bytes as",
        (false, true) => "the same audio as",
        (false, false) => "the same clip id and, as far as can be told, the same take as",
    };
    let rule = match (disagreement(kept), disagreement(clip)) {
        (better, worse) if better == worse && names_its_speaker => "it tells its speaker",
        (better, worse) if better == worse => "it comes first by path",
        (0, _) => "its name and folder agree",
        _ => "the name of this one contradicts its folder",
    };
    if one_take(kept, clip) {
        return (Reason::Duplicate, format!("{what} `{}`, which is kept: {rule}", kept.path));
    }
    let detail = format!(
        "another recording has the clip id `{}`, `{}`, and is kept: {rule}; rename this one, or give its folder a \
         descriptor with a `name` of its own",
        kept.clip_id, kept.path
    );
    (Reason::ClipIdTaken, detail)
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

    fn candidate<'a>(clip: &'a Clip, word: Option<&'a str>) -> Candidate<'a> {
        Candidate { clip, word, speaker: clip.speaker.as_deref(), eligible: true }
    }

    /// Paths that go, of clips with labels; all eligible.
    fn gone(clips: &[(Clip, &str)]) -> Vec<String> {
        let candidates: Vec<_> = clips.iter().map(|(clip, word)| candidate(clip, Some(word))).collect();
        resolve(&candidates).out.into_keys().map(|index| clips[index].0.path.clone()).collect()
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
        let same = [Candidate { eligible: false, ..candidate(&first, Some("sad")) }, candidate(&second, Some("sad"))];
        assert_eq!(resolve(&same), Resolution::default());
        let other = [Candidate { word: Some("surprise"), ..same[0] }, same[1]];
        let out = resolve(&other).out;
        assert_eq!(out.keys().copied().collect::<Vec<_>>(), [1]);
        assert!(out[&1].1.contains("labelled surprise and this sad"), "{out:?}");
    }

    #[test]
    fn the_detail_names_the_rule() {
        let (right, mut wrong) = (clip("b.wav", "x", Some(true)), clip("a.wav", "x", Some(false)));
        wrong.content_hash.clone_from(&right.content_hash);
        let candidates = [&right, &wrong].map(|clip| candidate(clip, Some("sad")));
        assert_eq!(
            resolve(&candidates).out[&1].1,
            "the same bytes as `b.wav`, which is kept: its name and folder agree"
        );
    }

    /// A clip of the audio `x` under a speaker: `c:1`.
    fn spoken(path: &str, speaker: Option<&str>) -> Clip {
        let mut clip = clip(path, "x", None);
        clip.speaker = speaker.map(str::to_owned);
        if let Some((corpus, _)) = speaker.and_then(|speaker| speaker.split_once(':')) {
            clip.corpus = corpus.to_owned();
        }
        clip
    }

    fn resolved(clips: &[Clip]) -> Resolution {
        resolve(&clips.iter().map(|clip| candidate(clip, Some("sad"))).collect::<Vec<_>>())
    }

    #[test]
    fn copies_under_two_speakers_of_a_corpus_all_go() {
        let found = resolved(&[
            spoken("p1/a.wav", Some("c:p1")),
            spoken("p2/a.wav", Some("c:p2")),
            spoken("p1/b.wav", Some("c:p1")),
            spoken("x/c.wav", None),
            spoken("d/e.wav", Some("d:7")),
        ]);
        let details: Vec<&str> = found.out.values().map(|(_, detail)| detail.as_str()).collect();
        assert_eq!(
            details,
            [
                "a copy of `p2/a.wav`, whose speaker is c:p2 and that of this one c:p1: none of the copies is used",
                "a copy of `p1/a.wav`, whose speaker is c:p1 and that of this one c:p2: none of the copies is used",
                "a copy of `p1/a.wav`, as is `p2/a.wav` of c:p2: none of the copies is used",
                "a copy of `p1/a.wav`, whose speaker is c:p1 and that of this one not known: none of the copies is used",
                "a copy of `p1/a.wav`, whose speaker is c:p1 and that of this one d:7: none of the copies is used",
            ]
        );
        assert_eq!(found.contradictions, [Contradiction { pair: (0, 1), members: vec![0, 1, 2] }]);
        assert_eq!(found.two_names, [(4, 0)], "whichever of the two d:7 is");
    }

    #[test]
    fn a_copy_without_a_speaker_contradicts_nobody_and_gives_way() {
        let found = resolved(&[spoken("a.wav", None), spoken("b.wav", Some("c:1")), spoken("c.wav", Some("c:1"))]);
        assert_eq!(found.contradictions, []);
        let details: Vec<_> = found.out.iter().map(|(index, (_, detail))| (*index, detail.as_str())).collect();
        assert_eq!(
            details,
            [
                (0, "the same audio as `b.wav`, which is kept: it tells its speaker"),
                (2, "the same audio as `b.wav`, which is kept: it comes first by path"),
            ]
        );
    }

    #[test]
    fn a_copy_in_another_corpus_is_one_recording_under_two_names() {
        let found = resolved(&[spoken("b/1.wav", Some("b:01")), spoken("a/1.wav", Some("a:01"))]);
        assert_eq!(found.out[&0].1, "the same audio as `a/1.wav`, which is kept: it comes first by path");
        assert_eq!((found.out.len(), found.contradictions, found.two_names), (1, vec![], vec![(0, 1)]));
    }

    #[test]
    fn a_copy_that_is_no_clip_for_another_reason_is_one_recording_under_two_names_as_well() {
        let clips = [spoken("a/1.wav", Some("a:01")), spoken("b/1.wav", Some("b:01"))];
        let [one, other] = [candidate(&clips[0], Some("sad")), candidate(&clips[1], Some("sad"))];
        let found = resolve(&[one, Candidate { eligible: false, ..other }]);
        assert_eq!((found.out.len(), found.two_names, found.copy_of), (0, vec![(1, 0)], [(1, 0)].into()));
        // With other labels none stays, and the names are told all the same.
        let found = resolve(&[one, Candidate { word: Some("angry"), ..other }]);
        assert_eq!((found.out.len(), found.two_names), (2, vec![(1, 0)]));
    }

    #[test]
    fn another_recording_with_the_clip_id_of_one_is_no_copy() {
        let mut clips = [clip("1.wav", "x", None), clip("1.wav", "y", None)];
        clips[1].path = "elsewhere/1.wav".into();
        for (seed, clip) in (1..).zip(&mut clips) {
            clip.phase = Some(crate::takes::tests::phase(seed));
        }
        let found = resolve(&[candidate(&clips[0], Some("sad")), candidate(&clips[1], Some("angry"))]);
        let (reason, detail) = &found.out[&1];
        assert_eq!((found.out.len(), *reason, &found.without_id), (1, Reason::ClipIdTaken, &vec![(1, 0)]));
        assert!(detail.starts_with("another recording has the clip id `c/1`, `1.wav`, and is kept: "), "{detail}");
        assert_eq!(found.copy_of, BTreeMap::new());
    }

    #[test]
    fn a_speaker_that_does_not_count_contradicts_nobody() {
        let clips = [spoken("a.wav", Some("c:1")), spoken("b.wav", Some("c:2"))];
        let right = candidate(&clips[1], Some("sad"));
        // The analyst left the first out: its speaker is not looked at.
        let declared = Candidate { word: None, speaker: None, eligible: false, ..candidate(&clips[0], None) };
        assert_eq!(resolve(&[declared, right]), Resolution::default());
        let too_short = Candidate { eligible: false, ..candidate(&clips[0], Some("sad")) };
        assert_eq!(resolve(&[too_short, right]).out.keys().copied().collect::<Vec<_>>(), [1]);
    }
}
