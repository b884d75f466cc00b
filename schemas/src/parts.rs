//! Tables that are folders of parts: Parquet files of equal columns, which together are the table. Rows of different parts are
//! in no order.

use std::io;
use std::path::{Path, PathBuf};

use ser_stage::PartId;

use crate::error::{TableError, TableResult};

/// The files of the table at `path`: of a folder its parts, in the order of their names; of a file, that file.
pub fn part_files(path: &Path) -> TableResult<Vec<PathBuf>> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut parts = Vec::new();
        for item in std::fs::read_dir(path)? {
            let item = item?;
            if item.file_name().to_str().is_some_and(PartId::names) {
                parts.push(item.path());
            }
        }
        Ok(parts)
    };
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut parts = list().map_err(TableError::io("read", path))?;
    if parts.is_empty() {
        return Err(TableError::NoParts { path: path.to_owned() });
    }
    parts.sort();
    Ok(parts)
}

/// Identity of what the `tables` in folder `dir` hold, as far as they are there: parts are named by what they follow from, so
/// the names of all say what the whole is.
pub fn identity(dir: &Path, tables: &[&str]) -> TableResult<String> {
    let mut names = Vec::new();
    for table in tables.iter().map(|table| dir.join(table)).filter(|table| table.exists()) {
        let files = part_files(&table)?;
        names.extend(files.iter().filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned())));
    }
    Ok(PartId::of("", names.iter().map(String::as_str)).as_str().to_owned())
}

/// Makes the folder of a table that is written in parts, without parts of an earlier one.
pub(crate) fn empty_folder(folder: &Path) -> TableResult<()> {
    std::fs::create_dir_all(folder).map_err(TableError::io("create", folder))?;
    let list = || -> io::Result<()> {
        for item in std::fs::read_dir(folder)? {
            let item = item?;
            if item.file_name().to_str().is_some_and(PartId::names) {
                std::fs::remove_file(item.path())?;
            }
        }
        Ok(())
    };
    list().map_err(TableError::io("empty", folder))
}

/// BLAKE3 digest of the bits of `values`, 64 hexadecimal digits.
pub(crate) fn digest_of(values: &[f32]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(size_of_val(values).min(1 << 16));
    for block in values.chunks(1 << 14) {
        bytes.clear();
        bytes.extend(block.iter().flat_map(|value| value.to_le_bytes()));
        hasher.update(&bytes);
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_listed_by_name_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("folder");
        let table = folder.path().join("frames");
        let listed = || part_files(&table);
        assert!(matches!(listed(), Err(TableError::Io { .. })));
        std::fs::create_dir(&table).expect("folder");
        let error = listed().expect_err("no parts").to_string();
        assert!(error.contains("frames") && error.contains("part-"), "{error}");
        for name in ["part-b.parquet", "part-a.parquet", "part-c.parquet.partial", "notes.txt"] {
            std::fs::write(table.join(name), "").expect("write");
        }
        assert_eq!(listed().expect("parts"), ["part-a.parquet", "part-b.parquet"].map(|name| table.join(name)));
        let file = table.join("notes.txt");
        assert_eq!(part_files(&file).expect("a file"), [file]);
    }

    #[test]
    fn an_identity_is_of_all_names() {
        let folder = tempfile::tempdir().expect("folder");
        let of = |tables: &[&str]| identity(folder.path(), tables).expect("identity");
        for file in ["frames/part-a.parquet", "augmented/part-b.parquet"] {
            std::fs::create_dir_all(folder.path().join(file).parent().expect("a folder")).expect("folder");
            std::fs::write(folder.path().join(file), "").expect("write");
        }
        assert_eq!(of(&["frames", "absent"]), of(&["frames"]));
        assert_ne!(of(&["frames", "augmented"]), of(&["frames"]));
    }
}
