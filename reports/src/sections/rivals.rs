//! The models that the leading one has to be better than: the baselines of its split, and of an ensemble its own
//! members.

use ser_schemas::Model;

use super::pairs::seen_from;
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::tables::Tables;

/// Corrected p-values from here on show nothing.
const LEVEL: f64 = 0.05;

/// One of them.
#[derive(Debug)]
pub(crate) struct Rival<'a> {
    pub(crate) scored: &'a Scored,
    /// `true` if the leading model answers by what this one says, among others.
    pub(crate) member: bool,
    pub(crate) uar: Estimate,
    /// UAR of the leading model less its own, where the two were compared clip by clip.
    pub(crate) lead: Option<Estimate>,
    /// Of the difference, after Holm's correction.
    pub(crate) p_adjusted: Option<f64>,
}

impl Rival<'_> {
    /// Whether it does better than the leading model, by the whole interval of the difference.
    pub(crate) fn is_ahead(&self) -> bool {
        self.lead.and_then(|lead| lead.high).is_some_and(|high| high < 0.0)
    }

    /// Whether it does worse, likewise.
    pub(crate) fn is_behind(&self) -> bool {
        self.lead.and_then(|lead| lead.low).is_some_and(|low| low > 0.0)
    }

    /// Its name, and that it is a member.
    pub(crate) fn called(&self) -> String {
        format!("{}{}", self.scored.model, if self.member { " (a member of it)" } else { "" })
    }
}

/// The rivals of `main`, the strongest first: every baseline; of the members of an ensemble the strongest, and those
/// that do better than all together.
pub(crate) fn rivals<'a>(tables: &Tables, board: &'a Scoreboard, main: &Scored) -> Vec<Rival<'a>> {
    let members = members(tables, main);
    // A baseline that was shown the test speakers' clips is no fair rival of a network that was not.
    let fair = |rival: &&Scored| rival.split == main.split && (main.uses_test_speakers || !rival.uses_test_speakers);
    let others = board.models.iter().filter(|rival| !rival.owns(&main.model, &main.split)).filter(fair);
    let mut rivals: Vec<Rival<'a>> = others
        .filter_map(|scored| {
            let member = members.contains(&scored.model.as_str());
            let (lead, p_adjusted) = seen_from(&tables.comparisons, main, scored, "uar").unzip();
            let uar = scored.uar().filter(|_| member || scored.baseline)?;
            Some(Rival { scored, member, uar, lead, p_adjusted: p_adjusted.flatten() })
        })
        .collect();
    rivals.sort_by(|one, other| other.uar.value.total_cmp(&one.uar.value));
    let strongest = rivals.iter().find(|rival| rival.member).map(|rival| rival.scored.model.clone());
    rivals.retain(|rival| rival.scored.baseline || rival.is_ahead() || Some(&rival.scored.model) == strongest.as_ref());
    rivals
}

/// Whether a difference stands after the correction for all comparisons; one without a p-value is not known to.
pub(crate) fn survives(p_adjusted: Option<f64>) -> bool {
    p_adjusted.is_some_and(|p_value| p_value < LEVEL)
}

/// What the corrected p-value takes back of an interval that excludes zero; empty where it takes nothing back.
pub(crate) fn reservation(rival: &Rival<'_>) -> String {
    match rival.p_adjusted.filter(|p_value| *p_value >= LEVEL && (rival.is_ahead() || rival.is_behind())) {
        Some(p_value) => format!(
            " After the correction for all comparisons of the split (Holm) p is {}, and of the two that is to be believed: it may be chance.",
            number::p_value(p_value)
        ),
        None => String::new(),
    }
}

/// The models whose answers `main` averages, those of an ensemble among them included.
fn members<'a>(tables: &'a Tables, main: &Scored) -> Vec<&'a str> {
    let about = tables.models.iter().find(|row| main.owns(&row.model, &row.split) && row.is_ensemble());
    let parts = about.map(Model::parts).unwrap_or_default().into_iter().map(|(name, _)| name);
    let rows = tables.members.iter().filter(|(model, _)| *model == main.model).flat_map(|(_, rows)| rows);
    parts.chain(rows.map(|row| row.member.as_str())).collect()
}
