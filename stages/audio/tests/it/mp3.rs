//! MP3 files that were cut, joined, or tagged wrong.

use crate::build::decode;
use crate::compressed::fixture;

/// Frames of the 16 kHz fixture give this many samples.
const PER_FRAME: usize = 576;

/// The frames of an MPEG-2 fixture at 16 kHz, its tag first.
fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    const KBPS: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let id3 = if bytes.starts_with(b"ID3") { 10 + usize::from(bytes[8]) * 128 + usize::from(bytes[9]) } else { 0 };
    let mut frames = Vec::new();
    let mut rest = &bytes[id3..];
    while rest.len() > 4 && rest[0] == 0xff {
        let length = 72 * KBPS[usize::from(rest[2] >> 4)] * 1_000 / 16_000 + usize::from(rest[2] >> 1 & 1);
        frames.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    frames
}

fn find(bytes: &[u8], marks: &[&[u8]]) -> usize {
    let found = (0..bytes.len()).find(|&at| marks.iter().any(|mark| bytes[at..].starts_with(mark)));
    found.expect("a mark")
}

/// The fixture's tag frame, told to take off `delay` and `padding`, before `count` frames.
fn tagged(delay: u16, padding: u16, count: usize) -> Vec<u8> {
    let frames = frames(&fixture("mono_16k.mp3"));
    let mut tag = frames[0].clone();
    let xing = find(&tag, &[b"Xing", b"Info"]);
    tag[xing + 8..xing + 12].copy_from_slice(&(count as u32).to_be_bytes());
    let lame = find(&tag, &[b"LAME", b"Lavf", b"Lavc"]);
    let packed = u32::from(delay) << 12 | u32::from(padding);
    tag[lame + 21..lame + 24].copy_from_slice(&packed.to_be_bytes()[1..]);
    [tag, frames[1..=count].concat()].concat()
}

#[test]
fn frames_cut_out_of_a_longer_file_keep_their_length() {
    let frames = frames(&fixture("mono_16k.mp3"));
    for first in 1..frames.len() {
        let found = decode(frames[first..].concat()).unwrap_or_else(|error| panic!("from frame {first}: {error}"));
        assert_eq!(found.frame_count(), (frames.len() - first) * PER_FRAME, "from frame {first}");
        assert_eq!(found.remark, None);
    }
}

#[test]
fn a_tag_that_takes_off_more_than_there_is_is_ignored() {
    for (delay, padding, count) in [(4_095, 4_095, 8), (4_095, 0, 8), (0, 4_095, 6), (2_000, 3_000, 8)] {
        let found = decode(tagged(delay, padding, count)).expect("MP3");
        assert_eq!(found.frame_count(), count * PER_FRAME, "{delay} + {padding}");
        let remark = found.remark.expect("told");
        assert!(remark.contains("the tag is ignored"), "{remark}");
    }
    let trusted = decode(tagged(1_000, 600, 8)).expect("MP3");
    assert_eq!(trusted.frame_count(), 8 * PER_FRAME - (1_000 + 529) - (600 - 529));
    assert_eq!(trusted.remark, None);
}

#[test]
fn a_tag_that_counts_fewer_frames_than_there_are_is_told() {
    let frames = frames(&fixture("mono_16k.mp3"));
    let more = [tagged(600, 600, 4), frames[5..9].concat()].concat();
    let found = decode(more).expect("MP3");
    assert_eq!(found.frame_count(), 8 * PER_FRAME - 600 - 529);
    assert!(found.remark.is_some_and(|remark| remark.contains("tells of 4 frames, it holds 8")));
}

#[test]
fn joined_files_are_both_heard_and_told() {
    for name in ["mono_16k.mp3", "stereo_44k.mp3"] {
        let one = decode(fixture(name)).expect("MP3");
        let twice = decode([fixture(name), fixture(name)].concat()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(twice.frame_count(), 2 * one.frame_count(), "{name}");
        assert!(twice.samples == [one.samples.clone(), one.samples].concat(), "{name}");
        let remark = twice.remark.expect("told");
        assert!(remark.starts_with("a second file (mp3) begins in it, at byte "), "{remark}");
    }
    let other_rate = decode([fixture("mono_16k.mp3"), fixture("stereo_44k.mp3")].concat());
    assert!(other_rate.is_err(), "another sample rate is no part of this recording");
}
