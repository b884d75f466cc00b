//! MP3: MPEG-1, 2 and 2.5 audio, layer III.
//!
//! An MP3 file has no header of its own, only frames; their chain is followed here so that a frame that is missing, cut or
//! overwritten is noticed (ISO/IEC 11172-3 2.4.1.3 and 13818-3 for the frame header). A frame that holds a Xing, Info or
//! VBRI tag is no audio: it begins a file, and tells how many frames follow and how much silence the encoder put around the
//! audio. Files that were joined hold several, each with its own silence. Symphonia decodes the frames; every frame gives 1152
//! samples per channel, or 576.
//!
//! A frame may use bytes of frames before it. Where the file was cut out of a longer one these are gone, and the frame is
//! silent.

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::default::codecs::MpaDecoder;

use crate::engine::{Sink, foreign};
use crate::id3::skip_id3;
use crate::{AudioError, Container, Decoded, Limits, Unit};

/// Bit rates of layer III in kbit/s by index, MPEG-1 first, then MPEG-2 and 2.5. Index 0 is "free", 15 is forbidden.
const BIT_RATES_KBPS: [[usize; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Sample rates in hertz by index, of MPEG-1. MPEG-2 halves them, MPEG-2.5 halves them again.
const SAMPLE_RATES_HZ: [u32; 3] = [44_100, 48_000, 32_000];
/// Bytes that may come before the first frame, for example padding behind a tag.
const LEADING_BYTES: usize = 4_096;
/// Frames that must follow each other before bytes are taken for MP3, fewer only where the file ends.
const FRAMES_TO_BELIEVE: usize = 3;
/// Frames of delay that decoding adds: half of the filter bank's window and one more (528 + 1).
const DECODER_DELAY: u64 = 529;
/// Bytes of an ID3v1 tag.
const ID3V1_BYTES: usize = 128;

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    /// 1 for MPEG-1, 2 for MPEG-2, 4 for MPEG-2.5: what its sample rates are divided by.
    divisor: u32,
    sample_rate_hz: u32,
    channels: u16,
    /// Bytes of the whole frame.
    length: usize,
    /// Where a Xing or Info tag would start.
    tag_at: usize,
    /// Where the frame's own part of the coded samples starts.
    main_data_at: usize,
    /// Bytes of coded samples that the frame takes from frames before it.
    main_data_begin: usize,
}

/// Contents of a tag in the first frame.
#[derive(Clone, Copy, Debug, Default)]
struct InfoTag {
    /// MPEG frames behind the tag, where it says so.
    frames: Option<u64>,
    /// Audio frames that the encoder put before and behind the audio.
    delay: u64,
    padding: u64,
}

/// The frames of one file. Others may be joined to it.
#[derive(Debug, Default)]
struct Part {
    info: Option<InfoTag>,
    /// Audio frames before its first one.
    first: u64,
    /// MPEG frames of audio in it.
    frames: u64,
    /// Bytes of its frames so far that later ones may use.
    reservoir: usize,
}

/// Decodes the MP3 stream whose first frame is at byte `start` of `file`.
pub(crate) fn decode(file: &[u8], start: usize, limits: &Limits) -> Result<Decoded, AudioError> {
    let bytes = strip_tags(file.get(start..).unwrap_or_default());
    let first = Header::read(bytes).ok_or_else(|| malformed("it has no MPEG frame".into()))?;
    let mut sink = Sink::new(Container::Mp3, first.sample_rate_hz, first.channels, 0, limits)?;
    let mut remark = None;
    let mut decoder = new_decoder(&first)?;
    let mut part = Part::default();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Some(header) = Header::read(rest).filter(|header| header.same_stream(&first)) else {
            // Padding of zeros at the end holds no audio, and neither do tags between joined files; anything else may.
            if rest.iter().all(|&byte| byte == 0) {
                break;
            }
            let tags = tag_bytes(rest);
            if tags > 0 && part.frames > 0 {
                at += tags;
                continue;
            }
            if rest.len() < 4 {
                return Err(truncated(None, bytes.len(), Unit::Bytes));
            }
            let frames = sink.frames();
            return Err(malformed(format!(
                "no MPEG frame at byte {at} of its audio, after {frames} samples per channel"
            )));
        };
        let Some(frame) = rest.get(..header.length) else {
            return Err(truncated(Some((at + header.length) as u64), bytes.len(), Unit::Bytes));
        };
        match InfoTag::read(frame, &header) {
            Some(info) if part.frames == 0 => part.info = Some(info),
            Some(info) => {
                remark = part.finish(&first, &mut sink)?.or(remark);
                remark = remark.or(Some(format!(
                    "a second file (mp3) begins in it, at byte {}: both are read as one recording",
                    start + at
                )));
                part = Part { info: Some(info), first: sink.frames(), ..Part::default() };
                decoder = new_decoder(&first)?;
            }
            None => part.decode(&mut decoder, &mut sink, frame, &header)?,
        }
        at += header.length;
    }
    remark = part.finish(&first, &mut sink)?.or(remark);
    Ok(Decoded {
        container: Container::Mp3,
        codec: "mp3".into(),
        bits_per_sample: None,
        sample_rate_hz: first.sample_rate_hz,
        channels: first.channels,
        samples: sink.into_samples(),
        remark,
    })
}

fn new_decoder(first: &Header) -> Result<MpaDecoder, AudioError> {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_MP3).with_sample_rate(first.sample_rate_hz);
    foreign(Container::Mp3, "at its first frame", || MpaDecoder::try_new(&parameters, &AudioDecoderOptions::default()))
}

impl Part {
    /// Decodes one frame, which gives as many samples as its kind has.
    fn decode(
        &mut self,
        decoder: &mut MpaDecoder,
        sink: &mut Sink<'_>,
        frame: &[u8],
        header: &Header,
    ) -> Result<(), AudioError> {
        let (before, available) = (sink.frames(), self.reservoir);
        let decoded = sink.decode(decoder, frame);
        let gave = sink.frames() - before;
        self.frames += 1;
        self.reservoir += frame.len().saturating_sub(header.main_data_at);
        match decoded {
            Ok(()) if gave == header.frames() => Ok(()),
            Ok(()) => {
                let expected = header.frames();
                Err(malformed(format!("after {before} samples per channel: a frame gave {gave}, expected {expected}")))
            }
            // The frames that it draws on are not there.
            Err(AudioError::Malformed { .. }) if header.main_data_begin > available => {
                *decoder = new_decoder(header)?;
                self.reservoir = 0;
                sink.push_silence(header.frames())
            }
            Err(error) => Err(error),
        }
    }

    /// Holds the frames that were found against the tag, and takes off the silence that it tells of. Returns what is odd
    /// about the tag, in words.
    fn finish(&self, first: &Header, sink: &mut Sink<'_>) -> Result<Option<String>, AudioError> {
        let Some(info) = &self.info else { return Ok(None) };
        let (per_frame, frames) = (first.frames(), self.frames);
        let there = frames * per_frame;
        // Some encoders count the frame of the tag itself.
        if let Some(expected) = info.frames.filter(|&expected| frames + 1 < expected) {
            return Err(truncated(Some(expected * per_frame), there as usize, Unit::Frames));
        }
        let (delay, padding) = (info.delay, info.padding);
        if delay + padding >= there && delay + padding > 0 {
            return Ok(Some(format!(
                "its tag takes {delay} + {padding} samples off the {there} that there are: the tag is ignored"
            )));
        }
        let more = info.frames.filter(|expected| (1..frames).contains(expected));
        sink.remove(self.first, delay);
        if let Some(expected) = more {
            return Ok(Some(format!("its tag tells of {expected} frames, it holds {frames}: all are read")));
        }
        sink.remove(sink.frames().saturating_sub(padding), padding);
        Ok(None)
    }
}

/// Offset of the first MPEG frame, if these bytes are MP3 at all.
pub(crate) fn find_first_frame(bytes: &[u8]) -> Option<usize> {
    let stop = bytes.len().min(LEADING_BYTES);
    (0..stop).find(|&start| {
        let mut at = start;
        let Some(first) = Header::read(&bytes[at..]) else { return false };
        for _ in 1..FRAMES_TO_BELIEVE {
            at += Header::read(&bytes[at..]).map_or(0, |header| header.length);
            if at >= bytes.len() {
                // One or two frames alone are believed only where nothing else comes before them.
                return start == 0;
            }
            if !Header::read(&bytes[at..]).is_some_and(|next| next.same_stream(&first)) {
                return false;
            }
        }
        true
    })
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xff, kind, rates, mode, ..] = bytes else { return None };
        // Sync, then layer III (01).
        if kind & 0xe0 != 0xe0 || kind >> 1 & 0x03 != 0x01 {
            return None;
        }
        let divisor = match kind >> 3 & 0x03 {
            0 => 4,
            2 => 2,
            3 => 1,
            _ => return None,
        };
        let sample_rate_hz = SAMPLE_RATES_HZ.get(usize::from(rates >> 2 & 0x03))? / divisor;
        let lower = divisor > 1;
        let bit_rate = BIT_RATES_KBPS[usize::from(lower)].get(usize::from(rates >> 4))? * 1_000;
        if bit_rate == 0 {
            return None;
        }
        let channels = if mode >> 6 == 3 { 1 } else { 2 };
        let slots = if lower { 72 } else { 144 };
        let side_bytes = match (lower, channels) {
            (false, 1) | (true, 2) => 17,
            (false, _) => 32,
            (true, _) => 9,
        };
        // A checksum of 2 bytes follows the header where the protection bit is 0.
        let side_at = if kind & 1 == 0 { 6 } else { 4 };
        let byte = |at: usize| bytes.get(at).map_or(0, |&byte| usize::from(byte));
        let main_data_begin = if lower { byte(side_at) } else { byte(side_at) << 1 | byte(side_at + 1) >> 7 };
        Some(Self {
            divisor,
            sample_rate_hz,
            channels,
            length: slots * bit_rate / sample_rate_hz as usize + usize::from(rates >> 1 & 0x01),
            tag_at: 4 + side_bytes,
            main_data_at: side_at + side_bytes,
            main_data_begin,
        })
    }

    /// `true` if a frame can follow another one: only bit rate and padding vary within a stream.
    fn same_stream(&self, other: &Self) -> bool {
        (self.divisor, self.sample_rate_hz, self.channels) == (other.divisor, other.sample_rate_hz, other.channels)
    }

    /// Audio frames in one MPEG frame.
    fn frames(&self) -> u64 {
        if self.divisor == 1 { 1_152 } else { 576 }
    }
}

impl InfoTag {
    /// Reads the tag of a first frame; `None` when it holds audio.
    fn read(frame: &[u8], header: &Header) -> Option<Self> {
        let u32_at = |tag: &[u8], at: usize| {
            tag.get(at..at + 4).and_then(|four| four.try_into().ok()).map(|four| u64::from(u32::from_be_bytes(four)))
        };
        // VBRI stands 32 bytes behind the frame header, whatever the side information; its frame count at 14.
        if let Some(tag) = frame.get(4 + 32..).filter(|tag| tag.starts_with(b"VBRI")) {
            return Some(Self { frames: u32_at(tag, 14), ..Self::default() });
        }
        let tag = frame.get(header.tag_at..).filter(|tag| tag.starts_with(b"Xing") || tag.starts_with(b"Info"))?;
        let flags = u32_at(tag, 4)?;
        // Frames, bytes, table of contents and quality follow, each where its flag is set.
        let sizes = [4, 4, 100, 4];
        let lame_at = 8 + sizes.iter().enumerate().map(|(bit, size)| (flags >> bit & 1) as usize * size).sum::<usize>();
        let mut info = Self { frames: (flags & 1 == 1).then(|| u32_at(tag, 8)).flatten(), ..Self::default() };
        // The encoder's name, and 21 bytes into its part two numbers of 12 bits: delay and padding.
        if let Some(lame) = tag.get(lame_at..lame_at + 24)
            && (lame.starts_with(b"LAME") || lame.starts_with(b"Lavf") || lame.starts_with(b"Lavc"))
        {
            let packed = u64::from(lame[21]) << 16 | u64::from(lame[22]) << 8 | u64::from(lame[23]);
            info.delay = (packed >> 12) + DECODER_DELAY;
            info.padding = (packed & 0xfff).saturating_sub(DECODER_DELAY);
        }
        Some(info)
    }
}

/// Bytes of tags that `bytes` start with: ID3v2, ID3v1, APEv2.
fn tag_bytes(bytes: &[u8]) -> usize {
    let ape = bytes.get(..32).filter(|header| header.starts_with(b"APETAGEX")).map_or(0, |header| {
        // The size counts items and footer, not the header itself.
        32 + u32::from_le_bytes([header[12], header[13], header[14], header[15]]) as usize
    });
    let id3v1 = if bytes.starts_with(b"TAG") { ID3V1_BYTES } else { 0 };
    skip_id3(bytes).max(id3v1).max(ape).min(bytes.len())
}

/// Takes ID3v1 and APEv2 tags off the end.
fn strip_tags(mut bytes: &[u8]) -> &[u8] {
    loop {
        let id3_at = bytes.len().saturating_sub(ID3V1_BYTES);
        if bytes[id3_at..].len() == ID3V1_BYTES && bytes[id3_at..].starts_with(b"TAG") {
            bytes = &bytes[..id3_at];
            continue;
        }
        // An APE tag ends with a footer of 32 bytes; its size counts items and footer, not the header (flag bit 31).
        let ape_at = bytes.len().saturating_sub(32);
        let footer = &bytes[ape_at..];
        if footer.len() == 32 && footer.starts_with(b"APETAGEX") {
            let size = u32::from_le_bytes([footer[12], footer[13], footer[14], footer[15]]) as usize;
            let header = if footer[23] & 0x80 == 0 { 0 } else { 32 };
            bytes = &bytes[..bytes.len().saturating_sub(size.max(32) + header)];
            continue;
        }
        return bytes;
    }
}

fn truncated(expected: Option<u64>, found: usize, unit: Unit) -> AudioError {
    AudioError::Truncated { container: Container::Mp3, expected, found: found as u64, unit }
}

fn malformed(detail: String) -> AudioError {
    AudioError::Malformed { container: Container::Mp3, detail }
}
