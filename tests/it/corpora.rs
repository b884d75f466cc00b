//! Corpora that ship with the program, and one that does not.

use ser_schemas::{Clip, Emotion, Table as _};

use crate::util::{Workspace, wav};

#[test]
fn the_built_in_corpora_are_listed_with_their_licences() {
    let workspace = Workspace::with_default_pipeline();
    let ran = workspace.ser(&["corpora"]).exits(0);
    for corpus in ["crema_d", "emodb", "emovo", "nemo", "ravdess", "savee", "tess"] {
        assert!(ran.stdout.contains(corpus), "{corpus}");
    }
    let json = workspace.ser(&["corpora", "list", "--json"]).exits(0).json();
    assert!(json.as_array().is_some_and(|list| list.iter().all(|corpus| corpus["licence"].is_string())), "{json}");
}

#[test]
fn a_folder_is_checked_against_a_corpus() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("tess/OAF_angry/OAF_back_angry.wav", wav(24_414, 1.5, 200.0, 0.5));
    workspace.write("tess/notes/what.wav", wav(24_414, 1.5, 200.0, 0.5));
    workspace.ser(&["corpora", "check", "tess", "--corpus", "tess"]).exits(0).says("angry").says("notes/what");
    workspace.ser(&["corpora", "check", "nowhere", "--corpus", "tess"]).exits(2).tells("nowhere");
    workspace.ser(&["corpora", "check", "tess", "--corpus", "tes"]).tells("tess");
}

/// A corpus of four speakers by empty files, and the descriptor of `ser corpora new` with something changed in it.
fn own_corpus(change: impl Fn(&str) -> String) -> Workspace {
    let workspace = Workspace::with_default_pipeline();
    for speaker in ["s1", "s2", "s3", "s4"] {
        for sentence in ["t0", "t1"] {
            for emotion in ["anger", "happiness", "neutral", "sadness"] {
                workspace.write(&format!("data/{speaker}_{sentence}_{emotion}.wav"), "");
            }
        }
    }
    let template = workspace.ser(&["corpora", "new", "own"]).exits(0).stdout;
    let changed = change(&template);
    workspace.write("own.toml", changed);
    workspace
}

fn swap(text: &str, one: &str, other: &str) -> String {
    assert!(text.contains(one) && text.contains(other), "{text}");
    text.replace(one, "\u{1}").replace(other, one).replace('\u{1}', other)
}

#[test]
fn a_wrong_descriptor_is_told_by_check_alone_before_anything_else() {
    // Name of the mistake, how it is made, what is said of it.
    type Mistake = (&'static str, fn(&str) -> String, &'static str);
    let mistakes: [Mistake; 6] = [
        ("nothing wrong", str::to_owned, "no warnings"),
        ("a pattern that fits nothing", |text| text.replace("[^/_]+)$'", "[^/_]+)\\.wav$'"), "expects the extension"),
        (
            "a misspelt code",
            |text| text.replace("anger = ", "angr = "),
            "`codes.emotion` has `angr`: correct it, or add `anger`",
        ),
        ("groups swapped", |text| swap(text, "?<speaker>", "?<emotion>"), "are the two groups of the pattern swapped?"),
        (
            "the emotion for the speaker",
            |text| {
                text.replace("(?<speaker>[^/_]+)_", "[^/_]+_")
                    .replace("(?<emotion>[^/_]+)$", "(?<emotion>(?<speaker>[^/_]+))$")
            },
            "each of the 4 speakers has one emotion only, and each emotion one speaker",
        ),
        ("speakers of another corpus", |text| format!("{text}\n[speakers]\nanna = {{}}\n"), "none of its 1 id speaks"),
    ];
    for (mistake, change, told) in mistakes {
        let workspace = own_corpus(change);
        let ran = workspace.ser(&["corpora", "check", "data", "--corpus", "own.toml", "--json"]);
        let (code, json) = (ran.code, ran.json());
        assert_eq!(code, i32::from(json["recordings"] == 0), "{mistake}: a failure where nothing is understood");
        let ran = workspace.ser(&["corpora", "check", "data", "--corpus", "own.toml"]).exits(code).says(told);
        let warnings: Vec<&str> =
            json["warnings"].as_array().into_iter().flatten().filter_map(|text| text.as_str()).collect();
        if mistake == "nothing wrong" {
            assert_eq!(warnings, Vec::<&str>::new());
            continue;
        }
        assert!(warnings.iter().any(|warning| warning.contains(told)), "{mistake}: {warnings:?}");
        // Warnings stand right behind the first lines, numbered, and before every table and list.
        let heading = ran.stdout.lines().position(|line| line.ends_with(" WARNING") || line.ends_with(" WARNINGS"));
        assert!(heading.is_some_and(|line| line <= 3), "{mistake}:\n{}", ran.stdout);
        let at = |text: &str| ran.stdout.find(text);
        assert!(at("  1. ").is_some_and(|first| at("\nemotion").is_none_or(|table| first < table)), "{}", ran.stdout);
    }
}

#[test]
fn all_that_check_says_of_a_folder_is_pinned() {
    let workspace = own_corpus(|text| {
        let table =
            "[[table]]\nfile = \"ages.csv\"\njoins = \"clip\"\nkey = \"file\"\ncolumns = { age_years = \"age\" }\n";
        format!("{}\n{table}", text.replace("anger = ", "angr = "))
    });
    workspace
        .write("data/ages.csv", "file,age\ns1_t0_anger,31,x\ns2_t0_anger,thirty\ns3_t0_anger,33\ns9_t0_anger,34\n");
    workspace.write("data/notes.txt", "");
    workspace.write("data/what.wav", "");
    let ran = workspace.ser(&["corpora", "check", "data", "--corpus", "own.toml"]).exits(0);
    insta::assert_snapshot!("check_of_an_own_corpus", format!("{}--- stderr\n{}", ran.stdout, ran.stderr));
}

#[test]
fn names_that_would_command_a_terminal_are_written_out() {
    let workspace = own_corpus(str::to_owned);
    workspace.write("data/\u{1b}[31mred.wav", "");
    let ran = workspace.ser(&["corpora", "check", "data", "--corpus", "own.toml"]).exits(0);
    assert!(!ran.stdout.contains('\u{1b}') && ran.stdout.contains("\\u{1b}[31mred"), "{}", ran.stdout);
}

#[test]
fn a_new_descriptor_works_by_path_without_any_code() {
    let workspace = Workspace::with_pipeline(
        "name = \"own\"\n[stage.studio]\nkind = \"ingest\"\ncorpus = \"studio.toml\"\nroot = \"recordings\"\n\
         [stage.manifest]\nkind = \"manifest\"\nfrom = \"studio\"\n",
    );
    let template = workspace.ser(&["corpora", "new", "studio"]).exits(0).stdout;
    workspace.write("studio.toml", &template);
    workspace.ser(&["status"]).exits(0);
    workspace.ser(&["corpora", "new", "My Corpus"]).exits(2).tells("My Corpus");
    workspace.write("recordings/anna_01_happiness.wav", wav(22_050, 1.5, 200.0, 0.5));
    workspace.write("recordings/ben_02_sadness.wav", wav(22_050, 1.5, 300.0, 0.5));
    workspace.ser(&["run"]).exits(0);
    let clips = Clip::read(&workspace.path("artifacts/manifest/clips.parquet")).expect("clips");
    let told: Vec<(&str, Option<Emotion>)> =
        clips.iter().map(|clip| (clip.speaker.as_deref().unwrap_or_default(), clip.emotion)).collect();
    assert_eq!(told, [("studio:anna", Some(Emotion::HAPPY)), ("studio:ben", Some(Emotion::SAD))]);
}
