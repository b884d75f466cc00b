//! Code of others that reads files of others, and panics where they contradict themselves.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IN_FOREIGN_CODE: Cell<bool> = const { Cell::new(false) };
}

/// A library's panic, which is an error of the file that it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignPanic;

/// The result of `work`, which calls a library. Whoever calls this drops whatever a panic left half-done.
///
/// # Errors
///
/// [`ForeignPanic`] if `work` panicked.
pub fn foreign<T>(work: impl FnOnce() -> T) -> Result<T, ForeignPanic> {
    let outer = IN_FOREIGN_CODE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IN_FOREIGN_CODE.set(outer);
    result.map_err(|_| ForeignPanic)
}

/// Keeps panics within [`foreign`] off stderr: the error that they become says what there is to say. Every other panic
/// is told as before.
pub fn silence_foreign_panics() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !IN_FOREIGN_CODE.get() {
            told(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_only_within() {
        assert_eq!(foreign(|| 1), Ok(1));
        assert_eq!(foreign(|| foreign(|| panic!("as a decoder does"))), Ok(Err::<(), _>(ForeignPanic)));
        assert!(!IN_FOREIGN_CODE.get());
        foreign(|| assert!(IN_FOREIGN_CODE.get())).expect("no panic");
    }
}
