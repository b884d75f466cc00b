//! Columns of `clips` whose values name groups of clips, each of which an evaluation can hold out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Clip, language_code};

/// A column of `clips` that names groups. Emotion is not among them: a class must be trained on to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Age of the speaker.
    AgeYears,
    /// Bits per sample of the stored audio.
    BitsPerSample,
    /// Number of channels.
    Channels,
    /// Codec of the file.
    Codec,
    /// Container of the file.
    Container,
    /// The corpus.
    Corpus,
    /// Gender of the speaker.
    Gender,
    /// Intensity of the portrayal.
    Intensity,
    /// The language, whatever its region: `en-GB` and `en-CA` are both `en`.
    Language,
    /// Sample rate of the file.
    SampleRateHz,
    /// The sentence. Two corpora have no sentence in common, even where both have one called `01`.
    Sentence,
    /// The speaker.
    Speaker,
    /// Repetition or version.
    Take,
}

impl Grouping {
    /// Every column, by name.
    pub const ALL: [Self; 13] = [
        Self::AgeYears,
        Self::BitsPerSample,
        Self::Channels,
        Self::Codec,
        Self::Container,
        Self::Corpus,
        Self::Gender,
        Self::Intensity,
        Self::Language,
        Self::SampleRateHz,
        Self::Sentence,
        Self::Speaker,
        Self::Take,
    ];

    /// Name of the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgeYears => "age_years",
            Self::BitsPerSample => "bits_per_sample",
            Self::Channels => "channels",
            Self::Codec => "codec",
            Self::Container => "container",
            Self::Corpus => "corpus",
            Self::Gender => "gender",
            Self::Intensity => "intensity",
            Self::Language => "language",
            Self::SampleRateHz => "sample_rate_hz",
            Self::Sentence => "sentence",
            Self::Speaker => "speaker",
            Self::Take => "take",
        }
    }

    /// The column called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == name)
    }

    /// The columns that a split of `protocol` holds out: those `listed`, as tables hold them (`speaker,sentence`), or else
    /// those that the protocol's word implies. Names that are none are left out.
    pub fn held_out_by(protocol: &str, listed: Option<&str>) -> Vec<Self> {
        let implied = if protocol == "speaker-independent" { Self::Speaker.as_str() } else { "" };
        listed.unwrap_or(implied).split(',').filter_map(|name| Self::named(name.trim())).collect()
    }

    /// The group of `clip`; `None` where its value is not known.
    pub fn of(self, clip: &Clip) -> Option<String> {
        match self {
            Self::AgeYears => clip.age_years.map(|value| value.to_string()),
            Self::BitsPerSample => clip.bits_per_sample.map(|value| value.to_string()),
            Self::Channels => clip.channels.map(|value| value.to_string()),
            Self::Codec => clip.codec.clone(),
            Self::Container => clip.container.clone(),
            Self::Corpus => Some(clip.corpus.clone()),
            Self::Gender => clip.gender.clone(),
            Self::Intensity => clip.intensity.clone(),
            Self::Language => clip.language.as_deref().map(language_code),
            Self::SampleRateHz => clip.sample_rate_hz.map(|value| value.to_string()),
            Self::Sentence => clip.sentence.as_ref().map(|sentence| format!("{}: {sentence}", clip.corpus)),
            Self::Speaker => clip.speaker.clone(),
            Self::Take => clip.take.clone(),
        }
    }

    /// `true` if a speaker has one value of it: to hold one out is to hold out all clips of its speakers.
    pub const fn is_of_speakers(self) -> bool {
        matches!(self, Self::Corpus | Self::Gender | Self::Language | Self::Speaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_name_and_stands_in_the_schema() {
        let schema = schemars::schema_for!(Grouping).to_value().to_string();
        for column in Grouping::ALL {
            assert_eq!(Grouping::named(column.as_str()), Some(column));
            assert!(schema.contains(&format!("\"{}\"", column.as_str())), "{column:?}: {schema}");
        }
        assert!(Grouping::ALL.is_sorted_by_key(|column| column.as_str()));
        assert_eq!(Grouping::named("emotion"), None);
        let both = Grouping::held_out_by("speaker-independent", Some("speaker,sentence"));
        assert_eq!(both, [Grouping::Speaker, Grouping::Sentence]);
        assert_eq!(Grouping::held_out_by("speaker-independent", None), [Grouping::Speaker]);
        assert_eq!(Grouping::held_out_by("leave-one-out", Some("language")), [Grouping::Language]);
        assert_eq!(Grouping::held_out_by("random", None), []);
    }

    #[test]
    fn regions_of_a_language_are_one_and_sentences_of_two_corpora_are_two() {
        let mut clip = Clip::found("a".into(), "tess".into(), "a.wav".into(), 1);
        assert_eq!([Grouping::Language.of(&clip), Grouping::Sentence.of(&clip)], [None, None]);
        (clip.language, clip.sentence) = (Some("en-CA".into()), Some("01".into()));
        assert_eq!(Grouping::Language.of(&clip).as_deref(), Some("en"));
        assert_eq!(Grouping::Sentence.of(&clip).as_deref(), Some("tess: 01"));
    }
}
