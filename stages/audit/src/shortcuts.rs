//! How far one number about the recording gives the corpus or the emotion away.
//!
//! Each measurement alone is made a classifier of the simplest kind that can use it in any shape: a histogram per
//! class. Its score on held-out clips, against what guessing gives, is what a network could get from it without hearing
//! any emotion.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Shortcut};

use crate::dataset::distinct;

/// Parts of the cross-validation. A class needs as many clips.
const FOLDS: usize = 5;
/// Bins of a measurement with more different values than this.
const BINS: usize = 10;

/// A measurement of a clip: the name of its column, and its value.
struct Measurement {
    name: &'static str,
    of: fn(&Clip) -> Option<f64>,
}

/// What is tried: the format, then what is measured of the audio.
const MEASUREMENTS: [Measurement; 10] = [
    Measurement { name: "sample_rate_hz", of: |clip| clip.sample_rate_hz.map(f64::from) },
    Measurement { name: "channels", of: |clip| clip.channels.map(f64::from) },
    Measurement { name: "bits_per_sample", of: |clip| clip.bits_per_sample.map(f64::from) },
    Measurement { name: "bandwidth_hz", of: |clip| clip.bandwidth_hz },
    Measurement { name: "leading_silence_s", of: |clip| clip.leading_silence_s },
    Measurement { name: "trailing_silence_s", of: |clip| clip.trailing_silence_s },
    Measurement { name: "peak_dbfs", of: |clip| clip.peak_dbfs },
    Measurement { name: "rms_dbfs", of: |clip| clip.rms_dbfs },
    Measurement { name: "clipped_fraction", of: |clip| clip.clipped_fraction },
    Measurement { name: "duration_s", of: |clip| clip.duration_s },
];

/// Every measurement as a predictor of the corpus, of the emotion in all corpora, and of the emotion within each
/// corpus.
///
/// There is no row where there is nothing to tell apart: a measurement with a single value, or fewer than two classes
/// of [five](FOLDS) clips and more. Clips are divided by their order of ids, so that the result does not depend on the
/// order of rows.
pub fn shortcuts(clips: &[Clip]) -> Vec<Shortcut> {
    let mut ordered: Vec<&Clip> = clips.iter().collect();
    ordered.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
    let corpora = distinct(ordered.iter().map(|clip| clip.corpus.as_str()));
    let emotion = |clip: &Clip| clip.emotion.map(|emotion| emotion.to_string());
    let mut rows = Vec::new();
    for measurement in &MEASUREMENTS {
        rows.extend(shortcut(measurement, "corpus", None, &ordered, |clip| Some(clip.corpus.clone())));
        rows.extend(shortcut(measurement, "emotion", None, &ordered, emotion));
        // Of a single corpus that would be the same row again.
        for corpus in corpora.iter().filter(|_| corpora.len() > 1) {
            let own: Vec<&Clip> = ordered.iter().copied().filter(|clip| clip.corpus == *corpus).collect();
            rows.extend(shortcut(measurement, "emotion", Some(corpus), &own, emotion));
        }
    }
    rows
}

fn shortcut(
    measurement: &Measurement,
    target: &str,
    corpus: Option<&str>,
    clips: &[&Clip],
    class: impl Fn(&Clip) -> Option<String>,
) -> Option<Shortcut> {
    let measured = clips.iter().filter_map(|clip| {
        let value = (measurement.of)(clip).filter(|value| value.is_finite())?;
        Some((class(clip)?, value))
    });
    let mut by_class: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (class, value) in measured {
        by_class.entry(class).or_default().push(value);
    }
    by_class.retain(|_, values| values.len() >= FOLDS);
    let classes: Vec<Vec<f64>> = by_class.into_values().collect();
    let first = *classes.first()?.first()?;
    if classes.len() < 2 || classes.iter().flatten().all(|value| *value == first) {
        return None;
    }
    let balanced_accuracy = balanced_accuracy(&classes);
    let chance = 1.0 / classes.len() as f64;
    Some(Shortcut {
        measurement: measurement.name.to_owned(),
        target: target.to_owned(),
        corpus: corpus.map(str::to_owned),
        clips: classes.iter().map(Vec::len).sum::<usize>() as u64,
        classes: classes.len() as u64,
        balanced_accuracy,
        chance,
        skill: (balanced_accuracy - chance) / (1.0 - chance),
    })
}

/// Mean over classes of the share of values that go to their own class when held out. The value at position `i` of a
/// class is held out in fold `i % FOLDS`.
pub(crate) fn balanced_accuracy(classes: &[Vec<f64>]) -> f64 {
    let mut right = vec![0_usize; classes.len()];
    for fold in 0..FOLDS {
        let held_out = |position: usize| position % FOLDS == fold;
        let training: Vec<Vec<f64>> = classes
            .iter()
            .map(|values| values.iter().enumerate().filter(|(at, _)| !held_out(*at)).map(|(_, value)| *value).collect())
            .collect();
        let histogram = Histogram::fit(&training);
        for (class, values) in classes.iter().enumerate() {
            let tested = values.iter().enumerate().filter(|(at, _)| held_out(*at));
            right[class] += tested.filter(|(_, value)| histogram.predict(**value) == class).count();
        }
    }
    let recalls = right.iter().zip(classes).map(|(right, values)| *right as f64 / values.len().max(1) as f64);
    recalls.sum::<f64>() / classes.len().max(1) as f64
}

/// A naive Bayes classifier on one binned number, with classes equally likely beforehand.
struct Histogram {
    /// Lower edges of all bins but the first.
    edges: Vec<f64>,
    /// The most probable class in each bin.
    decisions: Vec<usize>,
}

impl Histogram {
    fn fit(training: &[Vec<f64>]) -> Self {
        let mut values: Vec<f64> = training.iter().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        let edges = edges(&values);
        let bins = edges.len() + 1;
        let mut best = vec![(0.0_f64, 0_usize); bins];
        for (class, values) in training.iter().enumerate() {
            let mut counts = vec![0_usize; bins];
            for value in values {
                counts[bin(&edges, *value)] += 1;
            }
            for (best, count) in best.iter_mut().zip(counts) {
                // One clip more in every bin: Laplace's rule keeps an empty bin from being impossible.
                let likelihood = (count + 1) as f64 / (values.len() + bins) as f64;
                if likelihood > best.0 {
                    *best = (likelihood, class);
                }
            }
        }
        Self { edges, decisions: best.into_iter().map(|(_, class)| class).collect() }
    }

    fn predict(&self, value: f64) -> usize {
        self.decisions[bin(&self.edges, value)]
    }
}

fn bin(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge <= value)
}

/// Edges between bins of `sorted` values: each different value but the smallest where they are few, else the inner
/// deciles.
fn edges(sorted: &[f64]) -> Vec<f64> {
    let mut different = sorted.to_vec();
    different.dedup();
    if different.len() <= BINS {
        return different.split_off(1.min(different.len()));
    }
    let mut edges: Vec<f64> = (1..BINS).map(|decile| quantile(sorted, decile as f64 / BINS as f64)).collect();
    edges.dedup();
    edges
}

/// Linear interpolation between order statistics, as NumPy's default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use ser_schemas::Emotion;

    use super::*;

    fn clip(number: usize, corpus: &str, emotion: Emotion, rms_dbfs: f64, rate: u32) -> Clip {
        let mut clip = Clip::found(format!("{corpus}/{number:03}"), corpus.into(), "path".into(), 1);
        clip.emotion = Some(emotion);
        clip.rms_dbfs = Some(rms_dbfs);
        clip.sample_rate_hz = Some(rate);
        clip
    }

    fn row<'a>(rows: &'a [Shortcut], measurement: &str, target: &str, corpus: Option<&str>) -> Option<&'a Shortcut> {
        rows.iter()
            .find(|row| row.measurement == measurement && row.target == target && row.corpus.as_deref() == corpus)
    }

    /// Two corpora at two rates; in `a` the level tells the emotion, in `b` it does not.
    fn clips() -> Vec<Clip> {
        let mut clips = Vec::new();
        for number in 0..100 {
            let emotion = if number % 2 == 0 { Emotion::ANGRY } else { Emotion::SAD };
            let level = if emotion == Emotion::ANGRY { -10.0 } else { -30.0 } - (number % 7) as f64;
            clips.push(clip(number, "a", emotion, level, 48_000));
            // 2 and 37 have no common divisor with what the emotion goes by.
            clips.push(clip(number, "b", emotion, -20.0 - ((number / 2 * 37) % 50) as f64 / 10.0, 16_000));
        }
        clips
    }

    #[test]
    fn a_planted_shortcut_is_always_right_and_another_measurement_guesses() {
        let rows = shortcuts(&clips());
        let rate = row(&rows, "sample_rate_hz", "corpus", None).expect("there are two rates");
        assert_eq!((rate.balanced_accuracy, rate.chance, rate.skill), (1.0, 0.5, 1.0));
        assert_eq!((rate.clips, rate.classes), (200, 2));
        let level = row(&rows, "rms_dbfs", "emotion", Some("a")).expect("levels differ");
        assert_eq!(level.balanced_accuracy, 1.0);
        let level = row(&rows, "rms_dbfs", "emotion", Some("b")).expect("levels differ");
        assert!(level.skill.abs() < 0.25, "{level:?}");
        assert_eq!(row(&rows, "sample_rate_hz", "emotion", Some("a")), None, "one rate tells nothing");
        assert_eq!(row(&rows, "bandwidth_hz", "corpus", None), None, "not measured");
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_small_classes_are_left_out() {
        let mut shuffled = clips();
        shuffled.reverse();
        assert_eq!(shortcuts(&shuffled), shortcuts(&clips()));
        let mut few = clips();
        few.extend((0..4).map(|number| clip(number, "c", Emotion::CALM, -90.0, 8_000)));
        let rows = shortcuts(&few);
        assert_eq!(row(&rows, "sample_rate_hz", "corpus", None).map(|row| row.classes), Some(2));
        assert_eq!(shortcuts(&[]), []);
    }

    #[test]
    fn few_values_have_a_bin_each_and_many_share_ten() {
        assert_eq!(edges(&[8.0, 8.0, 16.0, 48.0]), [16.0, 48.0]);
        assert_eq!([4.0, 8.0, 15.9, 16.0, 96.0].map(|value| bin(&[16.0, 48.0], value)), [0, 0, 0, 1, 2]);
        let many: Vec<f64> = (0..101).map(f64::from).collect();
        let deciles = edges(&many);
        assert_eq!(deciles.len(), 9);
        assert!(deciles.iter().zip(1..).all(|(edge, decile)| (edge - 10.0 * f64::from(decile)).abs() < 1e-9));
        assert_eq!(edges(&[]), Vec::<f64>::new());
    }
}
