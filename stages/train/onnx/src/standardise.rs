//! Bringing columns to mean 0 and standard deviation 1.

use crate::frames::Frames;
use crate::graph::{Dim, Element, Graph, Value};

/// Standardised values beyond this are cut off.
const LIMIT: f32 = 10.0;
/// Deviations below this share of the mean are rounding.
const ROUNDING: f32 = 1e-6;

/// `x` (.., columns) by `mean` and `sd` of each column; a column whose `sd` is 0 becomes 0.
pub fn by_constants(x: &Value, mean: &[f64], sd: &[f64], graph: &mut Graph<'_>) -> Value {
    // A mean in two parts loses none of its digits to single precision.
    let high: Vec<f32> = mean.iter().map(|mean| *mean as f32).collect();
    let low: Vec<f32> = mean.iter().zip(&high).map(|(mean, high)| (mean - f64::from(*high)) as f32).collect();
    let inverse: Vec<f32> = sd.iter().map(|sd| if *sd > 0.0 { (1.0 / sd) as f32 } else { 0.0 }).collect();
    let mean = graph.weights("mean", &[high.len()], &high);
    let mut centred = graph.sub(x, &mean);
    if low.iter().any(|low| *low != 0.0) {
        let low = graph.weights("mean_low", &[low.len()], &low);
        centred = graph.sub(&centred, &low);
    }
    let inverse = graph.weights("inverse_sd", &[inverse.len()], &inverse);
    let scaled = graph.mul(&centred, &inverse);
    graph.clip(&scaled, LIMIT)
}

/// `x` by values of the graph that broadcast with it; where `sd` is 0 it becomes 0.
pub fn by_values(x: &Value, mean: &Value, sd: &Value, graph: &mut Graph<'_>) -> Value {
    let zero = graph.float(0.0);
    let varies = graph.node("Greater", &[sd, &zero], &[]);
    let inverse = graph.apply("Reciprocal", sd);
    let inverse = graph.choose(&varies, &inverse, &zero);
    let centred = graph.sub(x, mean);
    let scaled = graph.mul(&centred, &inverse);
    graph.clip(&scaled, LIMIT)
}

/// The share (batch, 1) of a speaker's own statistics beside those of the training clips, which count as `prior_clips` further
/// clips, above 0; from the input `speaker_clips` (batch) of a model that blends them.
pub fn speaker_share(prior_clips: f64, graph: &mut Graph<'_>) -> Value {
    let about = format!(
        "How many recordings the statistics of the clip's speaker are over, at least 0. They are blended with those of the training clips, which count as {prior_clips} more."
    );
    let clips = graph.input("speaker_clips", Element::Int64, &[Dim::Any("batch")], &about);
    let clips = graph.to_float(&clips);
    let prior = graph.float(prior_clips as f32);
    let all = graph.add(&clips, &prior);
    let share = graph.div(&clips, &all);
    graph.unsqueeze(&share, &[1])
}

/// Mean and standard deviation (batch, columns) of which `share` is a speaker's `own`, and the rest the training clips': means
/// and variances blended, each by itself.
pub fn blended(
    own: &[Value; 2],
    share: &Value,
    training_mean: &[f32],
    training_sd: &[f32],
    graph: &mut Graph<'_>,
) -> [Value; 2] {
    let one = graph.float(1.0);
    let rest = graph.sub(&one, share);
    let mix = |own: &Value, training: &Value, graph: &mut Graph<'_>| {
        let own = graph.mul(own, share);
        let training = graph.mul(training, &rest);
        graph.add(&own, &training)
    };
    let [mean, sd] = own;
    let training_mean = graph.weights("mean", &[training_mean.len()], training_mean);
    let training_variance: Vec<f32> = training_sd.iter().map(|sd| sd * sd).collect();
    let training_variance = graph.weights("variance", &[training_variance.len()], &training_variance);
    let variance = graph.mul(sd, sd);
    let variance = mix(&variance, &training_variance, graph);
    [mix(mean, &training_mean, graph), graph.apply("Sqrt", &variance)]
}

/// The input `corpus` (batch) of a model that knows statistics of corpora: the place of each clip's among `known` names.
pub fn corpus(known: usize, graph: &mut Graph<'_>) -> Value {
    let about = format!(
        "The corpus of each clip, by its place in the metadata's `ser.corpora`, from 0; {known} is any other, which is standardised by all training clips."
    );
    graph.input("corpus", Element::Int64, &[Dim::Any("batch")], &about)
}

/// A row of `rows` for each clip, which `at` (batch) counts from 0: (batch, columns). They are kept as `name`.
pub fn chosen(rows: &[Vec<f32>], at: &Value, name: &str, graph: &mut Graph<'_>) -> Value {
    let width = rows.first().map_or(0, Vec::len);
    let rows = graph.weights(name, &[rows.len(), width], &rows.concat());
    graph.node("Gather", &[&rows, at], &[])
}

/// Each clip's frames by their own mean and standard deviation.
pub fn by_clip(x: &Frames, graph: &mut Graph<'_>) -> Value {
    // Around the first frame, so that a column that never varies has a deviation of exactly 0.
    let first = graph.slice(&x.values, 1, 0, 1);
    let from_first = graph.sub(&x.values, &first);
    let mean = x.with(from_first.clone()).mean(graph);
    let mean = graph.unsqueeze(&mean, &[1]);
    let deviation = graph.sub(&from_first, &mean);
    let squares = graph.mul(&deviation, &deviation);
    let variance = x.with(squares).mean(graph);
    let sd = graph.apply("Sqrt", &variance);
    let sd = graph.unsqueeze(&sd, &[1]);
    let whole = graph.add(&first, &mean);
    let (size, rounding, zero) = (graph.apply("Abs", &whole), graph.float(ROUNDING), graph.float(0.0));
    let least = graph.mul(&size, &rounding);
    let varies = graph.node("Greater", &[&sd, &least], &[]);
    let sd = graph.choose(&varies, &sd, &zero);
    by_values(&from_first, &mean, &sd, graph)
}
