//! The members: what their stages left, and whether it fits together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ser_models::most_probable;
use ser_schemas::{Exposure, Model, Prediction, Role, Table};

use crate::error::EnsembleError;
use crate::params::Mean;
use crate::pool::pool;

/// One member.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its description.
    pub(crate) about: Model,
    /// How many of its networks answer for each clip, at least 1. What follows are means over them.
    pub(crate) seeds: usize,
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
    fn read(name: &str, folder: &Path, mean: Mean) -> Result<Self, EnsembleError> {
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
        let test = Prediction::read_in(folder)?;
        test.iter().chain(&validation).try_for_each(|row| check(name, &about, row))?;
        let seeds: BTreeSet<Option<u32>> = test.iter().chain(&validation).map(|row| row.seed).collect();
        let (test, validation) = (by_clip(name, test, &seeds, mean)?, by_clip(name, validation, &seeds, mean)?);
        Ok(Self { seeds: seeds.len().max(1), test, validation, exposures: Exposure::read_in(folder)?, about })
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

/// The rows by fold and clip; where there are several `seeds`, their mean.
fn by_clip(
    name: &str,
    rows: Vec<Prediction>,
    seeds: &BTreeSet<Option<u32>>,
    mean: Mean,
) -> Result<Answered, EnsembleError> {
    if seeds.len() < 2 {
        return Ok(rows.into_iter().map(|row| ((row.fold, row.clip_id.clone()), row)).collect());
    }
    let mut clips: BTreeMap<(u32, String), BTreeMap<Option<u32>, Prediction>> = BTreeMap::new();
    for row in rows {
        clips.entry((row.fold, row.clip_id.clone())).or_default().insert(row.seed, row);
    }
    let weights = vec![1.0 / seeds.len() as f64; seeds.len()];
    let of_clip = |(key, told): ((u32, String), BTreeMap<Option<u32>, Prediction>)| {
        let bad = |problem: String| EnsembleError::BadSeeds {
            member: name.to_owned(),
            clip_id: key.1.clone(),
            fold: key.0,
            problem,
        };
        if let Some(lacking) = seeds.iter().find(|seed| !told.contains_key(*seed)) {
            let seed =
                |seed: Option<u32>| seed.map_or_else(|| "without a seed".to_owned(), |seed| format!("of seed {seed}"));
            return Err(bad(format!("no answer {}, which answers for other clips", seed(*lacking))));
        }
        let rows: Vec<&Prediction> = told.values().collect();
        if rows.iter().any(|row| (&row.classes, row.emotion) != (&rows[0].classes, rows[0].emotion)) {
            return Err(bad("they differ in its emotion or in their classes".to_owned()));
        }
        let together = together(mean, &weights, &rows)?;
        Ok((key, Prediction { seed: None, ..together }))
    };
    clips.into_iter().map(of_clip).collect()
}

/// What several answers for one clip come to under `weights` that add up to 1; all else is that of the first of `rows`.
pub(crate) fn together(mean: Mean, weights: &[f64], rows: &[&Prediction]) -> Result<Prediction, EnsembleError> {
    let told: Vec<&[f32]> = rows.iter().map(|row| row.probabilities.as_slice()).collect();
    let together = pool(mean, weights, &told);
    let row = rows[0];
    let class = row.classes.split(',').nth(most_probable(&together)).unwrap_or_default();
    let predicted = class.parse().map_err(|error: ser_schemas::UnknownEmotion| EnsembleError::BadProbabilities {
        member: row.model.clone(),
        clip_id: row.clip_id.clone(),
        problem: error.to_string(),
    })?;
    let probabilities = together.iter().map(|value| *value as f32).collect();
    Ok(Prediction { predicted, probabilities, ..row.clone() })
}

fn check(name: &str, about: &Model, row: &Prediction) -> Result<(), EnsembleError> {
    let (member, clip_id) = (name.to_owned(), row.clip_id.clone());
    if row.model != about.model || row.split != about.split {
        return Err(EnsembleError::Stranger { member, clip_id, model: row.model.clone(), split: row.split.clone() });
    }
    row.probability_problem()
        .map_or(Ok(()), |problem| Err(EnsembleError::BadProbabilities { member, clip_id, problem }))
}

/// Reads the members, by name, so that no result depends on the order in which they are given. The seeds of a member
/// are averaged by `mean`.
pub(crate) fn read(folders: &[(&str, &Path)], mean: Mean) -> Result<Vec<Member>, EnsembleError> {
    let read = folders.iter().map(|(name, folder)| Member::read(name, folder, mean));
    let mut members = read.collect::<Result<Vec<_>, _>>()?;
    members.sort_by(|one, other| one.about.model.cmp(&other.about.model));
    let [first, others @ ..] = &members[..] else { return Err(EnsembleError::NoMembers) };
    // Where a split made no folds, nobody answers, and nobody knows how many would.
    if others.is_empty() && first.seeds == 1 && !first.test.is_empty() {
        return Err(EnsembleError::Alone { member: first.about.model.clone() });
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
