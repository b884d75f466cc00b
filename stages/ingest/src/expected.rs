//! What a complete corpus would have, against what is there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ser_schemas::Emotion;

use crate::descriptor::{Descriptor, Expected};
use crate::identify::Identity;

/// How many incomplete speakers a message names.
const NAMED: usize = 5;

/// Distinct recordings: copies in a second folder or a second format count once.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// The first file of each, by what is told of it.
    recordings: BTreeMap<Vec<Option<String>>, String>,
    pub(crate) emotions: BTreeMap<Emotion, u64>,
    pub(crate) speakers: BTreeMap<String, u64>,
}

impl Inventory {
    /// The file before it that is the same recording as the one at `path` by all that is told of both. `None` counts
    /// the file, whose name was understood and that is the corpus's speech, as a new one.
    pub(crate) fn add(&mut self, identity: &Identity, path: &str) -> Option<&str> {
        let facts = &identity.facts;
        let recording = vec![
            facts.speaker.clone(),
            facts.emotion_raw.clone(),
            facts.intensity.clone(),
            facts.sentence.clone(),
            facts.take.clone(),
            // Free names are told apart by themselves.
            facts.sentence.is_none().then(|| identity.own_part.clone()),
        ];
        let first = match self.recordings.entry(recording) {
            Entry::Occupied(known) => return Some(known.into_mut().as_str()),
            Entry::Vacant(new) => new,
        };
        first.insert(path.to_owned());
        if let Some(emotion) = facts.emotion {
            *self.emotions.entry(emotion).or_default() += 1;
        }
        if let Some(speaker) = &facts.speaker {
            *self.speakers.entry(speaker.clone()).or_default() += 1;
        }
        None
    }

    /// Number of distinct recordings.
    pub(crate) fn len(&self) -> u64 {
        self.recordings.len() as u64
    }

    /// The edition that this is a copy of: the smallest that could hold it.
    pub(crate) fn edition<'a>(&self, descriptor: &'a Descriptor) -> Option<&'a Expected> {
        let holds = descriptor.expected.iter().filter(|expected| expected.files >= self.len());
        holds.min_by_key(|expected| expected.files).or_else(|| descriptor.expected.iter().max_by_key(|e| e.files))
    }

    /// In words, what differs from the edition; `None` when nothing does.
    pub(crate) fn shortfall(&self, expected: &Expected) -> Option<String> {
        let mut differences = Vec::new();
        let mut compare = |found: u64, wanted: u64, what: &str| {
            if found != wanted {
                differences.push(format!("{found} of {wanted} {what}"));
            }
        };
        compare(self.len(), expected.files, "recordings");
        if let Some(wanted) = expected.speakers {
            compare(self.speakers.len() as u64, wanted, "speakers");
        }
        let emotions = || {
            let found = |emotion| self.emotions.get(emotion).copied().unwrap_or(0);
            expected.emotions.iter().map(move |(emotion, wanted)| (found(emotion), *wanted, emotion.as_str()))
        };
        let are_alike = lack_alike(emotions());
        for (found, wanted, emotion) in emotions().filter(|_| !are_alike) {
            compare(found, wanted, emotion);
        }
        if are_alike {
            differences.push("every emotion alike".to_owned());
        }
        if let Some(wanted) = expected.files_per_speaker {
            let incomplete: Vec<_> = self.speakers.iter().filter(|(_, count)| **count != wanted).collect();
            for (speaker, count) in incomplete.iter().take(NAMED) {
                differences.push(format!("{count} of {wanted} by speaker {speaker}"));
            }
            if incomplete.len() > NAMED {
                differences.push(format!("{} further incomplete speakers", incomplete.len() - NAMED));
            }
        }
        if differences.is_empty() {
            return None;
        }
        let edition = expected.edition.as_ref().map(|edition| format!("{edition}: ")).unwrap_or_default();
        Some(format!("{edition}{}", differences.join(", ")))
    }
}

/// Whether nearly the same share of each of several emotions was found, and not all: then a part of the corpus is
/// there, and counts by emotion say nothing more.
fn lack_alike<'a>(counts: impl Iterator<Item = (u64, u64, &'a str)>) -> bool {
    let mut shares: Vec<f64> = counts.map(|(found, wanted, _)| found as f64 / wanted.max(1) as f64).collect();
    shares.sort_by(f64::total_cmp);
    match shares[..] {
        [least, .., most] => shares.len() > 2 && least > 0.0 && most < 1.0 && most - least <= 0.05,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::lack_alike;

    #[test]
    fn a_part_of_a_corpus_lacks_its_emotions_alike() {
        let alike = |found: &[u64]| lack_alike(found.iter().map(|found| (*found, 400, "any")));
        assert!(alike(&[96, 96, 100]));
        assert!(!alike(&[96, 96, 200]), "one is there more often");
        assert!(!alike(&[400, 400, 400]) && !alike(&[0, 0, 0]) && !alike(&[96, 96]) && !alike(&[]));
    }
}
