//! Runs the stage over a manifest, outside of any pipeline: for measuring, and for looking at features.
//!
//!     cargo run --release -p ser-features --example run_stage -- MANIFEST_DIR OUT_DIR [PARAMS.json]
//!
//! Paths in the manifest are taken relative to the current folder.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use ser_features::{Params, run};
use ser_schemas::Provenance;
use ser_schemas::stage::{Quiet, StageContext};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [manifest_dir, out_dir, rest @ ..] = &arguments[..] else {
        return Err("usage: run_stage MANIFEST_DIR OUT_DIR [PARAMS.json]".into());
    };
    let params: Params = match rest {
        [file, ..] => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        [] => Params::default(),
    };
    std::fs::create_dir_all(out_dir)?;
    let ctx = StageContext {
        provenance: Provenance::default(),
        seed: 42,
        base_dir: Path::new(""),
        out_dir: Path::new(out_dir),
        work_dir: Path::new(out_dir),
        previous_dir: None,
        state_dir: Path::new(out_dir),
        observer: &Quiet,
    };
    let started = Instant::now();
    let summary = run(&params, Path::new(manifest_dir), &ctx)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut out = std::io::stdout();
    writeln!(out, "{}", summary.headline)?;
    for note in &summary.notes {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "{seconds:.2} s, {:.0} clips/s", summary.rows as f64 / seconds)?;
    Ok(())
}
