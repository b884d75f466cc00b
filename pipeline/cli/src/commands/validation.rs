//! `ser validation`: models by their figures on validation clips, for choices that test clips must not be asked for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ser_engine::{Pipeline, Stage, Store, UnknownStage};
use ser_evaluate::{Inputs, Narrowed, Params, Validation, on_validation};
use ser_schemas::{Model, Prediction, SummaryMetric, Table as _};
use ser_stage::suggest::{advice, list};
use ser_text::some_names;
use serde::Serialize;

use crate::args::ValidationArgs;
use crate::output::{self, Status, UsageError};
use crate::project::{Project, artifact, first_of};
use crate::text_table;

/// Below the table: how far it can be trusted.
const LIMITS: &str = "Validation clips of all folds: voices that the models were not trained on where the split keeps speakers \
                      apart, but texts and corpora that they were. Where they chose a network's epoch (`keep_epoch = \
                      \"best\"`), a linear model's regularisation or an ensemble's weights, figures are somewhat too good; \
                      test clips were not looked at. The UAR in a run's line is another: the mean over the folds, each \
                      over all its validation clips, whatever their corpus.";

/// What a star stands for.
const UNLABELLED: &str =
    "* uses the unlabelled clips of the speakers whom it answers for, or of their corpus: compare it with its like";

pub(crate) fn run(project: &Project<'_>, args: &ValidationArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let models = models(&pipeline, &store, &args.stages)?;
    let named: Vec<(&str, &std::path::Path)> =
        models.iter().map(|(name, dir)| (name.as_str(), dir.as_path())).collect();
    let manifest = artifact(&store, first_of(&pipeline, "manifest")?)?;
    let inputs = Inputs { manifest: &manifest, models: &named, splits: &[] };
    let validation = on_validation(&inputs, Params::default().resamples, pipeline.seed())?;
    let mut rows = rows(&validation);
    for row in &mut rows {
        let stage = models.iter().find(|(name, _)| *name == row.model);
        let about = stage.map(|(_, dir)| Model::read(&Model::file_in(dir))).transpose()?.unwrap_or_default();
        row.uses_unlabelled = about.iter().any(|about| about.model == row.model && about.uses_test_speakers);
    }
    if args.json {
        output::print_json(&rows)?;
    } else if rows.is_empty() {
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let why =
            if validation.narrowed.is_empty() { "were trained on splits without any" } else { "have none in common" };
        output::print(format!("no validation clips: {} {why}", list(&names)))?;
    } else {
        output::print(describe(&rows).trim_end())?;
        for Narrowed { split, common, all, corpora } in &validation.narrowed {
            project.note(format_args!(
                "models of `{split}` were validated on different clips: figures are over the {common} of {all} that all of them have ({})",
                some_names(corpora)
            ));
        }
        if rows.iter().any(|row| row.uses_unlabelled) {
            project.note(UNLABELLED);
        }
        project.note(LIMITS);
    }
    Ok(Status::Done)
}

/// A model on the validation clips of a split.
#[derive(Debug, Serialize)]
struct Row {
    split: String,
    model: String,
    metric: String,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    /// The split's leader by the same metric, unless it is this one.
    leader: Option<String>,
    /// Its figure less that of the leader, and the 95 % interval of this difference on the same clips.
    behind: Option<f64>,
    behind_low: Option<f64>,
    behind_high: Option<f64>,
    clips: u64,
    speakers: u64,
    seeds: Option<u64>,
    seed_sd: Option<f64>,
    /// `true` if it uses other clips, unlabelled, of the speakers whom it answers for.
    uses_unlabelled: bool,
}

/// Name and folder of every stage with models that was run, or of those asked for.
fn models(pipeline: &Pipeline, store: &Store, wanted: &[String]) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let holds_models = |dir: &PathBuf| Model::file_in(dir).exists() && dir.join(Prediction::VALIDATION.file).exists();
    let mut found = Vec::new();
    for stage in pipeline.stages().iter().filter(|_| wanted.is_empty()) {
        let dir = store.stage_dir(stage.name());
        if store.stage_record(stage.name()).is_some() && holds_models(&dir) {
            found.push((stage.name().to_owned(), dir));
        }
    }
    let mut seen = BTreeSet::new();
    for name in wanted.iter().filter(|name| seen.insert(name.as_str())) {
        let names: Vec<&str> = pipeline.stages().iter().map(Stage::name).collect();
        let unknown = || UnknownStage { name: name.clone(), hint: advice(name, &names, "stages") };
        let stage = pipeline.stage(name).ok_or_else(unknown).map_err(ser_engine::EngineError::from)?;
        let dir = artifact(store, stage)?;
        if !holds_models(&dir) {
            let message =
                format!("stage `{name}` makes no model: `{}` has no predictions of validation clips", dir.display());
            let hint = Some("name stages of kind `train`, `baseline` or `ensemble`".to_owned());
            return Err(UsageError { message, hint }.into());
        }
        found.push((name.clone(), dir));
    }
    if found.is_empty() {
        let message = format!("no stage of `{}` that makes models has been run", pipeline.file().display());
        let hint = Some("train some: `ser run`, or `ser run STAGE` for single ones".to_owned());
        return Err(UsageError { message, hint }.into());
    }
    Ok(found)
}

fn rows(validation: &Validation) -> Vec<Row> {
    let ranked = validation.ranked();
    let row = |figure: &&SummaryMetric| {
        let leader =
            ranked.iter().find(|first| first.split == figure.split).filter(|first| first.model != figure.model);
        let difference = leader.and_then(|leader| validation.difference(figure, &leader.model));
        let difference = difference.as_ref();
        Row {
            split: figure.split.clone(),
            model: figure.model.clone(),
            metric: figure.metric.clone(),
            value: figure.value,
            low: figure.low,
            high: figure.high,
            leader: leader.map(|leader| leader.model.clone()),
            behind: difference.map(|row| row.value),
            behind_low: difference.and_then(|row| row.low),
            behind_high: difference.and_then(|row| row.high),
            clips: figure.support,
            speakers: figure.speakers,
            seeds: figure.seeds,
            seed_sd: figure.seed_sd,
            uses_unlabelled: false,
        }
    };
    ranked.iter().map(row).collect()
}

fn describe(rows: &[Row]) -> String {
    let range = |low: Option<f64>, high: Option<f64>| {
        low.zip(high).map_or_else(String::new, |(low, high)| format!(" [{low:.3}, {high:.3}]"))
    };
    let mut text = String::new();
    for of_split in rows.chunk_by(|a, b| a.split == b.split) {
        let first = &of_split[0];
        let metric = match first.metric.as_str() {
            SummaryMetric::UAR_OVER_CORPORA => "UAR, mean over corpora",
            _ => "UAR",
        };
        let several_seeds = of_split.iter().any(|row| row.seed_sd.is_some());
        let mut head = vec![first.split.as_str(), metric, "less the leader's", "clips", "speakers"];
        head.extend(several_seeds.then_some("seeds"));
        let cells: Vec<Vec<String>> = of_split
            .iter()
            .map(|row| {
                let behind = row
                    .behind
                    .map_or_else(String::new, |value| format!("{value:+.3}{}", range(row.behind_low, row.behind_high)));
                let mut cells = vec![
                    format!("{}{}", row.model, if row.uses_unlabelled { " *" } else { "" }),
                    format!("{:.3}{}", row.value, range(row.low, row.high)),
                    behind,
                    row.clips.to_string(),
                    row.speakers.to_string(),
                ];
                let seeds = row.seeds.zip(row.seed_sd).map(|(seeds, sd)| format!("{seeds}, sd {sd:.3}"));
                cells.extend(several_seeds.then(|| seeds.unwrap_or_else(|| "1".to_owned())));
                cells
            })
            .collect();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&text_table::render(&head, &cells));
    }
    text
}
