//! A change goes as far as it makes a difference, and no further.

use std::fs;

use ser_engine::{StageStatus, State};

use crate::fake::Place;

const PIPELINE: &str = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'number'\n[stage.w]\nkind = 'work'\nfrom = 'a'\n\
                        [stage.v]\nkind = 'work'\nfrom = ['a', 'w']\n[stage.u]\nkind = 'work'\nfrom = ['a', 'v']\n";

#[test]
fn a_stage_that_comes_out_the_same_stops_the_wave() {
    let mut place = Place::new(PIPELINE);
    place.run();
    place.set(&["w.ignored=1"]);
    let plan = place.plan();
    let states: Vec<State> = plan.steps.iter().map(ser_engine::Step::state).collect();
    assert_eq!(states, [State::Fresh, State::Stale, State::Waiting, State::Waiting]);
    assert_eq!(place.stale(), ["w: ignored 0 → 1", "v: waits for `w`", "u: waits for `v`"]);
    assert_eq!(plan.steps[2].fingerprint, None, "it depends on what `w` will say");

    let (record, log) = place.run();
    insta::assert_snapshot!(log.lines().join("\n"), @r#"
    fresh a (1 rows)
    start w: ignored 0 → 1
    done w: 1 rows, 1 inputs
    unchanged v (2 rows): w
    unchanged u (2 rows): v
    "#);
    assert_eq!(record.stages[2].status, StageStatus::Unchanged);
    assert_eq!(record.stages[2].reasons, ["`w` came out the same"]);
    assert!(place.stale().is_empty());
    assert!(place.run().1.ran().is_empty());
}

#[test]
fn a_stage_that_comes_out_different_is_named_to_its_readers() {
    let mut place = Place::new(PIPELINE);
    place.run();
    place.set(&["w.n_mels=80"]);
    let (_, log) = place.run();
    assert_eq!(log.ran(), ["w", "v", "u"]);
    assert!(log.lines().contains(&"start v: input `w` changed".to_owned()), "{:?}", log.lines());
}

#[test]
fn what_only_tells_the_maker_is_no_content() {
    let place = Place::new(PIPELINE);
    place.run();
    let before = place.read("artifacts/a/maker.txt");
    place.write("number", " 7\n");
    let (_, log) = place.run();
    assert_eq!(log.ran(), ["a"], "the same number, written in another way");
    assert_ne!(place.read("artifacts/a/maker.txt"), before);
}

#[test]
fn a_touched_output_is_no_change_and_an_edited_one_of_equal_size_is() {
    let place = Place::new(PIPELINE);
    place.run();
    place.touch("artifacts/w/out.txt");
    assert!(place.stale().is_empty());
    assert!(place.run().1.ran().is_empty());
    let record = place.read("artifacts/.ser/stages/w.json");
    assert!(place.run().1.ran().is_empty());
    assert_eq!(place.read("artifacts/.ser/stages/w.json"), record, "noted once");

    let text = place.read("artifacts/w/out.txt");
    place.write("artifacts/w/out.txt", &text.replace("64", "46"));
    place.touch("artifacts/w/out.txt");
    assert_eq!(
        place.stale(),
        ["w: `out.txt` was changed: as long as before, with another content", "v: waits for `w`", "u: waits for `v`"]
    );
    let (_, log) = place.run();
    assert_eq!(log.ran(), ["w"], "what others read is as it was");
    assert_eq!(place.read("artifacts/w/out.txt"), text);
}

#[test]
fn a_file_that_changes_between_plan_and_run_is_recorded_as_it_was_read() {
    let place = Place::new(PIPELINE);
    place.write("number-before", "8");
    let (record, _) = place.run();
    assert_eq!(place.read("artifacts/a/out.txt"), "8");
    assert!(place.stale().is_empty());
    let fingerprint = record.stages[0].fingerprint.clone().unwrap();
    assert_eq!(place.read("artifacts/a/maker.txt"), format!("# {fingerprint}"));
    assert_eq!(place.store().stage_record("a").unwrap().fingerprint, fingerprint);
}

#[test]
fn a_file_that_changes_after_it_was_read_makes_the_next_run_read_it() {
    let place = Place::new(PIPELINE);
    place.write("number-after", "8");
    place.run();
    assert_eq!(place.read("artifacts/a/out.txt"), "7");
    assert_eq!(place.stale()[0], "a: the files it reads changed: number 7 → number 8");
    place.run();
    assert_eq!(place.read("artifacts/a/out.txt"), "8");
    assert!(place.stale().is_empty());
}

#[test]
fn only_a_run_may_take_notes_while_it_plans() {
    let place = Place::new(PIPELINE);
    place.plan();
    assert!(!place.path("artifacts").exists());
    place.run();
    place.write("number", "8");
    place.plan();
    assert_eq!(place.read("artifacts/.ser/state/a/seen"), "7");
    place.run();
    assert_eq!(place.read("artifacts/.ser/state/a/seen"), "8");
}

#[test]
fn without_its_notes_nothing_is_lost_but_time() {
    let place = Place::new(PIPELINE);
    place.run();
    fs::remove_dir_all(place.path("artifacts/.ser/state")).unwrap();
    assert!(place.stale().is_empty());
    assert!(place.run().1.ran().is_empty());
}
