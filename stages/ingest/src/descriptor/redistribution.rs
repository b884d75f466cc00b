//! Licences of corpora, as far as they let recordings be passed on.

use std::fmt;
use std::str::FromStr;

/// Word of a licence on passing recordings on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Redistribution {
    /// It allows it, on conditions that the licence names (attribution, the same licence).
    Allowed,
    /// It allows it where no money is made.
    NonCommercial,
    /// It allows it where no money is made and the recordings stay as they are.
    NonCommercialUnaltered,
    /// It forbids it.
    Forbidden,
}

impl Redistribution {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Allowed, Self::NonCommercial, Self::NonCommercialUnaltered, Self::Forbidden];

    /// The word used in descriptors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NonCommercial => "non-commercial",
            Self::NonCommercialUnaltered => "non-commercial-unaltered",
            Self::Forbidden => "forbidden",
        }
    }

    /// `true` if recordings may be passed on as they are.
    pub fn allows_copies(self) -> bool {
        self != Self::Forbidden
    }

    /// Condition beside the terms of the licence, or the reason why recordings may not be passed on.
    pub const fn condition(self) -> Option<&'static str> {
        match self {
            Self::Allowed => None,
            Self::NonCommercial => Some("for non-commercial use only"),
            Self::NonCommercialUnaltered => Some("unaltered, and for non-commercial use only"),
            Self::Forbidden => Some("its licence forbids it"),
        }
    }
}

impl fmt::Display for Redistribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Redistribution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|word| word.as_str() == text).ok_or_else(|| {
            let valid = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` says nothing of passing recordings on; expected one of: {valid}")
        })
    }
}
