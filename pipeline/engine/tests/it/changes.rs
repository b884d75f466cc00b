//! Random changes to random graphs, against a model of what they call for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use ser_engine::{RunOptions, RunRecord, StageStatus, State};

use crate::fake::{Place, registry_with};

/// A source and stages of work, and what the pipeline file says of them.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// Inputs of each stage, by position; all read the source, too.
    pub(crate) inputs: Vec<BTreeSet<usize>>,
    /// The positions in the order in which the stages stand in the file.
    order: Vec<usize>,
    n_mels: Vec<u32>,
    /// Parameters that change nothing in the result.
    ignored: Vec<u32>,
    number: String,
    version: u32,
    /// Stages whose results are damaged; the source is `None`.
    damaged: BTreeSet<Option<usize>>,
}

/// Something that happens between two runs. Positions are taken modulo the number of stages.
#[derive(Debug, Clone)]
enum Event {
    Mels(usize, u32),
    Ignored(usize, u32),
    Number(i32),
    /// The same number, written in another way.
    Spaces(usize),
    Delete(usize),
    Edit(usize),
    Touch(usize),
    DeleteSource,
    Version(u32),
}

/// Text of each stage's file, the source first.
type Texts = Vec<String>;

impl Model {
    pub(crate) fn pipeline(&self) -> String {
        let mut text = "name = 'graph'\n[stage.a]\nkind = 'source'\nroot = 'number'\n".to_owned();
        for &at in &self.order {
            let from: Vec<String> = self.inputs[at].iter().map(|input| format!(", 's{input}'")).collect();
            let from = from.concat();
            let (mels, ignored) = (self.n_mels[at], self.ignored[at]);
            writeln!(text, "[stage.s{at}]\nkind = 'work'\nfrom = ['a'{from}]\nn_mels = {mels}\nignored = {ignored}")
                .unwrap();
        }
        text
    }

    /// Texts that an undisturbed run of everything writes.
    fn texts(&self) -> Texts {
        let mut texts = vec![self.number.trim().to_owned()];
        for (at, inputs) in self.inputs.iter().enumerate() {
            let mut text = format!("s{at} seed 42 mels {}\na (number): {}\n", self.n_mels[at], texts[0]);
            for input in inputs {
                let inner = texts[input + 1].trim().replace('\n', " / ");
                writeln!(text, "s{input} (text): {inner}").unwrap();
            }
            texts.push(text);
        }
        texts
    }

    /// Stages that read stage `at`, positions counted with the source as 0.
    pub(crate) fn reads(&self, at: usize) -> Vec<usize> {
        if at == 0 {
            return Vec::new();
        }
        std::iter::once(0).chain(self.inputs[at - 1].iter().map(|input| input + 1)).collect()
    }

    /// `true` if the stage at `at` has to run in any case, after a full run of `old`.
    fn definite(&self, old: &Self, at: usize) -> bool {
        let Some(stage) = at.checked_sub(1) else {
            return self.number != old.number || self.damaged.contains(&None);
        };
        self.n_mels[stage] != old.n_mels[stage]
            || self.ignored[stage] != old.ignored[stage]
            || self.version != old.version
            || self.damaged.contains(&Some(stage))
    }

    fn states(&self, old: &Self) -> Vec<State> {
        let mut states: Vec<State> = Vec::new();
        for at in 0..=self.inputs.len() {
            let waits = self.reads(at).iter().any(|&input| states[input] != State::Fresh);
            states.push(match (self.definite(old, at), waits) {
                (true, _) => State::Stale,
                (false, true) => State::Waiting,
                (false, false) => State::Fresh,
            });
        }
        states
    }

    /// The stages that a run does: those that have to, and those that read something that says something else now.
    fn needed(&self, old: &Self) -> BTreeSet<String> {
        let (before, after) = (old.texts(), self.texts());
        (0..=self.inputs.len())
            .filter(|&at| self.definite(old, at) || self.reads(at).iter().any(|&input| before[input] != after[input]))
            .map(name)
            .collect()
    }

    /// Does to the place and to itself what happened.
    fn apply(&mut self, event: &Event, place: &mut Place) {
        let count = self.inputs.len();
        let output = |at: usize| format!("artifacts/s{}/out.txt", at % count);
        match event {
            Event::Mels(at, mels) => self.n_mels[at % count] = *mels,
            Event::Ignored(at, value) => self.ignored[at % count] = *value,
            Event::Number(number) => self.number = number.to_string(),
            Event::Spaces(spaces) => self.number = format!("{}{}", " ".repeat(*spaces), self.number.trim()),
            Event::Version(version) => self.version = *version,
            Event::Touch(at) => {
                if place.path(&output(*at)).exists() {
                    place.touch(&output(*at));
                }
            }
            Event::Delete(at) => {
                let _ = std::fs::remove_file(place.path(&output(*at)));
                self.damaged.insert(Some(at % count));
            }
            Event::Edit(at) => {
                if place.path(&output(*at)).exists() {
                    let text = place.read(&output(*at));
                    place.write(&output(*at), &text.replace("seed", "deed"));
                    place.touch(&output(*at));
                }
                self.damaged.insert(Some(at % count));
            }
            Event::DeleteSource => {
                std::fs::remove_dir_all(place.path("artifacts/a")).unwrap_or_default();
                self.damaged.insert(None);
            }
        }
        place.edit(&self.pipeline());
        place.write("number", &self.number);
        place.registry = registry_with(self.version, ser_stage::SpecCover::Own);
    }
}

/// Name of the stage at a position counted with the source as 0.
pub(crate) fn name(at: usize) -> String {
    at.checked_sub(1).map_or_else(|| "a".to_owned(), |stage| format!("s{stage}"))
}

pub(crate) fn models() -> impl Strategy<Value = Model> {
    (1_usize..8).prop_flat_map(|count| {
        let inputs: Vec<_> = (0..count).map(|at| prop::collection::btree_set(0..at.max(1), 0..=at.min(3))).collect();
        let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        (inputs, order, prop::collection::vec(8_u32..12, count)).prop_map(move |(mut inputs, order, n_mels)| {
            inputs[0].clear();
            let ignored = vec![0; count];
            Model { inputs, order, n_mels, ignored, number: "7".to_owned(), version: 1, damaged: BTreeSet::new() }
        })
    })
}

fn events() -> impl Strategy<Value = Event> {
    let at = || 0_usize..7;
    prop_oneof![
        4 => (at(), 8_u32..12).prop_map(|(at, mels)| Event::Mels(at, mels)),
        4 => (at(), 0_u32..3).prop_map(|(at, value)| Event::Ignored(at, value)),
        2 => (6_i32..9).prop_map(Event::Number),
        2 => (0_usize..3).prop_map(Event::Spaces),
        2 => at().prop_map(Event::Delete),
        2 => at().prop_map(Event::Edit),
        2 => at().prop_map(Event::Touch),
        1 => Just(Event::DeleteSource),
        1 => (1_u32..3).prop_map(Event::Version),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_does_what_changes_call_for_and_nothing_else(
        start in models(), rounds in prop::collection::vec(prop::collection::vec(events(), 0..4), 1..5), jobs in 1_usize..4,
    ) {
        let mut place = Place::new("");
        place.registry = registry_with(1, ser_stage::SpecCover::Own);
        place.edit(&start.pipeline());
        let options = RunOptions { jobs, ..RunOptions::default() };
        let (first, _) = place.run_with(&options);
        let mut old = start.clone();
        for events in rounds {
            let mut new = Model { damaged: BTreeSet::new(), ..old.clone() };
            for event in &events {
                new.apply(event, &mut place);
            }
            let planned: Vec<(String, State)> =
                place.plan().steps.iter().map(|step| (step.stage.clone(), step.state())).collect();
            let states: Vec<(String, State)> = (0..).map(name).zip(new.states(&old)).collect();
            let by_name = |states: Vec<(String, State)>| states.into_iter().collect::<BTreeMap<_, _>>();
            prop_assert_eq!(by_name(planned), by_name(states.clone()), "planned after {:?}", &events);

            let (record, log) = place.run_with(&options);
            let ran: BTreeSet<String> = log.ran().into_iter().collect();
            prop_assert_eq!(&ran, &new.needed(&old), "ran after {:?}", &events);
            for (stage, state) in states {
                let done = record.stages.iter().find(|done| done.stage == stage).unwrap();
                let expected = match (state, ran.contains(&stage)) {
                    (State::Fresh, _) => StageStatus::Fresh,
                    (State::Waiting, false) => StageStatus::Unchanged,
                    _ => StageStatus::Done,
                };
                prop_assert_eq!(&done.status, &expected, "{} after {:?}", stage, &events);
            }
            for (at, text) in new.texts().iter().enumerate() {
                prop_assert_eq!(&place.read(&format!("artifacts/{}/out.txt", name(at))), text);
            }
            prop_assert!(place.stale().is_empty());
            prop_assert!(place.run_with(&options).1.ran().is_empty());
            old = new;
        }

        // Back again: the same identity.
        place.edit(&start.pipeline());
        place.write("number", &start.number);
        place.registry = registry_with(1, ser_stage::SpecCover::Own);
        let (back, _) = place.run_with(&options);
        let prints = |record: &RunRecord| -> Vec<Option<String>> {
            record.stages.iter().map(|stage| stage.fingerprint.clone()).collect()
        };
        prop_assert_eq!(prints(&first), prints(&back));
    }
}
