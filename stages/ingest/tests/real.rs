//! The stage on real corpora: in the folder that `SER_REAL_CORPORA` names, or in `../shared/corpora` beside the
//! repository.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ser_ingest::{Descriptor, Params};
use ser_schemas::{Clip, Emotion};
use support::Folder;

/// `None`, with a word about it, when the test cannot be done.
fn corpora(below: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("SER_REAL_CORPORA").map_or(beside, PathBuf::from);
    let folder = corpora.canonicalize().ok().map(|folder| folder.join(below)).filter(|folder| folder.exists());
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
fn emovo() {
    let Some(root) = corpora("emovo") else { return };
    let found = ingest("emovo", &root);
    assert_eq!((found.corpus.files, found.corpus.clips, found.corpus.expected_files), (196, 196, Some(588)));
    assert!(found.rows.iter().all(|clip| clip.name_matches_folder == Some(true)));
    assert_eq!(by(&found.rows, |clip| clip.emotion.map(|emotion| emotion.to_string())).len(), 7);
    assert!(by(&found.rows, |clip| clip.emotion.map(|emotion| emotion.to_string())).values().all(|count| *count == 28));
    let genders = by(&found.rows, |clip| Some(format!("{} {}", clip.speaker.clone()?, clip.gender.clone()?)));
    let expected = ["emovo:f1 female", "emovo:f2 female", "emovo:m1 male", "emovo:m2 male"];
    assert_eq!(genders.into_iter().collect::<Vec<_>>(), expected.map(|text| (text.to_owned(), 49)));
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

#[test]
fn nemo() {
    let Some(root) = corpora("nemo") else { return };
    let found = ingest("nemo", &root);
    assert_eq!((found.corpus.files, found.corpus.clips, found.corpus.expected_files), (719, 719, Some(4481)));
    let emotions = by(&found.rows, |clip| clip.emotion.map(|emotion| emotion.to_string()));
    let expected = [("angry", 120), ("fear", 120), ("happy", 120), ("neutral", 119), ("sad", 120), ("surprise", 120)];
    assert_eq!(emotions.into_iter().collect::<Vec<_>>(), expected.map(|(name, count)| (name.to_owned(), count)));
    let people =
        by(&found.rows, |clip| Some(format!("{} {} {}", clip.speaker.clone()?, clip.gender.clone()?, clip.age_years?)));
    let expected = [("EB0 female 27", 180), ("IC0 female 28", 180), ("KS0 male 23", 180), ("WR0 male 23", 179)];
    assert_eq!(people.into_iter().collect::<Vec<_>>(), expected.map(|(who, count)| (format!("nemo:{who}"), count)));
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    assert!(found.summary.notes.iter().any(|note| note.contains("joined") && note.contains("data.tsv")));
}

#[test]
fn no_corpus_that_ships_and_no_part_of_one_is_doubted() {
    for (corpus, speakers) in [
        ("ravdess", vec!["Actor_01/", "Actor_02/"]),
        ("tess", vec!["OAF_", "YAF_"]),
        ("emovo", vec!["f1/", "m2/"]),
        ("nemo", vec!["EB0_", "WR0_"]),
    ] {
        let Some(root) = corpora(corpus) else { continue };
        let descriptor = Descriptor::load(corpus, Path::new("")).expect("built-in");
        let warnings = |root: &Path| ser_ingest::check_root(&descriptor, root).expect("survey").warnings;
        // A recording of actor 2 lies in actor 5's folder.
        let misplaced = |text: &String| {
            text.starts_with(
                "1 file lies in a folder that contradicts the name, the first is `Actor_05/03-01-05-01-01-01-02`",
            )
        };
        let doubts: Vec<String> = warnings(&root).into_iter().filter(|text| !misplaced(text)).collect();
        assert_eq!(doubts, Vec::<String>::new(), "{corpus}");
        // One speaker, and both: what somebody tries first.
        for parts in [&speakers[..1], &speakers[..]] {
            let folder = Folder::new();
            for name in names_below(&root) {
                if parts.iter().any(|part| name.contains(part)) {
                    folder.bytes(&name, b"");
                }
            }
            assert_eq!(warnings(folder.path()), Vec::<String>::new(), "{corpus}: {parts:?}");
        }
    }
}

/// How many clips have which value.
fn by(rows: &[Clip], of: impl Fn(&Clip) -> Option<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in rows.iter().filter_map(of) {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// Paths of the audio files below `root`.
fn names_below(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            let below = path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if ser_ingest::is_audio(Path::new(&below)) {
                names.push(below);
            }
        }
    }
    names
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
    assert_eq!(survey.warnings, Vec::<String>::new());

    let found = folder.ingest(&Params { corpus: "crema_d".into(), root: "crema_d".into(), ..Params::default() });
    assert!(found.rows.iter().all(|clip| clip.age_years.is_some_and(|age| (20.0..=74.0).contains(&age))));
    let speakers: BTreeMap<_, _> = found.rows.iter().map(|clip| (clip.speaker.clone(), clip.gender.clone())).collect();
    let men = speakers.values().filter(|gender| gender.as_deref() == Some("male")).count();
    assert_eq!((speakers.len(), men), (91, 48));
    let heard = |emotion| found.rows.iter().filter(|clip| clip.perceived_emotion == emotion).count();
    assert_eq!(heard(Some(Emotion::NEUTRAL)), 3897);
    assert_eq!(heard(Some(Emotion::ANGRY)), 986);
    assert_eq!(heard(None), 644);
    assert!(!found.warnings.iter().any(|warning| warning.contains(".csv")), "{:?}", found.warnings);
    let joined: Vec<_> = found.summary.notes.iter().filter(|note| note.contains("joined")).collect();
    assert!(joined[0].contains("joined 91 of 91 rows") && joined[1].contains("joined 7442 of 7442 rows"), "{joined:?}");
}
