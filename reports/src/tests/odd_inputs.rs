//! Runs that lack something, and names chosen by somebody who means harm.

use ser_schemas::{Corpus, CorpusStatus, Emotion, Epoch, Severity, SummaryMetric};

use crate::fixture::Fixture;
use crate::{Params, StageInfo};

fn html(fixture: &Fixture) -> String {
    let html = fixture.render(&Params::default()).expect("rendered").html;
    // Pictures are text too, and may spell anything.
    let words: String = html.split("base64,").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect();
    let words = &words[..words.find("<script>").expect("the report's own script, last of all")];
    for nonsense in ["NaN", ">inf<", "undefined", "None"] {
        assert!(!words.contains(nonsense), "the page says {nonsense}");
    }
    html
}

#[test]
fn hostile_names_are_inert() {
    const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let mut fixture = Fixture::complete();
    fixture.tables.exclusions[0].path = HOSTILE.into();
    fixture.tables.exclusions[0].detail = HOSTILE.into();
    fixture.tables.exclusions[0].corpus = HOSTILE.into();
    fixture.tables.corpora[0].title = HOSTILE.into();
    fixture.tables.corpora[0].url = Some("javascript:alert(1)".into());
    fixture.tables.corpora[0].synthetic = true;
    fixture.tables.corpora[1].shortfall = Some(HOSTILE.into());
    fixture.tables.clips[0].corpus = HOSTILE.into();
    fixture.audit().balance[0].corpus = HOSTILE.into();
    fixture.tables.examples[0].clip_id = HOSTILE.into();
    fixture.tables.examples[1].speaker = HOSTILE.into();
    fixture.pipeline.name = HOSTILE.into();
    fixture.pipeline.source = format!("</pre>{HOSTILE}");
    fixture.pipeline.stages.push(StageInfo {
        name: HOSTILE.into(),
        kind: HOSTILE.into(),
        from: vec![HOSTILE.into()],
        params: serde_json::json!({HOSTILE: HOSTILE}),
    });
    for row in &mut fixture.tables.label_errors {
        row.clip_id = HOSTILE.into();
        row.speaker = HOSTILE.into();
    }
    fixture.audit().near_duplicates[0].clip_a = HOSTILE.into();
    fixture.tables.worst_groups[0].group_value = HOSTILE.into();
    fixture.tables.cross_corpus[0].tested_on = HOSTILE.into();
    fixture.tables.standardisation.iter_mut().for_each(|row| row.twin = Some(HOSTILE.into()));
    fixture.tables.perceived[0].corpus = HOSTILE.into();
    fixture.audit().shortcuts[0].measurement = HOSTILE.into();
    fixture.audit().associations[0].property_a = HOSTILE.into();
    fixture.tables.comparisons[0].model_a = HOSTILE.into();
    fixture.tables.model_checks[0].detail = HOSTILE.into();
    fixture.audit().findings[0].severity = Severity::Error;
    fixture.audit().findings[0].message = HOSTILE.into();
    for row in &mut fixture.tables.models {
        row.model = row.model.replace("net_random", HOSTILE);
        row.description = HOSTILE.into();
        row.settings = Some(HOSTILE.into());
        row.inputs = HOSTILE.into();
        row.imported = Some(HOSTILE.into());
    }
    for row in &mut fixture.tables.summary {
        row.model = row.model.replace("net_random", HOSTILE);
        row.group_value = row.group_value.replace("tess", HOSTILE);
    }
    let html = html(&fixture);
    assert_eq!(html.matches("<script").count(), 1, "only the report's own");
    assert!(!html.contains("<img") && !html.contains("href=\"javascript:"));
    assert!(html.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn a_run_without_audit_examples_and_exclusions_says_so() {
    let mut fixture = Fixture::complete();
    fixture.tables.audit = None;
    fixture.tables.examples.clear();
    fixture.tables.exclusions.clear();
    fixture.tables.checks.clear();
    fixture.tables.history.clear();
    let html = html(&fixture);
    assert!(html.contains("This pipeline has no audit stage."));
    assert!(html.contains("0 files were left out"));
    assert!(!html.contains("id=\"voices\"") && !html.contains("href=\"#voices\""));
    assert!(!html.contains("id=\"training\"") && !html.contains("href=\"#training\""));
    // Without the audit's balance the clips themselves are counted.
    assert!(html.contains("Clips of each emotion, by corpus: angry 1923, calm 192"));
}

#[test]
fn what_was_not_measured_is_said_in_a_sentence() {
    let mut fixture = Fixture::complete().without_model("linear");
    fixture.tables.worst_groups.clear();
    fixture.tables.calibration.clear();
    fixture.tables.coverage.clear();
    fixture.tables.adaptation.clear();
    fixture.tables.comparisons.clear();
    fixture.tables.cross_corpus.clear();
    fixture.tables.label_errors.clear();
    fixture.tables.perceived.clear();
    fixture.tables.model_checks.clear();
    fixture.audit().durations.clear();
    fixture.audit().associations.clear();
    fixture.audit().shortcuts.clear();
    fixture.audit().near_duplicates.clear();
    fixture.audit().class_balance.clear();
    fixture.tables.summary.retain(|row| {
        ["overall", "fold"].contains(&row.group.as_str()) && ["uar", "accuracy"].contains(&row.metric.as_str())
    });
    let html = html(&fixture);
    for sentence in [
        "No two models were compared on the same clips.",
        "No model was trained without one corpus at a time",
        "Calibration was not measured",
        "Labels were not examined",
        "No group of clips was scored by itself.",
    ] {
        assert!(html.contains(sentence), "no {sentence}");
    }
    for heading in
        ["there twice", "Shortcuts to", "What goes together", "Checks of the models", "Balance of the emotions"]
    {
        assert!(!html.contains(heading), "{heading} of nothing");
    }
}

#[test]
fn a_random_split_alone_is_no_headline_to_trust() {
    let html = html(&Fixture::complete().without_model("net").without_model("net_per_speaker").without_model("linear"));
    assert!(html.contains("Not a speaker-independent figure"));
    assert!(html.contains("No speaker-independent evaluation leads this report."));
    assert!(!html.contains("What a random split adds"));
}

#[test]
fn a_speaker_independent_model_alone_has_no_gap() {
    let html = html(&Fixture::complete().without_model("net_random").without_model("net_per_speaker"));
    assert!(html.contains("<span>0.61</span>") && !html.contains("What a random split adds"));
}

#[test]
fn different_clips_behind_the_gap_are_admitted() {
    let mut fixture = Fixture::complete();
    fixture.tables.summary.iter_mut().filter(|row| row.model == "net_random").for_each(|row| row.support = 2432);
    fixture.tables.comparisons.clear();
    assert!(html(&fixture).contains("different clips (12\u{202f}162 and 2\u{202f}432)"));
}

#[test]
fn missing_intervals_are_missed_aloud() {
    let mut fixture = Fixture::complete();
    for row in &mut fixture.tables.summary {
        (row.low, row.high) = (None, None);
    }
    for row in &mut fixture.tables.classes {
        (row.recall_low, row.recall_high) = (None, None);
    }
    let html = html(&fixture);
    assert!(html.contains("No interval.") && html.contains("too few speakers to resample"));
}

#[test]
fn an_emotion_without_test_clips_is_marked() {
    let mut fixture = Fixture::complete();
    for row in fixture.tables.classes.iter_mut().filter(|row| row.emotion == Emotion::CALM) {
        (row.support, row.precision, row.recall, row.f1) = (0, 0.0, 0.0, 0.0);
    }
    let html = html(&fixture);
    assert!(html.contains("its zeros are a convention") && html.contains("Only 7 of 8 emotions"));
    // Of 6 emotions in one corpus and of 7 in three.
    assert!(html.contains("Guessing gives 0.149"));
}

#[test]
fn corpora_that_were_skipped_or_cut_short_are_named() {
    let mut fixture = Fixture::complete();
    fixture.tables.corpora[0].shortfall = Some("7400 of 7442 files".into());
    fixture.tables.corpora[2] = Corpus { status: CorpusStatus::FolderEmpty, ..fixture.tables.corpora[2].clone() };
    let html = html(&fixture);
    assert!(html.contains("CREMA-D is not complete.") && html.contains("7400 of 7442 files"));
    assert!(html.contains("skipped: folder empty") && html.contains("SAVEE was skipped."));
}

#[test]
fn nothing_at_all_is_still_a_page() {
    let mut fixture = Fixture::complete();
    fixture.tables.clips.clear();
    fixture.audit().balance.clear();
    fixture.tables.corpora.clear();
    fixture.tables.examples.clear();
    fixture.tables.summary.clear();
    fixture.tables.classes.clear();
    fixture.tables.confusion.clear();
    fixture.tables.calibration.clear();
    fixture.tables.comparisons.clear();
    fixture.tables.cross_corpus.clear();
    let rendered = fixture.render(&Params::default()).expect("rendered");
    assert_eq!(rendered.card, "No model was evaluated.\n");
    let html = html(&fixture);
    assert!(html.contains("No model was evaluated, so there is no number to report."));
    assert!(html.contains("There are no clips to count."));
}

#[test]
fn a_long_training_of_many_folds_stays_small() {
    let mut fixture = Fixture::complete();
    let epoch = fixture.tables.history[0].1[0].clone();
    fixture.tables.history[0].1 = (0..121u32)
        .flat_map(|fold| (1..=100u32).map(move |number| (fold, number)))
        .map(|(fold, number)| Epoch { fold, epoch: number, best: number == 60, ..epoch.clone() })
        .collect();
    let html = html(&fixture);
    assert!(html.contains("the first 12 of 121 folds are drawn"));
    assert!(html.len() < 2_500_000, "{} bytes", html.len());
}

#[test]
fn a_history_without_validation_has_one_line() {
    let mut fixture = Fixture::complete();
    for epoch in &mut fixture.tables.history[0].1 {
        (epoch.validation_loss, epoch.validation_accuracy, epoch.validation_uar) = (None, None, None);
    }
    assert!(html(&fixture).contains("validation none"));
}

#[test]
fn clips_longer_than_the_network_hears_are_told_by_model() {
    let told = "37 of 1871 clips are longer than `max_frames` = 600 (6.0 s)";
    let mut fixture = Fixture::complete();
    assert!(!html(&fixture).contains("37 of 1871 clips"));
    fixture.tables.models[0].long_clips = Some(told.to_owned());
    assert_eq!(html(&fixture).matches("37 of 1871 clips are longer than max_frames = 600 (6.0 s).").count(), 1);
}

#[test]
fn an_evaluation_of_before_is_told_to_run_again() {
    let mut fixture = Fixture::complete();
    fixture.tables.models.clear();
    let Err(error) = fixture.render(&Params::default()) else { panic!("nothing is said of the models") };
    let error = error.to_string();
    assert!(error.contains("no `models.parquet`") && error.contains("run the evaluate stage again"), "{error}");
}

#[test]
fn unknown_groups_are_shown_too() {
    let mut fixture = Fixture::complete();
    let row = fixture.tables.summary[0].clone();
    fixture.tables.summary.push(SummaryMetric { group: "intensity".into(), group_value: "strong".into(), ..row });
    let html = html(&fixture);
    assert!(html.contains("<td>intensity</td>") && html.contains(">strong<"));
}
