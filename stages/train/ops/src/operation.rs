//! An operation over slices as one step of burn's graph of gradients.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{
    Autodiff, AutodiffBackend, BackendTensor, DispatchAutodiffContext, DispatchKindConversion, DispatchTensor, Flex,
    TensorMetadata,
};
use burn::tensor::Tensor;
use ser_kernels::buffer::Buffer;

use crate::tensor::{FlexTensor, contiguous, slice, tensor_of};

/// A function of `N` tensors with a gradient, over their values. Shapes are its own knowledge.
pub(crate) trait Operation<const N: usize>: Clone + Send + Sync + Debug + 'static {
    /// What the backward pass needs beside the inputs.
    type Tape: Send + Sync + Debug + 'static;
    /// What comes out beside the tensor, without gradient.
    type Aside;

    /// The output, and its number of columns. The tape is used only where something is tracked.
    fn forward(&self, inputs: [&[f32]; N]) -> Output<Self::Tape, Self::Aside>;

    /// Gradients of the inputs, from that of the output; those of inputs that are not `wanted` may be left out.
    fn backward(
        &self,
        inputs: [&[f32]; N],
        tape: Self::Tape,
        gradient: &[f32],
        wanted: [bool; N],
    ) -> [Option<Buffer>; N];
}

/// What [`Operation::forward`] makes.
pub(crate) struct Output<T, A> {
    pub(crate) values: Buffer,
    pub(crate) columns: usize,
    pub(crate) tape: T,
    pub(crate) aside: A,
}

/// What is kept from the forward to the backward pass.
#[derive(Debug)]
struct Kept<O: Operation<N>, const N: usize> {
    operation: O,
    inputs: [FlexTensor; N],
    tape: O::Tape,
}

#[derive(Debug)]
struct Step<O>(std::marker::PhantomData<O>);

/// Applies `operation`; its gradients are tracked where those of an input are.
///
/// # Panics
///
/// Where an input is not on the flex device: kernels are chosen with the device.
pub(crate) fn apply<const N: usize, O: Operation<N>>(
    operation: O,
    inputs: [DispatchTensor; N],
) -> (Tensor<2>, O::Aside) {
    if inputs.iter().all(|input| input.autodiff == DispatchAutodiffContext::Disabled) {
        let inputs = inputs.map(|input| contiguous(plain(input)));
        let Output { values, columns, aside, .. } = operation.forward(inputs.each_ref().map(slice));
        return (Tensor::from_primitive::<Flex>(matrix(values, columns)), aside);
    }
    let inputs = inputs.map(|input| {
        if input.autodiff == DispatchAutodiffContext::Disabled {
            return <Autodiff<Flex> as AutodiffBackend>::from_inner(plain(input));
        }
        match <DispatchTensor as DispatchKindConversion<Autodiff<Flex>>>::try_into_backend(input) {
            Ok(BackendTensor::Float(tensor)) => tensor,
            Ok(_) => panic!("own kernels are for floats"),
            Err(problem) => panic!("own kernels are for tensors on the flex device: {problem}"),
        }
    });
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the type of an input has no public name")]
    let guards = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| contiguous(input.into_primitive()));
    let Output { values, columns, tape, aside } = operation.forward(inputs.each_ref().map(slice));
    let out = matrix(values, columns);
    let step = Step::<O>(std::marker::PhantomData);
    let out = match Backward::<Flex, N>::prepare::<NoCheckpointing>(step, guards).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(Arc::new(Kept { operation, inputs, tape }), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    };
    (Tensor::from_primitive::<Autodiff<Flex>>(out), aside)
}

impl<O: Operation<N>, const N: usize> Backward<Flex, N> for Step<O> {
    type State = Arc<Kept<O, N>>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let Some(Kept { operation, inputs, tape }) = Arc::into_inner(ops.state) else {
            unreachable!("a step is gone back through once")
        };
        let found = operation.backward(inputs.each_ref().map(slice), tape, slice(&gradient), wanted);
        for ((parent, found), input) in ops.parents.into_iter().zip(found).zip(inputs) {
            if let (Some(parent), Some(found)) = (parent, found) {
                grads.register::<Flex>(parent.id, tensor_of(found, input.shape()));
            }
        }
    }
}

/// The flex tensor in `tensor`, whose gradients are not tracked.
pub(crate) fn plain(tensor: DispatchTensor) -> FlexTensor {
    match <DispatchTensor as DispatchKindConversion<Flex>>::try_into_backend(tensor) {
        Ok(BackendTensor::Float(tensor)) => tensor,
        Ok(_) => panic!("own kernels are for floats"),
        Err(problem) => panic!("own kernels are for tensors on the flex device: {problem}"),
    }
}

fn matrix(values: Buffer, columns: usize) -> FlexTensor {
    let rows = values.len() / columns.max(1);
    tensor_of(values, [rows, columns])
}

/// The sum of all parts' shares, in their order.
pub(crate) fn sum(shares: impl IntoIterator<Item = Buffer>) -> Option<Buffer> {
    shares.into_iter().reduce(|mut total, share| {
        ser_kernels::vector::add(&mut total, &share);
        total
    })
}
