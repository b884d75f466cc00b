//! Clips that are joined with neutral ones: CopyPaste (Pappagari et al. 2020, scheme N-CP).
//!
//! The paper's hypothesis is about a listener: where someone speaks with an emotion and without one, the whole is heard as
//! that emotion. So the neutral clip is of the same speaker where there is one; of another of the corpus, whose room and
//! microphone are the same, where not.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use super::dataset::ClipData;

/// The neutral training clips of a fold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Neutral<'a> {
    of_speaker: BTreeMap<&'a str, Vec<&'a ClipData>>,
    of_corpus: BTreeMap<&'a str, Vec<&'a ClipData>>,
}

impl<'a> Neutral<'a> {
    /// Those of `clips` that are of the class `neutral`.
    pub(crate) fn new(clips: impl Iterator<Item = &'a ClipData>, neutral: usize) -> Self {
        let mut found = Self::default();
        for clip in clips.filter(|clip| clip.class == neutral) {
            found.of_speaker.entry(&clip.speaker).or_default().push(clip);
            found.of_corpus.entry(&clip.corpus).or_default().push(clip);
        }
        found
    }

    /// Whether there are any of `corpus`.
    pub(crate) fn has(&self, corpus: &str) -> bool {
        self.of_corpus.contains_key(corpus)
    }

    /// One to join with `clip`, another than itself; `None` where there is none of its corpus.
    pub(crate) fn beside(&self, clip: &ClipData, rng: &mut impl Rng) -> Option<&'a ClipData> {
        let own = self.of_speaker.get(clip.speaker.as_str());
        own.and_then(|own| other_than(clip, own, rng))
            .or_else(|| other_than(clip, self.of_corpus.get(clip.corpus.as_str())?, rng))
    }
}

/// Any of `clips` but `clip`.
fn other_than<'a>(clip: &ClipData, clips: &[&'a ClipData], rng: &mut impl Rng) -> Option<&'a ClipData> {
    let itself = clips.iter().position(|other| std::ptr::eq(*other, clip));
    let others = clips.len() - usize::from(itself.is_some());
    (others > 0).then(|| {
        let at = rng.random_range(0..others);
        clips[at + usize::from(itself.is_some_and(|itself| at >= itself))]
    })
}

/// How many frames a clip of `own` frames and one of `other` keep where they are joined to at most `most` (0: no limit): all
/// where they fit; else as much as fits, and of the clip itself, whose class the whole has, at least half.
pub(crate) fn shares(own: usize, other: usize, most: usize) -> (usize, usize) {
    if most == 0 || own + other <= most {
        return (own, other);
    }
    let of_own = own.min(most.div_ceil(2).max(most.saturating_sub(other)));
    (of_own, other.min(most - of_own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Corpus, speaker and class of each clip.
    fn clips(of: &[(&str, &str, usize)]) -> Vec<ClipData> {
        let clip = |(corpus, speaker, class): &(&str, &str, usize)| ClipData {
            corpus: (*corpus).to_owned(),
            speaker: (*speaker).to_owned(),
            class: *class,
            ..ClipData::default()
        };
        of.iter().map(clip).collect()
    }

    #[test]
    fn a_neutral_clip_of_the_speaker_comes_before_one_of_the_corpus() {
        let clips = clips(&[
            ("a", "a:1", 0),
            ("a", "a:1", 1),
            ("a", "a:1", 1),
            ("a", "a:2", 0),
            ("a", "a:3", 1),
            ("b", "b:1", 0),
            ("c", "c:1", 1),
        ]);
        let neutral = Neutral::new(clips.iter(), 1);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut beside = |clip: usize| -> Vec<usize> {
            let draw = |_| neutral.beside(&clips[clip], &mut rng);
            let mut found: Vec<usize> = (0..50)
                .filter_map(draw)
                .map(|other| clips.iter().position(|clip| std::ptr::eq(clip, other)).expect("one of them"))
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        assert_eq!(beside(0), [1, 2], "both of the speaker");
        assert_eq!(beside(1), [2], "never itself");
        assert_eq!(beside(3), [1, 2, 4], "all of the corpus, where the speaker has none");
        assert_eq!(beside(4), [1, 2], "all others of it, where the speaker has no other");
        assert_eq!((beside(5), beside(6)), (vec![], vec![]), "none of another corpus");
        assert!(neutral.has("a") && neutral.has("c") && !neutral.has("b"));
    }

    #[test]
    fn what_does_not_fit_is_shared() {
        assert_eq!(shares(300, 200, 0), (300, 200));
        assert_eq!(shares(300, 200, 500), (300, 200));
        assert_eq!(shares(300, 200, 400), (200, 200), "no more than it leaves to the other");
        assert_eq!(shares(100, 900, 400), (100, 300));
        assert_eq!(shares(900, 100, 400), (300, 100));
        assert_eq!(shares(900, 900, 401), (201, 200));
        assert_eq!(shares(9, 9, 1), (1, 0));
    }

    #[test]
    fn shares_fit_and_half_is_the_clips_own() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..2000 {
            let [own, other, most] = [2000, 2000, 1500].map(|limit| rng.random_range(1..limit));
            let (of_own, of_other) = shares(own, other, most);
            assert!(of_own <= own && of_other <= other);
            assert_eq!(of_own + of_other, most.min(own + other), "{own} {other} {most}");
            assert!(of_own >= own.min(most.div_ceil(2)), "{own} {other} {most}");
        }
    }
}
