//! Who watches a stage at work.

/// Watches a stage at work. All methods may be called from any thread.
pub trait Observer: Sync {
    /// A piece of work begins: `total` steps of `unit` ("files", "clips", "batches"); 0 when not known.
    fn begin(&self, _label: &str, _total: u64, _unit: &str) {}
    /// `steps` more are done.
    fn advance(&self, _steps: u64) {}
    /// Figures worth showing beside the progress, for example "epoch 12 of 50, loss 0.41, UAR 0.57".
    fn message(&self, _text: &str) {}
    /// A part of the work is done that is worth a line in a log, for example "fold 2 of 5 is done". Rare: a few in a
    /// stage.
    fn milestone(&self, _text: &str) {}
    /// Something the user must hear of, that does not stop the stage.
    fn warn(&self, _text: &str) {}
    /// `true` once the user asked to stop. Long loops look between steps and return their crate's `Cancelled` error.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// An observer that watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Observer for Quiet {}
