//! Text that other people wrote: file names, cells of tables, words in descriptors.
//!
//! Whatever is compared with text from elsewhere goes through [`nfc`], and whatever is shown on a terminal through
//! [`printable`] or [`printable_lines`]. Files become text through [`decode`], and tables in them become rows through
//! [`delimited`]. [`alike`] finds names that are probably one name, [`strange`] finds parts of names that were taken
//! for other ones. [`OutsideFile`] is a file of the analyst's own that a stage reads, [`counted`] a number of things,
//! [`some_names`] the first of them, [`exclude_line`] what leaves clips out, [`percent_encoded`] a part of a URI.

mod alike;
mod counted;
mod decode;
pub mod delimited;
mod exclude_line;
mod nfc;
mod outside_file;
mod percent;
mod printable;
mod told;

pub use crate::alike::{alike, is_blank, likeness};
pub use crate::counted::{counted, first_names, some_names};
pub use crate::decode::{DecodeError, Decoded, Encoding, Place, decode};
pub use crate::exclude_line::exclude_line;
pub use crate::nfc::nfc;
pub use crate::outside_file::OutsideFile;
pub use crate::percent::percent_encoded;
pub use crate::printable::{printable, printable_lines};
pub use crate::told::{Strange, Told, decides, strange};
