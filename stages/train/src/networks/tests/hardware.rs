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

/// Forty steps of the optimiser, each from what the one before it left on the device. Steps do not enlarge rounding:
/// where every weight starts 1e-7 of itself off, or burn's operations compute in place of own kernels, losses on the
/// processor are some 1e-6 away at most. Momentum or a learning rate that is 1 % off moves those of cnn-lstm by 1e-2.
#[test]
fn on_hardware_four_clips_are_learnt_as_on_the_processor() {
    for engine in engines() {
        for (kind, _, small) in architectures() {
            let batch = puzzle(&small, SIZES, &[6, 5, 4, 3]);
            let [found, expected] = [&engine, &own()].map(|engine| learnt(engine, &small, SIZES, &batch, 40));
            assert!(expected[39] < 0.5 * expected[0], "{kind}: {expected:?}");
            for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() < 1e-4, "{kind}, step {step}: {found}, expected {expected}");
            }
        }
    }
}
