//! How many clips of what: one Polars group-by.

use polars::prelude::{ChunkAgg, Column, DataFrame, PolarsResult};

use ser_schemas::{Balance, Clip, Emotion};

use crate::dataset::{UNKNOWN, minutes};
use crate::error::AuditError;
use crate::groups::{each_group, emotion, text};

/// What clips have in common to be counted together, in the order of the rows.
const KEYS: [&str; 5] = ["corpus", "emotion", "gender", "intensity", "language"];
/// What stands for an intensity that is not told.
const UNSPECIFIED: &str = "unspecified";

/// Clips, minutes and speakers by corpus, emotion, gender, intensity and language, in this order; combinations without
/// clips have no row. A clip of unknown duration adds 0 minutes, one of unknown speaker adds no speaker.
pub fn balance(clips: &[Clip]) -> Result<Vec<Balance>, AuditError> {
    if let Some(clip) = clips.iter().find(|clip| clip.emotion.is_none()) {
        return Err(AuditError::NoEmotion { clip_id: clip.clip_id.clone() });
    }
    let mut rows = each_group(&frame(clips)?, &KEYS, |group| {
        Ok(Balance {
            corpus: text(group, "corpus")?,
            emotion: emotion(group)?,
            gender: text(group, "gender")?,
            intensity: text(group, "intensity")?,
            language: text(group, "language")?,
            clips: group.height() as u64,
            minutes: group.column("minutes")?.f64()?.sum().unwrap_or_default(),
            speakers: group.column("speaker")?.drop_nulls().n_unique()? as u64,
        })
    })?;
    rows.sort_by(|a, b| {
        let key = |row: &Balance| (row.corpus.clone(), row.emotion, row.gender.clone(), row.intensity.clone());
        key(a).cmp(&key(b)).then_with(|| a.language.cmp(&b.language))
    });
    Ok(rows)
}

/// The clips as a Polars frame of the keys and of what is counted.
fn frame(clips: &[Clip]) -> PolarsResult<DataFrame> {
    let text =
        |name: &str, of: fn(&Clip) -> &str| Column::new(name.into(), clips.iter().map(of).collect::<Vec<&str>>());
    let speakers: Vec<Option<&str>> = clips.iter().map(|clip| clip.speaker.as_deref()).collect();
    DataFrame::new_infer_height(vec![
        text("corpus", |clip| &clip.corpus),
        text("emotion", |clip| clip.emotion.map_or("", Emotion::as_str)),
        text("gender", |clip| clip.gender.as_deref().unwrap_or(UNKNOWN)),
        text("intensity", |clip| clip.intensity.as_deref().unwrap_or(UNSPECIFIED)),
        text("language", |clip| clip.language.as_deref().unwrap_or(UNKNOWN)),
        Column::new("minutes".into(), clips.iter().map(minutes).collect::<Vec<f64>>()),
        Column::new("speaker".into(), speakers),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    fn clip(corpus: usize, emotion: usize, speaker: usize, gender: Option<&str>, duration_s: Option<f64>) -> Clip {
        let mut clip = Clip::found("id".into(), ["a", "b"][corpus].into(), "path".into(), 1);
        clip.emotion = Some(Emotion::BUILT_IN[emotion]);
        clip.speaker = (speaker > 0).then(|| format!("s{speaker}"));
        clip.gender = gender.map(str::to_owned);
        clip.duration_s = duration_s;
        clip
    }

    #[test]
    fn clips_minutes_and_speakers_by_hand() {
        let clips = [
            clip(1, 0, 1, Some("female"), Some(30.0)),
            clip(0, 7, 0, None, None),
            clip(1, 0, 2, Some("female"), Some(60.0)),
            clip(1, 0, 2, Some("female"), Some(f64::NAN)),
        ];
        let rows = balance(&clips).expect("all have an emotion");
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].corpus.as_str(), rows[0].gender.as_str(), rows[0].speakers), ("a", "unknown", 0));
        assert_eq!((rows[0].intensity.as_str(), rows[0].language.as_str()), ("unspecified", "unknown"));
        assert_eq!((rows[1].clips, rows[1].minutes, rows[1].speakers), (3, 1.5, 2));
    }

    #[test]
    fn nothing_to_count_is_no_error_and_a_missing_emotion_is() {
        assert_eq!(balance(&[]).expect("nothing"), []);
        let mut nameless = clip(0, 0, 1, None, None);
        nameless.emotion = None;
        assert!(matches!(balance(&[nameless]), Err(AuditError::NoEmotion { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn polars_counts_as_a_map_does(
            seeds in prop::collection::vec((0_usize..2, 0_usize..8, 0_usize..4, 0_usize..3, 0_u32..100), 1..60)
        ) {
            let clips: Vec<Clip> = seeds.iter().map(|(corpus, emotion, speaker, gender, seconds)| {
                clip(*corpus, *emotion, *speaker, [None, Some("female"), Some("male")][*gender], Some(f64::from(*seconds)))
            }).collect();
            let mut counts: BTreeMap<_, (u64, f64, BTreeSet<String>)> = BTreeMap::new();
            for clip in &clips {
                let gender = clip.gender.clone().unwrap_or_else(|| "unknown".into());
                let of_key = counts.entry((clip.corpus.clone(), clip.emotion.expect("set above"), gender)).or_default();
                of_key.0 += 1;
                of_key.1 += clip.duration_s.expect("set above");
                of_key.2.extend(clip.speaker.clone());
            }
            let rows = balance(&clips).expect("all have an emotion");
            prop_assert_eq!(rows.len(), counts.len());
            for (row, (key, (clips, seconds, speakers))) in rows.iter().zip(counts) {
                prop_assert_eq!((row.corpus.clone(), row.emotion, row.gender.clone()), key);
                prop_assert_eq!((row.clips, row.speakers), (clips, speakers.len() as u64));
                prop_assert!((row.minutes - seconds / 60.0).abs() < 1e-9);
            }
        }
    }
}
