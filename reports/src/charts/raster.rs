//! Spectrograms as small bitmaps: one rectangle per frame and band would weigh megabytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

/// Wider bitmaps show no more on a chart of 400 pixels; longer clips are thinned out to this many frames.
const MOST_COLUMNS: usize = 800;

/// Decibels below the maximum that are still told apart.
const FLOOR_DB: f32 = -80.0;

/// A PNG, base64-encoded, of `levels_db` (frame after frame, lowest band first, relative to the maximum): time from
/// left to right, frequency from bottom to top. `None` when there is nothing to draw or the length does not fit
/// `bands`.
pub(crate) fn spectrogram_png(levels_db: &[f32], bands: usize) -> Option<String> {
    if bands == 0 || levels_db.is_empty() || !levels_db.len().is_multiple_of(bands) {
        return None;
    }
    let frames: Vec<&[f32]> = levels_db.chunks_exact(bands).collect();
    let columns = frames.len().min(MOST_COLUMNS);
    let mut pixels = Vec::with_capacity(columns * bands);
    for band in (0..bands).rev() {
        pixels.extend((0..columns).map(|column| shade(frames[column * frames.len() / columns][band])));
    }
    encode(columns as u32, bands as u32, &pixels).ok().map(|png| STANDARD.encode(png))
}

/// Level as a place on the colour scale.
fn shade(level_db: f32) -> u8 {
    if !level_db.is_finite() {
        return 0;
    }
    ((1.0 - level_db / FLOOR_DB).clamp(0.0, 1.0) * 255.0).round() as u8
}

fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let palette: Vec<u8> = (0..=255u8)
        .flat_map(|place| {
            let RGBColor(red, green, blue) = ViridisRGB.get_color(f32::from(place) / 255.0);
            [red, green, blue]
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_right_and_frequency_up() {
        // Two frames of three bands; only the lowest band of the second frame is loud.
        let levels = [-80.0, -80.0, -80.0, 0.0, -80.0, -80.0];
        let png = STANDARD.decode(spectrogram_png(&levels, 3).expect("drawn")).expect("base64");
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let frame = reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!((frame.width, frame.height), (2, 3));
        assert_eq!(&pixels[..6], [0, 0, 0, 0, 0, 255]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        assert_eq!(spectrogram_png(&[], 3), None);
        assert_eq!(spectrogram_png(&[0.0; 4], 3), None);
        assert_eq!(spectrogram_png(&[0.0; 4], 0), None);
        assert!(spectrogram_png(&[f32::NAN, f32::INFINITY, 40.0, -400.0], 2).is_some());
    }
}
