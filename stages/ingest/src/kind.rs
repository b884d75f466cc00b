//! The stage as a kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ser_schemas::{Clip, Corpus};
use ser_stage::{BoxError, Context, External, Input, Kind, Outcome, Output, Outside, Problem, Provenance, WatchFilter};
use ser_text::counted;

use crate::{Params, Sources, find_sources, read, watched_paths, would_read};

/// A corpus folder.
pub struct Ingest;

impl Kind for Ingest {
    type Params = Params;

    const NAME: &'static str = "ingest";
    const VERSION: u32 = crate::VERSION;
    const SHARED: bool = true;
    const SUMMARY: &'static str = "finds, decodes and describes every audio file of a corpus";
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[Clip::FOUND, Corpus::INGESTED];

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    /// Content of every file that the stage would read. Only files are read whose size, times or place changed.
    fn external(params: &Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        // A stage without a result runs in any case, and reads the files then.
        let read_changed = outside.last.is_some();
        let found = find_sources(params, outside.base_dir, outside.state_dir, read_changed)?;
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

    fn watched(params: &Params, base_dir: &Path) -> Vec<PathBuf> {
        watched_paths(params, base_dir)
    }

    fn watch_filter(params: &Params, base_dir: &Path) -> Option<WatchFilter> {
        Some(Arc::new(would_read(params, base_dir)))
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        // Where others make the result there is none here.
        let Some(reading) = read(params, ctx)? else { return Ok(Outcome::default()) };
        let external = external(reading.sources());
        // Files may have changed since the stage was planned: the tables name what they were made of.
        let provenance = Provenance { fingerprint: (ctx.fingerprint_with)(&external), ..ctx.provenance.clone() };
        reading.write(ctx.out_dir, &provenance)?;
        Ok(Outcome { external: Some(external), ..reading.into_outcome() })
    }
}

fn external(sources: &Sources) -> External {
    External {
        digest: sources.digest(),
        description: counted(sources.files(), "file"),
        parts: sources.parts(),
        changes: String::new(),
    }
}
