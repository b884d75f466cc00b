//! One clip as waveform above spectrogram, on one time axis.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use ser_schemas::Example;

use super::raster::spectrogram_png;
use super::{Chart, DrawError, Extras, Ink, Overlay, TEXT_SIZE, anchored, font, px, stroke};

const WAVE_HEIGHT: i32 = 76;
const SPECTROGRAM_HEIGHT: i32 = 150;
const AXIS_HEIGHT: i32 = 36;
const LEFT: i32 = 44;
const RIGHT: i32 = 10;
/// Frequencies that are named on the axis, in hertz.
const NAMED_HZ: [f64; 5] = [500.0, 1000.0, 2000.0, 4000.0, 8000.0];

/// Draws `example`. The waveform is scaled to its own peak; the spectrogram's bands are equally spaced in mel from 0
/// Hz.
pub(crate) fn clip_chart(label: &str, example: &Example) -> Result<Chart, DrawError> {
    let duration_s = if example.duration_s.is_finite() && example.duration_s > 0.0 { example.duration_s } else { 1.0 };
    let top_mel = mel(if example.max_hz.is_finite() { example.max_hz.max(100.0) } else { 8000.0 });

    Chart::draw(WAVE_HEIGHT + SPECTROGRAM_HEIGHT + AXIS_HEIGHT, label, |area| {
        let (upper, lower) = area.split_vertically(px(WAVE_HEIGHT));
        draw_waveform(&upper, example, duration_s)?;

        let mut chart = ChartBuilder::on(&lower)
            .margin_left(px(LEFT))
            .margin_right(px(RIGHT))
            .x_label_area_size(px(AXIS_HEIGHT))
            .build_cartesian_2d(0.0..duration_s, 0.0..top_mel)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_y_axis()
            .axis_style(stroke(Ink::Line, 1.0))
            .label_style(font(Ink::Muted, TEXT_SIZE))
            .axis_desc_style(font(Ink::Muted, TEXT_SIZE))
            .x_labels(6)
            .x_label_formatter(&|seconds| format!("{seconds:.1}"))
            .x_desc("seconds")
            .draw()?;
        for hertz in NAMED_HZ.into_iter().filter(|hertz| mel(*hertz) <= top_mel * 1.001) {
            let (_, y) = chart.plotting_area().map_coordinate(&(0.0, mel(hertz)));
            let name = if hertz < 1000.0 { "0.5".to_owned() } else { format!("{:.0}", hertz / 1000.0) };
            let name = if hertz == 1000.0 { "1 kHz".to_owned() } else { name };
            area.draw_text(
                &name,
                &anchored(Ink::Muted, TEXT_SIZE, HPos::Right),
                (px(LEFT - 5), y.max(px(WAVE_HEIGHT + 5))),
            )?;
        }
        let (columns, rows) = chart.plotting_area().get_pixel_range();
        let overlay = spectrogram_png(&example.spectrogram_db, example.bands as usize).map(|png_base64| Overlay {
            x: columns.start,
            y: rows.start,
            width: columns.end - columns.start,
            height: rows.end - rows.start,
            png_base64,
        });
        Ok(Extras { overlay, ..Extras::default() })
    })
}

fn draw_waveform(area: &super::Area<'_>, example: &Example, duration_s: f64) -> Result<(), DrawError> {
    let pieces: Vec<(f64, f64)> = example
        .envelope_min
        .iter()
        .zip(&example.envelope_max)
        .map(|(low, high)| (finite(*low), finite(*high)))
        .collect();
    let peak = pieces.iter().flat_map(|(low, high)| [low.abs(), high.abs()]).fold(1e-6, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin_left(px(LEFT))
        .margin_right(px(RIGHT))
        .margin_top(px(4))
        .margin_bottom(px(6))
        .build_cartesian_2d(0.0..duration_s, -peak..peak)?;
    chart.draw_series(std::iter::once(PathElement::new([(0.0, 0.0), (duration_s, 0.0)], stroke(Ink::Line, 1.0))))?;
    if pieces.is_empty() {
        return Ok(());
    }
    let step = duration_s / pieces.len() as f64;
    let centre = |piece: usize| step * (piece as f64 + 0.5);
    let above = pieces.iter().enumerate().map(|(piece, (_, high))| (centre(piece), *high));
    let below = pieces.iter().enumerate().rev().map(|(piece, (low, _))| (centre(piece), *low));
    let outline: Vec<(f64, f64)> = above.chain(below).collect();
    chart.draw_series(std::iter::once(Polygon::new(outline, stroke(Ink::Accent, 1.0).filled())))?;
    Ok(())
}

fn finite(sample: f32) -> f64 {
    if sample.is_finite() { f64::from(sample) } else { 0.0 }
}

/// Frequency on the mel scale of Slaney's Auditory Toolbox (1998): linear to 1 kHz, logarithmic above. The unit is
/// arbitrary here, only positions count.
fn mel(hertz: f64) -> f64 {
    const LINEAR_HZ: f64 = 200.0 / 3.0;
    if hertz < 1000.0 { hertz / LINEAR_HZ } else { 15.0 + (hertz / 1000.0).ln() / (6.4f64.ln() / 27.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ser_schemas::Emotion;

    fn example() -> Example {
        Example {
            clip_id: "a/b".into(),
            emotion: Emotion::ANGRY,
            corpus: "a".into(),
            speaker: "a:1".into(),
            duration_s: 2.0,
            max_hz: 8000.0,
            envelope_min: vec![-0.5, -0.2],
            envelope_max: vec![0.4, 0.1],
            bands: 2,
            spectrogram_db: vec![-80.0, 0.0, -3.0, -40.0],
        }
    }

    #[test]
    fn waveform_and_spectrogram_are_there() {
        let svg = clip_chart("angry", &example()).expect("drawn").into_svg();
        assert!(svg.contains("<polygon") && svg.contains("data:image/png;base64,"));
        assert!(svg.contains("1 kHz") && svg.contains("seconds"));
    }

    #[test]
    fn hostile_numbers_leave_a_chart() {
        let broken = Example {
            duration_s: f64::NAN,
            max_hz: f64::INFINITY,
            envelope_min: vec![f32::NAN],
            envelope_max: vec![f32::INFINITY, 1.0],
            bands: 0,
            ..example()
        };
        let svg = clip_chart("angry", &broken).expect("drawn").into_svg();
        assert!(!svg.contains("NaN") && !svg.contains("<image"));
    }

    #[test]
    fn the_mel_scale_has_its_published_break() {
        assert!((mel(1000.0) - 15.0).abs() < 1e-12);
        assert!((mel(6400.0) - 42.0).abs() < 1e-12);
    }
}
