//! Weights of the members of each ensemble, fold by fold.

use std::collections::BTreeMap;

use ser_schemas::Member;

use crate::grid::{Cell, Grid};
use crate::number;
use crate::tables::Tables;

/// Of more folds than this only mean, lowest and highest weight are shown.
const MOST_FOLDS: usize = 10;

/// One table for each ensemble whose members do not all count alike.
pub(crate) fn ensembles(tables: &Tables) -> Vec<Grid> {
    tables.members.iter().filter(|(_, rows)| differ(rows)).map(|(model, rows)| table(model, rows)).collect()
}

fn differ(rows: &[Member]) -> bool {
    rows.iter().any(|row| row.weight != rows[0].weight)
}

fn table(model: &str, rows: &[Member]) -> Grid {
    let mut weights: BTreeMap<&str, BTreeMap<u32, f64>> = BTreeMap::new();
    for row in rows {
        weights.entry(&row.member).or_default().insert(row.fold, row.weight);
    }
    let folds: Vec<u32> = weights.values().next().into_iter().flat_map(BTreeMap::keys).copied().collect();
    let each = (2..=MOST_FOLDS).contains(&folds.len());
    let mut headings = vec!["Member".to_owned(), "#Mean weight".to_owned()];
    if each {
        headings.extend(folds.iter().map(|fold| format!("#Fold {fold}")));
    } else if folds.len() > MOST_FOLDS {
        headings.extend(["#Lowest", "#Highest"].map(str::to_owned));
    }
    let mut grid = Grid::new(format!("Weights of the members of {model}"), &headings);
    let mean = |of: &BTreeMap<u32, f64>| of.values().sum::<f64>() / of.len().max(1) as f64;
    let mut members: Vec<_> = weights.iter().collect();
    members.sort_by(|one, other| mean(other.1).total_cmp(&mean(one.1)));
    for (member, of) in members {
        let mut row = vec![Cell::from(*member), Cell::metric(mean(of))];
        if each {
            row.extend(folds.iter().map(|fold| Cell::maybe_metric(of.get(fold).copied())));
        } else if folds.len() > MOST_FOLDS {
            let ends = [f64::min, f64::max].map(|end| of.values().copied().reduce(end));
            row.extend(ends.map(Cell::maybe_metric));
        }
        grid.row(row);
    }
    if folds.len() > MOST_FOLDS {
        grid.foot(format!("Each of the {} folds is in members.parquet.", number::count(folds.len() as u64)));
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(folds: u32) -> (Vec<String>, Vec<Vec<String>>) {
        let row = |member: &str, fold: u32, weight| Member { fold, member: member.into(), weight, mean: None };
        let rows = (0..folds).flat_map(|fold| {
            [row("a", fold, 0.25 * f64::from(fold % 2)), row("b", fold, 1.0 - 0.25 * f64::from(fold % 2))]
        });
        let tables = Tables { members: vec![("both".into(), rows.collect())], ..Tables::default() };
        let grid = ensembles(&tables).remove(0);
        let text = |row: &Vec<Cell>| row.iter().map(|cell| cell.text.clone()).collect();
        (grid.headings.iter().map(|heading| heading.text.clone()).collect(), grid.rows.iter().map(text).collect())
    }

    #[test]
    fn every_fold_is_shown_while_they_are_few() {
        assert_eq!(shown(1).0, ["Member", "Mean weight"]);
        let (headings, rows) = shown(2);
        assert_eq!(headings, ["Member", "Mean weight", "Fold 0", "Fold 1"]);
        assert_eq!(rows, [["b", "0.88", "1.00", "0.75"], ["a", "0.12", "0.00", "0.25"]]);
        let (headings, rows) = shown(20);
        assert_eq!(headings, ["Member", "Mean weight", "Lowest", "Highest"]);
        assert_eq!(rows[1], ["a", "0.12", "0.00", "0.25"]);
    }

    #[test]
    fn equal_weights_are_no_news() {
        let rows = ["a", "b"].map(|member| Member { fold: 0, member: member.into(), weight: 0.5, mean: None });
        let tables = Tables { members: vec![("both".into(), rows.to_vec())], ..Tables::default() };
        assert!(ensembles(&tables).is_empty() && ensembles(&Tables::default()).is_empty());
    }
}
