//! From each clip's vector and its functionals to logits.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use ser_onnx::{Graph, Value};

use super::builder::Builder;
use super::dense::Dense;
use super::pass::Pass;

/// Dropout of the functionals.
const FUNCTIONALS: u32 = 2000;
/// Dropout before the first dense layer; the others follow.
const DENSE: u32 = 3000;

/// Dense layers with ReLU between them, the functionals joined before the first.
#[derive(Module, Debug)]
pub(crate) struct Head {
    functionals: Option<Dense>,
    dense: Vec<Dense>,
    classes: Dense,
    dropout: f64,
    functionals_dropout: f64,
}

/// What a head is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadSizes<'a> {
    /// Values of each clip's vector.
    pub(crate) inputs: usize,
    /// Functionals per clip; 0: none.
    pub(crate) functionals: usize,
    /// Size of the dense layer of the functionals; 0: they are joined as they are.
    pub(crate) functionals_size: usize,
    /// Sizes of the dense layers.
    pub(crate) dense: &'a [usize],
    /// Classes.
    pub(crate) classes: usize,
    /// Share dropped before each dense layer.
    pub(crate) dropout: f64,
    /// Share of functionals dropped.
    pub(crate) functionals_dropout: f64,
}

impl Head {
    /// Of these sizes.
    pub(crate) fn new(sizes: HeadSizes<'_>, builder: &mut Builder<'_>) -> Self {
        let own = sizes.functionals > 0 && sizes.functionals_size > 0;
        let functionals = own.then(|| Dense::relu(sizes.functionals, sizes.functionals_size, builder));
        let mut inputs = sizes.inputs + if own { sizes.functionals_size } else { sizes.functionals };
        let dense =
            sizes.dense.iter().map(|size| Dense::relu(std::mem::replace(&mut inputs, *size), *size, builder)).collect();
        let classes = Dense::linear(inputs, sizes.classes, builder);
        Self { functionals, dense, classes, dropout: sizes.dropout, functionals_dropout: sizes.functionals_dropout }
    }

    /// (clips, inputs) and (clips, functionals) -> (clips, classes).
    pub(crate) fn forward(&self, x: Tensor<2>, functionals: Option<&Tensor<2>>, pass: &Pass) -> Tensor<2> {
        let mut x = match functionals {
            None => x,
            Some(functionals) => {
                let functionals = pass.dropout(functionals.clone(), FUNCTIONALS, self.functionals_dropout);
                let functionals = match &self.functionals {
                    Some(dense) => relu(dense.forward(functionals, pass)),
                    None => functionals,
                };
                Tensor::cat(vec![x, functionals], 1)
            }
        };
        for (layer, dense) in (DENSE..).zip(&self.dense) {
            x = relu(dense.forward(pass.dropout(x, layer, self.dropout), pass));
        }
        self.classes.forward(pass.dropout(x, DENSE + self.dense.len() as u32, self.dropout), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: Value, functionals: Option<&Value>, graph: &mut Graph<'_>) -> Value {
        let mut x = match (functionals, &self.functionals) {
            (None, _) => x,
            (Some(functionals), None) => graph.concat(&[&x, functionals], 1),
            (Some(functionals), Some(dense)) => {
                let functionals = dense.graph(functionals, &mut graph.at("functionals"));
                let functionals = graph.apply("Relu", &functionals);
                graph.concat(&[&x, &functionals], 1)
            }
        };
        for (layer, dense) in self.dense.iter().enumerate() {
            x = dense.graph(&x, &mut graph.at(format_args!("dense.{layer}")));
            x = graph.apply("Relu", &x);
        }
        self.classes.graph(&x, &mut graph.at("classes"))
    }
}
