//! Intervals cover: in worlds with a known truth, 95 % intervals hold it in 93 to 97 % of experiments.

mod simulation;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use simulation::WORLDS;

/// Over all worlds and 8, 24 and 91 speakers; and for each number of speakers by itself, down to 3.
#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    const EXPERIMENTS: u64 = 200;
    let mut generator = ChaCha8Rng::seed_from_u64(20_261);
    for speakers in [3, 5, 8, 24, 91] {
        let (mut uar, mut accuracy, mut macro_f1, mut classes) = (0.0, 0.0, 0.0, 0.0);
        for world in WORLDS {
            let found = world.coverage(speakers, EXPERIMENTS, 200, &mut generator);
            uar += found.uar;
            accuracy += found.accuracy;
            macro_f1 += found.macro_f1;
            classes += found.classes;
            // One world: 200 experiments have a standard error of 0.0154 at 0.95, and three of them are allowed.
            assert!((0.90..=1.0).contains(&found.uar), "{} with {speakers} speakers: {found:?}", world.name);
        }
        // Six worlds: 1200 experiments with a standard error of 0.006.
        for (what, sum) in [("uar", uar), ("accuracy", accuracy), ("macro_f1", macro_f1), ("classes", classes)] {
            let coverage = sum / WORLDS.len() as f64;
            assert!((0.93..=0.975).contains(&coverage), "{what} with {speakers} speakers: {coverage}");
        }
    }
}
