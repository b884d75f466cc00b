//! The one list of stage kinds, and what turns a stage crate into a kind of the engine.

mod audit;
mod baseline;
mod evaluate;
mod features;
mod file;
mod ingest;
mod manifest;
mod report;
mod split;
mod train;

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema};
use ser_engine::{
    BoxError, External, Input, Job, Metric, Outcome, Outside, Problem, Registry, SpecCover, StageKind, WatchFilter,
    typed,
};
use ser_schemas::Provenance;
use ser_schemas::stage::{Observer, ParamProblem, StageContext, StageSummary};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::evaluate::Evaluate;
pub(crate) use self::ingest::Ingest;
pub(crate) use self::manifest::Manifest;

/// Every kind that a pipeline file may use, in the order in which data flows.
pub(crate) fn registry() -> Registry {
    Registry::new()
        .with(Declared::<ingest::Ingest>::new())
        .with(Declared::<manifest::Manifest>::new())
        .with(Declared::<audit::Audit>::new())
        .with(Declared::<features::Features>::new())
        .with(Declared::<split::Split>::new())
        .with(Declared::<train::Train>::new())
        .with(Declared::<baseline::Baseline>::new())
        .with(Declared::<evaluate::Evaluate>::new())
        .with(Declared::<report::Report>::new())
}

/// What differs from kind to kind.
pub(crate) trait Kind: Send + Sync + 'static {
    /// Parameters, as the stage's crate declares them.
    type Params: DeserializeOwned + Serialize + JsonSchema;

    /// What `kind = "..."` says.
    const NAME: &'static str;
    /// Version of the stage's code.
    const VERSION: u32;
    /// One line for the editor.
    const SUMMARY: &'static str;
    /// What `from` may name.
    const INPUTS: &'static [Input];
    /// Whether the pipeline's seed changes the result.
    const SEEDED: bool = false;
    /// How much of the pipeline file the stage looks at.
    const COVERS: SpecCover = SpecCover::Own;

    /// Rules that the JSON Schema cannot say.
    fn check(_params: &Self::Params) -> Vec<ParamProblem> {
        Vec::new()
    }

    /// Identity of what is read from outside the pipeline.
    fn external(_params: &Self::Params, _outside: &Outside<'_>) -> Result<External, BoxError> {
        Ok(External::default())
    }

    /// The files that the stage always writes.
    const OUTPUTS: &'static [&'static str];
    /// Those of them that `ser diff` reads.
    const KEPT: &'static [&'static str] = &[];

    /// Files and folders outside the pipeline that `ser watch` looks at.
    fn watched(_params: &Self::Params, _base_dir: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Which files below those folders the stage would read; `None`: any.
    fn watch_filter(_params: &Self::Params, _base_dir: &Path) -> Option<WatchFilter> {
        None
    }

    /// Figures of the result in `dir`, the most telling one first.
    fn metrics(_dir: &Path) -> Result<Vec<Metric>, BoxError> {
        Ok(Vec::new())
    }

    /// Does the work.
    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError>;

    /// Does the work, and tells what was really read from outside the pipeline; `None`: what `external` told.
    fn run_telling(
        params: &Self::Params,
        job: &Job<'_>,
        context: &StageContext<'_>,
    ) -> Result<(StageSummary, Option<External>), BoxError> {
        Ok((Self::run(params, job, context)?, None))
    }
}

/// A [`Kind`] as the engine sees it.
struct Declared<K>(PhantomData<K>);

impl<K: Kind> Declared<K> {
    const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<K: Kind> StageKind for Declared<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn version(&self) -> u32 {
        K::VERSION
    }

    fn summary(&self) -> &'static str {
        K::SUMMARY
    }

    fn inputs(&self) -> &'static [Input] {
        K::INPUTS
    }

    fn params_schema(&self) -> Schema {
        typed::schema::<K::Params>()
    }

    fn check(&self, params: &Value) -> Vec<Problem> {
        match typed::parse::<K::Params>(params) {
            Ok(params) => K::check(&params).into_iter().map(problem).collect(),
            Err(problem) => vec![problem],
        }
    }

    fn normalise(&self, params: &Value) -> Result<Value, Problem> {
        typed::normalise::<K::Params>(params)
    }

    fn external(&self, params: &Value, outside: &Outside<'_>) -> Result<External, BoxError> {
        K::external(&parsed::<K>(params)?, outside)
    }

    /// Tables count by their rows; anything else by its bytes.
    fn content(&self, path: &Path) -> Result<Option<String>, BoxError> {
        if path.extension().is_some_and(|extension| extension == "parquet") {
            Ok(Some(ser_schemas::content_digest(path)?))
        } else {
            Ok(None)
        }
    }

    fn uses_seed(&self) -> bool {
        K::SEEDED
    }

    fn covers(&self) -> SpecCover {
        K::COVERS
    }

    fn outputs(&self, _params: &Value) -> Vec<String> {
        K::OUTPUTS.iter().map(|&file| file.to_owned()).collect()
    }

    fn kept(&self, _params: &Value) -> Vec<String> {
        K::KEPT.iter().map(|&file| file.to_owned()).collect()
    }

    fn watched(&self, params: &Value, base_dir: &Path) -> Vec<PathBuf> {
        // Parameters were checked when the pipeline file was read.
        parsed::<K>(params).map(|params| K::watched(&params, base_dir)).unwrap_or_default()
    }

    fn watch_filter(&self, params: &Value, base_dir: &Path) -> Option<WatchFilter> {
        parsed::<K>(params).ok().and_then(|params| K::watch_filter(&params, base_dir))
    }

    fn run(&self, job: &Job<'_>) -> Result<Outcome, BoxError> {
        let params = parsed::<K>(job.params)?;
        let watch = Watch(job.observer);
        let context = StageContext {
            provenance: Provenance {
                pipeline: job.pipeline.to_owned(),
                stage: job.stage.to_owned(),
                fingerprint: job.fingerprint.to_owned(),
            },
            seed: job.seed,
            base_dir: job.base_dir,
            out_dir: job.out_dir,
            work_dir: job.work_dir,
            previous_dir: job.previous_dir,
            state_dir: job.state_dir,
            refused_dir: job.refused_dir,
            observer: &watch,
        };
        let (summary, external) = K::run_telling(&params, job, &context)?;
        let metrics = K::metrics(job.out_dir)?;
        Ok(Outcome { rows: summary.rows, headline: summary.headline, notes: summary.notes, metrics, external })
    }
}

/// The folder of the one input of `kind`. The engine has checked that it is there.
fn input<'a>(job: &'a Job<'_>, kind: &str) -> Result<&'a Path, BoxError> {
    job.input(kind)
        .map(|input| input.dir.as_path())
        .ok_or_else(|| format!("stage `{}` reads no stage of kind `{kind}`", job.stage).into())
}

fn parsed<K: Kind>(params: &Value) -> Result<K::Params, BoxError> {
    typed::parse::<K::Params>(params).map_err(|problem| problem.message.into())
}

fn problem(problem: ParamProblem) -> Problem {
    Problem { key: problem.key, message: problem.message, hint: problem.hint }
}

/// The engine's observer as stages see it.
struct Watch<'a>(&'a dyn ser_engine::Observer);

impl Observer for Watch<'_> {
    fn begin(&self, label: &str, total: u64, unit: &str) {
        self.0.begin(label, total, unit);
    }

    fn advance(&self, steps: u64) {
        self.0.advance(steps);
    }

    fn message(&self, text: &str) {
        self.0.message(text);
    }

    fn milestone(&self, text: &str) {
        self.0.milestone(text);
    }

    fn warn(&self, text: &str) {
        self.0.warn(text);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
