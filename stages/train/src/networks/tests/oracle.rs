//! Every architecture against PyTorch: probabilities, loss, gradients, running statistics, from the same weights.
//! `tests/oracles/networks/make.py` made the reference values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors};

use super::setting::{assert_close, own, stepped};
use crate::data::Batch;
use crate::networks::{NetworkConfig, Sizes};
use crate::weights::{Weights, from_le_bytes};

/// Share of a tensor's largest value by which ours may differ; the head of `make.py` says why.
const FORWARD: f32 = 2e-5;
/// The same for gradients.
const GRADIENT: f32 = 1e-4;

/// What the metadata of a file say.
#[derive(serde::Deserialize)]
struct Described {
    model: NetworkConfig,
    sizes: Sizes,
}

/// A case: a network, a batch, and what PyTorch makes of them.
struct Oracle {
    name: String,
    config: NetworkConfig,
    sizes: Sizes,
    lens: Vec<usize>,
    /// Shape and values by name.
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Oracle {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let bytes = std::fs::read(path).expect("the file can be read");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("safetensors");
        let network = &header.metadata().as_ref().expect("metadata")["network"];
        let Described { model, sizes } =
            serde_json::from_str(network).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (mut lens, mut tensors) = (Vec::new(), BTreeMap::new());
        for (tensor, view) in SafeTensors::deserialize(&bytes).expect("safetensors").iter() {
            if tensor == "lens" {
                let words = view.data().chunks_exact(4);
                lens = words.map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")) as usize).collect();
            } else {
                assert_eq!(view.dtype(), Dtype::F32, "{name}: {tensor}");
                tensors.insert(tensor.to_owned(), (view.shape().to_vec(), from_le_bytes(view.data())));
            }
        }
        Self { name, config: model, sizes, lens, tensors }
    }

    fn all() -> Vec<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/networks");
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder).expect("the oracles").map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Empty where there is none.
    fn values(&self, name: &str) -> &[f32] {
        self.tensors.get(name).map_or(&[], |(_, values)| values)
    }

    /// Every tensor of the network with its shape, and none beside.
    fn weights(&self) -> Weights {
        let specs = Weights::specs(&self.config, self.sizes);
        let own: BTreeMap<&str, &[usize]> =
            specs.iter().map(|spec| (spec.name.as_str(), spec.shape.as_slice())).collect();
        let stored =
            self.tensors.iter().filter_map(|(name, (shape, _))| Some((name.strip_prefix("weights.")?, &shape[..])));
        assert_eq!(own, stored.collect(), "{}", self.name);
        let values = specs.iter().map(|spec| self.values(&format!("weights.{}", spec.name)).to_vec()).collect();
        Weights { specs, values }
    }

    fn batch(&self) -> Batch {
        Batch {
            lens: self.lens.clone(),
            frames: self.values("frames").to_vec(),
            functionals: self.values("functionals").to_vec(),
            targets: self.values("targets").to_vec(),
        }
    }

    fn assert_close(&self, tensor: &str, found: &[f32], tolerance: f32) {
        assert_close(&format!("{}, {tensor}", self.name), found, self.values(tensor), tolerance);
    }
}

#[test]
fn networks_agree_with_pytorch() {
    let engine = own();
    for oracle in Oracle::all() {
        let (weights, batch) = (oracle.weights(), oracle.batch());
        let network = weights.network(&oracle.config, oracle.sizes, &engine.device);
        oracle.assert_close("inference", &engine.infer(&network, batch.clone(), oracle.sizes), FORWARD);
        let step = stepped(&engine, &oracle.config, oracle.sizes, &weights, &batch, 0);
        oracle.assert_close("training", &step.probabilities, FORWARD);
        oracle.assert_close("loss", &[step.loss as f32], FORWARD);
        for (at, spec) in weights.specs.iter().enumerate() {
            oracle.assert_close(&format!("gradients.{}", spec.name), &step.gradients[at], GRADIENT);
            oracle.assert_close(&format!("running.{}", spec.name), &step.running[at], FORWARD);
        }
    }
}

#[test]
fn every_architecture_has_an_oracle() {
    let oracles: BTreeSet<String> = Oracle::all().iter().map(|oracle| oracle.config.kind()).collect();
    assert_eq!(oracles, NetworkConfig::defaults().iter().map(NetworkConfig::kind).collect());
}
