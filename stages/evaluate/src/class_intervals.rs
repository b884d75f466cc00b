//! 95 % intervals of the precision, recall and F1 of single classes, for few speakers and few clips too.
//!
//! A class of few speakers has few clips, often all of them right or none, and its spread over three or four speakers
//! is mostly luck: what a bootstrap makes of it is far too narrow or, by Student's t with two degrees of freedom, far
//! too wide. So each figure is taken for what it is, a share of clips:
//!
//! - recall, of the clips of the class; precision, of those predicted as it;
//! - F1 is 2 J / (1 + J) for J, the share of the clips of the class or predicted as it that are both (Jaccard's index);
//!   J gets the interval, and its ends are carried over.
//!
//! The interval is Wilson's for clips / D clips with Student's t in place of the normal quantile, in the spirit of Korn
//! & Graubard ("Confidence Intervals for Proportions with Small Expected Number of Positive Counts Estimated from
//! Survey Data", Survey Methodology 1998). D is the design effect (Kish 1965): how many times the variance of as many
//! independent clips the share has, because clips of one speaker succeed and fail together. Of n clips and h hits, n_s
//! and h_s at speaker s, p = h / n, and g effective speakers ([`Effective`]), a class by itself says
//!
//! ```text
//! own = g / (g - 1) * sum (h_s - p n_s)^2 / (p (1 - p) n)
//! ```
//!
//! which g - 1 degrees of freedom make a poor estimate of when speakers are few. It is therefore moderated as gene-wise
//! variances are (Smyth, "Linear Models and Empirical Bayes Methods", SAGMB 2004): the classes of a model are about
//! equally clustered. With m = sum n_s^2 / n clips of a class at a clip's speaker and the correlation r within
//! speakers, D = 1 + (m - 1) r; r is pooled as sum (own - 1) / sum (m - 1) over the classes, and a class's D is
//!
//! ```text
//! D = (d0 (1 + (m - 1) r) + (g - 1) own) / (d0 + g - 1)
//! ```
//!
//! with d0 + g - 1 degrees of freedom for Student's t. d0 is [`BORROWED`], but never more than the other classes have.
//! A class of many speakers thus speaks for itself; one that is always right, which has no `own`, takes what the others
//! say. (g - 1 is simpler than the degrees of freedom of unequal speakers in [`Effective`], and beside d0 covers as
//! well.)
//!
//! Over several corpora, the variances of their hits add up, and D is their sum over the variance of as many
//! independent clips of one corpus. A clip has a value: a hit 1 - p, one that only counts -p, with p that of all
//! corpora; so it is felt, too, when an easy corpus gets more of the predictions. Deviations are from what the corpus
//! makes of clips of the same classes, since how many clips of a class a speaker has is no luck. r of each corpus is
//! topped up from the others as [`strata`](mod@crate::strata) says. Clips of known speakers deviate from their own
//! speaker's mean.
//!
//! Of several seeds, each answer counts for its share of a clip: hits and clips are means over the seeds, and speakers
//! vary by what the seeds make of them on average, while the variance that independent clips would have stays that of a
//! single seed. Precision and F1 are then means over the seeds, not the share of all answers: intervals are moved by
//! the difference.
//!
//! How often these intervals hold the truth is in [`interval`](crate::interval).

use crate::confusion::Confusion;
use crate::interval::{Effective, Interval, MIN_EFFECTIVE, MIN_SPEAKERS, t_quantile, wilson};
use crate::metrics::{Scores, ratio};
use crate::sample::{Sample, Speaker};
use crate::strata::{Part, Topped, reach, slope, top_up};

/// Degrees of freedom that the pooled design effect counts for, d0 above. Simulated with three speakers, intervals hold
/// the truth in 98 to 99 % of cases with 0, in 96 to 97 % with 2, in 95 to 96 % with 3 and in 94 to 95 % with 6; but
/// those of a class that is clustered unlike the others in 91 % with 2, 89 % with 3 and 86 % with 6.
pub const BORROWED: f64 = 3.0;
/// Design effects below this are luck: speakers do not make clips four times as telling.
const LEAST_EFFECT: f64 = 0.25;

/// Intervals of one class; `None` for a ratio whose denominator is zero, and where too few speakers have clips of the
/// class.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClassIntervals {
    /// Of the precision.
    pub precision: Option<Interval>,
    /// Of the recall.
    pub recall: Option<Interval>,
    /// Of F1.
    pub f1: Option<Interval>,
}

/// Intervals of every class.
///
/// A class that too few speakers have clips of gets none, and has no say in those of others: fewer than
/// [`MIN_SPEAKERS`], less one beyond the first of each corpus.
pub fn class_intervals(sample: &Sample<Confusion>) -> Vec<ClassIntervals> {
    let precision = intervals(sample, Kind { misses: false, mistaken: true });
    let recall = intervals(sample, Kind { misses: true, mistaken: false });
    let jaccard = intervals(sample, Kind { misses: true, mistaken: true });
    let f1 = |jaccard: f64| 2.0 * jaccard / (1.0 + jaccard);
    let each = precision.into_iter().zip(recall).zip(jaccard);
    let each = each.map(|((precision, recall), jaccard)| ClassIntervals {
        precision,
        recall,
        f1: jaccard.map(|jaccard| Interval { low: f1(jaccard.low), high: f1(jaccard.high) }),
    });
    if sample.all.seeds() == 1 { each.collect() } else { moved_to_means(&sample.all, each) }
}

/// Intervals about shares of all answers, as intervals about the means over the seeds.
fn moved_to_means(all: &Confusion, intervals: impl Iterator<Item = ClassIntervals>) -> Vec<ClassIntervals> {
    let moved = |interval: Option<Interval>, share: f64, mean: f64| {
        let end = |end: f64| (end + mean - share).clamp(0.0, 1.0);
        interval.map(|Interval { low, high }| Interval { low: end(low).min(mean), high: end(high).max(mean) })
    };
    let each = Scores::of(all).classes.into_iter().zip(intervals).enumerate();
    each.map(|(class, (scores, intervals))| {
        let (hits, said) = (all.count(class, class) as f64, all.predicted(class) as f64);
        ClassIntervals {
            precision: moved(intervals.precision, ratio(hits, said), scores.precision),
            f1: moved(intervals.f1, ratio(2.0 * hits, said + all.answered(class) as f64), scores.f1),
            ..intervals
        }
    })
    .collect()
}

/// Which clips a share is of, beside the hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    /// Clips of the class that are not found.
    misses: bool,
    /// Clips that are mistaken for it.
    mistaken: bool,
}

impl Kind {
    /// The answers that the share of `class` is of.
    fn answers(self, one: &Confusion, class: usize) -> u64 {
        let hits = one.count(class, class);
        let misses = if self.misses { one.answered(class) - hits } else { 0 };
        let mistaken = if self.mistaken { one.predicted(class) - hits } else { 0 };
        hits + misses + mistaken
    }

    /// Moments that clips of class `truth` add to a share of `class` that is `share` in all: see [`Within`].
    fn moments(self, one: &Confusion, truth: usize, class: usize, share: f64) -> Moments {
        let (clips, said) = (one.support(truth) as f64, one.count(truth, class) as f64 / one.seeds() as f64);
        let (hits, others) = if truth == class {
            (said, if self.misses { clips - said } else { 0.0 })
        } else {
            (0.0, if self.mistaken { said } else { 0.0 })
        };
        let (hit, other) = (1.0 - share, -share);
        Moments { clips, sum: hits * hit + others * other, squares: hits * hit * hit + others * other * other }
    }
}

/// A share of the clips of a corpus, and how it varies over speakers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share {
    hits: f64,
    clips: f64,
    /// Clips at the speaker of a clip, m above; 1 where every speaker has one.
    cluster: f64,
    /// Degrees of freedom, one less than the effective number of speakers.
    degrees: f64,
    /// The share's own design effect; `None` where all clips are hits or none is.
    own: Option<f64>,
}

impl Share {
    /// From (hits, answers) of each speaker, `seeds` of which count for a clip; `None` without any.
    fn of(counts: impl Iterator<Item = (u64, u64)> + Clone, seeds: f64) -> Option<Self> {
        let hits = counts.clone().map(|(hits, _)| hits).sum::<u64>() as f64 / seeds;
        let clips = counts.clone().map(|(_, answers)| answers).sum::<u64>() as f64 / seeds;
        if clips == 0.0 {
            return None;
        }
        let speakers = Effective::of(counts.clone().map(|(_, answers)| answers)).speakers;
        let share = hits / clips;
        let variance = share * (1.0 - share) * clips;
        let deviation = |hits: u64, answers: u64| (hits as f64 - share * answers as f64) / seeds;
        let spread: f64 = counts.map(|(hits, answers)| deviation(hits, answers).powi(2)).sum();
        let effective = speakers.max(MIN_EFFECTIVE);
        Some(Self {
            hits,
            clips,
            cluster: clips / speakers,
            degrees: effective - 1.0,
            own: (variance > 0.0).then(|| effective / (effective - 1.0) * spread / variance),
        })
    }

    /// Of a corpus beside others, of a share that is `overall` in all: from how many clips of each truth each speaker
    /// has, and the values of what counts.
    fn beside_others(counts: impl Iterator<Item = (u64, u64)> + Clone, seeds: f64, within: &Within) -> Option<Self> {
        let share = Self::of(counts, seeds)?;
        let alone = share.cluster >= share.clips;
        if alone || within.apart <= 0.0 {
            return Some(Self { degrees: if alone { 0.0 } else { share.degrees }, own: None, ..share });
        }
        let correction = (share.degrees + 1.0) / share.degrees;
        Some(Self { own: Some(correction * within.between / within.apart), ..share })
    }
}

/// How a share varies in a corpus, given how many clips of each class each speaker has.
///
/// A clip that is a hit has the value 1 - p for the share p of all corpora, one that only counts -p, others none: sums
/// of these over all clips are zero, and what varies of them is what varies of p.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Within {
    /// Sum over speakers of the squared deviation of their sum from that of as many clips of the same classes.
    between: f64,
    /// The same if clips were independent.
    apart: f64,
    /// The same of clips drawn within their speaker and class.
    inside: f64,
    /// Degrees of freedom of that.
    beyond: f64,
}

/// Count, sum and sum of squares of values.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    clips: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, other: Self, times: f64) {
        self.clips += times * other.clips;
        self.sum += times * other.sum;
        self.squares += times * other.squares;
    }

    /// Sum of squared deviations from the mean.
    fn deviations(self) -> f64 {
        (self.squares - self.mean() * self.sum).max(0.0)
    }

    fn mean(self) -> f64 {
        if self.clips > 0.0 { self.sum / self.clips } else { 0.0 }
    }
}

impl Within {
    /// Of these speakers; `all` are those of all corpora.
    fn of(speakers: &[Speaker<Confusion>], all: &Confusion, values: impl Fn(&Confusion, usize) -> Moments) -> Self {
        let mut found = Self::default();
        let mut means = Vec::with_capacity(all.classes());
        for truth in 0..all.classes() {
            let (mut class, mut inside, mut having) = (Moments::default(), 0.0, 0.0);
            for moments in speakers.iter().map(|one| values(&one.sums, truth)).filter(|one| one.clips > 0.0) {
                class.add(moments, 1.0);
                inside += moments.deviations();
                having += 1.0;
            }
            means.push(class.mean());
            let overall = values(all, truth);
            if class.clips > 0.0 {
                // One clip more, of those of all corpora: a few clips that are all alike are not taken for certain.
                let clips = class.clips;
                let mut more = class;
                more.add(overall, 1.0 / overall.clips);
                let apart = clips * more.deviations() / (clips + 1.0);
                found.apart += apart;
                let beyond = clips - having;
                // Clips vary no more within speakers than without regard to them; with hardly a second clip, that is
                // all there is to say.
                found.inside += if beyond >= 2.0 { (inside * clips / beyond).min(apart) } else { apart };
                found.beyond += beyond;
            }
        }
        for speaker in speakers {
            let deviation: f64 = (0..all.classes())
                .map(|truth| {
                    let moments = values(&speaker.sums, truth);
                    moments.sum - moments.clips * means[truth]
                })
                .sum();
            found.between += deviation * deviation;
        }
        found
    }
}

/// The shares of one corpus, class by class, and how alike clips of its speakers are.
struct Corpus {
    shares: Vec<Option<(Share, Within)>>,
    known: usize,
    /// Means over the classes that are neither always right nor never: design effect less one, clips at a clip's
    /// speaker less one.
    excess: f64,
    cluster: f64,
    degrees: f64,
    reach: f64,
}

impl Corpus {
    fn of(speakers: &[Speaker<Confusion>], shares: Vec<Option<(Share, Within)>>) -> Self {
        let all = || shares.iter().flatten().map(|(share, _)| share);
        let known: Vec<(&Share, f64)> = all().filter_map(|share| Some((share, share.own?))).collect();
        let mean = |sum: f64, of: usize| if of > 0 { sum / of as f64 } else { 0.0 };
        let (clips, right) = speakers.iter().fold((0, 0.0), |(clips, right), speaker| {
            (clips + speaker.sums.total(), right + speaker.sums.correct() as f64 / speaker.sums.seeds() as f64)
        });
        let cluster = if known.is_empty() {
            mean(all().map(|share| share.cluster - 1.0).sum(), all().count())
        } else {
            mean(known.iter().map(|(share, _)| share.cluster - 1.0).sum(), known.len())
        };
        Self {
            known: known.len(),
            excess: mean(known.iter().map(|(_, own)| own - 1.0).sum(), known.len()),
            degrees: mean(known.iter().map(|(share, _)| share.degrees).sum(), known.len()),
            reach: reach(slope(right, clips as f64), cluster + 1.0),
            cluster,
            shares,
        }
    }

    fn part(&self) -> Part {
        Part { variance: 1.0 + self.excess, degrees: self.degrees, apart: 1.0, reach: self.reach }
    }

    /// Design effect of a share, given what the classes of the corpus have in common: the degrees of freedom that are
    /// borrowed with what they say, and its own.
    fn effect(&self, share: &Share, pooled: Topped) -> Effect {
        let others = (self.known - usize::from(share.own.is_some())) as f64;
        let borrowed = BORROWED.max(pooled.borrowed).min(others * share.degrees + pooled.borrowed);
        let correlation = if self.cluster > 0.0 { (pooled.effect - 1.0) / self.cluster } else { 0.0 };
        let expected = 1.0 + (share.cluster - 1.0) * correlation;
        Effect { borrowed, expected, degrees: share.degrees, own: share.own.unwrap_or(expected) }
    }
}

/// A design effect, and where it comes from.
#[derive(Debug, Clone, Copy)]
struct Effect {
    borrowed: f64,
    expected: f64,
    degrees: f64,
    own: f64,
}

impl Effect {
    fn degrees(self) -> f64 {
        self.borrowed + self.degrees
    }

    fn value(self) -> f64 {
        if self.degrees() > 0.0 {
            (self.borrowed * self.expected + self.degrees * self.own) / self.degrees()
        } else {
            self.expected
        }
    }
}

/// Intervals of the share of hits of every class.
fn intervals(sample: &Sample<Confusion>, kind: Kind) -> Vec<Option<Interval>> {
    let classes = 0..sample.all.classes();
    let seeds = sample.all.seeds() as f64;
    let enough: Vec<bool> = classes.clone().map(|class| tells(sample, class)).collect();
    let alone = sample.corpora.len() == 1 && sample.known.is_empty();
    let within = |speakers: &[Speaker<Confusion>], class: usize| {
        let share = ratio(sample.all.count(class, class) as f64, kind.answers(&sample.all, class) as f64);
        Within::of(speakers, &sample.all, |one, truth| kind.moments(one, truth, class, share))
    };
    let corpora: Vec<Corpus> = sample
        .corpora
        .iter()
        .map(|speakers| {
            let of_class = |class: usize| {
                let counts = speakers.iter().map(|one| (one.sums.count(class, class), kind.answers(&one.sums, class)));
                if !enough[class] {
                    None
                } else if alone {
                    Some((Share::of(counts, seeds)?, Within::default()))
                } else {
                    let within = within(speakers, class);
                    Some((Share::beside_others(counts, seeds, &within)?, within))
                }
            };
            Corpus::of(speakers, classes.clone().map(of_class).collect())
        })
        .collect();
    let pooled = top_up(&corpora.iter().map(Corpus::part).collect::<Vec<_>>());
    let of_class = |class: usize| {
        if !enough[class] {
            return None;
        }
        let shares = corpora.iter().zip(&pooled).filter_map(|(corpus, pooled)| {
            let (share, within) = corpus.shares[class].as_ref()?;
            Some((*share, *within, corpus.effect(share, *pooled)))
        });
        let shares: Vec<(Share, Within, Effect)> = shares.collect();
        if alone {
            let (share, _, effect) = shares.first()?;
            let (effect, degrees) = (effect.value().max(LEAST_EFFECT), effect.degrees());
            return Some(wilson(share.hits / effect, share.clips / effect, t_quantile(degrees)));
        }
        let (hits, all) = (sample.all.count(class, class), kind.answers(&sample.all, class));
        let (hits, all) = (hits as f64 / seeds, all as f64 / seeds);
        if all == 0.0 {
            return None;
        }
        let known = within(&sample.known, class);
        let of_known = sample.known.iter().map(|one| kind.answers(&one.sums, class)).sum::<u64>() as f64 / seeds;
        let certain = hits == 0.0 || hits == all;
        // Where all are hits or none is, clips stand for variances.
        let (mut variance, mut doubt, mut borrowed) = (0.0, 0.0, 0.0);
        for (share, within, effect) in &shares {
            let apart = if certain { share.clips } else { within.apart };
            variance += apart * effect.value().max(LEAST_EFFECT);
            let of = |effect_of: f64, degrees: f64| apart * effect_of * degrees / effect.degrees();
            if effect.degrees > 0.0 {
                doubt += of(effect.own, effect.degrees).powi(2) / effect.degrees;
            }
            // What is borrowed comes from the same speakers.
            if effect.borrowed > 0.0 {
                borrowed += of(effect.expected, effect.borrowed) / effect.borrowed.sqrt();
            }
        }
        doubt += borrowed * borrowed;
        if of_known > 0.0 {
            let inside = if certain { of_known } else { known.inside };
            variance += inside;
            doubt += inside * inside / known.beyond.max(MIN_EFFECTIVE - 1.0);
        }
        let independent = if certain { all } else { hits * (1.0 - hits / all) };
        let effect = (variance / independent).max(LEAST_EFFECT);
        Some(wilson(hits / effect, all / effect, t_quantile((variance * variance / doubt).max(MIN_EFFECTIVE - 1.0))))
    };
    classes.clone().map(of_class).collect()
}

/// `true` if enough speakers have clips of a class.
fn tells(sample: &Sample<Confusion>, class: usize) -> bool {
    let having =
        |speakers: &[Speaker<Confusion>]| speakers.iter().filter(|speaker| speaker.sums.support(class) > 0).count();
    let strangers: usize = sample.corpora.iter().map(|speakers| having(speakers).saturating_sub(1)).sum();
    let known = sample.known.iter().map(|speaker| speaker.sums.support(class).saturating_sub(1)).sum::<u64>();
    let unseen = sample.corpora.iter().all(|speakers| having(speakers) == 0);
    let enough = MIN_SPEAKERS - 1;
    let of_known = having(&sample.known) == 0 || known >= enough as u64;
    (unseen || strangers >= enough) && of_known && !(unseen && having(&sample.known) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_intervals(speakers: &[Confusion]) -> Vec<ClassIntervals> {
        let corpus = speakers.iter().cloned().map(Speaker::from).collect();
        super::class_intervals(&Sample::of_speakers(&Confusion::new(2), vec![corpus], Vec::new()))
    }

    /// Two classes: per speaker, hits and clips of class 0 and of class 1.
    fn speaker(counts: [(u64, u64); 2]) -> Confusion {
        let mut speaker = Confusion::new(2);
        for (class, (hits, clips)) in counts.into_iter().enumerate() {
            speaker.add_matrix(&Confusion::of_pairs(2, [(class, class)]), hits);
            speaker.add_matrix(&Confusion::of_pairs(2, [(class, 1 - class)]), clips - hits);
        }
        speaker
    }

    /// Recalls by hand. Class 0: 6 of 12 hits in speakers of 4, who are off by 2, 1 and 1 from the expected 2, 2, 2:
    /// own = 3/2 * (4 + 1 + 1) / 3 = 3. Class 1: 6 of 12, off by 0, 1, 1: own = 3/2 * 2 / 3 = 1.
    /// r = (2 + 0) / (3 + 3) = 1/3, pooled 1 + 3/3 = 2; two degrees borrowed beside two: D = 2.5 and 1.5, t(4).
    #[test]
    fn three_speakers_by_hand() {
        let speakers = [[(4, 4), (2, 4)], [(1, 4), (3, 4)], [(1, 4), (1, 4)]].map(speaker);
        let found = class_intervals(&speakers);
        for (found, effect) in found.iter().zip([2.5, 1.5]) {
            assert_eq!(found.recall, Some(wilson(6.0 / effect, 12.0 / effect, t_quantile(4.0))), "{effect}");
        }
    }

    /// A class that is always right is as uncertain as the others are clustered; clips alone would promise more.
    #[test]
    fn a_class_without_errors_learns_from_the_others_how_alike_clips_are() {
        let speakers = [[(8, 8), (8, 8)], [(8, 8), (1, 8)], [(8, 8), (0, 8)], [(8, 8), (4, 8)]].map(speaker);
        let recall = class_intervals(&speakers)[0].recall.expect("four speakers");
        assert_eq!(recall.high, 1.0);
        assert!(recall.low < wilson(32.0, 32.0, t_quantile(6.0)).low - 0.1, "{recall:?}");
    }

    /// One class has no others to learn from: its own design effect and degrees of freedom.
    #[test]
    fn a_class_alone_speaks_for_itself() {
        let speakers = [5, 7, 9, 2].map(|hits| speaker([(hits, 10), (0, 0)]));
        // Off the expected 5.75 by -0.75, 1.25, 3.25, -3.75, squares 26.75; variance 40 * 0.575 * 0.425.
        let effect = 4.0 / 3.0 * 26.75 / (40.0 * 0.575 * 0.425);
        let (found, expected) = (
            class_intervals(&speakers)[0].recall.expect("four speakers"),
            wilson(23.0 / effect, 40.0 / effect, t_quantile(3.0)),
        );
        assert!((found.low - expected.low).abs() < 1e-12 && (found.high - expected.high).abs() < 1e-12, "{found:?}");
        assert_eq!(class_intervals(&speakers)[1], ClassIntervals::default(), "class 1 has no clips");
    }

    #[test]
    fn two_speakers_of_a_class_are_too_few() {
        let speakers = [[(4, 4), (2, 4)], [(1, 4), (3, 4)], [(0, 0), (1, 4)]].map(speaker);
        let found = class_intervals(&speakers);
        assert_eq!(found[0], ClassIntervals::default());
        assert!(found[1].recall.is_some() && found[1].precision.is_some() && found[1].f1.is_some());
        assert_eq!(class_intervals(&[]), [ClassIntervals::default(); 2]);
    }
}
