//! Files that are generated and checked in say what the program says today.

use crate::util::{Workspace, source_root};

#[track_caller]
fn same(command: &str, file: &str) {
    let now = Workspace::with_default_pipeline().ser(&[command]).exits(0).stdout;
    let checked_in = std::fs::read_to_string(source_root().join(file)).unwrap_or_default();
    assert!(now == checked_in, "`{file}` is out of date: run `just generate`");
}

#[test]
fn the_json_schema_is_up_to_date() {
    same("schema", "docs/pipeline.schema.json");
}

#[test]
fn the_table_reference_is_up_to_date() {
    same("tables", "docs/tables.md");
}
