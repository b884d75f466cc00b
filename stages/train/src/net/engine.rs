//! One way to compute a network, whichever device was chosen.

use super::Batch;
use super::burn_layers::BurnNet;
use super::kernel_layers::KernelNet;
use super::plan::Plan;
use super::weights::Weights;
use crate::params::Device;

/// What a training step yields; the caller applies it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The loss, weighted as the batch's targets are.
    pub(crate) loss: f64,
    /// Probabilities of each clip in training mode.
    pub(crate) probabilities: Vec<f32>,
    /// Gradient of each tensor; empty for those that are not trained.
    pub(crate) gradients: Vec<Vec<f32>>,
    /// Mean and variance of each batch normalisation over the batch.
    pub(crate) moments: Vec<(Vec<f32>, Vec<f32>)>,
}

/// Computes networks on a device.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// This crate's kernels.
    Kernels,
    /// burn's layers on one of its devices.
    Burn(burn::tensor::Device),
}

impl Engine {
    /// For `device`; the error names the cargo feature that is missing.
    pub(crate) fn new(device: Device) -> Result<Self, &'static str> {
        if let Some(feature) = device.missing_feature() {
            return Err(feature);
        }
        match device {
            Device::Flex => Ok(Self::Kernels),
            #[cfg(feature = "flex")]
            Device::FlexLayers => Ok(Self::Burn(burn::tensor::Device::flex())),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "deprecated upstream; kept here as the independent reference")]
            Device::Ndarray => Ok(Self::Burn(burn::tensor::Device::ndarray())),
            #[cfg(feature = "wgpu")]
            Device::Wgpu => Ok(Self::Burn(burn::tensor::Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))),
            #[cfg(feature = "cuda")]
            Device::Cuda => Ok(Self::Burn(burn::tensor::Device::cuda(0_usize))),
            #[cfg(not(all(feature = "flex", feature = "ndarray", feature = "wgpu", feature = "cuda")))]
            other => Err(other.missing_feature().unwrap_or("flex")),
        }
    }

    /// Probabilities of each clip, one value per class.
    pub(crate) fn infer(&self, plan: &Plan, weights: &Weights, batch: &Batch) -> Vec<f32> {
        match self {
            Self::Kernels => KernelNet { plan, weights }.infer(batch),
            Self::Burn(device) => BurnNet { plan, weights, device }.infer(batch),
        }
    }

    /// Loss and gradients of a training batch; dropout masks follow from `seed`.
    pub(crate) fn step(&self, plan: &Plan, weights: &Weights, batch: &Batch, seed: u64) -> Step {
        match self {
            Self::Kernels => KernelNet { plan, weights }.step(batch, seed),
            Self::Burn(device) => BurnNet { plan, weights, device }.step(batch, seed),
        }
    }
}
