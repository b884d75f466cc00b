//! Keeps a few rows of every table of a run, for tests that later versions still read them.
//!
//! ```text
//! cargo run --release --workspace --features ser/ndarray --example compat_files -- ARTIFACTS tests/compat/tables
//! ```
//!
//! Writes `<table>.v<version>.parquet` where there is none yet: what an earlier version wrote stays as it is.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ser_schemas::frames::{FramesRow, read_clips, read_layout, write_part};
use ser_schemas::functionals::Functionals;
use ser_schemas::{Provenance, TableResult, every_table, read_metadata};
use walkdir::{DirEntry, WalkDir};

/// Rows kept of each table.
const ROWS: usize = 2;
/// Frames kept of each clip.
const FRAMES: usize = 2;
/// Functionals kept.
const FUNCTIONALS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [artifacts, out_dir] = arguments.as_slice() else { return Err("usage: compat_files ARTIFACTS OUT_DIR".into()) };
    let entries = WalkDir::new(artifacts).sort_by_file_name().into_iter().collect::<Result<Vec<_>, _>>()?;
    let files: Vec<PathBuf> = entries.into_iter().map(DirEntry::into_path).filter(|path| is_table(path)).collect();
    let out_dir = Path::new(out_dir);
    let mut missing = Vec::new();
    for table in every_table() {
        let doc = (table.describe)();
        if !keep(&files, out_dir, doc.name, doc.version, |from, to| (table.copy)(from, to, ROWS))? {
            missing.push(doc.name);
        }
    }
    if !keep(&files, out_dir, "frames", ser_schemas::frames::VERSION, copy_frames)? {
        missing.push("frames");
    }
    if !keep(&files, out_dir, "functionals", ser_schemas::functionals::VERSION, copy_functionals)? {
        missing.push("functionals");
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("no rows in {artifacts} of: {}", missing.join(", ")).into()) }
}

/// Tries the files that hold `table` until one has rows; whether one had.
fn keep(
    files: &[PathBuf],
    out_dir: &Path,
    table: &str,
    version: u32,
    copy: impl Fn(&Path, &Path) -> TableResult<usize>,
) -> Result<bool, Box<dyn Error>> {
    let to = out_dir.join(format!("{table}.v{version}.parquet"));
    if to.exists() {
        return Ok(true);
    }
    for from in files {
        if read_metadata(from)?.get("ser.table").is_some_and(|found| found == table) && copy(from, &to)? > 0 {
            writeln!(io::stdout(), "{}", to.display())?;
            return Ok(true);
        }
    }
    // One without rows may be there now; it shows nothing.
    if to.exists() {
        std::fs::remove_file(&to)?;
    }
    Ok(false)
}

fn copy_frames(from: &Path, to: &Path) -> TableResult<usize> {
    let layout = read_layout(from)?;
    let mut rows = Vec::new();
    for clip in read_clips(from)?.take(ROWS) {
        let mut clip = clip?;
        clip.values.truncate(FRAMES * layout.names.len());
        rows.push(FramesRow { content_hash: None, clip });
    }
    write_part(to, &layout, "", &rows, &Provenance::default())?;
    Ok(rows.len())
}

fn copy_functionals(from: &Path, to: &Path) -> TableResult<usize> {
    let all = Functionals::read(from)?;
    let rows = ROWS.min(all.clip_ids.len());
    let names = FUNCTIONALS.min(all.names.len());
    let table = Functionals {
        names: all.names[..names].to_vec(),
        clip_ids: all.clip_ids[..rows].to_vec(),
        values: (0..rows).flat_map(|row| all.row(row)[..names].to_vec()).collect(),
        variants: Vec::new(),
    };
    table.write_part(to, &Provenance::default())?;
    Ok(rows)
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "parquet")
}
