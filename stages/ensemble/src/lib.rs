//! Ensembles: models of one split that answer together, by the mean of their probabilities.
//!
//! [`Params`] choose the mean, arithmetic or geometric, and the weights of the members: equal, given by hand, or fitted
//! on the validation clips of each fold ([`weights`]). An ensemble reads what its members left, and leaves what every
//! model leaves; of features and recordings it knows nothing. A member of several seeds is averaged over these first.

mod about;
mod error;
mod kind;
mod members;
mod params;
mod pool;
mod run;
pub mod weights;

pub use error::EnsembleError;
pub use kind::Ensemble;
pub use params::{Fitted, Mean, Params, Weights};
pub use pool::pool;
pub use run::{Inputs, run};
