//! How long clips are, by corpus and emotion, in Polars.

use polars::prelude::{ChunkAgg, ChunkQuantile, ChunkVar, Column, DataFrame, PolarsResult, QuantileMethod};

use ser_schemas::{Clip, Durations, Emotion};

use crate::error::AuditError;
use crate::groups::{each_group, emotion, text};

/// Columns that the groups are made of: all clips, each emotion, each corpus, each emotion of each corpus.
const GROUPINGS: [&[&str]; 4] = [&[], &["emotion"], &["corpus"], &["corpus", "emotion"]];

/// Durations of all clips, by emotion, by corpus, and by emotion and corpus; all corpora come before each, all emotions
/// before each. Clips of unknown duration are left out.
pub fn durations(clips: &[Clip]) -> Result<Vec<Durations>, AuditError> {
    let timed: Vec<(&Clip, Emotion, f64)> = clips
        .iter()
        .filter_map(|clip| Some((clip, clip.emotion?, clip.duration_s.filter(|seconds| seconds.is_finite())?)))
        .collect();
    let frame = DataFrame::new_infer_height(vec![
        Column::new("corpus".into(), timed.iter().map(|(clip, ..)| clip.corpus.as_str()).collect::<Vec<_>>()),
        Column::new("emotion".into(), timed.iter().map(|(_, emotion, _)| emotion.as_str()).collect::<Vec<_>>()),
        Column::new("duration_s".into(), timed.iter().map(|(.., seconds)| *seconds).collect::<Vec<f64>>()),
    ])?;
    let mut rows = Vec::new();
    for keys in GROUPINGS {
        rows.extend(each_group(&frame, keys, |group| durations_of(group, keys))?);
    }
    rows.sort_by(|a, b| a.corpus.cmp(&b.corpus).then(a.emotion.cmp(&b.emotion)));
    Ok(rows)
}

fn durations_of(group: &DataFrame, keys: &[&str]) -> PolarsResult<Durations> {
    let seconds = group.column("duration_s")?.f64()?;
    let quantile =
        |share: f64| -> PolarsResult<f64> { Ok(seconds.quantile(share, QuantileMethod::Linear)?.unwrap_or_default()) };
    Ok(Durations {
        corpus: keys.contains(&"corpus").then(|| text(group, "corpus")).transpose()?,
        emotion: keys.contains(&"emotion").then(|| emotion(group)).transpose()?,
        clips: group.height() as u64,
        mean_s: seconds.mean().unwrap_or_default(),
        sd_s: seconds.std(1),
        min_s: seconds.min().unwrap_or_default(),
        p05_s: quantile(0.05)?,
        p25_s: quantile(0.25)?,
        median_s: quantile(0.5)?,
        p75_s: quantile(0.75)?,
        p95_s: quantile(0.95)?,
        max_s: seconds.max().unwrap_or_default(),
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
