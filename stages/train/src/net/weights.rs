//! The tensors of a network in memory and in safetensors files.

use std::collections::HashMap;

use rand::{Rng, RngExt};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};

use super::plan::{Plan, Start, TensorSpec};

/// Values of all tensors of a plan, in its order.
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

impl Weights {
    /// First values, drawn from `rng`.
    pub(crate) fn init(plan: &Plan, rng: &mut impl Rng) -> Self {
        let specs = plan.tensors();
        let values = specs.iter().map(|spec| start_values(spec, rng)).collect();
        Self { specs, values }
    }

    /// The trained values as bytes of a safetensors file, with `metadata` in its header.
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

    /// Reads the weights of `plan`'s network; says every way in which the file differs from it.
    pub(crate) fn from_bytes(plan: &Plan, bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes).map_err(WeightsError::Format)?;
        let specs = plan.tensors();
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

fn start_values(spec: &TensorSpec, rng: &mut impl Rng) -> Vec<f32> {
    let count = spec.count();
    let mut uniform = |limit: f32| (0..count).map(|_| rng.random_range(-limit..limit)).collect();
    match spec.start {
        Start::Relu { inputs } => uniform((6.0 / inputs.max(1) as f32).sqrt()),
        Start::Linear { inputs } => uniform(1.0 / (inputs.max(1) as f32).sqrt()),
        Start::Zeros | Start::RunningMean => vec![0.0; count],
        Start::Ones | Start::RunningVariance => vec![1.0; count],
        Start::LstmBias => (0..count).map(|index| if index / (count / 4).max(1) == 1 { 1.0 } else { 0.0 }).collect(),
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
    use crate::params::Params;

    fn plan(channels: usize) -> Plan {
        let mut params = Params::default();
        params.conv[0].channels = channels;
        Plan::new(&params, 5, 3, 4)
    }

    #[test]
    fn weights_come_back_as_they_were_written() {
        let weights = Weights::init(&plan(8), &mut ChaCha8Rng::seed_from_u64(1));
        let bytes = weights.to_bytes(HashMap::new()).expect("write");
        assert_eq!(Weights::from_bytes(&plan(8), &bytes).expect("read"), weights);
    }

    #[test]
    fn a_file_of_another_network_is_told_apart_tensor_by_tensor() {
        let weights = Weights::init(&plan(8), &mut ChaCha8Rng::seed_from_u64(1));
        let bytes = weights.to_bytes(HashMap::new()).expect("write");
        let error = Weights::from_bytes(&plan(9), &bytes).expect_err("other sizes").to_string();
        assert!(error.contains("`conv.0.weight` has shape [5, 5, 8] of F32, expected [5, 5, 9] of F32"), "{error}");
        let mut deeper = plan(8);
        deeper.dense.push(7);
        let error = Weights::from_bytes(&deeper, &bytes).expect_err("other layers").to_string();
        assert!(error.contains("`dense.1.weight` is missing (expected shape [64, 7])"), "{error}");
        let mut flatter = plan(8);
        flatter.dense.clear();
        let error = Weights::from_bytes(&flatter, &bytes).expect_err("other layers").to_string();
        assert!(error.contains("`dense.0.bias` is not part of the network"), "{error}");
        assert!(matches!(Weights::from_bytes(&plan(8), b"text"), Err(WeightsError::Format(_))));
    }
}
