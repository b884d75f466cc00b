//! Worlds of speakers whose true metrics are known: what a model takes their clips for.

use rand::{Rng, RngExt};

use ser_evaluate::bootstrap::{Draws, intervals};
use ser_evaluate::compare::{Pair, differences};
use ser_evaluate::confusion::Confusion;
use ser_evaluate::metrics::Scores;
use ser_evaluate::sample::{Sample, Speaker};

use super::{Count, normal};

/// A population of speakers, and how many clips each has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Its peculiarity.
    pub(crate) name: &'static str,
    /// Mean recall of each class at an average speaker.
    pub(crate) recalls: &'static [f64],
    /// How unlike speakers are: standard deviation of a speaker's skill, on the logit scale.
    pub(crate) speaker_sd: f64,
    /// How unlike a speaker's clips of a class are beyond that, by class; the last holds for the rest.
    pub(crate) class_sd: &'static [f64],
    /// Clips of each class of a speaker.
    pub(crate) clips: &'static [u64],
    /// How unlike speakers' shares of the clips are: each has this many times the clips, at random.
    pub(crate) times: &'static [u64],
    /// Networks of the first model, which differ in skill by [`APART`] on the logit scale.
    pub(crate) seeds: usize,
}

/// Of speakers of middling skill with as many clips each.
const fn world(name: &'static str, recalls: &'static [f64], clips: &'static [u64]) -> World {
    World { name, recalls, speaker_sd: 0.5, class_sd: &[0.4], clips, times: &[1], seeds: 1 }
}

/// Mean recalls of four classes.
const FOUR: &[f64] = &[0.75, 0.65, 0.45, 0.5];

/// The worlds that intervals are tried in.
pub(crate) const WORLDS: &[World] = &[
    world(
        "eight classes, speakers as in RAVDESS",
        &[0.75, 0.65, 0.45, 0.5, 0.6, 0.7, 0.4, 0.8],
        &[8, 8, 8, 8, 8, 4, 8, 8],
    ),
    World { speaker_sd: 1.2, class_sd: &[0.6], ..world("speakers very unlike", FOUR, &[10; 4]) },
    World { speaker_sd: 0.0, class_sd: &[0.0], ..world("speakers all alike", FOUR, &[10; 4]) },
    world("classes ten to one", &[0.8, 0.3, 0.5, 0.6], &[40, 4, 10, 5]),
    World { times: &[1, 1, 1, 4], ..world("some speakers with four times the clips", FOUR, &[6; 4]) },
    World {
        speaker_sd: 1.2,
        class_sd: &[0.6],
        times: &[1, 1, 1, 4],
        ..world("the same, and speakers very unlike", FOUR, &[6; 4])
    },
    world("a good model", &[0.96, 0.93, 0.88, 0.95], &[12; 4]),
    World {
        speaker_sd: 0.3,
        class_sd: &[1.5, 0.2],
        ..world("one class that speakers speak very unlike", &[0.6, 0.65, 0.45, 0.7], &[10; 4])
    },
    world("two classes, a weak model", &[0.6, 0.55], &[15, 10]),
];

/// The same of models with several seeds.
pub(crate) const OF_SEEDS: &[World] = &[
    World { seeds: 3, ..world("three seeds", FOUR, &[10; 4]) },
    World { seeds: 3, speaker_sd: 0.0, class_sd: &[0.0], ..world("three seeds, speakers all alike", FOUR, &[10; 4]) },
    World { seeds: 8, speaker_sd: 1.2, ..world("eight seeds, speakers very unlike", FOUR, &[12, 4, 8, 8]) },
];
/// How far one seed's skill is from the next, on the logit scale.
const APART: f64 = 0.15;
/// How unlike the clips of a speaker and class are for all seeds, on the logit scale.
const CLIP_SD: f64 = 1.5;

/// Figures with intervals: of all classes together, differences of two models, and of single classes.
pub(crate) const FIGURES: [&str; 9] = [
    "uar",
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "uar difference",
    "accuracy difference",
    "class precision",
    "class recall",
    "class f1",
];
/// How many of [`FIGURES`] are not of single classes.
pub(crate) const OVERALL: usize = 6;
/// The second model's logits are lower by this, on average.
const WORSE: f64 = 0.4;

/// How often the intervals held the truth, and how wide they were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coverage {
    /// Share of the experiments in which the interval of each of [`FIGURES`] held it; mean over classes for those of
    /// classes.
    pub(crate) held: [f64; FIGURES.len()],
    /// Share for the class and figure for which it is lowest.
    pub(crate) worst_class: f64,
    /// Mean width of the interval of UAR.
    pub(crate) uar_width: f64,
    /// Mean width of the intervals of classes.
    pub(crate) class_width: f64,
}

impl World {
    /// Coverage over `experiments` of `speakers` speakers each.
    pub(crate) fn coverage(
        &self,
        speakers: usize,
        experiments: u64,
        resamples: u32,
        generator: &mut impl Rng,
    ) -> Coverage {
        let (truth, difference) = self.truth(generator);
        let mut overall = [Count::default(); OVERALL];
        let mut classes = vec![[Count::default(); FIGURES.len() - OVERALL]; self.recalls.len()];
        for experiment in 0..experiments {
            let (drawn, pairs): (Vec<_>, Vec<_>) = (0..speakers).map(|_| self.speaker(generator)).unzip();
            let drawn = Sample::of_speakers(&self.none(), vec![drawn], Vec::new());
            let pairs = Sample::of_speakers(&Pair::new(self.recalls.len()), vec![pairs], Vec::new());
            let draws = Draws::new(&[speakers], resamples, experiment);
            let found = intervals(&drawn, &draws).expect("enough speakers");
            let [uar, accuracy] = differences(&pairs, &draws).map(|found| found.interval.expect("enough speakers"));
            let intervals = [found.uar, found.accuracy, found.macro_f1, found.weighted_f1, uar, accuracy];
            let [uar, accuracy] = difference;
            let truths = [truth.uar, truth.accuracy, truth.macro_f1, truth.weighted_f1, uar, accuracy];
            for ((count, interval), truth) in overall.iter_mut().zip(intervals).zip(truths) {
                count.add(interval, truth);
            }
            for ((counts, class), truth) in classes.iter_mut().zip(&found.classes).zip(&truth.classes) {
                let intervals = [class.precision, class.recall, class.f1];
                let truths = [truth.precision, truth.recall, truth.f1];
                for ((count, interval), truth) in counts.iter_mut().zip(intervals).zip(truths) {
                    if let Some(interval) = interval {
                        count.add(interval, truth);
                    }
                }
            }
        }
        let mean = |figure: usize, of: fn(&Count) -> f64| {
            classes.iter().map(|counts| of(&counts[figure])).sum::<f64>() / classes.len() as f64
        };
        let each = || classes.as_flattened().iter();
        Coverage {
            held: std::array::from_fn(|figure| match figure.checked_sub(OVERALL) {
                Some(figure) => mean(figure, Count::share),
                None => overall[figure].share(),
            }),
            worst_class: each().map(Count::share).fold(1.0, f64::min),
            uar_width: overall[0].width / overall[0].made,
            class_width: each().map(|count| count.width).sum::<f64>() / each().map(|count| count.made).sum::<f64>(),
        }
    }

    /// The figures of infinitely many speakers, from 20 000 of them, and the differences of the two models in UAR and
    /// accuracy.
    fn truth(&self, generator: &mut impl Rng) -> (Scores, [f64; 2]) {
        let mut all = self.none();
        let mut pairs = Vec::new();
        for _ in 0..20_000 {
            let (confusion, pair) = self.speaker(generator);
            all.add_matrix(&confusion.sums, 1);
            pairs.push(pair);
        }
        let pairs = Sample::of_speakers(&Pair::new(self.recalls.len()), vec![pairs], Vec::new());
        let differences = differences(&pairs, &Draws::new(&[], 0, 0)).map(|found| found.first - found.second);
        (Scores::of(&all), differences)
    }

    /// The first model's answers to a speaker's clips, and the clips that both models get right.
    fn speaker(&self, generator: &mut impl Rng) -> (Speaker<Confusion>, Speaker<Pair>) {
        let classes = self.recalls.len();
        let (none, mut pair) = (self.none(), Pair::new(classes));
        let mut drawn = Speaker::of(&none, std::iter::empty());
        let skill = self.speaker_sd * normal(generator);
        let times = self.times[generator.random_range(0..self.times.len())];
        for (truth, (recall, clips)) in self.recalls.iter().zip(self.clips).enumerate() {
            let class_sd = self.class_sd[truth.min(self.class_sd.len() - 1)];
            let logit = (recall / (1.0 - recall)).ln() + skill + class_sd * normal(generator);
            let share = |logit: f64| 1.0 / (1.0 + (-logit).exp());
            let (right, second_right) = (share(logit), share(logit - WORSE + class_sd * normal(generator)));
            for _ in 0..clips * times {
                // What is wrong is mostly taken for the next class.
                let next = if generator.random_bool(0.6) { 1 } else { generator.random_range(1..classes) };
                let answer = |right: bool| if right { truth } else { (truth + next) % classes };
                let mut hits = 0;
                let mut count = |seed: usize, said: usize| {
                    drawn.add((truth, none.column(seed, said)));
                    hits += usize::from(said == truth);
                };
                if self.seeds == 1 {
                    count(0, answer(generator.random_bool(right)));
                } else {
                    let hard = CLIP_SD * normal(generator);
                    for seed in 0..self.seeds {
                        let apart = APART * (seed as f64 - (self.seeds - 1) as f64 / 2.0);
                        count(seed, answer(generator.random_bool(share(logit + hard + apart))));
                    }
                }
                let second_right = f64::from(generator.random_bool(second_right));
                pair.add(truth, hits as f64 / self.seeds as f64, second_right);
            }
        }
        (drawn, Speaker { sums: pair, clips: Vec::new() })
    }

    fn none(&self) -> Confusion {
        Confusion::of_seeds(self.recalls.len(), self.seeds)
    }
}
