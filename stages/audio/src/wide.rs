//! Loops compiled for the widest vector instructions of the processor that runs them.

/// Runs `work` compiled for x86-64-v4 (AVX-512) or x86-64-v3 (AVX2) where the processor has it, and as it is elsewhere.
/// Whatever is to gain must be inlined into `work`: closures marked `#[inline(always)]`.
///
/// Only instructions differ, never the order of operations: results are the same on every machine.
///
/// The kernels of training (`stages/train/kernels`) have another, which their matrix products need: those ask which
/// instructions there are, to pack for them. It takes `unsafe`, which pulp spares here.
pub fn wide<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(widest) = pulp::x86::V4::try_new() {
            return pulp::Simd::vectorize(widest, work);
        }
        if let Some(wider) = pulp::x86::V3::try_new() {
            return pulp::Simd::vectorize(wider, work);
        }
    }
    work()
}
