//! From a descriptor as written to one that can be used: patterns compiled, words checked, every mistake noted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexBuilder};
use ser_schemas::{Emotion, language_tag};
use ser_stage::suggest::nearest;
use ser_text::{is_blank, nfc};

use super::fetch;
use super::raw::{RawDescriptor, RawExpected, RawJoin, RawPattern, RawTable, Text};
use super::{
    Codes, Descriptor, Expected, Field, GenderRule, Pattern, Repair, SideTable, Speaker, is_valid_name, meaning,
};
use crate::emotions;
use crate::error::DescriptorProblem;

/// Memory that one compiled pattern may take. Names of files are short; a pattern that needs more is a mistake.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// Where a table is looked for when the descriptor does not say.
const LOOK_IN: [&str; 2] = [".", ".."];

/// What is wrong with a key that is there in both of Unicode's spellings.
const TWO_SPELLINGS: &str = "it is there twice: both spellings of its accented letters are one text";

/// Collects mistakes, and turns places in the text into lines.
struct Checker<'a> {
    text: &'a str,
    other_emotions: Vec<Emotion>,
    problems: Vec<DescriptorProblem>,
}

/// The descriptor in `text`, or everything that is wrong with it.
pub(super) fn compile(text: &str, path: Option<PathBuf>) -> Result<Descriptor, Vec<DescriptorProblem>> {
    let mut check = Checker { text, other_emotions: Vec::new(), problems: Vec::new() };
    let raw: RawDescriptor = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| check.line(&span));
        let mut message = error.message().trim().to_owned();
        if message.contains("escape") {
            message.push_str("; put regular expressions in single quotes, between which a `\\` is itself");
        }
        vec![DescriptorProblem { key: String::new(), line, message }]
    })?;
    if !is_valid_name(raw.name.get_ref()) {
        let message = format!(
            "`{}` is not a name for a corpus: expected small letters, digits and `_`, beginning with a letter",
            raw.name.get_ref()
        );
        check.problem("name", Some(&raw.name.span()), message);
    }
    check.other_emotions = raw.other_emotions.iter().filter_map(|word| check.other_emotion(word)).collect();
    let speech = raw.speech.as_ref().and_then(|word| {
        let parsed = word.get_ref().parse();
        parsed.map_err(|message| check.problem("speech", Some(&word.span()), message)).ok()
    });
    let redistribution = raw.redistribution.as_ref().and_then(|word| {
        let parsed = word.get_ref().parse();
        parsed.map_err(|message| check.problem("redistribution", Some(&word.span()), message)).ok()
    });
    let language = raw.language.as_ref().and_then(|tag| {
        let written = language_tag(tag.get_ref());
        written.map_err(|message| check.problem("language", Some(&tag.span()), message)).ok()
    });

    let repairs = raw.repair.iter().enumerate().filter_map(|(at, repair)| {
        let path = check.regex(&format!("repair[{}].path", at + 1), &repair.path)?;
        Some(Repair { path, becomes: composed(&repair.becomes), why: repair.why.clone() })
    });
    let repairs = repairs.collect();
    let folders: Vec<Regex> = raw
        .folder
        .iter()
        .enumerate()
        .filter_map(|(at, folder)| check.grammar(&format!("folder[{}].path", at + 1), &folder.path))
        .collect();
    let codes = check.codes("codes", &raw.codes, &Field::IN_NAMES);
    let tables: Vec<SideTable> = raw.table.iter().enumerate().map(|(at, table)| check.table(at + 1, table)).collect();
    let patterns = check.patterns(&raw.pattern, &tables);
    let include = check.globs("files.include", &raw.files.include);
    let exclude = check.globs("files.exclude", &raw.files.exclude);
    let mut speakers = BTreeMap::new();
    for (id, speaker) in raw.speakers {
        let age_years = speaker.age_years.as_ref().map(|age| *age.get_ref());
        if let (Some(age), Some(years)) = (&speaker.age_years, age_years)
            && !plausible_age(years)
        {
            let key = format!("speakers.{id}.age_years");
            check.problem(&key, Some(&age.span()), format!("expected 0 to 130 years, found {years}"));
        }
        let gender = speaker.gender.as_deref().map(composed);
        if speakers.insert(composed(&id), Speaker { gender, age_years }).is_some() {
            check.problem(&format!("speakers.{id}"), None, TWO_SPELLINGS.to_owned());
        }
    }
    let [all, odd, even] =
        [&raw.gender.all, &raw.gender.odd, &raw.gender.even].map(|word| word.as_deref().map(composed));
    let expected = raw.expected.iter().enumerate().map(|(at, raw)| check.expected(at + 1, raw)).collect();
    let fetch = raw
        .fetch
        .as_ref()
        .and_then(|raw| fetch::compile(raw, &mut |key, span, message| check.problem(key, span, message)));

    if !check.problems.is_empty() {
        check.problems.sort_by_key(|problem| problem.line.unwrap_or(0));
        return Err(check.problems);
    }
    Ok(Descriptor {
        name: raw.name.into_inner(),
        title: raw.title,
        language,
        speech,
        licence: raw.licence,
        redistribution,
        citation: raw.citation,
        url: raw.url,
        obtain: raw.obtain,
        path,
        text: text.to_owned(),
        include: (!raw.files.include.is_empty()).then_some(include),
        exclude,
        include_globs: raw.files.include.into_iter().map(Text::into_inner).collect(),
        exclude_globs: raw.files.exclude.into_iter().map(Text::into_inner).collect(),
        other_emotions: check.other_emotions,
        repairs,
        patterns,
        folders,
        codes,
        speakers,
        gender: GenderRule { all, odd, even },
        tables,
        expected,
        fetch,
    })
}

/// Whether `years` can be the age of a speaker.
pub(crate) fn plausible_age(years: f64) -> bool {
    (0.0..=130.0).contains(&years)
}

/// Text as it is compared: see [`nfc`].
fn composed(text: &str) -> String {
    nfc(text).into_owned()
}

impl Checker<'_> {
    fn problem(&mut self, key: &str, span: Option<&Range<usize>>, message: String) {
        let line = span.map(|span| self.line(span));
        self.problems.push(DescriptorProblem { key: key.to_owned(), line, message });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        1 + before.split(|&byte| byte == b'\n').skip(1).count()
    }

    /// A class beside the built-in ones.
    fn other_emotion(&mut self, word: &Text) -> Option<Emotion> {
        let message = match (emotions::emotion_of(word.get_ref()), emotions::folded(word.get_ref()).parse()) {
            (Some(emotion), _) => format!("`{}` is built in: it means `{emotion}`", word.get_ref()),
            (None, Err(error)) => ser_schemas::UnknownEmotion::to_string(&error),
            (None, Ok(emotion)) => return Some(emotion),
        };
        self.problem("other_emotions", Some(&word.span()), message);
        None
    }

    /// A regular expression on composed text. Composing the pattern itself is what a letter in it needs, and can make
    /// nonsense of an escape before a bare accent: then the pattern counts as it is written.
    fn regex(&mut self, key: &str, pattern: &Text) -> Option<Regex> {
        let build = |text: &str| {
            RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES).build()
        };
        match build(&nfc(pattern.get_ref())).or_else(|_| build(pattern.get_ref())) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.problem(key, Some(&pattern.span()), format!("not a usable regular expression: {error}"));
                None
            }
        }
    }

    /// A pattern whose named groups are fields.
    fn grammar(&mut self, key: &str, pattern: &Text) -> Option<Regex> {
        let regex = self.regex(key, pattern)?;
        for group in regex.capture_names().flatten() {
            if Field::named(group, &Field::IN_NAMES).is_none() {
                let message = format!("there is no group `{group}`: {}", suggestion(group, &Field::IN_NAMES));
                self.problem(key, Some(&pattern.span()), message);
            }
        }
        Some(regex)
    }

    fn patterns(&mut self, raw: &[RawPattern], tables: &[SideTable]) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for (at, raw) in raw.iter().enumerate() {
            let key = format!("pattern[{}]", at + 1);
            let mut set = BTreeMap::new();
            for (name, value) in &raw.set {
                let key = format!("{key}.set.{}", name.get_ref());
                match Field::named(name.get_ref(), &Field::IN_NAMES) {
                    Some(_) if is_blank(value.get_ref()) => {
                        self.problem(&key, Some(&value.span()), "expected text, found none".to_owned());
                    }
                    Some(field) => {
                        self.emotion_word(&key, field, value);
                        set.insert(field, composed(value.get_ref()));
                    }
                    None => self.problem(&key, Some(&name.span()), suggestion(name.get_ref(), &Field::IN_NAMES)),
                }
            }
            let path_key = format!("{key}.path");
            let Some(path) = self.grammar(&path_key, &raw.path) else { continue };
            for field in [Field::Speaker, Field::Emotion] {
                let told = path.capture_names().flatten().any(|group| group == field.as_str())
                    || set.contains_key(&field)
                    || tables.iter().any(|table| table.columns.contains_key(&field));
                if !told && raw.modality.is_none() {
                    let name = field.as_str();
                    let message = format!(
                        "nothing tells the {name}: add a group `(?<{name}>...)`, `set = {{ {name} = \"...\" }}`, or a \
                         table with a column for it"
                    );
                    self.problem(&path_key, Some(&raw.path.span()), message);
                }
            }
            patterns.push(Pattern { path, modality: raw.modality.clone(), set });
        }
        if raw.iter().all(|pattern| pattern.modality.is_some()) {
            let message = "expected at least one `[[pattern]]` without a `modality`".to_owned();
            self.problem("pattern", None, message);
        }
        patterns
    }

    fn codes(
        &mut self,
        key: &str,
        raw: &BTreeMap<Text, BTreeMap<String, Text>>,
        fields: &[Field],
    ) -> BTreeMap<Field, Codes> {
        let mut codes = BTreeMap::new();
        for (name, meanings) in raw {
            let key = format!("{key}.{}", name.get_ref());
            let Some(field) = Field::named(name.get_ref(), fields) else {
                self.problem(&key, Some(&name.span()), suggestion(name.get_ref(), fields));
                continue;
            };
            for (code, meaning) in meanings {
                self.emotion_word(&format!("{key}.{code}"), field, meaning);
            }
            let mut known = BTreeMap::new();
            for (code, meaning) in meanings {
                if known.insert(composed(code), composed(meaning.get_ref())).is_some() {
                    let key = format!("{key}.{code}");
                    self.problem(&key, Some(&meaning.span()), TWO_SPELLINGS.to_owned());
                }
            }
            codes.insert(field, Codes(known));
        }
        codes
    }

    /// Words in emotion fields must be known: a misspelt one would silently have no emotion.
    fn emotion_word(&mut self, key: &str, field: Field, word: &Text) {
        let text = word.get_ref();
        if !field.holds_emotion() || meaning(text, &self.other_emotions).is_some() {
            return;
        }
        let near =
            nearest(text, emotions::known_words()).map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
        let message = format!(
            "`{text}` is not an emotion: {near}declare classes beside the built-in ones in `other_emotions = [\"{text}\"]`"
        );
        self.problem(key, Some(&word.span()), message);
    }

    fn globs(&mut self, key: &str, raw: &[Text]) -> GlobSet {
        let mut set = GlobSetBuilder::new();
        for glob in raw {
            match GlobBuilder::new(&nfc(glob.get_ref())).literal_separator(true).build() {
                Ok(compiled) => {
                    set.add(compiled);
                }
                Err(error) => self.problem(key, Some(&glob.span()), format!("not a usable glob: {error}")),
            }
        }
        set.build().unwrap_or_else(|error| {
            self.problem(key, raw.first().map(Text::span).as_ref(), format!("not usable together: {error}"));
            GlobSet::empty()
        })
    }

    fn table(&mut self, number: usize, raw: &RawTable) -> SideTable {
        let key = format!("table[{number}]");
        let by_speaker = raw.joins == RawJoin::Speaker;
        let fields: Vec<Field> =
            Field::ALL.into_iter().filter(|field| !(by_speaker && *field == Field::Speaker)).collect();
        let file = raw.file.get_ref();
        if file.is_empty() || file.contains(['/', '\\']) {
            let message = format!("expected the name of a file, found `{file}`; folders belong in `look_in`");
            self.problem(&format!("{key}.file"), Some(&raw.file.span()), message);
        }
        let separator = match raw.separator.as_ref().map(|text| text.get_ref().as_bytes()) {
            None => b',',
            Some([byte]) if byte.is_ascii() => *byte,
            Some(_) => {
                let span = raw.separator.as_ref().map(Text::span);
                self.problem(&format!("{key}.separator"), span.as_ref(), "expected one ASCII character".to_owned());
                b','
            }
        };
        let mut columns = BTreeMap::new();
        for (name, column) in &raw.columns {
            if let Some(field) = Field::named(name.get_ref(), &fields) {
                columns.insert(field, column.clone());
            } else {
                let key = format!("{key}.columns.{}", name.get_ref());
                self.problem(&key, Some(&name.span()), suggestion(name.get_ref(), &fields));
            }
        }
        let codes = self.codes(&format!("{key}.codes"), &raw.codes, &fields);
        let rows = raw.rows.iter().filter_map(|(column, pattern)| {
            Some((column.clone(), self.regex(&format!("{key}.rows.{column}"), pattern)?))
        });
        let rows = rows.collect();
        let empty = raw.empty.as_ref().and_then(|pattern| self.regex(&format!("{key}.empty"), pattern));
        let look_in = if raw.look_in.is_empty() {
            LOOK_IN.iter().map(|&folder| folder.to_owned()).collect()
        } else {
            raw.look_in.clone()
        };
        SideTable {
            file: file.clone(),
            look_in,
            separator,
            by_speaker,
            key: raw.key.clone(),
            columns,
            codes,
            rows,
            empty,
        }
    }

    fn expected(&mut self, number: usize, raw: &RawExpected) -> Expected {
        let mut emotions = BTreeMap::new();
        for (word, count) in &raw.emotions {
            self.emotion_word(&format!("expected[{number}].emotions"), Field::Emotion, word);
            emotions.extend(meaning(word.get_ref(), &self.other_emotions).map(|emotion| (emotion, *count)));
        }
        Expected {
            edition: raw.edition.clone(),
            files: raw.files,
            speakers: raw.speakers,
            files_per_speaker: raw.files_per_speaker,
            emotions,
        }
    }
}

/// The nearest field, or all of them.
fn suggestion(word: &str, fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
    let near = nearest(word, names.iter().copied()).map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    format!("{near}expected one of: {}", names.join(", "))
}
