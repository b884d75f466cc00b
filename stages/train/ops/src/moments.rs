//! Moments of the channels between burn's tensors and the kernels.

use burn::tensor::{Device, Tensor, TensorData};
use ser_kernels::norm;

/// Mean and biased variance of each channel (channels).
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean of each channel.
    pub mean: Tensor<1>,
    /// Variance of each channel.
    pub variance: Tensor<1>,
}

impl Moments {
    /// Those that the kernels found, as tensors on `device`.
    pub(crate) fn on(device: &Device, found: norm::Moments) -> Self {
        let tensor = |values: Vec<f32>| {
            let channels = values.len();
            Tensor::from_data(TensorData::new(values, [channels]), device)
        };
        Self { mean: tensor(found.mean), variance: tensor(found.variance) }
    }

    /// As the kernels take them.
    pub(crate) fn values(&self) -> norm::Moments {
        let values = |tensor: &Tensor<1>| tensor.clone().into_data().iter::<f32>().collect();
        norm::Moments { mean: values(&self.mean), variance: values(&self.variance) }
    }
}
