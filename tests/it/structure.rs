//! The source is cut as ARCHITECTURE.md says: crates depend in one direction, files of a crate do not go in circles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::util::source_root;

/// Every crate's folder with the folders of the crates that it depends on; tests of a crate may depend on any.
fn crates() -> BTreeMap<String, Vec<String>> {
    let root = source_root().canonicalize().expect("the source");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(&root)
        .output()
        .expect("cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let relative =
        |path: &Path| path.strip_prefix(&root).map_or_else(|_| String::new(), |path| path.display().to_string());
    let packages = metadata["packages"].as_array().expect("packages");
    let folder = |package: &serde_json::Value| {
        let file = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
        relative(file.parent().expect("a folder"))
    };
    let depends_on = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let built = dependencies.filter(|dependency| dependency["kind"].is_null());
        built.filter_map(|dependency| dependency["path"].as_str()).map(|path| relative(Path::new(path))).collect()
    };
    packages.iter().map(|package| (folder(package), depends_on(package))).collect()
}

#[test]
fn crates_depend_on_those_above_them_in_the_picture() {
    let page = std::fs::read_to_string(source_root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let picture = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a picture");
    let rank: BTreeMap<&str, usize> = picture
        .lines()
        .enumerate()
        .flat_map(|(rank, line)| line.split_whitespace().map(move |folder| (folder, rank)))
        .collect();
    for (folder, depends_on) in crates() {
        let Some(own) = rank.get(folder.as_str()) else { panic!("ARCHITECTURE.md does not show `{folder}`") };
        for other in depends_on {
            assert!(rank.get(other.as_str()).is_some_and(|above| above < own), "`{folder}` depends on `{other}`");
        }
    }
}

type Module = Vec<String>;

/// The modules of a crate below `src`, with their text up to their tests.
fn modules(src: &Path, below: &Path, found: &mut BTreeMap<Module, String>) {
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            modules(src, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && stem != "tests" {
            let mut module: Module = path
                .strip_prefix(src)
                .iter()
                .flat_map(|path| {
                    path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>()
                })
                .collect();
            if ["lib", "main", "mod"].contains(&stem.as_str()) {
                module.pop();
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text
                .split("#[cfg(test)]")
                .next()
                .and_then(|code| code.split("#[cfg(all(test").next())
                .unwrap_or_default();
            let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
            found.insert(module, lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Paths that `text` of `module` names within its crate, resolved; of `a::{b, c}` both.
fn named(module: &[String], text: &str) -> BTreeSet<Module> {
    let mut paths = BTreeSet::new();
    for start in ["crate::", "self::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|before| before.is_alphanumeric() || "_:".contains(before)) {
                continue;
            }
            let mut rest = &text[at..];
            let mut path: Module = if start == "crate::" { Vec::new() } else { module.to_vec() };
            while let Some((word, after)) =
                rest.split_once("::").filter(|(word, _)| word.chars().all(|c| c.is_alphanumeric() || c == '_'))
            {
                match word {
                    "crate" | "self" => {}
                    "super" => drop(path.pop()),
                    word => path.push(word.to_owned()),
                }
                rest = after;
            }
            let list = rest.strip_prefix('{').and_then(|list| list.split(['}', ';']).next());
            let words = list
                .unwrap_or_else(|| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
            for word in words.split(',') {
                let word = word.trim().split("::").next().unwrap_or_default();
                paths.insert(path.iter().cloned().chain([word.to_owned()]).collect());
            }
        }
    }
    paths
}

/// Modules that can be reached from `from`, itself only by a circle.
fn reached<'a>(uses: &'a BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&Module> = uses.get(from).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if seen.insert(module) {
            next.extend(uses.get(module).into_iter().flatten());
        }
    }
    seen
}

#[test]
fn files_of_a_crate_do_not_go_in_circles() {
    let mut circles = Vec::new();
    for folder in crates().into_keys() {
        let src = source_root().join(&folder).join("src");
        let mut texts = BTreeMap::new();
        modules(&src, &src, &mut texts);
        let mut uses: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        // Parameters hold those of each part, and a part may look at all of them: types within types, no circle.
        for (module, text) in texts.iter().filter(|(module, _)| module.last().is_none_or(|name| name != "params")) {
            let file_of = |path: &Module| {
                (1..=path.len())
                    .rev()
                    .map(|length| &path[..length])
                    .find(|path| texts.contains_key(*path))
                    .map(<[String]>::to_vec)
            };
            // A module may use what lies above it: its parent declares it.
            let others = named(module, text)
                .into_iter()
                .filter_map(|path| file_of(&path))
                .filter(|other| !module.starts_with(other));
            uses.insert(module.clone(), others.collect());
        }
        for module in uses.keys().filter(|module| reached(&uses, module).contains(module)) {
            let others = uses[module].iter().filter(|other| reached(&uses, other).contains(module));
            let others: Vec<String> = others.map(|other| other.join("::")).collect();
            circles.push(format!("{folder}: {} uses {}", module.join("::"), others.join(", ")));
        }
    }
    assert!(circles.is_empty(), "files that use each other:\n{}", circles.join("\n"));
}
