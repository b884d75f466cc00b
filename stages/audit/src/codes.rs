//! The names of all findings, and what each means: the words that `fail_on` may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::Severity;

/// Declares the codes: the enum, its words in tables and in the pipeline file, and severities.
macro_rules! codes {
    ( $( $(#[doc = $doc:literal])+ $code:ident = $word:literal $severity:ident, )+ ) => {
        /// The kind of a finding. The words are part of `findings` and never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $( $(#[doc = $doc])+ #[serde(rename = $word)] $code, )+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The word used in tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $word),+ }
            }

            /// How grave it is, unless the finder knows better.
            pub(crate) const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity),+ }
            }
        }
    };
}

codes! {
    /// The clips are synthetic demo speech.
    SyntheticData = "synthetic_data" Error,
    /// A declared corpus is not there.
    CorpusMissing = "corpus_missing" Warning,
    /// A corpus differs from its published file counts.
    CorpusIncomplete = "corpus_incomplete" Warning,
    /// Files were left out of the manifest.
    FilesExcluded = "files_excluded" Warning,
    /// Files hold the same audio as another file.
    DuplicateAudio = "duplicate_audio" Info,
    /// Copies of one recording lie under different speakers, of one corpus or of two.
    DuplicateSpeakersDiffer = "duplicate_speakers_differ" Warning,
    /// Clips hold the same take though no hash says so.
    NearDuplicateAudio = "near_duplicate_audio" Warning,
    /// Clips with the same take have different emotions or speakers.
    NearDuplicateLabelsDiffer = "near_duplicate_labels_differ" Warning,
    /// Clips are too short for altered copies of them to be found.
    TooShortToCompare = "too_short_to_compare" Info,
    /// An emotion exists in one corpus only.
    ClassInOneCorpus = "class_in_one_corpus" Warning,
    /// An emotion that other corpora have is missing from one.
    ClassMissingFromCorpus = "class_missing_from_corpus" Warning,
    /// The commonest emotion has many times the clips of the rarest.
    ClassImbalance = "class_imbalance" Warning,
    /// Emotion and corpus depend on each other.
    EmotionByCorpus = "emotion_by_corpus" Warning,
    /// Emotion and gender depend on each other.
    EmotionByGender = "emotion_by_gender" Warning,
    /// Emotion and speaker depend on each other.
    EmotionBySpeaker = "emotion_by_speaker" Warning,
    /// Emotion and sentence depend on each other.
    EmotionBySentence = "emotion_by_sentence" Warning,
    /// Emotion and sample rate depend on each other.
    EmotionBySampleRate = "emotion_by_sample_rate" Warning,
    /// Corpus and gender depend on each other.
    CorpusByGender = "corpus_by_gender" Warning,
    /// All speakers of a corpus have one gender.
    SingleGenderCorpus = "single_gender_corpus" Warning,
    /// A corpus has few speakers.
    FewSpeakers = "few_speakers" Warning,
    /// Speakers have few clips.
    FewClipsOfSpeaker = "few_clips_of_speaker" Info,
    /// Ids of speakers differ only in case, blanks, width or leading zeros.
    SpeakersAlike = "speakers_alike" Warning,
    /// Properties that were read from file names decide one another, as where a pattern takes the wrong part of the name.
    DoubtfulNames = "doubtful_names" Warning,
    /// Clips whose speaker is not known.
    SpeakerUnknown = "speaker_unknown" Warning,
    /// Clips whose speaker's gender is not known.
    GenderUnknown = "gender_unknown" Info,
    /// A corpus mixes sample rates.
    MixedSampleRates = "mixed_sample_rates" Warning,
    /// The corpora have different sample rates.
    SampleRateByCorpus = "sample_rate_by_corpus" Info,
    /// Clips hold less bandwidth than their sample rate promises.
    BandLimited = "band_limited" Warning,
    /// Clips whose samples do not lie around zero.
    DcOffset = "dc_offset" Info,
    /// Clips that were cut off at a level.
    Clipping = "clipping" Warning,
    /// Clips far beyond full scale.
    BeyondFullScale = "beyond_full_scale" Warning,
    /// Clips stored with few bits per sample.
    LowResolution = "low_resolution" Info,
    /// Clips that are silence for the most part.
    MostlySilence = "mostly_silence" Info,
    /// Clips whose channels partly cancel when they are mixed.
    ChannelsOutOfPhase = "channels_out_of_phase" Warning,
    /// Files that are odd and were read nonetheless.
    OddFile = "odd_file" Warning,
    /// A property of the recording tells the corpus.
    RecordingPredictsCorpus = "recording_predicts_corpus" Warning,
    /// A property of the recording, other than the level, tells the emotion.
    RecordingPredictsEmotion = "recording_predicts_emotion" Warning,
    /// The level tells the emotion.
    LevelPredictsEmotion = "level_predicts_emotion" Info,
    /// Raters heard another emotion than was intended.
    PerceivedOtherwise = "perceived_otherwise" Warning,
    /// Raters did not agree on what they heard.
    LowAgreement = "low_agreement" Info,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_means_two_things() {
        let words: std::collections::BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(words.iter().all(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')));
    }
}
