//! A kind of stage that the program does not have, made as `docs/add-a-stage-kind.md` says.

#![expect(unreachable_pub, reason = "the example is that of a crate")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use schemars::JsonSchema;
use ser_engine::{Registry, RunOptions, RunStatus, Silent, Spec, Store, run};
use ser_schemas::{Clip, Emotion, KEY_SAMPLE_RATE_HZ, Table as _, read_metadata};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output};
use serde::{Deserialize, Serialize};

// example
/// What a pipeline file may say.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Clips of each emotion that are kept.
    pub per_emotion: usize,
}

/// Keeps the first clips of each emotion: a small manifest to try things on.
pub struct Few;

impl Kind for Few {
    type Params = Params;

    const NAME: &'static str = "few";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "keeps the first clips of each emotion";
    const INPUTS: &'static [Input] = &[Input::one(&[Clip::NAME])];
    const OUTPUTS: &'static [Output] = &[Clip::OUTPUT];

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let path = Clip::file_in(&ctx.input(Clip::NAME)?.dir);
        let (mut clips, mut counts) = (Clip::read(&path)?, BTreeMap::new());
        clips.retain(|clip| {
            let count = counts.entry(clip.emotion).or_insert(0);
            *count += 1;
            *count <= params.per_emotion
        });
        let rate = read_metadata(&path)?.remove(KEY_SAMPLE_RATE_HZ).unwrap_or_default();
        let extra = [(KEY_SAMPLE_RATE_HZ, rate)];
        Clip::write_with(&Clip::file_in(ctx.out_dir), &clips, &ctx.provenance, &extra)?;
        Ok(Outcome { rows: clips.len() as u64, headline: format!("{} clips", clips.len()), ..Outcome::default() })
    }
}
// end of the example

/// Three clips, two of them sad, from nowhere.
struct Made;

impl Kind for Made {
    type Params = Params;

    const NAME: &'static str = "made";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "makes clips";
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[Clip::OUTPUT];

    fn run(_: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let clips: Vec<Clip> = [Emotion::SAD, Emotion::SAD, Emotion::HAPPY]
            .into_iter()
            .enumerate()
            .map(|(at, emotion)| Clip {
                emotion: Some(emotion),
                ..Clip::found(format!("made/{at}"), "made".into(), format!("{at}.wav"), 44)
            })
            .collect();
        Clip::write_in(ctx.out_dir, &clips, &ctx.provenance)?;
        Ok(Outcome::default())
    }
}

#[test]
fn a_new_kind_runs_and_feeds_the_stages_that_read_what_it_writes() {
    let folder = tempfile::tempdir().expect("folder");
    let registry = Registry::new(|_| Ok(None)).with(Made).with(Few).with(ser_features::Features);
    let parse = |text: &str| {
        let file = folder.path().join("pipeline.toml");
        Spec::parse(&file, text.to_owned(), &registry, &[], &|_| None)
    };
    let text = "name = 'small'\n[stage.all]\nkind = 'made'\n[stage.few]\nkind = 'few'\nfrom = 'all'\nper_emotion = 1\n";
    let pipeline = parse(text).expect("a pipeline");
    let store = Store::new(folder.path().join("artifacts"));
    let record =
        run(&pipeline, &store, &RunOptions::default(), &Silent, &AtomicBool::new(false)).expect("the engine runs");
    assert_eq!(record.status, RunStatus::Done);
    let kept: Vec<String> =
        Clip::read_in(store.stage_dir("few")).expect("clips").into_iter().map(|clip| clip.clip_id).collect();
    assert_eq!(kept, ["made/0", "made/2"]);
    parse(&format!("{text}[stage.features]\nkind = 'features'\nfrom = 'few'\n")).expect("`features` reads any clips");
}

#[test]
fn the_page_shows_this_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let source = read("tests/it/new_kind.rs");
    let example = source.split("// example\n").nth(1).and_then(|rest| rest.split("// end of the example").next());
    assert!(read("docs/add-a-stage-kind.md").contains(example.expect("the example")), "the page shows other code");
}
