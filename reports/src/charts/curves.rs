//! Lines over epochs: loss and accuracy of a training.

use std::fmt::Write as _;

use plotters::prelude::*;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, font, px, stroke};
use crate::number;

const HEIGHT: i32 = 240;
/// So many values are told when pointing at the chart; longer or more curves are told at fewer epochs, and the rest is
/// in the table.
const MOST_SPOKEN: usize = 1200;

#[derive(Debug, Clone)]
pub(crate) struct Curve {
    pub name: String,
    /// Epoch and value; points that are not finite are left out.
    pub points: Vec<(u32, f64)>,
    pub ink: Ink,
    /// The point to mark, as an index into `points`.
    pub marked: Option<usize>,
}

/// Draws `curves`; the vertical axis starts at 0 and ends at `top`, or at the highest point when that is not given.
pub(crate) fn curves(label: &str, y_title: &str, top: Option<f64>, curves: &[Curve]) -> Result<Chart, DrawError> {
    let finite = || curves.iter().flat_map(|curve| &curve.points).filter(|(_, value)| value.is_finite());
    let last_epoch = finite().map(|(epoch, _)| *epoch).max().unwrap_or(1).max(2);
    let highest = finite().map(|(_, value)| *value).fold(0.0, f64::max);
    let top = top.unwrap_or(highest * 1.05).max(1e-6);
    // Many folds are drawn finer, so that they stay apart.
    let width = if curves.len() > 6 { 1.0 } else { 1.5 };

    Chart::draw(HEIGHT, label, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(10))
            .margin_right(px(12))
            .x_label_area_size(px(38))
            .y_label_area_size(px(48))
            .build_cartesian_2d(1u32..last_epoch, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            // Not `max_light_lines(0)`: with whole numbers on an axis, plotters then looks for zero points forever.
            .light_line_style(TRANSPARENT)
            .bold_line_style(stroke(Ink::Line, 1.0))
            .axis_style(stroke(Ink::Line, 1.0))
            .label_style(font(Ink::Muted, TEXT_SIZE))
            .axis_desc_style(font(Ink::Muted, TEXT_SIZE))
            .x_labels(8)
            .y_labels(6)
            .x_desc("epoch")
            .y_desc(y_title)
            .y_label_formatter(&|value| if top < 0.1 { format!("{value:.3}") } else { format!("{value:.1}") })
            .draw()?;
        for curve in curves {
            let points = curve.points.iter().copied().filter(|(_, value)| value.is_finite());
            chart.draw_series(LineSeries::new(
                points,
                ShapeStyle::from(&curve.ink.marker().mix(0.8)).stroke_width((width * 4.0) as u32),
            ))?;
        }
        for curve in curves {
            let marked = curve.marked.and_then(|index| curve.points.get(index)).filter(|(_, value)| value.is_finite());
            chart.draw_series(marked.map(|point| Circle::new(*point, px(4), stroke(Ink::Paper, 1.0).filled())))?;
            chart.draw_series(marked.map(|point| Circle::new(*point, px(3), stroke(curve.ink, 1.0).filled())))?;
        }
        let columns = spoken_epochs(curves);
        let (columns_px, rows_px) = chart.plotting_area().get_pixel_range();
        let half = (columns_px.end - columns_px.start) / (2 * columns.len().max(1) as i32);
        let spots = columns
            .into_iter()
            .map(|epoch| {
                let (x, _) = chart.plotting_area().map_coordinate(&(epoch, 0.0));
                Spot::between((x - half, rows_px.start), (x + half, rows_px.end), spoken(curves, epoch))
            })
            .collect();
        Ok(Extras { spots, ..Extras::default() })
    })
}

/// The epochs that are told, evenly spread.
fn spoken_epochs(curves: &[Curve]) -> Vec<u32> {
    let mut epochs: Vec<u32> = curves.iter().flat_map(|curve| &curve.points).map(|(epoch, _)| *epoch).collect();
    epochs.sort_unstable();
    epochs.dedup();
    let step = (epochs.len() * curves.len()).div_ceil(MOST_SPOKEN).max(1);
    epochs.into_iter().step_by(step).collect()
}

/// The values of all curves at `epoch`, a line each.
fn spoken(curves: &[Curve], epoch: u32) -> String {
    let mut text = format!("epoch {epoch}");
    for curve in curves {
        if let Some((_, value)) = curve.points.iter().find(|(at, _)| *at == epoch) {
            let _ = write!(text, "\n{} {}", curve.name, number::fixed(*value, 3));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_histories_are_drawn_without_trouble() {
        for points in [vec![], vec![(1, 0.5)], vec![(1, f64::NAN), (2, f64::INFINITY)], vec![(1, 0.0), (2, 0.0)]] {
            let curve = Curve { name: "fold 0".into(), points, ink: Ink::Accent, marked: Some(0) };
            let svg = curves("loss", "loss", None, &[curve]).expect("drawn").into_svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn pointing_at_an_epoch_tells_every_line() {
        let curve = |name: &str, value: f64| Curve {
            name: name.into(),
            points: (1..=40).map(|epoch| (epoch, value)).collect(),
            ink: Ink::Accent,
            marked: None,
        };
        let few = [curve("training", 0.5), curve("validation", 0.75)];
        let svg = curves("loss", "loss", None, &few).expect("drawn").into_svg();
        assert!(svg.contains("<title>epoch 7\ntraining 0.500\nvalidation 0.750</title>"));
        let many: Vec<Curve> = (0..60).map(|fold| curve(&format!("fold {fold}"), 0.5)).collect();
        assert_eq!(spoken_epochs(&many).len(), 20);
    }
}
