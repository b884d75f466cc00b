//! What the README says exists.

use crate::util::{Workspace, source_root};

fn readme() -> String {
    std::fs::read_to_string(source_root().join("README.md")).expect("README.md")
}

/// The fenced blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn every_command_it_names_exists() {
    let workspace = Workspace::with_default_pipeline();
    let commands = blocks(&readme(), "text").concat();
    let mut named = 0;
    for line in commands.lines().filter(|line| line.starts_with("ser ")) {
        let command = line.split_whitespace().nth(1).expect("a command");
        workspace.ser(&[command, "--help"]).exits(0);
        named += 1;
    }
    assert!(named >= 7, "the README lists the commands");
}

#[test]
fn the_quick_start_is_two_commands_that_the_justfile_has() {
    let readme = readme();
    let quick = &blocks(&readme, "sh")[0];
    assert_eq!(quick.trim().lines().count(), 2, "{quick}");
    let justfile = std::fs::read_to_string(source_root().join("justfile")).expect("justfile");
    for recipe in ["all", "test"] {
        assert!(quick.contains(&format!("just {recipe}")), "{quick}");
        assert!(justfile.lines().any(|line| line.starts_with(&format!("{recipe} *ARGS:"))), "{recipe}");
    }
}

#[test]
fn every_file_it_links_to_exists() {
    for target in readme().split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !target.contains("://") {
            assert!(source_root().join(target).exists(), "README links to `{target}`");
        }
    }
}

#[test]
fn exit_codes_are_in_the_help() {
    Workspace::with_default_pipeline().ser(&["--help"]).exits(0).says("Exit codes:").says("3  something is stale");
}
