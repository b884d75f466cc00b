//! The stage on the four corpora in outline: it finds what is known to be wrong with them.

use std::path::Path;

use ser_audit::{Audit, AuditError, Code, Dataset, FailOn, FailSeverity, Measures, Params, findings, overview, run};
use ser_schemas::{
    Association, Balance, ClassBalance, Clip, Corpus, CorpusStatus, Durations, Emotion, Exclusion, Finding,
    NearDuplicate, Provenance, Reason, Shortcut, Table,
};
use ser_stage::{Context, Kind as _, Outcome};

/// A corpus of `speakers`, with two clips of each emotion but those in `without`.
fn clips(corpus: &str, speakers: usize, genders: [&str; 2], rate: u32, without: &[Emotion]) -> Vec<Clip> {
    let mut clips = Vec::new();
    for speaker in 0..speakers {
        for emotion in Emotion::BUILT_IN.into_iter().filter(|emotion| !without.contains(emotion)) {
            for take in 0..2 {
                let id = format!("{corpus}/{speaker}_{emotion}_{take}");
                let mut clip = Clip::found(id.clone(), corpus.into(), format!("{id}.wav"), 1);
                clip.speaker = Some(format!("{corpus}:{speaker}"));
                clip.gender = Some(genders[speaker % 2].into());
                clip.emotion = Some(emotion);
                clip.sample_rate_hz = Some(rate);
                clip.duration_s = Some(3.0);
                clips.push(clip);
            }
        }
    }
    clips
}

fn corpus(name: &str, status: CorpusStatus) -> Corpus {
    Corpus {
        corpus: name.into(),
        title: name.into(),
        root: format!("data/{name}"),
        status,
        files: 10,
        clips: 10,
        expected_files: Some(12),
        ..Corpus::default()
    }
}

/// CREMA-D, RAVDESS and TESS in outline, and SAVEE declared but absent.
fn dataset() -> Dataset {
    let mut all = clips("crema_d", 6, ["male", "female"], 16_000, &[Emotion::CALM, Emotion::SURPRISE]);
    all.extend(clips("ravdess", 6, ["male", "female"], 48_000, &[]));
    all.extend(clips("tess", 2, ["female", "female"], 24_414, &[Emotion::CALM]));
    if let Some(last) = all.last_mut() {
        last.sample_rate_hz = Some(96_000);
    }
    let mut ravdess = corpus("ravdess", CorpusStatus::Ingested);
    ravdess.shortfall = Some("1201 of 1440 files".into());
    let excluded = |name: &str, reason| Exclusion {
        clip_id: format!("ravdess/{name}"),
        path: name.into(),
        corpus: "ravdess".into(),
        reason,
        detail: "the same bytes as `x.wav`".into(),
        copy_of: None,
        speaker: None,
    };
    Dataset {
        clips: all,
        exclusions: vec![
            excluded("copy 1", Reason::Duplicate),
            excluded("copy 2", Reason::Duplicate),
            excluded("short", Reason::Truncated),
        ],
        corpora: vec![
            corpus("crema_d", CorpusStatus::Ingested),
            ravdess,
            corpus("savee", CorpusStatus::FolderMissing),
            corpus("tess", CorpusStatus::Ingested),
        ],
    }
}

/// Runs the stage with the manifest and its output in folders below `folder`.
fn audit_with(params: &Params, folder: &Path, dataset: &Dataset) -> Result<Outcome, AuditError> {
    let [manifest, out] = ["manifest", "out"].map(|name| folder.join(name));
    for dir in [&manifest, &out] {
        std::fs::create_dir_all(dir).expect("create a folder");
    }
    let provenance = Provenance::default();
    Clip::write_in(&manifest, &dataset.clips, &provenance).expect("write clips");
    Exclusion::write_in(&manifest, &dataset.exclusions, &provenance).expect("write exclusions");
    Corpus::write_in(&manifest, &dataset.corpora, &provenance).expect("write corpora");
    let ctx = Context { refused_dir: &folder.join("refused"), ..Context::alone(&out) };
    run(params, &manifest, &ctx)
}

fn audit(folder: &Path, dataset: &Dataset) -> Result<Outcome, AuditError> {
    audit_with(&Params::default(), folder, dataset)
}

/// All findings about `dataset`.
fn findings(params: &Params, dataset: &Dataset) -> Vec<Finding> {
    let measures = Measures::of(params, &dataset.clips).expect("all clips have an emotion");
    findings::findings(params, dataset, &measures)
}

/// Findings of a code, as `severity: message (evidence)`.
fn of_code(dataset: &Dataset, code: &str) -> Vec<String> {
    let found = findings(&Params::default(), dataset).into_iter().filter(|finding| finding.code == code);
    found.map(|found| format!("{}: {} ({})", found.severity, found.message, found.evidence)).collect()
}

#[test]
fn what_is_known_of_the_corpora_is_found() {
    let dataset = dataset();
    assert_eq!(
        of_code(&dataset, "class_in_one_corpus"),
        ["warning: `calm` is in ravdess only: recognising the corpus is enough to recognise it (12 clips)"]
    );
    assert_eq!(
        of_code(&dataset, "class_missing_from_corpus"),
        ["warning: crema_d has no `surprise`: its recordings are evidence against that emotion \
          (clips elsewhere: ravdess 12, tess 4)"]
    );
    assert_eq!(
        of_code(&dataset, "single_gender_corpus"),
        ["warning: all speakers of tess are female: what a model learns of it mixes gender with corpus \
          (2 speakers, 28 clips)"]
    );
    assert_eq!(
        of_code(&dataset, "mixed_sample_rates"),
        ["warning: tess mixes 2 sample rates: bandwidth differs between its clips \
          (24414 Hz 27 clips by 2 speakers, 96000 Hz 1 clip by 1 speaker)"]
    );
    assert_eq!(
        of_code(&dataset, "few_speakers"),
        ["warning: tess has 2 speakers: its figures say little about other speakers (tess:0, tess:1)"]
    );
    assert_eq!(of_code(&dataset, "corpus_missing").len(), 1);
    assert_eq!(
        of_code(&dataset, "corpus_incomplete"),
        ["warning: ravdess is not the complete corpus: 1201 of 1440 files (10 of 12 files, 10 clips)"]
    );
    assert_eq!(
        of_code(&dataset, "files_excluded"),
        ["warning: 1 file of ravdess left out as truncated (ravdess/short)"]
    );
    assert_eq!(
        of_code(&dataset, "duplicate_audio"),
        ["info: 2 files of ravdess left out as a copy of another \
          (copy 1: the same bytes as `x.wav`, copy 2: the same bytes as `x.wav`)"]
    );
    assert_eq!(of_code(&dataset, "sample_rate_by_corpus").len(), 1);
    assert_eq!(of_code(&dataset, "few_clips_of_speaker").len(), 3, "one for each corpus");
    assert_eq!(of_code(&dataset, "synthetic_data"), Vec::<String>::new());
}

#[test]
fn the_imbalance_is_remarked_on_above_the_threshold_only() {
    let dataset = dataset();
    // 28 angry clips and 12 calm ones.
    assert_eq!(of_code(&dataset, "class_imbalance"), Vec::<String>::new());
    let strict = Params { max_imbalance: 2.0, ..Params::default() };
    let found = findings(&strict, &dataset).into_iter().find(|finding| finding.code == "class_imbalance");
    let found = found.expect("28 is more than twice 12");
    assert!(found.message.contains("has 2.3 times the clips of `calm`"), "{}", found.message);
    assert!(found.evidence.ends_with("surprise 16, calm 12"), "{}", found.evidence);
}

#[test]
fn an_empty_dataset_has_nothing_to_find() {
    let empty = Dataset::default();
    assert_eq!(findings(&Params::default(), &empty), []);
    let overview = overview(&empty);
    assert_eq!((overview.corpora.len(), overview.emotions.len(), overview.by_corpus.len()), (0, 1, 0));
    assert_eq!((overview.emotions[0].total, overview.emotions[0].share), (0, 0.0));
}

#[test]
fn tables_are_written_and_add_up() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let dataset = dataset();
    let summary = audit(folder.path(), &dataset).expect("audits");
    let out = folder.path().join("out");
    let rows = Balance::read_in(&out).expect("the stage wrote it");
    assert_eq!(rows.iter().map(|row| row.clips).sum::<u64>(), dataset.clips.len() as u64);
    let minutes: f64 = rows.iter().map(|row| row.minutes).sum();
    assert!((minutes - dataset.clips.len() as f64 * 0.05).abs() < 1e-9);
    let found = Finding::read_in(&out).expect("the stage wrote it");
    assert_eq!(found, findings(&Params::default(), &dataset));
    assert_eq!(summary.headline, "196 clips; 0 errors, 10 warnings, 5 remarks");
    assert_eq!(summary.notes.len(), 11, "ten findings, and where to read more");
    let measures = Measures::of(&Params::default(), &dataset.clips).expect("measures");
    let balance = ClassBalance::read_in(&out).expect("the stage wrote it");
    assert_eq!((balance.len(), &balance), (4, &measures.class_balance));
    let durations = Durations::read_in(&out).expect("the stage wrote it");
    assert_eq!(durations, measures.durations);
    assert!(durations.iter().all(|row| row.median_s == 3.0 && row.max_s == 3.0));
    let associations = Association::read_in(&out).expect("the stage wrote it");
    assert_eq!(associations, measures.associations);
    let shortcuts = Shortcut::read_in(&out).expect("the stage wrote it");
    assert_eq!(shortcuts, measures.shortcuts);
    assert_eq!(NearDuplicate::read_in(&out).expect("the stage wrote it"), []);
    assert_eq!(std::fs::read_dir(&out).expect("the folder is there").count(), Audit::OUTPUTS.len());
}

#[test]
fn findings_that_fail_on_names_fail_the_stage_and_keep_its_tables() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let dataset = dataset();
    let refused = folder.path().join("refused");
    let fail_on = |fail_on| Params { fail_on, ..Params::default() };

    let by_code = fail_on(FailOn::Codes(vec![Code::FewSpeakers, Code::SyntheticData]));
    let error = audit_with(&by_code, folder.path(), &dataset).expect_err("tess has two speakers");
    let AuditError::Refused { findings: found, tables } = &error else { panic!("{error}") };
    assert_eq!((found.len(), tables), (1, &refused));
    let text = error.to_string();
    assert!(
        text.starts_with("1 finding that `fail_on` asks to stop at:\n  warning few_speakers: tess has 2"),
        "{text}"
    );
    assert!(text.contains("(tess:0, tess:1)"), "{text}");
    assert!(text.contains(&format!("are in `{}`", refused.display())), "{text}");
    let kept = Finding::read_in(&refused).expect("the tables are kept");
    assert_eq!(kept, findings(&by_code, &dataset), "all findings, not only those that failed it");
    assert!(Audit::OUTPUTS.iter().all(|output| refused.join(output.file).is_file()));

    let by_severity = fail_on(FailOn::Severity(FailSeverity::Warning));
    let error = audit_with(&by_severity, folder.path(), &dataset).expect_err("there are warnings");
    assert!(error.to_string().starts_with("10 findings that"), "{error}");
    let passed = fail_on(FailOn::Severity(FailSeverity::Error));
    std::fs::remove_dir_all(&refused).expect("it was made");
    audit_with(&passed, folder.path(), &dataset).expect("there is no error");
    assert!(!refused.exists(), "an audit that passes refuses nothing");
}

#[test]
fn the_overview_counts_by_emotion_and_corpus() {
    let overview = overview(&dataset());
    assert_eq!(overview.corpora, ["crema_d", "ravdess", "tess"]);
    let calm = overview.emotions.iter().find(|row| row.emotion == Some(Emotion::CALM)).expect("ravdess has it");
    assert_eq!((calm.clips.as_slice(), calm.total, calm.speakers), ([0, 12, 0].as_slice(), 12, 6));
    let totals = overview.emotions.last().expect("totals come last");
    assert_eq!((totals.emotion, totals.clips.as_slice()), (None, [72, 96, 28].as_slice()));
    assert_eq!((totals.share, totals.speakers), (1.0, 14));
    let names: Vec<&str> = overview.by_corpus.iter().map(|row| row.corpus.as_str()).collect();
    assert_eq!(names, ["crema_d", "ravdess", "savee", "tess"], "absent corpora are listed");
    let ravdess = &overview.by_corpus[1];
    assert_eq!((ravdess.clips, ravdess.excluded, ravdess.status.as_str()), (96, 3, "ingested"));
    assert_eq!(ravdess.genders, [("female".to_owned(), 3), ("male".to_owned(), 3)]);
    assert_eq!(overview.by_corpus[2].status, "folder_missing");
    assert!(overview.by_corpus[2].minutes.is_sign_positive(), "not -0.0");
}

#[test]
fn a_manifest_without_its_tables_is_refused_by_file() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let error = Dataset::read(folder.path()).expect_err("there are none").to_string();
    assert!(error.contains("clips.parquet"), "{error}");
}
