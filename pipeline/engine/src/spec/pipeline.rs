//! A checked pipeline: every stage has a known kind, valid parameters and inputs that exist and are readable.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::stages::DraftStage;
use crate::kind::StageKind;

/// A checked pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    name: String,
    seed: u64,
    file: PathBuf,
    base_dir: PathBuf,
    text: String,
    overrides: Vec<String>,
    stages: Vec<Stage>,
}

/// A checked stage.
#[derive(Clone)]
pub struct Stage {
    name: String,
    kind: Arc<dyn StageKind>,
    from: Vec<String>,
    params: Value,
    /// Positions in the pipeline, grouped by kind in the order of [`StageKind::inputs`], then in the order of `from`.
    inputs: Vec<usize>,
}

impl Pipeline {
    /// Puts checked drafts together; `order` holds every position once, inputs before readers.
    pub(crate) fn assemble(
        name: String,
        seed: u64,
        file: &Path,
        text: String,
        overrides: Vec<String>,
        drafts: Vec<DraftStage>,
        order: &[usize],
    ) -> Self {
        let base_dir = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut drafts: Vec<Option<DraftStage>> = drafts.into_iter().map(Some).collect();
        let mut stages: Vec<Stage> = Vec::with_capacity(order.len());
        for &at in order {
            let Some(draft) = drafts[at].take() else { continue };
            let Some(kind) = draft.kind else { continue };
            let from: Vec<String> = draft.from.into_iter().map(|(name, _)| name).collect();
            let positions: Vec<usize> =
                from.iter().filter_map(|name| stages.iter().position(|stage| stage.name == *name)).collect();
            let inputs = kind
                .inputs()
                .iter()
                .flat_map(|input| positions.iter().copied().filter(|&at| stages[at].kind.name() == input.kind))
                .collect();
            stages.push(Stage { name: draft.name, kind, from, params: draft.params, inputs });
        }
        Self { name, seed, file: file.to_owned(), base_dir, text, overrides, stages }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything random follows from it.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The file it was read from, as it was named.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The folder of the file; relative paths start there.
    pub fn base_dir(&self) -> &Path {
        &self.base_dir
    }

    /// The text of the file, without overrides.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `-S` arguments that were put in.
    pub fn overrides(&self) -> &[String] {
        &self.overrides
    }

    /// All stages, inputs before their readers, otherwise in the order of the file.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The stage called `name`.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// What `stage` reads, grouped by kind in the order of [`StageKind::inputs`], then in the order of `from`.
    pub fn inputs_of<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Stage> {
        stage.inputs.iter().map(|&at| &self.stages[at])
    }
}

impl Stage {
    /// Its name, which is also that of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its kind.
    pub fn kind(&self) -> &dyn StageKind {
        self.kind.as_ref()
    }

    /// The stages that it reads, as the file lists them.
    pub fn from(&self) -> &[String] {
        &self.from
    }

    /// Its parameters with every default filled in.
    pub fn params(&self) -> &Value {
        &self.params
    }

    /// Positions of its inputs in [`Pipeline::stages`].
    pub(crate) fn input_positions(&self) -> &[usize] {
        &self.inputs
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .field("kind", &self.kind.name())
            .field("from", &self.from)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}
