//! The crate as its users see it: files built byte by byte, small compressed fixtures, hostile bytes, measured resampling.

mod aiff;
mod build;
mod compressed;
mod hostile;
mod real;
mod refusals;
mod resampling;
mod wav;
