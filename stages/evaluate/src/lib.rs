//! Evaluation of models: class metrics, summary figures and their intervals, from a table of predictions.
//!
//! The arithmetic is in [`confusion`], [`metrics`], [`bootstrap`], [`by_corpus`], [`interval`], [`class_intervals`],
//! [`calibration`], [`calibration_intervals`](mod@calibration_intervals), [`adaptation`](mod@adaptation), [`compare`], [`paired_uar`] and [`label_errors`],
//! which know neither files nor emotions; `evaluation`, `coverage`, `labelled`, `comparisons`, `cross_corpus`, `standardisation` and `labels`
//! apply it to predictions; `leaks` says which figures cannot be believed; [`run`] reads
//! and writes, [`on_validation`] scores validation clips. No model is needed
//! here, so predictions made elsewhere can be scored as well.

pub mod adaptation;
pub mod bootstrap;
pub mod by_corpus;
pub mod calibration;
pub mod calibration_intervals;
pub mod class_intervals;
pub mod compare;
mod comparisons;
pub mod confusion;
mod coverage;
mod cross_corpus;
mod error;
mod evaluation;
mod figures;
mod fold_answers;
mod groups;
mod headline;
pub mod interval;
mod kind;
pub mod label_errors;
mod labelled;
mod labels;
mod leaks;
mod means;
pub mod metrics;
pub mod paired_uar;
mod params;
mod run;
pub mod sample;
mod standardisation;
pub mod strata;
mod subject;
mod validation;

pub use error::EvaluateError;
pub use headline::model_on_split;
pub use kind::Evaluate;
pub use params::Params;
pub use run::{Inputs, run};
pub use validation::{Narrowed, Validation, on_validation};
