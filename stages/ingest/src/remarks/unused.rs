//! Declarations that match nothing. A part of a corpus lacks some of what the whole has, so that a single id or code
//! that no file has is a note; a declaration of which nothing matches is a mistake.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Emotion;
use ser_text::counted;
use ser_text::likeness;

use super::{Read, Remarks, quoted};
use crate::descriptor::Field;

/// `[files] include` and `exclude`.
pub(super) fn globs(read: &Read<'_>, remarks: &mut Remarks) {
    let (descriptor, used) = (read.descriptor, &read.walk.globs);
    if !read.is_own() {
        return;
    }
    let unused = |globs: &[String], used: &BTreeSet<usize>| -> Vec<String> {
        globs.iter().enumerate().filter(|(number, _)| !used.contains(number)).map(|(_, glob)| glob.clone()).collect()
    };
    let include = unused(&descriptor.include_globs, &used.include);
    if !include.is_empty() {
        let left_out = match (&used.first_not_included, used.not_included) {
            (Some(first), number) => {
                format!("it left out {}, the first is `{first}`", counted(number as usize, "audio file"))
            }
            (None, _) => "there is no audio file that it could leave out".to_owned(),
        };
        remarks.warnings.push(format!(
            "`[files] include`: no file matches {}; {left_out}; a glob is matched with the whole path below the root, \
             extension included, and `*` ends at a `/`",
            quoted(include.iter().map(String::as_str))
        ));
    }
    let exclude = unused(&descriptor.exclude_globs, &used.exclude);
    if exclude.is_empty() {
        return;
    }
    let what = format!("`[files] exclude`: no file matches {}", quoted(exclude.iter().map(String::as_str)));
    if exclude.len() == descriptor.exclude_globs.len() {
        let first = read.walk.files.first().map(|found| format!(", such as `{}`", found.below_root));
        remarks.warnings.push(format!(
            "{what}; a glob is matched with the whole path below the root{}: correct it, or take it out",
            first.unwrap_or_default()
        ));
    } else {
        remarks.notes.push(what);
    }
}

/// All others.
pub(super) fn declarations(read: &Read<'_>, remarks: &mut Remarks) {
    if !read.is_own() {
        return;
    }
    patterns(read, remarks);
    folders(read, remarks);
    repairs(read, remarks);
    speakers(read, remarks);
    codes(read, remarks);
    other_emotions(read, remarks);
}

/// Patterns that no file came to.
fn patterns(read: &Read<'_>, remarks: &mut Remarks) {
    let (patterns, identities) = (&read.descriptor.patterns, read.identities);
    let used: BTreeSet<usize> = identities.iter().filter_map(|identity| identity.pattern).collect();
    if used.is_empty() {
        return;
    }
    for (number, pattern) in patterns.iter().enumerate().filter(|(number, _)| !used.contains(number)) {
        let fitting = identities.iter().filter(|identity| pattern.path.is_match(&identity.path));
        let takers: Vec<usize> = fitting.filter_map(|identity| identity.pattern).collect();
        let key = format!("pattern[{}]", number + 1);
        match takers.first() {
            Some(taker) => remarks.warnings.push(format!(
                "`{key}` gets no file: {} that it fits {} taken by a pattern before it, `pattern[{}]`; the first that \
                 matches counts, so put the narrower one first",
                counted(takers.len(), "file"),
                if takers.len() == 1 { "is" } else { "are" },
                taker + 1
            )),
            None => remarks.notes.push(format!("`{key}` fits no file: `{}`", pattern.path)),
        }
    }
}

/// Patterns on folders, of which none fits: the check of names against folders that they promise is not made.
fn folders(read: &Read<'_>, remarks: &mut Remarks) {
    let folders: BTreeSet<&str> =
        read.identities.iter().filter_map(|identity| Some(identity.path.rsplit_once('/')?.0)).collect();
    let (Some(first), false) = (folders.first(), read.descriptor.folders.is_empty()) else { return };
    if !folders.iter().any(|folder| read.descriptor.folders.iter().any(|pattern| pattern.is_match(folder))) {
        remarks.warnings.push(format!(
            "no folder fits `[[folder]]`, so that no name is held against its folder; the first is `{first}`: a \
             pattern sees the folders below the root, without the file"
        ));
    }
}

fn repairs(read: &Read<'_>, remarks: &mut Remarks) {
    let repairs = &read.descriptor.repairs;
    let used: BTreeSet<usize> = read.identities.iter().filter_map(|identity| identity.repaired).collect();
    let idle: Vec<&str> = repairs
        .iter()
        .enumerate()
        .filter(|(number, _)| !used.contains(number))
        .map(|(_, repair)| repair.path.as_str())
        .collect();
    if idle.is_empty() {
        return;
    }
    let what = format!("`[[repair]]`: no name matches {}", quoted(idle.iter().copied()));
    if idle.len() == repairs.len() {
        remarks.warnings.push(format!(
            "{what}; a repair sees the path below the root, with `/` and without the extension: correct it, or take \
             it out"
        ));
    } else {
        remarks.notes.push(what);
    }
}

fn speakers(read: &Read<'_>, remarks: &mut Remarks) {
    let declared = &read.descriptor.speakers;
    let found: BTreeSet<&str> =
        read.identities.iter().filter_map(|identity| identity.facts.speaker.as_deref()).collect();
    let silent: Vec<&str> = declared.keys().map(String::as_str).filter(|id| !found.contains(id)).collect();
    let (Some(first), false) = (silent.first(), found.is_empty()) else { return };
    let by_likeness: BTreeMap<String, &str> = found.iter().map(|id| (likeness(id), *id)).collect();
    let alike: Vec<(&str, &str)> =
        silent.iter().filter_map(|id| Some((*id, *by_likeness.get(&likeness(id))?))).collect();
    let the_files = || quoted(found.iter().copied());
    if !alike.is_empty() {
        // All of them: blanks and capitals are easily overlooked.
        let listed = |ids: Vec<&str>| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        remarks.warnings.push(format!(
            "`[speakers]` has {}, the files have {}; write the ids as the files have them",
            listed(alike.iter().map(|(declared, _)| *declared).collect()),
            listed(alike.iter().map(|(_, file)| *file).collect())
        ));
    } else if silent.len() == declared.len() {
        remarks.warnings.push(format!(
            "`[speakers]`: none of its {} speaks in any file; it has {}, the files have {}: write the ids as the \
             files have them, or correct the group `speaker` of the pattern",
            counted(declared.len(), "id"),
            quoted(silent.iter().copied()),
            the_files()
        ));
    } else {
        remarks.notes.push(format!(
            "`[speakers]`: {} of {} in no file, the first is `{first}`",
            silent.len(),
            counted(declared.len(), "id")
        ));
    }
}

fn codes(read: &Read<'_>, remarks: &mut Remarks) {
    for (field, codes) in &read.descriptor.codes {
        let values: BTreeSet<&str> =
            read.identities.iter().filter_map(|identity| identity.facts.told(*field)).collect();
        let idle: Vec<&str> =
            codes.iter().filter(|(_, meaning)| !values.contains(meaning)).map(|(code, _)| code).collect();
        let name = field.as_str();
        if idle.is_empty() || read.understood().next().is_none() {
            continue;
        }
        if values.is_empty() {
            remarks.warnings.push(format!(
                "`codes.{name}` is never used: no file has a {name}; name a group `{name}` in the pattern, or take \
                 the codes out"
            ));
        } else if idle.len() == codes.iter().count() {
            remarks.warnings.push(format!(
                "`codes.{name}`: no file has any of its meanings; the files have {}",
                quoted(values.iter().copied())
            ));
        } else {
            remarks.notes.push(format!("`codes.{name}`: no file has {}", quoted(idle.iter().copied())));
        }
    }
}

/// Declared classes that no file has: a misspelt one would never come.
fn other_emotions(read: &Read<'_>, remarks: &mut Remarks) {
    let descriptor = read.descriptor;
    let said: BTreeSet<Emotion> = read.identities.iter().filter_map(|identity| identity.facts.emotion).collect();
    if said.is_empty() {
        return;
    }
    let in_tables = descriptor.tables.iter().filter_map(|table| table.codes.get(&Field::Emotion));
    let meanings: BTreeSet<Emotion> = in_tables
        .chain(descriptor.codes.get(&Field::Emotion))
        .flat_map(|codes| codes.iter().map(|(_, meaning)| meaning))
        .chain(descriptor.patterns.iter().filter_map(|pattern| Some(pattern.set.get(&Field::Emotion)?.as_str())))
        .filter_map(|meaning| descriptor.emotion(meaning))
        .collect();
    let has_codes = !meanings.is_empty();
    let none_said = !descriptor.other_emotions.iter().any(|word| said.contains(word));
    for word in descriptor.other_emotions.iter().filter(|word| !said.contains(word)) {
        if meanings.contains(word) || !(has_codes || none_said) {
            remarks.notes.push(format!("`other_emotions`: no file has `{word}`"));
        } else {
            remarks.warnings.push(format!(
                "`other_emotions` has `{word}`, which no file has and no code means; correct it, or take it out"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::remarks::tests::{notes, warnings, with};

    const PATTERN: &str = "[[pattern]]\npath = '(?:^|/)(?<speaker>[^_/]+)_(?<sentence>\\w)_(?<emotion>[^_/]+)$'\n";

    /// Two speakers, two sentences, two emotions.
    const NAMES: [&str; 8] = [
        "wav/01_a_anger.wav",
        "wav/01_a_sadness.wav",
        "wav/01_b_anger.wav",
        "wav/01_b_sadness.wav",
        "wav/02_a_anger.wav",
        "wav/02_a_sadness.wav",
        "wav/02_b_anger.wav",
        "wav/02_b_sadness.wav",
    ];

    #[test]
    fn a_descriptor_that_fits_has_no_warning() {
        let text = format!(
            "other_emotions = [\"boredom\"]\nfiles.include = [\"wav/**\"]\n{PATTERN}[codes.emotion]\nanger = \
             \"angry\"\n\
             sadness = \"sad\"\nboredom = \"boredom\"\n[speakers]\n01 = {{}}\n02 = {{}}\n03 = {{}}\n"
        );
        let found = with(&text, &NAMES);
        assert_eq!(warnings(&found), Vec::<String>::new());
        assert_eq!(
            notes(&found),
            [
                "`[speakers]`: 1 of 3 ids in no file, the first is `03`",
                "`codes.emotion`: no file has `boredom`",
                "`other_emotions`: no file has `boredom`",
            ]
        );
    }

    #[test]
    fn ids_of_other_speakers_are_a_warning_with_what_the_files_have() {
        let found = warnings(&with(&format!("{PATTERN}[speakers]\nanna = {{}}\nben = {{}}\n"), &NAMES));
        let expected =
            "`[speakers]`: none of its 2 ids speaks in any file; it has `anna`, `ben`, the files have `01`, `02`";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}");
        let found = warnings(&with(&format!("{PATTERN}[speakers]\n1 = {{}}\n02 = {{}}\n"), &NAMES));
        let expected = "`[speakers]` has `1`, the files have `01`; write the ids as the files have them";
        assert_eq!(found, [expected], "zeros that a spreadsheet took off, even of one id");
        let found = warnings(&with(&format!("{PATTERN}[speakers]\n1 = {{}}\n\" 02\" = {{}}\n"), &NAMES));
        assert!(
            found[0].starts_with("`[speakers]` has ` 02`, `1`, the files have `02`, `01`;"),
            "all of them: {found:?}"
        );
    }

    #[test]
    fn globs_that_match_nothing() {
        let found = with(&format!("files.include = [\"wavs/**\"]\n{PATTERN}"), &NAMES);
        let text = &warnings(&found)[0];
        assert!(text.starts_with("`[files] include`: no file matches `wavs/**`"), "{text}");
        assert!(text.contains("it left out 8 audio files, the first is `wav/01_a_anger.wav`"), "{text}");
        let found = with(&format!("files.include = [\"wav/**\", \"extra/*\"]\n{PATTERN}"), &NAMES);
        assert!(warnings(&found)[0].contains("no file matches `extra/*`"), "{:?}", warnings(&found));

        let found = with(&format!("files.exclude = [\"noise/**\"]\n{PATTERN}"), &NAMES);
        assert!(warnings(&found)[0].starts_with("`[files] exclude`: no file matches `noise/**`"), "{found:?}");
        let found = with(&format!("files.exclude = [\"noise/**\", \"wav/02_b*\"]\n{PATTERN}"), &NAMES);
        assert_eq!(warnings(&found), Vec::<String>::new());
        assert_eq!(notes(&found), ["`[files] exclude`: no file matches `noise/**`"]);
    }

    #[test]
    fn repairs_codes_and_words_that_match_nothing() {
        let found = warnings(&with(
            &format!("[[repair]]\npath = '_angy$'\nbecomes = '_anger'\nwhy = \"x\"\n{PATTERN}"),
            &NAMES,
        ));
        assert!(found.len() == 1 && found[0].starts_with("`[[repair]]`: no name matches `_angy$`;"), "{found:?}");

        let found = warnings(&with(&format!("{PATTERN}[codes.take]\na = \"first\"\n"), &NAMES));
        assert!(
            found.len() == 1 && found[0].starts_with("`codes.take` is never used: no file has a take;"),
            "{found:?}"
        );

        let found = warnings(&with(&format!("other_emotions = [\"bordom\"]\n{PATTERN}"), &NAMES));
        assert!(found.len() == 1 && found[0].contains("`bordom`, which no file has and no code means"), "{found:?}");
    }

    #[test]
    fn patterns_behind_one_that_takes_everything() {
        let song = "[[pattern]]\nmodality = \"song\"\npath = '(?:^|/)02_(?<sentence>\\w)_'\n";
        let found = warnings(&with(&format!("{PATTERN}{song}"), &NAMES));
        let expected = "`pattern[2]` gets no file: 4 files that it fits are taken by a pattern before it, `pattern[1]`";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
        let found = with(&format!("[[pattern]]\nmodality = \"song\"\npath = '^song/'\n{PATTERN}"), &NAMES);
        assert_eq!(warnings(&found), Vec::<String>::new());
        assert_eq!(notes(&found), ["`pattern[1]` fits no file: `^song/`"]);
    }

    #[test]
    fn folders_that_no_pattern_fits() {
        let found = warnings(&with(&format!("{PATTERN}[[folder]]\npath = '^Actor_(?<speaker>\\d+)$'\n"), &NAMES));
        assert!(found.len() == 1 && found[0].contains("the first is `wav`"), "{found:?}");
    }
}
