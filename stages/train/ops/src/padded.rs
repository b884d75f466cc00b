//! Ragged batches padded to the longest clip, as burn's operations want them.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::lens::Lens;

/// Clips one after another (frames, width) -> (clips, longest, width), zero beyond each clip's end.
pub(crate) fn pad(x: Tensor<2>, lens: &Lens) -> Tensor<3> {
    let longest = lens.first().copied().unwrap_or(0);
    let [frames, width] = x.dims();
    if frames == longest * lens.len() {
        return x.reshape([lens.len(), longest, width]);
    }
    // One more row, of zeros, which stands wherever there is no frame.
    let device = x.device();
    let x = Tensor::cat(vec![x, Tensor::zeros([1, width], &device)], 0);
    let places = lens.starts().zip(lens.iter()).flat_map(|(start, len)| {
        (0..longest).map(move |frame| if frame < *len { (start + frame) as i64 } else { frames as i64 })
    });
    x.select(0, indices(places.collect(), &device)).reshape([lens.len(), longest, width])
}

/// The reverse of [`pad`].
pub(crate) fn unpad(x: Tensor<3>, lens: &Lens) -> Tensor<2> {
    let [clips, longest, width] = x.dims();
    let device = x.device();
    let x = x.reshape([clips * longest, width]);
    if lens.frames() == clips * longest {
        return x;
    }
    let places =
        lens.iter().enumerate().flat_map(|(clip, len)| (0..*len).map(move |frame| (clip * longest + frame) as i64));
    x.select(0, indices(places.collect(), &device))
}

/// (clips, longest, 1): 1 where a frame exists.
pub(crate) fn mask(lens: &Lens, device: &Device) -> Tensor<3> {
    let longest = lens.first().copied().unwrap_or(0);
    let values: Vec<f32> =
        lens.iter().flat_map(|len| (0..longest).map(move |frame| f32::from(u8::from(frame < *len)))).collect();
    Tensor::from_data(TensorData::new(values, [lens.len(), longest, 1]), device)
}

/// Positions of rows.
pub(crate) fn indices(places: Vec<i64>, device: &Device) -> Tensor<1, Int> {
    let count = places.len();
    Tensor::from_data(TensorData::new(places, [count]), &device.clone().without_autodiff())
}
