//! Every protocol on generated manifests: what it promises, and what it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use ser_schemas::{CheckStatus, Clip, Emotion, Grouping};
use ser_split::{
    Copies, Division, ExactCopy, NearCopies, NearPair, Params, Protocol, SplitError, assign, inspect, inspect_near,
};

fn clip(corpus: &str, speaker: &str, gender: &str, emotion: Emotion, number: usize) -> Clip {
    let id = format!("{corpus}/{speaker}/{emotion}_{number}");
    let mut clip = Clip::found(id.clone(), corpus.into(), format!("{id}.wav"), 1);
    clip.speaker = Some(format!("{corpus}:{speaker}"));
    clip.gender = Some(gender.into());
    clip.emotion = Some(emotion);
    clip.take = Some((number % 3).to_string());
    clip.audio_hash = Some(id);
    clip
}

/// A corpus of `speakers`, every other one female, each with `per_class` clips of the first `classes` emotions.
fn corpus(name: &str, speakers: usize, classes: usize, per_class: usize) -> Vec<Clip> {
    let mut clips = Vec::new();
    for speaker in 0..speakers {
        let gender = ["male", "female"][speaker % 2];
        for emotion in Emotion::BUILT_IN.into_iter().take(classes) {
            clips.extend((0..per_class).map(|number| clip(name, &format!("{speaker:02}"), gender, emotion, number)));
        }
    }
    clips
}

/// RAVDESS and TESS in outline: 24 speakers with eight emotions, 2 women with seven.
fn ravdess_and_tess() -> Vec<Clip> {
    let mut clips = corpus("ravdess", 24, 8, 6);
    let mut tess = corpus("tess", 2, 7, 40);
    for clip in &mut tess {
        clip.gender = Some("female".into());
    }
    clips.extend(tess);
    clips
}

fn divide(params: &Params, clips: &[Clip], seed: u64) -> Result<Division, SplitError> {
    assign(params, clips, Copies::default(), Path::new("."), seed)
}

fn protocol(protocol: Protocol, folds: u32) -> Params {
    Params { protocol, folds, ..Params::default() }
}

fn leave_one_out(column: Grouping) -> Params {
    Params { protocol: Protocol::LeaveOneOut, column: Some(column), ..Params::default() }
}

fn speakers(clips: &[Clip], members: &[usize]) -> BTreeSet<String> {
    members.iter().filter_map(|clip| clips[*clip].speaker.clone()).collect()
}

fn statuses(clips: &[Clip], division: &Division, check: &str) -> Vec<CheckStatus> {
    inspect(clips, division).into_iter().filter(|row| row.check == check).map(|row| row.status).collect()
}

#[test]
fn two_speakers_of_a_corpus_stand_in_two_folds_and_the_other_one_is_trained_on() {
    let clips = ravdess_and_tess();
    for seed in 0..20 {
        let division = divide(&Params::default(), &clips, seed).expect("26 speakers, 5 folds");
        let mut holding_tess = 0;
        for fold in &division.folds {
            let tested = speakers(&clips, &fold.test);
            let tess: Vec<_> = tested.iter().filter(|name| name.starts_with("tess")).collect();
            assert!(tess.len() <= 1, "{tested:?}");
            if let Some(name) = tess.first() {
                holding_tess += 1;
                let other = if name.ends_with("00") { "tess:01" } else { "tess:00" };
                assert!(speakers(&clips, &fold.train).contains(other), "the other is trained on, not validated on");
            }
            let ravdess = tested.len() - tess.len();
            assert!((4..=5).contains(&ravdess), "{tested:?}");
        }
        assert_eq!(holding_tess, 2);
        assert!(inspect(&clips, &division).iter().all(|check| check.status == CheckStatus::Passed));
    }
}

#[test]
fn folds_are_balanced_over_emotions_and_gender() {
    // Speakers of uneven diligence: those with a low number have three times the clips of those with a high one.
    let clips: Vec<Clip> = (0..30)
        .flat_map(|speaker| {
            let gender = ["male", "female"][speaker % 2];
            let emotions = Emotion::BUILT_IN.into_iter().take(6);
            emotions.flat_map(move |emotion| {
                (0..30 - 2 * (speaker / 3)).map(move |n| clip("c", &format!("{speaker:02}"), gender, emotion, n))
            })
        })
        .collect();
    let division = divide(&Params::default(), &clips, 3).expect("30 speakers");
    let wished = clips.len() as f64 / 5.0;
    for fold in &division.folds {
        let off = (fold.test.len() as f64 - wished).abs() / wished;
        assert!(off < 0.03, "fold {} has {} clips, wished {wished}", fold.number, fold.test.len());
        let women = fold.test.iter().filter(|clip| clips[**clip].gender.as_deref() == Some("female")).count();
        assert!((women as f64 / fold.test.len() as f64 - 0.5).abs() < 0.06, "fold {}: {women} female", fold.number);
        let share = fold.validation.len() as f64 / (fold.validation.len() + fold.train.len()) as f64;
        assert!((share - 0.15).abs() < 0.04, "{share}");
    }
}

#[test]
fn more_folds_than_speakers_is_an_error_with_both_numbers() {
    let error = divide(&Params::default(), &corpus("tess", 2, 7, 4), 1).expect_err("two speakers, five folds");
    assert_eq!(error.to_string(), "5 folds need at least 5 speakers, the manifest has 2: set `folds` to at most 2");
}

/// Whatever a message says to set is accepted by the next run.
#[test]
fn advice_about_folds_can_be_followed() {
    let one = corpus("tess", 1, 7, 4);
    let text = divide(&Params::default(), &one, 1).expect_err("one speaker").to_string();
    assert!(text.starts_with("protocol `speaker-independent` needs at least 2 speakers, the manifest has 1: tess:00"));
    assert!(!text.contains("set `folds`") && text.contains("`protocol = \"random\"`"), "{text}");
    divide(&protocol(Protocol::Random, 5), &one, 1).expect("28 clips in five folds");
    let text = divide(&protocol(Protocol::Random, 5), &one[..1], 1).expect_err("one clip").to_string();
    assert_eq!(text, "a split needs at least 2 clips, the manifest has 1: tess/00/angry_0");
    for found in 2..5 {
        let few = corpus("tess", found, 2, 4);
        let text = divide(&Params::default(), &few, 1).expect_err("five folds").to_string();
        assert!(text.ends_with(&format!("set `folds` to at most {found}")), "{text}");
        divide(&protocol(Protocol::SpeakerIndependent, found as u32), &few, 1).expect("as advised");
    }
}

fn pair(a: usize, b: usize) -> NearPair {
    NearPair { a, b, similarity: 0.9 }
}

/// The first clip of each speaker of a corpus.
fn first_of_each(clips: &[Clip]) -> Vec<usize> {
    (0..clips.len()).filter(|at| *at == 0 || clips[*at].speaker != clips[*at - 1].speaker).collect()
}

#[test]
fn speakers_whom_a_near_copy_ties_are_held_out_together() {
    let clips = corpus("talk", 8, 4, 3);
    let first = first_of_each(&clips);
    // 1 and 4 share a take, 4 and 6 another.
    let pairs = [pair(first[1], first[4]), pair(first[4] + 1, first[6])];
    for (params, folds) in [(protocol(Protocol::SpeakerIndependent, 4), 4), (leave_one_out(Grouping::Speaker), 6)] {
        for seed in 0..10 {
            let division = assign(&params, &clips, Copies::of(&pairs), Path::new("."), seed).expect("8 speakers");
            assert_eq!(division.folds.len(), folds);
            assert_eq!(division.near.rule, Some(NearCopies::KeepTogether));
            let id = |clip: usize| clips[clip].clip_id.as_str();
            let tied = format!("talk:01 + talk:04 + talk:06 ({} ~ {})", id(first[1]), id(first[4]));
            assert_eq!(division.near.together, [tied]);
            let mut checks = inspect(&clips, &division);
            checks.extend(inspect_near(&clips, &division, Copies::of(&pairs)));
            assert!(checks.iter().all(|check| check.status != CheckStatus::Failed), "{checks:?}");
            for fold in &division.folds {
                for members in [&fold.train, &fold.validation, &fold.test] {
                    let here = speakers(&clips, members);
                    let tied = ["talk:01", "talk:04", "talk:06"].map(|name| here.contains(name));
                    assert!(tied == [true; 3] || tied == [false; 3], "{here:?}");
                }
                assert_eq!(
                    fold.train.len() + fold.validation.len() + fold.test.len(),
                    clips.len(),
                    "nothing is left out"
                );
            }
        }
    }
}

#[test]
fn copies_that_tie_too_much_are_left_out_unless_the_analyst_says_otherwise() {
    let clips = corpus("talk", 6, 4, 3);
    let first = first_of_each(&clips);
    let pairs: Vec<NearPair> = (0..4).map(|speaker| pair(first[speaker], first[speaker + 1])).collect();
    let mut params = protocol(Protocol::SpeakerIndependent, 3);
    let division = assign(&params, &clips, Copies::of(&pairs), Path::new("."), 1).expect("the default goes through");
    assert_eq!((division.near.rule, division.near.together.len()), (Some(NearCopies::LeaveOut), 0));
    assert_eq!(division.near.not_together.as_deref(), Some("copies leave 2 groups of the 6 speakers for 3 folds"));
    assert!(division.folds.iter().any(|fold| !fold.left_out.is_empty()));
    let near = inspect_near(&clips, &division, Copies::of(&pairs));
    assert!(near.iter().all(|check| check.status != CheckStatus::Failed), "{near:?}");
    assert_eq!(statuses(&clips, &division, "every_clip_tested_once"), [CheckStatus::Passed]);

    params.near_copies = Some(NearCopies::KeepTogether);
    let text = assign(&params, &clips, Copies::of(&pairs), Path::new("."), 1).expect_err("two groups").to_string();
    assert!(text.starts_with("copies leave 2 groups of the 6 speakers for 3 folds: talk:00 + "), "{text}");
    assert!(text.contains("set `folds = 2` or `near_copies = \"leave-out\"` here"), "{text}");
    let copies: Vec<String> = (1..5).map(|speaker| format!("{:?}", clips[first[speaker]].clip_id)).collect();
    assert!(text.ends_with(&format!("`exclude = [{}]`", copies.join(", "))), "{text}");
    params.folds = 2;
    assign(&params, &clips, Copies::of(&pairs), Path::new("."), 1).expect("as advised");

    // Two folds would do, but one of them would hold five of six speakers.
    params.near_copies = None;
    let division = assign(&params, &clips, Copies::of(&pairs), Path::new("."), 1).expect("the default goes through");
    assert_eq!(division.near.not_together.as_deref(), Some("copies tie speakers of 60 of the 72 clips together"));
}

/// Of a recording that lies in two corpora the manifest keeps one file: no clip of `b:00` is a copy, and all are of a
/// known voice.
#[test]
fn speakers_of_one_recording_in_two_corpora_are_held_out_together() {
    let mut clips = corpus("a", 4, 4, 3);
    clips.extend(corpus("b", 4, 4, 3));
    let exact = [ExactCopy {
        clips: ["b/copy".to_owned(), clips[0].clip_id.clone()],
        speakers: ["b:00", "a:00"].map(str::to_owned),
        corpora: ["b", "a"].map(str::to_owned),
    }];
    let copies = Copies { near: None, exact: &exact };
    let divided = |params: Params, near_copies: Option<NearCopies>| {
        let params = Params { near_copies, ..params };
        let division = assign(&params, &clips, copies, Path::new("."), 3).expect("can be divided");
        let mut checks = inspect_near(&clips, &division, copies);
        checks.retain(|check| check.check == "copied_speakers_disjoint" && check.status != CheckStatus::Passed);
        (division.folds.len(), division.near.together, checks.iter().map(|check| check.status).max())
    };
    let tied = vec![format!("a:00 + b:00 (b/copy = {})", clips[0].clip_id)];
    let by_speaker = leave_one_out(Grouping::Speaker);
    assert_eq!(divided(protocol(Protocol::SpeakerIndependent, 4), None), (4, tied.clone(), None));
    assert_eq!(divided(by_speaker.clone(), None), (7, tied, None));
    let (failed, noted) = (Some(CheckStatus::Failed), Some(CheckStatus::Noted));
    assert_eq!(divided(by_speaker.clone(), Some(NearCopies::Fail)), (8, Vec::new(), failed));
    assert_eq!(divided(by_speaker, Some(NearCopies::LeaveOut)), (8, Vec::new(), noted));
    assert_eq!(divided(leave_one_out(Grouping::Corpus), None), (2, Vec::new(), noted));
    assert_eq!(divided(protocol(Protocol::Random, 4), None), (4, Vec::new(), noted));
}

#[test]
fn every_rule_does_what_it_says_under_every_protocol() {
    let mut clips = corpus("a", 4, 4, 3);
    clips.extend(corpus("b", 4, 4, 3));
    clips.extend(corpus("c", 4, 4, 3));
    let of = |corpus: &str| clips.iter().position(|clip| clip.corpus == corpus).expect("there");
    // One take in two corpora, under two speakers.
    let pairs = [pair(of("a"), of("b") + 1)];
    let failed = |params: &Params| {
        let division = assign(params, &clips, Copies::of(&pairs), Path::new("."), 7).expect("can be divided");
        let left_out: usize = division.folds.iter().map(|fold| fold.left_out.len()).sum();
        let near = inspect_near(&clips, &division, Copies::of(&pairs));
        (division.folds.len(), left_out, near.iter().any(|check| check.status == CheckStatus::Failed))
    };
    for (wanted, folds, together) in [
        (protocol(Protocol::SpeakerIndependent, 4), 4, 4),
        (protocol(Protocol::Random, 4), 4, 4),
        (leave_one_out(Grouping::Speaker), 12, 11),
        (leave_one_out(Grouping::Corpus), 3, 2),
        (leave_one_out(Grouping::Take), 3, 2),
    ] {
        let with = |near_copies| Params { near_copies, ..wanted.clone() };
        let name = wanted.told();
        assert_eq!(failed(&with(Some(NearCopies::KeepTogether))), (together, 0, false), "{name}");
        let (found, left_out, fails) = failed(&with(Some(NearCopies::LeaveOut)));
        assert_eq!((found, fails), (folds, false), "{name}");
        assert!(left_out > 0 || wanted.protocol == Protocol::SpeakerIndependent, "{name}");
        let unset = failed(&with(None));
        assert!(!unset.2, "{name}: the default goes through");
        let speakers = !matches!(wanted.column, Some(Grouping::Corpus | Grouping::Take));
        assert_eq!(unset.1 == 0, speakers, "{name}: kept together, or left out");
        if wanted.protocol == Protocol::LeaveOneOut {
            assert_eq!(failed(&with(Some(NearCopies::Fail))), (folds, 0, true), "{name}");
        }
    }
}

/// Speakers a to d, of whom b and c have two emotions and a and d one: a with c against b with d is the only fair
/// division.
#[test]
fn speakers_that_can_be_divided_evenly_are() {
    let of = |speaker: &str, emotion| clip("toy", speaker, "female", emotion, 0);
    let clips = [
        of("a", Emotion::ANGRY),
        of("b", Emotion::ANGRY),
        of("b", Emotion::HAPPY),
        of("c", Emotion::HAPPY),
        of("c", Emotion::SAD),
        of("d", Emotion::SAD),
    ];
    for seed in 0..50 {
        let params = Params { validation_fraction: 0.0, ..protocol(Protocol::SpeakerIndependent, 2) };
        let division = divide(&params, &clips, seed).expect("four speakers");
        assert_eq!(statuses(&clips, &division, "every_class_in_train"), [CheckStatus::Passed; 2], "seed {seed}");
        assert_eq!(statuses(&clips, &division, "classes_in_train"), [CheckStatus::Passed; 2]);
    }
}

#[test]
fn a_class_of_one_speaker_only_is_noted_where_that_speaker_is_held_out_and_nowhere_else() {
    use CheckStatus::{Noted, Passed};

    let mut clips = corpus("toy", 4, 3, 3);
    clips.push(clip("toy", "03", "female", Emotion::SURPRISE, 9));
    let division = divide(&leave_one_out(Grouping::Speaker), &clips, 1).expect("four speakers");
    assert_eq!(statuses(&clips, &division, "every_class_in_train"), [Passed, Passed, Passed, Noted]);
}

#[test]
fn validation_never_takes_the_last_class_but_one_from_training() {
    use CheckStatus::{Failed, Noted, Passed};

    // One emotion a speaker: whole speakers for validation would leave a single class to train on.
    let of = |speaker: &'static str, emotion| (0..4).map(move |number| clip("toy", speaker, "female", emotion, number));
    let clips: Vec<Clip> =
        of("a", Emotion::ANGRY).chain(of("b", Emotion::SAD)).chain(of("c", Emotion::ANGRY)).collect();
    for seed in 0..10 {
        let division = divide(&leave_one_out(Grouping::Speaker), &clips, seed).expect("three speakers");
        for number in [0, 2] {
            let fold = &division.folds[number];
            assert_eq!(fold.validation.len(), 1, "15 % of 8 clips");
            let classes: BTreeSet<_> = fold.train.iter().map(|clip| clips[*clip].emotion).collect();
            assert_eq!(classes.len(), 2);
        }
        assert_eq!(statuses(&clips, &division, "classes_in_train"), [Passed, Failed, Passed], "a and c are both angry");
        assert_eq!(statuses(&clips, &division, "classes_in_test"), [Noted; 3]);
    }
    // Nothing can be set aside of one clip each.
    let clips = [clips[0].clone(), clips[4].clone(), clips[8].clone()];
    let division = divide(&leave_one_out(Grouping::Speaker), &clips, 1).expect("three speakers");
    assert!(division.folds[0].validation.is_empty());
}

#[test]
fn one_training_speaker_gives_clips_for_validation_and_that_is_noted() {
    let clips = corpus("tess", 2, 7, 10);
    let division = divide(&protocol(Protocol::SpeakerIndependent, 2), &clips, 1).expect("two speakers, two folds");
    assert_eq!(division.folds[0].validation.len(), 11, "15 % of 70 clips, every class to within one");
    assert_eq!(statuses(&clips, &division, "speaker_disjoint"), [CheckStatus::Passed; 2]);
    assert_eq!(statuses(&clips, &division, "validation_speaker_disjoint"), [CheckStatus::Noted; 2]);
}

#[test]
fn two_training_speakers_of_two_corpora_give_one_to_validation() {
    let mut clips = corpus("a", 1, 4, 5);
    clips.extend(corpus("b", 1, 4, 4));
    clips.extend(corpus("c", 1, 4, 3));
    let division = divide(&leave_one_out(Grouping::Corpus), &clips, 1).expect("three corpora");
    let validated: Vec<_> = division.folds.iter().map(|fold| speakers(&clips, &fold.validation)).collect();
    assert_eq!(validated, [["c:00"], ["c:00"], ["b:00"]].map(|names| names.map(str::to_owned).into()));
}

#[test]
fn a_speaker_of_every_clip_is_needed_to_keep_them_apart() {
    let mut clips = corpus("c", 5, 2, 2);
    clips[3].speaker = None;
    for wanted in [Params::default(), leave_one_out(Grouping::Speaker)] {
        let text = divide(&wanted, &clips, 1).expect_err("a nameless clip").to_string();
        assert!(text.contains("1 have none: c/00/calm_1"), "{text}");
    }
    assert!(divide(&protocol(Protocol::Random, 5), &clips, 1).is_ok());
}

#[test]
fn a_random_split_shares_speakers_and_says_so() {
    let clips = ravdess_and_tess();
    let division = divide(&protocol(Protocol::Random, 5), &clips, 1).expect("many clips");
    assert_eq!(statuses(&clips, &division, "speaker_disjoint"), [CheckStatus::Noted; 5]);
    assert_eq!(statuses(&clips, &division, "every_clip_tested_once"), [CheckStatus::Passed]);
}

#[test]
fn one_random_fold_is_a_stratified_hold_out() {
    let clips = ravdess_and_tess();
    let division = divide(&protocol(Protocol::Random, 1), &clips, 1).expect("many clips");
    assert_eq!(division.folds.len(), 1);
    let expected = clips.len() as f64 * 0.2;
    assert!((division.folds[0].test.len() as f64 - expected).abs() <= 1.0);
    assert_eq!(statuses(&clips, &division, "every_clip_tested_once"), [CheckStatus::Noted]);
    assert_eq!(statuses(&clips, &division, "every_class_in_train"), [CheckStatus::Passed]);
}

#[test]
fn each_corpus_is_left_out_once() {
    let clips = ravdess_and_tess();
    let division = divide(&leave_one_out(Grouping::Corpus), &clips, 1).expect("two corpora");
    let held_out: Vec<&str> = division.folds.iter().map(|fold| fold.held_out.as_str()).collect();
    assert_eq!(held_out, ["corpus ravdess", "corpus tess"]);
    assert_eq!(statuses(&clips, &division, "speaker_disjoint"), [CheckStatus::Passed; 2]);
    assert_eq!(
        statuses(&clips, &division, "every_class_in_train"),
        [CheckStatus::Noted, CheckStatus::Passed],
        "the last emotion is in ravdess only"
    );
    let text = divide(&leave_one_out(Grouping::Corpus), &corpus("savee", 4, 7, 2), 1).expect_err("one corpus");
    let text = text.to_string();
    assert!(
        text.starts_with(
            "protocol `leave-one-out` needs at least 2 corpora, the manifest has 1: savee; with `required"
        )
    );
}

#[test]
fn a_column_is_held_out_value_by_value() {
    let mut clips = corpus("ravdess", 6, 4, 6);
    clips[0].take = None;
    let division = divide(&leave_one_out(Grouping::Take), &clips, 1).expect("three takes");
    let held_out: Vec<&str> = division.folds.iter().map(|fold| fold.held_out.as_str()).collect();
    assert_eq!(held_out, ["take 0", "take 1", "take 2"]);
    assert_eq!(division.unknown, [(Grouping::Take, vec![0])], "it might be of the take that is held out");
    for fold in &division.folds {
        assert!(fold.roles().iter().all(|(_, members)| !members.contains(&0)) && !fold.validation.is_empty());
    }
    assert_eq!(statuses(&clips, &division, "every_clip_tested_once"), [CheckStatus::Noted]);
    assert_eq!(statuses(&clips, &division, "take_known"), [CheckStatus::Noted]);
    assert_eq!(statuses(&clips, &division, "take_disjoint"), [CheckStatus::Passed; 3]);
}

/// Two corpora of one language, one of another, and one that does not say.
#[test]
fn a_language_is_held_out_with_all_its_corpora_and_regions() {
    let mut clips = Vec::new();
    for (name, language) in [("a", Some("en")), ("b", Some("en-GB")), ("c", Some("pl")), ("d", None)] {
        let mut of_corpus = corpus(name, 4, 4, 3);
        for clip in &mut of_corpus {
            clip.language = language.map(str::to_owned);
        }
        clips.extend(of_corpus);
    }
    let division = divide(&leave_one_out(Grouping::Language), &clips, 1).expect("two languages");
    let held_out: Vec<&str> = division.folds.iter().map(|fold| fold.held_out.as_str()).collect();
    assert_eq!(held_out, ["language en", "language pl"]);
    let english: BTreeSet<&str> = division.folds[0].test.iter().map(|clip| clips[*clip].corpus.as_str()).collect();
    assert_eq!(english, BTreeSet::from(["a", "b"]));
    assert_eq!(division.unknown[0].1.len(), 48, "all of d");
    assert!(division.keeps_speakers_apart());
    assert!(inspect(&clips, &division).iter().all(|check| check.status != CheckStatus::Failed));
    assert_eq!(statuses(&clips, &division, "language_disjoint"), [CheckStatus::Passed; 2]);

    clips.retain(|clip| clip.corpus != "c");
    let text = divide(&leave_one_out(Grouping::Language), &clips, 1).expect_err("one language").to_string();
    assert!(
        text.starts_with(
            "protocol `leave-one-out` needs at least 2 languages, the manifest has 1: en; 48 clips have none (d 48); with"
        ),
        "{text}"
    );
}

/// Every speaker says every sentence, in every emotion.
fn sentences(corpora: &[(&str, usize, usize)]) -> Vec<Clip> {
    let mut clips = Vec::new();
    for (name, speakers, count) in corpora {
        let mut of_corpus = corpus(name, *speakers, 4, *count);
        for (at, clip) in of_corpus.iter_mut().enumerate() {
            clip.sentence = Some(format!("{:02}", at % count));
        }
        clips.extend(of_corpus);
    }
    clips
}

#[test]
fn people_and_texts_are_never_heard_where_both_are_held_out() {
    let clips = sentences(&[("a", 6, 4), ("b", 4, 2)]);
    let wanted = Params { also_held_out: Some(Grouping::Sentence), ..protocol(Protocol::SpeakerIndependent, 3) };
    let plain = divide(&protocol(Protocol::SpeakerIndependent, 3), &clips, 5).expect("ten speakers");
    let division = divide(&wanted, &clips, 5).expect("ten speakers, six sentences");
    assert_eq!(division.folds.len(), 3 * 2);
    for (fold, of) in division.folds.iter().zip([0, 0, 1, 1, 2, 2]) {
        let plain = &plain.folds[of];
        assert!(fold.test.iter().all(|clip| plain.test.contains(clip)), "the same speakers as without");
        // Half of the sentences of each corpus, of three folds' worth of speakers.
        assert_eq!(fold.test.len() * 2, plain.test.len());
        assert_eq!((fold.train.len() + fold.validation.len()) * 2, plain.train.len() + plain.validation.len());
        assert!(
            fold.held_out.starts_with(&format!("{}; 3 values of sentence: a: ", plain.held_out)),
            "{}",
            fold.held_out
        );
    }
    let checks = inspect(&clips, &division);
    assert!(checks.iter().all(|check| check.status == CheckStatus::Passed), "{checks:?}");
    for check in ["speaker_disjoint", "sentence_disjoint"] {
        assert_eq!(statuses(&clips, &division, check), [CheckStatus::Passed; 6], "{check}");
    }
    assert_eq!(statuses(&clips, &division, "every_clip_tested_once"), [CheckStatus::Passed]);

    // More parts leave more to train on.
    let more = Params { also_folds: 4, ..wanted.clone() };
    let division = divide(&more, &clips, 5).expect("four sentences of a");
    assert_eq!(division.folds.len(), 3 * 4);
    let shown = |division: &Division| division.folds.iter().map(|fold| fold.train.len() + fold.validation.len()).min();
    assert!(shown(&division) > Some(50) && shown(&divide(&wanted, &clips, 5).expect("as before")) < Some(50));

    // A clip without a sentence might be of one that is held out.
    let mut lacking = clips;
    lacking[7].sentence = None;
    let division = divide(&wanted, &lacking, 5).expect("as before");
    assert!(division.folds.iter().all(|fold| fold.roles().iter().all(|(_, members)| !members.contains(&7))));
    assert_eq!(statuses(&lacking, &division, "sentence_known"), [CheckStatus::Noted]);
    assert!(inspect(&lacking, &division).iter().all(|check| check.status != CheckStatus::Failed));
}

#[test]
fn a_second_column_that_cannot_be_held_out_is_refused_with_what_helps() {
    let clips = sentences(&[("a", 6, 2)]);
    let wanted = Params { also_held_out: Some(Grouping::Sentence), ..protocol(Protocol::SpeakerIndependent, 3) };
    let refused = |params: &Params, clips: &[Clip]| divide(params, clips, 1).expect_err("refused").to_string();
    let text = refused(&Params { also_folds: 3, ..wanted.clone() }, &clips);
    assert_eq!(text, "3 folds need at least 3 sentences, the manifest has 2: set `also_folds` to at most 2");
    divide(&wanted, &clips, 1).expect("as advised");

    let one = sentences(&[("a", 6, 1)]);
    let text = refused(&wanted, &one);
    assert!(text.starts_with("protocol `speaker-independent` needs at least 2 sentences, the manifest has 1: a: 00"));

    // Who speaks a sentence alone is held out with it.
    let mut own = clips.clone();
    for clip in &mut own {
        clip.sentence.clone_from(&clip.speaker);
    }
    let text = refused(&wanted, &own);
    assert!(
        text.starts_with("to hold out each `speaker` holds out every `sentence` of its clips already")
            && text.ends_with("remove `also_held_out`"),
        "{text}"
    );

    let many = sentences(&[("a", 600, 2)]);
    let by_speaker = Params { also_held_out: Some(Grouping::Sentence), ..leave_one_out(Grouping::Speaker) };
    let text = refused(&by_speaker, &many);
    assert!(
        text.starts_with("two columns make 1200 folds, a split has at most 1000: remove `also_held_out`"),
        "{text}"
    );
    let text = refused(&Params { also_folds: 4, ..by_speaker }, &sentences(&[("a", 300, 4)]));
    assert!(text.ends_with("1200 folds, a split has at most 1000: set `also_folds` to at most 3"), "{text}");
}

#[test]
fn a_file_decides_and_validation_is_carved_out_where_it_has_none() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let clips = corpus("ravdess", 6, 4, 5);
    let rows = clips.iter().map(|clip| {
        let role = if clip.speaker.as_deref() == Some("ravdess:05") { "test" } else { "train" };
        format!("{},{role}\n", clip.clip_id)
    });
    let text = format!("clip_id,role\n{}", rows.collect::<String>());
    std::fs::write(folder.path().join("mine.csv"), &text).expect("write");
    let params = Params { protocol: Protocol::File, file: Some("mine.csv".into()), ..Params::default() };
    let division = assign(&params, &clips, Copies::default(), folder.path(), 1).expect("the file is fine");
    assert_eq!(speakers(&clips, &division.folds[0].test).len(), 1);
    assert_eq!(
        speakers(&clips, &division.folds[0].validation).len(),
        1,
        "whole speakers, as the file keeps them apart"
    );

    std::fs::write(folder.path().join("mine.csv"), format!("{text}ravdess/99,test\n")).expect("write");
    let error = assign(&params, &clips, Copies::default(), folder.path(), 1).expect_err("a stranger").to_string();
    assert!(error.contains("line 122: clip `ravdess/99` is not in the manifest"), "{error}");
}

prop_compose! {
    /// One to three corpora of one to nine speakers, each speaker with a few clips of a few emotions.
    fn manifests()(
        counts in prop::collection::vec((0_usize..3, 0_usize..9, 0_usize..8, 1_usize..4), 4..80)
    ) -> Vec<Clip> {
        let mut numbers: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        let mut clips = Vec::new();
        for (corpus, speaker, emotion, copies) in counts {
            for _ in 0..copies {
                let number = numbers.entry((corpus, speaker, emotion)).or_default();
                *number += 1;
                let gender = ["female", "male"][speaker % 2];
                let name = ["a", "b", "c"][corpus];
                clips.push(clip(name, &speaker.to_string(), gender, Emotion::BUILT_IN[emotion], *number));
            }
        }
        clips.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
        clips
    }
}

fn any_protocol() -> impl Strategy<Value = Params> {
    prop::sample::select(vec![
        Params::default(),
        protocol(Protocol::Random, 5),
        leave_one_out(Grouping::Corpus),
        leave_one_out(Grouping::Speaker),
    ])
}

proptest! {
    #[test]
    fn whatever_is_divided_is_divided_well(
        clips in manifests(), wanted in any_protocol(), folds in 2_u32..7, seed in any::<u64>(),
    ) {
        let params = Params { folds, ..wanted };
        let Ok(division) = divide(&params, &clips, seed) else {
            let everything: Vec<usize> = (0..clips.len()).collect();
            let corpora: BTreeSet<&str> = clips.iter().map(|clip| clip.corpus.as_str()).collect();
            let few = match params.held_out() {
                Some(Grouping::Corpus) => corpora.len() < 2,
                None => clips.len() < folds as usize,
                _ => speakers(&clips, &everything).len() < folds.max(2) as usize,
            };
            prop_assert!(few || clips.len() < 2, "only too few of something is refused");
            return Ok(());
        };
        prop_assert_eq!(&division, &divide(&params, &clips, seed).expect("as before"));
        // Corpora and speakers of any emotions: training may be left with one class whoever is held out.
        let failed = inspect(&clips, &division).into_iter().filter(|check| check.status == CheckStatus::Failed);
        let failed: Vec<_> = failed.filter(|check| check.check != "classes_in_train").collect();
        prop_assert!(failed.is_empty(), "{failed:?}");
        let mut tested = vec![0; clips.len()];
        for fold in &division.folds {
            prop_assert_eq!(fold.train.len() + fold.validation.len() + fold.test.len(), clips.len());
            fold.test.iter().for_each(|clip| tested[*clip] += 1);
            if division.keeps_speakers_apart() {
                let known: Vec<usize> = fold.train.iter().chain(&fold.validation).copied().collect();
                prop_assert!(speakers(&clips, &known).is_disjoint(&speakers(&clips, &fold.test)));
                let mut training = speakers(&clips, &fold.train);
                training.extend(speakers(&clips, &fold.validation));
                let classes = |members: &[usize]| -> BTreeSet<_> {
                    members.iter().map(|clip| clips[*clip].emotion).collect()
                };
                let learnable = classes(&fold.train).len() > 1;
                prop_assert!(learnable || classes(&known).len() < 2, "validation takes no class that is needed");
                let apart = speakers(&clips, &fold.train).is_disjoint(&speakers(&clips, &fold.validation));
                // Single clips are set aside, or none, only where whole speakers could leave one class.
                let has_two = |speaker: &String| {
                    let own: Vec<usize> =
                        known.iter().copied().filter(|clip| clips[*clip].speaker.as_ref() == Some(speaker)).collect();
                    classes(&own).len() > 1
                };
                let whole = classes(&known).len() < 2 || training.iter().all(has_two);
                prop_assert!(training.len() < 2 || !whole || (apart && !fold.validation.is_empty()));
            }
        }
        prop_assert!(tested.iter().all(|times| *times == 1), "{tested:?}");
    }

    /// Of any clips, some of them without a sentence.
    #[test]
    fn nobody_and_no_text_is_heard_before_where_both_are_held_out(
        clips in manifests(), said in prop::collection::vec(prop::option::weighted(0.9, 0_usize..6), 240),
        wanted in any_protocol(), folds in 2_u32..4, also_folds in 2_u32..4, seed in any::<u64>(),
    ) {
        let mut clips = clips;
        for (clip, said) in clips.iter_mut().zip(&said) {
            clip.sentence = said.map(|sentence| sentence.to_string());
        }
        let plain = Params { folds, validation_fraction: 0.0, ..wanted };
        prop_assume!(plain.held_out().is_some());
        let params = Params { also_held_out: Some(Grouping::Sentence), also_folds, ..plain.clone() };
        let Ok(division) = divide(&params, &clips, seed) else { return Ok(()) };
        let whole = divide(&plain, &clips, seed).expect("as it is crossed");
        let held_out = params.held_out().expect("assumed");
        let values = |members: &[usize], column: Grouping| -> BTreeSet<Option<String>> {
            members.iter().map(|clip| column.of(&clips[*clip])).collect()
        };
        let mut tested = vec![0; clips.len()];
        for fold in &division.folds {
            prop_assert!(!fold.test.is_empty());
            fold.test.iter().for_each(|clip| tested[*clip] += 1);
            for column in [held_out, Grouping::Sentence] {
                prop_assert!(values(&fold.test, column).is_disjoint(&values(&fold.train, column)));
                prop_assert!(!values(&fold.train, column).contains(&None));
            }
            // Of what the protocol alone would train on, no more is taken than clips of the texts that are tested.
            let alone = whole.folds.iter().find(|alone| fold.test.iter().all(|clip| alone.test.contains(clip)));
            let tested = values(&fold.test, Grouping::Sentence);
            let is_free = |clip: &&usize| {
                let sentence = Grouping::Sentence.of(&clips[**clip]);
                sentence.is_some() && !tested.contains(&sentence)
            };
            let free: BTreeSet<usize> = alone.expect("crossed").train.iter().filter(is_free).copied().collect();
            prop_assert_eq!(fold.train.iter().copied().collect::<BTreeSet<_>>(), free);
        }
        for (clip, times) in clips.iter().zip(tested) {
            prop_assert_eq!(times, usize::from(clip.sentence.is_some()));
        }
        let failed = inspect(&clips, &division).into_iter().filter(|check| check.status == CheckStatus::Failed);
        let failed: Vec<_> = failed.filter(|check| !["classes_in_train", "roles_present"].contains(&check.check.as_str())).collect();
        prop_assert!(failed.is_empty(), "{failed:?}");
    }

    #[test]
    fn speakers_of_a_corpus_and_clips_of_a_stratum_differ_by_at_most_one(
        clips in manifests(), folds in 2_u32..6, seed in any::<u64>(),
    ) {
        let spread = |wanted: Protocol, count: &dyn Fn(&[usize]) -> BTreeMap<String, usize>| {
            let Ok(division) = divide(&protocol(wanted, folds), &clips, seed) else { return 0 };
            let counts: Vec<_> = division.folds.iter().map(|fold| count(&fold.test)).collect();
            let keys: BTreeSet<String> = counts.iter().flat_map(|count| count.keys().cloned()).collect();
            keys.iter().map(|key| {
                let of_key = counts.iter().map(|count| count.get(key).copied().unwrap_or_default());
                of_key.clone().max().unwrap_or_default() - of_key.min().unwrap_or_default()
            }).max().unwrap_or_default()
        };
        let by_corpus = |members: &[usize]| {
            let mut counts = BTreeMap::new();
            for speaker in speakers(&clips, members) {
                *counts.entry(speaker.split(':').next().unwrap_or_default().to_owned()).or_insert(0) += 1;
            }
            counts
        };
        let by_stratum = |members: &[usize]| {
            let mut counts = BTreeMap::new();
            for clip in members {
                *counts.entry(format!("{} {:?}", clips[*clip].corpus, clips[*clip].emotion)).or_insert(0) += 1;
            }
            counts
        };
        prop_assert!(spread(Protocol::SpeakerIndependent, &by_corpus) <= 1);
        prop_assert!(spread(Protocol::Random, &by_stratum) <= 1);
        prop_assert!(spread(Protocol::Random, &|members| BTreeMap::from([(String::new(), members.len())])) <= 1);
    }
}
