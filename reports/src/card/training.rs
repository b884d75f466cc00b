//! How the model was made, in words.

use std::collections::BTreeSet;

use ser_schemas::Model;

use super::{Block, item};
use crate::PipelineInfo;
use crate::number;
use crate::scored::Scored;
use crate::sections::words::listed;
use crate::tables::Tables;

/// Facts that a reader needs in order to judge the training; every parameter is under Provenance.
pub(super) fn training(tables: &Tables, main: &Scored, about: Option<&Model>, pipeline: &PipelineInfo) -> Vec<Block> {
    let sharing = main.sharing().map_or_else(String::new, |sharing| format!("; it {sharing}"));
    let mut items = vec![
        item("Protocol:", format!("{} (split {}): {}.", main.protocol.name(), main.split, main.protocol.meaning())),
        item("Standardisation of features:", format!("{}{sharing}.", main.standardisation_name())),
    ];
    let inputs = about.map_or("", |about| about.inputs.as_str()).split(',').filter(|table| !table.is_empty());
    let inputs: Vec<String> = inputs.map(str::to_owned).collect();
    if !inputs.is_empty() {
        items.push(item("Inputs:", format!("{}.", listed(&inputs))));
    }
    let imported: Vec<String> = about.into_iter().flat_map(Model::imported).map(str::to_owned).collect();
    if !imported.is_empty() {
        items.push(item(
            "Features computed elsewhere:",
            format!(
                "imported from {}. What computed them has to hear a recording before the model does.",
                listed(&imported)
            ),
        ));
    }
    if let Some(count) = about.and_then(|about| about.parameter_count) {
        let by = if main.seeds > 1 {
            format!("of each of {} networks in each fold", main.seeds)
        } else {
            "in each fold".to_owned()
        };
        items.push(item("Fitted values:", format!("{} {by}.", number::count(count))));
    }
    if let Some(settings) = about.and_then(|about| about.settings.as_ref()) {
        items.push(item("Settings:", format!("{settings}.")));
    }
    if let Some((_, epochs)) = tables.history.iter().find(|(model, _)| *model == main.model) {
        let minutes =
            epochs.iter().map(|epoch| epoch.seconds).filter(|seconds| seconds.is_finite()).sum::<f64>() / 60.0;
        let networks: BTreeSet<(u32, Option<u32>)> = epochs.iter().map(|epoch| (epoch.fold, epoch.seed)).collect();
        let folds: BTreeSet<u32> = networks.iter().map(|(fold, _)| *fold).collect();
        let seeds = if networks.len() > folds.len() {
            format!(" ({} networks)", number::count(networks.len() as u64))
        } else {
            String::new()
        };
        items.push(item(
            "Work:",
            format!(
                "{} in {}{seeds}, {} of computing in all.",
                number::counted(epochs.len() as u64, "epoch", "epochs"),
                number::counted(folds.len() as u64, "fold", "folds"),
                spent(minutes)
            ),
        ));
    }
    let more = if main.seeds > 1 { ", and one more for each further network of a fold" } else { "" };
    items.push(item("Seed:", format!("{}{more}; the same pipeline file gives the same model.", pipeline.seed)));
    vec![Block::items(items)]
}

/// A time that was measured beside other work: minutes are exact enough.
fn spent(minutes: f64) -> String {
    match minutes.round() as u64 {
        0 => "less than a minute".to_owned(),
        whole => number::counted(whole, "minute", "minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_one() {
        assert_eq!(
            [0.0, 0.2, 0.6, 1.4, 2.0].map(spent).join(", "),
            "less than a minute, less than a minute, 1 minute, 1 minute, 2 minutes"
        );
    }
}
