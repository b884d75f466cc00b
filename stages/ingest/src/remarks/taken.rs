//! Groups that take too much of a name, too little of it, or another part of it: one person under several ids, several
//! persons under one, something else in a person's place.
//!
//! That speakers are told wrongly is seen in no number of an evaluation: a person on both sides of a split makes it
//! better. So these are told even where a corpus may be meant so.

use std::collections::{BTreeMap, BTreeSet};

use ser_text::counted;

use super::{Read, Remarks, is_gender, quoted};
use crate::descriptor::Field;
use crate::emotions;
use crate::identify::Identity;
use crate::names;

/// What stands between the parts of an id.
const SEPARATORS: [char; 8] = ['-', '_', '.', ' ', '+', '#', '@', '~'];

/// Words that a number behind makes the name of a text or a take, hardly of a person.
const TEXTS: [&str; 23] = [
    "clip",
    "file",
    "item",
    "line",
    "ph",
    "phr",
    "phrase",
    "rec",
    "rep",
    "satz",
    "sent",
    "sentence",
    "t",
    "take",
    "text",
    "tk",
    "trial",
    "txt",
    "u",
    "utt",
    "utterance",
    "word",
    "words",
];

/// Words that a number behind makes the name of a person.
const PEOPLE: [&str; 20] = [
    "actor",
    "actress",
    "f",
    "id",
    "m",
    "p",
    "part",
    "participant",
    "person",
    "pers",
    "proband",
    "s",
    "sp",
    "speaker",
    "spk",
    "sub",
    "subj",
    "subject",
    "vp",
    "w",
];

/// Words that folders are called by which are no persons.
const NO_PEOPLE: [&str; 40] = [
    "audio",
    "clean",
    "data",
    "dev",
    "eval",
    "flac",
    "female",
    "high",
    "home",
    "impro",
    "improvised",
    "indoor",
    "lab",
    "left",
    "long",
    "low",
    "male",
    "mono",
    "new",
    "noisy",
    "normal",
    "old",
    "original",
    "outdoor",
    "phone",
    "raw",
    "right",
    "scripted",
    "short",
    "speech",
    "statements",
    "stereo",
    "strong",
    "studio",
    "test",
    "train",
    "training",
    "val",
    "valid",
    "wav",
];

pub(super) fn all(read: &Read<'_>, remarks: &mut Remarks) {
    let files: Vec<(&str, &Identity)> = read.understood().collect();
    let several = folders_in_speakers(&files).or_else(|| people_with_several_ids(&files));
    remarks.warnings.extend(several);
    remarks.warnings.extend(speakers_that_are_texts(&files));
    remarks.warnings.extend(folders_that_are_people(read));
    remarks.warnings.extend(parts_of_words(read));
    remarks.warnings.extend(one_recording_in_several_files(read));
}

fn speakers<'a>(files: &[(&'a str, &'a Identity)]) -> BTreeSet<&'a str> {
    files.iter().filter_map(|(_, identity)| identity.facts.speaker.as_deref()).collect()
}

/// Whether no speaker has two emotions: then the emotion is what was taken wrongly, which is told elsewhere.
fn each_has_one_emotion(files: &[(&str, &Identity)]) -> bool {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    files.iter().all(|(_, Identity { facts, .. })| match (&facts.speaker, &facts.emotion_raw) {
        (Some(speaker), Some(emotion)) => *first.entry(speaker).or_insert(emotion) == emotion.as_str(),
        _ => true,
    })
}

/// A `/` in the id of a speaker.
fn folders_in_speakers(files: &[(&str, &Identity)]) -> Option<String> {
    let speakers = speakers(files);
    let with: Vec<&str> = speakers.iter().copied().filter(|id| id.contains('/')).collect();
    (!with.is_empty()).then(|| {
        format!(
            "{} of {} hold a `/`, such as {}: a folder and a part of the name are taken together, so that one person \
             may count as several and be on both sides of a split; let the group `speaker` take the part that is the \
             person, with `[^/]+` inside it",
            with.len(),
            counted(speakers.len(), "speaker id"),
            quoted(with.iter().copied())
        )
    })
}

/// Ids that share a beginning, several with each of several beginnings.
fn people_with_several_ids(files: &[(&str, &Identity)]) -> Option<String> {
    let speakers = speakers(files);
    if each_has_one_emotion(files) {
        return None;
    }
    let cuts: [fn(&str) -> Option<(&str, &str)>; 3] = [
        |id| id.split_once(SEPARATORS),
        |id| id.rsplit_once(SEPARATORS),
        |id| {
            let word = id.trim_end_matches(|character: char| character.is_ascii_digit());
            // A letter or two with a number is how speakers are numbered.
            (word.len() < id.len() && word.chars().count() > 2).then(|| id.split_at(word.len()))
        },
    ];
    let (number, groups) = cuts.into_iter().find_map(|cut| {
        let mut groups: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for id in speakers.iter().copied() {
            if let Some((beginning, rest)) = cut(id).filter(|(beginning, _)| !beginning.is_empty()) {
                groups.entry(beginning).or_default().push((id, rest));
            }
        }
        groups.retain(|_, ids| ids.len() > 1);
        let number: usize = groups.values().map(Vec::len).sum();
        let by_gender = groups.keys().all(|beginning| is_gender(beginning))
            || groups.values().flatten().all(|(_, rest)| is_gender(rest));
        (groups.len() > 1 && number * 2 > speakers.len() && !by_gender).then_some((number, groups))
    })?;
    let (beginning, ids) = groups.first_key_value()?;
    Some(format!(
        "{number} of {} fall into {} groups with a common beginning, such as `{beginning}` with {}; if that is one \
         person, a speaker-independent split can have the person on both sides: let the group `speaker` take the part \
         that is the person alone, or join the ids with a `[[repair]]`",
        counted(speakers.len(), "speaker id"),
        groups.len(),
        quoted(ids.iter().map(|(id, _)| *id)),
    ))
}

/// Ids like `t3` and `utt_04`.
fn speakers_that_are_texts(files: &[(&str, &Identity)]) -> Option<String> {
    let speakers = speakers(files);
    (speakers.len() > 1 && speakers.iter().all(|id| numbered(id, &TEXTS))).then(|| {
        format!(
            "the speakers are {}, which are called like texts or takes; if they are, nothing keeps a person on one \
             side of a split: let the group `speaker` take the part that is the person",
            quoted(speakers.iter().copied())
        )
    })
}

/// Whether `name` is one of `words` with a number behind.
fn numbered(name: &str, words: &[&str]) -> bool {
    let word = name.trim_end_matches(|character: char| character.is_ascii_digit());
    word.len() < name.len() && words.contains(&word.trim_end_matches(SEPARATORS).to_lowercase().as_str())
}

/// Folders that are called like people, each of which has the speakers of all others.
fn folders_that_are_people(read: &Read<'_>) -> Option<String> {
    let files: Vec<(&str, &Identity)> = read.understood().collect();
    let depth = files.iter().map(|(path, _)| path.matches('/').count()).min()?;
    (0..depth).find_map(|level| {
        let folders: Vec<(&str, &Identity)> =
            files.iter().filter_map(|(path, identity)| Some((path.split('/').nth(level)?, *identity))).collect();
        let different: BTreeSet<&str> = folders.iter().map(|(folder, _)| *folder).collect();
        let speakers = speakers(&folders);
        let with_speakers: BTreeSet<(&str, Option<&str>)> =
            folders.iter().map(|(folder, identity)| (*folder, identity.facts.speaker.as_deref())).collect();
        // Nearly all of them: a corpus has gaps.
        let are_crossed = different.len() > 1
            && speakers.len() > 1
            && with_speakers.len() * 4 >= different.len() * speakers.len() * 3;
        let by = |field| one_value_each(&folders, field);
        let sorted_by_another = [Field::Emotion, Field::Intensity, Field::Gender].into_iter().any(by);
        let taken = [Field::Sentence, Field::Take].into_iter().find(|field| by(*field));
        let are_people = are_people(&different) || (taken.is_some() && different.iter().all(|name| !is_no_person(name)));
        (are_crossed && !sorted_by_another && are_people).then(|| {
            let taken = taken.map(|field| format!(" and one {} only", field.as_str())).unwrap_or_default();
            format!(
                "each of the {} folders {} has all {} speakers ({}){taken}; if the folders are the people, let the group \
                 `speaker` take the folder",
                different.len(),
                quoted(different.iter().copied()),
                speakers.len(),
                quoted(speakers.iter().copied())
            )
        })
    })
}

/// Whether each folder has one value of `field` that no other one has.
fn one_value_each(folders: &[(&str, &Identity)], field: Field) -> bool {
    let pairs: BTreeSet<(&str, Option<&str>)> =
        folders.iter().map(|(folder, identity)| (*folder, identity.facts.told(field))).collect();
    let values: BTreeSet<&str> = pairs.iter().filter_map(|(_, value)| *value).collect();
    let number = pairs.iter().map(|(folder, _)| folder).collect::<BTreeSet<_>>().len();
    let each_has_one = pairs.len() == number && pairs.iter().all(|(_, value)| value.is_some());
    // Folders for two emotions of the same kind are sorted by emotion all the same.
    each_has_one && values.len() > 1 && (values.len() == number || field == Field::Emotion)
}

/// Whether all `folders` are called like people: a name, or a person's number.
fn are_people(folders: &BTreeSet<&str>) -> bool {
    let is_name = |name: &&str| {
        name.chars().count() > 1 && name.chars().all(char::is_alphabetic) && !is_no_person(name)
            || numbered(name, &PEOPLE)
    };
    folders.iter().all(is_name)
}

fn is_no_person(name: &str) -> bool {
    let word = name.trim_end_matches(|character: char| character.is_ascii_digit()).trim_end_matches(SEPARATORS);
    let word = word.to_lowercase();
    [&NO_PEOPLE[..], &TEXTS[..]].concat().contains(&word.as_str()) || emotions::emotion_of(&word).is_some()
}

/// Files of which the pattern reads a part of a word, as nothing says where it begins or ends.
fn parts_of_words(read: &Read<'_>) -> Vec<String> {
    let mut begun = Cut::default();
    let mut ended = Cut::default();
    for (found, identity) in read.walk.files.iter().zip(read.identities) {
        if identity.facts.modality.is_some() {
            continue;
        }
        let path = names::read_name(read.descriptor, found.stem()).path;
        let Some((_, _, captures)) = names::first_match(read.descriptor, &path) else { continue };
        let (Some(all), speaker) = (captures.get(0), captures.name(Field::Speaker.as_str())) else { continue };
        let [before, behind] = [&path[..all.start()], &path[all.end()..]];
        let inside = all.as_str();
        let at_start = speaker.is_some_and(|speaker| speaker.start() == all.start());
        let at_end = speaker.is_some_and(|speaker| speaker.end() == all.end());
        let rest = before.rsplit(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
        begun.look([before.chars().next_back(), inside.chars().next()], rest, at_start, &path);
        let rest = behind.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
        ended.look([inside.chars().next_back(), behind.chars().next()], rest, at_end, &path);
    }
    let told = |cut: &Cut, verb: &str, remedy: &str| {
        let (rest, path) = cut.first.as_ref()?;
        Some(format!(
            "of {} the pattern reads a part of a word: in `{path}` it {verb} `{rest}`, so that different words may be \
             read as one; {remedy}",
            counted(cut.files, "file")
        ))
    };
    [
        told(&begun, "begins behind", "begin it with `(?:^|/)`, or with what stands before"),
        told(&ended, "ends before", "end it with `$`, or with what stands behind"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Words that a pattern cuts at one of its ends.
#[derive(Default)]
struct Cut {
    files: usize,
    /// What was cut off first, and of which path.
    first: Option<(String, String)>,
    /// What is cut off the ids of speakers between a word and a number, with the first path.
    off_speakers: BTreeMap<String, String>,
}

impl Cut {
    /// Looks at the two characters where the pattern cuts; `rest` is what it cuts off, of a speaker's id or of another part.
    fn look(&mut self, [one, two]: [Option<char>; 2], rest: &str, of_speaker: bool, path: &str) {
        let (Some(one), Some(two)) = (one, two) else { return };
        let is_inside = one.is_alphabetic() && two.is_alphabetic() || one.is_numeric() && two.is_numeric();
        if is_inside {
            self.add(rest, path);
        } else if one.is_alphanumeric() && two.is_alphanumeric() && of_speaker {
            // `Actor01` is read as `01` on purpose, as long as there are no others with a number: `f1` and `m1` are two.
            self.off_speakers.entry(rest.to_owned()).or_insert_with(|| path.to_owned());
            if self.off_speakers.len() > 1 {
                self.add(rest, path);
            }
        }
    }

    fn add(&mut self, rest: &str, path: &str) {
        self.files += 1;
        self.first.get_or_insert_with(|| (rest.to_owned(), path.to_owned()));
    }
}

/// Files that are the same recording by what their names tell, though the pattern reads different names.
fn one_recording_in_several_files(read: &Read<'_>) -> Option<String> {
    type Key<'a> = (Option<usize>, [Option<&'a str>; 5]);
    let descriptor = read.descriptor;
    let tells_apart = |number: usize| {
        let pattern = descriptor.patterns.get(number);
        let mut groups = pattern.into_iter().flat_map(|pattern| pattern.path.capture_names().flatten());
        groups.any(|group| group == Field::Sentence.as_str() || group == Field::Take.as_str())
    };
    let mut recordings: BTreeMap<Key<'_>, BTreeMap<&str, &str>> = BTreeMap::new();
    let files: Vec<(&str, &Identity)> = read.understood().collect();
    for (path, identity) in &files {
        let fields = [Field::Speaker, Field::Emotion, Field::Intensity, Field::Sentence, Field::Take];
        let pattern = names::read_name(descriptor, path).pattern;
        if pattern.is_some_and(tells_apart) {
            let key = (pattern, fields.map(|field| identity.facts.told(field)));
            recordings.entry(key).or_default().entry(identity.own_part.as_str()).or_insert(path);
        }
    }
    let speakers: BTreeSet<Option<&str>> = recordings.keys().map(|(_, [speaker, ..])| *speaker).collect();
    // A single speaker has a warning, or was declared.
    if !read.is_own() || speakers.len() < 2 || each_has_one_emotion(&files) {
        return None;
    }
    let several: Vec<_> = recordings.iter().filter(|(_, names)| names.len() > 1).collect();
    let ((_, [speaker, emotion, _, sentence, take]), names) = several.first()?;
    let told = [("speaker", speaker), ("emotion", emotion), ("sentence", sentence), ("take", take)];
    let told = told.into_iter().filter_map(|(name, value)| Some(format!("{name} `{}`", (*value)?)));
    Some(format!(
        "{} have the speaker, emotion, sentence and take of another one: {} are {}; if they are different recordings, a \
         group takes too little of the name: let `speaker` take all that tells people apart, and `take` what tells \
         repetitions apart",
        counted(several.iter().map(|(_, names)| names.len()).sum(), "file"),
        quoted(names.values().copied()),
        told.collect::<Vec<_>>().join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use crate::remarks::tests::{warnings, with};

    const EMOTIONS: [&str; 4] = ["angry", "happy", "neutral", "sad"];

    /// Names made of a template with all combinations of two parts and the emotions.
    fn names(template: &str, ones: &[&str], twos: &[&str]) -> Vec<String> {
        let with = |one: &str, two: &str, emotion: &str| {
            format!("{}.wav", template.replace("<1>", one).replace("<2>", two).replace("<e>", emotion))
        };
        let twos = |one| twos.iter().flat_map(move |two| EMOTIONS.map(|emotion| with(one, two, emotion)));
        ones.iter().flat_map(|one| twos(*one)).collect()
    }

    fn of(pattern: &str, names: &[String]) -> Vec<String> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        warnings(&with(&format!("[[pattern]]\npath = '{pattern}'\n"), &names))
    }

    fn one(pattern: &str, names: &[String], expected: &str) {
        let found = of(pattern, names);
        assert!(found.len() == 1 && found[0].contains(expected), "{pattern}: {found:#?}");
    }

    fn none(pattern: &str, names: &[String]) {
        assert_eq!(of(pattern, names), Vec::<String>::new(), "{pattern}");
    }

    #[test]
    fn one_person_under_several_ids_is_doubted() {
        let people = ["anna", "bert", "carl"];
        let greedy = r"^(?<speaker>.+)[-_](?<emotion>[a-z]+)$";
        one(greedy, &names("<1>/<2>_<e>", &people, &["00", "01"]), "6 of 6 speaker ids hold a `/`, such as `anna/00`");
        one(greedy, &names("<2>/<1>_<e>", &people, &["disc1", "disc2"]), "hold a `/`, such as `disc1/anna`");
        for (template, example) in [
            ("<1>-<2>-<e>", "`anna` with `anna-00`, `anna-01`"),
            ("<1>_s<2>_<e>", "`anna` with `anna_s00`, `anna_s01`"),
            ("<1><2>-<e>", "`anna` with `anna00`, `anna01`"),
            ("x/<1>.<2>_<e>", "`anna` with `anna.00`, `anna.01`"),
        ] {
            let pattern = r"(?:^|/)(?<speaker>[^/]+)[-_](?<emotion>[a-z]+)$";
            one(pattern, &names(template, &people, &["00", "01"]), example);
        }
    }

    #[test]
    fn usual_ids_are_not_doubted() {
        let pattern = r"^(?<speaker>.+)_(?<sentence>[^_]+)_(?<emotion>[a-z]+)$";
        let texts = ["a", "b"];
        for people in [
            ["s1", "s2", "s3", "s4"],
            ["f1", "f2", "m1", "m2"],
            ["f_01", "f_02", "m_01", "m_02"],
            ["01_F", "01_M", "02_F", "02_M"],
            ["EB0", "IC0", "KS0", "WR0"],
            ["speaker_1", "speaker_2", "speaker_3", "speaker_4"],
            ["1001", "1002", "1013", "1014"],
            ["Ses01F", "Ses01M", "Ses02F", "Ses02M"],
            ["anna", "annabel", "bert", "berta"],
        ] {
            none(pattern, &names("<1>_<2>_<e>", &people, &texts));
        }
    }

    #[test]
    fn a_text_or_a_take_in_the_place_of_the_person_is_doubted() {
        let people = ["anna", "bert"];
        let pattern = r"^(?<sentence>[a-z]+)_(?<speaker>[a-z0-9]+)_(?<emotion>[a-z]+)$";
        one(
            pattern,
            &names("<1>_<2>_<e>", &people, &["t0", "t1", "t2"]),
            "`t0`, `t1`, `t2`, which are called like texts",
        );
        let pattern = r"(?<sentence>[^/-]+)-ph(?<speaker>\d+)-(?<emotion>[a-z]+)$";
        let found = "each of the 2 folders `anna`, `bert` has all 3 speakers (`01`, `02`, `03`) and one sentence only";
        one(pattern, &names("<1>/<1>-ph<2>-<e>", &people, &["01", "02", "03"]), found);
        let pattern = r"(?:^|/)(?<speaker>\d+)-(?<emotion>[a-z]+)$";
        one(pattern, &names("<1>/<2>-<e>", &["p1", "p2"], &["01", "02", "03"]), "`p1`, `p2` has all 3 speakers");
        let pattern = r"(?:^|/)(?<speaker>[a-z]+)-(?<emotion>[a-z]+)$";
        for folders in [["session1", "session2"], ["clean", "noisy"], ["train", "test"], ["2019", "2020"]] {
            none(pattern, &names("<1>/<2>-<e>", &folders, &["anna", "bert", "carl"]));
        }
        none(pattern, &names("<e>/<2>-<e>", &["x"], &["anna", "bert", "carl"]));
    }

    #[test]
    fn a_pattern_that_reads_a_part_of_a_word_is_doubted() {
        let people = ["Carl", "Dora"];
        let takes = ["00", "01"];
        let told = "in `Carl/00_angry` it begins behind `C`";
        one(r"(?<speaker>[a-z]+)/(?<take>\d+)_(?<emotion>[a-z]+)$", &names("<1>/<2>_<e>", &people, &takes), told);
        let mut angst = names("<1>/<2>_<e>", &people, &takes);
        angst.push("Carl/09_sadistic.wav".to_owned());
        let pattern = r"^(?<speaker>\w+)/(?<take>\d+)_(?<emotion>angry|happy|neutral|sad)";
        one(
            pattern,
            &angst,
            "of 1 file the pattern reads a part of a word: in `Carl/09_sadistic` it ends before `istic`",
        );
        let number = r"(?<speaker>\d+)_(?<take>\d+)_(?<emotion>[a-z]+)$";
        none(number, &names("Actor<1>_<2>_<e>", &["01", "02"], &takes));
        let found = of(number, &names("<1>_<2>_<e>", &["f1", "m1", "f2", "m2"], &takes));
        assert!(found.iter().any(|text| text.contains("it begins behind `m`")), "{found:#?}");
    }

    #[test]
    fn several_persons_under_one_id_are_doubted() {
        let takes = ["0", "1"];
        let files = names("<1>_<e>_<2>", &["f1", "f2", "m1", "m2"], &takes);
        let told = "32 files have the speaker, emotion, sentence and take of another one: `f1_angry_0`, `m1_angry_0` are \
                    speaker `1`, emotion `angry`, take `0`;";
        one(r"^[fm](?<speaker>\d)_(?<emotion>[a-z]+)_(?<take>\d)$", &files, told);
        let files = names("<1>/<2>_<e>", &["anna", "anton", "bert"], &takes);
        one(r"(?:^|/)(?<speaker>.)[^/]+/(?<take>\d)_(?<emotion>[a-z]+)$", &files, "16 files have");
        let right = r"(?:^|/)(?<speaker>[^/]+)/(?<take>\d)_(?<emotion>[a-z]+)$";
        let doubled: Vec<String> = files.iter().map(|name| format!("copy/{name}")).chain(files.clone()).collect();
        none(right, &doubled);
    }
}
