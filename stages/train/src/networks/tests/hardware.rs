//! Every architecture on the devices that want hardware and have it, held against the processor.

use super::setting::{architectures, learnt, own, puzzle, variants};
use super::{SIZES, assert_agree, assert_alone};
use crate::engine::Engine;
use crate::hardware::tests::present;
use crate::params::Kernels;

fn engines() -> impl Iterator<Item = Engine> {
    present().iter().map(|device| Engine::new(*device, Kernels::Burn).expect("it is there"))
}

#[test]
fn hardware_agrees_with_the_processor() {
    for engine in engines() {
        for (seed, (name, config)) in (0..).zip(variants()) {
            for lens in [&[11, 8, 8, 3, 1][..], &[1, 1]] {
                assert_agree(&engine, &own(), (&name, &config, seed), lens);
            }
        }
    }
}

#[test]
fn on_hardware_a_clip_does_not_depend_on_its_company() {
    for engine in engines() {
        assert_alone(&engine, 1e-5);
    }
}

/// The first steps are those of the processor; later ones differ, as each feeds on the rounding of those before.
#[test]
fn on_hardware_four_clips_can_be_learnt_by_heart() {
    for engine in engines() {
        for (kind, _, small) in architectures() {
            let batch = puzzle(&small, SIZES, &[6, 5, 4, 3]);
            let [found, expected] = [&engine, &own()].map(|engine| learnt(engine, &small, SIZES, &batch, 40));
            for (found, expected) in found.iter().zip(&expected).take(3) {
                assert!((found - expected).abs() < 1e-3, "{kind}: {found}, expected {expected}");
            }
            assert!(found[39] < 0.3 * found[0], "{kind}: {found:?}");
        }
    }
}
