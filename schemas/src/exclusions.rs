//! `exclusions`: every file that is not a clip, and why.

use std::collections::HashMap;

use crate::Clip;

crate::column::words! {
    /// Why a file was left out. The codes are part of the table and never change.
    pub enum Reason ("reason") {
        /// The file cannot be opened, is empty, or holds no audio that can be decoded.
        Unreadable = "unreadable",
        /// The audio ends before its header says it does.
        Truncated = "truncated",
        /// A Git LFS pointer stands where the audio should be; `git lfs pull` fetches it.
        GitLfsPointer = "git_lfs_pointer",
        /// There is no signal: every sample is zero or the level never rises above the stated floor.
        Silent = "silent",
        /// The channels cancel: their mix, which is what later stages hear, has all but lost the sound.
        ChannelsCancel = "channels_cancel",
        /// Decoded samples are infinite or not a number.
        NonFinite = "non_finite",
        /// Shorter than the manifest's `min_duration_s`.
        TooShort = "too_short",
        /// Longer than the manifest's `max_duration_s`.
        TooLong = "too_long",
        /// The file name does not follow the corpus's grammar.
        NameNotUnderstood = "name_not_understood",
        /// The label has no place in the class set of this manifest.
        LabelNotWanted = "label_not_wanted",
        /// Not the speech audio of the corpus: song, video, laryngograph.
        OtherModality = "other_modality",
        /// The same recording as a file that stays; the detail names it and the rule that chose.
        Duplicate = "duplicate",
        /// The same recording as another file that tells another emotion or speaker, so that none of them is used; the
        /// detail names it.
        CopiesContradict = "copies_contradict",
        /// Another recording than the file that has its clip id; the detail names that file and says what to do.
        ClipIdTaken = "clip_id_taken",
        /// Named by the manifest's `exclude` or in its `exclude_file`; the detail gives the analyst's reason.
        Declared = "declared",
    }
}

crate::table::table! {
    /// One file that was found and left out.
    pub struct Exclusion ("exclusions", version 2) {
        /// Clip id that the file would have had.
        clip_id: String,
        /// The file, as in `clips`.
        path: String,
        /// Corpus it was found in.
        corpus: String,
        /// Reason code; a closed set.
        reason: Reason,
        /// Exact finding, in words.
        detail: String,
        /// Clip id of a file with the same audio, whatever the reason: of the one that stays, where one does; null
        /// where there is none, and for files that the analyst left out. Null in tables of version 1.
        copy_of: Option<String>,
        /// Speaker that the file names, as in `clips`. Null in tables of version 1.
        speaker: Option<String>,
    }
}

/// One of two files with the same audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied<'a> {
    /// Its clip id.
    pub clip_id: &'a str,
    /// Its corpus.
    pub corpus: &'a str,
    /// Its speaker.
    pub speaker: &'a str,
}

/// Each of `exclusions` that is a copy, with the file that it is a copy of; where both speakers are known.
pub fn copies<'a>(exclusions: &'a [Exclusion], clips: &'a [Clip]) -> Vec<[Copied<'a>; 2]> {
    let file = |clip_id: &'a str, corpus: &'a str, speaker: &'a Option<String>| {
        (clip_id, speaker.as_deref().map(|speaker| Copied { clip_id, corpus, speaker }))
    };
    let out = || exclusions.iter().map(|row| file(&row.clip_id, &row.corpus, &row.speaker));
    // An id may be that of a file left out as well; the clip is the one that is meant.
    let kept = clips.iter().map(|clip| file(&clip.clip_id, &clip.corpus, &clip.speaker));
    let files: HashMap<&str, Option<Copied<'_>>> = out().chain(kept).collect();
    let pair = |(row, (_, copy)): (&'a Exclusion, (_, Option<Copied<'a>>))| {
        Some([copy?, (*files.get(row.copy_of.as_deref()?)?)?])
    };
    exclusions.iter().zip(out()).filter_map(pair).collect()
}
