//! Any bytes: samples or an error, no panic, no more memory than allowed.

use proptest::collection::vec;
use proptest::prelude::*;
use ser_audio::Limits;

use crate::build::{Order, chunk, extensible, integers, riff, sine, wav16};
use crate::compressed::fixture;

/// Small bounds, so that a breach shows.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_duration_s: 60.0, max_samples: 1 << 20 };

fn seeds() -> Vec<Vec<u8>> {
    let order = Order::Little;
    let signal = sine(440.0, 16_000, 1_200);
    let fmt = chunk(*b"fmt ", &extensible(1, 2, 16_000, 24, 24, order), order);
    let data = chunk(*b"data", &integers(&signal, 24, order), order);
    let aiff = [
        b"FORM\0\0\0\x46AIFFCOMM\0\0\0\x12\0\x01\0\0\0\x10\0\x10\x40\x0e\xac\x44\0\0\0\0\0\0SSND\0\0\0\x28".to_vec(),
        vec![0; 40],
    ]
    .concat();
    let mut seeds = vec![wav16(&signal, 1, 16_000), riff(&[data, fmt], order), aiff];
    for name in ["mono_16k.flac", "stereo_48k_24bit.flac", "mono_16k.mp3", "stereo_44k.mp3", "mono_24414.ogg"] {
        seeds.push(fixture(name));
    }
    seeds
}

/// What must hold whatever the bytes are.
fn check(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    if let Ok(audio) = ser_audio::decode(bytes, &LIMITS) {
        prop_assert!(!audio.samples.is_empty());
        prop_assert!(audio.samples.len() as u64 <= LIMITS.max_samples);
        prop_assert!(audio.duration_s() <= LIMITS.max_duration_s);
        prop_assert_eq!(audio.samples.len() % usize::from(audio.channels), 0);
        prop_assert!(audio.samples.iter().all(|sample| sample.is_finite()));
        let measures = ser_audio::measure(&audio);
        let shares = [measures.levels.silence_fraction, measures.clipped_fraction];
        prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{:?}", shares);
        prop_assert!(measures.dc_offset.is_finite());
        prop_assert_eq!(audio.mono().len(), audio.frame_count());
        prop_assert!(audio.mono().iter().all(|sample| sample.is_finite()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn valid_files_with_bytes_changed(
        seed in 0_usize..8,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_header in any::<bool>(),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        let reach = if in_header { bytes.len().min(80) } else { bytes.len() };
        for (at, value) in changes {
            bytes[at.index(reach)] = value;
        }
        check(bytes)?;
    }

    #[test]
    fn valid_files_cut_and_spliced(seed in 0_usize..8, other in 0_usize..8, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let (first, second) = (seeds().swap_remove(seed), seeds().swap_remove(other));
        let mut bytes = first[..a.index(first.len())].to_vec();
        bytes.extend(&second[b.index(second.len())..]);
        check(bytes)?;
    }

    #[test]
    fn noise_behind_any_magic(magic in 0_usize..8, noise in vec(any::<u8>(), 0..2_000)) {
        let starts: [&[u8]; 8] = [
            b"RIFF\0\0\0\0WAVE", b"RIFX\0\0\0\0WAVEfmt ", b"FORM\0\0\0\0AIFF", b"fLaC\x80\0\0\x22", b"OggS\0\x02", b"ID3\x04\0\0\0\0\0\x05", b"\xff\xfb\x90\x44", b"",
        ];
        check([starts[magic], &noise].concat())?;
    }
}
