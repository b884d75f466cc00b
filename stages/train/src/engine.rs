//! The device and the kernels that networks are computed with.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use ser_ops::{Kernels, Lens};

use crate::data::Batch;
use crate::error::TrainError;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use crate::hardware;
use crate::layers::{Pass, Ragged};
use crate::networks::{Input, Network, Sizes};
use crate::params;

/// Computes networks on a device.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    /// Where inference happens; training is on its twin that tracks gradients.
    pub(crate) device: Device,
    pub(crate) kernels: Kernels,
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) input: Input,
    /// (clips, classes); see [`Batch::targets`].
    pub(crate) targets: Tensor<2>,
}

impl Engine {
    /// For `device`; the error names the cargo feature or the hardware that is missing. Own kernels are for the
    /// processor.
    pub(crate) fn new(device: params::Device, kernels: params::Kernels) -> Result<Self, TrainError> {
        let (device, kernels) = match device {
            params::Device::Cpu => (
                Device::flex(),
                match kernels {
                    params::Kernels::Own => Kernels::Own,
                    params::Kernels::Burn => Kernels::Burn,
                },
            ),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "deprecated upstream; kept here as the independent reference")]
            params::Device::Ndarray => (Device::ndarray(), Kernels::Burn),
            #[cfg(feature = "wgpu")]
            params::Device::Wgpu => (hardware::wgpu()?, Kernels::Burn),
            #[cfg(feature = "cuda")]
            params::Device::Cuda => (hardware::cuda()?, Kernels::Burn),
            #[cfg(not(all(feature = "ndarray", feature = "wgpu", feature = "cuda")))]
            // A device's cargo feature has its name.
            other => return Err(TrainError::NoDevice { device: other.as_str(), feature: other.as_str() }),
        };
        Ok(Self { device, kernels })
    }

    /// `batch` on the device.
    pub(crate) fn example(&self, batch: Batch, sizes: Sizes) -> Example {
        let Batch { lens, frames, functionals, targets } = batch;
        let clips = lens.len();
        let targets = if targets.is_empty() { vec![0.0; clips * sizes.classes] } else { targets };
        let matrix = |values: Vec<f32>, width: usize| {
            let rows = values.len() / width.max(1);
            Tensor::from_data(TensorData::new(values, [rows, width]), &self.device)
        };
        let input = Input {
            frames: Ragged { values: matrix(frames, sizes.width), lens: Lens::new(lens) },
            functionals: (sizes.functionals > 0).then(|| matrix(functionals, sizes.functionals)),
        };
        Example { input, targets: matrix(targets, sizes.classes) }
    }

    /// Probabilities of each clip, one value per class; `network` tracks no gradients.
    pub(crate) fn infer(&self, network: &Network, batch: Batch, sizes: Sizes) -> Vec<f32> {
        if batch.lens.is_empty() {
            return Vec::new();
        }
        let logits = network.forward(&self.example(batch, sizes).input, &mut Pass::inference(self.kernels));
        values(softmax(logits, 1))
    }

    /// Log-probabilities (clips, classes) in training mode, and the loss: -sum(target * log-probability), and what the
    /// architecture adds to it.
    pub(crate) fn loss(network: &Network, example: &Example, pass: &mut Pass) -> (Tensor<2>, Tensor<1>) {
        let log_probabilities = log_softmax(network.forward(&example.input, pass), 1);
        let loss = (log_probabilities.clone() * example.targets.clone()).sum().neg();
        let loss = std::mem::take(&mut pass.terms).into_iter().fold(loss, |loss, term| loss + term);
        (log_probabilities, loss)
    }
}

/// The values of a tensor.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
