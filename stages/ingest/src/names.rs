//! What the path of a file says about its content, by the descriptor's patterns, codes and repairs.

use ser_schemas::Emotion;

use crate::descriptor::{Descriptor, Field, Pattern};
use crate::emotions;

/// What is known of one file without opening it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) speaker: Option<String>,
    pub(crate) gender: Option<String>,
    /// The corpus's own word, and the emotion it means.
    pub(crate) emotion_raw: Option<String>,
    pub(crate) emotion: Option<Emotion>,
    pub(crate) intensity: Option<String>,
    pub(crate) sentence: Option<String>,
    pub(crate) take: Option<String>,
    /// The word for what is not the corpus's speech.
    pub(crate) modality: Option<String>,
    pub(crate) name_matches_folder: Option<bool>,
}

/// A path after repairs, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Path below the root without extension, repaired.
    pub(crate) path: String,
    /// Which repair was needed: its number in the descriptor.
    pub(crate) repaired: Option<usize>,
    /// What the path says, or why it says nothing.
    pub(crate) facts: Result<Facts, String>,
}

/// Reads `path`: below the root, with `/`, without the extension.
pub(crate) fn read_name(descriptor: &Descriptor, path: &str) -> Reading {
    let (path, repaired) = repair(descriptor, path);
    let matching =
        descriptor.patterns.iter().find_map(|pattern| pattern.path.captures(&path).map(|captures| (pattern, captures)));
    let facts = match matching {
        Some((pattern, captures)) => facts(descriptor, pattern, &captures, &path),
        None => Err(format!(
            "`{}` follows none of the name patterns of {} ({} tried)",
            file_name(&path),
            descriptor.name,
            descriptor.patterns.len()
        )),
    };
    Reading { path, repaired, facts }
}

/// The last part of a path with `/`.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `text` as the value of `field`: through the descriptor's codes where it has some.
fn decode(descriptor: &Descriptor, field: Field, text: &str) -> Result<String, String> {
    let Some(codes) = descriptor.codes.get(&field) else { return Ok(text.to_owned()) };
    codes.meaning(text).map(str::to_owned).ok_or_else(|| {
        format!("`{text}` is no {} code of {}: expected one of {}", field.as_str(), descriptor.name, codes.listed())
    })
}

fn repair(descriptor: &Descriptor, path: &str) -> (String, Option<usize>) {
    for (number, repair) in descriptor.repairs.iter().enumerate() {
        if repair.path.is_match(path) {
            return (repair.path.replace(path, repair.becomes.as_str()).into_owned(), Some(number));
        }
    }
    (path.to_owned(), None)
}

fn facts(
    descriptor: &Descriptor,
    pattern: &Pattern,
    captures: &regex::Captures<'_>,
    path: &str,
) -> Result<Facts, String> {
    let mut facts = Facts { modality: pattern.modality.clone(), ..Facts::default() };
    for (field, value) in &pattern.set {
        facts.set(descriptor, *field, value.clone())?;
    }
    for field in Field::IN_NAMES {
        let Some(group) = captures.name(field.as_str()) else { continue };
        let outcome = decode(descriptor, field, group.as_str()).and_then(|value| facts.set(descriptor, field, value));
        // Song and video are told by their names alone; a code of theirs that speech does not have is no mistake.
        if pattern.modality.is_none() {
            outcome?;
        }
    }
    facts.name_matches_folder = matches_folder(descriptor, captures, path);
    Ok(facts)
}

/// Whether folder and file name agree in everything that both tell; `None` when there is no such thing.
///
/// A group that a name pattern takes from a folder is not told by the name, and is not compared.
fn matches_folder(descriptor: &Descriptor, captures: &regex::Captures<'_>, path: &str) -> Option<bool> {
    let (folder, _) = path.rsplit_once('/')?;
    let in_folder = descriptor.folders.iter().find_map(|pattern| pattern.captures(folder))?;
    let mut verdict = None;
    for field in Field::IN_NAMES {
        let (Some(group), Some(folder_group)) = (captures.name(field.as_str()), in_folder.name(field.as_str())) else {
            continue;
        };
        if group.start() <= folder.len() {
            continue;
        }
        let (Ok(name), Some(folder)) =
            (decode(descriptor, field, group.as_str()), folder_value(descriptor, field, folder_group.as_str()))
        else {
            continue;
        };
        let equal = match field {
            Field::Emotion => name == folder || same_emotion(&name, &folder),
            _ => name == folder,
        };
        verdict = Some(verdict.unwrap_or(true) && equal);
    }
    verdict
}

/// Folders are named more freely than files: for an emotion, a plain word will do where no code is known.
fn folder_value(descriptor: &Descriptor, field: Field, text: &str) -> Option<String> {
    match decode(descriptor, field, text) {
        Ok(value) if field != Field::Emotion || descriptor.emotion(&value).is_ok() => Some(value),
        _ if field == Field::Emotion => emotions::emotion_of(text).map(|emotion| emotion.as_str().to_owned()),
        _ => None,
    }
}

fn same_emotion(left: &str, right: &str) -> bool {
    let left = emotions::emotion_of(left);
    left.is_some() && left == emotions::emotion_of(right)
}

impl Facts {
    /// Sets `field` to an already decoded `value`; fails on a word that is no emotion.
    pub(crate) fn set(&mut self, descriptor: &Descriptor, field: Field, value: String) -> Result<(), String> {
        let value = Some(value);
        match field {
            Field::Speaker => self.speaker = value,
            Field::Intensity => self.intensity = value,
            Field::Sentence => self.sentence = value,
            Field::Take => self.take = value,
            Field::Gender => self.gender = value,
            Field::Emotion => {
                self.emotion = descriptor.emotion(value.as_deref().unwrap_or_default())?;
                self.emotion_raw = value;
            }
            Field::AgeYears | Field::PerceivedEmotion | Field::PerceivedAgreement => {}
        }
        Ok(())
    }

    /// Whether `field` is told already.
    pub(crate) fn has(&self, field: Field) -> bool {
        match field {
            Field::Speaker => self.speaker.is_some(),
            Field::Emotion => self.emotion_raw.is_some(),
            Field::Intensity => self.intensity.is_some(),
            Field::Sentence => self.sentence.is_some(),
            Field::Take => self.take.is_some(),
            Field::Gender => self.gender.is_some(),
            Field::AgeYears | Field::PerceivedEmotion | Field::PerceivedAgreement => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(corpus: &str, path: &str) -> Facts {
        let descriptor = Descriptor::load(corpus, Path::new("")).expect("built-in");
        read_name(&descriptor, path).facts.unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    fn refused(corpus: &str, path: &str) -> String {
        let descriptor = Descriptor::load(corpus, Path::new("")).expect("built-in");
        read_name(&descriptor, path).facts.expect_err(path)
    }

    fn told(facts: &Facts) -> (&str, Option<Emotion>, &str) {
        (facts.speaker.as_deref().unwrap_or_default(), facts.emotion, facts.sentence.as_deref().unwrap_or_default())
    }

    #[test]
    fn crema_d_names_with_and_without_the_missing_x() {
        let facts = read("crema_d", "AudioWAV/1040_ITH_SAD_XX");
        assert_eq!(told(&facts), ("1040", Some(Emotion::Sad), "ITH"));
        assert_eq!(facts.intensity.as_deref(), Some("unspecified"));
        assert_eq!(read("crema_d", "1040_ITH_SAD_X"), read("crema_d", "1040_ITH_SAD_XX"));
        assert_eq!(read("crema_d", "1001_IEO_ANG_HI").intensity.as_deref(), Some("high"));
        assert_eq!(read("crema_d", "AudioMP3/1001_IEO_ANG_HI").modality.as_deref(), Some("mp3"));
        assert!(
            refused("crema_d", "1001_IEO_BOR_XX").contains("`BOR` is no emotion code of crema_d: expected one of ANG")
        );
        assert!(refused("crema_d", "1001_IEO_ANG").contains("follows none of the name patterns"));
    }

    #[test]
    fn ravdess_speech_song_and_video() {
        let facts = read("ravdess", "audio_speech_actors_01-24/Actor_12/03-01-06-01-02-01-12");
        assert_eq!(told(&facts), ("12", Some(Emotion::Fear), "02"));
        assert_eq!(facts.emotion_raw.as_deref(), Some("fearful"));
        assert_eq!((facts.take.as_deref(), facts.intensity.as_deref()), (Some("01"), Some("normal")));
        assert_eq!((facts.modality, facts.name_matches_folder), (None, Some(true)));
        assert_eq!(read("ravdess", "03-02-01-01-01-01-24").modality.as_deref(), Some("song"));
        assert_eq!(read("ravdess", "x/02-01-01-01-01-01-24").modality.as_deref(), Some("video"));
        assert!(refused("ravdess", "03-01-09-01-01-01-01").contains("`09` is no emotion code"));
        assert!(refused("ravdess", "03-01-01-01-01-01-25").contains("none of the name patterns"));
    }

    #[test]
    fn a_name_wins_over_a_folder_that_contradicts_it() {
        let facts = read("ravdess", "Actor_05/03-01-05-01-01-01-02");
        assert_eq!(facts.speaker.as_deref(), Some("02"));
        assert_eq!(facts.name_matches_folder, Some(false));
        let facts = read("tess", "OAF_Fear/OAF_bar_angry");
        assert_eq!((facts.emotion, facts.name_matches_folder), (Some(Emotion::Angry), Some(false)));
        assert_eq!(read("tess", "YAF_angry/OAF_bar_angry").name_matches_folder, Some(false));
    }

    #[test]
    fn savee_layouts_agree() {
        let original = read("savee", "AudioData/AudioData/DC/su07");
        assert_eq!(told(&original), ("DC", Some(Emotion::Surprise), "07"));
        assert_eq!(original.name_matches_folder, None, "the folder alone names the speaker");
        for path in ["ALL/DC_su07", "DCsu07", "DC/DCsu07"] {
            assert_eq!(told(&read("savee", path)), told(&original), "{path}");
        }
        assert_eq!(read("savee", "DC/DC_su07").name_matches_folder, Some(true));
        assert_eq!(read("savee", "JE/DC_su07").name_matches_folder, Some(false));
        assert_eq!(read("savee", "KL/sa01").emotion, Some(Emotion::Sad));
        assert!(refused("savee", "sa01").contains("none of the name patterns"));
    }

    #[test]
    fn tess_folders_of_every_copy_agree_with_their_files() {
        for folder in [
            "OAF_Fear/OAF_bar_fear",
            "OAF_Pleasant_surprise/OAF_bar_ps",
            "OAF_Sad/OAF_bar_sad",
            "YAF_pleasant_surprised/YAF_bar_ps",
            "T/T/YAF_neutral/YAF_bar_neutral",
        ] {
            assert_eq!(read("tess", folder).name_matches_folder, Some(true), "{folder}");
        }
        let surprise = read("tess", "YAF_bar_ps");
        assert_eq!(told(&surprise), ("YAF", Some(Emotion::Surprise), "bar"));
        assert_eq!(surprise.name_matches_folder, None);
        let repaired = read("tess", "OAF_neutral/OA_bite_neutral");
        assert_eq!(told(&repaired), ("OAF", Some(Emotion::Neutral), "bite"));
        assert_eq!(repaired.name_matches_folder, Some(true));
    }

    #[test]
    fn emodb_letters_boredom_and_laryngographs() {
        assert_eq!(told(&read("emodb", "wav/03a01Fa")), ("03", Some(Emotion::Happy), "a01"));
        let bored = read("emodb", "wav/16b10Lb");
        assert_eq!((bored.emotion, bored.emotion_raw.as_deref()), (None, Some("boredom")));
        assert_eq!(bored.take.as_deref(), Some("b"));
        for path in ["laryngograph/03a01Fa", "x/egg/wav/03a01Fa", "wav/03a01Fa-lx", "wav/03a01Fa_laryngograph"] {
            assert_eq!(read("emodb", path).modality.as_deref(), Some("laryngograph"), "{path}");
        }
    }

    #[test]
    fn codes_differing_only_in_case_are_read() {
        assert_eq!(read("tess", "OAF_bar_Angry").emotion, Some(Emotion::Angry));
    }
}
