//! Classes of emotions: words that data declare. The eight of the common acted corpora are built in.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest name of a class, in bytes.
const MAX_BYTES: usize = 64;
/// Most names beside the built-in ones in one process. A set of classes has tens; a file with more has no classes in
/// that column.
const MAX_NAMES: usize = 4096;

/// Names beside the built-in ones, each leaked once so that a class is as cheap to pass on as a number. They are as many
/// as descriptors, manifests and tables declare, and at most [`MAX_NAMES`].
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A class of emotions, by its name: lower-case letters of any script, digits and `_`, beginning with a letter, at most
/// 64 bytes. Names are compared as they stand, so callers bring text into one Unicode form first.
///
/// The order is that of the names, which is also the order of classes in every table and chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Emotion(&'static str);

impl Emotion {
    /// Anger.
    pub const ANGRY: Self = Self("angry");
    /// Calm; in RAVDESS only, a second neutral baseline with mild positive valence.
    pub const CALM: Self = Self("calm");
    /// Disgust.
    pub const DISGUST: Self = Self("disgust");
    /// Fear.
    pub const FEAR: Self = Self("fear");
    /// Happiness.
    pub const HAPPY: Self = Self("happy");
    /// Neutral.
    pub const NEUTRAL: Self = Self("neutral");
    /// Sadness.
    pub const SAD: Self = Self("sad");
    /// Surprise; in TESS "pleasant surprise".
    pub const SURPRISE: Self = Self("surprise");

    /// The union of the acted corpora, in order: CREMA-D has six (no calm, no surprise), SAVEE and TESS seven (no calm),
    /// RAVDESS all eight. A manifest keeps these unless it names its own.
    pub const BUILT_IN: [Self; 8] =
        [Self::ANGRY, Self::CALM, Self::DISGUST, Self::FEAR, Self::HAPPY, Self::NEUTRAL, Self::SAD, Self::SURPRISE];

    /// The name used in every table.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// `true` if it is one of [`BUILT_IN`](Self::BUILT_IN).
    pub fn is_built_in(self) -> bool {
        Self::BUILT_IN.contains(&self)
    }
}

impl fmt::Display for Emotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// A word that can name no class of emotions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownEmotion {
    /// It has not the form of a name.
    #[error(
        "`{0}` is no name of an emotion: expected lower-case letters, digits and `_`, beginning with a letter, at most \
         {MAX_BYTES} bytes"
    )]
    Form(String),
    /// There are more names than any set of classes has.
    #[error("`{0}` is one name of an emotion too many: expected at most {MAX_NAMES} different ones")]
    TooMany(String),
}

impl FromStr for Emotion {
    type Err = UnknownEmotion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(known) = Self::BUILT_IN.into_iter().find(|known| known.0 == text) {
            return Ok(known);
        }
        let lower_case = |letter: char| letter.is_alphabetic() && letter.to_lowercase().eq([letter]);
        if text.len() > MAX_BYTES
            || !text.starts_with(lower_case)
            || !text.chars().all(|letter| lower_case(letter) || letter.is_numeric() || letter == '_')
        {
            return Err(UnknownEmotion::Form(text.to_owned()));
        }
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(text) {
            return Ok(Self(known));
        }
        if names.len() >= MAX_NAMES {
            return Err(UnknownEmotion::TooMany(text.to_owned()));
        }
        let name: &'static str = Box::leak(text.into());
        names.insert(name);
        Ok(Self(name))
    }
}

impl Serialize for Emotion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Emotion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Emotion {
    fn schema_name() -> Cow<'static, str> {
        "Emotion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_BYTES,
            "description": "A class of emotions: lower-case letters, digits and `_`, beginning with a letter.",
            "examples": Self::BUILT_IN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_are_sorted() {
        for emotion in Emotion::BUILT_IN {
            assert_eq!(emotion.as_str().parse(), Ok(emotion));
        }
        assert!(Emotion::BUILT_IN.is_sorted());
        let [boredom, bored] = ["boredom", "bored"].map(|word| word.parse::<Emotion>().expect("a name"));
        assert_eq!((boredom, "boredom".parse()), ("boredom".parse().expect("a name"), Ok(boredom)));
        assert!(Emotion::ANGRY < bored && bored < boredom && boredom < Emotion::CALM);
        assert!(Emotion::CALM.is_built_in() && !boredom.is_built_in());
        assert_eq!(serde_json::to_string(&[boredom]).expect("text"), "[\"boredom\"]");
        assert_eq!(serde_json::from_str::<[Emotion; 1]>("[\"bore\\u0064om\"]").expect("a name"), [boredom]);
    }

    #[test]
    fn only_what_has_the_form_of_a_name_is_one() {
        for word in ["angst_2", "m\u{e9}fiance", "\u{6012}\u{308a}", &"a".repeat(64)] {
            assert_eq!(word.parse::<Emotion>().map(Emotion::as_str), Ok(word));
        }
        for word in ["", "Happy", "_sad", "2sad", "very sad", "sad,angry", "sad\n", "a-b", &"a".repeat(65)] {
            let error = word.parse::<Emotion>().expect_err(word);
            assert_eq!(error, UnknownEmotion::Form(word.to_owned()));
            assert!(error.to_string().starts_with(&format!("`{word}` is no name of an emotion: expected lower-case")));
        }
        assert!(serde_json::from_str::<Emotion>("\"Sad\"").is_err());
    }
}
