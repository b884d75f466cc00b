//! Tables as delimited text, read strictly: a row that is not like the header is a fault, never a guess.
//!
//! The grammar is RFC 4180 with any ASCII separator and any line end. A quote only counts where it begins a cell;
//! inside one that began without, it is a character like others. Behind the quote that ends a cell, only blanks may
//! stand.
//!
//! Quoted cells may run over lines. As a quote that somebody forgot to close would swallow the rows behind it, such a
//! cell is believed only if the row comes out with the header's number of cells, within [`MOST_LINES`], and the lines
//! in it do not look like rows themselves. Otherwise the row where the quote opened is a fault, and the next line is
//! read on its own.

use std::borrow::Cow;

use crate::{nfc, printable};

/// Lines that one row may run over.
const MOST_LINES: usize = 100;

/// Columns that a table may have.
const MOST_COLUMNS: usize = 10_000;

/// Columns that a message names.
const NAMED: usize = 20;

/// Separators that are common enough to be proposed.
const COMMON: [char; 4] = [',', ';', '\t', '|'];

/// The rows of a table in delimited text, one by one, with those that cannot be read as [`Fault`]s.
///
/// Cells come without blanks around them and in [`nfc`]. Blank lines and rows of empty cells are passed over. A first
/// line like `sep=;`, as spreadsheets write it, sets the separator.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a str,
    separator: u8,
    header: Vec<String>,
    /// Where the next line begins, and its number.
    next: Mark,
}

/// A row with as many cells as the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line where it begins, from 1.
    pub line: usize,
    /// Its cells.
    pub cells: Vec<String>,
}

/// A row that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Line where it begins, or where its quote opens, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum FaultKind {
    /// More cells than the header has, or fewer: something was not quoted, or is missing.
    #[error("expected {expected} cells, found {found}")]
    Cells { found: usize, expected: usize },
    /// A quote that opens a cell and does not close it.
    #[error("a quote opens a cell and is never closed")]
    OpenQuote,
    /// Text between the quote that closes a cell and the next separator.
    #[error("text stands behind the quote that closes a cell; write quotes inside quotes twice")]
    BehindQuote,
}

/// Why the first line is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum HeaderError {
    /// A row that cannot be read.
    #[error("line {}, the header: {}", fault.line, fault.kind)]
    Fault { fault: Fault, separator: Option<char> },
    /// More columns than any table has: this is another kind of file.
    #[error("the header has {0} cells, at most {MOST_COLUMNS} are read")]
    TooWide(usize),
}

/// Why a column was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum ColumnError {
    /// No column has this name.
    #[error("it has no column `{name}`; {}", if found.is_empty() { "it is empty".to_owned() } else { listed(found) })]
    Missing { name: String, found: Vec<String>, separator: Option<char> },
    /// Several columns have this name.
    #[error("it has {count} columns named `{name}`: rename all but the one that counts")]
    Twice { name: String, count: usize },
}

/// The beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    at: usize,
    line: usize,
}

/// A row as it was read, whatever the header says.
struct Record {
    /// The cells, as many as were asked for.
    cells: Vec<String>,
    /// How many cells there are.
    found: usize,
    end: Mark,
    /// The line that follows the one where a quoted cell opened that runs over lines.
    over_lines: Option<Mark>,
}

/// A row that ends badly, and where to read on.
struct Broken {
    fault: Fault,
    next: Mark,
}

/// A cell that was read, and what stands behind it.
struct Cell<'a> {
    text: Cow<'a, str>,
    /// Where its separator, its line end or the end of the text is.
    end: Mark,
}

impl<'a> Reader<'a> {
    /// Reads the header of the table in `text`, whose cells `separator`, an ASCII character, keeps apart.
    pub fn new(text: &'a str, separator: u8) -> Result<Self, HeaderError> {
        let mut reader = Self { text, separator, header: Vec::new(), next: Mark { at: 0, line: 1 } };
        reader.take_separator_line();
        while !reader.is_at_end() {
            let record = reader.record(MOST_COLUMNS).map_err(|broken| HeaderError::Fault {
                fault: broken.fault,
                separator: reader.separator_behind_quote(),
            })?;
            reader.next = record.end;
            if record.found > MOST_COLUMNS {
                return Err(HeaderError::TooWide(record.found));
            }
            if record.cells.iter().any(|cell| !cell.is_empty()) {
                reader.header = record.cells;
                break;
            }
        }
        Ok(reader)
    }

    /// Reads the header under the separator with which it names `column`: `,`, `;` or a tab, the first of them that
    /// makes several columns, or else `,`.
    pub fn naming(text: &'a str, column: &str) -> Result<Self, HeaderError> {
        let readers = [b',', b';', b'\t'].map(|separator| Self::new(text, separator));
        let names_it =
            |reader: &&Result<Self, HeaderError>| reader.as_ref().is_ok_and(|reader| reader.column(column).is_ok());
        let wide = readers
            .iter()
            .filter(names_it)
            .find(|reader| reader.as_ref().is_ok_and(|reader| reader.header().len() > 1));
        match wide.or_else(|| readers.iter().find(names_it)) {
            Some(Ok(reader)) => Ok(reader.clone()),
            _ => Self::new(text, b','),
        }
    }

    /// The names of the columns; empty when there is no line.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// What keeps cells apart: as told, or as the text itself says.
    pub fn separator(&self) -> char {
        char::from(self.separator)
    }

    /// The place of the column `name`, as written or, where there is none, in other capitals.
    pub fn column(&self, name: &str) -> Result<usize, ColumnError> {
        let wanted = nfc(name.trim());
        let exact = |cell: &&String| **cell == wanted;
        let folded = |cell: &&String| cell.to_lowercase() == wanted.to_lowercase();
        let exactly = self.header.iter().filter(exact).count();
        let count = if exactly > 0 { exactly } else { self.header.iter().filter(folded).count() };
        let at = self.header.iter().position(|cell| if exactly > 0 { exact(&cell) } else { folded(&cell) });
        match (count, at) {
            (1, Some(at)) => Ok(at),
            (0, _) | (_, None) => Err(ColumnError::Missing {
                name: name.to_owned(),
                found: self.header.clone(),
                separator: self.likely_separator(&wanted),
            }),
            _ => Err(ColumnError::Twice { name: name.to_owned(), count }),
        }
    }

    /// The separator that would make `wanted` one of several columns, or else the one that stands in a header of one
    /// cell.
    fn likely_separator(&self, wanted: &str) -> Option<char> {
        let cells = |separator: char| self.header.iter().flat_map(move |cell| cell.split(separator));
        let bare = |cell: &str| cell.trim().trim_matches('"').to_lowercase();
        let mut others = COMMON.into_iter().filter(|&other| other != self.separator());
        let names_it = |&other: &char| {
            cells(other).count() > self.header.len() && cells(other).any(|cell| bare(cell) == wanted.to_lowercase())
        };
        others.clone().find(names_it).or_else(|| {
            let only = if self.header.len() == 1 { self.header.first() } else { None };
            others.find(|&other| only.is_some_and(|cell| cell.contains(other)))
        })
    }

    /// The separator that stands behind a quote in the line read next.
    fn separator_behind_quote(&self) -> Option<char> {
        let line = self.slice(self.next.at, self.next_line(self.next).at);
        let others = COMMON.into_iter().filter(|&other| other != self.separator());
        let mut behind = others.filter(|&other| line.match_indices(other).any(|(at, _)| line[..at].ends_with('"')));
        behind.next()
    }

    fn take_separator_line(&mut self) {
        let Some(rest) = self.text.strip_prefix("sep=") else { return };
        let mut characters = rest.chars();
        let Some(separator) =
            characters.next().filter(|&first| first.is_ascii() && !matches!(first, '\r' | '\n' | '"'))
        else {
            return;
        };
        let end = Mark { at: self.text.len() - characters.as_str().len(), line: 1 };
        if let Some(next) = self.past_line_end(end) {
            (self.separator, self.next) = (separator as u8, next);
        }
    }

    fn is_at_end(&self) -> bool {
        self.next.at >= self.text.len()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The beginning of the line behind the line end at `mark`; `None` when there is none.
    fn past_line_end(&self, mark: Mark) -> Option<Mark> {
        let width = match (self.byte(mark.at)?, self.byte(mark.at + 1)) {
            (b'\r', Some(b'\n')) => 2,
            (b'\r' | b'\n', _) => 1,
            _ => return None,
        };
        Some(Mark { at: mark.at + width, line: mark.line + 1 })
    }

    /// The beginning of the line behind the one that `mark` is in.
    fn next_line(&self, mark: Mark) -> Mark {
        let rest = self.slice(mark.at, self.text.len());
        let end = Mark { at: mark.at + rest.find(['\r', '\n']).unwrap_or(rest.len()), ..mark };
        self.past_line_end(end).unwrap_or(end)
    }

    /// The row that begins at `self.next`; of its cells, `most` are kept.
    fn record(&self, most: usize) -> Result<Record, Broken> {
        let begin = self.next;
        let mut cells = Vec::new();
        let mut found = 0;
        let mut over_lines: Option<(usize, Mark)> = None;
        let mut mark = begin;
        loop {
            let cell = match self.cell(mark) {
                Ok(cell) if cell.end.line - begin.line < MOST_LINES => cell,
                outcome => {
                    // Whatever opened first may be what was never closed.
                    let opened = over_lines.unwrap_or_else(|| (mark.line, self.next_line(mark)));
                    let ran_over = over_lines.is_some() || !matches!(outcome, Err(FaultKind::BehindQuote));
                    let kind = if ran_over { FaultKind::OpenQuote } else { FaultKind::BehindQuote };
                    return Err(Broken { fault: Fault { line: opened.0, kind }, next: opened.1 });
                }
            };
            if cell.end.line > mark.line && over_lines.is_none() {
                over_lines = Some((mark.line, self.next_line(mark)));
            }
            found += 1;
            if found <= most {
                cells.push(nfc(cell.text.trim()).into_owned());
            }
            mark = cell.end;
            if self.byte(mark.at) == Some(self.separator) {
                mark.at += 1;
                continue;
            }
            let end = self.past_line_end(mark).unwrap_or(mark);
            return Ok(Record { cells, found, end, over_lines: over_lines.map(|(_, next)| next) });
        }
    }

    /// The cell that begins at `mark`.
    fn cell(&self, mark: Mark) -> Result<Cell<'a>, FaultKind> {
        let start = self.past_blanks(mark.at);
        if self.byte(start) == Some(b'"') {
            return self.quoted(Mark { at: start + 1, ..mark });
        }
        let mut at = start;
        while self.byte(at).is_some_and(|byte| byte != self.separator && byte != b'\n' && byte != b'\r') {
            at += 1;
        }
        Ok(Cell { text: Cow::Borrowed(self.slice(mark.at, at)), end: Mark { at, ..mark } })
    }

    /// The cell whose opening quote stands before `mark`. Text behind the closing quote, after lines were run over,
    /// shows that it is another cell's opening quote.
    fn quoted(&self, mark: Mark) -> Result<Cell<'a>, FaultKind> {
        let mut text = String::new();
        let mut from = mark.at;
        let mut at = mark;
        loop {
            match self.byte(at.at) {
                None => return Err(FaultKind::OpenQuote),
                Some(b'"') if self.byte(at.at + 1) == Some(b'"') => {
                    text.push_str(self.slice(from, at.at + 1));
                    at.at += 2;
                    from = at.at;
                }
                Some(b'"') => break,
                Some(_) => match self.past_line_end(at) {
                    Some(next) if next.line - mark.line >= MOST_LINES => return Err(FaultKind::OpenQuote),
                    Some(next) => at = next,
                    None => at.at += 1,
                },
            }
        }
        text.push_str(self.slice(from, at.at));
        at.at = self.past_blanks(at.at + 1);
        match self.byte(at.at) {
            None | Some(b'\r' | b'\n') => {}
            Some(byte) if byte == self.separator => {}
            Some(_) if at.line > mark.line => return Err(FaultKind::OpenQuote),
            Some(_) => return Err(FaultKind::BehindQuote),
        }
        Ok(Cell { text: Cow::Owned(text), end: at })
    }

    fn past_blanks(&self, mut at: usize) -> usize {
        while self.byte(at).is_some_and(|byte| matches!(byte, b' ' | b'\t') && byte != self.separator) {
            at += 1;
        }
        at
    }

    /// Whether the line where a quote opened and one that its cell runs into, each on its own, have the header's number
    /// of cells: then the quote was never meant to be closed there.
    fn looks_like_rows(&self, opened: Mark, end: Mark) -> bool {
        let expected = self.header.len();
        let mut line = opened;
        let mut opening = true;
        while expected > 1 && line.at < end.at {
            let is_row = self.cells_alone(line.at) == expected;
            match (opening, is_row) {
                (true, false) => return false,
                (false, true) => return true,
                _ => opening = false,
            }
            line = self.next_line(line);
        }
        false
    }

    /// Cells of the line that begins at `at`, when a quote that is not closed in it is a character like others.
    fn cells_alone(&self, at: usize) -> usize {
        let line = self.slice(at, self.text.len());
        let line = line.split(['\r', '\n']).next().unwrap_or_default();
        let alone = Self { text: line, next: Mark { at: 0, line: 1 }, header: Vec::new(), separator: self.separator };
        let mut mark = alone.next;
        let mut cells = 1;
        loop {
            mark = alone.cell(mark).map_or_else(|_| alone.to_separator(mark), |cell| cell.end);
            if mark.at >= line.len() {
                return cells;
            }
            mark.at += 1;
            cells += 1;
        }
    }

    fn to_separator(&self, mark: Mark) -> Mark {
        let rest = self.slice(mark.at, self.text.len());
        Mark { at: mark.at + rest.find(self.separator()).unwrap_or(rest.len()), ..mark }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_at_end() {
            let begin = self.next;
            let record = match self.record(self.header.len()) {
                Ok(record) => record,
                Err(broken) => {
                    self.next = broken.next;
                    return Some(Err(broken.fault));
                }
            };
            let expected = self.header.len();
            if let Some(behind_opening) = record.over_lines {
                let line = behind_opening.line - 1;
                let opened = self.line_before(behind_opening);
                if record.found != expected || self.looks_like_rows(opened, record.end) {
                    self.next = behind_opening;
                    return Some(Err(Fault { line, kind: FaultKind::OpenQuote }));
                }
            }
            self.next = record.end;
            if record.cells.iter().all(String::is_empty) && record.found <= expected.max(1) {
                continue;
            }
            if record.found != expected {
                let kind = FaultKind::Cells { found: record.found, expected };
                return Some(Err(Fault { line: begin.line, kind }));
            }
            return Some(Ok(Row { line: begin.line, cells: record.cells }));
        }
        None
    }
}

impl Reader<'_> {
    /// The beginning of the line before the one that begins at `mark`.
    fn line_before(&self, mark: Mark) -> Mark {
        let before = self.slice(0, mark.at);
        let before = before.strip_suffix("\r\n").or_else(|| before.strip_suffix(['\r', '\n'])).unwrap_or(before);
        Mark { at: before.rfind(['\r', '\n']).map_or(0, |end| end + 1), line: mark.line - 1 }
    }
}

/// The names of the columns, for messages.
fn listed(names: &[String]) -> String {
    let mut text = "it has: ".to_owned();
    text += &names.iter().take(NAMED).map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(", ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as `line:cell|cell`, faults as `line!what`.
    fn read(text: &str) -> Vec<String> {
        let reader = Reader::new(text, b',').expect("a header");
        let shown = |item| match item {
            Ok(Row { line, cells }) => format!("{line}:{}", cells.join("|")),
            Err(Fault { line, kind: FaultKind::Cells { found, .. } }) => format!("{line}!{found} cells"),
            Err(Fault { line, kind: FaultKind::OpenQuote }) => format!("{line}!open"),
            Err(Fault { line, kind: FaultKind::BehindQuote }) => format!("{line}!behind"),
        };
        reader.map(shown).collect()
    }

    fn with_header(rows: &str) -> Vec<String> {
        read(&format!("file,speaker,text,emotion\n{rows}"))
    }

    #[test]
    fn rows_come_trimmed_composed_and_with_their_lines() {
        let rows = read("id,name\r\n\r\n 1 ,\tJose\u{301} \r\n\n2, \" a, \"\"b\"\" \" \r3,\u{a0}c\n,\n");
        assert_eq!(rows, ["3:1|Jos\u{e9}", "5:2|a, \"b\"", "6:3|c"]);
        assert!(read("").is_empty() && read("a,b").is_empty() && read("\n\n").is_empty());
    }

    #[test]
    fn rows_of_another_width_are_faults() {
        let rows = with_header("u0,p1,Dogs, sad, run,happy\nu1,p2,angry\nu2,p3,x,sad\nu3,p3,x,sad,\n,,\n,,,,,\n");
        assert_eq!(rows, ["2!6 cells", "3!3 cells", "4:u2|p3|x|sad", "5!5 cells", "7!6 cells"]);
    }

    #[test]
    fn an_open_quote_is_told_where_it_opens_and_swallows_nothing() {
        let open = "u2,p3,\"left open,sad\n";
        let good = "u1,p2,\"Oh well, happy\",angry\n";
        assert_eq!(with_header(&[good, open].concat()), ["2:u1|p2|Oh well, happy|angry", "3!open"]);
        assert_eq!(with_header(&[open, good].concat()), ["2!open", "3:u1|p2|Oh well, happy|angry"]);
        let twice = with_header(&[open, "u4,p1,x,sad\n", open, good, good].concat());
        assert_eq!(
            twice,
            ["2!open", "3:u4|p1|x|sad", "4!open", "5:u1|p2|Oh well, happy|angry", "6:u1|p2|Oh well, happy|angry"]
        );
        let plain = with_header(&[open, "u4,p1,x,sad\nu5,p1,,sad"].concat());
        assert_eq!(plain, ["2!open", "3:u4|p1|x|sad", "4:u5|p1||sad"]);
    }

    #[test]
    fn an_open_quote_that_a_later_stray_one_closes_swallows_nothing() {
        let rows = with_header("u2,p3,\"left open,sad\nu3,p1,x,angry\nu4,p1,closed here\",happy\n");
        assert_eq!(rows, ["2!open", "3:u3|p1|x|angry", "4:u4|p1|closed here\"|happy"]);
        let rows = with_header("u2,p3,x,\"sad\nu3,p1,x,angry\"\nu4,p1,x,happy\n");
        assert_eq!(rows, ["2!open", "3:u3|p1|x|angry\"", "4:u4|p1|x|happy"]);
        let rows = with_header("\"u2,p3,x,sad\nu3,p1,\"x\",angry\nu4,p1,x,happy\n");
        assert_eq!(rows, ["2!open", "3:u3|p1|x|angry", "4:u4|p1|x|happy"]);
    }

    #[test]
    fn a_cell_in_quotes_may_run_over_lines() {
        let rows = with_header("u0,p1,\"Oh, well\r\n\r\nhe said\",sad\nu1,\"p\n2\",\"x\ny\",angry\nu2,p1,x,sad\n");
        assert_eq!(rows, ["2:u0|p1|Oh, well\r\n\r\nhe said|sad", "5:u1|p\n2|x\ny|angry", "8:u2|p1|x|sad"]);
        let endless = format!("u0,p1,\"{}\",sad\nu1,p1,x,sad\n", "a\n".repeat(MOST_LINES));
        let rows = with_header(&endless);
        assert_eq!(rows[0], "2!open");
        assert_eq!(rows.last().map(String::as_str), Some("103:u1|p1|x|sad"));
    }

    #[test]
    fn quotes_inside_cells_are_characters() {
        let rows =
            with_header("u0,p1,5'2\" tall,sad\nu1,p1,say \"no\",sad\nu2,p1,\"no\" he says,sad\nu3,p1,\"\",sad\n");
        assert_eq!(rows, ["2:u0|p1|5'2\" tall|sad", "3:u1|p1|say \"no\"|sad", "4!behind", "5:u3|p1||sad"]);
    }

    #[test]
    fn columns_are_found_by_name_in_one_spelling() {
        let reader = Reader::new("id, E\u{301}tat ,Emotion,emotion,x,X,\n", b',').expect("a header");
        assert_eq!(reader.column("\u{c9}tat"), Ok(1));
        assert_eq!(reader.column("\u{e9}tat"), Ok(1), "in other capitals");
        assert_eq!((reader.column("emotion"), reader.column("Emotion")), (Ok(3), Ok(2)));
        assert_eq!(reader.column(""), Ok(6));
        let none = reader.column("speaker").expect_err("missing").to_string();
        assert_eq!(none, "it has no column `speaker`; it has: id, \u{c9}tat, Emotion, emotion, x, X, ");
        let reader = Reader::new("id,Sex,SEX,id", b',').expect("a header");
        assert_eq!(reader.column("sex"), Err(ColumnError::Twice { name: "sex".into(), count: 2 }));
        assert_eq!(reader.column("id"), Err(ColumnError::Twice { name: "id".into(), count: 2 }));
    }

    #[test]
    fn another_separator_is_recognised_in_the_header() {
        let likely = |header: &str, separator: u8| match Reader::new(header, separator).expect("header").column("id") {
            Err(ColumnError::Missing { separator, .. }) => separator,
            other => panic!("expected no column, found {other:?}"),
        };
        assert_eq!(likely("id;sex;age\r\n", b','), Some(';'));
        assert_eq!(likely("id\tsex, born", b','), Some('\t'));
        assert!(matches!(
            Reader::new("\"id\"|\"sex\"\n", b','),
            Err(HeaderError::Fault { separator: Some('|'), fault: Fault { line: 1, .. } })
        ));
        assert_eq!(likely("id,sex", b';'), Some(','));
        assert_eq!(likely("who;sex", b','), Some(';'));
        assert_eq!(likely("who,sex;age", b','), None);
    }

    #[test]
    fn spreadsheets_name_their_separator() {
        let reader = Reader::new("sep=;\r\nid;x\r\n1;2,5\r\n", b',').expect("header");
        assert_eq!((reader.separator(), reader.column("x")), (';', Ok(1)));
        let rows: Vec<_> = reader.map(|row| row.expect("a row")).collect();
        assert_eq!(rows, [Row { line: 3, cells: vec!["1".into(), "2,5".into()] }]);
        assert_eq!(read("sep=,x\n1,2\n"), ["2:1|2"], "a column may be named so");
    }

    #[test]
    fn headers_that_are_none_are_refused() {
        let refused = |text: &str| Reader::new(text, b',').expect_err("no header").to_string();
        assert_eq!(
            refused("file,\"speaker,emotion\nu0,p1,sad\n"),
            "line 1, the header: a quote opens a cell and is never closed"
        );
        assert_eq!(refused(&",".repeat(MOST_COLUMNS)), "the header has 10001 cells, at most 10000 are read");
    }

    #[test]
    fn every_text_is_read_to_its_end() {
        let pieces = ["\"", ",", "\n", "\r", "a", " ", "\u{301}", "\"\"", ";"];
        for number in 0..pieces.len().pow(5) {
            let chosen = (0..5).map(|place| pieces[number / pieces.len().pow(place) % pieces.len()]);
            let text = format!("a,b\n{}\nlast,row\n", chosen.collect::<String>());
            let rows = read(&text);
            assert!(rows.last().is_some_and(|row| row.ends_with(":last|row")), "{text:?}: {rows:?}");
        }
    }
}
