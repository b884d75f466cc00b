//! The values of a network's parameters beside the network: in memory and in safetensors files.

use std::collections::HashMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};

use crate::layers::Source;
use crate::networks::{Network, NetworkConfig, Sizes};

/// One parameter of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorSpec {
    /// Name in files: the fields that lead to it.
    pub(crate) name: String,
    /// Shape, outermost first.
    pub(crate) shape: Vec<usize>,
}

impl TensorSpec {
    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether gradients change it, rather than following the batches.
    pub(crate) fn is_trained(&self) -> bool {
        !self.field().starts_with("running_")
    }

    /// Whether weight decay applies: never to biases and normalisation.
    pub(crate) fn decays(&self) -> bool {
        self.is_trained() && !matches!(self.field(), "bias" | "gamma" | "beta")
    }

    fn field(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }
}

/// Values of all parameters of a network, in its order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    /// What each tensor is.
    pub(crate) specs: Vec<TensorSpec>,
    /// Values, outermost dimension first.
    pub(crate) values: Vec<Vec<f32>>,
}

/// A weights file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Not safetensors, or damaged.
    #[error("not a readable safetensors file")]
    Format(#[source] SafeTensorError),
    /// Safetensors, but of another network.
    #[error("the weights do not fit the network: {}", .0.join("; "))]
    Misfit(Vec<String>),
    /// Weights of this network, but not those that `config.json` was written with.
    #[error(
        "these are not the weights that `config.json` beside them was written with: their BLAKE3 hash is {found}, expected {expected}; copy the model's folder again, or train anew"
    )]
    Changed {
        /// Hash in `config.json`.
        expected: String,
        /// Hash of the file.
        found: String,
    },
}

/// Visits parameters in their order, with their names.
#[derive(Default)]
struct Listing {
    path: Vec<String>,
    specs: Vec<TensorSpec>,
    /// Whether values are wanted too.
    with_values: bool,
    values: Vec<Vec<f32>>,
}

impl ModuleVisitor for Listing {
    fn enter_module(&mut self, name: &str, container: &str) {
        // An architecture's name is no part of its parameters' names, and a head stands for the layers in it.
        let silent = container.starts_with("Enum:") || name == "head";
        self.path.push(if silent { String::new() } else { name.to_owned() });
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name: Vec<&str> = self.path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        self.specs.push(TensorSpec { name: name.join("."), shape: param.lazy_shape().to_vec() });
        if self.with_values {
            self.values.push(param.val().into_data().iter::<f32>().collect());
        }
    }
}

impl Weights {
    /// The parameters of a network, without making it.
    pub(crate) fn specs(config: &NetworkConfig, sizes: Sizes) -> Vec<TensorSpec> {
        let mut listing = Listing::default();
        config.init(sizes, &Device::flex(), Source::Shapes).visit(&mut listing);
        listing.specs
    }

    /// The parameters of `network` with their values.
    pub(crate) fn of(network: &Network) -> Self {
        let mut listing = Listing { with_values: true, ..Listing::default() };
        network.visit(&mut listing);
        Self { specs: listing.specs, values: listing.values }
    }

    /// The network with these values on `device`.
    pub(crate) fn network(&self, config: &NetworkConfig, sizes: Sizes, device: &Device) -> Network {
        config.init(sizes, device, Source::Stored(self.values.clone().into_iter()))
    }

    /// The values as bytes of a safetensors file, with `metadata` in its header.
    pub(crate) fn to_bytes(&self, metadata: HashMap<String, String>) -> Result<Vec<u8>, SafeTensorError> {
        let bytes: Vec<Vec<u8>> = self.values.iter().map(|values| to_le_bytes(values)).collect();
        let views = self
            .specs
            .iter()
            .zip(&bytes)
            .map(|(spec, bytes)| Ok((spec.name.as_str(), TensorView::new(Dtype::F32, spec.shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, SafeTensorError>>()?;
        safetensors::serialize(views, Some(metadata))
    }

    /// Reads the values of a network; says every way in which the file differs from it.
    pub(crate) fn from_bytes(config: &NetworkConfig, sizes: Sizes, bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes).map_err(WeightsError::Format)?;
        let specs = Self::specs(config, sizes);
        let mut misfits = Vec::new();
        let mut values = Vec::with_capacity(specs.len());
        for spec in &specs {
            match file.tensor(&spec.name) {
                Err(_) => misfits.push(format!("`{}` is missing (expected shape {:?})", spec.name, spec.shape)),
                Ok(view) if view.dtype() != Dtype::F32 || view.shape() != spec.shape => misfits.push(format!(
                    "`{}` has shape {:?} of {:?}, expected {:?} of F32",
                    spec.name,
                    view.shape(),
                    view.dtype(),
                    spec.shape
                )),
                Ok(view) => values.push(from_le_bytes(view.data())),
            }
        }
        let mut extra: Vec<&str> =
            file.names().into_iter().filter(|name| specs.iter().all(|spec| spec.name != *name)).collect();
        extra.sort_unstable();
        misfits.extend(extra.iter().map(|name| format!("`{name}` is not part of the network")));
        if let Some((name, _)) =
            specs.iter().zip(&values).find(|(_, values)| values.iter().any(|value| !value.is_finite()))
        {
            misfits.push(format!("`{}` holds values that are not finite", name.name));
        }
        if misfits.is_empty() { Ok(Self { specs, values }) } else { Err(WeightsError::Misfit(misfits)) }
    }
}

/// Little-endian bytes, as safetensors stores them.
pub(crate) fn to_le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The reverse of [`to_le_bytes`].
pub(crate) fn from_le_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::networks::CnnLstmConfig;

    const SIZES: Sizes = Sizes { width: 5, functionals: 3, classes: 4 };

    fn config(channels: usize, dense: &[usize]) -> NetworkConfig {
        let mut config = CnnLstmConfig { dense: dense.to_vec(), ..CnnLstmConfig::default() };
        config.conv[0].channels = channels;
        NetworkConfig::CnnLstm(config)
    }

    fn drawn(config: &NetworkConfig) -> Weights {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        Weights::of(&config.init(SIZES, &Device::flex(), Source::Drawn(&mut rng)))
    }

    #[test]
    fn weights_come_back_as_they_were_written() {
        let config = config(8, &[64]);
        let weights = drawn(&config);
        let bytes = weights.to_bytes(HashMap::new()).expect("write");
        assert_eq!(Weights::from_bytes(&config, SIZES, &bytes).expect("read"), weights);
        assert_eq!(Weights::of(&weights.network(&config, SIZES, &Device::flex().autodiff())), weights);
        assert_eq!(Weights::specs(&config, SIZES), weights.specs);
    }

    #[test]
    fn a_file_of_another_network_is_told_apart_tensor_by_tensor() {
        let bytes = drawn(&config(8, &[64])).to_bytes(HashMap::new()).expect("write");
        let read = |config: &NetworkConfig| Weights::from_bytes(config, SIZES, &bytes);
        let error = read(&config(9, &[64])).expect_err("other sizes").to_string();
        assert!(error.contains("`conv.0.weight` has shape [5, 5, 8] of F32, expected [5, 5, 9] of F32"), "{error}");
        let error = read(&config(8, &[64, 7])).expect_err("other layers").to_string();
        assert!(error.contains("`dense.1.weight` is missing (expected shape [64, 7])"), "{error}");
        let error = read(&config(8, &[])).expect_err("other layers").to_string();
        assert!(error.contains("`dense.0.bias` is not part of the network"), "{error}");
        let error = Weights::from_bytes(&config(8, &[]), SIZES, b"text");
        assert!(matches!(error, Err(WeightsError::Format(_))));
    }
}
