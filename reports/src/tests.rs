//! The whole page, from made-up artifacts.

mod browser;
mod content;
mod markup;
mod odd_inputs;
