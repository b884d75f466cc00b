//! Charts: numbers in, SVG markup out.
//!
//! Drawn with plotters at 400 pixels wide, so that they fill a phone without shrinking below readable text and stand
//! two or three in a row on a desktop. Inside, one pixel is [`SUBPIXELS`] units, because plotters places everything on
//! whole units.

mod band;
mod bars;
mod clip;
mod curves;
mod ink;
mod intervals;
mod matrix;
mod ranges;
mod raster;
mod reliability;
mod strip;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(crate) use band::{Level, Step, band_chart};
pub(crate) use bars::{StackedBar, stacked_bars};
pub(crate) use clip::clip_chart;
pub(crate) use curves::{Curve, curves};
pub(crate) use ink::Ink;
pub(crate) use intervals::{Guide, IntervalRow, Scale, interval_chart};
pub(crate) use matrix::{Axes, MatrixCell, matrix};
pub(crate) use ranges::{Range, ranges};
pub(crate) use reliability::{Reliability, reliability};
pub(crate) use strip::{Dot, strip};

use crate::number;

/// Width of every chart in pixels.
const WIDTH: i32 = 400;
/// Units per pixel.
const SUBPIXELS: i32 = 4;
/// Size of chart text in pixels.
const TEXT_SIZE: f64 = 12.0;
/// The SVG writer divides font sizes by this.
const FONT_UNIT: f64 = 1.24;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A chart of numbers against numbers on an [`Area`].
type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Error of plotters; writing to memory, it never occurs in practice.
pub(crate) type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// A finished chart.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    svg: String,
}

impl Chart {
    /// Lets `paint` draw on a canvas of [`WIDTH`] x `height` pixels. `label` is what a screen reader says.
    fn draw(
        height: i32,
        label: &str,
        paint: impl FnOnce(&Area<'_>) -> Result<Extras, DrawError>,
    ) -> Result<Self, DrawError> {
        let (units_wide, units_high) = (px(WIDTH), px(height.max(1)));
        let mut drawn = String::new();
        let extras = {
            let area = SVGBackend::with_string(&mut drawn, (units_wide as u32, units_high as u32)).into_drawing_area();
            let extras = paint(&area)?;
            area.present()?;
            extras
        };
        // The writer's own opening tag fixes the size in pixels and has no label.
        let body = drawn.split_once('>').map_or("", |(_, body)| body);
        let body = body.rsplit_once("</svg>").map_or(body, |(body, _)| body);
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {units_wide} {units_high}\" role=\"img\" aria-label=\"{}\">",
            escape_attribute(label)
        );
        if let Some(overlay) = extras.overlay {
            svg.push_str(&overlay.markup());
        }
        svg.push_str(&ink::themed(body));
        for spot in extras.spots {
            svg.push_str(&spot.markup());
        }
        svg.push_str("</svg>");
        Ok(Self { svg })
    }

    /// The same with paper around its letters, so that grid lines do not strike them out.
    fn with_halo(mut self) -> Self {
        self.svg = self.svg.replacen("class=\"chart\"", "class=\"chart halo\"", 1);
        self
    }

    pub(crate) fn into_svg(self) -> String {
        self.svg
    }
}

/// Parts of a chart beside its lines and shapes.
#[derive(Default)]
struct Extras {
    /// Behind everything.
    overlay: Option<Overlay>,
    /// In front of everything, in the order in which a reader passes through them.
    spots: Vec<Spot>,
}

/// An invisible rectangle that tells the value beneath it.
struct Spot {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    text: String,
}

impl Spot {
    /// The rectangle between two corners, in units.
    fn between((left, top): (i32, i32), (right, bottom): (i32, i32), text: String) -> Self {
        let (width, height) = ((right - left).abs().max(1), (bottom - top).abs().max(1));
        Self { x: left.min(right), y: top.min(bottom), width, height, text }
    }

    /// The full width of the chart between two heights, in units.
    fn row(top: i32, bottom: i32, text: String) -> Self {
        Self::between((0, top), (px(WIDTH), bottom), text)
    }

    fn markup(&self) -> String {
        format!(
            "<rect class=\"spot\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
            self.x,
            self.y,
            self.width,
            self.height,
            escape_attribute(&self.text)
        )
    }
}

/// A bitmap that lies behind what is drawn.
struct Overlay {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    png_base64: String,
}

impl Overlay {
    fn markup(&self) -> String {
        format!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{}\"/>",
            self.x, self.y, self.width, self.height, self.png_base64
        )
    }
}

/// `pixels` in units.
const fn px(pixels: i32) -> i32 {
    pixels * SUBPIXELS
}

/// A line of `ink`, `pixels` wide.
fn stroke(ink: Ink, pixels: f64) -> ShapeStyle {
    ShapeStyle::from(&ink.marker()).stroke_width((pixels * f64::from(SUBPIXELS)).round() as u32)
}

/// Text of `ink`, `pixels` high.
fn font(ink: Ink, pixels: f64) -> TextStyle<'static> {
    let size = pixels * FONT_UNIT * f64::from(SUBPIXELS);
    let colour = ink.marker();
    // The colour is copied into the style; the font family is a constant name.
    let style: TextStyle<'static> = TextStyle::from(("sans-serif", size).into_font());
    TextStyle { color: colour.to_backend_color(), ..style }
}

/// Draws the axis below a chart of values, with about `labels` numbers and a line up from each; rows have no axis.
fn value_axis(chart: &mut Plot<'_, '_>, labels: usize, title: Option<&str>) -> Result<(), DrawError> {
    // Of a narrow axis every second number lies between two tenths.
    let written = |value: &f64| {
        let tenths = value * 10.0;
        number::fixed(*value, if (tenths - tenths.round()).abs() < 1e-6 { 1 } else { 2 })
    };
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh()
        .disable_y_axis()
        .max_light_lines(0)
        .bold_line_style(stroke(Ink::Line, 1.0))
        .axis_style(stroke(Ink::Line, 1.0))
        .label_style(font(Ink::Muted, TEXT_SIZE))
        .axis_desc_style(font(Ink::Muted, TEXT_SIZE))
        .x_labels(labels)
        .x_label_formatter(&written);
    if let Some(title) = title {
        mesh.x_desc(title);
    }
    mesh.draw()
}

/// Text of `ink` anchored at its middle, left, centre or right.
fn anchored(ink: Ink, pixels: f64, horizontal: HPos) -> TextStyle<'static> {
    font(ink, pixels).pos(Pos::new(horizontal, VPos::Center))
}

/// `text` cut to `characters` with an ellipsis.
fn shortened(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn escape_attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_leave_their_attribute() {
        let chart = Chart::draw(10, "\"><script>", |_| Ok(Extras::default())).expect("drawn");
        assert!(chart.into_svg().contains("aria-label=\"&quot;&gt;&lt;script&gt;\""));
    }

    #[test]
    fn values_cannot_leave_their_title() {
        let spot = Spot::between((9, 5), (3, 5), "</title><script>".into());
        let svg =
            Chart::draw(10, "c", |_| Ok(Extras { spots: vec![spot], ..Extras::default() })).expect("drawn").into_svg();
        assert!(svg.contains("x=\"3\" y=\"5\" width=\"6\" height=\"1\"><title>&lt;/title&gt;&lt;script&gt;</title>"));
    }

    #[test]
    fn long_text_is_cut_on_characters() {
        assert_eq!(shortened("ärgerlich", 5), "ärge…");
        assert_eq!(shortened("happy", 5), "happy");
    }
}
