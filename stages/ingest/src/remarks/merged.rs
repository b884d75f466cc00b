//! Groups that take too little of a name: several words read as one, several recordings told to be one.

use std::collections::{BTreeMap, BTreeSet};

use ser_text::counted;

use super::{Read, Remarks, each_has_one_emotion, quoted};
use crate::descriptor::Field;
use crate::identify::Identity;

pub(super) fn all(read: &Read<'_>, remarks: &mut Remarks) {
    remarks.warnings.extend(parts_of_words(read));
    remarks.warnings.extend(one_recording_in_several_files(read));
}

/// Files of which the pattern reads a part of a word, as nothing says where it begins or ends.
fn parts_of_words(read: &Read<'_>) -> Vec<String> {
    let mut begun = Cut::default();
    let mut ended = Cut::default();
    for identity in read.identities.iter().filter(|identity| identity.facts.modality.is_none()) {
        let path = identity.path.as_str();
        let pattern = identity.pattern.and_then(|number| read.descriptor.patterns.get(number));
        let Some(captures) = pattern.and_then(|pattern| pattern.path.captures(path)) else { continue };
        let (Some(all), speaker) = (captures.get(0), captures.name(Field::Speaker.as_str())) else { continue };
        let [before, behind] = [&path[..all.start()], &path[all.end()..]];
        let inside = all.as_str();
        let at_start = speaker.is_some_and(|speaker| speaker.start() == all.start());
        let at_end = speaker.is_some_and(|speaker| speaker.end() == all.end());
        let rest = before.rsplit(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
        begun.look([before.chars().next_back(), inside.chars().next()], rest, at_start, path);
        let rest = behind.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
        ended.look([inside.chars().next_back(), behind.chars().next()], rest, at_end, path);
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
    /// The part that was cut off first, and its path.
    first: Option<(String, String)>,
    /// The parts that are cut off the ids of speakers between a word and a number, with the first path of each.
    off_speakers: BTreeMap<String, String>,
}

impl Cut {
    /// Looks at the two characters where the pattern cuts `rest` off, of a speaker's id or of another part.
    fn look(&mut self, [one, two]: [Option<char>; 2], rest: &str, of_speaker: bool, path: &str) {
        let (Some(one), Some(two)) = (one, two) else { return };
        let is_inside = one.is_alphabetic() && two.is_alphabetic() || one.is_numeric() && two.is_numeric();
        if is_inside {
            self.add(rest, path);
        } else if one.is_alphanumeric() && two.is_alphanumeric() && of_speaker {
            // `Actor01` is read as `01` on purpose, as long as there are no others with a number: `f1` and `m1` are
            // two.
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
        if identity.pattern.is_some_and(tells_apart) {
            let key = (identity.pattern, fields.map(|field| identity.facts.told(field)));
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
    use crate::remarks::tests::{names, none, of, one};

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
