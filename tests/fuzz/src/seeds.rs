//! Seeds: small valid inputs of every kind, made from what the repository holds.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, Float64Array, ListArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Float64Type};
use parquet::arrow::ArrowWriter;
use ser_audio::testing::wav;
use ser_fetch::{FOLDER, agree_to_licence};
use ser_schemas::{Model, Prediction, Provenance, Table as _, every_table};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::PART;
use crate::archive::fetched;
use crate::ensemble::FILES;
use crate::folder::{folder, put};
use crate::import::CLIPS;

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
        "archive" => vec![archive()],
        "journal" => vec![journal()],
        "import" => features(),
        "ensemble" => vec![member(&root.join("tests/compat/tables"))],
        "storage" => answers(),
        _ => Vec::new(),
    }
}

/// A page of a listing as Amazon sends it, the last one of a store that encodes nothing, and a refusal.
fn answers() -> Vec<Vec<u8>> {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let page = |inside: &str, key: &str| {
        format!(
            "{head}<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}<Contents><Key>{key}</Key>\
             <LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;9bb58f26192e4ba00f01e2e7b136bbd8&quot;</ETag>\
             <Size>5</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
        )
    };
    let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>abc=</NextContinuationToken>\
                <EncodingType>url</EncodingType>";
    let refusal = format!(
        "{head}<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message>\
         <Region>eu-west-1</Region></Error>"
    );
    let answers = [page(more, "a+b/%C3%BC.wav"), page("<IsTruncated>false</IsTruncated>", "a &amp; b.wav"), refusal];
    answers.map(String::into_bytes).to_vec()
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
        // The last reader is that of wide tables, however many others there come to be.
        let pick = names.iter().position(|name| *name == stem).and_then(|pick| u8::try_from(pick).ok());
        let mut seed = vec![pick.unwrap_or(u8::MAX)];
        seed.extend(fs::read(path).ok()?);
        Some(seed)
    };
    listed(folder, &["parquet"]).into_iter().filter_map(with_pick).collect()
}

/// Files that shrink and one that does not, in folders and outside of any.
fn archive() -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("AudioData/a.wav", &[b'a'; 300][..]), ("b.csv", b"clip,emotion\n"), ("empty", b"")] {
        // One that cannot be written is missing from the seed, and the others are seed enough.
        let _ = archive.start_file(name, SimpleFileOptions::default()).map(|()| archive.write_all(content));
    }
    archive.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// What is written down when the archive is unpacked after its licence was agreed to.
fn journal() -> Vec<u8> {
    let folder = folder();
    let root = folder.path().join("corpus");
    put(folder.path(), "given.zip", &archive());
    let _ = agree_to_licence(&root, "free for research");
    let _ = fetched(&root, Some(&folder.path().join("given.zip")));
    fs::read(root.join(FOLDER).join("journal.jsonl")).unwrap_or_default()
}

/// Features of the two clips: numbers as text and as a table, and frames.
fn features() -> Vec<Vec<u8>> {
    let text: String = CLIPS.iter().flat_map(|id| [*id, ";-1.5e3;7\n"]).collect();
    let text = format!("clip_id;f0;\"f;1\"\n{text}").into_bytes();
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![0.5, -1.0]));
    let flat = ListArray::from_iter_primitive::<Float64Type, _, _>([[1.0, 2.0]; 3].map(|frame| Some(frame.map(Some))));
    let field = Arc::new(Field::new_list_field(flat.data_type().clone(), true));
    let frames: ArrayRef = Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([2, 1]), Arc::new(flat), None));
    vec![text, features_as_parquet("f0", numbers), features_as_parquet("hidden", frames)]
}

/// As other programs write them.
fn features_as_parquet(name: &str, column: ArrayRef) -> Vec<u8> {
    let ids: ArrayRef = Arc::new(StringArray::from(CLIPS.to_vec()));
    let mut bytes = Vec::new();
    // What cannot be written is no seed, which a test of the target tells.
    let _ = RecordBatch::try_from_iter([("clip_id", ids), (name, column)]).map(|batch| {
        ArrowWriter::try_new(&mut bytes, batch.schema(), None)
            .and_then(|mut writer| writer.write(&batch).and_then(|()| writer.close()))
    });
    bytes
}

/// Tables of a run, as if all of them were of one model.
fn member(tables: &Path) -> Vec<u8> {
    let folder = folder();
    let none = Provenance::default();
    let about =
        Model::read(&tables.join("models.v3.parquet")).unwrap_or_default().into_iter().next().unwrap_or_default();
    let said = Prediction::read(&tables.join("predictions.v2.parquet")).unwrap_or_default();
    let said: Vec<Prediction> = said
        .into_iter()
        .map(|row| Prediction { model: about.model.clone(), split: about.split.clone(), seed: None, ..row })
        .collect();
    let _ = Model::write_in(folder.path(), &[about], &none);
    let _ = Prediction::write_in(folder.path(), &said, &none);
    let _ = Prediction::write(&folder.path().join(Prediction::VALIDATION.file), &said, &none);
    let _ = fs::copy(tables.join("exposures.v1.parquet"), folder.path().join(FILES[3]));
    FILES.map(|file| fs::read(folder.path().join(file)).unwrap_or_default()).join(PART)
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
