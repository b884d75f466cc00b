//! A line over steps with the band of its intervals, above or below what it is compared with.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, anchored, font, px, stroke};
use crate::number;
use crate::scored::Estimate;

const HEIGHT: i32 = 260;
/// Room below the plot in pixels: names of the steps, and the title of the axis.
const BELOW: i32 = 44;

/// A point of the line.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Stands below the point.
    pub label: String,
    pub estimate: Estimate,
    /// Text that pointing at the step adds; may be empty.
    pub detail: String,
}

/// A value that the whole line is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub label: String,
    pub value: f64,
    pub ink: Ink,
}

/// Draws `steps` from left to right, equally far apart, and `levels` as dashes across; the vertical axis starts at 0 and
/// ends at the tenth above everything drawn, at most 1.
pub(crate) fn band_chart(
    label: &str,
    [x_title, y_title]: [&str; 2],
    steps: &[Step],
    levels: &[Level],
) -> Result<Chart, DrawError> {
    let top = top(steps, levels);
    let right = steps.len().max(1) as f64 - 0.5;
    Chart::draw(HEIGHT, label, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(10))
            .margin_right(px(12))
            .margin_bottom(px(BELOW))
            .y_label_area_size(px(48))
            .build_cartesian_2d(-0.5..right, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .light_line_style(TRANSPARENT)
            .bold_line_style(stroke(Ink::Line, 1.0))
            .axis_style(stroke(Ink::Line, 1.0))
            .label_style(font(Ink::Muted, TEXT_SIZE))
            .axis_desc_style(font(Ink::Muted, TEXT_SIZE))
            .y_labels(6)
            .y_desc(y_title)
            .y_label_formatter(&|value| number::fixed(*value, 1))
            .draw()?;
        let inside = |value: f64| value.clamp(0.0, top);
        for band in bands(steps) {
            let ends = band.iter().map(|(at, _, high)| (*at as f64, inside(*high)));
            let back = band.iter().rev().map(|(at, low, _)| (*at as f64, inside(*low)));
            let style = ShapeStyle::from(&Ink::Accent.marker().mix(0.18)).filled();
            chart.draw_series(std::iter::once(Polygon::new(ends.chain(back).collect::<Vec<_>>(), style)))?;
        }
        for level in levels.iter().filter(|level| level.value.is_finite()) {
            let ends = [(-0.5, inside(level.value)), (right, inside(level.value))];
            chart.draw_series(DashedLineSeries::new(ends, px(5), px(4), stroke(level.ink, 1.5)))?;
        }
        let points = || {
            let finite = steps.iter().enumerate().filter(|(_, step)| step.estimate.value.is_finite());
            finite.map(|(at, step)| (at as f64, inside(step.estimate.value)))
        };
        chart.draw_series(LineSeries::new(points(), stroke(Ink::Accent, 1.5)))?;
        chart.draw_series(points().map(|point| Circle::new(point, px(5), stroke(Ink::Paper, 1.0).filled())))?;
        chart.draw_series(points().map(|point| Circle::new(point, px(4), stroke(Ink::Accent, 1.0).filled())))?;

        let (columns, rows) = chart.plotting_area().get_pixel_range();
        let middle = i32::midpoint(columns.start, columns.end);
        area.draw_text(x_title, &anchored(Ink::Muted, TEXT_SIZE, HPos::Center), (middle, rows.end + px(32)))?;
        let half = (columns.end - columns.start) / (2 * steps.len().max(1) as i32);
        let mut spots = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let (x, _) = chart.plotting_area().map_coordinate(&(at as f64, 0.0));
            area.draw_text(&step.label, &anchored(Ink::Muted, TEXT_SIZE, HPos::Center), (x, rows.end + px(12)))?;
            spots.push(Spot::between((x - half, rows.start), (x + half, rows.end), spoken(step, levels)));
        }
        Ok(Extras { spots, ..Extras::default() })
    })
}

/// The tenth above everything drawn, at most 1.
fn top(steps: &[Step], levels: &[Level]) -> f64 {
    let drawn = steps.iter().flat_map(|step| [Some(step.estimate.value), step.estimate.high]).flatten();
    let highest = drawn.chain(levels.iter().map(|level| level.value)).filter(|value| value.is_finite());
    ((highest.fold(0.0, f64::max) * 10.0).floor() + 1.0).min(10.0) / 10.0
}

/// Runs of steps with an interval: place, lower and upper end.
fn bands(steps: &[Step]) -> Vec<Vec<(usize, f64, f64)>> {
    let mut bands: Vec<Vec<(usize, f64, f64)>> = vec![Vec::new()];
    for (at, Step { estimate, .. }) in steps.iter().enumerate() {
        match (estimate.low, estimate.high) {
            (Some(low), Some(high)) if low.is_finite() && high.is_finite() => {
                bands.last_mut().into_iter().for_each(|band| band.push((at, low, high)));
            }
            _ => bands.push(Vec::new()),
        }
    }
    bands.retain(|band| band.len() > 1);
    bands
}

fn spoken(step: &Step, levels: &[Level]) -> String {
    let Estimate { value, low, high } = step.estimate;
    let mut text = format!("{}: {}", step.label, number::with_interval(value, low, high));
    if !step.detail.is_empty() {
        let _ = write!(text, "\n{}", step.detail);
    }
    for level in levels {
        let _ = write!(text, "\n{} {}", level.label, number::metric(level.value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(label: &str, value: f64, ends: Option<(f64, f64)>) -> Step {
        let (low, high) = ends.unzip();
        Step { label: label.into(), estimate: Estimate { value, low, high }, detail: "9 clips".into() }
    }

    #[test]
    fn every_step_tells_its_value_and_what_it_is_compared_with() {
        let steps = [step("1", 0.2, Some((0.1, 0.3))), step("<2>", 0.4, Some((0.35, 0.62))), step("all", 0.6, None)];
        let levels = [Level { label: "training clips".into(), value: 0.42, ink: Ink::Contrast }];
        let svg = band_chart("curve", ["clips", "UAR"], &steps, &levels).expect("drawn").into_svg();
        assert!(svg.contains("<title>&lt;2&gt;: 0.40 [0.35, 0.62]\n9 clips\ntraining clips 0.42</title>"), "{svg}");
        assert_eq!(svg.matches("<polygon").count(), 1);
        assert_eq!((top(&steps, &levels), top(&[], &[])), (0.7, 0.1));
        assert_eq!(top(&[step("1", 1.0, None)], &[]), 1.0);
    }

    #[test]
    fn a_band_ends_where_an_interval_is_missing() {
        let ends = Some((0.1, 0.2));
        let steps = [step("1", 0.1, ends), step("2", 0.1, ends), step("3", 0.1, None), step("4", 0.1, ends)];
        assert_eq!(bands(&steps), [vec![(0, 0.1, 0.2), (1, 0.1, 0.2)]]);
        for steps in [Vec::new(), vec![step("1", f64::NAN, Some((f64::NAN, 0.1)))]] {
            let svg = band_chart("curve", ["clips", "UAR"], &steps, &[]).expect("drawn").into_svg();
            assert!(!svg.contains("NaN"), "{svg}");
        }
    }
}
