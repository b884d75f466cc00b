//! The demo corpora as an ingest finds them: names, counts, tables, bad files, and audio that differs by emotion.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use ser_audio::{AudioError, Container, Decoded, Limits};
use ser_demo::{DemoError, DemoSummary, MARKER, OddityKind, write_demo};
use tempfile::TempDir;

/// One demo for all tests that only read it.
static DEMO: LazyLock<(TempDir, DemoSummary)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("temporary folder");
    let summary = write_demo(folder.path(), 42).expect("demo");
    (folder, summary)
});

/// Names of good clips, with the emotion as the corpus codes it.
const GRAMMARS: [(&str, &str); 4] = [
    ("crema_d", r"^AudioWAV/100[1-6]_(?:IEO|TIE|DFA)_(?<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|HI|XX)\.wav$"),
    ("ravdess", r"^Actor_0[1-6]/03-01-(?<emotion>0[1-8])-0[12]-0[12]-01-0[1-6]\.wav$"),
    ("savee", r"^AudioData/(?:DC|JE|JK|KL)/(?<emotion>sa|su|[adfhn])0[1-4]\.wav$"),
    ("tess", r"^(?:OAF|YAF)_\w+/(?:OAF|YAF)_[a-z]+_(?<emotion>angry|disgust|fear|happy|neutral|ps|sad)\.wav$"),
];

fn files(root: &Path) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, PathBuf)> = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("entry").into_path())
        .filter(|path| path.is_file())
        .map(|path| (path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/"), path))
        .collect();
    files.sort();
    files
}

fn hashes(root: &Path) -> BTreeMap<String, String> {
    files(root)
        .into_iter()
        .map(|(name, path)| (name, blake3::hash(&fs::read(path).expect("read")).to_hex().to_string()))
        .collect()
}

fn decode(path: &Path) -> Result<Decoded, AudioError> {
    ser_audio::decode_file(path, &Limits::default())
}

/// Files of a corpus that are no oddity, with the emotion code of their names.
fn clips(corpus: &str) -> Vec<(String, PathBuf)> {
    let (folder, summary) = &*DEMO;
    let odd: BTreeSet<&PathBuf> = summary.oddities.iter().map(|oddity| &oddity.path).collect();
    let grammar = Regex::new(GRAMMARS.iter().find(|(name, _)| *name == corpus).expect("a corpus").1).expect("regex");
    files(&folder.path().join(corpus))
        .into_iter()
        .filter(|(_, path)| path.extension().is_some_and(|extension| extension == "wav") && !odd.contains(path))
        .map(|(name, path)| {
            let emotion = grammar.captures(&name).unwrap_or_else(|| panic!("{corpus}: {name}"))["emotion"].to_string();
            (emotion, path)
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (folder, summary) = &*DEMO;
    let again = tempfile::tempdir().expect("temporary folder");
    write_demo(again.path(), 42).expect("demo");
    let first = hashes(folder.path());
    assert_eq!(first, hashes(again.path()));
    // A second run over the first changes nothing.
    assert_eq!(summary.corpora.len(), write_demo(again.path(), 42).expect("over itself").corpora.len());
    assert_eq!(first, hashes(again.path()));
    write_demo(again.path(), 43).expect("another seed");
    let other = hashes(again.path());
    let clip = "crema_d/AudioWAV/1001_IEO_ANG_HI.wav";
    assert_ne!(first[clip], other[clip]);
}

#[test]
fn every_corpus_has_its_counts_names_and_classes() {
    let (_, summary) = &*DEMO;
    let counts: Vec<_> = summary.corpora.iter().map(|corpus| (corpus.name, corpus.clips, corpus.files)).collect();
    assert_eq!(counts, [("crema_d", 138, 140), ("ravdess", 96, 99), ("savee", 64, 66), ("tess", 57, 57)]);
    for (corpus, classes, fewest) in [("crema_d", 6, 18), ("ravdess", 8, 12), ("savee", 7, 8), ("tess", 7, 8)] {
        let mut found = BTreeMap::<String, usize>::new();
        for (emotion, _) in clips(corpus) {
            *found.entry(emotion).or_default() += 1;
        }
        assert_eq!(found.len(), classes, "{corpus}: {found:?}");
        assert!(found.values().all(|&count| count >= fewest), "{corpus}: {found:?}");
    }
}

#[test]
fn every_corpus_is_marked_as_synthetic() {
    let (folder, summary) = &*DEMO;
    for corpus in &summary.corpora {
        assert_eq!(corpus.root, folder.path().join(corpus.name));
        assert!(fs::read_to_string(corpus.root.join(MARKER)).expect("marker").contains("synthetic"));
    }
}

#[test]
fn every_clip_decodes_at_the_rate_of_its_corpus() {
    for (corpus, rate) in [("crema_d", 16_000), ("ravdess", 48_000), ("savee", 44_100), ("tess", 24_414)] {
        for (_, path) in clips(corpus) {
            let audio = decode(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!((audio.container, audio.sample_rate_hz, audio.channels), (Container::Wav, rate, 1));
            assert!((0.6..3.0).contains(&audio.duration_s()), "{}: {} s", path.display(), audio.duration_s());
            let measures = ser_audio::measure(&audio);
            assert_eq!(measures.clipped_fraction, 0.0, "{}", path.display());
            let levels = measures.levels;
            assert!(levels.peak_dbfs.expect("a peak") > -40.0, "{}", path.display());
            assert!(levels.silence_fraction < 0.7, "{}: {levels:?}", path.display());
        }
    }
}

#[test]
fn ravdess_files_carry_chunks_before_their_samples() {
    let (folder, _) = &*DEMO;
    let bytes = fs::read(folder.path().join("ravdess/Actor_01/03-01-01-01-01-01-01.wav")).expect("read");
    let at = |id: &[u8]| bytes.windows(4).position(|four| four == id).expect("chunk");
    assert!(at(b"bext") < at(b"fmt ") && at(b"FLLR") < at(b"data") && at(b"LIST") < at(b"data"));
    assert!(at(b"data") > 4_044);
}

#[test]
fn each_bad_file_is_bad_in_its_own_way() {
    let (folder, summary) = &*DEMO;
    let mut kinds = BTreeSet::new();
    for oddity in &summary.oddities {
        assert!(oddity.path.starts_with(folder.path()));
        kinds.insert(format!("{:?}", oddity.kind));
        let found = decode(&oddity.path);
        let as_meant = match oddity.kind {
            OddityKind::Truncated => matches!(found, Err(AudioError::Truncated { .. })),
            OddityKind::GitLfsPointer => matches!(found, Err(AudioError::GitLfsPointer { .. })),
            OddityKind::Empty => matches!(found, Err(AudioError::Empty)),
            OddityKind::Silent => {
                found.as_ref().is_ok_and(|audio| ser_audio::measure(audio).levels.peak_dbfs.is_none())
            }
            OddityKind::WrongExtension => found.as_ref().is_ok_and(|audio| audio.container == Container::Aiff),
            OddityKind::Duplicate => {
                let bytes = fs::read(&oddity.path).expect("read");
                files(folder.path())
                    .iter()
                    .any(|(_, path)| *path != oddity.path && fs::read(path).is_ok_and(|other| other == bytes))
            }
            OddityKind::UnknownName | OddityKind::Song => found.is_ok(),
        };
        assert!(as_meant, "{oddity:?}: {found:?}");
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn side_tables_name_every_clip_under_the_headers_of_the_originals() {
    let (folder, _) = &*DEMO;
    let root = folder.path().join("crema_d");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let demographics = read("VideoDemographics.csv");
    assert_eq!(demographics.lines().next(), Some(r#""ActorID","Age","Sex","Race","Ethnicity""#));
    assert_eq!(demographics.lines().nth(1), Some(r#"1001,51,"Male","Unknown","Not Hispanic""#));
    let summary = read("processedResults/summaryTable.csv");
    let header = r#""","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel""#;
    assert_eq!(summary.lines().next(), Some(header));
    let votes = read("processedResults/tabulatedVotes.csv");
    let header = r#""","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote""#;
    assert_eq!(votes.lines().next(), Some(header));
    assert_eq!((summary.lines().count(), votes.lines().count()), (1 + 138, 1 + 3 * 138));
    for (_, path) in clips("crema_d") {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(summary.contains(&format!("\"{name}\"")), "{name}");
        let voice = votes.lines().find(|line| line.starts_with("\"1") && line.contains(&name)).expect("voice votes");
        let fields: Vec<&str> = voice.split(',').collect();
        let total: u32 = fields[1..7].iter().map(|field| field.parse::<u32>().expect("a count")).sum();
        assert_eq!(fields[8], total.to_string());
        let agreement: f64 = fields[9].parse().expect("a share");
        assert!((1.0 / 6.0..=1.0).contains(&agreement), "{voice}");
        // Both tables tell the same winner.
        let line = summary.lines().find(|line| line.contains(&name)).expect("summary");
        assert_eq!(line.split(',').nth(2), Some(fields[10]));
    }
}

#[test]
fn emotions_differ_in_level_and_pitch_as_designed() {
    let mut levels = BTreeMap::<String, Vec<f64>>::new();
    let mut pitches = BTreeMap::<String, Vec<f64>>::new();
    for (emotion, path) in clips("crema_d") {
        let audio = decode(&path).expect("clip");
        levels.entry(emotion.clone()).or_default().push(ser_audio::measure(&audio).levels.rms_dbfs.expect("a level"));
        pitches.entry(emotion).or_default().push(pitch_hz(&audio).ln() * 12.0 / 2.0_f64.ln());
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let level = |emotion: &str| mean(&levels[emotion]);
    let pitch = |emotion: &str| mean(&pitches[emotion]);
    assert!(level("ANG") > level("NEU") + 4.0, "{} and {}", level("ANG"), level("NEU"));
    assert!(level("SAD") < level("NEU") - 3.0, "{} and {}", level("SAD"), level("NEU"));
    assert!(pitch("FEA") > pitch("NEU") + 2.5, "{} and {}", pitch("FEA"), pitch("NEU"));
    assert!(pitch("HAP") > pitch("DIS") + 2.5, "{} and {}", pitch("HAP"), pitch("DIS"));
    // Not trivially: some happy clips are louder than some angry ones, some neutral ones higher than some fearful ones.
    let highest = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
    let lowest = |values: &[f64]| values.iter().copied().fold(f64::MAX, f64::min);
    assert!(highest(&levels["HAP"]) > lowest(&levels["ANG"]));
    assert!(highest(&pitches["NEU"]) > lowest(&pitches["FEA"]));
}

/// Median pitch by autocorrelation of the louder frames: rough, and enough to tell semitones.
fn pitch_hz(audio: &Decoded) -> f64 {
    let rate = f64::from(audio.sample_rate_hz);
    let (shortest, longest) = ((rate / 500.0) as usize, (rate / 60.0) as usize);
    let mut found: Vec<(f64, f64)> = Vec::new();
    for frame in audio.samples.chunks_exact(2 * longest) {
        let product = |lag: usize| -> f64 {
            frame[..longest].iter().zip(&frame[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let energy = product(0);
        let best = (shortest..longest).map(|lag| (lag, product(lag))).max_by(|a, b| a.1.total_cmp(&b.1)).expect("lags");
        // The shortest lag that is nearly as good: not two periods.
        let lag = (shortest..best.0).find(|&lag| product(lag) > 0.9 * best.1).unwrap_or(best.0);
        if best.1 > 0.6 * energy {
            found.push((energy, rate / lag as f64));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(found.len().div_ceil(2));
    let mut pitches: Vec<f64> = found.into_iter().map(|(_, hz)| hz).collect();
    pitches.sort_by(f64::total_cmp);
    pitches[pitches.len() / 2]
}

#[test]
fn real_recordings_are_never_mixed_with_synthetic_ones() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::create_dir(folder.path().join("tess")).expect("folder");
    fs::write(folder.path().join("tess/OAF_back_angry.wav"), "real").expect("write");
    let error = write_demo(folder.path(), 42).expect_err("occupied");
    assert!(matches!(&error, DemoError::Occupied { path } if path.ends_with("tess")), "{error:?}");
    // Nothing at all was written, not even beside it.
    assert!(!folder.path().join("tess").join(MARKER).exists() && !folder.path().join("crema_d").exists());
    // An empty folder may be used.
    fs::remove_file(folder.path().join("tess/OAF_back_angry.wav")).expect("remove");
    assert!(write_demo(folder.path(), 42).is_ok());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("write");
    let error = write_demo(&file, 42).expect_err("a file in the way");
    assert!(matches!(&error, DemoError::Write { path, .. } if path.starts_with(&file)), "{error:?}");
}
