//! Parameters of an ensemble.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::{Assignment, Averaging, Table as _};
use ser_stage::suggest::advice;
use ser_stage::{Links, Problem};

/// Mean of the members' probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// The weighted sum of probabilities: the linear opinion pool.
    #[default]
    Arithmetic,
    /// The product of probabilities to the power of their weights, divided by its sum over the classes: the logarithmic
    /// opinion pool. One member that is sure against an emotion weighs more than in the arithmetic mean.
    Geometric,
}

impl From<Mean> for Averaging {
    fn from(mean: Mean) -> Self {
        match mean {
            Mean::Arithmetic => Self::Arithmetic,
            Mean::Geometric => Self::Geometric,
        }
    }
}

impl From<Averaging> for Mean {
    fn from(averaging: Averaging) -> Self {
        match averaging {
            Averaging::Arithmetic => Self::Arithmetic,
            Averaging::Geometric => Self::Geometric,
        }
    }
}

/// Weights of the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Weights {
    /// Weights that nobody needs to write down.
    Fitted(Fitted),
    /// The weight of each member, by its name: at least 0, divided by their sum.
    #[schemars(extend("additionalProperties" = not_negative()))]
    Given(BTreeMap<String, f64>),
}

/// Weights that nobody needs to write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fitted {
    /// The same for all members.
    Equal,
    /// Those of the least cross-entropy on the validation clips, in each fold by itself.
    Validation,
}

fn not_negative() -> serde_json::Value {
    serde_json::json!({ "type": "number", "format": "double", "minimum": 0 })
}

/// Parameters of an ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How probabilities are averaged.
    pub mean: Mean,
    /// How much each member counts: `equal`; `validation`, which fits weights of 0 to 1 that add up to 1 on the validation
    /// clips of each fold; or a weight for each member, as `{ cnn_lstm = 2, linear = 1 }`.
    pub weights: Weights,
}

impl Default for Params {
    fn default() -> Self {
        Self { mean: Mean::default(), weights: Weights::Fitted(Fitted::Equal) }
    }
}

impl Params {
    /// Problems that the types cannot express.
    pub fn check(&self) -> Vec<Problem> {
        let Weights::Given(weights) = &self.weights else { return Vec::new() };
        let total: f64 = weights.values().sum();
        let message = if weights.is_empty() {
            "expected a weight for each member, found none"
        } else if !weights.values().all(|weight| *weight >= 0.0 && weight.is_finite()) {
            "expected numbers of at least 0"
        } else if total <= 0.0 {
            "expected a weight above 0, found only 0"
        } else if total.is_infinite() {
            "expected weights with a sum below 1.8e308, found larger ones: divide them all by one number"
        } else {
            return Vec::new();
        };
        let hint = "as in `weights = { cnn_lstm = 2, linear = 1 }`; each is divided by their sum";
        vec![Problem { key: "weights".to_owned(), message: message.to_owned(), hint: Some(hint.to_owned()) }]
    }

    /// Members of different splits, and weights of no member or of too few.
    pub(crate) fn check_links(&self, members: &[&str], links: &Links<'_>) -> Vec<Problem> {
        let mut problems = other_splits(members, links);
        if let [only] = members
            && self.weights != Self::default().weights
        {
            problems.push(Problem {
                key: "weights".to_owned(),
                message: format!("`{only}` is the only member, and its seeds count the same"),
                hint: Some("remove the key, or add members to `from`".to_owned()),
            });
            return problems;
        }
        let Weights::Given(weights) = &self.weights else { return problems };
        let unweighted: Vec<&str> = members.iter().copied().filter(|member| !weights.contains_key(*member)).collect();
        problems.extend(weights.keys().filter(|name| !members.contains(&name.as_str())).map(|name| Problem {
            key: format!("weights.{name}"),
            message: format!("`{name}` is no member"),
            hint: advice(name, &unweighted, "members without a weight").or_else(|| advice("", members, "members")),
        }));
        problems.extend(unweighted.iter().map(|member| Problem {
            key: "weights".to_owned(),
            message: format!("there is none for member `{member}`"),
            hint: Some("give it one, 0 if it is not to count".to_owned()),
        }));
        problems
    }
}

/// Members of another split than most of them; that of a member is told by the stages that it reads.
fn other_splits(members: &[&str], links: &Links<'_>) -> Vec<Problem> {
    let split_of = |(at, member): (usize, &&str)| {
        let splits = links.sources(member, Assignment::NAME);
        Some((at, (*member).to_owned(), (*splits.first()?).to_owned())).filter(|_| splits.len() == 1)
    };
    let known: Vec<(usize, String, String)> = members.iter().enumerate().filter_map(split_of).collect();
    let members_of = |split: &str| known.iter().filter(|(_, _, other)| other == split).count();
    // The first of equals.
    let Some((_, first, usual)) = known.iter().rev().max_by_key(|(_, _, split)| members_of(split)) else {
        return Vec::new();
    };
    let others = known.iter().filter(|(_, _, split)| split != usual).map(|(at, member, split)| Problem {
        key: format!("from[{at}]"),
        message: format!("`{member}` is a model of split `{split}`, and `{first}` of `{usual}`"),
        hint: Some("an ensemble is of models of one split: make one for each".to_owned()),
    });
    others.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(weights: &[(&str, f64)]) -> Params {
        let weights = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
        Params { weights: Weights::Given(weights), ..Params::default() }
    }

    fn told(problems: &[Problem]) -> Vec<String> {
        let line = |problem: &Problem| {
            format!("{}: {} ({})", problem.key, problem.message, problem.hint.as_deref().unwrap_or_default())
        };
        problems.iter().map(line).collect()
    }

    #[test]
    fn weights_have_a_sum() {
        assert_eq!(given(&[("a", 2.0), ("b", 0.0)]).check(), []);
        for (wrong, expected) in [
            (&[][..], "expected a weight for each member, found none"),
            (&[("a", 0.0)], "found only 0"),
            (&[("a", 0.0), ("b", 0.0)], "found only 0"),
            (&[("a", f64::NAN)], "at least 0"),
            (&[("a", f64::INFINITY)], "at least 0"),
            (&[("a", 2.0), ("b", -1.0)], "at least 0"),
            (&[("a", f64::MAX), ("b", f64::MAX)], "divide them all by one number"),
        ] {
            let told = told(&given(wrong).check());
            assert!(told.len() == 1 && told[0].contains(expected), "{wrong:?}: {told:?}");
        }
        assert!(Params::default().check().is_empty());
    }

    #[test]
    fn weights_are_of_members_and_members_of_one_split() {
        use ser_schemas::Prediction;
        use ser_stage::Output;

        const SPLIT: &[Output] = &[Assignment::OUTPUT];
        const MODEL: &[Output] = &[Prediction::OUTPUT];
        let mut links = Links::default();
        links.add("si", SPLIT, ["manifest"]);
        links.add("random", SPLIT, ["manifest"]);
        for (model, split) in [("a", "si"), ("b", "si"), ("c", "random"), ("linear", "si"), ("d", "random")] {
            links.add(model, MODEL, ["manifest", split]);
        }
        links.add("together", MODEL, ["a", "b"]);
        links.add("mixed", MODEL, ["a", "c"]);
        let check = |params: &Params, members: &[&str]| told(&params.check_links(members, &links));
        let equal = Params::default();
        for good in [&["a", "b"][..], &["together", "linear"], &["c", "d"], &["a", "from outside"], &["a", "mixed"]] {
            assert_eq!(check(&equal, good), [""; 0], "{good:?}");
        }
        // The odd one out is told, wherever it stands; an ensemble is of the split of its members.
        for (members, place, split) in
            [(["c", "a", "b"], 0, "random"), (["a", "c", "together"], 1, "random"), (["c", "d", "together"], 2, "si")]
        {
            let told = check(&equal, &members);
            let expected = format!("from[{place}]: `{}` is a model of split `{split}`", members[place]);
            assert!(told.len() == 1 && told[0].starts_with(&expected), "{told:?}");
        }
        assert_eq!(check(&given(&[("a", 1.0), ("linear", 0.0)]), &["a", "linear"]), [""; 0]);
        assert_eq!(
            check(&given(&[("a", 1.0), ("liner", 2.0)]), &["a", "linear"]),
            [
                "weights.liner: `liner` is no member (did you mean `linear`? members without a weight: `linear`)",
                "weights: there is none for member `linear` (give it one, 0 if it is not to count)",
            ]
        );
        assert_eq!(
            check(&given(&[("a", 1.0), ("b", 1.0), ("zz", 2.0)]), &["a", "b"]),
            ["weights.zz: `zz` is no member (members: `a`, `b`)"]
        );
    }
}
