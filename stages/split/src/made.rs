//! Clips, pairs and divisions that tests are made of.

use ser_schemas::Clip;

use crate::division::{Division, Fold, Near};
use crate::near::NearPair;

/// Clips `c/0`, `c/1`, and so on.
pub(crate) fn clips(count: usize) -> Vec<Clip> {
    (0..count).map(|number| Clip::found(format!("c/{number}"), "c".into(), format!("{number}.wav"), 1)).collect()
}

pub(crate) fn pair(a: usize, b: usize) -> NearPair {
    NearPair { a, b, similarity: 0.97 }
}

/// Folds by their clips of each role; every clip is tested once, speakers may stand on both sides.
pub(crate) fn division(folds: Vec<[Vec<usize>; 3]>) -> Division {
    let folds = folds.into_iter().enumerate().map(|(number, [train, validation, test])| Fold {
        number: number as u32,
        train,
        validation,
        test,
        ..Fold::default()
    });
    Division {
        folds: folds.collect(),
        held_out: Vec::new(),
        unknown: Vec::new(),
        tests_every_clip_once: true,
        near: Near::default(),
    }
}
