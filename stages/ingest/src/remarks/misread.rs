//! Names that say nothing: how many, why, and which mistake in a pattern or in the codes it looks like.

use std::collections::{BTreeMap, BTreeSet};

use regex::RegexBuilder;

use ser_stage::suggest::nearest;
use ser_text::counted;

use super::{Read, Remarks, quoted};
use crate::descriptor::{Descriptor, Field, builtin_descriptors};
use crate::emotions;
use crate::identify::Identity;
use crate::names::{self, Misread};
use crate::walk::Found;

/// A file whose name was not understood.
type Lost<'a> = (&'a Found, &'a Identity);

/// How many unknown texts of one field have a warning each.
const ONE_BY_ONE: usize = 4;

/// What a text was expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    Code,
    Emotion,
}

pub(super) fn all(read: &Read<'_>, remarks: &mut Remarks) {
    let mut unlike: Vec<Lost<'_>> = Vec::new();
    let mut untold: Vec<Lost<'_>> = Vec::new();
    let mut unknown: BTreeMap<(Field, Want), BTreeMap<String, Vec<Lost<'_>>>> = BTreeMap::new();
    for lost in read.walk.files.iter().zip(read.identities) {
        let (_, identity) = lost;
        if identity.not_understood.is_none() || identity.facts.modality.is_some() {
            continue;
        }
        let (wanted, text) = match identity.misread.clone() {
            Some(Misread::Code { field, text }) => ((field, Want::Code), text),
            Some(Misread::Emotion { word }) => ((Field::Emotion, Want::Emotion), word),
            Some(Misread::Pattern) => {
                unlike.push(lost);
                continue;
            }
            None => {
                // What two sources tell differently has its own warning.
                let decides = |field| matches!(field, Field::Speaker | Field::Emotion);
                if !identity.contradictions.iter().any(|contradiction| decides(contradiction.field)) {
                    untold.push(lost);
                }
                continue;
            }
        };
        unknown.entry(wanted).or_default().entry(text).or_default().push(lost);
    }
    remarks.warnings.extend(no_pattern(read, &unlike));
    for ((field, want), texts) in &unknown {
        remarks.warnings.extend(not_known(read.descriptor, *field, *want, texts));
    }
    remarks.warnings.extend(nothing_told(read.descriptor, &untold));
}

fn no_pattern(read: &Read<'_>, lost: &[Lost<'_>]) -> Option<String> {
    let (first, Identity { path, .. }) = lost.first()?;
    let patterns = match read.descriptor.patterns.as_slice() {
        [only] => format!("the pattern `{}`", only.path),
        several => format!("any of the {} patterns", several.len()),
    };
    let verb = if lost.len() == 1 { "does" } else { "do" };
    if !read.is_own() {
        // Nobody who has another corpus here is to correct a descriptor that ships.
        let remedy = of_another_corpus(read, lost).unwrap_or_else(|| {
            format!("is this {}, and is the root its folder? `corpora list` names the others", read.descriptor.title)
        });
        return Some(format!(
            "{} {verb} not follow the names of {}, the first is `{path}`; {remedy}",
            counted(lost.len(), "file"),
            read.descriptor.name
        ));
    }
    let remedy = looks_like(read.descriptor, first, path).unwrap_or_else(|| {
        "a pattern sees the path below the root, with `/` and without the extension, as it stands here; correct \
         `[[pattern]]`, or leave the files out with `[files] exclude`"
            .to_owned()
    });
    Some(format!("{} {verb} not follow {patterns}, the first is `{path}`; {remedy}", counted(lost.len(), "file")))
}

/// The corpus that ships whose names most of the files follow.
fn of_another_corpus(read: &Read<'_>, lost: &[Lost<'_>]) -> Option<String> {
    let others = builtin_descriptors().into_iter().filter(|other| other.name != read.descriptor.name);
    let fitting = |other: &Descriptor| {
        lost.iter().filter(|(found, _)| names::read_name(other, found.stem()).facts.is_ok()).count()
    };
    let (number, other) = others.map(|other| (fitting(&other), other)).max_by_key(|(number, _)| *number)?;
    (number * 2 > lost.len()).then(|| {
        format!("{number} of them follow those of `{}`: is this that corpus, or is the root another one's?", other.name)
    })
}

/// What is wrong with the pattern, if `path` fits it but for a common mistake.
fn looks_like(descriptor: &Descriptor, found: &Found, path: &str) -> Option<String> {
    let extension = found.below_root.strip_prefix(found.stem()).unwrap_or_default();
    for (number, pattern) in descriptor.patterns.iter().enumerate() {
        let fits = |text: &str| pattern.path.is_match(text);
        let key = format!("pattern[{}]", number + 1);
        if !extension.is_empty() && fits(&format!("{path}{extension}")) {
            return Some(format!("`{key}` expects the extension: end it before `{extension}`"));
        }
        if fits(names::file_name(path)) {
            return Some(format!("the file name alone fits `{key}`: begin it with `(?:^|/)` instead of `^`"));
        }
        let any_case = RegexBuilder::new(pattern.path.as_str()).case_insensitive(true).build();
        if any_case.is_ok_and(|any_case| any_case.is_match(path)) {
            return Some(format!("it fits `{key}` but for upper and lower case: begin it with `(?i)`"));
        }
        if path.contains('/') && fits(&path.replace('/', "\\")) {
            return Some(format!("it fits `{key}` with `\\` between folders: write `/`, on every system"));
        }
        if fits(path.trim()) || fits(&path.replace(' ', "")) {
            return Some(format!(
                "it fits `{key}` without its blanks: allow them with `\\s*`, or `[[repair]]` the names"
            ));
        }
    }
    None
}

/// Texts that are not what `field` has, one warning for each or, where they are many or one cause explains all, for
/// all.
fn not_known(
    descriptor: &Descriptor,
    field: Field,
    want: Want,
    texts: &BTreeMap<String, Vec<Lost<'_>>>,
) -> Vec<String> {
    let all: Vec<Lost<'_>> = texts.values().flatten().copied().collect();
    let (name, words) = (field.as_str(), quoted(texts.keys().map(String::as_str)));
    if let Some(group) = swapped(descriptor, field, &all) {
        let has = match want {
            Want::Code => format!("codes of `codes.{name}`"),
            Want::Emotion => "words for emotions".to_owned(),
        };
        let remedy = format!("the group `{}` holds {has}: are the two groups of the pattern swapped?", group.as_str());
        return vec![unknown_text(descriptor, field, want, &words, &all, &remedy)];
    }
    let remedy = |near: Option<String>| match (near, want) {
        (Some(remedy), _) => remedy,
        (None, Want::Code) => {
            format!("add what is missing to `codes.{name}`, or correct the group `{name}` of the pattern")
        }
        (None, Want::Emotion) => "say what it means in `[codes.emotion]`, list it in `other_emotions`, or correct the \
                                  group `emotion` of the pattern"
            .to_owned(),
    };
    if texts.len() > ONE_BY_ONE {
        return vec![unknown_text(descriptor, field, want, &words, &all, &remedy(None))];
    }
    let one = |(text, lost): (&String, &Vec<Lost<'_>>)| {
        let near = match want {
            Want::Code => near_code(descriptor, field, text),
            Want::Emotion => near_emotion(descriptor, text),
        };
        unknown_text(descriptor, field, want, &format!("`{text}`"), lost, &remedy(near))
    };
    texts.iter().map(one).collect()
}

fn unknown_text(
    descriptor: &Descriptor,
    field: Field,
    want: Want,
    words: &str,
    lost: &[Lost<'_>],
    remedy: &str,
) -> String {
    let codes = descriptor.codes.get(&field);
    let known = codes.map(|codes| quoted(codes.iter().map(|(code, _)| code))).unwrap_or_default();
    let which = match want {
        Want::Code => format!("none of its codes ({known})"),
        Want::Emotion => "no emotion that is known".to_owned(),
    };
    let example = lost.first().map_or("", |(found, _)| found.below_root.as_str());
    format!(
        "{} {} {words} for the {}, which is {which}, for example `{example}`; {remedy}",
        counted(lost.len(), "file"),
        if lost.len() == 1 { "has" } else { "have" },
        field.as_str(),
    )
}

/// What to do where `text` looks like a code with a letter wrong.
fn near_code(descriptor: &Descriptor, field: Field, text: &str) -> Option<String> {
    let near = nearest(text, descriptor.codes.get(&field)?.iter().map(|(code, _)| code))?;
    Some(format!("`codes.{}` has `{near}`: correct it, or add `{text}`", field.as_str()))
}

/// What to do where `word` looks like an emotion, or one of the descriptor's own words, with a letter wrong.
fn near_emotion(descriptor: &Descriptor, word: &str) -> Option<String> {
    let others = nearest(word, descriptor.other_emotions.iter().map(|other| other.as_str()));
    let near = nearest(word, others.into_iter().chain(nearest(word, emotions::known_words())))?;
    Some(if emotions::emotion_of(near).is_none() {
        format!("`other_emotions` has `{near}`: correct it, or the names")
    } else {
        format!("if it means `{near}`, say so: `[codes.emotion]` `{word} = \"{near}\"`")
    })
}

/// Another group that holds, in all of these files, what `field` was expected to hold.
fn swapped(descriptor: &Descriptor, field: Field, lost: &[Lost<'_>]) -> Option<Field> {
    let codes = descriptor.codes.get(&field);
    let fits = |text: &str| match codes {
        Some(codes) => codes.meaning(text).is_some(),
        None => field == Field::Emotion && descriptor.emotion(text).is_some(),
    };
    let mut candidates: BTreeSet<Field> = Field::IN_NAMES.into_iter().filter(|other| *other != field).collect();
    for (_, identity) in lost {
        let groups: BTreeMap<Field, &str> = names::groups(descriptor, &identity.path).into_iter().collect();
        candidates.retain(|candidate| groups.get(candidate).is_some_and(|text| fits(text)));
    }
    candidates.into_iter().next()
}

/// Files whose names follow a pattern, and of which neither name nor table tells speaker or emotion.
fn nothing_told(descriptor: &Descriptor, untold: &[Lost<'_>]) -> Option<String> {
    let (first, identity) = untold.first()?;
    let of_a_table = |field: Field, is_told: bool| {
        let mut tables = descriptor.tables.iter().filter(|table| !table.by_speaker);
        is_told || tables.any(|table| table.columns.contains_key(&field))
    };
    let facts = &identity.facts;
    let remedy = if of_a_table(Field::Speaker, facts.speaker.is_some())
        && of_a_table(Field::Emotion, facts.emotion_raw.is_some())
    {
        "put the table right, or what `[[table]]` says of it"
    } else {
        "name a group for it in the pattern, or a column of a table that has a row for each file"
    };
    let why = identity.not_understood.as_deref().unwrap_or_default();
    let verb = if untold.len() == 1 { "lacks" } else { "lack" };
    Some(format!(
        "{} {verb} speaker or emotion, the first is `{}`: {why}; {remedy}",
        counted(untold.len(), "file"),
        first.below_root,
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::remarks::tests::{warnings, with};
    use crate::survey::check_root;

    #[test]
    fn a_pattern_that_fits_no_name_says_which_mistake_it_looks_like() {
        let names = ["a/s1_t0_anger.wav", "a/s2_t1_sadness.wav"];
        for (pattern, hint) in [
            (r"(?<speaker>s\d)_t\d_(?<emotion>\w+)\.wav$", "expects the extension: end it before `.wav`"),
            (r"^(?<speaker>s\d)_t\d_(?<emotion>\w+)$", "begin it with `(?:^|/)` instead of `^`"),
            (r"(?<speaker>S\d)_T\d_(?<emotion>\w+)$", "begin it with `(?i)`"),
            (r"\\(?<speaker>s\d)_t\d_(?<emotion>\w+)$", "write `/`, on every system"),
            (r"(?<speaker>s\d)-t\d-(?<emotion>\w+)$", "as it stands here"),
        ] {
            let found = warnings(&with(&format!("[[pattern]]\npath = '{pattern}'\n"), &names));
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].starts_with("2 files do not follow the pattern `"), "{found:?}");
            assert!(found[0].contains("the first is `a/s1_t0_anger`") && found[0].contains(hint), "{hint}: {found:?}");
        }
        let blanks = with("[[pattern]]\npath = '(?<speaker>s\\d)_(?<emotion>\\w+)$'\n", &["s1 _sad.wav"]);
        assert!(warnings(&blanks)[0].contains("without its blanks"), "{:?}", warnings(&blanks));
    }

    const PATTERN: &str = "[[pattern]]\npath = '(?:^|/)(?<speaker>[^_/]+)_(?<emotion>[^_/]+)_(?<take>\\d+)$'\n";

    #[test]
    fn a_misspelt_code_is_named_with_its_neighbour() {
        let text = format!("{PATTERN}[codes.emotion]\nangr = \"angry\"\nsad = \"sad\"\n");
        let found = warnings(&with(&text, &["s1_anger_1.wav", "s2_anger_2.wav", "s1_sad_1.wav"]));
        let expected = "2 files have `anger` for the emotion, which is none of its codes (`angr`, `sad`), for example \
                        `s1_anger_1.wav`; `codes.emotion` has `angr`: correct it, or add `anger`";
        assert_eq!(found[0], expected, "{found:#?}");
    }

    #[test]
    fn a_misspelt_label_in_the_names_is_named_with_the_emotion() {
        let found = warnings(&with(PATTERN, &["s1_hapy_1.wav", "s2_sad_2.wav"]));
        assert!(found[0].starts_with("1 file has `hapy` for the emotion"), "{found:?}");
        assert!(found[0].ends_with("`[codes.emotion]` `hapy = \"happy\"`"), "{found:?}");
        let found = warnings(&with(PATTERN, &["s1_bewildered_1.wav"]));
        assert!(found[0].contains("list it in `other_emotions`"), "{found:?}");
    }

    #[test]
    fn a_misspelt_other_emotion_is_named_with_the_word_of_the_files() {
        let text = format!("other_emotions = [\"bordom\"]\n{PATTERN}");
        let found = warnings(&with(&text, &["s1_boredom_1.wav", "s2_sad_2.wav"]));
        assert!(found[0].ends_with("`other_emotions` has `bordom`: correct it, or the names"), "{found:?}");
    }

    #[test]
    fn groups_that_are_swapped_are_told() {
        let swapped = "[[pattern]]\npath = '(?:^|/)(?<emotion>[^_/]+)_(?<speaker>[^_/]+)_(?<take>\\d+)$'\n";
        let names = ["s1_anger_1.wav", "s2_sadness_2.wav"];
        for text in [swapped.to_owned(), format!("{swapped}[codes.emotion]\nanger = \"angry\"\nsadness = \"sad\"\n")] {
            let found = warnings(&with(&text, &names));
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].contains("`s1`, `s2` for the emotion") && found[0].contains("the group `speaker` holds"));
        }
    }

    #[test]
    fn many_unknown_words_are_one_warning() {
        let names: Vec<String> = (0..30).map(|number| format!("s1_{number}x_1.wav")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = warnings(&with(PATTERN, &names));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("30 files have `0x`, `10x`, `11x` and 27 more for the emotion"), "{found:?}");
    }

    #[test]
    fn a_corpus_read_as_another_one_is_told_by_its_name() {
        let root = tempfile::tempdir().expect("folder");
        for name in ["rab-f1-b1.wav", "rab-f1-b2.wav", "tri-m1-b1.wav"] {
            std::fs::write(root.path().join(name), "").expect("file");
        }
        let ravdess = Descriptor::load("ravdess", Path::new("")).expect("built-in");
        let found = check_root(&ravdess, root.path()).expect("survey").warnings;
        let told =
            "3 files do not follow the names of ravdess, the first is `rab-f1-b1`; 3 of them follow those of `emovo`";
        assert!(found.len() == 1 && found[0].starts_with(told), "{found:#?}");
    }

    #[test]
    fn an_empty_group_is_a_file_without_a_speaker() {
        let text = "[[pattern]]\npath = '(?:^|/)(?<speaker>[^_/]*)_(?<emotion>[^_/]+)$'\n";
        let found = warnings(&with(text, &["_sad.wav", " _sad.wav", "a_sad.wav"]));
        assert!(found[0].starts_with("2 files lack speaker or emotion, the first is ` _sad.wav`"), "{found:?}");
    }
}
