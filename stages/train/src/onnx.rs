//! A trained model as an ONNX file: standardisation, network, probabilities, and what makes its inputs.

use std::collections::BTreeSet;

use ser_onnx::{Dim, Element, File, Frames, Graph, Model, Value, standardise};

use crate::data::{Scaling, Scalings};
use crate::model_file::ModelConfig;
use crate::networks::{GraphInput, Hears, Network};
use crate::params::Standardise;

const BATCH: Dim = Dim::Any("batch");

/// What comes in, as the tables hold it.
struct Raw {
    frames: Frames,
    functionals: Option<Value>,
    /// Of whoever speaks in each clip, for a model standardised per speaker.
    speakers: Option<Speakers>,
    /// Each clip's corpus, for a model standardised per corpus: its place among the names, which none is behind the
    /// last.
    corpus: Option<(Value, Vec<String>)>,
}

/// Mean and standard deviation of each column.
struct Speakers {
    /// None of a waveform, which is standardised by clip.
    frames: Option<[Value; 2]>,
    functionals: Option<[Value; 2]>,
    /// How much of each clip's is its speaker's own; `None` for all of it.
    share: Option<Value>,
}

/// The file of networks that have equal inputs; several give the mean of their probabilities.
pub(crate) fn file(models: &[(ModelConfig, Network)]) -> File {
    let first = &models[0].0;
    let mut model = Model::default();
    let corpora = corpora(models.iter().map(|(config, _)| config));
    let raw = Raw::new(first, &corpora, &mut model.at(""));
    let mut sum: Option<Value> = None;
    for (at, (config, network)) in models.iter().enumerate() {
        let of_fold = |models: &[(ModelConfig, Network)]| models.iter().filter(|one| one.0.fold == config.fold).count();
        // With one network, initialisers are called as the parameters are.
        let place = match (models.len(), of_fold(models)) {
            (1, _) => String::new(),
            (_, 1) => format!("fold.{}", config.fold),
            _ => format!("fold.{}.seed.{}", config.fold, of_fold(&models[..at])),
        };
        let graph = &mut model.at(place);
        let input = raw.standardised(config, graph);
        let logits = network.graph(&input, graph);
        let probabilities = graph.softmax(&logits, 1);
        sum = Some(match sum {
            None => probabilities,
            Some(sum) => graph.add(&sum, &probabilities),
        });
    }
    let mut graph = model.at("");
    if let Some(mut probabilities) = sum {
        if models.len() > 1 {
            let count = graph.float(models.len() as f32);
            probabilities = graph.div(&probabilities, &count);
        }
        let about = "Probability of each class, in the order of the metadata's `ser.classes`.";
        graph.output("probabilities", &probabilities, &[BATCH, Dim::Of(first.classes.len())], about);
    }
    let configs: Vec<&ModelConfig> = models.iter().map(|(config, _)| config).collect();
    model.finish(&first.model, &about(first), env!("CARGO_PKG_VERSION"), metadata(first, &configs))
}

impl Raw {
    fn new(config: &ModelConfig, corpora: &[String], graph: &mut Graph<'_>) -> Self {
        let (width, functionals) = (config.network.width, config.network.functionals);
        let about = "Frame features in the order of the metadata's `ser.frame_columns`, not standardised; clips shorter than \
                     the longest are followed by any numbers.";
        let frames = graph.input("frames", Element::Float, &[BATCH, Dim::Any("time"), Dim::Of(width)], about);
        let about = "Number of frames of each clip, at least 1.";
        let lens = graph.input("lengths", Element::Int64, &[BATCH], about);
        let mut columns =
            |name: &str, width: usize, about: &str| graph.input(name, Element::Float, &[BATCH, Dim::Of(width)], about);
        let has_functionals = functionals > 0;
        let of_clip = has_functionals.then(|| {
            let about = "Functionals in the order of the metadata's `ser.functional_columns`, not standardised.";
            columns("functionals", functionals, about)
        });
        let speakers = (config.params.standardise == Standardise::Speaker).then(|| {
            let mut both = |of: &str, width: usize| {
                ["mean", "sd"].map(|what| {
                    let about = format!(
                        "The {what} of each column of `{of}` over all recordings of the clip's speaker; a column whose sd \
                         is 0 is taken for 0."
                    );
                    columns(&format!("speaker_{of}_{what}"), width, &about)
                })
            };
            let frames = (hears(config) != Hears::Waveform).then(|| both("frames", width));
            (frames, has_functionals.then(|| both("functionals", functionals)))
        });
        let speakers = speakers.map(|(frames, functionals)| {
            let prior = config.params.speaker_prior();
            let share = prior.blends().then(|| standardise::speaker_share(prior.clips(), graph));
            Speakers { frames, functionals, share }
        });
        let corpus = (config.params.standardise == Standardise::Corpus)
            .then(|| (standardise::corpus(corpora.len(), graph), corpora.to_vec()));
        Self { frames: Frames::new(frames, lens, graph), functionals: of_clip, speakers, corpus }
    }

    /// As the model of `config` wants it.
    fn standardised(&self, config: &ModelConfig, graph: &mut Graph<'_>) -> GraphInput {
        let Scalings { frames, functionals } = &config.standardisation;
        let raw = &self.frames.values;
        let graph = &mut graph.at("standardisation");
        let of_corpus = if hears(config) == Hears::Waveform {
            None
        } else {
            self.of_corpus(config, |scalings| &scalings.frames, &mut graph.at("frames"))
        };
        let of_speaker = self.of_speaker(|speakers| &speakers.frames, frames, &mut graph.at("frames"));
        let of_group = of_speaker.or(of_corpus);
        let scaled = match (config.params.standardise, of_group) {
            (Standardise::None, _) => raw.clone(),
            _ if hears(config) == Hears::Waveform => {
                let samples = self.frames.unrolled(config.network.width, graph);
                let scaled = standardise::by_clip(&samples, &mut graph.at("frames"));
                graph.reshape(&scaled, &[0, -1, config.network.width as i64])
            }
            (Standardise::Clip, _) => standardise::by_clip(&self.frames, &mut graph.at("frames")),
            (_, Some(of_group)) => {
                let [mean, sd] = of_group.map(|of| graph.unsqueeze(&of, &[1]));
                standardise::by_values(raw, &mean, &sd, &mut graph.at("frames"))
            }
            (_, None) => by_training_clips(raw, frames, &mut graph.at("frames")),
        };
        // Whatever number padding was, it now is one.
        let frames = self.frames.with(scaled);
        let frames = frames.with(frames.masked(graph));
        let functionals = self.functionals.as_ref().map(|raw| {
            let of_corpus = self.of_corpus(config, |scalings| &scalings.functionals, &mut graph.at("functionals"));
            let place = &mut graph.at("functionals");
            let of_speaker = self.of_speaker(|speakers| &speakers.functionals, functionals, place);
            let of_group = of_speaker.or(of_corpus);
            match (config.params.standardise, of_group) {
                (Standardise::None, _) => raw.clone(),
                (_, Some([mean, sd])) => standardise::by_values(raw, &mean, &sd, &mut graph.at("functionals")),
                (_, None) => by_training_clips(raw, functionals, &mut graph.at("functionals")),
            }
        });
        GraphInput { frames, functionals }
    }

    /// Mean and standard deviation of each clip's speaker, of a model standardised so, blended with those of the
    /// `training` clips where the model does that.
    fn of_speaker(
        &self,
        own: impl Fn(&Speakers) -> &Option<[Value; 2]>,
        training: &Scaling,
        graph: &mut Graph<'_>,
    ) -> Option<[Value; 2]> {
        let speakers = self.speakers.as_ref()?;
        let own = own(speakers).as_ref()?;
        let Some(share) = &speakers.share else { return Some(own.clone()) };
        Some(standardise::blended(own, share, &training.mean, &training.sd, graph))
    }

    /// Mean and standard deviation of each clip's corpus, of a model standardised so; where the model has none of it,
    /// those of its training clips.
    fn of_corpus(
        &self,
        config: &ModelConfig,
        of: impl Fn(&Scalings) -> &Scaling,
        graph: &mut Graph<'_>,
    ) -> Option<[Value; 2]> {
        let (corpus, names) = self.corpus.as_ref()?;
        let known = names.iter().map(|name| config.corpora.get(name).unwrap_or(&config.standardisation));
        let scalings: Vec<&Scaling> = known.chain([&config.standardisation]).map(of).collect();
        let rows = |value: fn(&Scaling) -> &Vec<f32>| scalings.iter().map(|scaling| value(scaling).clone()).collect();
        let (mean, sd): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (rows(|scaling| &scaling.mean), rows(|scaling| &scaling.sd));
        Some([standardise::chosen(&mean, corpus, "mean", graph), standardise::chosen(&sd, corpus, "sd", graph)])
    }
}

/// The corpora that any of the folds has statistics of, in the order of their places.
fn corpora<'a>(configs: impl Iterator<Item = &'a ModelConfig>) -> Vec<String> {
    let names: BTreeSet<&String> = configs.flat_map(|config| config.corpora.keys()).collect();
    names.into_iter().cloned().collect()
}

fn hears(config: &ModelConfig) -> Hears {
    config.params.model.architecture().hears()
}

fn by_training_clips(x: &Value, scaling: &Scaling, graph: &mut Graph<'_>) -> Value {
    let double = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<f64>>();
    standardise::by_constants(x, &double(&scaling.mean), &double(&scaling.sd), graph)
}

/// For whoever opens the file.
fn about(config: &ModelConfig) -> String {
    let about = "Emotions of recordings, from frame features of each. The metadata tell what computes the features, or which \
                 file they came in.";
    match config.params.max_frames {
        0 => about.to_owned(),
        most => format!(
            "{about} The model hears at most {most} frames at once: of a longer clip, give it windows of that length that \
             overlap by at least half, and take the mean of their probabilities."
        ),
    }
}

fn metadata(first: &ModelConfig, networks: &[&ModelConfig]) -> Vec<(String, String)> {
    let columns: Vec<&String> = first.columns.iter().filter_map(|column| first.features.names.get(*column)).collect();
    let fingerprints = networks.iter().map(|config| config.fingerprint()).collect::<Vec<_>>().join(",");
    let json = |value: serde_json::Value| value.to_string();
    let corpora = corpora(networks.iter().copied());
    let corpora = (first.params.standardise == Standardise::Corpus).then(|| ("ser.corpora", json(corpora.into())));
    // Neither is known of imported features.
    let times = [("ser.sample_rate_hz", f64::from(first.features.sample_rate_hz)), ("ser.hop_s", first.features.hop_s)];
    let times = times.into_iter().filter(|(_, value)| *value > 0.0).map(|(key, value)| (key, value.to_string()));
    [
        ("ser.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("ser.model", first.model.clone()),
        ("ser.split", first.split.clone()),
        ("ser.folds", json(networks.iter().map(|config| config.fold).collect())),
        ("ser.fingerprint", fingerprints),
        ("ser.classes", json(first.classes.iter().map(|class| class.as_str()).collect())),
        ("ser.frame_columns", json(columns.into_iter().map(String::as_str).collect())),
        ("ser.functional_columns", json(first.functional_names.iter().map(String::as_str).collect())),
        ("ser.features", json(first.features.params.clone())),
        ("ser.standardise", crate::words::word(first.params.standardise)),
        ("ser.max_frames", first.params.max_frames.to_string()),
    ]
    .into_iter()
    .chain(times)
    .chain(corpora)
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
