//! Fully connected layers.

use super::buffer::Buffer;
use super::matmul::{Matrix, Packed, Target, multiply, multiply_each, multiply_packed};
use super::simd::wide;

/// `x * weight + bias` for `rows` rows; `weight` is (inputs, outputs).
pub fn forward(x: &[f32], rows: usize, weight: &[f32], bias: &[f32]) -> Buffer {
    forward_packed(x, rows, &Packed::new(Matrix::new(weight, weight.len() / bias.len(), bias.len())), bias)
}

/// The same with a weight that was packed before.
pub fn forward_packed(x: &[f32], rows: usize, weight: &Packed<'_>, bias: &[f32]) -> Buffer {
    let outputs = bias.len();
    let mut out = Buffer::any(rows * outputs);
    for row in out.chunks_exact_mut(outputs) {
        row.copy_from_slice(bias);
    }
    let x = Matrix::new(x, rows, x.len() / rows.max(1));
    multiply_packed(Target::new(&mut out, outputs), x, weight, true);
    out
}

/// Gradients of weight and bias, from that of the output.
pub fn weight_gradients(x: &[f32], gradient: &[f32], rows: usize, outputs: usize) -> (Buffer, Buffer) {
    let ([weight], bias) = shared_weight_gradients([x], gradient, rows, outputs);
    (weight, bias)
}

/// Gradients of the weights of N layers whose outputs are added up, from that of the sum, and of its bias.
pub fn shared_weight_gradients<const N: usize>(
    xs: [&[f32]; N],
    gradient: &[f32],
    rows: usize,
    outputs: usize,
) -> ([Buffer; N], Buffer) {
    let mut weights = xs.map(|x| Buffer::any(x.len() / rows.max(1) * outputs));
    let mut pairs: Vec<_> = weights
        .iter_mut()
        .zip(xs)
        .map(|(weight, x)| (Target::new(weight, outputs), Matrix::new(x, rows, x.len() / rows.max(1)).transposed()))
        .collect();
    multiply_each(&mut pairs, Matrix::new(gradient, rows, outputs), false);
    (weights, column_sums(gradient, outputs))
}

/// Gradient of the input, from that of the output.
pub fn input_gradient(gradient: &[f32], rows: usize, weight: &[f32], outputs: usize) -> Buffer {
    let inputs = weight.len() / outputs;
    let mut out = Buffer::any(rows * inputs);
    let b = Matrix::new(weight, inputs, outputs).transposed();
    multiply(Target::new(&mut out, inputs), Matrix::new(gradient, rows, outputs), b, false);
    out
}

/// Sum of each column of rows of `width` values.
pub fn column_sums(values: &[f32], width: usize) -> Buffer {
    let mut sums = Buffer::zeros(width);
    wide(
        #[inline(always)]
        || {
            for row in values.chunks_exact(width) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        },
    );
    sums
}
