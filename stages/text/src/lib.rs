//! Text that other people wrote: file names, cells of tables, words in descriptors.
//!
//! Whatever is compared with text from elsewhere goes through [`nfc`], and whatever is shown on a terminal through
//! [`printable`].

mod nfc;
mod printable;

pub use crate::nfc::nfc;
pub use crate::printable::printable;
