//! Files made byte by byte, and the signal that they hold.

use std::f64::consts::TAU;

use ser_audio::testing::wav;
use ser_audio::{AudioError, Decoded, Limits};

/// Byte order and the `RIFF` identifier that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub(crate) fn bytes(self, value: u64, width: usize) -> Vec<u8> {
        match self {
            Self::Little => value.to_le_bytes()[..width].to_vec(),
            Self::Big => value.to_be_bytes()[8 - width..].to_vec(),
        }
    }
}

pub(crate) fn decode(bytes: Vec<u8>) -> Result<Decoded, AudioError> {
    ser_audio::decode(bytes, &Limits::default())
}

/// A sine of `hz` at half scale, `frames` long.
pub(crate) fn sine(hz: f64, rate: u32, frames: usize) -> Vec<f64> {
    (0..frames).map(|n| 0.5 * (TAU * hz * n as f64 / f64::from(rate)).sin()).collect()
}

/// One chunk, padded to an even number of bytes.
pub(crate) fn chunk(id: [u8; 4], body: &[u8], order: Order) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend(order.bytes(body.len() as u64, 4));
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// A WAVE file of these chunks.
pub(crate) fn riff(chunks: &[Vec<u8>], order: Order) -> Vec<u8> {
    let body = chunks.concat();
    let mut bytes = if order == Order::Little { b"RIFF".to_vec() } else { b"RIFX".to_vec() };
    bytes.extend(order.bytes(body.len() as u64 + 4, 4));
    bytes.extend(b"WAVE");
    bytes.extend(body);
    bytes
}

/// The 16 bytes of a `fmt ` chunk.
pub(crate) fn format(tag: u16, channels: u16, rate: u32, bits: u16, order: Order) -> Vec<u8> {
    let frame = u64::from(channels) * u64::from(bits.div_ceil(8));
    [
        order.bytes(u64::from(tag), 2),
        order.bytes(u64::from(channels), 2),
        order.bytes(u64::from(rate), 4),
        order.bytes(u64::from(rate) * frame, 4),
        order.bytes(frame, 2),
        order.bytes(u64::from(bits), 2),
    ]
    .concat()
}

/// The 40 bytes of an extensible `fmt ` chunk whose sub-format is `tag`.
pub(crate) fn extensible(tag: u16, channels: u16, rate: u32, bits: u16, valid_bits: u16, order: Order) -> Vec<u8> {
    let mut body = format(0xfffe, channels, rate, bits, order);
    body.extend(order.bytes(22, 2));
    body.extend(order.bytes(u64::from(valid_bits), 2));
    body.extend(order.bytes(0, 4));
    body.extend(order.bytes(u64::from(tag), 2));
    body.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    body
}

/// Samples as signed integers of `bits` bits; 8 bits become unsigned as WAVE wants them.
pub(crate) fn integers(samples: &[f64], bits: u16, order: Order) -> Vec<u8> {
    let scale = 2.0_f64.powi(i32::from(bits) - 1);
    samples
        .iter()
        .flat_map(|sample| {
            let value = (sample * scale).round().clamp(-scale, scale - 1.0) as i64;
            if bits == 8 {
                vec![(value + 128) as u8]
            } else {
                order.bytes(value as u64 & ((1 << bits) - 1), usize::from(bits / 8))
            }
        })
        .collect()
}

/// A plain little-endian 16-bit WAVE file.
pub(crate) fn wav16(samples: &[f64], channels: u16, rate: u32) -> Vec<u8> {
    wav(1, 16, channels, rate, &integers(samples, 16, Order::Little))
}

/// Asserts that `found` are `expected`, within `tolerance`.
pub(crate) fn assert_close(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let distance = (f64::from(*found) - expected).abs();
        assert!(distance <= tolerance, "sample {index}: found {found}, expected {expected} within {tolerance}");
    }
}
