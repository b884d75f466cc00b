//! How many clips a model answers for, and how well, where it is asked to be sure: rows of `coverage`.
//!
//! Thresholds are of the one answer of a fold ([`fold_answers`](crate::fold_answers)). Where clips are left out, the sample is that
//! of the clips that remain, of the speakers who have some.

use rayon::prelude::*;

use ser_schemas::Coverage;

use crate::bootstrap::intervals;
use crate::confusion::Confusion;
use crate::figures::Resampling;
use crate::fold_answers::{FoldAnswer, FoldAnswers};
use crate::groups::Scored;
use crate::interval::FEW;
use crate::metrics::Scores;
use crate::sample::{Origin, Sample};
use crate::subject::Subject;

/// Thresholds are multiples of one over this, below 1.
const THRESHOLDS: u32 = 20;

/// What a model says of a clip in the end.
struct Answer<'a> {
    origin: Origin<'a>,
    truth: usize,
    predicted: usize,
    /// Probability of what is predicted.
    confidence: f64,
}

/// The rows of every subject.
pub(crate) fn coverage(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<Coverage> {
    subjects.iter().flat_map(|subject| of_subject(subject, resampling)).collect()
}

fn of_subject(subject: &Subject<'_>, resampling: Resampling) -> Vec<Coverage> {
    let of_folds = FoldAnswers::of(subject);
    let answers: Vec<Answer<'_>> = subject.clips.iter().map(|clip| answer(&of_folds, clip)).collect();
    let row = |step: u32| row(subject, &answers, f64::from(step) / f64::from(THRESHOLDS), resampling);
    let rows = (0..THRESHOLDS).into_par_iter().map(row);
    rows.map(|row| Coverage { scaled: of_folds.scaled, ..row }).collect()
}

fn answer<'a>(of_folds: &FoldAnswers, clip: &'a Scored<'_>) -> Answer<'a> {
    let FoldAnswer { probabilities, predicted } = of_folds.answer(clip);
    let confidence = probabilities.iter().copied().fold(0.0, f64::max);
    Answer { origin: clip.origin(), truth: clip.truth, predicted, confidence }
}

fn row(subject: &Subject<'_>, answers: &[Answer<'_>], threshold: f64, resampling: Resampling) -> Coverage {
    let is_answered = |answer: &&Answer<'_>| answer.confidence >= threshold;
    let classes = Confusion::new(subject.classes.len());
    let answered = answers.iter().filter(is_answered);
    let sample = Sample::of(&classes, answered.map(|answer| (answer.origin, (answer.truth, answer.predicted))));
    let scores = (sample.all.total() > 0).then(|| Scores::of(&sample.all));
    // A clip of which something is said is got right, as far as coverage goes.
    let said = answers.iter().map(|answer| (answer.origin, (1, usize::from(is_answered(&answer)))));
    let all = Sample::of(&Confusion::new(2), said);
    // The same draws at every threshold.
    let of = |sample: &Sample<Confusion>| intervals(sample, &resampling.draws("coverage", "all", sample));
    // Of a few clips that are answered, or are not, speakers do not tell how they vary.
    let (answered, clips) = (sample.all.total(), all.all.total());
    let share = of(&all).filter(|_| answered.min(clips.saturating_sub(answered)) as f64 >= FEW);
    let found = of(&sample);
    let right = sample.all.correct();
    let wrong = answered.saturating_sub(right);
    let accuracy = found.as_ref().map(|found| found.accuracy).filter(|_| right.min(wrong) as f64 >= FEW);
    // A class of which hardly a clip is answered would decide on the mean over classes by chance.
    let fewest = (0..subject.classes.len()).map(|class| sample.all.support(class)).filter(|clips| *clips > 0).min();
    let uar = found.as_ref().map(|found| found.uar).filter(|_| fewest.is_some_and(|clips| clips as f64 >= FEW));
    Coverage {
        model: subject.about.model.clone(),
        split: subject.about.split.clone(),
        scaled: false,
        threshold,
        clips: sample.all.total(),
        speakers: sample.count() as u64,
        coverage: Scores::of(&all.all).accuracy,
        coverage_low: share.as_ref().map(|share| share.accuracy.low),
        coverage_high: share.as_ref().map(|share| share.accuracy.high),
        accuracy: scores.as_ref().map(|scores| scores.accuracy),
        accuracy_low: accuracy.map(|interval| interval.low),
        accuracy_high: accuracy.map(|interval| interval.high),
        uar: scores.as_ref().map(|scores| scores.uar),
        uar_low: uar.map(|interval| interval.low),
        uar_high: uar.map(|interval| interval.high),
    }
}
