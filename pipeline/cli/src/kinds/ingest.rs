//! `ingest`: a corpus folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ser_engine::{BoxError, External, Input, Job, Outside, WatchFilter};
use ser_schemas::Provenance;
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

    /// Content of every file that the stage would read. Only files are read whose size, times or place changed.
    fn external(params: &Self::Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        // A stage without a result runs in any case, and reads the files then.
        let read_changed = outside.last.is_some();
        let found = ser_ingest::find_sources(params, outside.base_dir, outside.state_dir, read_changed)?;
        if outside.may_write {
            found.remember(outside.state_dir);
        }
        let mut external = external(found.sources());
        if let Some(last) = outside.last
            && last.digest != external.digest
        {
            external.changes = found.sources().changes_since(last.dir, last.parts);
        }
        Ok(external)
    }

    fn watched(params: &Self::Params, base_dir: &Path) -> Vec<PathBuf> {
        ser_ingest::watched_paths(params, base_dir)
    }

    fn watch_filter(params: &Self::Params, base_dir: &Path) -> Option<WatchFilter> {
        Some(Arc::new(ser_ingest::would_read(params, base_dir)))
    }

    fn run(params: &Self::Params, _job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        Ok(ser_ingest::run(params, context)?)
    }

    fn run_telling(
        params: &Self::Params,
        job: &Job<'_>,
        context: &StageContext<'_>,
    ) -> Result<(StageSummary, Option<External>), BoxError> {
        let reading = ser_ingest::read(params, context)?;
        let external = external(reading.sources());
        // Files may have changed since the stage was planned: the tables name what they were made of.
        let provenance = Provenance { fingerprint: job.fingerprint_with(&external), ..context.provenance.clone() };
        reading.write(context.out_dir, &provenance)?;
        Ok((reading.into_summary(), Some(external)))
    }
}

fn external(sources: &ser_ingest::Sources) -> External {
    let files = sources.files();
    External {
        digest: sources.digest(),
        description: if files == 1 { "1 file".to_owned() } else { format!("{files} files") },
        parts: sources.parts(),
        changes: String::new(),
    }
}
