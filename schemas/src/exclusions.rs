//! `exclusions`: every file that is not a clip, and why.

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
        /// The same recording as another file that tells another emotion or speaker, so that none of them is used; the detail names it.
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
        /// Clip id of a file with the same audio, whatever the reason: of the one that stays, where one does; null where there is none, and for files that the analyst left out. Null in tables of version 1.
        copy_of: Option<String>,
        /// Speaker that the file names, as in `clips`. Null in tables of version 1.
        speaker: Option<String>,
    }
}
