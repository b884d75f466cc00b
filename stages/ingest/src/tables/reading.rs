//! From the bytes of a table to its rows, and what is wrong with those that say nothing.

use std::collections::BTreeMap;

use regex::Regex;
use ser_stage::suggest::nearest;
use ser_text::delimited::{ColumnError, Fault, FaultKind, HeaderError, Reader};
use ser_text::{Encoding, counted, decode, first_names};

use super::cell::{self, Cell, LOST_LETTER, shown};
use crate::descriptor::{Descriptor, Field, SideTable};

/// Number of different texts that are not understood in a message.
const NAMED: usize = 20;

/// A row of a table: what it says about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Line, from 1.
    pub(super) line: usize,
    /// As written, without blanks around it.
    pub(super) key: String,
    /// What it says of each field that the table fills.
    pub(super) cells: BTreeMap<Field, Cell>,
}

/// A table that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// Rows with a key, in the order of lines.
    pub(super) rows: Vec<Row>,
    /// Number of rows that count: those that the descriptor selects, and those that cannot be read.
    pub(super) total: usize,
    /// Line of the first row that cannot be read.
    pub(super) first_fault: Option<usize>,
    /// What the user should see to; said of "it", the table.
    pub(super) warnings: Vec<String>,
    /// What the user may want to know.
    pub(super) notes: Vec<String>,
}

/// The table in `bytes`, or why it is none.
pub(super) fn read(descriptor: &Descriptor, table: &SideTable, bytes: &[u8]) -> Result<Content, String> {
    let decoded = decode(bytes).map_err(|error| error.to_string())?;
    let mut content = Content::default();
    if let Encoding::Windows1252 { first } = decoded.encoding {
        content.notes.push(format!(
            "it is not UTF-8 and is read as Windows-1252 ({first}, is the first that shows it); if letters come out \
             wrong, save it as UTF-8"
        ));
    }
    let reader = Reader::new(&decoded.text, table.separator).map_err(|error| match error {
        HeaderError::Fault { separator, .. } => format!("{error}{}", other_separator(separator)),
        other => other.to_string(),
    })?;
    let column = |name: &str| {
        reader.column(name).map_err(|error| match error {
            ColumnError::Missing { separator, ref found, .. } => {
                let near = nearest(name, found.iter().map(String::as_str));
                let near =
                    near.filter(|_| separator.is_none()).map(|near| format!("; did you mean `{}`?", shown(near)));
                format!("{error}{}{}", other_separator(separator), near.unwrap_or_default())
            }
            other => other.to_string(),
        })
    };
    let key_at = column(&table.key)?;
    let fields: Vec<(Field, usize)> =
        table.columns.iter().map(|(field, name)| Ok((*field, column(name)?))).collect::<Result<_, String>>()?;
    let conditions: Vec<(usize, &Regex)> =
        table.rows.iter().map(|(name, pattern)| Ok((column(name)?, pattern))).collect::<Result<_, String>>()?;

    let mut faults = Faults::default();
    let mut misunderstood = Misunderstood::default();
    let (mut passed_over, mut without_key, mut lost) = (0_usize, Places::default(), Places::default());
    for row in reader {
        let row = match row {
            Ok(row) => row,
            Err(fault) => {
                faults.add(fault);
                continue;
            }
        };
        let cell = |at: usize| row.cells.get(at).map_or("", String::as_str);
        if !conditions.iter().all(|(at, pattern)| pattern.is_match(cell(*at))) {
            passed_over += 1;
            continue;
        }
        content.total += 1;
        let key = cell(key_at);
        if key.is_empty() {
            without_key.add(row.line);
            continue;
        }
        if key.contains(LOST_LETTER) {
            lost.add(row.line);
            continue;
        }
        let cells = fields.iter().map(|(field, at)| (*field, Cell::read(descriptor, table, *field, cell(*at))));
        let cells: BTreeMap<Field, Cell> = cells.collect();
        for (field, cell) in &cells {
            if let Cell::NotUnderstood(text) = cell {
                misunderstood.add(*field, text, row.line);
            }
        }
        content.rows.push(Row { line: row.line, key: key.to_owned(), cells });
    }
    if content.total == 0 && passed_over > 0 {
        content.warnings.push(format!("`rows` selects none of its {passed_over} rows"));
    }
    content.total += faults.count();
    content.first_fault = faults.first();
    faults.tell(&mut content.warnings);
    without_key.tell(&mut content.warnings, &format!("has no `{}`", table.key));
    lost.tell(&mut content.warnings, "has lost letters of its key (U+FFFD) in an earlier conversion");
    misunderstood.tell(&mut content.warnings, descriptor, table);
    Ok(content)
}

fn other_separator(separator: Option<char>) -> String {
    let name = |separator| match separator {
        ';' => "semicolons",
        '\t' => "tabs",
        '|' => "vertical bars",
        _ => "commas",
    };
    let advice = |found: char| {
        format!("; its cells seem to be separated by {}: set `separator = \"{}\"`", name(found), found.escape_default())
    };
    separator.map(advice).unwrap_or_default()
}

/// How many rows have something in common, and where the first is.
#[derive(Debug, Default)]
struct Places {
    count: usize,
    first: usize,
}

impl Places {
    fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    /// Says that each of the rows `has` something and therefore fills nothing.
    fn tell(&self, warnings: &mut Vec<String>, has: &str) {
        match self.count {
            0 => {}
            1 => warnings.push(format!("line {} {has}, so it fills nothing", self.first)),
            count => warnings
                .push(format!("each of {count} rows {has}, so they fill nothing; the first is line {}", self.first)),
        }
    }
}

/// Rows that cannot be read, by kind.
#[derive(Debug, Default)]
struct Faults {
    width: Option<Fault>,
    widths: usize,
    open: Places,
    behind: Places,
}

impl Faults {
    fn add(&mut self, fault: Fault) {
        match fault.kind {
            FaultKind::OpenQuote => self.open.add(fault.line),
            FaultKind::BehindQuote => self.behind.add(fault.line),
            _ => {
                self.width.get_or_insert(fault);
                self.widths += 1;
            }
        }
    }

    fn count(&self) -> usize {
        self.widths + self.open.count + self.behind.count
    }

    fn first(&self) -> Option<usize> {
        let places = [&self.open, &self.behind].into_iter().filter(|places| places.count > 0);
        places.map(|places| places.first).chain(self.width.map(|fault| fault.line)).min()
    }

    fn tell(&self, warnings: &mut Vec<String>) {
        if let Some(fault) = self.width {
            let (rows, fill) = (counted(self.widths, "row"), if self.widths == 1 { "fills" } else { "fill" });
            let unlike = if self.widths == 1 { "has" } else { "have" };
            warnings.push(format!(
                "{rows} {unlike} more or fewer cells than the header and {fill} nothing; the first is line {}: {}",
                fault.line, fault.kind
            ));
        }
        for (places, kind) in [(&self.open, FaultKind::OpenQuote), (&self.behind, FaultKind::BehindQuote)] {
            match places.count {
                0 => {}
                1 => warnings.push(format!("line {} fills nothing: {kind}", places.first)),
                count => {
                    warnings.push(format!("{count} rows fill nothing, the first is line {}: {kind}", places.first));
                }
            }
        }
    }
}

/// Cells that were not understood: of each field the different texts, with their number and the line of the first.
#[derive(Default)]
struct Misunderstood(BTreeMap<Field, BTreeMap<String, Places>>);

impl Misunderstood {
    fn add(&mut self, field: Field, text: &str, line: usize) {
        let texts = self.0.entry(field).or_default();
        if let Some(places) = texts.get_mut(text) {
            places.add(line);
        } else {
            texts.entry(text.to_owned()).or_default().add(line);
        }
    }

    fn tell(&self, warnings: &mut Vec<String>, descriptor: &Descriptor, table: &SideTable) {
        for (field, texts) in &self.0 {
            let mut texts: Vec<(&String, &Places)> = texts.iter().collect();
            texts.sort_by_key(|(_, places)| places.first);
            let one = |(text, places): &(&String, &Places)| {
                let near = cell::meant(descriptor, table, *field, text);
                let near = near.map(|word| format!("; did you mean `{}`?", shown(word))).unwrap_or_default();
                let (times, line) = (places.count, places.first);
                let times = if times > 1 { format!("{times} times, first in ") } else { String::new() };
                format!("`{}` ({times}line {line}{near})", shown(text))
            };
            let count: usize = texts.iter().map(|(_, places)| places.count).sum();
            warnings.push(format!(
                "{} of `{}` {} not understood and left null: {}",
                counted(count, "value"),
                field.as_str(),
                if count == 1 { "is" } else { "are" },
                first_names(texts.iter().map(one), NAMED)
            ));
        }
    }
}
