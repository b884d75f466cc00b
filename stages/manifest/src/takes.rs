//! Files that share a clip id: one take in two formats, or two recordings.
//!
//! Ingest names a clip by its path without extension, so `x.wav` and `x.flac` have one id. Usually they are one take in
//! two formats, and one of them is enough. Where their waveforms say otherwise, both are clips: the first by path keeps
//! the id, the other gets its extension, as in `x.wav`. Files of two ingest stages that share an id come from two
//! folders under one corpus name; they keep it, and one of them has to go.

use std::collections::{BTreeMap, BTreeSet};

use ser_audio::correlation;
use ser_schemas::Clip;

/// Correlation of phases from which on two files hold one take; the audit's `near_duplicate_correlation` by default.
const ONE_TAKE: f64 = 0.4;
/// Words by which one format may lag behind another. 40 ms around each are looked at, so that 0.12 s to either side are
/// covered: more than codecs add.
const LAGS: [i64; 3] = [-4, 0, 4];

/// The hash that copies share. Equal bytes decode to equal audio, so that one hash finds both kinds of copy.
pub(crate) fn audio(clip: &Clip) -> Option<&str> {
    clip.audio_hash.as_deref().or(clip.content_hash.as_deref())
}

/// Whether two files of one clip id hold one take. So it is taken where nothing was measured that could tell.
pub(crate) fn one_take(a: &Clip, b: &Clip) -> bool {
    if audio(a).is_some() && audio(a) == audio(b) {
        return true;
    }
    let (Some(a), Some(b)) = (&a.phase, &b.phase) else { return true };
    LAGS.into_iter().filter_map(|lag| correlation(a, b, lag)).any(|found| found >= ONE_TAKE)
}

/// `files` in groups of one take each, in the order of their first files.
pub(crate) fn by_take(files: &[usize], one_take: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut takes: Vec<Vec<usize>> = Vec::new();
    for &file in files {
        match takes.iter_mut().find(|take| take.first().is_some_and(|&first| one_take(first, file))) {
            Some(take) => take.push(file),
            None => takes.push(vec![file]),
        }
    }
    takes
}

/// Gives recordings of one ingest stage (`stages` tells that of each row) that share an id without being one take ids
/// of their own, unless such an id is another file's. Files that could not be read keep theirs.
pub(crate) fn tell_apart(rows: &mut [Clip], stages: &[usize]) {
    let mut sharing: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    for (row, (clip, &stage)) in rows.iter().zip(stages).enumerate().filter(|(_, (clip, _))| clip.problem.is_none()) {
        sharing.entry((stage, &clip.clip_id)).or_default().push(row);
    }
    let taken: BTreeSet<&str> = rows.iter().map(|clip| clip.clip_id.as_str()).collect();
    let mut named: BTreeMap<usize, String> = BTreeMap::new();
    for mut files in sharing.into_values().filter(|files| files.len() > 1) {
        files.sort_by_key(|&row| (&rows[row].path, row));
        for row in by_take(&files, |a, b| one_take(&rows[a], &rows[b])).into_iter().skip(1).flatten() {
            let Some((_, extension)) = rows[row].path.rsplit_once('.') else { continue };
            let id = format!("{}.{extension}", rows[row].clip_id);
            if !extension.contains('/') && !taken.contains(id.as_str()) {
                named.insert(row, id);
            }
        }
    }
    for (row, id) in named {
        rows[row].clip_id = id;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Phases of one of many recordings.
    pub(crate) fn phase(seed: u64) -> Vec<u32> {
        let mut state = seed;
        let word = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32 | 1
        };
        (0..50).map(word).collect()
    }

    /// A file of recording `seed`.
    fn file(path: &str, seed: u64) -> Clip {
        let id = path.rsplit_once('.').map_or(path, |(id, _)| id);
        let mut clip = Clip::found(format!("c/{id}"), "c".into(), path.into(), 1);
        clip.audio_hash = Some(path.to_owned());
        clip.phase = Some(phase(seed));
        clip
    }

    fn ids(mut rows: Vec<Clip>, stages: &[usize]) -> Vec<String> {
        tell_apart(&mut rows, stages);
        rows.into_iter().map(|clip| clip.clip_id).collect()
    }

    #[test]
    fn two_recordings_with_one_name_have_ids_of_their_own_and_two_formats_of_one_do_not() {
        let rows = || vec![file("x.wav", 1), file("x.flac", 2), file("y.wav", 3), file("y.mp3", 3)];
        assert_eq!(ids(rows(), &[0; 4]), ["c/x.wav", "c/x", "c/y", "c/y"], "`x.flac` comes first by path");
        assert_eq!(ids(rows(), &[0, 1, 0, 1]), ["c/x", "c/x", "c/y", "c/y"], "of two stages");
        let three = vec![file("x.wav", 1), file("x.flac", 2), file("x.ogg", 1)];
        assert_eq!(ids(three, &[0; 3]), ["c/x.wav", "c/x", "c/x.ogg"]);
    }

    #[test]
    fn no_id_is_given_twice_and_what_was_not_measured_is_one_take() {
        let taken = vec![file("x.wav", 1), file("x.flac", 2), file("x.wav.mp3", 3)];
        assert_eq!(ids(taken, &[0; 3]), ["c/x", "c/x", "c/x.wav"]);
        let mut old = vec![file("x.wav", 1), file("x.flac", 2)];
        old[0].phase = None;
        assert_eq!(ids(old, &[0; 2]), ["c/x", "c/x"]);
    }

    #[test]
    fn a_lag_of_a_tenth_of_a_second_is_no_other_take() {
        let (a, mut b) = (file("x.wav", 1), file("x.mp3", 1));
        b.phase = b.phase.map(|words| [&[0; 5], &words[..]].concat());
        assert!(one_take(&a, &b) && one_take(&b, &a));
    }
}
