//! Real recordings, where there are any.

use std::path::{Path, PathBuf};

use ser_audio::{AudioError, Limits};

/// Every file in `SER_REAL_CORPORA` that is audio decodes. Skipped where the variable is not set.
#[test]
fn every_real_recording_decodes() {
    let Some(root) = std::env::var_os("SER_REAL_CORPORA") else { return };
    let mut files = Vec::new();
    collect(Path::new(&root), &mut files);
    let mut decoded = 0;
    for path in files {
        match ser_audio::decode_file(&path, &Limits::default()) {
            Ok(_) => decoded += 1,
            Err(AudioError::NotAudio { .. }) => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    assert!(decoded > 0, "no audio in SER_REAL_CORPORA");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
