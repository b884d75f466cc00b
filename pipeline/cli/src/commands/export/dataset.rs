//! The dataset of the pipeline: its manifest, and how far each of its corpora may be passed on.

use std::collections::BTreeMap;
use std::path::Path;

use ser_engine::{Pipeline, Stage, Store, UnknownStage};
use ser_export::{Dataset, Terms, check_result};
use ser_ingest::{Descriptor, Redistribution};
use ser_stage::suggest::advice;

use super::told;
use crate::output::UsageError;
use crate::project::{artifact, first_of};

/// The stage of the pipeline's first manifest, and what it wrote.
pub(super) fn read<'p>(pipeline: &'p Pipeline, store: &Store) -> anyhow::Result<(&'p Stage, Dataset)> {
    let stage = first_of(pipeline, "manifest")?;
    let dir = artifact(store, stage)?;
    check_result(store, stage.name())
        .and_then(|()| Dataset::read(pipeline.name(), &dir))
        .map(|dataset| (stage, dataset))
        .map_err(told)
}

/// Terms of the corpora of `pipeline`, by their descriptors as they are now: permission that was taken back counts at
/// once.
pub(super) fn terms(pipeline: &Pipeline, base_dir: &Path) -> anyhow::Result<Vec<Terms>> {
    let mut stated: BTreeMap<String, Option<Redistribution>> = BTreeMap::new();
    for stage in pipeline.stages() {
        let Some(params) = stage.params_as::<ser_ingest::Params>() else { continue };
        let descriptor = Descriptor::load(&params.corpus, base_dir)?;
        let says = descriptor.redistribution;
        // Two descriptors of one name that differ: nothing is known.
        stated
            .entry(descriptor.name)
            .and_modify(|known| *known = known.filter(|known| Some(*known) == says))
            .or_insert(says);
    }
    let terms = stated.into_iter().map(|(corpus, says)| Terms {
        corpus,
        may_be_passed_on: says.is_some_and(Redistribution::allows_copies),
        condition: says.and_then(Redistribution::condition).map(str::to_owned),
    });
    Ok(terms.collect())
}

/// The stage of kind `split` called `name`.
pub(super) fn split<'p>(pipeline: &'p Pipeline, name: &str) -> anyhow::Result<&'p Stage> {
    let splits: Vec<&str> =
        pipeline.stages().iter().filter(|stage| stage.kind().name() == "split").map(Stage::name).collect();
    let Some(stage) = pipeline.stage(name) else {
        let hint = advice(name, &splits, "splits");
        return Err(ser_engine::EngineError::from(UnknownStage { name: name.to_owned(), hint }).into());
    };
    if !splits.contains(&name) {
        let message = format!("stage `{name}` is of kind `{}`: expected one of kind `split`", stage.kind().name());
        return Err(UsageError { message, hint: advice(name, &splits, "splits") }.into());
    }
    Ok(stage)
}
