//! Intervals cover: in worlds with a known truth, 95 % intervals hold it in 93 to 97 % of experiments.

mod simulation;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use simulation::{Coverage, WORLDS};

/// Experiments in each of the six worlds.
const EXPERIMENTS: u64 = 300;

fn coverage(speakers: usize) -> Vec<Coverage> {
    let worlds = WORLDS.par_iter().enumerate();
    let each = worlds.map(|(number, world)| {
        let mut generator = ChaCha8Rng::seed_from_u64((speakers * 100 + number) as u64);
        world.coverage(speakers, EXPERIMENTS, 200, &mut generator)
    });
    each.collect()
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    for speakers in [3, 5, 8, 24, 91] {
        let found = coverage(speakers);
        for (world, found) in WORLDS.iter().zip(&found) {
            // 300 experiments have a standard error of 0.0126 at 0.95; three of them are allowed below.
            assert!(found.uar > 0.912, "{} with {speakers} speakers: {found:?}", world.name);
        }
        // 1800 experiments have a standard error of 0.005.
        let mean = |of: fn(&Coverage) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
        for (what, coverage) in [
            ("uar", mean(|found| found.uar)),
            ("accuracy", mean(|found| found.accuracy)),
            ("macro_f1", mean(|found| found.macro_f1)),
        ] {
            assert!((0.93..=0.97).contains(&coverage), "{what} with {speakers} speakers: {coverage}");
        }
        // Where speakers are few, so are a class's clips, and Wilson's interval for few errors covers more.
        let most = if speakers < 8 { 0.985 } else { 0.97 };
        let classes = mean(|found| found.classes);
        assert!((0.93..=most).contains(&classes), "classes with {speakers} speakers: {classes}");
    }
}
