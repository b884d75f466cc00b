//! The eight emotions that all corpora are mapped to.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An emotion category. The names are part of every table and never change.
///
/// The set is the union of the acted corpora: CREMA-D has six (no calm, no surprise), SAVEE and TESS seven (no calm),
/// RAVDESS all eight. The order is alphabetical, which is also the order of classes in every table and chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Emotion {
    /// Anger.
    Angry,
    /// Calm; in RAVDESS only, a second neutral baseline with mild positive valence.
    Calm,
    /// Disgust.
    Disgust,
    /// Fear.
    Fear,
    /// Happiness.
    Happy,
    /// Neutral.
    Neutral,
    /// Sadness.
    Sad,
    /// Surprise; in TESS "pleasant surprise".
    Surprise,
}

impl Emotion {
    /// Every emotion, in the order of classes in tables and charts.
    pub const ALL: [Self; 8] =
        [Self::Angry, Self::Calm, Self::Disgust, Self::Fear, Self::Happy, Self::Neutral, Self::Sad, Self::Surprise];

    /// The name used in every table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Angry => "angry",
            Self::Calm => "calm",
            Self::Disgust => "disgust",
            Self::Fear => "fear",
            Self::Happy => "happy",
            Self::Neutral => "neutral",
            Self::Sad => "sad",
            Self::Surprise => "surprise",
        }
    }
}

impl fmt::Display for Emotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names none of the eight emotions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an emotion; expected one of: angry, calm, disgust, fear, happy, neutral, sad, surprise")]
pub struct UnknownEmotion(pub String);

impl FromStr for Emotion {
    type Err = UnknownEmotion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|emotion| emotion.as_str() == text).ok_or_else(|| UnknownEmotion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_are_sorted() {
        for emotion in Emotion::ALL {
            assert_eq!(emotion.as_str().parse(), Ok(emotion));
        }
        assert!(Emotion::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        assert_eq!("Happy".parse::<Emotion>(), Err(UnknownEmotion("Happy".to_owned())));
    }
}
