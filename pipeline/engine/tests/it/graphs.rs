//! Which stages a target needs, in graphs of any shape, and how graphs are drawn.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::changes::{Model, models, name};
use crate::fake::parse;

/// Stage `at` of `model` and everything that it reads, directly or not.
fn ancestors(model: &Model, at: usize) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([at]);
    for stage in (0..=at).rev() {
        if reached.contains(&stage) {
            reached.extend(model.reads(stage));
        }
    }
    reached.into_iter().map(name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_target_brings_exactly_its_ancestors(model in models(), pick in any::<prop::sample::Index>()) {
        let pipeline = parse(&model.pipeline(), &[]).unwrap();
        let target = 1 + pick.index(model.inputs.len());
        let selected = pipeline.select(&[name(target)]).unwrap();
        let names: BTreeSet<String> = selected.iter().map(|&at| pipeline.stages()[at].name().to_owned()).collect();
        prop_assert_eq!(names, ancestors(&model, target));
        // Inputs before readers, whatever the order of the file.
        for (at, stage) in pipeline.stages().iter().enumerate() {
            for input in stage.from() {
                prop_assert!(pipeline.stages()[..at].iter().any(|earlier| earlier.name() == input));
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[stage\\.[a-z]\\]\n|kind ?= ?\"(work|source)\"\n|from = \\[?\"[a-c]\"\\]?\n|\\PC{0,8}){0,12}") {
        let _ = parse(&text, &[text.as_str()]).map_err(|errors| errors.render(true));
    }
}

#[test]
fn drawings() {
    let text = "name = 't'\n[stage.end]\nkind = 'source'\nroot = 'x'\n[stage.work]\nkind = 'work'\nfrom = 'end'\n\
                [stage.second]\nkind = 'work'\nfrom = ['work', 'end']\n";
    let pipeline = parse(text, &[]).unwrap();
    insta::assert_snapshot!(pipeline.graph_text(), @r#"
    end     source
    work    work    <- end
    second  work    <- work, end
    "#);
    insta::assert_snapshot!(pipeline.graph_mermaid(), @r#"
    flowchart LR
        s0["end<br/><i>source</i>"]
        s1["work"]
        s2["second<br/><i>work</i>"]
        s0 --> s1
        s0 --> s2
        s1 --> s2
    "#);
}
