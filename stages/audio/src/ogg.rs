//! Ogg Vorbis: the pages checked and the packets found here, and decoded by symphonia.
//!
//! A reader made for playback skips pages that fail their checksum; here such a page is an error, and so is a stream without
//! the page that is marked as its last.
//!
//! Positions of pages count samples of the stream, not of the file (Vorbis I, A.2): a capture of a running stream begins at any
//! number. What a file holds is what its packets give, less what the positions take off: at the beginning where the first
//! page's position is below the samples that end there, at the end where the last page's is.

mod pages;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::default::codecs::VorbisDecoder;

use crate::engine::{Sink, foreign};
use crate::{AudioError, Container, Decoded, Limits, Unit};

use pages::Stream;

/// Bytes of an identification header.
const IDENTIFICATION_BYTES: usize = 30;
/// A stream whose pages were joined while it ran is at least this far from its beginning, in seconds. Nearer, a page
/// is missing.
const JOINED_FROM_S: i64 = 10;
/// Most frames that a packet holds (Vorbis I, 4.2.2: blocks of at most 8192 samples).
const LARGEST_BLOCK_FRAMES: u64 = 8192;

/// Positions of pages, against the frames that their packets gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Positions {
    /// Position at which the first decoded frame lies: negative where frames are to be taken off.
    origin: Option<i64>,
    /// Decoded frames that are wanted, counted from the first one.
    end: Option<i64>,
}

/// Decodes the Ogg stream that begins at byte `start` of `file`.
pub(crate) fn decode(file: &[u8], start: usize, limits: &Limits) -> Result<Decoded, AudioError> {
    let bytes = file.get(start..).unwrap_or_default();
    let Stream { pages, joined_at, behind } = Stream::read(bytes, start)?;
    let mut headers = Vec::new();
    let mut decoding: Option<(VorbisDecoder, Sink<'_>)> = None;
    let mut positions = Positions::default();
    // Positions of pages without audio are those of headers.
    let mut heard = false;
    let mut before_last = 0;
    let mut unfinished = None;
    let mut packets = Vec::new();
    for page in &pages {
        page.take_packets(&mut unfinished, &mut packets)?;
        for packet in packets.drain(..) {
            match &mut decoding {
                // A packet without bytes holds no audio; decoders pass over it.
                Some((decoder, sink)) if !packet.is_empty() => {
                    before_last = sink.frames();
                    sink.decode(decoder, &packet)?;
                    heard = true;
                }
                Some(_) => {}
                None => {
                    headers.push(packet);
                    decoding = begin(&headers, limits)?;
                }
            }
        }
        if let (Some((_, sink)), Some(position)) = (&decoding, page.position())
            && heard
        {
            positions.note(position, before_last, sink.frames(), page.is_last());
        }
    }
    let Some((_, mut sink)) = decoding else {
        return Err(malformed("its header packets are not complete".into()));
    };
    let decoded = sink.frames();
    let rate = sink.sample_rate_hz();
    let mut remark = behind;
    if let Some(at) = joined_at {
        let seconds = positions.origin.unwrap_or(0) / i64::from(rate.max(1));
        if seconds < JOINED_FROM_S {
            return Err(malformed(format!("pages are missing before byte {at}")));
        }
        remark = remark.or(Some(format!("it was captured from a running stream, {seconds} s after its beginning")));
    }
    let first = positions.first_frame();
    let end = positions.end.map_or(decoded, |end| end.max(0).unsigned_abs());
    if end > decoded {
        return Err(truncated(Some(end.saturating_sub(first)), decoded.saturating_sub(first), Unit::Frames));
    }
    // An end within the last packet is how Vorbis ends at any sample; one before it leaves sound out.
    if decoded - end > LARGEST_BLOCK_FRAMES {
        let (used, held) = (seconds(end.saturating_sub(first), rate), seconds(decoded.saturating_sub(first), rate));
        remark = remark.or(Some(format!(
            "its last page ends it after {used:.2} s, and the {held:.2} s that it holds are cut there"
        )));
    }
    sink.keep(first, end.saturating_sub(first));
    Ok(Decoded {
        container: Container::Ogg,
        codec: "vorbis".into(),
        bits_per_sample: None,
        sample_rate_hz: rate,
        channels: sink.channels(),
        samples: sink.into_samples(),
        remark,
    })
}

/// A decoder, once the three header packets are there.
fn begin<'a>(headers: &[Vec<u8>], limits: &'a Limits) -> Result<Option<(VorbisDecoder, Sink<'a>)>, AudioError> {
    let [identification, _, setup] = headers else { return Ok(None) };
    let ident: &[u8; IDENTIFICATION_BYTES] = identification
        .get(..IDENTIFICATION_BYTES)
        .and_then(|ident| ident.try_into().ok())
        .ok_or_else(|| malformed(format!("its identification header has {} bytes", identification.len())))?;
    // Seven bytes of mark and four of version come before.
    let (channels, rate) = (u16::from(ident[11]), u32::from_le_bytes([ident[12], ident[13], ident[14], ident[15]]));
    let sink = Sink::new(Container::Ogg, rate, channels, 0, limits)?;
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(CODEC_ID_VORBIS)
        .with_sample_rate(rate)
        .with_channels(Channels::Discrete(channels))
        .with_extra_data([&identification[..], setup].concat().into_boxed_slice());
    let decoder = foreign(Container::Ogg, "in its header packets", || {
        VorbisDecoder::try_new(&parameters, &AudioDecoderOptions::default())
    })?;
    Ok(Some((decoder, sink)))
}

impl Positions {
    /// Notes that the stream is at `position` at the end of a page, after `decoded` frames, those of its last packet from
    /// `before_last` on.
    fn note(&mut self, position: i64, before_last: u64, decoded: u64, last: bool) {
        let whole = |frames: u64| i64::try_from(frames).unwrap_or(i64::MAX);
        let decoded = whole(decoded);
        // A page that is the first and the last takes frames off at its end. Where its position is beyond its frames, it
        // tells how late the capture began, and not how much of the last packet is padding: half of it is at most half of
        // it wrong.
        let only = last && self.origin.is_none();
        if only && position > decoded {
            self.origin = Some(position - decoded);
            self.end = Some(whole(before_last).midpoint(decoded));
            return;
        }
        let least = if only { 0 } else { i64::MIN };
        let origin = *self.origin.get_or_insert(position.saturating_sub(decoded).max(least));
        if last {
            self.end = Some(position.saturating_sub(origin));
        }
    }

    /// Decoded frames before the first one that is wanted.
    fn first_frame(&self) -> u64 {
        self.origin.unwrap_or(0).min(0).unsigned_abs()
    }
}

fn truncated(expected: Option<u64>, found: u64, unit: Unit) -> AudioError {
    AudioError::Truncated { container: Container::Ogg, expected, found, unit }
}

fn unsupported(what: &str) -> AudioError {
    AudioError::Unsupported { container: Container::Ogg, what: what.into() }
}

/// `frames` in seconds.
fn seconds(frames: u64, sample_rate_hz: u32) -> f64 {
    frames as f64 / f64::from(sample_rate_hz.max(1))
}

fn malformed(detail: String) -> AudioError {
    AudioError::Malformed { container: Container::Ogg, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First frame and end after pages at (position, decoded frames), the last one marked as such.
    fn range(pages: &[(i64, u64)]) -> (u64, Option<i64>) {
        let mut positions = Positions::default();
        for (index, (position, decoded)) in pages.iter().enumerate() {
            positions.note(*position, decoded.saturating_sub(24), *decoded, index + 1 == pages.len());
        }
        (positions.first_frame(), positions.end)
    }

    #[test]
    fn a_single_page_takes_off_at_its_end_or_begins_late() {
        assert_eq!(range(&[(900, 1_024)]), (0, Some(900)));
        assert_eq!(range(&[(1_024, 1_024)]), (0, Some(1_024)));
        assert_eq!(range(&[(61_024, 1_024)]), (0, Some(1_012)), "in the middle of the last packet");
        assert_eq!(range(&[(0, 1_024)]), (0, Some(0)));
    }

    #[test]
    fn the_first_of_several_pages_tells_where_the_stream_begins() {
        assert_eq!(range(&[(1_000, 1_000), (2_000, 2_048)]), (0, Some(2_000)), "from zero, cut at the end");
        assert_eq!(range(&[(961_000, 1_000), (962_000, 2_048)]), (0, Some(2_000)), "a capture");
        assert_eq!(range(&[(900, 1_000), (1_900, 2_048)]), (100, Some(2_000)), "100 frames before the first sample");
        assert_eq!(range(&[(961_000, 1_000), (962_048, 2_048)]), (0, Some(2_048)));
        assert_eq!(range(&[(961_000, 1_000), (965_000, 2_048)]), (0, Some(5_000)), "frames are missing");
        let (first, end) = range(&[(i64::MIN, 1_000), (i64::MAX, 2_000)]);
        assert!(first > 1 << 60 && end == Some(i64::MAX));
    }
}
