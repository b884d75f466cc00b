//! Every architecture as an ONNX graph, run by another project's interpreter on padded batches.

use ser_onnx::{Dim, Element, Frames, Model};
use ser_onnx_run::{Input, probabilities};

use super::SIZES;
use super::setting::{architectures, assert_close, example, own, variants};
use crate::data::Batch;
use crate::networks::{GraphInput, Network, NetworkConfig};

/// What stands beyond a clip's end.
const PADDING: f32 = 7.0;

fn file(network: &Network) -> Vec<u8> {
    let mut model = Model::default();
    let graph = &mut model.at("");
    let [batch, classes] = [Dim::Any("batch"), Dim::Of(SIZES.classes)];
    let frames = graph.input("frames", Element::Float, &[batch, Dim::Any("time"), Dim::Of(SIZES.width)], "");
    let lens = graph.input("lengths", Element::Int64, &[batch], "");
    let functionals = graph.input("functionals", Element::Float, &[batch, Dim::Of(SIZES.functionals)], "");
    let input = GraphInput { frames: Frames::new(frames, lens, graph), functionals: Some(functionals) };
    let logits = network.graph(&input, graph);
    let probabilities = graph.softmax(&logits, 1);
    graph.output("probabilities", &probabilities, &[batch, classes], "");
    model.finish("network", "", "0", []).bytes
}

fn run(file: &[u8], batch: &Batch) -> Vec<f32> {
    let longest = batch.lens.iter().copied().max().unwrap_or_default();
    let mut rows = batch.frames.chunks(SIZES.width);
    let mut frames = Vec::new();
    for len in &batch.lens {
        frames.extend(rows.by_ref().take(*len).flatten());
        frames.resize(frames.len() + (longest - len) * SIZES.width, PADDING);
    }
    let clips = batch.lens.len();
    let inputs = [
        ("frames", Input::Floats(vec![clips, longest, SIZES.width], frames)),
        ("lengths", Input::Ints(batch.lens.clone())),
        ("functionals", Input::Floats(vec![clips, SIZES.functionals], batch.functionals.clone())),
    ];
    probabilities(file, &inputs).expect("a graph that runs")
}

fn holds(name: &str, config: &NetworkConfig, seed: u64, batches: &[&[usize]]) {
    let engine = own();
    for lens in batches {
        let (weights, batch) = example(config, SIZES, lens, seed);
        let network = weights.network(config, SIZES, &engine.device);
        let expected = engine.infer(&network, batch.clone(), SIZES);
        let found = run(&file(&network), &batch);
        assert_close(&format!("{name}, {lens:?}"), &found, &expected, 1e-4);
    }
}

#[test]
fn a_graph_gives_the_probabilities_of_its_network_whatever_the_padding() {
    for (seed, (name, config)) in (0..).zip(variants()) {
        holds(&name, &config, seed, &[&[11, 8, 8, 3, 1], &[7], &[1, 1], &[6, 6]]);
    }
    for (kind, config, _) in architectures() {
        holds(kind, &config, 9, &[&[70, 64, 33, 5, 1]]);
    }
}
