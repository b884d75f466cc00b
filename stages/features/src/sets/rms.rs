//! Level of frames.

use crate::feature_set::{Column, Columns, Compute, FeatureSet, FromSignal};
use crate::framing::Framing;
use crate::params::Params;
use crate::vector::energy;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "rms"
    }

    fn about(&self) -> &'static str {
        "Root mean square of the frame's samples, full scale being 1, as `librosa.feature.rms`."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if params.rms { vec![Column::new("rms", "full scale")] } else { Vec::new() }
    }

    fn compute(&self, _: &Params, _: &Framing) -> Compute {
        Compute::signal(Rms)
    }
}

struct Rms;

impl FromSignal for Rms {
    #[inline(always)]
    fn clip(&mut self, samples: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        columns.fill(0, (0..columns.frame_count()).map(|index| rms(samples, framing, index)));
    }
}

/// Root mean square of the `window` samples of frame `index`; silence outside the clip counts.
#[inline(always)]
fn rms(clip: &[f32], framing: &Framing, index: usize) -> f32 {
    (energy(framing.inside(clip, index)) / framing.window as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_its_own_level() {
        let clip = vec![-0.25; 4_000];
        let framing = Framing::new(&Params::default(), 16_000);
        assert!((rms(&clip, &framing, 10) - 0.25).abs() < 1e-6);
        // Half of the first frame lies before the clip.
        assert!((rms(&clip, &framing, 0) - 0.25 * 0.5_f32.sqrt()).abs() < 1e-6);
    }
}
