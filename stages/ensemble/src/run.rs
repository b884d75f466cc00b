//! The stage: reads what the members left, weighs them, averages, writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use ser_models::headline;
use ser_schemas::{Exposure, Model, Prediction, Role, Table as _, Use};
use ser_stage::{Context, Outcome};

use crate::about::{about, settings, word};
use crate::error::EnsembleError;
use crate::members::{self, Member, all_validated, together};
use crate::params::{Fitted, Mean, Params, Weights};
use crate::weights::{Answers, fit};

/// Inputs of an ensemble stage.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Name and folder of each member.
    pub members: &'a [(&'a str, &'a Path)],
    /// Name of the ensemble stage; goes into every prediction.
    pub model: &'a str,
}

/// Averages what the members say of the test and validation clips of each fold. What a member of several seeds says is
/// the mean over them first; one such member is an ensemble.
///
/// Writes `predictions`, `validation_predictions` (without rows where a member tells nothing of validation clips),
/// `exposures` (all of the members', and the validation clips where weights are fitted on them), `models` and
/// `members`. Nothing is random, and the order of the members decides nothing.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, EnsembleError> {
    let members = members::read(inputs.members, params.mean)?;
    let weights = weights(params, &members, ctx)?;
    let answer = |role: Role| answers(inputs.model, params.mean, &weights, &members, role);
    let test = answer(Role::Test)?;
    let validation = if all_validated(&members) { answer(Role::Validation)? } else { Vec::new() };
    let about = about(inputs.model, params, &members, &weights);

    let dir = ctx.out_dir;
    Prediction::write_in(dir, &test, &ctx.provenance)?;
    Prediction::write(&dir.join(Prediction::VALIDATION.file), &validation, &ctx.provenance)?;
    Exposure::write_in(dir, &exposures(params, &members), &ctx.provenance)?;
    Model::write_in(dir, std::slice::from_ref(&about), &ctx.provenance)?;
    ser_schemas::Member::write_in(dir, &rows(params.mean, &members, &weights), &ctx.provenance)?;

    let folds = test.iter().map(|row| row.fold).collect::<BTreeSet<_>>().len();
    let names: Vec<&str> = members.iter().map(|member| member.about.model.as_str()).collect();
    let what = format!("{} mean of {}", word(params.mean), who(&members));
    let fitted = is_fitted(params, &members) && folds > 0;
    Ok(Outcome {
        rows: test.len() as u64,
        headline: headline(folds, &what, test.len()),
        notes: fitted.then(|| settings(params, &names, &weights)).into_iter().collect(),
        ..Outcome::default()
    })
}

/// `2 models`, `2 models (cnn_lstm of 3 seeds)`, `3 seeds of cnn_lstm`.
fn who(members: &[Member]) -> String {
    let several = |member: &&Member| member.seeds > 1;
    if let [only] = members {
        return format!("{} seeds of {}", only.seeds, only.about.model);
    }
    let of = |member: &Member| format!("{} of {} seeds", member.about.model, member.seeds);
    let told: Vec<String> = members.iter().filter(several).map(of).collect();
    let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) };
    format!("{} models{told}", members.len())
}

/// The weights of the members in each fold.
fn weights(params: &Params, members: &[Member], ctx: &Context<'_>) -> Result<BTreeMap<u32, Vec<f64>>, EnsembleError> {
    let folds: BTreeSet<u32> = members
        .iter()
        .flat_map(|member| member.test.keys().chain(member.validation.keys()))
        .map(|(fold, _)| *fold)
        .collect();
    let alike = |weights: Vec<f64>| folds.iter().map(|fold| (*fold, weights.clone())).collect();
    match &params.weights {
        Weights::Fitted(Fitted::Equal) => Ok(alike(vec![1.0 / members.len() as f64; members.len()])),
        Weights::Given(given) => Ok(alike(by_hand(given, members)?)),
        Weights::Fitted(Fitted::Validation) => folds
            .par_iter()
            .map(|fold| {
                if ctx.observer.is_cancelled() {
                    return Err(EnsembleError::Cancelled);
                }
                Ok((*fold, fit(params.mean, members.len(), &validated(*fold, members)?)))
            })
            .collect(),
    }
}

fn by_hand(given: &BTreeMap<String, f64>, members: &[Member]) -> Result<Vec<f64>, EnsembleError> {
    let names: Vec<&String> = members.iter().map(|member| &member.about.model).collect();
    if let Some(name) = given.keys().find(|name| !names.contains(name)) {
        let members = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(EnsembleError::NoMember { name: name.clone(), members });
    }
    let total: f64 = given.values().sum();
    let weight = |name: &&String| {
        let weight = given.get(*name).ok_or_else(|| EnsembleError::NoWeight { member: (*name).clone() })?;
        Ok(weight / total)
    };
    names.iter().map(weight).collect()
}

/// What all members say of the validation clips of a fold.
fn validated(fold: u32, members: &[Member]) -> Result<Vec<Answers<'_>>, EnsembleError> {
    let of_fold = |member: &'_ Member| {
        member.validation.range((fold, String::new())..).next().is_some_and(|(key, _)| key.0 == fold)
    };
    if let Some(member) = members.iter().find(|member| !of_fold(member)) {
        let (member, split) = (member.about.model.clone(), member.about.split.clone());
        return Err(EnsembleError::NoValidation { fold, member, split });
    }
    let rows = members.first().into_iter().flat_map(|first| &first.validation);
    let answers = rows.filter(|(key, _)| key.0 == fold).filter_map(|(key, row)| {
        let truth = row.classes.split(',').position(|class| class == row.emotion.as_str())?;
        let told = members.iter().map(|member| Some(member.validation.get(key)?.probabilities.as_slice()));
        Some(Answers { members: told.collect::<Option<_>>()?, truth })
    });
    Ok(answers.collect())
}

/// What the ensemble says of the clips that play `role`.
fn answers(
    model: &str,
    mean: Mean,
    weights: &BTreeMap<u32, Vec<f64>>,
    members: &[Member],
    role: Role,
) -> Result<Vec<Prediction>, EnsembleError> {
    let rows = members.first().into_iter().flat_map(|first| first.answered(role));
    rows.map(|(key, row)| {
        let others = members.iter().skip(1).filter_map(|member| member.answered(role).get(key));
        let told: Vec<&Prediction> = std::iter::once(row).chain(others).collect();
        let together = together(mean, weights.get(&key.0).map_or(&[], Vec::as_slice), &told)?;
        Ok(Prediction { model: model.to_owned(), seed: None, ..together })
    })
    .collect()
}

/// Whether validation clips decide about weights: of one member there is nothing to decide.
fn is_fitted(params: &Params, members: &[Member]) -> bool {
    params.weights == Weights::Fitted(Fitted::Validation) && members.len() > 1
}

fn exposures(params: &Params, members: &[Member]) -> Vec<Exposure> {
    let used =
        members.iter().flat_map(|member| &member.exposures).map(|row| (row.fold, row.used_for, row.clip_id.as_str()));
    let mut all: BTreeSet<(u32, Use, &str)> = used.collect();
    if is_fitted(params, members) {
        let validated = members.iter().flat_map(|member| member.validation.keys());
        all.extend(validated.map(|(fold, clip_id)| (*fold, Use::Selection, clip_id.as_str())));
    }
    all.into_iter().map(|(fold, used_for, clip_id)| Exposure { fold, clip_id: clip_id.to_owned(), used_for }).collect()
}

fn rows(mean: Mean, members: &[Member], weights: &BTreeMap<u32, Vec<f64>>) -> Vec<ser_schemas::Member> {
    let of_fold = |(fold, weights): (&u32, &Vec<f64>)| {
        let row = |(member, weight): (&Member, &f64)| ser_schemas::Member {
            fold: *fold,
            member: member.about.model.clone(),
            weight: *weight,
            mean: Some(mean.into()),
        };
        members.iter().zip(weights).map(row).collect::<Vec<_>>()
    };
    weights.iter().flat_map(of_fold).collect()
}
