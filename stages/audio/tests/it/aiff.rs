//! AIFF and AIFC.

use ser_audio::{AudioError, Container};

use crate::build::{Order, assert_close, chunk, decode, integers, sine};

const RATE: u32 = 24_414;
/// 24 414 Hz as an 80-bit floating-point number.
const RATE_EXTENDED: [u8; 10] = [0x40, 0x0d, 0xbe, 0xbc, 0, 0, 0, 0, 0, 0];

fn common(channels: u16, frames: u32, bits: u16, compression: Option<&[u8; 4]>) -> Vec<u8> {
    let mut body = channels.to_be_bytes().to_vec();
    body.extend(frames.to_be_bytes());
    body.extend(bits.to_be_bytes());
    body.extend(RATE_EXTENDED);
    if let Some(compression) = compression {
        body.extend(compression);
        body.extend(b"\x0enot compressed\0");
    }
    chunk(*b"COMM", &body, Order::Big)
}

fn sound(samples: &[u8]) -> Vec<u8> {
    chunk(*b"SSND", &[&[0; 8], samples].concat(), Order::Big)
}

fn form(kind: [u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [kind.to_vec(), chunks.concat()].concat();
    chunk(*b"FORM", &body, Order::Big)
}

#[test]
fn plain_aiff_of_every_width_is_read() {
    let signal = sine(440.0, RATE, 300);
    for bits in [16, 24, 32] {
        let file = form(*b"AIFF", &[common(1, 300, bits, None), sound(&integers(&signal, bits, Order::Big))]);
        let found = decode(file).expect("AIFF");
        assert_close(&found.samples, &signal, 1.0 / 32_768.0);
        assert_eq!((found.container, found.bits_per_sample, found.sample_rate_hz), (Container::Aiff, Some(bits), RATE));
        assert_eq!(found.codec, format!("pcm_s{bits}be"));
    }
    // 8-bit samples are signed here, unlike in WAVE.
    let found = decode(form(*b"AIFF", &[common(1, 3, 8, None), sound(&[0x80, 0, 0x40])])).expect("8 bits");
    assert_eq!(found.samples, [-1.0, 0.0, 0.5]);
}

#[test]
fn compression_types_of_aifc_that_do_not_compress_are_read() {
    let signal = sine(440.0, RATE, 300);
    let singles: Vec<u8> = signal.iter().flat_map(|&sample| (sample as f32).to_be_bytes()).collect();
    let doubles: Vec<u8> = signal.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    for (compression, bits, data, codec) in [
        (b"NONE", 16, integers(&signal, 16, Order::Big), "pcm_s16be"),
        (b"twos", 16, integers(&signal, 16, Order::Big), "pcm_s16be"),
        (b"sowt", 16, integers(&signal, 16, Order::Little), "pcm_s16le"),
        (b"in24", 24, integers(&signal, 24, Order::Big), "pcm_s24be"),
        (b"23ni", 32, integers(&signal, 32, Order::Little), "pcm_s32le"),
        (b"fl32", 32, singles.clone(), "pcm_f32be"),
        (b"FL32", 32, singles, "pcm_f32be"),
        (b"fl64", 64, doubles, "pcm_f64be"),
    ] {
        let found = decode(form(*b"AIFC", &[common(1, 300, bits, Some(compression)), sound(&data)])).expect(codec);
        assert_eq!(found.codec, codec);
        assert_close(&found.samples, &signal, 1.0 / 32_768.0);
    }
}

#[test]
fn an_aiff_file_hashes_like_the_wave_file_of_the_same_audio() {
    let signal = sine(440.0, RATE, 300);
    let aiff =
        decode(form(*b"AIFF", &[common(1, 300, 16, None), sound(&integers(&signal, 16, Order::Big))])).expect("AIFF");
    let wav = decode(crate::build::wav16(&signal, 1, RATE)).expect("WAVE");
    assert_eq!(aiff.audio_hash(), wav.audio_hash());
}

#[test]
fn chunks_come_in_any_order() {
    let data = sound(&integers(&sine(440.0, RATE, 300), 16, Order::Big));
    let mark = chunk(*b"NAME", b"abc", Order::Big);
    let found = decode(form(*b"AIFF", &[mark, data, common(1, 300, 16, None)])).expect("any order");
    assert_eq!(found.frame_count(), 300);
}

#[test]
fn missing_samples_are_noticed() {
    let data = sound(&integers(&sine(440.0, RATE, 200), 16, Order::Big));
    let error = decode(form(*b"AIFF", &[common(1, 300, 16, None), data])).expect_err("too few");
    assert!(matches!(error, AudioError::Truncated { expected: Some(600), found: 400, .. }), "{error:?}");
    let error = decode(form(*b"AIFF", &[common(1, 300, 16, None)])).expect_err("none");
    assert!(matches!(error, AudioError::Malformed { .. }), "{error:?}");
    let error = decode(form(*b"AIFF", &[common(1, 0, 16, None)])).expect_err("empty");
    assert!(matches!(error, AudioError::NoSamples { .. }), "{error:?}");
}

#[test]
fn compressed_aifc_is_refused_by_name() {
    let error = decode(form(*b"AIFC", &[common(1, 300, 16, Some(b"ima4")), sound(&[0; 64])])).expect_err("ima4");
    assert!(error.to_string().starts_with("unsupported aiff file: compression `ima4`"), "{error}");
}
