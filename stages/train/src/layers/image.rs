//! An image of three channels from the bands of frames.

use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph};
use ser_ops::held;

use super::pass::{Pass, Ragged};

/// Frames on both sides that a slope is taken over.
const REACH: i16 = 2;

/// (frames, bands) -> (frames, bands * 3): of each band its value, its slope over time (delta) and the slope of that
/// (delta-delta), by regression over two frames on either side; a clip's first and last frames stand for those beyond.
pub(crate) fn with_deltas(x: Ragged, pass: &Pass) -> Ragged {
    let Ragged { values, lens } = x;
    let [frames, bands] = values.dims();
    let slope = |x: &Tensor<2>| {
        let moved = |by: i16| held(pass.kernels, x.clone(), &lens, isize::from(by));
        let none = x.zeros_like();
        let sum = (1..=REACH).fold(none, |sum, n| sum + (moved(-n) - moved(n)) * f32::from(n));
        sum / (1..=REACH).map(|n| f32::from(2 * n * n)).sum::<f32>()
    };
    let delta = slope(&values);
    let delta_delta = slope(&delta);
    let image: Tensor<3> = Tensor::stack(vec![values, delta, delta_delta], 2);
    Ragged { values: image.reshape([frames, 3 * bands]), lens }
}

/// [`with_deltas`] in a graph.
pub(crate) fn with_deltas_graph(x: &Frames, graph: &mut Graph<'_>) -> Frames {
    let slope = |x: &Frames, graph: &mut Graph<'_>| {
        let mut sum = None;
        for n in 1..=REACH {
            let [later, earlier] = [-n, n].map(|by| x.held(by.into(), graph).values);
            let apart = graph.sub(&later, &earlier);
            let weight = graph.float(n.into());
            let term = graph.mul(&apart, &weight);
            sum = Some(match sum {
                None => term,
                Some(sum) => graph.add(&sum, &term),
            });
        }
        let whole = graph.float((1..=REACH).map(|n| f32::from(2 * n * n)).sum());
        let sum = sum.unwrap_or_else(|| x.values.clone());
        x.with(graph.div(&sum, &whole))
    };
    let delta = slope(x, graph);
    let delta_delta = slope(&delta, graph);
    let channels = [x, &delta, &delta_delta].map(|channel| graph.unsqueeze(&channel.values, &[3]));
    let image = graph.concat(&channels.each_ref(), 3);
    x.with(graph.reshape(&image, &[0, 0, -1]))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use ser_ops::{Kernels, Lens};

    use super::*;
    use crate::engine::values;

    /// A straight line has a slope of 1 away from its ends, and there a slope of none; by hand at the ends of the first
    /// clip, and in a clip of one frame.
    #[test]
    fn slopes_are_those_of_a_regression_within_a_clip() {
        let frames = TensorData::new(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 50.0], [10, 1]);
        for kernels in [Kernels::Own, Kernels::Burn] {
            let x = Ragged { values: Tensor::from_data(frames.clone(), &Device::flex()), lens: Lens::new([9, 1]) };
            let image = values(with_deltas(x, &Pass::inference(kernels)).values);
            let channel = |at: usize| image.iter().skip(at).step_by(3).copied().collect::<Vec<f32>>();
            let expected = [
                [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 50.0],
                [0.5, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.5, 0.0],
                [0.13, 0.15, 0.12, 0.04, 0.0, -0.04, -0.12, -0.15, -0.13, 0.0],
            ];
            for (at, expected) in expected.iter().enumerate() {
                let found = channel(at);
                assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{at}: {found:?}");
            }
        }
    }
}
