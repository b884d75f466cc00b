//! Statistics of a speaker blended with those of the training clips.

use ser_schemas::{StandardisationTrial, Statistics};

use super::*;

fn per_speaker(speaker_prior_clips: f64) -> Params {
    Params { standardise: Standardise::Speaker, speaker_prior_clips, epochs: 3, ..small() }
}

fn of_fold(world: &World, name: &str) -> Predictor {
    Predictor::load(&world.path(name).join("fold=0"), Device::Cpu).expect("model")
}

/// As the trials say of each clip by itself; functionals of one clip have no spread.
#[test]
fn one_recording_of_a_speaker_is_of_use() {
    let world = World::new();
    world.run("net", &per_speaker(2.0)).expect("training");
    let predictor = of_fold(&world, "net");
    assert_eq!((predictor.speaker_prior().clips(), predictor.speaker_prior().least_recordings()), (2.0, 1));
    let trials: BTreeMap<String, Emotion> = StandardisationTrial::read_in(world.path("net"))
        .expect("trials")
        .into_iter()
        .filter(|row| row.fold == 0 && row.statistics == Statistics::Few && row.clips == Some(1))
        .map(|row| (row.clip_id, row.predicted))
        .collect();
    assert_eq!(trials.len(), 18);
    let mut moved = 0;
    let recordings = recordings(&world, 0..2);
    for (recording, (s, e, t)) in recordings.iter().zip(each_clip()) {
        let alone = std::slice::from_ref(recording);
        let said = |speakers: &BTreeMap<String, SpeakerStatistics>| {
            predictor.predict(&inputs_of(alone, speakers)).expect("numbers").remove(0)
        };
        let (known, unknown) = (said(&statistics_of(alone)), said(&BTreeMap::new()));
        assert!((known.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{known:?}");
        moved += usize::from(known != unknown);
        assert_eq!(EMOTIONS[ser_models::most_probable(&known)], trials[&clip_id(s, e, t)]);
    }
    assert_eq!(moved, 18);
}

#[test]
fn a_prior_changes_models_per_speaker_and_no_others() {
    let world = World::new();
    let recipe = |name: &str, params: &Params| {
        world.run(name, params).expect("training");
        (world.predictions(name), world.about(name).recipe)
    };
    assert_ne!(recipe("none", &per_speaker(0.0)), recipe("two", &per_speaker(2.0)));
    let settings = world.about("two").settings.expect("settings");
    assert!(settings.contains("blended with those of the training clips as of 2 clips more"), "{settings}");
    let train = |prior| Params { standardise: Standardise::Train, ..per_speaker(prior) };
    assert_eq!(recipe("train", &train(0.0)).1, recipe("train_two", &train(2.0)).1);
    assert_eq!(world.weights("train", 0), world.weights("train_two", 0));
}

/// So much of it that nothing of a speaker is left, or so little that all of it is.
#[test]
fn a_prior_of_nothing_and_of_everything() {
    let world = World::new();
    world.run("none", &per_speaker(0.0)).expect("training");
    let recordings = recordings(&world, 0..2);
    let speakers = statistics_of(&recordings);
    let clips = inputs_of(&recordings, &speakers);
    let own = of_fold(&world, "none").predict(&clips).expect("probabilities");
    let config = world.path("none").join("fold=0/config.json");
    let text = std::fs::read_to_string(&config).expect("text");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // As a program of before wrote it.
    value.as_object_mut().expect("an object").remove("description_hash").expect("the hash");
    let params = value["params"].as_object_mut().expect("parameters");
    assert_eq!(params.remove("speaker_prior_clips"), Some(0.0.into()));
    std::fs::write(&config, value.to_string()).expect("write");
    assert!(!of_fold(&world, "none").speaker_prior().blends());
    assert_eq!(of_fold(&world, "none").predict(&clips).expect("probabilities"), own);
    let mut with = |prior: f64| {
        value["params"]["speaker_prior_clips"] = prior.into();
        std::fs::write(&config, value.to_string()).expect("write");
        Predictor::load(&world.path("none").join("fold=0"), Device::Cpu)
    };
    let near = |found: &[Vec<f32>], expected: &[Vec<f32>]| {
        found.iter().flatten().zip(expected.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-3)
    };
    let little = with(1e-6).expect("model").predict(&clips).expect("probabilities");
    assert!(near(&little, &own) && little.len() == own.len());
    let much = with(1000.0).expect("model");
    let unknown = much.predict(&inputs_of(&recordings, &BTreeMap::new())).expect("probabilities");
    let blended = much.predict(&clips).expect("probabilities");
    let apart = |one: &[Vec<f32>], other: &[Vec<f32>]| {
        one.iter().flatten().zip(other.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(apart(&blended, &unknown) < 0.1 * apart(&own, &unknown), "{}", apart(&blended, &unknown));
    let error = with(1001.0).expect_err("beyond the range");
    let problem = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
    assert!(problem.contains("speaker_prior_clips"), "{problem}");
}
