//! WAVE files as writers really leave them.

use ser_audio::{AudioError, Container, Unit};

use crate::build::{Order, assert_close, chunk, decode, extensible, format, integers, riff, sine, wav16};

const RATE: u32 = 16_000;

fn little(format: &[u8], data: &[u8]) -> Vec<u8> {
    riff(&[chunk(*b"fmt ", format, Order::Little), chunk(*b"data", data, Order::Little)], Order::Little)
}

#[test]
fn integer_samples_of_every_width_and_order_are_read() {
    let signal = sine(440.0, RATE, 500);
    for order in [Order::Little, Order::Big] {
        for (bits, suffix) in [(8, "u8"), (16, "s16"), (24, "s24"), (32, "s32")] {
            let data = chunk(*b"data", &integers(&signal, bits, order), order);
            let found = decode(riff(&[chunk(*b"fmt ", &format(1, 1, RATE, bits, order), order), data], order))
                .unwrap_or_else(|error| panic!("{bits} bits, {order:?}: {error}"));
            assert_close(&found.samples, &signal, 0.5 / 2.0_f64.powi(i32::from(bits) - 1) + 1e-7);
            let order = if bits == 8 {
                ""
            } else if order == Order::Little {
                "le"
            } else {
                "be"
            };
            assert_eq!(found.codec, format!("pcm_{suffix}{order}"));
            assert_eq!(
                (found.container, found.bits_per_sample, found.sample_rate_hz, found.channels),
                (Container::Wav, Some(bits), RATE, 1)
            );
        }
    }
}

#[test]
fn full_scale_is_one() {
    let found = decode(little(&format(1, 1, RATE, 16, Order::Little), &[0, 0x80, 0xff, 0x7f, 0, 0])).expect("16 bits");
    assert_eq!(found.samples, [-1.0, 32_767.0 / 32_768.0, 0.0]);
}

#[test]
fn floating_point_samples_are_read_and_may_exceed_full_scale() {
    let signal = [0.0, 0.25, -1.0, 1.5];
    let singles: Vec<u8> = signal.iter().flat_map(|&sample| (sample as f32).to_le_bytes()).collect();
    let doubles: Vec<u8> = signal.iter().flat_map(|&sample: &f64| sample.to_le_bytes()).collect();
    for (bits, data, codec) in [(32, singles, "pcm_f32le"), (64, doubles, "pcm_f64le")] {
        let found = decode(little(&format(3, 1, RATE, bits, Order::Little), &data)).expect("float");
        assert_close(&found.samples, &signal, 0.0);
        assert_eq!((found.codec.as_str(), found.bits_per_sample), (codec, Some(bits)));
    }
}

#[test]
fn the_extensible_format_names_its_samples_in_the_sub_format() {
    let signal = sine(440.0, RATE, 64);
    let order = Order::Little;
    // 20 valid bits in 24, from the top.
    let found =
        decode(little(&extensible(1, 1, RATE, 24, 20, order), &integers(&signal, 24, order))).expect("20 in 24");
    assert_close(&found.samples, &signal, 1e-6);
    assert_eq!((found.codec.as_str(), found.bits_per_sample), ("pcm_s24le", Some(20)));
    let floats: Vec<u8> = signal.iter().flat_map(|&sample| (sample as f32).to_le_bytes()).collect();
    let found = decode(little(&extensible(3, 1, RATE, 32, 32, order), &floats)).expect("float");
    assert_eq!(found.codec, "pcm_f32le");
    assert_close(&found.samples, &signal, 1e-7);
}

#[test]
fn telephone_codecs_are_read_and_have_no_bit_depth() {
    // G.711: 0x80 is the largest positive mu-law value (32124), 0xff its zero; 0xaa the largest A-law value (32256).
    for (tag, data, expected, codec) in
        [(7, [0x80, 0xff], [32_124.0, 0.0], "pcm_mulaw"), (6, [0xaa, 0xd5], [32_256.0, 8.0], "pcm_alaw")]
    {
        let found = decode(little(&format(tag, 1, 8_000, 8, Order::Little), &data)).expect(codec);
        assert_close(&found.samples, &expected.map(|value| value / 32_768.0), 0.0);
        assert_eq!((found.codec.as_str(), found.bits_per_sample), (codec, None));
    }
}

#[test]
fn rates_and_channels_of_all_sizes_are_read() {
    for rate in [8_000, 11_025, 24_414, 44_100, 96_000, 192_000] {
        assert_eq!(decode(wav16(&sine(440.0, rate, 50), 1, rate)).expect("rate").sample_rate_hz, rate);
    }
    for channels in [1, 2, 3, 6, 8, 32, 100, 20_000] {
        let signal = sine(440.0, RATE, 3 * usize::from(channels));
        let found = decode(wav16(&signal, channels, RATE)).expect("channels");
        assert_eq!((found.channels, found.frame_count()), (channels, 3));
        assert_close(&found.samples, &signal, 1e-4);
    }
}

#[test]
fn chunks_come_in_any_order_and_number() {
    let signal = sine(440.0, RATE, 401);
    let order = Order::Little;
    let plain = decode(wav16(&signal, 1, RATE)).expect("plain");
    let fmt = chunk(*b"fmt ", &format(1, 1, RATE, 16, order), order);
    let data = chunk(*b"data", &integers(&signal, 16, order), order);
    let bext = chunk(*b"bext", &[0; 603], order);
    let filler = chunk(*b"FLLR", &[0; 4_044], order);
    let list = chunk(*b"LIST", b"INFOISFT\x03\0\0\0abc\0", order);
    let xmp = chunk(*b"_PMX", b"<x:xmpmeta/>", order);
    for chunks in [
        vec![bext.clone(), fmt.clone(), filler.clone(), list.clone(), xmp.clone(), data.clone()],
        vec![data.clone(), fmt.clone()],
        vec![fmt.clone(), data.clone(), list, xmp],
        vec![filler, data, bext, fmt],
    ] {
        assert_eq!(decode(riff(&chunks, order)).expect("any order").samples, plain.samples);
    }
}

#[test]
fn a_missing_pad_byte_is_forgiven() {
    let signal = sine(440.0, RATE, 100);
    let order = Order::Little;
    let mut odd = b"bext".to_vec();
    odd.extend(3_u32.to_le_bytes());
    odd.extend(b"abc");
    let fmt = chunk(*b"fmt ", &format(1, 1, RATE, 16, order), order);
    let data = chunk(*b"data", &integers(&signal, 16, order), order);
    assert_close(&decode(riff(&[odd, fmt, data], order)).expect("unpadded").samples, &signal, 1e-4);
}

#[test]
fn sizes_that_a_pipe_left_open_reach_to_the_end() {
    let signal = sine(440.0, RATE, 1_000);
    for size in [0_u32, u32::MAX, u32::MAX - 36, 0x7fff_f000, 0x7fff_ffff] {
        let mut bytes = wav16(&signal, 1, RATE);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes[40..44].copy_from_slice(&size.to_le_bytes());
        assert_close(&decode(bytes).unwrap_or_else(|error| panic!("{size:#x}: {error}")).samples, &signal, 1e-4);
    }
}

#[test]
fn the_size_of_the_riff_itself_does_not_matter() {
    let signal = sine(440.0, RATE, 100);
    for size in [0_u32, 4, 50, 1_000_000] {
        let mut bytes = wav16(&signal, 1, RATE);
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        assert_eq!(decode(bytes).expect("any size").frame_count(), 100);
    }
}

#[test]
fn a_64_bit_file_takes_its_size_from_ds64() {
    let signal = sine(440.0, RATE, 200);
    let order = Order::Little;
    let mut sizes = order.bytes(0, 8);
    sizes.extend(order.bytes(400, 8));
    sizes.extend(order.bytes(200, 8));
    sizes.extend(order.bytes(0, 4));
    let fmt = chunk(*b"fmt ", &format(1, 1, RATE, 16, order), order);
    let mut data = chunk(*b"data", &integers(&signal, 16, order), order);
    data[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let list = chunk(*b"LIST", b"INFO", order);
    let mut bytes = riff(&[chunk(*b"ds64", &sizes, order), fmt, data, list], order);
    bytes[..4].copy_from_slice(b"RF64");
    assert_close(&decode(bytes).expect("RF64").samples, &signal, 1e-4);
}

#[test]
fn a_file_that_ends_early_is_truncated_and_says_by_how_much() {
    let mut bytes = wav16(&sine(440.0, RATE, 1_000), 1, RATE);
    bytes.truncate(44 + 700);
    let error = decode(bytes).expect_err("truncated");
    assert!(
        matches!(error, AudioError::Truncated { expected: Some(2_000), found: 700, unit: Unit::Bytes, .. }),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "truncated wav file: expected 2000 bytes, found 700");
}

#[test]
fn an_incomplete_last_frame_is_dropped() {
    let order = Order::Little;
    let mut data = integers(&sine(440.0, RATE, 20), 16, order);
    data.pop();
    let found = decode(little(&format(1, 2, RATE, 16, order), &data)).expect("odd data");
    assert_eq!(found.frame_count(), 9);
}

#[test]
fn samples_that_are_no_numbers_are_counted() {
    let data: Vec<u8> = [0.0, 0.5, f32::NAN, 0.5, 0.0, f32::INFINITY].iter().flat_map(|s| s.to_le_bytes()).collect();
    let error = decode(little(&format(3, 2, RATE, 32, Order::Little), &data)).expect_err("NaN");
    assert!(matches!(error, AudioError::NonFinite { count: 2, samples: 6, first_frame: 1 }), "{error:?}");
    // A double that is finite and yet too large for a single becomes infinite.
    let error = decode(little(&format(3, 1, RATE, 64, Order::Little), &1e300_f64.to_le_bytes())).expect_err("infinite");
    assert!(matches!(error, AudioError::NonFinite { count: 1, .. }), "{error:?}");
}
