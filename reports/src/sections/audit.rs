//! Measurements of the audit beyond its findings: balance, durations, associations, shortcuts that give a recording
//! away, and near duplicates.

use serde::Serialize;

use ser_schemas::{Durations, Severity, Shortcut};

use crate::Error;
use crate::charts::{Ink, IntervalRow, Range, Scale, interval_chart, ranges};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::listen::Recordings;
use crate::number;
use crate::scored::Estimate;
use crate::sections::words::{capitalised, prose, spoken};
use crate::tables::{Audit, Tables};

/// So many rows of one chart can be told apart.
const MOST_DRAWN: usize = 12;

/// Findings that other parts of the page are about: the banner, the corpora, the files left out.
const TOLD_ELSEWHERE: [&str; 4] = ["synthetic_data", "corpus_missing", "corpus_incomplete", "files_excluded"];

#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuditView {
    findings: Grid,
    class_balance: Option<Grid>,
    figures: Vec<Figure>,
    near_duplicates: Option<Grid>,
}

/// `None` without an audit; at most `rows` near-duplicates are listed.
pub(crate) fn audit(tables: &Tables, recordings: &Recordings<'_>, rows: usize) -> Result<Option<AuditView>, Error> {
    let Some(audit) = &tables.audit else { return Ok(None) };
    let mut figures = Vec::new();
    figures.extend(durations(audit)?);
    figures.extend(associations(audit)?);
    for target in ["corpus", "emotion"] {
        figures.extend(shortcuts(audit, target)?);
    }
    Ok(Some(AuditView {
        findings: findings(audit, &tables.corpora_declared()),
        class_balance: class_balance(audit),
        figures,
        near_duplicates: near_duplicates(audit, recordings, rows),
    }))
}

/// The gravest first.
fn findings(audit: &Audit, corpora: &[&str]) -> Grid {
    let mut findings: Vec<_> = audit.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let all = findings.len();
    findings.retain(|finding| !TOLD_ELSEWHERE.contains(&finding.code.as_str()));
    let mut grid = Grid::new("Findings of the audit", &["?Severity", "Finding", "Evidence", "?Code"]);
    let elsewhere = all - findings.len();
    for finding in findings {
        let severity = Cell::from(finding.severity.as_str()).class(match finding.severity {
            Severity::Error => "alarm",
            Severity::Warning => "flagged",
            Severity::Info => "quiet",
        });
        grid.row(vec![
            severity,
            prose(&finding.message, corpora).into(),
            finding.evidence.clone().into(),
            Cell::from(finding.code.clone()).class("path"),
        ]);
    }
    if elsewhere > 0 {
        grid.foot(format!(
            "Without {} about corpora and files, which stand in their own tables above and below; findings.parquet holds all.",
            number::counted(elsewhere as u64, "finding", "findings")
        ));
    }
    grid
}

fn class_balance(audit: &Audit) -> Option<Grid> {
    let mut grid = Grid::new(
        "How evenly the emotions are covered",
        &[
            "Corpus",
            "#Clips",
            "#Emotions",
            "#Effective emotions",
            "Rarest",
            "#Its clips",
            "Commonest",
            "#Its clips",
            "#Ratio",
        ],
    );
    for row in &audit.class_balance {
        grid.row(vec![
            row.corpus.clone().unwrap_or_else(|| "all together".to_owned()).into(),
            Cell::count(row.clips),
            Cell::count(row.classes),
            Cell::fixed(row.effective_classes, 1),
            row.rarest.as_str().into(),
            Cell::count(row.rarest_clips),
            row.commonest.as_str().into(),
            Cell::count(row.commonest_clips),
            Cell::fixed(row.imbalance_ratio, 1),
        ]);
    }
    grid.foot("Effective emotions: as many equally frequent emotions as would be equally hard to guess (exponential of the entropy).");
    (!grid.is_empty()).then_some(grid)
}

fn durations(audit: &Audit) -> Result<Option<Figure>, Error> {
    if audit.durations.is_empty() {
        return Ok(None);
    }
    let mut grid = Grid::new(
        "Durations of clips in seconds, by emotion and corpus",
        &[
            "?Emotion",
            "?Corpus",
            "#Clips",
            "#Mean",
            "#SD",
            "#Shortest",
            "#5 %",
            "#25 %",
            "#Median",
            "#75 %",
            "#95 %",
            "#Longest",
        ],
    );
    let emotion = |row: &Durations| row.emotion.map_or("all emotions", |emotion| emotion.as_str());
    for row in &audit.durations {
        let mut cells = vec![
            emotion(row).into(),
            row.corpus.clone().unwrap_or_else(|| "all corpora".to_owned()).into(),
            Cell::count(row.clips),
            Cell::fixed(row.mean_s, 2),
            row.sd_s.map_or_else(Cell::none, |sd| Cell::fixed(sd, 2)),
        ];
        let quantiles = [row.min_s, row.p05_s, row.p25_s, row.median_s, row.p75_s, row.p95_s, row.max_s];
        cells.extend(quantiles.map(|seconds| Cell::fixed(seconds, 2)));
        grid.row(cells);
    }
    let drawn: Vec<Range> = audit
        .durations
        .iter()
        .filter(|row| row.corpus.is_none() && row.emotion.is_some())
        .map(|row| Range {
            label: emotion(row).to_owned(),
            percentiles: [row.p05_s, row.p25_s, row.median_s, row.p75_s, row.p95_s],
            spoken: format!(
                "{}: median {} s\nhalf of the clips {} to {} s, nine in ten {} to {} s\n{}",
                emotion(row),
                number::fixed(row.median_s, 2),
                number::fixed(row.p25_s, 2),
                number::fixed(row.p75_s, 2),
                number::fixed(row.p05_s, 2),
                number::fixed(row.p95_s, 2),
                number::counted(row.clips, "clip", "clips")
            ),
        })
        .collect();
    if drawn.is_empty() {
        return Ok(None);
    }
    let medians: Vec<String> =
        drawn.iter().map(|range| format!("{} {}", range.label, number::fixed(range.percentiles[2], 2))).collect();
    let label = format!("Durations of clips by emotion. Medians in seconds: {}", medians.join(", "));
    let chart = ranges(&label, "seconds", &drawn)?;
    let caption = "All corpora together. Mark: the median; bar: the middle half of the clips; line: nine in ten.";
    Ok(Some(Figure::new("Duration by emotion", caption, chart, grid)))
}

fn associations(audit: &Audit) -> Result<Option<Figure>, Error> {
    let mut grid = Grid::new(
        "What goes together",
        &[
            "?Property",
            "Goes with",
            "#Cramér’s V",
            "#V, uncorrected",
            "#Normalised mutual information",
            "#Chi-squared",
            "#Clips",
        ],
    );
    let words = |property: &str| property.trim_end_matches("_hz").replace('_', " ");
    let measure = |value: Option<f64>| value.map_or_else(Cell::none, Cell::metric);
    let mut drawn = Vec::new();
    for row in &audit.associations {
        grid.row(vec![
            Cell::words(&row.property_a).note(number::counted(row.values_a, "value", "values")),
            Cell::words(&row.property_b).note(number::counted(row.values_b, "value", "values")),
            measure(row.cramers_v),
            measure(row.cramers_v_uncorrected),
            measure(row.normalised_mutual_information),
            Cell::fixed(row.chi_squared, 1),
            Cell::count(row.clips),
        ]);
        if let Some(value) = row.cramers_v {
            let label = format!("{} × {}", words(&row.property_a), words(&row.property_b));
            let of_emotion = row.property_a == "emotion" || row.property_b == "emotion";
            let detail = format!(
                "normalised mutual information {}\n{}",
                row.normalised_mutual_information.map_or(number::NONE.to_owned(), number::metric),
                number::counted(row.clips, "clip", "clips")
            );
            let ink = if of_emotion { Ink::Contrast } else { Ink::Accent };
            drawn.push(IntervalRow::new(label, Estimate::exact(value), ink, detail));
        }
    }
    if drawn.is_empty() {
        return Ok(None);
    }
    drawn.sort_by(|one, other| other.value.total_cmp(&one.value));
    drawn.truncate(MOST_DRAWN);
    let chart =
        interval_chart(&format!("Cramér’s V of pairs of properties: {}", spoken(&drawn)), Scale::Share, &drawn, None)?;
    let mut legend = vec![LegendItem::dot(Ink::Accent, "between properties")];
    if drawn.iter().any(|row| row.ink == Ink::Contrast) {
        legend.push(LegendItem::dot(Ink::Contrast, "with the emotion"));
    }
    let caption = "Cramér’s V, corrected for bias: 0 when independent, 1 when the one tells the other. What goes with the emotion can stand in for it; what goes with the corpus cannot be told from the corpus.";
    Ok(Some(Figure::new("What goes together", caption, chart, grid).with_legend(legend)))
}

fn shortcuts(audit: &Audit, target: &str) -> Result<Option<Figure>, Error> {
    let mut rows: Vec<&Shortcut> = audit.shortcuts.iter().filter(|row| row.target == target).collect();
    rows.sort_by(|one, other| {
        one.corpus.is_some().cmp(&other.corpus.is_some()).then_with(|| other.skill.total_cmp(&one.skill))
    });
    let mut grid = Grid::new(
        format!("How well one number about the recording predicts the {target}"),
        &["Measurement", "?Corpus", "#Skill", "#Balanced accuracy", "#Guessing", "#Classes", "#Clips"],
    );
    let mut drawn = Vec::new();
    for row in rows {
        let measurement = measured(&row.measurement);
        grid.row(vec![
            measurement.clone().into(),
            row.corpus.clone().unwrap_or_else(|| "all corpora".to_owned()).into(),
            Cell::metric(row.skill),
            Cell::metric(row.balanced_accuracy),
            Cell::metric(row.chance),
            Cell::count(row.classes),
            Cell::count(row.clips),
        ]);
        if row.corpus.is_none() && drawn.len() < MOST_DRAWN {
            let detail = format!(
                "balanced accuracy {}, guessing {}",
                number::metric(row.balanced_accuracy),
                number::metric(row.chance)
            );
            drawn.push(IntervalRow::new(measurement, Estimate::exact(row.skill), Ink::Accent, detail));
        }
    }
    if drawn.is_empty() {
        return Ok(None);
    }
    let label = format!("Skill of single measurements in predicting the {target}: {}", spoken(&drawn));
    let chart = interval_chart(&label, Scale::Share, &drawn, None)?;
    let caption = format!(
        "Skill: 0 is guessing, 1 is always right, from one number about the recording and nothing about the voice. Whatever gives the {target} away, a model can use instead of listening."
    );
    Ok(Some(Figure::new(format!("Shortcuts to the {target}"), caption, chart, grid)))
}

/// `sample_rate_hz` as `sample rate (Hz)`.
fn measured(column: &str) -> String {
    let units = [("_hz", "Hz"), ("_dbfs", "dBFS"), ("_db", "dB"), ("_s", "s"), ("_fraction", "share")];
    for (suffix, unit) in units {
        if let Some(name) = column.strip_suffix(suffix) {
            return format!("{} ({unit})", named(name));
        }
    }
    named(column)
}

fn named(column: &str) -> String {
    if column == "rms" { "RMS level".to_owned() } else { capitalised(&column.replace('_', " ")) }
}

fn near_duplicates(audit: &Audit, recordings: &Recordings<'_>, rows: usize) -> Option<Grid> {
    let mut pairs: Vec<_> = audit.near_duplicates.iter().collect();
    pairs.sort_by(|one, other| other.similarity.total_cmp(&one.similarity));
    let mut grid = Grid::new(
        "Recordings that are there twice, though no hash says so",
        &["Clip", "Same take as", "#Similarity", "#Correlation", "#Offset (s)", "#Common (s)"],
    );
    for pair in pairs.iter().take(rows) {
        let clip = |id: &str| Cell::from(id.to_owned()).class("path").listen(recordings.link(id));
        grid.row(vec![
            clip(&pair.clip_a),
            clip(&pair.clip_b),
            Cell::fixed(pair.similarity, 3),
            pair.correlation.map_or_else(Cell::none, |value| Cell::fixed(value, 3)),
            Cell::fixed(pair.offset_s, 2),
            Cell::fixed(pair.overlap_s, 2),
        ]);
    }
    let more = pairs.len().saturating_sub(rows);
    if more > 0 {
        grid.foot(format!("{} in near_duplicates.parquet.", number::counted(more as u64, "more pair", "more pairs")));
    }
    (!grid.is_empty()).then_some(grid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_with_their_units() {
        let names = ["sample_rate_hz", "rms_dbfs", "leading_silence_s", "silence_fraction", "channels"].map(measured);
        assert_eq!(
            names,
            ["Sample rate (Hz)", "RMS level (dBFS)", "Leading silence (s)", "Silence (share)", "Channels"]
        );
    }
}
