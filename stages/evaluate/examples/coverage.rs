//! How often 95 % intervals hold the truth, by world and number of speakers:
//! `cargo run --release -p ser-evaluate --example coverage -- 2000`, or of several corpora only `-- 2000 corpora`.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use std::io::Write;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use simulation::answers::{Coverage, FIGURES, OF_SEEDS, WORLDS, World};
use simulation::{corpora, probabilities};

const SPEAKERS: [usize; 7] = [3, 4, 5, 8, 10, 24, 91];

fn main() -> std::io::Result<()> {
    let experiments: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    if std::env::args().nth(2).is_some_and(|part| part == "corpora") {
        return corpora(&mut std::io::stdout().lock(), experiments);
    }
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
    for ((world, speakers), found) in cases.iter().zip(&found) {
        line(&mut out, *speakers, found, world.name)?;
    }
    for speakers in SPEAKERS {
        let each = cases.iter().zip(&found).filter(|((_, of), _)| *of == speakers).map(|(_, found)| found);
        line(&mut out, speakers, &over_worlds(&each.collect::<Vec<_>>()), "all worlds")?;
    }
    for speakers in SPEAKERS {
        let of_world =
            |world: &World| world.coverage(speakers, experiments, 500, &mut ChaCha8Rng::seed_from_u64(speakers as u64));
        let found: Vec<Coverage> = OF_SEEDS.par_iter().map(of_world).collect();
        for (world, found) in OF_SEEDS.iter().zip(&found) {
            line(&mut out, speakers, found, world.name)?;
        }
    }
    corpora(&mut out, experiments)?;
    calibration(&mut out, experiments)
}

/// The same over several corpora, and of speakers whom the model knows.
fn corpora(out: &mut impl Write, experiments: u64) -> std::io::Result<()> {
    let found =
        corpora::WORLDS.par_iter().map(|world| world.coverage(experiments, 500, &mut ChaCha8Rng::seed_from_u64(1)));
    let found: Vec<_> = found.collect();
    let figures = || FIGURES.into_iter().chain(corpora::OVER_CORPORA);
    writeln!(
        out,
        "\n{}  uar width  its width over corpora  several corpora",
        figures().collect::<Vec<_>>().join("  ")
    )?;
    for (world, found) in corpora::WORLDS.iter().zip(&found) {
        for (held, figure) in found.held.iter().chain(&found.over_corpora).zip(figures()) {
            write!(out, "{held:width$.3}  ", width = figure.len())?;
        }
        writeln!(out, "{:9.3}  {:22.3}  {}", found.uar_width, found.over_corpora_width, world.name)?;
    }
    let unions = probabilities::UNIONS.par_iter();
    let found: Vec<_> =
        unions.map(|union| union.coverage(experiments, 500, &mut ChaCha8Rng::seed_from_u64(1))).collect();
    writeln!(out, "\n{}  their widths  several corpora", probabilities::FIGURES.join("  "))?;
    for (union, found) in probabilities::UNIONS.iter().zip(&found) {
        let speakers: usize = union.corpora.iter().map(|(_, speakers)| speakers).sum();
        let numbers = found.held.iter().chain(&found.width).map(|number| number.unwrap_or(f64::NAN));
        calibration_line(out, speakers, numbers, union.name)?;
    }
    Ok(())
}

/// The same of the calibration figures, with the truths in front.
fn calibration(out: &mut impl Write, experiments: u64) -> std::io::Result<()> {
    let worlds = probabilities::WORLDS;
    let truth = |world: &probabilities::World| world.truth(&mut ChaCha8Rng::seed_from_u64(1));
    let truths: Vec<_> = worlds.par_iter().map(truth).collect();
    writeln!(out, "\ntruth: {}", probabilities::FIGURES.join("  "))?;
    for (world, truth) in worlds.iter().zip(&truths) {
        writeln!(out, "{truth:.4?}  {}", world.name)?;
    }
    writeln!(out, "speakers  {}  their widths", probabilities::FIGURES.join("  "))?;
    for speakers in SPEAKERS {
        let each = worlds.par_iter().zip(&truths).map(|(world, truth)| {
            world.coverage(*truth, speakers, experiments, 500, &mut ChaCha8Rng::seed_from_u64(speakers as u64))
        });
        let found: Vec<_> = each.collect();
        for (world, found) in worlds.iter().zip(&found) {
            let numbers = found.held.iter().chain(&found.width).map(|number| number.unwrap_or(f64::NAN));
            calibration_line(out, speakers, numbers, world.name)?;
        }
        let held = |figure: usize| found.iter().map(move |found| found.held[figure].unwrap_or(f64::NAN));
        let figures = || 0..probabilities::FIGURES.len();
        let means = figures().map(|figure| held(figure).sum::<f64>() / worlds.len() as f64);
        calibration_line(out, speakers, means, "all worlds")?;
        calibration_line(out, speakers, figures().map(|figure| held(figure).fold(f64::NAN, f64::min)), "lowest")?;
        calibration_line(out, speakers, figures().map(|figure| held(figure).fold(f64::NAN, f64::max)), "highest")?;
    }
    Ok(())
}

fn calibration_line(
    out: &mut impl Write,
    speakers: usize,
    numbers: impl Iterator<Item = f64>,
    name: &str,
) -> std::io::Result<()> {
    write!(out, "{speakers:8}  ")?;
    for number in numbers {
        write!(out, "{number:.3}  ")?;
    }
    writeln!(out, "{name}")
}

/// Means, and the lowest of what is lowest.
fn over_worlds(each: &[&Coverage]) -> Coverage {
    let mean =
        |value: &dyn Fn(&Coverage) -> f64| each.iter().map(|found| value(found)).sum::<f64>() / each.len() as f64;
    Coverage {
        held: std::array::from_fn(|figure| mean(&|found| found.held[figure])),
        worst_class: each.iter().map(|found| found.worst_class).fold(1.0, f64::min),
        uar_width: mean(&|found| found.uar_width),
        class_width: mean(&|found| found.class_width),
    }
}

fn line(out: &mut impl Write, speakers: usize, found: &Coverage, world: &str) -> std::io::Result<()> {
    write!(out, "{speakers:8}  ")?;
    for (held, figure) in found.held.iter().zip(FIGURES) {
        write!(out, "{held:width$.3}  ", width = figure.len())?;
    }
    let Coverage { worst_class, uar_width, class_width, .. } = found;
    writeln!(out, "{worst_class:11.3}  {uar_width:9.3}  {class_width:11.3}  {world}")
}
