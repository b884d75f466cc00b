//! Fully connected layers.

use super::matmul::{Matrix, Target, multiply};

/// `x * weight + bias` for `rows` rows; `weight` is (inputs, outputs).
pub(crate) fn forward(x: &[f32], rows: usize, weight: &[f32], bias: &[f32], threads: usize) -> Vec<f32> {
    let (inputs, outputs) = (weight.len() / bias.len(), bias.len());
    let mut out = Vec::with_capacity(rows * outputs);
    for _ in 0..rows {
        out.extend_from_slice(bias);
    }
    let b = Matrix::new(weight, inputs, outputs);
    multiply(Target::new(&mut out, outputs), Matrix::new(x, rows, inputs), b, true, threads);
    out
}

/// Gradients of weight and bias, from that of the output.
pub(crate) fn weight_gradients(
    x: &[f32],
    gradient: &[f32],
    rows: usize,
    outputs: usize,
    threads: usize,
) -> (Vec<f32>, Vec<f32>) {
    let inputs = x.len() / rows.max(1);
    let mut weight = vec![0.0; inputs * outputs];
    let a = Matrix::new(x, rows, inputs).transposed();
    multiply(Target::new(&mut weight, outputs), a, Matrix::new(gradient, rows, outputs), false, threads);
    (weight, column_sums(gradient, outputs))
}

/// Gradient of the input, from that of the output.
pub(crate) fn input_gradient(
    gradient: &[f32],
    rows: usize,
    weight: &[f32],
    outputs: usize,
    threads: usize,
) -> Vec<f32> {
    let inputs = weight.len() / outputs;
    let mut out = vec![0.0; rows * inputs];
    let b = Matrix::new(weight, inputs, outputs).transposed();
    multiply(Target::new(&mut out, inputs), Matrix::new(gradient, rows, outputs), b, false, threads);
    out
}

/// Sum of each column of rows of `width` values.
pub(crate) fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    for row in values.chunks_exact(width) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

/// Negative values become zero.
pub(crate) fn relu(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}

/// Zeroes the gradient where the activation is zero.
pub(crate) fn relu_backward(gradient: &mut [f32], activation: &[f32]) {
    for (gradient, activation) in gradient.iter_mut().zip(activation) {
        if *activation <= 0.0 {
            *gradient = 0.0;
        }
    }
}
