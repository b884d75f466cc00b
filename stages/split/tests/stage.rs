//! The stage as the pipeline runs it: a manifest in, tables out, leaks refused by name.

use std::path::Path;

use ser_schemas::stage::{StageContext, StageSummary};
use ser_schemas::{
    Assignment, Check, CheckStatus, Clip, Emotion, NearDuplicate, Provenance, Role, Table, read_metadata,
};
use ser_split::{Inputs, Params, Protocol, SplitError, run};

fn clips() -> Vec<Clip> {
    let clip = |number: usize| {
        let mut clip = Clip::found(format!("c/{number:02}"), "c".into(), format!("{number}.wav"), 1);
        clip.speaker = Some(format!("c:{}", number % 6));
        clip.emotion = Some([Emotion::Happy, Emotion::Sad][number / 6 % 2]);
        clip.audio_hash = Some(number.to_string());
        clip
    };
    (0..48).map(clip).collect()
}

fn split(folder: &Path, params: &Params, clips: &[Clip]) -> Result<StageSummary, SplitError> {
    Clip::write(&folder.join("clips.parquet"), clips, &Provenance::default()).expect("write clips");
    let ctx = StageContext { refused_dir: &folder.join("refused"), ..StageContext::alone(folder) };
    let audit = folder.join("near_duplicates.parquet").exists().then_some(folder);
    run(params, &Inputs { manifest: folder, audit }, &ctx)
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
    let path = folder.path().join("assignments.parquet");
    let rows = Assignment::read(&path).expect("the stage wrote it");
    assert_eq!(rows.len(), 3 * 48);
    assert_eq!(rows.iter().filter(|row| row.role == Role::Test).count(), 48);
    assert_eq!(read_metadata(&path).expect("metadata")["ser.protocol"], "speaker-independent");
    let checks = Check::read(&folder.path().join("checks.parquet")).expect("the stage wrote it");
    assert_eq!(checks.len(), 3 * 7 + 1);
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
    let params = Params { protocol: Protocol::LeaveOneSpeakerOut, ..Params::default() };
    let error = split(folder.path(), &params, &clips).expect_err("a planted copy").to_string();
    assert!(error.contains("check `audio_disjoint` failed in fold 0: "), "{error}");
    assert!(error.contains("c/00") && error.contains("c/01"), "{error}");
    let kept = folder.path().join("refused/checks.parquet");
    assert!(error.ends_with(&format!("every check is in `{}`", kept.display())), "{error}");
    assert!(Check::read(&kept).expect("kept").iter().any(|check| check.status == CheckStatus::Failed));
    assert!(!folder.path().join("assignments.parquet").exists());
}

#[test]
fn near_copies_that_an_audit_found_are_kept_together_or_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pair = NearDuplicate {
        clip_a: "c/00".into(),
        clip_b: "c/01".into(),
        similarity: 0.96,
        correlation: Some(0.9),
        offset_s: 0.1,
        overlap_s: 2.0,
    };
    NearDuplicate::write(&folder.path().join("near_duplicates.parquet"), &[pair], &Provenance::default())
        .expect("write");
    let random = Params { protocol: Protocol::Random, ..Params::default() };
    split(folder.path(), &random, &clips()).expect("kept together");
    let rows = Assignment::read(&folder.path().join("assignments.parquet")).expect("the stage wrote it");
    let roles = |clip: &str| rows.iter().filter(|row| row.clip_id == clip).map(|row| row.role).collect::<Vec<_>>();
    assert_eq!(roles("c/00"), roles("c/01"));
    let checks = Check::read(&folder.path().join("checks.parquet")).expect("the stage wrote it");
    assert_eq!(checks.iter().filter(|check| check.check == "near_audio_disjoint").count(), 5);

    // The two clips are of two speakers, whom this protocol keeps apart.
    let by_speaker = Params { protocol: Protocol::LeaveOneSpeakerOut, ..Params::default() };
    let error = split(folder.path(), &by_speaker, &clips()).expect_err("a planted copy").to_string();
    assert!(error.contains("check `near_audio_disjoint` failed in fold 0: c/00 (test) ~ c/01 ("), "{error}");
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
    let params = Params { protocol: Protocol::LeaveOneCorpusOut, ..Params::default() };
    let refused = split(folder.path(), &params, &clips());
    assert!(matches!(refused, Err(SplitError::NothingToLeaveOut { found: 1, .. })), "{refused:?}");
    let summary = split(folder.path(), &Params { required: false, ..params }, &clips()).expect("not required");
    assert_eq!((summary.rows, summary.headline.as_str()), (0, "no folds, leave-one-corpus-out"));
    let path = folder.path().join("assignments.parquet");
    assert_eq!(Assignment::read(&path).expect("written, and empty"), []);
    assert_eq!(read_metadata(&path).expect("metadata")["ser.protocol"], "leave-one-corpus-out");
}

#[test]
fn an_empty_manifest_is_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    assert!(matches!(split(folder.path(), &Params::default(), &[]), Err(SplitError::NoClips)));
}
