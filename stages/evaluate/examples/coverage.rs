//! How often 95 % intervals hold the truth, by world and number of speakers:
//! `cargo run --release -p ser-evaluate --example coverage -- 2000`.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use std::io::Write;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use simulation::{Coverage, FIGURES, WORLDS};

const SPEAKERS: [usize; 7] = [3, 4, 5, 8, 10, 24, 91];

fn main() -> std::io::Result<()> {
    let experiments: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    let cases: Vec<_> = WORLDS.iter().flat_map(|world| SPEAKERS.map(|speakers| (world, speakers))).collect();
    let found: Vec<_> = cases
        .par_iter()
        .map(|(world, speakers)| {
            let mut generator = ChaCha8Rng::seed_from_u64(*speakers as u64);
            world.coverage(*speakers, experiments, 500, &mut generator)
        })
        .collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "speakers  {}  worst class  uar width  class width", FIGURES.join("  "))?;
    let mut line = |speakers: &str, held: &[f64; FIGURES.len()], worst: f64, widths: [f64; 2], name: &str| {
        let held: String =
            held.iter().zip(FIGURES).map(|(held, figure)| format!("{held:w$.3}  ", w = figure.len())).collect();
        writeln!(out, "{speakers:>8}  {held}{worst:11.3}  {:9.3}  {:11.3}  {name}", widths[0], widths[1])
    };
    for ((world, speakers), found) in cases.iter().zip(&found) {
        let widths = [found.uar_width, found.class_width];
        line(&speakers.to_string(), &found.held, found.worst_class, widths, world.name)?;
    }
    for speakers in SPEAKERS {
        let of: Vec<_> =
            cases.iter().zip(&found).filter(|((_, of), _)| *of == speakers).map(|(_, found)| found).collect();
        let mean =
            |value: &dyn Fn(&Coverage) -> f64| of.iter().map(|found| value(found)).sum::<f64>() / of.len() as f64;
        let held = std::array::from_fn(|figure| mean(&|found| found.held[figure]));
        let worst = of.iter().map(|found| found.worst_class).fold(1.0, f64::min);
        let widths = [mean(&|found| found.uar_width), mean(&|found| found.class_width)];
        line(&speakers.to_string(), &held, worst, widths, "all worlds")?;
    }
    Ok(())
}
