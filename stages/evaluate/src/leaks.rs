//! Leaks, which could make a figure too good: a model that met its test clips, or what is in them, before.
//!
//! Three witnesses are heard: the predictions (what the model was scored on), the split's assignments (what each clip
//! was meant for) and the stage's own record of exposures (what each clip was used for).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ser_schemas::{Assignment, CheckStatus, Clip, Emotion, Exposure, Grouping, ModelCheck, Prediction, Role, Use};

/// How many clips or speakers are named in a check.
const MAX_NAMED: usize = 20;

/// A split, as its stage wrote it.
#[derive(Debug, Clone)]
pub(crate) struct SplitFacts {
    /// Name of the split stage.
    pub name: String,
    /// Columns of clips whose values it holds out whole.
    pub held_out: Vec<Grouping>,
    /// Roles of the clips in each fold.
    pub assignments: Vec<Assignment>,
}

impl SplitFacts {
    /// `true` if a speaker on both sides is a leak.
    pub(crate) fn keeps_speakers_apart(&self) -> bool {
        self.held_out.iter().any(|column| column.is_of_speakers())
    }
}

/// What the weights of a fold were fitted on.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrainedOn<'a> {
    pub speakers: HashSet<&'a str>,
    pub emotions: BTreeSet<Emotion>,
}

/// Evidence about one model on one split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    /// Name of the stage that made the model.
    pub model: &'a str,
    /// Name of the split stage.
    pub split: &'a str,
    /// Predictions that the model was scored on.
    pub predictions: &'a [&'a Prediction],
    /// Its predictions of its validation clips.
    pub validation: &'a [Prediction],
    /// Uses of its clips; `None` where the stage does not tell.
    pub exposures: Option<&'a [Exposure]>,
    /// The split; `None` where it is not among the inputs.
    pub facts: Option<&'a SplitFacts>,
    /// All clips of the manifest.
    pub clips: &'a HashMap<&'a str, &'a Clip>,
}

/// Tests every fold of a model.
///
/// | check | offends | if it does |
/// |---|---|---|
/// | `test_clips_are_those_of_the_split` | a scored clip that the fold does not hold out: a validation clip, a training clip | failed |
/// | `shown_clips_are_those_of_the_split` | a clip that the model was shown though the split gives it no part in the fold | failed |
/// | `weights_saw_no_test_clip` | a scored clip that weights were fitted on | failed |
/// | `selection_saw_no_test_clip` | a scored clip that chose the epoch, the regularisation or an ensemble's weights | failed |
/// | `standardisation_saw_no_test_clip` | a scored clip that the features' mean and standard deviation were fitted on | failed; noted where only its own speaker's or corpus's were |
/// | `augmentation_saw_no_test_clip` | a scored clip of which altered copies were trained on | failed |
/// | `speaker_disjoint` | a speaker of scored clips whom the model was shown | failed where the protocol keeps speakers apart, else noted |
/// | `language_disjoint`, `sentence_disjoint`, ... of every other column that the split holds out | a value of scored clips that shown clips have too, or a clip whose value is not known | failed |
/// | `audio_disjoint` | a scored clip with the audio or the bytes of a clip that the model was shown | failed |
///
/// Checks that a missing witness leaves undone are noted, once for all folds.
pub(crate) fn inspect(evidence: &Evidence<'_>) -> Vec<ModelCheck> {
    let mut tested: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for prediction in evidence.predictions {
        tested.entry(prediction.fold).or_default().insert(&prediction.clip_id);
    }
    let roles = evidence.facts.map(roles_by_fold);
    let uses = uses_by_fold(evidence.exposures.unwrap_or_default(), evidence.validation);
    // Validation predictions alone say what chose the epoch, and nothing else.
    let told = |check: &str| {
        evidence.exposures.is_some() || check == "selection_saw_no_test_clip" && !evidence.validation.is_empty()
    };
    let mut checks = Vec::new();
    if roles.is_none() {
        let reason = [format!("not tested: the split `{}` is not among the inputs of this stage", evidence.split)];
        for check in ["test_clips_are_those_of_the_split", "shown_clips_are_those_of_the_split"] {
            checks.push(evidence.check(check, None, CheckStatus::Noted, &reason));
        }
    }
    for (check, _) in USES.iter().filter(|(check, _)| !told(check)) {
        let reason =
            format!("not tested: `{}` has no exposures.parquet that says what its clips were used for", evidence.model);
        checks.push(evidence.check(check, None, CheckStatus::Noted, &[reason]));
    }
    for (fold, tested) in &tested {
        if let Some(roles) = &roles {
            let offenders = not_held_out(tested, roles.get(fold));
            checks.push(evidence.judged("test_clips_are_those_of_the_split", *fold, CheckStatus::Failed, &offenders));
            let offenders = evidence.shown_without_part(roles.get(fold), uses.get(fold));
            checks.push(evidence.judged("shown_clips_are_those_of_the_split", *fold, CheckStatus::Failed, &offenders));
        }
        for (check, of) in USES.iter().filter(|(check, _)| told(check)) {
            checks.push(evidence.unseen(check, *fold, of, tested, uses.get(fold)));
        }
        let shown = shown(*fold, tested, roles.as_ref(), &uses);
        let apart = evidence.facts.is_some_and(SplitFacts::keeps_speakers_apart);
        let worst = if apart { CheckStatus::Failed } else { CheckStatus::Noted };
        let speakers = evidence.shared(tested, &shown, |clip| clip.speaker.clone());
        checks.push(evidence.judged("speaker_disjoint", *fold, worst, &speakers));
        let held_out = evidence.facts.iter().flat_map(|facts| &facts.held_out);
        for column in held_out.filter(|column| **column != Grouping::Speaker) {
            let mut offenders = evidence.shared(tested, &shown, |clip| column.of(clip));
            offenders.extend(evidence.nameless(tested.union(&shown), *column));
            let check = format!("{}_disjoint", column.as_str());
            checks.push(evidence.judged(&check, *fold, CheckStatus::Failed, &offenders));
        }
        checks.push(evidence.judged(
            "audio_disjoint",
            *fold,
            CheckStatus::Failed,
            &evidence.shared_audio(tested, &shown),
        ));
    }
    checks
}

/// Which uses each check is about; those that [serve their own](Use::serves_its_own) are noted only.
const USES: [(&str, &[Use]); 4] = [
    ("weights_saw_no_test_clip", &[Use::Weights]),
    ("selection_saw_no_test_clip", &[Use::Selection]),
    (
        "standardisation_saw_no_test_clip",
        &[Use::Standardisation, Use::SpeakerStandardisation, Use::CorpusStandardisation],
    ),
    ("augmentation_saw_no_test_clip", &[Use::Augmentation]),
];

type Roles<'a> = BTreeMap<u32, HashMap<&'a str, Role>>;
type Uses<'a> = BTreeMap<u32, BTreeMap<Use, BTreeSet<&'a str>>>;

fn roles_by_fold(facts: &SplitFacts) -> Roles<'_> {
    let mut roles: Roles<'_> = BTreeMap::new();
    for row in &facts.assignments {
        roles.entry(row.fold).or_default().insert(&row.clip_id, row.role);
    }
    roles
}

fn uses_by_fold<'a>(exposures: &'a [Exposure], validation: &'a [Prediction]) -> Uses<'a> {
    let mut uses: Uses<'_> = BTreeMap::new();
    let exposed = exposures.iter().map(|row| (row.fold, row.used_for, row.clip_id.as_str()));
    let validated = validation.iter().map(|row| (row.fold, Use::Selection, row.clip_id.as_str()));
    for (fold, used_for, clip) in exposed.chain(validated) {
        uses.entry(fold).or_default().entry(used_for).or_default().insert(clip);
    }
    uses
}

fn not_held_out(tested: &BTreeSet<&str>, roles: Option<&HashMap<&str, Role>>) -> Vec<String> {
    let role = |clip: &str| roles.and_then(|roles| roles.get(clip)).copied();
    tested
        .iter()
        .filter(|clip| role(clip) != Some(Role::Test))
        .map(|clip| format!("{clip} ({})", role(clip).map_or("no part of the fold", Role::as_str)))
        .collect()
}

/// The clips that the model was shown in a fold, by its own record and by what they were meant for; test clips are
/// another check's business.
fn shown<'a>(fold: u32, tested: &BTreeSet<&'a str>, roles: Option<&Roles<'a>>, uses: &Uses<'a>) -> BTreeSet<&'a str> {
    let meant = roles.and_then(|roles| roles.get(&fold)).into_iter().flatten();
    let meant = meant.filter(|(_, role)| **role != Role::Test).map(|(clip, _)| *clip);
    let used = uses.get(&fold).into_iter().flatten();
    let used = used.filter(|(used_for, _)| !used_for.serves_its_own());
    let used = used.flat_map(|(_, clips)| clips.iter().copied());
    meant.chain(used).filter(|clip| !tested.contains(clip)).collect()
}

impl<'a> Evidence<'a> {
    /// What the model's weights were fitted on, fold by fold: by its own record, and where there is none, by what the
    /// split meant its clips for. Empty where neither is told.
    pub(crate) fn trained_on(&self) -> BTreeMap<u32, TrainedOn<'a>> {
        let mut folds: BTreeMap<u32, TrainedOn<'_>> = BTreeMap::new();
        let mut add = |fold: u32, clip: &str| {
            let Some(clip) = self.clips.get(clip) else { return };
            let fold = folds.entry(fold).or_default();
            fold.speakers.extend(clip.speaker.as_deref());
            fold.emotions.extend(clip.emotion);
        };
        if let Some(exposures) = self.exposures {
            exposures.iter().filter(|row| row.used_for == Use::Weights).for_each(|row| add(row.fold, &row.clip_id));
        } else if let Some(facts) = self.facts {
            let train = facts.assignments.iter().filter(|row| row.role == Role::Train);
            train.for_each(|row| add(row.fold, &row.clip_id));
        }
        folds
    }
}

impl Evidence<'_> {
    /// Clips of the manifest that the model was shown though the split gives them no part in the fold. Clips from
    /// elsewhere are the analyst's business, and speakers and corpora may be standardised by all that there is of them.
    fn shown_without_part(
        &self,
        roles: Option<&HashMap<&str, Role>>,
        uses: Option<&BTreeMap<Use, BTreeSet<&str>>>,
    ) -> Vec<String> {
        let used = uses.into_iter().flatten().filter(|(used_for, _)| !used_for.serves_its_own());
        let shown: BTreeSet<&str> = used.flat_map(|(_, clips)| clips.iter().copied()).collect();
        let no_part = |clip: &&str| !roles.is_some_and(|roles| roles.contains_key(clip));
        shown.into_iter().filter(no_part).filter(|clip| self.clips.contains_key(clip)).map(str::to_owned).collect()
    }

    fn unseen(
        &self,
        check: &str,
        fold: u32,
        forbidden: &[Use],
        tested: &BTreeSet<&str>,
        uses: Option<&BTreeMap<Use, BTreeSet<&str>>>,
    ) -> ModelCheck {
        let seen = |used_for: &Use| -> Vec<String> {
            let clips = uses.and_then(|uses| uses.get(used_for)).into_iter().flatten();
            clips.filter(|clip| tested.contains(*clip)).map(|clip| (*clip).to_owned()).collect()
        };
        let (own, others): (Vec<&Use>, Vec<&Use>) = forbidden.iter().partition(|used_for| used_for.serves_its_own());
        let offenders: Vec<String> = others.into_iter().flat_map(seen).collect();
        if !offenders.is_empty() {
            return self.judged(check, fold, CheckStatus::Failed, &offenders);
        }
        self.judged(check, fold, CheckStatus::Noted, &own.into_iter().flat_map(seen).collect::<Vec<_>>())
    }

    /// Values that tested and shown clips have, each with a clip of both.
    fn shared(
        &self,
        tested: &BTreeSet<&str>,
        shown: &BTreeSet<&str>,
        value: impl Fn(&Clip) -> Option<String>,
    ) -> Vec<String> {
        let value = |clip: &str| self.clips.get(clip).and_then(|clip| value(clip));
        let known: HashMap<String, &str> = shown.iter().filter_map(|clip| Some((value(clip)?, *clip))).collect();
        let mut shared: BTreeMap<String, String> = BTreeMap::new();
        for clip in tested {
            let Some(value) = value(clip) else { continue };
            if let Some(other) = known.get(&value) {
                let told = format!("{value} ({clip} tested, {other} shown)");
                shared.entry(value).or_insert(told);
            }
        }
        shared.into_values().collect()
    }

    /// Clips whose value of a column is not known.
    fn nameless<'c>(&self, clips: impl Iterator<Item = &'c &'c str>, column: Grouping) -> Vec<String> {
        let nameless = clips.filter(|clip| self.clips.get(**clip).is_some_and(|clip| column.of(clip).is_none()));
        nameless.map(|clip| format!("{clip} ({} not known)", column.as_str())).collect()
    }

    fn shared_audio(&self, tested: &BTreeSet<&str>, shown: &BTreeSet<&str>) -> Vec<String> {
        let hashes = |clip: &str| {
            let clip = self.clips.get(clip);
            let audio = clip.and_then(|clip| Some(("audio", clip.audio_hash.as_deref()?)));
            let bytes = clip.and_then(|clip| Some(("bytes", clip.content_hash.as_deref()?)));
            audio.into_iter().chain(bytes)
        };
        let known: HashMap<(&str, &str), &str> =
            shown.iter().flat_map(|clip| hashes(clip).map(|hash| (hash, *clip))).collect();
        let shared = tested.iter().filter_map(|clip| {
            let other = hashes(clip).find_map(|hash| known.get(&hash))?;
            Some(format!("{clip} (tested) = {other} (shown)"))
        });
        shared.collect()
    }

    /// Passed without offenders, else `worst`.
    fn judged(&self, check: &str, fold: u32, worst: CheckStatus, offenders: &[String]) -> ModelCheck {
        let status = if offenders.is_empty() { CheckStatus::Passed } else { worst };
        self.check(check, Some(fold), status, offenders)
    }

    fn check(&self, check: &str, fold: Option<u32>, status: CheckStatus, offenders: &[String]) -> ModelCheck {
        let named = offenders.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = offenders.len().saturating_sub(MAX_NAMED);
        ModelCheck {
            model: self.model.to_owned(),
            split: self.split.to_owned(),
            check: check.to_owned(),
            fold,
            status,
            offenders: if fold.is_some() { offenders.len() as u64 } else { 0 },
            detail: if more > 0 { format!("{named} and {more} more") } else { named },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use ser_schemas::Emotion;

    /// Clip `a` of speaker `s1` and so on; `d` is tested in fold 0.
    struct Case {
        clips: Vec<Clip>,
        exposures: Vec<Exposure>,
        facts: SplitFacts,
        tested: Vec<&'static str>,
    }

    impl Case {
        fn clean() -> Self {
            let clip = |name: &str, speaker: &str| {
                let mut clip = Clip::found(name.into(), "c".into(), format!("{name}.wav"), 1);
                clip.speaker = Some(speaker.into());
                clip.audio_hash = Some(format!("audio of {name}"));
                clip
            };
            let assignment = |clip: &str, role| Assignment { clip_id: clip.into(), fold: 0, role };
            let exposure = |clip: &str, used_for| Exposure { fold: 0, clip_id: clip.into(), used_for };
            Self {
                clips: vec![clip("a", "s1"), clip("b", "s2"), clip("c", "s3"), clip("d", "s4")],
                exposures: vec![
                    exposure("a", Use::Weights),
                    exposure("b", Use::Weights),
                    exposure("a", Use::Standardisation),
                    exposure("a", Use::Augmentation),
                    exposure("c", Use::Selection),
                ],
                facts: SplitFacts {
                    name: "si".into(),
                    held_out: vec![Grouping::Speaker],
                    assignments: vec![
                        assignment("a", Role::Train),
                        assignment("b", Role::Train),
                        assignment("c", Role::Validation),
                        assignment("d", Role::Test),
                    ],
                },
                tested: vec!["d"],
            }
        }

        fn exposed(mut self, clip: &str, used_for: Use) -> Self {
            self.exposures.push(Exposure { fold: 0, clip_id: clip.into(), used_for });
            self
        }

        /// The checks that did not pass, as `check status: detail`.
        fn offences(&self) -> Vec<String> {
            let rows: Vec<Prediction> = self
                .tested
                .iter()
                .map(|clip| Prediction {
                    model: "net".into(),
                    split: "si".into(),
                    fold: 0,
                    seed: None,
                    clip_id: (*clip).into(),
                    corpus: "c".into(),
                    speaker: String::new(),
                    emotion: Emotion::SAD,
                    predicted: Emotion::SAD,
                    probabilities: vec![1.0],
                    classes: "sad".into(),
                })
                .collect();
            let clips: HashMap<&str, &Clip> = self.clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
            let evidence = Evidence {
                model: "net",
                split: "si",
                predictions: &rows.iter().collect::<Vec<_>>(),
                validation: &[],
                exposures: Some(&self.exposures),
                facts: Some(&self.facts),
                clips: &clips,
            };
            let checks = inspect(&evidence);
            let more = self.facts.held_out.iter().filter(|column| **column != Grouping::Speaker).count();
            assert_eq!(checks.len(), 8 + more);
            let checks = checks.into_iter().filter(|check| check.status != CheckStatus::Passed);
            checks.map(|check| format!("{} {}: {}", check.check, check.status, check.detail)).collect()
        }
    }

    #[test]
    fn a_clean_model_passes_every_check() {
        assert_eq!(Case::clean().offences(), Vec::<String>::new());
    }

    #[test]
    fn every_use_of_a_test_clip_is_found() {
        for (used_for, check) in [
            (Use::Weights, "weights"),
            (Use::Selection, "selection"),
            (Use::Standardisation, "standardisation"),
            (Use::Augmentation, "augmentation"),
        ] {
            let found = Case::clean().exposed("d", used_for).offences();
            assert_eq!(found, [format!("{check}_saw_no_test_clip failed: d")]);
        }
    }

    #[test]
    fn standardisation_by_speaker_or_corpus_is_noted() {
        for used_for in [Use::SpeakerStandardisation, Use::CorpusStandardisation] {
            let found = Case::clean().exposed("d", used_for).offences();
            assert_eq!(found, ["standardisation_saw_no_test_clip noted: d"]);
        }
    }

    #[test]
    fn a_validation_clip_that_is_scored_is_found() {
        let mut case = Case::clean();
        case.tested.push("c");
        let found = case.offences();
        assert_eq!(
            found,
            ["test_clips_are_those_of_the_split failed: c (validation)", "selection_saw_no_test_clip failed: c"]
        );
        case.tested.push("stranger");
        assert!(
            case.offences()[0].ends_with("c (validation), stranger (no part of the fold)"),
            "{:?}",
            case.offences()
        );
    }

    #[test]
    fn a_clip_that_the_split_leaves_out_and_the_model_was_shown_is_found() {
        // A near copy of `d`: no hash tells, so the split gave it no part in the fold.
        let left_out = || {
            let mut case = Case::clean();
            case.facts.assignments.retain(|row| row.clip_id != "b");
            case
        };
        let mut case = left_out();
        case.exposures.retain(|row| row.clip_id != "b");
        assert_eq!(case.offences(), Vec::<String>::new());
        assert_eq!(left_out().offences(), ["shown_clips_are_those_of_the_split failed: b"]);
        let case = case.exposed("b", Use::Selection).exposed("stranger", Use::Weights);
        assert_eq!(
            case.offences(),
            ["shown_clips_are_those_of_the_split failed: b"],
            "a clip of another manifest is not judged"
        );
        let mut case = left_out().exposed("b", Use::SpeakerStandardisation);
        case.exposures.retain(|row| row.clip_id != "b" || row.used_for == Use::SpeakerStandardisation);
        assert_eq!(case.offences(), Vec::<String>::new());
    }

    #[test]
    fn a_speaker_on_both_sides_is_found() {
        let mut case = Case::clean();
        case.clips[3].speaker = Some("s3".into());
        assert_eq!(case.offences(), ["speaker_disjoint failed: s3 (d tested, c shown)"]);
        case.facts.held_out.clear();
        assert_eq!(case.offences(), ["speaker_disjoint noted: s3 (d tested, c shown)"]);
    }

    #[test]
    fn whatever_is_held_out_and_was_shown_is_found() {
        let mut case = Case::clean();
        for (clip, (language, sentence)) in
            case.clips.iter_mut().zip([("en", "x"), ("en", "y"), ("it", "z"), ("pl", "w")])
        {
            (clip.language, clip.sentence) = (Some(language.into()), Some(sentence.into()));
        }
        case.facts.held_out = vec![Grouping::Language, Grouping::Sentence];
        assert_eq!(case.offences(), Vec::<String>::new());
        // Of another region, and still the language.
        case.clips[3].language = Some("en-GB".into());
        assert_eq!(case.offences(), ["language_disjoint failed: en (d tested, b shown)"]);
        // What was meant for validation counts as shown, used or not.
        case.clips[3].language = Some("pl".into());
        case.clips[3].sentence = Some("z".into());
        assert_eq!(case.offences(), ["sentence_disjoint failed: c: z (d tested, c shown)"]);
        case.clips[3].sentence = None;
        assert_eq!(case.offences(), ["sentence_disjoint failed: d (sentence not known)"]);
        case.facts.held_out.clear();
        assert_eq!(case.offences(), Vec::<String>::new(), "no such promise");
    }

    #[test]
    fn copies_of_audio_on_both_sides_are_found() {
        let mut case = Case::clean();
        case.clips[3].audio_hash = case.clips[1].audio_hash.clone();
        assert_eq!(case.offences(), ["audio_disjoint failed: d (tested) = b (shown)"]);
        let mut case = Case::clean();
        for clip in [1, 3] {
            case.clips[clip].content_hash = Some("bytes".into());
        }
        assert_eq!(case.offences(), ["audio_disjoint failed: d (tested) = b (shown)"]);
    }

    #[test]
    fn what_nobody_tells_is_noted_and_not_passed() {
        let case = Case::clean();
        let clips: HashMap<&str, &Clip> = case.clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
        let evidence = Evidence {
            model: "net",
            split: "si",
            predictions: &[],
            validation: &[],
            exposures: None,
            facts: None,
            clips: &clips,
        };
        let checks = inspect(&evidence);
        assert_eq!(checks.len(), 6);
        assert!(
            checks.iter().all(|check| check.status == CheckStatus::Noted && check.detail.starts_with("not tested: "))
        );
    }
}
