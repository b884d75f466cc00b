//! Which number was measured under which protocol: every evaluated model with its split and its standardisation, the one
//! that the report leads with, and the one it is compared with.

use std::collections::BTreeMap;

use ser_schemas::SummaryMetric;

use crate::charts::Ink;
use crate::{Error, PipelineInfo};

/// How clips were divided for evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Protocol {
    SpeakerIndependent,
    LeaveOneSpeakerOut,
    LeaveOneCorpusOut,
    Random,
    /// The analyst's own assignment, or a word that this report does not know.
    Other(String),
}

impl Protocol {
    fn of(split: &str, pipeline: &PipelineInfo) -> Self {
        match param(pipeline, split, "protocol") {
            Some("speaker-independent") => Self::SpeakerIndependent,
            Some("leave-one-speaker-out") => Self::LeaveOneSpeakerOut,
            Some("leave-one-corpus-out") => Self::LeaveOneCorpusOut,
            Some("random") => Self::Random,
            Some(other) => Self::Other(other.to_owned()),
            None => Self::Other("not stated".to_owned()),
        }
    }

    /// Its name in running text.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::SpeakerIndependent => "speaker-independent",
            Self::LeaveOneSpeakerOut => "leave one speaker out",
            Self::LeaveOneCorpusOut => "leave one corpus out",
            Self::Random => "random split",
            Self::Other(word) => word,
        }
    }

    /// What it says about the clips tested on.
    pub(crate) fn meaning(&self) -> &'static str {
        match self {
            Self::SpeakerIndependent | Self::LeaveOneSpeakerOut => "no test speaker was trained on",
            Self::LeaveOneCorpusOut => "neither test speakers nor their corpus were trained on",
            Self::Random => "other clips of every test speaker were trained on",
            Self::Other(_) => "see the checks of the split for what it guarantees",
        }
    }

    /// Whether the protocol promises that no test speaker was trained on.
    pub(crate) fn separates_speakers(&self) -> bool {
        matches!(self, Self::SpeakerIndependent | Self::LeaveOneSpeakerOut | Self::LeaveOneCorpusOut)
    }
}

/// What the standardisation of features was fitted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standardisation {
    Training,
    /// Uses the test speaker's own clips, without their labels.
    Speaker,
    Clip,
    None,
    Other(String),
}

impl Standardisation {
    fn of(model: &str, pipeline: &PipelineInfo) -> Self {
        match param(pipeline, model, "standardise") {
            Some("train" | "training" | "training-clips") => Self::Training,
            Some("speaker" | "per-speaker") => Self::Speaker,
            Some("clip" | "per-clip") => Self::Clip,
            Some("none" | "off") => Self::None,
            Some(other) => Self::Other(other.to_owned()),
            None => Self::Other("not stated".to_owned()),
        }
    }

    /// What it is, in words.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Training => "fitted on training clips",
            Self::Speaker => "per speaker",
            Self::Clip => "per clip",
            Self::None => "none",
            Self::Other(word) => word,
        }
    }

    /// Whether test clips took part.
    pub(crate) fn uses_test_speakers(&self) -> bool {
        *self == Self::Speaker
    }
}

/// The word that stage `stage` was given for `key`.
fn param<'a>(pipeline: &'a PipelineInfo, stage: &str, key: &str) -> Option<&'a str> {
    pipeline.stage(stage)?.params.get(key)?.as_str()
}

/// A metric with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl From<&SummaryMetric> for Estimate {
    fn from(row: &SummaryMetric) -> Self {
        Self { value: row.value, low: row.low, high: row.high }
    }
}

/// One evaluated model.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    /// Name of the train stage.
    pub model: String,
    /// Name of the split stage.
    pub split: String,
    pub protocol: Protocol,
    pub standardisation: Standardisation,
    /// Whether it is a baseline: what a network has to beat.
    pub baseline: bool,
    /// Whether it answers the same to every clip: there is nothing to see in its errors.
    pub constant: bool,
    /// By name of the metric, over all test clips.
    pub overall: BTreeMap<String, Estimate>,
    /// Test clips.
    pub support: u64,
    /// Their speakers.
    pub speakers: u64,
    /// Whether the intervals are about other clips of speakers whom the model was trained on, and not about other speakers.
    pub knows_speakers: bool,
}

impl Scored {
    /// The metric called `name` over all test clips.
    pub(crate) fn metric(&self, name: &str) -> Option<Estimate> {
        self.overall.get(name).copied()
    }

    /// The colour of its marks: by what its protocol promises.
    pub(crate) fn ink(&self) -> Ink {
        if self.protocol.separates_speakers() { Ink::Accent } else { Ink::Contrast }
    }

    /// Whether `model` and `split` of a table row are this model's.
    pub(crate) fn owns(&self, model: &str, split: &str) -> bool {
        self.model == model && self.split == split
    }
}

/// Every evaluated model, and which ones the report speaks of first.
#[derive(Debug)]
pub(crate) struct Scoreboard {
    /// Speaker-separating protocols first, random ones last; within that in the order of the pipeline.
    pub models: Vec<Scored>,
    /// The model that the report leads with, as an index into `models`.
    pub main: Option<usize>,
    /// The randomly split model that it is compared with.
    pub random: Option<usize>,
}

impl Scoreboard {
    /// Sorts out `summary`; fails when `main_model` is not in it.
    pub(crate) fn new(
        summary: &[SummaryMetric],
        pipeline: &PipelineInfo,
        main_model: Option<&str>,
    ) -> Result<Self, Error> {
        let mut models: Vec<Scored> = Vec::new();
        for row in summary.iter().filter(|row| row.group == "overall") {
            let place = models.iter().position(|scored| scored.owns(&row.model, &row.split)).unwrap_or_else(|| {
                let constant = param(pipeline, &row.model, "model") == Some("majority");
                models.push(Scored {
                    model: row.model.clone(),
                    split: row.split.clone(),
                    protocol: Protocol::of(&row.split, pipeline),
                    standardisation: if constant {
                        Standardisation::None
                    } else {
                        Standardisation::of(&row.model, pipeline)
                    },
                    baseline: pipeline.stage(&row.model).is_some_and(|stage| stage.kind == "baseline"),
                    constant,
                    overall: BTreeMap::new(),
                    support: 0,
                    speakers: 0,
                    knows_speakers: false,
                });
                models.len() - 1
            });
            models[place].overall.insert(row.metric.clone(), row.into());
            models[place].support = models[place].support.max(row.support);
            models[place].speakers = models[place].speakers.max(row.speakers);
            models[place].knows_speakers |= row.known_speakers.is_some_and(|known| known > 0);
        }
        let declared = |model: &str| pipeline.stages.iter().position(|stage| stage.name == model);
        models.sort_by_key(|scored| (rank(scored), declared(&scored.model).unwrap_or(usize::MAX)));

        let main = match main_model {
            None => leading(&models),
            Some(name) => Some(models.iter().position(|scored| scored.model == name).ok_or_else(|| {
                let mut known: Vec<String> = models.iter().map(|scored| scored.model.clone()).collect();
                known.dedup();
                Error::UnknownModel { found: name.to_owned(), known }
            })?),
        };
        let random = main.and_then(|main| counterpart(&models, main, pipeline));
        Ok(Self { models, main, random })
    }

    /// The model that the report leads with.
    pub(crate) fn main(&self) -> Option<&Scored> {
        self.main.and_then(|index| self.models.get(index))
    }

    /// The randomly split model that the leading one is compared with.
    pub(crate) fn random(&self) -> Option<&Scored> {
        self.random.and_then(|index| self.models.get(index))
    }
}

/// The first model that is no baseline among those whose protocol separates speakers; without one, the first of all.
fn leading(models: &[Scored]) -> Option<usize> {
    let network = models.iter().position(|scored| !scored.baseline && scored.protocol.separates_speakers());
    network.or_else(|| (!models.is_empty()).then_some(0))
}

/// How trustworthy a protocol's number is, best first.
fn rank(scored: &Scored) -> u8 {
    let protocol = match scored.protocol {
        Protocol::SpeakerIndependent => 0,
        Protocol::LeaveOneSpeakerOut => 2,
        Protocol::LeaveOneCorpusOut => 4,
        Protocol::Other(_) => 6,
        Protocol::Random => 8,
    };
    2 * (protocol + u8::from(scored.standardisation.uses_test_speakers())) + u8::from(scored.baseline)
}

/// The randomly split model most like `main`: scored on as many clips, standardised alike, with the most parameters in
/// common. Without `main` on a speaker-separating protocol there is nothing to compare.
fn counterpart(models: &[Scored], main: usize, pipeline: &PipelineInfo) -> Option<usize> {
    let leading = &models[main];
    if !leading.protocol.separates_speakers() {
        return None;
    }
    let likeness = |scored: &Scored| {
        (
            scored.baseline == leading.baseline,
            scored.support == leading.support,
            scored.standardisation == leading.standardisation,
            shared_params(pipeline, &scored.model, &leading.model),
        )
    };
    models
        .iter()
        .enumerate()
        .filter(|(_, scored)| scored.protocol == Protocol::Random)
        // Of equals the first: `max_by_key` alone would answer the last.
        .rev()
        .max_by_key(|(_, scored)| likeness(scored))
        .map(|(index, _)| index)
}

fn shared_params(pipeline: &PipelineInfo, one: &str, other: &str) -> usize {
    let params = |name| pipeline.stage(name).and_then(|stage| stage.params.as_object());
    let (Some(one), Some(other)) = (params(one), params(other)) else { return 0 };
    one.iter().filter(|(key, value)| other.get(*key) == Some(*value)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StageInfo;

    fn pipeline() -> PipelineInfo {
        let stage =
            |name: &str, kind: &str, params| StageInfo { name: name.into(), kind: kind.into(), from: vec![], params };
        PipelineInfo {
            stages: vec![
                stage("si", "split", serde_json::json!({"protocol": "speaker-independent"})),
                stage("rnd", "split", serde_json::json!({"protocol": "random"})),
                stage("net_rnd", "train", serde_json::json!({"standardise": "train", "epochs": 40})),
                stage("net_rnd_small", "train", serde_json::json!({"standardise": "train", "epochs": 5})),
                stage("net_speaker", "train", serde_json::json!({"standardise": "speaker", "epochs": 40})),
                stage("net", "train", serde_json::json!({"standardise": "train", "epochs": 40})),
            ],
            ..PipelineInfo::default()
        }
    }

    fn row(model: &str, split: &str, support: u64) -> SummaryMetric {
        SummaryMetric {
            model: model.into(),
            split: split.into(),
            group: "overall".into(),
            group_value: "all".into(),
            metric: "uar".into(),
            value: 0.5,
            low: None,
            high: None,
            support,
            speakers: 24,
            known_speakers: None,
        }
    }

    #[test]
    fn a_baseline_does_not_lead_where_a_network_can() {
        let mut pipeline = pipeline();
        pipeline.stages.push(StageInfo { name: "linear".into(), kind: "baseline".into(), ..StageInfo::default() });
        let summary = [row("linear", "rnd", 100), row("linear", "si", 100), row("net_speaker", "si", 100)];
        let board = Scoreboard::new(&summary, &pipeline, None).expect("models");
        assert_eq!(board.main().expect("main").model, "net_speaker");
        let order: Vec<_> = board.models.iter().map(|scored| (scored.model.as_str(), scored.split.as_str())).collect();
        assert_eq!(order, [("linear", "si"), ("net_speaker", "si"), ("linear", "rnd")]);
        let board = Scoreboard::new(&summary[..2], &pipeline, None).expect("models");
        assert_eq!(board.main().expect("main").split, "si", "a baseline alone leads where its speakers are apart");
    }

    #[test]
    fn an_honest_number_leads_and_meets_its_likeness() {
        let summary = [
            row("net_rnd_small", "rnd", 100),
            row("net_rnd", "rnd", 100),
            row("net_speaker", "si", 100),
            row("net", "si", 100),
        ];
        let board = Scoreboard::new(&summary, &pipeline(), None).expect("models");
        assert_eq!(board.main().expect("main").model, "net");
        assert_eq!(board.random().expect("random").model, "net_rnd");
        let order: Vec<_> = board.models.iter().map(|scored| scored.model.as_str()).collect();
        assert_eq!(order, ["net", "net_speaker", "net_rnd", "net_rnd_small"]);
    }

    #[test]
    fn a_random_split_has_no_counterpart() {
        let board = Scoreboard::new(&[row("net_rnd", "rnd", 9)], &pipeline(), None).expect("models");
        assert_eq!(board.main().expect("main").protocol, Protocol::Random);
        assert!(board.random().is_none());
    }

    #[test]
    fn an_unknown_main_model_is_an_error_that_lists_the_known() {
        let error = Scoreboard::new(&[row("net", "si", 9)], &pipeline(), Some("ned")).expect_err("unknown");
        assert_eq!(error.to_string(), "`main_model` is `ned`, which was not evaluated; evaluated: net");
        assert!(Scoreboard::new(&[], &pipeline(), None).expect("nothing evaluated").main().is_none());
    }
}
