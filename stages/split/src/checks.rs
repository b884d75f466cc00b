//! Looks at a finished division and says what is wrong with it, whoever made it.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{Check, CheckStatus, Clip, Emotion, Grouping, Role};
use ser_text::some_names;

use crate::division::{Division, Fold};
use crate::roster::speaker_name;

/// What an offence against a check amounts to.
#[derive(Clone, Copy)]
enum Rule {
    Forbidden,
    Noted,
}

/// Tests every fold of a division, then the whole.
///
/// | check | offends | if it does |
/// |---|---|---|
/// | `roles_present` | a fold without training or without test clips | failed |
/// | `roles_disjoint` | a clip twice in a fold | failed |
/// | `validation_not_test` | a clip that chooses the epoch and is tested | failed |
/// | `audio_disjoint` | two clips of the same audio or the same bytes, on two sides of a fold | failed |
/// | `speaker_disjoint` | a speaker who is tested and also trained or validated on | failed where the protocol keeps speakers apart, else noted |
/// | `language_disjoint`, `sentence_disjoint`, ... of every other column that is held out | a value that is tested and also trained or validated on, and a clip in some role whose value is not known | failed |
/// | `validation_speaker_disjoint` | a speaker who is both trained and validated on | noted: the epoch is then chosen on known voices |
/// | `classes_in_train` | a fold that trains on a single class | failed: nothing can be learnt from it |
/// | `every_class_in_train` | an emotion that is tested and not trained on | noted: no model can get it right |
/// | `classes_in_test` | a fold that tests a single class | noted: recall there is that of one class |
/// | `language_known`, `sentence_known`, ... of every such column | a clip that takes no part, as its value is not known | noted |
/// | `every_clip_tested_once` | a clip tested in no fold or in several | failed where the protocol promises it, else noted |
pub fn inspect(clips: &[Clip], division: &Division) -> Vec<Check> {
    let speakers = if division.keeps_speakers_apart() { Rule::Forbidden } else { Rule::Noted };
    // Speakers have checks of their own, whatever is held out.
    let others = || division.held_out.iter().filter(|column| **column != Grouping::Speaker);
    let mut checks = Vec::new();
    for fold in &division.folds {
        let at = Some(fold.number);
        checks.push(check("roles_present", at, Rule::Forbidden, &missing_roles(fold)));
        checks.push(check("roles_disjoint", at, Rule::Forbidden, &repeated_clips(clips, fold)));
        checks.push(check("validation_not_test", at, Rule::Forbidden, &validated_and_tested(clips, fold)));
        checks.push(check("audio_disjoint", at, Rule::Forbidden, &shared_audio(clips, fold)));
        let trained: Vec<usize> = fold.train.iter().chain(&fold.validation).copied().collect();
        checks.push(check("speaker_disjoint", at, speakers, &shared_speakers(clips, &trained, &fold.test)));
        for column in others() {
            let mut offenders = shared(clips, &trained, &fold.test, |clip| column.of(clip));
            offenders.extend(nameless(clips, trained.iter().chain(&fold.test), *column));
            checks.push(check(&format!("{}_disjoint", column.as_str()), at, Rule::Forbidden, &offenders));
        }
        let shared = shared_speakers(clips, &fold.train, &fold.validation);
        checks.push(check("validation_speaker_disjoint", at, Rule::Noted, &shared));
        checks.push(check("classes_in_train", at, Rule::Forbidden, &single_class(clips, &fold.train)));
        checks.push(check("every_class_in_train", at, Rule::Noted, &untrained_classes(clips, fold)));
        checks.push(check("classes_in_test", at, Rule::Noted, &single_class(clips, &fold.test)));
    }
    for column in others() {
        let unknown = division.unknown.iter().filter(|(of, _)| of == column).flat_map(|(_, unknown)| unknown);
        let offenders: Vec<String> = unknown.map(|clip| clips[*clip].clip_id.clone()).collect();
        checks.push(check(&format!("{}_known", column.as_str()), None, Rule::Noted, &offenders));
    }
    let promise = if division.tests_every_clip_once { Rule::Forbidden } else { Rule::Noted };
    checks.push(check("every_clip_tested_once", None, promise, &not_tested_once(clips, division)));
    checks
}

fn check(name: &str, fold: Option<u32>, rule: Rule, offenders: &[String]) -> Check {
    let status = match (offenders.is_empty(), rule) {
        (true, _) => CheckStatus::Passed,
        (false, Rule::Noted) => CheckStatus::Noted,
        (false, Rule::Forbidden) => CheckStatus::Failed,
    };
    row(name, fold, status, offenders)
}

/// The row of a check that found `offenders`, or has something to tell of them.
pub(crate) fn row(name: &str, fold: Option<u32>, status: CheckStatus, offenders: &[String]) -> Check {
    Check {
        check: name.to_owned(),
        fold,
        status,
        offenders: offenders.len() as u64,
        detail: some_names(offenders.iter().map(String::as_str)),
    }
}

fn missing_roles(fold: &Fold) -> Vec<String> {
    let needed = fold.roles().into_iter().filter(|(role, _)| *role != Role::Validation);
    needed.filter(|(_, clips)| clips.is_empty()).map(|(role, _)| format!("no {role} clips")).collect()
}

fn repeated_clips(clips: &[Clip], fold: &Fold) -> Vec<String> {
    let mut roles: BTreeMap<&str, Vec<Role>> = BTreeMap::new();
    for (role, members) in fold.roles() {
        for clip in members {
            roles.entry(&clips[*clip].clip_id).or_default().push(role);
        }
    }
    let repeated = roles.into_iter().filter(|(_, roles)| roles.len() > 1);
    repeated
        .map(|(clip, roles)| {
            format!("{clip} ({})", roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" and "))
        })
        .collect()
}

fn validated_and_tested(clips: &[Clip], fold: &Fold) -> Vec<String> {
    let tested: BTreeSet<&str> = fold.test.iter().map(|clip| clips[*clip].clip_id.as_str()).collect();
    let validated: BTreeSet<&str> = fold.validation.iter().map(|clip| clips[*clip].clip_id.as_str()).collect();
    validated.intersection(&tested).map(|clip| (*clip).to_owned()).collect()
}

/// Pairs of clips on different sides that hold the same decoded audio or the same bytes.
fn shared_audio(clips: &[Clip], fold: &Fold) -> Vec<String> {
    let mut holders: BTreeMap<(&str, &str), Vec<(Role, usize)>> = BTreeMap::new();
    for (role, members) in fold.roles() {
        for index in members {
            let clip = &clips[*index];
            for (kind, hash) in [("audio", &clip.audio_hash), ("bytes", &clip.content_hash)] {
                if let Some(hash) = hash {
                    holders.entry((kind, hash)).or_default().push((role, *index));
                }
            }
        }
    }
    let mut pairs = BTreeSet::new();
    for holders in holders.values().filter(|holders| holders.len() > 1) {
        let (role, clip) = holders[0];
        for (other_role, other) in holders.iter().filter(|(other_role, other)| *other_role != role && *other != clip) {
            pairs.insert(format!("{} ({role}) = {} ({other_role})", clips[clip].clip_id, clips[*other].clip_id));
        }
    }
    pairs.into_iter().collect()
}

fn shared_speakers(clips: &[Clip], one: &[usize], other: &[usize]) -> Vec<String> {
    shared(clips, one, other, |clip| Some(speaker_name(clip)))
}

/// Values that clips of both have, each with a clip of the other.
fn shared(clips: &[Clip], one: &[usize], other: &[usize], value: impl Fn(&Clip) -> Option<String>) -> Vec<String> {
    let one: BTreeSet<String> = one.iter().filter_map(|clip| value(&clips[*clip])).collect();
    let mut shared: BTreeMap<String, &str> = BTreeMap::new();
    for clip in other {
        if let Some(value) = value(&clips[*clip]).filter(|value| one.contains(value)) {
            shared.entry(value).or_insert(&clips[*clip].clip_id);
        }
    }
    shared.into_iter().map(|(value, clip)| format!("{value} ({clip}, ...)")).collect()
}

fn nameless<'a>(clips: &[Clip], members: impl Iterator<Item = &'a usize>, column: Grouping) -> Vec<String> {
    let nameless = members.filter(|clip| column.of(&clips[**clip]).is_none());
    nameless.map(|clip| format!("{} ({} not known)", clips[*clip].clip_id, column.as_str())).collect()
}

fn untrained_classes(clips: &[Clip], fold: &Fold) -> Vec<String> {
    classes(clips, &fold.test).difference(&classes(clips, &fold.train)).map(ToString::to_string).collect()
}

/// The only class of `members`, in words; nothing where there are several. That there are no clips is another check's
/// business.
fn single_class(clips: &[Clip], members: &[usize]) -> Vec<String> {
    let classes = classes(clips, members);
    let only = classes.first().filter(|_| classes.len() == 1);
    only.map(|class| format!("only {class}")).into_iter().collect()
}

fn classes(clips: &[Clip], members: &[usize]) -> BTreeSet<Emotion> {
    members.iter().filter_map(|clip| clips[*clip].emotion).collect()
}

fn not_tested_once(clips: &[Clip], division: &Division) -> Vec<String> {
    let mut times = vec![0_usize; clips.len()];
    for clip in division.folds.iter().flat_map(|fold| &fold.test) {
        times[*clip] += 1;
    }
    let offending = clips.iter().zip(times).filter(|(_, times)| *times != 1);
    offending.map(|(clip, times)| format!("{} ({times} times)", clip.clip_id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::made;

    fn clip(name: &str, speaker: &str, emotion: Emotion) -> Clip {
        let mut clip = Clip::found(name.into(), "c".into(), format!("{name}.wav"), 1);
        clip.speaker = Some(speaker.into());
        clip.emotion = Some(emotion);
        clip.audio_hash = Some(format!("audio of {name}"));
        clip
    }

    fn four() -> Vec<Clip> {
        vec![
            clip("a", "s1", Emotion::SAD),
            clip("b", "s2", Emotion::SAD),
            clip("c", "s3", Emotion::SAD),
            clip("d", "s4", Emotion::SAD),
        ]
    }

    fn division(train: &[usize], validation: &[usize], test: &[usize]) -> Division {
        let division = made::division(vec![[train.to_vec(), validation.to_vec(), test.to_vec()]]);
        Division { held_out: vec![Grouping::Speaker], tests_every_clip_once: false, ..division }
    }

    /// The checks that did not pass, as `name status offenders: detail`.
    fn offences(clips: &[Clip], division: &Division) -> Vec<String> {
        let checks = inspect(clips, division).into_iter().filter(|check| check.status != CheckStatus::Passed);
        // One clip has one class, and belongs to one fold: of these properties below.
        let others = ["every_clip_tested_once", "classes_in_train", "classes_in_test"];
        let checks = checks.filter(|check| !others.contains(&check.check.as_str()));
        checks.map(|check| format!("{} {} {}: {}", check.check, check.status, check.offenders, check.detail)).collect()
    }

    #[test]
    fn a_clean_split_passes_every_check() {
        assert_eq!(offences(&four(), &division(&[0, 1], &[2], &[3])), Vec::<String>::new());
        assert_eq!(inspect(&four(), &division(&[0, 1], &[2], &[3])).len(), 10);
    }

    #[test]
    fn a_planted_speaker_is_found_on_both_sides() {
        let mut clips = four();
        clips[3].speaker = Some("s1".into());
        let mut split = division(&[0, 1], &[2], &[3]);
        assert_eq!(offences(&clips, &split), ["speaker_disjoint failed 1: s1 (d, ...)"]);
        split.held_out.clear();
        assert_eq!(offences(&clips, &split), ["speaker_disjoint noted 1: s1 (d, ...)"]);
        clips[3].speaker = Some("s3".into());
        assert_eq!(offences(&clips, &split), ["speaker_disjoint noted 1: s3 (d, ...)"], "validation is a side too");
        assert_eq!(
            offences(&clips, &division(&[0, 2], &[3], &[1])),
            ["validation_speaker_disjoint noted 1: s3 (d, ...)"]
        );
    }

    #[test]
    fn a_planted_sentence_is_found_on_both_sides_and_a_clip_without_one_in_no_role() {
        let mut clips = four();
        for (clip, sentence) in clips.iter_mut().zip(["x", "y", "z", "w"]) {
            clip.sentence = Some(sentence.into());
        }
        let mut split = division(&[0, 1], &[2], &[3]);
        split.held_out.push(Grouping::Sentence);
        split.unknown.push((Grouping::Sentence, vec![0]));
        assert_eq!(offences(&clips, &split), ["sentence_known noted 1: a"]);
        split.unknown.clear();
        assert_eq!(offences(&clips, &split), Vec::<String>::new());
        for copy in [0, 2] {
            let mut clips = clips.clone();
            clips[3].sentence = clips[copy].sentence.clone();
            let sentence = ["x", "", "z"][copy];
            assert_eq!(offences(&clips, &split), [format!("sentence_disjoint failed 1: c: {sentence} (d, ...)")]);
        }
        clips[1].sentence = None;
        assert_eq!(offences(&clips, &split), ["sentence_disjoint failed 1: b (sentence not known)"]);
    }

    #[test]
    fn planted_copies_of_audio_are_found() {
        let mut clips = four();
        clips[3].audio_hash = clips[0].audio_hash.clone();
        assert_eq!(offences(&clips, &division(&[0, 1], &[2], &[3])), ["audio_disjoint failed 1: a (train) = d (test)"]);
        assert_eq!(offences(&clips, &division(&[0, 3], &[2], &[1])), Vec::<String>::new(), "one side may hold both");
        let mut clips = four();
        for copy in [1, 2] {
            clips[copy].content_hash = Some("same bytes".into());
        }
        assert_eq!(
            offences(&clips, &division(&[0, 1], &[2], &[3])),
            ["audio_disjoint failed 1: b (train) = c (validation)"]
        );
    }

    #[test]
    fn a_clip_with_two_roles_is_found() {
        let found = offences(&four(), &division(&[0, 1], &[3], &[3]));
        assert_eq!(
            found,
            [
                "roles_disjoint failed 1: d (validation and test)",
                "validation_not_test failed 1: d",
                "speaker_disjoint failed 1: s4 (d, ...)",
            ]
        );
    }

    #[test]
    fn empty_roles_and_untrained_classes_are_found() {
        assert_eq!(offences(&four(), &division(&[0, 1], &[], &[])), ["roles_present failed 1: no test clips"]);
        let mut clips = four();
        clips[3].emotion = Some(Emotion::CALM);
        assert_eq!(offences(&clips, &division(&[0, 1], &[2], &[3])), ["every_class_in_train noted 1: calm"]);
    }

    #[test]
    fn a_single_class_cannot_be_trained_on_and_is_noted_where_it_is_tested() {
        let mut clips = four();
        clips[1].emotion = Some(Emotion::HAPPY);
        let told = |train: &[usize], test: &[usize]| {
            let checks = inspect(&clips, &division(train, &[], test)).into_iter();
            let checks = checks.filter(|check| check.check.starts_with("classes_in_"));
            checks.map(|check| format!("{} {}", check.status, check.detail)).collect::<Vec<_>>()
        };
        assert_eq!(told(&[0, 1], &[2, 3]), ["passed ", "noted only sad"]);
        assert_eq!(told(&[0, 2], &[1, 3]), ["failed only sad", "passed "]);
        assert_eq!(told(&[1], &[2]), ["failed only happy", "noted only sad"]);
        assert_eq!(told(&[0, 1], &[]), ["passed ", "passed "], "that nothing is tested is said elsewhere");
    }

    #[test]
    fn clips_tested_never_or_twice_break_the_promise() {
        let mut split = division(&[0, 1], &[2], &[3]);
        split.tests_every_clip_once = true;
        split.folds.push(Fold { number: 4, ..split.folds[0].clone() });
        let last = inspect(&four(), &split).pop().expect("there are checks");
        assert_eq!((last.status, last.fold), (CheckStatus::Failed, None));
        assert_eq!(last.detail, "a (0 times), b (0 times), c (0 times), d (2 times)");
    }

    #[test]
    fn at_most_twenty_offenders_are_named() {
        let clips: Vec<Clip> = (0..30).map(|number| clip(&format!("{number:02}"), "s1", Emotion::SAD)).collect();
        let split = division(&[0], &[], &[1]);
        let last = inspect(&clips, &split).pop().expect("there are checks");
        assert_eq!(last.offenders, 29);
        assert!(last.detail.ends_with(" and 9 more"), "{}", last.detail);
    }
}
