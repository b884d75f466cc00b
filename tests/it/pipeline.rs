//! The whole pipeline, from synthetic corpora to the report.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{
    Assignment, Balance, CalibrationBin, Check, CheckStatus, ClassMetrics, Clip, Comparison, ComparisonKind,
    ConfusionCell, Corpus, CrossCorpus, Emotion, Epoch, Example, Exclusion, Finding, LabelError, ModelCheck, Perceived,
    Prediction, Reason, Role, StandardisationLimit, Statistics, SummaryMetric, Table, WorstGroup, frames,
    functionals::Functionals,
};

use crate::util::{Workspace, demo_run};

fn table<T: Table>(workspace: &Workspace, path: &str) -> Vec<T> {
    T::read(&workspace.path(&format!("artifacts/{path}"))).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn it_ends_with_a_report_and_says_that_the_data_are_synthetic() {
    let (workspace, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("Report: artifacts/report/index.html"), "{}", ran.stdout);
    assert!(ran.stdout.contains("cnn_lstm_random"), "{}", ran.stdout);
    assert!(ran.stderr.contains("SYNTHETIC"), "{}", ran.stderr);
    let page = std::fs::read_to_string(workspace.path("artifacts/report/index.html")).expect("report");
    assert!(page.to_lowercase().contains("synthetic"));
    for stage in ["cnn_lstm", "cnn_lstm_per_speaker", "cnn_lstm_random"] {
        assert!(page.contains(stage), "{stage}");
    }
    for script in page.split("<script").skip(1).chain(page.split("<link").skip(1)) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(!tag.contains("src=") && !tag.contains("http"), "the report loads something: {tag}");
    }
}

#[test]
fn every_file_found_is_a_clip_or_an_exclusion() {
    let (workspace, _) = demo_run();
    let clips: Vec<Clip> = table(workspace, "manifest/clips.parquet");
    let exclusions: Vec<Exclusion> = table(workspace, "manifest/exclusions.parquet");
    let mut found = 0;
    for corpus in ["crema_d", "ravdess", "savee", "tess"] {
        let files: Vec<Clip> = table(workspace, &format!("{corpus}/clips.parquet"));
        assert!(files.len() > 20, "{corpus}: {}", files.len());
        found += files.len();
    }
    assert_eq!(clips.len() + exclusions.len(), found);
    let ids: BTreeSet<&str> = clips.iter().map(|clip| clip.clip_id.as_str()).collect();
    assert_eq!(ids.len(), clips.len(), "clip ids are unique");
    let reasons: BTreeSet<Reason> = exclusions.iter().map(|exclusion| exclusion.reason).collect();
    for reason in [Reason::Truncated, Reason::Silent, Reason::GitLfsPointer, Reason::Duplicate] {
        assert!(reasons.contains(&reason), "the demo has no file that is {reason}: {reasons:?}");
    }
    assert!(exclusions.iter().all(|exclusion| !exclusion.detail.is_empty()));
    let emotions: BTreeSet<Emotion> = clips.iter().filter_map(|clip| clip.emotion).collect();
    assert_eq!(emotions.len(), Emotion::BUILT_IN.len());
    assert!(clips.iter().all(|clip| clip.speaker.as_deref().is_some_and(|speaker| speaker.contains(':'))));
    let corpora: Vec<Corpus> = table(workspace, "manifest/corpora.parquet");
    assert!(corpora.iter().all(|corpus| corpus.synthetic));
}

#[test]
fn clip_ids_join_all_tables() {
    let (workspace, _) = demo_run();
    let clips: Vec<Clip> = table(workspace, "manifest/clips.parquet");
    let ids: BTreeSet<&str> = clips.iter().map(|clip| clip.clip_id.as_str()).collect();
    let features = workspace.path("artifacts/features/frames");
    let layout = frames::read_layout(&features).expect("layout");
    let mut with_frames = 0;
    for clip in frames::read_clips(&features).expect("frames") {
        let clip = clip.expect("row");
        assert!(ids.contains(clip.clip_id.as_str()));
        assert!(clip.frame_count(layout.names.len()) > 50);
        assert!(clip.values.iter().all(|value| value.is_finite()), "{}", clip.clip_id);
        with_frames += 1;
    }
    assert_eq!(with_frames, ids.len());
    let functionals = Functionals::read(&workspace.path("artifacts/features/functionals")).expect("functionals");
    assert_eq!(functionals.clip_ids.len(), ids.len());
    assert!(functionals.values.iter().all(|value| value.is_finite()));
    let assignments: Vec<Assignment> = table(workspace, "speaker_independent/assignments.parquet");
    assert!(assignments.iter().all(|assignment| ids.contains(assignment.clip_id.as_str())));
    let predictions: Vec<Prediction> = table(workspace, "evaluation/predictions.parquet");
    assert!(predictions.iter().all(|prediction| ids.contains(prediction.clip_id.as_str())));
    let examples: Vec<Example> = table(workspace, "features/examples.parquet");
    assert_eq!(examples.len(), Emotion::BUILT_IN.len());
}

#[test]
fn no_speaker_is_trained_on_and_tested() {
    let (workspace, _) = demo_run();
    let clips: Vec<Clip> = table(workspace, "manifest/clips.parquet");
    let speakers: BTreeMap<&str, &str> =
        clips.iter().map(|clip| (clip.clip_id.as_str(), clip.speaker.as_deref().unwrap_or_default())).collect();
    let assignments: Vec<Assignment> = table(workspace, "speaker_independent/assignments.parquet");
    let mut roles: BTreeMap<(u32, &str), BTreeSet<Role>> = BTreeMap::new();
    for assignment in &assignments {
        roles.entry((assignment.fold, speakers[assignment.clip_id.as_str()])).or_default().insert(assignment.role);
    }
    for ((fold, speaker), roles) in roles {
        assert_eq!(roles.len(), 1, "{speaker} plays {roles:?} in fold {fold}");
    }
    let checks: Vec<Check> = table(workspace, "speaker_independent/checks.parquet");
    assert!(!checks.is_empty() && checks.iter().all(|check| check.status != CheckStatus::Failed));
}

#[test]
fn every_clip_is_tested_once_and_probabilities_add_up() {
    let (workspace, _) = demo_run();
    let clips: Vec<Clip> = table(workspace, "manifest/clips.parquet");
    let predictions: Vec<Prediction> = table(workspace, "cnn_lstm/predictions.parquet");
    let tested: BTreeSet<&str> = predictions.iter().map(|prediction| prediction.clip_id.as_str()).collect();
    assert_eq!((tested.len(), predictions.len()), (clips.len(), clips.len()));
    for prediction in &predictions {
        let sum: f32 = prediction.probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-4, "{}: {sum}", prediction.clip_id);
    }
    let history: Vec<Epoch> = table(workspace, "cnn_lstm/history.parquet");
    assert_eq!(history.iter().map(|epoch| epoch.fold).collect::<BTreeSet<_>>().len(), 2);
    assert!(history.iter().all(|epoch| epoch.train_loss.is_finite()));
}

#[test]
fn metrics_are_complete_and_never_nan() {
    let (workspace, _) = demo_run();
    let classes: Vec<ClassMetrics> = table(workspace, "report/classes.parquet");
    let summary: Vec<SummaryMetric> = table(workspace, "report/summary.parquet");
    let confusion: Vec<ConfusionCell> = table(workspace, "evaluation/confusion.parquet");
    let unit = 0.0..=1.0;
    assert!(classes.iter().all(|class| [class.precision, class.recall, class.f1].iter().all(|v| unit.contains(v))));
    let unbounded = ["brier", "log_loss", "brier_scaled", "log_loss_scaled", "temperature"];
    let bounded = |metric: &str| !unbounded.contains(&metric);
    assert!(summary.iter().all(|row| row.value >= 0.0 && (unit.contains(&row.value) || !bounded(&row.metric))));
    assert!(confusion.iter().all(|cell| unit.contains(&cell.share)));
    let groups: BTreeSet<&str> = summary.iter().map(|metric| metric.group.as_str()).collect();
    assert_eq!(
        groups,
        BTreeSet::from([
            "agreement",
            "corpus",
            "fold",
            "gender",
            "intensity",
            "language",
            "overall",
            "sentence",
            "speaker"
        ])
    );
    let metrics: BTreeSet<&str> = summary.iter().map(|metric| metric.metric.as_str()).collect();
    assert!(metrics.is_superset(&BTreeSet::from(["accuracy", "macro_f1", "uar", "weighted_f1"])), "{metrics:?}");
    let headline = summary
        .iter()
        .find(|row| row.model == "cnn_lstm" && row.group == "overall" && row.metric == "uar")
        .expect("headline");
    let (low, high) = (headline.low.expect("low"), headline.high.expect("high"));
    assert!(low <= headline.value && headline.value <= high, "{headline:?}");
}

#[test]
fn every_model_is_judged_compared_and_held_against_baselines() {
    let (workspace, _) = demo_run();
    let checks: Vec<ModelCheck> = table(workspace, "evaluation/model_checks.parquet");
    assert!(checks.iter().all(|check| check.status != CheckStatus::Failed));
    let noted: BTreeSet<(&str, &str)> = checks
        .iter()
        .filter(|check| check.status == CheckStatus::Noted)
        .map(|check| (check.split.as_str(), check.check.as_str()))
        .collect();
    assert_eq!(
        noted,
        BTreeSet::from([("random", "speaker_disjoint"), ("speaker_independent", "standardisation_saw_no_test_clip"),]),
        "what a random split and standardisation per speaker are known for, and nothing else"
    );
    let comparisons: Vec<Comparison> = table(workspace, "evaluation/comparisons.parquet");
    let gaps: BTreeSet<(&str, &str)> = comparisons
        .iter()
        .filter(|row| row.kind == ComparisonKind::ProtocolGap)
        .map(|row| (row.model_a.as_str(), row.model_b.as_str()))
        .collect();
    assert_eq!(
        gaps,
        BTreeSet::from([("linear_random", "linear"), ("majority_random", "majority")]),
        "the tiny networks have other numbers of epochs"
    );
    let pairs = comparisons.iter().filter(|row| row.kind == ComparisonKind::Paired && row.metric == "uar");
    assert_eq!(pairs.count(), 5 * 4 / 2 + 3 * 2 / 2);
    let cross: Vec<CrossCorpus> = table(workspace, "evaluation/cross_corpus.parquet");
    let held_out = cross.iter().filter(|row| row.trained_without == row.tested_on && row.metric == "uar");
    assert_eq!(held_out.count(), 4);
    let bins: Vec<CalibrationBin> = table(workspace, "evaluation/calibration.parquet");
    assert!(bins.iter().any(|bin| bin.scaled && bin.model == "cnn_lstm"), "train writes validation predictions");
    let perceived: Vec<Perceived> = table(workspace, "evaluation/perceived.parquet");
    assert!(perceived.iter().all(|row| row.corpus == "crema_d") && !perceived.is_empty());
    let clips: Vec<Clip> = table(workspace, "manifest/clips.parquet");
    let paths: BTreeSet<&str> = clips.iter().map(|clip| clip.path.as_str()).collect();
    let disputed: Vec<LabelError> = table(workspace, "evaluation/label_errors.parquet");
    assert!(disputed.iter().all(|row| paths.contains(row.path.as_str())));
    let worst: Vec<WorstGroup> = table(workspace, "evaluation/worst_groups.parquet");
    assert!(worst.iter().any(|row| row.model == "cnn_lstm" && row.group == "corpus"));
}

/// Models that are standardised per speaker, and no others; the page says where that stops to hold.
#[test]
fn standardisation_per_speaker_is_tried_with_few_and_unbalanced_clips() {
    let (workspace, _) = demo_run();
    let limits: Vec<StandardisationLimit> = table(workspace, "evaluation/standardisation_limits.parquet");
    let models: BTreeSet<&str> = limits.iter().map(|row| row.model.as_str()).collect();
    assert_eq!(models, BTreeSet::from(["cnn_lstm_per_speaker", "linear_per_speaker"]));
    let summary: Vec<SummaryMetric> = table(workspace, "evaluation/summary.parquet");
    for model in models {
        let own: Vec<_> = limits.iter().filter(|row| row.model == model).collect();
        let told: BTreeSet<Statistics> = own.iter().map(|row| row.statistics).collect();
        assert_eq!(told, Statistics::ALL.iter().copied().collect(), "{model}");
        assert!(own.iter().all(|row| (0.0..=1.0).contains(&row.value)), "{own:?}");
        let overall =
            SummaryMetric::headline(&summary, [model, "speaker_independent", "overall", "all"]).expect("a row");
        let all = own[0];
        assert_eq!((all.statistics, all.support), (Statistics::All, overall.support));
        assert!((all.value - overall.value).abs() < 1e-12, "{all:?} {overall:?}");
    }
    let html = std::fs::read_to_string(workspace.path("artifacts/report/index.html")).expect("page");
    assert!(html.contains("<section id=\"standardisation\"") && html.contains("a limit.</strong>"));
    assert!(html.contains("cnn_lstm_per_speaker with few clips of a speaker"));
}

#[test]
fn the_audit_counts_every_clip() {
    let (workspace, _) = demo_run();
    let clips: Vec<Clip> = table(workspace, "manifest/clips.parquet");
    let balance: Vec<Balance> = table(workspace, "audit/balance.parquet");
    assert_eq!(balance.iter().map(|row| row.clips).sum::<u64>(), clips.len() as u64);
    let findings: Vec<Finding> = table(workspace, "audit/findings.parquet");
    assert!(!findings.is_empty());
    workspace.ser(&["audit"]).exits(0).says("angry").says("ravdess");
    let json = workspace.ser(&["audit", "--json"]).exits(0).json();
    assert!(json.is_object(), "{json}");
}

#[test]
fn the_same_pipeline_gives_the_same_numbers() {
    let (workspace, _) = demo_run();
    let other = Workspace::with_default_pipeline();
    other.run_tiny(&["--demo", "demo", "cnn_lstm_random"]).exits(0);
    let one: Vec<Prediction> = table(workspace, "cnn_lstm_random/predictions.parquet");
    let two: Vec<Prediction> = table(&other, "cnn_lstm_random/predictions.parquet");
    assert!(one == two, "two runs with one seed differ");
}

#[test]
fn provenance_is_in_every_table() {
    let (workspace, _) = demo_run();
    for (path, stage) in [("manifest/clips.parquet", "manifest"), ("report/summary.parquet", "report")] {
        let metadata = ser_schemas::read_metadata(&workspace.path(&format!("artifacts/{path}"))).expect("metadata");
        assert_eq!(metadata["ser.pipeline"], "four-corpora");
        assert_eq!(metadata["ser.stage"], stage);
        assert_eq!(metadata["ser.fingerprint"].len(), 64);
    }
    let status = workspace.status_tiny(&["--json"]).json();
    assert!(status["stages"].as_array().is_some_and(|stages| stages.len() == 22), "{status}");
}
