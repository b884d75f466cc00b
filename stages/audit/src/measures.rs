//! All that is measured of a dataset, beside counting it.

use std::collections::BTreeSet;

use ser_schemas::{Association, Balance, ClassBalance, Clip, Durations, NearDuplicate, Shortcut};

use crate::associations::associations;
use crate::balance::balance;
use crate::class_balance::class_balance;
use crate::durations::durations;
use crate::error::AuditError;
use crate::near_duplicates::near_duplicates;
use crate::params::Params;
use crate::shortcuts::shortcuts;

/// The tables of an audit but its findings, which are drawn from them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measures {
    /// Clips by corpus, emotion, gender, intensity and language.
    pub balance: Vec<Balance>,
    /// How evenly the emotions are covered.
    pub class_balance: Vec<ClassBalance>,
    /// How long clips are.
    pub durations: Vec<Durations>,
    /// Which properties go together.
    pub associations: Vec<Association>,
    /// What the recording gives away.
    pub shortcuts: Vec<Shortcut>,
    /// Clips with the same take.
    pub near_duplicates: Vec<NearDuplicate>,
    /// The clips that near-duplicates name, by id: what a finding says of them.
    pub(crate) copied: Vec<Clip>,
}

impl Measures {
    /// Measures `clips`.
    pub fn of(params: &Params, clips: &[Clip]) -> Result<Self, AuditError> {
        let balance = balance(clips)?;
        let near_duplicates =
            near_duplicates(clips, params.near_duplicate_similarity, params.near_duplicate_correlation);
        let named: BTreeSet<&str> =
            near_duplicates.iter().flat_map(|pair| [pair.clip_a.as_str(), pair.clip_b.as_str()]).collect();
        let copied = clips.iter().filter(|clip| named.contains(clip.clip_id.as_str())).cloned().collect();
        Ok(Self {
            class_balance: class_balance(&balance),
            durations: durations(clips)?,
            associations: associations(clips)?,
            shortcuts: shortcuts(clips),
            copied,
            near_duplicates,
            balance,
        })
    }
}
