//! A checked pipeline: every stage has a known kind, valid parameters and inputs that exist and are readable.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ser_stage::{Prepared, StageKind};
use serde_json::Value;

use super::stages::DraftStage;
use crate::registry::ContentDigest;

/// A checked pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) file: PathBuf,
    pub(super) text: String,
    pub(super) overrides: Vec<String>,
    pub(super) content: ContentDigest,
    pub(super) stages: Vec<Stage>,
}

/// A checked stage.
#[derive(Clone)]
pub struct Stage {
    name: String,
    kind: Arc<dyn StageKind>,
    from: Vec<String>,
    prepared: Arc<dyn Prepared>,
    /// Positions in the pipeline, in the order of [`StageKind::inputs`], then of `from`.
    inputs: Vec<usize>,
}

impl Pipeline {
    /// Adds checked drafts; `order` holds every position once, inputs before readers.
    pub(super) fn add(&mut self, drafts: Vec<DraftStage>, order: &[usize]) {
        let mut drafts: Vec<Option<DraftStage>> = drafts.into_iter().map(Some).collect();
        for &at in order {
            let Some(draft) = drafts[at].take() else { continue };
            let Some((kind, prepared)) = draft.kind.zip(draft.prepared) else { continue };
            let from: Vec<String> = draft.from.into_iter().map(|(name, _)| name).collect();
            let mut inputs: Vec<usize> = Vec::with_capacity(from.len());
            for input in kind.inputs() {
                let positions = from.iter().filter_map(|name| self.stages.iter().position(|stage| stage.name == *name));
                for at in positions.filter(|&at| input.fits(self.stages[at].kind.outputs())) {
                    if !inputs.contains(&at) {
                        inputs.push(at);
                    }
                }
            }
            self.stages.push(Stage { name: draft.name, kind, from, prepared, inputs });
        }
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
        self.file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// The text of the file, without overrides.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `-S` arguments that were put in.
    pub fn overrides(&self) -> &[String] {
        &self.overrides
    }

    /// Function that digests the contents of its results.
    pub(crate) fn content(&self) -> ContentDigest {
        self.content
    }

    /// All stages, inputs before their readers, otherwise in the order of the file.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The stage called `name`.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Inputs of `stage`, in the order of [`StageKind::inputs`], then of `from`; each once.
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
        self.prepared.normalised()
    }

    /// Its parameters as `P`; `None` where its kind has parameters of another type.
    pub fn params_as<P: 'static>(&self) -> Option<&P> {
        self.prepared.params().downcast_ref()
    }

    /// Its prepared parameters, with all that depends on them.
    pub fn prepared(&self) -> &dyn Prepared {
        self.prepared.as_ref()
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
            .field("params", self.params())
            .finish_non_exhaustive()
    }
}
