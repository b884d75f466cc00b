//! Clips that hold the same take though no hash says so, by their acoustic fingerprints and phases.
//!
//! Comparing all pairs at all offsets would take hours for ten thousand clips. Instead, 20 of a word's 32 bits are a
//! key: copies of a take agree in some keys however they were altered, other clips hardly ever. Pairs whose keys agree
//! at three steps for the same offset are compared in full. Work grows with the number of words, not with its square,
//! because a word only meets a bounded number of others under its key.
//!
//! Fingerprints alone do not tell copies from takes of a phrase that a practised speaker repeats ("Say the word ...").
//! So the waveforms must be in step, too, as [`correlation`] measures it.

use ser_audio::correlation;
use ser_schemas::{Clip, FINGERPRINT_MIN_STEPS, FINGERPRINT_STEP_S, NearDuplicate};

/// The bits of a word that are its key: the bands below 2200 Hz, which every codec keeps best.
const KEY_BITS: u32 = 0x000f_ffff;
/// Words under one key that each word meets, at most.
const MET: usize = 128;
/// Steps whose keys agree at one offset, at least, before two clips are compared.
const AGREEING: usize = 3;
/// Offsets of neighbouring steps are taken for one: a take may be padded by half a step.
const OFFSET_SLACK: i64 = 1;
/// Steps that two clips must have in common, at least.
const FEWEST_STEPS: usize = 8;
/// What is asked of fewer steps than [`FINGERPRINT_MIN_STEPS`]: other takes may be as alike as altered copies there, so
/// that only equal sound is believed, at any level and in any number of channels.
const SHORT_SIMILARITY: f64 = 0.95;
const SHORT_CORRELATION: f64 = 0.9;
/// Share of the shorter clip's steps that must be in common.
const MIN_SHARE: f64 = 0.6;
/// How far a quarter of the common steps may agree less than is asked of the whole. Copies agree throughout; clips that
/// begin with the same words, spoken alike ("Say the word ..."), do so in parts.
const QUARTER_SLACK: f64 = 0.06;

/// One step of a clip that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u32,
    clip: usize,
    step: usize,
}

/// How well two clips match at an offset.
#[derive(Debug, Clone, Copy)]
struct Match {
    similarity: f64,
    /// Similarity of the quarter of the common steps that agrees least.
    weakest_quarter: f64,
    offset: i64,
    steps: usize,
}

/// A clip by what it is compared by: its id, its fingerprint and its phases.
type Printed<'a> = (&'a str, &'a [u32], &'a [u32]);

/// Pairs of clips whose fingerprints agree in at least `min_similarity` of their bits and whose phases correlate by at
/// least `min_correlation`, by ids. Clips without a fingerprint or without phases are in no pair.
pub fn near_duplicates(clips: &[Clip], min_similarity: f64, min_correlation: f64) -> Vec<NearDuplicate> {
    let mut printed: Vec<Printed<'_>> = clips
        .iter()
        .filter_map(|clip| Some((clip.clip_id.as_str(), clip.fingerprint.as_deref()?, clip.phase.as_deref()?)))
        .collect();
    printed.sort_unstable();
    let (entries, places) = index(&printed);
    let mut pairs = Vec::new();
    let mut votes: Vec<(usize, i64)> = Vec::new();
    for (clip, (id, words, phases)) in printed.iter().enumerate() {
        votes.clear();
        for &place in &places[clip] {
            let own = entries[place];
            let met = entries[place + 1..].iter().take(MET).take_while(|other| other.key == own.key);
            votes.extend(
                met.filter(|other| other.clip != clip).map(|other| (other.clip, other.step as i64 - own.step as i64)),
            );
        }
        votes.sort_unstable();
        for of_other in votes.chunk_by(|a, b| a.0 == b.0) {
            let Some(offset) = agreed(of_other) else { continue };
            let (other_id, other_words, other_phases) = printed[of_other[0].0];
            let around = (offset - OFFSET_SLACK..=offset + OFFSET_SLACK)
                .filter_map(|offset| compare(words, other_words, offset))
                .max_by(|a, b| a.similarity.total_cmp(&b.similarity));
            let Some(found) = around else { continue };
            let (similarity, least) = if found.steps < FINGERPRINT_MIN_STEPS {
                (min_similarity.max(SHORT_SIMILARITY), min_correlation.max(SHORT_CORRELATION))
            } else {
                (min_similarity, min_correlation)
            };
            if found.similarity < similarity || found.weakest_quarter < similarity - QUARTER_SLACK {
                continue;
            }
            let correlation = correlation(phases, other_phases, found.offset);
            if correlation.is_some_and(|correlation| correlation >= least) {
                pairs.push(NearDuplicate {
                    clip_a: (*id).to_owned(),
                    clip_b: other_id.to_owned(),
                    similarity: found.similarity,
                    correlation,
                    offset_s: found.offset as f64 * FINGERPRINT_STEP_S,
                    overlap_s: found.steps as f64 * FINGERPRINT_STEP_S,
                });
            }
        }
    }
    pairs.sort_by(|a, b| (&a.clip_a, &a.clip_b).cmp(&(&b.clip_a, &b.clip_b)));
    pairs
}

/// All steps that count, by key and then by clip, and where those of each clip are.
fn index(printed: &[Printed<'_>]) -> (Vec<Entry>, Vec<Vec<usize>>) {
    let mut entries: Vec<Entry> = printed
        .iter()
        .enumerate()
        .flat_map(|(clip, (_, words, _))| {
            let counting = words.iter().enumerate().filter(|(_, word)| **word != 0);
            counting.map(move |(step, word)| Entry { key: word & KEY_BITS, clip, step })
        })
        .collect();
    entries.sort_unstable();
    let mut places = vec![Vec::new(); printed.len()];
    for (place, entry) in entries.iter().enumerate() {
        places[entry.clip].push(place);
    }
    (entries, places)
}

/// The offset at which most steps of sorted votes agree, the first of several; `None` where too few do.
fn agreed(votes: &[(usize, i64)]) -> Option<i64> {
    let counts: Vec<(i64, usize)> = votes.chunk_by(|a, b| a.1 == b.1).map(|equal| (equal[0].1, equal.len())).collect();
    let around = |at: usize| {
        let near = |other: &&(i64, usize)| (other.0 - counts[at].0).abs() <= OFFSET_SLACK;
        let slack = OFFSET_SLACK as usize;
        let neighbours = counts[at.saturating_sub(slack)..(at + slack + 1).min(counts.len())].iter();
        neighbours.filter(near).map(|(_, count)| count).sum::<usize>()
    };
    // Of equal counts, `max_by_key` gives the last.
    let best = (0..counts.len()).rev().max_by_key(|at| around(*at))?;
    (around(best) >= AGREEING).then_some(counts[best].0)
}

/// Share of bits in which `a` agrees with `b`, whose steps are `offset` later, over the steps that count in both;
/// `None` where these are too few to say.
fn compare(a: &[u32], b: &[u32], offset: i64) -> Option<Match> {
    let from = usize::try_from(-offset).unwrap_or(0);
    let other_from = usize::try_from(offset).unwrap_or(0);
    let both = a.get(from..)?.iter().zip(b.get(other_from..)?).filter(|(a, b)| **a != 0 && **b != 0);
    let differing: Vec<u32> = both.map(|(a, b)| (a ^ b).count_ones()).collect();
    let steps = differing.len();
    let counting = |words: &[u32]| words.iter().filter(|word| **word != 0).count();
    let shorter = counting(a).min(counting(b));
    if steps < FEWEST_STEPS || (steps as f64) < MIN_SHARE * shorter as f64 {
        return None;
    }
    let similarity = |bits: &[u32]| 1.0 - bits.iter().sum::<u32>() as f64 / (32 * bits.len()) as f64;
    let quarters = differing.chunks(steps.div_ceil(4)).map(similarity);
    let weakest_quarter = quarters.fold(1.0, f64::min);
    Some(Match { similarity: similarity(&differing), weakest_quarter, offset, steps })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as different as those of different takes, from a linear congruential generator; the first four do not
    /// count.
    fn words(seed: u32, length: usize) -> Vec<u32> {
        let mut state = u64::from(seed);
        (0..length)
            .map(|step| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if step < 4 { 0 } else { (state >> 32) as u32 | 1 }
            })
            .collect()
    }

    /// `words` with every `every`-th bit turned.
    fn altered(words: &[u32], every: usize) -> Vec<u32> {
        let turned = |step: usize| {
            (0..32).filter(|bit| (step * 32 + bit).is_multiple_of(every)).fold(0_u32, |mask, bit| mask | (1 << bit))
        };
        words.iter().enumerate().map(|(step, word)| if *word == 0 { 0 } else { word ^ turned(step) }).collect()
    }

    fn clip(id: &str, fingerprint: Vec<u32>) -> Clip {
        let mut clip = Clip::found(id.into(), "c".into(), id.into(), 1);
        clip.phase = Some(fingerprint.clone());
        clip.fingerprint = Some(fingerprint);
        clip
    }

    /// With the thresholds of the defaults. Phases are the fingerprint's words, which do as well as others.
    fn found(clips: &[Clip], min_similarity: f64) -> Vec<NearDuplicate> {
        near_duplicates(clips, min_similarity, 0.4)
    }

    #[test]
    fn an_altered_and_padded_copy_is_found_with_its_offset() {
        let original = words(1, 100);
        let mut copy = vec![0; 10];
        copy.extend(altered(&original, 23));
        let mut clips: Vec<Clip> = (2..60).map(|seed| clip(&format!("other{seed}"), words(seed, 90))).collect();
        clips.push(clip("z", original));
        clips.push(clip("copy", copy));
        clips.push(Clip::found("unread".into(), "c".into(), "unread".into(), 1));
        let pairs = found(&clips, 0.8);
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        let pair = &pairs[0];
        assert_eq!((pair.clip_a.as_str(), pair.clip_b.as_str()), ("copy", "z"));
        assert!((pair.similarity - 22.0 / 23.0).abs() < 0.005, "{pair:?}");
        assert!((pair.offset_s + 0.2).abs() < 1e-9, "the padding is in the first: {pair:?}");
        assert!((pair.overlap_s - 96.0 * 0.02).abs() < 1e-9, "{pair:?}");
    }

    #[test]
    fn a_shared_beginning_is_no_shared_take() {
        // Two clips that say the same first words in the same way, and differ afterwards.
        let (mut one, mut other) = (words(1, 100), words(2, 100));
        one[..50].copy_from_slice(&words(3, 50));
        other[..50].copy_from_slice(&words(3, 50));
        assert_eq!(found(&[clip("one", one), clip("other", other.clone())], 0.8), []);
        // Nine tenths in common are no copy, either, though 0.95 of all bits agree.
        let mut most = other.clone();
        most[90..].copy_from_slice(&words(4, 14)[4..]);
        assert!(compare(&most, &other, 0).is_some_and(|found| found.similarity > 0.94));
        assert_eq!(found(&[clip("most", most), clip("other", other)], 0.9), []);
    }

    #[test]
    fn a_cut_copy_is_found_down_to_the_shared_part_that_is_asked_for() {
        let original = words(1, 120);
        let cut = |words: usize| found(&[clip("a", original.clone()), clip("b", original[words..].to_vec())], 0.8);
        assert_eq!(cut(60).len(), 1);
        assert!((cut(60)[0].offset_s + 1.2).abs() < 1e-9);
    }

    #[test]
    fn of_less_than_half_a_second_only_equal_sound_is_found() {
        let original = words(1, 24);
        let with = |other: Vec<u32>| found(&[clip("a", original.clone()), clip("b", other)], 0.8).len();
        assert_eq!(with(original.clone()), 1);
        assert_eq!(with(altered(&original, 16)), 0, "an altered copy of as much would be found in longer clips");
        assert_eq!(with(words(2, 24)), 0);
        assert_eq!(with(original[..11].to_vec()), 0, "seven steps");
    }

    #[test]
    fn like_spectra_without_like_waveforms_are_two_takes() {
        let (one, mut other) = (clip("one", words(1, 100)), clip("other", altered(&words(1, 100), 23)));
        let correlation = found(&[one.clone(), other.clone()], 0.8)[0].correlation.expect("it was measured");
        assert!((correlation - 21.0 / 23.0).abs() < 0.02, "{correlation}");
        other.phase = Some(words(2, 100));
        assert_eq!(found(&[one.clone(), other.clone()], 0.8), []);
        // A table of an earlier version has no phases: nothing is confirmed.
        other.phase = None;
        assert_eq!(found(&[one, other], 0.8), []);
    }

    #[test]
    fn many_copies_of_one_take_are_chained_without_meeting_all() {
        let clips: Vec<Clip> = (0..200).map(|copy| clip(&format!("{copy:03}"), words(1, 60))).collect();
        let pairs = found(&clips, 0.8);
        assert!(pairs.len() >= 199 && pairs.len() < 200 * 199 / 2, "{}", pairs.len());
        assert!(pairs.windows(2).all(|pair| pair[0].clip_a <= pair[1].clip_a));
    }

    #[test]
    fn no_fingerprint_is_no_trouble() {
        assert_eq!(found(&[], 0.8), []);
        assert_eq!(found(&[clip("a", vec![]), clip("b", vec![0; 100]), clip("c", vec![7])], 0.0), []);
    }
}
