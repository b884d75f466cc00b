//! The ensemble as a row of `models`: what is said of it follows from what its members say of themselves.

use std::collections::BTreeMap;

use ser_schemas::{Family, Model, Standardisation};

use crate::members::Member;
use crate::params::{Fitted, Mean, Params, Weights};

/// The description of ensemble `name` of `members`, whose weights in each fold are `weights`.
pub(crate) fn about(name: &str, params: &Params, members: &[Member], weights: &BTreeMap<u32, Vec<f64>>) -> Model {
    let each = || members.iter().map(|member| &member.about);
    let first = each().next().cloned().unwrap_or_default();
    let same_family = each().all(|about| about.family == first.family);
    let names: Vec<&str> = each().map(|about| about.model.as_str()).collect();
    let called: Vec<String> = members.iter().map(called).collect();
    Model {
        model: name.to_owned(),
        family: if same_family { first.family } else { Family::Other },
        baseline: each().all(|about| about.baseline),
        description: format!(
            "An ensemble: the {} mean of the probabilities of {}.",
            word(params.mean),
            listed(&called)
        ),
        settings: Some(settings(params, &names, weights)),
        inputs: distinct(each().flat_map(|about| about.inputs.split(','))).join(","),
        parameter_count: parts(members).into_values().flatten().reduce(u64::saturating_add),
        standardisation: standardisation(members),
        uses_test_speakers: each().any(|about| about.uses_test_speakers),
        long_clips: Some(distinct(each().filter_map(|about| about.long_clips.as_deref())).join("; "))
            .filter(|text| !text.is_empty()),
        recipe: recipe(params, members),
        papers: Some(distinct(each().flat_map(Model::papers)).join("; ")).filter(|papers| !papers.is_empty()),
        parts: Some(parts_told(members)),
        imported: Some(distinct(each().flat_map(Model::imported)).join("; ")).filter(|files| !files.is_empty()),
        ..first
    }
}

/// The models that `members` are made of in the end, each once though several of them share it, with the number of
/// values fitted in each, over all its seeds.
fn parts(members: &[Member]) -> BTreeMap<&str, Option<u64>> {
    let of_seeds = |count: Option<u64>, member: &Member| Some(count?.saturating_mul(member.seeds as u64));
    let each = members.iter().flat_map(|member| member.about.parts().into_iter().map(move |part| (member, part)));
    each.map(|(member, (name, count))| (name, of_seeds(count, member))).collect()
}

fn parts_told(members: &[Member]) -> String {
    let told = |(name, count): (&str, Option<u64>)| count.map_or(name.to_owned(), |count| format!("{name}:{count}"));
    parts(members).into_iter().map(told).collect::<Vec<_>>().join(",")
}

pub(crate) fn word(mean: Mean) -> &'static str {
    match mean {
        Mean::Arithmetic => "arithmetic",
        Mean::Geometric => "geometric",
    }
}

/// The weights in words: `equal weights`, or
/// `weights fitted on validation clips: a 0.62, b 0.38 in the mean over folds`.
pub(crate) fn settings(params: &Params, names: &[&str], weights: &BTreeMap<u32, Vec<f64>>) -> String {
    let mean = |at: usize| weights.values().filter_map(|fold| fold.get(at)).sum::<f64>() / weights.len().max(1) as f64;
    let all =
        || names.iter().enumerate().map(|(at, name)| format!("{name} {:.2}", mean(at))).collect::<Vec<_>>().join(", ");
    match &params.weights {
        _ if names.len() == 1 => "equal weights of its seeds".to_owned(),
        Weights::Fitted(Fitted::Equal) => "equal weights".to_owned(),
        Weights::Fitted(Fitted::Validation) if weights.len() < 2 => {
            format!("weights fitted on validation clips: {}", all())
        }
        Weights::Fitted(Fitted::Validation) => {
            format!("weights fitted on the validation clips of each fold: {} in the mean over folds", all())
        }
        Weights::Given(_) => format!("weights set by hand: {}", all()),
    }
}

/// Over which clips features are standardised, of the member that uses most of a test speaker, then of one that does
/// not tell, then of the one that uses most of the training clips.
fn standardisation(members: &[Member]) -> Option<Standardisation> {
    let strictness = |standardisation: Option<Standardisation>| match standardisation {
        Some(Standardisation::Speaker) => 5,
        Some(Standardisation::Corpus) => 4,
        None => 3,
        Some(Standardisation::TrainingClips) => 2,
        Some(Standardisation::Clip) => 1,
        Some(Standardisation::None) => 0,
    };
    members.iter().map(|member| member.about.standardisation).max_by_key(|of| strictness(*of)).flatten()
}

/// The recipes of the members instead of their names, which differ from split to split.
fn recipe(params: &Params, members: &[Member]) -> String {
    let weight = |model: &str| match &params.weights {
        Weights::Fitted(_) => String::new(),
        Weights::Given(weights) => format!("{} of ", weights.get(model).copied().unwrap_or_default()),
    };
    let mut recipes: Vec<String> =
        members.iter().map(|member| format!("{}[{}]", weight(&member.about.model), member.about.recipe)).collect();
    recipes.sort_unstable();
    let fitted =
        if params.weights == Weights::Fitted(Fitted::Validation) { ", weights of validation clips," } else { "" };
    format!("{} mean{fitted} of {}", word(params.mean), recipes.join(" and "))
}

/// Different words in the order of their first appearance.
fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

/// `cnn_lstm`, `cnn_lstm (3 seeds)`.
fn called(member: &Member) -> String {
    let name = &member.about.model;
    if member.seeds > 1 { format!("{name} ({} seeds)", member.seeds) } else { name.clone() }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
