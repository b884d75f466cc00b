//! One clip of each emotion, seen: waveform and spectrogram, as Figures 2 to 7 of Ranjan et al.

use ser_schemas::Example;

use crate::Error;
use crate::charts::clip_chart;
use crate::figure::Figure;
use crate::grid::{Cell, Grid};
use crate::listen::Recordings;
use crate::number;
use crate::sections::words::capitalised;
use crate::tables::Tables;

/// The table of a spectrogram shows so many moments and bands of it.
const MOMENTS: usize = 8;
const BANDS: usize = 6;

/// One figure per emotion that has an example, in the order of emotions.
pub(crate) fn voices(tables: &Tables, recordings: &mut Recordings<'_>) -> Result<Vec<Figure>, Error> {
    tables
        .emotions()
        .into_iter()
        .filter_map(|emotion| tables.examples.iter().find(|example| example.emotion == emotion))
        .map(|example| Ok(figure(example)?.with_listen(recordings.carry(&example.clip_id))))
        .collect()
}

fn figure(example: &Example) -> Result<Figure, Error> {
    let seconds = number::fixed(example.duration_s, 2);
    let label = format!(
        "Waveform and spectrogram of {}, {} seconds of {} speech from {}, 0 to {} hertz",
        example.clip_id,
        seconds,
        example.emotion,
        example.corpus,
        number::fixed(example.max_hz, 0)
    );
    let chart = clip_chart(&label, example)?;
    let caption = format!("{}, speaker {}, {seconds} s", example.clip_id, example.speaker);
    Ok(Figure::new(capitalised(example.emotion.as_str()), caption, chart, samples(example)))
}

/// A few of the values drawn.
fn samples(example: &Example) -> Grid {
    let bands = example.bands as usize;
    let frames = example.spectrogram_db.len().checked_div(bands).unwrap_or(0);
    let pieces = example.envelope_min.len().min(example.envelope_max.len());
    let mut grid = Grid::new(
        format!(
            "Sample range (of full scale) and level of mel bands 1 to {bands} (dB below the maximum) at moments of the clip"
        ),
        &["Time", "#Lowest sample", "#Highest sample"],
    );
    let shown: Vec<usize> = spread(BANDS, bands);
    for band in &shown {
        grid.numeric_column(format!("Band {}", band + 1));
    }
    for moment in 0..MOMENTS {
        let place = |length: usize| (2 * moment + 1) * length / (2 * MOMENTS);
        let time_s = example.duration_s * (2 * moment + 1) as f64 / (2 * MOMENTS) as f64;
        let sample = |samples: &[f32]| {
            samples.get(place(pieces)).map_or_else(Cell::none, |sample| Cell::fixed(f64::from(*sample), 3))
        };
        let mut row = vec![
            Cell::from(format!("{} s", number::fixed(time_s, 2))),
            sample(&example.envelope_min),
            sample(&example.envelope_max),
        ];
        row.extend(shown.iter().map(|band| {
            let level = example.spectrogram_db.get(place(frames) * bands + band);
            level.map_or_else(Cell::none, |level| Cell::fixed(f64::from(*level), 0))
        }));
        grid.row(row);
    }
    grid
}

/// `wanted` places spread over `0..length`, the first and the last among them.
fn spread(wanted: usize, length: usize) -> Vec<usize> {
    if length <= wanted {
        return (0..length).collect();
    }
    (0..wanted).map(|place| place * (length - 1) / (wanted - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_spread_from_the_lowest_to_the_highest() {
        assert_eq!(spread(6, 64), [0, 12, 25, 37, 50, 63]);
        assert_eq!(spread(6, 3), [0, 1, 2]);
        assert_eq!(spread(6, 0), [0usize; 0]);
    }
}
