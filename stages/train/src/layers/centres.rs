//! The centre loss.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::builder::{Builder, Start};
use super::pass::Pass;

/// Weight of the old centre beside a batch's clips: it stays where a batch has no clip of its class.
const LITTLE: f32 = 1e-6;

/// Centre loss (Wen et al. 2016): half the squared distance of each clip's vector from the centre of its class is added
/// to the loss. Centres follow the means of the batches. A clip that is partly of a class (mixup, label smoothing)
/// counts partly.
#[derive(Module, Debug)]
pub(crate) struct Centres {
    /// (classes, size).
    running_centres: Param<Tensor<2>>,
    weight: f64,
}

impl Centres {
    /// Of vectors of `size` values; their loss counts `weight` times.
    pub(crate) fn new(size: usize, classes: usize, weight: f64, builder: &mut Builder<'_>) -> Self {
        Self { running_centres: builder.running([classes, size], Start::Zeros), weight }
    }

    /// Adds to the loss what `x` (clips, size) makes of it.
    pub(crate) fn attract(&self, x: &Tensor<2>, pass: &mut Pass) {
        let Some(targets) = pass.targets().cloned() else { return };
        let centres = self.running_centres.val();
        let [classes, size] = centres.dims();
        let square = |x: &Tensor<2>| (x.clone() * x.clone()).sum_dim(1);
        // (clips, classes): |x|^2 - 2 x c + |c|^2.
        let distances = square(x) - x.clone().matmul(centres.clone().transpose()) * 2.0 + square(&centres).transpose();
        pass.add_to_loss((distances * targets.clone()).sum() * (0.5 * self.weight));
        let x = x.clone().without_autodiff();
        let (targets, centres) = (targets.without_autodiff(), centres.without_autodiff());
        let counts = targets.clone().sum_dim(0).transpose() + LITTLE;
        let means = (targets.transpose().matmul(x) + centres * LITTLE) / counts;
        pass.follow(&self.running_centres, means.reshape([classes * size]));
    }
}
