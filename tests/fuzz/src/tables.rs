//! A Parquet file where a stage expects one of ours.

use std::path::Path;

use ser_schemas::{AnyTable, Clip, Corpus, Prediction, Provenance, Table as _, every_table};
use ser_stage::Context;

use crate::folder::{folder, put};

/// Rows that are written back of a table that could be read.
const COPIED: usize = 100;

/// The first byte picks the reader, the rest is the file. A table that can be read goes through the stages that read it first.
pub fn tables(bytes: &[u8]) {
    let Some((pick, file)) = bytes.split_first() else { return };
    let folder = folder();
    put(folder.path(), "table.parquet", file);
    let path = folder.path().join("table.parquet");
    let readers = every_table();
    match readers.get(usize::from(*pick)) {
        Some(reader) => read(*reader, &path, folder.path()),
        None => wide(&path, folder.path()),
    }
}

fn read(reader: AnyTable, path: &Path, folder: &Path) {
    let _ = ser_schemas::content_digest(path);
    let _ = ser_schemas::read_metadata(path);
    if (reader.copy)(path, &folder.join("copy.parquet"), COPIED).is_err() {
        return;
    }
    match (reader.describe)().name {
        "clips" => clips(path, folder),
        "predictions" => predictions(path, folder),
        _ => {}
    }
}

/// Manifest and split read clips.
fn clips(path: &Path, folder: &Path) {
    let ingested = folder.join("ingested");
    let out = folder.join("out");
    let made = std::fs::create_dir_all(&ingested).and_then(|()| std::fs::create_dir_all(&out));
    if made.is_err() || std::fs::copy(path, Clip::file_in(&ingested)).is_err() {
        return;
    }
    if Corpus::write(&ingested.join(Corpus::INGESTED.file), &[some_corpus()], &Provenance::default()).is_err() {
        return;
    }
    let context = Context::alone(&out);
    if ser_manifest::run(&ser_manifest::Params::default(), &[ingested], &context).is_err() {
        return;
    }
    let params = ser_split::Params { folds: 2, ..ser_split::Params::default() };
    let inputs = ser_split::Inputs { manifest: &out, exclusions: Some(&out), audit: None };
    let _ = ser_split::run(&params, &inputs, &context);
}

/// Evaluate reads predictions.
fn predictions(path: &Path, folder: &Path) {
    let (model, manifest, out) = (folder.join("model"), folder.join("manifest"), folder.join("out"));
    let made = [&model, &manifest, &out].iter().try_for_each(std::fs::create_dir_all);
    if made.is_err() || std::fs::copy(path, Prediction::file_in(&model)).is_err() {
        return;
    }
    let Ok(rows) = ser_schemas::Prediction::read(path) else { return };
    let clips: Vec<Clip> = rows
        .iter()
        .take(COPIED)
        .map(|row| Clip {
            emotion: Some(row.emotion),
            speaker: Some(row.clip_id.chars().take(1).collect()),
            ..Clip::found(row.clip_id.clone(), "c".into(), "p.wav".into(), 1)
        })
        .collect();
    if Clip::write_in(&manifest, &clips, &Provenance::default()).is_err() {
        return;
    }
    let inputs = ser_evaluate::Inputs { manifest: &manifest, models: &[("m", &model)], splits: &[] };
    let params = ser_evaluate::Params { resamples: 20, ..ser_evaluate::Params::default() };
    let _ = ser_evaluate::run(&params, &inputs, &Context::alone(&out));
}

/// Frames and functionals, whose columns the file itself declares, features from elsewhere, and a split of the analyst's own.
fn wide(path: &Path, folder: &Path) {
    if let Ok(clips) = ser_schemas::frames::read_clips(path) {
        for clip in clips {
            let Ok(clip) = clip else { break };
            let _ = clip.frame_count(clip.values.len());
        }
    }
    let _ = ser_schemas::frames::read_keys(path);
    let _ = ser_schemas::functionals::read_ids(path);
    let _ = ser_schemas::functionals::Functionals::read(path);
    let clip =
        Clip { emotion: Some(ser_schemas::Emotion::SAD), ..Clip::found("c/a".into(), "c".into(), "a.wav".into(), 1) };
    let manifest = folder.join("manifest");
    if std::fs::create_dir_all(&manifest).is_err()
        || Clip::write_in(&manifest, &[clip], &Provenance::default()).is_err()
    {
        return;
    }
    let params = ser_import::Params { file: "table.parquet".into(), ..ser_import::Params::default() };
    let inputs = ser_import::Inputs { manifest: &manifest, exclusions: None };
    let _ = ser_import::run(&params, &inputs, "", &Context::alone(folder));
    let params = ser_split::Params {
        protocol: ser_split::Protocol::File,
        file: Some("table.parquet".into()),
        ..ser_split::Params::default()
    };
    let inputs = ser_split::Inputs { manifest: &manifest, exclusions: None, audit: None };
    let _ = ser_split::run(&params, &inputs, &Context::alone(folder));
}

fn some_corpus() -> Corpus {
    Corpus { corpus: "c".into(), title: "C".into(), root: "c".into(), files: 1, clips: 1, ..Corpus::default() }
}
