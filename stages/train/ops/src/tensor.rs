//! Between burn's tensors on the flex device and slices, without copies.

use burn::backend::tensor::FloatTensor;
use burn::backend::{DispatchTensor, Flex};
use burn::tensor::{AllocationProperty, Bytes, DType, Shape, Tensor, TensorData};
use ser_kernels::buffer::Buffer;

/// A tensor of burn's flex backend.
pub(crate) type FlexTensor = FloatTensor<Flex>;

struct Owner(Buffer);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

/// A tensor that owns `values`: their memory goes back to the stock of buffers with the last tensor that shares it.
pub(crate) fn tensor_of(values: Buffer, shape: impl Into<Shape>) -> FlexTensor {
    let bytes = Bytes::from_shared(bytes::Bytes::from_owner(Owner(values)), AllocationProperty::Other);
    FlexTensor::from_data(TensorData::from_bytes(bytes, shape, DType::F32))
}

/// The tensor as an input whose gradient nobody wants.
pub(crate) fn untracked<const D: usize>(tensor: Tensor<D>) -> DispatchTensor {
    tensor.without_autodiff().into_dispatch()
}

/// The same values one after another in memory.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The values of a [`contiguous`] tensor.
pub(crate) fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_else(|| unreachable!("contiguous 32-bit floats, as all tensors of a network are"))
}

/// The values of a tensor, to be changed in place; they are copied before where another tensor shares them.
pub(crate) fn change<R>(tensor: FlexTensor, work: impl FnOnce(&mut [f32]) -> R) -> (FlexTensor, R) {
    let mut tensor = contiguous(tensor);
    let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
    let result = work(&mut tensor.storage_mut()[start..end]);
    (tensor, result)
}
