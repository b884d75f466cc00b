//! The stage as the pipeline runs it: tables in, tables out, errors that name the clip.

use std::path::Path;

use ser_schemas::stage::{Quiet, StageContext, StageSummary};
use ser_schemas::{ClassMetrics, Clip, ConfusionCell, Emotion, Prediction, Provenance, SummaryMetric, Table};

use ser_evaluate::{EvaluateError, Inputs, Params, run};

fn clip(number: usize) -> Clip {
    let speaker = number % 4;
    let mut clip = Clip::found(format!("ravdess/{number}"), "ravdess".into(), format!("{number}.wav"), 1);
    clip.speaker = Some(format!("ravdess:{speaker}"));
    clip.gender = [Some("male"), Some("female"), None][speaker % 3].map(str::to_owned);
    clip.emotion = Some([Emotion::Angry, Emotion::Sad][number / 4 % 2]);
    clip
}

fn prediction(clip: &Clip, model: &str, number: usize) -> Prediction {
    let truth = clip.emotion.expect("every clip has one");
    Prediction {
        model: model.into(),
        split: "speaker_independent".into(),
        fold: (number % 2) as u32,
        clip_id: clip.clip_id.clone(),
        corpus: clip.corpus.clone(),
        speaker: clip.speaker.clone().expect("every clip has one"),
        emotion: truth,
        predicted: if number.is_multiple_of(5) { Emotion::Calm } else { truth },
        probabilities: vec![0.2, 0.3, 0.5],
        classes: "angry,calm,sad".into(),
    }
}

fn evaluate(folder: &Path, clips: &[Clip], trains: &[(&str, Vec<Prediction>)]) -> Result<StageSummary, EvaluateError> {
    Clip::write(&folder.join("clips.parquet"), clips, &Provenance::default()).expect("write clips");
    let folders: Vec<_> = trains.iter().map(|(name, _)| folder.join(name)).collect();
    for (folder, (_, rows)) in folders.iter().zip(trains) {
        std::fs::create_dir_all(folder).expect("create");
        Prediction::write(&folder.join("predictions.parquet"), rows, &Provenance::default()).expect("write rows");
    }
    let trains: Vec<(&str, &Path)> =
        trains.iter().zip(&folders).map(|((name, _), folder)| (*name, folder.as_path())).collect();
    let ctx = StageContext {
        provenance: Provenance::default(),
        seed: 42,
        base_dir: folder,
        out_dir: folder,
        work_dir: folder,
        previous_dir: None,
        state_dir: folder,
        observer: &Quiet,
    };
    run(&Params::default(), &Inputs { manifest: folder, trains: &trains }, &ctx)
}

fn rows<T: Table>(folder: &Path, file: &str) -> Vec<T> {
    T::read(&folder.join(file)).expect("the stage wrote it")
}

#[test]
fn all_tables_are_written_and_agree_with_each_other() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let net: Vec<_> = clips.iter().enumerate().map(|(number, clip)| prediction(clip, "net", number)).collect();
    let linear: Vec<_> =
        clips.iter().enumerate().map(|(number, clip)| prediction(clip, "linear", number + 1)).collect();
    let summary = evaluate(folder.path(), &clips, &[("net", net), ("linear", linear)]).expect("evaluates");
    assert_eq!(summary.rows, 80);
    assert_eq!(summary.notes.len(), 2);
    assert!(summary.notes[1].starts_with("net on speaker_independent: UAR 0.8"), "{:?}", summary.notes);

    assert_eq!(rows::<Prediction>(folder.path(), "predictions.parquet").len(), 80);
    let figures: Vec<SummaryMetric> = rows(folder.path(), "summary.parquet");
    let groups: Vec<(&str, &str)> = figures
        .iter()
        .filter(|row| row.model == "net" && row.metric == "uar")
        .map(|row| (row.group.as_str(), row.group_value.as_str()))
        .collect();
    assert_eq!(
        groups,
        [
            ("overall", "all"),
            ("fold", "0"),
            ("fold", "1"),
            ("corpus", "ravdess"),
            ("gender", "female"),
            ("gender", "male"),
            ("gender", "unknown"),
        ]
    );
    let overall = figures
        .iter()
        .find(|row| row.model == "net" && row.group == "overall" && row.metric == "accuracy")
        .expect("there is one");
    assert_eq!((overall.value, overall.support), (0.8, 40));
    assert!(overall.low.is_some_and(|low| low <= 0.8) && overall.high.is_some_and(|high| high >= 0.8));
    let female = figures.iter().find(|row| row.group_value == "female").expect("there is one");
    assert_eq!((female.low, female.high), (None, None), "one speaker cannot be resampled");

    let cells: Vec<ConfusionCell> = rows(folder.path(), "confusion.parquet");
    let classes: Vec<ClassMetrics> = rows(folder.path(), "classes.parquet");
    assert_eq!(cells.len(), 2 * 7 * 9, "all cells of three classes, zeros too");
    for class in &classes {
        let cells = cells.iter().filter(|cell| {
            cell.model == class.model
                && cell.group == class.group
                && cell.group_value == class.group_value
                && cell.emotion == class.emotion
        });
        assert_eq!(cells.clone().map(|cell| cell.clips).sum::<u64>(), class.support);
        let share: f64 = cells.map(|cell| cell.share).sum();
        assert!((share - f64::from(u8::from(class.support > 0))).abs() < 1e-12);
    }
    let calm = classes.iter().find(|class| class.emotion == Emotion::Calm).expect("the model knows it");
    assert_eq!((calm.precision, calm.recall, calm.f1, calm.support), (0.0, 0.0, 0.0, 0));
}

#[test]
fn the_same_seed_gives_the_same_intervals_whatever_else_is_evaluated() {
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let net: Vec<_> = clips.iter().enumerate().map(|(number, clip)| prediction(clip, "net", number)).collect();
    let other: Vec<_> = clips.iter().enumerate().map(|(number, clip)| prediction(clip, "a", number + 2)).collect();
    let alone = tempfile::tempdir().expect("temporary folder");
    let both = tempfile::tempdir().expect("temporary folder");
    evaluate(alone.path(), &clips, &[("net", net.clone())]).expect("evaluates");
    evaluate(both.path(), &clips, &[("a", other), ("net", net)]).expect("evaluates");
    let mut of_both: Vec<SummaryMetric> = rows(both.path(), "summary.parquet");
    of_both.retain(|row| row.model == "net");
    assert_eq!(rows::<SummaryMetric>(alone.path(), "summary.parquet"), of_both);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips: Vec<Clip> = (0..8).map(clip).collect();
    let good: Vec<_> = clips.iter().enumerate().map(|(number, clip)| prediction(clip, "net", number)).collect();
    let refused = |rows: Vec<Prediction>| {
        evaluate(folder.path(), &clips, &[("net", rows)]).expect_err("must be refused").to_string()
    };

    let mut twice = good.clone();
    twice.push(Prediction { fold: 3, ..good[0].clone() });
    let text = refused(twice);
    assert!(text.contains("clip `ravdess/0` in fold 0 and again in fold 3"), "{text}");

    let stranger = Prediction { clip_id: "tess/x".into(), ..good[0].clone() };
    assert!(refused(vec![stranger]).contains("`tess/x`, which the manifest does not have"));
    let relabelled = Prediction { emotion: Emotion::Fear, ..good[0].clone() };
    assert!(refused(vec![relabelled]).contains("`angry` in the manifest and `fear` in the predictions"));
    let short = Prediction { probabilities: vec![1.0], ..good[0].clone() };
    assert!(refused(vec![short]).contains("1 probabilities for 3 classes"));
    let not_a_number = Prediction { probabilities: vec![f32::NAN, 0.5, 0.5], ..good[0].clone() };
    assert!(refused(vec![not_a_number]).contains("found NaN"));
    let too_much = Prediction { probabilities: vec![0.5, 0.5, 0.5], ..good[0].clone() };
    assert!(refused(vec![too_much]).contains("add up to 1, found 1.5"));
    assert!(refused(vec![]).contains("`net` hold no predictions"));
}
