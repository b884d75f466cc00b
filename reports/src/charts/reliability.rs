//! A reliability diagram: how often a model was right (up) when it was so sure (right), above how often it was so sure.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use ser_schemas::CalibrationBin;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, anchored, font, px, stroke};
use crate::number;

const PLOT_HEIGHT: i32 = 300;
const COUNTS_HEIGHT: i32 = 56;
const LEFT: i32 = 48;
const RIGHT: i32 = 12;
/// Radii of dots in pixels.
const SMALLEST_DOT: i32 = 2;
const LARGEST_DOT: i32 = 7;

/// One line through its bins.
#[derive(Debug, Clone)]
pub(crate) struct Reliability<'a> {
    pub name: String,
    pub bins: Vec<&'a CalibrationBin>,
    pub ink: Ink,
    /// `true` if its marks are outlines.
    pub hollow: bool,
}

/// Draws `lines`; the counts below are of the first.
pub(crate) fn reliability(label: &str, lines: &[Reliability<'_>]) -> Result<Chart, DrawError> {
    let of_first = || lines.iter().take(1).flat_map(|line| finite(line));
    let most = of_first().map(|bin| bin.clips).max().unwrap_or(0).max(1) as f64;
    Chart::draw(PLOT_HEIGHT + COUNTS_HEIGHT + 40, label, |area| {
        let (upper, lower) = area.split_vertically(px(PLOT_HEIGHT));
        let mut chart = ChartBuilder::on(&upper)
            .margin_top(px(10))
            .margin_right(px(RIGHT))
            .y_label_area_size(px(LEFT))
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(stroke(Ink::Line, 1.0))
            .axis_style(stroke(Ink::Line, 1.0))
            .label_style(font(Ink::Muted, TEXT_SIZE))
            .axis_desc_style(font(Ink::Muted, TEXT_SIZE))
            .x_labels(6)
            .y_labels(6)
            .y_desc("share right")
            .y_label_formatter(&|value| number::fixed(*value, 1))
            .draw()?;
        let diagonal = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series(DashedLineSeries::new(diagonal, px(5), px(4), stroke(Ink::Muted, 1.0)))?;
        for line in lines {
            let bins: Vec<&CalibrationBin> = finite(line).collect();
            let place = |bin: &CalibrationBin| (bin.confidence.clamp(0.0, 1.0), bin.accuracy.clamp(0.0, 1.0));
            chart.draw_series(LineSeries::new(bins.iter().map(|bin| place(bin)), stroke(line.ink, 1.0)))?;
            let fullest = bins.iter().map(|bin| bin.clips).max().unwrap_or(0).max(1) as f64;
            for bin in bins {
                // The area of a dot follows its clips: a bin of three clips says little, wherever it lies.
                let radius = f64::from(px(SMALLEST_DOT))
                    + f64::from(px(LARGEST_DOT - SMALLEST_DOT)) * (bin.clips as f64 / fullest).sqrt();
                let core = if line.hollow { Ink::Paper } else { line.ink };
                let (edge, core) = (stroke(line.ink, 1.0).filled(), stroke(core, 1.0).filled());
                chart.draw_series(std::iter::once(Circle::new(place(bin), radius.round() as i32, edge)))?;
                let inner = (radius - f64::from(px(1)) * 1.5).round() as i32;
                chart.draw_series(std::iter::once(Circle::new(place(bin), inner, core)))?;
            }
        }

        let mut counts = ChartBuilder::on(&lower)
            .margin_left(px(LEFT))
            .margin_right(px(RIGHT))
            .margin_top(px(8))
            .x_label_area_size(px(38))
            .build_cartesian_2d(0.0..1.0, 0.0..most)?;
        counts
            .configure_mesh()
            .disable_mesh()
            .disable_y_axis()
            .axis_style(stroke(Ink::Line, 1.0))
            .label_style(font(Ink::Muted, TEXT_SIZE))
            .axis_desc_style(font(Ink::Muted, TEXT_SIZE))
            .x_labels(6)
            .x_label_formatter(&|value| number::fixed(*value, 1))
            .x_desc("probability of the answer")
            .draw()?;
        area.draw_text("clips", &anchored(Ink::Muted, TEXT_SIZE, HPos::Right), (px(LEFT - 6), px(PLOT_HEIGHT + 40)))?;
        let mut spots = Vec::new();
        for bin in of_first() {
            let bar = [(bin.confidence_low, 0.0), (bin.confidence_high, bin.clips as f64)];
            counts.draw_series(std::iter::once(Rectangle::new(bar, stroke(Ink::Series(6), 1.0).filled())))?;
            let (left, _) = chart.plotting_area().map_coordinate(&(bin.confidence_low, 0.0));
            let (right, _) = chart.plotting_area().map_coordinate(&(bin.confidence_high, 0.0));
            spots.push(Spot::between((left, px(10)), (right, px(PLOT_HEIGHT + COUNTS_HEIGHT)), spoken(lines, bin)));
        }
        Ok(Extras { spots, ..Extras::default() })
    })
}

/// The bins that can be drawn.
fn finite<'a>(line: &'a Reliability<'_>) -> impl Iterator<Item = &'a CalibrationBin> {
    let numbers = |bin: &CalibrationBin| [bin.confidence_low, bin.confidence_high, bin.confidence, bin.accuracy];
    line.bins.iter().copied().filter(move |bin| numbers(bin).iter().all(|value| value.is_finite()))
}

/// Text of all lines about the bin that begins where `bin` does.
fn spoken(lines: &[Reliability<'_>], bin: &CalibrationBin) -> String {
    let mut text =
        format!("probability {} to {}", number::metric(bin.confidence_low), number::metric(bin.confidence_high));
    for line in lines {
        if let Some(own) = line.bins.iter().find(|own| own.confidence_low == bin.confidence_low) {
            let clips = number::counted(own.clips, "clip", "clips");
            let (said, right) = (number::metric(own.confidence), number::metric(own.accuracy));
            let _ = write!(text, "\n{}: says {said}, right {right} ({clips})", line.name);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_say_what_was_promised_and_what_was_kept() {
        let bin = |low: f64, accuracy| CalibrationBin {
            model: "net".into(),
            split: "random".into(),
            scaled: false,
            bin: 0,
            confidence_low: low,
            confidence_high: low + 0.1,
            clips: 1200,
            confidence: low + 0.05,
            accuracy,
        };
        let (empty, trained, scaled) = (bin(0.5, f64::NAN), bin(0.3, 0.2), bin(0.3, 0.3));
        let lines = [("as trained", &trained), ("scaled", &scaled)].map(|(name, bin)| Reliability {
            name: name.into(),
            bins: vec![bin, &empty],
            ink: Ink::Accent,
            hollow: false,
        });
        let svg = reliability("c", &lines).expect("drawn").into_svg();
        assert!(svg.contains(
            "probability 0.30 to 0.40\nas trained: says 0.35, right 0.20 (1\u{202f}200 clips)\nscaled: says"
        ));
        assert!(!svg.contains("NaN"));
        assert!(reliability("c", &[]).is_ok());
    }
}
