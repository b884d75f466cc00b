//! Recordings that were made, converted or stored wrong: clipped, shifted, at the wrong scale, out of phase.

use ser_schemas::{Clip, Finding};
use ser_text::{counted, some_names};

use super::{about, finding};
use crate::codes::Code;
use crate::dataset::Dataset;
use crate::params::Params;

/// Peaks this far above full scale are no overshoot of a lossy codec, decibels.
const BEYOND_FULL_SCALE_DB: f64 = 6.0;
/// Fewer bits per sample leave steps that can be heard.
const FEWEST_BITS: u16 = 16;
/// Level that one bit more of a sample gains, decibels.
const DB_PER_BIT: f64 = 6.02;
/// The mix of channels out of phase lies this much further below them than that of channels which have nothing in
/// common, decibels.
const OUT_OF_PHASE_DB: f64 = 3.0;

/// Levels that no recording has: floating-point samples that were never divided by the full scale of integers.
pub(super) fn beyond_full_scale(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    told(
        dataset.of_corpus(corpus),
        Code::BeyondFullScale,
        |clip| clip.peak_dbfs.filter(|peak| *peak > BEYOND_FULL_SCALE_DB),
        |clips| {
            format!(
                "{clips} of {corpus} peak more than {BEYOND_FULL_SCALE_DB} dB above full scale: floating-point samples at \
                 the scale of integers, or a gain without limit"
            )
        },
        |peak| format!("{peak:+.1} dBFS"),
    )
}

/// Clipped recordings: what was cut off sounds like effort, which is taken for emotion.
pub(super) fn clipping(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    told(
        dataset.of_corpus(corpus),
        Code::Clipping,
        |clip| clip.clipped_fraction.filter(|share| *share > params.max_clipped),
        |clips| {
            format!(
                "{clips} of {corpus} are clipped: more than {} % of their samples lie at full scale or in flat tops",
                100.0 * params.max_clipped
            )
        },
        |share| format!("{:.2} %", 100.0 * share),
    )
}

/// Channels that partly cancel in the mix. Where hardly anything is left, the manifest leaves the clip out.
pub(super) fn channels_out_of_phase(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let lost = |clip: &Clip| {
        let channels = clip.channels.filter(|channels| *channels > 1)?;
        Some(clip.channel_rms_dbfs? - clip.rms_dbfs? - 10.0 * f64::from(channels).log10())
    };
    told(
        dataset.of_corpus(corpus),
        Code::ChannelsOutOfPhase,
        |clip| lost(clip).filter(|db| *db > OUT_OF_PHASE_DB),
        |clips| {
            format!(
                "{clips} of {corpus} have channels out of phase: their mix, which features hear, loses part of the sound"
            )
        },
        |db| format!("{db:.1} dB"),
    )
}

/// Samples that do not lie around zero. The offset is taken off before anything is measured.
pub(super) fn dc_offset(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    told(
        dataset.of_corpus(corpus),
        Code::DcOffset,
        |clip| clip.dc_offset.filter(|offset| *offset > params.max_dc_offset),
        |clips| {
            format!(
                "{clips} of {corpus} have an offset of more than {} of full scale: it is taken off, and tells of the \
                 recorder",
                params.max_dc_offset
            )
        },
        |offset| format!("{offset:.4}"),
    )
}

/// Recordings in few bits, whose silence is the noise of their steps.
pub(super) fn low_resolution(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    told(
        dataset.of_corpus(corpus),
        Code::LowResolution,
        |clip| clip.bits_per_sample.filter(|bits| *bits < FEWEST_BITS).map(f64::from),
        |clips| {
            format!(
                "{clips} of {corpus} are stored in fewer than {FEWEST_BITS} bits per sample: the steps are noise, and \
                 `silence_dbfs` of the manifest should lie above it"
            )
        },
        |bits| format!("{bits} bits, steps at {:.0} dBFS", -DB_PER_BIT * (bits - 1.0)),
    )
}

/// Clips with little speech in them.
pub(super) fn mostly_silence(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    told(
        dataset.of_corpus(corpus),
        Code::MostlySilence,
        |clip| clip.silence_fraction.filter(|share| *share > params.max_silence),
        |clips| {
            format!(
                "{clips} of {corpus} are silence for more than {:.0} % of their time: cut wrongly, or one click above quiet \
                 speech",
                100.0 * params.max_silence
            )
        },
        |share| format!("{:.0} %", 100.0 * share),
    )
}

/// Files whose remark tells of something odd, such as a second file behind the first.
pub(super) fn odd_files(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let odd = dataset.of_corpus(corpus);
    let odd = odd.filter_map(|clip| Some(format!("{}: {}", clip.clip_id, clip.remark.as_ref()?)));
    about(Code::OddFile, odd.collect(), |odd| {
        format!("{} of {corpus} come from odd files that were read nonetheless", counted(odd, "clip"))
    })
}

/// The clips of which `figure` tells something, the largest figures first.
fn told<'a>(
    clips: impl Iterator<Item = &'a Clip>,
    code: Code,
    figure: impl Fn(&Clip) -> Option<f64>,
    message: impl Fn(String) -> String,
    in_words: impl Fn(f64) -> String,
) -> Option<Finding> {
    let mut told: Vec<(f64, &str)> = clips.filter_map(|clip| Some((figure(clip)?, clip.clip_id.as_str()))).collect();
    if told.is_empty() {
        return None;
    }
    told.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let message = message(counted(told.len(), "clip"));
    let evidence = told.into_iter().map(|(figure, clip)| format!("{clip} {}", in_words(figure)));
    Some(finding(code, message, some_names(evidence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(name: &str, with: impl FnOnce(&mut Clip)) -> Clip {
        let mut clip = Clip::found(format!("a/{name}"), "a".into(), format!("{name}.wav"), 1);
        clip.channels = Some(1);
        (clip.peak_dbfs, clip.rms_dbfs, clip.channel_rms_dbfs) = (Some(-6.0), Some(-25.0), Some(-25.0));
        (clip.clipped_fraction, clip.silence_fraction, clip.dc_offset) = (Some(0.0), Some(0.3), Some(0.0001));
        clip.bits_per_sample = Some(16);
        with(&mut clip);
        clip
    }

    fn found(clips: Vec<Clip>) -> Vec<(String, String)> {
        let dataset = Dataset { clips, ..Dataset::default() };
        let finders = super::super::CORPUS_FINDERS.iter();
        let all = finders.filter_map(|finder| finder(&Params::default(), &dataset, "a"));
        let sound = ["beyond_full_scale", "clipping", "channels_out_of_phase", "dc_offset", "low_resolution"];
        let sound = [&sound[..], &["mostly_silence", "odd_file"]].concat();
        all.filter(|finding| sound.contains(&finding.code.as_str())).map(|f| (f.code, f.evidence)).collect()
    }

    #[test]
    fn nothing_is_said_of_a_usual_recording() {
        assert_eq!(found(vec![clip("1", |_| {}), clip("2", |clip| clip.bits_per_sample = None)]), []);
        let old = Clip::found("a/1".into(), "a".into(), "1.wav".into(), 1);
        assert_eq!(found(vec![old]), [], "a table of an earlier version tells nothing");
    }

    #[test]
    fn each_fault_has_its_finding_and_the_worst_come_first() {
        let one = |with: fn(&mut Clip)| found(vec![clip("1", with), clip("2", |_| {})]);
        let told = |code: &str, evidence: &str| vec![(code.to_owned(), evidence.to_owned())];
        assert_eq!(one(|clip| clip.peak_dbfs = Some(70.0)), told("beyond_full_scale", "a/1 +70.0 dBFS"));
        assert_eq!(one(|clip| clip.peak_dbfs = Some(1.5)), [], "a lossy codec overshoots");
        assert_eq!(one(|clip| clip.clipped_fraction = Some(0.042)), told("clipping", "a/1 4.20 %"));
        assert_eq!(one(|clip| clip.dc_offset = Some(0.001)), told("dc_offset", "a/1 0.0010"));
        assert_eq!(one(|clip| clip.bits_per_sample = Some(8)), told("low_resolution", "a/1 8 bits, steps at -42 dBFS"));
        assert_eq!(one(|clip| clip.silence_fraction = Some(0.95)), told("mostly_silence", "a/1 95 %"));
        let odd = one(|clip| clip.remark = Some("a second file (wav) begins behind it".into()));
        assert_eq!(odd, told("odd_file", "a/1: a second file (wav) begins behind it"));
        let both = vec![clip("1", |c| c.dc_offset = Some(0.01)), clip("2", |c| c.dc_offset = Some(0.2))];
        assert_eq!(found(both), told("dc_offset", "a/2 0.2000, a/1 0.0100"));
    }

    #[test]
    fn channels_out_of_phase_are_told_from_a_dead_one() {
        let stereo = |before: f64, after: f64| {
            found(vec![clip("1", |clip| {
                (clip.channels, clip.channel_rms_dbfs, clip.rms_dbfs) = (Some(2), Some(before), Some(after));
            })])
        };
        assert_eq!(stereo(-23.0, -26.0), [], "one dead channel");
        assert_eq!(stereo(-23.0, -23.0), [], "two equal ones");
        let expected = [("channels_out_of_phase".to_owned(), "a/1 9.0 dB".to_owned())];
        assert_eq!(
            stereo(-23.0, -35.0).iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(),
            [expected[0].0.as_str()]
        );
        assert_eq!(stereo(-23.0, -35.01)[0].1, expected[0].1);
    }
}
