//! Linear models as an ONNX file.

use std::collections::BTreeSet;

use ser_onnx::{Dim, Element, File, Graph, Model, Value, dense, standardise};

use crate::model_file::LinearModel;
use crate::params::Standardise;
use crate::scaling::Scaling;

const BATCH: Dim = Dim::Any("batch");
/// The intercept of a class that no training clip had: its exponential is 0.
const NEVER: f32 = -1e9;

/// The mean of the probabilities of `models`, which have equal inputs, each with the hash of its file.
pub(crate) fn file(models: &[(LinearModel, String)]) -> File {
    let first = &models[0].0;
    let mut model = Model::default();
    let graph = &mut model.at("");
    let columns = [BATCH, Dim::Of(first.functional_names.len())];
    let about = "Functionals in the order of the metadata's `ser.functional_columns`, not standardised.";
    let functionals = graph.input("functionals", Element::Float, &columns, about);
    let speakers = (first.standardise == Standardise::Speaker).then(|| {
        ["mean", "sd"].map(|what| {
            let about = format!("The {what} of each functional over all recordings of the clip's speaker.");
            graph.input(&format!("speaker_functionals_{what}"), Element::Float, &columns, &about)
        })
    });
    let prior = first.speaker_prior();
    let share = (speakers.is_some() && prior.blends()).then(|| standardise::speaker_share(prior.clips(), graph));
    let names = corpora(models);
    let corpus = (first.standardise == Standardise::Corpus).then(|| standardise::corpus(names.len(), graph));
    let mut sum: Option<Value> = None;
    for (linear, _) in models {
        let place = if models.len() > 1 { format!("fold.{}", linear.fold) } else { String::new() };
        let graph = &mut model.at(place);
        let of_corpus = corpus.as_ref().map(|corpus| linear.of_corpus(corpus, &names, graph));
        let of_speaker = speakers.as_ref().map(|own| linear.of_speaker(own, share.as_ref(), graph));
        let probabilities = linear.graph(&functionals, of_speaker.as_ref().or(of_corpus.as_ref()), graph);
        sum = Some(match sum {
            None => probabilities,
            Some(sum) => model.at("").add(&sum, &probabilities),
        });
    }
    let graph = &mut model.at("");
    if let Some(sum) = sum {
        let count = graph.float(models.len() as f32);
        let mean = graph.div(&sum, &count);
        let about = "Probability of each class, in the order of the metadata's `ser.classes`.";
        graph.output("probabilities", &mean, &[BATCH, Dim::Of(first.classes.len())], about);
    }
    let about = "Emotions of recordings, from functionals of each. The metadata tell what computes them, or which file they came in.";
    model.finish(&first.model, about, env!("CARGO_PKG_VERSION"), metadata(first, models))
}

impl LinearModel {
    /// Mean and standard deviation of each clip's speaker: `own`, or `share` of it and the rest of the training clips.
    fn of_speaker(&self, own: &[Value; 2], share: Option<&Value>, graph: &mut Graph<'_>) -> [Value; 2] {
        let Some(share) = share else { return own.clone() };
        let row = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
        let Scaling { mean, sd } = &self.standardisation;
        standardise::blended(own, share, &row(mean), &row(sd), &mut graph.at("standardisation"))
    }

    /// Mean and standard deviation of each clip's corpus; where the model has none of it, those of its training clips.
    fn of_corpus(&self, corpus: &Value, names: &[&String], graph: &mut Graph<'_>) -> [Value; 2] {
        let known = names.iter().map(|name| self.corpora.get(*name).unwrap_or(&self.standardisation));
        let scalings: Vec<&Scaling> = known.chain([&self.standardisation]).collect();
        let row = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
        let mean: Vec<Vec<f32>> = scalings.iter().map(|scaling| row(&scaling.mean)).collect();
        let sd: Vec<Vec<f32>> = scalings.iter().map(|scaling| row(&scaling.sd)).collect();
        let place = &mut graph.at("standardisation");
        [standardise::chosen(&mean, corpus, "mean", place), standardise::chosen(&sd, corpus, "sd", place)]
    }

    /// `groups` are mean and standard deviation by which each clip is standardised; where there are none, by training
    /// clips.
    fn graph(&self, functionals: &Value, groups: Option<&[Value; 2]>, graph: &mut Graph<'_>) -> Value {
        let place = &mut graph.at("standardisation");
        let scaled = match groups {
            Some([mean, sd]) => standardise::by_values(functionals, mean, sd, place),
            None => standardise::by_constants(functionals, &self.standardisation.mean, &self.standardisation.sd, place),
        };
        let row = |functional: usize| self.weights.iter().map(move |class| class[functional] as f32);
        let weights: Vec<f32> = (0..self.functional_names.len()).flat_map(row).collect();
        let intercepts: Vec<f32> =
            self.intercepts.iter().map(|intercept| intercept.map_or(NEVER, |value| value as f32)).collect();
        let logits = dense(&scaled, &weights, &intercepts, &mut graph.at("classes"));
        graph.softmax(&logits, 1)
    }
}

/// The corpora that any of `models` has statistics of, in the order of their places.
fn corpora(models: &[(LinearModel, String)]) -> Vec<&String> {
    let names: BTreeSet<&String> = models.iter().flat_map(|(model, _)| model.corpora.keys()).collect();
    names.into_iter().collect()
}

fn metadata(first: &LinearModel, models: &[(LinearModel, String)]) -> Vec<(String, String)> {
    let json = |value: serde_json::Value| value.to_string();
    let fingerprints: Vec<&str> = models.iter().map(|(_, hash)| hash.as_str()).collect();
    let mut metadata = vec![
        ("ser.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("ser.model", first.model.clone()),
        ("ser.split", first.split.clone()),
        ("ser.folds", json(models.iter().map(|(model, _)| model.fold).collect())),
        ("ser.fingerprint", fingerprints.join(",")),
        ("ser.classes", json(first.classes.iter().map(|class| class.as_str()).collect())),
        ("ser.functional_columns", json(first.functional_names.iter().map(String::as_str).collect())),
        ("ser.standardise", word(first.standardise).to_owned()),
    ];
    if first.standardise == Standardise::Corpus {
        metadata.push(("ser.corpora", json(corpora(models).into_iter().map(String::as_str).collect())));
    }
    metadata.extend(first.feature_params.clone().map(|params| ("ser.features", json(params))));
    metadata.extend(first.sample_rate_hz.map(|rate| ("ser.sample_rate_hz", rate.to_string())));
    metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn word(standardise: Standardise) -> &'static str {
    match standardise {
        Standardise::Train => "train",
        Standardise::Corpus => "corpus",
        Standardise::Speaker => "speaker",
    }
}
