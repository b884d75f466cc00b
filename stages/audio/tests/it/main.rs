//! The crate as its users see it: files built byte by byte, small compressed fixtures, hostile bytes, measured resampling.

mod aiff;
mod behind;
mod build;
mod compressed;
mod flac;
mod hostile;
mod mp3;
mod mutations;
mod ogg;
mod pages;
mod real;
mod refusals;
mod resampling;
mod wav;
