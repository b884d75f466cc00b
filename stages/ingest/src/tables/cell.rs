//! A cell of a table as the value of a field, or as what is wrong with it.

use std::borrow::Cow;

use ser_stage::suggest::nearest;
use ser_text::printable;

use crate::descriptor::compile::plausible_age;
use crate::descriptor::{Descriptor, Field, SideTable};
use crate::emotions;

/// Stands for a letter that an earlier conversion lost. Words with it may be equal where the letters were not.
pub(super) const LOST_LETTER: char = '\u{fffd}';

/// Longest part of a cell that a message shows, in characters.
const SHOWN: usize = 60;

/// What a table says about one field of a clip or a speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The value, after the descriptor's codes.
    Value(String),
    /// Nothing, or a word that means nothing.
    Empty,
    /// A word that is no value of the field.
    NotUnderstood(String),
}

impl Cell {
    /// The cell `text` of `table` as the value of `field`.
    pub(super) fn read(descriptor: &Descriptor, table: &SideTable, field: Field, text: &str) -> Self {
        if text.is_empty() || table.empty.as_ref().is_some_and(|empty| empty.is_match(text)) {
            return Self::Empty;
        }
        let not_understood = || Self::NotUnderstood(text.to_owned());
        let codes = table.codes.get(&field).or_else(|| descriptor.codes.get(&field));
        let Some(value) = codes.map_or(Some(text), |codes| codes.meaning(text)) else { return not_understood() };
        let within =
            |range: std::ops::RangeInclusive<f64>| value.parse::<f64>().is_ok_and(|number| range.contains(&number));
        let acceptable = match field {
            _ if value.contains(LOST_LETTER) => false,
            Field::Emotion | Field::PerceivedEmotion => descriptor.emotion(value).is_some(),
            Field::AgeYears => value.parse::<f64>().is_ok_and(plausible_age),
            Field::PerceivedAgreement => within(0.0..=1.0),
            _ => true,
        };
        if acceptable { Self::Value(value.to_owned()) } else { not_understood() }
    }

    /// Whether both say the same of `field`, in whatever words. What is empty says nothing against anything.
    pub(super) fn agrees(&self, other: &Self, descriptor: &Descriptor, field: Field) -> bool {
        match (self, other) {
            (Self::Empty, _) | (_, Self::Empty) => true,
            (Self::Value(one), Self::Value(two)) => is_same(descriptor, field, one, two),
            _ => self == other,
        }
    }

    /// The word in the cell, for messages.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Value(text) | Self::NotUnderstood(text) => shown(text),
            Self::Empty => Cow::Borrowed(""),
        }
    }
}

/// `true` where `one` and `two` are the same value of `field`, in whatever words.
pub(crate) fn is_same(descriptor: &Descriptor, field: Field, one: &str, two: &str) -> bool {
    match field {
        _ if one == two => true,
        Field::Emotion | Field::PerceivedEmotion => {
            descriptor.emotion(one).is_some() && descriptor.emotion(one) == descriptor.emotion(two)
        }
        Field::AgeYears | Field::PerceivedAgreement => {
            let number = |word: &str| word.parse::<f64>().ok();
            number(one).is_some() && number(one) == number(two)
        }
        _ => false,
    }
}

/// Text out of a table for messages: without control characters, and not longer than a name.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", printable(&text[..end]))),
        None => printable(text),
    }
}

/// The word that was probably meant by `text`, which is no value of `field`.
pub(super) fn meant<'a>(descriptor: &'a Descriptor, table: &'a SideTable, field: Field, text: &str) -> Option<&'a str> {
    if let Some(codes) = table.codes.get(&field).or_else(|| descriptor.codes.get(&field)) {
        return nearest(text, codes.words());
    }
    let words = || -> Vec<&'a str> {
        let others = descriptor.other_emotions.iter().map(|other| other.as_str());
        emotions::known_words().map(|word| -> &'a str { word }).chain(others).collect()
    };
    match field {
        Field::Emotion | Field::PerceivedEmotion => nearest(text, words()),
        _ => None,
    }
}
