//! Windows over a long recording: a model was trained on clips of some seconds, and is asked about as much at a time.
//!
//! Clips of the acted corpora last 2 to 5 s. Up to [`LONGEST_CLIP_S`] a recording is heard as one clip, as in training and
//! evaluation; beyond, in windows of [`WINDOW_S`] that begin [`HOP_S`] apart. Windows that hold next to no sound are pauses, and are
//! not heard; what a window says counts as much as it sounds.

use ser_manifest::SoundRules;
use serde::Serialize;

use crate::args::PredictArgs;
use crate::output::UsageError;

/// A longer recording is heard in windows, unless options say otherwise; seconds.
const LONGEST_CLIP_S: f64 = 10.0;
/// Length of a window, and from the begin of one to that of the next, in seconds.
const WINDOW_S: f64 = 4.0;
const HOP_S: f64 = 2.0;

/// How long recordings are divided.
#[expect(clippy::struct_field_names, reason = "names end in units")]
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Windows {
    /// Up to this many seconds a recording is heard as one clip.
    pub(super) longest_clip_s: f64,
    /// Length of a window in seconds.
    pub(super) window_s: f64,
    /// From the begin of a window to that of the next, in seconds.
    pub(super) hop_s: f64,
    /// Least sound of a window that is heard, in seconds.
    least_sound_s: f64,
}

/// A stretch of a recording.
#[expect(clippy::struct_field_names, reason = "names end in units")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    /// Seconds from the recording's begin.
    pub(super) start_s: f64,
    pub(super) end_s: f64,
    /// How much of it is not silent, in seconds.
    pub(super) sound_s: f64,
}

impl Windows {
    /// As the options say, for models that keep such `rules`.
    pub(super) fn new(args: &PredictArgs, rules: &[SoundRules]) -> anyhow::Result<Self> {
        let longest = rules.iter().map(|rules| rules.max_duration_s).fold(f64::INFINITY, f64::min);
        let shortest = rules.iter().map(|rules| rules.min_duration_s).fold(0.0, f64::max);
        let refuse = |message: String, hint: &str| Err(UsageError { message, hint: Some(hint.to_owned()) }.into());
        if let Some(asked) = args.window_s.filter(|asked| !(shortest..=longest).contains(asked)) {
            return refuse(
                format!(
                    "`--window-s` is {asked} s: the manifest of the model takes clips of {shortest} to {longest} s"
                ),
                "a model knows nothing of shorter and longer ones",
            );
        }
        let window_s = args.window_s.unwrap_or_else(|| WINDOW_S.min(longest));
        let hop_s = args.hop_s.unwrap_or(if args.window_s.is_some() { window_s / 2.0 } else { HOP_S.min(window_s) });
        if hop_s > window_s {
            return refuse(
                format!(
                    "`--hop-s` is {hop_s} s, and a window {window_s} s: what lies between windows would not be heard"
                ),
                "let windows begin at most a window's length apart",
            );
        }
        let longest_clip_s = args.window_s.unwrap_or_else(|| LONGEST_CLIP_S.min(longest));
        Ok(Self { longest_clip_s, window_s, hop_s, least_sound_s: shortest.min(window_s / 2.0) })
    }

    /// The windows over `samples` of one channel without offset, in order, and how many of them are pauses and left out. Each
    /// begins a hop after the one before; one more ends with the recording where something is left.
    pub(super) fn over(&self, samples: &[f32], sample_rate_hz: u32) -> (Vec<Window>, usize) {
        let rate = f64::from(sample_rate_hz);
        let (frame_samples, sounding) = ser_audio::sounding_frames(samples, sample_rate_hz);
        let frame_s = frame_samples as f64 / rate;
        // How much sound there is before each frame.
        let mut before_s = vec![0.0];
        for sounds in &sounding {
            let last = before_s.last().copied().unwrap_or_default();
            before_s.push(last + if *sounds { frame_s } else { 0.0 });
        }
        let until = |time_s: f64| {
            let frame = (time_s / frame_s).round() as usize;
            before_s.get(frame).or(before_s.last()).copied().unwrap_or_default()
        };
        let duration_s = samples.len() as f64 / rate;
        let rest_s = (duration_s - self.window_s).max(0.0);
        // A remainder of less than a millisecond is no window.
        let whole = (rest_s / self.hop_s + 1e-9).floor() as usize;
        let starts = (0..=whole).map(|number| number as f64 * self.hop_s);
        let last = (rest_s - whole as f64 * self.hop_s > 1e-3).then_some(rest_s);
        let all: Vec<Window> = starts
            .chain(last)
            .map(|start_s| {
                let end_s = (start_s + self.window_s).min(duration_s);
                Window { start_s, end_s, sound_s: (until(end_s) - until(start_s)).clamp(0.0, end_s - start_s) }
            })
            .collect();
        let count = all.len();
        let heard: Vec<Window> = all.into_iter().filter(|window| window.sound_s >= self.least_sound_s).collect();
        let pauses = count - heard.len();
        (heard, pauses)
    }
}

impl Window {
    /// The samples of it among those of its recording.
    pub(super) fn of<'a>(&self, samples: &'a [f32], sample_rate_hz: u32) -> &'a [f32] {
        let at = |time_s: f64| ((time_s * f64::from(sample_rate_hz)).round() as usize).min(samples.len());
        &samples[at(self.start_s)..at(self.end_s).max(at(self.start_s))]
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const PLAN: Windows =
        Windows { longest_clip_s: 10.0, window_s: 4.0, hop_s: 2.0, least_sound_s: 0.3 };

    fn sound(seconds: f64) -> Vec<f32> {
        (0..(seconds * 16_000.0) as usize).map(|at| if at % 2 == 0 { 0.1 } else { -0.1 }).collect()
    }

    fn times(windows: &[Window]) -> Vec<(f64, f64)> {
        windows.iter().map(|window| (window.start_s, window.end_s)).collect()
    }

    #[test]
    fn windows_reach_from_the_begin_to_the_end() {
        let (windows, pauses) = PLAN.over(&sound(10.0), 16_000);
        assert_eq!((times(&windows), pauses), (vec![(0.0, 4.0), (2.0, 6.0), (4.0, 8.0), (6.0, 10.0)], 0));
        assert!(windows.iter().all(|window| (window.sound_s - 4.0).abs() < 1e-9), "{windows:?}");
        let (windows, _) = PLAN.over(&sound(10.5), 16_000);
        assert_eq!(times(&windows)[3..], [(6.0, 10.0), (6.5, 10.5)]);
        assert_eq!(windows[4].of(&sound(10.5), 16_000).len(), 64_000);
        let (windows, _) = PLAN.over(&sound(3.0), 16_000);
        assert_eq!(times(&windows), [(0.0, 3.0)]);
    }

    /// Sound from 0 to 3 s and from 11 to 12.2 s.
    #[test]
    fn pauses_are_left_out_and_sound_is_measured() {
        let samples = [sound(3.0), vec![0.0; 8 * 16_000], sound(1.2), vec![0.0; 12_800]].concat();
        let (windows, pauses) = PLAN.over(&samples, 16_000);
        assert_eq!(times(&windows), [(0.0, 4.0), (2.0, 6.0), (8.0, 12.0), (9.0, 13.0)]);
        assert_eq!(pauses, 2);
        let sound: Vec<f64> = windows.iter().map(|window| (window.sound_s * 1e3).round() / 1e3).collect();
        assert_eq!(sound, [3.0, 1.0, 1.0, 1.2]);
        assert_eq!(PLAN.over(&vec![0.0; 160_000], 16_000), (Vec::new(), 4));
    }
}
