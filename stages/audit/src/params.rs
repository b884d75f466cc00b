//! What an analyst can set: from where on something is worth a finding, and which findings are too many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::{Finding, Severity};

use crate::codes::Code;

/// Parameters of an audit stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Largest acceptable ratio between the clips of the most and of the least frequent emotion, 1 to 1000.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub max_imbalance: f64,
    /// Fewest clips of a speaker that are not remarked on, 0 to 10000.
    #[schemars(range(min = 0, max = 10000))]
    pub min_clips_per_speaker: u32,
    /// Fewest speakers of a corpus that are not remarked on, 0 to 10000: figures for new speakers, and their
    /// intervals, are only as good as the number of speakers.
    #[schemars(range(min = 0, max = 10000))]
    pub min_speakers_per_corpus: u32,
    /// Largest bias-corrected Cramér's V of two properties (emotion and corpus, gender, speaker, ...) that is not remarked
    /// on, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_association: f64,
    /// Largest skill, 0 to 1, at which one measurement of the recording may predict the corpus or the emotion: 0 is
    /// guessing, 1 is always right.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_shortcut_skill: f64,
    /// Smallest bandwidth that is not remarked on, as a share of half the sample rate, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_bandwidth: f64,
    /// Largest offset of a recording that is not remarked on, as a share of full scale, 0 to 1. Later stages take it off.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_dc_offset: f64,
    /// Largest share of clipped samples in a clip, 0 to 1, that is not remarked on.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_clipped: f64,
    /// Largest share of silence in a clip, 0 to 1, that is not remarked on: frames 40 dB and more below the loudest.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_silence: f64,
    /// Largest share of rated clips, 0 to 1, in which raters may have heard another emotion than the label says.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_perceived_otherwise: f64,
    /// Smallest share of raters who agree, 0 to 1, at which a label is not remarked on.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_agreement: f64,
    /// Share of fingerprint bits in which two clips agree when they may hold the same take, 0.7 to 1. On RAVDESS, TESS, EMOVO and nEMO,
    /// copies through lossy codecs, at other rates, padded and cut agree in 0.8 and more, noisy ones in less. So do some
    /// takes of one phrase by one voice: `near_duplicate_correlation` tells them apart.
    #[schemars(range(min = 0.7, max = 1.0))]
    pub near_duplicate_similarity: f64,
    /// Correlation of the waveforms' phases when two clips do hold the same take, 0.25 to 1. On the same corpora, copies reach 0.58
    /// and more, 0.47 through the worst codecs and under noise; different takes reach 0.27.
    #[schemars(range(min = 0.25, max = 1.0))]
    pub near_duplicate_correlation: f64,
    /// Which findings fail the stage: `never`, `error`, `warning` (and what is graver), or a list of codes.
    pub fail_on: FailOn,
}

/// Which findings fail the stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FailOn {
    /// Those of a severity, and what is graver.
    Severity(FailSeverity),
    /// Those of the codes listed, whatever their severity.
    Codes(Vec<Code>),
}

/// From which severity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailSeverity {
    /// No finding fails the stage.
    Never,
    /// Findings of severity `error`.
    Error,
    /// Findings of severity `warning` and `error`.
    Warning,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            max_imbalance: 3.0,
            min_clips_per_speaker: 20,
            min_speakers_per_corpus: 5,
            max_association: 0.2,
            max_shortcut_skill: 0.3,
            min_bandwidth: 0.75,
            max_dc_offset: 0.0005,
            max_clipped: 0.001,
            max_silence: 0.8,
            max_perceived_otherwise: 0.2,
            min_agreement: 0.5,
            near_duplicate_similarity: 0.7,
            near_duplicate_correlation: 0.4,
            fail_on: FailOn::Severity(FailSeverity::Never),
        }
    }
}

impl FailOn {
    /// `true` if `finding` fails the stage.
    pub fn includes(&self, finding: &Finding) -> bool {
        match self {
            Self::Severity(FailSeverity::Never) => false,
            Self::Severity(FailSeverity::Error) => finding.severity >= Severity::Error,
            Self::Severity(FailSeverity::Warning) => finding.severity >= Severity::Warning,
            Self::Codes(codes) => codes.iter().any(|code| code.as_str() == finding.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_fail_by_severity_or_by_code() {
        let finding = |severity, code: Code| Finding {
            severity,
            code: code.as_str().to_owned(),
            message: String::new(),
            evidence: String::new(),
        };
        let findings = [
            finding(Severity::Info, Code::FewClipsOfSpeaker),
            finding(Severity::Warning, Code::BandLimited),
            finding(Severity::Error, Code::SyntheticData),
        ];
        let failing = |fail_on: FailOn| findings.each_ref().map(|finding| fail_on.includes(finding));
        assert_eq!(failing(FailOn::Severity(FailSeverity::Never)), [false, false, false]);
        assert_eq!(failing(FailOn::Severity(FailSeverity::Error)), [false, false, true]);
        assert_eq!(failing(FailOn::Severity(FailSeverity::Warning)), [false, true, true]);
        assert_eq!(failing(FailOn::Codes(vec![Code::FewClipsOfSpeaker])), [true, false, false]);
        assert_eq!(failing(FailOn::Codes(Vec::new())), [false, false, false]);
    }
}
