//! Every seed and every input that once did harm, through the function that reads it.

use std::fs;
use std::path::Path;

use ser_fuzz::{TARGETS, seeds};

#[test]
fn seeds_are_read() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "`{}` has no seeds", target.name);
        for seed in &seeds {
            (target.run)(seed);
        }
    }
}

#[test]
fn seeds_that_are_cut_or_altered_do_no_harm() {
    for target in TARGETS {
        for seed in seeds(target.name) {
            for part in 1..8 {
                (target.run)(&seed[..seed.len() * part / 8]);
                let mut altered = seed.clone();
                let at = altered.len() * part / 8;
                altered[at] ^= 0x41;
                (target.run)(&altered);
            }
        }
    }
}

#[test]
fn inputs_that_did_harm_do_none_any_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for target in TARGETS {
        let Ok(entries) = fs::read_dir(folder.join(target.name)) else { continue };
        for entry in entries {
            (target.run)(&fs::read(entry.expect("entry").path()).expect("input"));
        }
    }
}
