//! Answers as a table to read, as JSON lines, as CSV and as Parquet.

use std::path::Path;

use anyhow::Context as _;
use ser_schemas::{Answer, Emotion, Provenance, Stretch, Table as _};
use ser_stage::WholeFile;
use ser_text::printable;
use serde_json::Value;

use super::row::{Answered, Row, Said, View, milliseconds};
use crate::args::{AnswerFormat, PredictArgs};
use crate::output::{self, UsageError};
use crate::text_table;

/// Columns of CSV that there are whatever the classes.
const BEFORE: [&str; 9] =
    ["path", "speaker", "stretch", "start_s", "end_s", "sound_s", "emotion", "most_probable", "confidence"];
const AFTER: [&str; 7] = ["calibrated", "windows", "silent_windows", "standardised", "adapted", "error", "detail"];

/// Where answers go.
pub(super) struct Writer<'a> {
    format: AnswerFormat,
    view: View,
    /// For Parquet.
    file: Option<&'a Path>,
    /// Those that are written together.
    rows: Vec<Row>,
}

impl<'a> Writer<'a> {
    /// As the options say. A file is tried now, and not after hours of recordings.
    pub(super) fn new(args: &'a PredictArgs) -> anyhow::Result<Self> {
        let format = if args.json { AnswerFormat::Json } else { args.format };
        let refuse = |message: &str, hint: &str| {
            Err(UsageError { message: message.to_owned(), hint: Some(hint.to_owned()) }.into())
        };
        match (format, &args.output) {
            (AnswerFormat::Parquet, None) => {
                return refuse("Parquet is no text, and goes to a file", "name one: `--output answers.parquet`");
            }
            (AnswerFormat::Parquet, Some(file)) => {
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                if file.is_dir() || !folder.is_dir() {
                    let message = format!("`--output {}` names no file in a folder that there is", file.display());
                    let hint = "name a file: `--output answers.parquet`; `--parts answers` writes many into a folder";
                    return refuse(&message, hint);
                }
                // The file that is there, if any, stays until the answers are.
                if let Err(error) = WholeFile::create(file) {
                    let message = format!("`--output {}` cannot be written: {error}", file.display());
                    return refuse(&message, "name a file in a folder that you may write to");
                }
            }
            (_, None) => {}
            (_, Some(_)) => {
                return refuse("`--output` is the file of `--format parquet`", "other formats go to stdout: `> FILE`");
            }
        }
        Ok(Self { format, view: view(args), file: args.output.as_deref(), rows: Vec::new() })
    }

    /// Takes the next answer; JSON is written at once.
    pub(super) fn push(&mut self, row: Row) -> anyhow::Result<()> {
        if self.format == AnswerFormat::Json {
            return output::print_json_line(&Value::Object(row.json(self.view)));
        }
        self.rows.push(row);
        Ok(())
    }

    /// Writes what was not written yet, of answers about `classes`.
    pub(super) fn finish(self, classes: &[Emotion]) -> anyhow::Result<()> {
        match self.format {
            AnswerFormat::Json => Ok(()),
            AnswerFormat::Table => match table(&self.rows, self.view) {
                Some(table) => output::print(table.trim_end()),
                None => Ok(()),
            },
            AnswerFormat::Csv => output::print_bytes(csv(&self.rows, self.view, classes).as_bytes()),
            AnswerFormat::Parquet => {
                let Some(file) = self.file else { return Ok(()) };
                let rows: Vec<Answer> = self.rows.iter().flat_map(|row| answers(row, self.view)).collect();
                let provenance = Provenance { stage: "predict".to_owned(), ..Provenance::default() };
                Answer::write(file, &rows, &provenance)
                    .with_context(|| format!("cannot write the answers to `{}`", file.display()))
            }
        }
    }
}

/// How options want answers shown.
pub(super) fn view(args: &PredictArgs) -> View {
    View { min_confidence: args.min_confidence, by_window: args.by_window }
}

/// The recordings that were predicted; `None` where none was.
fn table(rows: &[Row], view: View) -> Option<String> {
    let said: Vec<(&Row, &Said)> = rows.iter().filter_map(|row| Some((row, row.outcome.as_ref().ok()?))).collect();
    let (_, first) = said.first()?;
    let windowed = said.iter().any(|(_, said)| said.windows > 1);
    let timed = view.by_window && said.iter().any(|(_, said)| !said.by_window.is_empty());
    let mut head = vec!["recording"];
    head.extend(timed.then_some(["from_s", "to_s"]).into_iter().flatten());
    head.push("emotion");
    head.extend(first.classes.iter().map(|emotion| emotion.as_str()));
    head.extend(windowed.then_some("windows"));
    let line = |row: &Row, said: &Said, times: [f64; 2], probabilities: &[f32], windows: Option<usize>| {
        let mut cells = vec![printable(&row.path).into_owned()];
        cells.extend(timed.then(|| times.map(|time_s| format!("{time_s:.2}"))).into_iter().flatten());
        cells.push(view.verdict(&said.classes, probabilities).emotion.to_owned());
        cells.extend(probabilities.iter().map(|probability| format!("{probability:.2}")));
        cells.extend(windowed.then(|| windows.map(|windows| windows.to_string()).unwrap_or_default()));
        cells
    };
    let mut cells = Vec::new();
    for (row, said) in said {
        cells.push(line(row, said, [0.0, said.duration_s], &said.probabilities, Some(said.windows)));
        for Answered { window, probabilities } in said.by_window.iter().filter(|_| timed) {
            cells.push(line(row, said, [window.start_s, window.end_s], probabilities, None));
        }
    }
    Some(text_table::render(&head, &cells))
}

/// The rows of `answers` of one recording.
pub(super) fn answers(row: &Row, view: View) -> Vec<Answer> {
    let none = Answer {
        path: row.path.clone(),
        speaker: row.speaker.clone(),
        stretch: Stretch::Recording,
        start_s: None,
        end_s: None,
        sound_s: None,
        emotion: None,
        most_probable: None,
        confidence: None,
        probabilities: Vec::new(),
        classes: String::new(),
        calibrated: None,
        windows: None,
        silent_windows: None,
        standardised: None,
        adapted: None,
        error: None,
        detail: None,
    };
    let said = match &row.outcome {
        Ok(said) => said,
        Err(problem) => {
            let (error, detail) = (problem.reason.as_str().to_owned(), problem.detail.clone());
            return vec![Answer { error: Some(error), detail: Some(detail), ..none }];
        }
    };
    let classes = said.classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(",");
    let of = |start_s: f64, end_s: f64, probabilities: &[f32]| {
        let verdict = view.verdict(&said.classes, probabilities);
        Answer {
            start_s: Some(milliseconds(start_s)),
            end_s: Some(milliseconds(end_s)),
            emotion: Some(verdict.emotion.to_owned()),
            most_probable: Some(verdict.most_probable.to_owned()),
            confidence: Some(f64::from(verdict.confidence)),
            probabilities: probabilities.to_vec(),
            classes: classes.clone(),
            calibrated: Some(said.calibrated),
            ..none.clone()
        }
    };
    let whole = Answer {
        windows: Some(said.windows as u64),
        silent_windows: Some(said.silent_windows as u64),
        standardised: said.standardised.clone(),
        adapted: said.adapted.clone(),
        ..of(0.0, said.duration_s, &said.probabilities)
    };
    let windows = said.by_window.iter().filter(|_| view.by_window).map(|answered| Answer {
        stretch: Stretch::Window,
        sound_s: Some(milliseconds(answered.window.sound_s)),
        ..of(answered.window.start_s, answered.window.end_s, &answered.probabilities)
    });
    std::iter::once(whole).chain(windows).collect()
}

/// The rows of `answers` as CSV (RFC 4180, with line feeds), with a column of probabilities for each class.
fn csv(rows: &[Row], view: View, classes: &[Emotion]) -> String {
    let heads = classes.iter().map(|class| format!("probability_{class}"));
    let head: Vec<String> =
        BEFORE.map(str::to_owned).into_iter().chain(heads).chain(AFTER.map(str::to_owned)).collect();
    let mut text = head.join(",") + "\n";
    for answer in rows.iter().flat_map(|row| answers(row, view)) {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let count = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let quoted = |text: Option<String>| text.map(|text| quoted(&text)).unwrap_or_default();
        let mut cells = vec![
            quoted(Some(answer.path)),
            quoted(answer.speaker),
            answer.stretch.as_str().to_owned(),
            number(answer.start_s),
            number(answer.end_s),
            number(answer.sound_s),
            quoted(answer.emotion),
            quoted(answer.most_probable),
            number(answer.confidence),
        ];
        let probability = |at: usize| answer.probabilities.get(at).map(|value| f64::from(*value));
        cells.extend((0..classes.len()).map(|at| number(probability(at))));
        cells.extend([
            answer.calibrated.map(|calibrated| calibrated.to_string()).unwrap_or_default(),
            count(answer.windows),
            count(answer.silent_windows),
            quoted(answer.standardised),
            quoted(answer.adapted),
            quoted(answer.error),
            quoted(answer.detail),
        ]);
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// A cell of CSV, in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use ser_text::delimited::Reader;

    use super::super::hearing::Problem;
    use super::super::row::tests::{row, said};
    use super::*;

    const WINDOWS: [(f64, [f32; 2]); 2] = [(0.0, [0.125, 0.875]), (2.5, [0.625, 0.375])];

    #[test]
    fn windows_are_told_wherever_there_are_several() {
        let plain = View::default();
        let one = table(&[row(Ok(said(&[])))], plain).expect("a table");
        assert_eq!(one, "recording  emotion  angry   sad\nnew/a.wav  sad       0.25  0.75\n");
        let problem = Problem::unreadable("no audio".into());
        let rows = [row(Err(problem)), row(Ok(said(&[]))), row(Ok(said(&WINDOWS)))];
        let both = table(&rows, plain).expect("a table");
        assert!(both.starts_with("recording  emotion  angry   sad  windows\n") && both.lines().count() == 3, "{both}");
        assert!(table(&[], plain).is_none());
        let view = View { by_window: true, min_confidence: Some(0.7) };
        let timed = table(&rows, view).expect("a table");
        let cells: Vec<Vec<&str>> = timed.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            cells[2..],
            [
                vec!["new/a.wav", "0.00", "12.35", "sad", "0.25", "0.75", "2"],
                vec!["new/a.wav", "0.00", "4.00", "sad", "0.12", "0.88"],
                vec!["new/a.wav", "2.50", "6.50", "(unknown)", "0.62", "0.38"],
            ]
        );
    }

    #[test]
    fn csv_has_a_line_for_every_answer_and_for_what_has_none() {
        let problem = Problem::unreadable("a \"file\", of\nlines".into());
        let rows = [row(Ok(said(&WINDOWS))), row(Err(problem))];
        let view = View { by_window: true, ..View::default() };
        let text = csv(&rows, view, &[Emotion::ANGRY, Emotion::SAD]);
        let reader = Reader::new(&text, b',').expect("a table");
        let columns = ["stretch", "start_s", "end_s", "emotion", "probability_sad", "error", "detail"]
            .map(|name| reader.column(name).expect("a column"));
        let found: Vec<Vec<String>> = reader
            .map(|line| {
                let cells = line.unwrap_or_else(|fault| panic!("line {}: {}", fault.line, fault.kind)).cells;
                columns.iter().map(|at| cells[*at].clone()).collect()
            })
            .collect();
        assert_eq!(
            found,
            [
                ["recording", "0", "12.346", "sad", "0.75", "", ""],
                ["window", "0", "4", "sad", "0.875", "", ""],
                ["window", "2.5", "6.5", "angry", "0.375", "", ""],
                ["recording", "", "", "", "", "unreadable", "a \"file\", of\nlines"],
            ]
        );
        assert_eq!(csv(&rows, View::default(), &[Emotion::ANGRY, Emotion::SAD]).matches("window,").count(), 0);
    }
}
