//! What the names say, and cannot be right: parts of names taken for other ones, and names of one speaker taken for
//! several.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Emotion;
use ser_text::counted;
use ser_text::{Told, alike, strange};

use super::{NAMED, Read, Remarks, is_gender, quoted};
use crate::descriptor::Field;
use crate::emotions;
use crate::identify::Identity;

/// Recordings below which a single emotion or speaker is no surprise.
const FEWEST: usize = 5;

/// Something that is told of a recording.
type Property = for<'a> fn(&Told<'a>) -> Option<&'a str>;

pub(super) fn all(read: &Read<'_>, remarks: &mut Remarks) {
    let recordings = recordings(read);
    remarks.warnings.extend(speakers_alike(read));
    remarks.warnings.extend(speakers_that_are_emotions(read));
    remarks.warnings.extend(speakers_that_are_genders(&recordings));
    for strange in strange(&recordings) {
        remarks.warnings.push(format!(
            "{} ({}); if the corpus is not made like that, a group of the pattern takes the wrong part of the name",
            strange.what, strange.examples
        ));
    }
    remarks.warnings.extend(one_emotion(&recordings));
    remarks.warnings.extend(one_speaker(read, &recordings));
    remarks.warnings.extend(folders_disagree(read));
    remarks.warnings.extend(misspelt_others(read));
    remarks.notes.extend(beyond_the_built_in(read));
    remarks.notes.extend(always_the_same(&recordings));
}

/// Each recording once: copies of a corpus hold files twice.
fn recordings<'a>(read: &Read<'a>) -> Vec<Told<'a>> {
    let mut different: BTreeSet<(Told<'a>, &'a str)> = BTreeSet::new();
    for (_, identity) in read.understood() {
        let facts = &identity.facts;
        let told = Told {
            speaker: facts.speaker.as_deref(),
            emotion: label(identity),
            sentence: facts.sentence.as_deref(),
            take: facts.take.as_deref(),
            intensity: facts.intensity.as_deref(),
            gender: facts.gender.as_deref(),
        };
        different.insert((told, &identity.own_part));
    }
    different.into_iter().map(|(told, _)| told).collect()
}

fn label(identity: &Identity) -> Option<&str> {
    identity.facts.emotion.map(Emotion::as_str)
}

fn speakers_alike(read: &Read<'_>) -> Vec<String> {
    let speakers: Vec<&str> = read.understood().filter_map(|(_, identity)| identity.facts.speaker.as_deref()).collect();
    let groups = alike(speakers.iter().copied());
    let sentence = |names: &Vec<&str>| {
        format!(
            "the speakers {} differ only in case, blanks, width or leading zeros; if they are one person, a \
             speaker-independent split can have that person on both sides: give them one id, by renaming the \
             files or with a `[[repair]]` of the names",
            // All of them: blanks and zeros are easily overlooked.
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )
    };
    let mut warnings: Vec<String> = groups.iter().take(NAMED).map(sentence).collect();
    if groups.len() > NAMED {
        let more: Vec<&str> = groups[NAMED..].iter().flatten().copied().collect();
        warnings.push(format!("so do {} further groups of speakers: {}", groups.len() - NAMED, quoted(more)));
    }
    warnings
}

/// The group took the emotion for the speaker: most ids are words for emotions, or codes of them that could be
/// nothing else.
fn speakers_that_are_emotions(read: &Read<'_>) -> Option<String> {
    let speakers: BTreeSet<&str> =
        read.understood().filter_map(|(_, identity)| identity.facts.speaker.as_deref()).collect();
    let codes = read.descriptor.codes.get(&Field::Emotion);
    // A number or a single letter can be the code of anything.
    let is_code = |id: &str| {
        id.chars().count() > 1
            && id.chars().any(char::is_alphabetic)
            && codes.is_some_and(|codes| codes.meaning(id).is_some())
    };
    let emotions: Vec<&str> =
        speakers.iter().copied().filter(|id| emotions::emotion_of(id).is_some() || is_code(id)).collect();
    (emotions.len() > 1 && emotions.len() * 2 > speakers.len()).then(|| {
        format!(
            "{} of {} are called like emotions: {}; the group `speaker` of the pattern takes the part that tells the \
             emotion",
            emotions.len(),
            counted(speakers.len(), "speaker"),
            quoted(emotions.iter().copied())
        )
    })
}

fn speakers_that_are_genders(recordings: &[Told<'_>]) -> Option<String> {
    let speakers: BTreeSet<&str> = recordings.iter().filter_map(|told| told.speaker).collect();
    (!speakers.is_empty() && speakers.iter().all(|id| is_gender(id))).then(|| {
        format!(
            "the only speakers are {}, which are words for a gender; if they are not ids, the group `speaker` of the \
             pattern takes the part that belongs to `gender`",
            quoted(speakers.iter().copied())
        )
    })
}

fn one_emotion(recordings: &[Told<'_>]) -> Option<String> {
    let emotions: BTreeSet<&str> = recordings.iter().filter_map(|told| told.emotion).collect();
    let (Some(only), 1, true) = (emotions.first(), emotions.len(), recordings.len() >= FEWEST) else { return None };
    Some(format!(
        "all {} recordings are `{only}`: there is nothing to tell apart; correct the group `emotion` or \
         `[codes.emotion]`, or take in the other emotions",
        recordings.len()
    ))
}

/// One speaker where nothing says that there is one.
fn one_speaker(read: &Read<'_>, recordings: &[Told<'_>]) -> Option<String> {
    let speakers: BTreeSet<&str> = recordings.iter().filter_map(|told| told.speaker).collect();
    let (Some(only), 1, true) = (speakers.first(), speakers.len(), recordings.len() >= FEWEST) else { return None };
    let descriptor = read.descriptor;
    // Where a number of speakers is expected, another one is told as a difference from the complete corpus.
    let expected = descriptor.expected.iter().any(|expected| expected.speakers.is_some());
    let declared = descriptor.patterns.iter().any(|pattern| pattern.set.contains_key(&Field::Speaker));
    (!expected && !declared).then(|| {
        format!(
            "all {} recordings are by one speaker, `{only}`; if the corpus has no other, say so with `speakers = 1` in \
             `[[expected]]`, otherwise correct the group `speaker` of the pattern",
            recordings.len()
        )
    })
}

/// Where most names contradict their folders, the pattern on the name or the one on the folder is wrong; where few do,
/// files were misplaced or misnamed.
fn folders_disagree(read: &Read<'_>) -> Option<String> {
    let compared: Vec<(&str, bool)> =
        read.understood().filter_map(|(path, identity)| Some((path, identity.facts.name_matches_folder?))).collect();
    let against: Vec<&str> = compared.iter().filter(|(_, agrees)| !agrees).map(|(path, _)| *path).collect();
    let first = against.first()?;
    Some(if against.len() >= 2 && against.len() * 2 > compared.len() {
        format!(
            "{} of {} contradict their folders, the first is `{first}`; either the pattern on the name or the one in \
             `[[folder]]` takes the wrong part",
            against.len(),
            counted(compared.len(), "name"),
        )
    } else {
        format!(
            "{} {} in a folder that contradicts the name, the first is `{first}`: one of the two is wrong; of copies, a \
             manifest uses the one whose name and folder agree",
            counted(against.len(), "file"),
            if against.len() == 1 { "lies" } else { "lie" },
        )
    })
}

/// A declared class that is a built-in one with a letter wrong: its clips would silently be a class of their own.
fn misspelt_others(read: &Read<'_>) -> Vec<String> {
    let warn = |word: &Emotion| {
        let near = emotions::misspelt(word.as_str())?;
        Some(format!(
            "`other_emotions` has `{word}`, which looks like `{near}` misspelt: its files are a class of their own; \
             correct it, or say what it means in the manifest, `labels = {{ {word} = \"...\" }}`"
        ))
    };
    read.descriptor.other_emotions.iter().filter_map(warn).collect()
}

/// Files of classes beside the built-in ones.
fn beyond_the_built_in(read: &Read<'_>) -> Option<String> {
    let mut counts: BTreeMap<Emotion, usize> = BTreeMap::new();
    for emotion in read.understood().filter_map(|(_, identity)| identity.facts.emotion) {
        if !emotion.is_built_in() {
            *counts.entry(emotion).or_default() += 1;
        }
    }
    let first = counts.keys().next()?;
    let named: Vec<String> = counts.iter().map(|(emotion, number)| format!("`{emotion}` {number}")).collect();
    Some(format!(
        "beyond the built-in emotions: {}; a manifest leaves these files out unless `keep` names them or it says what \
         they are, `labels = {{ {first} = \"{first}\" }}` or \"neutral\"",
        named.join(", ")
    ))
}

/// Codes that every recording has tell nothing, and may be another part of the name than the one that was meant.
fn always_the_same(recordings: &[Told<'_>]) -> Vec<String> {
    if recordings.len() < FEWEST {
        return Vec::new();
    }
    let fields: [(&str, Property); 3] =
        [("sentence", |told| told.sentence), ("take", |told| told.take), ("intensity", |told| told.intensity)];
    let mut remarks = Vec::new();
    for (name, of) in fields {
        let values: BTreeSet<Option<&str>> = recordings.iter().map(of).collect();
        if let (Some(Some(only)), 1) = (values.first(), values.len()) {
            remarks.push(format!("the {name} is `{only}` in every recording"));
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use crate::remarks::tests::{notes, warnings, with};

    /// All combinations of four speakers, two sentences and four emotions.
    fn crossed() -> Vec<String> {
        let mut names = Vec::new();
        for speaker in ["s1", "s2", "s3", "s4"] {
            for sentence in ["t0", "t1"] {
                for emotion in ["ANG", "HAP", "NEU", "SAD"] {
                    names.push(format!("{speaker}_{sentence}_{emotion}.wav"));
                }
            }
        }
        names
    }

    const CODES: &str = "[codes.emotion]\nANG = \"angry\"\nHAP = \"happy\"\nNEU = \"neutral\"\nSAD = \"sad\"\n";

    /// Warnings of a pattern on the names of [`crossed`].
    fn of(pattern: &str, rest: &str) -> Vec<String> {
        let names = crossed();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        warnings(&with(&format!("[[pattern]]\npath = '{pattern}'\n{rest}"), &names))
    }

    #[test]
    fn the_right_pattern_has_no_warning() {
        assert_eq!(of(r"^(?<speaker>\w+)_(?<sentence>\w+)_(?<emotion>\w+)$", CODES), Vec::<String>::new());
    }

    #[test]
    fn the_emotion_code_taken_for_the_speaker_is_told_twice() {
        let found = of(r"^\w+_(?<sentence>\w+)_(?<emotion>(?<speaker>\w+))$", CODES);
        assert!(
            found[0].starts_with("4 of 4 speakers are called like emotions: `ANG`, `HAP`, `NEU` and 1 more;"),
            "{found:?}"
        );
        let expected =
            "each of the 4 speakers has one emotion only, and each emotion one speaker (ANG: angry, HAP: happy,";
        assert!(found[1].starts_with(expected), "{found:?}");
        assert_eq!(found.len(), 2, "{found:#?}");
    }

    #[test]
    fn speaker_and_emotion_together_taken_for_the_speaker() {
        let found = of(r"^(?<speaker>s\d_t\d_(?<emotion>\w+))$", CODES);
        assert!(found[0].starts_with("32 recordings have 32 different speakers"), "{found:?}");
    }

    #[test]
    fn one_part_taken_twice() {
        let found = of(r"^(?<speaker>(?<take>s\d))_t\d_(?<emotion>\w+)$", CODES);
        assert!(
            found[0].starts_with("each of the 4 speakers has one take only, and each take one speaker"),
            "{found:?}"
        );
        let found = of(r"^(?<speaker>s\d)_t\d_(?<emotion>(?<sentence>\w+))$", CODES);
        assert!(found[0].starts_with("each of the 4 sentences has one emotion only"), "{found:?}");
    }

    #[test]
    fn a_group_that_sees_one_value_only() {
        let found = of(r"^(?<speaker>\w)\d_(?<sentence>\w+)_(?<emotion>\w+)$", CODES);
        assert!(found.len() == 1 && found[0].starts_with("all 32 recordings are by one speaker, `s`;"), "{found:?}");
        let declared = of(r"^s\d_(?<sentence>\w+)_(?<emotion>\w+)$", &format!("set = {{ speaker = \"me\" }}\n{CODES}"));
        assert_eq!(declared, Vec::<String>::new(), "one speaker who was declared");
        let expected = format!("{CODES}[[expected]]\nfiles = 32\nspeakers = 1\n");
        assert_eq!(of(r"^(?<speaker>\w)\d_(?<sentence>\w+)_(?<emotion>\w+)$", &expected), Vec::<String>::new());

        let found = of(r"^(?<speaker>s\d)_(?<sentence>t\d)_\w+$", "set = { emotion = \"sad\" }\n");
        assert!(found[0].starts_with("all 32 recordings are `sad`"), "{found:?}");
    }

    #[test]
    fn speakers_of_one_person() {
        let names = ["S1_a_sad.wav", "s1_a_happy.wav", "s1 _b_sad.wav", "s01_b_happy.wav", "s2_a_sad.wav"];
        let found =
            warnings(&with("[[pattern]]\npath = '^(?<speaker>[^_]+)_(?<sentence>\\w)_(?<emotion>\\w+)$'\n", &names));
        assert!(
            found[0].starts_with("the speakers `S1`, `s01`, `s1`, `s1 ` differ only in case, blanks,"),
            "{found:?}"
        );
    }

    #[test]
    fn genders_taken_for_speakers() {
        let names = ["a_m_sad.wav", "b_m_happy.wav", "c_f_sad.wav", "d_f_happy.wav", "e_f_sad.wav"];
        let found =
            warnings(&with("[[pattern]]\npath = '^(?<sentence>\\w)_(?<speaker>\\w)_(?<emotion>\\w+)$'\n", &names));
        assert!(found.len() == 1 && found[0].starts_with("the only speakers are `f`, `m`"), "{found:?}");
    }

    #[test]
    fn names_that_contradict_all_their_folders() {
        let names = ["s1/a_s9_sad.wav", "s2/b_s9_happy.wav", "s1/c_s8_sad.wav"];
        let text = "[[pattern]]\npath = '(?<sentence>\\w)_(?<speaker>\\w+)_(?<emotion>\\w+)$'\n\
                    [[folder]]\npath = '^(?<speaker>s\\d)$'\n";
        let found = warnings(&with(text, &names));
        assert!(found.len() == 1 && found[0].starts_with("3 of 3 names contradict their folders"), "{found:?}");
    }

    #[test]
    fn a_label_misspelt_twice_the_same_way() {
        let text = "other_emotions = [\"angyr\"]\n[[pattern]]\npath = '^(?<speaker>s\\d)_(?<emotion>\\w+)$'\n\
                    [codes.emotion]\nANG = \"angyr\"\nSAD = \"sad\"\n";
        let found = with(text, &["s1_ANG.wav", "s1_SAD.wav", "s2_SAD.wav"]);
        assert!(
            warnings(&found)[0].starts_with("`other_emotions` has `angyr`, which looks like `angry` misspelt"),
            "{found:?}"
        );
        assert!(notes(&found)[0].starts_with("beyond the built-in emotions: `angyr` 1;"), "{found:?}");
    }

    #[test]
    fn a_code_that_never_varies_is_a_note() {
        let names = crossed();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = format!("[[pattern]]\npath = '^(?<speaker>s\\d)_(?<sentence>t)\\d_(?<emotion>\\w+)$'\n{CODES}");
        assert_eq!(notes(&with(&text, &names)), ["the sentence is `t` in every recording"]);
    }
}
