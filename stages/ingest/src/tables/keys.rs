//! Which files of a corpus the key of a row means.
//!
//! A key is a path, or the end of one: with or without extension, with `/` or `\`, below the root, from the root's own
//! name on, or as it was on another machine. It means a file when one of them is the end of the other.
//!
//! A key that fits several files means all of them where they are the same recording, which is so in two cases: the
//! tree lies in a folder of its own name once more (`data/x`, `data/data/x`); or their names alone, whatever their
//! folders, tell speaker and emotion, and the same. Otherwise it means the one whose whole path it is, or those that
//! are the corpus's speech; and if they still are several, none. What a key means from the folder of its table on comes
//! before all that.

use std::collections::HashMap;
use std::path::Path;

use ser_storage::Root;
use ser_text::nfc;

use crate::descriptor::Descriptor;
use crate::names::{self, Facts, Reading, without_doubled_folders};
use crate::walk;

/// The files of a corpus by whole paths, and by the ends of them.
#[derive(Debug)]
pub(super) struct Files<'a> {
    descriptor: &'a Descriptor,
    /// Path below the root without extension, and what its name says.
    readings: Vec<(&'a str, &'a Reading)>,
    /// Normal path, as found or as repaired, and the number of its file.
    paths: Vec<(String, usize)>,
    /// Numbers of paths by their ends; the whole path is one of them.
    by_end: HashMap<u64, Vec<u32>>,
    /// Name of the root's folder.
    root: Option<String>,
}

/// What a key means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No file.
    None,
    /// These files, by number.
    Files(Vec<usize>),
    /// These files, if nothing else does: they lie elsewhere than the key says.
    Elsewhere(Vec<usize>),
    /// One of these files, and it cannot be told which.
    Ambiguous(Vec<usize>),
}

impl<'a> Files<'a> {
    /// The files at `stems`, paths below `root` without extension, with what their names say.
    pub(super) fn new(descriptor: &'a Descriptor, root: &Root, stems: &[(&'a str, &'a Reading)]) -> Self {
        let mut files: Vec<(&str, &Reading)> = stems.to_vec();
        files.dedup_by_key(|(stem, _)| *stem);
        let mut paths = Vec::with_capacity(files.len());
        for (number, (stem, reading)) in files.iter().enumerate() {
            let found = normal(stem);
            let repaired = reading.repaired.is_some().then(|| normal(&reading.path));
            paths.extend(repaired.filter(|repaired| *repaired != found).map(|repaired| (repaired, number)));
            paths.push((found, number));
        }
        let mut index = Self { descriptor, readings: files, paths, by_end: HashMap::new(), root: None };
        for number in 0..index.paths.len() {
            for end in ends(&index.paths[number].0) {
                index.by_end.entry(hash(end)).or_default().push(number as u32);
            }
        }
        index.root = match root {
            Root::Folder(folder) => {
                let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                folder.file_name().map(|name| nfc(&name.to_string_lossy()).into_owned())
            }
            Root::Bucket(prefix) => Some(nfc(prefix.name()).into_owned()),
        };
        index
    }

    /// Path of file `number` below the root, without extension.
    pub(super) fn stem(&self, number: usize) -> &'a str {
        self.readings.get(number).map_or("", |(stem, _)| stem)
    }

    /// Number of files; one path in two formats counts once.
    pub(super) fn len(&self) -> usize {
        self.readings.len()
    }

    /// Whether file `number` is the corpus's speech, by its name.
    pub(super) fn is_speech(&self, number: usize) -> bool {
        self.facts(number).is_some_and(|facts| facts.modality.is_none())
    }

    /// The files that `key`, without an audio extension, means in a table that lies in `folder` below the root.
    pub(super) fn meaning(&self, key: &str, folder: Option<&str>) -> Meaning {
        let key = normal(key);
        let beside = folder.map(|folder| normal(&format!("{folder}/{key}")));
        if let Some(beside) = beside.filter(|path| !self.with_path(path).is_empty()) {
            return self.chosen(&beside, self.ending_with(&beside)).map_or_else(Meaning::Ambiguous, Meaning::Files);
        }
        let below_root = self.root.as_deref().and_then(|root| behind(&key, root));
        for key in std::iter::once(key.as_str()).chain(below_root) {
            let fitting = self.ending_with(key);
            if !fitting.is_empty() {
                return self.chosen(key, fitting).map_or_else(Meaning::Ambiguous, Meaning::Files);
            }
        }
        // The key goes further up than the corpus: of its ends, the longest that is the whole path of a file.
        for end in ends(&key).skip(1) {
            let whole = self.with_path(end);
            if !whole.is_empty() {
                return self.chosen(end, whole).map_or_else(Meaning::Ambiguous, Meaning::Elsewhere);
            }
        }
        Meaning::None
    }

    /// Those of `fitting` that are meant by `key`; all of them as an error where that cannot be told.
    fn chosen(&self, key: &str, fitting: Vec<usize>) -> Result<Vec<usize>, Vec<usize>> {
        if self.are_one_recording(&fitting) {
            return Ok(fitting);
        }
        let whole = self.with_path(key);
        let speech: Vec<usize> = fitting.iter().copied().filter(|&number| self.is_speech(number)).collect();
        for fewer in [whole, speech] {
            if !fewer.is_empty() && self.are_one_recording(&fewer) {
                return Ok(fewer);
            }
        }
        Err(fitting)
    }

    fn ending_with(&self, key: &str) -> Vec<usize> {
        let is_end = |path: &str| {
            path.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('/')) && !key.is_empty()
        };
        self.fitting(key, is_end)
    }

    fn with_path(&self, key: &str) -> Vec<usize> {
        self.fitting(key, |path| path == key)
    }

    fn fitting(&self, key: &str, fits: impl Fn(&str) -> bool) -> Vec<usize> {
        let near = self.by_end.get(&hash(key)).map(Vec::as_slice).unwrap_or_default();
        let near = near.iter().filter_map(|&number| self.paths.get(number as usize));
        let mut files: Vec<usize> = near.filter(|(path, _)| fits(path)).map(|(_, file)| *file).collect();
        files.dedup();
        files
    }

    fn facts(&self, number: usize) -> Option<&'a Facts> {
        self.readings.get(number).and_then(|(_, reading)| reading.facts.as_ref().ok())
    }

    fn are_one_recording(&self, numbers: &[usize]) -> bool {
        let [first, others @ ..] = numbers else { return true };
        if others.is_empty() {
            return true;
        }
        let unfolded = |&number: &usize| without_doubled_folders(&normal(self.stem(number)));
        let path = unfolded(first);
        if others.iter().all(|other| unfolded(other) == path) {
            return true;
        }
        let told = self.told_by_name(*first);
        told.is_some() && others.iter().all(|&other| self.told_by_name(other) == told)
    }

    /// What the name of a file tells on its own; `None` unless that is speaker and emotion at least, and the same as
    /// with the folder.
    fn told_by_name(&self, number: usize) -> Option<[Option<String>; 5]> {
        let (_, reading) = self.readings.get(number)?;
        let with_folder = told(reading.facts.as_ref().ok()?);
        let alone = told(&names::read_name(self.descriptor, names::file_name(&reading.path)).facts.ok()?);
        let [speaker, emotion, ..] = &alone;
        (speaker.is_some() && emotion.is_some() && alone == with_folder).then_some(alone)
    }
}

/// `key` without the extension of an audio file.
pub(super) fn without_audio_extension(key: &str) -> &str {
    let name_at = key.rfind(['/', '\\']).map_or(0, |slash| slash + 1);
    match key[name_at..].rfind('.') {
        Some(dot) if dot > 0 && walk::is_audio(Path::new(&key[name_at..])) => &key[..name_at + dot],
        _ => key,
    }
}

/// A path as it is compared: composed letters, `/`, no empty and no `.` parts.
fn normal(path: &str) -> String {
    let path = nfc(path).replace('\\', "/");
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

/// The path itself, then without its first part, and so on.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |end| end.split_once('/').map(|(_, rest)| rest)).filter(|end| !end.is_empty())
}

/// What stands behind the last folder `name` in `path`.
fn behind<'k>(path: &'k str, name: &str) -> Option<&'k str> {
    ends(path).filter_map(|end| end.split_once('/')).filter(|(part, _)| *part == name).map(|(_, rest)| rest).last()
}

fn told(facts: &Facts) -> [Option<String>; 5] {
    let facts = facts.clone();
    [facts.speaker, facts.emotion_raw, facts.intensity, facts.sentence, facts.take]
}

/// Ends of paths are many; a number for each is smaller than the text, and whoever looks compares the text.
fn hash(end: &str) -> u64 {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    hasher.write(end.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What keys mean in a corpus of these stems, at a root called `data`; ambiguous keys with `?`, those that lie
    /// elsewhere with `~`.
    fn meanings(pattern: &str, stems: &[&str], keys: &[&str]) -> Vec<String> {
        let text = format!(
            "name = \"c\"\ntitle = \"C\"\n[[repair]]\npath = '_X$'\nbecomes = '_XX'\nwhy = \"short\"\n\
             [[pattern]]\nmodality = \"far\"\npath = '^far/'\n[[pattern]]\npath = '{pattern}'\n\
             [[table]]\nfile = \"t.csv\"\njoins = \"clip\"\nkey = \"k\"\n\
             columns = {{ speaker = \"s\", emotion = \"e\" }}\n"
        );
        let descriptor = Descriptor::parse(&text, None).expect("descriptor");
        let readings: Vec<Reading> = stems.iter().map(|stem| names::read_name(&descriptor, stem)).collect();
        let stems: Vec<(&str, &Reading)> = stems.iter().copied().zip(&readings).collect();
        let files = Files::new(&descriptor, &Root::Folder("/nowhere/data".into()), &stems);
        let listed = |numbers: Vec<usize>| numbers.iter().map(|&n| files.stem(n)).collect::<Vec<_>>().join(" ");
        let meaning = |key: &&str| match files.meaning(without_audio_extension(key), None) {
            Meaning::None => String::new(),
            Meaning::Files(numbers) => listed(numbers),
            Meaning::Elsewhere(numbers) => format!("~{}", listed(numbers)),
            Meaning::Ambiguous(numbers) => format!("?{}", listed(numbers)),
        };
        keys.iter().map(meaning).collect()
    }

    const NAMELESS: &str = r"(?<sentence>[^/]+)$";
    const TOLD_BY_NAME: &str = r"(?:^|/)(?<speaker>s\d)_(?<emotion>sad|angry)_(?<sentence>\w+)$";

    #[test]
    fn one_end_of_a_path_is_enough_where_it_is_one_file() {
        let stems = ["sub/u0", "sub/u1", "sub/u2", "sub/u3"];
        let keys = [
            r"sub\u0.wav",
            "./sub/u1.WAV",
            "data/sub/u2.wav",
            "/home/someone/corpus/sub/u3.wav",
            r"C:\corpus\sub\u3.flac",
            "u0",
            r"\\server\data\u1.mp3",
            "..//sub/./u2.wav",
            "other/u0.wav",
            "b/u0.wav",
            "u0.txt",
            "U0.wav",
            "",
        ];
        let expected =
            ["sub/u0", "sub/u1", "sub/u2", "~sub/u3", "~sub/u3", "sub/u0", "sub/u1", "~sub/u2", "", "", "", "", ""];
        assert_eq!(meanings(NAMELESS, &stems, &keys), expected);
    }

    #[test]
    fn a_name_of_several_files_means_none_and_a_whole_path_its_file() {
        let stems = ["001", "p1/001", "p1/002", "p2/001", "p2/003", "s/p2/003"];
        let keys = ["p1/001", "002", "001", "p2/003", "003", "/x/p2/001", "p3/001"];
        let expected = ["p1/001", "p1/002", "001", "p2/003", "?p2/003 s/p2/003", "~p2/001", "~001"];
        assert_eq!(meanings(NAMELESS, &stems, &keys), expected);
        assert_eq!(meanings(NAMELESS, &stems[1..], &["001"]), ["?p1/001 p2/001"]);
        let by_folder = r"(?<speaker>p\d)/(?<sentence>\d+)$";
        assert_eq!(meanings(by_folder, &stems[1..], &["001", "003"]), ["?p1/001 p2/001", "?p2/003 s/p2/003"]);
    }

    #[test]
    fn copies_of_a_tree_are_one_recording() {
        let stems = ["a/a/s1_sad_x", "a/s1_sad_x", "b/s1_sad_x", "s1_angry_x"];
        let all = "a/a/s1_sad_x a/s1_sad_x b/s1_sad_x";
        assert_eq!(meanings(TOLD_BY_NAME, &stems, &["s1_sad_x.wav"]), [all]);
        let doubled = ["a/a/x", "a/x", "b/y", "c/y"];
        assert_eq!(meanings(NAMELESS, &doubled, &["x", "a/x", "y"]), ["a/a/x a/x", "a/a/x a/x", "?b/y c/y"]);
    }

    #[test]
    fn a_repaired_name_is_found_by_either() {
        let stems = ["a/s1_sad_X", "b/s1_sad_XX"];
        let both = "a/s1_sad_X b/s1_sad_XX";
        assert_eq!(
            meanings(TOLD_BY_NAME, &stems, &["s1_sad_XX", "s1_sad_X", "a/s1_sad_XX"]),
            [both, "a/s1_sad_X", "a/s1_sad_X"]
        );
    }

    #[test]
    fn speech_is_meant_before_what_is_none() {
        let stems = ["close/u1", "far/u1"];
        assert_eq!(meanings("^close/(?<sentence>.*)$", &stems, &["u1", "far/u1"]), ["close/u1", "far/u1"]);
    }

    #[test]
    fn letters_are_compared_composed() {
        let stems = ["Jose\u{301}/u1", "Bj\u{f6}rn/u2"];
        assert_eq!(meanings(NAMELESS, &stems, &["Jos\u{e9}/u1", "Bjo\u{308}rn/u2"]), stems);
    }
}
