//! Results of a run's stages as they lie there now, held against what the run said of them.

use std::fs;
use std::path::{Path, PathBuf};

use ser_engine::{OutputFile, RunRecord, StageRecord, StageRun, Store};
use ser_schemas::{Corpus, Table as _};
use ser_stage::{Observer, PartId};
use ser_text::printable;

use crate::error::{ExportError, ExportResult};
use crate::recorded::{check_file, is_below};

/// The result of a stage.
pub(super) struct StageResult<'a> {
    /// The stage within the run.
    pub(super) run: &'a StageRun,
    /// Record of the result.
    pub(super) record: StageRecord,
    /// Its files.
    pub(super) files: Vec<ResultFile>,
    /// The corpus that it took in, where it took in one.
    pub(super) corpus: Option<Corpus>,
}

/// A file of a result.
pub(super) struct ResultFile {
    stage: String,
    /// Below the stage's folder, `/` between folders.
    pub(super) path: String,
    from: PathBuf,
    pub(super) bytes: u64,
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    pub(super) hash: String,
    /// `false` if it is too large to be packed.
    pub(super) inside: bool,
}

impl ResultFile {
    /// `<stage>/<path>`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.stage, self.path)
    }

    /// The same of the file, or of the table that it is a part of.
    pub(super) fn whole(&self) -> String {
        format!("{}/{}", self.stage, table_of(&self.path).unwrap_or(&self.path))
    }
}

/// The folder of the table of which the file at `path` is a part.
fn table_of(path: &str) -> Option<&str> {
    path.rsplit_once('/').filter(|(_, part)| PartId::names(part)).map(|(table, _)| table)
}

/// Results that `run` made or found valid, in its order. They must say now what they said then.
pub(super) fn of_run<'a>(store: &Store, run: &'a RunRecord, largest_bytes: u64) -> ExportResult<Vec<StageResult<'a>>> {
    let valid = run.valid();
    if valid.is_empty() {
        return Err(ExportError::NoResults { run: run.id.clone() });
    }
    valid.into_iter().map(|stage| of_stage(store, run, stage, largest_bytes)).collect()
}

fn of_stage<'a>(
    store: &Store,
    run: &RunRecord,
    stage: &'a StageRun,
    largest_bytes: u64,
) -> ExportResult<StageResult<'a>> {
    let name = stage.stage.clone();
    let replaced = |found: String| ExportError::ResultReplaced { stage: name.clone(), run: run.id.clone(), found };
    let record = store.stage_record(&name).ok_or_else(|| replaced("there is none".to_owned()))?;
    if stage.content.as_deref() != Some(&record.content) {
        return Err(replaced(format!("there is another one, of run `{}`", record.run)));
    }
    // Records are files that somebody may have handed on: what they name is written below the crate's folder.
    let leaves = |path: &&String| !is_below(path);
    if let Some(path) = record.outputs.iter().map(|output| &output.path).chain([&name]).find(leaves) {
        return Err(replaced(format!("its record names `{}`, which is in no folder of results", printable(path))));
    }
    let dir = store.stage_dir(&name);
    // Of a table in parts, all are packed or none.
    let whole_bytes = |output: &OutputFile| match table_of(&output.path) {
        Some(table) => {
            let parts = record.outputs.iter().filter(|other| table_of(&other.path) == Some(table));
            parts.map(|part| part.bytes).sum()
        }
        None => output.bytes,
    };
    let files = record.outputs.iter().map(|output| ResultFile {
        stage: name.clone(),
        path: output.path.clone(),
        from: dir.join(&output.path),
        bytes: output.bytes,
        hash: output.hash.clone(),
        inside: whole_bytes(output) <= largest_bytes,
    });
    let files = files.collect();
    let corpus = dir.join(Corpus::INGESTED.file);
    let corpus = if corpus.exists() { Corpus::read(&corpus)?.into_iter().next() } else { None };
    Ok(StageResult { run: stage, record, files, corpus })
}

/// Copies the files that are to be packed to `folder`, one folder for each stage, and checks the copies.
pub(super) fn copy(results: &[StageResult<'_>], folder: &Path, observer: &dyn Observer) -> ExportResult<()> {
    let files = results.iter().map(|result| result.files.len() as u64).sum();
    observer.begin("copying results", files, "files");
    for result in results {
        let stage = &result.run.stage;
        let place = folder.join(stage);
        fs::create_dir_all(&place).map_err(ExportError::io("create", &place))?;
        for file in result.files.iter().filter(|file| file.inside) {
            if observer.is_cancelled() {
                return Err(ExportError::Cancelled);
            }
            let to = place.join(&file.path);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(ExportError::io("create", parent))?;
            }
            // The place is named whose file cannot be read; a full disk is told of the copy.
            fs::metadata(&file.from).map_err(ExportError::io("read", &file.from))?;
            fs::copy(&file.from, &to).map_err(ExportError::io("write", &to))?;
            check_file(stage, &file.from, &to, &file.hash)?;
            observer.advance(1);
        }
    }
    Ok(())
}
