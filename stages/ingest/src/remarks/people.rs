//! Groups that take too much of a name or another part of it: one person under several ids, something else in a
//! person's place.
//!
//! That speakers are told wrongly is seen in no number of an evaluation: a person on both sides of a split makes it
//! better. So these are told even where a corpus may be meant so.

use std::collections::{BTreeMap, BTreeSet};

use ser_text::counted;

use super::{Read, Remarks, each_has_one_emotion, is_gender, quoted};
use crate::descriptor::Field;
use crate::emotions;
use crate::identify::Identity;

/// Characters between the parts of an id.
const SEPARATORS: [char; 8] = ['-', '_', '.', ' ', '+', '#', '@', '~'];

/// Words that a number behind makes the name of a text or a take, hardly of a person.
const TEXTS: &str = "\
    clip file item line ph phr phrase rec rep satz sent sentence t take text tk trial txt u utt utterance word \
    words";

/// Words that a number behind makes the name of a person.
const PEOPLE: &str = "\
    actor actress f id m p part participant person pers proband s sp speaker spk sub subj subject vp w";

/// Words that folders are called by which are no persons.
const NO_PEOPLE: &str = "\
    audio clean data dev eval flac female high home impro improvised indoor lab left long low male mono new noisy \
    normal old original outdoor phone raw right scripted short speech statements stereo strong studio test train \
    training val valid wav";

pub(super) fn all(read: &Read<'_>, remarks: &mut Remarks) {
    let files: Vec<(&str, &Identity)> = read.understood().collect();
    let several = folders_in_speakers(&files).or_else(|| people_with_several_ids(&files));
    remarks.warnings.extend(several);
    remarks.warnings.extend(speakers_that_are_texts(&files));
    remarks.warnings.extend(folders_that_are_people(read));
}

fn speakers<'a>(files: &[(&'a str, &'a Identity)]) -> BTreeSet<&'a str> {
    files.iter().filter_map(|(_, identity)| identity.facts.speaker.as_deref()).collect()
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

/// A way to take a speaker id for a beginning and the rest.
type Cut = fn(&str) -> Option<(&str, &str)>;

/// Ids that share a beginning, several with each of several beginnings.
fn people_with_several_ids(files: &[(&str, &Identity)]) -> Option<String> {
    let speakers = speakers(files);
    if each_has_one_emotion(files) {
        return None;
    }
    let cuts: [Cut; 3] = [
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
    (speakers.len() > 1 && speakers.iter().all(|id| numbered(id, TEXTS))).then(|| {
        format!(
            "the speakers are {}, which are called like texts or takes; if they are, nothing keeps a person on one \
             side of a split: let the group `speaker` take the part that is the person",
            quoted(speakers.iter().copied())
        )
    })
}

/// `true` for one of `words` with a number behind.
fn numbered(name: &str, words: &str) -> bool {
    let word = name.trim_end_matches(|character: char| character.is_ascii_digit());
    word.len() < name.len() && is_one_of(words, word.trim_end_matches(SEPARATORS))
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

/// `true` where each folder has one value of `field` that no other one has.
fn one_value_each(folders: &[(&str, &Identity)], field: Field) -> bool {
    let pairs: BTreeSet<(&str, Option<&str>)> =
        folders.iter().map(|(folder, identity)| (*folder, identity.facts.told(field))).collect();
    let values: BTreeSet<&str> = pairs.iter().filter_map(|(_, value)| *value).collect();
    let number = pairs.iter().map(|(folder, _)| folder).collect::<BTreeSet<_>>().len();
    let each_has_one = pairs.len() == number && pairs.iter().all(|(_, value)| value.is_some());
    // Folders for two emotions of the same kind are sorted by emotion all the same.
    each_has_one && values.len() > 1 && (values.len() == number || field == Field::Emotion)
}

/// `true` where all `folders` are called like people: a name, or a person's number.
fn are_people(folders: &BTreeSet<&str>) -> bool {
    let is_name = |name: &&str| {
        name.chars().count() > 1 && name.chars().all(char::is_alphabetic) && !is_no_person(name)
            || numbered(name, PEOPLE)
    };
    folders.iter().all(is_name)
}

fn is_no_person(name: &str) -> bool {
    let word = name.trim_end_matches(|character: char| character.is_ascii_digit()).trim_end_matches(SEPARATORS);
    is_one_of(NO_PEOPLE, word) || is_one_of(TEXTS, word) || emotions::emotion_of(word).is_some()
}

/// `true` for one of `words`, without regard to case.
fn is_one_of(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::remarks::tests::{names, none, one};

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
}
