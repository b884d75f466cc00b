//! Removing what nothing needs, and nothing else.

use std::fs;
use std::thread;

use ser_engine::{EngineError, GarbageItem, GarbageKind, RunOptions, RunStatus, gc};

use crate::fake::Place;

const PIPELINE: &str = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'number'\n\
                        [stage.w]\nkind = 'work'\nfrom = 'a'\n";

const WITH_V: &str = "[stage.v]\nkind = 'work'\nfrom = ['a', 'w']\n";

fn garbage(place: &Place, keep: usize) -> Vec<GarbageItem> {
    gc(&place.pipeline(), &place.store(), keep).unwrap().items().to_vec()
}

/// `kind path`, without what differs from run to run.
fn told(items: &[GarbageItem]) -> Vec<String> {
    let path = |item: &GarbageItem| item.path.display().to_string().replace('\\', "/");
    items.iter().map(|item| format!("{:?} {}", item.kind, path(item))).collect()
}

fn remove(place: &Place, keep: usize) {
    gc(&place.pipeline(), &place.store(), keep).unwrap().remove().unwrap();
}

/// Runs with `w.n_mels` at each of `mels`.
fn run_each(place: &mut Place, mels: &[u32]) {
    for mels in mels {
        let set = format!("w.n_mels={mels}");
        place.set(&[set.as_str()]);
        place.run();
    }
}

#[test]
fn old_runs_go_with_what_only_they_refer_to() {
    let mut place = Place::new(PIPELINE);
    run_each(&mut place, &[64, 70, 80, 70]);
    let runs = place.names("artifacts/.ser/runs");
    assert_eq!((runs.len(), place.names("artifacts/.ser/objects").len()), (4, 3));
    let items = garbage(&place, 2);
    let copies = items.iter().filter(|item| item.kind == GarbageKind::Copy).count();
    assert_eq!(copies, 1, "only the table of 64 bands is referred to by no kept run: {items:?}");
    let expected: Vec<String> = runs[..2].iter().map(|name| format!("Run .ser/runs/{name}")).collect();
    assert_eq!(told(&items)[..2], expected);
    assert!(items.iter().all(|item| item.bytes > 0 && item.files == 1), "{items:?}");
    assert_eq!(place.names("artifacts/.ser/runs"), runs, "looking removes nothing");

    remove(&place, 2);
    assert_eq!(place.names("artifacts/.ser/runs"), runs[2..]);
    for run in place.store().runs() {
        let kept = run.stages.iter().flat_map(|stage| &stage.kept);
        assert!(kept.clone().count() > 0 && kept.clone().all(|kept| place.store().kept_path(kept).is_some()));
    }
    assert!(place.stale().is_empty());
    assert!(garbage(&place, 2).is_empty());
}

#[test]
fn unfinished_runs_do_not_push_finished_ones_out() {
    let mut place = Place::new(PIPELINE);
    run_each(&mut place, &[64, 70]);
    for _ in 0..3 {
        place.set(&["w.act=fail"]);
        assert_eq!(place.run().0.status, RunStatus::Failed);
    }
    let items = garbage(&place, 2);
    assert!(items.iter().all(|item| item.kind != GarbageKind::Run), "{items:?}");
}

#[test]
fn a_stage_that_is_gone_from_the_pipeline_goes_whole() {
    let place = Place::new(&format!("{PIPELINE}{WITH_V}"));
    place.run();
    fs::create_dir_all(place.path("artifacts/.ser/work/v/0123456789abcdef")).unwrap();
    place.write("artifacts/.ser/work/v/0123456789abcdef/checkpoint", "x");
    place.edit(PIPELINE);
    let expected = ["Result v", "Record .ser/stages/v.json", "State .ser/state/v", "Checkpoint .ser/work/v"];
    assert_eq!(told(&garbage(&place, 1)), expected);
    remove(&place, 1);
    assert_eq!(place.names("artifacts"), [".ser", "a", "w"]);
    assert_eq!(place.names("artifacts/.ser/stages"), ["a.json", "w.json"]);
    assert!(place.names("artifacts/.ser/tmp").is_empty());
    let (_, log) = place.run();
    assert!(log.ran().is_empty(), "what is left is whole");
    place.edit(&format!("{PIPELINE}{WITH_V}"));
    assert_eq!(place.stale(), ["v: never run"]);
    place.run();
}

#[test]
fn stages_of_another_pipeline_in_the_same_folder_are_left_alone() {
    let place = Place::new(&format!("{PIPELINE}{WITH_V}").replace("name = 't'", "name = 'other'"));
    place.run();
    place.edit(PIPELINE);
    place.run();
    assert!(garbage(&place, 9).is_empty(), "{:?}", garbage(&place, 9));
}

#[test]
fn folders_that_no_run_made_are_left_alone() {
    let place = Place::new(PIPELINE);
    place.run();
    for name in ["notes", ".hidden", ".ser/mine"] {
        fs::create_dir(place.path("artifacts").join(name)).unwrap();
    }
    place.write("artifacts/notes/a.txt", "a");
    place.write("artifacts/.ser/objects/README", "not a copy");
    assert!(garbage(&place, 1).is_empty(), "{:?}", garbage(&place, 1));
}

#[test]
fn checkpoints_stay_as_long_as_a_stage_can_go_on_from_them() {
    let mut place = Place::new(PIPELINE);
    place.run();
    place.set(&["w.act=resume"]);
    place.write("stop", "");
    place.run();
    // Checkpoints of the coming result, and the parts of it.
    let current = place.names("artifacts/.ser/work/w");
    assert_eq!(current.len(), 2);
    fs::create_dir(place.path("artifacts/.ser/work/w/0123456789abcdef")).unwrap();
    assert_eq!(told(&garbage(&place, 9)), ["Checkpoint .ser/work/w/0123456789abcdef"]);
    remove(&place, 9);
    assert_eq!(place.names("artifacts/.ser/work/w"), current);
    fs::remove_file(place.path("stop")).unwrap();
    assert!(place.run().1.lines().contains(&"warning w: resumed".to_owned()));
}

#[test]
fn leftovers_go_but_not_a_result_that_was_moved_aside() {
    let place = Place::new(PIPELINE);
    place.run();
    fs::create_dir_all(place.path("artifacts/.ser/tmp/w-999/sub")).unwrap();
    place.write("artifacts/.ser/tmp/w-999/sub/half.txt", "ha");
    fs::create_dir(place.path("artifacts/.ser/tmp/gone-999.old")).unwrap();
    place.write("artifacts/.ser/runs/20260101T000000Z-01-1.json.partial", "{");
    place.write("artifacts/.ser/runs/20260101T000000Z-01-2.json", "{\"format\": 99}");
    let expected = [
        "Leftover .ser/runs/20260101T000000Z-01-1.json.partial",
        "Leftover .ser/tmp/w-999",
        "Run .ser/runs/20260101T000000Z-01-2.json",
    ];
    assert_eq!(told(&garbage(&place, 1)), expected);
    assert_eq!(garbage(&place, 1)[1].bytes, 2);
    remove(&place, 1);
    assert_eq!(place.names("artifacts/.ser/tmp"), ["gone-999.old"]);
}

#[cfg(unix)]
#[test]
fn links_are_never_followed() {
    use std::os::unix::fs::symlink;

    let place = Place::new(&format!("{PIPELINE}{WITH_V}"));
    place.run();
    fs::create_dir_all(place.path("outside/w")).unwrap();
    place.write("outside/w/precious", "x");
    place.write("outside/0123", "x");
    // The result of a stage that is gone, moved to another disk; a link within garbage; a whole folder of `.ser`.
    fs::rename(place.path("artifacts/v"), place.path("outside/v")).unwrap();
    symlink(place.path("outside/v"), place.path("artifacts/v")).unwrap();
    fs::create_dir(place.path("artifacts/.ser/tmp/w-9")).unwrap();
    symlink(place.path("outside"), place.path("artifacts/.ser/tmp/w-9/link")).unwrap();
    fs::remove_dir(place.path("artifacts/.ser/work/w")).ok();
    fs::remove_dir_all(place.path("artifacts/.ser/state")).unwrap();
    symlink(place.path("outside"), place.path("artifacts/.ser/state")).unwrap();
    place.edit(PIPELINE);
    remove(&place, 1);
    assert!(fs::symlink_metadata(place.path("artifacts/v")).is_err());
    assert_eq!(place.names("outside"), ["0123", "v", "w"]);
    assert_eq!(place.names("outside/v"), ["out.txt", "sub"]);
    assert_eq!(place.read("outside/w/precious"), "x");
    assert!(place.names("artifacts/.ser/tmp").is_empty());
}

#[test]
fn nothing_is_looked_for_while_a_run_is_at_work() {
    let mut place = Place::new(PIPELINE);
    place.run();
    place.set(&["w.act=slow"]);
    thread::scope(|scope| {
        let run = scope.spawn(|| place.run_with(&RunOptions::default()));
        while place.names("artifacts/.ser/work/w").is_empty() {
            thread::yield_now();
        }
        let refused = gc(&place.pipeline(), &place.store(), 1);
        place.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        run.join().unwrap();
        assert!(matches!(refused, Err(EngineError::Locked { .. })), "{refused:?}");
    });
}

#[test]
fn where_nothing_was_run_there_is_nothing_to_remove() {
    let place = Place::new(PIPELINE);
    assert!(garbage(&place, 1).is_empty());
    assert!(!place.path("artifacts").exists());
}
