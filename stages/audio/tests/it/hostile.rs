//! Any bytes: samples or an error, no panic, no more memory than allowed.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use ser_audio::Limits;

use crate::build::{Order, chunk, extensible, integers, riff, sine, wav16};
use crate::compressed::fixture;

/// Small bounds, so that a breach shows.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_duration_s: 60.0, max_samples: 1 << 20 };

pub(crate) static SEEDS: LazyLock<[Vec<u8>; 8]> = LazyLock::new(seeds);

/// Two WAVE files, an AIFF file, two FLAC files, two MP3 files and an Ogg file.
fn seeds() -> [Vec<u8>; 8] {
    let order = Order::Little;
    let signal = sine(440.0, 16_000, 600);
    let fmt = chunk(*b"fmt ", &extensible(1, 2, 16_000, 24, 24, order), order);
    let data = chunk(*b"data", &integers(&signal, 24, order), order);
    let aiff = [
        b"FORM\0\0\0\x46AIFFCOMM\0\0\0\x12\0\x01\0\0\0\x10\0\x10\x40\x0e\xac\x44\0\0\0\0\0\0SSND\0\0\0\x28".to_vec(),
        vec![1; 40],
    ]
    .concat();
    let [flac, flac_24, mp3, mp3_stereo, ogg] =
        ["mono_16k.flac", "stereo_48k_24bit.flac", "mono_16k.mp3", "stereo_44k.mp3", "mono_24414.ogg"].map(fixture);
    [wav16(&signal, 1, 16_000), riff(&[data, fmt], order), aiff, flac, flac_24, mp3, mp3_stereo, ogg]
}

/// Asserts the guarantees that hold whatever the bytes are; `true` if they are a sound.
pub(crate) fn check(bytes: Vec<u8>) -> bool {
    let Ok(audio) = ser_audio::decode(bytes, &LIMITS) else { return false };
    assert!(!audio.samples.is_empty());
    assert!(audio.samples.len() as u64 <= LIMITS.max_samples);
    assert!(audio.duration_s() <= LIMITS.max_duration_s);
    assert_eq!(audio.samples.len() % usize::from(audio.channels), 0);
    assert!(audio.samples.iter().all(|sample| sample.is_finite()));
    let measures = ser_audio::measure(&audio);
    let shares = [measures.levels.silence_fraction, measures.clipped_fraction];
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    assert!(measures.dc_offset.is_finite());
    assert_eq!(audio.mono().len(), audio.frame_count());
    assert!(audio.mono().iter().all(|sample| sample.is_finite()));
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn valid_files_cut_and_spliced(seed in 0_usize..8, other in 0_usize..8, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let (first, second) = (&SEEDS[seed], &SEEDS[other]);
        let mut bytes = first[..a.index(first.len())].to_vec();
        bytes.extend(&second[b.index(second.len())..]);
        check(bytes);
    }

    #[test]
    fn noise_behind_any_magic(magic in 0_usize..8, noise in vec(any::<u8>(), 0..2_000)) {
        let starts: [&[u8]; 8] = [
            b"RIFF\0\0\0\0WAVE", b"RIFX\0\0\0\0WAVEfmt ", b"FORM\0\0\0\0AIFF", b"fLaC\x80\0\0\x22", b"OggS\0\x02", b"ID3\x04\0\0\0\0\0\x05", b"\xff\xfb\x90\x44", b"",
        ];
        check([starts[magic], &noise].concat());
    }
}
