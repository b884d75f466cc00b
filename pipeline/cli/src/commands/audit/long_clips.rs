//! Clips that a network hears in parts only.
//!
//! The audit stage knows the clips, the stages that train know how much of one they hear; only the pipeline knows both.

use std::fmt::Write as _;

use ser_engine::{Pipeline, Stage, typed};
use ser_schemas::Clip;
use serde::Serialize;

/// What one stage that trains hears of the clips.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LongClips {
    /// Name of the stage.
    stage: String,
    /// Its `max_frames`.
    max_frames: usize,
    /// How long that is, in seconds.
    heard_s: f64,
    /// Clips that last longer.
    clips: usize,
    /// All clips.
    of: usize,
}

/// One row for each stage of `pipeline` that trains and hears some of `clips` in parts.
pub(super) fn of(pipeline: &Pipeline, clips: &[Clip]) -> anyhow::Result<Vec<LongClips>> {
    let mut rows = Vec::new();
    for stage in stages_of(pipeline.stages().iter(), "train") {
        let max_frames = params::<ser_train::Params>(stage)?.max_frames;
        let Some(features) = stages_of(pipeline.inputs_of(stage), "features").next() else { continue };
        let heard_s = max_frames as f64 * params::<ser_features::Params>(features)?.hop_s;
        let longer = clips.iter().filter(|clip| clip.duration_s.is_some_and(|duration_s| duration_s > heard_s)).count();
        if max_frames > 0 && longer > 0 {
            let stage = stage.name().to_owned();
            rows.push(LongClips { stage, max_frames, heard_s, clips: longer, of: clips.len() });
        }
    }
    Ok(rows)
}

/// A line for each row.
pub(super) fn describe(rows: &[LongClips]) -> String {
    let mut text = String::new();
    for LongClips { stage, max_frames, heard_s, clips, of } in rows {
        let last = if *clips == 1 { "lasts" } else { "last" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{clips} of {of} clips {last} longer than {heard_s:.1} s: `{stage}` hears them in parts (`max_frames` = {max_frames})"
        );
    }
    text
}

fn stages_of<'p>(stages: impl Iterator<Item = &'p Stage>, kind: &str) -> impl Iterator<Item = &'p Stage> {
    stages.filter(move |stage| stage.kind().name() == kind)
}

fn params<P: serde::de::DeserializeOwned>(stage: &Stage) -> anyhow::Result<P> {
    typed::parse(stage.params()).map_err(|problem| anyhow::anyhow!("stage `{}`: {}", stage.name(), problem.message))
}
