//! What the path of a file says about its content, by the descriptor's patterns, codes and repairs.
//!
//! Paths are read in Unicode's composed form, so that a name says the same in both spellings of an accented letter.

use ser_schemas::Emotion;
use ser_text::{is_blank, nfc};

use crate::descriptor::{Codes, Descriptor, Field, Pattern};

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
    /// Path below the root without extension, composed and repaired.
    pub(crate) path: String,
    /// Which repair was needed: its number in the descriptor.
    pub(crate) repaired: Option<usize>,
    /// Which pattern matched: its number in the descriptor.
    pub(crate) pattern: Option<usize>,
    /// The beginning of the first part of the path that the pattern takes something from; 0 where it takes nothing.
    pub(crate) from: usize,
    /// Why the path says nothing, where it says nothing.
    pub(crate) misread: Option<Misread>,
    /// What the path says, or why it says nothing.
    pub(crate) facts: Result<Facts, String>,
}

/// What keeps a name from being read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Misread {
    /// No pattern fits.
    Pattern,
    /// A group holds what the codes of its field do not have.
    Code { field: Field, text: String },
    /// The emotion is a word that is neither built in nor declared.
    Emotion { word: String },
}

/// Reads `path`: below the root, with `/`, without the extension.
pub(crate) fn read_name(descriptor: &Descriptor, path: &str) -> Reading {
    let (path, repaired) = repair(descriptor, &nfc(path));
    let (pattern, from, facts) = match first_match(descriptor, &path) {
        Some((number, pattern, captures)) => {
            (Some(number), first_part(&captures, &path), facts(descriptor, pattern, &captures, &path))
        }
        None => (None, 0, Err(Misread::Pattern)),
    };
    let misread = facts.as_ref().err().cloned();
    let facts = facts.map_err(|why| why.described(descriptor, &path));
    Reading { path, repaired, pattern, from, misread, facts }
}

/// What the groups of the pattern that fits `path` hold, before any code is looked up; `path` is one of a [`Reading`].
pub(crate) fn groups<'p>(descriptor: &Descriptor, path: &'p str) -> Vec<(Field, &'p str)> {
    let Some((_, _, captures)) = first_match(descriptor, path) else { return Vec::new() };
    let told = Field::IN_NAMES.into_iter().filter_map(|field| Some((field, captures.name(field.as_str())?.as_str())));
    told.filter(|(_, text)| !is_blank(text)).collect()
}

/// The pattern that fits `path`, its number, and what it takes of it; `path` is one of a [`Reading`].
fn first_match<'d, 'p>(descriptor: &'d Descriptor, path: &'p str) -> Option<(usize, &'d Pattern, regex::Captures<'p>)> {
    let patterns = descriptor.patterns.iter().enumerate();
    patterns.into_iter().find_map(|(number, pattern)| Some((number, pattern, pattern.path.captures(path)?)))
}

/// The beginning of the first part of `path` that a group takes something from.
fn first_part(captures: &regex::Captures<'_>, path: &str) -> usize {
    let groups = Field::IN_NAMES.into_iter().filter_map(|field| captures.name(field.as_str()));
    let first = groups.map(|group| group.start()).min();
    first.and_then(|at| path.get(..at)?.rfind('/')).map_or(0, |slash| slash + 1)
}

/// `path` with a folder that lies in one of its own name only once.
pub(crate) fn without_doubled_folders(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.dedup();
    parts.join("/")
}

/// The last part of a path with `/`.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `text` as the value of `field`: through the descriptor's codes where it has some.
fn decode(descriptor: &Descriptor, field: Field, text: &str) -> Result<String, Misread> {
    let Some(codes) = descriptor.codes.get(&field) else { return Ok(text.to_owned()) };
    codes.meaning(text).map(str::to_owned).ok_or_else(|| Misread::Code { field, text: text.to_owned() })
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
) -> Result<Facts, Misread> {
    let mut facts = Facts { modality: pattern.modality.clone(), ..Facts::default() };
    let set = |facts: &mut Facts, field: Field, value: String| {
        facts.set(descriptor, field, &value).ok_or(Misread::Emotion { word: value })
    };
    for (field, value) in &pattern.set {
        set(&mut facts, *field, value.clone())?;
    }
    for field in Field::IN_NAMES {
        // An empty group tells nothing: the file has a speaker, though not one whose name is empty.
        let Some(group) = captures.name(field.as_str()).filter(|group| !is_blank(group.as_str())) else { continue };
        let outcome = decode(descriptor, field, group.as_str()).and_then(|value| set(&mut facts, field, value));
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
        if group.start() <= folder.len() || is_blank(group.as_str()) || is_blank(folder_group.as_str()) {
            continue;
        }
        let (Ok(name), Some(folder)) =
            (decode(descriptor, field, group.as_str()), folder_value(descriptor, field, folder_group.as_str()))
        else {
            continue;
        };
        let equal = match field {
            Field::Emotion => descriptor.emotion(&name) == descriptor.emotion(&folder),
            _ => name == folder,
        };
        verdict = Some(verdict.unwrap_or(true) && equal);
    }
    verdict
}

/// Folders are named more freely than files: for an emotion, a plain word will do where no code is known.
fn folder_value(descriptor: &Descriptor, field: Field, text: &str) -> Option<String> {
    match decode(descriptor, field, text) {
        Ok(value) if field != Field::Emotion || descriptor.emotion(&value).is_some() => Some(value),
        _ if field == Field::Emotion => descriptor.emotion(text).map(|emotion| emotion.as_str().to_owned()),
        _ => None,
    }
}

impl Reading {
    /// The end of the path that tells one recording from another: from the first part on that the pattern takes
    /// something from. Folders above it only say where a copy lies.
    pub(crate) fn own_part(&self) -> String {
        without_doubled_folders(self.path.get(self.from..).unwrap_or(&self.path))
    }
}

impl Misread {
    /// In words, of a file at `path`.
    fn described(&self, descriptor: &Descriptor, path: &str) -> String {
        match self {
            Self::Pattern => format!(
                "`{}` follows none of the name patterns of {} ({} tried)",
                file_name(path),
                descriptor.name,
                descriptor.patterns.len()
            ),
            Self::Code { field, text } => {
                let listed = descriptor.codes.get(field).map(Codes::listed).unwrap_or_default();
                format!("`{text}` is no {} code of {}: expected one of {listed}", field.as_str(), descriptor.name)
            }
            Self::Emotion { word } => format!("`{word}` is not an emotion that is known"),
        }
    }
}

impl Facts {
    /// Sets `field` to an already decoded `value`, in its composed form; a blank one says nothing. `None` for a word
    /// that is no emotion.
    pub(crate) fn set(&mut self, descriptor: &Descriptor, field: Field, value: &str) -> Option<()> {
        if is_blank(value) {
            return Some(());
        }
        let value = nfc(value).into_owned();
        if field == Field::Emotion {
            self.emotion = Some(descriptor.emotion(&value)?);
        }
        if let Some(place) = self.place(field) {
            *place = Some(value);
        }
        Some(())
    }

    /// Forgets the value of `field`.
    pub(crate) fn clear(&mut self, field: Field) {
        if field == Field::Emotion {
            self.emotion = None;
        }
        if let Some(place) = self.place(field) {
            *place = None;
        }
    }

    fn place(&mut self, field: Field) -> Option<&mut Option<String>> {
        match field {
            Field::Speaker => Some(&mut self.speaker),
            Field::Emotion => Some(&mut self.emotion_raw),
            Field::Intensity => Some(&mut self.intensity),
            Field::Sentence => Some(&mut self.sentence),
            Field::Take => Some(&mut self.take),
            Field::Gender => Some(&mut self.gender),
            Field::AgeYears | Field::PerceivedEmotion | Field::PerceivedAgreement => None,
        }
    }

    /// The value of `field`, as text; `None` also for those that no name tells.
    pub(crate) fn told(&self, field: Field) -> Option<&str> {
        match field {
            Field::Speaker => self.speaker.as_deref(),
            Field::Emotion => self.emotion_raw.as_deref(),
            Field::Intensity => self.intensity.as_deref(),
            Field::Sentence => self.sentence.as_deref(),
            Field::Take => self.take.as_deref(),
            Field::Gender => self.gender.as_deref(),
            Field::AgeYears | Field::PerceivedEmotion | Field::PerceivedAgreement => None,
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
        assert_eq!(told(&facts), ("1040", Some(Emotion::SAD), "ITH"));
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
        assert_eq!(told(&facts), ("12", Some(Emotion::FEAR), "02"));
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
        assert_eq!((facts.emotion, facts.name_matches_folder), (Some(Emotion::ANGRY), Some(false)));
        assert_eq!(read("tess", "YAF_angry/OAF_bar_angry").name_matches_folder, Some(false));
    }

    #[test]
    fn savee_layouts_agree() {
        let original = read("savee", "AudioData/AudioData/DC/su07");
        assert_eq!(told(&original), ("DC", Some(Emotion::SURPRISE), "07"));
        assert_eq!(original.name_matches_folder, None, "the folder alone names the speaker");
        for path in ["ALL/DC_su07", "DCsu07", "DC/DCsu07"] {
            assert_eq!(told(&read("savee", path)), told(&original), "{path}");
        }
        assert_eq!(read("savee", "DC/DC_su07").name_matches_folder, Some(true));
        assert_eq!(read("savee", "JE/DC_su07").name_matches_folder, Some(false));
        assert_eq!(read("savee", "KL/sa01").emotion, Some(Emotion::SAD));
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
        assert_eq!(told(&surprise), ("YAF", Some(Emotion::SURPRISE), "bar"));
        assert_eq!(surprise.name_matches_folder, None);
        let repaired = read("tess", "OAF_neutral/OA_bite_neutral");
        assert_eq!(told(&repaired), ("OAF", Some(Emotion::NEUTRAL), "bite"));
        assert_eq!(repaired.name_matches_folder, Some(true));
    }

    #[test]
    fn emodb_letters_boredom_and_laryngographs() {
        assert_eq!(told(&read("emodb", "wav/03a01Fa")), ("03", Some(Emotion::HAPPY), "a01"));
        let bored = read("emodb", "wav/16b10Lb");
        assert_eq!((bored.emotion, bored.emotion_raw.as_deref()), ("boredom".parse().ok(), Some("boredom")));
        assert_eq!(bored.take.as_deref(), Some("b"));
        for path in ["laryngograph/03a01Fa", "x/egg/wav/03a01Fa", "wav/03a01Fa-lx", "wav/03a01Fa_laryngograph"] {
            assert_eq!(read("emodb", path).modality.as_deref(), Some("laryngograph"), "{path}");
        }
    }

    fn own(text: &str) -> Descriptor {
        let text = format!("name = \"own\"\ntitle = \"Own\"\n{text}");
        Descriptor::parse(&text, Some("own.toml".into())).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn both_spellings_of_a_name_say_the_same() {
        let descriptor = own("other_emotions = [\"m\u{e9}fiance\"]\n\
                              [[pattern]]\npath = '(?<speaker>\\w+)_(?<sentence>\u{e9}t\u{e9}|n\u{f6})_(?<emotion>\\w+)$'\n\
                              [codes.emotion]\nfaim = \"sad\"\n\"m\u{e9}\" = \"me\u{301}fiance\"\n");
        let composed = read_name(&descriptor, "Jos\u{e9}_\u{e9}t\u{e9}_m\u{e9}");
        let decomposed = read_name(&descriptor, "Jose\u{301}_e\u{301}te\u{301}_me\u{301}");
        assert_eq!(composed, decomposed);
        let facts = composed.facts.expect("read");
        assert_eq!(told(&facts), ("Jos\u{e9}", "m\u{e9}fiance".parse().ok(), "\u{e9}t\u{e9}"));
        assert_eq!(facts.emotion_raw.as_deref(), Some("m\u{e9}fiance"));
    }

    #[test]
    fn a_descriptor_in_the_other_spelling_fits_too() {
        let descriptor = own("[[pattern]]\npath = '(?:^|/)(?<speaker>Be\u{301}a|Zoe\u{308})_(?<emotion>\\w+)$'\n\
                              [codes.speaker]\n\"Be\u{301}a\" = \"s1\"\n\"Zoe\u{308}\" = \"s2\"\n");
        for path in ["Zo\u{eb}_sad", "x/Zoe\u{308}_sad"] {
            let facts = read_name(&descriptor, path).facts.expect(path);
            assert_eq!(told(&facts), ("s2", Some(Emotion::SAD), ""), "{path}");
        }
    }

    #[test]
    fn an_empty_group_tells_nothing() {
        let descriptor = own(
            "[[pattern]]\npath = '(?:^|/)(?<speaker>[^_]*)_(?<sentence>[^_]*)_(?<take>[^_]*)_(?<emotion>[^_]*)$'\n",
        );
        for path in ["___sad", " _\t_\u{a0}_sad", "\u{200b}_\u{3000}_ _sad"] {
            let facts = read_name(&descriptor, path).facts.expect(path);
            assert_eq!(
                facts,
                Facts { emotion: Some(Emotion::SAD), emotion_raw: Some("sad".into()), ..Facts::default() }
            );
        }
        let facts = read_name(&descriptor, "s1_a_1_ ").facts.expect("read");
        assert_eq!((facts.speaker.as_deref(), facts.emotion_raw), (Some("s1"), None));
    }

    #[test]
    fn a_blank_folder_contradicts_no_name() {
        let descriptor = own("[[pattern]]\npath = '(?<speaker>[^_/]+)_(?<emotion>[^_]+)$'\n\
                              [[folder]]\npath = '^actor(?<speaker>.*)$'\n");
        let of = |path: &str| read_name(&descriptor, path).facts.expect(path).name_matches_folder;
        assert_eq!(of("actor/s1_sad"), None);
        assert_eq!(of("actors1/s1_sad"), Some(true));
        assert_eq!(of("actors2/s1_sad"), Some(false));
    }

    #[test]
    fn what_keeps_a_name_from_being_read_is_told_apart() {
        let descriptor =
            own("[[pattern]]\npath = '^(?<speaker>s\\d)_(?<emotion>\\w+)$'\n[codes.emotion]\nA = \"angry\"\n");
        let misread = |path: &str| read_name(&descriptor, path).misread;
        assert_eq!(misread("s1_A"), None);
        assert_eq!(misread("x1_A"), Some(Misread::Pattern));
        assert_eq!(misread("s1_B"), Some(Misread::Code { field: Field::Emotion, text: "B".into() }));
        let free = own("[[pattern]]\npath = '^(?<speaker>s\\d)_(?<emotion>\\w+)$'\n");
        assert_eq!(read_name(&free, "s1_angy").misread, Some(Misread::Emotion { word: "angy".into() }));
        assert_eq!(groups(&free, "s1_angy"), [(Field::Speaker, "s1"), (Field::Emotion, "angy")]);
    }

    #[test]
    fn emovo_and_nemo() {
        let facts = read("emovo", "EMOVO/f3/gio-f3-n5");
        assert_eq!(told(&facts), ("f3", Some(Emotion::HAPPY), "n5"));
        assert_eq!((facts.emotion_raw.as_deref(), facts.name_matches_folder), (Some("joy"), Some(true)));
        assert_eq!(told(&read("emovo", "pau-m1-d2")), ("m1", Some(Emotion::FEAR), "d2"));
        assert_eq!(read("emovo", "m2/rab-m1-l4").name_matches_folder, Some(false));
        assert!(refused("emovo", "f1/col-f1-b1").contains("`col` is no emotion code of emovo"));
        let facts = read("nemo", "samples/TP0_surprised_90");
        assert_eq!(told(&facts), ("TP0", Some(Emotion::SURPRISE), "90"));
        assert_eq!(told(&read("nemo", "KD0_happiness_7")), ("KD0", Some(Emotion::HAPPY), "7"));
    }

    #[test]
    fn codes_differing_only_in_case_are_read() {
        assert_eq!(read("tess", "OAF_bar_Angry").emotion, Some(Emotion::ANGRY));
    }
}
