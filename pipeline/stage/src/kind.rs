//! A kind of stage: as its crate declares it, and as the engine sees it.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use crate::{BoxError, Context, External, Input, Links, Outcome, Output, Outside, WatchFilter};

/// A kind of stage, for example `ingest`, as the crate of the stage declares it.
pub trait Kind: Send + Sync + 'static {
    /// Parameters. The JSON Schema derived from them is at once the editor's help and the strict check.
    type Params: DeserializeOwned + Serialize + JsonSchema + Send + Sync;

    /// Value of `kind` in a pipeline file.
    const NAME: &'static str;
    /// Version of the code. Raising it makes every artifact of the kind stale.
    const VERSION: u32;
    /// One line for help and for the editor.
    const SUMMARY: &'static str;
    /// Stages that `from` may name. The stage gets its inputs grouped in this order, and within a group in the order of
    /// `from`; one that fits several inputs stands with the first.
    const INPUTS: &'static [Input];
    /// The files that the stage always writes.
    const OUTPUTS: &'static [Output];
    /// Those of them, small ones, of which every run keeps a copy: what a comparison of two runs reads.
    const KEPT: &'static [&'static str] = &[];
    /// `true` if the pipeline's seed changes the result.
    const SEEDED: bool = false;
    /// `true` if the stage works in parts that processes may share: it claims what it computes
    /// ([`Claims`](crate::Claims)), and finds in its folders what others computed.
    const SHARED: bool = false;
    /// How much of the pipeline file, beyond its own table, the stage may look at. Its fingerprint covers just that.
    const COVERS: SpecCover = SpecCover::Own;

    /// Rules that the JSON Schema cannot say, of parameters that are as it says. All other methods are called only with
    /// parameters that keep them.
    fn check(_params: &Self::Params) -> Vec<Problem> {
        Vec::new()
    }

    /// Rules between parameters and the stages that are read: `from` names these in the order of the file, `links` know
    /// what they write and read in turn. A problem with the second of them has the key `from[1]`. Asked only where all of
    /// `from` is there and fits.
    fn check_links(_params: &Self::Params, _from: &[&str], _links: &Links<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Identity of whatever the stage reads from outside the pipeline: of its content, so that a file that was only
    /// touched is no change.
    ///
    /// A kind that reads anything tells in [`Outcome::external`] what it really read: files may change in between.
    fn external(_params: &Self::Params, _outside: &Outside<'_>) -> Result<External, BoxError> {
        Ok(External::default())
    }

    /// Files and folders outside the pipeline whose change may make the stage stale, folders with all that is in them.
    /// They need not exist.
    fn watched(_params: &Self::Params, _base_dir: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Tells of a file below a folder of [`watched`](Self::watched), by its path below that folder, whether the stage
    /// would read it. `None`: it may read every file there.
    fn watch_filter(_params: &Self::Params, _base_dir: &Path) -> Option<WatchFilter> {
        None
    }

    /// Does the work. Long loops ask [`Observer::is_cancelled`](crate::Observer::is_cancelled) and return an error.
    fn run(params: &Self::Params, ctx: &Context<'_>) -> Result<Outcome, BoxError>;
}

/// How much of the pipeline file a stage may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecCover {
    /// Its own parameters and inputs.
    Own,
    /// Name, seed, and the kinds, links and parameters of all stages. Comments, order and formatting do not count.
    Parameters,
    /// All of that; it is also given the text of the file. A stage that shows the text shows it as it was when the
    /// stage ran: comments, order and formatting alone still do not make it stale.
    Text,
}

/// A parameter that is well-formed but not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Key below the stage's table, dotted: `augment.noise_snr_db`, `enhance[1].cutoff_hz`. Empty: the stage as a
    /// whole.
    pub key: String,
    /// The mistake, with expected and found values.
    pub message: String,
    /// Advice on how to correct it.
    pub hint: Option<String>,
}

/// A [`Kind`] whose parameters have no type: what the engine knows of it. Every [`Kind`] is one.
pub trait StageKind: Send + Sync {
    /// See [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Kind::VERSION`].
    fn version(&self) -> u32;
    /// See [`Kind::SUMMARY`].
    fn summary(&self) -> &'static str;
    /// See [`Kind::INPUTS`].
    fn inputs(&self) -> &'static [Input];
    /// See [`Kind::OUTPUTS`].
    fn outputs(&self) -> &'static [Output];
    /// See [`Kind::KEPT`].
    fn kept(&self) -> &'static [&'static str];
    /// See [`Kind::SEEDED`].
    fn uses_seed(&self) -> bool;
    /// See [`Kind::SHARED`].
    fn is_shared(&self) -> bool;
    /// See [`Kind::COVERS`].
    fn covers(&self) -> SpecCover;
    /// JSON Schema (2020-12) of the parameters as they are read.
    fn params_schema(&self) -> Schema;
    /// Parses and checks parameters: the only way to a [`Prepared`] stage.
    fn prepare(&self, params: &Value) -> Result<Arc<dyn Prepared>, Vec<Problem>>;
}

/// A stage of some kind with parameters that cannot be wrong.
pub trait Prepared: Send + Sync {
    /// The parameters with every default filled in, so that writing a default out is no change.
    fn normalised(&self) -> &Value;
    /// The parameters as their own type, [`Kind::Params`].
    fn params(&self) -> &dyn Any;
    /// See [`Kind::check_links`].
    fn check_links(&self, from: &[&str], links: &Links<'_>) -> Vec<Problem>;
    /// See [`Kind::external`].
    fn external(&self, outside: &Outside<'_>) -> Result<External, BoxError>;
    /// See [`Kind::watched`].
    fn watched(&self, base_dir: &Path) -> Vec<PathBuf>;
    /// See [`Kind::watch_filter`].
    fn watch_filter(&self, base_dir: &Path) -> Option<WatchFilter>;
    /// See [`Kind::run`].
    fn run(&self, ctx: &Context<'_>) -> Result<Outcome, BoxError>;
}

struct Checked<K: Kind> {
    params: K::Params,
    normalised: Value,
}

impl<K: Kind> StageKind for K {
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

    fn outputs(&self) -> &'static [Output] {
        K::OUTPUTS
    }

    fn kept(&self) -> &'static [&'static str] {
        K::KEPT
    }

    fn uses_seed(&self) -> bool {
        K::SEEDED
    }

    fn is_shared(&self) -> bool {
        K::SHARED
    }

    fn covers(&self) -> SpecCover {
        K::COVERS
    }

    fn params_schema(&self) -> Schema {
        crate::schema::of::<K::Params>()
    }

    fn prepare(&self, params: &Value) -> Result<Arc<dyn Prepared>, Vec<Problem>> {
        let whole = |message, hint| vec![Problem { key: String::new(), message, hint }];
        let params = K::Params::deserialize(params).map_err(|error| whole(error.to_string(), None))?;
        let problems = K::check(&params);
        if !problems.is_empty() {
            return Err(problems);
        }
        let normalised = serde_json::to_value(&params).map_err(|error| {
            let hint = "this is a mistake of the program: please report it".to_owned();
            whole(format!("parameters cannot be written back: {error}"), Some(hint))
        })?;
        Ok(Arc::new(Checked::<K> { params, normalised }))
    }
}

impl<K: Kind> Prepared for Checked<K> {
    fn normalised(&self) -> &Value {
        &self.normalised
    }

    fn params(&self) -> &dyn Any {
        &self.params
    }

    fn check_links(&self, from: &[&str], links: &Links<'_>) -> Vec<Problem> {
        K::check_links(&self.params, from, links)
    }

    fn external(&self, outside: &Outside<'_>) -> Result<External, BoxError> {
        K::external(&self.params, outside)
    }

    fn watched(&self, base_dir: &Path) -> Vec<PathBuf> {
        K::watched(&self.params, base_dir)
    }

    fn watch_filter(&self, base_dir: &Path) -> Option<WatchFilter> {
        K::watch_filter(&self.params, base_dir)
    }

    fn run(&self, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        K::run(&self.params, ctx)
    }
}
