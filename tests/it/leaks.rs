//! Figures that are too good are refused: a leak of each kind is planted in a pipeline, which then fails and names the
//! clips.
//!
//! Some leaks can be planted as a user would, by files or by a split of one's own. Others no stage of this program
//! makes: there, another table is put in the place of a result, as a stage with that bug would have written it.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use ser_schemas::{
    Assignment, Check, CheckStatus, Clip, Exclusion, Exposure, ModelCheck, Provenance, Reason, Role, Table, Use,
};

use crate::audit::altered;
use crate::util::Workspace;

/// The four speakers of SAVEE, each held out once, and a linear model.
const PIPELINE: &str = r#"
name = "leaks"

[stage.savee]
kind = "ingest"
corpus = "savee"
root = "demo/savee"

[stage.manifest]
kind = "manifest"
from = "savee"

[stage.audit]
kind = "audit"
from = "manifest"

[stage.features]
kind = "features"
from = "manifest"

[stage.folds]
kind = "split"
from = ["manifest", "audit"]
protocol = "leave-one-out"
column = "speaker"

[stage.linear]
kind = "baseline"
from = ["manifest", "features", "folds"]
l2 = [100]
max_iterations = 5

[stage.evaluation]
kind = "evaluate"
from = ["manifest", "folds", "linear"]
resamples = 0
"#;

/// One that no speaker of the demo says.
const COPY: &str = "demo/savee/AudioData/KL/h09.wav";

fn workspace() -> Workspace {
    let workspace = Workspace::with_pipeline(PIPELINE);
    workspace.ser(&["demo", "demo"]).exits(0);
    workspace
}

fn original(workspace: &Workspace) -> Vec<u8> {
    std::fs::read(workspace.path("demo/savee/AudioData/DC/h01.wav")).expect("a clip of the demo")
}

fn result<T: Table>(workspace: &Workspace, path: &str) -> Vec<T> {
    T::read(&workspace.path(&format!("artifacts/{path}"))).expect("the stage was run")
}

/// Where a failed stage leaves its tables.
fn refused(workspace: &Workspace, stage: &str) -> PathBuf {
    workspace.path(&format!("artifacts/.ser/state/{stage}/refused"))
}

/// Lets `alter` change the rows of a result, and the record of it, as if the stage had written them so.
fn alter<T: Table>(
    workspace: &Workspace,
    stage: &str,
    file: &str,
    extra: &[(&str, String)],
    alter: impl FnOnce(&mut Vec<T>),
) {
    let table = workspace.path(&format!("artifacts/{stage}/{file}"));
    let mut rows = T::read(&table).expect("the stage was run");
    alter(&mut rows);
    T::write_with(&table, &rows, &Provenance::default(), extra).expect("written");
    let metadata = std::fs::metadata(&table).expect("just written");
    let modified = metadata.modified().expect("a time").duration_since(UNIX_EPOCH).expect("not before 1970");

    let path = workspace.path(&format!("artifacts/.ser/stages/{stage}.json"));
    let text = std::fs::read_to_string(&path).expect("a record");
    let mut record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let outputs = record["outputs"].as_array_mut().expect("outputs");
    let output = outputs.iter_mut().find(|output| output["path"] == file).expect("the file is recorded");
    output["bytes"] = metadata.len().into();
    output["modified_ns"] = i64::try_from(modified.as_nanos()).expect("this century").into();
    std::fs::write(&path, record.to_string()).expect("written");
}

/// The first clip that is tested in fold 0.
fn tested(workspace: &Workspace) -> Assignment {
    let assignments: Vec<Assignment> = result(workspace, "folds/assignments.parquet");
    assignments.into_iter().find(|row| row.fold == 0 && row.role == Role::Test).expect("every fold tests")
}

#[test]
fn no_copy_of_a_recording_under_two_speakers_is_used_until_one_is_rejected() {
    let workspace = workspace();
    workspace.write(COPY, original(&workspace));
    workspace.ser(&["run", "folds"]).exits(0).tells("1 recording lies under several speakers of one corpus");
    let exclusions: Vec<Exclusion> = result(&workspace, "manifest/exclusions.parquet");
    let of = |path: &str| exclusions.iter().find(|row| row.path.ends_with(path)).expect("both copies are left out");
    let (one, other) = (of("DC/h01.wav"), of("KL/h09.wav"));
    assert!(one.reason == Reason::CopiesContradict && one.detail.contains("KL/h09"), "{one:?}");
    assert!(other.reason == Reason::CopiesContradict && other.detail.contains("DC/h01"), "{other:?}");

    // A table says which is wrong, and why. It makes the stage stale, as it does when it changes.
    workspace.write("out.csv", "clip_id,reason\nsavee/AudioData/KL/h09,filed under the wrong speaker\n");
    let with_file = ["-S", "manifest.exclude_file=out.csv"];
    let run = |stages: &[&str]| workspace.ser(&[&["run"], stages, &with_file].concat());
    run(&["folds"]).exits(0).tells("1 declared");
    let exclusions: Vec<Exclusion> = result(&workspace, "manifest/exclusions.parquet");
    let told: Vec<_> = exclusions.iter().filter(|row| row.reason == Reason::Declared).collect();
    assert!(matches!(told[..], [row] if row.detail == "filed under the wrong speaker (`out.csv`, line 2)"), "{told:?}");
    assert!(!exclusions.iter().any(|row| row.path.ends_with("DC/h01.wav")));
    run(&["folds", "--dry-run"]).exits(0).says("fresh");
    workspace.write("out.csv", "clip_id,reason\nsavee/AudioData/KL/h9,filed under the wrong speaker\n");
    run(&["folds", "--dry-run"]).exits(0).says("`out.csv` changed");
    let ran = run(&["folds"]).exits(1);
    ran.tells("1 entry of `exclude` matches no file").tells("did you mean `savee/AudioData/KL/h09`?");
}

#[test]
fn a_recording_on_both_sides_fails_the_split() {
    let workspace = workspace();
    workspace.ser(&["run", "manifest", "audit"]).exits(0);
    // A manifest that kept the copy.
    let mut names = Vec::new();
    alter::<Clip>(&workspace, "manifest", "clips.parquet", &[], |clips| {
        let of = |speaker: &str| clips.iter().position(|clip| clip.speaker.as_deref() == Some(speaker));
        let (one, other) = (of("savee:DC").expect("a speaker"), of("savee:KL").expect("a speaker"));
        clips[other].audio_hash = clips[one].audio_hash.clone();
        names = vec![clips[one].clip_id.clone(), clips[other].clip_id.clone()];
    });
    let ran = workspace.ser(&["run", "evaluation"]).exits(1).tells("check `audio_disjoint` failed in fold 0");
    ran.tells(&names[0]).tells(&names[1]).tells("/refused/checks.parquet");
    let checks = Check::read(&refused(&workspace, "folds").join("checks.parquet")).expect("kept");
    let failed: Vec<&Check> = checks.iter().filter(|check| check.status == CheckStatus::Failed).collect();
    assert!(!failed.is_empty() && failed.iter().all(|check| check.check == "audio_disjoint"), "{failed:?}");
    assert!(!workspace.path("artifacts/folds").exists(), "a split that leaks has no result");
}

/// Quieter, and behind 0.2 s of silence: no hash says that it is the same.
#[test]
fn an_altered_copy_under_another_speaker_is_dealt_with_as_declared() {
    let workspace = workspace();
    workspace.write(COPY, altered(&original(&workspace), 8_820));
    let (one, other) = ("savee/AudioData/DC/h01", "savee/AudioData/KL/h09");
    let checks = || -> Vec<Check> { result(&workspace, "folds/checks.parquet") };

    // By default both speakers are held out together.
    workspace.ser(&["run", "evaluation"]).exits(0).tells("held out together, as copies tie them");
    let tied = checks().into_iter().find(|check| check.check == "near_copies_kept_together").expect("told");
    assert!(tied.detail.contains("savee:DC + savee:KL") && tied.status == CheckStatus::Noted, "{tied:?}");
    let folds: Vec<Assignment> = result(&workspace, "folds/assignments.parquet");
    assert_eq!(folds.iter().map(|row| row.fold).max(), Some(2), "three groups of four speakers");

    // Left out, the copy has no part in the fold that tests the other; a model that was shown it is not believed.
    let leave_out = |stage: &str| workspace.ser(&["run", stage, "-S", "folds.near_copies=leave-out"]);
    leave_out("linear").exits(0).tells("near copies of clips on another side are left out, ");
    let folds: Vec<Assignment> = result(&workspace, "folds/assignments.parquet");
    let tested =
        |clip: &str| folds.iter().find(|row| row.clip_id == clip && row.role == Role::Test).expect("tested").fold;
    let fold = tested(one);
    assert!(fold != tested(other) && !folds.iter().any(|row| row.fold == fold && row.clip_id == other));
    let shown = Exposure { fold, clip_id: other.to_owned(), used_for: Use::Weights };
    alter::<Exposure>(&workspace, "linear", "exposures.parquet", &[], |rows| rows.push(shown.clone()));
    let ran = leave_out("evaluation").exits(1);
    ran.tells(&format!("check `shown_clips_are_those_of_the_split` failed in fold {fold}: {other} (1 in all)"));
    alter::<Exposure>(&workspace, "linear", "exposures.parquet", &[], |rows| rows.retain(|row| *row != shown));
    leave_out("evaluation").exits(0);

    // Or the stage fails, says what helps, and its advice can be followed.
    let fail = ["run", "folds", "-S", "folds.near_copies=fail"];
    let ran = workspace.ser(&fail).exits(1).tells("check `near_audio_disjoint` failed in fold 0");
    let ran = ran
        .tells(one)
        .tells(other)
        .tells("set `near_copies = \"leave-out\"` or `\"keep-together\"` here")
        .tells("/refused/checks.parquet");
    ran.tells(&format!("`exclude = [\"{other}\"]`"));
    assert!(refused(&workspace, "folds").exists());
    workspace.ser(&[&fail[..], &["-S", &format!("manifest.exclude=[\"{other}\"]")]].concat()).exits(0);
    assert!(!refused(&workspace, "folds").exists(), "nothing is left of a split that leaked once another passes");
    assert!(checks().iter().all(|check| !check.check.starts_with("near_copies_")));
}

/// The manifest keeps one file of the recording, but both speakers have other clips.
#[test]
fn a_recording_in_two_corpora_ties_its_speakers() {
    let tess = "[stage.tess]\nkind = \"ingest\"\ncorpus = \"tess\"\nroot = \"demo/tess\"\n";
    let pipeline = PIPELINE.replace("from = \"savee\"", "from = [\"savee\", \"tess\"]");
    let workspace = Workspace::with_pipeline(&format!("{pipeline}\n{tess}"));
    workspace.ser(&["demo", "demo"]).exits(0);
    workspace.ser(&["run", "manifest"]).exits(0);
    let clips: Vec<Clip> = result(&workspace, "manifest/clips.parquet");
    let first = |corpus: &str| {
        let angry =
            clips.iter().find(|clip| clip.corpus == corpus && clip.emotion == Some(ser_schemas::Emotion::ANGRY));
        angry.expect("an angry clip")
    };
    let (one, other) = (first("savee"), first("tess"));
    std::fs::copy(workspace.path(&one.path), workspace.path(&other.path)).expect("copied");

    let ran = workspace.ser(&["run", "folds"]).exits(0).tells("1 recording lies in two corpora under two speakers");
    ran.tells("held out together, as copies tie them");
    let checks: Vec<Check> = result(&workspace, "folds/checks.parquet");
    let tied = checks.iter().find(|check| check.check == "near_copies_kept_together").expect("told");
    for speaker in [one, other].map(|clip| clip.speaker.as_deref().expect("known")) {
        assert!(tied.detail.contains(speaker), "{tied:?}");
    }
    let fail = ["run", "audit", "-S", "audit.fail_on=[\"duplicate_speakers_differ\"]"];
    workspace.ser(&fail).exits(1).tells("1 file under another speaker than a copy");

    // Whoever says that these are two people, as advised, is believed.
    let gone: Vec<Exclusion> = result(&workspace, "manifest/exclusions.parquet");
    let gone = gone.iter().find(|row| row.copy_of.is_some()).expect("one of the two");
    let exclude = format!("manifest.exclude=[\"{}\"]", gone.clip_id);
    workspace.ser(&["run", "folds", "-S", &exclude]).exits(0);
    let checks: Vec<Check> = result(&workspace, "folds/checks.parquet");
    assert!(checks.iter().all(|check| !check.check.starts_with("near_copies_")), "{checks:?}");
}

/// One class: every figure would be perfect.
#[test]
fn a_dataset_of_one_class_is_refused() {
    let workspace = workspace();
    let ran = workspace.ser(&["run", "manifest", "-S", "manifest.keep=[\"happy\", \"calm\"]"]).exits(1);
    ran.tells("is labelled `happy`: a model needs two classes to tell apart")
        .tells("`keep` names `calm`, which no clip is labelled with");
}

#[test]
fn a_speaker_on_both_sides_fails_the_evaluation() {
    let workspace = workspace();
    workspace.ser(&["run", "folds"]).exits(0);
    let mut moved = tested(&workspace);
    let protocol =
        [(ser_schemas::KEY_PROTOCOL, "leave-one-out".to_owned()), (ser_schemas::KEY_HELD_OUT, "speaker".to_owned())];
    alter::<Assignment>(&workspace, "folds", "assignments.parquet", &protocol, |rows| {
        let row = rows.iter_mut().find(|row| **row == moved).expect("it is there");
        row.role = Role::Train;
        moved = row.clone();
    });
    let clips: Vec<Clip> = result(&workspace, "manifest/clips.parquet");
    let clip = clips.iter().find(|clip| clip.clip_id == moved.clip_id).expect("a clip of the manifest");
    let ran = workspace.ser(&["run", "evaluation"]).exits(1).tells("check `speaker_disjoint` failed in fold 0");
    ran.tells(clip.speaker.as_deref().expect("known")).tells(&format!("{} shown", clip.clip_id));
    let checks = ModelCheck::read(&refused(&workspace, "evaluation").join("model_checks.parquet")).expect("kept");
    assert!(checks.iter().any(|check| check.check == "speaker_disjoint" && check.status == CheckStatus::Failed));
}

#[test]
fn a_model_that_was_shown_a_test_clip_fails_the_evaluation() {
    let workspace = workspace();
    workspace.ser(&["run", "linear"]).exits(0);
    let clip_id = tested(&workspace).clip_id;
    for (used_for, check) in [
        (Use::Weights, "weights_saw_no_test_clip"),
        (Use::Standardisation, "standardisation_saw_no_test_clip"),
        (Use::Augmentation, "augmentation_saw_no_test_clip"),
        (Use::Selection, "selection_saw_no_test_clip"),
    ] {
        let shown = Exposure { fold: 0, clip_id: clip_id.clone(), used_for };
        alter::<Exposure>(&workspace, "linear", "exposures.parquet", &[], |rows| rows.push(shown.clone()));
        let ran = workspace.ser(&["run", "evaluation"]).exits(1);
        ran.tells(&format!("check `{check}` failed in fold 0: {clip_id} (1 in all)"))
            .tells("/refused/model_checks.parquet");
        let checks = ModelCheck::read(&refused(&workspace, "evaluation").join("model_checks.parquet")).expect("kept");
        let failed: Vec<&ModelCheck> = checks.iter().filter(|check| check.status == CheckStatus::Failed).collect();
        assert!(matches!(failed[..], [one] if one.check == check && one.detail == clip_id), "{failed:?}");
        alter::<Exposure>(&workspace, "linear", "exposures.parquet", &[], |rows| rows.retain(|row| *row != shown));
    }
    workspace.ser(&["run", "evaluation"]).exits(0);
    assert!(!refused(&workspace, "evaluation").exists());
}

/// The analyst's own split lets two clips choose the epoch that it also tests.
#[test]
fn a_pipeline_with_a_validation_set_used_as_test_fails_and_names_the_clips() {
    let text = "name = \"leak\"\n\
        [stage.savee]\nkind = \"ingest\"\ncorpus = \"savee\"\nroot = \"demo/savee\"\n\
        [stage.manifest]\nkind = \"manifest\"\nfrom = \"savee\"\n\
        [stage.own]\nkind = \"split\"\nfrom = \"manifest\"\nprotocol = \"file\"\nfile = \"own.csv\"\n\
        [stage.majority]\nkind = \"baseline\"\nfrom = [\"manifest\", \"own\"]\nmodel = \"majority\"\n";
    let workspace = Workspace::with_pipeline(text);
    workspace.ser(&["demo", "demo"]).exits(0);
    workspace.write("own.csv", "clip_id,role\n");
    workspace.ser(&["run", "manifest"]).exits(0);
    let clips: Vec<Clip> = result(&workspace, "manifest/clips.parquet");
    let ids: Vec<&str> = clips.iter().map(|clip| clip.clip_id.as_str()).collect();
    let rows = |roles: &[(&str, &[&str])]| -> String {
        let rows = roles.iter().flat_map(|(role, ids)| ids.iter().map(move |id| format!("{id},{role}\n")));
        std::iter::once("clip_id,role\n".to_owned()).chain(rows).collect()
    };
    let (train, validation, test) = (&ids[6..], &ids[2..6], &ids[..2]);
    workspace.write("own.csv", rows(&[("train", train), ("validation", validation), ("test", test)]));
    workspace.ser(&["run"]).exits(0);
    workspace.write("own.csv", rows(&[("train", train), ("validation", &ids[..6]), ("test", test)]));
    workspace.ser(&["run"]).exits(1).tells(ids[0]).tells(ids[1]);
}

#[test]
fn a_validation_clip_that_is_scored_fails_the_evaluation() {
    let workspace = workspace();
    workspace.ser(&["run", "linear"]).exits(0);
    let scored = tested(&workspace);
    // The model was scored on a clip that its split had set aside to choose by.
    let protocol = [(ser_schemas::KEY_PROTOCOL, "random".to_owned())];
    alter::<Assignment>(&workspace, "folds", "assignments.parquet", &protocol, |rows| {
        rows.iter_mut().filter(|row| **row == scored).for_each(|row| row.role = Role::Validation);
    });
    let ran = workspace.ser(&["run", "evaluation"]).exits(1);
    ran.tells("check `test_clips_are_those_of_the_split` failed in fold 0")
        .tells(&format!("{} (validation)", scored.clip_id));
}

#[test]
fn a_sentence_on_both_sides_fails_the_evaluation_where_texts_are_held_out() {
    let workspace = workspace();
    let texts = ["-S", "folds.also_held_out=sentence"];
    let run = |stage: &str| workspace.ser(&["run", stage, texts[0], texts[1]]);
    run("linear").exits(0);
    let tested = tested(&workspace);
    let clips: Vec<Clip> = result(&workspace, "manifest/clips.parquet");
    let of = |id: &str| clips.iter().find(|clip| clip.clip_id == id).expect("a clip of the manifest");
    let sentence = of(&tested.clip_id).sentence.clone();
    let other = |clip: &&Clip| clip.sentence == sentence && clip.speaker != of(&tested.clip_id).speaker;
    let planted = clips.iter().find(other).expect("all say it").clip_id.clone();
    let about = [
        (ser_schemas::KEY_PROTOCOL, "leave-one-out".to_owned()),
        (ser_schemas::KEY_HELD_OUT, "speaker,sentence".to_owned()),
    ];
    alter::<Assignment>(&workspace, "folds", "assignments.parquet", &about, |rows| {
        rows.push(Assignment { clip_id: planted.clone(), fold: 0, role: Role::Train });
    });
    let ran = run("evaluation").exits(1);
    ran.tells("check `sentence_disjoint` failed in fold 0: savee: ").tells(&format!("{planted} shown"));
}

/// Results altered by hand, and not by a stage, are made anew: no figure rests on them.
#[test]
fn a_result_that_is_tampered_with_is_made_anew() {
    let workspace = workspace();
    workspace.ser(&["run", "linear"]).exits(0);
    let shown = Exposure { fold: 0, clip_id: tested(&workspace).clip_id, used_for: Use::Standardisation };
    let table = workspace.path("artifacts/linear/exposures.parquet");
    let mut rows = Exposure::read(&table).expect("the stage was run");
    rows.push(shown);
    Exposure::write(&table, &rows, &Provenance::default()).expect("written");
    workspace.ser(&["run", "evaluation"]).exits(0).tells("`exposures.parquet`");
}
