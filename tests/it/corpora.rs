//! Corpora that ship with the program, and one that does not.

use ser_schemas::{Clip, Emotion, Table as _};

use crate::util::{Workspace, wav};

#[test]
fn the_built_in_corpora_are_listed_with_their_licences() {
    let workspace = Workspace::with_default_pipeline();
    let ran = workspace.ser(&["corpora"]).exits(0);
    for corpus in ["crema_d", "emodb", "ravdess", "savee", "tess"] {
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
    assert_eq!(told, [("studio:anna", Some(Emotion::Happy)), ("studio:ben", Some(Emotion::Sad))]);
}
