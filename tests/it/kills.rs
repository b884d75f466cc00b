//! Killed at any moment, the next run ends with the tables of an undisturbed one.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::small;
use crate::util::Workspace;

/// Runs that were hit while they worked.
const KILLS: usize = 64;
/// After so many of them a run is left in peace.
const KILLS_PER_RUN: usize = 8;

/// Variants of a run: nothing special, other folds and a net of its own, other features.
const VARIANTS: [&[&str]; 3] = [&[], &["-S", "seed=7"], &["-S", "features.log_mel.n_mels=40"]];

/// Marsaglia's xorshift: a fixed series of moments.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    /// Between 0 and 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Digest of every table and model below `artifacts`, by path. The page is left out: it names those who made the
/// tables.
pub(crate) fn results(workspace: &Workspace) -> BTreeMap<String, String> {
    let root = workspace.path("artifacts");
    let mut results = BTreeMap::new();
    let visible = |entry: &walkdir::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    for entry in walkdir::WalkDir::new(&root).into_iter().filter_entry(visible) {
        let path = entry.expect("entry").into_path();
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let said = match extension.as_str() {
            "parquet" => ser_schemas::content_digest(&path).expect("table"),
            "json" | "safetensors" => blake3::hash(&fs::read(&path).expect("file")).to_hex().to_string(),
            _ => continue,
        };
        results.insert(path.strip_prefix(&root).expect("below").display().to_string(), said);
    }
    results
}

fn start(workspace: &Workspace, arguments: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_ser"))
        .arg("run")
        .args(arguments)
        .current_dir(workspace.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

#[test]
fn killed_at_any_moment_the_next_run_ends_with_the_tables_of_an_undisturbed_one() {
    let undisturbed: Vec<(BTreeMap<String, String>, Duration)> = VARIANTS
        .iter()
        .map(|variant| {
            let workspace = small::workspace();
            let begin = Instant::now();
            assert!(start(&workspace, variant).wait().expect("wait").success());
            (results(&workspace), begin.elapsed())
        })
        .collect();
    assert!(undisturbed[0].0.len() > 15, "{:?}", undisturbed[0].0.keys());

    let workspace = small::workspace();
    let mut moments = Moments(0x005e_ed0f_05e7);
    let (mut kills, mut runs) = (0, 0);
    while kills < KILLS {
        let variant = (moments.next() * VARIANTS.len() as f64) as usize;
        let (expected, duration) = &undisturbed[variant];
        let mut victim = start(&workspace, VARIANTS[variant]);
        std::thread::sleep(duration.mul_f64(moments.next()));
        let done = victim.try_wait().expect("wait").is_some();
        victim.kill().expect("kill");
        victim.wait().expect("wait");
        kills += usize::from(!done);
        if !done && kills % KILLS_PER_RUN != 0 {
            continue;
        }
        runs += 1;
        assert!(start(&workspace, VARIANTS[variant]).wait().expect("wait").success(), "after {kills} kills");
        let found = results(&workspace);
        for (path, said) in expected {
            assert_eq!(found.get(path), Some(said), "`{path}` after {kills} kills, variant {variant}");
        }
        assert_eq!(found.len(), expected.len(), "after {kills} kills");
        let left = fs::read_dir(workspace.path("artifacts/.ser/tmp")).expect("tmp").count();
        assert_eq!(left, 0, "after {kills} kills");
        if runs % 2 == 0 {
            // Once more from nothing, so that the early stages are hit, too.
            fs::remove_dir_all(workspace.path("artifacts")).expect("artifacts");
        }
    }
}
