//! Each finding appears when its trouble is planted in a sound dataset, and only then.

use ser_audit::{Code, Dataset, Measures, Params, findings::findings};
use ser_schemas::{Clip, Corpus, CorpusStatus, Emotion, Exclusion, Finding, Reason, Severity};

const EMOTIONS: [Emotion; 4] = [Emotion::ANGRY, Emotion::HAPPY, Emotion::NEUTRAL, Emotion::SAD];

/// A number between 0 and 1 that looks random and is always the same for the same seed.
fn chance(seed: u64) -> f64 {
    let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 29)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn words(seed: u64) -> Vec<u32> {
    (0..100).map(|step| (chance(seed * 1_000 + step) * f64::from(u32::MAX)) as u32 | 1).collect()
}

/// Two corpora of six speakers, three of each gender, who say five sentences in four emotions each; recorded alike.
fn sound() -> Dataset {
    let mut clips = Vec::new();
    for corpus in ["one", "two"] {
        for speaker in 0..6 {
            for emotion in EMOTIONS {
                for sentence in 0..5 {
                    let id = format!("{corpus}/{speaker}_{emotion}_{sentence}");
                    let seed = clips.len() as u64;
                    let mut clip = Clip::found(id.clone(), corpus.into(), format!("{id}.wav"), 1);
                    clip.speaker = Some(format!("{corpus}:{speaker}"));
                    clip.gender = Some(["female", "male"][speaker % 2].into());
                    clip.emotion = Some(emotion);
                    clip.sentence = Some(sentence.to_string());
                    clip.language = Some("en".into());
                    clip.sample_rate_hz = Some(16_000);
                    clip.channels = Some(1);
                    clip.bits_per_sample = Some(16);
                    clip.bandwidth_hz = Some(7_750.0 + 250.0 * (chance(seed) * 2.0).floor());
                    clip.leading_silence_s = Some(0.1 * chance(seed + 1_000));
                    clip.trailing_silence_s = Some(0.1 * chance(seed + 2_000));
                    clip.peak_dbfs = Some(-6.0 * chance(seed + 3_000));
                    clip.rms_dbfs = Some(-20.0 - 6.0 * chance(seed + 3_000));
                    clip.clipped_fraction = Some(0.0);
                    clip.duration_s = Some(2.0 + chance(seed + 4_000));
                    clip.perceived_emotion = Some(emotion);
                    clip.perceived_agreement = Some(0.9);
                    clip.fingerprint = Some(words(seed));
                    clip.phase = Some(words(seed + 500_000));
                    clips.push(clip);
                }
            }
        }
    }
    Dataset { clips, exclusions: Vec::new(), corpora: vec![corpus("one"), corpus("two")] }
}

fn corpus(name: &str) -> Corpus {
    Corpus {
        corpus: name.into(),
        title: name.into(),
        root: format!("data/{name}"),
        files: 120,
        clips: 120,
        expected_files: Some(120),
        language: Some("en".into()),
        ..Corpus::default()
    }
}

fn found(params: &Params, dataset: &Dataset) -> Vec<Finding> {
    let measures = Measures::of(params, &dataset.clips).expect("all clips have an emotion");
    findings(params, dataset, &measures)
}

/// The defaults, but for a number of clips that 20 clips of a speaker leave some room under.
fn params() -> Params {
    Params { min_clips_per_speaker: 10, ..Params::default() }
}

/// Findings once `plant` has changed the sound dataset, as `code: message (evidence)`.
fn after(plant: impl FnOnce(&mut Dataset)) -> Vec<String> {
    let mut dataset = sound();
    plant(&mut dataset);
    found(&params(), &dataset)
        .into_iter()
        .map(|found| format!("{}: {} ({})", found.code, found.message, found.evidence))
        .collect()
}

/// The one finding of `code` among those after `plant`; there must be no code but `code` and `besides`.
fn planted(code: Code, besides: &[Code], plant: impl FnOnce(&mut Dataset)) -> String {
    let found = after(plant);
    let is = |text: &String, code: Code| text.starts_with(&format!("{code}: "));
    assert!(found.iter().all(|text| is(text, code) || besides.iter().any(|other| is(text, *other))), "{found:#?}");
    let own: Vec<String> = found.into_iter().filter(|text| is(text, code)).collect();
    assert_eq!(own.len(), 1, "{own:#?}");
    own.into_iter().next().unwrap_or_default()
}

/// A file of the first corpus that is left out.
fn left_out(reason: Reason) -> Exclusion {
    Exclusion {
        clip_id: "one/x".into(),
        path: "one/x.wav".into(),
        corpus: "one".into(),
        reason,
        detail: "the same audio as `one/y.wav`, which is kept".into(),
        copy_of: None,
        speaker: None,
    }
}

/// Clips of the first corpus.
fn first(dataset: &mut Dataset) -> impl Iterator<Item = &mut Clip> {
    dataset.clips.iter_mut().filter(|clip| clip.corpus == "one")
}

#[test]
fn a_sound_dataset_has_no_findings() {
    assert_eq!(after(|_| {}), Vec::<String>::new());
}

#[test]
fn classes_that_give_the_corpus_away() {
    // What depends on the corpus depends on its speakers and sentences, too.
    let besides = [Code::EmotionByCorpus, Code::EmotionBySpeaker, Code::EmotionBySentence];
    let only = planted(Code::ClassInOneCorpus, &besides, |dataset| {
        for clip in first(dataset).filter(|clip| clip.emotion == Some(Emotion::SAD)) {
            if clip.sentence.as_deref() != Some("0") {
                clip.emotion = Some(Emotion::CALM);
            }
        }
    });
    assert!(only.contains("`calm` is in one only"), "{only}");
}

#[test]
fn associations_of_labels() {
    let besides = [Code::EmotionBySpeaker, Code::EmotionBySentence];
    let by_corpus = planted(Code::EmotionByCorpus, &besides, |dataset| {
        let common = |clip: &Clip| matches!(clip.emotion, Some(Emotion::ANGRY | Emotion::HAPPY));
        dataset.clips.retain(|clip| (clip.corpus == "one") == common(clip) || clip.sentence.as_deref() == Some("0"));
    });
    assert!(by_corpus.contains("Cramér's V 0.6"), "{by_corpus}");

    let by_gender = planted(Code::EmotionByGender, &[Code::EmotionBySpeaker], |dataset| {
        for clip in &mut dataset.clips {
            let female = clip.gender.as_deref() == Some("female");
            if female && clip.emotion == Some(Emotion::ANGRY) && clip.sentence.as_deref() != Some("0") {
                clip.emotion = Some(Emotion::SAD);
            }
        }
    });
    assert!(by_gender.contains("normalised mutual information 0.0"), "{by_gender}");

    let by_speaker = planted(Code::EmotionBySpeaker, &[], |dataset| {
        for clip in &mut dataset.clips {
            // Each speaker has another emotion twice as often; over speakers of a gender and of a corpus that evens
            // out.
            let number: usize =
                clip.speaker.as_deref().and_then(|name| name.get(4..)).unwrap_or("0").parse().unwrap_or(0);
            let favourite = EMOTIONS[(number / 2 + usize::from(clip.corpus == "two")) % 4];
            let second = EMOTIONS[(number / 2 + usize::from(clip.corpus == "two") + 2) % 4];
            if clip.emotion == Some(second) {
                clip.emotion = Some(favourite);
                clip.perceived_emotion = Some(favourite);
            }
        }
    });
    assert!(by_speaker.contains("4 by 12 values, 240 clips"), "{by_speaker}");

    let by_sentence = planted(Code::EmotionBySentence, &[], |dataset| {
        for clip in &mut dataset.clips {
            clip.sentence = clip.sentence.take().map(|sentence| match (sentence.as_str(), clip.emotion) {
                ("0" | "1" | "2", Some(emotion)) => format!("of {emotion}"),
                _ => sentence,
            });
        }
    });
    assert!(by_sentence.contains("the words are clues"), "{by_sentence}");
}

#[test]
fn emotions_recorded_at_rates_of_their_own() {
    let besides = [Code::MixedSampleRates, Code::RecordingPredictsEmotion];
    let by_rate = planted(Code::EmotionBySampleRate, &besides, |dataset| {
        let loud = |clip: &&mut Clip| matches!(clip.emotion, Some(Emotion::ANGRY | Emotion::HAPPY));
        let recorded_again = dataset.clips.iter_mut().filter(loud).filter(|clip| clip.sentence.as_deref() != Some("0"));
        for clip in recorded_again {
            clip.sample_rate_hz = Some(48_000);
            clip.bandwidth_hz = Some(22_000.0);
        }
    });
    assert!(by_rate.contains("bandwidth is a clue to the emotion"), "{by_rate}");
    assert!(by_rate.contains("Cramér's V 0.81") && by_rate.contains("4 by 2 values, 240 clips"), "{by_rate}");
}

#[test]
fn corpora_of_one_gender() {
    let besides = [Code::SingleGenderCorpus];
    let by_gender = planted(Code::CorpusByGender, &besides, |dataset| {
        first(dataset).for_each(|clip| clip.gender = Some("female".into()));
    });
    assert!(by_gender.contains("Cramér's V 0.5"), "{by_gender}");
}

#[test]
fn recordings_that_tell_the_corpus() {
    let rates = [Code::SampleRateByCorpus];
    let by_rate = planted(Code::RecordingPredictsCorpus, &rates, |dataset| {
        for clip in first(dataset) {
            clip.sample_rate_hz = Some(48_000);
            clip.bandwidth_hz = Some(20_000.0 + 250.0 * (chance(clip.bytes) * 8.0).floor());
        }
    });
    assert!(by_rate.contains("0.50 by chance: bandwidth_hz 1.00, sample_rate_hz 1.00"), "{by_rate}");

    let by_silence = planted(Code::RecordingPredictsCorpus, &[], |dataset| {
        first(dataset).for_each(|clip| clip.leading_silence_s = clip.leading_silence_s.map(|silence| silence + 0.5));
    });
    assert!(by_silence.contains("by chance: leading_silence_s 1.00"), "{by_silence}");
}

#[test]
fn recordings_that_tell_the_emotion() {
    let by_silence = after(|dataset| {
        for clip in dataset.clips.iter_mut().filter(|clip| clip.emotion == Some(Emotion::SAD)) {
            clip.trailing_silence_s = Some(0.75);
        }
        for clip in dataset.clips.iter_mut().filter(|clip| clip.emotion == Some(Emotion::HAPPY)) {
            clip.trailing_silence_s = Some(0.5);
        }
    });
    assert_eq!(by_silence.len(), 3, "over all corpora and within each: {by_silence:#?}");
    assert!(by_silence.iter().all(|text| text.starts_with("recording_predicts_emotion: ")), "{by_silence:#?}");
    assert!(by_silence.iter().all(|text| text.contains("0.25 by chance: trailing_silence_s 0.")), "{by_silence:#?}");

    let by_level = after(|dataset| {
        for clip in dataset.clips.iter_mut().filter(|clip| clip.emotion == Some(Emotion::ANGRY)) {
            clip.rms_dbfs = Some(-10.0);
        }
        for clip in dataset.clips.iter_mut().filter(|clip| clip.emotion == Some(Emotion::SAD)) {
            clip.rms_dbfs = Some(-40.0);
        }
    });
    assert_eq!(by_level.len(), 3, "over all corpora and within each: {by_level:#?}");
    assert!(by_level.iter().all(|text| text.starts_with("level_predicts_emotion: ")), "{by_level:#?}");
}

#[test]
fn recordings_from_elsewhere() {
    let mixed = planted(Code::MixedSampleRates, &[], |dataset| {
        for clip in first(dataset).filter(|clip| clip.speaker.as_deref() == Some("one:0")) {
            clip.sample_rate_hz = Some(48_000);
            clip.bandwidth_hz = Some(22_000.0);
        }
    });
    assert!(mixed.contains("16000 Hz 100 clips by 5 speakers, 48000 Hz 20 clips by 1 speaker"), "{mixed}");

    let limited = planted(Code::BandLimited, &[], |dataset| {
        first(dataset).take(3).for_each(|clip| clip.bandwidth_hz = Some(4_000.0));
    });
    assert!(limited.contains("3 clips of one, of 120, reach less than 75 %"), "{limited}");
    assert!(limited.contains("one/0_angry_0 4000 Hz at 16000 Hz"), "{limited}");
}

#[test]
fn speakers_and_files_that_are_few_or_missing() {
    let few = planted(Code::FewSpeakers, &[], |dataset| {
        dataset.clips.retain(|clip| clip.corpus == "two" || matches!(clip.speaker.as_deref(), Some("one:0" | "one:1")));
    });
    assert!(few.contains("one has 2 speakers"), "{few}");
    let few = planted(Code::FewClipsOfSpeaker, &[], |dataset| {
        let kept = |clip: &Clip| matches!(clip.sentence.as_deref(), Some("0" | "1"));
        dataset.clips.retain(|clip| clip.speaker.as_deref() != Some("one:0") || kept(clip));
    });
    assert!(few.contains("(one:0 8)"), "{few}");
    planted(Code::SpeakerUnknown, &[], |dataset| first(dataset).take(1).for_each(|clip| clip.speaker = None));
    planted(Code::GenderUnknown, &[], |dataset| first(dataset).take(1).for_each(|clip| clip.gender = None));
    planted(Code::CorpusIncomplete, &[], |dataset| dataset.corpora[0].shortfall = Some("100 of 120 files".into()));
    planted(Code::CorpusMissing, &[], |dataset| {
        dataset.corpora.push(Corpus { status: CorpusStatus::FolderMissing, ..corpus("three") });
    });
    planted(Code::SyntheticData, &[], |dataset| dataset.corpora[0].synthetic = true);
    planted(Code::FilesExcluded, &[], |dataset| dataset.exclusions.push(left_out(Reason::Silent)));
    let none = planted(Code::FilesExcluded, &[], |data| data.exclusions.push(left_out(Reason::CopiesContradict)));
    assert!(none.contains("(one/x.wav: the same audio as"), "{none}");
    let copy = planted(Code::DuplicateAudio, &[], |dataset| dataset.exclusions.push(left_out(Reason::Duplicate)));
    assert!(copy.contains("(one/x.wav: the same audio as `one/y.wav`, which is kept)"), "{copy}");
    let another = planted(Code::DuplicateSpeakersDiffer, &[Code::DuplicateAudio], |dataset| {
        let kept = dataset.clips[0].clip_id.clone();
        let row = Exclusion { copy_of: Some(kept), speaker: Some("two:x".into()), ..left_out(Reason::Duplicate) };
        dataset.exclusions.push(row);
    });
    assert!(another.contains(": 1 file under another speaker"), "{another}");
    let short = planted(Code::TooShortToCompare, &[], |dataset| dataset.clips[0].fingerprint = Some(vec![1; 10]));
    assert!(short.contains(": 1 clip with less than half a second of speech"), "{short}");
}

#[test]
fn copies_of_which_none_is_used_are_a_warning() {
    for (reason, severity) in [(Reason::CopiesContradict, Severity::Warning), (Reason::Duplicate, Severity::Info)] {
        let mut dataset = sound();
        dataset.exclusions.push(left_out(reason));
        assert_eq!(found(&params(), &dataset)[0].severity, severity);
    }
}

#[test]
fn the_gravest_comes_first() {
    let mut dataset = sound();
    (dataset.clips[0].speaker, dataset.clips[0].gender) = (None, None);
    dataset.corpora[0].synthetic = true;
    let found = found(&params(), &dataset);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["synthetic_data", "speaker_unknown", "gender_unknown"]);
    assert_eq!(found[0].severity, Severity::Error);
}

#[test]
fn speakers_that_are_one_person() {
    for (one, other) in [("one:0", "one: 0"), ("one:1", "one:01"), ("one:2", "one:\u{ff12}")] {
        let alike = planted(Code::SpeakersAlike, &[Code::FewClipsOfSpeaker], |dataset| {
            let clips = first(dataset).filter(|clip| clip.speaker.as_deref() == Some(one));
            clips.take(4).for_each(|clip| clip.speaker = Some(other.into()));
        });
        assert!(alike.contains("speakers of one differ only in case, blanks, width or leading zeros"), "{alike}");
        assert!(alike.contains(&format!("`{}`", &other[4..])) && alike.ends_with(", 20 clips)"), "{alike}");
    }
    // The same id in two corpora is no double.
    assert_eq!(after(|_| {}), Vec::<String>::new());
}

#[test]
fn parts_of_names_that_were_taken_for_others() {
    let besides = [Code::EmotionBySpeaker, Code::EmotionBySentence, Code::FewSpeakers, Code::SingleGenderCorpus];
    let emotion = planted(Code::DoubtfulNames, &besides, |dataset| {
        for clip in first(dataset) {
            clip.speaker = clip.emotion.map(|emotion| format!("one:{}", &emotion.as_str()[..2]));
            clip.gender = Some("female".into());
        }
        dataset.clips.retain(|clip| clip.corpus == "one");
        dataset.corpora.truncate(1);
    });
    assert!(
        emotion.contains(
            "one: each of the 4 speakers has one emotion only, and each emotion one speaker; either its descriptor"
        ),
        "{emotion}"
    );
    assert!(emotion.contains("(an: angry, ha: happy, ne: neutral, sa: sad)"), "{emotion}");

    let sentence = planted(Code::DoubtfulNames, &besides, |dataset| {
        first(dataset).for_each(|clip| clip.sentence = clip.emotion.map(|emotion| emotion.to_string()));
    });
    assert!(sentence.contains("one: each of the 4 sentences has one emotion only"), "{sentence}");

    let gender = planted(Code::DoubtfulNames, &besides, |dataset| {
        first(dataset).take(1).for_each(|clip| clip.gender = Some("male".into()));
    });
    assert!(
        gender.contains("one speaker has more than one gender") && gender.contains("(0: female and male)"),
        "{gender}"
    );

    let number = planted(Code::DoubtfulNames, &[Code::FewClipsOfSpeaker], |dataset| {
        for (number, clip) in first(dataset).enumerate() {
            clip.speaker = Some(format!("one:{number}x"));
        }
    });
    assert!(number.contains("120 recordings have 120 different speakers"), "{number}");
}

#[test]
fn classes_that_are_rare_or_missing() {
    let rare = planted(Code::ClassImbalance, &[], |dataset| {
        dataset.clips.retain(|clip| clip.emotion != Some(Emotion::SAD) || clip.sentence.as_deref() == Some("0"));
        for clip in dataset.clips.iter_mut().filter(|clip| clip.emotion == Some(Emotion::SAD)) {
            // One sentence for one emotion would be a finding of its own.
            let number = clip.speaker.as_deref().and_then(|name| name.get(4..)).unwrap_or("0").to_owned();
            clip.sentence = Some(if number == "5" { "0".to_owned() } else { number });
        }
    });
    assert!(rare.contains("has 5.0 times the clips of `sad`"), "{rare}");
    let missing = planted(Code::ClassMissingFromCorpus, &[Code::EmotionByCorpus], |dataset| {
        dataset.corpora.push(corpus("three"));
        let mut third: Vec<Clip> = dataset.clips.iter().filter(|clip| clip.corpus == "two").cloned().collect();
        third.retain(|clip| clip.emotion != Some(Emotion::SAD));
        for (number, clip) in third.iter_mut().enumerate() {
            clip.clip_id = clip.clip_id.replace("two", "three");
            clip.corpus = "three".into();
            clip.speaker = clip.speaker.as_ref().map(|speaker| speaker.replace("two", "three"));
            clip.fingerprint = Some(words(10_000 + number as u64));
            clip.phase = Some(words(510_000 + number as u64));
        }
        dataset.clips.extend(third);
    });
    assert!(missing.contains("three has no `sad`"), "{missing}");
}

#[test]
fn labels_that_raters_do_not_hear() {
    let otherwise = planted(Code::PerceivedOtherwise, &[], |dataset| {
        for clip in first(dataset).filter(|clip| clip.emotion == Some(Emotion::SAD)) {
            clip.perceived_emotion = Some(Emotion::NEUTRAL);
        }
    });
    assert!(otherwise.contains("in 30 clips of one, 25 % of those rated"), "{otherwise}");
    assert!(otherwise.contains("(sad heard as neutral 30)"), "{otherwise}");
    let doubtful = planted(Code::LowAgreement, &[], |dataset| {
        for clip in first(dataset).take(2) {
            clip.perceived_agreement = Some(0.4);
            clip.perceived_emotion = None;
        }
    });
    assert!(doubtful.contains("fewer than 50 % of the raters agreed on 2 clips of one, of 120 rated"), "{doubtful}");
    assert!(doubtful.contains("2 clips without a most frequent answer; one/0_angry_0 0.40"), "{doubtful}");
}

#[test]
fn takes_that_are_there_twice() {
    let copy = |dataset: &mut Dataset, emotion: Emotion| {
        let mut copy = dataset.clips[0].clone();
        copy.clip_id = "two/copy".into();
        copy.corpus = "two".into();
        copy.speaker = Some("two:0".into());
        copy.emotion = Some(emotion);
        // Padded by ten steps, one word in ten a bit different.
        for words in [&mut copy.fingerprint, &mut copy.phase] {
            let before = words.take().unwrap_or_default();
            let altered =
                before.iter().enumerate().map(|(step, word)| if step % 10 == 0 { word ^ 0x700 } else { *word });
            *words = Some(std::iter::repeat_n(0, 10).chain(altered).collect());
        }
        dataset.clips.push(copy);
    };
    let twice = planted(Code::NearDuplicateAudio, &[Code::NearDuplicateLabelsDiffer], |dataset| {
        copy(dataset, Emotion::ANGRY);
    });
    assert!(
        twice.contains("(one/0_angry_0 = two/copy (similarity 0.99, correlation 0.98, offset +0.20 s))"),
        "{twice}"
    );
    let otherwise = planted(Code::NearDuplicateLabelsDiffer, &[Code::NearDuplicateAudio], |dataset| {
        copy(dataset, Emotion::HAPPY);
    });
    assert!(otherwise.contains("(one/0_angry_0 = two/copy (angry and happy; one:0 and two:0))"), "{otherwise}");
    // The same words, spoken alike: the fingerprint is a copy's, and the waveform is not.
    let found = after(|dataset| {
        copy(dataset, Emotion::HAPPY);
        dataset.clips.last_mut().expect("the copy").phase = Some(words(900_000));
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn thresholds_move_what_is_found() {
    let dataset = sound();
    let codes = |params: Params| -> Vec<String> {
        let mut codes: Vec<String> = found(&params, &dataset).into_iter().map(|found| found.code).collect();
        codes.dedup();
        codes
    };
    assert_eq!(codes(Params { min_bandwidth: 0.99, ..params() }), ["band_limited"]);
    assert_eq!(codes(Params { min_agreement: 0.95, ..params() }), ["low_agreement"]);
    assert_eq!(codes(Params { min_speakers_per_corpus: 7, ..params() }), ["few_speakers"]);
    assert_eq!(codes(Params { min_clips_per_speaker: 21, ..params() }), ["few_clips_of_speaker"]);
}
