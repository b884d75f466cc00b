//! Runs the stage outside of any pipeline, on one fold of a split: for measuring.
//!
//!     cargo run --release -p ser-train --example train_fold -- ARTIFACTS SPLIT FOLD OUT_DIR [SEED [PARAMS.json]]
//!
//! `ARTIFACTS` is the folder of a run with the stages `manifest`, `features` and `SPLIT`; `OUT_DIR` must not exist yet.
//! The stage reads its tables, trains, predicts and writes as in a pipeline. Prints one line of JSON.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use ser_schemas::{Assignment, Epoch, Provenance, Table};
use ser_stage::Context;
use ser_train::bench::peak_mib;
use ser_train::{Inputs, Params, run};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [artifacts, split, fold, out_dir, rest @ ..] = &arguments[..] else {
        return Err("usage: train_fold ARTIFACTS SPLIT FOLD OUT_DIR [SEED [PARAMS.json]]".into());
    };
    let (artifacts, out_dir) = (Path::new(artifacts), Path::new(out_dir));
    let fold: u32 = fold.parse()?;
    let seed: u64 = rest.first().map_or(Ok(42), |seed| seed.parse())?;
    let params: Params = match rest.get(1) {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        None => Params::default(),
    };
    let (split_dir, result_dir, work_dir) = (out_dir.join("split"), out_dir.join("train"), out_dir.join("work"));
    // A checkpoint left by another training would be continued.
    if out_dir.exists() {
        return Err(format!("{} exists", out_dir.display()).into());
    }
    for folder in [&split_dir, &result_dir, &work_dir] {
        std::fs::create_dir_all(folder)?;
    }
    let mut assignments = Assignment::read_in(artifacts.join(split))?;
    assignments.retain(|assignment| assignment.fold == fold);
    Assignment::write_in(&split_dir, &assignments, &Provenance::default())?;
    let (manifest, features) = (artifacts.join("manifest"), artifacts.join("features"));
    let inputs =
        Inputs { manifest: &manifest, features: &features, split: &split_dir, model: "measured", split_name: split };
    let ctx = Context { seed, out_dir: &result_dir, ..Context::alone(&work_dir) };
    let started = Instant::now();
    let summary = run(&params, &inputs, &ctx)?;
    let stage_s = started.elapsed().as_secs_f64();
    let history = Epoch::read_in(&result_dir)?;
    let best = history.iter().find(|row| row.best);
    let report = serde_json::json!({
        "stage_s": stage_s,
        "epochs_s": history.iter().map(|row| row.seconds).collect::<Vec<_>>(),
        "validation_uar": best.and_then(|row| row.validation_uar),
        "epoch": best.map(|row| row.epoch),
        "threads": rayon::current_num_threads(),
        "peak_mib": peak_mib(),
        "headline": summary.headline,
    });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}
