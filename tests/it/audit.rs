//! The audit on synthetic corpora: what it finds, what it prints, and when it fails.

use ser_schemas::{Clip, Finding, NearDuplicate, Table};

use crate::util::Workspace;

const PIPELINE: &str = "name = \"audited\"\n\
    [stage.savee]\nkind = \"ingest\"\ncorpus = \"savee\"\nroot = \"demo/savee\"\n\
    [stage.tess]\nkind = \"ingest\"\ncorpus = \"tess\"\nroot = \"demo/tess\"\n\
    [stage.manifest]\nkind = \"manifest\"\nfrom = [\"savee\", \"tess\"]\n\
    [stage.audit]\nkind = \"audit\"\nfrom = \"manifest\"\n";

/// A workspace with the demo corpora and a pipeline that ends with an audit.
fn workspace(audit: &str) -> Workspace {
    let workspace = Workspace::with_pipeline(&format!("{PIPELINE}{audit}"));
    workspace.ser(&["demo", "demo"]).exits(0);
    workspace
}

fn findings(workspace: &Workspace) -> Vec<Finding> {
    Finding::read(&workspace.path("artifacts/audit/findings.parquet")).expect("the audit was run")
}

/// A 16-bit WAV file with a header of 44 bytes, at half its level and behind `silence_samples` of silence.
pub(crate) fn altered(wav: &[u8], silence_samples: usize) -> Vec<u8> {
    let (header, samples) = wav.split_at(44);
    let mut copy = header.to_vec();
    let bytes = (samples.len() + 2 * silence_samples) as u32;
    copy[4..8].copy_from_slice(&(36 + bytes).to_le_bytes());
    copy[40..44].copy_from_slice(&bytes.to_le_bytes());
    copy.resize(44 + 2 * silence_samples, 0);
    for sample in samples.chunks_exact(2) {
        copy.extend((i16::from_le_bytes([sample[0], sample[1]]) / 2).to_le_bytes());
    }
    copy
}

#[test]
fn a_quieter_and_padded_copy_is_found_and_no_other_pair() {
    let workspace = workspace("");
    let original = std::fs::read(workspace.path("demo/savee/AudioData/DC/a01.wav")).expect("a clip of the demo");
    // 0.2 s at SAVEE's 44.1 kHz, under the name of a happy clip that the demo does not have.
    workspace.write("demo/savee/AudioData/DC/h09.wav", altered(&original, 8_820));
    workspace.ser(&["run"]).exits(0);
    let pairs = NearDuplicate::read(&workspace.path("artifacts/audit/near_duplicates.parquet")).expect("a table");
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert!(pairs[0].clip_a.ends_with("DC/a01") && pairs[0].clip_b.ends_with("DC/h09"), "{pairs:?}");
    assert!((pairs[0].offset_s - 0.2).abs() < 1e-9 && pairs[0].similarity > 0.95, "{pairs:?}");
    let codes: Vec<String> = findings(&workspace).into_iter().map(|found| found.code).collect();
    for code in ["near_duplicate_audio", "near_duplicate_labels_differ", "synthetic_data", "corpus_by_gender"] {
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
    workspace.ser(&["audit"]).exits(0).says("Clips with the same take").says("(angry and happy)");
}

#[test]
fn every_measure_is_printed_and_is_in_the_json() {
    let workspace = workspace("");
    workspace.ser(&["run"]).exits(0);
    let shown = workspace.ser(&["audit"]).exits(0);
    let shown = shown.says("How evenly").says("Durations in seconds").says("Cramér's V").says("leading_silence_s");
    let shown = shown.says("error    the data are synthetic").says("[synthetic_data]");
    insta::assert_snapshot!("audit_of_the_demo", shown.stdout);
    assert!(!shown.stdout.contains("Clips with the same take"), "{}", shown.stdout);
    let json = workspace.ser(&["audit", "--json"]).exits(0).json();
    for table in ["class_balance", "durations", "associations", "shortcuts", "findings"] {
        assert!(json[table].as_array().is_some_and(|rows| !rows.is_empty()), "{table}: {json}");
    }
    assert_eq!(json["stopped"], false);
    assert_eq!(json["overview"]["corpora"], serde_json::json!(["savee", "tess"]));
}

#[test]
fn clips_that_a_network_hears_in_parts_are_counted() {
    let training = "[stage.features]\nkind = \"features\"\nfrom = \"manifest\"\nhop_s = 0.02\n\
        [stage.folds]\nkind = \"split\"\nfrom = \"manifest\"\nprotocol = \"random\"\n\
        [stage.whole]\nkind = \"train\"\nfrom = [\"manifest\", \"features\", \"folds\"]\nmax_frames = 0\n\
        [stage.parts]\nkind = \"train\"\nfrom = [\"manifest\", \"features\", \"folds\"]\nmax_frames = 30\n";
    let workspace = workspace(training);
    workspace.ser(&["run", "audit"]).exits(0);
    let clips = Clip::read(&workspace.path("artifacts/manifest/clips.parquet")).expect("a manifest");
    let longer = clips.iter().filter(|clip| clip.duration_s.is_some_and(|duration_s| duration_s > 0.6)).count();
    assert!(longer > 0, "no clip of the demo is longer than 0.6 s");
    let json = workspace.ser(&["audit", "--json"]).exits(0).json();
    let expected = serde_json::json!([
        { "stage": "parts", "max_frames": 30, "heard_s": 0.6, "clips": longer, "of": clips.len() }
    ]);
    assert_eq!(json["long_clips"], expected);
    let told = format!("{longer} of {} clips last longer than 0.6 s: `parts` hears them in parts", clips.len());
    let shown = workspace.ser(&["audit"]).exits(0);
    assert!(!shown.says(&told).stdout.contains("`whole`"));
}

#[test]
fn fail_on_fails_the_run_and_what_was_found_can_be_seen() {
    let workspace = workspace("fail_on = \"error\"\n");
    let ran = workspace.ser(&["run"]).exits(1).tells("1 finding that `fail_on` asks to stop at");
    ran.tells("synthetic_data: the data are synthetic").tells("`ser audit` shows them");
    assert!(!workspace.path("artifacts/audit").exists());
    workspace.ser(&["audit"]).exits(0).says("[synthetic_data]").says("The last audit was stopped by `fail_on`");
    assert_eq!(workspace.ser(&["audit", "--json"]).exits(0).json()["stopped"], true);
    workspace.ser(&["status", "--exit-code"]).exits(3);

    workspace.write("pipeline.toml", format!("{PIPELINE}fail_on = [\"near_duplicate_audio\", \"low_agreement\"]\n"));
    workspace.ser(&["run"]).exits(0);
    let shown = workspace.ser(&["audit"]).exits(0);
    assert!(!shown.stdout.contains("was stopped"), "{}", shown.stdout);
}

#[test]
fn an_audit_that_a_failure_kept_from_running_is_not_to_be_run_alone() {
    let workspace = Workspace::with_pipeline(PIPELINE);
    workspace.ser(&["audit"]).exits(2).tells("hint: run it: `ser run audit`");
    // No corpus is there.
    workspace.ser(&["run"]).exits(1);
    workspace.ser(&["audit"]).exits(2).tells("the last run failed at stage `manifest`, before it");
}

#[test]
fn a_misspelt_code_is_a_mistake_in_the_pipeline_file() {
    let workspace = Workspace::with_pipeline(&format!("{PIPELINE}fail_on = [\"few_speeker\"]\n"));
    workspace.ser(&["run"]).exits(2).tells("few_speeker").tells("few_speakers");
    workspace.write("pipeline.toml", format!("{PIPELINE}fail_on = \"errors\"\n"));
    workspace.ser(&["run"]).exits(2).tells("errors").tells("`error`");
}
