//! Seeds: small valid inputs of every kind, made from what the repository holds.

use std::fs;
use std::path::{Path, PathBuf};

use ser_audio::testing::wav;
use ser_schemas::every_table;

use crate::PART;

/// Larger files are no seeds: a fuzzer alters small ones better.
const MAX_BYTES: u64 = 300_000;

/// The seeds of the target called `name`; none for a name that is no target's.
pub fn seeds(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match name {
        "decode" => audio(&root),
        "corpus" => corpora(&root),
        "pipeline" => files(&root, &["toml"]),
        "tables" => tables(&root.join("tests/compat/tables")),
        "model" => vec![two_files(&root.join("tests/compat/model.v1"), "config.json", "model.safetensors")],
        _ => Vec::new(),
    }
}

fn audio(root: &Path) -> Vec<Vec<u8>> {
    let mut seeds = files(&root.join("tests/fixtures/audio"), &["flac", "mp3", "ogg"]);
    let samples: Vec<i16> = (0..400_i16).map(|n| (n % 50 - 25) * 900).collect();
    // Widths other than 16 bits hold the same bytes read otherwise.
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    seeds.extend([(1, 16), (2, 16), (1, 24), (1, 8)].map(|(channels, bits)| wav(1, bits, channels, 16_000, &data)));
    seeds.push(aiff(&samples));
    seeds
}

fn aiff(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let mut body = b"AIFFCOMM".to_vec();
    body.extend(18_u32.to_be_bytes());
    body.extend(1_u16.to_be_bytes());
    body.extend((samples.len() as u32).to_be_bytes());
    body.extend(16_u16.to_be_bytes());
    // 16 000 as an 80-bit float.
    body.extend([0x40, 0x0c, 0xfa, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(b"SSND");
    body.extend((8 + data.len() as u32).to_be_bytes());
    body.extend([0; 8]);
    body.extend(data);
    let mut bytes = b"FORM".to_vec();
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend(body);
    bytes
}

/// The descriptors that ship, each with a table and names that fit a table by clip.
fn corpora(root: &Path) -> Vec<Vec<u8>> {
    let descriptors = files(&root.join("stages/ingest/corpora"), &["toml"]);
    let table: &[u8] = b"file,speaker,text,emotion\n1001_IEO_ANG_HI,p1,\"Oh well, go\",angry\nsub/u1.wav,p2,no,sad\n";
    let names: &[u8] =
        b"AudioWAV/1001_IEO_ANG_HI.wav\nActor_01/03-01-05-01-02-01-01.wav\nDC/a01.wav\nOAF_back_sad.wav\n03a01Wa.wav\nsub/u1.wav";
    let labelled: &[u8] = br#"name = "toy"
title = "Toy"
language = "en"
[[pattern]]
path = '(?:^|/)(?<take>[^/]+)$'
[[table]]
file = "labels.csv"
joins = "clip"
key = "file"
columns = { speaker = "speaker", emotion = "emotion" }
"#;
    let descriptors = descriptors.into_iter().chain([labelled.to_vec()]);
    descriptors.map(|descriptor| [&descriptor, table, names].join(PART)).collect()
}

/// Each table that earlier versions wrote, behind the byte that picks its reader.
fn tables(folder: &Path) -> Vec<Vec<u8>> {
    let names: Vec<&str> = every_table().iter().map(|table| (table.describe)().name).collect();
    let with_pick = |path: PathBuf| {
        let stem = path.file_name()?.to_str()?.split('.').next()?.to_owned();
        let pick = names.iter().position(|name| *name == stem).unwrap_or(names.len());
        let mut seed = vec![u8::try_from(pick).ok()?];
        seed.extend(fs::read(path).ok()?);
        Some(seed)
    };
    listed(folder, &["parquet"]).into_iter().filter_map(with_pick).collect()
}

fn two_files(folder: &Path, first: &str, second: &str) -> Vec<u8> {
    [first, second].map(|name| fs::read(folder.join(name)).unwrap_or_default()).join(PART)
}

fn files(folder: &Path, extensions: &[&str]) -> Vec<Vec<u8>> {
    listed(folder, extensions).into_iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// The small files in `folder` with one of the extensions, by name.
fn listed(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let wanted = |path: &PathBuf| {
        path.extension().and_then(|extension| extension.to_str()).is_some_and(|found| extensions.contains(&found))
            && fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_BYTES)
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(wanted).collect();
    paths.sort();
    paths
}
