//! Worlds of several corpora whose true metrics are known.
//!
//! The corpora and how many clips each has are given; every experiment draws other speakers, each corpus from its own
//! population. The truth is the figure of infinitely many speakers of each corpus, every corpus with its share of the
//! clips. Where the model knows the speakers, they are given too, and the truth is the figure of infinitely many clips
//! of them.

use rand::{Rng, RngExt};

use ser_evaluate::bootstrap::{Draws, intervals, uar_over_corpora};
use ser_evaluate::by_corpus::ByCorpus;
use ser_evaluate::compare::{Pair, difference_over_corpora, differences};
use ser_evaluate::confusion::Confusion;
use ser_evaluate::metrics::Scores;
use ser_evaluate::sample::{Sample, Speaker, Sums};

use super::answers::{FIGURES, OVERALL};
use super::{Count, normal, sample};

/// A corpus.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corpus {
    /// Number of speakers.
    pub(crate) speakers: usize,
    /// Clips of each class of a speaker.
    pub(crate) clips: u64,
    /// How much easier it is than others, on the logit scale.
    pub(crate) ease: f64,
    /// How unlike its speakers are: standard deviation of a speaker's skill, on the logit scale.
    pub(crate) speaker_sd: f64,
}

/// Several corpora.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Its peculiarity.
    pub(crate) name: &'static str,
    /// Its corpora.
    pub(crate) corpora: &'static [Corpus],
    /// How unlike a speaker's clips of a class are beyond skill.
    pub(crate) class_sd: f64,
    /// Speakers have so many times the clips, one after another.
    pub(crate) times: &'static [u64],
    /// `true` if the model was trained on other clips of the speakers.
    pub(crate) known: bool,
}

/// Mean recall of each class at an average speaker of a corpus that is neither easy nor hard.
const RECALLS: [f64; 4] = [0.75, 0.65, 0.45, 0.5];
/// The second model's logits are lower by this, on average.
const WORSE: f64 = 0.4;
/// Speakers of each corpus that the truth is computed from, and what their clips are weighted with to stay whole
/// numbers.
const MANY: usize = 20_000;
const WHOLE: f64 = 1e9;

const fn corpus(speakers: usize, clips: u64, ease: f64, speaker_sd: f64) -> Corpus {
    Corpus { speakers, clips, ease, speaker_sd }
}

const fn world(name: &'static str, corpora: &'static [Corpus]) -> World {
    World { name, corpora, class_sd: 0.3, times: &[1], known: false }
}

/// The worlds that intervals are tried in.
pub(crate) const WORLDS: &[World] = &[
    world("24 speakers of 60 clips; 2 of 1400, easy", &[corpus(24, 15, 0.0, 0.5), corpus(2, 350, 2.0, 0.5)]),
    world(
        "91 speakers of 82 clips, 24 of 60, 4 of 120, 2 of 1400, easy",
        &[corpus(91, 20, 0.0, 0.5), corpus(24, 15, 0.3, 0.5), corpus(4, 30, -0.3, 0.5), corpus(2, 350, 2.0, 0.5)],
    ),
    world("10 speakers; 1 with as many clips as they", &[corpus(10, 15, 0.0, 0.5), corpus(1, 150, 0.0, 0.5)]),
    world("10 speakers; 1 like them", &[corpus(10, 15, 0.0, 0.5), corpus(1, 15, 0.0, 0.5)]),
    world("10 speakers, easy; 1, hard", &[corpus(10, 15, 1.5, 0.5), corpus(1, 60, -0.5, 0.5)]),
    world("2 and 2 speakers", &[corpus(2, 50, 0.0, 0.5), corpus(2, 50, 1.0, 0.5)]),
    world("3 speakers and 1", &[corpus(3, 30, 0.0, 0.5), corpus(1, 30, 0.5, 0.5)]),
    world("three corpora alike", &[corpus(8, 15, 0.0, 0.5), corpus(8, 15, 0.0, 0.5), corpus(8, 15, 0.0, 0.5)]),
    world(
        "three of one size, easy to hard",
        &[corpus(10, 15, 2.0, 0.5), corpus(10, 15, 0.5, 0.5), corpus(10, 15, -1.0, 0.5)],
    ),
    world(
        "eight of 4 to 10 speakers",
        &[
            corpus(4, 20, 0.0, 0.5),
            corpus(5, 10, 1.0, 0.5),
            corpus(6, 30, -0.5, 0.5),
            corpus(7, 15, 0.5, 0.5),
            corpus(8, 20, -1.0, 0.5),
            corpus(9, 10, 0.0, 0.5),
            corpus(10, 15, 1.5, 0.5),
            corpus(4, 60, 0.0, 0.5),
        ],
    ),
    World {
        class_sd: 0.0,
        ..world("speakers all alike, 24 and 2 with most clips", &[corpus(24, 15, 0.0, 0.0), corpus(2, 150, 1.0, 0.0)])
    },
    World {
        class_sd: 0.6,
        ..world("speakers very unlike, 12 and 2", &[corpus(12, 15, 0.0, 1.0), corpus(2, 60, 1.0, 1.0)])
    },
    world("two corpora, one of speakers unlike, one of alike", &[corpus(10, 15, 0.0, 0.8), corpus(10, 15, 0.5, 0.2)]),
    World {
        times: &[1, 1, 1, 4],
        ..world("some speakers with four times the clips", &[corpus(12, 10, 0.0, 0.5), corpus(8, 10, 1.5, 0.5)])
    },
    World {
        known: true,
        ..world(
            "known speakers, 24 of 60 clips; 2 of 1400, easy",
            &[corpus(24, 15, 0.5, 0.5), corpus(2, 350, 3.0, 0.5)],
        )
    },
    World {
        known: true,
        class_sd: 0.6,
        ..world(
            "known speakers very unlike, 10 of 20 clips and 30 of 8",
            &[corpus(10, 5, 0.5, 1.0), corpus(30, 2, 0.0, 1.0)],
        )
    },
    World { known: true, ..world("4 known speakers of 60 clips", &[corpus(4, 15, 0.0, 0.5)]) },
];

/// Figures in the mean over corpora, with intervals of their own.
pub(crate) const OVER_CORPORA: [&str; 2] = ["uar over corpora", "uar difference over corpora"];

/// How often the intervals held the truth, and how wide those of UAR were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coverage {
    /// The same of each of [`OVER_CORPORA`].
    pub(crate) over_corpora: [f64; OVER_CORPORA.len()],
    /// Mean width of the interval of UAR in the mean over corpora.
    pub(crate) over_corpora_width: f64,
    /// Share of the experiments in which the interval of each of [`FIGURES`] held it; mean over classes for those of
    /// classes.
    pub(crate) held: [f64; FIGURES.len()],
    /// Mean width of the interval of UAR.
    pub(crate) uar_width: f64,
}

/// Share of a speaker's clips that each model gets right, class by class.
struct Skill {
    first: [f64; RECALLS.len()],
    second: [f64; RECALLS.len()],
    clips: u64,
}

/// Expected shares: confusion of the first model, and who is right, per clip of each class.
#[derive(Clone, Copy, Default)]
struct Expected {
    first: [f64; RECALLS.len()],
    second: [f64; RECALLS.len()],
}

impl World {
    /// Coverage over `experiments`.
    pub(crate) fn coverage(&self, experiments: u64, resamples: u32, generator: &mut impl Rng) -> Coverage {
        let populations: Vec<Expected> = self.corpora.iter().map(|corpus| self.population(corpus, generator)).collect();
        let mut counts = [Count::default(); FIGURES.len()];
        let mut over_corpora = [Count::default(); OVER_CORPORA.len()];
        for experiment in 0..experiments {
            let (mut confusions, mut pairs) = (Vec::new(), Vec::new());
            let (mut truth, mut truth_of_pairs) = (none(), Pair::new(RECALLS.len()));
            let mut truths = vec![(none(), Pair::new(RECALLS.len())); self.corpora.len()];
            for ((corpus, population), own) in self.corpora.iter().zip(&populations).zip(&mut truths) {
                let (mut of_corpus, mut pairs_of_corpus) = (Vec::new(), Vec::new());
                for number in 0..corpus.speakers {
                    let skill = self.skill(corpus, number, generator);
                    let (confusion, pair) = clips(&skill, generator);
                    of_corpus.push(confusion);
                    pairs_of_corpus.push(pair);
                    let expected =
                        if self.known { Expected { first: skill.first, second: skill.second } } else { *population };
                    add_expected(&mut truth, &mut truth_of_pairs, &expected, skill.clips);
                    add_expected(&mut own.0, &mut own.1, &expected, skill.clips);
                }
                confusions.push(of_corpus);
                pairs.push(pairs_of_corpus);
            }
            let equal = || vec![1.0; self.corpora.len()].into();
            let by_corpus = sample(self.known, &ByCorpus::new(&none(), equal()), parted(&none(), &confusions));
            let no_pairs = Pair::new(RECALLS.len());
            let pairs_by_corpus = sample(self.known, &ByCorpus::new(&no_pairs, equal()), parted(&no_pairs, &pairs));
            let draws = Draws::of(&by_corpus, resamples, experiment);
            let mean =
                |value: &dyn Fn(&(Confusion, Pair)) -> f64| truths.iter().map(value).sum::<f64>() / truths.len() as f64;
            let (_, interval) = uar_over_corpora(&by_corpus, &draws);
            over_corpora[0].add(interval.expect("enough speakers"), mean(&|truth| Scores::of(&truth.0).uar));
            let difference = difference_over_corpora(&pairs_by_corpus, &draws).interval.expect("enough speakers");
            over_corpora[1].add(difference, mean(&|truth| truth.1.figures()[0]));

            let pairs = sample(self.known, &Pair::new(RECALLS.len()), pairs);
            let sample = sample(self.known, &none(), confusions);
            let draws = Draws::of(&sample, resamples, experiment);
            let found = intervals(&sample, &draws).expect("enough speakers");
            let [uar, accuracy] = differences(&pairs, &draws).map(|found| found.interval.expect("enough speakers"));
            let truth = Scores::of(&truth);
            let truth_of_pairs = Sample::of_speakers(
                &Pair::new(RECALLS.len()),
                vec![vec![Speaker { sums: truth_of_pairs, clips: Vec::new() }]],
                Vec::new(),
            );
            let [uar_difference, accuracy_difference] =
                differences(&truth_of_pairs, &Draws::new(&[], 0, 0)).map(|found| found.first - found.second);
            let overall = [
                (found.uar, truth.uar),
                (found.accuracy, truth.accuracy),
                (found.macro_f1, truth.macro_f1),
                (found.weighted_f1, truth.weighted_f1),
                (uar, uar_difference),
                (accuracy, accuracy_difference),
            ];
            for (count, (interval, truth)) in counts.iter_mut().zip(overall) {
                count.add(interval, truth);
            }
            for (class, truth) in found.classes.iter().zip(&truth.classes) {
                let each = [(class.precision, truth.precision), (class.recall, truth.recall), (class.f1, truth.f1)];
                for (count, (interval, truth)) in counts[OVERALL..].iter_mut().zip(each) {
                    count.add(interval.expect("enough speakers"), truth);
                }
            }
        }
        Coverage {
            held: counts.map(|count| count.share()),
            uar_width: counts[0].width / counts[0].made,
            over_corpora: over_corpora.map(|count| count.share()),
            over_corpora_width: over_corpora[0].width / over_corpora[0].made,
        }
    }

    /// Mean shares over many speakers. Who has more clips is no better and no worse.
    fn population(&self, corpus: &Corpus, generator: &mut impl Rng) -> Expected {
        let mut mean = Expected::default();
        for number in 0..MANY {
            let skill = self.skill(corpus, number, generator);
            for (sums, shares) in [(&mut mean.first, skill.first), (&mut mean.second, skill.second)] {
                sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share / MANY as f64);
            }
        }
        mean
    }

    fn skill(&self, corpus: &Corpus, number: usize, generator: &mut impl Rng) -> Skill {
        let skill = corpus.ease + corpus.speaker_sd * normal(generator);
        let share = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        let logits = RECALLS.map(|recall| (recall / (1.0 - recall)).ln() + skill + self.class_sd * normal(generator));
        Skill {
            first: logits.map(share),
            second: logits.map(|logit| share(logit - WORSE + self.class_sd * normal(generator))),
            clips: corpus.clips * self.times[number % self.times.len()],
        }
    }
}

/// The speakers of each corpus with their sums under its number.
fn parted<T: Sums>(none: &T, corpora: &[Vec<Speaker<T>>]) -> Vec<Vec<Speaker<ByCorpus<T>>>> {
    let none = ByCorpus::new(none, vec![1.0; corpora.len()].into());
    let of_corpus = |(corpus, speakers): (usize, &Vec<Speaker<T>>)| {
        speakers.iter().map(|one| Speaker::of(&none, one.clips.iter().map(|clip| (corpus, *clip)))).collect()
    };
    corpora.iter().enumerate().map(of_corpus).collect()
}

fn none() -> Confusion {
    Confusion::new(RECALLS.len())
}

fn clips(skill: &Skill, generator: &mut impl Rng) -> (Speaker<Confusion>, Speaker<Pair>) {
    let (mut confusion, mut pairs) = (none(), Vec::new());
    for truth in 0..RECALLS.len() {
        for _ in 0..skill.clips {
            // What is wrong is mostly taken for the next class.
            let next = if generator.random_bool(0.6) { 1 } else { generator.random_range(1..RECALLS.len()) };
            let said = if generator.random_bool(skill.first[truth]) { truth } else { (truth + next) % RECALLS.len() };
            confusion.add(truth, said);
            pairs.push((truth, said == truth, generator.random_bool(skill.second[truth])));
        }
    }
    // Equal ones together: derivatives are taken once.
    pairs.sort_unstable();
    let pairs = pairs.into_iter().map(|(truth, first, second)| (truth, f64::from(first), f64::from(second)));
    (Speaker::from(confusion), Speaker::of(&Pair::new(RECALLS.len()), pairs))
}

/// Adds what is to be expected of `clips` clips of each class.
fn add_expected(confusion: &mut Confusion, pair: &mut Pair, expected: &Expected, clips: u64) {
    let classes = RECALLS.len();
    let whole = |share: f64| (share * clips as f64 * WHOLE / 1e3).round() as u64;
    for truth in 0..classes {
        let (first, second) = (expected.first[truth], expected.second[truth]);
        confusion.add_matrix(&Confusion::of_pairs(classes, [(truth, truth)]), whole(first));
        for next in 1..classes {
            let share = (1.0 - first) * (0.4 / (classes - 1) as f64 + if next == 1 { 0.6 } else { 0.0 });
            confusion.add_matrix(&Confusion::of_pairs(classes, [(truth, (truth + next) % classes)]), whole(share));
        }
        pair.clips[truth] += whole(1.0);
        pair.first[truth] += whole(first) as f64;
        pair.second[truth] += whole(second) as f64;
    }
}
