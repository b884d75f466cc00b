//! Inputs of the report: the folders of other stages' tables, and the pipeline that was run.

use std::path::{Path, PathBuf};

/// Folders of the artifacts that the report draws, and the run they come from.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// The pipeline that was run.
    pub pipeline: PipelineInfo,
    /// `clips.parquet`, `exclusions.parquet` and `corpora.parquet` of a manifest stage.
    pub manifest: &'a Path,
    /// `balance.parquet`, `findings.parquet` and whatever else an audit stage wrote.
    pub audit: Option<&'a Path>,
    /// `examples.parquet` of a features stage; the file may be missing.
    pub features: Option<&'a Path>,
    /// Names of split stages and the folders of their `checks.parquet`.
    pub splits: Vec<(&'a str, &'a Path)>,
    /// Names of stages that train by epochs, and the folders of their `history.parquet`.
    pub trains: Vec<(&'a str, &'a Path)>,
    /// Names of ensembles, and the folders of their `members.parquet`.
    pub ensembles: Vec<(&'a str, &'a Path)>,
    /// `models.parquet`, `classes.parquet`, `summary.parquet`, `confusion.parquet` and whatever else an evaluate stage
    /// wrote.
    pub evaluate: &'a Path,
    /// Folder that the page will lie in once the stage is done: links to recordings start there.
    pub page_dir: PathBuf,
}

/// The run that the tables come from.
#[derive(Debug, Clone, Default)]
pub struct PipelineInfo {
    /// Name of the pipeline.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// Version of the program.
    pub version: String,
    /// Every stage, in the order of the file.
    pub stages: Vec<StageInfo>,
    /// The pipeline file as it was run.
    pub source: String,
}

/// One stage of the pipeline.
#[derive(Debug, Clone, Default)]
pub struct StageInfo {
    /// Its name.
    pub name: String,
    /// Its kind: `ingest`, `manifest`, `split`, ...
    pub kind: String,
    /// The stages it reads.
    pub from: Vec<String>,
    /// Its parameters with all defaults filled in: an object.
    pub params: serde_json::Value,
}
