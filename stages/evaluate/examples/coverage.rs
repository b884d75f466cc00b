//! How often 95 % intervals hold the truth, by world and number of speakers:
//! `cargo run --release -p ser-evaluate --example coverage -- 2000`.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use std::io::Write;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use simulation::WORLDS;

fn main() -> std::io::Result<()> {
    let experiments: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    let cases: Vec<_> =
        WORLDS.iter().flat_map(|world| [3, 4, 5, 8, 10, 24, 91].map(|speakers| (world, speakers))).collect();
    let found: Vec<_> = cases
        .par_iter()
        .map(|(world, speakers)| {
            let mut generator = ChaCha8Rng::seed_from_u64(*speakers as u64);
            world.coverage(*speakers, experiments, 500, &mut generator)
        })
        .collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "speakers   uar  accuracy  macro-F1  classes  width of uar")?;
    for ((world, speakers), found) in cases.iter().zip(found) {
        writeln!(
            out,
            "{speakers:8} {:.3}     {:.3}     {:.3}    {:.3}         {:.3}  {}",
            found.uar, found.accuracy, found.macro_f1, found.classes, found.width, world.name
        )?;
    }
    Ok(())
}
