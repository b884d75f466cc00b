//! Setup that all targets share around the function that they try.

pub use libfuzzer_sys::fuzz_target;

/// A target that hands its bytes to `$run`.
#[macro_export]
macro_rules! target {
    ($run:path) => {
        $crate::fuzz_target!(
            init: $crate::quiet_panics(),
            |bytes: &[u8]| $crate::attempt($run, bytes)
        );
    };
}

/// Lets a panic unwind, where libFuzzer's own hook would end the process at once: what the program catches of a foreign
/// decoder's panics is no crash.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// Calls `run`, and ends the process if it panics.
pub fn attempt(run: fn(&[u8]), bytes: &[u8]) {
    let Err(panic) = std::panic::catch_unwind(|| run(bytes)) else { return };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    eprintln!("panic: {}", text.unwrap_or_default());
    std::process::abort();
}
