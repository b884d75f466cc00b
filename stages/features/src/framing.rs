//! Where frames lie. Every rounding of times to samples and samples to frames happens here.

use crate::params::Params;

/// The division of a clip into frames, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// Sample rate of the features in hertz.
    pub sample_rate_hz: u32,
    /// Samples of a frame that the window covers.
    pub window: usize,
    /// Samples between frames.
    pub hop: usize,
    /// Samples that are transformed: the next power of two, the window in its middle.
    pub n_fft: usize,
}

impl Framing {
    /// The division that `params` declare, at `sample_rate_hz`.
    pub fn new(params: &Params, sample_rate_hz: u32) -> Self {
        let window = samples(params.frame_s, sample_rate_hz).max(2);
        let hop = samples(params.hop_s, sample_rate_hz).max(1);
        Self { sample_rate_hz, window, hop, n_fft: window.next_power_of_two() }
    }

    /// Number of frames of a clip of `length` samples: one at the start and one after every full hop.
    ///
    /// An empty clip has one frame, of silence, so that no clip is without features.
    pub(crate) fn frame_count(&self, length: usize) -> usize {
        1 + length / self.hop
    }

    /// First sample of the `n_fft` samples around the window of frame `index`; negative before the clip's start.
    pub(crate) fn start(&self, index: usize) -> isize {
        self.centre(index) - (self.n_fft / 2) as isize
    }

    /// Position of the window within them: half the surplus, rounded down, as librosa pads a window to `n_fft`.
    pub(crate) fn margin(&self) -> usize {
        (self.n_fft - self.window) / 2
    }

    /// The samples of frame `index` that lie in the clip; the frame starts half a window before its centre.
    pub fn inside<'a>(&self, clip: &'a [f32], index: usize) -> &'a [f32] {
        let start = self.centre(index) - (self.window / 2) as isize;
        let end = (start + self.window as isize).clamp(0, clip.len() as isize) as usize;
        let start = (start.max(0) as usize).min(end);
        &clip[start..end]
    }

    /// Sample that frame `index` is centred on.
    pub(crate) fn centre(&self, index: usize) -> isize {
        (index * self.hop) as isize
    }

    /// Time between frames as it came out in samples, in seconds.
    pub fn hop_s(&self) -> f64 {
        self.hop as f64 / f64::from(self.sample_rate_hz)
    }

    /// Number of frequency bins, from 0 Hz to half the sample rate.
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Distance between frequency bins in hertz.
    pub fn bin_hz(&self) -> f64 {
        f64::from(self.sample_rate_hz) / self.n_fft as f64
    }
}

/// `seconds` in samples, to the nearest.
pub(crate) fn samples(seconds: f64, sample_rate_hz: u32) -> usize {
    (seconds * f64::from(sample_rate_hz)).round() as usize
}

/// Copies `out.len()` samples from `start` on; what lies outside the clip is silence.
pub(crate) fn copy_padded(clip: &[f32], start: isize, out: &mut [f32]) {
    let length = out.len() as isize;
    let clip_length = clip.len() as isize;
    let from = start.clamp(0, clip_length);
    let to = start.saturating_add(length).clamp(from, clip_length);
    let lead = (from - start).clamp(0, length) as usize;
    let copied = (to - from) as usize;
    out[..lead].fill(0.0);
    out[lead..lead + copied].copy_from_slice(&clip[from as usize..to as usize]);
    out[lead + copied..].fill(0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_defaults_at_16_khz() {
        let framing = Framing::new(&Params::default(), 16_000);
        assert_eq!(framing, Framing { sample_rate_hz: 16_000, window: 400, hop: 160, n_fft: 512 });
        assert_eq!(framing.frame_count(0), 1);
        assert_eq!(framing.frame_count(159), 1);
        assert_eq!(framing.frame_count(160), 2);
        assert_eq!(framing.frame_count(16_000), 101);
        assert_eq!((framing.start(0), framing.start(2), framing.margin()), (-256, 64, 56));
    }

    proptest! {
        #[test]
        fn frames_cover_the_clip_and_no_more(
            rate in 8_000u32..192_000, length in 0usize..200_000, frame_ms in 5u32..200, share in 0.01f64..1.0,
        ) {
            let frame_s = f64::from(frame_ms) / 1000.0;
            let params = Params { frame_s, hop_s: (frame_s * share).max(0.001), ..Params::default() };
            let framing = Framing::new(&params, rate);
            let count = framing.frame_count(length);
            // The last frame's centre lies in the clip or one past its end, the next one's would not.
            prop_assert!(framing.centre(count - 1) as usize <= length);
            prop_assert!(framing.centre(count) as usize > length);
            prop_assert!(framing.start(0) + framing.margin() as isize <= 0);
            prop_assert!(framing.n_fft >= framing.window && framing.n_fft < 2 * framing.window);
        }

        #[test]
        fn padding_agrees_with_looking_up_each_sample(
            clip in prop::collection::vec(0.5f32..1.0, 0..30), start in -50isize..50, length in 0usize..60,
        ) {
            let mut out = vec![f32::NAN; length];
            copy_padded(&clip, start, &mut out);
            for (index, value) in out.iter().enumerate() {
                let position = start + index as isize;
                let expected = usize::try_from(position).ok().and_then(|position| clip.get(position)).copied();
                prop_assert_eq!(*value, expected.unwrap_or(0.0));
            }
        }
    }
}
