//! The stage as the pipeline runs it: tables in, tables out, errors that name the clip.

use std::path::Path;

use ser_schemas::{
    Adaptation, Assignment, CalibrationBin, CheckStatus, ClassMetrics, Clip, Comparison, ComparisonKind,
    ComparisonTest, ConfusionCell, Coverage, CrossCorpus, Emotion, Exposure, KEY_HELD_OUT, KEY_PROTOCOL, LabelError,
    ModelCheck, Perceived, Prediction, Provenance, Role, Standardisation, StandardisationLimit, StandardisationTrial,
    Statistics, SummaryMetric, Table, Use, WorstGroup,
};
use ser_stage::{Context, Outcome};

use ser_evaluate::{EvaluateError, Inputs, Params, on_validation, run};

fn clip(number: usize) -> Clip {
    let speaker = number % 4;
    let mut clip = Clip::found(format!("ravdess/{number}"), "ravdess".into(), format!("{number}.wav"), 1);
    clip.speaker = Some(format!("ravdess:{speaker}"));
    clip.gender = [Some("male"), Some("female"), None][speaker % 3].map(str::to_owned);
    clip.emotion = Some([Emotion::ANGRY, Emotion::SAD][number / 4 % 2]);
    clip
}

fn prediction(clip: &Clip, model: &str, number: usize) -> Prediction {
    let truth = clip.emotion.expect("every clip has one");
    Prediction {
        model: model.into(),
        split: "speaker_independent".into(),
        fold: (number % 2) as u32,
        seed: None,
        clip_id: clip.clip_id.clone(),
        corpus: clip.corpus.clone(),
        speaker: clip.speaker.clone().expect("every clip has one"),
        emotion: truth,
        predicted: if number.is_multiple_of(5) { Emotion::CALM } else { truth },
        probabilities: vec![0.2, 0.3, 0.5],
        classes: "angry,calm,sad".into(),
    }
}

/// Tables of a stage of a model; tables of a split.
#[derive(Default, Clone)]
struct Model {
    predictions: Vec<Prediction>,
    validation: Vec<Prediction>,
    exposures: Option<Vec<Exposure>>,
    recipe: Option<&'static str>,
    standardisation: Option<Standardisation>,
    trials: Vec<StandardisationTrial>,
}

impl Model {
    fn of(predictions: Vec<Prediction>) -> Self {
        Self { predictions, ..Self::default() }
    }

    fn write(&self, folder: &Path, splits: &[Split<'_>]) {
        std::fs::create_dir_all(folder).expect("create");
        let none = Provenance::default();
        let models: Vec<ser_schemas::Model> =
            self.predictions.first().map(|row| self.about(row, splits)).into_iter().collect();
        ser_schemas::Model::write_in(folder, &models, &none).expect("write");
        Prediction::write_in(folder, &self.predictions, &none).expect("write");
        Prediction::write(&folder.join(Prediction::VALIDATION.file), &self.validation, &none).expect("write");
        if let Some(rows) = &self.exposures {
            Exposure::write_in(folder, rows, &none).expect("write");
        }
        if !self.trials.is_empty() {
            StandardisationTrial::write_in(folder, &self.trials, &none).expect("write");
        }
    }
}

impl Model {
    fn about(&self, row: &Prediction, splits: &[Split<'_>]) -> ser_schemas::Model {
        ser_schemas::Model {
            model: row.model.clone(),
            split: row.split.clone(),
            protocol: splits.iter().find(|split| split.0 == row.split).map(|split| protocol(split.1)[0].1.clone()),
            held_out: splits
                .iter()
                .find(|split| split.0 == row.split)
                .and_then(|split| Some(protocol(split.1).get(1)?.1.clone())),
            recipe: self.recipe.unwrap_or(&row.model).to_owned(),
            standardisation: self.standardisation,
            ..ser_schemas::Model::default()
        }
    }
}

/// Name, protocol and what it holds out (`leave-one-out by language`), and roles.
type Split<'a> = (&'a str, &'a str, Vec<Assignment>);

/// The metadata of the table of a split.
fn protocol(told: &str) -> Vec<(&'static str, String)> {
    let (protocol, held_out) = told.split_once(" by ").map_or((told, None), |(word, by)| (word, Some(by)));
    let held_out = held_out.map(|by| (KEY_HELD_OUT, by.to_owned()));
    [(KEY_PROTOCOL, protocol.to_owned())].into_iter().chain(held_out).collect()
}

fn evaluate_with(
    folder: &Path,
    clips: &[Clip],
    models: &[(&str, Model)],
    splits: &[Split<'_>],
) -> Result<Outcome, EvaluateError> {
    evaluate_as(&Params::default(), folder, clips, models, splits)
}

fn evaluate_as(
    params: &Params,
    folder: &Path,
    clips: &[Clip],
    models: &[(&str, Model)],
    splits: &[Split<'_>],
) -> Result<Outcome, EvaluateError> {
    Clip::write_in(folder, clips, &Provenance::default()).expect("write clips");
    let folders: Vec<_> = models.iter().map(|(name, _)| folder.join(name)).collect();
    folders.iter().zip(models).for_each(|(folder, (_, model))| model.write(folder, splits));
    let models: Vec<(&str, &Path)> =
        models.iter().zip(&folders).map(|((name, _), folder)| (*name, folder.as_path())).collect();
    let split_folders: Vec<_> = splits.iter().map(|(name, _, _)| folder.join("splits").join(name)).collect();
    for (folder, (_, told, rows)) in split_folders.iter().zip(splits) {
        std::fs::create_dir_all(folder).expect("create");
        let path = Assignment::file_in(folder);
        Assignment::write_with(&path, rows, &Provenance::default(), &protocol(told)).expect("write");
    }
    let splits: Vec<(&str, &Path)> =
        splits.iter().zip(&split_folders).map(|((name, _, _), folder)| (*name, folder.as_path())).collect();
    let ctx = Context::alone(folder);
    run(params, &Inputs { manifest: folder, models: &models, splits: &splits }, &ctx)
}

fn evaluate(folder: &Path, clips: &[Clip], models: &[(&str, Vec<Prediction>)]) -> Result<Outcome, EvaluateError> {
    let models: Vec<(&str, Model)> = models.iter().map(|(name, rows)| (*name, Model::of(rows.clone()))).collect();
    evaluate_with(folder, clips, &models, &[])
}

fn rows<T: Table>(folder: &Path) -> Vec<T> {
    T::read_in(folder).expect("the stage wrote it")
}

#[test]
fn all_tables_are_written_and_agree_with_each_other() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let net: Vec<_> = clips.iter().enumerate().map(|(number, clip)| prediction(clip, "net", number)).collect();
    let linear: Vec<_> =
        clips.iter().enumerate().map(|(number, clip)| prediction(clip, "linear", number + 1)).collect();
    let summary = evaluate(folder.path(), &clips, &[("net", net.clone()), ("linear", linear)]).expect("evaluates");
    assert_eq!(summary.rows, 80);
    assert_eq!(summary.notes.len(), 2);
    assert!(summary.notes[1].starts_with("net on speaker_independent: UAR 0.8"), "{:?}", summary.notes);

    assert_eq!(rows::<Prediction>(folder.path()).len(), 80);
    let models: Vec<ser_schemas::Model> = rows(folder.path());
    assert_eq!(models.iter().map(|row| row.model.as_str()).collect::<Vec<_>>(), ["net", "linear"]);
    let figures: Vec<SummaryMetric> = rows(folder.path());
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
            ("speaker", "ravdess:0"),
            ("speaker", "ravdess:1"),
            ("speaker", "ravdess:2"),
            ("speaker", "ravdess:3"),
        ]
    );
    let overall = figures
        .iter()
        .find(|row| row.model == "net" && row.group == "overall" && row.metric == "accuracy")
        .expect("there is one");
    assert_eq!((overall.value, overall.support, overall.speakers), (0.8, 40, 4));
    assert!(overall.low.is_some_and(|low| low <= 0.8) && overall.high.is_some_and(|high| high >= 0.8));
    let female = figures.iter().find(|row| row.group_value == "female").expect("there is one");
    assert_eq!((female.low, female.high), (None, None), "one speaker cannot be resampled");

    let cells: Vec<ConfusionCell> = rows(folder.path());
    let classes: Vec<ClassMetrics> = rows(folder.path());
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
    let calm = classes.iter().find(|class| class.emotion == Emotion::CALM).expect("the model knows it");
    assert_eq!((calm.precision, calm.recall, calm.f1, calm.support), (0.0, 0.0, 0.0, 0));
    assert_eq!((calm.recall_low, calm.speakers), (None, 0), "there is nothing to be sure of");

    let worst = |group: &str| {
        let found: Vec<WorstGroup> = rows(folder.path());
        found.into_iter().find(|row| row.model == "net" && row.group == group)
    };
    assert_eq!(worst("gender"), None, "two of three have too few clips to be compared");
    let params = Params { worst_group_clips: 10, ..Params::default() };
    evaluate_as(&params, folder.path(), &clips, &[("net", Model::of(net))], &[]).expect("evaluates");
    let lowest = figures
        .iter()
        .filter(|row| row.model == "net" && row.group == "gender" && row.metric == "uar")
        .min_by(|a, b| a.value.total_cmp(&b.value))
        .expect("three genders");
    let found = worst("gender").expect("three genders");
    assert_eq!((found.compared, found.left_out), (3, 0));
    assert_eq!((&found.group_value, found.value), (&lowest.group_value, lowest.value));
    assert!(found.value <= found.overall);
    assert_eq!(worst("speaker").expect("four speakers").compared, 4);
}

/// Clips 0 to 39 by the four speakers; fold 0 tests the even ones, fold 1 the odd ones.
fn world() -> (Vec<Clip>, Model, Vec<Assignment>) {
    let clips: Vec<Clip> = (0..40)
        .map(|number| {
            let mut clip = clip(number);
            clip.speaker = Some(format!("ravdess:{}", number % 2 + 2 * (number / 20)));
            clip.audio_hash = Some(format!("audio {number}"));
            clip
        })
        .collect();
    let mut assignments = Vec::new();
    let mut exposures = Vec::new();
    for fold in 0..2 {
        for (number, clip) in clips.iter().enumerate() {
            let role = if number % 2 == fold {
                Role::Test
            } else if number < 4 {
                Role::Validation
            } else {
                Role::Train
            };
            let fold = fold as u32;
            assignments.push(Assignment { clip_id: clip.clip_id.clone(), fold, role });
            let uses: &[Use] = match role {
                Role::Train => &[Use::Weights, Use::Standardisation, Use::Augmentation],
                Role::Validation => &[Use::Selection],
                Role::Test => &[],
            };
            exposures.extend(uses.iter().map(|used_for| Exposure {
                fold,
                clip_id: clip.clip_id.clone(),
                used_for: *used_for,
            }));
        }
    }
    let predictions = clips.iter().enumerate().map(|(number, clip)| prediction(clip, "net", number)).collect();
    let model = Model { exposures: Some(exposures), ..Model::of(predictions) };
    (clips, model, assignments)
}

const SPLIT: &str = "speaker_independent";

#[test]
fn a_planted_leak_fails_and_names_the_clip() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (clips, model, assignments) = world();
    let judge = |model: &Model| {
        let split = (SPLIT, SPLIT_PROTOCOL, assignments.clone());
        let outcome = evaluate_with(folder.path(), &clips, &[("net", model.clone())], &[split]);
        let checks: Vec<ModelCheck> = rows(folder.path());
        (outcome.map_err(|error| error.to_string()), checks)
    };
    let (outcome, checks) = judge(&model);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(checks.len(), 2 * 8);
    assert!(checks.iter().all(|check| check.status == CheckStatus::Passed), "{checks:?}");

    let mut leaking = model.clone();
    let shown = Exposure { fold: 1, clip_id: "ravdess/7".into(), used_for: Use::Weights };
    leaking.exposures.as_mut().expect("the world tells").push(shown);
    let (outcome, checks) = judge(&leaking);
    let text = outcome.expect_err("a planted leak");
    assert!(text.contains("check `weights_saw_no_test_clip` failed in fold 1: ravdess/7 (1 in all)"), "{text}");
    assert!(checks.iter().any(|row| row.check == "weights_saw_no_test_clip" && row.status == CheckStatus::Failed));

    // Nothing is told of how it was used, but it has a validation prediction.
    let mut leaking = model.clone();
    leaking.validation.push(leaking.predictions[4].clone());
    let text = judge(&leaking).0.expect_err("a test clip is validated on");
    assert!(text.contains("`selection_saw_no_test_clip` failed in fold 0: ravdess/4"), "{text}");
}

const SPLIT_PROTOCOL: &str = "speaker-independent";

/// Says what is true with `confidence`, and is right in three clips of four.
fn confident(clips: &[Clip], model: &str, split: &str, confidence: f32, wrong: usize) -> Vec<Prediction> {
    let each = clips.iter().enumerate().map(|(number, clip)| {
        let truth = clip.emotion.expect("every clip has one");
        let other = if truth == Emotion::ANGRY { Emotion::SAD } else { Emotion::ANGRY };
        let said = if number % 4 < wrong { other } else { truth };
        let share = if said == Emotion::ANGRY { confidence } else { 1.0 - confidence };
        Prediction {
            split: split.into(),
            predicted: said,
            probabilities: vec![share, 1.0 - share],
            classes: "angry,sad".into(),
            ..prediction(clip, model, number)
        }
    });
    each.collect()
}

#[test]
fn temperatures_come_from_validation_clips_and_put_confidence_right() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (clips, mut model, _) = world();
    model.predictions = confident(&clips, "net", SPLIT, 0.9, 1);
    model.exposures = None;
    let outcome = evaluate_with(folder.path(), &clips, &[("net", model.clone())], &[]);
    assert!(outcome.is_ok(), "{outcome:?}");
    let figure = |metric: &str| {
        let summary: Vec<SummaryMetric> = rows(folder.path());
        summary.into_iter().find(|row| row.group == "overall" && row.metric == metric)
    };
    // Three of four right at a confidence of 0.9.
    assert!((figure("ece").expect("computed").value - 0.15).abs() < 1e-6);
    let brier = (0.75 * 2.0 * 0.01) + (0.25 * 2.0 * 0.81);
    assert!((figure("brier").expect("computed").value - brier).abs() < 1e-6);
    assert!(figure("ece_scaled").is_none(), "no validation clips, no temperature");

    // Validation clips that no fold tests.
    let strangers: Vec<Clip> = (0..40)
        .map(|number| Clip { clip_id: format!("ravdess/v{number}"), audio_hash: None, ..clips[number].clone() })
        .collect();
    for fold in 0..2 {
        let mut rows = confident(&strangers, "net", SPLIT, 0.9, 1);
        for row in &mut rows {
            row.fold = fold;
        }
        model.validation.extend(rows);
    }
    let all = [clips.clone(), strangers].concat();
    evaluate_with(folder.path(), &all, &[("net", model)], &[]).expect("evaluates");
    let scaled = figure("ece_scaled").expect("both folds have validation clips");
    assert!(scaled.value < 1e-4, "{scaled:?}");
    assert!(figure("log_loss_scaled").expect("computed").value < figure("log_loss").expect("computed").value);
    let summary: Vec<SummaryMetric> = rows(folder.path());
    let temperatures: Vec<f64> =
        summary.iter().filter(|row| row.metric == "temperature").map(|row| row.value).collect();
    // ln 9 / ln 3: what makes 0.9 into 0.75.
    assert_eq!(temperatures.len(), 2);
    assert!(temperatures.iter().all(|temperature| (temperature - 2.0).abs() < 1e-3), "{temperatures:?}");
    let bins: Vec<CalibrationBin> = rows(folder.path());
    let told: Vec<(bool, u32, u64)> = bins.iter().map(|bin| (bin.scaled, bin.bin, bin.clips)).collect();
    assert_eq!(told, [(false, 13, 40), (true, 11, 40)]);
}

/// Half of the clips are answered with 0.92, all right, half with 0.62, of which half are right; of each speaker as many.
#[test]
fn a_model_that_may_say_nothing_answers_for_fewer_clips_and_better() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (clips, mut model, _) = world();
    model.exposures = None;
    let sure = confident(&clips, "net", SPLIT, 0.92, 0);
    let unsure = |wrong| confident(&clips, "net", SPLIT, 0.62, wrong);
    let (right, wrong) = (unsure(0), unsure(4));
    let pick = |number: usize| match number % 8 {
        0 | 1 | 4 | 5 => sure[number].clone(),
        2 | 3 => right[number].clone(),
        _ => wrong[number].clone(),
    };
    model.predictions = (0..clips.len()).map(pick).collect();
    evaluate_with(folder.path(), &clips, &[("net", model.clone())], &[]).expect("evaluates");
    let found: Vec<Coverage> = rows(folder.path());
    assert_eq!(found.len(), 20);
    for row in &found {
        assert!(!row.scaled, "no validation clips");
        let (clips, coverage, accuracy) = match row.threshold {
            low if low < 0.61 => (40, 1.0, Some(0.75)),
            middle if middle < 0.91 => (20, 0.5, Some(1.0)),
            _ => (0, 0.0, None),
        };
        assert_eq!((row.clips, row.coverage, row.accuracy, row.uar), (clips, coverage, accuracy, accuracy), "{row:?}");
        assert_eq!(row.speakers, if clips == 0 { 0 } else { 4 }, "{row:?}");
        assert_eq!(row.accuracy_low.is_some(), clips == 40, "none of the twenty is wrong: {row:?}");
        assert_eq!(row.uar_high.is_some(), clips > 0, "{row:?}");
        let around = |low: Option<f64>, value: f64, high: Option<f64>| {
            low.is_none_or(|low| (0.0..=value).contains(&low)) && high.is_none_or(|high| (value..=1.0).contains(&high))
        };
        assert!(around(row.coverage_low, coverage, row.coverage_high), "{row:?}");
        assert!(accuracy.is_none_or(|value| around(row.accuracy_low, value, row.accuracy_high)), "{row:?}");
        assert_eq!(row.coverage_low.is_some(), clips == 20, "{row:?}");
    }

    // The same answers at a temperature: other thresholds, the same curve.
    let other_fold = |row: &Prediction| Prediction { fold: 1 - row.fold, ..row.clone() };
    model.validation = model.predictions.iter().map(other_fold).collect();
    evaluate_with(folder.path(), &clips, &[("net", model.clone())], &[]).expect("evaluates");
    let scaled: Vec<Coverage> = rows(folder.path());
    assert!(scaled.iter().all(|row| row.scaled) && scaled[0].coverage == 1.0);
    assert!(scaled.is_sorted_by(|a, b| a.coverage >= b.coverage));
    let halves = |rows: &[Coverage]| rows.iter().filter(|row| row.clips == 20).all(|row| row.accuracy == Some(1.0));
    assert!(halves(&scaled) && scaled.iter().any(|row| row.clips == 20), "{scaled:?}");
    let params = Params { temperature_scaling: false, ..Params::default() };
    evaluate_as(&params, folder.path(), &clips, &[("net", model)], &[]).expect("evaluates");
    assert_eq!(rows::<Coverage>(folder.path()), found);
}

/// Of several seeds the answer is one: that of the mean of their probabilities, at the temperature that fits this mean.
#[test]
fn coverage_of_several_seeds_is_that_of_their_mean() {
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let net = seeds(&clips, "net", 3);
    let averaged = |first: &Prediction| {
        let own: Vec<&Prediction> = net.iter().filter(|row| row.clip_id == first.clip_id).collect();
        let mean = |class: usize| own.iter().map(|row| row.probabilities[class]).sum::<f32>() / own.len() as f32;
        let probabilities = vec![mean(0), mean(1)];
        let predicted = if probabilities[1] > probabilities[0] { Emotion::SAD } else { Emotion::ANGRY };
        Prediction { seed: None, predicted, probabilities, ..first.clone() }
    };
    let mean: Vec<Prediction> = net.iter().filter(|row| row.seed == Some(0)).map(averaged).collect();
    let found = [net, mean].map(|predictions| {
        let other_fold = |row: &Prediction| Prediction { fold: 1 - row.fold, ..row.clone() };
        let model = Model { validation: predictions.iter().map(other_fold).collect(), ..Model::of(predictions) };
        let folder = tempfile::tempdir().expect("temporary folder");
        evaluate_with(folder.path(), &clips, &[("net", model)], &[]).expect("evaluates");
        rows::<Coverage>(folder.path())
    });
    assert!(found[0].iter().all(|row| row.scaled) && found[0][0].clips == 40);
    assert_eq!(found[0], found[1]);
}

/// In every voice the model hears anger: with 0.95 where it is, with 0.6 where it is sadness. Of each speaker's five clips of an
/// emotion, three are labelled at most.
#[test]
fn labelled_clips_of_a_speaker_put_right_what_a_voice_does_to_the_answers() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let answers = |model: &str| -> Model {
        let each = clips.iter().enumerate().map(|(number, clip)| {
            let share = if clip.emotion == Some(Emotion::ANGRY) { 0.95 } else { 0.6 };
            Prediction {
                predicted: Emotion::ANGRY,
                probabilities: vec![share, 1.0 - share],
                classes: "angry,sad".into(),
                ..prediction(clip, model, number)
            }
        });
        Model::of(each.collect())
    };
    let models = [("net", answers("net")), ("other", answers("other"))];
    evaluate_with(folder.path(), &clips, &models, &[]).expect("evaluates");
    let found: Vec<Adaptation> = rows(folder.path());
    let told: Vec<(&str, u32, f64)> = found.iter().map(|row| (row.model.as_str(), row.clips, row.labelled)).collect();
    assert_eq!(told, [("net", 1, 2.0), ("net", 3, 6.0), ("other", 1, 2.0), ("other", 3, 6.0)]);
    for row in &found {
        assert_eq!((row.uar, row.unadapted_uar, row.uar_gain), (1.0, 0.5, 0.5), "{row:?}");
        assert_eq!((row.accuracy, row.unadapted_accuracy, row.accuracy_gain), (1.0, 0.5, 0.5), "{row:?}");
        assert_eq!((row.support, row.speakers, row.repetitions, row.scaled), (40, 4, 20, false), "{row:?}");
        for (low, value, high) in [
            (row.uar_low, row.uar, row.uar_high),
            (row.unadapted_uar_low, row.unadapted_uar, row.unadapted_uar_high),
            (row.uar_gain_low, row.uar_gain, row.uar_gain_high),
            (row.accuracy_low, row.accuracy, row.accuracy_high),
            (row.accuracy_gain_low, row.accuracy_gain, row.accuracy_gain_high),
        ] {
            assert!(low.is_some_and(|low| low <= value) && high.is_some_and(|high| high >= value), "{row:?}");
        }
    }
    // Every model is tried with the same clips, and again with the same ones.
    let of = |rows: &[Adaptation], model: &str| -> Vec<Adaptation> {
        let own = rows.iter().filter(|row| row.model == model);
        own.map(|row| Adaptation { model: String::new(), ..row.clone() }).collect()
    };
    assert_eq!(of(&found, "net"), of(&found, "other"));
    evaluate_with(folder.path(), &clips, &models, &[]).expect("evaluates");
    assert_eq!(rows::<Adaptation>(folder.path()), found);
}

#[test]
fn models_are_compared_in_pairs_and_protocols_by_recipe() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (clips, _, assignments) = world();
    let model = |name: &str, split: &str, wrong, recipe| Model {
        recipe: Some(recipe),
        ..Model::of(confident(&clips, name, split, 0.8, wrong))
    };
    let models = [
        ("net", model("net", "si", 2, "net")),
        ("linear", model("linear", "si", 3, "linear")),
        ("net_random", model("net_random", "rnd", 1, "net")),
    ];
    let splits = [("si", "speaker-independent", assignments.clone()), ("rnd", "random", assignments)];
    let summary = evaluate_with(folder.path(), &clips, &models, &splits).expect("evaluates");
    let found: Vec<Comparison> = rows(folder.path());
    let told: Vec<(ComparisonKind, &str, &str, &str, ComparisonTest)> = found
        .iter()
        .map(|row| (row.kind, row.model_a.as_str(), row.model_b.as_str(), row.metric.as_str(), row.test))
        .collect();
    let (permutation, mcnemar) = (ComparisonTest::SpeakerPermutation, ComparisonTest::McnemarMidP);
    assert_eq!(
        told,
        [
            (ComparisonKind::Paired, "linear", "net", "uar", permutation),
            (ComparisonKind::Paired, "linear", "net", "accuracy", mcnemar),
            (ComparisonKind::ProtocolGap, "net_random", "net", "uar", permutation),
            (ComparisonKind::ProtocolGap, "net_random", "net", "accuracy", mcnemar),
        ]
    );
    let gap = &found[2];
    assert_eq!((gap.value_a, gap.value_b, gap.value, gap.support, gap.speakers), (0.75, 0.5, 0.25, 40, 4));
    assert!(gap.low.is_some_and(|low| low <= 0.25) && gap.high.is_some_and(|high| high >= 0.25));
    // Ten clips of 40 are right under random alone: 2 * 0.5^10 - 0.5^10.
    assert!((found[3].p_value.expect("computed") - 0.5_f64.powi(10)).abs() < 1e-12);
    let note = summary.notes.last().expect("the gap is told");
    assert!(note.starts_with("net_random on rnd less net on si: UAR 0.250"), "{note}");
}

/// A hard corpus of 24 speakers with 16 clips and an easy one of two with 200, tested in five folds: once by speaker and once at
/// random. Speakers of the hard one differ.
fn two_corpora() -> (Vec<Clip>, Vec<Assignment>, Vec<Assignment>) {
    let (mut clips, mut by_speaker, mut at_random) = (Vec::new(), Vec::new(), Vec::new());
    for (corpus, speakers, count) in [("hard", 24, 16), ("easy", 2, 200)] {
        for (speaker, number) in (0..speakers).flat_map(|speaker| (0..count).map(move |number| (speaker, number))) {
            let id = format!("{corpus}/{speaker}_{number}");
            let mut clip = Clip::found(id.clone(), corpus.into(), format!("{id}.wav"), 1);
            clip.speaker = Some(format!("{corpus}:{speaker:02}"));
            clip.emotion = Some([Emotion::ANGRY, Emotion::SAD][number % 2]);
            clips.push(clip);
            for fold in 0..5 {
                for (rows, tested) in [(&mut by_speaker, speaker % 5), (&mut at_random, number / 2 % 5)] {
                    let role = if tested == fold { Role::Test } else { Role::Train };
                    rows.push(Assignment { clip_id: id.clone(), fold: fold as u32, role });
                }
            }
        }
    }
    (clips, by_speaker, at_random)
}

fn answers(clips: &[Clip], model: &str, split: &str, rows: &[Assignment]) -> Model {
    let tested: std::collections::HashMap<&str, u32> =
        rows.iter().filter(|row| row.role == Role::Test).map(|row| (row.clip_id.as_str(), row.fold)).collect();
    let each = clips.iter().enumerate().map(|(at, clip)| {
        let truth = clip.emotion.expect("every clip has one");
        let speaker: usize = clip.speaker.as_ref().expect("known")[5..].parse().expect("a number");
        // Of 16 clips, 2 to 14 are wrong by speaker; of 200, one in 25.
        let wrong = if clip.corpus == "hard" { at % 16 < 2 + 2 * (speaker % 7) } else { at % 25 == 0 };
        let said = match (truth, wrong) {
            (_, false) => truth,
            (Emotion::ANGRY, true) => Emotion::SAD,
            (_, true) => Emotion::ANGRY,
        };
        Prediction {
            model: model.into(),
            split: split.into(),
            fold: tested[clip.clip_id.as_str()],
            predicted: said,
            probabilities: if said == Emotion::ANGRY { vec![0.75, 0.25] } else { vec![0.25, 0.75] },
            classes: "angry,sad".into(),
            ..prediction(clip, model, at)
        }
    });
    Model { recipe: Some("net"), ..Model::of(each.collect()) }
}

#[test]
fn intervals_take_corpora_for_given_and_speakers_for_drawn_unless_the_model_knows_them() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (clips, by_speaker, at_random) = two_corpora();
    // A name tells nothing: who was trained on does.
    let models = [
        ("net", answers(&clips, "net", "apart", &by_speaker)),
        ("net_random", answers(&clips, "net_random", "own", &at_random)),
    ];
    let splits = [("apart", "speaker-independent", by_speaker), ("own", "assignment", at_random)];
    evaluate_with(folder.path(), &clips, &models, &splits).expect("evaluates");
    let found: Vec<SummaryMetric> = rows(folder.path());
    let row = |model: &str, group_value: &str| {
        let same =
            |row: &&SummaryMetric| row.model == model && row.group_value == group_value && row.metric == "accuracy";
        found.iter().find(same).expect("scored").clone()
    };
    let width = |row: &SummaryMetric| row.high.expect("an interval") - row.low.expect("an interval");

    let (apart, random) = (row("net", "all"), row("net_random", "all"));
    assert_eq!((apart.value, apart.speakers, apart.known_speakers), (random.value, 26, Some(0)));
    assert_eq!((random.speakers, random.known_speakers), (26, Some(26)));
    // 26 speakers in one pot would leave 0.3 and more between the ends: the two easy ones have half of the clips.
    assert!((0.03..0.13).contains(&width(&apart)), "{apart:?}");
    // Clips within speakers: a variance of 0.19 for 384 of them, of 0.04 for 400: 1.96 sqrt(384 * 0.19 + 400 * 0.04) / 784 on either side.
    assert!((0.04..0.06).contains(&width(&random)), "{random:?}");
    // One corpus alone has the interval that it would have by itself, and two speakers alone have none.
    assert!(width(&row("net", "hard")) > 0.1 && row("net", "easy").low.is_none());
    assert!(row("net_random", "easy").low.is_some_and(|low| low > 0.9), "the model knows these two");
    assert_eq!(row("net_random", "hard:03").known_speakers, Some(1));

    let classes: Vec<ClassMetrics> = rows(folder.path());
    let of = |model: &str| {
        let row = classes.iter().find(|row| row.model == model && row.group == "overall").expect("scored");
        row.recall_high.expect("an interval") - row.recall_low.expect("an interval")
    };
    assert!(of("net_random") < of("net") && of("net") < 0.25, "{} {}", of("net_random"), of("net"));
}

#[test]
fn a_split_by_corpus_makes_a_matrix() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let corpus = |name: &str| -> Vec<Clip> {
        (0..40)
            .map(|number| {
                let mut clip = clip(number);
                clip.clip_id = format!("{name}/{number}");
                clip.corpus = name.into();
                clip.speaker = Some(format!("{name}:{}", number % 4));
                clip
            })
            .collect()
    };
    let (a, b) = (corpus("a"), corpus("b"));
    let held = |clips: &[Clip], fold, wrong| {
        let mut rows = confident(clips, "net", "across", 0.8, wrong);
        for row in &mut rows {
            row.fold = fold;
        }
        rows
    };
    let model = Model {
        predictions: [held(&a, 0, 3), held(&b, 1, 2)].concat(),
        // Speaker 0 of the other corpus validates.
        validation: [held(&b, 0, 0), held(&a, 1, 0)]
            .concat()
            .into_iter()
            .filter(|row| row.speaker.ends_with('0'))
            .collect(),
        ..Model::default()
    };
    let all = [a, b].concat();
    let assignments: Vec<Assignment> = all
        .iter()
        .flat_map(|clip| {
            (0..2).map(|fold| {
                let tested = (clip.corpus == "a") == (fold == 0);
                let speaker = clip.speaker.as_deref().unwrap_or_default();
                let role = if tested {
                    Role::Test
                } else if speaker.ends_with('0') {
                    Role::Validation
                } else {
                    Role::Train
                };
                Assignment { clip_id: clip.clip_id.clone(), fold, role }
            })
        })
        .collect();
    let split = ("across", "leave-one-out by corpus", assignments);
    evaluate_with(folder.path(), &all, &[("net", model)], &[split]).expect("evaluates");
    let found: Vec<CrossCorpus> = rows(folder.path());
    let cells: Vec<(&str, &str, Role, f64, u64)> = found
        .iter()
        .filter(|row| row.metric == "accuracy")
        .map(|row| (row.trained_without.as_str(), row.tested_on.as_str(), row.role, row.value, row.support))
        .collect();
    assert_eq!(
        cells,
        [
            ("a", "a", Role::Test, 0.25, 40),
            ("a", "b", Role::Validation, 1.0, 10),
            ("b", "a", Role::Validation, 1.0, 10),
            ("b", "b", Role::Test, 0.5, 40),
        ]
    );
    let row = &found[0];
    assert_eq!((row.held_out.as_deref(), row.emotions.as_deref()), (Some("corpus"), Some("angry,sad")));
    assert_eq!(row.untrained.as_deref(), Some(""), "b has both");
}

/// Of three languages, one of two corpora and one of four speakers and a class that no other has.
fn languages() -> Vec<Clip> {
    let mut clips = Vec::new();
    for (corpus, language, speakers, classes) in [
        ("tess", "en-CA", 2, &[Emotion::ANGRY, Emotion::SAD][..]),
        ("ravdess", "en", 6, &[Emotion::ANGRY, Emotion::SAD]),
        ("emovo", "it", 4, &[Emotion::ANGRY, Emotion::SAD, Emotion::CALM]),
        ("nemo", "pl", 4, &[Emotion::ANGRY, Emotion::SAD]),
    ] {
        for (speaker, number) in (0..speakers).flat_map(|speaker| (0..24).map(move |number| (speaker, number))) {
            let id = format!("{corpus}/{speaker}_{number}");
            let mut clip = Clip::found(id.clone(), corpus.into(), format!("{id}.wav"), 1);
            clip.speaker = Some(format!("{corpus}:{speaker}"));
            clip.language = Some(language.into());
            clip.emotion = Some(classes[number % classes.len()]);
            clips.push(clip);
        }
    }
    clips
}

/// Wrong about one pair of clips in so many as `wrong` says of its corpus, of every other speaker in one more; and about all
/// that is calm. Each clip is of the fold that `fold` gives it.
fn scored(clips: &[Clip], model: &str, split: &str, wrong: fn(&str) -> usize, fold: fn(&Clip) -> u32) -> Model {
    let each = clips.iter().enumerate().map(|(at, clip)| {
        let truth = clip.emotion.expect("every clip has one");
        let number: usize = clip.clip_id.rsplit('_').next().expect("a number").parse().expect("a number");
        let is_wrong = (number / 2).is_multiple_of(wrong(&clip.corpus) + at / 24 % 2);
        let other = if truth == Emotion::SAD { Emotion::ANGRY } else { Emotion::SAD };
        let said = if is_wrong || truth == Emotion::CALM { other } else { truth };
        let classes = [Emotion::ANGRY, Emotion::CALM, Emotion::SAD];
        Prediction {
            split: split.into(),
            fold: fold(clip),
            predicted: said,
            probabilities: classes.map(|class| if class == said { 0.8 } else { 0.1 }).into(),
            classes: "angry,calm,sad".into(),
            ..prediction(clip, model, at)
        }
    });
    Model { recipe: Some("net"), ..Model::of(each.collect()) }
}

fn assigned(clips: &[Clip], folds: u32, fold: fn(&Clip) -> u32) -> Vec<Assignment> {
    let role = |clip: &Clip, number: u32| if fold(clip) == number { Role::Test } else { Role::Train };
    let row =
        |clip: &Clip, number| Assignment { clip_id: clip.clip_id.clone(), fold: number, role: role(clip, number) };
    clips.iter().flat_map(|clip| (0..folds).map(move |number| row(clip, number)).collect::<Vec<_>>()).collect()
}

fn by_language(clip: &Clip) -> u32 {
    match clip.corpus.as_str() {
        "emovo" => 1,
        "nemo" => 2,
        _ => 0,
    }
}

fn by_speaker(clip: &Clip) -> u32 {
    clip.speaker.as_deref().and_then(|name| name.chars().last()?.to_digit(10)).unwrap_or_default() % 2
}

#[test]
fn a_language_never_heard_is_scored_by_itself_in_the_mean_and_against_the_same_model_that_heard_it() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips = languages();
    let heard: fn(&str) -> usize = |_| 6;
    let unheard: fn(&str) -> usize = |corpus| if corpus == "nemo" { 2 } else { 3 };
    let models = [
        ("net", scored(&clips, "net", "si", heard, by_speaker)),
        ("net_across", scored(&clips, "net_across", "across", unheard, by_language)),
    ];
    let splits = [
        ("si", "speaker-independent", assigned(&clips, 2, by_speaker)),
        ("across", "leave-one-out by language", assigned(&clips, 3, by_language)),
    ];
    let outcome = evaluate_with(folder.path(), &clips, &models, &splits).expect("evaluates");

    let summary: Vec<SummaryMetric> = rows(folder.path());
    let figure = |model: &str, group: &str, value: &str, metric: &str| {
        let of = |row: &&SummaryMetric| {
            row.model == model && row.group == group && row.group_value == value && row.metric == metric
        };
        summary.iter().find(of).cloned()
    };
    let uar = |value: &str| figure("net_across", "corpus", value, "uar").expect("scored").value;
    let mean = figure("net_across", "overall", "all", "uar_over_corpora").expect("four corpora");
    let expected = ["emovo", "nemo", "ravdess", "tess"].map(uar).iter().sum::<f64>() / 4.0;
    assert!((mean.value - expected).abs() < 1e-12, "{mean:?}, expected {expected}");
    assert!(mean.low.is_some_and(|low| low < mean.value) && mean.high.is_some_and(|high| high > mean.value));
    let english = figure("net_across", "language", "en", "uar_over_corpora").expect("two corpora");
    assert!((english.value - f64::midpoint(uar("ravdess"), uar("tess"))).abs() < 1e-12);
    assert_eq!(figure("net_across", "language", "it", "uar_over_corpora"), None, "one corpus: its UAR is all there is");
    let languages = figure("net_across", "overall", "all", "uar_over_languages").expect("three languages");
    assert!((languages.value - (english.value + uar("emovo") + uar("nemo")) / 3.0).abs() < 1e-12);
    assert_eq!(figure("net_across", "language", "en-CA", "uar"), None, "a region is no language");

    let cross: Vec<CrossCorpus> = rows(folder.path());
    let cell = |language: &str, metric: &str| {
        let of = |row: &&CrossCorpus| row.trained_without == language && row.metric == metric;
        cross.iter().find(of).cloned().unwrap_or_else(|| panic!("no {metric} of {language}"))
    };
    assert!(cross.iter().all(|row| row.held_out.as_deref() == Some("language") && row.model == "net_across"));
    let italian = cell("it", "uar");
    assert_eq!((italian.tested_on.as_str(), italian.support, italian.speakers), ("it", 96, 4));
    assert_eq!((italian.emotions.as_deref(), italian.untrained.as_deref()), (Some("angry,calm,sad"), Some("calm")));
    assert_eq!(cell("pl", "uar").emotions.as_deref(), Some("angry,sad"), "what it lacks does not count");
    assert!((cell("en", "uar_over_corpora").value - english.value).abs() < 1e-12);

    let found: Vec<Comparison> = rows(folder.path());
    let unheard: Vec<&Comparison> = found.iter().filter(|row| row.kind == ComparisonKind::Unheard).collect();
    let of = |value: Option<&str>, metric: &str| {
        let row = unheard.iter().find(|row| row.group_value.as_deref() == value && row.metric == metric);
        *row.unwrap_or_else(|| panic!("no {metric} of {value:?}"))
    };
    let polish = of(Some("pl"), "uar");
    assert_eq!((polish.group.as_deref(), polish.support, polish.speakers), (Some("language"), 96, 4));
    assert!((polish.value_a - uar("nemo")).abs() < 1e-12 && polish.value < -0.2, "{polish:?}");
    assert!(polish.high.is_some_and(|high| high < 0.0));
    let all = of(None, "uar_over_languages");
    assert!((all.value_a - languages.value).abs() < 1e-12 && all.value < 0.0 && all.p_value.is_some());
    // Of each language, and of all, the Holm family is its own.
    assert_eq!(all.p_adjusted, all.p_value);
    let note = outcome.notes.last().expect("a note");
    assert!(
        note.starts_with("net_across on across less net on si: UAR -0.")
            && note.contains("never having heard the language costs"),
        "{note}"
    );
    let headline = outcome.notes.iter().find(|note| note.starts_with("net on si: UAR")).expect("a note");
    assert!(headline.contains(", the mean over 4 corpora; pooled: UAR 0."), "{headline}");
    let names: Vec<&str> = outcome.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names[..2], ["UAR, mean over corpora"; 2]);
    assert!(names.contains(&"UAR, pooled") && !names.contains(&"UAR"), "{names:?}");
}

#[test]
fn a_planted_language_fails_the_evaluation() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips = languages();
    let fold: fn(&Clip) -> u32 = by_language;
    let mut model = scored(&clips, "net", "across", |_| 3, fold);
    // One clip of the English of TESS is trained on where the English of RAVDESS is tested.
    let mut assignments = assigned(&clips, 3, fold);
    let planted = assignments.iter_mut().find(|row| row.fold == 0 && row.clip_id == "tess/1_7").expect("assigned");
    planted.role = Role::Train;
    model.predictions.retain(|row| row.clip_id != "tess/1_7");
    let split = ("across", "leave-one-out by language", assignments);
    let error = evaluate_with(folder.path(), &clips, &[("net", model)], &[split]).expect_err("planted").to_string();
    // Its speaker is tested there, too, and that is said first.
    assert!(error.contains("check `speaker_disjoint` failed in fold 0: tess:1"), "{error}");
    let checks: Vec<ModelCheck> = rows(folder.path());
    let found = checks.iter().find(|row| row.check == "language_disjoint" && row.fold == Some(0)).expect("tested");
    assert_eq!(found.status, CheckStatus::Failed);
    assert!(found.detail.starts_with("en (") && found.detail.ends_with("tess/1_7 shown)"), "{found:?}");
}

#[test]
fn disputed_labels_come_with_their_paths_and_what_listeners_heard() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut clips: Vec<Clip> = (0..40).map(clip).collect();
    clips[0].perceived_emotion = Some(Emotion::SAD);
    clips[0].perceived_agreement = Some(0.9);
    let mut predictions = confident(&clips, "net", SPLIT, 0.8, 0);
    // Clip 0 is labelled angry, and heard as sad by the model and by listeners.
    predictions[0].probabilities = vec![0.05, 0.95];
    predictions[0].predicted = Emotion::SAD;
    evaluate(folder.path(), &clips, &[("net", predictions)]).expect("evaluates");
    let found: Vec<LabelError> = rows(folder.path());
    assert_eq!(found.len(), 1);
    let first = &found[0];
    assert_eq!((first.rank, first.clip_id.as_str(), first.path.as_str()), (1, "ravdess/0", "0.wav"));
    assert_eq!((first.emotion, first.suggested), (Emotion::ANGRY, Emotion::SAD));
    assert_eq!(first.perceived_emotion, Some(Emotion::SAD));
    assert!((first.score + 0.9).abs() < 1e-6);
    let same = confident(&clips, "majority", SPLIT, 0.8, 0).into_iter().map(|row| Prediction {
        predicted: Emotion::ANGRY,
        probabilities: vec![0.8, 0.2],
        ..row
    });
    evaluate(folder.path(), &clips, &[("majority", same.collect())]).expect("evaluates");
    assert_eq!(rows::<LabelError>(folder.path()), [], "it tells no clip from another");
    let heard: Vec<Perceived> = rows(folder.path());
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].clips, heard[0].share, heard[0].agreement), (1, 1.0, Some(0.9)));
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
    let mut of_both: Vec<SummaryMetric> = rows(both.path());
    of_both.retain(|row| row.model == "net");
    assert_eq!(rows::<SummaryMetric>(alone.path()), of_both);
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
    let relabelled = Prediction { emotion: Emotion::FEAR, ..good[0].clone() };
    assert!(refused(vec![relabelled]).contains("`angry` in the manifest and `fear` in the predictions"));
    let short = Prediction { probabilities: vec![1.0], ..good[0].clone() };
    assert!(refused(vec![short]).contains("1 probabilities for 3 classes"));
    let not_a_number = Prediction { probabilities: vec![f32::NAN, 0.5, 0.5], ..good[0].clone() };
    assert!(refused(vec![not_a_number]).contains("found NaN"));
    let too_much = Prediction { probabilities: vec![0.5, 0.5, 0.5], ..good[0].clone() };
    assert!(refused(vec![too_much]).contains("add up to 1, found 1.5"));
    assert!(refused(vec![]).contains("`net` hold no predictions"));

    let other = Prediction { split: "another".into(), ..good[1].clone() };
    let text = refused(vec![good[0].clone(), other]);
    assert!(text.contains("describes `net` on split `another`") && text.contains("`ser run net`"), "{text}");
    std::fs::remove_file(folder.path().join("net/models.parquet")).expect("it is there");
    let net = folder.path().join("net");
    let inputs = Inputs { manifest: folder.path(), models: &[("net", net.as_path())], splits: &[] };
    let error = run(&Params::default(), &inputs, &Context::alone(folder.path())).expect_err("made before").to_string();
    assert!(error.contains("describes `net` on split `speaker_independent`"), "{error}");
}

/// What became of the answers of `net` with other statistics of a speaker, each of its rows right as `right` says.
fn trial(
    row: &Prediction,
    statistics: Statistics,
    clips: Option<u32>,
    kept: Option<f64>,
    repetition: u32,
    right: bool,
) -> StandardisationTrial {
    StandardisationTrial {
        model: row.model.clone(),
        split: row.split.clone(),
        fold: row.fold,
        seed: row.seed,
        clip_id: row.clip_id.clone(),
        statistics,
        clips,
        dominant: kept.map(|_| Emotion::SAD),
        kept,
        repetition,
        emotion: row.emotion,
        predicted: if right { row.emotion } else { Emotion::CALM },
    }
}

/// With statistics of training clips angry clips are right and no others; one clip is never enough, two are in one of two draws;
/// where sad clips dominate, all is right. Over all clips, eight of forty are wrong, four of each emotion.
#[test]
fn trials_are_compared_with_all_clips_and_with_none_of_a_speaker() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let said = |model: &str, shift: usize| -> Vec<Prediction> {
        clips.iter().enumerate().map(|(number, clip)| prediction(clip, model, number + shift)).collect()
    };
    let net = said("net", 0);
    let trials = net.iter().flat_map(|row| {
        [
            trial(row, Statistics::TrainingClips, None, None, 0, row.emotion == Emotion::ANGRY),
            trial(row, Statistics::Few, Some(1), None, 0, false),
            trial(row, Statistics::Few, Some(2), None, 0, true),
            trial(row, Statistics::Few, Some(2), None, 1, false),
            trial(row, Statistics::Skewed, None, Some(0.45), 0, true),
        ]
    });
    let trials: Vec<StandardisationTrial> = trials.collect();
    let standardised = |predictions, standardisation, trials| Model {
        standardisation: Some(standardisation),
        trials,
        ..Model::of(predictions)
    };
    let tried = standardised(net, Standardisation::Speaker, trials.clone());
    let plain = standardised(said("plain", 1), Standardisation::TrainingClips, Vec::new());
    let models = [("net", tried.clone()), ("plain", plain)];
    evaluate_with(folder.path(), &clips, &models, &[]).expect("evaluates");
    let found: Vec<StandardisationLimit> = rows(folder.path());
    let told: Vec<_> = found
        .iter()
        .map(|row| {
            let round = |value: f64| (value * 1e9).round() / 1e9;
            let differences = [row.less_all, row.less_training, row.less_twin].map(|value| value.map(round));
            (row.statistics, row.clips, row.kept, row.repetitions, round(row.value), differences)
        })
        .collect();
    let expected = [
        (Statistics::All, None, None, 1, 0.8, [None, Some(0.3), Some(0.0)]),
        (Statistics::Few, Some(1), None, 1, 0.0, [Some(-0.8), Some(-0.5), Some(-0.8)]),
        (Statistics::Few, Some(2), None, 2, 0.5, [Some(-0.3), Some(0.0), Some(-0.3)]),
        (Statistics::Skewed, None, Some(0.45), 1, 1.0, [Some(0.2), Some(0.5), Some(0.2)]),
        (Statistics::TrainingClips, None, None, 1, 0.5, [Some(-0.3), None, Some(-0.3)]),
    ];
    assert_eq!(told, expected);
    for row in &found {
        assert_eq!((row.model.as_str(), row.twin.as_deref(), row.support, row.speakers), ("net", Some("plain"), 40, 4));
        assert!(
            row.low.is_some_and(|low| low <= row.value) && row.high.is_some_and(|high| row.value <= high),
            "{row:?}"
        );
        assert_eq!(row.less_all.is_some(), row.less_all_low.is_some() && row.less_all_high.is_some());
    }
    // The figure over all clips is that of the summary, interval and all.
    let summary: Vec<SummaryMetric> = rows(folder.path());
    let uar = summary
        .iter()
        .find(|row| (row.model.as_str(), row.metric.as_str(), row.group.as_str()) == ("net", "uar", "overall"));
    assert!(uar.is_some_and(|uar| (uar.value - found[0].value).abs() < 1e-12));

    // Statistics of few clips without anything to compare them with; answers about clips of another run.
    let few: Vec<StandardisationTrial> =
        trials.iter().filter(|row| row.statistics == Statistics::Few).cloned().collect();
    evaluate_with(folder.path(), &clips, &[("net", Model { trials: few, ..tried.clone() })], &[]).expect("evaluates");
    assert!(rows::<StandardisationLimit>(folder.path()).is_empty());
    let stray = StandardisationTrial { fold: 7, ..trials[0].clone() };
    let stray = Model { trials: vec![stray], ..tried };
    let error = evaluate_with(folder.path(), &clips, &[("net", stray)], &[]).expect_err("no such fold").to_string();
    assert!(error.contains("tried clip `ravdess/0` with other statistics in fold 7"), "{error}");
}

/// The seeds of a model: what each says of every clip, some of them in agreement.
fn seeds(clips: &[Clip], model: &str, seeds: u32) -> Vec<Prediction> {
    let of_seed = |seed: u32| {
        let wrong = move |number: usize| (number * 7 + seed as usize * 3) % 10 < 3 + seed as usize;
        clips.iter().enumerate().map(move |(number, clip)| {
            let truth = clip.emotion.expect("every clip has one");
            let other = if truth == Emotion::ANGRY { Emotion::SAD } else { Emotion::ANGRY };
            let said = if wrong(number) { other } else { truth };
            let share = if said == Emotion::ANGRY { 0.9 - 0.1 * seed as f32 } else { 0.2 };
            Prediction {
                seed: (seeds > 1).then_some(seed),
                predicted: said,
                probabilities: vec![share, 1.0 - share],
                classes: "angry,sad".into(),
                ..prediction(clip, model, number)
            }
        })
    };
    (0..seeds).flat_map(of_seed).collect()
}

#[test]
fn figures_of_several_seeds_are_means_over_them_and_clips_stay_clips() {
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let net = seeds(&clips, "net", 3);
    // What is tested in one fold is validated on in the other, so that each network has a temperature.
    let of = |predictions: Vec<Prediction>| {
        let other_fold = |row: &Prediction| Prediction { fold: 1 - row.fold, ..row.clone() };
        Model { validation: predictions.iter().map(other_fold).collect(), ..Model::of(predictions) }
    };
    let model = of(net.clone());
    let folder = tempfile::tempdir().expect("temporary folder");
    let outcome = evaluate_as(&Params::default(), folder.path(), &clips, &[("net", model)], &[]).expect("evaluates");
    let figures: Vec<SummaryMetric> = rows(folder.path());
    let each: Vec<Vec<SummaryMetric>> = (0..3)
        .map(|seed| {
            let model = of(net.iter().filter(|row| row.seed == Some(seed)).cloned().collect());
            let folder = tempfile::tempdir().expect("temporary folder");
            evaluate_as(&Params::default(), folder.path(), &clips, &[("net", model)], &[]).expect("evaluates");
            rows(folder.path())
        })
        .collect();
    assert_eq!(figures.len(), each[0].len());
    for (at, row) in figures.iter().enumerate() {
        let what = format!("{} of {} {}", row.metric, row.group, row.group_value);
        let of_seeds = each.iter().map(|rows| &rows[at]);
        assert!(of_seeds.clone().all(|one| (&one.metric, &one.group_value) == (&row.metric, &row.group_value)));
        let mean = of_seeds.clone().map(|one| one.value).sum::<f64>() / 3.0;
        let variance = of_seeds.clone().map(|one| (one.value - mean).powi(2)).sum::<f64>() / 2.0;
        assert!((row.value - mean).abs() < 1e-9, "{what}: {} {mean}", row.value);
        let sd = row.seed_sd.unwrap_or_else(|| panic!("{what} has no spread"));
        assert!((sd - variance.sqrt()).abs() < 1e-9, "{what}: {sd} {}", variance.sqrt());
        assert_eq!((row.seeds, row.support, row.speakers), (Some(3), each[0][at].support, each[0][at].speakers));
        assert!(each.iter().all(|rows| (rows[at].seeds, rows[at].seed_sd) == (Some(1), None)));
        assert_eq!(row.low.is_some(), each[0][at].low.is_some(), "{what}");
        let inside = row.low.is_none_or(|low| low <= row.value) && row.high.is_none_or(|high| row.value <= high);
        assert!(inside, "{what}: {row:?}");
    }
    let uar = figures.iter().find(|row| row.metric == "uar").expect("there is one");
    let told = format!(", 3 seeds, sd {:.3}", uar.seed_sd.expect("three seeds"));
    assert!(outcome.headline.ends_with(&told), "{} {told}", outcome.headline);
    assert!(outcome.notes[0].contains(&told) && outcome.notes[0].ends_with("over 40 clips"), "{}", outcome.notes[0]);

    let of_all = |row: &ClassMetrics| row.group == "overall";
    let classes: Vec<ClassMetrics> = rows(folder.path());
    assert_eq!(classes.iter().filter(|row| of_all(row)).map(|row| row.support).sum::<u64>(), 40);
    let cells: Vec<ConfusionCell> = rows(folder.path());
    for class in &classes {
        let own = cells.iter().filter(|cell| {
            (&cell.group, &cell.group_value, cell.emotion) == (&class.group, &class.group_value, class.emotion)
        });
        assert_eq!(own.clone().map(|cell| cell.clips).sum::<u64>(), class.support);
        let hit = own.clone().find(|cell| cell.predicted == class.emotion).expect("every cell is there");
        assert!((hit.share - class.recall).abs() < 1e-12, "{class:?} {hit:?}");
    }
    let bins: Vec<CalibrationBin> = rows(folder.path());
    for scaled in [false, true] {
        assert_eq!(bins.iter().filter(|bin| bin.scaled == scaled).map(|bin| bin.clips).sum::<u64>(), 40);
    }
    let disputed: Vec<LabelError> = rows(folder.path());
    let mut named: Vec<&str> = disputed.iter().map(|row| row.clip_id.as_str()).collect();
    let count = named.len();
    named.sort_unstable();
    named.dedup();
    assert!(count > 0 && named.len() == count, "a clip is listed once: {named:?}");
    let first = disputed.first().expect("one");
    let class = usize::from(first.emotion == Emotion::SAD);
    let said = net.iter().filter(|one| one.clip_id == first.clip_id);
    let mean = said.map(|row| f64::from(row.probabilities[class])).sum::<f64>() / 3.0;
    assert!((first.probability_given - mean).abs() < 1e-9, "{first:?} {mean}");
    let worst: Vec<WorstGroup> = rows(folder.path());
    assert!(worst.iter().all(|row| row.support <= 20), "{worst:?}");
}

/// Three seeds against one of them, and the same three in one against themselves.
#[test]
fn models_of_different_numbers_of_seeds_are_compared_clip_by_clip() {
    let clips: Vec<Clip> = (0..40).map(clip).collect();
    let three = seeds(&clips, "three", 3);
    let alone = |name: &str| -> Vec<Prediction> {
        let own = three.iter().filter(|row| row.seed == Some(2)).cloned();
        own.map(|row| Prediction { model: name.into(), seed: None, ..row }).collect()
    };
    let twins: Vec<Prediction> = (0..2)
        .flat_map(|seed| alone("twins").into_iter().map(move |row| Prediction { seed: Some(seed), ..row }))
        .collect();
    let models = [("three", three.clone()), ("alone", alone("alone")), ("twins", twins)];
    let folder = tempfile::tempdir().expect("temporary folder");
    evaluate(folder.path(), &clips, &models).expect("evaluates");
    let found: Vec<Comparison> = rows(folder.path());
    let of = |a: &str, b: &str, metric: &str| {
        let pair =
            |row: &&Comparison| (row.model_a.as_str(), row.model_b.as_str(), row.metric.as_str()) == (a, b, metric);
        found.iter().find(pair).unwrap_or_else(|| panic!("{a} and {b}"))
    };
    let figures: Vec<SummaryMetric> = rows(folder.path());
    for metric in ["uar", "accuracy"] {
        let row = of("alone", "three", metric);
        assert_eq!((row.support, row.speakers), (40, 4));
        for (model, value) in [("alone", row.value_a), ("three", row.value_b)] {
            let own = |one: &&SummaryMetric| one.model == model && one.group == "overall" && one.metric == metric;
            let own = figures.iter().find(own).expect("evaluated");
            assert!((own.value - value).abs() < 1e-12, "{model} {metric}: {} {value}", own.value);
        }
        let same = of("alone", "twins", metric);
        assert_eq!((same.value, same.p_value, same.low, same.high), (0.0, Some(1.0), Some(0.0), Some(0.0)));
        // Two that say the same are worth one.
        let (of_one, of_two) = (of("alone", "three", metric), of("three", "twins", metric));
        assert!((of_one.value + of_two.value).abs() < 1e-12 && of_one.p_value == of_two.p_value, "{metric}");
        let both = of_one.low.zip(of_two.high).expect("four speakers");
        assert!((both.0 + both.1).abs() < 1e-9, "{metric}: {both:?}");
    }
}

#[test]
fn seeds_that_answer_for_other_clips_are_refused() {
    let clips: Vec<Clip> = (0..8).map(clip).collect();
    let good = seeds(&clips, "net", 2);
    let folder = tempfile::tempdir().expect("temporary folder");
    let refused = |model: Model| {
        let models = [("net", model)];
        evaluate_with(folder.path(), &clips, &models, &[]).expect_err("must be refused").to_string()
    };
    let without = |at: usize| -> Vec<Prediction> {
        good.iter().enumerate().filter(|(number, _)| *number != at).map(|(_, row)| row.clone()).collect()
    };
    let text = refused(Model::of(without(9)));
    assert!(text.contains("clip `ravdess/1` of fold 1 has no prediction of seed 1"), "{text}");
    let mut unnumbered = good.clone();
    unnumbered[3].seed = None;
    assert!(refused(Model::of(unnumbered)).contains("has no prediction of an empty `seed`"));
    let mut moved = good.clone();
    moved[8].fold = 5;
    assert!(refused(Model::of(moved)).contains("clip `ravdess/0` of fold 0 has no prediction of seed 1"));
    let twice = Model { validation: [good.clone(), vec![good[0].clone()]].concat(), ..Model::of(good.clone()) };
    assert!(refused(twice).contains("clip `ravdess/0` of fold 0 has two predictions of seed 0"));
    let again = Model::of([good.clone(), vec![Prediction { fold: 3, ..good[8].clone() }]].concat());
    assert!(refused(again).contains("clip `ravdess/0` in fold 0 and again in fold 3"));
}

/// Two folds validate on the same clips, of four speakers; `wrong` says in which fold every second answer is.
fn validated(clips: &[Clip], model: &str, wrong: Option<u32>) -> Model {
    let answers = |fold: u32| {
        clips.iter().enumerate().map(move |(number, clip)| {
            let missed = wrong == Some(fold) && number % 2 == 0;
            let truth = clip.emotion.expect("every clip has one");
            Prediction {
                fold,
                predicted: if missed { Emotion::CALM } else { truth },
                ..prediction(clip, model, number)
            }
        })
    };
    // Test clips are all answered wrong: no figure here may rest on them.
    let tested = clips
        .iter()
        .enumerate()
        .map(|(number, clip)| Prediction { predicted: Emotion::CALM, ..prediction(clip, model, number) });
    Model { validation: (0..2).flat_map(answers).collect(), ..Model::of(tested.collect()) }
}

#[test]
fn models_are_ranked_by_validation_clips_of_all_folds_and_by_no_test_clip() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips: Vec<Clip> = (0..32).map(clip).collect();
    let models = [("worse", validated(&clips, "worse", Some(1))), ("better", validated(&clips, "better", None))];
    Clip::write_in(folder.path(), &clips, &Provenance::default()).expect("write clips");
    let folders = models.each_ref().map(|(name, _)| folder.path().join(name));
    folders.iter().zip(&models).for_each(|(folder, (_, model))| model.write(folder, &[]));
    let named: Vec<(&str, &Path)> =
        models.iter().zip(&folders).map(|((name, _), dir)| (*name, dir.as_path())).collect();
    let inputs = Inputs { manifest: folder.path(), models: &named, splits: &[] };
    let found = on_validation(&inputs, 1000, 7).expect("valid");
    let ranked = found.ranked();
    let told: Vec<_> = ranked.iter().map(|row| (row.model.as_str(), row.value, row.support, row.speakers)).collect();
    // A clip counts in each fold that validates on it; a half of one fold of two is wrong.
    assert_eq!(told, [("better", 1.0, 64, 4), ("worse", 0.75, 64, 4)]);
    let behind = found.difference(ranked[1], "better").expect("the same clips of the same folds");
    let (low, high) = behind.low.zip(behind.high).expect("four speakers");
    assert!((behind.value + 0.25).abs() < 1e-12 && low <= behind.value && behind.value <= high, "{behind:?}");
    let ahead = found.difference(ranked[0], "worse").expect("the same clips of the same folds");
    assert_eq!((ahead.model_a.as_str(), &ahead), ("better", &behind.turned()));
    assert_eq!(on_validation(&inputs, 1000, 7).expect("valid"), found, "the same seed");
    // One was validated in one fold only: both are scored there.
    let narrow = Model { validation: models[1].1.validation[..32].to_vec(), ..models[1].1.clone() };
    narrow.write(&folders[1], &[]);
    let common = on_validation(&inputs, 1000, 7).expect("valid");
    let told: Vec<_> = common.ranked().iter().map(|row| (row.model.as_str(), row.value, row.support)).collect();
    assert_eq!(told, [("better", 1.0, 32), ("worse", 1.0, 32)], "the other fold is where `worse` is wrong");
    let [narrowed] = &common.narrowed[..] else { panic!("{:?}", common.narrowed) };
    assert_eq!((narrowed.common, narrowed.all, &narrowed.corpora[..]), (32, 64, &["ravdess".to_owned()][..]));
    // Without validation clips there is nothing to choose by.
    let bare = Model { validation: Vec::new(), ..models[0].1.clone() };
    bare.write(&folders[0], &[]);
    let inputs = Inputs { models: &named[..1], ..inputs };
    assert!(on_validation(&inputs, 1000, 7).expect("valid").ranked().is_empty());
}
