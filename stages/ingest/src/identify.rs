//! All that is known of a file without opening it: its name, the speakers' table and the joined tables together.

use ser_schemas::Emotion;
use ser_text::printable;

use crate::descriptor::{Descriptor, Field};
use crate::names::{self, Facts};
use crate::tables::Tables;

/// A file, as its name and the tables describe it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Identity {
    pub(crate) facts: Facts,
    pub(crate) age_years: Option<f64>,
    pub(crate) perceived_emotion: Option<Emotion>,
    pub(crate) perceived_agreement: Option<f64>,
    /// Why speaker or emotion are not known; `None` when both are.
    pub(crate) not_understood: Option<String>,
    /// Number of the descriptor's repair that the name needed.
    pub(crate) repaired: Option<usize>,
}

/// Describes the file at `path`: below the root, without extension.
pub(crate) fn identify(descriptor: &Descriptor, tables: &Tables, path: &str) -> Identity {
    let reading = names::read_name(descriptor, path);
    let mut identity = Identity { repaired: reading.repaired, ..Identity::default() };
    match reading.facts {
        Ok(facts) => identity.facts = facts,
        Err(why) => {
            identity.not_understood = Some(why);
            return identity;
        }
    }
    for (field, value) in tables.about_clip(descriptor, path) {
        identity.fill(descriptor, field, value);
    }
    let speaker = identity.facts.speaker.clone();
    if let Some(speaker) = speaker.as_deref() {
        if let Some(known) = descriptor.speakers.get(speaker) {
            identity.facts.gender = identity.facts.gender.take().or_else(|| known.gender.clone());
            identity.age_years = identity.age_years.or(known.age_years);
        }
        for (field, value) in tables.about_speaker(descriptor, speaker) {
            identity.fill(descriptor, field, value);
        }
        identity.facts.gender = identity.facts.gender.take().or_else(|| gender_by_rule(descriptor, speaker));
    }
    identity.not_understood = untold(descriptor, tables, path, &identity.facts);
    identity
}

/// Why speaker or emotion of the file at `path` are not known, where its name follows a pattern; `None` when both are.
fn untold(descriptor: &Descriptor, tables: &Tables, path: &str, facts: &Facts) -> Option<String> {
    let (what, fields): (_, &[Field]) = match (&facts.speaker, &facts.emotion_raw) {
        (None, None) => ("neither speaker nor emotion", &[Field::Speaker, Field::Emotion]),
        (None, Some(_)) => ("no speaker", &[Field::Speaker]),
        (Some(_), None) => ("no emotion", &[Field::Emotion]),
        (Some(_), Some(_)) => return None,
    };
    let mut reasons: Vec<String> = Vec::new();
    for reason in fields.iter().flat_map(|field| tables.why_untold(descriptor, path, *field)) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
    let name = printable(names::file_name(path));
    Some(format!("`{name}` and the tables of {} tell {what}{reasons}", descriptor.name))
}

fn gender_by_rule(descriptor: &Descriptor, speaker: &str) -> Option<String> {
    let rule = &descriptor.gender;
    let by_number = || {
        let digits: String = speaker.chars().filter(char::is_ascii_digit).collect();
        let last = digits.chars().next_back()?.to_digit(10)?;
        if last % 2 == 1 { rule.odd.clone() } else { rule.even.clone() }
    };
    by_number().or_else(|| rule.all.clone())
}

impl Identity {
    /// Takes `value` from a table, unless something better is known already.
    fn fill(&mut self, descriptor: &Descriptor, field: Field, value: &str) {
        match field {
            Field::AgeYears => self.age_years = self.age_years.or_else(|| value.parse().ok()),
            Field::PerceivedAgreement => {
                self.perceived_agreement = self.perceived_agreement.or_else(|| value.parse().ok());
            }
            Field::PerceivedEmotion => {
                self.perceived_emotion = self.perceived_emotion.or_else(|| descriptor.emotion(value));
            }
            _ if !self.facts.has(field) => {
                // Tables keep only words that `set` accepts.
                let _ = self.facts.set(descriptor, field, value);
            }
            _ => {}
        }
    }
}
