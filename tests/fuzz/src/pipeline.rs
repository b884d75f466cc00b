//! A pipeline file, checked against the parameters of real stages.

use std::path::Path;

use schemars::{JsonSchema, Schema};
use ser_engine::{BoxError, Input, Job, Outcome, Problem, Registry, Spec, StageKind, typed};
use serde_json::Value;

/// Reads `bytes` as a pipeline file.
pub fn pipeline(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let registry = Registry::new()
        .with(Read { name: "ingest", inputs: &[], schema: schema::<ser_ingest::Params> })
        .with(Read {
            name: "manifest",
            inputs: const { &[Input::some("ingest")] },
            schema: schema::<ser_manifest::Params>,
        })
        .with(Read {
            name: "features",
            inputs: const { &[Input::one("manifest")] },
            schema: schema::<ser_features::Params>,
        })
        .with(Read { name: "split", inputs: const { &[Input::one("manifest")] }, schema: schema::<ser_split::Params> })
        .with(Read {
            name: "train",
            inputs: const { &[Input::one("manifest"), Input::one("features"), Input::some("split")] },
            schema: schema::<ser_train::Params>,
        })
        .with(Read {
            name: "evaluate",
            inputs: const { &[Input::one("manifest"), Input::any("split"), Input::some("train")] },
            schema: schema::<ser_evaluate::Params>,
        });
    let value = |name: &str| (name == "SER_DATA").then(|| "data".to_owned());
    match Spec::parse(Path::new("pipeline.toml"), text.to_owned(), &registry, &[], &value) {
        Ok(pipeline) => drop(pipeline),
        // Drawing a mistake slices the text at its place.
        Err(errors) => drop(errors.to_string()),
    }
}

fn schema<P: JsonSchema>() -> Schema {
    typed::schema::<P>()
}

/// A kind that is only ever read about.
struct Read {
    name: &'static str,
    inputs: &'static [Input],
    schema: fn() -> Schema,
}

impl StageKind for Read {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> &'static [Input] {
        self.inputs
    }

    fn params_schema(&self) -> Schema {
        (self.schema)()
    }

    fn check(&self, params: &Value) -> Vec<Problem> {
        // What the schema allows, the stage's own type must be able to hold, or else say why not.
        match self.name {
            "ingest" => typed::parse::<ser_ingest::Params>(params).err().into_iter().collect(),
            "manifest" => checked(params, ser_manifest::Params::check),
            "features" => checked(params, ser_features::Params::check),
            "split" => checked(params, ser_split::Params::check),
            "train" => checked(params, ser_train::Params::check),
            _ => typed::parse::<ser_evaluate::Params>(params).err().into_iter().collect(),
        }
    }

    fn normalise(&self, params: &Value) -> Result<Value, Problem> {
        Ok(params.clone())
    }

    fn outputs(&self, _params: &Value) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, _job: &Job<'_>) -> Result<Outcome, BoxError> {
        Ok(Outcome::default())
    }
}

/// The problems of parameters, by their own check.
fn checked<P: serde::de::DeserializeOwned>(
    params: &Value,
    check: fn(&P) -> Vec<ser_schemas::stage::ParamProblem>,
) -> Vec<Problem> {
    match typed::parse::<P>(params) {
        Ok(params) => check(&params)
            .into_iter()
            .map(|problem| Problem { key: problem.key, message: problem.message, hint: problem.hint })
            .collect(),
        Err(problem) => vec![problem],
    }
}
