//! The `[fetch]` table of a descriptor: where the corpus is published, in words that a program can follow.
//!
//! Whoever fetches is elsewhere (`ser-fetch`): a change of an address makes nothing that was read stale but by the text
//! of the descriptor.

use std::ops::Range;

use globset::GlobBuilder;
use ser_stage::suggest::nearest;
use toml::Spanned;

use super::raw::{RawArchive, RawFetch, Text};

/// Where a corpus is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Where its licence is explained.
    pub licence_url: Option<String>,
    /// Where its files are.
    pub from: FetchFrom,
}

/// Where the files of a corpus are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFrom {
    /// In a record of Zenodo.
    Zenodo {
        /// Number of the record.
        record: u64,
        /// Files of it.
        archives: Vec<FetchArchive>,
    },
    /// In a dataset of a Dataverse.
    Dataverse {
        /// The installation's address.
        server: String,
        /// Persistent identifier of the dataset.
        dataset: String,
        /// Files of it.
        files: FetchFiles,
    },
    /// In a repository on GitHub whose large files are kept by Git LFS.
    GitLfs {
        /// Owner and name.
        repository: String,
        /// Whole id of a commit.
        commit: String,
        /// Files of it. Number and bytes are of those that Git LFS keeps.
        files: FetchFiles,
    },
    /// With those who give the corpus to people that ask for it.
    Manual {
        /// What to do; empty where `obtain` says it.
        steps: Vec<String>,
        /// What one gets.
        archive: FetchArchive,
    },
}

/// Some files of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFiles {
    /// Globs on their paths.
    pub include: Vec<String>,
    /// How many they are.
    pub files: Option<u64>,
    /// How many bytes they have together.
    pub bytes: Option<u64>,
}

/// One file, with files in it if it is an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchArchive {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: Option<u64>,
    /// Its checksums: `md5:` or `sha256:` and hexadecimal digits.
    pub checksums: Vec<String>,
    /// Globs on the paths in it; empty if it is no archive.
    pub unpack: Vec<String>,
    /// How many files match them.
    pub files: Option<u64>,
}

/// The kinds with the keys that each needs, and those that it may have.
const KINDS: [(&str, &[&str], &[&str]); 4] = [
    ("zenodo", &["record", "archive"], &[]),
    ("dataverse", &["server", "dataset", "include"], &["files", "bytes"]),
    ("git-lfs", &["repository", "commit", "include"], &["files", "bytes"]),
    ("manual", &["archive"], &["steps"]),
];

/// Hears of a mistake: key, place, what is wrong.
type Problem<'a> = dyn FnMut(&str, Option<&Range<usize>>, String) + 'a;

/// The table as it can be used, or every mistake in it.
pub(super) fn compile(raw: &RawFetch, problem: &mut Problem<'_>) -> Option<Fetch> {
    let word = raw.kind.get_ref().as_str();
    let Some((kind, needed, allowed)) = KINDS.into_iter().find(|(kind, ..)| *kind == word) else {
        let kinds = KINDS.map(|(kind, ..)| kind);
        let near = nearest(word, kinds).map(|kind| format!("did you mean `{kind}`? ")).unwrap_or_default();
        let message = format!("there is no source `{word}`: {near}expected one of: {}", kinds.join(", "));
        problem("fetch.kind", Some(&raw.kind.span()), message);
        return None;
    };
    let given = given(raw);
    let mut is_right = true;
    for (key, span) in &given {
        if !needed.contains(key) && !allowed.contains(key) {
            let expected = [needed, allowed].concat().join(", ");
            let message = format!("a source of kind `{kind}` has no such key: expected {expected}, licence_url");
            problem(&format!("fetch.{key}"), Some(span), message);
            is_right = false;
        }
    }
    for key in needed {
        if !given.iter().any(|(given, _)| given == key) {
            let message = format!("a source of kind `{kind}` needs `{key}`");
            problem("fetch", Some(&raw.kind.span()), message);
            is_right = false;
        }
    }
    let archives: Vec<FetchArchive> =
        raw.archive.iter().enumerate().filter_map(|(at, raw)| archive(at + 1, raw, problem)).collect();
    is_right &= archives.len() == raw.archive.len();
    is_right &= globs("fetch.include", &raw.include, problem);
    for (key, text, is_as_it_should, expected) in [
        ("server", &raw.server, is_address as fn(&str) -> bool, "an address that begins with `https://`"),
        ("repository", &raw.repository, is_repository, "owner and name on GitHub, `owner/name`"),
        ("commit", &raw.commit, is_commit, "the whole id of a commit, 40 hexadecimal digits"),
    ] {
        if let Some(text) = text.as_ref().filter(|text| !is_as_it_should(text.get_ref())) {
            let message = format!("expected {expected}, found `{}`", text.get_ref());
            problem(&format!("fetch.{key}"), Some(&text.span()), message);
            is_right = false;
        }
    }
    if kind == "manual"
        && let [_, second, ..] = raw.archive.as_slice()
    {
        let message = "expected one archive: it is what `--archive` is given".to_owned();
        problem("fetch.archive[2].name", Some(&second.name.span()), message);
        is_right = false;
    }
    if !is_right {
        return None;
    }
    Some(Fetch { licence_url: raw.licence_url.clone(), from: from(kind, raw, archives)? })
}

fn from(kind: &str, raw: &RawFetch, mut archives: Vec<FetchArchive>) -> Option<FetchFrom> {
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.get_ref().clone());
    let number = |number: &Option<Spanned<u64>>| number.as_ref().map(|number| *number.get_ref());
    let texts = |texts: &[Text]| texts.iter().map(|text| text.get_ref().clone()).collect();
    let files = || FetchFiles { include: texts(&raw.include), files: number(&raw.files), bytes: number(&raw.bytes) };
    Some(match kind {
        "zenodo" => FetchFrom::Zenodo { record: number(&raw.record)?, archives },
        "dataverse" => {
            let server = text(&raw.server)?.trim_end_matches('/').to_owned();
            FetchFrom::Dataverse { server, dataset: text(&raw.dataset)?, files: files() }
        }
        "git-lfs" => {
            FetchFrom::GitLfs { repository: text(&raw.repository)?, commit: text(&raw.commit)?, files: files() }
        }
        _ => FetchFrom::Manual { steps: texts(&raw.steps), archive: archives.pop()? },
    })
}

/// The keys that a table has, besides those that every kind may have.
fn given(raw: &RawFetch) -> Vec<(&'static str, Range<usize>)> {
    let text = |text: &Option<Text>| text.as_ref().map(Text::span);
    let number = |number: &Option<Spanned<u64>>| number.as_ref().map(Spanned::span);
    let keys = [
        ("record", number(&raw.record)),
        ("server", text(&raw.server)),
        ("dataset", text(&raw.dataset)),
        ("repository", text(&raw.repository)),
        ("commit", text(&raw.commit)),
        ("include", raw.include.first().map(Text::span)),
        ("files", number(&raw.files)),
        ("bytes", number(&raw.bytes)),
        ("steps", raw.steps.first().map(Text::span)),
        ("archive", raw.archive.first().map(|archive| archive.name.span())),
    ];
    keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
}

fn archive(number: usize, raw: &RawArchive, problem: &mut Problem<'_>) -> Option<FetchArchive> {
    let key = format!("fetch.archive[{number}]");
    let name = raw.name.get_ref();
    let mut is_right = true;
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) {
        let message = format!("expected the name of a file, found `{name}`");
        problem(&format!("{key}.name"), Some(&raw.name.span()), message);
        is_right = false;
    }
    for checksum in &raw.checksums {
        if !is_checksum(checksum.get_ref()) {
            let message = format!(
                "`{}` is no checksum: expected `md5:` and 32 hexadecimal digits, or `sha256:` and 64",
                checksum.get_ref()
            );
            problem(&format!("{key}.checksums"), Some(&checksum.span()), message);
            is_right = false;
        }
    }
    is_right &= globs(&format!("{key}.unpack"), &raw.unpack, problem);
    is_right.then(|| FetchArchive {
        name: name.clone(),
        bytes: raw.bytes,
        checksums: raw.checksums.iter().map(|text| text.get_ref().clone()).collect(),
        unpack: raw.unpack.iter().map(|text| text.get_ref().clone()).collect(),
        files: raw.files,
    })
}

fn globs(key: &str, globs: &[Text], problem: &mut Problem<'_>) -> bool {
    let mut is_right = true;
    for glob in globs {
        if let Err(error) = GlobBuilder::new(glob.get_ref()).literal_separator(true).build() {
            problem(key, Some(&glob.span()), format!("not a usable glob: {error}"));
            is_right = false;
        }
    }
    is_right
}

fn is_checksum(text: &str) -> bool {
    let hexadecimal = |digits: &str, length| digits.len() == length && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match text.split_once(':') {
        Some(("md5", digits)) => hexadecimal(digits, 32),
        Some(("sha256", digits)) => hexadecimal(digits, 64),
        _ => false,
    }
}

fn is_address(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn is_repository(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::descriptor::{Descriptor, builtin_descriptors};

    fn with(table: &str) -> Result<Option<Fetch>, String> {
        let text = format!(
            "name = \"a\"\ntitle = \"A\"\n[[pattern]]\npath = '(?<speaker>\\w)(?<emotion>\\w)'\n[fetch]\n{table}"
        );
        Descriptor::parse(&text, None).map(|descriptor| descriptor.fetch).map_err(|error| error.to_string())
    }

    fn builtin(name: &str) -> Fetch {
        Descriptor::load(name, Path::new(".")).expect(name).fetch.unwrap_or_else(|| panic!("{name} has no source"))
    }

    /// Sizes and checksums as the Zenodo record states them, and as summed over the pointers of the commit.
    #[test]
    fn what_is_known_of_the_built_in_corpora_is_there() {
        let FetchFrom::Zenodo { record, archives } = builtin("ravdess").from else { panic!("RAVDESS is at Zenodo") };
        let [archive] = archives.as_slice() else { panic!("{archives:?}") };
        assert_eq!((record, archive.bytes, archive.files), (1_188_976, Some(208_468_073), Some(1440)));
        assert_eq!(archive.checksums[0], "md5:bc696df654c87fed845eb13823edef8a");
        let FetchFrom::GitLfs { commit, files, .. } = builtin("crema_d").from else { panic!("CREMA-D is at GitHub") };
        assert_eq!((commit.len(), files.files, files.bytes), (40, Some(7442), Some(605_899_936)));
        let FetchFrom::Dataverse { server, files, .. } = builtin("tess").from else { panic!("TESS is at a Dataverse") };
        assert_eq!((server.as_str(), files.files), ("https://borealisdata.ca", Some(2800)));
        let FetchFrom::Manual { steps, archive } = builtin("savee").from else { panic!("SAVEE is by registration") };
        assert!(steps.len() >= 2 && archive.files == Some(480), "{steps:?}");
        assert!(matches!(builtin("emodb").from, FetchFrom::Zenodo { record: 17_651_657, .. }));
    }

    /// A corpus can be agreed to only where its licence is stated, and is whole only if as many files come as it has.
    #[test]
    fn every_built_in_corpus_has_a_source_that_fits_it() {
        for descriptor in builtin_descriptors() {
            let name = &descriptor.name;
            let fetch = descriptor.fetch.as_ref().unwrap_or_else(|| panic!("{name} has no source"));
            assert!(descriptor.licence.is_some(), "{name}");
            let stated: Vec<u64> = match &fetch.from {
                FetchFrom::Zenodo { archives, .. } => archives.iter().filter_map(|archive| archive.files).collect(),
                FetchFrom::Dataverse { files, .. } | FetchFrom::GitLfs { files, .. } => {
                    files.files.into_iter().collect()
                }
                FetchFrom::Manual { archive, .. } => archive.files.into_iter().collect(),
            };
            for files in stated {
                assert!(descriptor.expected.iter().any(|expected| expected.files == files), "{name}: {files}");
            }
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let table =
            "kind = \"git-lfs\"\nrepository = \"CREMA-D\"\ncommit = \"1658cd3\"\ninclude = [\"a[\"]\nrecord = 7\n";
        let told = with(table).expect_err("four mistakes");
        for expected in [
            "line 7: `fetch.repository`: expected owner and name on GitHub, `owner/name`, found `CREMA-D`",
            "line 8: `fetch.commit`: expected the whole id of a commit, 40 hexadecimal digits, found `1658cd3`",
            "line 9: `fetch.include`: not a usable glob",
            "line 10: `fetch.record`: a source of kind `git-lfs` has no such key: expected repository, commit, include",
        ] {
            assert!(told.contains(expected), "missing `{expected}` in:\n{told}");
        }
        for (table, expected) in [
            ("kind = \"zenod\"", "there is no source `zenod`: did you mean `zenodo`?"),
            ("kind = \"zenodo\"", "a source of kind `zenodo` needs `archive`"),
            (
                "kind = \"dataverse\"\nserver = \"http://x\"\ndataset = \"d\"\ninclude = [\"*\"]",
                "begins with `https://`",
            ),
            ("kind = \"manual\"\n[[fetch.archive]]\nname = \"a/b\"", "expected the name of a file, found `a/b`"),
            ("kind = \"manual\"\n[[fetch.archive]]\nname = \"a\"\nchecksums = [\"md5:1\"]", "`md5:1` is no checksum"),
            (
                "kind = \"manual\"\n[[fetch.archive]]\nname = \"a\"\n[[fetch.archive]]\nname = \"b\"",
                "expected one archive",
            ),
            ("kind = \"manual\"\n[[fetch.archive]]\nname = \"a\"\nsize = 1", "unknown field `size`"),
        ] {
            let told = with(table).expect_err(table);
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn the_command_that_fetches_a_corpus_names_it_as_it_can_be_typed() {
        let ravdess = Descriptor::load("ravdess", Path::new(".")).expect("built in");
        let how = ravdess.how_to_get().expect("known");
        assert!(how.starts_with("`ser fetch ravdess`, or by hand: download Audio_Speech_Actors_01-24.zip"), "{how}");
        let text = ravdess.text.replace("name = \"ravdess\"", "name = \"mine\"");
        let mine = Descriptor::parse(&text, Some("far/mine.toml".into())).expect("valid");
        assert_eq!(mine.fetch_command().as_deref(), Some("ser fetch far/mine.toml"));
        let (text, _) = text.split_once("[fetch]").expect("a source");
        let none = Descriptor::parse(text, None).expect("valid");
        assert_eq!((none.fetch_command(), none.how_to_get()), (None, none.how_to_obtain()));
    }

    #[test]
    fn a_corpus_may_have_no_source() {
        let text = "name = \"a\"\ntitle = \"A\"\n[[pattern]]\npath = '(?<speaker>\\w)(?<emotion>\\w)'\n";
        assert_eq!(Descriptor::parse(text, None).expect("valid").fetch, None);
        let fetch =
            with("kind = \"manual\"\n[[fetch.archive]]\nname = \"a.zip\"\nunpack = [\"**/*.wav\"]").expect("valid");
        assert!(matches!(fetch, Some(Fetch { licence_url: None, from: FetchFrom::Manual { .. } })), "{fetch:?}");
    }
}
