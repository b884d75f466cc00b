//! Which number was measured under which protocol: every evaluated model with its split and its standardisation, the
//! one that the report leads with, and the one it is compared with.

use std::collections::BTreeMap;

use ser_schemas::{Family, Grouping, Model, Standardisation, SummaryMetric};

use crate::charts::Ink;
use crate::number;
use crate::tables::Tables;
use crate::{Error, PipelineInfo};

/// How clips were divided for evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protocol {
    division: Division,
    /// The columns of clips whose values are held out whole.
    held_out: Vec<Grouping>,
    name: String,
    meaning: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Division {
    SpeakerIndependent,
    LeaveOneOut,
    Random,
    /// The analyst's own assignment, or a word that this report does not know.
    Other,
}

impl Protocol {
    fn of(about: &Model) -> Self {
        let word = about.protocol.as_deref().unwrap_or("not stated");
        let held_out = Grouping::held_out_by(word, about.held_out.as_deref());
        let division = match word {
            "speaker-independent" => Division::SpeakerIndependent,
            "leave-one-out" => Division::LeaveOneOut,
            "random" => Division::Random,
            _ => Division::Other,
        };
        let (name, meaning) = (name(division, word, &held_out), meaning(division, &held_out));
        Self { division, held_out, name, meaning }
    }

    /// A random split.
    pub(crate) fn random() -> Self {
        Self::of(&Model { protocol: Some("random".to_owned()), ..Model::default() })
    }

    /// Its name in running text.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Relation of the training clips to the clips tested on, in words.
    pub(crate) fn meaning(&self) -> &str {
        &self.meaning
    }

    /// `true` if the protocol promises that no test speaker was trained on.
    pub(crate) fn separates_speakers(&self) -> bool {
        self.held_out.iter().any(|column| column.is_of_speakers())
    }

    /// `true` if clips are dealt whoever speaks them.
    pub(crate) fn is_random(&self) -> bool {
        self.division == Division::Random
    }

    /// How trustworthy its numbers are, best first: of speakers never heard, then of whom or what else was never heard.
    fn trust(&self) -> u8 {
        match (self.division, self.held_out.as_slice()) {
            (Division::SpeakerIndependent, [_]) => 0,
            (Division::LeaveOneOut, [Grouping::Speaker]) => 1,
            (Division::SpeakerIndependent | Division::LeaveOneOut, _) if self.separates_speakers() => 2,
            (Division::Random, _) => 4,
            _ => 3,
        }
    }
}

fn name(division: Division, word: &str, held_out: &[Grouping]) -> String {
    let also = |columns: &[Grouping]| {
        columns.iter().map(|column| [" and ", &spelt(*column), "-independent"].concat()).collect::<String>()
    };
    match (division, held_out) {
        (Division::SpeakerIndependent, [_, more @ ..]) => format!("speaker-independent{}", also(more)),
        (Division::LeaveOneOut, [first, more @ ..]) => format!("leave one {} out{}", spelt(*first), also(more)),
        (Division::Random, _) => "random split".to_owned(),
        _ if word == "file" => "division of one’s own".to_owned(),
        _ => word.to_owned(),
    }
}

fn meaning(division: Division, held_out: &[Grouping]) -> String {
    let separates = held_out.iter().any(|column| column.is_of_speakers());
    // A speaker has one corpus, and says many sentences.
    let noun = |column: &Grouping| match column {
        Grouping::Sentence if separates => "sentences".to_owned(),
        other => spelt(*other),
    };
    let others: Vec<String> = held_out.iter().filter(|column| **column != Grouping::Speaker).map(noun).collect();
    match (division, others.as_slice()) {
        (Division::Random, _) => "other clips of every test speaker were trained on".to_owned(),
        (_, []) if separates => "no test speaker was trained on".to_owned(),
        (_, [one]) if separates => format!("neither test speakers nor their {one} were trained on"),
        (_, several) if separates => {
            format!("neither test speakers nor their {} were trained on", several.join(" or "))
        }
        (_, []) => "see the checks of the split for what it guarantees".to_owned(),
        (_, others) => format!("no test {} was trained on; test speakers may have been", others.join(" or ")),
    }
}

/// A column in running text, without the unit of its values.
pub(crate) fn spelt(column: Grouping) -> String {
    match column {
        Grouping::AgeYears => "age".to_owned(),
        Grouping::BitsPerSample => "bit depth".to_owned(),
        Grouping::Channels => "number of channels".to_owned(),
        Grouping::SampleRateHz => "sample rate".to_owned(),
        other => other.as_str().replace('_', " "),
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
    /// Corpora that they are of.
    pub corpora: Vec<String>,
    /// `true` if the intervals are about other clips of speakers whom the model was trained on, and not about other
    /// speakers.
    pub knows_speakers: bool,
    /// Networks of each fold, alike but for their seed; at least 1. Metrics are means over them.
    pub seeds: u64,
    /// Standard deviation of metrics over the seeds, by name.
    seed_sds: BTreeMap<String, f64>,
}

impl Scored {
    fn new(about: &Model) -> Self {
        Self {
            model: about.model.clone(),
            split: about.split.clone(),
            protocol: Protocol::of(about),
            standardisation: about.standardisation,
            uses_test_speakers: about.uses_test_speakers,
            baseline: about.baseline,
            family: about.family,
            recipe: about.recipe.clone(),
            overall: BTreeMap::new(),
            support: 0,
            speakers: 0,
            corpora: Vec::new(),
            knows_speakers: false,
            seeds: 1,
            seed_sds: BTreeMap::new(),
        }
    }

    /// `true` if it answers the same to every clip: there is nothing to see in its errors.
    pub(crate) fn is_constant(&self) -> bool {
        self.family == Family::Constant
    }

    /// `true` if the two differ in nothing but their split.
    pub(crate) fn is_made_like(&self, other: &Self) -> bool {
        self.recipe == other.recipe
    }

    /// Whose unlabelled clips beside the scored one took part: those of the `speaker` or `corpus`; `None` where none
    /// did.
    pub(crate) fn shares_with(&self) -> Option<&'static str> {
        let whose = if self.standardisation == Some(Standardisation::Corpus) { "corpus" } else { "speaker" };
        self.uses_test_speakers.then_some(whose)
    }

    /// The same as a remark on its figures.
    pub(crate) fn sharing(&self) -> Option<String> {
        self.shares_with().map(|whose| format!("uses the test {whose}’s unlabelled clips"))
    }

    /// Data that the standardisation of its features was fitted on, in words.
    pub(crate) fn standardisation_name(&self) -> &'static str {
        match self.standardisation {
            Some(Standardisation::TrainingClips) => "fitted on training clips",
            Some(Standardisation::Corpus) => "per corpus",
            Some(Standardisation::Speaker) => "per speaker",
            Some(Standardisation::Clip) => "per clip",
            Some(Standardisation::None) => "none",
            None => "not stated",
        }
    }

    /// UAR, the figure that stands for it: the mean over corpora where there are several, which a pooled figure is not:
    /// it follows the largest.
    pub(crate) fn uar(&self) -> Option<Estimate> {
        self.metric(SummaryMetric::UAR_OVER_CORPORA).or_else(|| self.metric(SummaryMetric::UAR))
    }

    /// `true` if [`uar`](Self::uar) is a mean over several corpora.
    pub(crate) fn is_over_corpora(&self) -> bool {
        self.overall.contains_key(SummaryMetric::UAR_OVER_CORPORA)
    }

    /// The metric called `name` over all test clips together.
    pub(crate) fn metric(&self, name: &str) -> Option<Estimate> {
        self.overall.get(name).copied()
    }

    /// Standard deviation over its seeds of the metric called `name`, in words: `sd 0.009`; `None` of one seed.
    pub(crate) fn seed_sd(&self, name: &str) -> Option<String> {
        self.seed_sds.get(name).map(|sd| format!("sd {}", number::fixed(*sd, 3)))
    }

    /// [`seed_sd`](Self::seed_sd) of [`uar`](Self::uar).
    pub(crate) fn uar_seed_sd(&self) -> Option<String> {
        self.seed_sd(SummaryMetric::UAR_OVER_CORPORA).or_else(|| self.seed_sd(SummaryMetric::UAR))
    }

    /// Its seeds and how far its UAR differs between them: `3 seeds, sd 0.009`; `None` of one.
    pub(crate) fn seeds_told(&self) -> Option<String> {
        self.uar_seed_sd().map(|sd| format!("{}, {sd}", number::counted(self.seeds, "seed", "seeds")))
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
    /// Speaker-separating protocols first, random ones last; within that by unweighted average recall, the highest
    /// first.
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
            models[place].seeds = models[place].seeds.max(row.seeds.unwrap_or(1));
            models[place].seed_sds.extend(row.seed_sd.map(|sd| (row.metric.clone(), sd)));
        }
        for row in tables.summary.iter().filter(|row| row.group == "corpus" && row.metric == SummaryMetric::UAR) {
            if let Some(scored) = models.iter_mut().find(|scored| scored.owns(&row.model, &row.split)) {
                scored.corpora.push(row.group_value.clone());
            }
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
        let uar = |at: usize| models[at].uar().map_or(f64::NEG_INFINITY, |uar| uar.value);
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

    /// `true` if a model has several seeds, so that tables tell how many.
    pub(crate) fn has_seeds(&self) -> bool {
        self.models.iter().any(|scored| scored.seeds > 1)
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
fn trust(scored: &Scored) -> (u8, bool) {
    (scored.protocol.trust(), scored.uses_test_speakers)
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
            scored.is_made_like(leading),
            scored.baseline == leading.baseline,
            scored.support == leading.support,
            scored.standardisation == leading.standardisation,
        )
    };
    models
        .iter()
        .enumerate()
        .filter(|(_, scored)| scored.protocol.is_random())
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
    fn a_protocol_says_what_was_never_heard() {
        let told = |protocol: &str, held_out: Option<&str>| {
            let (protocol, held_out) = (Some(protocol.to_owned()), held_out.map(str::to_owned));
            let protocol = Protocol::of(&Model { protocol, held_out, ..Model::default() });
            (protocol.name.clone(), protocol.meaning.clone(), protocol.separates_speakers(), protocol.trust())
        };
        let owned =
            |(name, meaning): (&str, &str), separates, trust| (name.to_owned(), meaning.to_owned(), separates, trust);
        for (protocol, held_out, words, separates, trust) in [
            ("speaker-independent", None, ("speaker-independent", "no test speaker was trained on"), true, 0),
            (
                "speaker-independent",
                Some("speaker,sentence"),
                (
                    "speaker-independent and sentence-independent",
                    "neither test speakers nor their sentences were trained on",
                ),
                true,
                2,
            ),
            ("leave-one-out", Some("speaker"), ("leave one speaker out", "no test speaker was trained on"), true, 1),
            (
                "leave-one-out",
                Some("language"),
                ("leave one language out", "neither test speakers nor their language were trained on"),
                true,
                2,
            ),
            (
                "leave-one-out",
                Some("sentence"),
                ("leave one sentence out", "no test sentence was trained on; test speakers may have been"),
                false,
                3,
            ),
            (
                "leave-one-out",
                Some("age_years"),
                ("leave one age out", "no test age was trained on; test speakers may have been"),
                false,
                3,
            ),
            ("random", None, ("random split", "other clips of every test speaker were trained on"), false, 4),
            ("file", None, ("division of one’s own", "see the checks of the split for what it guarantees"), false, 3),
        ] {
            assert_eq!(told(protocol, held_out), owned(words, separates, trust));
        }
    }

    #[test]
    fn models_of_several_corpora_stand_by_the_mean_over_them() {
        let metric =
            |metric: &str, value: f64, row: SummaryMetric| SummaryMetric { metric: metric.into(), value, ..row };
        let summary = [
            metric("uar", 0.7, row("net", "si", 100)),
            metric("uar_over_corpora", 0.5, row("net", "si", 100)),
            metric("uar", 0.6, row("linear", "si", 100)),
            metric("uar_over_corpora", 0.6, row("linear", "si", 100)),
        ];
        let board = sorted(&summary, None).expect("models");
        let order: Vec<_> = board.models.iter().map(|scored| scored.model.as_str()).collect();
        assert_eq!(order, ["linear", "net"]);
        let net = board.main().expect("main");
        assert_eq!(
            (net.model.as_str(), net.uar().map(|uar| uar.value), net.is_over_corpora()),
            ("net", Some(0.5), true)
        );
        assert_eq!(net.metric("uar").map(|uar| uar.value), Some(0.7));
    }

    #[test]
    fn a_random_split_has_no_counterpart() {
        let board = sorted(&[row("net_rnd", "rnd", 9)], None).expect("models");
        assert!(board.main().expect("main").protocol.is_random());
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
