//! All that is known of a file without opening it: its name, the speakers' table and the joined tables together.
//!
//! The sources are equals. Where two of them tell different values of one field, it stays empty, as it cannot be known
//! which one is wrong. Counts of raters' answers are opinions rather than facts: of these, the table declared first
//! counts.

use std::collections::BTreeMap;

use ser_schemas::Emotion;
use ser_text::printable;

use crate::descriptor::{Descriptor, Field};
use crate::names::{self, Facts, Misread};
use crate::tables::{Said, Tables, is_same, shown};

/// A file, as its name and the tables describe it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Identity {
    pub(crate) facts: Facts,
    pub(crate) age_years: Option<f64>,
    pub(crate) perceived_emotion: Option<Emotion>,
    pub(crate) perceived_agreement: Option<f64>,
    /// Why speaker or emotion are not known; `None` when both are.
    pub(crate) not_understood: Option<String>,
    /// The path below the root without extension, composed and repaired.
    pub(crate) path: String,
    /// What keeps the name from being read.
    pub(crate) misread: Option<Misread>,
    /// Number of the descriptor's repair that the name needed.
    pub(crate) repaired: Option<usize>,
    /// Number of the descriptor's pattern that the name follows.
    pub(crate) pattern: Option<usize>,
    /// The part of the path that tells one recording from another.
    pub(crate) own_part: String,
    /// Fields that stay empty, at most once each.
    pub(crate) contradictions: Vec<Contradiction>,
}

/// Two sources that tell different values of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) field: Field,
    /// The sources, as a message names them.
    pub(crate) sources: [String; 2],
    /// The value that each tells, and where: "`sad` in line 3 of `labels.csv`".
    pub(crate) told: [String; 2],
}

/// The origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source<'a> {
    /// The path of the file.
    Name,
    /// `[speakers]` of the descriptor.
    Speakers,
    /// A table: its file, and the line of the row.
    Table(&'a str, usize),
}

/// A file, as far as the sources that were asked tell of it.
struct Telling<'a> {
    descriptor: &'a Descriptor,
    identity: Identity,
    /// The value that was told first of each field.
    told: BTreeMap<Field, (String, Source<'a>)>,
}

/// Describes the file at `path`: below the root, without extension.
pub(crate) fn identify(descriptor: &Descriptor, tables: &Tables, path: &str) -> Identity {
    let reading = names::read_name(descriptor, path);
    let own_part = reading.own_part();
    let names::Reading { path: read, misread, repaired, pattern, facts, .. } = reading;
    let identity = Identity { path: read, misread, repaired, pattern, own_part, ..Identity::default() };
    let facts = match facts {
        Ok(facts) => facts,
        Err(why) => return Identity { not_understood: Some(why), ..identity },
    };
    let by_name = |field: Field| Some((field, (facts.told(field)?.to_owned(), Source::Name)));
    let told = Field::IN_NAMES.into_iter().filter_map(by_name).collect();
    let mut telling = Telling { descriptor, identity: Identity { facts, ..identity }, told };
    for Said { field, value, file, line } in tables.about_clip(descriptor, path) {
        telling.tell(field, value, Source::Table(file, line));
    }
    if let Some(speaker) = telling.identity.facts.speaker.clone() {
        if let Some(known) = descriptor.speakers.get(&speaker) {
            let age_years = known.age_years.map(|years| years.to_string());
            for (field, value) in [(Field::Gender, &known.gender), (Field::AgeYears, &age_years)] {
                if let Some(value) = value {
                    telling.tell(field, value, Source::Speakers);
                }
            }
        }
        for Said { field, value, file, line } in tables.about_speaker(descriptor, &speaker) {
            telling.tell(field, value, Source::Table(file, line));
        }
        if !telling.told.contains_key(&Field::Gender) {
            telling.identity.facts.gender = gender_by_rule(descriptor, &speaker);
        }
    }
    let mut identity = telling.identity;
    identity.not_understood = untold(descriptor, tables, path, &identity);
    identity
}

/// Why speaker or emotion of the file at `path` are not known, where its name follows a pattern; `None` when both are.
fn untold(descriptor: &Descriptor, tables: &Tables, path: &str, identity: &Identity) -> Option<String> {
    let (what, fields): (_, &[Field]) = match (&identity.facts.speaker, &identity.facts.emotion_raw) {
        (None, None) => ("neither speaker nor emotion", &[Field::Speaker, Field::Emotion]),
        (None, Some(_)) => ("no speaker", &[Field::Speaker]),
        (Some(_), None) => ("no emotion", &[Field::Emotion]),
        (Some(_), Some(_)) => return None,
    };
    let contradictions = identity.contradictions.iter().filter(|contradiction| fields.contains(&contradiction.field));
    let mut reasons: Vec<String> = contradictions
        .map(|Contradiction { field, told: [one, two], .. }| format!("{} is {one} and {two}", field.as_str()))
        .collect();
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

impl<'a> Telling<'a> {
    /// Takes `value` of `field` from `source`.
    fn tell(&mut self, field: Field, value: &str, source: Source<'a>) {
        let Some((before, first)) = self.told.get(&field) else {
            self.identity.set(self.descriptor, field, Some(value));
            self.told.insert(field, (value.to_owned(), source));
            return;
        };
        let is_opinion = matches!(field, Field::PerceivedEmotion | Field::PerceivedAgreement);
        if is_opinion
            || is_same(self.descriptor, field, before, value)
            || self.identity.contradictions.iter().any(|known| known.field == field)
        {
            return;
        }
        let contradiction = Contradiction {
            field,
            sources: [first.named(), source.named()],
            told: [first.telling(before), source.telling(value)],
        };
        self.identity.set(self.descriptor, field, None);
        self.identity.contradictions.push(contradiction);
    }
}

impl Source<'_> {
    fn named(self) -> String {
        match self {
            Self::Name => "the name".to_owned(),
            Self::Speakers => "`[speakers]`".to_owned(),
            Self::Table(file, _) => format!("`{}`", shown(file)),
        }
    }

    fn telling(self, value: &str) -> String {
        let value = shown(value);
        match self {
            Self::Name => format!("`{value}` by its name"),
            Self::Speakers => format!("`{value}` in `[speakers]`"),
            Self::Table(file, line) => format!("`{value}` in line {line} of `{}`", shown(file)),
        }
    }
}

impl Identity {
    /// Sets `field` to a value that its source accepts, or to nothing.
    fn set(&mut self, descriptor: &Descriptor, field: Field, value: Option<&str>) {
        match (field, value) {
            (Field::AgeYears, _) => self.age_years = value.and_then(|value| value.parse().ok()),
            (Field::PerceivedAgreement, _) => {
                self.perceived_agreement = value.and_then(|value| value.parse().ok());
            }
            (Field::PerceivedEmotion, _) => {
                self.perceived_emotion = value.and_then(|value| descriptor.emotion(value));
            }
            (_, None) => self.facts.clear(field),
            (_, Some(value)) => {
                // Tables keep only words that `set` accepts.
                let _ = self.facts.set(descriptor, field, value);
            }
        }
    }
}
