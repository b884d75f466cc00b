//! Names as people write them: two spellings of a letter, one speaker under several ids, copies poured into one folder.

mod support;

use std::collections::BTreeSet;

use ser_ingest::{Descriptor, Params, Survey, check_root};
use ser_schemas::Emotion;
use support::Folder;

const COMPOSED: &str = "Jos\u{e9}";
const DECOMPOSED: &str = "Jose\u{301}";

const DESCRIPTOR: &str = "name = \"own\"\ntitle = \"Own\"\n[[pattern]]\n\
                          path = '(?:^|/)(?<speaker>[^/_]+)_(?<sentence>[^/_]+)_(?<emotion>[^/_]+)$'\n";

fn params(root: &str) -> Params {
    Params { corpus: "own.toml".into(), root: root.into(), ..Params::default() }
}

fn survey(folder: &Folder, corpus: &str, root: &str) -> Survey {
    let descriptor = Descriptor::load(corpus, folder.path()).expect("descriptor");
    check_root(&descriptor, &folder.path().join(root)).expect("survey")
}

fn empty(folder: &Folder, root: &str, names: impl IntoIterator<Item = String>) {
    for name in names {
        folder.bytes(&format!("{root}/{name}.wav"), b"");
    }
}

#[test]
fn one_person_in_two_spellings_is_one_speaker() {
    let folder = Folder::new();
    folder.text("own.toml", DESCRIPTOR);
    let names = [(COMPOSED, "t0", "anger"), (COMPOSED, "t1", "sadness"), (DECOMPOSED, "t2", "anger")];
    for (seed, (speaker, sentence, emotion)) in names.iter().enumerate() {
        folder.wav(&format!("data/{speaker}_{sentence}_{emotion}.wav"), seed as u32);
    }
    let found = folder.ingest(&params("data"));
    let speakers: BTreeSet<_> = found.rows.iter().filter_map(|clip| clip.speaker.clone()).collect();
    assert_eq!(speakers.into_iter().collect::<Vec<_>>(), [format!("own:{COMPOSED}")]);
    let other = found.clip(&format!("own/{COMPOSED}_t2_anger"));
    assert_eq!(other.path, format!("data/{DECOMPOSED}_t2_anger.wav"), "the path opens the file that is there");
    assert_eq!(other.problem, None);
    assert_eq!(survey(&folder, "own.toml", "data").speakers.into_iter().collect::<Vec<_>>(), [(COMPOSED.into(), 3)]);
}

#[test]
fn ids_do_not_depend_on_the_spelling_and_stay_unique() {
    let folder = Folder::new();
    folder.text("own.toml", DESCRIPTOR);
    for (root, spelling) in [("a", COMPOSED), ("b", DECOMPOSED)] {
        folder.wav(&format!("{root}/{spelling}/{spelling}_x_sad.wav"), 1);
    }
    let ids = |root: &str| {
        let rows = folder.ingest(&params(root)).rows;
        rows.into_iter().map(|clip| clip.clip_id).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids("a"), ids("b"));

    folder.wav(&format!("a/{DECOMPOSED}/{COMPOSED}_x_sad.wav"), 2);
    folder.wav(&format!("a/{DECOMPOSED}/{DECOMPOSED}_x_sad.wav"), 3);
    let first = format!("own/{COMPOSED}/{COMPOSED}_x_sad");
    let expected = [first.clone(), format!("{first}~2"), format!("{first}~3")];
    assert_eq!(ids("a"), BTreeSet::from(expected), "three files, three clips");
}

#[test]
fn an_empty_speaker_is_not_told_and_a_table_may_tell_it() {
    let folder = Folder::new();
    folder.text("own.toml", &DESCRIPTOR.replace("(?<speaker>[^/_]+)", "(?<speaker>[^/_]*)"));
    folder.wav("data/_t0_sad.wav", 1);
    folder.wav("data/ _t1_sad.wav", 2);
    let found = folder.ingest(&params("data"));
    assert!(found.rows.iter().all(|clip| clip.speaker.is_none()), "{:?}", found.rows[0].speaker);
    let details: Vec<_> = found.rows.iter().filter_map(|clip| clip.problem_detail.clone()).collect();
    assert_eq!(details.len(), 2);
    assert!(details.iter().all(|detail| detail.contains("no speaker")), "{details:?}");

    let table = "[[table]]\nfile = \"who.csv\"\njoins = \"clip\"\nkey = \"file\"\ncolumns = { speaker = \"who\" }\n";
    folder.text("own.toml", &format!("{}{table}", DESCRIPTOR.replace("(?<speaker>[^/_]+)", "(?<speaker>[^/_]*)")));
    folder.text("data/who.csv", "file,who\n_t0_sad.wav,p1\n");
    let found = folder.ingest(&params("data"));
    assert_eq!(found.clip("own/_t0_sad").speaker.as_deref(), Some("own:p1"));
}

#[test]
fn speakers_that_differ_in_case_blanks_width_or_zeros_are_told_by_ingest_and_check() {
    let folder = Folder::new();
    folder.text("own.toml", DESCRIPTOR);
    for (seed, speaker) in ["S1", "s1", "s1 ", "\u{ff53}1", "p7", "p07", "q"].iter().enumerate() {
        folder.wav(&format!("data/{speaker}_t{seed}_sad.wav"), seed as u32);
    }
    let found = folder.ingest(&params("data"));
    let told: Vec<&String> = found.warnings.iter().filter(|warning| warning.contains("differ only in case")).collect();
    assert_eq!(told.len(), 2, "{:#?}", found.warnings);
    assert!(told[0].starts_with("own: the speakers `p07`, `p7` "), "{told:?}");
    assert!(told[1].contains("`S1`, `s1`, `s1 `, `\u{ff53}1`"), "{told:?}");
    let checked = survey(&folder, "own.toml", "data").warnings;
    assert_eq!(checked.iter().filter(|warning| warning.contains("differ only in case")).count(), 2, "{checked:#?}");
}

#[test]
fn savee_poured_into_one_folder_is_not_guessed() {
    let folder = Folder::new();
    let names = ["f10", "f10 (2)", "f10 (3)", "sa01", "su01", "DC/sa01", "DC/su01", "DC/a01", "DC/f10 (2)"];
    empty(&folder, "savee", names.map(str::to_owned));
    let survey = survey(&folder, "savee", "savee");
    assert_eq!((survey.recordings, survey.not_understood.len()), (3, 6));
    let counts: Vec<(String, u64)> = survey.emotions.into_iter().collect();
    assert_eq!(counts, [("angry".into(), 1), ("sad".into(), 1), ("surprise".into(), 1)]);
    assert!(
        survey.warnings[0].starts_with("6 files do not follow the names of savee, the first is `DC/f10 (2)`"),
        "{:?}",
        survey.warnings
    );
}

#[test]
fn the_path_of_the_root_says_nothing() {
    let folder = Folder::new();
    for root in ["plain", "1001_DFA_ANG_XX/03-01-05-01-02-01-12/OAF_angry/Actor_07"] {
        folder.wav(&format!("{root}/AudioWAV/1002_IEO_SAD_HI.wav"), 1);
        let found = folder.ingest(&Params { corpus: "crema_d".into(), root: root.into(), ..Params::default() });
        let clip = found.clip("crema_d/AudioWAV/1002_IEO_SAD_HI");
        assert_eq!((clip.speaker.as_deref(), clip.emotion), (Some("crema_d:1002"), Some(Emotion::SAD)), "{root}");
    }
}

#[test]
fn names_that_are_markup_or_no_url_stay_as_they_are() {
    let folder = Folder::new();
    folder.text("own.toml", DESCRIPTOR);
    for (seed, name) in ["50% off #1_a&b_sad", "q\"uote's_=1+1_sad", "<i>_x_sad"].iter().enumerate() {
        folder.wav(&format!("data/{name}.wav"), seed as u32);
        let clip = folder.ingest(&params("data")).clip(&format!("own/{name}"));
        assert_eq!(clip.path, format!("data/{name}.wav"));
        assert_eq!(clip.speaker.as_deref(), name.split('_').next().map(|who| format!("own:{who}")).as_deref());
    }
}

#[test]
fn whole_corpora_of_every_design_are_not_doubted() {
    let folder = Folder::new();
    let codes = ["a", "d", "f", "h", "n", "sa", "su"];
    let savee = ["DC", "JE", "JK", "KL"].into_iter().flat_map(|speaker| {
        codes.into_iter().flat_map(move |code| {
            (1..=if code == "n" { 30 } else { 15 }).map(move |number| format!("{speaker}/{code}{number:02}"))
        })
    });
    empty(&folder, "savee", savee);
    let emodb = ["03", "08", "09", "10", "11"].into_iter().flat_map(|speaker| {
        ["a01", "a02", "b01", "b10"].into_iter().flat_map(move |text| {
            ["W", "L", "E", "A", "F", "T", "N"].map(|letter| format!("wav/{speaker}{text}{letter}a"))
        })
    });
    empty(&folder, "emodb", emodb);
    let emovo = ["f1", "f2", "f3", "m1", "m2", "m3"].into_iter().flat_map(|speaker| {
        ["dis", "gio", "neu", "pau", "rab", "sor", "tri"].into_iter().flat_map(move |emotion| {
            "b1 b2 b3 l1 l2 l3 l4 n1 n2 n3 n4 n5 d1 d2"
                .split(' ')
                .map(move |sentence| format!("EMOVO/{speaker}/{emotion}-{speaker}-{sentence}"))
        })
    });
    empty(&folder, "emovo", emovo);
    for corpus in ["savee", "emodb", "emovo"] {
        let survey = survey(&folder, corpus, corpus);
        assert_eq!(survey.warnings, Vec::<String>::new(), "{corpus}");
        assert!(survey.not_understood.is_empty(), "{corpus}");
        if corpus != "emodb" {
            assert_eq!(survey.shortfall, None, "{corpus}");
        }
    }
    let built_in = ser_ingest::builtin_descriptors();
    assert_eq!(built_in.iter().filter(|descriptor| descriptor.path.is_none()).count(), 7);
}
