//! Sizes of a [`conv_block`](crate::conv_block()), whichever way its kernels go.

use ser_kernels::conv::ConvSize;

use crate::lens::Lens;

/// Sizes of the operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvBlock {
    /// Of the convolution; it is padded with (kernel - 1) / 2 zeros at both ends of each clip.
    pub size: ConvSize,
    /// Frames of which the highest is kept, 1 to 254; a last, shorter window counts too.
    pub pool: usize,
    /// Of the frames that come in.
    pub lens: Lens,
    /// Whether own kernels compute the convolution again for its gradients instead of keeping it: one product more, and `pool`
    /// times less memory.
    pub recompute: bool,
}

impl ConvBlock {
    /// Lengths of what comes out.
    pub fn out_lens(&self) -> Lens {
        self.lens.map(|len| self.size.out_len(len).div_ceil(self.pool))
    }
}
