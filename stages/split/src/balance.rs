//! Dividing whole speakers into parts that are alike.
//!
//! Every part wants its share of several counts: the clips of each emotion in each corpus, the clips of each gender in
//! each corpus, and all clips. The cost of a division is the chi-square distance from these wishes,
//! the sum of (found - wished)^2 / wished. How many speakers of each corpus a part gets is not wished but fixed
//! beforehand, so that a corpus of two speakers stands in two folds whatever its counts. Speakers are dealt out largest
//! first to where they cost least, then moved and exchanged as long as that lowers the cost: a local optimum, which for
//! these corpora is within a few clips of even.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use ser_schemas::Clip;

use crate::roster::Speaker;

/// Rounds of exchanges; each ends with a lower cost, so this only guards against endless tiny gains.
const MAX_ROUNDS: usize = 100;
/// Partners tried for each speaker in a round, at random: all of them in any corpus of today, few of a hundred
/// thousand.
const MAX_PARTNERS: usize = 2000;
/// A gain below this is rounding.
const MIN_GAIN: f64 = 1e-9;

/// How many speakers of one corpus a part takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// The counts that are kept in proportion, of one speaker: (index of the count, clips).
type Counts = Vec<(usize, f64)>;

/// A division under way.
struct Table {
    /// Corpus of each speaker.
    corpus: Vec<usize>,
    /// Counts of each speaker.
    counts: Vec<Counts>,
    /// Part of each speaker.
    part: Vec<usize>,
    /// Speakers of each corpus, in all parts together.
    sizes: Vec<usize>,
    /// Speakers of each corpus in each part.
    members: Vec<Vec<usize>>,
    /// Quota of each corpus in each part.
    quotas: Vec<Vec<Quota>>,
    /// What each part has of each count, and what it wants.
    found: Vec<Vec<f64>>,
    wished: Vec<Vec<f64>>,
}

/// Part of every speaker, given each part's share of all clips (adding up to 1) and the quota of each corpus (by name)
/// in each part. The quotas of a corpus must allow its number of speakers.
pub(crate) fn divide(
    all: &[Clip],
    speakers: &[Speaker<'_>],
    shares: &[f64],
    quotas: &BTreeMap<&str, Vec<Quota>>,
    generator: &mut ChaCha8Rng,
) -> Vec<usize> {
    let mut table = Table::new(all, speakers, shares, quotas);
    table.deal(speakers, generator);
    table.improve(generator);
    table.part
}

/// Part of every speaker, in `parts` parts that are alike: each with as many speakers of each corpus as every other, to
/// within one.
pub(crate) fn divide_evenly(
    all: &[Clip],
    speakers: &[Speaker<'_>],
    parts: usize,
    generator: &mut ChaCha8Rng,
) -> Vec<usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for speaker in speakers {
        *sizes.entry(speaker.corpus).or_default() += 1;
    }
    let even = |size: usize| vec![Quota { least: size / parts, most: size.div_ceil(parts) }; parts];
    let quotas = sizes.into_iter().map(|(corpus, size)| (corpus, even(size))).collect();
    divide(all, speakers, &vec![1.0 / parts as f64; parts], &quotas, generator)
}

impl Table {
    fn new(all: &[Clip], speakers: &[Speaker<'_>], shares: &[f64], quotas: &BTreeMap<&str, Vec<Quota>>) -> Self {
        let corpora: Vec<&str> = quotas.keys().copied().collect();
        let corpus: Vec<usize> =
            speakers.iter().map(|speaker| corpora.partition_point(|name| *name < speaker.corpus)).collect();
        let mut sizes = vec![0; corpora.len()];
        for corpus in &corpus {
            sizes[*corpus] += 1;
        }
        let (counts, kinds) = count(all, speakers);
        let mut totals = vec![0.0; kinds];
        for (kind, clips) in counts.iter().flatten() {
            totals[*kind] += clips;
        }
        Self {
            corpus,
            sizes,
            counts,
            part: vec![usize::MAX; speakers.len()],
            members: vec![vec![0; shares.len()]; corpora.len()],
            quotas: quotas.values().cloned().collect(),
            found: vec![vec![0.0; kinds]; shares.len()],
            wished: shares.iter().map(|share| totals.iter().map(|total| total * share).collect()).collect(),
        }
    }

    /// Gives every speaker a part, largest speakers first, to where it costs least among the parts with room.
    fn deal(&mut self, speakers: &[Speaker<'_>], generator: &mut ChaCha8Rng) {
        let mut order: Vec<usize> = (0..speakers.len()).collect();
        order.shuffle(generator);
        order.sort_by_key(|speaker| std::cmp::Reverse(speakers[*speaker].clips.len()));
        let mut parts: Vec<usize> = (0..self.found.len()).collect();
        for speaker in order {
            parts.shuffle(generator);
            let best = parts
                .iter()
                .copied()
                .filter(|part| self.has_room(speaker, *part))
                .min_by(|a, b| self.cost_of_adding(speaker, *a).total_cmp(&self.cost_of_adding(speaker, *b)));
            // Quotas that do not allow all speakers are a mistake of the caller; the first part then takes the rest.
            self.put(speaker, best.unwrap_or(0));
        }
    }

    /// Below its least number of speakers a part has room; above it only while some beyond all the least are left.
    fn has_room(&self, speaker: usize, part: usize) -> bool {
        let corpus = self.corpus[speaker];
        let quotas = &self.quotas[corpus];
        let members = &self.members[corpus];
        if members[part] < quotas[part].least {
            return true;
        }
        let extra = self.sizes[corpus].saturating_sub(quotas.iter().map(|quota| quota.least).sum());
        let used: usize = quotas.iter().zip(members).map(|(quota, found)| found.saturating_sub(quota.least)).sum();
        members[part] < quotas[part].most && used < extra
    }

    /// Moves and exchanges speakers of a corpus while that lowers the cost.
    fn improve(&mut self, generator: &mut ChaCha8Rng) {
        let mut order: Vec<usize> = (0..self.part.len()).collect();
        self.fill_empty_parts(&order);
        for _ in 0..MAX_ROUNDS {
            order.shuffle(generator);
            let mut improved = false;
            for (position, first) in order.iter().enumerate() {
                improved |= self.try_moves(*first);
                for second in order[position + 1..].iter().take(MAX_PARTNERS) {
                    improved |= self.try_exchange(*first, *second);
                }
            }
            if !improved {
                return;
            }
        }
    }

    /// A part without any speaker takes one from a part that has several; which corpus has fewer speakers than parts
    /// is the only way for one to be empty, so the quotas hold.
    fn fill_empty_parts(&mut self, order: &[usize]) {
        for part in 0..self.found.len() {
            if self.size(part) > 0 {
                continue;
            }
            let cost = |speaker: &usize| self.cost_of_moving(*speaker, part);
            let movable = order.iter().copied().filter(|speaker| self.may_move(*speaker, part));
            let donor = movable.min_by(|a, b| cost(a).total_cmp(&cost(b)));
            if let Some(speaker) = donor {
                self.take(speaker);
                self.put(speaker, part);
            }
        }
    }

    fn try_moves(&mut self, speaker: usize) -> bool {
        let mut improved = false;
        for part in 0..self.found.len() {
            if self.may_move(speaker, part) && self.cost_of_moving(speaker, part) < -MIN_GAIN {
                self.take(speaker);
                self.put(speaker, part);
                improved = true;
            }
        }
        improved
    }

    fn may_move(&self, speaker: usize, to: usize) -> bool {
        let corpus = self.corpus[speaker];
        let from = self.part[speaker];
        from != to
            && self.size(from) > 1
            && self.members[corpus][from] > self.quotas[corpus][from].least
            && self.members[corpus][to] < self.quotas[corpus][to].most
    }

    fn cost_of_moving(&self, speaker: usize, to: usize) -> f64 {
        self.cost_of_adding(speaker, to) - self.cost_of_having(speaker, self.part[speaker])
    }

    fn try_exchange(&mut self, first: usize, second: usize) -> bool {
        let (here, there) = (self.part[first], self.part[second]);
        if here == there || self.corpus[first] != self.corpus[second] {
            return false;
        }
        self.take(first);
        self.take(second);
        let stay = self.cost_of_adding(first, here) + self.cost_of_adding(second, there);
        let change = self.cost_of_adding(first, there) + self.cost_of_adding(second, here);
        let improves = change < stay - MIN_GAIN;
        let (of_first, of_second) = if improves { (there, here) } else { (here, there) };
        self.put(first, of_first);
        self.put(second, of_second);
        improves
    }

    /// What the cost of `part` rises by when it takes a speaker: (d + clips)^2 - d^2 for each count, d beyond the wish.
    fn cost_of_adding(&self, speaker: usize, part: usize) -> f64 {
        self.cost(speaker, part, |beyond, clips| clips * (2.0 * beyond + clips))
    }

    /// What the cost of `part` falls by when it gives the speaker away: d^2 - (d - clips)^2 for each count.
    fn cost_of_having(&self, speaker: usize, part: usize) -> f64 {
        self.cost(speaker, part, |beyond, clips| clips * (2.0 * beyond - clips))
    }

    fn cost(&self, speaker: usize, part: usize, difference: impl Fn(f64, f64) -> f64) -> f64 {
        let (found, wished) = (&self.found[part], &self.wished[part]);
        let counts = self.counts[speaker].iter();
        counts.map(|(kind, clips)| difference(found[*kind] - wished[*kind], *clips) / wished[*kind].max(1e-3)).sum()
    }

    fn put(&mut self, speaker: usize, part: usize) {
        self.part[speaker] = part;
        self.members[self.corpus[speaker]][part] += 1;
        for (kind, clips) in &self.counts[speaker] {
            self.found[part][*kind] += clips;
        }
    }

    fn take(&mut self, speaker: usize) {
        let part = self.part[speaker];
        self.members[self.corpus[speaker]][part] -= 1;
        for (kind, clips) in &self.counts[speaker] {
            self.found[part][*kind] -= clips;
        }
    }

    fn size(&self, part: usize) -> usize {
        self.members.iter().map(|members| members[part]).sum()
    }
}

/// The counts of every speaker, and how many kinds of counts there are.
fn count(all: &[Clip], speakers: &[Speaker<'_>]) -> (Vec<Counts>, usize) {
    let mut kinds: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut counts = Vec::with_capacity(speakers.len());
    for speaker in speakers {
        let mut of_speaker: BTreeMap<usize, f64> = BTreeMap::new();
        for clip in &speaker.clips {
            // Speakers who stand together may have clips of several corpora.
            let clip = &all[*clip];
            let emotion = clip.emotion.map_or("", ser_schemas::Emotion::as_str);
            let (corpus, gender) = (clip.corpus.as_str(), clip.gender.as_deref().unwrap_or_default());
            for kind in [("all", "", ""), ("gender", corpus, gender), ("emotion", corpus, emotion)] {
                let next = kinds.len();
                *of_speaker.entry(*kinds.entry(kind).or_insert(next)).or_default() += 1.0;
            }
        }
        counts.push(of_speaker.into_iter().collect());
    }
    (counts, kinds.len())
}
