//! The stage as the pipeline runs it: a manifest in, tables out, leaks refused by name.

use std::path::Path;

use ser_schemas::{
    Assignment, Check, CheckStatus, Clip, Emotion, Exclusion, Grouping, NearDuplicate, Provenance, Reason, Role, Table,
    read_metadata,
};
use ser_split::{Inputs, NearCopies, Params, Protocol, SplitError, run};
use ser_stage::{Context, Outcome};

fn clips() -> Vec<Clip> {
    let clip = |number: usize| {
        let mut clip = Clip::found(format!("c/{number:02}"), "c".into(), format!("{number}.wav"), 1);
        clip.speaker = Some(format!("c:{}", number % 6));
        clip.emotion = Some([Emotion::HAPPY, Emotion::SAD][number / 6 % 2]);
        clip.audio_hash = Some(number.to_string());
        clip
    };
    (0..48).map(clip).collect()
}

fn leave_one_out(column: Grouping) -> Params {
    Params { protocol: Protocol::LeaveOneOut, column: Some(column), ..Params::default() }
}

fn split(folder: &Path, params: &Params, clips: &[Clip]) -> Result<Outcome, SplitError> {
    Clip::write_in(folder, clips, &Provenance::default()).expect("write clips");
    let ctx = Context { refused_dir: &folder.join("refused"), ..Context::alone(folder) };
    let audit = NearDuplicate::file_in(folder).exists().then_some(folder);
    let exclusions = Exclusion::file_in(folder).exists().then_some(folder);
    run(params, &Inputs { manifest: folder, exclusions, audit }, &ctx)
}

#[test]
fn every_clip_has_one_role_in_every_fold_whatever_the_order_of_the_manifest() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let params = Params { folds: 3, ..Params::default() };
    let mut clips = clips();
    let summary = split(folder.path(), &params, &clips).expect("six speakers");
    assert_eq!(summary.headline, "48 clips, 3 folds, speaker-independent");
    assert!(
        summary.notes[0].starts_with("fold 0: 24 train, 8 validation, 16 test; holds out speakers c:"),
        "{summary:?}"
    );
    let path = Assignment::file_in(folder.path());
    let rows = Assignment::read(&path).expect("the stage wrote it");
    assert_eq!(rows.len(), 3 * 48);
    assert_eq!(rows.iter().filter(|row| row.role == Role::Test).count(), 48);
    let metadata = read_metadata(&path).expect("metadata");
    assert_eq!((metadata["ser.protocol"].as_str(), metadata.get("ser.held_out")), ("speaker-independent", None));
    let checks = Check::read_in(folder.path()).expect("the stage wrote it");
    assert_eq!(checks.len(), 3 * 9 + 1);
    assert!(checks.iter().all(|check| check.status == CheckStatus::Passed));

    clips.reverse();
    split(folder.path(), &params, &clips).expect("six speakers");
    assert_eq!(Assignment::read(&path).expect("the stage wrote it"), rows);
}

#[test]
fn a_leak_fails_the_stage_and_leaves_the_checks() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut clips = clips();
    clips[1].audio_hash = clips[0].audio_hash.clone();
    // Six folds of six speakers: the two copies, of speakers 0 and 1, always stand on two sides.
    let params = leave_one_out(Grouping::Speaker);
    let error = split(folder.path(), &params, &clips).expect_err("a planted copy").to_string();
    assert!(error.contains("check `audio_disjoint` failed in fold 0: "), "{error}");
    assert!(error.contains("c/00") && error.contains("c/01"), "{error}");
    let kept = folder.path().join("refused/checks.parquet");
    assert!(error.ends_with(&format!("every check is in `{}`", kept.display())), "{error}");
    assert!(Check::read(&kept).expect("kept").iter().any(|check| check.status == CheckStatus::Failed));
    assert!(!Assignment::file_in(folder.path()).exists());
}

/// Tables of an audit that found that `c/00` and `c/01`, of two speakers, hold one take.
fn audited(folder: &Path) {
    let pair = NearDuplicate {
        clip_a: "c/00".into(),
        clip_b: "c/01".into(),
        similarity: 0.96,
        correlation: Some(0.9),
        offset_s: 0.1,
        overlap_s: 2.0,
    };
    NearDuplicate::write_in(folder, &[pair], &Provenance::default()).expect("write");
}

/// The roles of `clip`, by fold.
fn roles(folder: &Path, clip: &str) -> Vec<(u32, Role)> {
    let rows = Assignment::read_in(folder).expect("the stage wrote it");
    rows.iter().filter(|row| row.clip_id == clip).map(|row| (row.fold, row.role)).collect()
}

/// Rows of `checks` by name, as `status offenders: detail`.
fn checks(folder: &Path, name: &str) -> Vec<String> {
    let checks = Check::read_in(folder).expect("the stage wrote it");
    let checks = checks.into_iter().filter(|check| check.check == name);
    checks.map(|check| format!("{} {}: {}", check.status, check.offenders, check.detail)).collect()
}

#[test]
fn near_copies_that_an_audit_found_are_kept_together_by_default() {
    let folder = tempfile::tempdir().expect("temporary folder");
    audited(folder.path());
    let random = Params { protocol: Protocol::Random, ..Params::default() };
    for params in [random, Params::default(), leave_one_out(Grouping::Speaker)] {
        let params = Params { folds: 3, ..params };
        let protocol = params.protocol;
        let summary = split(folder.path(), &params, &clips()).expect("kept together");
        assert_eq!(roles(folder.path(), "c/00"), roles(folder.path(), "c/01"));
        let folds = if protocol == Protocol::LeaveOneOut { 5 } else { 3 };
        assert_eq!(checks(folder.path(), "near_audio_disjoint"), vec!["passed 0: "; folds]);
        let told = checks(folder.path(), "near_copies_kept_together");
        if protocol == Protocol::Random {
            assert_eq!(told, Vec::<String>::new(), "no speakers are held out");
            continue;
        }
        assert_eq!(told, ["noted 1: c:0 + c:1 (c/00 ~ c/01)"]);
        assert_eq!(
            summary.notes.last().map(String::as_str),
            Some(
                "held out together, as copies tie them (`near_copies = \"keep-together\"`): c:0 + c:1 (c/00 ~ \
                 c/01)"
            )
        );
    }
}

#[test]
fn near_copies_are_left_out_of_the_folds_in_which_they_are_in_the_way() {
    let folder = tempfile::tempdir().expect("temporary folder");
    audited(folder.path());
    let params = Params { near_copies: Some(NearCopies::LeaveOut), ..leave_one_out(Grouping::Speaker) };
    let summary = split(folder.path(), &params, &clips()).expect("left out");
    // Each is tested once; the other has no part in that fold.
    let (one, other) = (roles(folder.path(), "c/00"), roles(folder.path(), "c/01"));
    assert!(one.contains(&(0, Role::Test)) && !one.iter().any(|(fold, _)| *fold == 1), "{one:?}");
    assert!(other.contains(&(1, Role::Test)) && !other.iter().any(|(fold, _)| *fold == 0), "{other:?}");
    let told = checks(folder.path(), "near_copies_left_out");
    assert!(told[0].starts_with("noted 1: c/01 (else ") && told[0].ends_with(") ~ c/00 (test)"), "{told:?}");
    assert!(told[1].starts_with("noted 1: c/00 (else ") && told[1].ends_with(") ~ c/01 (test)"), "{told:?}");
    let note = summary.notes.last().expect("there are notes");
    assert!(
        note.starts_with("near copies of clips on another side are left out, ")
            && note.ends_with("of 6 folds, named in checks.parquet (`near_copies = \"leave-out\"`)"),
        "{note}"
    );
    assert!(!summary.notes.iter().any(|note| note.contains("does not hold")), "{:?}", summary.notes);
    // Without an audit nobody knows.
    std::fs::remove_file(NearDuplicate::file_in(folder.path())).expect("the audit");
    split(folder.path(), &params, &clips()).expect("nothing is known of copies");
    assert_eq!(checks(folder.path(), "near_audio_disjoint"), Vec::<String>::new());
}

#[test]
fn a_copy_in_another_corpus_that_the_manifest_left_out_ties_its_speaker() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut clips = clips();
    for clip in clips.iter_mut().skip(24) {
        (clip.corpus, clip.clip_id) = ("d".into(), clip.clip_id.replace('c', "d"));
        clip.speaker = clip.speaker.as_ref().map(|speaker| speaker.replace('c', "d"));
    }
    let row = Exclusion {
        clip_id: "d/x".into(),
        path: "x.wav".into(),
        corpus: "d".into(),
        reason: Reason::Duplicate,
        detail: "the same bytes as `0.wav`, which is kept".into(),
        copy_of: Some("c/00".into()),
        speaker: Some("d:3".into()),
    };
    Exclusion::write_in(folder.path(), &[row], &Provenance::default()).expect("write");
    let params = |near_copies| Params { near_copies, ..leave_one_out(Grouping::Speaker) };
    let summary = split(folder.path(), &params(None), &clips).expect("kept together");
    assert!(summary.notes.iter().any(|note| note.ends_with("c:0 + d:3 (d/x = c/00)")), "{:?}", summary.notes);
    assert_eq!(checks(folder.path(), "near_copies_kept_together"), ["noted 1: c:0 + d:3 (d/x = c/00)"]);
    assert_eq!(checks(folder.path(), "copied_speakers_disjoint"), vec!["passed 0: "; 11]);
    let error = split(folder.path(), &params(Some(NearCopies::Fail)), &clips).expect_err("two names").to_string();
    for expected in [
        "check `copied_speakers_disjoint` failed in fold 0: c:0 (test) = d:3, as d/x is c/00 (",
        "set `near_copies = \"leave-out\"` or `\"keep-together\"` here, or leave the copies out of the manifest: \
         `exclude = [\"d/x\"]`",
    ] {
        assert!(error.contains(expected), "missing `{expected}` in: {error}");
    }
}

#[test]
fn a_fold_that_trains_on_one_class_fails_the_stage_and_one_that_tests_one_is_told() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let by_speaker = leave_one_out(Grouping::Speaker);
    let mut clips = clips();
    // All of speaker 0 is sad, all others are happy: without speaker 0 there is nothing to learn.
    for (number, clip) in clips.iter_mut().enumerate() {
        clip.emotion = Some(if number % 6 == 0 { Emotion::SAD } else { Emotion::HAPPY });
    }
    let error = split(folder.path(), &by_speaker, &clips).expect_err("one class to train on").to_string();
    assert!(
        error.starts_with(
            "the split is of no use: check `classes_in_train` failed in fold 0: only happy (1 in all); a model "
        ),
        "{error}"
    );
    // Fewer folds cannot help, and without the sad clips there is one class: the random protocol is all there is.
    let advice = "needs two classes to learn: `protocol = \"random\"` here without `column` gives every fold two, but tests \
                  voices that were trained on";
    assert!(error.contains(advice), "{error}");
    let random = Params { protocol: Protocol::Random, column: None, ..by_speaker.clone() };
    split(folder.path(), &random, &clips).expect("as advised");
    // With a second sad speaker every fold trains on both, though each tests one.
    for clip in clips.iter_mut().filter(|clip| clip.speaker.as_deref() == Some("c:1")) {
        clip.emotion = Some(Emotion::SAD);
    }
    let summary = split(folder.path(), &by_speaker, &clips).expect("both classes are trained on");
    assert!(
        summary.notes.iter().any(|note| note.starts_with("classes_in_test does not hold in fold ")),
        "{:?}",
        summary.notes
    );
}

#[test]
fn where_a_second_column_leaves_too_little_to_train_on_what_helps_is_advised() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let params = Params { folds: 2, also_held_out: Some(Grouping::Sentence), ..Params::default() };
    let mut clips = clips();
    // Happy clips have sentence x, sad ones y: whichever is held out, the other is all that is trained on.
    for clip in &mut clips {
        clip.sentence = Some(if clip.emotion == Some(Emotion::SAD) { "y" } else { "x" }.into());
    }
    let error = split(folder.path(), &params, &clips).expect_err("one class to train on").to_string();
    assert!(
        error.contains("check `classes_in_train` failed in fold 0: only ")
            && error.contains("needs two classes to learn: no `also_held_out` here gives every fold two"),
        "{error}"
    );
    split(folder.path(), &Params { also_held_out: None, ..params.clone() }, &clips).expect("as advised");

    // With a short third sentence that both have, one of two parts is still left with one class, and none of three.
    let again = clips.clone().into_iter().map(|clip| Clip {
        clip_id: format!("{}b", clip.clip_id),
        audio_hash: clip.audio_hash.map(|hash| hash + "b"),
        ..clip
    });
    clips.extend(again);
    clips.iter_mut().take(12).for_each(|clip| clip.sentence = Some("z".into()));
    let error = split(folder.path(), &params, &clips).expect_err("one class to train on").to_string();
    assert!(error.contains("two classes to learn: `also_folds = 3` here gives every fold two"), "{error}");
    split(folder.path(), &Params { also_folds: 3, ..params }, &clips).expect("as advised");
}

#[test]
fn clips_whose_value_is_not_known_are_left_out_and_told() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut clips = clips();
    for clip in &mut clips {
        clip.take = Some(clip.clip_id[2..].parse::<usize>().map_or(0, |number| number / 6 % 4).to_string());
    }
    clips[3].take = None;
    split(folder.path(), &leave_one_out(Grouping::Take), &clips).expect("four takes");
    assert_eq!(roles(folder.path(), "c/03"), []);
    assert_eq!(checks(folder.path(), "take_known"), ["noted 1: c/03"]);
}

#[test]
fn a_random_split_notes_shared_speakers_in_one_line() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let summary = split(folder.path(), &Params { protocol: Protocol::Random, ..Params::default() }, &clips());
    let notes = summary.expect("many clips").notes;
    assert_eq!(
        notes.iter().filter(|note| note.starts_with("speaker_disjoint does not hold in fold ")).count(),
        1,
        "{notes:?}"
    );
}

#[test]
fn one_corpus_cannot_be_left_out_and_need_not_be() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let params = leave_one_out(Grouping::Corpus);
    let refused = split(folder.path(), &params, &clips());
    assert!(matches!(refused, Err(SplitError::NothingToLeaveOut { found: 1, .. })), "{refused:?}");
    let summary = split(folder.path(), &Params { required: false, ..params }, &clips()).expect("not required");
    assert_eq!((summary.rows, summary.headline.as_str()), (0, "no folds, leave-one-out by corpus"));
    let one_speaker: Vec<Clip> = clips().into_iter().filter(|clip| clip.speaker.as_deref() == Some("c:0")).collect();
    let params = Params { required: false, ..Params::default() };
    let summary = split(folder.path(), &params, &one_speaker).expect("not required");
    assert_eq!(summary.headline, "no folds, speaker-independent");
    let params = Params { required: false, ..leave_one_out(Grouping::Corpus) };
    split(folder.path(), &params, &clips()).expect("not required");
    let path = Assignment::file_in(folder.path());
    assert_eq!(Assignment::read(&path).expect("written, and empty"), []);
    let metadata = read_metadata(&path).expect("metadata");
    assert_eq!((metadata["ser.protocol"].as_str(), metadata["ser.held_out"].as_str()), ("leave-one-out", "corpus"));
}

#[test]
fn an_empty_manifest_is_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    assert!(matches!(split(folder.path(), &Params::default(), &[]), Err(SplitError::NoClips)));
}
