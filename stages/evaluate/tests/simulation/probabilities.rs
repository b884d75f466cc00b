//! Worlds of speakers whose true calibration is known.
//!
//! A clip has one value per class, drawn from the normal distribution, that of its own class higher by the model's
//! skill at the speaker. Where the skill is what the model takes it for, softmax of skill times values is the posterior
//! of the classes: a model that reports it is perfectly calibrated. A model that is too sure of itself reports it
//! sharpened.
//!
//! The truth that intervals should hold is the figure of infinitely many speakers; for the expected calibration error
//! that of the same bins, which is what it estimates (the error of bins without width is another, larger figure).

use rand::{Rng, RngExt};

use ser_evaluate::bootstrap::Draws;
use ser_evaluate::calibration::{Answer, Tally};
use ser_evaluate::calibration_intervals::calibration_intervals;
use ser_evaluate::sample::{Sample, Speaker};

use super::{Count, normal, sample};

/// A population of speakers, and how many clips each has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Its peculiarity.
    pub(crate) name: &'static str,
    /// Number of classes.
    pub(crate) classes: usize,
    /// How far the value of a clip's class is above the others, in standard deviations of one.
    pub(crate) skill: f64,
    /// How unlike speakers are in it: standard deviation of its logarithm.
    pub(crate) skill_sd: f64,
    /// Overconfidence: what the logits of the calibrated model are multiplied by.
    pub(crate) sharpness: f64,
    /// How unlike speakers are in it: standard deviation of its logarithm.
    pub(crate) sharpness_sd: f64,
    /// Clips of each class of a speaker.
    pub(crate) clips: u64,
    /// How unlike speakers' shares of the clips are: each has this many times the clips, at random.
    pub(crate) times: &'static [u64],
}

/// Bins of confidence, as many as an evaluation has by default.
const BINS: usize = 15;
/// Clips of all speakers that the truth is computed from, at least.
const MANY: u64 = 1_000_000;

/// Of `classes` classes with `clips` clips each, a speaker; skill and sharpness each with how unlike speakers are in
/// it.
const fn world(name: &'static str, classes: usize, clips: u64, skill: (f64, f64), sharpness: (f64, f64)) -> World {
    World {
        name,
        classes,
        skill: skill.0,
        skill_sd: skill.1,
        sharpness: sharpness.0,
        sharpness_sd: sharpness.1,
        clips,
        times: &[1],
    }
}

/// The worlds that intervals are tried in.
pub(crate) const WORLDS: &[World] = &[
    world("perfectly calibrated, speakers alike", 6, 10, (1.5, 0.0), (1.0, 0.0)),
    world("calibrated on average, speakers unlike", 8, 8, (1.5, 0.3), (1.0, 0.2)),
    world("somewhat too sure", 6, 10, (1.5, 0.3), (1.5, 0.2)),
    world("far too sure, speakers very unlike", 4, 10, (1.0, 0.5), (3.0, 0.3)),
    world("far too sure, speakers alike", 8, 8, (1.0, 0.1), (3.0, 0.0)),
    world("not sure enough", 6, 10, (2.0, 0.3), (0.5, 0.2)),
    world("few clips, somewhat too sure", 8, 2, (1.5, 0.3), (1.5, 0.2)),
    world("many clips, calibrated on average", 4, 50, (1.5, 0.3), (1.0, 0.2)),
    world("many clips, slightly too sure", 5, 25, (1.5, 0.3), (1.15, 0.1)),
    World { times: &[1, 1, 1, 4], ..world("some speakers with four times the clips", 4, 6, (1.5, 0.3), (1.3, 0.2)) },
];

/// Figures with intervals.
pub(crate) const FIGURES: [&str; 3] = ["ece", "brier", "log_loss"];

/// The figures of infinitely many speakers, in the order of [`FIGURES`].
pub(crate) type Truth = [f64; FIGURES.len()];

/// How often the intervals of each of [`FIGURES`] held the truth, and how wide they were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coverage {
    /// Share of the experiments in which it held; `None` where speakers are too few for an interval.
    pub(crate) held: [Option<f64>; FIGURES.len()],
    /// Mean width.
    pub(crate) width: [Option<f64>; FIGURES.len()],
}

impl World {
    /// Coverage of `truth` over `experiments` of `speakers` speakers each.
    pub(crate) fn coverage(
        &self,
        truth: Truth,
        speakers: usize,
        experiments: u64,
        resamples: u32,
        generator: &mut impl Rng,
    ) -> Coverage {
        let mut counts = [Count::default(); FIGURES.len()];
        for experiment in 0..experiments {
            let drawn = (0..speakers).map(|_| Speaker { sums: self.speaker(generator), clips: Vec::new() }).collect();
            let drawn = Sample::of_speakers(&Tally::new(BINS), vec![drawn], Vec::new());
            let found = calibration_intervals(&drawn, &Draws::of(&drawn, resamples, experiment));
            for ((count, interval), truth) in counts.iter_mut().zip([found.ece, found.brier, found.log_loss]).zip(truth)
            {
                if let Some(interval) = interval {
                    count.add(interval, truth);
                }
            }
        }
        let of = |value: fn(&Count) -> f64| counts.map(|count| (count.made > 0.0).then(|| value(&count)));
        Coverage { held: of(Count::share), width: of(|count| count.width / count.made) }
    }

    /// The figures of infinitely many speakers, from some ten thousand of them.
    pub(crate) fn truth(&self, generator: &mut impl Rng) -> Truth {
        let mut all = Tally::new(BINS);
        while all.clips() < MANY as f64 {
            all.add_tally(&self.speaker(generator), 1.0);
        }
        [all.ece(), all.brier(), all.log_loss()]
    }

    /// The clips of a speaker.
    fn speaker(&self, generator: &mut impl Rng) -> Tally {
        let voice = self.voice(generator);
        self.answers(voice, generator).sums
    }

    fn voice(&self, generator: &mut impl Rng) -> Voice {
        Voice {
            skill: self.skill * f64::exp(self.skill_sd * normal(generator)),
            sharpness: self.sharpness * f64::exp(self.sharpness_sd * normal(generator)),
            clips: self.clips * self.times[generator.random_range(0..self.times.len())],
        }
    }

    /// Answers of the model to a speaker's clips.
    fn answers(&self, voice: Voice, generator: &mut impl Rng) -> Speaker<Tally> {
        let mut speaker = Speaker::of(&Tally::new(BINS), []);
        let mut row = vec![0.0; self.classes];
        for truth in 0..self.classes {
            for _ in 0..voice.clips {
                for (class, value) in row.iter_mut().enumerate() {
                    let above = if class == truth { voice.skill } else { 0.0 };
                    *value = f64::exp(voice.sharpness * self.skill * (above + normal(generator)));
                }
                let sum: f64 = row.iter().sum();
                for value in &mut row {
                    *value /= sum;
                }
                speaker.add(Answer::new(&row, truth, BINS));
            }
        }
        speaker
    }
}

/// A speaker, as the model finds them.
#[derive(Debug, Clone, Copy)]
struct Voice {
    skill: f64,
    sharpness: f64,
    /// Clips of each class.
    clips: u64,
}

/// Several corpora.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Union {
    /// Its peculiarity.
    pub(crate) name: &'static str,
    /// The population of each corpus, and its number of speakers.
    pub(crate) corpora: &'static [(World, usize)],
    /// `true` if the model was trained on other clips of the speakers: then the same speak in every experiment.
    pub(crate) known: bool,
}

const HARD: World = world("hard, too sure", 6, 10, (1.2, 0.3), (1.5, 0.2));
const EASY: World = World { name: "easy, calibrated on average", skill: 2.2, skill_sd: 0.2, sharpness: 1.0, ..HARD };

/// The union in which speakers of the small corpus differ by a half more than those of the large one.
pub(crate) const UNLIKE_THE_OTHERS: &str = "24 speakers, hard; 2 with as many clips, easy and more unlike";

/// The unions of corpora that intervals are tried in.
pub(crate) const UNIONS: &[Union] = &[
    Union {
        name: "24 speakers, hard; 2 with as many clips, easy",
        corpora: &[(HARD, 24), (World { clips: 120, ..EASY }, 2)],
        known: false,
    },
    // Nothing tells that the two are more unlike than the others: their interval is too narrow, and the tables say so.
    Union {
        name: UNLIKE_THE_OTHERS,
        corpora: &[(HARD, 24), (World { clips: 120, skill_sd: 0.3, ..EASY }, 2)],
        known: false,
    },
    Union { name: "10 speakers; 1", corpora: &[(HARD, 10), (World { clips: 30, ..EASY }, 1)], known: false },
    Union {
        name: "three of 8, hard and easy",
        corpora: &[(HARD, 8), (EASY, 8), (World { clips: 20, ..HARD }, 8)],
        known: false,
    },
    Union { name: "known speakers, 12 and 2", corpora: &[(HARD, 12), (World { clips: 60, ..EASY }, 2)], known: true },
];

impl Union {
    /// Coverage over `experiments`.
    pub(crate) fn coverage(&self, experiments: u64, resamples: u32, generator: &mut impl Rng) -> Coverage {
        let voices: Vec<Vec<Voice>> = self
            .corpora
            .iter()
            .map(|(world, speakers)| (0..*speakers).map(|_| world.voice(generator)).collect())
            .collect();
        let truth = self.truth(&voices, generator);
        let mut counts = [Count::default(); FIGURES.len()];
        for experiment in 0..experiments {
            let drawn: Vec<Vec<Speaker<Tally>>> = self
                .corpora
                .iter()
                .zip(&voices)
                .map(|((world, _), voices)| {
                    let mut speak = |voice: &Voice| {
                        let voice = if self.known { *voice } else { world.voice(generator) };
                        world.answers(voice, generator)
                    };
                    voices.iter().map(&mut speak).collect()
                })
                .collect();
            let sample = sample(self.known, &Tally::new(BINS), drawn);
            let found = calibration_intervals(&sample, &Draws::of(&sample, resamples, experiment));
            for ((count, interval), truth) in counts.iter_mut().zip([found.ece, found.brier, found.log_loss]).zip(truth)
            {
                count.add(interval.expect("enough speakers"), truth);
            }
        }
        Coverage { held: counts.map(|count| Some(count.share())), width: counts.map(|one| Some(one.width / one.made)) }
    }

    /// The figures of infinitely many speakers of each corpus, or of infinitely many clips of these.
    fn truth(&self, voices: &[Vec<Voice>], generator: &mut impl Rng) -> Truth {
        let mut all = Tally::new(BINS);
        for ((world, speakers), voices) in self.corpora.iter().zip(voices) {
            let mut population = Tally::new(BINS);
            while population.clips() < MANY as f64 {
                if self.known {
                    for voice in voices {
                        population.add_tally(&world.answers(*voice, generator).sums, 1.0);
                    }
                } else {
                    population.add_tally(&world.speaker(generator), 1.0);
                }
            }
            let clips = *speakers as f64 * (world.clips * world.classes as u64) as f64;
            all.add_tally(&population, clips / population.clips());
        }
        [all.ece(), all.brier(), all.log_loss()]
    }
}
