//! The graph of a pipeline: what a target needs, and how the whole is drawn.

use std::fmt::Write as _;

use crate::spec::{Pipeline, Stage};
use ser_stage::suggest::advice;

/// A target that the pipeline does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no stage `{name}`")]
pub struct UnknownStage {
    /// As typed.
    pub name: String,
    /// The name that was probably meant, and those there are.
    pub hint: Option<String>,
}

impl Pipeline {
    /// Positions of `targets` and of everything that they read, directly or not, in order. No targets: all stages.
    pub fn select(&self, targets: &[String]) -> Result<Vec<usize>, UnknownStage> {
        if targets.is_empty() {
            return Ok((0..self.stages().len()).collect());
        }
        let mut wanted = vec![false; self.stages().len()];
        for target in targets {
            let Some(at) = self.stages().iter().position(|stage| stage.name() == target) else {
                let names: Vec<&str> = self.stages().iter().map(Stage::name).collect();
                return Err(UnknownStage { name: target.clone(), hint: advice(target, &names, "stages") });
            };
            wanted[at] = true;
        }
        // Inputs stand before their readers, so one pass from the end reaches every ancestor.
        for at in (0..wanted.len()).rev() {
            if wanted[at] {
                for &input in self.stages()[at].input_positions() {
                    wanted[input] = true;
                }
            }
        }
        Ok((0..wanted.len()).filter(|&at| wanted[at]).collect())
    }

    /// One line per stage: name, kind, what it reads.
    pub fn graph_text(&self) -> String {
        let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        let names = width(&mut self.stages().iter().map(|stage| stage.name().len()));
        let kinds = width(&mut self.stages().iter().map(|stage| stage.kind().name().len()));
        let mut text = String::new();
        for stage in self.stages() {
            let reads =
                if stage.from().is_empty() { String::new() } else { format!("  <- {}", stage.from().join(", ")) };
            let line = format!("{:names$}  {:kinds$}{reads}", stage.name(), stage.kind().name());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// A Mermaid flowchart. Nodes are numbered: some stage names, `end` for one, are words of that language.
    pub fn graph_mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (at, stage) in self.stages().iter().enumerate() {
            let (name, kind) = (stage.name(), stage.kind().name());
            let caption = if name == kind { name.to_owned() } else { format!("{name}<br/><i>{kind}</i>") };
            let _ = writeln!(text, "    s{at}[\"{caption}\"]");
        }
        for (at, stage) in self.stages().iter().enumerate() {
            for input in stage.input_positions() {
                let _ = writeln!(text, "    s{input} --> s{at}");
            }
        }
        text
    }
}
