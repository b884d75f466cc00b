//! The stage on folders as the corpora's copies lay them out, with generated audio.

mod support;

use ser_ingest::{Descriptor, Params, check_root};
use ser_schemas::{CorpusStatus, Emotion, Reason};
use support::Folder;

#[test]
fn ravdess_in_the_kaggle_double_tree_with_song_beside_it() {
    let folder = Folder::new();
    for place in ["Actor_03", "audio_speech_actors_01-24/Actor_03"] {
        folder.wav(&format!("ravdess/{place}/03-01-05-02-02-01-03.wav"), 1);
    }
    folder.wav("ravdess/Actor_03/03-02-04-01-01-01-03.wav", 2);
    folder.wav("ravdess/Actor_03/03-01-05-01-01-01-02.wav", 3);
    let found = folder.ingest(&Params { corpus: "ravdess".into(), root: "ravdess".into(), ..Params::default() });

    let clip = found.clip("ravdess/Actor_03/03-01-05-02-02-01-03");
    assert_eq!(clip.path, "ravdess/Actor_03/03-01-05-02-02-01-03.wav");
    assert_eq!(clip.speaker.as_deref(), Some("ravdess:03"));
    assert_eq!((clip.gender.as_deref(), clip.emotion), (Some("male"), Some(Emotion::ANGRY)));
    assert_eq!((clip.intensity.as_deref(), clip.sentence.as_deref()), (Some("strong"), Some("02")));
    assert_eq!((clip.name_matches_folder, clip.problem), (Some(true), None));
    assert_eq!((clip.sample_rate_hz, clip.channels, clip.bits_per_sample), (Some(16_000), Some(1), Some(16)));
    assert_eq!(clip.duration_s, Some(0.5));
    assert!(clip.peak_dbfs.is_some_and(|peak| (-7.0..-5.0).contains(&peak)), "{:?}", clip.peak_dbfs);
    let copy = found.clip("ravdess/audio_speech_actors_01-24/Actor_03/03-01-05-02-02-01-03");
    assert_eq!((&copy.content_hash, &copy.audio_hash), (&clip.content_hash, &clip.audio_hash));
    assert_eq!(clip.content_hash.as_deref().map(str::len), Some(64));

    let misplaced = found.clip("ravdess/Actor_03/03-01-05-01-01-01-02");
    assert_eq!((misplaced.name_matches_folder, misplaced.gender.as_deref()), (Some(false), Some("female")));
    let song = found.clip("ravdess/Actor_03/03-02-04-01-01-01-03");
    assert_eq!(song.problem, Some(Reason::OtherModality));
    assert!(song.problem_detail.as_deref().is_some_and(|detail| detail.contains("modalities = [\"song\"]")));
    assert_eq!((found.corpus.files, found.corpus.clips, found.corpus.expected_files), (4, 3, Some(1440)));
    let shortfall = found.corpus.shortfall.as_deref().unwrap_or_default();
    assert!(shortfall.starts_with("2 of 1440 recordings, 2 of 24 speakers"), "copies count once: {shortfall}");
    assert_eq!(found.summary.headline, "4 files found, 3 usable (1 other_modality)");
    assert!(found.summary.notes.iter().any(|note| note.contains("contradicts the name")), "{:?}", found.summary.notes);

    let params = Params { corpus: "ravdess".into(), root: "ravdess".into(), modalities: vec!["song".into()] };
    let song = folder.ingest(&params).clip("ravdess/Actor_03/03-02-04-01-01-01-03");
    assert_eq!((song.problem, song.emotion), (None, Some(Emotion::SAD)));
}

#[test]
fn crema_d_with_demographics_and_votes_of_the_repository() {
    let folder = Folder::new();
    for (seed, name) in ["1001_IEO_ANG_HI", "1002_TIE_SAD_XX", "1040_ITH_SAD_X", "1076_MTI_HAP_XX"].iter().enumerate() {
        folder.wav(&format!("CREMA-D/AudioWAV/{name}.wav"), seed as u32);
    }
    folder.text(
        "CREMA-D/VideoDemographics.csv",
        "\"ActorID\",\"Age\",\"Sex\",\"Race\",\"Ethnicity\"\n1001,51,\"Male\",\"Caucasian\",\"Not Hispanic\"\n\
         1002,21,\"Female\",\"Asian\",\"Hispanic\"\n1040,42,\"unknown\",\"x\",\"y\"\n",
    );
    folder.text(
        "CREMA-D/processedResults/summaryTable.csv",
        "\"\",\"FileName\",\"VoiceVote\",\"VoiceLevel\"\n\"1\",\"1001_IEO_ANG_HI\",\"N\",\"69.1\"\n\
         \"2\",\"1002_TIE_SAD_XX\",\"A:D\",\"61:50\"\n\"3\",\"1040_ITH_SAD_XX\",\"S\",\"40\"\n",
    );
    folder.text(
        "CREMA-D/processedResults/tabulatedVotes.csv",
        "\"\",\"A\",\"D\",\"fileName\",\"agreement\",\"emoVote\"\n100001,9,1,\"1001_IEO_ANG_HI\",0.9,\"A\"\n\
         200001,1,0,\"1001_IEO_ANG_HI\",0.1,\"D\"\n100002,5,5,\"1002_TIE_SAD_XX\",0.5,\"A:D\"\n",
    );
    for root in ["CREMA-D", "CREMA-D/AudioWAV"] {
        let found = folder.ingest(&Params { corpus: "crema_d".into(), root: root.into(), ..Params::default() });
        let prefix = if root == "CREMA-D" { "crema_d/AudioWAV" } else { "crema_d" };
        let first = found.clip(&format!("{prefix}/1001_IEO_ANG_HI"));
        assert_eq!((first.gender.as_deref(), first.age_years), (Some("male"), Some(51.0)), "{root}");
        assert_eq!((first.emotion, first.perceived_emotion), (Some(Emotion::ANGRY), Some(Emotion::NEUTRAL)));
        assert_eq!(first.perceived_agreement, Some(0.9), "the voice row, not the face row");
        let tied = found.clip(&format!("{prefix}/1002_TIE_SAD_XX"));
        assert_eq!((tied.perceived_emotion, tied.perceived_agreement), (None, Some(0.5)));
        let repaired = found.clip(&format!("{prefix}/1040_ITH_SAD_X"));
        assert_eq!(
            (repaired.intensity.as_deref(), repaired.perceived_emotion),
            (Some("unspecified"), Some(Emotion::SAD))
        );
        assert_eq!((repaired.gender, repaired.age_years), (None, Some(42.0)), "an unknown word is no gender");
        let unrated = found.clip(&format!("{prefix}/1076_MTI_HAP_XX"));
        assert_eq!((unrated.perceived_emotion, unrated.age_years, unrated.problem), (None, None, None));
        assert!(
            found.warnings.iter().any(|warning| warning.contains("1 value of `gender` is not understood")),
            "{:?}",
            found.warnings
        );
        assert!(found.summary.notes.iter().any(|note| note.contains("the level is `X`")), "{:?}", found.summary.notes);
    }
}

#[test]
fn tables_that_are_missing_or_something_else_cost_only_their_columns() {
    let folder = Folder::new();
    folder.wav("c/1001_IEO_ANG_HI.wav", 1);
    folder.text("c/VideoDemographics.csv", "this is, no such\ntable\n");
    let found = folder.ingest(&Params { corpus: "crema_d".into(), root: "c".into(), ..Params::default() });
    let clip = found.clip("crema_d/1001_IEO_ANG_HI");
    assert_eq!((clip.problem, clip.age_years, clip.gender), (None, None, None));
    assert!(
        found.warnings.iter().any(|warning| warning.contains("it has no column `ActorID`")),
        "{:?}",
        found.warnings
    );
    assert!(found.summary.notes.iter().any(|note| note.starts_with("`summaryTable.csv` not found")));
}

#[test]
fn savee_and_tess_and_emodb_in_their_layouts() {
    let folder = Folder::new();
    folder.wav("savee/AudioData/AudioData/DC/n01.wav", 1);
    folder.text("savee/AudioData/AudioData/DC/Info.txt", "about");
    folder.wav("savee/ALL/KL_sa15.wav", 2);
    folder.wav("savee/flat/JEsu03.wav", 3);
    let found = folder.ingest(&Params { corpus: "savee".into(), root: "savee".into(), ..Params::default() });
    let told: Vec<_> = found.rows.iter().map(|c| (c.speaker.as_deref().unwrap_or(""), c.emotion)).collect();
    assert_eq!(
        told,
        [("savee:KL", Some(Emotion::SAD)), ("savee:DC", Some(Emotion::NEUTRAL)), ("savee:JE", Some(Emotion::SURPRISE))]
    );
    assert!(found.rows.iter().all(|clip| clip.gender.as_deref() == Some("male") && clip.problem.is_none()));

    folder.wav("tess/TESS/TESS/OAF_neutral/OA_bite_neutral.wav", 4);
    folder.wav("tess/TESS/TESS/YAF_pleasant_surprised/YAF_bar_ps.wav", 5);
    let found = folder.ingest(&Params { corpus: "tess".into(), root: "tess".into(), ..Params::default() });
    let bite = found.clip("tess/TESS/TESS/OAF_neutral/OA_bite_neutral");
    assert_eq!((bite.speaker.as_deref(), bite.age_years), (Some("tess:OAF"), Some(64.0)));
    assert_eq!((bite.sentence.as_deref(), bite.name_matches_folder), (Some("bite"), Some(true)));

    folder.wav("emodb/wav/03a01Lb.wav", 6);
    folder.wav("emodb/laryngograph/03a01Lb.wav", 7);
    let found = folder.ingest(&Params { corpus: "emodb".into(), root: "emodb".into(), ..Params::default() });
    let bored = found.clip("emodb/wav/03a01Lb");
    assert_eq!((bored.problem, bored.emotion_raw.as_deref()), (None, Some("boredom")));
    assert_eq!(bored.emotion, "boredom".parse().ok());
    assert_eq!((bored.age_years, bored.language.as_deref()), (Some(31.0), Some("de")));
    assert_eq!(found.clip("emodb/laryngograph/03a01Lb").problem, Some(Reason::OtherModality));
}

#[test]
fn a_corpus_of_ones_own_needs_a_descriptor_and_no_code() {
    let folder = Folder::new();
    folder.text(
        "corpora/mine.toml",
        r#"
name = "mine"
title = "My corpus"
language = "fi"
other_emotions = ["bored"]
files.include = ["wavs/**"]
[[pattern]]
path = '(?<sentence>u\d+)$'
[codes.gender]
f = "female"
[[table]]
file = "labels.tsv"
separator = "\t"
joins = "clip"
key = "wav"
columns = { emotion = "label", speaker = "who", take = "nr" }
codes.emotion = { "1" = "joy", "2" = "bored" }
[[table]]
file = "people.csv"
look_in = ["meta"]
joins = "speaker"
key = "who"
columns = { gender = "sex", age_years = "years" }
empty = '^-$'
[[expected]]
files = 3
emotions = { happy = 2, bored = 1 }
"#,
    );
    for (seed, name) in ["wavs/u1.wav", "wavs/u2.WAV", "wavs/u3.wav", "noise/u4.wav"].iter().enumerate() {
        folder.wav(&format!("mine/{name}"), seed as u32);
    }
    folder.text("mine/deep/labels.tsv", "wav\tlabel\twho\tnr\nwavs/u1.wav\t1\tp7\t2\nu2\t2\tp8\t\n");
    folder.text("mine/meta/people.csv", "\u{feff}who,sex,years\np7,f,33.5\np8,m,-\n");
    let params = Params { corpus: "corpora/mine.toml".into(), root: "mine".into(), ..Params::default() };
    let found = folder.ingest(&params);
    assert_eq!(found.rows.len(), 3);
    let first = found.clip("mine/wavs/u1");
    assert_eq!(
        (first.speaker.as_deref(), first.emotion, first.take.as_deref()),
        (Some("mine:p7"), Some(Emotion::HAPPY), Some("2"))
    );
    assert_eq!(
        (first.gender.as_deref(), first.age_years, first.emotion_raw.as_deref()),
        (Some("female"), Some(33.5), Some("joy"))
    );
    let second = found.clip("mine/wavs/u2");
    assert_eq!(second.emotion, "bored".parse().ok());
    assert_eq!((second.emotion_raw.as_deref(), second.take.as_deref()), (Some("bored"), None));
    let third = found.clip("mine/wavs/u3");
    assert_eq!(third.problem, Some(Reason::NameNotUnderstood));
    assert!(third.problem_detail.as_deref().is_some_and(|detail| detail.contains("neither speaker nor emotion")));
    assert_eq!(found.corpus.shortfall.as_deref(), Some("2 of 3 recordings, 1 of 2 happy"));

    let descriptor = Descriptor::load("corpora/mine.toml", folder.path()).expect("descriptor");
    let survey = check_root(&descriptor, &folder.path().join("mine")).expect("survey");
    assert_eq!((survey.files, survey.recordings), (3, 2));
    assert_eq!(survey.emotions.into_iter().collect::<Vec<_>>(), [("bored".to_owned(), 1), ("happy".to_owned(), 1)]);
    assert_eq!(survey.not_understood.into_keys().collect::<Vec<_>>(), ["wavs/u3.wav"]);
    assert_eq!(survey.shortfall, found.corpus.shortfall);
}

#[test]
fn a_missing_folder_and_an_empty_one_are_warnings_that_say_where_to_get_the_corpus() {
    let folder = Folder::new();
    let params = |root: &str| Params { corpus: "ravdess".into(), root: root.into(), ..Params::default() };
    let found = folder.ingest(&params("data/ravdess"));
    assert_eq!((found.rows.len(), found.corpus.status), (0, CorpusStatus::FolderMissing));
    assert_eq!(found.corpus.shortfall, None);
    assert_eq!(found.warnings.len(), 1);
    assert!(
        found.warnings[0].contains("the folder `data/ravdess` is missing") && found.warnings[0].contains("zenodo.org")
    );

    folder.text("data/ravdess/Audio_Speech_Actors_01-24.zip", "packed");
    let found = folder.ingest(&params("data/ravdess"));
    assert_eq!(found.corpus.status, CorpusStatus::FolderEmpty);
    assert!(found.warnings[0].contains("only other files (1 zip); unpack the archive"), "{:?}", found.warnings);
}

#[test]
fn a_synthetic_corpus_is_marked_and_not_measured_against_the_real_one() {
    let folder = Folder::new();
    folder.wav("tess/OAF_bar_sad.wav", 1);
    folder.text("tess/SYNTHETIC.txt", "demo");
    let found = folder.ingest(&Params { corpus: "tess".into(), root: "tess".into(), ..Params::default() });
    assert!(found.corpus.synthetic);
    assert_eq!(found.corpus.shortfall, None);
}

#[test]
fn an_unknown_modality_is_corrected() {
    let folder = Folder::new();
    let params = Params { corpus: "ravdess".into(), root: "x".into(), modalities: vec!["songs".into()] };
    let error = folder.try_ingest(&params).expect_err("unknown").to_string();
    assert_eq!(
        error,
        "corpus `ravdess` has no modality `songs`: did you mean `song`? its descriptor names song, video"
    );
}
