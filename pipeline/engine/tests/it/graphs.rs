//! Random graphs: a run leaves nothing stale, a second one does nothing, a change costs what depends on it and no more.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use ser_engine::RunOptions;

use crate::fake::{Place, parse};

/// A pipeline of one source and several stages of work, each reading the source and up to three earlier ones.
#[derive(Debug, Clone)]
struct Graph {
    /// Inputs of each stage, by position.
    inputs: Vec<BTreeSet<usize>>,
    n_mels: Vec<u32>,
    /// Position in the file of each stage.
    order: Vec<usize>,
}

impl Graph {
    fn text(&self) -> String {
        let mut text = "name = 'graph'\n[stage.a]\nkind = 'source'\nroot = 'number'\n".to_owned();
        for &at in &self.order {
            let from: Vec<String> = self.inputs[at].iter().map(|input| format!(", 's{input}'")).collect();
            let from = from.concat();
            let mels = self.n_mels[at];
            writeln!(text, "[stage.s{at}]\nkind = 'work'\nfrom = ['a'{from}]\nn_mels = {mels}").unwrap();
        }
        text
    }

    fn name(at: usize) -> String {
        format!("s{at}")
    }

    /// `at` and everything that reads it, directly or not.
    fn descendants(&self, at: usize) -> BTreeSet<String> {
        let mut reached = BTreeSet::from([at]);
        for stage in at + 1..self.inputs.len() {
            if self.inputs[stage].iter().any(|input| reached.contains(input)) {
                reached.insert(stage);
            }
        }
        reached.into_iter().map(Self::name).collect()
    }

    fn ancestors(&self, at: usize) -> BTreeSet<String> {
        let mut reached = BTreeSet::from([at]);
        for stage in (0..=at).rev() {
            if reached.contains(&stage) {
                reached.extend(&self.inputs[stage]);
            }
        }
        reached.into_iter().map(Self::name).chain(["a".to_owned()]).collect()
    }
}

fn graphs() -> impl Strategy<Value = Graph> {
    (1_usize..8).prop_flat_map(|count| {
        let inputs: Vec<_> = (0..count).map(|at| prop::collection::btree_set(0..at.max(1), 0..=at.min(3))).collect();
        (inputs, prop::collection::vec(8_u32..512, count), Just((0..count).collect::<Vec<_>>()).prop_shuffle())
            .prop_map(|(mut inputs, n_mels, order)| {
                inputs[0].clear();
                Graph { inputs, n_mels, order }
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_leaves_nothing_stale_and_a_change_costs_its_descendants(
        graph in graphs(), pick in any::<prop::sample::Index>(), jobs in 1_usize..4, mels in 8_u32..512,
    ) {
        let place = Place::new(&graph.text());
        let options = RunOptions { jobs, ..RunOptions::default() };
        let (record, log) = place.run_with(&options);
        prop_assert_eq!(log.ran().len(), graph.inputs.len() + 1);
        prop_assert!(place.stale().is_empty());
        prop_assert!(place.run_with(&options).1.ran().is_empty());

        let changed = pick.index(graph.inputs.len());
        let mut other = graph.clone();
        other.n_mels[changed] = mels;
        place.edit(&other.text());
        let planned: BTreeSet<String> = place.plan().stale().map(|step| step.stage.clone()).collect();
        let expected = if mels == graph.n_mels[changed] { BTreeSet::new() } else { graph.descendants(changed) };
        prop_assert_eq!(&planned, &expected);
        let ran: BTreeSet<String> = place.run_with(&options).1.ran().into_iter().collect();
        prop_assert_eq!(&ran, &expected);
        prop_assert!(place.stale().is_empty());

        // Back again: the same identity, so the same files.
        place.edit(&graph.text());
        let (back, _) = place.run_with(&options);
        let prints = |record: &ser_engine::RunRecord| -> Vec<Option<String>> {
            record.stages.iter().map(|stage| stage.fingerprint.clone()).collect()
        };
        prop_assert_eq!(prints(&record), prints(&back));
    }

    #[test]
    fn a_target_brings_exactly_its_ancestors(graph in graphs(), pick in any::<prop::sample::Index>()) {
        let pipeline = parse(&graph.text(), &[]).unwrap();
        let target = pick.index(graph.inputs.len());
        let selected = pipeline.select(&[Graph::name(target)]).unwrap();
        let names: BTreeSet<String> = selected.iter().map(|&at| pipeline.stages()[at].name().to_owned()).collect();
        prop_assert_eq!(names, graph.ancestors(target));
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
