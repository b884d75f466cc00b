//! `ser export croissant`: a description of the tables.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use ser_engine::{Pipeline, Store};
use ser_export::{DescribedTable, Description, check_result, croissant};
use ser_stage::PartId;
use ser_text::counted;
use serde_json::json;

use super::{dataset, is_stdout, told};
use crate::args::CroissantArgs;
use crate::output::{self, Status, UsageError};
use crate::project::Project;

pub(super) fn run(project: &Project<'_>, args: &CroissantArgs) -> anyhow::Result<Status> {
    let file = &args.output;
    let to_stdout = is_stdout(file, "the description", args.json)?;
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let (manifest, dataset) = dataset::read(&pipeline, &store)?;
    let record = store.stage_record(manifest.name());
    let (published, content) = record.map(|record| (record.finished, record.content)).unwrap_or_default();
    let description = Description { published, content, url: args.url.clone(), creator: args.creator.clone() };
    let tables = tables(&pipeline, &store)?;
    // Paths in a description that goes through a pipe start where one stands.
    let beside = if to_stdout { Path::new(".") } else { file.parent().unwrap_or(Path::new(".")) };
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    if !beside.is_dir() {
        let message = format!("there is no folder `{}` for the file", beside.display());
        return Err(UsageError { message, hint: Some("make it, or name a file elsewhere".to_owned()) }.into());
    }
    let described = croissant(beside, &dataset, &tables, &description).map_err(told)?;
    let told = format!(
        "{}: {} with {} described",
        file.display(),
        counted(described.files, "table"),
        counted(described.fields, "column")
    );
    if to_stdout {
        output::print_bytes(described.text.as_bytes())?;
        project.note(told);
        return Ok(Status::Done);
    }
    ser_stage::write_whole(file, described.text.as_bytes())
        .with_context(|| format!("cannot write `{}`", file.display()))?;
    if args.json {
        output::print_json(&json!({
            "file": file.display().to_string(), "tables": described.files, "columns": described.fields,
        }))?;
    } else {
        output::print(told)?;
    }
    if args.url.is_none() {
        project.note("it names no page of the dataset, which the vocabulary asks for once there is one: `--url`");
    }
    Ok(Status::Done)
}

/// Every table of every stage that has a result.
fn tables(pipeline: &Pipeline, store: &Store) -> anyhow::Result<Vec<DescribedTable>> {
    let mut tables = Vec::new();
    for stage in pipeline.stages() {
        let Some(record) = store.stage_record(stage.name()) else { continue };
        check_result(store, stage.name()).map_err(told)?;
        let is_table = |path: &str| Path::new(path).extension().is_some_and(|extension| extension == "parquet");
        // Parts are not described one by one.
        let table = |path: String| match path.rsplit_once('/') {
            Some((folder, part)) if PartId::names(part) => folder.to_owned(),
            _ => path,
        };
        let paths = record.outputs.into_iter().map(|output| output.path).filter(|path| is_table(path));
        for file in paths.map(table).collect::<BTreeSet<_>>() {
            let path = store.stage_dir(stage.name()).join(&file);
            tables.push(DescribedTable { stage: stage.name().to_owned(), file, path });
        }
    }
    Ok(tables)
}
