//! Which number was measured under which protocol: every evaluated model with its split and its standardisation, the
//! one that the report leads with, and the one it is compared with.

use std::collections::BTreeMap;

use ser_schemas::{Family, Model, Standardisation, SummaryMetric};

use crate::charts::Ink;
use crate::tables::Tables;
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
    fn of(word: Option<&str>) -> Self {
        match word {
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

    /// Relation of the training clips to the clips tested on, in words.
    pub(crate) fn meaning(&self) -> &'static str {
        match self {
            Self::SpeakerIndependent | Self::LeaveOneSpeakerOut => "no test speaker was trained on",
            Self::LeaveOneCorpusOut => "neither test speakers nor their corpus were trained on",
            Self::Random => "other clips of every test speaker were trained on",
            Self::Other(_) => "see the checks of the split for what it guarantees",
        }
    }

    /// `true` if the protocol promises that no test speaker was trained on.
    pub(crate) fn separates_speakers(&self) -> bool {
        matches!(self, Self::SpeakerIndependent | Self::LeaveOneSpeakerOut | Self::LeaveOneCorpusOut)
    }
}

/// A metric with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Estimate {
    /// Without an interval.
    pub(crate) fn exact(value: f64) -> Self {
        Self { value, low: None, high: None }
    }
}

impl From<&SummaryMetric> for Estimate {
    fn from(row: &SummaryMetric) -> Self {
        Self { value: row.value, low: row.low, high: row.high }
    }
}

/// One evaluated model.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    /// Name of the stage that made it.
    pub model: String,
    /// Name of the split stage.
    pub split: String,
    pub protocol: Protocol,
    /// `None` where not known.
    pub standardisation: Option<Standardisation>,
    /// `true` if other clips of a test speaker took part, without their labels.
    pub uses_test_speakers: bool,
    /// `true` for a baseline, which a network has to beat.
    pub baseline: bool,
    family: Family,
    /// Everything that it was made of, apart from the split.
    recipe: String,
    /// By name of the metric, over all test clips.
    pub overall: BTreeMap<String, Estimate>,
    /// Test clips.
    pub support: u64,
    pub speakers: u64,
    /// `true` if the intervals are about other clips of speakers whom the model was trained on, and not about other
    /// speakers.
    pub knows_speakers: bool,
}

impl Scored {
    fn new(about: &Model) -> Self {
        Self {
            model: about.model.clone(),
            split: about.split.clone(),
            protocol: Protocol::of(about.protocol.as_deref()),
            standardisation: about.standardisation,
            uses_test_speakers: about.uses_test_speakers,
            baseline: about.baseline,
            family: about.family,
            recipe: about.recipe.clone(),
            overall: BTreeMap::new(),
            support: 0,
            speakers: 0,
            knows_speakers: false,
        }
    }

    /// `true` if it answers the same to every clip: there is nothing to see in its errors.
    pub(crate) fn is_constant(&self) -> bool {
        self.family == Family::Constant
    }

    /// Data that the standardisation of its features was fitted on, in words.
    pub(crate) fn standardisation_name(&self) -> &'static str {
        match self.standardisation {
            Some(Standardisation::TrainingClips) => "fitted on training clips",
            Some(Standardisation::Speaker) => "per speaker",
            Some(Standardisation::Clip) => "per clip",
            Some(Standardisation::None) => "none",
            None => "not stated",
        }
    }

    /// The metric called `name` over all test clips.
    pub(crate) fn metric(&self, name: &str) -> Option<Estimate> {
        self.overall.get(name).copied()
    }

    /// The colour of its marks: by what its protocol promises.
    pub(crate) fn ink(&self) -> Ink {
        if self.protocol.separates_speakers() { Ink::Accent } else { Ink::Contrast }
    }

    /// `true` if `model` and `split` of a table row are this model's.
    pub(crate) fn owns(&self, model: &str, split: &str) -> bool {
        self.model == model && self.split == split
    }
}

/// Every evaluated model, and which ones the report speaks of first.
#[derive(Debug)]
pub(crate) struct Scoreboard {
    /// Speaker-separating protocols first, random ones last; within that by unweighted average recall, the highest first.
    pub models: Vec<Scored>,
    /// The model that the report leads with, as an index into `models`.
    pub main: Option<usize>,
    /// The randomly split model that it is compared with.
    pub random: Option<usize>,
}

impl Scoreboard {
    /// Sorts out the evaluated models; fails when `main_model` is none of them.
    pub(crate) fn new(tables: &Tables, pipeline: &PipelineInfo, main_model: Option<&str>) -> Result<Self, Error> {
        let mut models: Vec<Scored> = Vec::new();
        for row in tables.summary.iter().filter(|row| row.group == "overall") {
            let known = models.iter().position(|scored| scored.owns(&row.model, &row.split));
            let place = known.unwrap_or(models.len());
            if known.is_none() {
                let own = |about: &&Model| about.model == row.model && about.split == row.split;
                let missing = || Error::NotDescribed { model: row.model.clone(), split: row.split.clone() };
                let about = tables.models.iter().find(own).ok_or_else(missing)?;
                models.push(Scored::new(about));
            }
            models[place].overall.insert(row.metric.clone(), row.into());
            models[place].support = models[place].support.max(row.support);
            models[place].speakers = models[place].speakers.max(row.speakers);
            models[place].knows_speakers |= row.known_speakers.is_some_and(|known| known > 0);
        }
        let declared = |model: &str| pipeline.stages.iter().position(|stage| stage.name == model);
        models.sort_by_key(|scored| (trust(scored), scored.baseline, declared(&scored.model).unwrap_or(usize::MAX)));

        let main = match main_model {
            None => leading(&models),
            Some(name) => Some(models.iter().position(|scored| scored.model == name).ok_or_else(|| {
                let mut known: Vec<String> = models.iter().map(|scored| scored.model.clone()).collect();
                known.dedup();
                Error::UnknownModel { found: name.to_owned(), known }
            })?),
        };
        let random = main.and_then(|main| counterpart(&models, main));
        // Who leads was settled by what was declared, not by what came out.
        let mut order: Vec<usize> = (0..models.len()).collect();
        let uar = |at: usize| models[at].metric("uar").map_or(f64::NEG_INFINITY, |uar| uar.value);
        order.sort_by(|one, other| {
            let ranks = trust(&models[*one]).cmp(&trust(&models[*other]));
            ranks.then_with(|| uar(*other).total_cmp(&uar(*one)))
        });
        let place = |index: Option<usize>| index.and_then(|index| order.iter().position(|at| *at == index));
        let (main, random) = (place(main), place(random));
        Ok(Self { models: order.into_iter().map(|at| models[at].clone()).collect(), main, random })
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

/// How trustworthy a model's number is, best first.
fn trust(scored: &Scored) -> u8 {
    let protocol = match scored.protocol {
        Protocol::SpeakerIndependent => 0,
        Protocol::LeaveOneSpeakerOut => 2,
        Protocol::LeaveOneCorpusOut => 4,
        Protocol::Other(_) => 6,
        Protocol::Random => 8,
    };
    protocol + u8::from(scored.uses_test_speakers)
}

/// The randomly split model most like `main`: made by the same recipe, or else of its kind, scored on as many clips,
/// standardised alike. Without `main` on a speaker-separating protocol there is nothing to compare.
fn counterpart(models: &[Scored], main: usize) -> Option<usize> {
    let leading = &models[main];
    if !leading.protocol.separates_speakers() {
        return None;
    }
    let likeness = |scored: &Scored| {
        (
            scored.recipe == leading.recipe,
            scored.baseline == leading.baseline,
            scored.support == leading.support,
            scored.standardisation == leading.standardisation,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StageInfo;
    use crate::fixture::about;

    /// In the order of the pipeline: model, split, recipe.
    const MODELS: [(&str, &str, &str); 6] = [
        ("net_rnd", "rnd", "epochs 40"),
        ("net_rnd_small", "rnd", "epochs 5"),
        ("net_speaker", "si", "per speaker"),
        ("net", "si", "epochs 40"),
        ("linear", "si", "linear"),
        ("linear", "rnd", "linear"),
    ];

    fn sorted(summary: &[SummaryMetric], main_model: Option<&str>) -> Result<Scoreboard, Error> {
        let model = |(model, split, recipe): (&str, &str, &str)| {
            let protocol = if split == "si" { "speaker-independent" } else { "random" };
            Model { protocol: Some(protocol.into()), recipe: recipe.into(), ..about(model, split) }
        };
        let tables = Tables { summary: summary.to_vec(), models: MODELS.map(model).to_vec(), ..Tables::default() };
        let stage = |(name, ..): (&str, &str, &str)| StageInfo { name: name.into(), ..StageInfo::default() };
        let pipeline = PipelineInfo { stages: MODELS.map(stage).to_vec(), ..PipelineInfo::default() };
        Scoreboard::new(&tables, &pipeline, main_model)
    }

    fn row(model: &str, split: &str, support: u64) -> SummaryMetric {
        SummaryMetric {
            model: model.into(),
            split: split.into(),
            group: "overall".into(),
            group_value: "all".into(),
            metric: "uar".into(),
            value: 0.5,
            support,
            speakers: 24,
            ..SummaryMetric::default()
        }
    }

    #[test]
    fn a_baseline_does_not_lead_where_a_network_can() {
        let summary = [row("linear", "rnd", 100), row("linear", "si", 100), row("net_speaker", "si", 100)];
        let board = sorted(&summary, None).expect("models");
        assert_eq!(board.main().expect("main").model, "net_speaker");
        let order: Vec<_> = board.models.iter().map(|scored| (scored.model.as_str(), scored.split.as_str())).collect();
        assert_eq!(order, [("linear", "si"), ("net_speaker", "si"), ("linear", "rnd")]);
        let board = sorted(&summary[..2], None).expect("models");
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
        let board = sorted(&summary, None).expect("models");
        assert_eq!(board.main().expect("main").model, "net");
        assert_eq!(board.random().expect("random").model, "net_rnd");
        let order: Vec<_> = board.models.iter().map(|scored| scored.model.as_str()).collect();
        assert_eq!(order, ["net", "net_speaker", "net_rnd", "net_rnd_small"]);
    }

    /// The network that was declared first leads, and stands where its figure puts it.
    #[test]
    fn models_of_a_protocol_stand_by_their_figures() {
        let at = |value: f64, row: SummaryMetric| SummaryMetric { value, ..row };
        let summary = [
            at(0.5, row("net", "si", 100)),
            at(0.6, row("linear", "si", 100)),
            at(0.7, row("net_speaker", "si", 100)),
            at(0.8, row("net_rnd", "rnd", 100)),
            at(0.9, row("net_rnd_small", "rnd", 100)),
        ];
        let board = sorted(&summary, None).expect("models");
        let order: Vec<_> = board.models.iter().map(|scored| scored.model.as_str()).collect();
        assert_eq!(order, ["linear", "net", "net_speaker", "net_rnd_small", "net_rnd"]);
        assert_eq!(board.main().expect("main").model, "net");
        assert_eq!(board.random().expect("random").model, "net_rnd");
    }

    #[test]
    fn a_random_split_has_no_counterpart() {
        let board = sorted(&[row("net_rnd", "rnd", 9)], None).expect("models");
        assert_eq!(board.main().expect("main").protocol, Protocol::Random);
        assert!(board.random().is_none());
    }

    #[test]
    fn an_unknown_main_model_is_an_error_that_lists_the_known() {
        let error = sorted(&[row("net", "si", 9)], Some("ned")).expect_err("unknown");
        assert_eq!(error.to_string(), "`main_model` is `ned`, which was not evaluated; evaluated: net");
        assert!(sorted(&[], None).expect("nothing evaluated").main().is_none());
    }

    #[test]
    fn a_model_that_nothing_is_said_of_is_named() {
        let error = sorted(&[row("net", "own", 9)], None).expect_err("no row of it").to_string();
        assert!(error.contains("describes `net` on split `own`"), "{error}");
    }
}
