//! The values of a parameter, for a graph.

use burn::module::Param;
use burn::tensor::Tensor;

/// Outermost dimension first.
pub(super) fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
    param.val().into_data().iter::<f32>().collect()
}
