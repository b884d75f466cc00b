//! FLAC, MP3 and Ogg Vorbis, on files that other encoders wrote (tests/fixtures/audio).

use std::f64::consts::TAU;
use std::path::PathBuf;

use ser_audio::{AudioError, Container, Decoded, Limits, Unit};

use crate::build::{Order, assert_close, chunk, decode, format, integers, riff, wav16};

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixture_path(name)).unwrap_or_else(|error| panic!("fixture {name}: {error}"))
}

fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/audio")).join(name)
}

/// The fixtures' signal: 440 Hz at half scale, in a second channel 1000 Hz at quarter scale.
fn expected(rate: u32, frames: usize, channels: usize) -> Vec<f64> {
    (0..frames)
        .flat_map(|n| {
            let t = n as f64 / f64::from(rate);
            [0.5 * (TAU * 440.0 * t).sin(), 0.25 * (TAU * 1_000.0 * t).sin()].into_iter().take(channels)
        })
        .collect()
}

/// Asserts that the middle of a lossy clip is the signal, in time to the sample: half a sample late, a sine of 1 kHz at
/// 16 kHz and quarter scale would be off by 0.05.
fn assert_lossy(found: &Decoded, tolerance: f64) {
    let channels = usize::from(found.channels);
    let signal = expected(found.sample_rate_hz, found.frame_count(), channels);
    let middle = found.samples.len() / 4 / channels * channels..found.samples.len() * 3 / 4;
    assert_close(&found.samples[middle.clone()], &signal[middle], tolerance);
}

#[test]
fn flac_is_bit_exact() {
    let found = decode(fixture("mono_16k.flac")).expect("FLAC");
    assert_eq!((found.container, found.codec.as_str(), found.bits_per_sample), (Container::Flac, "flac", Some(16)));
    assert_eq!((found.sample_rate_hz, found.channels, found.frame_count()), (16_000, 1, 4_000));
    let signal = expected(16_000, 4_000, 1);
    // The encoder scaled by 32767, and rounded.
    assert_close(&found.samples, &signal, 1.5 / 32_768.0);
    let stereo = decode(fixture("stereo_48k_24bit.flac")).expect("24 bits");
    assert_eq!((stereo.sample_rate_hz, stereo.channels, stereo.bits_per_sample), (48_000, 2, Some(24)));
    assert_close(&stereo.samples, &expected(48_000, 4_800, 2), 1.5 / 8_388_608.0);
}

#[test]
fn a_wave_copy_of_a_flac_file_has_its_hash() {
    let order = Order::Little;
    for (name, bits) in [("mono_16k.flac", 16), ("stereo_48k_24bit.flac", 24)] {
        let flac = decode(fixture(name)).expect("FLAC");
        let samples: Vec<f64> = flac.samples.iter().map(|&sample| f64::from(sample)).collect();
        let fmt = format(1, flac.channels, flac.sample_rate_hz, bits, order);
        let data = integers(&samples, bits, order);
        let wav = decode(riff(&[chunk(*b"fmt ", &fmt, order), chunk(*b"data", &data, order)], order)).expect("WAVE");
        assert_eq!(wav.audio_hash(), flac.audio_hash());
        assert_eq!(wav.samples, flac.samples);
    }
}

#[test]
fn mp3_has_its_length_and_starts_on_time() {
    let found = decode(fixture("mono_16k.mp3")).expect("MP3");
    assert_eq!((found.container, found.codec.as_str(), found.bits_per_sample), (Container::Mp3, "mp3", None));
    assert_eq!((found.sample_rate_hz, found.channels, found.frame_count()), (16_000, 1, 8_000));
    assert_lossy(&found, 0.02);
}

#[test]
fn mp3_between_tags_is_found() {
    let bytes = fixture("stereo_44k.mp3");
    assert!(bytes.starts_with(b"ID3"));
    let found = decode(bytes).expect("MP3");
    assert_eq!((found.sample_rate_hz, found.channels, found.frame_count()), (44_100, 2, 11_025));
    assert_lossy(&found, 0.02);
}

#[test]
fn vorbis_has_its_length_and_starts_on_time() {
    let found = decode(fixture("mono_24414.ogg")).expect("Ogg");
    assert_eq!((found.container, found.codec.as_str(), found.bits_per_sample), (Container::Ogg, "vorbis", None));
    assert_eq!((found.sample_rate_hz, found.channels, found.frame_count()), (24_414, 1, 12_207));
    assert_lossy(&found, 0.02);
}

#[test]
fn the_extension_does_not_matter() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("clip.wav");
    std::fs::write(&path, fixture("mono_16k.flac")).expect("write");
    let found = ser_audio::decode_file(&path, &Limits::default()).expect("FLAC named WAV");
    assert_eq!(found.container, Container::Flac);
}

#[test]
fn every_cut_of_every_fixture_is_noticed() {
    for name in ["mono_16k.flac", "stereo_48k_24bit.flac", "mono_16k.mp3", "mono_24414.ogg"] {
        let bytes = fixture(name);
        let whole = decode(bytes.clone()).expect("whole");
        for tenth in 1..10 {
            let mut cut = bytes.clone();
            cut.truncate(bytes.len() * tenth / 10);
            let error = decode(cut).expect_err(name);
            assert!(matches!(error, AudioError::Truncated { .. }), "{name}, {tenth}/10: {error}");
        }
        let mut cut = bytes;
        cut.pop();
        assert!(matches!(decode(cut), Err(AudioError::Truncated { .. })), "{name} less one byte of {whole:?}");
    }
}

#[test]
fn a_flac_stream_cut_between_frames_says_how_much_is_missing() {
    let bytes = fixture("stereo_48k_24bit.flac");
    // The second frame: the sync code, fixed block size, number 1.
    let at =
        (100..bytes.len()).find(|&at| bytes[at..].starts_with(&[0xff, 0xf8]) && bytes[at + 4] == 1).expect("frame");
    let error = decode(bytes[..at].to_vec()).expect_err("cut");
    assert!(
        matches!(error, AudioError::Truncated { expected: Some(4_800), found: 4_096, unit: Unit::Frames, .. }),
        "{error:?}"
    );
}

#[test]
fn a_damaged_byte_in_the_middle_is_an_error() {
    for name in ["stereo_48k_24bit.flac", "mono_24414.ogg"] {
        let mut bytes = fixture(name);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        let error = decode(bytes).expect_err(name);
        assert!(matches!(error, AudioError::Malformed { .. }), "{name}: {error}");
    }
    // MP3 frames carry no checksum here, but a chain that is broken shows.
    let mut bytes = fixture("mono_16k.mp3");
    let at = bytes.len() / 2;
    bytes[at..at + 200].fill(0x55);
    assert!(matches!(decode(bytes), Err(AudioError::Malformed { .. })));
}

#[test]
fn an_md5_that_does_not_match_is_an_error() {
    let mut bytes = fixture("mono_16k.flac");
    // Marker, block header, and 18 bytes of STREAMINFO come before its 16 bytes of MD5.
    bytes[4 + 4 + 18] ^= 1;
    let error = decode(bytes).expect_err("MD5");
    assert!(error.to_string().contains("MD5"), "{error}");
}

#[test]
fn a_wave_file_of_the_same_length_is_not_mistaken_for_it() {
    let flac = decode(fixture("mono_16k.flac")).expect("FLAC");
    let wav = decode(wav16(&expected(16_000, 4_000, 1), 1, 16_000)).expect("WAVE");
    assert_eq!(flac.duration_s(), wav.duration_s());
}
