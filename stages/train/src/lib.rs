//! x

mod kernels;
mod net;
mod params;
