//! The members: what their stages left, and whether it fits together.

use std::collections::BTreeMap;
use std::path::Path;

use ser_schemas::{Exposure, Model, Prediction, Role, Table};

use crate::error::EnsembleError;

/// One member.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its description.
    pub(crate) about: Model,
    /// Its test clips, fold by fold, by id.
    pub(crate) test: Answered,
    /// Its validation clips.
    pub(crate) validation: Answered,
    /// Clips that it was shown.
    pub(crate) exposures: Vec<Exposure>,
}

/// Predictions by fold and clip.
pub(crate) type Answered = BTreeMap<(u32, String), Prediction>;

impl Member {
    fn read(name: &str, folder: &Path) -> Result<Self, EnsembleError> {
        let mut models = Model::read_in(folder)?;
        let about = match (models.pop(), models.len()) {
            (Some(about), 0) => about,
            (last, more) => {
                let found = more + usize::from(last.is_some());
                return Err(EnsembleError::NotOne { member: name.to_owned(), found });
            }
        };
        let validation = folder.join(Prediction::VALIDATION.file);
        let validation = if validation.exists() { Prediction::read(&validation)? } else { Vec::new() };
        let by_clip = |rows: Vec<Prediction>| -> Result<Answered, EnsembleError> {
            rows.iter().try_for_each(|row| check(name, &about, row))?;
            Ok(rows.into_iter().map(|row| ((row.fold, row.clip_id.clone()), row)).collect())
        };
        let (test, validation) = (by_clip(Prediction::read_in(folder)?)?, by_clip(validation)?);
        Ok(Self { test, validation, exposures: Exposure::read_in(folder)?, about })
    }

    /// Its predictions of clips that play `role`.
    pub(crate) fn answered(&self, role: Role) -> &Answered {
        if role == Role::Validation { &self.validation } else { &self.test }
    }

    /// Fails where `other` answers for other clips, or knows other classes.
    fn agrees(&self, other: &Self, role: Role) -> Result<(), EnsembleError> {
        let missing = |has: &Self, lacks: &Self| {
            let lacked = has.answered(role).keys().find(|key| !lacks.answered(role).contains_key(*key))?;
            Some(EnsembleError::OtherClips {
                has: has.about.model.clone(),
                lacks: lacks.about.model.clone(),
                role: role.as_str(),
                clip_id: lacked.1.clone(),
                fold: lacked.0,
                split: has.about.split.clone(),
            })
        };
        if let Some(error) = missing(self, other).or_else(|| missing(other, self)) {
            return Err(error);
        }
        for (row, others) in self.answered(role).values().zip(other.answered(role).values()) {
            let (first, second) = (self.about.model.clone(), other.about.model.clone());
            if row.classes != others.classes {
                let (first_classes, second_classes) = (row.classes.clone(), others.classes.clone());
                return Err(EnsembleError::OtherClasses { first, first_classes, second, second_classes });
            }
            if row.emotion != others.emotion {
                let (first_emotion, second_emotion) = (row.emotion, others.emotion);
                let clip_id = row.clip_id.clone();
                return Err(EnsembleError::OtherEmotion { clip_id, first, first_emotion, second, second_emotion });
            }
        }
        Ok(())
    }
}

fn check(name: &str, about: &Model, row: &Prediction) -> Result<(), EnsembleError> {
    let (member, clip_id) = (name.to_owned(), row.clip_id.clone());
    if row.model != about.model || row.split != about.split {
        return Err(EnsembleError::Stranger { member, clip_id, model: row.model.clone(), split: row.split.clone() });
    }
    row.probability_problem()
        .map_or(Ok(()), |problem| Err(EnsembleError::BadProbabilities { member, clip_id, problem }))
}

/// Reads the members, by name, so that no result depends on the order in which they are given.
pub(crate) fn read(folders: &[(&str, &Path)]) -> Result<Vec<Member>, EnsembleError> {
    let read = folders.iter().map(|(name, folder)| Member::read(name, folder));
    let mut members = read.collect::<Result<Vec<_>, _>>()?;
    members.sort_by(|one, other| one.about.model.cmp(&other.about.model));
    let [first, others @ ..] = &members[..] else { return Err(EnsembleError::TooFew { found: 0 }) };
    if others.is_empty() {
        return Err(EnsembleError::TooFew { found: 1 });
    }
    if let Some(pair) = members.windows(2).find(|pair| pair[0].about.model == pair[1].about.model) {
        return Err(EnsembleError::Twice { member: pair[0].about.model.clone() });
    }
    let validated = all_validated(&members);
    for other in others {
        if first.about.split != other.about.split {
            return Err(EnsembleError::OtherSplit {
                first: first.about.model.clone(),
                first_split: first.about.split.clone(),
                second: other.about.model.clone(),
                second_split: other.about.split.clone(),
            });
        }
        first.agrees(other, Role::Test)?;
        if validated {
            first.agrees(other, Role::Validation)?;
        }
    }
    Ok(members)
}

/// Whether all members tell what they say of validation clips: where one does not, an ensemble cannot.
pub(crate) fn all_validated(members: &[Member]) -> bool {
    members.iter().all(|member| !member.validation.is_empty())
}
