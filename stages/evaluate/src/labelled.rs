//! The rows of `adaptation`: what a few labelled clips of a test speaker add to a model that has never heard the speaker.
//!
//! Of each emotion of a speaker some clips are drawn, never more than three quarters. The model's answers to these, with their labels,
//! make an [`Adapter`], as `ser predict --enrol` makes one, and the speaker's other clips are scored with it. A draw of few clips is
//! part of one of more, and only clips that are in neither are scored, so figures of one, three and five are of the same clips. Draws
//! follow from the seed, the fold, the speaker and the ids of clips: every model is tried with the same ones.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use ser_schemas::{Adaptation, Family};

use crate::adaptation::Adapter;
use crate::by_corpus::ByCorpus;
use crate::calibration::most_probable;
use crate::figures::Resampling;
use crate::fold_answers::{FoldAnswer, FoldAnswers};
use crate::groups::Scored;
use crate::paired_uar::{Figure, OTHERS, Rights, figures};
use crate::sample::{Origin, Sample};
use crate::subject::Subject;

/// Labelled clips of each emotion that are tried, the most last.
const CLIPS: [usize; 3] = [1, 3, 5];
/// How often they are drawn.
const DRAWS: u32 = 20;

/// How often a clip was scored, and how often it was right, adapted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tries {
    scored: u32,
    right: u32,
}

/// A clip with its share of right answers, adapted and as the model gives them.
#[derive(Debug, Clone, Copy)]
struct Tried<'a> {
    origin: Origin<'a>,
    class: usize,
    corpus: usize,
    adapted: f64,
    own: f64,
}

/// The rows of every subject that can be adapted.
pub(crate) fn adapted(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<Adaptation> {
    let hearing = subjects.iter().filter(|subject| subject.about.family != Family::Constant);
    hearing.flat_map(|subject| Trial::new(subject, resampling).rows()).collect()
}

/// A subject with what it says of the clips of strangers.
struct Trial<'a> {
    subject: &'a Subject<'a>,
    scaled: bool,
    /// Of each clip of the subject.
    answers: Vec<FoldAnswer>,
    /// Places of the clips of each stranger of a fold, class by class, each class in the order of the clips' ids.
    strangers: Vec<BTreeMap<usize, Vec<usize>>>,
    resampling: Resampling,
}

impl<'a> Trial<'a> {
    fn new(subject: &'a Subject<'a>, resampling: Resampling) -> Self {
        let of_folds = FoldAnswers::of(subject);
        let answers = subject.clips.iter().map(|clip| of_folds.answer(clip)).collect();
        let mut strangers: BTreeMap<(u32, &str), BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
        for (at, clip) in subject.clips.iter().enumerate().filter(|(_, clip)| !clip.known_speaker) {
            let of = (clip.prediction.fold, clip.prediction.speaker.as_str());
            strangers.entry(of).or_default().entry(clip.truth).or_default().push(at);
        }
        let by_id = |places: &mut Vec<usize>| places.sort_by_key(|at| &subject.clips[*at].prediction.clip_id);
        strangers.values_mut().flat_map(BTreeMap::values_mut).for_each(by_id);
        Self { subject, scaled: of_folds.scaled, answers, strangers: strangers.into_values().collect(), resampling }
    }

    fn rows(&self) -> Vec<Adaptation> {
        let strangers: Vec<_> = self.strangers.par_iter().map(|clips| self.stranger(clips)).collect();
        let row = |(number, clips): (usize, usize)| {
            let (mut tries, mut labelled, mut having) = (BTreeMap::new(), 0_u32, 0_u32);
            for (own, count) in strangers.iter().filter_map(|of_stranger| of_stranger[number].as_ref()) {
                tries.extend(own);
                labelled += count;
                having += 1;
            }
            (having > 0).then(|| self.row(clips, f64::from(labelled) / f64::from(having), &tries))
        };
        CLIPS.into_iter().enumerate().filter_map(row).collect()
    }

    /// For each number of labelled clips, how the other clips of a stranger were answered, and how many were labelled; `None` where
    /// the stranger has too few of every class.
    fn stranger(&self, classes: &BTreeMap<usize, Vec<usize>>) -> [Option<(BTreeMap<usize, Tries>, u32)>; CLIPS.len()] {
        let mut found = CLIPS.map(|clips| {
            let labelled: usize = classes.values().map(|own| most(own).min(clips)).sum();
            classes.values().any(|own| most(own) >= clips).then(|| (BTreeMap::<_, Tries>::new(), labelled as u32))
        });
        let Some(first) = classes.values().flatten().next().map(|at| self.subject.clips[*at].prediction) else {
            return found;
        };
        for draw in 0..DRAWS {
            let seed = self.resampling.seed_of("labelled clips", &format!("{draw} {} {}", first.fold, first.speaker));
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            let mut shuffled = classes.clone();
            for own in shuffled.values_mut() {
                own.shuffle(&mut generator);
            }
            for (clips, tries) in CLIPS.iter().zip(&mut found) {
                let Some((tries, _)) = tries else { continue };
                let labelled = shuffled.values().flat_map(|own| &own[..most(own).min(*clips)]);
                let labelled: Vec<(&[f64], usize)> = labelled
                    .map(|at| (self.answers[*at].probabilities.as_slice(), self.subject.clips[*at].truth))
                    .collect();
                let adapter = Adapter::fit(&labelled);
                for at in shuffled.values().flat_map(|own| &own[most(own)..]) {
                    let said = most_probable(&adapter.adapted(&self.answers[*at].probabilities));
                    let tries = tries.entry(*at).or_default();
                    tries.scored += 1;
                    tries.right += u32::from(said == self.subject.clips[*at].truth);
                }
            }
        }
        found
    }

    fn row(&self, clips: usize, labelled: f64, tries: &BTreeMap<usize, Tries>) -> Adaptation {
        let about = self.subject.about;
        let of = |at: &usize| &self.subject.clips[*at];
        let classes = numbered(tries.keys().map(|at| of(at).truth));
        let corpora = numbered(tries.keys().map(|at| of(at).prediction.corpus.as_str()));
        let tried = |(at, tries): (&usize, &Tries)| {
            let clip: &Scored<'_> = of(at);
            Tried {
                origin: clip.origin(),
                class: classes[&clip.truth],
                corpus: corpora[clip.prediction.corpus.as_str()],
                adapted: f64::from(tries.right) / f64::from(tries.scored),
                own: f64::from(u8::from(self.answers[*at].predicted == clip.truth)),
            }
        };
        let tried: Vec<Tried<'_>> = tries.iter().map(tried).collect();
        // Of one class for all clips, the unweighted average recall is the accuracy.
        let [uar, accuracy] = [(classes.len(), false), (1, true)].map(|(classes, alike)| {
            [false, true].map(|turned| {
                let rights = tried.iter().map(|clip| {
                    let (first, second) = if turned { (clip.own, clip.adapted) } else { (clip.adapted, clip.own) };
                    let mut rights = [0.0; 1 + OTHERS];
                    rights[..2].copy_from_slice(&[first, second]);
                    (clip.origin, (clip.corpus, (if alike { 0 } else { clip.class }, rights)))
                });
                let none = ByCorpus::new(&Rights::new(classes), vec![1.0; corpora.len()].into());
                let sample = Sample::of(&none, rights);
                let draws = self.resampling.draws("adaptation", &about.split, &sample);
                let (value, [less, ..]) = figures(&sample, &draws);
                (value, less, sample.count())
            })
        });
        let speakers = uar[0].2 as u64;
        let ends = |(value, interval): Figure| {
            (value, interval.map(|interval| interval.low), interval.map(|interval| interval.high))
        };
        let told = |[(adapted, gain, _), (own, ..)]: [(Figure, Figure, usize); 2]| [adapted, own, gain].map(ends);
        let [uar, unadapted_uar, uar_gain] = told(uar);
        let [accuracy, unadapted_accuracy, accuracy_gain] = told(accuracy);
        Adaptation {
            model: about.model.clone(),
            split: about.split.clone(),
            scaled: self.scaled,
            clips: clips as u32,
            labelled,
            repetitions: DRAWS,
            uar: uar.0,
            uar_low: uar.1,
            uar_high: uar.2,
            unadapted_uar: unadapted_uar.0,
            unadapted_uar_low: unadapted_uar.1,
            unadapted_uar_high: unadapted_uar.2,
            uar_gain: uar_gain.0,
            uar_gain_low: uar_gain.1,
            uar_gain_high: uar_gain.2,
            accuracy: accuracy.0,
            accuracy_low: accuracy.1,
            accuracy_high: accuracy.2,
            unadapted_accuracy: unadapted_accuracy.0,
            unadapted_accuracy_low: unadapted_accuracy.1,
            unadapted_accuracy_high: unadapted_accuracy.2,
            accuracy_gain: accuracy_gain.0,
            accuracy_gain_low: accuracy_gain.1,
            accuracy_gain_high: accuracy_gain.2,
            support: tried.len() as u64,
            speakers,
        }
    }
}

/// How many clips of a class are labelled at most: of a quarter of them, and of one, the label is not told.
fn most(clips: &[usize]) -> usize {
    clips.len().saturating_sub(clips.len().div_ceil(4).max(1)).min(CLIPS[CLIPS.len() - 1])
}

/// Different values, each with its place in their order.
fn numbered<K: Ord>(values: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    values.collect::<BTreeSet<K>>().into_iter().zip(0..).collect()
}
