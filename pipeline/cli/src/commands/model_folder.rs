//! The folder that a command was given for a model: why it is of no use, where it is of none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ser_baseline::LinearModels;
use ser_engine::Store;
use ser_schemas::{Family, Member, Model, SummaryMetric, Table as _};
use ser_stage::suggest::{list, nearest};

use crate::output::UsageError;
use crate::project::Project;

/// Purpose of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Networks and linear models hear recordings, and ensembles have theirs do it.
    Predict,
    /// Networks and linear models can be written for other programs.
    Export,
}

impl Purpose {
    /// `true` if a model of such a family that is no ensemble, or one that is, can be of use.
    fn suits(self, family: Family, is_ensemble: bool) -> bool {
        if is_ensemble { self == Self::Predict } else { matches!(family, Family::Network | Family::Linear) }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Predict => {
                "the folder of a stage of kind `train`, of a linear baseline, or of one of their folds, or of an ensemble"
            }
            Self::Export => "the folder of a stage of kind `train` or of a linear baseline, or of one of their folds",
        }
    }
}

/// Fails where `folder` can be told to hold no model for `purpose`. Whether what it holds is whole, its reader tells.
pub(crate) fn check(project: &Project<'_>, folder: &Path, purpose: Purpose) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Err(missing(project, folder, purpose).into());
    }
    if Member::file_in(folder).exists() {
        return if purpose == Purpose::Predict { Ok(()) } else { Err(ensemble(folder)?.into()) };
    }
    let shown = folder.display();
    let refuse = |message: String, hint: String| Err(UsageError { message, hint: Some(hint) }.into());
    let wanted = purpose.wanted();
    match family(folder)? {
        None if holds_tables(folder) => {
            let others = models(project, purpose);
            let others = if others.is_empty() { String::new() } else { format!(": {}", list(&others)) };
            refuse(format!("`{shown}` is the result of a stage that makes no model"), format!("name {wanted}{others}"))
        }
        Some(Family::Constant) => refuse(
            format!(
                "`{shown}` gives every recording the same answer, the most frequent emotion: there is no model in it"
            ),
            format!("name {wanted}"),
        ),
        Some(Family::Linear) if !LinearModels::are_in(folder) => {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            refuse(
                format!(
                    "`{shown}` is a linear baseline without its models: it was fitted before these were kept, or they were taken away"
                ),
                format!("fit it again: `ser run {name} --force`"),
            )
        }
        Some(Family::Other) => {
            refuse(format!("`{shown}` holds answers of a model, and no model"), format!("name {wanted}"))
        }
        _ => Ok(()),
    }
}

/// Kind of the one model that a stage described in `folder`; `None` where none did.
fn family(folder: &Path) -> anyhow::Result<Option<Family>> {
    let table = Model::file_in(folder);
    // An evaluation describes the models of other stages.
    if !table.exists() || SummaryMetric::file_in(folder).exists() {
        return Ok(None);
    }
    Ok(Model::read(&table)?.first().map(|row| row.family))
}

fn holds_tables(folder: &Path) -> bool {
    let is_table = |path: PathBuf| path.extension().is_some_and(|extension| extension == "parquet");
    std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).any(|entry| is_table(entry.path()))
}

/// The folders of stages of the pipeline file that hold a model for `purpose`; empty where there is no such file.
fn models(project: &Project<'_>, purpose: Purpose) -> Vec<String> {
    let Ok(pipeline) = project.pipeline() else { return Vec::new() };
    let store = project.store(&pipeline);
    let of = |store: &Store, stage: &str| {
        let folder = store.stage_dir(stage);
        let is_ensemble = Member::file_in(&folder).exists();
        let suits = family(&folder).ok().flatten().is_some_and(|family| purpose.suits(family, is_ensemble));
        suits.then(|| folder.display().to_string())
    };
    pipeline.stages().iter().filter_map(|stage| of(&store, stage.name())).collect()
}

/// There is nothing, or no folder: what may have been meant.
fn missing(project: &Project<'_>, folder: &Path, purpose: Purpose) -> UsageError {
    let shown = folder.display();
    let message = if folder.exists() {
        format!("`{shown}` is a file: expected {}", purpose.wanted())
    } else {
        format!("there is no folder `{shown}`")
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let models = models(project, purpose);
    let last = |path: &String| Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names: Vec<String> = models.iter().map(last).collect();
    let meant = nearest(&name, names.iter().map(String::as_str)).filter(|_| !folder.exists());
    let meant = meant.and_then(|meant| models.iter().find(|path| last(path) == meant));
    let unrun = || {
        let pipeline = project.pipeline().ok()?;
        let stage = pipeline.stage(&name)?;
        let is_there = project.store(&pipeline).stage_dir(stage.name()).is_dir();
        (!is_there).then(|| format!("stage `{name}` has not been run: `ser run {name}`"))
    };
    let hint = unrun().or_else(|| meant.map(|path| format!("did you mean `{path}`?")));
    let listed = || (!models.is_empty()).then(|| format!("models: {}", list(&models)));
    UsageError { message, hint: hint.or_else(listed) }
}

/// A file holds one model; the members of an ensemble are such.
fn ensemble(folder: &Path) -> anyhow::Result<UsageError> {
    let mut usable = BTreeSet::new();
    members(folder, &mut BTreeSet::new(), &mut usable)?;
    let usable: Vec<String> = usable.into_iter().collect();
    let hint = if usable.is_empty() {
        format!("none of its members that lie beside it can be exported; name {}", Purpose::Export.wanted())
    } else {
        format!("export its members, and average by the weights of its `members.parquet`: {}", list(&usable))
    };
    let shown = folder.display();
    let message = format!("`{shown}` is an ensemble: it averages what its members say, and a file holds one model");
    Ok(UsageError { message, hint: Some(hint) })
}

/// Adds the folders of members that can be exported, and those of the members of ensembles among them.
fn members(folder: &Path, seen: &mut BTreeSet<PathBuf>, usable: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let names: BTreeSet<String> = Member::read_in(folder)?.into_iter().map(|row| row.member).collect();
    for name in names {
        let beside = folder.with_file_name(&name);
        if !seen.insert(beside.clone()) {
            continue;
        }
        if Member::file_in(&beside).exists() {
            members(&beside, seen, usable)?;
        } else if family(&beside)?.is_some_and(|family| Purpose::Export.suits(family, false)) {
            usable.insert(beside.display().to_string());
        }
    }
    Ok(())
}
