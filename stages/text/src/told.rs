//! What names tell of recordings, held against itself: a part of the name that was taken for another one shows.
//!
//! In a corpus, the same speaker says several things in several emotions. Where one property decides another in every
//! recording, the pattern that read the names has probably taken one part of them for two properties, or for the wrong
//! one. Where it has not, a model can learn the one property for the other, which is as much worth knowing.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

/// Recordings below which nothing is said.
const FEWEST: usize = 5;

/// Probability that recordings whose properties are independent look as if one decided the other.
const BY_CHANCE: f64 = 0.01;

/// How many examples a sentence gives.
const NAMED: usize = 4;

/// What is told of one recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told<'a> {
    /// Who speaks.
    pub speaker: Option<&'a str>,
    /// The label.
    pub emotion: Option<&'a str>,
    /// Code of the sentence.
    pub sentence: Option<&'a str>,
    /// Code of the repetition.
    pub take: Option<&'a str>,
    /// Word for the intensity.
    pub intensity: Option<&'a str>,
    /// Word for the speaker's gender.
    pub gender: Option<&'a str>,
}

/// Something strange about what is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strange {
    /// The observation, without a full stop: `each of the 4 speakers has one emotion only`.
    pub what: String,
    /// Examples of it: `a: angry, b: happy`.
    pub examples: String,
}

/// A property, with its word for one and for several.
struct Property {
    one: &'static str,
    several: &'static str,
    of: for<'a> fn(&Told<'a>) -> Option<&'a str>,
}

const SPEAKER: Property = Property { one: "speaker", several: "speakers", of: |told| told.speaker };
const EMOTION: Property = Property { one: "emotion", several: "emotions", of: |told| told.emotion };
const SENTENCE: Property = Property { one: "sentence", several: "sentences", of: |told| told.sentence };
const TAKE: Property = Property { one: "take", several: "takes", of: |told| told.take };
const INTENSITY: Property = Property { one: "intensity", several: "intensities", of: |told| told.intensity };

/// Pairs of which neither may decide the other.
///
/// A sentence that a single speaker says is none of them: in unscripted speech every sentence is like that.
const INDEPENDENT: [(Property, Property); 2] = [(SPEAKER, EMOTION), (SENTENCE, EMOTION)];

/// Pairs of which one may decide the other, but not each the other.
const NOT_THE_SAME: [(Property, Property); 4] =
    [(SPEAKER, SENTENCE), (SPEAKER, TAKE), (EMOTION, TAKE), (EMOTION, INTENSITY)];

/// What is strange about `recordings`, each of which is to be there once. Gravest first; empty for less than a handful.
pub fn strange(recordings: &[Told<'_>]) -> Vec<Strange> {
    if recordings.len() < FEWEST {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(one_recording_each(recordings));
    found.extend(two_genders(recordings));
    for (a, b) in &INDEPENDENT {
        found.extend(dependent(recordings, a, b));
    }
    for (a, b) in &NOT_THE_SAME {
        found.extend(same(recordings, a, b));
    }
    found
}

/// Whether in `pairs` the first value decides the second, in more of them than chance explains.
///
/// With independent properties, all recordings that share a first value share the second with a probability of at
/// most p to the power of their number less one, p being the share of the commonest second value.
pub fn decides<A: Ord + Copy, B: Ord + Copy + Hash>(pairs: &[(A, B)]) -> bool {
    let mut first: BTreeMap<A, B> = BTreeMap::new();
    let mut second: BTreeMap<B, usize> = BTreeMap::new();
    for (a, b) in pairs {
        if first.insert(*a, *b).is_some_and(|before| before != *b) {
            return false;
        }
        *second.entry(*b).or_default() += 1;
    }
    if first.len() < 2 || second.len() < 2 {
        return false;
    }
    let commonest = second.values().max().copied().unwrap_or_default();
    let share = commonest as f64 / pairs.len() as f64;
    let repeats = pairs.len() - first.len();
    share.powf(repeats as f64) < BY_CHANCE
}

/// Each speaker, or nearly each, with a single recording: a running number was taken for the speaker.
fn one_recording_each(recordings: &[Told<'_>]) -> Option<Strange> {
    let speakers: Vec<&str> = recordings.iter().filter_map(|told| told.speaker).collect();
    let different: BTreeSet<&str> = speakers.iter().copied().collect();
    let nearly_each = speakers.len() >= FEWEST && different.len() * 10 >= speakers.len() * 9;
    nearly_each.then(|| Strange {
        what: format!("{} recordings have {} different speakers", speakers.len(), different.len()),
        examples: listed(different.into_iter().map(str::to_owned)),
    })
}

/// A person has one gender.
fn two_genders(recordings: &[Told<'_>]) -> Option<Strange> {
    let mut genders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for told in recordings {
        if let (Some(speaker), Some(gender)) = (told.speaker, told.gender) {
            genders.entry(speaker).or_default().insert(gender);
        }
    }
    let two: Vec<String> = genders
        .into_iter()
        .filter(|(_, genders)| genders.len() > 1)
        .map(|(speaker, genders)| format!("{speaker}: {}", genders.into_iter().collect::<Vec<_>>().join(" and ")))
        .collect();
    (!two.is_empty()).then(|| Strange {
        what: match two.len() {
            1 => "one speaker has more than one gender".to_owned(),
            several => format!("{several} speakers have more than one gender"),
        },
        examples: listed(two.into_iter()),
    })
}

fn dependent(recordings: &[Told<'_>], a: &Property, b: &Property) -> Option<Strange> {
    let forth = pairs(recordings, a, b);
    let back = pairs(recordings, b, a);
    let what = match (decides(&forth), decides(&back)) {
        (true, true) => one_to_one(&forth, a, b),
        (true, false) => one_only(&forth, a, b),
        (false, true) => return Some(Strange { what: one_only(&back, b, a), examples: examples(&back) }),
        (false, false) => return None,
    };
    Some(Strange { what, examples: examples(&forth) })
}

fn same(recordings: &[Told<'_>], a: &Property, b: &Property) -> Option<Strange> {
    let forth = pairs(recordings, a, b);
    let both = decides(&forth) && decides(&pairs(recordings, b, a));
    both.then(|| Strange { what: one_to_one(&forth, a, b), examples: examples(&forth) })
}

fn one_only(pairs: &[(&str, &str)], a: &Property, b: &Property) -> String {
    format!("each of the {} {} has one {} only", number_of_first(pairs), a.several, b.one)
}

fn one_to_one(pairs: &[(&str, &str)], a: &Property, b: &Property) -> String {
    format!(
        "each of the {} {} has one {} only, and each {} one {}",
        number_of_first(pairs),
        a.several,
        b.one,
        b.one,
        a.one
    )
}

fn pairs<'a>(recordings: &[Told<'a>], a: &Property, b: &Property) -> Vec<(&'a str, &'a str)> {
    recordings.iter().filter_map(|told| (a.of)(told).zip((b.of)(told))).collect()
}

fn number_of_first(pairs: &[(&str, &str)]) -> usize {
    pairs.iter().map(|(a, _)| a).collect::<BTreeSet<_>>().len()
}

fn examples(pairs: &[(&str, &str)]) -> String {
    let different: BTreeSet<_> = pairs.iter().collect();
    listed(different.into_iter().map(|(a, b)| format!("{a}: {b}")))
}

fn listed(mut texts: impl Iterator<Item = String>) -> String {
    let named: Vec<String> = texts.by_ref().take(NAMED).collect();
    let more = if texts.next().is_some() { ", ..." } else { "" };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `speaker sentence emotion take` of each recording; `-` is not told.
    fn recordings(rows: &[&'static str]) -> Vec<Told<'static>> {
        let field = |text: &'static str| (text != "-").then_some(text);
        let one = |row: &&'static str| {
            let parts: Vec<&str> = row.split(' ').collect();
            Told {
                speaker: field(parts[0]),
                sentence: field(parts[1]),
                emotion: field(parts[2]),
                take: field(parts[3]),
                ..Told::default()
            }
        };
        rows.iter().map(one).collect()
    }

    /// All combinations, as a corpus is designed.
    fn crossed(speakers: &[&'static str], sentences: &[&'static str], emotions: &[&'static str]) -> Vec<Told<'static>> {
        let mut told = Vec::new();
        for speaker in speakers {
            for sentence in sentences {
                for emotion in emotions {
                    told.push(Told {
                        speaker: Some(speaker),
                        sentence: Some(sentence),
                        emotion: Some(emotion),
                        ..Told::default()
                    });
                }
            }
        }
        told
    }

    fn said(told: &[Told<'_>]) -> Vec<String> {
        strange(told).into_iter().map(|strange| strange.what).collect()
    }

    #[test]
    fn designs_of_real_corpora_are_not_strange() {
        let emotions = ["angry", "happy", "sad"];
        for told in [
            crossed(&["OAF", "YAF"], &["bar", "back", "bite"], &emotions),
            crossed(&["DC"], &["01", "02", "03"], &emotions),
            crossed(&["1", "2", "3", "4"], &["01"], &emotions),
            crossed(&["1", "2", "3"], &["01", "02"], &["angry", "sad"]),
        ] {
            assert!(strange(&told).is_empty(), "{:?}", strange(&told));
        }
        // Unscripted speech: every sentence is said once, by one speaker, in one emotion.
        let sentences: Vec<String> = (0..40).map(|number| format!("u{number}")).collect();
        let unscripted: Vec<Told<'_>> = sentences
            .iter()
            .enumerate()
            .map(|(at, sentence)| Told {
                speaker: Some(["a", "b", "c", "d"][at % 4]),
                emotion: Some(emotions[(at / 4) % 3]),
                sentence: Some(sentence),
                ..Told::default()
            })
            .collect();
        assert!(strange(&unscripted).is_empty(), "{:?}", strange(&unscripted));
    }

    #[test]
    fn the_emotion_taken_for_the_speaker() {
        let told: Vec<Told<'_>> = crossed(&["s1", "s2"], &["t0", "t1"], &["ANG", "HAP", "SAD"])
            .into_iter()
            .map(|told| Told { speaker: told.emotion, ..told })
            .collect();
        assert_eq!(said(&told), ["each of the 3 speakers has one emotion only, and each emotion one speaker"]);
        assert_eq!(strange(&told)[0].examples, "ANG: ANG, HAP: HAP, SAD: SAD");
    }

    #[test]
    fn speaker_and_emotion_taken_together() {
        let names: Vec<String> =
            ["s1", "s2", "s3"].iter().flat_map(|s| ["ang", "hap"].map(|e| format!("{s}_{e}"))).collect();
        let told: Vec<Told<'_>> = (0..24)
            .map(|at| Told {
                speaker: Some(&names[at % 6]),
                emotion: Some(["angry", "happy"][at % 2]),
                ..Told::default()
            })
            .collect();
        assert_eq!(said(&told), ["each of the 6 speakers has one emotion only"]);
    }

    #[test]
    fn a_running_number_taken_for_the_speaker() {
        let told = recordings(&["1 - a -", "2 - b -", "3 - a -", "4 - b -", "5 - a -", "6 - b -"]);
        assert_eq!(said(&told), ["6 recordings have 6 different speakers"]);
        assert!(strange(&told[..4]).is_empty(), "a handful of files proves nothing");
    }

    #[test]
    fn one_part_of_the_name_taken_twice() {
        let told: Vec<Told<'_>> = crossed(&["s1", "s2", "s3"], &["x"], &["angry", "happy", "sad"])
            .into_iter()
            .map(|told| Told { take: told.speaker, sentence: None, ..told })
            .collect();
        assert_eq!(said(&told), ["each of the 3 speakers has one take only, and each take one speaker"]);
    }

    #[test]
    fn the_emotion_taken_for_the_sentence() {
        let told: Vec<Told<'_>> = crossed(&["s1", "s2", "s3"], &["x", "y"], &["angry", "happy", "sad"])
            .into_iter()
            .map(|told| Told { sentence: told.emotion, ..told })
            .collect();
        assert_eq!(said(&told), ["each of the 3 sentences has one emotion only, and each emotion one sentence"]);
    }

    #[test]
    fn a_speaker_with_two_genders() {
        let mut told = crossed(&["01", "02"], &["a", "b"], &["angry", "happy"]);
        for (at, told) in told.iter_mut().enumerate() {
            told.gender = Some(["female", "male"][at % 2]);
        }
        assert_eq!(said(&told), ["2 speakers have more than one gender"]);
        assert_eq!(strange(&told)[0].examples, "01: female and male, 02: female and male");
    }

    #[test]
    fn what_chance_explains_is_no_decision() {
        assert!(!decides(&[(1, 'a'), (2, 'b'), (1, 'a'), (2, 'b')]), "two repeats of two values");
        let many: Vec<(i32, char)> = (0..20).map(|at| (at % 2, ['a', 'b'][at as usize % 2])).collect();
        assert!(decides(&many));
        assert!(!decides(&[(1, 'a'); 20]), "a single value decides nothing");
        let unique: Vec<(i32, i32)> = (0..20).map(|at| (at, at % 2)).collect();
        assert!(!decides(&unique), "nor does one that never comes again");
    }
}
