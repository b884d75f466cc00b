//! 16-bit WAV and AIFF files.

/// Highest 16-bit sample.
const FULL_SCALE: f32 = 32_767.0;
/// Bytes of the `bext` and `FLLR` chunks in RAVDESS' files.
const BEXT_BYTES: usize = 602;
const FLLR_BYTES: usize = 4_044;

/// A plain WAV file: header and samples.
pub(crate) fn wav(samples: &[f32], sample_rate_hz: u32) -> Vec<u8> {
    riff(&[(b"fmt ", format_chunk(sample_rate_hz)), (b"data", pcm(samples, i16::to_le_bytes))])
}

/// A WAV file as an audio editor leaves it: other chunks around the format and before the samples.
pub(crate) fn wav_with_extra_chunks(samples: &[f32], sample_rate_hz: u32) -> Vec<u8> {
    let mut broadcast = b"synthetic speech".to_vec();
    broadcast.resize(BEXT_BYTES, 0);
    riff(&[
        (b"bext", broadcast),
        (b"fmt ", format_chunk(sample_rate_hz)),
        (b"FLLR", vec![0; FLLR_BYTES]),
        (b"LIST", b"INFOISFT\x09\0\0\0ser demo\0\0".to_vec()),
        (b"data", pcm(samples, i16::to_le_bytes)),
    ])
}

/// A WAV file whose header promises all samples, cut off behind half of them.
pub(crate) fn wav_cut_in_half(samples: &[f32], sample_rate_hz: u32) -> Vec<u8> {
    let mut bytes = wav(samples, sample_rate_hz);
    bytes.truncate(bytes.len() - samples.len());
    bytes
}

/// An AIFF file.
pub(crate) fn aiff(samples: &[f32], sample_rate_hz: u32) -> Vec<u8> {
    let mut common = 1_u16.to_be_bytes().to_vec();
    common.extend((samples.len() as u32).to_be_bytes());
    common.extend(16_u16.to_be_bytes());
    common.extend(extended(sample_rate_hz));
    let mut sound = vec![0; 8];
    sound.extend(pcm(samples, i16::to_be_bytes));
    let mut body = b"AIFF".to_vec();
    for (id, chunk) in [(b"COMM", common), (b"SSND", sound)] {
        body.extend(id);
        body.extend((chunk.len() as u32).to_be_bytes());
        body.extend(chunk);
    }
    let mut file = b"FORM".to_vec();
    file.extend((body.len() as u32).to_be_bytes());
    file.extend(body);
    file
}

fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (id, chunk) in chunks {
        body.extend(*id);
        body.extend((chunk.len() as u32).to_le_bytes());
        body.extend(chunk);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

/// PCM, mono, 16 bits.
fn format_chunk(sample_rate_hz: u32) -> Vec<u8> {
    let mut chunk = vec![1, 0, 1, 0];
    chunk.extend(sample_rate_hz.to_le_bytes());
    chunk.extend((sample_rate_hz * 2).to_le_bytes());
    chunk.extend([2, 0, 16, 0]);
    chunk
}

fn pcm(samples: &[f32], to_bytes: fn(i16) -> [u8; 2]) -> Vec<u8> {
    samples.iter().flat_map(|&sample| to_bytes((sample * FULL_SCALE).round() as i16)).collect()
}

/// A positive whole number as an 80-bit floating-point number.
fn extended(value: u32) -> [u8; 10] {
    let shift = value.leading_zeros();
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&((16_383 + 31 - shift) as u16).to_be_bytes());
    bytes[2..6].copy_from_slice(&(value << shift).to_be_bytes());
    bytes
}
