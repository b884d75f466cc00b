//! Recordings from stdin, one JSON object per line, and an answer to each at once: for other programs.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_audio::{Container, Decoded, SAMPLE_RATES_HZ};
use ser_text::printable;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::prediction::Prediction;
use super::recordings::{self, Recording};
use super::row::{Row, View};
use crate::output::{self, Status};
use crate::project::Project;

/// Largest sample, 24 dB above full scale: sound may exceed it, and whole numbers of some format are far beyond.
const LOUDEST: f32 = 16.0;
/// Longest line in bytes: an hour of samples at 16 kHz, written out.
const LONGEST_LINE: u64 = 1 << 30;

/// Some programs begin their text with it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a line asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// Comes back with the answer.
    id: Option<Value>,
    path: Option<PathBuf>,
    /// One channel, full scale 1.
    samples: Option<Vec<f32>>,
    sample_rate_hz: Option<u32>,
    /// Who speaks: somebody who is enrolled, where the model wants to know.
    speaker: Option<String>,
}

/// As much of a request as comes back with what is wrong with it.
#[derive(Debug, Deserialize)]
struct Named {
    id: Option<Value>,
}

/// Answers every line of `input`. A line that cannot be answered gets an object with `error`, and the next one is read.
pub(super) fn answer(
    prediction: &Prediction<'_>,
    view: View,
    input: &mut dyn BufRead,
    project: &Project<'_>,
) -> anyhow::Result<Status> {
    let mut failed = false;
    // Programs send the same keys to every model.
    let is_asked = !prediction.models.speaker_priors().is_empty();
    let mut is_told = false;
    let mut number = 0_u64;
    let mut line = Vec::new();
    while let Some(is_whole) = next(input, &mut line, LONGEST_LINE).context("cannot read stdin")? {
        number += 1;
        if is_whole && line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let (id, request) =
            if is_whole { parsed(&line) } else { (None, Err(format!("longer than {LONGEST_LINE} bytes"))) };
        let speaker = request.as_ref().ok().and_then(|request| request.speaker.clone());
        let known = prediction.speakers.place_of_line(speaker.as_deref());
        let place = if is_asked { known } else { Some(known.unwrap_or(0)) };
        if known.is_none() && !is_asked && !is_told {
            is_told = true;
            let name = printable(speaker.as_deref().unwrap_or_default());
            project.note(format_args!(
                "line {number} names the speaker `{name}`: this model does not ask who speaks, and is not adapted to anybody of that \
                 name, so it makes no difference (told once; recordings with labels adapt it: `--enrol`)"
            ));
        }
        let recording = request.and_then(recording).and_then(|recording| {
            let unknown =
                || format!("speaker `{}` is not enrolled (`--enrol`)", speaker.as_deref().unwrap_or_default());
            Ok((place.ok_or_else(unknown)?, recording))
        });
        let object = match recording {
            Err(detail) => {
                let entries = [("line", json!(number)), ("error", json!("bad_request")), ("detail", json!(detail))];
                Map::from_iter(entries.map(|(key, value)| (key.to_owned(), value)))
            }
            Ok((place, recording)) => {
                let is_file = recording.sound.is_none();
                let mut object = Map::new();
                prediction.batch(place, &[recording], &mut |row, _| {
                    object = Row { speaker: speaker.clone(), ..row }.json(view);
                    Ok(())
                })?;
                if !is_file {
                    object.retain(|key, _| key != "path");
                }
                object
            }
        };
        failed |= object.contains_key("error");
        let id = id.map(|id| ("id".to_owned(), id));
        output::print_json_line(&Value::Object(id.into_iter().chain(object).collect()))?;
    }
    Ok(if failed { Status::Failed } else { Status::Done })
}

/// Reads the next line into `line`, `most` bytes at most; whether it is whole. `None` at the end.
fn next(input: &mut dyn BufRead, line: &mut Vec<u8>, most: u64) -> std::io::Result<Option<bool>> {
    line.clear();
    let mut is_whole = true;
    loop {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        if bytes.is_empty() {
            return Ok((!line.is_empty() || !is_whole).then_some(is_whole));
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(bytes.len());
        if line.len() as u64 + taken as u64 > most {
            (is_whole, *line) = (false, Vec::new());
        } else if is_whole {
            line.extend_from_slice(&bytes[..taken]);
        }
        input.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return Ok(Some(is_whole));
        }
    }
}

/// The `id` of a line, and what it asks for or what is wrong with it.
fn parsed(line: &[u8]) -> (Option<Value>, Result<Request, String>) {
    let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    // A list would be taken for the values of an object, in their order.
    if !text.starts_with(b"{") {
        return (None, Err("expected an object, `{...}`".to_owned()));
    }
    match serde_json::from_slice::<Request>(text) {
        Ok(mut request) => (request.id.take(), Ok(request)),
        Err(error) => {
            let named = serde_json::from_slice::<Named>(text).ok();
            (named.and_then(|named| named.id), Err(error.to_string()))
        }
    }
}

/// The recording that a line is about; what is wrong with the line.
fn recording(request: Request) -> Result<Recording, String> {
    match request {
        Request { path: Some(path), samples: None, sample_rate_hz: None, .. } => Ok(recordings::in_file(&path)),
        Request { path: None, samples: Some(samples), sample_rate_hz: Some(sample_rate_hz), .. } => {
            if !SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
                let (low, high) = (SAMPLE_RATES_HZ.start(), SAMPLE_RATES_HZ.end());
                return Err(format!("`sample_rate_hz` is {sample_rate_hz}: expected {low} to {high}"));
            }
            if samples.is_empty() {
                return Err("`samples` is empty".to_owned());
            }
            let is_sound = |sample: &f32| sample.is_finite() && sample.abs() <= LOUDEST;
            if let Some(at) = samples.iter().position(|sample| !is_sound(sample)) {
                return Err(format!(
                    "`samples[{at}]` is {}: expected a number with full scale 1 (divide 16-bit samples by 32768)",
                    samples[at]
                ));
            }
            let sound = Decoded {
                container: Container::Wav,
                codec: "pcm_f32le".to_owned(),
                bits_per_sample: Some(32),
                sample_rate_hz,
                channels: 1,
                samples,
                remark: None,
            };
            let nowhere = Path::new("").to_owned();
            Ok(Recording { path: nowhere.clone(), real: nowhere, problem: None, sound: Some(sound) })
        }
        Request { samples: Some(_), path: None, .. } => Err("`samples` without `sample_rate_hz`".to_owned()),
        _ => Err("expected `path`, or `samples` and `sample_rate_hz`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Result<Recording, String> {
        parsed(line.as_bytes()).1.and_then(recording)
    }

    #[test]
    fn an_id_comes_back_whatever_else_is_wrong() {
        for line in [
            r#"{"path": "a.wav", "id": "x"}"#,
            "\u{feff}{\"id\": \"x\", \"path\": \"a.wav\"}",
            r#"{"path": "a.wav", "pth": 1, "id": "x"}"#,
            r#"{"id": "x", "sample_rate_hz": -1, "samples": [null]}"#,
            r#"{"path": 7, "id": "x"}"#,
        ] {
            assert_eq!(parsed(line.as_bytes()).0, Some(json!("x")), "{line}");
        }
        for line in [r#"["x", "a.wav", null, null, null]"#, r#"{"id": "x""#, "7"] {
            let (id, request) = parsed(line.as_bytes());
            assert!(id.is_none() && request.is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_names_a_file_or_brings_its_sound() {
        let sound = found(r#"{"id": [1], "samples": [0, 0.5, -1], "sample_rate_hz": 16000}"#).expect("sound").sound;
        let sound = sound.expect("samples");
        assert_eq!(
            (sound.samples.as_slice(), sound.sample_rate_hz, sound.channels),
            (&[0.0, 0.5, -1.0][..], 16_000, 1)
        );
        assert_eq!(found(r#"{"path": "none.wav"}"#).map(|recording| recording.problem.is_some()), Ok(true));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told() {
        for (line, told) in [
            ("{}", "expected `path`, or `samples` and `sample_rate_hz`"),
            (r#"{"path": "a.wav", "samples": [0]}"#, "expected `path`, or"),
            (r#"{"samples": [0]}"#, "`samples` without `sample_rate_hz`"),
            (r#"{"samples": [], "sample_rate_hz": 16000}"#, "`samples` is empty"),
            (r#"{"samples": [0], "sample_rate_hz": 5}"#, "`sample_rate_hz` is 5: expected 8000 to 192000"),
            (
                r#"{"samples": [0, 8000], "sample_rate_hz": 16000}"#,
                "`samples[1]` is 8000: expected a number with full scale 1",
            ),
            (r#"{"samples": [0, 1e200], "sample_rate_hz": 16000}"#, "`samples[1]` is inf: expected a number"),
            (r#"{"pth": "a.wav"}"#, "unknown field `pth`"),
            ("{", "EOF while parsing"),
            ("[", "expected an object"),
        ] {
            let error = found(line).expect_err(line);
            assert!(error.starts_with(told), "{line}: {error}");
        }
    }

    #[test]
    fn lines_that_are_too_long_are_passed_over() {
        let mut input = std::io::BufReader::with_capacity(3, &b"ab\n\nabcdefg\nxy"[..]);
        let mut found = Vec::new();
        let mut line = Vec::new();
        while let Some(is_whole) = next(&mut input, &mut line, 4).expect("bytes") {
            found.push((String::from_utf8_lossy(&line).into_owned(), is_whole));
        }
        let expected = [("ab", true), ("", true), ("", false), ("xy", true)];
        assert_eq!(found, expected.map(|(text, is_whole)| (text.to_owned(), is_whole)));
    }
}
