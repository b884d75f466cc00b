//! The folder of a model that somebody handed on, as a member of an ensemble.

use std::path::Path;

use ser_ensemble::{Fitted, Inputs, Params, Weights};
use ser_schemas::{Exposure, Member, Model, Prediction, Provenance, Table as _};
use ser_stage::Context;

use crate::folder::{folder, put};
use crate::split_part;

/// Files of a member, in the order in which they are parted.
pub(crate) const FILES: [&str; 4] = [Model::FILE, Prediction::FILE, Prediction::VALIDATION.file, Exposure::FILE];

/// Averages the member with another one that says the same, equally and by their validation clips.
///
/// # Panics
/// Where it is averaged, and answers or weights are no numbers.
pub fn ensemble(bytes: &[u8]) {
    let _ = averaged(bytes);
}

/// In how many ways it is averaged.
fn averaged(bytes: &[u8]) -> usize {
    let folder = folder();
    let [member, other, out] = ["member", "other", "out"].map(|name| folder.path().join(name));
    let mut rest = bytes;
    for file in FILES {
        let (part, after) = split_part(rest);
        put(&member, file, part);
        rest = after;
    }
    if [&other, &out].into_iter().any(|dir| std::fs::create_dir_all(dir).is_err()) {
        return 0;
    }
    // Where it cannot be read, the first is the one that is tried.
    let _ = write_other(&member, &other);
    let mut ways = 0;
    let inputs = Inputs { members: &[("member", &member), ("other", &other)], model: "both" };
    for weights in [Fitted::Equal, Fitted::Validation] {
        let params = Params { weights: Weights::Fitted(weights), ..Params::default() };
        if ser_ensemble::run(&params, &inputs, &Context::alone(&out)).is_err() {
            continue;
        }
        let answers = Prediction::read_in(&out).unwrap_or_default();
        let members = Member::read_in(&out).unwrap_or_default();
        assert!(answers.iter().flat_map(|row| &row.probabilities).all(|value| value.is_finite()), "an answer");
        assert!(members.iter().all(|row| row.weight.is_finite()), "a weight");
        ways += 1;
    }
    ways
}

/// Writes the tables of the model in `member` to `other`, as if they were of a model of another name.
fn write_other(member: &Path, other: &Path) -> Option<()> {
    let (none, name) = (Provenance::default(), |model: &str| format!("{model}, too"));
    let models = Model::read_in(member).ok()?;
    let models: Vec<Model> = models.into_iter().map(|row| Model { model: name(&row.model), ..row }).collect();
    Model::write_in(other, &models, &none).ok()?;
    for file in [Prediction::FILE, Prediction::VALIDATION.file] {
        let said = Prediction::read(&member.join(file)).ok()?;
        let said: Vec<Prediction> = said.into_iter().map(|row| Prediction { model: name(&row.model), ..row }).collect();
        Prediction::write(&other.join(file), &said, &none).ok()?;
    }
    std::fs::copy(member.join(Exposure::FILE), other.join(Exposure::FILE)).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_averaged_in_both_ways() {
        assert_eq!(crate::seeds("ensemble").iter().map(|seed| averaged(seed)).collect::<Vec<_>>(), [2]);
    }
}
