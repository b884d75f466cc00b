//! Runs the stage outside of any pipeline, on a whole split: for measuring.
//!
//!     cargo run --release -p ser-baseline --example fit_fold -- ARTIFACTS SPLIT OUT_DIR [PARAMS.json]
//!
//! `ARTIFACTS` is the folder of a run with the stages `manifest`, `features` and `SPLIT`, or what ser-train's example
//! `make_features` writes; `OUT_DIR` must not exist yet. Prints the stage's headline.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use ser_baseline::{Inputs, Params, run};
use ser_stage::Context;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [artifacts, split, out_dir, rest @ ..] = &arguments[..] else {
        return Err("usage: fit_fold ARTIFACTS SPLIT OUT_DIR [PARAMS.json]".into());
    };
    let params: Params = match rest.first() {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        None => Params::default(),
    };
    let (artifacts, out_dir) = (Path::new(artifacts), Path::new(out_dir));
    std::fs::create_dir(out_dir)?;
    let [manifest, features, split_dir] = ["manifest", "features", split].map(|name| artifacts.join(name));
    let inputs = Inputs {
        manifest: &manifest,
        features: Some(&features),
        split: &split_dir,
        model: "measured",
        split_name: split,
    };
    let outcome = run(&params, &inputs, &Context::alone(out_dir))?;
    writeln!(std::io::stdout(), "{}", outcome.headline)?;
    Ok(())
}
