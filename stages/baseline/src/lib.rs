//! Baselines, which a network has to beat: the most frequent class, and a linear model of a clip's functionals.
//!
//! [`Params`] choose one of the two. Both are fitted on the training clips of each fold, predict its test clips, and write
//! the tables that every model leaves, so that everything downstream treats them alike. The linear model's L-BFGS is
//! argmin's; here is what surrounds it: loss, standardisation, and the choice of the L2 penalty on validation clips. A linear
//! model is kept, one file per fold ([`LinearModels`]), and answers for new recordings as a network does.

mod answers;
mod error;
mod kind;
mod linear;
mod linear_models;
mod majority;
mod model_file;
mod onnx;
mod params;
mod rows;
mod run;
mod scaling;
mod weights;

pub use error::BaselineError;
pub use kind::Baseline;
pub use linear::Linear;
pub use linear_models::LinearModels;
pub use params::{Model, Params, Standardise};
pub use rows::Rows;
pub use run::{Inputs, run};
