//! How long clips are, by corpus and emotion, in Polars.

use polars::prelude::{ChunkAgg, ChunkQuantile, ChunkVar, Column, DataFrame, PolarsResult, QuantileMethod};

use ser_schemas::{Clip, Durations, Emotion};

use crate::error::AuditError;

const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Columns that the groups are made of: all clips, each emotion, each corpus, each emotion of each corpus.
const GROUPINGS: [&[&str]; 4] = [&[], &["emotion"], &["corpus"], &["corpus", "emotion"]];
/// Statistics of a group, in the order of [`Durations`].
const STATISTICS: [&str; 9] = ["mean_s", "sd_s", "min_s", "p05_s", "p25_s", "median_s", "p75_s", "p95_s", "max_s"];

/// Durations of all clips, by emotion, by corpus, and by emotion and corpus; all corpora come before each, all emotions
/// before each. Clips of unknown duration are left out.
pub fn durations(clips: &[Clip]) -> Result<Vec<Durations>, AuditError> {
    let timed: Vec<(&Clip, Emotion, f64)> = clips
        .iter()
        .filter_map(|clip| Some((clip, clip.emotion?, clip.duration_s.filter(|seconds| seconds.is_finite())?)))
        .collect();
    if timed.is_empty() {
        return Ok(Vec::new());
    }
    let frame = DataFrame::new_infer_height(vec![
        Column::new("corpus".into(), timed.iter().map(|(clip, ..)| clip.corpus.as_str()).collect::<Vec<_>>()),
        Column::new("emotion".into(), timed.iter().map(|(_, emotion, _)| emotion.as_str()).collect::<Vec<_>>()),
        Column::new("duration_s".into(), timed.iter().map(|(.., seconds)| *seconds).collect::<Vec<f64>>()),
    ])?;
    let mut rows = Vec::new();
    for keys in GROUPINGS {
        let described = match keys {
            [] => describe(&frame, keys)?,
            keys => frame.group_by(keys.iter().copied())?.apply(|group| describe(&group, keys))?,
        };
        for row in 0..described.height() {
            rows.push(durations_of(&described, keys, row)?);
        }
    }
    rows.sort_by(|a, b| a.corpus.cmp(&b.corpus).then(a.emotion.cmp(&b.emotion)));
    Ok(rows)
}

/// One row for a group: its keys, its size and its statistics.
fn describe(group: &DataFrame, keys: &[&str]) -> PolarsResult<DataFrame> {
    let seconds = group.column("duration_s")?.f64()?;
    let mut values = vec![seconds.mean(), seconds.std(1), seconds.min()];
    for quantile in QUANTILES {
        values.push(seconds.quantile(quantile, QuantileMethod::Linear)?);
    }
    values.push(seconds.max());
    let mut columns =
        keys.iter().map(|key| Ok(group.column(key)?.head(Some(1)))).collect::<PolarsResult<Vec<Column>>>()?;
    columns.push(Column::new("clips".into(), [group.height() as u64]));
    columns.extend(STATISTICS.iter().zip(values).map(|(name, value)| Column::new((*name).into(), [value])));
    DataFrame::new_infer_height(columns)
}

fn durations_of(described: &DataFrame, keys: &[&str], row: usize) -> Result<Durations, AuditError> {
    let key = |name: &str| -> PolarsResult<Option<String>> {
        if !keys.contains(&name) {
            return Ok(None);
        }
        Ok(described.column(name)?.str()?.get(row).map(str::to_owned))
    };
    let optional = |name: &str| -> PolarsResult<Option<f64>> { Ok(described.column(name)?.f64()?.get(row)) };
    let number = |name: &str| -> PolarsResult<f64> { Ok(optional(name)?.unwrap_or_default()) };
    let emotion = key("emotion")?
        .map(|word| word.parse::<Emotion>().map_err(|_| AuditError::Counting { found: word }))
        .transpose()?;
    Ok(Durations {
        corpus: key("corpus")?,
        emotion,
        clips: described.column("clips")?.u64()?.get(row).unwrap_or_default(),
        mean_s: number("mean_s")?,
        sd_s: optional("sd_s")?,
        min_s: number("min_s")?,
        p05_s: number("p05_s")?,
        p25_s: number("p25_s")?,
        median_s: number("median_s")?,
        p75_s: number("p75_s")?,
        p95_s: number("p95_s")?,
        max_s: number("max_s")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(corpus: &str, emotion: Emotion, duration_s: Option<f64>) -> Clip {
        let mut clip = Clip::found("id".into(), corpus.into(), "path".into(), 1);
        clip.emotion = Some(emotion);
        clip.duration_s = duration_s;
        clip
    }

    #[test]
    fn quantiles_interpolate_and_groups_come_in_order() {
        let mut clips: Vec<Clip> =
            [1.0, 2.0, 3.0, 4.0, 5.0].map(|seconds| clip("a", Emotion::SAD, Some(seconds))).to_vec();
        clips.push(clip("b", Emotion::HAPPY, Some(11.0)));
        clips.push(clip("b", Emotion::HAPPY, None));
        clips.push(clip("b", Emotion::HAPPY, Some(f64::NAN)));
        let rows = durations(&clips).expect("describes");
        let keys: Vec<(Option<&str>, Option<Emotion>)> =
            rows.iter().map(|row| (row.corpus.as_deref(), row.emotion)).collect();
        assert_eq!(
            keys,
            [
                (None, None),
                (None, Some(Emotion::HAPPY)),
                (None, Some(Emotion::SAD)),
                (Some("a"), None),
                (Some("a"), Some(Emotion::SAD)),
                (Some("b"), None),
                (Some("b"), Some(Emotion::HAPPY)),
            ]
        );
        let a = &rows[4];
        assert_eq!((a.clips, a.mean_s, a.min_s, a.median_s, a.max_s), (5, 3.0, 1.0, 3.0, 5.0));
        assert!((a.p05_s - 1.2).abs() < 1e-12 && (a.p95_s - 4.8).abs() < 1e-12);
        assert_eq!((a.p25_s, a.p75_s), (2.0, 4.0));
        assert!((a.sd_s.expect("five clips") - 2.5_f64.sqrt()).abs() < 1e-12);
        let single = &rows[6];
        assert_eq!((single.clips, single.mean_s, single.sd_s), (1, 11.0, None));
        assert_eq!(rows[0].clips, 6);
        assert_eq!(durations(&[]).expect("nothing to describe"), []);
    }
}
