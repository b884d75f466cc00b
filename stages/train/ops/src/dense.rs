//! A fully connected layer.

use burn::tensor::Tensor;
use ser_kernels::buffer::Buffer;
use ser_kernels::dense;

use crate::Kernels;
use crate::operation::{Operation, Output, apply};

/// `x weight + bias`: (rows, inputs), (inputs, outputs), (outputs) -> (rows, outputs).
pub fn dense(kernels: Kernels, x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    match kernels {
        Kernels::Own => apply(Own, [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()]).0,
        Kernels::Burn => x.matmul(weight) + bias.unsqueeze::<2>(),
    }
}

#[derive(Debug, Clone)]
struct Own;

impl Own {
    fn rows(x: &[f32], weight: &[f32], bias: &[f32]) -> usize {
        x.len() * bias.len() / weight.len().max(1)
    }
}

impl Operation<3> for Own {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Output<(), ()> {
        let values = dense::forward(x, Self::rows(x, weight, bias), weight, bias);
        Output { values, columns: bias.len(), tape: (), aside: () }
    }

    fn backward(
        &self,
        [x, weight, bias]: [&[f32]; 3],
        (): (),
        gradient: &[f32],
        [x_wanted, ..]: [bool; 3],
    ) -> [Option<Buffer>; 3] {
        let rows = Self::rows(x, weight, bias);
        let (d_weight, d_bias) = dense::weight_gradients(x, gradient, rows, bias.len());
        let d_x = x_wanted.then(|| dense::input_gradient(gradient, rows, weight, bias.len()));
        [d_x, Some(d_weight), Some(d_bias)]
    }
}
