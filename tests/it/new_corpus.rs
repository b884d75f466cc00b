//! A corpus with a class of its own, added as `docs/add-a-corpus.md` says.

use ser_schemas::{ClassMetrics, Corpus, Emotion, Exclusion, Speech, Table as _};

use crate::small;
use crate::util::{Workspace, source_root, wav};

/// The page's blocks of TOML: the descriptor, the first stages of the pipeline, and where the corpus comes from.
fn page() -> [String; 3] {
    let text = std::fs::read_to_string(source_root().join("docs/add-a-corpus.md")).expect("the page");
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned);
    blocks.collect::<Vec<_>>().try_into().expect("three blocks")
}

#[test]
fn a_class_that_a_descriptor_declares_gets_to_the_report_and_to_predictions() {
    let [descriptor, first, _] = page();
    let (_, rest) = small::PIPELINE.split_once("[stage.audit]").expect("the stages behind the manifest");
    let workspace = Workspace::with_pipeline(&format!("name = \"own\"\nseed = 42\n{first}\n[stage.audit]{rest}"));
    workspace.write("studio.toml", descriptor);
    for (speaker, name) in ["anna", "ben", "cleo", "dan"].into_iter().enumerate() {
        for sentence in 0..3 {
            for (code, hz) in [("ang", 2000.0), ("bor", 150.0), ("hap", 700.0)] {
                let hz = hz * (1.0 + 0.03 * speaker as f64 + 0.01 * f64::from(sentence));
                workspace.write(&format!("recordings/{name}_t{sentence}_{code}.wav"), wav(16_000, 0.4, hz, 0.5));
            }
        }
    }

    let checked = workspace.ser(&["corpora", "check", "recordings", "--corpus", "studio.toml"]).exits(0);
    checked.says("boredom").says("beyond the built-in emotions: `boredom` 12");
    workspace.ser(&["run", "-S", "net.epochs=20"]).exits(0).tells("angry 12, boredom 12, happy 12");

    let artifact = |stage: &str| workspace.path(&format!("artifacts/{stage}"));
    let boredom: Emotion = "boredom".parse().expect("a class");
    let classes = ClassMetrics::read_in(artifact("evaluation")).expect("classes");
    let row = classes.iter().find(|row| row.group == "overall" && row.emotion == boredom).expect("a class of its own");
    assert_eq!(row.support, 12);
    let corpora = Corpus::read_in(artifact("manifest")).expect("corpora");
    assert_eq!((corpora[0].speech, corpora[0].shortfall.as_deref()), (Some(Speech::Acted), None));
    let read = |name: &str| std::fs::read_to_string(artifact("report").join(name)).expect(name);
    assert!(read("index.html").contains("boredom"));
    let card = read("model_card.md");
    assert!(card.contains("a probability for angry, boredom and happy."), "{card}");
    assert!(card.contains("**Acted speech.**"), "{card}");

    workspace.write("new/tired.wav", wav(16_000, 0.4, 155.0, 0.5));
    let said = workspace.ser(&["predict", "new/tired.wav", "--json", "--model", "artifacts/net"]).exits(0).json();
    assert_eq!(said["emotion"], "boredom", "{said}");
    assert!(said["probabilities"]["boredom"].as_f64().is_some_and(|share| share > 0.4), "{said}");

    // Without `keep` the class is left out, and the reader told.
    workspace
        .ser(&["run", "manifest", "-S", "manifest.keep=[]"])
        .exits(0)
        .tells("boredom 12; name the classes to keep");
    let excluded = Exclusion::read_in(artifact("manifest")).expect("exclusions");
    assert_eq!(excluded.len(), 12);
    assert!(excluded[0].detail.starts_with("`boredom` is none of the built-in emotions"), "{}", excluded[0].detail);
}

#[test]
fn the_table_that_says_where_a_corpus_comes_from_is_understood() {
    let [descriptor, _, fetch] = page();
    let workspace = Workspace::with_default_pipeline();
    workspace.write("studio.toml", format!("{descriptor}\n{fetch}"));
    // The licence is what the descriptor does not state, so that nothing has to be agreed to; and nobody answers there.
    let ran = workspace
        .command(&["fetch", "studio.toml"])
        .env("SER_FETCH_BASE_ZENODO", "ftp://nowhere")
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.code() == Some(2) && told.contains("`SER_FETCH_BASE_ZENODO` is of no use"), "{told}");
    workspace.write("studio.toml", format!("{descriptor}\n{}", fetch.replace("record =", "recrod =")));
    workspace.ser(&["fetch", "studio.toml"]).exits(2).tells("unknown field `recrod`");
}
