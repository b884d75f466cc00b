//! What can go wrong in training and prediction.

use std::path::PathBuf;

use ser_models::{FolderError, ModelsError};
use ser_schemas::TableError;

use crate::networks::Hears;
use crate::weights::WeightsError;

/// A training or a prediction that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The user asked to stop; the last finished epoch of each fold is kept for the next run.
    #[error("cancelled; a later run goes on from the last finished epoch")]
    Cancelled,
    /// A table, or another file, could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// What every model needs is not there.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A stage's folder that does not hold all of its models.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Clips that do not fit into memory cannot be kept on the disk.
    #[error(
        "cannot {action} the features of clips that memory has no room for, in `{}`: {source}; free some space there, or train on fewer clips or columns",
        dir.display()
    )]
    Scratch {
        /// "read" or "write".
        action: &'static str,
        /// The folder.
        dir: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// `use_functionals` on features without functionals.
    #[error(
        "`use_functionals` is on, and the features stage writes no functionals: set `functionals = {{ on = true }}` there, or `use_functionals = false` here"
    )]
    NoFunctionals,
    /// A value of a frame or functional is NaN or infinite.
    #[error("the features of clip `{clip_id}` hold a value that is not finite")]
    NotFinite {
        /// The clip.
        clip_id: String,
    },
    /// No column of the frames table has the name asked for.
    #[error(
        "no frame feature is called `{wanted}`{meant}; the features stage wrote for the network `{kind}`: {}",
        present.join(", ")
    )]
    UnknownFeature {
        /// The name in `features`.
        wanted: String,
        /// The architecture.
        kind: String,
        /// What may have been meant, in brackets after a space; empty where nothing is near.
        meant: String,
        /// Stems of the columns that the network can take.
        present: Vec<String>,
    },
    /// Columns that mean nothing without others.
    #[error(
        "the network `{kind}` hears {}, and `features` leaves out `{missing}`: name {}, or `features = [\"all\"]`",
        hears.columns(), hears.whole()
    )]
    NotWhole {
        /// The architecture.
        kind: String,
        /// Its input.
        hears: Hears,
        /// The first column that is left out.
        missing: String,
    },
    /// Columns that the architecture cannot take.
    #[error(
        "the network `{kind}` hears {}, and `{wanted}` of `features` takes {}: expected `features = [\"all\"]`, or names of such columns",
        hears.columns(), strange.join(", ")
    )]
    CannotHear {
        /// The architecture.
        kind: String,
        /// Its input.
        hears: Hears,
        /// The name in `features`.
        wanted: String,
        /// Stems of the columns that it cannot take.
        strange: Vec<String>,
    },
    /// No column of the frames table is what the architecture takes.
    #[error(
        "the network `{kind}` hears {}, and the features stage wrote {}: {}, or choose another `model.kind`",
        hears.columns(), present.join(", "), hears.remedy()
    )]
    NothingToHear {
        /// The architecture.
        kind: String,
        /// Its input.
        hears: Hears,
        /// Stems of the columns present.
        present: Vec<String>,
    },
    /// The split has no folds.
    #[error("the split `{}` assigns no clips", path.display())]
    NoFolds {
        /// The table.
        path: PathBuf,
    },
    /// Clips are to be joined with neutral ones, and there are none.
    #[error(
        "`augment.copy_paste` joins clips with neutral ones, and fold {fold} has no training clips of the class `neutral`: set it to 0"
    )]
    NoNeutral {
        /// Fold number from 0.
        fold: u32,
    },
    /// The loss is no longer a number.
    #[error(
        "{network}, epoch {epoch}: the loss became {loss} at a learning rate of {learning_rate:.1e}; lower `learning_rate`, or set `clip_norm`"
    )]
    Diverged {
        /// Fold, and seed where there are several, by number.
        network: String,
        /// Epoch number from 1.
        epoch: u32,
        /// The loss.
        loss: f64,
        /// The learning rate of the step.
        learning_rate: f64,
    },
    /// The device is not part of this program.
    #[error("this program was built without the device `{device}`; build with `--features {feature}`, or use `cpu`")]
    NoDevice {
        /// The device.
        device: &'static str,
        /// The cargo feature that adds it.
        feature: &'static str,
    },
    /// The device is part of this program, and this machine lacks its hardware or driver.
    #[error("the device `{device}` is not on this machine: looked for {wanted}, and {found}; {remedy}, or use `cpu`")]
    NoHardware {
        /// The device.
        device: &'static str,
        /// Hardware that would do.
        wanted: &'static str,
        /// What became of the search.
        found: String,
        /// How to come by it.
        remedy: &'static str,
    },
    /// A folder that holds no trained model.
    #[error("`{}` holds no trained model: expected `config.json` and `model.safetensors`, or folders `fold=<k>` (and in these `seed=<s>`) with both", path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// A model's description cannot be understood.
    #[error("`{}` is not the description of a model that this version understands: {problem}", path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        problem: String,
    },
    /// A weights file that is damaged or belongs to another network.
    #[error("`{}`", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// How it differs.
        #[source]
        source: WeightsError,
    },
    /// Models of one artifact that cannot be used together.
    #[error("`{}` and its neighbours differ in {what}; they do not come from one training", path.display())]
    MixedFolds {
        /// The fold that differs from the first.
        path: PathBuf,
        /// In what: classes, features, a parameter.
        what: &'static str,
    },
    /// A clip whose features are not those of the model.
    #[error("clip {index}: expected {expected} {what}, found {found}")]
    WrongInput {
        /// Position of the clip in the call.
        index: usize,
        /// "values per frame", "functionals", "frames".
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// Probabilities that are no numbers.
    #[error(
        "clip {index}: the model's probabilities are not finite, so its weights or the clip's features are beyond all \
         range; train the model again, or leave the clip out"
    )]
    NoAnswer {
        /// Position of the clip in the call.
        index: usize,
    },
    /// Weights could not be put into a file.
    #[error("cannot encode weights for `{}`: {problem}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        problem: String,
    },
}
