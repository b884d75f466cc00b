//! Several networks in each fold, which differ in their seed alone.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

use ser_onnx_run::Input;
use ser_schemas::{Epoch, Exposure, Prediction, Table as _};
use ser_stage::Quiet;

use super::{Ear, Impatient, WIDTH, World, inputs_of, recordings, small};
use crate::{Device, Params, Predictor, TrainError};

fn several(seeds: u32) -> Params {
    Params { seeds, seed_offset: 2, epochs: 3, ..small() }
}

/// Whatever a network leaves, as bytes.
fn files(world: &World, folder: &str) -> [Vec<u8>; 2] {
    ["model.safetensors", "config.json"]
        .map(|file| std::fs::read(world.path(folder).join(file)).unwrap_or_else(|error| panic!("{folder}: {error}")))
}

#[test]
fn each_is_what_it_would_be_as_the_only_one_with_its_offset() {
    let world = World::new();
    let summary = world.run("three", &several(3)).expect("training");
    assert!(summary.headline.starts_with("2 folds, 3 seeds in each, "), "{}", summary.headline);
    assert!(summary.headline.ends_with(", 36 test clips predicted"), "{}", summary.headline);
    let (rows, history) = (world.predictions("three"), world.history("three"));
    let validation = |name: &str| Prediction::read(&world.path(name).join(Prediction::VALIDATION.file)).expect("rows");
    assert_eq!((rows.len(), history.len(), validation("three").len()), (3 * 36, 3 * 2 * 3, 3 * 18));
    let of_seed = |rows: Vec<Prediction>, seed: u32| -> Vec<Prediction> {
        let own = rows.into_iter().filter(|row| row.seed == Some(seed));
        own.map(|row| Prediction { seed: None, ..row }).collect()
    };
    for seed in 0..3 {
        let name = format!("alone {seed}");
        world.threads.set(1 + seed as usize);
        world.run(&name, &Params { seeds: 1, seed_offset: 2 + seed, ..several(1) }).expect("training");
        assert_eq!(of_seed(rows.clone(), seed), world.predictions(&name));
        assert_eq!(of_seed(validation("three"), seed), validation(&name));
        let own = history.iter().filter(|row| row.seed == Some(seed)).cloned();
        let own: Vec<Epoch> = own.map(|row| Epoch { seed: None, ..row }).collect();
        assert_eq!(own, world.history(&name));
        for fold in [0, 1] {
            let (one, other) = (format!("three/fold={fold}/seed={seed}"), format!("{name}/fold={fold}"));
            assert!(files(&world, &one) == files(&world, &other), "{one}");
        }
    }
    assert!(files(&world, "three/fold=0/seed=0") != files(&world, "three/fold=0/seed=1"));
    let (of_three, of_one) = (Exposure::read_in(world.path("three")), Exposure::read_in(world.path("alone 0")));
    assert_eq!(of_three.expect("exposures"), of_one.expect("exposures"), "all were shown the same clips");
    assert_eq!(world.about("three").parameter_count, world.about("alone 0").parameter_count);
    // Figures are means over the seeds: however many there are, it is one recipe, and can be compared.
    assert_eq!(world.about("three").recipe, world.about("alone 0").recipe);
    assert!(!world.path("three/fold=0/config.json").exists());
}

#[test]
fn they_are_trained_like_folds() {
    let world = World::new();
    let params = Params { epochs: 2, seeds: 2, ..small() };
    let ear = Ear::default();
    world.threads.set(1);
    world.observed("whole", "whole", &params, &ear).expect("training");
    let milestones = ear.milestones.into_inner().expect("lock");
    let places =
        ["fold 0, seed 0 (1 of 4)", "fold 0, seed 1 (2 of 4)", "fold 1, seed 0 (3 of 4)", "fold 1, seed 1 (4 of 4)"];
    for (told, place) in milestones.iter().zip(places) {
        assert!(told.starts_with(&format!("{place} is done, 2 epochs")), "{told}");
    }
    assert_eq!(milestones.len(), 4);
    // 27 training clips are 3 batches an epoch, so each of these stops in another network.
    for after in [4, 7, 9] {
        let observer = Impatient { asked: AtomicUsize::new(0), after };
        let error = world.observed("parts", "parts", &params, &observer);
        assert!(matches!(error, Err(TrainError::Cancelled)), "{error:?}");
    }
    world.threads.set(5);
    world.observed("parts", "parts", &params, &Quiet).expect("training");
    assert_eq!(world.predictions("whole"), world.predictions("parts"));
    assert_eq!(world.history("whole"), world.history("parts"));
    // Nothing is left to do: nobody asks whether to stop.
    let observer = Impatient { asked: AtomicUsize::new(0), after: 0 };
    world.observed("again", "parts", &params, &observer).expect("nothing left to do");
    assert_eq!(world.predictions("whole"), world.predictions("again"));
}

#[test]
fn the_network_that_fails_is_named_with_its_seed() {
    let world = World::new();
    world.threads.set(1);
    let wild = Params { learning_rate: 1e30, clip_norm: 0.0, seeds: 2, ..small() };
    let text = world.run("wild", &wild).expect_err("the loss is no number").to_string();
    assert!(text.starts_with("fold 0, seed 0, epoch 1: the loss became"), "{text}");
}

#[test]
fn an_artifact_a_fold_and_a_seed_are_models() {
    let world = World::new();
    world.run("net", &Params { epochs: 2, seeds: 2, ..small() }).expect("training");
    let (recordings, none) = (recordings(&world, 0..2), BTreeMap::new());
    let clips = inputs_of(&recordings, &none);
    let load = |folder: &str| Predictor::load(&world.path(folder), Device::Cpu).expect("a model");
    let says = |folder: &str| load(folder).predict(&clips).expect("probabilities").concat();
    let counts = |folder: &str| (load(folder).network_count(), load(folder).folds().len());
    let all = ["net/fold=0/seed=0", "net/fold=0/seed=1", "net/fold=1/seed=0", "net/fold=1/seed=1"];
    for (folder, members, expected) in
        [("net", &all[..], (4, 2)), ("net/fold=0", &all[..2], (2, 1)), (all[3], &all[3..], (1, 1))]
    {
        assert_eq!(counts(folder), expected, "{folder}");
        let each: Vec<Vec<f32>> = members.iter().map(|member| says(member)).collect();
        for (at, found) in says(folder).into_iter().enumerate() {
            let mean = each.iter().map(|said| said[at]).sum::<f32>() / each.len() as f32;
            assert!((mean - found).abs() < 1e-6, "{folder}: {mean} {found}");
        }
    }
    // As a graph, every network has its own weights.
    let file = load("net").onnx().bytes;
    for place in ["fold.0.seed.0.conv.0.weight", "fold.1.seed.1.conv.0.weight"] {
        assert!(file.windows(place.len()).any(|bytes| bytes == place.as_bytes()), "{place}");
    }
    let clip = &clips[0];
    let inputs = [
        ("frames", Input::Floats(vec![1, clip.frame_count, WIDTH], clip.frames.to_vec())),
        ("lengths", Input::Ints(vec![clip.frame_count])),
        ("functionals", Input::Floats(vec![1, 2], clip.functionals.to_vec())),
    ];
    let found = ser_onnx_run::probabilities(&file, &inputs).expect("a graph that runs");
    let expected = load("net").predict(&clips[..1]).expect("probabilities").concat();
    let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-4, "{apart}");
    // Of copies of other trainings, one that does not fit is named.
    world.run("clip", &Params { epochs: 1, max_frames: 10, ..small() }).expect("training");
    for file in ["config.json", "model.safetensors"] {
        let to = world.path(all[1]).join(file);
        std::fs::copy(world.path("clip/fold=0").join(file), to).expect("copy");
    }
    let error = Predictor::load(&world.path("net"), Device::Cpu).expect_err("two trainings").to_string();
    assert!(error.contains("fold=0/seed=1` and its neighbours differ in max_frames"), "{error}");
}

#[test]
fn one_seed_leaves_no_trace_of_the_parameter() {
    let written = serde_json::to_string(&Params::default()).expect("JSON");
    assert!(!written.contains("seeds"), "{written}");
    let read: Params = serde_json::from_str(&written).expect("parameters");
    assert_eq!(read.seeds, 1);
    let world = World::new();
    world.run("net", &Params { epochs: 1, ..small() }).expect("training");
    assert!(world.predictions("net").iter().all(|row| row.seed.is_none()));
    assert!(world.history("net").iter().all(|row| row.seed.is_none()));
    let much = Params { seed_offset: u32::MAX, seeds: 2, ..Params::default() };
    let problems = much.check();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].key.as_str(), problems[0].hint.as_deref()), ("seeds", Some("lower `seed_offset`")));
}
