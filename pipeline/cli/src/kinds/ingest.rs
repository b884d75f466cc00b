//! `ingest`: a corpus folder.

use std::path::{Path, PathBuf};

use ser_engine::{BoxError, External, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::Kind;

pub(crate) struct Ingest;

impl Kind for Ingest {
    type Params = ser_ingest::Params;

    const NAME: &'static str = "ingest";
    const VERSION: u32 = ser_ingest::VERSION;
    const SUMMARY: &'static str = "finds, decodes and describes every audio file of a corpus";
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [&'static str] = &["clips.parquet", "corpus.parquet"];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    /// Path, size and modification time of every file that the stage would read.
    fn external(params: &Self::Params, base_dir: &Path) -> Result<External, BoxError> {
        let files = ser_ingest::source_files(params, base_dir)?;
        let mut hasher = blake3::Hasher::new();
        for file in &files {
            hasher.update(file.path.to_string_lossy().as_bytes());
            hasher.update(&[0]);
            hasher.update(&file.bytes.to_le_bytes());
            hasher.update(&file.modified_ns.to_le_bytes());
        }
        let description = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
        Ok(External { digest: hasher.finalize().to_hex().to_string(), description })
    }

    fn watched(params: &Self::Params, base_dir: &Path) -> Vec<PathBuf> {
        ser_ingest::watched_paths(params, base_dir)
    }

    fn run(params: &Self::Params, _job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        Ok(ser_ingest::run(params, context)?)
    }
}
