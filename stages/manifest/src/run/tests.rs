//! The stage on tables written here, and properties of its rules on arbitrary rows.

use std::path::Path;
use std::sync::Mutex;

use proptest::prelude::*;
use ser_schemas::Provenance;
use ser_stage::Observer;

use super::*;
use crate::params::{ClassSet, Merge};

/// A usable clip: everything a manifest asks for.
fn clip(corpus: &str, name: &str, emotion: Emotion) -> Clip {
    let mut clip = Clip::found(format!("{corpus}/{name}"), corpus.into(), format!("data/{corpus}/{name}.wav"), 100);
    clip.content_hash = Some(format!("bytes of {corpus}/{name}"));
    clip.audio_hash = Some(format!("audio of {corpus}/{name}"));
    clip.emotion_raw = Some(emotion.as_str().to_owned());
    clip.emotion = Some(emotion);
    clip.speaker = Some(format!("{corpus}:1"));
    (clip.duration_s, clip.peak_dbfs, clip.rms_dbfs) = (Some(2.0), Some(-6.0), Some(-30.0));
    clip
}

fn corpus(name: &str, status: CorpusStatus, files: usize) -> Corpus {
    Corpus {
        corpus: name.to_owned(),
        title: name.to_owned(),
        root: format!("data/{name}"),
        status,
        files: files as u64,
        clips: files as u64,
        ..Corpus::default()
    }
}

fn ingest(base: &Path, stage: &str, name: &str, status: CorpusStatus, clips: &[Clip]) -> PathBuf {
    let folder = base.join(stage);
    std::fs::create_dir_all(&folder).expect("folder");
    Clip::write_in(&folder, clips, &Provenance::default()).expect("clips");
    let row = corpus(name, status, clips.len());
    Corpus::write(&folder.join(Corpus::INGESTED.file), &[row], &Provenance::default()).expect("corpus");
    folder
}

fn manifest(params: &Params, base: &Path, folders: &[PathBuf]) -> Result<Outcome, ManifestError> {
    warned(params, base, folders).0
}

/// Keeps what it is warned of.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Observer for Listener {
    fn warn(&self, text: &str) {
        self.0.lock().expect("not poisoned").push(text.to_owned());
    }
}

/// The outcome of the stage, and its warnings.
fn warned(params: &Params, base: &Path, folders: &[PathBuf]) -> (Result<Outcome, ManifestError>, Vec<String>) {
    let out = base.join("out");
    std::fs::create_dir_all(&out).expect("folder");
    let listener = Listener::default();
    let ctx = Context { base_dir: base, observer: &listener, ..Context::alone(&out) };
    let outcome = run(params, folders, &ctx);
    (outcome, listener.0.into_inner().expect("not poisoned"))
}

/// The exclusions of the last run, as `id reason: detail`.
fn excluded(base: &Path) -> Vec<String> {
    let rows = Exclusion::read_in(base.join("out")).expect("exclusions");
    rows.iter().map(|row| format!("{} {}: {}", row.clip_id, row.reason, row.detail)).collect()
}

/// Rows judged without any that the analyst leaves out, all of one ingest stage.
fn judged(params: &Params, rows: &[Clip]) -> Judged {
    let labeller = Labeller::new(params, rows);
    judge(params, &labeller, rows, &vec![None; rows.len()], &vec![0; rows.len()], 1)
}

#[test]
fn tables_hold_every_row_once_and_the_sample_rate() {
    let base = tempfile::tempdir().expect("folder");
    let mut broken = clip("a", "2", Emotion::SAD);
    (broken.problem, broken.problem_detail) = (Some(Reason::Truncated), Some("half of it".into()));
    let first = [clip("a", "3", Emotion::CALM), broken, clip("a", "1", Emotion::ANGRY)];
    let folders = [
        ingest(base.path(), "one", "a", CorpusStatus::Ingested, &first),
        ingest(base.path(), "two", "b", CorpusStatus::FolderMissing, &[]),
    ];
    let params = Params {
        merge: Merge::Set(ClassSet::CalmIntoNeutral),
        sample_rate_hz: 22_050,
        min_duration_s: 0.1,
        ..Params::default()
    };
    let summary = manifest(&params, base.path(), &folders).expect("manifest");
    assert_eq!((summary.rows, summary.headline.as_str()), (2, "2 clips, 1 excluded (1 truncated)"));
    assert_eq!(
        summary.notes,
        ["a: 3 files found, 2 clips, excluded: 1 truncated", "b: the folder `data/b` is missing", "angry 1, neutral 1"]
    );

    let out = base.path().join("out");
    let clips = Clip::read_in(&out).expect("clips");
    let told: Vec<_> =
        clips.iter().map(|clip| (clip.clip_id.as_str(), clip.emotion, clip.emotion_raw.as_deref())).collect();
    assert_eq!(told, [("a/1", Some(Emotion::ANGRY), Some("angry")), ("a/3", Some(Emotion::NEUTRAL), Some("calm"))]);
    let metadata = ser_schemas::read_metadata(&Clip::file_in(&out)).expect("metadata");
    assert_eq!(metadata[KEY_SAMPLE_RATE_HZ], "22050");
    let rules: crate::SoundRules = serde_json::from_str(&metadata[KEY_LIMITS]).expect("rules");
    assert_eq!(rules, crate::SoundRules { min_duration_s: 0.1, ..crate::SoundRules::default() });
    let exclusions = Exclusion::read_in(&out).expect("exclusions");
    assert_eq!(
        (exclusions.len(), exclusions[0].reason, exclusions[0].detail.as_str()),
        (1, Reason::Truncated, "half of it")
    );
    let corpora = Corpus::read_in(&out).expect("corpora");
    assert_eq!(corpora.iter().map(|corpus| corpus.clips).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn one_corpus_read_by_two_stages_counts_once() {
    let base = tempfile::tempdir().expect("folder");
    let mut moved = clip("a", "1", Emotion::SAD);
    moved.path = "elsewhere/1.wav".into();
    let folders = [
        ingest(base.path(), "one", "a", CorpusStatus::Ingested, &[clip("a", "1", Emotion::SAD)]),
        ingest(base.path(), "same", "a", CorpusStatus::Ingested, &[clip("a", "1", Emotion::SAD)]),
        ingest(base.path(), "other", "a", CorpusStatus::Ingested, &[clip("a", "9", Emotion::ANGRY)]),
        ingest(base.path(), "two", "a", CorpusStatus::Ingested, &[moved]),
    ];
    let summary = manifest(&Params::default(), base.path(), &folders).expect("manifest");
    assert_eq!(summary.headline, "2 clips, 2 excluded (2 duplicate)");
    let kept = Clip::read_in(base.path().join("out")).expect("clips");
    assert_eq!(kept[0].path, "data/a/1.wav");
}

#[test]
fn nothing_usable_says_what_was_found_and_what_to_do() {
    let base = tempfile::tempdir().expect("folder");
    let mut silent = clip("a", "1", Emotion::SAD);
    silent.peak_dbfs = None;
    let folders = [
        ingest(base.path(), "one", "a", CorpusStatus::Ingested, &[silent]),
        ingest(base.path(), "two", "b", CorpusStatus::FolderMissing, &[]),
        ingest(base.path(), "three", "c", CorpusStatus::FolderEmpty, &[]),
    ];
    let error = manifest(&Params::default(), base.path(), &folders).expect_err("no clip").to_string();
    for expected in [
        "a: 1 files in `data/a`, left out: 1 silent",
        "b: the folder `data/b` is missing",
        "c: the folder `data/c` holds no audio file",
        "ser demo DIR",
    ] {
        assert!(error.contains(expected), "missing `{expected}` in: {error}");
    }
    assert!(matches!(manifest(&Params::default(), base.path(), &[]), Err(ManifestError::NoInputs)));
}

#[test]
fn leaving_out_too_much_is_told_as_that() {
    let base = tempfile::tempdir().expect("folder");
    let rows = [clip("a", "1", Emotion::SAD), clip("a", "2", Emotion::ANGRY)];
    let folders = [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows)];
    let without = |entry: &str| {
        let params = Params { exclude: vec![entry.into()], ..Params::default() };
        manifest(&params, base.path(), &folders).expect_err("too little is left").to_string()
    };
    assert!(
        without("a/**").starts_with("`exclude` or `exclude_file` names every usable clip (2)"),
        "{}",
        without("a/**")
    );
    assert!(without("a/2").contains("leave fewer clips out with `exclude`, "), "{}", without("a/2"));
}

#[test]
fn two_recordings_with_one_name_are_two_clips_and_two_roots_need_two_names() {
    let base = tempfile::tempdir().expect("folder");
    let recording = |name: &str, path: &str, seed: u64| {
        let mut clip = clip("a", name, if seed == 9 { Emotion::ANGRY } else { Emotion::SAD });
        clip.path = path.to_owned();
        clip.audio_hash = Some(seed.to_string());
        clip.phase = Some(crate::takes::tests::phase(seed));
        clip
    };
    let rows = [recording("1", "c/1.wav", 1), recording("1", "c/1.flac", 2), recording("2", "c/2.wav", 9)];
    let folders = [
        ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows),
        ingest(base.path(), "two", "a", CorpusStatus::Ingested, &[recording("2", "e/2.wav", 3)]),
    ];
    let (summary, warnings) = warned(&Params::default(), base.path(), &folders);
    assert_eq!(summary.expect("three are left").headline, "3 clips, 1 excluded (1 clip_id_taken)");
    assert!(warnings[0].starts_with("1 recording left out because another one has the clip id"), "{warnings:?}");
    let ids: Vec<String> =
        Clip::read_in(base.path().join("out")).expect("clips").into_iter().map(|clip| clip.clip_id).collect();
    assert_eq!(ids, ["a/1", "a/1.wav", "a/2"]);
}

#[test]
fn what_the_analyst_names_is_left_out_first_and_counted() {
    let base = tempfile::tempdir().expect("folder");
    let mut broken = clip("a", "x/2", Emotion::SAD);
    broken.problem = Some(Reason::Truncated);
    let rows =
        [clip("a", "x/1", Emotion::SAD), broken, clip("a", "y/1", Emotion::SAD), clip("a", "y/2", Emotion::CALM)];
    let folders = [
        ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows),
        ingest(base.path(), "two", "b", CorpusStatus::FolderMissing, &[]),
    ];
    std::fs::write(base.path().join("out.csv"), "clip_id,reason\na/x/2,cut off by the recorder\n").expect("write");
    let params = Params {
        exclude: vec!["a/x/*".into(), "b/**".into()],
        exclude_file: Some("out.csv".into()),
        ..Params::default()
    };
    let summary = manifest(&params, base.path(), &folders).expect("two classes are left");
    assert_eq!(summary.headline, "2 clips, 2 excluded (2 declared)");
    assert_eq!(summary.notes[0], "a: 4 files found, 2 clips, excluded: 2 declared");
    assert_eq!(
        summary.notes.last().map(String::as_str),
        Some("entries of `exclude` for corpora that are not there (b): 1")
    );
    assert_eq!(
        excluded(base.path()),
        ["a/x/1 declared: named by `exclude`: `a/x/*`", "a/x/2 declared: cut off by the recorder (`out.csv`, line 2)",]
    );

    let params = Params { exclude: vec!["a/x/3".into(), "a/y/1".into()], ..Params::default() };
    let error = manifest(&params, base.path(), &folders).expect_err("a/x/3 is not there").to_string();
    assert!(error.contains("`a/x/3`: did you mean `a/x/1` or `a/x/2`?"), "{error}");
    let params = Params { exclude_file: Some("none.csv".into()), ..Params::default() };
    let error = manifest(&params, base.path(), &folders).expect_err("no such file").to_string();
    assert!(error.contains("none.csv"), "{error}");
}

#[test]
fn one_recording_under_two_speakers_is_not_used_until_the_analyst_rejects_one() {
    let base = tempfile::tempdir().expect("folder");
    let mut rows = ["p1/a", "p2/a", "p1/b", "p2/b"].map(|name| {
        let mut row = clip("a", name, if name.ends_with('a') { Emotion::SAD } else { Emotion::ANGRY });
        row.speaker = Some(format!("a:{}", &name[..2]));
        row
    });
    let mut extra = clip("a", "p1/c", Emotion::SAD);
    extra.speaker = Some("a:p1".into());
    // The same bytes; elsewhere the same audio in other bytes.
    rows[1].audio_hash = rows[0].audio_hash.clone();
    rows[1].content_hash = rows[0].content_hash.clone();
    let rows: Vec<Clip> = rows.into_iter().chain([extra]).collect();
    let folders = [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows)];
    let (summary, warnings) = warned(&Params::default(), base.path(), &folders);
    assert_eq!(summary.expect("three are left").headline, "3 clips, 2 excluded (2 copies_contradict)");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("1 recording lies under several speakers of one corpus"), "{warnings:?}");
    assert!(warnings[0].ends_with("`exclude = [\"a/p2/a\"]`"), "{warnings:?}");

    let params = Params { exclude: vec!["a/p2/a".into()], ..Params::default() };
    let (summary, warnings) = warned(&params, base.path(), &folders);
    assert_eq!(summary.expect("four are left").headline, "4 clips, 1 excluded (1 declared)");
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn one_speaker_in_two_spellings_does_not_contradict_itself() {
    let base = tempfile::tempdir().expect("folder");
    let mut rows = ["1", "2"].map(|name| clip("a", name, Emotion::SAD));
    rows[1].audio_hash = rows[0].audio_hash.clone();
    rows[0].speaker = Some("a:Jos\u{e9}".into());
    rows[1].speaker = Some("a:Jose\u{301}".into());
    let rows: Vec<Clip> = rows.into_iter().chain([clip("a", "3", Emotion::CALM)]).collect();
    let folders = [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows)];
    let (summary, warnings) = warned(&Params::default(), base.path(), &folders);
    assert_eq!((summary.expect("two are left").rows, warnings.len()), (2, 0));
}

#[test]
fn a_recording_in_two_corpora_counts_once_and_both_names_are_told() {
    let base = tempfile::tempdir().expect("folder");
    let (one, mut other) = (clip("a", "1", Emotion::SAD), clip("b", "x", Emotion::SAD));
    other.audio_hash = one.audio_hash.clone();
    let folders = [
        ingest(base.path(), "one", "a", CorpusStatus::Ingested, &[one, clip("a", "2", Emotion::CALM)]),
        ingest(base.path(), "two", "b", CorpusStatus::Ingested, &[other]),
    ];
    let (summary, warnings) = warned(&Params::default(), base.path(), &folders);
    assert_eq!(summary.expect("two are left").headline, "2 clips, 1 excluded (1 duplicate)");
    assert!(warnings[0].contains("b:1 = a:1 (1)") && warnings[0].ends_with("`exclude = [\"b/x\"]`"), "{warnings:?}");
    let row = Exclusion::read_in(base.path().join("out")).expect("exclusions").remove(0);
    assert_eq!((row.copy_of.as_deref(), row.speaker.as_deref()), (Some("a/1"), Some("b:1")));
    // Whoever says that these are two people is believed.
    let params = Params { exclude: vec!["b/x".into()], ..Params::default() };
    let (summary, warnings) = warned(&params, base.path(), &folders);
    assert_eq!((summary.expect("two are left").rows, warnings), (2, Vec::new()));
    assert_eq!(Exclusion::read_in(base.path().join("out")).expect("exclusions")[0].copy_of, None);
}

#[test]
fn a_manifest_of_one_class_is_refused_and_says_which_words_there_are() {
    let base = tempfile::tempdir().expect("folder");
    let mut unknown = clip("a", "2", Emotion::SAD);
    (unknown.emotion, unknown.emotion_raw) = (None, Some("boredom".into()));
    let folders =
        [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &[clip("a", "1", Emotion::SAD), unknown.clone()])];
    let error = manifest(&Params::default(), base.path(), &folders).expect_err("one class").to_string();
    for expected in [
        "every usable clip (1) is labelled `sad`",
        "a: 2 files in `data/a`, left out: 1 label_not_wanted",
        "words for emotions: boredom (1), sad (1)",
    ] {
        assert!(error.contains(expected), "missing `{expected}` in: {error}");
    }
    // Several words that are one class after merging are no better.
    let rows = [clip("a", "1", Emotion::CALM), clip("a", "2", Emotion::NEUTRAL)];
    let folders = [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows)];
    manifest(&Params::default(), base.path(), &folders).expect("two classes");
    let params = Params { merge: Merge::Set(ClassSet::CalmIntoNeutral), ..Params::default() };
    assert!(matches!(manifest(&params, base.path(), &folders), Err(ManifestError::OneClass { clips: 2, .. })));
}

#[test]
fn words_and_classes_that_nothing_has_are_told() {
    let base = tempfile::tempdir().expect("folder");
    let mut bored = clip("a", "1", Emotion::SAD);
    (bored.emotion, bored.emotion_raw) = (None, Some("boredom".into()));
    let rows = [bored, clip("a", "2", Emotion::SAD), clip("a", "3", Emotion::ANGRY)];
    let folders = [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows)];
    let params = Params {
        labels: [("bordom".to_owned(), Emotion::NEUTRAL)].into(),
        keep: vec![Emotion::SAD, Emotion::ANGRY, Emotion::NEUTRAL],
        ..Params::default()
    };
    let (summary, warnings) = warned(&params, base.path(), &folders);
    assert_eq!(summary.expect("two classes").rows, 2);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0]
            .starts_with("`labels` maps `bordom`, which no clip is labelled with: did you mean `boredom` (1 file)?")
    );
    assert!(warnings[1].starts_with("`keep` names `neutral`, which no clip is labelled with"), "{warnings:?}");
    let params = Params { labels: [("Boredom".to_owned(), Emotion::NEUTRAL)].into(), ..params };
    let (summary, warnings) = warned(&params, base.path(), &folders);
    assert_eq!((summary.expect("three classes").rows, warnings), (3, Vec::new()));
}

#[test]
fn classes_beside_the_built_in_ones_are_left_out_unless_named() {
    let base = tempfile::tempdir().expect("folder");
    let boredom: Emotion = "boredom".parse().expect("a class");
    let rows = [clip("a", "1", boredom), clip("a", "2", Emotion::SAD), clip("a", "3", Emotion::ANGRY)];
    let folders = [ingest(base.path(), "one", "a", CorpusStatus::Ingested, &rows)];
    let (summary, warnings) = warned(&Params::default(), base.path(), &folders);
    let (summary, told) =
        (summary.expect("two classes"), "left out, as they are none of the built-in emotions: boredom 1;");
    assert_eq!((summary.rows, warnings), (2, Vec::new()));
    assert!(summary.notes.iter().any(|note| note.starts_with(told)), "{:?}", summary.notes);
    let exclusion = &judged(&Params::default(), &rows).exclusions[0];
    assert_eq!((exclusion.clip_id.as_str(), exclusion.reason), ("a/1", Reason::LabelNotWanted));
    let params = Params { keep: vec![boredom, Emotion::SAD], ..Params::default() };
    let (summary, warnings) = warned(&params, base.path(), &folders);
    let summary = summary.expect("two classes");
    assert_eq!((summary.rows, warnings), (2, Vec::new()));
    assert!(summary.notes.contains(&"boredom 1, sad 1".to_owned()), "{:?}", summary.notes);
}

#[test]
fn reasons_are_given_in_the_stated_order() {
    let mut row = clip("a", "1", Emotion::SURPRISE);
    let params = Params { merge: Merge::Set(ClassSet::Six), ..Params::default() };
    let reason = |params: &Params, row: &Clip| {
        let rows = [row.clone(), Clip { path: "data/a/0.wav".into(), clip_id: "a/0".into(), ..row.clone() }];
        let outcome = judged(params, &rows);
        outcome.exclusions.iter().find(|exclusion| exclusion.clip_id == "a/1").map(|exclusion| exclusion.reason)
    };
    row.problem = Some(Reason::NameNotUnderstood);
    (row.peak_dbfs, row.duration_s) = (None, Some(0.01));
    assert_eq!(reason(&params, &row), Some(Reason::NameNotUnderstood));
    row.problem = None;
    assert_eq!(reason(&params, &row), Some(Reason::LabelNotWanted));
    let params = Params::default();
    assert_eq!(reason(&params, &row), Some(Reason::Silent));
    row.peak_dbfs = Some(-6.0);
    assert_eq!(reason(&params, &row), Some(Reason::TooShort));
    row.duration_s = Some(100.0);
    assert_eq!(reason(&params, &row), Some(Reason::TooLong));
    row.duration_s = Some(1.0);
    assert_eq!(reason(&params, &row), Some(Reason::Duplicate), "`a/0` comes first by path");
}

prop_compose! {
    /// Rows that collide in name and audio often, with every kind of defect.
    fn any_row()(
        stem in 0..6u8,
        extension in prop::sample::select(vec!["wav", "flac"]),
        corpus in prop::sample::select(vec!["a", "b"]),
        audio in prop::option::weighted(0.9, 0..5u8),
        emotion in prop::option::weighted(0.9, prop::sample::select(Emotion::BUILT_IN.to_vec())),
        perceived in prop::option::of(prop::sample::select(Emotion::BUILT_IN.to_vec())),
        matches in prop::option::of(any::<bool>()),
        speaker in prop::option::weighted(0.8, 0..2u8),
        problem in prop::option::weighted(0.1, prop::sample::select(Reason::ALL.to_vec())),
        peak in prop::option::weighted(0.9, -100.0..0.0f64),
        duration in prop::option::weighted(0.9, 0.0..40.0f64),
    ) -> Clip {
        let mut clip = clip(corpus, &stem.to_string(), Emotion::SAD);
        clip.path = format!("data/{corpus}/{stem}.{extension}");
        clip.audio_hash = audio.map(|hash| hash.to_string());
        clip.speaker = speaker.map(|speaker| format!("{corpus}:{speaker}"));
        clip.content_hash = None;
        (clip.emotion, clip.perceived_emotion) = (emotion, perceived);
        clip.emotion_raw = Some(emotion.map_or("boredom", Emotion::as_str).to_owned());
        (clip.name_matches_folder, clip.problem) = (matches, problem);
        (clip.peak_dbfs, clip.duration_s) = (peak, duration);
        clip
    }
}

prop_compose! {
    fn any_params()(
        merge in prop::sample::select(vec![ClassSet::None, ClassSet::CalmIntoNeutral, ClassSet::Six, ClassSet::Four]),
        label_source in prop::sample::select(vec![LabelSource::Intended, LabelSource::Perceived]),
        maps_boredom in any::<bool>(),
    ) -> Params {
        let labels = maps_boredom.then(|| ("boredom".to_owned(), Emotion::NEUTRAL)).into_iter().collect();
        Params { merge: Merge::Set(merge), labels, label_source, ..Params::default() }
    }
}

proptest! {
    #[test]
    fn nothing_disappears_and_what_stays_is_unique(rows in prop::collection::vec(any_row(), 0..40), params in any_params()) {
        let outcome = judged(&params, &rows);
        let key = |id: &str, path: &str| (id.to_owned(), path.to_owned());
        let mut before: Vec<_> = rows.iter().map(|row| key(&row.clip_id, &row.path)).collect();
        let mut after: Vec<_> = outcome.clips.iter().map(|clip| key(&clip.clip_id, &clip.path)).collect();
        after.extend(outcome.exclusions.iter().map(|exclusion| key(&exclusion.clip_id, &exclusion.path)));
        before.sort();
        after.sort();
        prop_assert_eq!(before, after);

        let mut ids: Vec<_> = outcome.clips.iter().map(|clip| &clip.clip_id).collect();
        let mut hashes: Vec<_> = outcome.clips.iter().filter_map(|clip| clip.audio_hash.as_ref()).collect();
        let (id_count, hash_count) = (ids.len(), hashes.len());
        ids.sort();
        ids.dedup();
        hashes.sort();
        hashes.dedup();
        prop_assert_eq!((ids.len(), hashes.len()), (id_count, hash_count));
        // No copy stays of audio that two speakers of a corpus are told for.
        let told = |row: &&Clip| row.problem.is_none() && row.speaker.is_some();
        for row in rows.iter().filter(told) {
            let contradicts = |other: &&Clip| other.corpus == row.corpus && other.speaker != row.speaker;
            for other in rows.iter().filter(told).filter(contradicts) {
                if row.audio_hash.is_some() && row.audio_hash == other.audio_hash {
                    prop_assert!(outcome.clips.iter().all(|clip| clip.audio_hash != row.audio_hash));
                }
            }
        }
        let is_left = |class| params.keeps(class) && params.merge.class_of(class) == Some(class);
        for clip in &outcome.clips {
            prop_assert!(clip.problem.is_none() && clip.emotion.is_some_and(is_left));
        }
        for exclusion in &outcome.exclusions {
            prop_assert!(!exclusion.detail.is_empty());
            if let Some((_, rest)) = exclusion.detail.split_once(" as `")
                && let Some((path, _)) = rest.split_once("`, which is kept")
            {
                prop_assert!(outcome.clips.iter().any(|clip| clip.path == path), "{}", exclusion.detail);
            }
        }
    }

    #[test]
    fn the_order_of_rows_decides_nothing(rows in prop::collection::vec(any_row(), 0..25), params in any_params()) {
        // Two rows of one path are the same file read twice; which of the two rows stays is no question of content.
        let mut unique: BTreeMap<String, Clip> = BTreeMap::new();
        for row in rows {
            unique.insert(row.path.clone(), row);
        }
        let forward: Vec<Clip> = unique.into_values().collect();
        let backward: Vec<Clip> = forward.iter().rev().cloned().collect();
        let (one, other) = (judged(&params, &forward), judged(&params, &backward));
        prop_assert_eq!(&one.clips, &other.clips);
        let reasons = |outcome: &Judged| outcome.exclusions.iter().map(|e| (e.path.clone(), e.reason)).collect::<Vec<_>>();
        prop_assert_eq!(reasons(&one), reasons(&other));
    }
}
