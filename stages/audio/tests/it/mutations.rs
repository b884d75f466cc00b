//! Thousands of damaged files of each container, the same in every run: samples or an error, no panic, bounded memory.
//!
//! Only the foreign decoders are shielded from panics, so that one of the parsers here fails a test.

use ser_audio::Limits;

use crate::build::{Order, chunk, extensible, integers, riff, sine, wav16};
use crate::compressed::fixture;
use crate::pages::{Page, file};

/// Damaged files of each seed.
const TRIES: usize = 1_500;
/// Small bounds, so that a breach shows.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_duration_s: 60.0, max_samples: 1 << 20 };

/// A linear congruential generator, the upper bits of it.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }
}

/// Changes a few bytes, most of them near the beginning, or cuts, doubles or removes a piece.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let reach = if random.below(2) == 0 { bytes.len().min(64) } else { bytes.len() };
        let at = random.below(reach);
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + random.below(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => {
                let end = (at + random.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            4 if at + 4 <= bytes.len() => bytes[at..at + 4].fill(if random.below(2) == 0 { 0xff } else { 0 }),
            _ if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => {}
        }
    }
}

fn check(bytes: Vec<u8>) -> bool {
    let Ok(audio) = ser_audio::decode(bytes, &LIMITS) else { return false };
    assert!(!audio.samples.is_empty() && audio.samples.len() as u64 <= LIMITS.max_samples);
    assert_eq!(audio.samples.len() % usize::from(audio.channels), 0);
    let measures = ser_audio::measure(&audio);
    assert!(measures.dc_offset.is_finite() && (0.0..=1.0).contains(&measures.clipped_fraction), "{measures:?}");
    true
}

fn survive(seed: &[u8], number: u64) {
    let mut random = Random(number);
    let mut read = 0;
    for _ in 0..TRIES {
        let mut bytes = seed.to_vec();
        damage(&mut bytes, &mut random);
        read += usize::from(check(bytes));
    }
    assert!(read < TRIES, "damage shows now and then");
}

#[test]
fn damaged_wave_files() {
    let order = Order::Little;
    let signal = sine(440.0, 16_000, 600);
    let fmt = chunk(*b"fmt ", &extensible(1, 2, 16_000, 24, 24, order), order);
    let data = chunk(*b"data", &integers(&signal, 24, order), order);
    survive(&wav16(&signal, 1, 16_000), 1);
    survive(&riff(&[data, fmt], order), 2);
    survive(&[wav16(&signal, 1, 16_000), wav16(&signal, 1, 16_000)].concat(), 3);
}

#[test]
fn damaged_aiff_files() {
    let mut aiff =
        b"FORM\0\0\0\x46AIFFCOMM\0\0\0\x12\0\x01\0\0\0\x10\0\x10\x40\x0e\xac\x44\0\0\0\0\0\0SSND\0\0\0\x28".to_vec();
    aiff.extend([1; 40]);
    survive(&aiff, 4);
}

#[test]
fn damaged_flac_files() {
    survive(&fixture("mono_16k.flac"), 5);
    survive(&fixture("stereo_48k_24bit.flac"), 6);
}

#[test]
fn damaged_mp3_files() {
    survive(&fixture("mono_16k.mp3"), 7);
    survive(&fixture("stereo_44k.mp3"), 8);
    survive(&[fixture("mono_16k.mp3"), fixture("mono_16k.mp3")].concat(), 9);
}

#[test]
fn damaged_ogg_files() {
    survive(&fixture("mono_24414.ogg"), 10);
}

/// A checksum that is put right again lets damage through to what reads headers, packets and positions.
#[test]
fn damaged_ogg_pages_with_good_checksums() {
    let pages = Page::all(&fixture("mono_24414.ogg"));
    let mut random = Random(11);
    for _ in 0..TRIES {
        let mut pages = pages.clone();
        for _ in 0..=random.below(2) {
            let at = random.below(pages.len());
            let page = &mut pages[at];
            match random.below(6) {
                0 => page.granule = random.below(1 << 20) as i64 - (1 << 19),
                1 => page.flags ^= 1 << random.below(3),
                2 => {
                    let segment = random.below(page.segments.len());
                    page.segments[segment] = page.segments[segment].wrapping_add(random.below(256) as u8);
                    let size = page.segments.iter().map(|&size| usize::from(size)).sum();
                    page.body.resize(size, 0x55);
                }
                3 => page.sequence = page.sequence.wrapping_add(random.below(3) as u32),
                _ => {
                    let byte = random.below(page.body.len());
                    page.body[byte] ^= 1 << random.below(8);
                }
            }
        }
        check(file(&pages));
    }
}
