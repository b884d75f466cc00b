//! Several corpora: which are trained on, how often each is drawn, and whose statistics standardise.

use std::collections::BTreeSet;

use ser_onnx_run::{Input, probabilities};
use ser_schemas::{Clip, Exposure, Prediction, Provenance, Standardisation, Table, Use};
use ser_stage::Quiet;

use super::{Ear, Impatient, World, clip_id, inputs_of, recordings, small};
use crate::{Balance, ClipInput, Device, Params, Predictor, Standardise, TrainError};

/// Corpora of the speakers. Fold 0 trains on speakers 3, 4, 5, validates on 2 and tests 0 and 1; fold 1 trains on 0, 1,
/// 5, validates on 4 and tests 2 and 3: fold 0 hears nothing of `three`, fold 1 nothing of `two`.
const CORPORA: [&str; 6] = ["three", "one", "three", "one", "two", "one"];

impl World {
    /// Changes the clips of the manifest.
    pub(super) fn relabel(&self, change: impl Fn(&mut Clip)) {
        let path = self.path("manifest/clips.parquet");
        let mut clips = Clip::read(&path).expect("clips");
        clips.iter_mut().for_each(change);
        Clip::write(&path, &clips, &Provenance::default()).expect("clips");
    }

    /// Gives the clips of each speaker a corpus.
    fn of_corpora(self, corpora: [&str; 6]) -> Self {
        self.relabel(|clip| corpora[speaker(&clip.clip_id)].clone_into(&mut clip.corpus));
        self
    }

    fn used(&self, name: &str, fold: u32, used_for: Use) -> BTreeSet<usize> {
        let rows: Vec<Exposure> = Exposure::read_in(self.path(name)).expect("exposures");
        let rows = rows.into_iter().filter(|row| row.fold == fold && row.used_for == used_for);
        rows.map(|row| speaker(&row.clip_id)).collect()
    }
}

/// The speaker of a clip: `made/3-1-0` is of 3.
fn speaker(clip_id: &str) -> usize {
    clip_id.as_bytes()["made/".len()].wrapping_sub(b'0').into()
}

#[test]
fn clips_of_other_corpora_are_tested_and_nothing_else() {
    let world = World::new().of_corpora(CORPORA);
    let train_corpora = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let params = Params { epochs: 1, train_corpora: train_corpora(&["one"]), ..small() };
    world.run("one", &params).expect("training");
    world.run("all", &Params { train_corpora: Vec::new(), ..params.clone() }).expect("training");
    let tested =
        |name: &str| world.predictions(name).into_iter().map(|row| (row.fold, row.clip_id)).collect::<Vec<_>>();
    assert_eq!(tested("one"), tested("all"));
    for (fold, speakers) in [(0, [3, 5]), (1, [1, 5])] {
        for used_for in [Use::Weights, Use::Standardisation, Use::Augmentation] {
            assert_eq!(world.used("one", fold, used_for), BTreeSet::from(speakers), "{used_for}");
        }
        assert_eq!(world.used("one", fold, Use::Selection), BTreeSet::new());
    }
    assert!(world.about("one").settings.expect("settings").contains(", trained on one,"));
    let error = |names: &[&str]| {
        let params = Params { train_corpora: train_corpora(names), ..params.clone() };
        world.run("none", &params).expect_err("refused").to_string()
    };
    let told = error(&["on"]);
    assert!(told.starts_with("`train_corpora` names `on`") && told.contains("did you mean `one`?"), "{told}");
    assert!(error(&["three"]).starts_with("fold 0 has no training clips of `train_corpora` (three)"));
}

#[test]
fn balanced_corpora_are_another_training_and_one_corpus_is_balanced() {
    let world = World::new();
    let run = |name: &str, balance| world.run(name, &Params { balance, epochs: 2, ..small() }).expect("training");
    run("clips", Balance::Clips);
    run("corpora", Balance::Corpora);
    assert!(world.weights("clips", 0) == world.weights("corpora", 0), "one corpus");
    let world = World::new().of_corpora(CORPORA);
    let run = |name: &str, balance| world.run(name, &Params { balance, epochs: 2, ..small() }).expect("training");
    run("clips", Balance::Clips);
    run("corpora", Balance::Corpora);
    assert!(world.weights("clips", 0) != world.weights("corpora", 0));
    // As many steps: the learning rate is the same at the end of each epoch.
    let rates = |name: &str| world.history(name).into_iter().map(|row| row.learning_rate).collect::<Vec<_>>();
    assert_eq!(rates("clips"), rates("corpora"));
    assert!(world.about("corpora").settings.expect("settings").contains(", corpora drawn equally often"));
}

#[test]
fn a_corpus_is_standardised_by_its_training_clips_and_an_unheard_one_by_all_its_clips() {
    let world = World::new().of_corpora(CORPORA);
    let params = Params { standardise: Standardise::Corpus, epochs: 1, ..small() };
    world.run("net", &params).expect("training");
    let about = world.about("net");
    assert_eq!((about.standardisation, about.uses_test_speakers), (Some(Standardisation::Corpus), true));
    for (fold, training, unheard) in [(0, [3, 4, 5], vec![0, 2]), (1, [0, 1, 5], vec![4])] {
        assert_eq!(world.used("net", fold, Use::Standardisation), BTreeSet::from(training));
        assert_eq!(world.used("net", fold, Use::CorpusStandardisation), BTreeSet::from_iter(unheard));
    }

    // Another scale of a corpus that fold 0 never heard changes neither its weights nor, but for rounding, any answer.
    let of = |world: &World, speaker: usize| -> Vec<Prediction> {
        let of_fold = world.predictions("net").into_iter().filter(|row| row.fold == 0);
        of_fold.filter(|row| row.clip_id == clip_id(speaker, 1, 1)).collect()
    };
    let rescaled = World::with(|speaker, values| {
        if CORPORA[speaker] == "three" {
            for value in values.iter_mut() {
                *value = 8.0 * *value + 64.0;
            }
        }
    });
    let rescaled = rescaled.of_corpora(CORPORA);
    rescaled.run("net", &params).expect("training");
    assert!(world.weights("net", 0) == rescaled.weights("net", 0));
    assert_eq!(of(&world, 1), of(&rescaled, 1));
    let (before, after) = (of(&world, 0).remove(0).probabilities, of(&rescaled, 0).remove(0).probabilities);
    assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-3), "{before:?} {after:?}");

    // Where every corpus was trained on, nothing of a test speaker is used.
    let heard = World::new().of_corpora(["one", "one", "one", "one", "two", "two"]);
    heard.assign(|fold, speaker| if speaker == fold { super::Role::Test } else { super::Role::Train });
    heard.run("net", &params).expect("training");
    assert!(!heard.about("net").uses_test_speakers);
    assert_eq!(heard.used("net", 0, Use::CorpusStandardisation), BTreeSet::new());
}

/// In fold 0, speaker 1 is of a corpus that was trained on.
#[test]
fn a_loaded_model_knows_its_corpora_and_so_does_its_graph() {
    let world = World::new().of_corpora(CORPORA);
    world.run("net", &Params { standardise: Standardise::Corpus, epochs: 2, ..small() }).expect("training");
    let fold = Predictor::load(&world.path("net/fold=0"), Device::Cpu).expect("model");
    let both = Predictor::load(&world.path("net"), Device::Cpu).expect("models");
    assert!(fold.is_per_corpus() && !fold.is_per_speaker());
    assert_eq!(fold.corpora(), BTreeSet::from(["one", "two"]));
    assert_eq!(both.corpora(), BTreeSet::from(["one", "three", "two"]));

    let recordings = recordings(&world, 1..2);
    let none = std::collections::BTreeMap::new();
    let clips = |corpus| -> Vec<ClipInput<'_>> {
        inputs_of(&recordings, &none).into_iter().map(|clip| ClipInput { corpus, ..clip }).collect()
    };
    let found = fold.predict(&clips(Some("one"))).expect("probabilities");
    let expected: Vec<Prediction> = world.predictions("net").into_iter().filter(|row| row.fold == 0).collect();
    let expected = expected.iter().filter(|row| speaker(&row.clip_id) == 1).map(|row| row.probabilities.clone());
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?}, expected {expected:?}");
    }
    let unknown = fold.predict(&clips(None)).expect("probabilities");
    assert_ne!(found, unknown);
    assert_eq!(fold.predict(&clips(Some("three"))).expect("probabilities"), unknown, "fold 0 did not hear it");

    let longest = recordings.iter().map(|(frames, ..)| frames.len()).max().unwrap_or_default();
    let count = recordings.len();
    let padded = recordings
        .iter()
        .flat_map(|(frames, ..)| frames.iter().copied().chain(std::iter::repeat_n(f32::NAN, longest - frames.len())));
    let frames = Input::Floats(vec![count, longest / super::WIDTH, super::WIDTH], padded.collect());
    let lengths = Input::Ints(recordings.iter().map(|(frames, ..)| frames.len() / super::WIDTH).collect());
    let functionals = recordings.iter().flat_map(|(_, functionals, _)| functionals.clone()).collect();
    let functionals = Input::Floats(vec![count, 2], functionals);
    for (predictor, corpora) in [(&fold, &["one", "two"][..]), (&both, &["one", "three", "two"])] {
        for place in 0..=corpora.len() {
            let expected = predictor.predict(&clips(corpora.get(place).copied())).expect("probabilities").concat();
            let inputs = [
                ("frames", frames.clone()),
                ("lengths", lengths.clone()),
                ("functionals", functionals.clone()),
                ("corpus", Input::Ints(vec![place; count])),
            ];
            let found = probabilities(&predictor.onnx().bytes, &inputs).expect("a graph that runs");
            assert_eq!(found.len(), expected.len());
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4), "corpus {place}");
        }
    }
}

/// Clips of the first emotion are neutral; those of corpus `two` are not.
fn joined_world() -> World {
    let world = World::new().of_corpora(CORPORA);
    world.relabel(|clip| {
        if clip.emotion == Some(super::EMOTIONS[0]) && clip.corpus != "two" {
            clip.emotion = Some(ser_schemas::Emotion::NEUTRAL);
        }
    });
    world
}

#[test]
fn joined_clips_balanced_corpora_and_their_statistics_depend_on_the_seed_alone() {
    let world = joined_world();
    let mut params = Params {
        balance: Balance::Corpora,
        standardise: Standardise::Corpus,
        max_frames: 40,
        batch_size: 20,
        epochs: 3,
        ..small()
    };
    world.run("off", &params).expect("training");
    params.augment.copy_paste = 0.6;
    for threads in [1, 4] {
        world.threads.set(threads);
        world.run(&threads.to_string(), &params).expect("training");
    }
    world.threads.set(1);
    for after in [3, 8] {
        let observer = Impatient { asked: 0.into(), after };
        let error = world.observed("parts", "parts", &params, &observer);
        assert!(matches!(error, Err(TrainError::Cancelled)), "{error:?}");
    }
    world.observed("parts", "parts", &params, &Quiet).expect("training");
    for fold in [0, 1] {
        assert!(world.weights("1", fold) != world.weights("off", fold));
        for name in ["4", "parts"] {
            assert!(world.weights("1", fold) == world.weights(name, fold), "{name}");
        }
    }
    assert_eq!(world.history("1"), world.history("parts"));
    let settings = world.about("1").settings.expect("settings");
    assert!(
        settings.contains(", joined with neutral clips 0.6") && settings.contains(", corpora drawn equally often"),
        "{settings}"
    );
}

#[test]
fn what_cannot_be_joined_is_told() {
    let mut params = Params { epochs: 1, ..small() };
    params.augment.copy_paste = 0.5;
    let error = World::new().run("net", &params).expect_err("no neutral clips").to_string();
    assert!(error.contains("fold 0 has no training clips of the class `neutral`"), "{error}");
    let ear = Ear::default();
    joined_world().observed("net", "net", &params, &ear).expect("training");
    let warned = ear.warnings.into_inner().expect("lock");
    let of_two =
        "fold 0 has no `neutral` training clips of `two`: `augment.copy_paste` leaves the clips of that as they are";
    assert!(warned.iter().any(|text| text == of_two), "{warned:?}");
    assert!(!warned.iter().any(|text| text.starts_with("fold 1 has no `neutral`")), "{warned:?}");
}
