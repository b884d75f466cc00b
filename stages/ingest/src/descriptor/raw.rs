//! A descriptor as it is written: the TOML keys, before anything is checked that TOML cannot express.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// Text with its place in the file, for errors.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDescriptor {
    pub(super) name: Text,
    pub(super) title: String,
    pub(super) language: Option<Text>,
    pub(super) speech: Option<Text>,
    pub(super) licence: Option<String>,
    pub(super) redistribution: Option<Text>,
    pub(super) citation: Option<String>,
    pub(super) url: Option<String>,
    pub(super) obtain: Option<String>,
    #[serde(default)]
    pub(super) other_emotions: Vec<Text>,
    #[serde(default)]
    pub(super) files: RawFiles,
    #[serde(default)]
    pub(super) repair: Vec<RawRepair>,
    #[serde(default)]
    pub(super) pattern: Vec<RawPattern>,
    #[serde(default)]
    pub(super) folder: Vec<RawFolder>,
    #[serde(default)]
    pub(super) codes: BTreeMap<Text, BTreeMap<String, Text>>,
    #[serde(default)]
    pub(super) speakers: BTreeMap<String, RawSpeaker>,
    #[serde(default)]
    pub(super) gender: RawGender,
    #[serde(default)]
    pub(super) table: Vec<RawTable>,
    #[serde(default)]
    pub(super) expected: Vec<RawExpected>,
    pub(super) fetch: Option<RawFetch>,
}

/// Keys of every kind of source; which of them a kind has is checked later, so that a mistake is told in its words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFetch {
    pub(super) kind: Text,
    pub(super) licence_url: Option<String>,
    pub(super) record: Option<Spanned<u64>>,
    pub(super) server: Option<Text>,
    pub(super) dataset: Option<Text>,
    pub(super) repository: Option<Text>,
    pub(super) commit: Option<Text>,
    #[serde(default)]
    pub(super) include: Vec<Text>,
    pub(super) files: Option<Spanned<u64>>,
    pub(super) bytes: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) steps: Vec<Text>,
    #[serde(default)]
    pub(super) archive: Vec<RawArchive>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArchive {
    pub(super) name: Text,
    pub(super) bytes: Option<u64>,
    #[serde(default)]
    pub(super) checksums: Vec<Text>,
    #[serde(default)]
    pub(super) unpack: Vec<Text>,
    pub(super) files: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFiles {
    #[serde(default)]
    pub(super) include: Vec<Text>,
    #[serde(default)]
    pub(super) exclude: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRepair {
    pub(super) path: Text,
    pub(super) becomes: String,
    pub(super) why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPattern {
    pub(super) path: Text,
    pub(super) modality: Option<String>,
    #[serde(default)]
    pub(super) set: BTreeMap<Text, Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFolder {
    pub(super) path: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSpeaker {
    pub(super) gender: Option<String>,
    pub(super) age_years: Option<Spanned<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGender {
    pub(super) all: Option<String>,
    pub(super) odd: Option<String>,
    pub(super) even: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    pub(super) file: Text,
    #[serde(default)]
    pub(super) look_in: Vec<String>,
    pub(super) separator: Option<Text>,
    pub(super) joins: RawJoin,
    pub(super) key: String,
    pub(super) columns: BTreeMap<Text, String>,
    #[serde(default)]
    pub(super) codes: BTreeMap<Text, BTreeMap<String, Text>>,
    #[serde(default)]
    pub(super) rows: BTreeMap<String, Text>,
    pub(super) empty: Option<Text>,
}

/// What the key column of a table names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawJoin {
    Speaker,
    Clip,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpected {
    pub(super) edition: Option<String>,
    pub(super) files: u64,
    pub(super) speakers: Option<u64>,
    pub(super) files_per_speaker: Option<u64>,
    #[serde(default)]
    pub(super) emotions: BTreeMap<Text, u64>,
}
