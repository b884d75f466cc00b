//! How stages fit together: by the tables that one writes and another reads.

/// A file that a stage always writes, or a folder with the parts of a table.
///
/// Two files of one row type that mean different things have different table names: the `clips.parquet` of an ingest
/// lists every file found, that of a manifest the clips to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Table name that readers ask for; `None` for a file that no stage is meant to read: a page, a copy for people.
    pub table: Option<&'static str>,
    /// Its path below the stage's folder, `/` between folders; that of a folder of parts is the folder's.
    pub file: &'static str,
}

impl Output {
    /// A table in a file, or in a folder of parts.
    pub const fn table(table: &'static str, file: &'static str) -> Self {
        Self { table: Some(table), file }
    }

    /// A file that no stage is meant to read.
    pub const fn file(file: &'static str) -> Self {
        Self { table: None, file }
    }

    /// `true` if the file at `path`, below the stage's folder, is this output or a part of it.
    pub fn has(&self, path: &str) -> bool {
        path.strip_prefix(self.file).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Input of a stage: some number of stages that write certain tables, of whatever kind they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The tables that each of these stages must write, all of them.
    pub tables: &'static [&'static str],
    /// Fewest stages.
    pub min: usize,
    /// Most stages; `None` is any number.
    pub max: Option<usize>,
}

impl Input {
    /// Exactly one stage that writes `tables`.
    pub const fn one(tables: &'static [&'static str]) -> Self {
        Self { tables, min: 1, max: Some(1) }
    }

    /// None or one stage that writes `tables`.
    pub const fn optional(tables: &'static [&'static str]) -> Self {
        Self { tables, min: 0, max: Some(1) }
    }

    /// Any number of stages that write `tables`, none included.
    pub const fn any(tables: &'static [&'static str]) -> Self {
        Self { tables, min: 0, max: None }
    }

    /// One or more stages that write `tables`.
    pub const fn some(tables: &'static [&'static str]) -> Self {
        Self { tables, min: 1, max: None }
    }

    /// `true` if a stage that writes `outputs` will do.
    pub fn fits(&self, outputs: &[Output]) -> bool {
        self.tables.iter().all(|table| outputs.iter().any(|output| output.table == Some(table)))
    }
}
