//! Thousands of damaged files of each container, the same in every run: samples or an error, no panic, bounded memory.
//!
//! Only the foreign decoders are shielded from panics, so that one of the parsers here fails a test.

use crate::compressed::fixture;
use crate::hostile::{SEEDS, check};
use crate::pages::{Page, file};

/// Damaged files of each seed.
const TRIES: usize = 1_500;

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
    survive(&SEEDS[0], 1);
    survive(&SEEDS[1], 2);
    survive(&SEEDS[0].repeat(2), 3);
}

#[test]
fn damaged_aiff_files() {
    survive(&SEEDS[2], 4);
}

#[test]
fn damaged_flac_files() {
    survive(&SEEDS[3], 5);
    survive(&SEEDS[4], 6);
}

#[test]
fn damaged_mp3_files() {
    survive(&SEEDS[5], 7);
    survive(&SEEDS[6], 8);
    survive(&SEEDS[5].repeat(2), 9);
}

#[test]
fn damaged_ogg_files() {
    survive(&SEEDS[7], 10);
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
