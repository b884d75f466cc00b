//! Ctrl-C during work that ends well only between two steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use ser_stage::Observer;

use crate::output;

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once.
pub(crate) fn stop_on_interrupt() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) {
            #[expect(clippy::exit, reason = "the user asked twice; the next run or export cleans up")]
            std::process::exit(130);
        }
        output::tell("stopping after the current step; press Ctrl-C again to stop at once");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// Watches a piece of work, and stops it when the user asks.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self(stop_on_interrupt()?))
    }
}

impl Observer for Interrupt {
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
