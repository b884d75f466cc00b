//! Clips that a network hears in parts only.
//!
//! The audit stage knows the clips, the stages that train know how much of one they hear; only the pipeline knows both.

use std::fmt::Write as _;

use ser_engine::Pipeline;
use ser_schemas::Clip;
use serde::Serialize;

/// Part of the clips that one stage that trains hears.
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
pub(super) fn of(pipeline: &Pipeline, clips: &[Clip]) -> Vec<LongClips> {
    let mut rows = Vec::new();
    for stage in pipeline.stages() {
        let Some(train) = stage.params_as::<ser_train::Params>() else { continue };
        let features = pipeline.inputs_of(stage).find_map(|input| input.params_as::<ser_features::Params>());
        let Some(features) = features else { continue };
        let (max_frames, heard_s) = (train.max_frames, train.max_frames as f64 * features.hop_s);
        let longer = clips.iter().filter(|clip| clip.duration_s.is_some_and(|duration_s| duration_s > heard_s)).count();
        if max_frames > 0 && longer > 0 {
            let stage = stage.name().to_owned();
            rows.push(LongClips { stage, max_frames, heard_s, clips: longer, of: clips.len() });
        }
    }
    rows
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
