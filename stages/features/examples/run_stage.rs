//! Runs the stage outside of any pipeline: for measuring, and for looking at features.
//!
//!     cargo run --release -p ser-features --example run_stage -- CLIPS OUT_DIR [PARAMS.json [PREVIOUS_DIR]]
//!
//! `CLIPS` is the folder of a manifest, whose paths are taken relative to the current folder, or a folder of recordings:
//! then all of them are clips, of unknown content and emotion, at 16 kHz. `CLIPS*10` lists every one of these ten times.
//! With `PREVIOUS_DIR`, rows are taken over from the result in that folder. Prints one line of JSON.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ser_audio::testing::{files_below, peak_mib};
use ser_features::{Params, run};
use ser_schemas::{Clip, KEY_SAMPLE_RATE_HZ, Provenance, Table};
use ser_stage::Context;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [clips, out_dir, rest @ ..] = &arguments[..] else {
        return Err("usage: run_stage CLIPS OUT_DIR [PARAMS.json [PREVIOUS_DIR]]".into());
    };
    let params: Params = match rest {
        [file, ..] => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        [] => Params::default(),
    };
    std::fs::create_dir_all(out_dir)?;
    let manifest_dir = if Path::new(clips).join("clips.parquet").exists() {
        PathBuf::from(clips)
    } else {
        list_recordings(clips, out_dir)?
    };
    // Nothing is taken over from a run before, but where that is asked for.
    let parts_dir = tempfile::tempdir_in(out_dir)?;
    let ctx = Context {
        base_dir: Path::new(""),
        parts_dir: parts_dir.path(),
        previous_dir: rest.get(1).map(Path::new),
        ..Context::alone(Path::new(out_dir))
    };
    let started = Instant::now();
    let summary = run(&params, &manifest_dir, &ctx)?;
    let seconds = started.elapsed().as_secs_f64();
    let report = serde_json::json!({
        "seconds": seconds,
        "clips": summary.rows,
        "threads": rayon::current_num_threads(),
        "peak_mib": peak_mib(),
        "headline": summary.headline,
        "notes": summary.notes,
    });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Writes a manifest of the recordings below `folder`, and returns its folder.
fn list_recordings(folder: &str, out_dir: &str) -> Result<PathBuf, Box<dyn Error>> {
    let (folder, times) = match folder.rsplit_once('*') {
        Some((folder, times)) => (folder, times.parse()?),
        None => (folder, 1),
    };
    let paths = files_below(Path::new(folder))?;
    let mut rows = Vec::with_capacity(paths.len() * times);
    for time in 0..times {
        for path in &paths {
            let bytes = std::fs::read(path)?;
            let name = path.strip_prefix(folder).unwrap_or(path).with_extension("");
            let clip_id = format!("measured-{time}/{}", name.to_string_lossy());
            let mut clip = Clip::found(clip_id, "measured".into(), path.to_string_lossy().into(), bytes.len() as u64);
            clip.content_hash = Some(blake3::hash(&bytes).to_hex().to_string());
            rows.push(clip);
        }
    }
    let manifest_dir = Path::new(out_dir).join("manifest");
    std::fs::create_dir_all(&manifest_dir)?;
    let rate = [(KEY_SAMPLE_RATE_HZ, "16000".to_owned())];
    Clip::write_with(&Clip::file_in(&manifest_dir), &rows, &Provenance::default(), &rate)?;
    Ok(manifest_dir)
}
