//! The stage on real corpora, where `SER_REAL_CORPORA` names the folder that holds them.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ser_ingest::{Descriptor, Params};
use ser_schemas::Emotion;
use support::Folder;

/// `None`, with a word about it, when the test cannot be done.
fn corpora(below: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SER_REAL_CORPORA").map(|folder| Path::new(&folder).join(below));
    let folder = folder.filter(|folder| folder.exists());
    if folder.is_none() {
        #[expect(clippy::print_stderr, reason = "the runner shows it: a skipped test must not look like a passed one")]
        {
            eprintln!("skipped: set SER_REAL_CORPORA to a folder that holds `{below}`");
        }
    }
    folder
}

fn ingest(corpus: &str, root: &Path) -> support::Ingested {
    let root = root.to_str().expect("a UTF-8 path").to_owned();
    Folder::new().ingest(&Params { corpus: corpus.into(), root, ..Params::default() })
}

#[test]
fn ravdess() {
    let Some(root) = corpora("ravdess") else { return };
    let found = ingest("ravdess", &root);
    assert_eq!((found.corpus.files, found.corpus.clips), (1201, 1201));
    let contradicting: Vec<_> = found.rows.iter().filter(|clip| clip.name_matches_folder == Some(false)).collect();
    assert_eq!(contradicting.len(), 1);
    assert!(contradicting[0].path.ends_with("Actor_05/03-01-05-01-01-01-02.wav"));
    assert_eq!(found.rows.iter().filter(|clip| clip.channels == Some(2)).count(), 5);
}

#[test]
fn tess() {
    let Some(root) = corpora("tess") else { return };
    let found = ingest("tess", &root);
    assert_eq!((found.corpus.files, found.corpus.clips), (672, 672));
    assert!(found.rows.iter().all(|clip| clip.name_matches_folder == Some(true)));
}

#[test]
fn crema_d_names_and_tables() {
    let Some(metadata) = corpora("crema_d_metadata") else { return };
    let names = std::fs::read_to_string(metadata.join("audio_wav_filenames.txt")).expect("names");
    let folder = Folder::new();
    for name in names.lines() {
        folder.bytes(&format!("crema_d/AudioWAV/{name}"), b"");
    }
    for table in ["VideoDemographics.csv", "summaryTable.csv"] {
        folder.bytes(&format!("crema_d_metadata/{table}"), &std::fs::read(metadata.join(table)).expect("table"));
    }
    let descriptor = Descriptor::load("crema_d", Path::new("")).expect("built-in");
    let survey = ser_ingest::check_root(&descriptor, &folder.path().join("crema_d")).expect("survey");
    assert_eq!((survey.recordings, survey.shortfall, survey.not_understood.len()), (7442, None, 0));

    let found = folder.ingest(&Params { corpus: "crema_d".into(), root: "crema_d".into(), ..Params::default() });
    assert!(found.rows.iter().all(|clip| clip.age_years.is_some_and(|age| (20.0..=74.0).contains(&age))));
    let speakers: BTreeMap<_, _> = found.rows.iter().map(|clip| (clip.speaker.clone(), clip.gender.clone())).collect();
    let men = speakers.values().filter(|gender| gender.as_deref() == Some("male")).count();
    assert_eq!((speakers.len(), men), (91, 48));
    let heard = |emotion| found.rows.iter().filter(|clip| clip.perceived_emotion == emotion).count();
    assert_eq!(heard(Some(Emotion::Neutral)), 3897);
    assert_eq!(heard(Some(Emotion::Angry)), 986);
    assert_eq!(heard(None), 644);
}
