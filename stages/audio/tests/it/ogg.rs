//! Positions of Ogg pages: where a stream begins, what is taken off, what is missing.

use ser_audio::{AudioError, Decoded};

use crate::build::decode;
use crate::compressed::fixture;
use crate::pages::{Page, file};

/// Flag of the last page.
const LAST: u8 = 4;
/// Frames of the fixture, and its sample rate.
const FRAMES: usize = 12_207;
const RATE: i64 = 24_414;

/// Pages of the fixture's headers, and its audio packets.
fn parts() -> (Vec<Page>, Vec<Vec<u8>>) {
    let mut pages = Page::all(&fixture("mono_24414.ogg"));
    let audio = pages.pop().expect("the audio is on one page");
    (pages, audio.packets())
}

/// Frames that the first `count` packets give.
fn frames_of(count: usize) -> i64 {
    let (mut pages, packets) = parts();
    let (serial, sequence) = (pages[0].serial, pages.len() as u32);
    // The first packet gives none, and a position that nothing reaches makes the error say how many there are.
    pages.push(Page::of(&packets[..1], 0, 0, serial, sequence));
    pages.push(Page::of(&packets[1..count], LAST, 1 << 40, serial, sequence + 1));
    match decode(file(&pages)) {
        Err(AudioError::Truncated { found, .. }) => found as i64,
        other => panic!("expected a truncated stream, found {other:?}"),
    }
}

/// The fixture on pages that end behind these packets, its first sample at `origin`.
fn paged(ends: &[usize], origin: i64) -> Vec<Page> {
    let (mut pages, packets) = parts();
    let serial = pages[0].serial;
    let mut from = 0;
    for &end in ends {
        let sequence = pages.len() as u32;
        pages.push(Page::of(&packets[from..end], 0, origin + frames_of(end), serial, sequence));
        from = end;
    }
    let sequence = pages.len() as u32;
    pages.push(Page::of(&packets[from..], LAST, origin + FRAMES as i64, serial, sequence));
    pages
}

fn whole() -> Decoded {
    decode(fixture("mono_24414.ogg")).expect("Ogg")
}

#[test]
fn a_single_page_at_any_position_is_read() {
    let mut pages = Page::all(&fixture("mono_24414.ogg"));
    for seconds in [1, 60, 86_400] {
        pages.last_mut().expect("page").granule = FRAMES as i64 + seconds * RATE;
        let found = decode(file(&pages)).expect("a capture");
        // Nothing tells how much of the last packet, 512 frames, is padding.
        assert!(found.frame_count().abs_diff(FRAMES) <= 256, "{seconds} s: {} frames", found.frame_count());
        assert!((found.duration_s() - 0.5).abs() < 0.01, "{seconds} s: {} s", found.duration_s());
        assert!(found.samples[..FRAMES] == whole().samples, "{seconds} s");
    }
}

#[test]
fn a_stream_of_several_pages_at_any_position_is_the_same() {
    for origin in [0, 1, 60 * RATE, 40 * 86_400 * RATE] {
        for ends in [&[4][..], &[2, 9], &[3, 7, 11]] {
            let found = decode(file(&paged(ends, origin))).expect("a stream");
            assert!(found.samples == whole().samples, "pages end behind {ends:?}, origin {origin}");
            assert_eq!(found.remark, None);
        }
    }
}

#[test]
fn samples_before_position_zero_are_taken_off() {
    let found = decode(file(&paged(&[6], -500))).expect("a stream");
    assert!(found.samples == whole().samples[500..]);
}

#[test]
fn a_packet_that_goes_over_pages_is_whole() {
    let (mut pages, packets) = parts();
    let mut packets = packets;
    let serial = pages[0].serial;
    let cut = packets.iter().position(|packet| packet.len() >= 255).unwrap_or(0);
    // A packet without bytes is no audio, and no trouble.
    packets.insert(cut + 1, Vec::new());
    let mut page = Page::of(&packets, LAST, FRAMES as i64, serial, pages.len() as u32);
    let before: usize = packets[..cut].iter().map(|packet| packet.len() / 255 + 1).sum();
    if packets[cut].len() < 255 {
        pages.push(page);
    } else {
        let segments = page.segments.split_off(before + 1);
        let bytes: usize = page.segments.iter().map(|&size| usize::from(size)).sum();
        let body = page.body.split_off(bytes);
        let mut first = page.clone();
        first.flags = 0;
        first.granule = frames_of(cut);
        let mut second = page;
        (second.flags, second.sequence, second.segments, second.body) = (LAST | 1, first.sequence + 1, segments, body);
        pages.extend([first, second]);
    }
    assert!(decode(file(&pages)).expect("a stream").samples == whole().samples);
}

#[test]
fn missing_pages_are_missed_wherever_they_were() {
    let pages = paged(&[4, 8, 12], 0);
    let without = |index: usize| {
        let mut left = pages.clone();
        left.remove(index);
        decode(file(&left)).expect_err("a page is missing")
    };
    let headers = pages.len() - 4;
    assert!(matches!(without(pages.len() - 1), AudioError::Truncated { .. }), "the last page");
    assert!(matches!(without(headers), AudioError::Malformed { .. }), "the first page of audio");
    assert!(matches!(without(headers + 1), AudioError::Malformed { .. }), "a page between");
    // Numbered anew, the gap shows in the positions.
    let mut renumbered = pages.clone();
    renumbered.remove(headers + 1);
    (0..).zip(&mut renumbered).for_each(|(number, page)| page.sequence = number);
    let error = decode(file(&renumbered)).expect_err("frames are missing");
    assert!(matches!(error, AudioError::Truncated { expected: Some(12_207), .. }), "{error}");
}

#[test]
fn a_capture_joined_to_a_running_stream_is_read_and_told() {
    let mut pages = paged(&[4, 8], 3_600 * RATE);
    let headers = pages.len() - 3;
    for page in &mut pages[headers..] {
        page.sequence += 5_000;
    }
    let found = decode(file(&pages)).expect("a capture");
    assert!(found.samples == whole().samples);
    let remark = found.remark.expect("told");
    assert!(remark.contains("captured from a running stream, 3600 s"), "{remark}");
}

#[test]
fn an_end_that_leaves_out_more_than_a_packet_is_told() {
    let mut pages = paged(&[4], 0);
    pages.last_mut().expect("page").granule = 3_000;
    let found = decode(file(&pages)).expect("a stream");
    assert_eq!(found.frame_count(), 3_000);
    let remark = found.remark.expect("told");
    assert!(remark.starts_with("its last page ends it after 0.12 s, and the 0.5"), "{remark}");
}

#[test]
fn positions_without_sense_are_no_panic() {
    for position in [i64::MIN, -2, 0, 1, i64::MAX] {
        for index in [1, 2, 3] {
            let mut pages = paged(&[4, 8], 0);
            let at = pages.len() - index;
            pages[at].granule = position;
            if let Ok(found) = decode(file(&pages)) {
                assert!(found.frame_count() <= FRAMES + 2_048, "{position} on page {at}");
            }
        }
    }
}

#[test]
fn a_file_behind_the_last_page_is_told() {
    let chained = [fixture("mono_24414.ogg"), fixture("mono_24414.ogg")].concat();
    let error = decode(chained).expect_err("chained").to_string();
    assert!(error.contains("chained"), "{error}");
    let joined = [fixture("mono_24414.ogg"), fixture("mono_16k.flac")].concat();
    let remark = decode(joined).expect("Ogg").remark.expect("told");
    assert!(remark.starts_with("a second file (flac) begins behind it, at byte 4187"), "{remark}");
}
