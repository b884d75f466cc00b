//! Errors in FLAC headers that are forgiven, and those that are not.

use ser_audio::{AudioError, Unit};

use crate::build::decode;
use crate::compressed::fixture;

/// Where STREAMINFO begins: behind the mark and the block's header.
const INFO: usize = 8;

/// The fixture with bytes of STREAMINFO changed.
fn with(name: &str, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = fixture(name);
    change(&mut bytes[INFO..INFO + 34]);
    bytes
}

#[test]
fn hints_about_blocks_and_frames_are_only_hints() {
    type Change = fn(&mut [u8]);
    let changes: [(&str, Change); 7] = [
        ("smallest block of 0", |info| info[..2].fill(0)),
        ("no block sizes", |info| info[..4].fill(0)),
        ("smallest block above the largest", |info| info[..4].copy_from_slice(&[0xff, 0xff, 0, 16])),
        ("blocks smaller than they are", |info| info[..4].copy_from_slice(&[0, 16, 0, 16])),
        ("smallest frame above the largest", |info| info[4..10].copy_from_slice(&[9, 9, 9, 0, 0, 1])),
        ("frames smaller than they are", |info| info[4..10].copy_from_slice(&[0, 0, 1, 0, 0, 1])),
        ("length unknown", |info| {
            info[13] &= 0xf0;
            info[14..18].fill(0);
        }),
    ];
    for name in ["mono_16k.flac", "stereo_48k_24bit.flac"] {
        let whole = decode(fixture(name)).expect("FLAC");
        for (what, change) in changes {
            let found = decode(with(name, change)).unwrap_or_else(|error| panic!("{name}, {what}: {error}"));
            assert_eq!(found.audio_hash(), whole.audio_hash(), "{name}, {what}");
            assert_eq!(found.remark, None, "{name}, {what}");
        }
    }
}

#[test]
fn a_rate_that_was_left_out_is_that_of_the_frames() {
    let whole = decode(fixture("mono_16k.flac")).expect("FLAC");
    let found = decode(with("mono_16k.flac", |info| {
        info[10..12].fill(0);
        info[12] &= 0x0f;
    }));
    assert_eq!(found.expect("the frames tell").audio_hash(), whole.audio_hash());
}

#[test]
fn a_stream_that_contradicts_its_frames_is_refused_by_what_differs() {
    let error = decode(with("mono_16k.flac", |info| info[10..12].copy_from_slice(&[0x0a, 0xc4])));
    let error = error.expect_err("44.1 kHz against 16 kHz").to_string();
    assert!(error.contains("its header says 44") && error.contains("16000 Hz"), "{error}");
    let error = decode(with("mono_16k.flac", |info| info[12] |= 0x02)).expect_err("two channels against one");
    assert!(error.to_string().contains("2 channels"), "{error}");
}

#[test]
fn fewer_samples_than_promised_are_truncated_and_more_are_told() {
    let promise = |samples: u16, md5: bool| {
        with("mono_16k.flac", |info| {
            info[13] &= 0xf0;
            info[14..16].fill(0);
            info[16..18].copy_from_slice(&samples.to_be_bytes());
            if !md5 {
                info[18..].fill(0);
            }
        })
    };
    for md5 in [true, false] {
        let error = decode(promise(9_000, md5)).expect_err("fewer");
        assert!(
            matches!(error, AudioError::Truncated { expected: Some(9_000), found: 4_000, unit: Unit::Frames, .. }),
            "{error}"
        );
        let found = decode(promise(1_000, md5)).expect("more, and all of them good");
        assert_eq!(found.frame_count(), 4_000);
        assert!(found.remark.is_some_and(|remark| remark.contains("1000") && remark.contains("4000")));
    }
}

#[test]
fn a_file_behind_the_last_frame_is_told() {
    for second in ["mono_16k.flac", "mono_24414.ogg"] {
        let bytes = [fixture("mono_16k.flac"), fixture(second)].concat();
        let found = decode(bytes).unwrap_or_else(|error| panic!("{second}: {error}"));
        assert!(found.samples == decode(fixture("mono_16k.flac")).expect("FLAC").samples);
        let remark = found.remark.expect("told");
        assert!(remark.contains("begins behind it, at byte 2521"), "{remark}");
    }
}
