//! The stage as the pipeline runs it: tables in, the tables of a train stage out.

use std::path::Path;

use ser_baseline::{BaselineError, Inputs, LinearModels, Model, Params, Standardise, run};
use ser_models::{ClipInput, SpeakerStatistics};
use ser_onnx_run::{Input, probabilities};
use ser_schemas::functionals::Functionals;
use ser_schemas::{
    Assignment, Clip, Emotion, Exposure, Family, Prediction, Provenance, Regularisation, Role, Standardisation,
    StandardisationTrial, Statistics, Table, Use, functionals,
};
use ser_stage::{Context, Outcome};

/// Six speakers with ten clips each; the first functional tells the emotion, on a scale of each speaker's own.
fn world(folder: &Path) {
    let none = Provenance::default();
    let (mut clips, mut assignments) = (Vec::new(), Vec::new());
    let mut functionals = Functionals { names: vec!["a_mean".into(), "b_mean".into()], ..Functionals::default() };
    for number in 0..60_usize {
        let (speaker, sad) = (number % 6, number / 6 % 2 == 1);
        let mut clip = Clip::found(format!("c/{number:02}"), "c".into(), format!("{number}.wav"), 1);
        clip.speaker = Some(format!("c:{speaker}"));
        clip.emotion = Some(if sad { Emotion::SAD } else { Emotion::ANGRY });
        for fold in 0..3_u32 {
            let role = match (speaker / 2) as u32 {
                own if own == fold => Role::Test,
                own if own == (fold + 1) % 3 && speaker % 2 == 0 => Role::Validation,
                _ => Role::Train,
            };
            assignments.push(Assignment { clip_id: clip.clip_id.clone(), fold, role });
        }
        let noise = (number * 7 % 11) as f32 / 11.0;
        functionals.clip_ids.push(clip.clip_id.clone());
        functionals.values.extend([f32::from(u8::from(sad)) + 0.3 * noise + 100.0 * speaker as f32, noise]);
        clips.push(clip);
    }
    Clip::write_in(folder, &clips, &none).expect("write");
    Assignment::write_in(folder, &assignments, &none).expect("write");
    functionals.write(&folder.join(functionals::FOLDER), &none).expect("write");
}

fn fit(folder: &Path, params: &Params, features: bool) -> Result<Outcome, BaselineError> {
    let ctx = Context::alone(folder);
    let features = features.then_some(folder);
    let inputs = Inputs { manifest: folder, features, split: folder, model: "linear", split_name: "si" };
    run(params, &inputs, &ctx)
}

fn rows<T: Table>(folder: &Path) -> Vec<T> {
    T::read_in(folder).expect("the stage wrote it")
}

fn accuracy(rows: &[Prediction]) -> f64 {
    rows.iter().filter(|row| row.predicted == row.emotion).count() as f64 / rows.len() as f64
}

#[test]
fn the_linear_model_finds_what_is_linear() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let params = Params {
        standardise: Standardise::Speaker,
        speaker_prior_clips: 0.0,
        l2: vec![100.0, 1.0],
        ..Params::default()
    };
    let summary = fit(folder.path(), &params, true).expect("fits");
    assert_eq!(summary.headline, "3 folds, 2 functionals, mean validation UAR 1.000, 60 test clips predicted");
    let tested: Vec<Prediction> = rows(folder.path());
    assert_eq!((tested.len(), accuracy(&tested)), (60, 1.0));
    assert_eq!(
        (tested[0].model.as_str(), tested[0].split.as_str(), tested[0].classes.as_str()),
        ("linear", "si", "angry,sad")
    );
    let validated = Prediction::read(&folder.path().join(Prediction::VALIDATION.file)).expect("the stage wrote it");
    assert_eq!(validated.len(), 30);
    let tried: Vec<Regularisation> = rows(folder.path());
    let told: Vec<(u32, f64, bool)> = tried.iter().map(|row| (row.fold, row.l2, row.chosen)).collect();
    // Both strengths are right about every validation clip: the stronger one is kept.
    assert_eq!(told[..2], [(0, 100.0, true), (0, 1.0, false)]);
    assert_eq!(tried.len(), 6);
    assert!(tried.iter().all(|row| row.validation_uar == Some(1.0) && row.validation_loss.is_some()));

    // Across speakers a hundred apart, the training clips' scale hides what each speaker's own shows.
    let params = Params { standardise: Standardise::Train, ..params };
    fit(folder.path(), &params, true).expect("fits");
    assert!(accuracy(&rows(folder.path())) < 0.9);
}

#[test]
fn what_clips_were_used_for_is_told() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let uses = |params: &Params| {
        fit(folder.path(), params, true).expect("fits");
        let found: Vec<Exposure> = rows(folder.path());
        let count = |used_for: Use| found.iter().filter(|row| row.fold == 0 && row.used_for == used_for).count();
        [Use::Weights, Use::Standardisation, Use::SpeakerStandardisation, Use::Selection].map(count)
    };
    assert_eq!(uses(&Params::default()), [30, 30, 0, 10]);
    assert_eq!(uses(&Params { l2: vec![1.0], ..Params::default() }), [30, 30, 0, 0], "nothing is chosen");
    let per_speaker = Params { standardise: Standardise::Speaker, ..Params::default() };
    assert_eq!(uses(&per_speaker), [30, 30, 60, 10], "a speaker's are blended with those of the training clips");
    assert_eq!(uses(&Params { speaker_prior_clips: 0.0, ..per_speaker }), [30, 0, 60, 10]);
    assert_eq!(uses(&Params { model: Model::Majority, ..Params::default() }), [30, 0, 0, 0]);
}

/// Each speaker has ten clips: as a group of ten they are as they are to the predictions. By one clip alone nothing can be told.
#[test]
fn a_model_standardised_per_speaker_is_tried_with_fewer_clips() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let params = Params { standardise: Standardise::Speaker, speaker_prior_clips: 0.0, ..Params::default() };
    fit(folder.path(), &params, true).expect("fits");
    let (tested, recipe): (Vec<Prediction>, _) = (rows(folder.path()), about(folder.path()).recipe);
    let trials: Vec<StandardisationTrial> = rows(folder.path());
    let said = |size: u32| -> std::collections::BTreeMap<&str, Emotion> {
        let of_size = trials.iter().filter(|row| row.clips == Some(size) && row.repetition == 0);
        of_size.map(|row| (row.clip_id.as_str(), row.predicted)).collect()
    };
    let all: std::collections::BTreeMap<&str, Emotion> =
        tested.iter().map(|row| (row.clip_id.as_str(), row.predicted)).collect();
    assert_eq!(said(10), all);
    assert_eq!(said(1).len(), 60);
    // None of the speaker, one clip, three draws of two, five and ten, and of each of three shares of other emotions.
    assert_eq!(trials.len(), 60 * (1 + 1 + 9 + 9));
    let right = |statistics: Statistics| {
        let of: Vec<_> = trials.iter().filter(|row| row.statistics == statistics).collect();
        of.iter().filter(|row| row.predicted == row.emotion).count() as f64 / of.len() as f64
    };
    assert!(right(Statistics::TrainingClips) < 0.9, "speakers are a hundred apart");
    let alone = trials.iter().filter(|row| row.clips == Some(1) && row.predicted == row.emotion).count();
    assert_eq!(alone, 30, "the same answer to all, and half of the clips are of each emotion");

    fit(folder.path(), &Params { standardisation_trials: 0, ..params }, true).expect("fits");
    assert!(rows::<StandardisationTrial>(folder.path()).is_empty());
    assert_eq!((rows::<Prediction>(folder.path()), about(folder.path()).recipe), (tested.clone(), recipe));
    fit(folder.path(), &Params::default(), true).expect("fits");
    assert!(rows::<StandardisationTrial>(folder.path()).is_empty());
}

#[test]
fn the_majority_class_needs_no_features_and_predicts_the_shares() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let majority = Params { model: Model::Majority, ..Params::default() };
    let summary = fit(folder.path(), &majority, false).expect("fits");
    assert_eq!(summary.headline, "3 folds, most frequent emotion, 60 test clips predicted");
    let tested: Vec<Prediction> = rows(folder.path());
    assert!(tested.iter().all(|row| row.predicted == Emotion::ANGRY && row.probabilities == [0.5, 0.5]));
    let error = fit(folder.path(), &Params::default(), false).expect_err("no functionals").to_string();
    assert!(error.contains("add a stage of kind `features`"), "{error}");
}

#[test]
fn a_split_without_folds_is_predicted_nothing_of() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    Assignment::write_in(folder.path(), &[], &Provenance::default()).expect("write");
    let summary = fit(folder.path(), &Params::default(), true).expect("nothing to do");
    assert_eq!((summary.rows, summary.headline.as_str()), (0, "the split has no folds: nothing is predicted"));
    assert_eq!(rows::<Prediction>(folder.path()), []);
}

fn about(folder: &Path) -> ser_schemas::Model {
    rows(folder).remove(0)
}

#[test]
fn the_same_tables_give_the_same_predictions_and_equal_parameters_one_recipe() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let fitted = |params: &Params| {
        fit(folder.path(), params, true).expect("fits");
        (rows::<Prediction>(folder.path()), about(folder.path()).recipe)
    };
    let first = fitted(&Params::default());
    assert_eq!(first, fitted(&Params::default()));
    assert_ne!(first.1, fitted(&Params { l2: vec![5.0], ..Params::default() }).1);
}

#[test]
fn the_model_is_described() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    fit(folder.path(), &Params { standardise: Standardise::Speaker, ..Params::default() }, true).expect("fits");
    let linear = about(folder.path());
    assert_eq!((linear.model.as_str(), linear.split.as_str(), linear.inputs.as_str()), ("linear", "si", "functionals"));
    assert_eq!((linear.family, linear.baseline, linear.parameter_count), (Family::Linear, true, Some(6)));
    assert_eq!((linear.standardisation, linear.uses_test_speakers), (Some(Standardisation::Speaker), true));
    let settings = "L2 penalties 300 + 100 + 30, at most 200 steps";
    let blended =
        format!("{settings}, statistics of a speaker blended with those of the training clips as of 2 clips more");
    assert_eq!(linear.settings, Some(blended));
    let own = Params { standardise: Standardise::Speaker, speaker_prior_clips: 0.0, ..Params::default() };
    fit(folder.path(), &own, true).expect("fits");
    assert_eq!(about(folder.path()).settings.as_deref(), Some(settings));
    let params = Params { model: Model::Majority, standardise: Standardise::Speaker, ..Params::default() };
    fit(folder.path(), &params, true).expect("fits");
    let majority = about(folder.path());
    assert_eq!((majority.family, majority.inputs.as_str()), (Family::Constant, ""));
    assert_eq!((majority.standardisation, majority.uses_test_speakers), (Some(Standardisation::None), false));
}

#[test]
fn features_without_functionals_are_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let path = folder.path().join(functionals::FOLDER);
    let clip_ids = Functionals::read(&path).expect("written above").clip_ids;
    let none = Functionals { clip_ids, ..Functionals::default() };
    none.write(&path, &Provenance::default()).expect("write");
    let error = fit(folder.path(), &Params::default(), true).expect_err("no functionals");
    assert!(matches!(error, BaselineError::NoFunctionals), "{error}");
}

/// The number of a clip: its speaker is what is left of it by 6.
fn number(clip_id: &str) -> usize {
    clip_id["c/".len()..].parse().expect("a number")
}

/// Gives each clip, by its number, a corpus.
fn corpora(folder: &Path, of: impl Fn(usize) -> String) {
    let mut clips: Vec<Clip> = rows(folder);
    for clip in &mut clips {
        clip.corpus = of(number(&clip.clip_id));
    }
    Clip::write_in(folder, &clips, &Provenance::default()).expect("write");
}

fn of_speaker_alone(number: usize) -> String {
    format!("c{}", number % 6)
}

#[test]
fn corpora_are_standardised_by_their_training_clips_and_unheard_ones_by_all_their_clips() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let predicted = |standardise: Standardise| {
        let params = Params { standardise, speaker_prior_clips: 0.0, ..Params::default() };
        fit(folder.path(), &params, true).expect("fits");
        rows::<Prediction>(folder.path())
    };
    assert_eq!(predicted(Standardise::Corpus), predicted(Standardise::Train), "one corpus");
    assert!(!about(folder.path()).uses_test_speakers);
    corpora(folder.path(), of_speaker_alone);
    let of_speakers = predicted(Standardise::Speaker);
    assert_eq!(predicted(Standardise::Corpus), of_speakers, "every speaker is a corpus");
    let linear = about(folder.path());
    assert_eq!((linear.standardisation, linear.uses_test_speakers), (Some(Standardisation::Corpus), true));
    let found: Vec<Exposure> = rows(folder.path());
    let count = |used_for: Use| found.iter().filter(|row| row.fold == 0 && row.used_for == used_for).count();
    // Fold 0 trains on three speakers, validates on one and tests two.
    assert_eq!([Use::Standardisation, Use::CorpusStandardisation].map(count), [30, 30]);
}

#[test]
fn other_corpora_are_only_tested() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    corpora(folder.path(), of_speaker_alone);
    for model in [Model::Linear, Model::Majority] {
        // At least one of both is trained on in each fold.
        let train_corpora = vec!["c1".to_owned(), "c5".to_owned()];
        fit(folder.path(), &Params { model, train_corpora, ..Params::default() }, true).expect("fits");
        assert_eq!(rows::<Prediction>(folder.path()).len(), 60);
        let found: Vec<Exposure> = rows(folder.path());
        let of_weights = |row: &&Exposure| row.used_for == Use::Weights;
        let speaker = |row: &Exposure| number(&row.clip_id) % 6;
        assert!(found.iter().filter(of_weights).all(|row| [1, 5].contains(&speaker(row))));
        let settings = about(folder.path()).settings.expect("settings");
        assert!(settings.ends_with("trained on c1 + c5"), "{settings}");
    }
    let train_corpora = vec!["c7".to_owned()];
    let error = fit(folder.path(), &Params { train_corpora, ..Params::default() }, true).expect_err("no such corpus");
    assert!(
        error.to_string().contains("names `c7`") && error.to_string().contains("corpora there: `c0`, `c1`"),
        "{error}"
    );
}

/// Mean and standard deviation of each of two functionals over the clips of the speaker of clip `number`.
fn of_speaker(functionals: &Functionals, number: usize) -> [[f32; 2]; 2] {
    let own: Vec<usize> = (0..60).filter(|other| other % 6 == number % 6).collect();
    let mean = [0, 1].map(|column| own.iter().map(|at| functionals.row(*at)[column]).sum::<f32>() / own.len() as f32);
    let square = |at: &usize, column: usize| (functionals.row(*at)[column] - mean[column]).powi(2);
    let sd = [0, 1].map(|column| (own.iter().map(|at| square(at, column)).sum::<f32>() / own.len() as f32).sqrt());
    [mean, sd]
}

#[test]
fn an_exported_linear_model_gives_the_probabilities_of_the_stage() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let functionals = Functionals::read(&folder.path().join(functionals::FOLDER)).expect("functionals");
    for (standardise, prior) in [(Standardise::Train, 2.0), (Standardise::Speaker, 0.0), (Standardise::Speaker, 2.0)] {
        let params = Params { standardise, speaker_prior_clips: prior, ..Params::default() };
        fit(folder.path(), &params, true).expect("fits");
        let tested: Vec<Prediction> = rows(folder.path());
        for fold in 0..3 {
            let tested: Vec<&Prediction> = tested.iter().filter(|row| row.fold == fold).collect();
            let of = |row: &&Prediction| row.clip_id[2..].parse::<usize>().expect("a number");
            let columns = |of_clip: &dyn Fn(usize) -> Vec<f32>| {
                Input::Floats(vec![tested.len(), 2], tested.iter().flat_map(|row| of_clip(of(row))).collect())
            };
            let mut inputs = vec![("functionals", columns(&|at| functionals.row(at).to_vec()))];
            if standardise == Standardise::Speaker {
                for (part, name) in ["speaker_functionals_mean", "speaker_functionals_sd"].into_iter().enumerate() {
                    inputs.push((name, columns(&|at| of_speaker(&functionals, at)[part].to_vec())));
                }
                inputs.extend((prior > 0.0).then(|| ("speaker_clips", Input::Ints(vec![10; tested.len()]))));
            }
            let models = LinearModels::read(&folder.path().join(format!("fold={fold}"))).expect("a model");
            let file = models.onnx();
            assert_eq!(file.inputs, inputs.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            let found = probabilities(&file.bytes, &inputs).expect("a graph that runs");
            let expected: Vec<f32> = tested.iter().flat_map(|row| row.probabilities.clone()).collect();
            assert_eq!(found.len(), expected.len());
            let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{standardise:?}, fold {fold}: {apart}");

            // The model itself says the same of recordings that no table holds.
            let speakers: Vec<SpeakerStatistics> =
                tested.iter().map(|row| statistics(&functionals, number(&row.clip_id))).collect();
            let clips: Vec<ClipInput<'_>> = tested
                .iter()
                .zip(&speakers)
                .map(|(row, speaker)| clip(functionals.row(number(&row.clip_id)), Some(speaker)))
                .collect();
            for (found, row) in models.predict(&clips).expect("probabilities").iter().zip(&tested) {
                let close = found.iter().zip(&row.probabilities).all(|(a, b)| (a - b).abs() < 1e-6);
                assert!(close, "{standardise:?}, fold {fold}: {found:?}, expected {:?}", row.probabilities);
            }
        }
    }
    // All folds: probabilities add up to 1.
    let all = LinearModels::read(folder.path()).expect("models").onnx();
    let one = || Input::Floats(vec![1, 2], vec![1.0, 0.5]);
    let clips = Input::Ints(vec![1]);
    let inputs = [
        ("functionals", one()),
        ("speaker_functionals_mean", one()),
        ("speaker_functionals_sd", one()),
        ("speaker_clips", clips),
    ];
    let found = probabilities(&all.bytes, &inputs).expect("a graph that runs");
    assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{found:?}");
}

/// All recordings of the speaker of clip `number`.
fn statistics(functionals: &Functionals, number: usize) -> SpeakerStatistics {
    let mut speaker = SpeakerStatistics::default();
    for other in (0..60).filter(|other| other % 6 == number % 6) {
        speaker.add(&[], 0, functionals.row(other));
        speaker.end_recording();
    }
    speaker
}

fn clip<'a>(functionals: &'a [f32], speaker: Option<&'a SpeakerStatistics>) -> ClipInput<'a> {
    ClipInput { frames: &[], frame_count: 1, functionals, speaker, corpus: None }
}

/// One recording tells nothing of its spread: with a prior it is of use, without one training statistics take its place.
#[test]
fn one_recording_of_a_speaker_is_of_use_to_a_linear_model_with_a_prior() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let functionals = Functionals::read(&folder.path().join(functionals::FOLDER)).expect("functionals");
    let mut speaker = SpeakerStatistics::default();
    speaker.add(&[], 0, functionals.row(0));
    speaker.end_recording();
    for (prior, is_of_use) in [(0.0, false), (2.0, true)] {
        let params = Params { standardise: Standardise::Speaker, speaker_prior_clips: prior, ..Params::default() };
        fit(folder.path(), &params, true).expect("fits");
        let models = LinearModels::read(folder.path()).expect("models");
        assert_eq!((models.is_per_speaker(), models.speaker_prior().clips()), (true, prior));
        let say = |speaker| models.predict(&[clip(functionals.row(0), speaker)]).expect("numbers").concat();
        let (known, unknown) = (say(Some(&speaker)), say(None));
        assert!((known.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{known:?}");
        assert_eq!(known != unknown, is_of_use);
    }
    let models = LinearModels::read(folder.path()).expect("models");
    let error = models.predict(&[clip(&[1.0], None)]).expect_err("one of two").to_string();
    assert_eq!(error, "clip 0: expected 2 functionals, found 1");
    let wild = models.predict(&[clip(&[f32::NAN, 0.0], None)]).expect_err("no number").to_string();
    assert!(wild.starts_with("clip 0: the model's probabilities are not finite"), "{wild}");
    // Models of before know no prior, and no limits.
    let path = folder.path().join("fold=0/linear.json");
    let text = std::fs::read_to_string(&path).expect("text");
    let before = text.split_once('\n').expect("a line of the hash").1.replacen("\"speaker_prior_clips\":2.0,", "", 1);
    std::fs::write(&path, format!("{{{before}")).expect("write");
    assert!(!LinearModels::read(&folder.path().join("fold=0")).expect("a model").speaker_prior().blends());
    let error = LinearModels::read(folder.path()).expect_err("two kinds").to_string();
    assert!(error.contains("differ in speaker_prior_clips"), "{error}");
}

/// Corpora `x` and `y` are in every part of every fold.
#[test]
fn an_exported_model_knows_its_corpora() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let place = |number: usize| usize::from(number % 5 < 2);
    corpora(folder.path(), |number| ["x", "y"][place(number)].to_owned());
    fit(folder.path(), &Params { standardise: Standardise::Corpus, ..Params::default() }, true).expect("fits");
    let functionals = Functionals::read(&folder.path().join(functionals::FOLDER)).expect("functionals");
    let tested: Vec<Prediction> = rows(folder.path());
    for fold in 0..3 {
        let tested: Vec<&Prediction> = tested.iter().filter(|row| row.fold == fold).collect();
        let values = tested.iter().flat_map(|row| functionals.row(number(&row.clip_id)).to_vec()).collect();
        let values = Input::Floats(vec![tested.len(), 2], values);
        let file = LinearModels::read(&folder.path().join(format!("fold={fold}"))).expect("a model").onnx();
        assert_eq!(file.inputs, ["functionals", "corpus"]);
        let run = |corpora: Vec<usize>| {
            let inputs = [("functionals", values.clone()), ("corpus", Input::Ints(corpora))];
            probabilities(&file.bytes, &inputs).expect("a graph that runs")
        };
        let found = run(tested.iter().map(|row| place(number(&row.clip_id))).collect());
        let expected: Vec<f32> = tested.iter().flat_map(|row| row.probabilities.clone()).collect();
        let apart = |found: &[f32]| found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert_eq!(found.len(), expected.len());
        assert!(apart(&found) < 1e-4, "fold {fold}: {}", apart(&found));
        assert!(apart(&run(vec![2; tested.len()])) > 1e-3, "any other corpus has the statistics of all training clips");
    }
}

#[test]
fn a_fold_of_one_class_is_kept_too() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let mut assignments: Vec<Assignment> = rows(folder.path());
    let is_sad = |row: &Assignment| row.clip_id[2..].parse::<usize>().expect("a number") / 6 % 2 == 1;
    assignments.retain(|row| row.role != Role::Train || is_sad(row));
    Assignment::write_in(folder.path(), &assignments, &Provenance::default()).expect("write");
    fit(folder.path(), &Params::default(), true).expect("fits");
    let model = LinearModels::read(&folder.path().join("fold=0")).expect("a model").onnx();
    let clip = [("functionals", Input::Floats(vec![1, 2], vec![3.0, 0.5]))];
    assert_eq!(probabilities(&model.bytes, &clip).expect("a graph that runs"), [0.0, 1.0]);
}

#[test]
fn a_majority_is_no_linear_model_and_damage_is_told() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    fit(folder.path(), &Params { model: Model::Majority, ..Params::default() }, false).expect("fits");
    assert!(!LinearModels::are_in(folder.path()));
    let error = LinearModels::read(folder.path()).expect_err("none").to_string();
    assert!(
        error.ends_with("holds no linear model: expected `linear.json`, or folders `fold=<k>` with one"),
        "{error}"
    );
    fit(folder.path(), &Params::default(), true).expect("fits");
    let path = folder.path().join("fold=1/linear.json");
    let text = std::fs::read_to_string(&path).expect("text");
    let load = |text: &str| {
        std::fs::write(&path, text).expect("write");
        LinearModels::read(folder.path()).map_err(|error| error.to_string())
    };
    for (from, to, problem) in [
        ("\"format\":1", "\"format\":2", "`format`: found 2, expected 1"),
        ("\"a_mean\",", "", "a row of `weights`: found 2, expected 1"),
        ("\"intercepts\":[", "\"intercepts\":[null,", "`intercepts`: found 3, expected 2"),
        ("[\"angry\",\"sad\"]", "[\"angry\",\"happy\"]", "differ in classes"),
        ("\"sd\":[", "\"sd\":[-", "`standardisation.sd` holds -"),
        ("\"mean\":[", "\"mean\":[1e60,0.5],\"other\":[", "unknown field `other`"),
    ] {
        let error = load(&text.replacen(from, to, 1)).expect_err(from);
        assert!(error.contains("linear.json") && error.contains(problem), "{error}");
    }
    // Consistent, and wrong for every recording; without a hash, as before, it is believed.
    let others = text.split_once('\n').expect("a line of the hash").1;
    let hashless = format!("{{{others}");
    for (from, to) in [("\"intercepts\":[", "\"intercepts\":[1"), ("\"weights\":[[", "\"weights\":[[1")] {
        let (from, to) = if text.contains(&format!("{from}-")) {
            (format!("{from}-"), to.to_owned())
        } else {
            (from.to_owned(), to.to_owned())
        };
        let error = load(&text.replacen(&from, &to, 1)).expect_err("altered");
        assert!(error.contains("it was changed after training"), "{error}");
        load(&hashless.replacen(&from, &to, 1)).expect("no hash to compare with");
    }
    load(&hashless).expect("as it was");
    load(&text).expect("as it was");
}

#[test]
fn linear_models_are_used_all_or_not_at_all() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    fit(folder.path(), &Params::default(), true).expect("fits");
    let fold = folder.path().join("fold=1");
    std::fs::rename(fold.join("linear.json"), fold.join("kept")).expect("rename");
    let error = LinearModels::read(folder.path()).expect_err("half").to_string();
    assert!(error.contains("fold=1` lacks `linear.json`"), "{error}");
    std::fs::remove_dir_all(&fold).expect("remove");
    let error = LinearModels::read(folder.path()).expect_err("two of three").to_string();
    assert!(error.contains("has no `fold=1`, and the stage made models of folds 0, 1, 2"), "{error}");
}
