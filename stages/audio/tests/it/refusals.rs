//! Refused files, and the words of their refusals.

use ser_audio::{AudioError, Limits, Unit};

use crate::build::{Order, chunk, decode, format, riff, sine, wav16};

const LITTLE: Order = Order::Little;

fn message(bytes: Vec<u8>) -> String {
    decode(bytes).expect_err("an error").to_string()
}

#[test]
fn nothing_and_pointers_and_texts_have_errors_of_their_own() {
    assert_eq!(message(Vec::new()), "the file is empty: 0 bytes");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 82260\n".to_vec();
    assert!(matches!(decode(pointer), Err(AudioError::GitLfsPointer { bytes: 68 })));
    assert_eq!(
        message(b"hello".to_vec()),
        "not audio: expected WAV, AIFF, FLAC, MP3 or Ogg Vorbis, found text beginning `hello`"
    );
}

#[test]
fn a_file_without_samples_is_no_clip() {
    assert_eq!(message(wav16(&[], 1, 16_000)), "wav file without a single sample");
}

#[test]
fn what_a_wave_file_lacks_is_named() {
    let fmt = chunk(*b"fmt ", &format(1, 1, 16_000, 16, LITTLE), LITTLE);
    assert_eq!(message(riff(&[fmt], LITTLE)), "damaged wav file: it has no `data` chunk");
    assert_eq!(message(riff(&[chunk(*b"data", &[0; 8], LITTLE)], LITTLE)), "damaged wav file: it has no `fmt ` chunk");
    let short = chunk(*b"fmt ", &[1, 0, 1, 0], LITTLE);
    assert_eq!(message(riff(&[short], LITTLE)), "damaged wav file: its `fmt ` chunk has 4 bytes, expected at least 16");
}

#[test]
fn formats_that_are_not_decoded_are_named() {
    let file = |format: &[u8]| riff(&[chunk(*b"fmt ", format, LITTLE), chunk(*b"data", &[0; 64], LITTLE)], LITTLE);
    assert_eq!(
        message(file(&format(0x11, 1, 16_000, 4, LITTLE))),
        "unsupported wav file: ADPCM (format tag 0x0011): convert it to PCM"
    );
    assert_eq!(
        message(file(&format(1, 1, 16_000, 48, LITTLE))),
        "unsupported wav file: PCM with 48 bits per sample, expected 8, 16, 24 or 32"
    );
    assert_eq!(
        message(file(&format(1, 1, 4_000, 16, LITTLE))),
        "unsupported wav file: sample rate 4000 Hz, expected 8000 to 192000 Hz"
    );
    assert_eq!(message(file(&format(1, 0, 16_000, 16, LITTLE))), "damaged wav file: its header says 0 channels");
}

#[test]
fn limits_hold_before_memory_is_taken() {
    let bytes = wav16(&sine(440.0, 8_000, 8_001), 1, 8_000);
    let limited = |limits: &Limits| ser_audio::decode(bytes.clone(), limits);
    let limits = Limits::default();
    assert!(limited(&limits).is_ok());
    assert!(matches!(
        limited(&Limits { max_bytes: 100, ..limits }),
        Err(AudioError::OverLimit { found: 16_046, limit: 100, unit: Unit::Bytes })
    ));
    assert!(matches!(
        limited(&Limits { max_duration_s: 1.0, ..limits }),
        Err(AudioError::OverLimit { found: 2, limit: 1, unit: Unit::Seconds })
    ));
    assert!(matches!(
        limited(&Limits { max_samples: 8_000, ..limits }),
        Err(AudioError::OverLimit { found: 8_001, limit: 8_000, unit: Unit::Samples })
    ));
    // A FLAC header can promise any length; this one says 2^36 - 1 frames.
    let mut flac = crate::compressed::fixture("mono_16k.flac");
    flac[21] |= 0x0f;
    flac[22..26].fill(0xff);
    assert!(matches!(decode(flac), Err(AudioError::OverLimit { unit: Unit::Seconds, .. })));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let missing = folder.path().join("missing.wav");
    let error = ser_audio::decode_file(&missing, &Limits::default()).expect_err("missing");
    assert!(matches!(&error, AudioError::Io { path, .. } if *path == missing), "{error:?}");
    assert!(error.to_string().contains("missing.wav"));
    let error = ser_audio::decode_file(folder.path(), &Limits::default()).expect_err("a folder");
    assert!(matches!(error, AudioError::Io { .. }), "{error:?}");
    let big = folder.path().join("big.wav");
    std::fs::write(&big, [0; 101]).expect("write");
    let error = ser_audio::decode_file(&big, &Limits { max_bytes: 100, ..Limits::default() }).expect_err("too big");
    assert!(matches!(error, AudioError::OverLimit { found: 101, limit: 100, unit: Unit::Bytes }), "{error:?}");
}
