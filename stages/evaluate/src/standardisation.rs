//! The rows of `standardisation_limits`: models that are standardised per speaker, with few and unbalanced clips of a
//! speaker.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use ser_schemas::{Standardisation, StandardisationLimit, StandardisationTrial, Statistics};

use crate::by_corpus::ByCorpus;
use crate::figures::Resampling;
use crate::groups::Scored;
use crate::paired_uar::{Figure, Rights, figures};
use crate::sample::Sample;
use crate::subject::Subject;

/// Which statistics, of how many clips, with how many thousandths of other emotions, most of them first.
type Choice = (Statistics, Option<u32>, Option<Reverse<u32>>);

/// By clip, how often it was predicted, in all draws and by all seeds, and how often right.
type Answers<'a> = HashMap<&'a str, (u32, u32)>;

/// A figure with the ends of its interval.
type Ends = (Option<f64>, Option<f64>, Option<f64>);

/// The rows of every subject that was tried; `trials` are those of all models.
pub(crate) fn limits(
    subjects: &[Subject<'_>],
    trials: &[&StandardisationTrial],
    resampling: Resampling,
) -> Vec<StandardisationLimit> {
    let of_subject = |subject| {
        let (mut choices, repetitions) = answers(subject, trials);
        // Without the statistics of training clips beside them, there is nothing to tell of.
        let training = choices.remove(&(Statistics::TrainingClips, None, None));
        training.map_or_else(Vec::new, |training| {
            let subject = Tried::new(subject, twin(subject, subjects), training, resampling);
            let between = choices.iter().zip(&repetitions);
            let between = between.map(|((choice, answers), (_, draws))| subject.row(*choice, draws.len(), answers));
            let all = subject.row((Statistics::All, None, None), 1, &subject.all);
            let training = subject.row((Statistics::TrainingClips, None, None), 1, &subject.training);
            std::iter::once(all).chain(between).chain([training]).flatten().collect()
        })
    };
    subjects.par_iter().flat_map_iter(of_subject).collect()
}

/// The answers of a subject by choice of clips, and the draws of each choice.
fn answers<'a>(
    subject: &Subject<'_>,
    trials: &[&'a StandardisationTrial],
) -> (BTreeMap<Choice, Answers<'a>>, BTreeMap<Choice, BTreeSet<u32>>) {
    let (mut choices, mut draws) = (BTreeMap::<_, Answers<'_>>::new(), BTreeMap::<_, BTreeSet<u32>>::new());
    let about = subject.about;
    for row in trials.iter().copied().filter(|row| row.model == about.model && row.split == about.split) {
        let thousandths = |kept: f64| Reverse((1000.0 * kept).round() as u32);
        let choice = (row.statistics, row.clips, row.kept.map(thousandths));
        draws.entry(choice).or_default().insert(row.repetition);
        let (drawn, right) = choices.entry(choice).or_default().entry(row.clip_id.as_str()).or_default();
        *drawn += 1;
        *right += u32::from(row.predicted == row.emotion);
    }
    draws.remove(&(Statistics::TrainingClips, None, None));
    (choices, draws)
}

/// The model of the same description and settings on the same split that is standardised by training clips: the first
/// by name.
fn twin<'a, 'b>(subject: &Subject<'_>, subjects: &'b [Subject<'a>]) -> Option<&'b Subject<'a>> {
    let own = subject.about;
    subjects.iter().find(|other| {
        let about = other.about;
        about.standardisation == Some(Standardisation::TrainingClips)
            && (about.split == own.split && about.family == own.family && about.baseline == own.baseline)
            && (about.description == own.description && about.settings == own.settings)
    })
}

/// A subject with all that its answers are held against.
struct Tried<'a> {
    subject: &'a Subject<'a>,
    twin: Option<&'a Subject<'a>>,
    /// With statistics of all clips of a speaker, and of training clips; those of the twin.
    all: Answers<'a>,
    training: Answers<'a>,
    of_twin: Answers<'a>,
    resampling: Resampling,
}

impl<'a> Tried<'a> {
    fn new(
        subject: &'a Subject<'a>,
        twin: Option<&'a Subject<'a>>,
        training: Answers<'a>,
        resampling: Resampling,
    ) -> Self {
        let plain = |clip: &'a Scored<'a>| {
            let right = clip.answers.iter().filter(|said| said.right).count();
            (clip.prediction.clip_id.as_str(), (clip.answers.len() as u32, right as u32))
        };
        let all = subject.clips.iter().map(plain).filter(|(clip_id, _)| training.contains_key(clip_id)).collect();
        let of_twin = twin.into_iter().flat_map(|twin| &twin.clips).map(plain).collect();
        Self { subject, twin, all, training, of_twin, resampling }
    }

    /// `None` where no clip was tried.
    fn row(&self, choice: Choice, repetitions: usize, answers: &Answers<'_>) -> Option<StandardisationLimit> {
        let (statistics, clips, kept) = choice;
        let (about, each) = (self.subject.about, [answers, &self.all, &self.training]);
        let tried: Vec<(&Scored<'_>, [f64; 4])> = self
            .subject
            .clips
            .iter()
            .filter_map(|clip| {
                let clip_id = clip.prediction.clip_id.as_str();
                let [own, all, training] = each.map(|answers| share(answers, clip_id));
                Some((clip, [own?, all?, training?, share(&self.of_twin, clip_id).unwrap_or_default()]))
            })
            .collect();
        if tried.is_empty() {
            return None;
        }
        // A twin has to have answered about every clip.
        let answered = |clip: &Scored<'_>| self.of_twin.contains_key(clip.prediction.clip_id.as_str());
        let twin = self.twin.filter(|_| tried.iter().all(|(clip, _)| answered(clip)));
        let classes = numbered(tried.iter().map(|(clip, _)| clip.prediction.emotion));
        let corpora = numbered(tried.iter().map(|(clip, _)| clip.prediction.corpus.as_str()));
        let rights = tried.iter().map(|(clip, right)| {
            let row = clip.prediction;
            (clip.origin(), (corpora[row.corpus.as_str()], (classes[&row.emotion], *right)))
        });
        let none = ByCorpus::new(&Rights::new(classes.len()), vec![1.0; corpora.len()].into());
        let sample = Sample::of(&none, rights);
        // All choices on a split are resampled with the same draws.
        let draws = self.resampling.draws("standardisation", &about.split, &sample);
        let ((value, interval), [less_all, less_training, less_twin]) = figures(&sample, &draws);
        let all = ends(less_all, statistics != Statistics::All);
        let training = ends(less_training, statistics != Statistics::TrainingClips);
        let of_twin = ends(less_twin, twin.is_some());
        Some(StandardisationLimit {
            model: about.model.clone(),
            split: about.split.clone(),
            statistics,
            clips,
            kept: kept.map(|Reverse(thousandths)| f64::from(thousandths) / 1000.0),
            repetitions: repetitions as u32,
            value,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            less_all: all.0,
            less_all_low: all.1,
            less_all_high: all.2,
            less_training: training.0,
            less_training_low: training.1,
            less_training_high: training.2,
            twin: twin.map(|twin| twin.about.model.clone()),
            less_twin: of_twin.0,
            less_twin_low: of_twin.1,
            less_twin_high: of_twin.2,
            support: tried.len() as u64,
            speakers: sample.count() as u64,
        })
    }
}

/// Different values, each with its place in their order.
fn numbered<K: Ord>(values: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    values.collect::<BTreeSet<K>>().into_iter().zip(0..).collect()
}

/// Share of its answers that are right.
fn share(answers: &Answers<'_>, clip_id: &str) -> Option<f64> {
    answers.get(clip_id).map(|(drawn, right)| f64::from(*right) / f64::from(*drawn))
}

fn ends((value, interval): Figure, shown: bool) -> Ends {
    let interval = interval.filter(|_| shown);
    (shown.then_some(value), interval.map(|interval| interval.low), interval.map(|interval| interval.high))
}
