//! Two runs compared: what the engine finds in their records, and what the tables that they kept say of clips and
//! figures.

mod clips;
mod figures;
mod text;

use std::collections::BTreeSet;

use ser_engine::{KeptFile, NotCompared, RunDiff, RunRecord, StageRun, Store, compare};
use ser_evaluate::Evaluate;
use ser_manifest::Manifest;
use ser_schemas::{ClassMetrics, Clip, Exclusion, SummaryMetric, Table};
use ser_stage::Kind as _;
use serde::Serialize;

pub(crate) use self::clips::ClipDiff;
pub(crate) use self::figures::FigureChange;
pub(crate) use self::text::{describe, figure};

/// Everything that differs between two runs.
#[derive(Debug, Serialize)]
pub(crate) struct Diff {
    /// One entry per manifest stage that both runs have.
    pub(crate) clips: Vec<ClipDiff>,
    /// Stages, parameters, code and the headline figures.
    #[serde(flatten)]
    pub(crate) runs: RunDiff,
    /// Every figure of the `summary` tables that both runs have.
    pub(crate) summary: Vec<FigureChange>,
    /// Precision, recall and F1 of every class in every group, as far as both runs have them.
    pub(crate) classes: Vec<FigureChange>,
    /// Evaluate stages that tested other emotions in one run than in the other.
    pub(crate) other_emotions: Vec<OtherEmotions>,
}

/// The emotions that an evaluate stage tested, in two runs. Figures over all of them have other chances.
#[derive(Debug, Serialize)]
pub(crate) struct OtherEmotions {
    /// The evaluate stage.
    pub(crate) stage: String,
    /// Those of the earlier run.
    pub(crate) a: BTreeSet<String>,
    /// Those of the later run.
    pub(crate) b: BTreeSet<String>,
}

impl Diff {
    /// Differences between `a` and the later `b`.
    pub(crate) fn of(store: &Store, a: &RunRecord, b: &RunRecord) -> Self {
        let mut diff = Self::without_tables(compare(a, b));
        for new in b.stages.iter().filter(|stage| stage.has_result()) {
            let old = a.stages.iter().find(|stage| stage.stage == new.stage && stage.kind == new.kind);
            let Some(old) = old.filter(|stage| stage.has_result()) else { continue };
            let tables = Tables { store, old, new };
            let compared = match new.kind.as_str() {
                Manifest::NAME => diff.add_clips(&tables),
                Evaluate::NAME => diff.add_figures(&tables),
                _ => Ok(()),
            };
            if let Err(why) = compared {
                diff.runs.not_compared.push(NotCompared { stage: new.stage.clone(), why });
            }
        }
        diff
    }

    fn without_tables(runs: RunDiff) -> Self {
        Self { clips: Vec::new(), runs, summary: Vec::new(), classes: Vec::new(), other_emotions: Vec::new() }
    }

    fn add_clips(&mut self, tables: &Tables<'_>) -> Result<(), String> {
        let clips = tables.read::<Clip>()?;
        let exclusions = tables.read::<Exclusion>()?;
        let old = clips::Manifest { clips: clips.0, exclusions: exclusions.0 };
        let new = clips::Manifest { clips: clips.1, exclusions: exclusions.1 };
        self.clips.push(ClipDiff::of(&tables.new.stage, &old, &new));
        Ok(())
    }

    fn add_figures(&mut self, tables: &Tables<'_>) -> Result<(), String> {
        let (old, new) = tables.read::<SummaryMetric>()?;
        self.summary.extend(figures::of_summary(&tables.new.stage, &old, &new));
        let (old, new) = tables.read::<ClassMetrics>()?;
        self.classes.extend(figures::of_classes(&tables.new.stage, &old, &new));
        let tested = |rows: &[ClassMetrics]| -> BTreeSet<String> {
            rows.iter().filter(|row| row.support > 0).map(|row| row.emotion.to_string()).collect()
        };
        let (a, b) = (tested(&old), tested(&new));
        if a != b {
            self.other_emotions.push(OtherEmotions { stage: tables.new.stage.clone(), a, b });
        }
        Ok(())
    }
}

/// The tables that both runs kept of a stage.
struct Tables<'a> {
    store: &'a Store,
    old: &'a StageRun,
    new: &'a StageRun,
}

impl Tables<'_> {
    /// Both versions of a table, or why they cannot be read.
    fn read<T: Table>(&self) -> Result<(Vec<T>, Vec<T>), String> {
        Ok((self.read_one(self.old, "A")?, self.read_one(self.new, "B")?))
    }

    fn read_one<T: Table>(&self, stage: &StageRun, run: &str) -> Result<Vec<T>, String> {
        let file = T::FILE;
        let kept: Option<&KeptFile> = stage.kept.iter().find(|kept| kept.path == file);
        let kept = kept.ok_or_else(|| format!("run {run} kept no copy of its `{file}`"))?;
        let path = self
            .store
            .kept_path(kept)
            .ok_or_else(|| format!("the copy of `{file}` that run {run} kept is gone or damaged"))?;
        T::read(&path).map_err(|error| format!("the `{file}` of run {run} cannot be read: {error}"))
    }
}
