//! Trials with few and unbalanced clips of a speaker.

use std::collections::HashMap;

use ser_schemas::{StandardisationTrial, Statistics};

use super::*;
use crate::data::{Dataset, ROOM, Scalings};
use crate::networks::WaveformConfig;
use crate::trials::scaled_trials;

fn per_speaker() -> Params {
    Params { standardise: Standardise::Speaker, epochs: 3, ..small() }
}

impl World {
    /// Assigns clips in one fold, which tests the first two speakers; those that `kept` refuses have no part in it.
    fn assign_one_fold(&self, kept: impl Fn(&str) -> bool) {
        let role = |speaker| match speaker {
            0 | 1 => Role::Test,
            2 => Role::Validation,
            _ => Role::Train,
        };
        let rows = each_clip().map(|(s, e, t)| Assignment { clip_id: clip_id(s, e, t), fold: 0, role: role(s) });
        let rows: Vec<Assignment> = rows.filter(|row| kept(&row.clip_id)).collect();
        Assignment::write(&self.path("split/assignments.parquet"), &rows, &Provenance::default()).expect("split");
    }

    fn split(&self) -> ser_models::Dataset {
        ser_models::Dataset::read(&self.path("manifest"), &self.path("split")).expect("a split")
    }

    pub(super) fn trials(&self, name: &str) -> Vec<StandardisationTrial> {
        StandardisationTrial::read_in(self.path(name)).expect("trials")
    }
}

fn answers<'a>(rows: impl Iterator<Item = &'a StandardisationTrial>) -> HashMap<&'a str, Emotion> {
    rows.map(|row| (row.clip_id.as_str(), row.predicted)).collect()
}

/// Five clips of each of two speakers, tried beside their other four, and predicted where there are no others.
#[test]
fn few_clips_are_answered_as_if_the_others_were_not_there() {
    let world = World::new();
    world.assign_one_fold(|_| true);
    world.run("tried", &per_speaker()).expect("training");
    let split = world.split();
    let trials = ser_models::trials(&split, &split.folds[0], 1);
    let five = trials.iter().find(|trial| trial.clips == Some(5)).expect("nine clips are enough");
    let whole = five.groups.iter().filter(|group| group.predicted.len() == 5);
    let kept: Vec<&str> =
        whole.flat_map(|group| &group.predicted).map(|at| split.clips[*at].clip_id.as_str()).collect();
    assert_eq!(kept.len(), 10);
    let rows = world.trials("tried");
    let tried = answers(rows.iter().filter(|row| row.clips == Some(5) && row.repetition == 0));
    let all: HashMap<String, Emotion> =
        world.predictions("tried").into_iter().map(|row| (row.clip_id, row.predicted)).collect();

    world.assign_one_fold(|clip_id| {
        let test = clip_id.starts_with("made/0") || clip_id.starts_with("made/1");
        !test || kept.contains(&clip_id)
    });
    world.run("alone", &per_speaker()).expect("training");
    assert!(world.weights("tried", 0) == world.weights("alone", 0), "nothing else may differ");
    let alone = world.predictions("alone");
    assert_eq!(alone.len(), 10);
    for row in alone {
        assert_eq!(tried[row.clip_id.as_str()], row.predicted, "{}", row.clip_id);
    }
    let single = answers(rows.iter().filter(|row| row.clips == Some(1)));
    assert!(single.iter().any(|(clip_id, said)| all[*clip_id] != *said), "one clip tells less of a speaker than nine");
}

#[test]
fn with_none_of_a_speaker_the_network_answers_as_it_does_a_stranger() {
    let world = World::new();
    world.run("net", &per_speaker()).expect("training");
    let rows = world.trials("net");
    let tried = answers(rows.iter().filter(|row| row.fold == 0 && row.statistics == Statistics::TrainingClips));
    assert_eq!(tried.len(), 18);
    let predictor = Predictor::load(&world.path("net/fold=0"), Device::Cpu).expect("model");
    let recordings = recordings(&world, 0..2);
    let nobody = BTreeMap::new();
    let said = predictor.predict(&inputs_of(&recordings, &nobody)).expect("probabilities");
    for (number, (speaker, emotion, take)) in each_clip().take(18).enumerate() {
        let best = ser_models::most_probable(&said[number]);
        assert_eq!(tried[clip_id(speaker, emotion, take).as_str()], EMOTIONS[best], "clip {number}");
    }
}

#[test]
fn trials_depend_on_no_threads_and_nothing_on_trials() {
    let world = World::new();
    for (name, threads) in [("1", 1), ("3", 3)] {
        world.threads.set(threads);
        world.run(name, &per_speaker()).expect("training");
    }
    assert_eq!(world.trials("1"), world.trials("3"));
    // Two folds of two speakers with nine clips each: none of the speaker, one clip, three draws of two, of five and of
    // each of three shares of other emotions.
    assert_eq!(world.trials("1").len(), 36 * (1 + 1 + 3 + 3 + 9));
    world.run("off", &Params { standardisation_trials: 0, ..per_speaker() }).expect("training");
    world.run("train", &Params { standardise: Standardise::Train, ..per_speaker() }).expect("training");
    assert!(world.trials("off").is_empty() && world.trials("train").is_empty());
    assert_eq!((world.predictions("1"), world.about("1")), (world.predictions("off"), world.about("off")));
}

#[test]
fn a_network_that_hears_the_speaker_in_nothing_is_not_tried() {
    let world = World::new();
    let folders = [&*world.path("manifest"), &*world.path("features"), &*world.path("scratch")];
    let data = Dataset::read(&small(), folders, world.split(), ROOM).expect("clips");
    let fold = &data.split.folds[0];
    let training = Scalings::fit(data.clips.iter(), data.width(), data.functional_names.len()).expect("in memory");
    let count = |params: &Params| scaled_trials(params, &data, fold, &training).count();
    let waveform = Params { model: NetworkConfig::Waveform(WaveformConfig::default()), ..per_speaker() };
    assert_eq!(count(&waveform), count(&per_speaker()), "its functionals are standardised per speaker");
    assert_eq!(count(&Params { use_functionals: false, ..waveform }), 0);
    assert_eq!(count(&Params { standardise: Standardise::Clip, ..per_speaker() }), 0);
}
