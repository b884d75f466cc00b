//! Silence, cancelling channels and duration, by what ingest measured of the mix that later stages hear.
//!
//! Corpora differ by 30 dB and speakers of one corpus by 20: RAVDESS's actor 09 speaks at -49 dBFS, actor 10 at -31,
//! and the quietest of 1201 RAVDESS clips has its peak at -46.8 and its RMS, pauses included, at -63.7. A recording
//! without signal lies far below any of them, at the noise of its converter or of its dither: peaks of one to four
//! steps of 16 bits, -90 to -77 dBFS. One click lifts the peak of such a recording, but not its RMS.
//!
//! Channels that have nothing in common lose 3 dB when two of them are mixed, and so does a voice beside a dead
//! channel. Channels of which one is the other turned upside down lose everything.

use ser_schemas::{Clip, Reason};
use serde::{Deserialize, Serialize};

use crate::params::Params;

/// The RMS of a silent clip lies at least this far below `silence_dbfs`, whatever its peak, in decibels. At the default
/// that is -90 dBFS: less than one step of 16 bits.
const RMS_BELOW_PEAK_DB: f64 = 15.0;
/// Channels cancel when their mix lies this much further below them than that of channels which have nothing in common,
/// in decibels. One channel turned upside down reaches it at 0.87 to 1.15 times the level of the other.
const CANCELLED_DB: f64 = 20.0;

/// The rules of a manifest that concern the sound of a recording alone. Prediction asks the same ones of a new
/// recording: a manifest writes them, as JSON, into the metadata of its clips, and a model carries them with it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SoundRules {
    /// Level that a recording must rise above, in decibels relative to full scale; [`Params::silence_dbfs`].
    pub silence_dbfs: f64,
    /// Shortest recording in seconds.
    pub min_duration_s: f64,
    /// Longest recording in seconds.
    pub max_duration_s: f64,
}

impl From<&Params> for SoundRules {
    fn from(params: &Params) -> Self {
        let Params { silence_dbfs, min_duration_s, max_duration_s, .. } = *params;
        Self { silence_dbfs, min_duration_s, max_duration_s }
    }
}

impl Default for SoundRules {
    /// Those of a manifest with default parameters.
    fn default() -> Self {
        Self::from(&Params::default())
    }
}

impl SoundRules {
    /// Why `clip` has no place in a manifest by its sound, and the figures in words; `None` when it has. Reads the
    /// columns that ingest measures: levels, offset, channels, duration.
    pub fn judge(&self, clip: &Clip) -> Option<(Reason, String)> {
        let sound = cancelling(clip).or_else(|| self.silence(clip).map(|detail| (Reason::Silent, detail)));
        sound.or_else(|| self.duration(clip))
    }

    fn silence(&self, clip: &Clip) -> Option<String> {
        let (Some(peak), Some(rms)) = (clip.peak_dbfs, clip.rms_dbfs) else {
            return Some(match clip.dc_offset {
                Some(offset) if offset > 0.0 => format!("every channel is a constant (up to {offset}), not a signal"),
                _ => "every sample is zero".to_owned(),
            });
        };
        let rms_floor = self.silence_dbfs - RMS_BELOW_PEAK_DB;
        if peak <= self.silence_dbfs {
            return Some(format!("its peak is {peak:.1} dBFS: expected more than {} dBFS", self.silence_dbfs));
        }
        (rms <= rms_floor).then(|| format!("its RMS level is {rms:.1} dBFS: expected more than {rms_floor} dBFS"))
    }

    fn duration(&self, clip: &Clip) -> Option<(Reason, String)> {
        let seconds = clip.duration_s.unwrap_or(0.0);
        if seconds < self.min_duration_s {
            let detail = format!("{seconds:.3} s, shorter than `min_duration_s` = {}", self.min_duration_s);
            return Some((Reason::TooShort, detail));
        }
        (seconds > self.max_duration_s).then(|| {
            (Reason::TooLong, format!("{seconds:.3} s, longer than `max_duration_s` = {}", self.max_duration_s))
        })
    }
}

/// Tells of channels that cancel. Those of silence do not.
fn cancelling(clip: &Clip) -> Option<(Reason, String)> {
    let (channels, before) = (clip.channels.filter(|channels| *channels > 1)?, clip.channel_rms_dbfs?);
    let Some(after) = clip.rms_dbfs else {
        let detail = format!("its {channels} channels, at {before:.1} dBFS, cancel: their mix is digital silence");
        return Some((Reason::ChannelsCancel, detail));
    };
    let cancelled = before - after - 10.0 * f64::from(channels).log10() >= CANCELLED_DB;
    cancelled.then(|| {
        let detail = format!("its {channels} channels, at {before:.1} dBFS, cancel: their mix is at {after:.1} dBFS");
        (Reason::ChannelsCancel, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(peak: Option<f64>, rms: Option<f64>, seconds: f64) -> Option<Reason> {
        let mut clip = Clip::found("a/b".into(), "a".into(), "b.wav".into(), 1);
        (clip.peak_dbfs, clip.rms_dbfs, clip.duration_s) = (peak, rms, Some(seconds));
        SoundRules::from(&Params::default()).judge(&clip).map(|(reason, _)| reason)
    }

    /// Verdict on two channels at `before` and their mix at `after`, in dBFS.
    fn stereo(channels: u16, before: Option<f64>, after: Option<f64>) -> Option<(Reason, String)> {
        let mut clip = Clip::found("a/b".into(), "a".into(), "b.wav".into(), 1);
        (clip.channels, clip.channel_rms_dbfs, clip.rms_dbfs) = (Some(channels), before, after);
        (clip.peak_dbfs, clip.duration_s) = (after.map(|rms| rms + 12.0), Some(2.0));
        SoundRules::from(&Params::default()).judge(&clip)
    }

    #[test]
    fn channels_that_cancel_are_told_from_those_that_do_not() {
        let reason = |verdict: Option<(Reason, String)>| verdict.map(|(reason, _)| reason);
        let detail = stereo(2, Some(-20.0), None).map(|(_, detail)| detail);
        assert_eq!(detail.as_deref(), Some("its 2 channels, at -20.0 dBFS, cancel: their mix is digital silence"));
        assert_eq!(reason(stereo(2, Some(-20.0), Some(-60.0))), Some(Reason::ChannelsCancel), "-0.98 times the other");
        assert_eq!(reason(stereo(2, Some(-20.0), Some(-43.1))), Some(Reason::ChannelsCancel));
        assert_eq!(reason(stereo(2, Some(-20.0), Some(-42.9))), None, "out of phase, and still there");
        assert_eq!(reason(stereo(2, Some(-23.0), Some(-26.0))), None, "one dead channel");
        assert_eq!(reason(stereo(64, Some(-38.0), Some(-56.0))), None, "63 dead channels");
        assert_eq!(reason(stereo(2, None, None)), Some(Reason::Silent), "silence cancels nothing");
        assert_eq!(reason(stereo(1, Some(-20.0), Some(-20.0))), None);
    }

    #[test]
    fn a_constant_is_no_signal_and_its_value_is_told() {
        let mut clip = Clip::found("a/b".into(), "a".into(), "b.wav".into(), 1);
        (clip.dc_offset, clip.duration_s) = (Some(0.25), Some(2.0));
        let verdict = SoundRules::from(&Params::default()).judge(&clip);
        assert_eq!(verdict, Some((Reason::Silent, "every channel is a constant (up to 0.25), not a signal".into())));
    }

    #[test]
    fn noise_of_a_converter_is_silence_and_a_quiet_speaker_is_not() {
        assert_eq!(verdict(None, None, 2.0), Some(Reason::Silent));
        assert_eq!(verdict(Some(-90.3), Some(-93.0), 2.0), Some(Reason::Silent), "one step of 16 bits");
        assert_eq!(verdict(Some(-77.6), Some(-90.3), 2.0), Some(Reason::Silent), "Gaussian dither of one step");
        assert_eq!(verdict(Some(-50.0), Some(-92.0), 2.0), Some(Reason::Silent), "dither with a click");
        assert_eq!(verdict(Some(-46.8), Some(-63.7), 2.0), None, "the quietest of RAVDESS");
        assert_eq!(verdict(Some(-66.8), Some(-83.7), 2.0), None, "20 dB below that");
    }

    #[test]
    fn bounds_belong_to_the_range() {
        assert_eq!(verdict(Some(-3.0), Some(-20.0), 0.3), None);
        assert_eq!(verdict(Some(-3.0), Some(-20.0), 30.0), None);
        assert_eq!(verdict(Some(-3.0), Some(-20.0), 0.29), Some(Reason::TooShort));
        assert_eq!(verdict(Some(-3.0), Some(-20.0), 30.01), Some(Reason::TooLong));
        assert_eq!(verdict(None, None, 0.01), Some(Reason::Silent), "silence comes first");
    }
}
