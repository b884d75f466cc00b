//! A corpus as a TOML file: where its files lie, what their names mean, what is known of its speakers.
//!
//! `corpora/template.toml` is the reference of the format. A descriptor is somebody else's file: sizes of file and
//! patterns are bounded, and every mistake in it is reported with its line, all at once.

pub(crate) mod compile;
mod fetch;
mod raw;
mod redistribution;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::GlobSet;
use regex::Regex;
use ser_schemas::{Emotion, Speech};
use ser_stage::suggest::nearest;
use ser_text::nfc;

pub use self::fetch::{Fetch, FetchArchive, FetchFiles, FetchFrom};
pub use self::redistribution::Redistribution;
use crate::emotions;
use crate::error::{DescriptorProblem, IngestError};

/// The descriptors that ship with the program, by name.
const BUILTIN: [(&str, &str); 7] = [
    ("crema_d", include_str!("../../corpora/crema_d.toml")),
    ("emodb", include_str!("../../corpora/emodb.toml")),
    ("emovo", include_str!("../../corpora/emovo.toml")),
    ("nemo", include_str!("../../corpora/nemo.toml")),
    ("ravdess", include_str!("../../corpora/ravdess.toml")),
    ("savee", include_str!("../../corpora/savee.toml")),
    ("tess", include_str!("../../corpora/tess.toml")),
];

const TEMPLATE: &str = include_str!("../../corpora/template.toml");

/// A descriptor is some kilobytes of text; more than this is another file given by mistake.
const MAX_BYTES: u64 = 1 << 20;

/// Everything known about a corpus, from its descriptor.
#[derive(Debug, Clone)]
pub struct Descriptor {
    /// Prefix of clip ids and speakers.
    pub name: String,
    /// Full name.
    pub title: String,
    /// BCP 47 tag of the language spoken.
    pub language: Option<String>,
    /// How its emotions came about.
    pub speech: Option<Speech>,
    /// Licence, as its distributor states it.
    pub licence: Option<String>,
    /// How far that lets the recordings be passed on; `None` where it is not known, which is no permission.
    pub redistribution: Option<Redistribution>,
    /// How to cite it.
    pub citation: Option<String>,
    /// Where it is published.
    pub url: Option<String>,
    /// What to download and how to unpack it.
    pub obtain: Option<String>,
    /// The file it was read from; `None` for a built-in one.
    pub path: Option<PathBuf>,
    /// The descriptor's own text.
    pub text: String,
    /// Where it can be fetched from, by a program or by hand.
    pub fetch: Option<Fetch>,
    pub(crate) include: Option<GlobSet>,
    pub(crate) exclude: GlobSet,
    /// The globs of both sets as they are written, in their order.
    pub(crate) include_globs: Vec<String>,
    pub(crate) exclude_globs: Vec<String>,
    pub(crate) other_emotions: Vec<Emotion>,
    pub(crate) repairs: Vec<Repair>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) folders: Vec<Regex>,
    pub(crate) codes: BTreeMap<Field, Codes>,
    pub(crate) speakers: BTreeMap<String, Speaker>,
    pub(crate) gender: GenderRule,
    pub(crate) tables: Vec<SideTable>,
    pub(crate) expected: Vec<Expected>,
}

/// What a name, a folder or a table can tell about a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Speaker,
    Emotion,
    Intensity,
    Sentence,
    Take,
    Gender,
    AgeYears,
    PerceivedEmotion,
    PerceivedAgreement,
}

/// A name that is known to be wrong, and what it should be.
#[derive(Debug, Clone)]
pub(crate) struct Repair {
    pub(crate) path: Regex,
    pub(crate) becomes: String,
    pub(crate) why: String,
}

/// One way in which a path says what is in the file.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) path: Regex,
    /// The word for recordings that are not the corpus's speech.
    pub(crate) modality: Option<String>,
    /// What the pattern itself implies, already decoded.
    pub(crate) set: BTreeMap<Field, String>,
}

/// What the codes of one field mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Codes(BTreeMap<String, String>);

#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(crate) gender: Option<String>,
    pub(crate) age_years: Option<f64>,
}

/// Gender by a rule, where neither name nor table tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct GenderRule {
    pub(crate) all: Option<String>,
    pub(crate) odd: Option<String>,
    pub(crate) even: Option<String>,
}

/// A table that lies with the corpus.
#[derive(Debug, Clone)]
pub(crate) struct SideTable {
    pub(crate) file: String,
    pub(crate) look_in: Vec<String>,
    pub(crate) separator: u8,
    pub(crate) by_speaker: bool,
    pub(crate) key: String,
    pub(crate) columns: BTreeMap<Field, String>,
    pub(crate) codes: BTreeMap<Field, Codes>,
    pub(crate) rows: Vec<(String, Regex)>,
    pub(crate) empty: Option<Regex>,
}

/// What a complete copy of one edition has.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) edition: Option<String>,
    pub(crate) files: u64,
    pub(crate) speakers: Option<u64>,
    pub(crate) files_per_speaker: Option<u64>,
    pub(crate) emotions: BTreeMap<Emotion, u64>,
}

impl Descriptor {
    /// The descriptor that `corpus` names: a built-in name, or the path of a file (whatever ends in `.toml` or has a
    /// `/`), relative to `base_dir`.
    pub fn load(corpus: &str, base_dir: &Path) -> Result<Self, IngestError> {
        if !is_path(corpus) {
            let text = BUILTIN.iter().find(|(name, _)| *name == corpus).map(|(_, text)| *text).ok_or_else(|| {
                IngestError::UnknownCorpus {
                    name: corpus.to_owned(),
                    hint: unknown_builtin(corpus).unwrap_or_default(),
                }
            })?;
            return Self::parse(text, None);
        }
        let path = base_dir.join(corpus);
        let unreadable = |source| IngestError::DescriptorUnreadable { path: path.clone(), source };
        let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
        if bytes > MAX_BYTES {
            return Err(IngestError::DescriptorInvalid {
                path: path.display().to_string(),
                problems: vec![DescriptorProblem {
                    key: String::new(),
                    line: None,
                    message: format!(
                        "{bytes} bytes are no descriptor: expected TOML text of at most {MAX_BYTES} bytes"
                    ),
                }],
            });
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        Self::parse(&text, Some(path))
    }

    /// A descriptor from its text; `path` is named in errors.
    pub fn parse(text: &str, path: Option<PathBuf>) -> Result<Self, IngestError> {
        compile::compile(text, path.clone()).map_err(|problems| IngestError::DescriptorInvalid {
            path: path.map_or_else(|| "built-in".to_owned(), |path| path.display().to_string()),
            problems,
        })
    }

    /// What to do to get the corpus by hand, and where.
    pub fn how_to_obtain(&self) -> Option<String> {
        match (&self.obtain, &self.url) {
            (Some(obtain), Some(url)) => Some(format!("{obtain} ({url})")),
            (Some(text), None) | (None, Some(text)) => Some(text.clone()),
            (None, None) => None,
        }
    }

    /// The command that fetches the corpus, where that is known.
    pub fn fetch_command(&self) -> Option<String> {
        let name = self.path.as_ref().map_or_else(|| self.name.clone(), |path| path.display().to_string());
        self.fetch.as_ref().map(|_| format!("ser fetch {name}"))
    }

    /// How to get the corpus, for a message about a missing folder.
    pub fn how_to_get(&self) -> Option<String> {
        match (self.fetch_command(), self.how_to_obtain()) {
            (Some(command), Some(obtain)) => Some(format!("`{command}`, or by hand: {obtain}")),
            (command, obtain) => command.map(|command| format!("`{command}`")).or(obtain),
        }
    }

    /// Words for recordings that are not the corpus's speech, in the order of the patterns.
    pub fn modalities(&self) -> Vec<&str> {
        let mut words: Vec<&str> = Vec::new();
        for word in self.patterns.iter().filter_map(|pattern| pattern.modality.as_deref()) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }

    /// The emotion that `word` means: one of the built-in ones or of those that the descriptor declares. `None` for any
    /// other word.
    pub(crate) fn emotion(&self, word: &str) -> Option<Emotion> {
        meaning(word, &self.other_emotions)
    }
}

impl Field {
    const ALL: [Self; 9] = [
        Self::Speaker,
        Self::Emotion,
        Self::Intensity,
        Self::Sentence,
        Self::Take,
        Self::Gender,
        Self::AgeYears,
        Self::PerceivedEmotion,
        Self::PerceivedAgreement,
    ];

    /// Those that a name can tell.
    pub(crate) const IN_NAMES: [Self; 6] =
        [Self::Speaker, Self::Emotion, Self::Intensity, Self::Sentence, Self::Take, Self::Gender];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Speaker => "speaker",
            Self::Emotion => "emotion",
            Self::Intensity => "intensity",
            Self::Sentence => "sentence",
            Self::Take => "take",
            Self::Gender => "gender",
            Self::AgeYears => "age_years",
            Self::PerceivedEmotion => "perceived_emotion",
            Self::PerceivedAgreement => "perceived_agreement",
        }
    }

    fn named(word: &str, among: &[Self]) -> Option<Self> {
        among.iter().copied().find(|field| field.as_str() == word)
    }

    fn holds_emotion(self) -> bool {
        matches!(self, Self::Emotion | Self::PerceivedEmotion)
    }
}

impl Codes {
    /// What `code` means: exactly as written or, where only one code differs from it in nothing but case, that one.
    pub(crate) fn meaning(&self, code: &str) -> Option<&str> {
        let code = nfc(code);
        if let Some(meaning) = self.0.get(code.as_ref()) {
            return Some(meaning);
        }
        let folded = code.to_lowercase();
        let mut near = self.0.iter().filter(|(known, _)| known.to_lowercase() == folded);
        match (near.next(), near.next()) {
            (Some((_, meaning)), None) => Some(meaning),
            _ => None,
        }
    }

    /// Each code with its meaning, in the order of codes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(code, meaning)| (code.as_str(), meaning.as_str()))
    }

    /// All codes.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All codes, for messages.
    pub(crate) fn listed(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// The emotion that `word` means: a built-in one, or one of `others`.
fn meaning(word: &str, others: &[Emotion]) -> Option<Emotion> {
    let folded = emotions::folded(word);
    emotions::emotion_of(word).or_else(|| others.iter().copied().find(|other| other.as_str() == folded))
}

/// Every descriptor that ships with the program, in the order of names.
pub fn builtin_descriptors() -> Vec<Descriptor> {
    // A built-in descriptor that does not parse fails the tests below, so that none is missing here.
    BUILTIN.iter().filter_map(|(_, text)| Descriptor::parse(text, None).ok()).collect()
}

/// A commented descriptor for a new corpus. It parses when `name` satisfies [`is_valid_name`].
pub fn template(name: &str) -> String {
    TEMPLATE.replace("@NAME@", name)
}

/// Whether `name` can name a corpus: small letters, digits and `_`, beginning with a letter.
pub fn is_valid_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Names of the built-in corpora.
pub(crate) fn builtin_names() -> Vec<&'static str> {
    BUILTIN.iter().map(|(name, _)| *name).collect()
}

/// What to say when `corpus` is neither a path nor a built-in name; `None` when it is one of them.
pub(crate) fn unknown_builtin(corpus: &str) -> Option<String> {
    if is_path(corpus) || builtin_names().contains(&corpus) {
        return None;
    }
    let near = nearest(corpus, builtin_names()).map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    Some(format!(
        "{near}built-in corpora are {}; a descriptor of your own is named by its path, which ends in `.toml`",
        builtin_names().join(", ")
    ))
}

pub(crate) fn is_path(corpus: &str) -> bool {
    corpus.contains('/') || corpus.contains('\\') || Path::new(corpus).extension().is_some_and(|ext| ext == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match Descriptor::parse(text, Some("mine.toml".into())) {
            Err(IngestError::DescriptorInvalid { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("expected an invalid descriptor, found {other:?}"),
        }
    }

    #[test]
    fn the_built_in_descriptors_parse_and_are_complete() {
        for (name, text) in BUILTIN {
            let descriptor = Descriptor::parse(text, None).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(descriptor.name, name);
            assert!(descriptor.licence.is_some() && descriptor.citation.is_some(), "{name}");
            assert!(descriptor.url.is_some() && descriptor.obtain.is_some(), "{name}");
            assert!(descriptor.speech.is_some(), "{name}");
            let spoken = match name {
                "emodb" => "German",
                "emovo" => "Italian",
                "nemo" => "Polish",
                _ => "English",
            };
            assert_eq!(descriptor.language.as_deref().and_then(ser_schemas::language_name), Some(spoken), "{name}");
            for expected in descriptor.expected.iter().filter(|expected| !expected.emotions.is_empty()) {
                assert_eq!(expected.emotions.values().sum::<u64>(), expected.files, "{name}");
            }
        }
        assert_eq!(builtin_descriptors().len(), BUILTIN.len());
    }

    #[test]
    fn the_template_parses_for_every_valid_name() {
        let descriptor = Descriptor::parse(&template("my_corpus"), None).expect("template");
        assert_eq!(descriptor.name, "my_corpus");
        assert!(is_valid_name("iemocap2") && !is_valid_name("IEMOCAP") && !is_valid_name("2x") && !is_valid_name(""));
    }

    #[test]
    fn what_the_template_has_in_comments_parses_too() {
        let text: String = template("full")
            .lines()
            .skip_while(|line| !line.starts_with("# Small letters"))
            .map(|line| {
                let bare = line.strip_prefix("# ").unwrap_or(line);
                let is_toml =
                    bare.starts_with('[') || bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
                if is_toml { format!("{bare}\n") } else { format!("{line}\n") }
            })
            .collect();
        let descriptor = Descriptor::parse(&text, None).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(descriptor.tables.len(), 1);
        assert_eq!(descriptor.repairs.len(), 1);
        assert_eq!(descriptor.modalities(), ["song"]);
    }

    #[test]
    fn a_language_is_a_tag_and_written_as_one() {
        let with = |line: &str| template("mine").replace("# language = \"pl\"", line);
        let language = |line: &str| Descriptor::parse(&with(line), None).expect(line).language;
        assert_eq!(language("language = \"EN-gb\"").as_deref(), Some("en-GB"));
        assert_eq!(language(""), None, "not stated");
        let found = problems(&with("language = \"Polish\"")).join("\n");
        let line = template("mine").lines().position(|line| line == "# language = \"pl\"").expect("the line") + 1;
        assert!(found.contains(&format!("line {line}: `language`: expected the code of a language")), "{found}");
        assert!(found.ends_with("write `pl` for Polish"), "{found}");
    }

    #[test]
    fn passing_on_is_what_the_licence_says_and_not_stated_where_it_is_not_known() {
        let stated = builtin_descriptors();
        let stated: Vec<_> = stated
            .iter()
            .map(|corpus| (corpus.name.as_str(), corpus.redistribution.map(Redistribution::as_str)))
            .collect();
        assert_eq!(
            stated,
            [
                ("crema_d", Some("allowed")),
                ("emodb", None),
                ("emovo", None),
                ("nemo", Some("non-commercial")),
                ("ravdess", Some("non-commercial")),
                ("savee", Some("forbidden")),
                ("tess", Some("non-commercial-unaltered")),
            ]
        );
        let mine = |word: &str| {
            format!(
                "name = \"mine\"\ntitle = \"T\"\nredistribution = \"{word}\"\n[[pattern]]\npath = 'x'\nset = {{ speaker = \"a\", emotion = \"happy\" }}\n"
            )
        };
        for word in Redistribution::ALL {
            assert_eq!(Descriptor::parse(&mine(word.as_str()), None).expect("valid").redistribution, Some(word));
            assert_eq!(word.allows_copies(), word != Redistribution::Forbidden);
        }
        let found = problems(&mine("free")).join("\n");
        assert!(
            found.contains(
                "line 3: `redistribution`: `free` says nothing of passing recordings on; expected one of: allowed"
            ),
            "{found}"
        );
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let text = "name = \"Mine\"\ntitle = \"T\"\nspeech = \"spontaneous\"\nother_emotions = [\"joy\", \"ill-at ease\", \"so-so!\"]\n[[pattern]]\npath = '(?<speeker>\\d+)_(?<emotion>\\w+'\n\
                    [[pattern]]\npath = '(?<speeker>\\d+)_(?<emotion>\\w+)'\n[codes.emotion]\na = \"hapy\"\n\
                    [codes.emotoin]\nb = \"sad\"\n";
        let found = problems(text).join("\n");
        for expected in [
            "line 1: `name`: `Mine` is not a name",
            "line 3: `speech`: `spontaneous` is not a nature of speech; expected one of: acted, induced, natural",
            "line 4: `other_emotions`: `joy` is built in: it means `happy`",
            "line 4: `other_emotions`: `so_so!` is no name of an emotion: expected lower-case letters",
            "line 6: `pattern[1].path`",
            "line 8: `pattern[2].path`: there is no group `speeker`: did you mean `speaker`?",
            "line 10: `codes.emotion.a`: `hapy` is not an emotion: did you mean `happy`?",
            "line 11: `codes.emotoin`: did you mean `emotion`?",
        ] {
            assert!(found.contains(expected), "missing `{expected}` in:\n{found}");
        }
    }

    #[test]
    fn an_unknown_key_and_broken_toml_name_their_line() {
        let found = problems("name = \"a\"\ntitle = \"A\"\nlicense = \"x\"\n").join("\n");
        assert!(found.starts_with("line 3: ") && found.contains("`license`") && found.contains("licence"), "{found}");
        assert!(problems("name = \"a\n")[0].starts_with("line 1: "));
        let quoted = &problems("name = \"a\"\ntitle = \"A\"\n[[pattern]]\npath = \"(?<speaker>\\d+)\"\n")[0];
        assert!(quoted.starts_with("line 4: ") && quoted.contains("in single quotes"), "{quoted}");
        let table = "[[table]]\nfile = \"t.csv\"\njoins = \"clip\"\nkey = \"file\"\ncolumns = { age = \"age\" }\n";
        let age = problems(&format!("name = \"a\"\ntitle = \"A\"\n{table}")).join("\n");
        assert!(age.contains("did you mean `age_years`?"), "{age}");
        assert!(problems("")[0].contains("name"), "{:?}", problems(""));
    }

    #[test]
    fn a_pattern_that_would_exhaust_memory_is_refused() {
        let text = "name = \"a\"\ntitle = \"A\"\n[[pattern]]\npath = '(?<speaker>\\w{1000}{1000})(?<emotion>a)'\n";
        assert!(problems(text)[0].contains("pattern[1].path"), "{:?}", problems(text));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Descriptor::load("nowhere/mine.toml", Path::new("/base")).expect_err("missing");
        assert_eq!(error.to_string(), "cannot read the corpus descriptor `/base/nowhere/mine.toml`");
        let error = Descriptor::load("tes", Path::new("/base")).expect_err("unknown");
        assert!(error.to_string().contains("did you mean `tess`?"), "{error}");
    }
}
