//! What a pipeline declares about a manifest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use ser_schemas::Emotion;
use ser_stage::Problem;
use serde::{Deserialize, Serialize};

/// Joins corpora into one set of clips: labels, quality gates, duplicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Sample rate in hertz that features are computed at; every clip is resampled to it. 8000 to 192000.
    #[schemars(range(min = 8000, max = 192_000))]
    pub sample_rate_hz: u32,
    /// Class set: all eight emotions, or fewer.
    pub merge: Merge,
    /// Emotions for words of the corpora, before `merge`: `{ boredom = "neutral" }`. Compared with `emotion_raw`, without
    /// regard to case, and stronger than the descriptor's own mapping. A word that no file has is told.
    pub labels: BTreeMap<String, Emotion>,
    /// Classes to keep, after `merge`; empty keeps all. Clips of other classes are left out as `label_not_wanted`. A
    /// class that no clip has is told.
    pub keep: Vec<Emotion>,
    /// Clips to leave out as `declared`: clip ids, or globs on clip ids. `*` stands for any text within a folder, `**`
    /// for folders too, `?` for a character: `["talk/ep03/017", "talk/ep04/*", "emodb/**"]`. An entry that is the id of
    /// a clip is no glob. One that no file matches is a mistake, unless the folder of its corpus is missing.
    pub exclude: Vec<String>,
    /// CSV file of more such entries, with a column `clip_id` and, if wanted, one `reason` that goes into the
    /// exclusion. Relative to the folder of the pipeline file.
    pub exclude_file: Option<String>,
    /// Whose judgement is the label: the actor's intention or what raters heard.
    pub label_source: LabelSource,
    /// Shortest clip in seconds; shorter ones are left out as `too_short`. At least 0.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub min_duration_s: f64,
    /// Longest clip in seconds; longer ones are left out as `too_long`. At most 3600.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub max_duration_s: f64,
    /// Level in decibels relative to full scale that a clip must rise above, or it is left out as `silent`: its peak must
    /// exceed this level, and its RMS the level 15 dB below. The default lies above the noise of a 16-bit converter and
    /// dither (peaks at -90 to -77) and far below the quietest speech (RAVDESS: peaks from -47, RMS from -64). -120 to 0.
    #[schemars(range(min = -120.0, max = 0.0))]
    pub silence_dbfs: f64,
}

/// A class set made of the eight emotions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Merge {
    /// All eight emotions.
    #[default]
    None,
    /// Seven: calm counts as neutral.
    CalmIntoNeutral,
    /// CREMA-D's six: calm counts as neutral, surprise is left out.
    Six,
    /// Angry, happy, neutral and sad: calm counts as neutral, the others are left out.
    Four,
}

/// Whose judgement is the label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LabelSource {
    /// What the speaker was asked to portray.
    #[default]
    Intended,
    /// What most raters heard. Clips that were not rated, or where raters tied, are left out as `label_not_wanted`; a
    /// corpus without any rating keeps its intended labels.
    Perceived,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            sample_rate_hz: 16_000,
            merge: Merge::None,
            labels: BTreeMap::new(),
            keep: Vec::new(),
            exclude: Vec::new(),
            exclude_file: None,
            label_source: LabelSource::Intended,
            min_duration_s: 0.3,
            max_duration_s: 30.0,
            silence_dbfs: -75.0,
        }
    }
}

impl Merge {
    /// The class that `emotion` counts as; `None` when it has no place in the set.
    pub fn class_of(self, emotion: Emotion) -> Option<Emotion> {
        if self == Self::None {
            return Some(emotion);
        }
        match (self, emotion) {
            (_, Emotion::Calm) => Some(Emotion::Neutral),
            (Self::Six | Self::Four, Emotion::Surprise) | (Self::Four, Emotion::Disgust | Emotion::Fear) => None,
            (_, emotion) => Some(emotion),
        }
    }

    /// The set, in the order of emotions.
    pub fn classes(self) -> Vec<Emotion> {
        Emotion::ALL.into_iter().filter(|emotion| self.class_of(*emotion) == Some(*emotion)).collect()
    }
}

/// How words of the corpora are compared: in one spelling, without regard to case.
pub(crate) fn folded(word: &str) -> String {
    ser_text::nfc(word.trim()).to_lowercase()
}

impl Params {
    /// Problems that the types cannot express.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, message: String, hint: &str| {
            problems.push(Problem { key: key.into(), message, hint: Some(hint.to_owned()) });
        };
        if self.min_duration_s >= self.max_duration_s {
            let message =
                format!("no clip can be at least {} s and at most {} s long", self.min_duration_s, self.max_duration_s);
            problem("min_duration_s", message, "`min_duration_s` must be less than `max_duration_s`");
        }
        let mut words: BTreeMap<String, &str> = BTreeMap::new();
        for word in self.labels.keys() {
            if let Some(same) = words.insert(folded(word), word) {
                let message = format!("`{same}` and `{word}` are the same word: capitals do not count");
                problem("labels", message, "map each word once");
            }
        }
        if self.exclude.iter().any(|entry| entry.trim().is_empty()) {
            problem("exclude", "an entry is empty".to_owned(), "expected clip ids, or globs like `talk/ep04/*`");
        }
        let classes = self.merge.classes();
        for emotion in self.keep.iter().filter(|emotion| !classes.contains(emotion)) {
            let names: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
            let hint = format!("with this `merge` the classes are {}", names.join(", "));
            problem("keep", format!("`{emotion}` is not left after `merge`"), &hint);
        }
        if self.keep.iter().any(|emotion| self.keep.iter().filter(|other| *other == emotion).count() > 1) {
            problem("keep", "a class is named twice".to_owned(), "name each class once");
        } else if self.keep.len() == 1 {
            problem("keep", "one class leaves nothing to tell apart".to_owned(), "name at least two, or none for all");
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_sets_have_the_size_they_are_named_for() {
        let names = |merge: Merge| merge.classes().iter().map(|class| class.as_str()).collect::<Vec<_>>().join(" ");
        assert_eq!(Merge::None.classes().len(), 8);
        assert_eq!(names(Merge::CalmIntoNeutral), "angry disgust fear happy neutral sad surprise");
        assert_eq!(names(Merge::Six), "angry disgust fear happy neutral sad");
        assert_eq!(names(Merge::Four), "angry happy neutral sad");
        for merge in [Merge::CalmIntoNeutral, Merge::Six, Merge::Four] {
            assert_eq!(merge.class_of(Emotion::Calm), Some(Emotion::Neutral));
        }
    }

    #[test]
    fn defaults_are_acceptable_and_contradictions_are_not() {
        assert_eq!(Params::default().check(), []);
        let keys = |params: Params| params.check().into_iter().map(|problem| problem.key).collect::<Vec<_>>();
        assert_eq!(keys(Params { min_duration_s: 2.0, max_duration_s: 1.0, ..Params::default() }), ["min_duration_s"]);
        let keep = vec![Emotion::Sad, Emotion::Surprise];
        assert_eq!(keys(Params { merge: Merge::Six, keep, ..Params::default() }), ["keep"]);
        assert_eq!(keys(Params { keep: vec![Emotion::Sad], ..Params::default() }), ["keep"]);
        assert_eq!(keys(Params { keep: vec![Emotion::Sad, Emotion::Sad], ..Params::default() }), ["keep"]);
        assert_eq!(keys(Params { exclude: vec!["a/1".into(), " ".into()], ..Params::default() }), ["exclude"]);
        for (one, other, same) in [
            ("Boredom", "boredom", true),
            ("\u{e9}nerv\u{e9}", "e\u{301}nerve\u{301}", true),
            ("bored", "boredom", false),
        ] {
            let labels = [one, other].map(|word| (word.to_owned(), Emotion::Neutral)).into();
            assert_eq!(keys(Params { labels, ..Params::default() }).len(), usize::from(same), "{one}, {other}");
        }
    }

    #[test]
    fn a_wrong_word_is_refused_with_the_valid_ones() {
        let error = serde_json::from_str::<Params>(r#"{"merge": "five"}"#).expect_err("no such set");
        assert!(error.to_string().contains("calm-into-neutral"), "{error}");
        assert!(serde_json::from_str::<Params>(r#"{"labels": {"boredom": "bored"}}"#).is_err());
    }
}
