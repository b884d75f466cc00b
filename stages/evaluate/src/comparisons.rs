//! The rows of `comparisons`: models of one split against each other, and one recipe under two protocols.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use ser_schemas::{Comparison, ComparisonKind, ComparisonTest, Emotion};

use crate::compare::{Pair, differences, holm, mcnemar_mid_p, speaker_permutation};
use crate::figures::Resampling;
use crate::groups::Scored;
use crate::sample::{Origin, Sample};
use crate::subject::Subject;

/// Compares all models of each split in pairs, and every recipe that was trained under a random and a speaker-independent
/// protocol with itself. Pairs without a common clip are left out.
pub(crate) fn compare(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<Comparison> {
    let mut pairs = Vec::new();
    for (number, a) in subjects.iter().enumerate() {
        for b in &subjects[number + 1..] {
            if a.about.split == b.about.split {
                pairs.push((ComparisonKind::Paired, a, b));
            }
        }
    }
    for a in subjects.iter().filter(|subject| subject.protocol() == "random") {
        let apart = subjects.iter().filter(|subject| subject.protocol() == "speaker-independent");
        let same = apart.filter(|b| b.about.recipe == a.about.recipe);
        pairs.extend(same.map(|b| (ComparisonKind::ProtocolGap, a, b)));
    }
    let mut rows: Vec<Comparison> =
        pairs.par_iter().flat_map_iter(|(kind, a, b)| compare_two(*kind, a, b, resampling)).collect();
    adjust(&mut rows);
    rows
}

fn compare_two(kind: ComparisonKind, a: &Subject<'_>, b: &Subject<'_>, resampling: Resampling) -> Vec<Comparison> {
    let others: HashMap<&str, &Scored<'_>> =
        b.clips.iter().map(|clip| (clip.prediction.clip_id.as_str(), clip)).collect();
    let (mut a_only, mut b_only) = (0, 0);
    let mut answers = Vec::new();
    for clip in &a.clips {
        let Some(other) = others.get(clip.prediction.clip_id.as_str()) else { continue };
        let (truth, right) =
            (clip.prediction.emotion, |clip: &Scored<'_>| clip.prediction.predicted == clip.prediction.emotion);
        let (a_right, b_right) = (right(clip), right(other));
        // A speaker whom one of the two does not know is a stranger to their difference.
        let origin = Origin { known: clip.known_speaker && other.known_speaker, ..clip.origin() };
        answers.push((origin, truth, a_right, b_right));
        a_only += u64::from(a_right && !b_right);
        b_only += u64::from(b_right && !a_right);
    }
    if answers.is_empty() {
        return Vec::new();
    }
    let support = answers.len() as u64;
    let classes: BTreeSet<Emotion> = answers.iter().map(|(_, truth, ..)| *truth).collect();
    let numbers: BTreeMap<Emotion, usize> = classes.into_iter().zip(0..).collect();
    let answers = answers.into_iter().map(|(origin, truth, a, b)| (origin, (numbers[&truth], a, b)));
    let sample = Sample::of(&Pair::new(numbers.len()), answers);
    // All pairs of a split are resampled with the same draws.
    let [uar, accuracy] = differences(&sample, &resampling.draws("comparison", &a.about.split, &sample));
    let speakers: Vec<&Pair> = sample.speakers().collect();
    let permutation = speaker_permutation(&speakers, resampling.seed_of("permutation", &a.about.split));
    let each = [
        ("uar", uar, ComparisonTest::SpeakerPermutation, permutation),
        ("accuracy", accuracy, ComparisonTest::McnemarMidP, Some(mcnemar_mid_p(a_only, b_only))),
    ];
    each.into_iter()
        .map(|(metric, difference, test, p_value)| Comparison {
            kind,
            model_a: a.about.model.clone(),
            split_a: a.about.split.clone(),
            model_b: b.about.model.clone(),
            split_b: b.about.split.clone(),
            metric: metric.to_owned(),
            value_a: difference.first,
            value_b: difference.second,
            value: difference.first - difference.second,
            low: difference.interval.map(|interval| interval.low),
            high: difference.interval.map(|interval| interval.high),
            test,
            p_value,
            p_adjusted: None,
            support,
            speakers: speakers.len() as u64,
        })
        .collect()
}

/// Holm's correction within each family: comparisons of one kind on one split by one test.
fn adjust(rows: &mut [Comparison]) {
    let mut families: BTreeMap<(&str, String, &str), Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.p_value.is_some()) {
        families.entry((row.kind.as_str(), row.split_a.clone(), row.test.as_str())).or_default().push(at);
    }
    for members in families.into_values() {
        let p_values: Vec<f64> = members.iter().filter_map(|at| rows[*at].p_value).collect();
        for (at, adjusted) in members.into_iter().zip(holm(&p_values)) {
            rows[at].p_adjusted = Some(adjusted);
        }
    }
}
