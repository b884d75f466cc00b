//! Differences between two runs, as far as their records tell: stages, parameters, code and figures.

use ser_stage::Metric;
use serde::Serialize;
use serde_json::Value;

use crate::fingerprint::canonical;
use crate::reason::{Reason, compare_params};
use crate::record::{RunRecord, StageRun, StageStatus};

/// Figures closer than this are the same: a record may round the last bits.
const SAME: f64 = 1e-9;

/// Differences between two runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunDiff {
    /// Parameters with another value, by dotted key: `features.n_mels`, `seed`, `evaluation.from`.
    pub parameters: Vec<ParameterChange>,
    /// Stages that only the second run's pipeline has.
    pub stages_added: Vec<StageName>,
    /// Stages that only the first run's pipeline has.
    pub stages_removed: Vec<StageName>,
    /// Stages whose code has another version.
    pub code: Vec<CodeChange>,
    /// Every figure that both runs have, whether it moved or not.
    pub metrics: Vec<MetricChange>,
    /// Stages with no result in one of the runs: nothing can be said of them.
    pub not_compared: Vec<NotCompared>,
}

/// A parameter with another value; `None` is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterChange {
    /// Dotted key, the stage's name first.
    pub key: String,
    /// Value in the first run.
    pub old: Option<Value>,
    /// Value in the second run.
    pub new: Option<Value>,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageName {
    /// Its name.
    pub stage: String,
    /// Name of its kind.
    pub kind: String,
}

/// A stage whose code has another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeChange {
    /// Name of the stage.
    pub stage: String,
    /// Name of its kind.
    pub kind: String,
    /// Version in the first run.
    pub old: u32,
    /// Version in the second run.
    pub new: u32,
}

/// A figure in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricChange {
    /// Name of the stage.
    pub stage: String,
    /// Name of the figure: `UAR`.
    pub name: String,
    /// Subject of the measurement.
    pub of: String,
    /// In the first run.
    pub old: Figure,
    /// In the second run.
    pub new: Figure,
    /// Second minus first.
    pub delta: f64,
    /// `true` if each run's value lies in the other's interval; `None` where one has no interval.
    pub within_intervals: Option<bool>,
}

/// A value with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
}

/// A stage with no result in one of the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// Name of the stage.
    pub stage: String,
    /// In words: `not asked for in run A`.
    pub why: String,
}

impl Figure {
    /// How `self` moved to `new`: the difference, and whether each value lies in the other's interval.
    pub fn moved_to(&self, new: &Self) -> (f64, Option<bool>) {
        (new.value - self.value, self.holds(new.value).zip(new.holds(self.value)).map(|(one, other)| one && other))
    }

    fn holds(&self, value: f64) -> Option<bool> {
        let (low, high) = self.low.zip(self.high)?;
        Some((low - SAME..=high + SAME).contains(&value))
    }
}

impl MetricChange {
    /// `true` if the value differs by more than rounding.
    pub fn moved(&self) -> bool {
        self.delta.abs() > SAME
    }
}

impl From<&Metric> for Figure {
    fn from(metric: &Metric) -> Self {
        Self { value: metric.value, low: metric.low, high: metric.high }
    }
}

impl StageRun {
    /// `true` if the stage had its result at the end of the run.
    pub fn has_result(&self) -> bool {
        matches!(self.status, StageStatus::Fresh | StageStatus::Unchanged | StageStatus::Done)
    }
}

/// Differences between run `a` and the later run `b`.
pub fn compare(a: &RunRecord, b: &RunRecord) -> RunDiff {
    let mut diff = RunDiff { stages_added: only_in(b, a), stages_removed: only_in(a, b), ..RunDiff::default() };
    let mut parameter = |key: String, old: Option<Value>, new: Option<Value>| {
        diff.parameters.push(ParameterChange { key, old, new });
    };
    if a.pipeline != b.pipeline {
        parameter("name".to_owned(), Some(Value::from(a.pipeline.as_str())), Some(Value::from(b.pipeline.as_str())));
    }
    if a.seed != b.seed {
        parameter("seed".to_owned(), Some(Value::from(a.seed)), Some(Value::from(b.seed)));
    }
    for new in &b.stages {
        let Some(old) = a.stages.iter().find(|stage| stage.stage == new.stage) else { continue };
        diff.parameters.extend(parameters(old, new));
        // A record of before versions were noted down says 0.
        if old.kind == new.kind && old.version != new.version && old.version.min(new.version) > 0 {
            let (stage, kind) = (new.stage.clone(), new.kind.clone());
            diff.code.push(CodeChange { stage, kind, old: old.version, new: new.version });
        }
        diff.metrics.extend(metrics(old, new));
    }
    diff.not_compared = not_compared(a, b);
    diff
}

/// Stages of the pipeline of `one` that the pipeline of `other` does not have.
fn only_in(one: &RunRecord, other: &RunRecord) -> Vec<StageName> {
    let known = |name: &String| other.stages.iter().any(|stage| stage.stage == *name) || other.not_asked.contains(name);
    let missing = one.stages.iter().filter(|stage| !known(&stage.stage));
    missing.map(|stage| StageName { stage: stage.stage.clone(), kind: stage.kind.clone() }).collect()
}

fn parameters(old: &StageRun, new: &StageRun) -> Vec<ParameterChange> {
    let mut changes = Vec::new();
    let mut reasons = Vec::new();
    if old.kind == new.kind {
        compare_params("", Some(&canonical(&old.params)), Some(&canonical(&new.params)), &mut reasons);
    } else {
        let (old, new) = (Value::from(old.kind.as_str()), Value::from(new.kind.as_str()));
        reasons.push(Reason::Parameter { key: "kind".to_owned(), old: Some(old), new: Some(new) });
    }
    if old.from != new.from {
        let (old, new) = (Value::from(old.from.clone()), Value::from(new.from.clone()));
        reasons.push(Reason::Parameter { key: "from".to_owned(), old: Some(old), new: Some(new) });
    }
    for reason in reasons {
        if let Reason::Parameter { key, old, new: value } = reason {
            changes.push(ParameterChange { key: format!("{}.{key}", new.stage), old, new: value });
        }
    }
    changes
}

fn metrics(old: &StageRun, new: &StageRun) -> Vec<MetricChange> {
    let pairs = new.metrics.iter().filter_map(|metric| {
        let same = |known: &&Metric| known.name == metric.name && known.of == metric.of;
        Some((old.metrics.iter().find(same)?, metric))
    });
    pairs
        .map(|(old, metric)| {
            let (old, now) = (Figure::from(old), Figure::from(metric));
            let (delta, within_intervals) = old.moved_to(&now);
            MetricChange {
                stage: new.stage.clone(),
                name: metric.name.clone(),
                of: metric.of.clone(),
                old,
                new: now,
                delta,
                within_intervals,
            }
        })
        .collect()
}

fn not_compared(a: &RunRecord, b: &RunRecord) -> Vec<NotCompared> {
    let mut found: Vec<NotCompared> = Vec::new();
    for (run, other, name) in [(a, b, "A"), (b, a, "B")] {
        let asked_elsewhere = |stage: &&String| other.stages.iter().any(|known| known.stage == **stage);
        for stage in run.not_asked.iter().filter(asked_elsewhere) {
            found.push(NotCompared { stage: stage.clone(), why: format!("not asked for in run {name}") });
        }
        for stage in run.stages.iter().filter(|stage| !stage.has_result()) {
            let how = match stage.status {
                StageStatus::Failed => "failed",
                StageStatus::Skipped { .. } => "skipped",
                StageStatus::Cancelled => "stopped",
                _ => "not finished",
            };
            found.push(NotCompared { stage: stage.stage.clone(), why: format!("{how} in run {name}") });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stage(name: &str, params: Value) -> StageRun {
        StageRun {
            stage: name.to_owned(),
            kind: "k".to_owned(),
            version: 1,
            status: StageStatus::Done,
            params,
            ..StageRun::default()
        }
    }

    fn run(stages: Vec<StageRun>) -> RunRecord {
        RunRecord { stages, ..RunRecord::default() }
    }

    fn figure(value: f64, low: f64, high: f64) -> Figure {
        Figure { value, low: Some(low), high: Some(high) }
    }

    #[test]
    fn parameters_seed_inputs_and_code_are_told_apart() {
        let a = run(vec![stage("f", json!({ "mel": { "bands": 64, "low_hz": null }, "x": 1 }))]);
        let mut other = stage("f", json!({ "mel": { "bands": 80 }, "x": 1 }));
        other.from = vec!["m".to_owned()];
        other.version = 2;
        let b = RunRecord { seed: 7, ..run(vec![other]) };
        let diff = compare(&a, &b);
        let told: Vec<String> = diff.parameters.iter().map(|c| format!("{} {:?} {:?}", c.key, c.old, c.new)).collect();
        assert_eq!(
            told,
            [
                "seed Some(Number(0)) Some(Number(7))",
                "f.mel.bands Some(Number(64)) Some(Number(80))",
                "f.from Some(Array []) Some(Array [String(\"m\")])",
            ]
        );
        assert_eq!((diff.code[0].old, diff.code[0].new), (1, 2));
        let same = compare(&a, &a);
        assert!(same.parameters.is_empty() && same.code.is_empty() && same.not_compared.is_empty());
    }

    #[test]
    fn a_stage_that_was_not_asked_for_is_not_removed() {
        let a = run(vec![stage("f", json!({})), stage("g", json!({})), stage("h", json!({}))]);
        let mut b = run(vec![stage("f", json!({})), stage("i", json!({}))]);
        b.not_asked = vec!["g".to_owned()];
        b.stages[0].status = StageStatus::Failed;
        let diff = compare(&a, &b);
        assert_eq!(diff.stages_removed, [StageName { stage: "h".to_owned(), kind: "k".to_owned() }]);
        assert_eq!(diff.stages_added, [StageName { stage: "i".to_owned(), kind: "k".to_owned() }]);
        let told: Vec<String> = diff.not_compared.iter().map(|n| format!("{}: {}", n.stage, n.why)).collect();
        assert_eq!(told, ["g: not asked for in run B", "f: failed in run B"]);
    }

    #[test]
    fn a_move_is_within_the_intervals_when_each_value_lies_in_the_others() {
        assert_eq!(figure(0.50, 0.40, 0.60).moved_to(&figure(0.55, 0.45, 0.65)).1, Some(true));
        assert_eq!(figure(0.50, 0.40, 0.60).moved_to(&figure(0.70, 0.45, 0.80)).1, Some(false));
        assert_eq!(figure(0.50, 0.40, 0.60).moved_to(&figure(0.55, 0.54, 0.56)).1, Some(false));
        let bare = Figure { value: 0.5, low: None, high: None };
        assert_eq!(bare.moved_to(&figure(0.5, 0.4, 0.6)), (0.0, None));
    }
}
