//! Python where it is installed: the environment target/python, or the system's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::util::{skipped, source_root};

/// A Python that can import `modules`. Without one, says what `test` wants, and why it was skipped.
pub(crate) fn with(modules: &[&str], test: &str, packages: &str) -> Option<PathBuf> {
    let ours = source_root().join("target/python/bin/python");
    let python = if ours.exists() { ours } else { "python3".into() };
    let imports: Vec<String> = modules.iter().map(|module| format!("import {module}")).collect();
    let found = Command::new(&python).args(["-c", &imports.join("\n")]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skipped(&format!("{test} wants `pip install {packages}`"));
    None
}

/// Output of `script`, run in `folder`.
#[track_caller]
pub(crate) fn run(python: &Path, script: &str, folder: &Path) -> String {
    let output = Command::new(python)
        .args(["-c", script])
        .current_dir(folder)
        // Nothing is fetched, and nothing is left beside the tests.
        .env("HF_HUB_OFFLINE", "1")
        .env("HF_HOME", folder.join("huggingface"))
        .output()
        .expect("python");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    stdout.into_owned()
}
