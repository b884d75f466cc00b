//! A corpus that somebody else made: its descriptor, a table beside it, the names of its files.

use std::path::Path;

use ser_ingest::Descriptor;

use crate::folder::{folder, put};
use crate::split_part;

/// Most files that are made for one try.
const MAX_FILES: usize = 12;
/// Names that descriptors of the seeds give their tables.
const TABLES: [&str; 5] = ["labels.csv", "speakers.csv", "VideoDemographics.csv", "summaryTable.csv", "data.tsv"];
/// Longest name of a file, in bytes.
const MAX_NAME: usize = 200;

/// Reads the descriptor, and if it is one, checks a folder by it that holds the table under the usual names and an
/// empty file for each further line.
pub fn corpus(bytes: &[u8]) {
    let (descriptor, rest) = split_part(bytes);
    let (table, names) = split_part(rest);
    let Ok(text) = std::str::from_utf8(descriptor) else { return };
    let Ok(descriptor) = Descriptor::parse(text, None) else { return };
    let folder = folder();
    for name in TABLES {
        put(folder.path(), name, table);
    }
    let names = String::from_utf8_lossy(names);
    for name in names.lines().filter(|name| is_below(name)).take(MAX_FILES) {
        put(folder.path(), name, b"");
    }
    let _ = ser_ingest::check_root(&descriptor, folder.path());
}

/// `true` if `name` stays inside the folder that it is put into.
fn is_below(name: &str) -> bool {
    let plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
    !name.is_empty() && name.len() <= MAX_NAME && !name.contains('\0') && Path::new(name).components().all(plain)
}
