//! Groups of clips, counted in Polars.
//!
//! Polars is used as it comes without any feature: its eager group-by hands each group to a closure. The lazy
//! interface, for a few counts of a small table, would more than double what has to be compiled.

use polars::error::PolarsError;
use polars::prelude::{DataFrame, PolarsResult};

use ser_schemas::{Emotion, UnknownEmotion};

/// A row for each group of `frame` by `keys`, or one for all of it where there are no keys; none of nothing.
pub(crate) fn each_group<R: Send + Sync>(
    frame: &DataFrame,
    keys: &[&str],
    row: impl Fn(&DataFrame) -> PolarsResult<R> + Send + Sync,
) -> PolarsResult<Vec<R>> {
    let mut rows = Vec::new();
    if frame.height() > 0 && keys.is_empty() {
        rows.push(row(frame)?);
    } else if frame.height() > 0 {
        frame.group_by(keys.iter().copied())?.apply(|group| {
            rows.push(row(&group)?);
            Ok(group)
        })?;
    }
    Ok(rows)
}

/// The key `name` of a group.
pub(crate) fn text(group: &DataFrame, name: &str) -> PolarsResult<String> {
    Ok(group.column(name)?.str()?.get(0).unwrap_or_default().to_owned())
}

/// The key `emotion` of a group.
pub(crate) fn emotion(group: &DataFrame) -> PolarsResult<Emotion> {
    let refused = |error: UnknownEmotion| PolarsError::ComputeError(error.to_string().into());
    text(group, "emotion")?.parse().map_err(refused)
}
