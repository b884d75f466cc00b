//! What a pipeline declares about a manifest.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use ser_schemas::Emotion;
use ser_stage::Problem;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Joins corpora into one set of clips: labels, quality gates, duplicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Sample rate in hertz that features are computed at; every clip is resampled to it. 8000 to 192000.
    #[schemars(range(min = 8000, max = 192_000))]
    pub sample_rate_hz: u32,
    /// Class set: the name of one, or which classes count as others, `{ contempt = "disgust", calm = "neutral" }`. A map
    /// is applied once; the classes that it leads to are kept.
    pub merge: Merge,
    /// Classes for words of the corpora, before `merge`: `{ boredom = "neutral" }`. Compared with `emotion_raw`, without
    /// regard to case, and stronger than the descriptor's own mapping. Any class will do, and is kept: `{ boredom =
    /// "boredom" }`. A word that no file has is told.
    pub labels: BTreeMap<String, Emotion>,
    /// Classes to keep, after `merge`. Clips of other classes are left out as `label_not_wanted`. Empty keeps the
    /// built-in emotions and what `merge` and `labels` lead to. A class that no clip has is told.
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

/// Which classes count as others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Merge {
    /// One of the usual sets.
    Set(ClassSet),
    /// The class that each of these counts as, applied once.
    Map(BTreeMap<Emotion, Emotion>),
}

/// A class set made of the built-in emotions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassSet {
    /// All classes as they are.
    None,
    /// Calm counts as neutral.
    CalmIntoNeutral,
    /// CREMA-D's six: calm counts as neutral, surprise is left out.
    Six,
    /// Angry, happy, neutral and sad: calm counts as neutral, the other built-in ones are left out.
    Four,
}

/// Whose judgement is the label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LabelSource {
    /// Emotion that the speaker was asked to portray.
    #[default]
    Intended,
    /// Emotion that most raters heard. Clips that were not rated, or where raters tied, are left out as
    /// `label_not_wanted`; a corpus without any rating keeps its intended labels.
    Perceived,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            sample_rate_hz: 16_000,
            merge: Merge::Set(ClassSet::None),
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
    pub fn class_of(&self, emotion: Emotion) -> Option<Emotion> {
        let set = match self {
            Self::Set(set) => *set,
            Self::Map(map) => return Some(map.get(&emotion).copied().unwrap_or(emotion)),
        };
        match (set, emotion) {
            (ClassSet::None, _) => Some(emotion),
            (_, Emotion::CALM) => Some(Emotion::NEUTRAL),
            (ClassSet::Six | ClassSet::Four, Emotion::SURPRISE)
            | (ClassSet::Four, Emotion::DISGUST | Emotion::FEAR) => None,
            _ => Some(emotion),
        }
    }

    /// Each class of the map with the one that it counts as.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (Emotion, Emotion)> {
        let map = if let Self::Map(map) = self { Some(map) } else { None };
        map.into_iter().flatten().map(|(from, to)| (*from, *to))
    }

    /// `true` if clips can be of `class` once all are merged.
    fn leaves(&self, class: Emotion) -> bool {
        self.class_of(class) == Some(class) || self.pairs().any(|(_, to)| to == class)
    }
}

/// By hand, so that a wrong word is named: `untagged` would say only that nothing fits.
impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Merge;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a class set, or a map from classes to classes")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Merge, E> {
                ClassSet::deserialize(word.into_deserializer()).map(Merge::Set)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Merge, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Merge::Map)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// How words of the corpora are compared: in one spelling, without regard to case.
pub(crate) fn folded(word: &str) -> String {
    ser_text::nfc(word.trim()).to_lowercase()
}

impl Params {
    /// `true` if clips of `class`, which is one after `merge`, are kept.
    pub(crate) fn keeps(&self, class: Emotion) -> bool {
        if !self.keep.is_empty() {
            return self.keep.contains(&class);
        }
        class.is_built_in()
            || self.labels.values().any(|emotion| *emotion == class)
            || self.merge.pairs().any(|(_, to)| to == class)
    }

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
        for emotion in self.keep.iter().filter(|emotion| !self.merge.leaves(**emotion)) {
            let hint = match self.merge.class_of(*emotion) {
                Some(class) => format!("with this `merge` it counts as `{class}`"),
                None => "this `merge` leaves its clips out".to_owned(),
            };
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

    fn word(word: &str) -> Emotion {
        word.parse().expect("a class")
    }

    #[test]
    fn class_sets_have_the_size_they_are_named_for() {
        let names = |set: ClassSet| {
            let left = Emotion::BUILT_IN.into_iter().filter(|emotion| Merge::Set(set).leaves(*emotion));
            left.map(Emotion::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(ClassSet::None), "angry calm disgust fear happy neutral sad surprise");
        assert_eq!(names(ClassSet::CalmIntoNeutral), "angry disgust fear happy neutral sad surprise");
        assert_eq!(names(ClassSet::Six), "angry disgust fear happy neutral sad");
        assert_eq!(names(ClassSet::Four), "angry happy neutral sad");
        for set in [ClassSet::CalmIntoNeutral, ClassSet::Six, ClassSet::Four] {
            assert_eq!(Merge::Set(set).class_of(Emotion::CALM), Some(Emotion::NEUTRAL));
            assert_eq!(Merge::Set(set).class_of(word("boredom")), Some(word("boredom")));
        }
    }

    #[test]
    fn a_map_is_applied_once_and_keeps_what_it_leads_to() {
        let json = r#"{"merge": {"contempt": "disgust", "disgust": "dislike", "calm": "neutral"}}"#;
        let params: Params = serde_json::from_str(json).expect("a map");
        for (emotion, class) in
            [("contempt", "disgust"), ("disgust", "dislike"), ("calm", "neutral"), ("boredom", "boredom")]
        {
            assert_eq!(params.merge.class_of(word(emotion)), Some(word(class)));
            assert_eq!(params.keeps(word(class)), class != "boredom");
        }
        assert_eq!(params.check(), []);
        let keep = vec![Emotion::CALM, Emotion::DISGUST, word("dislike"), word("boredom")];
        let problems = Params { keep, ..params.clone() }.check();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].message, "`calm` is not left after `merge`");
        assert_eq!(problems[0].hint.as_deref(), Some("with this `merge` it counts as `neutral`"));
        assert_eq!(serde_json::to_value(&params.merge).expect("json")["calm"], "neutral");
    }

    #[test]
    fn defaults_are_acceptable_and_contradictions_are_not() {
        assert_eq!(Params::default().check(), []);
        let keys = |params: Params| params.check().into_iter().map(|problem| problem.key).collect::<Vec<_>>();
        assert_eq!(keys(Params { min_duration_s: 2.0, max_duration_s: 1.0, ..Params::default() }), ["min_duration_s"]);
        let keep = vec![Emotion::SAD, Emotion::SURPRISE];
        assert_eq!(keys(Params { merge: Merge::Set(ClassSet::Six), keep, ..Params::default() }), ["keep"]);
        assert_eq!(keys(Params { keep: vec![Emotion::SAD], ..Params::default() }), ["keep"]);
        assert_eq!(keys(Params { keep: vec![Emotion::SAD, Emotion::SAD], ..Params::default() }), ["keep"]);
        assert_eq!(keys(Params { exclude: vec!["a/1".into(), " ".into()], ..Params::default() }), ["exclude"]);
        for (one, other, same) in [
            ("Boredom", "boredom", true),
            ("\u{e9}nerv\u{e9}", "e\u{301}nerve\u{301}", true),
            ("bored", "boredom", false),
        ] {
            let labels = [one, other].map(|word| (word.to_owned(), Emotion::NEUTRAL)).into();
            assert_eq!(keys(Params { labels, ..Params::default() }).len(), usize::from(same), "{one}, {other}");
        }
    }

    #[test]
    fn a_wrong_word_is_refused_with_the_valid_ones() {
        let error = serde_json::from_str::<Params>(r#"{"merge": "five"}"#).expect_err("no such set");
        assert!(error.to_string().contains("calm-into-neutral"), "{error}");
        for json in [r#"{"labels": {"x": "Bored!"}}"#, r#"{"keep": ["Bored!"]}"#, r#"{"merge": {"Bored!": "sad"}}"#] {
            let error = serde_json::from_str::<Params>(json).expect_err("no name").to_string();
            assert!(error.starts_with("`Bored!` is no name of an emotion: expected lower-case letters"), "{error}");
        }
    }
}
