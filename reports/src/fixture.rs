//! A complete set of made-up artifacts, for tests: four corpora, a speaker-independent and a random protocol, three models.
//! Every figure is invented.

use std::path::{Path, PathBuf};

use ser_schemas::stage::{Quiet, StageContext, StageSummary};
use ser_schemas::{
    Balance, Check, CheckStatus, ClassMetrics, Clip, ConfusionCell, Corpus, CorpusStatus, Emotion, Epoch, Example,
    Exclusion, Finding, Provenance, Reason, Severity, SummaryMetric, Table,
};

use crate::{Error, Inputs, Params, PipelineInfo, StageInfo, run};

/// Corpus, speakers, and clips by emotion in alphabetical order: the sizes of the four full corpora, 12 162 clips in all.
const CORPORA: [(&str, usize, [usize; 8]); 4] = [
    ("crema_d", 91, [1271, 0, 1271, 1271, 1271, 1087, 1271, 0]),
    ("ravdess", 24, [192, 192, 192, 192, 192, 96, 192, 192]),
    ("savee", 4, [60, 0, 60, 60, 60, 120, 60, 60]),
    ("tess", 2, [400, 0, 400, 400, 400, 400, 400, 400]),
];

/// Model, split, UAR.
const MODELS: [(&str, &str, f64); 3] = [
    ("net", "speaker_independent", 0.613),
    ("net_per_speaker", "speaker_independent", 0.672),
    ("net_random", "random", 0.842),
];

/// Tables to write, and what to say about the run.
pub(crate) struct Fixture {
    pub clips: Vec<Clip>,
    pub exclusions: Vec<Exclusion>,
    pub corpora: Vec<Corpus>,
    pub balance: Vec<Balance>,
    pub findings: Option<Vec<Finding>>,
    pub examples: Vec<Example>,
    pub checks: Vec<(String, Vec<Check>)>,
    pub history: Vec<(String, Vec<Epoch>)>,
    pub classes: Vec<ClassMetrics>,
    pub summary: Vec<SummaryMetric>,
    pub confusion: Vec<ConfusionCell>,
    pub pipeline: PipelineInfo,
}

/// A rendered report and its folder.
pub(crate) struct Rendered {
    pub folder: tempfile::TempDir,
    pub html: String,
    pub summary: StageSummary,
}

impl Fixture {
    /// Everything that a full run leaves.
    pub(crate) fn complete() -> Self {
        let mut fixture = Self {
            clips: clips(),
            exclusions: exclusions(),
            corpora: corpora(),
            balance: Vec::new(),
            findings: Some(findings()),
            examples: Emotion::ALL.into_iter().map(example).collect(),
            checks: checks(),
            history: MODELS.iter().map(|(model, ..)| ((*model).to_owned(), history())).collect(),
            classes: Vec::new(),
            summary: Vec::new(),
            confusion: Vec::new(),
            pipeline: pipeline(),
        };
        fixture.balance = balance(&fixture.clips);
        for (model, split, uar) in MODELS {
            fixture.add_scores(model, split, uar);
        }
        fixture
    }

    fn add_scores(&mut self, model: &str, split: &str, uar: f64) {
        let mut groups = vec![("overall", "all", self.clips.len())];
        for (corpus, ..) in CORPORA {
            groups.push(("corpus", corpus, self.clips.iter().filter(|clip| clip.corpus == corpus).count()));
        }
        for gender in ["female", "male"] {
            let clips = self.clips.iter().filter(|clip| clip.gender.as_deref() == Some(gender)).count();
            groups.push(("gender", gender, clips));
        }
        for fold in ["0", "1", "2", "3", "4"] {
            groups.push(("fold", fold, self.clips.len() / 5));
        }
        for (place, (group, value, support)) in groups.into_iter().enumerate() {
            let shift = 0.02 * (place % 5) as f64 - 0.02;
            // Two speakers are too few to resample.
            let half = (value != "tess").then_some(0.04);
            for (metric, offset) in [("accuracy", 0.024), ("uar", 0.0), ("macro_f1", -0.008), ("weighted_f1", 0.012)] {
                let estimate = uar + offset + shift * f64::from(u8::from(group != "overall"));
                self.summary.push(SummaryMetric {
                    model: model.into(),
                    split: split.into(),
                    group: group.into(),
                    group_value: value.into(),
                    metric: metric.into(),
                    value: estimate,
                    low: half.map(|half| estimate - half),
                    high: half.map(|half| (estimate + half).min(1.0)),
                    support: support as u64,
                    speakers: if value == "tess" { 2 } else { 24 },
                });
            }
            for (number, emotion) in Emotion::ALL.into_iter().enumerate() {
                let clips = self.clips.iter().filter(|clip| {
                    clip.emotion == Some(emotion)
                        && match group {
                            "corpus" => clip.corpus == value,
                            "gender" => clip.gender.as_deref() == Some(value),
                            _ => true,
                        }
                });
                let support = clips.count() as u64;
                let tested = f64::from(u8::from(support > 0));
                let recall = (uar + 0.05 * (number as f64 - 3.5) / 3.5 + shift) * tested;
                let end = |distance: f64| half.map(|_| (recall + distance).clamp(0.0, 1.0));
                self.classes.push(ClassMetrics {
                    model: model.into(),
                    split: split.into(),
                    group: group.into(),
                    group_value: value.into(),
                    emotion,
                    precision: recall,
                    precision_low: end(-0.05),
                    precision_high: end(0.05),
                    recall,
                    recall_low: end(-0.06),
                    recall_high: end(0.06),
                    f1: recall,
                    f1_low: end(-0.05),
                    f1_high: end(0.05),
                    support,
                    speakers: if value == "tess" { 2 } else { 24 },
                });
                for (other, predicted) in Emotion::ALL.into_iter().enumerate() {
                    let share = if emotion == predicted {
                        recall
                    } else {
                        (1.0 - recall) * [0.05, 0.25, 0.1, 0.2, 0.1, 0.15, 0.1, 0.05][(other + number) % 8]
                    };
                    self.confusion.push(ConfusionCell {
                        model: model.into(),
                        split: split.into(),
                        group: group.into(),
                        group_value: value.into(),
                        emotion,
                        predicted,
                        clips: (share * support as f64).round() as u64,
                        share: share * tested,
                    });
                }
            }
        }
    }

    /// Forgets every score of `model`.
    pub(crate) fn without_model(mut self, model: &str) -> Self {
        self.summary.retain(|row| row.model != model);
        self.classes.retain(|row| row.model != model);
        self.confusion.retain(|row| row.model != model);
        self.history.retain(|(name, _)| name != model);
        self
    }

    /// Writes the tables and makes the report from them.
    pub(crate) fn render(&self, params: &Params) -> Result<Rendered, Error> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let root = folder.path();
        write(root, "manifest", "clips", &self.clips);
        write(root, "manifest", "exclusions", &self.exclusions);
        write(root, "manifest", "corpora", &self.corpora);
        if let Some(findings) = &self.findings {
            write(root, "audit", "balance", &self.balance);
            write(root, "audit", "findings", findings);
        }
        write(root, "evaluate", "classes", &self.classes);
        write(root, "evaluate", "summary", &self.summary);
        write(root, "evaluate", "confusion", &self.confusion);
        std::fs::create_dir_all(root.join("features")).expect("folder");
        if !self.examples.is_empty() {
            write(root, "features", "examples", &self.examples);
        }
        for (name, checks) in &self.checks {
            write(root, name, "checks", checks);
        }
        for (name, epochs) in &self.history {
            write(root, name, "history", epochs);
        }
        let (manifest, audit, features, evaluate) =
            (root.join("manifest"), root.join("audit"), root.join("features"), root.join("evaluate"));
        let folders = |names: Vec<&String>| -> Vec<(String, PathBuf)> {
            names.into_iter().map(|name| (name.clone(), root.join(name))).collect()
        };
        let splits = folders(self.checks.iter().map(|(name, _)| name).collect());
        let trains = folders(self.history.iter().map(|(name, _)| name).collect());
        let inputs = Inputs {
            pipeline: self.pipeline.clone(),
            manifest: &manifest,
            audit: self.findings.as_ref().map(|_| audit.as_path()),
            features: Some(&features),
            splits: splits.iter().map(|(name, path)| (name.clone(), path.as_path())).collect(),
            trains: trains.iter().map(|(name, path)| (name.clone(), path.as_path())).collect(),
            evaluate: &evaluate,
        };
        let out = root.join("report");
        std::fs::create_dir_all(&out).expect("folder");
        let context = StageContext {
            provenance: provenance("report"),
            seed: 42,
            base_dir: root,
            out_dir: &out,
            work_dir: root,
            previous_dir: None,
            state_dir: root,
            observer: &Quiet,
        };
        let summary = run(params, &inputs, &context)?;
        let html = std::fs::read_to_string(out.join("index.html")).expect("page");
        Ok(Rendered { folder, html, summary })
    }
}

fn write<T: Table>(root: &Path, stage: &str, table: &str, rows: &[T]) {
    let folder = root.join(stage);
    std::fs::create_dir_all(&folder).expect("folder");
    T::write(&folder.join(format!("{table}.parquet")), rows, &provenance(stage)).expect("table");
}

fn provenance(stage: &str) -> Provenance {
    Provenance { pipeline: "four-corpora".into(), stage: stage.into(), fingerprint: format!("f00d-{stage}") }
}

fn clips() -> Vec<Clip> {
    let mut clips = Vec::new();
    for (corpus, speakers, counts) in CORPORA {
        for (emotion, count) in Emotion::ALL.into_iter().zip(counts) {
            for number in 0..count {
                let id = format!("{corpus}/{emotion}-{number}");
                let mut clip = Clip::found(id.clone(), corpus.into(), format!("data/{id}.wav"), 80_000);
                clip.emotion = Some(emotion);
                clip.speaker = Some(format!("{corpus}:{}", number % speakers));
                clip.gender = Some(if number % speakers % 2 == 0 { "female" } else { "male" }.into());
                clip.duration_s = Some(2.5);
                clips.push(clip);
            }
        }
    }
    clips
}

fn corpora() -> Vec<Corpus> {
    let corpus = |name: &str, title: &str, clips: u64| Corpus {
        corpus: name.into(),
        title: title.into(),
        root: format!("data/{name}"),
        status: CorpusStatus::Ingested,
        synthetic: false,
        files: clips + 2,
        clips,
        expected_files: Some(clips + 2),
        shortfall: None,
        language: Some("en".into()),
        licence: Some("CC BY-NC-SA 4.0".into()),
        citation: Some("Somebody et al. (2018). A corpus of acted speech.".into()),
        url: Some(format!("https://example.org/{name}")),
    };
    let mut rows = vec![
        corpus("crema_d", "CREMA-D", 8713 - 1271),
        corpus("ravdess", "RAVDESS (speech)", 1440),
        corpus("savee", "SAVEE", 480),
        corpus("tess", "Toronto Emotional Speech Set", 2800),
    ];
    rows.push(Corpus {
        status: CorpusStatus::FolderMissing,
        files: 0,
        clips: 0,
        ..corpus("emodb", "Berlin Database of Emotional Speech", 535)
    });
    rows
}

fn exclusions() -> Vec<Exclusion> {
    (0..70)
        .map(|number| Exclusion {
            clip_id: format!("ravdess/x-{number}"),
            path: format!("data/ravdess/Actor_07/03-01-03-01-02-01-{number:02}.wav"),
            corpus: "ravdess".into(),
            reason: [Reason::Duplicate, Reason::Silent, Reason::Truncated][number % 3],
            detail: "same audio as ravdess/Actor_07/03-01-03-01-02-02-07, kept by path".into(),
        })
        .collect()
}

fn balance(clips: &[Clip]) -> Vec<Balance> {
    let mut rows = Vec::new();
    for (corpus, speakers, _) in CORPORA {
        for emotion in Emotion::ALL {
            let of = clips.iter().filter(|clip| clip.corpus == corpus && clip.emotion == Some(emotion)).count() as u64;
            if of > 0 {
                rows.push(Balance {
                    corpus: corpus.into(),
                    emotion,
                    gender: "unknown".into(),
                    intensity: "unspecified".into(),
                    language: "en".into(),
                    clips: of,
                    minutes: of as f64 / 24.0,
                    speakers: speakers as u64,
                });
            }
        }
    }
    rows
}

fn findings() -> Vec<Finding> {
    let finding = |severity, code: &str, message: &str, evidence: &str| Finding {
        severity,
        code: code.into(),
        message: message.into(),
        evidence: evidence.into(),
    };
    vec![
        finding(Severity::Info, "sample_rates", "Corpora differ in sample rate.", "16 000, 24 414, 44 100, 48 000 Hz"),
        finding(Severity::Warning, "class_in_one_corpus", "calm exists in ravdess only.", "192 of 192 clips"),
        finding(Severity::Warning, "gender_confounded", "tess is all female, savee all male.", "Cramér's V 0.42"),
    ]
}

fn checks() -> Vec<(String, Vec<Check>)> {
    let check = |name: &str, fold, status, offenders| Check {
        check: name.into(),
        fold: Some(fold),
        status,
        offenders,
        detail: if offenders > 0 { "ravdess:07, ravdess:08, ...".into() } else { String::new() },
    };
    let of = |status, offenders| {
        (0..5)
            .flat_map(|fold| {
                [
                    check("speaker_disjoint", fold, status, offenders),
                    check("audio_disjoint", fold, CheckStatus::Passed, 0),
                ]
            })
            .collect::<Vec<_>>()
    };
    vec![
        ("speaker_independent".to_owned(), of(CheckStatus::Passed, 0)),
        ("random".to_owned(), of(CheckStatus::Noted, 121)),
    ]
}

fn history() -> Vec<Epoch> {
    (0..5u32)
        .flat_map(|fold| {
            (1..=40u32).map(move |epoch| {
                let progress = 1.0 - (-f64::from(epoch) / 12.0).exp();
                let wobble = 0.02 * f64::from((epoch * 7 + fold * 3) % 5) - 0.04;
                Epoch {
                    fold,
                    epoch,
                    train_loss: 2.08 - 1.75 * progress,
                    train_accuracy: 0.125 + 0.8 * progress,
                    validation_loss: Some(2.08 - 0.9 * progress + 0.004 * f64::from(epoch) + wobble),
                    validation_accuracy: Some(0.125 + 0.47 * progress + wobble + 0.01 * f64::from(fold)),
                    validation_uar: Some(0.125 + 0.46 * progress + wobble),
                    learning_rate: 1e-3,
                    seconds: 7.5,
                    best: epoch == 29 + fold,
                }
            })
        })
        .collect()
}

fn example(emotion: Emotion) -> Example {
    const PIECES: usize = 600;
    const FRAMES: usize = 300;
    const BANDS: u32 = 64;
    let swing = |at: f64| ((at * 9.0).sin().abs() * (1.0 - (2.0 * at - 1.0).powi(2))).max(0.01);
    let envelope: Vec<f32> = (0..PIECES)
        .map(|piece| {
            let noise = 0.6 + 0.4 * f64::from((piece * 7919 % 101) as u32) / 101.0;
            (swing(piece as f64 / PIECES as f64) * noise * 0.4) as f32
        })
        .collect();
    let level = |frame: usize, band: u32| {
        let voice = swing(frame as f64 / FRAMES as f64).log10() * 20.0;
        let harmonics = 9.0 * (f64::from(band) * (0.9 + 0.1 * (frame as f64 / 40.0).sin())).cos();
        (voice + harmonics - 0.6 * f64::from(band) - 9.0).clamp(-80.0, 0.0) as f32
    };
    Example {
        clip_id: format!("ravdess/Actor_01/{emotion}"),
        emotion,
        corpus: "ravdess".into(),
        speaker: "ravdess:01".into(),
        duration_s: 3.0,
        max_hz: 8000.0,
        envelope_min: envelope.iter().map(|sample| -0.9 * sample).collect(),
        envelope_max: envelope,
        bands: BANDS,
        spectrogram_db: (0..FRAMES).flat_map(|frame| (0..BANDS).map(move |band| level(frame, band))).collect(),
    }
}

fn pipeline() -> PipelineInfo {
    let stage = |name: &str, kind: &str, from: &[&str], params| StageInfo {
        name: name.into(),
        kind: kind.into(),
        from: from.iter().map(|name| (*name).to_owned()).collect(),
        params,
    };
    let train = |standardise: &str| {
        serde_json::json!({
            "standardise": standardise, "epochs": 40, "device": "flex",
            "optimizer": {"kind": "adamw", "learning_rate": 0.001}, "convolutions": [64, 128, 128], "resume": null
        })
    };
    let ingest =
        |name: &str| stage(name, "ingest", &[], serde_json::json!({"corpus": name, "root": format!("data/{name}")}));
    PipelineInfo {
        name: "four-corpora".into(),
        seed: 42,
        version: "0.1.0".into(),
        stages: vec![
            ingest("crema_d"),
            ingest("ravdess"),
            ingest("savee"),
            ingest("tess"),
            stage(
                "manifest",
                "manifest",
                &["crema_d", "ravdess", "savee", "tess"],
                serde_json::json!({"sample_rate_hz": 16000}),
            ),
            stage("audit", "audit", &["manifest"], serde_json::json!({})),
            stage("features", "features", &["manifest"], serde_json::json!({"log_mel": {"bands": 64}})),
            stage(
                "speaker_independent",
                "split",
                &["manifest"],
                serde_json::json!({"protocol": "speaker-independent", "folds": 5}),
            ),
            stage("random", "split", &["manifest"], serde_json::json!({"protocol": "random", "folds": 5})),
            stage("net", "train", &["features", "speaker_independent"], train("training")),
            stage("net_per_speaker", "train", &["features", "speaker_independent"], train("speaker")),
            stage("net_random", "train", &["features", "random"], train("training")),
            stage(
                "evaluate",
                "evaluate",
                &["net", "net_per_speaker", "net_random"],
                serde_json::json!({"resamples": 1000}),
            ),
        ],
        source: "name = \"four-corpora\"\nseed = 42\n\n[stage.ravdess]\nkind = \"ingest\"\ncorpus = \"ravdess\"\n"
            .into(),
    }
}
