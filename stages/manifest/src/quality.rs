//! Silence and duration, by the levels that ingest measured.
//!
//! Corpora differ by 30 dB and speakers of one corpus by 20: RAVDESS's actor 09 speaks at -49 dBFS, actor 10 at -31, and
//! the quietest of 1201 RAVDESS clips has its peak at -46.8 and its RMS, pauses included, at -63.7.
//! A recording without signal lies far below any of them, at the noise of its converter or of its dither: peaks of one
//! to four steps of 16 bits, -90 to -77 dBFS. One click lifts the peak of such a recording, but not its RMS.

use ser_schemas::{Clip, Reason};

use crate::params::Params;

/// The RMS of a silent clip lies at least this far below `silence_dbfs`, whatever its peak, in decibels. At the default
/// that is -90 dBFS: less than one step of 16 bits.
const RMS_BELOW_PEAK_DB: f64 = 15.0;

/// Why `clip` has no place in a manifest by what it sounds like; `None` when it has.
pub(crate) fn judge(params: &Params, clip: &Clip) -> Option<(Reason, String)> {
    silence(params, clip).map(|detail| (Reason::Silent, detail)).or_else(|| duration(params, clip))
}

fn silence(params: &Params, clip: &Clip) -> Option<String> {
    let (Some(peak), Some(rms)) = (clip.peak_dbfs, clip.rms_dbfs) else {
        return Some("every sample is zero".to_owned());
    };
    let rms_floor = params.silence_dbfs - RMS_BELOW_PEAK_DB;
    if peak <= params.silence_dbfs {
        return Some(format!("its peak is {peak:.1} dBFS: expected more than {} dBFS", params.silence_dbfs));
    }
    (rms <= rms_floor).then(|| format!("its RMS level is {rms:.1} dBFS: expected more than {rms_floor} dBFS"))
}

fn duration(params: &Params, clip: &Clip) -> Option<(Reason, String)> {
    let seconds = clip.duration_s.unwrap_or(0.0);
    if seconds < params.min_duration_s {
        let detail = format!("{seconds:.3} s, shorter than `min_duration_s` = {}", params.min_duration_s);
        return Some((Reason::TooShort, detail));
    }
    (seconds > params.max_duration_s)
        .then(|| (Reason::TooLong, format!("{seconds:.3} s, longer than `max_duration_s` = {}", params.max_duration_s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(peak: Option<f64>, rms: Option<f64>, seconds: f64) -> Option<Reason> {
        let mut clip = Clip::found("a/b".into(), "a".into(), "b.wav".into(), 1);
        (clip.peak_dbfs, clip.rms_dbfs, clip.duration_s) = (peak, rms, Some(seconds));
        judge(&Params::default(), &clip).map(|(reason, _)| reason)
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
