//! Comparisons of two models, looked up.

use ser_schemas::{Comparison, ComparisonKind, SummaryMetric};

use crate::scored::{Estimate, Scored};

/// The protocol gap of `main`, as measured on the clips that both protocols tested; of `uar`, that of its mean over
/// corpora where these are several.
pub(crate) fn measured_gap<'a>(rows: &'a [Comparison], main: &Scored, metric: &str) -> Option<&'a Comparison> {
    standing_for(metric).iter().find_map(|metric| {
        rows.iter().find(|row| {
            row.kind == ComparisonKind::ProtocolGap && row.metric == *metric && main.owns(&row.model_b, &row.split_b)
        })
    })
}

/// The paired comparison of `one` with `other`, seen from `one`; of `uar`, that of its mean over corpora where these
/// are several.
pub(crate) fn seen_from(
    rows: &[Comparison],
    one: &Scored,
    other: &Scored,
    metric: &str,
) -> Option<(Estimate, Option<f64>)> {
    standing_for(metric).iter().find_map(|metric| {
        let mut paired = rows.iter().filter(|row| row.kind == ComparisonKind::Paired && row.metric == *metric);
        let row = paired.find_map(|row| {
            if one.owns(&row.model_a, &row.split_a) && other.owns(&row.model_b, &row.split_b) {
                Some(row.clone())
            } else if one.owns(&row.model_b, &row.split_b) && other.owns(&row.model_a, &row.split_a) {
                Some(row.turned())
            } else {
                None
            }
        })?;
        Some((Estimate { value: row.value, low: row.low, high: row.high }, row.p_adjusted))
    })
}

/// The metrics that stand for one, the first that there is.
fn standing_for(metric: &str) -> Vec<&str> {
    if metric == SummaryMetric::UAR { vec![SummaryMetric::UAR_OVER_CORPORA, metric] } else { vec![metric] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;
    use crate::scored::Scoreboard;
    use crate::tables::Tables;

    #[test]
    fn a_comparison_can_be_seen_from_either_side() {
        let fixture = Fixture::complete();
        let (summary, models) = (fixture.tables.summary.clone(), fixture.tables.models.clone());
        let tables = Tables { models, summary, ..Tables::default() };
        let board = Scoreboard::new(&tables, &fixture.pipeline, None).expect("models");
        let of =
            |model: &str, split: &str| board.models.iter().find(|scored| scored.owns(model, split)).expect("evaluated");
        let (net, linear) = (of("net", "speaker_independent"), of("linear", "speaker_independent"));
        let (ahead, _) = seen_from(&fixture.tables.comparisons, net, linear, "uar").expect("compared");
        let (behind, _) = seen_from(&fixture.tables.comparisons, linear, net, "uar").expect("compared");
        assert_eq!(
            (ahead.value, ahead.low, ahead.high),
            (-behind.value, behind.high.map(|end| -end), behind.low.map(|end| -end))
        );
    }
}
