//! What is told while files come.

/// Hears of the progress of a [`fetch`](crate::fetch()), from several threads.
pub trait Observer: Sync {
    /// So many bytes are to come.
    fn begin(&self, bytes: u64);
    /// So many bytes of these are there from an earlier call.
    fn find(&self, bytes: u64);
    /// So many bytes more have come.
    fn advance(&self, bytes: u64);
    /// So many bytes that had come were of no use, and come again.
    fn lose(&self, bytes: u64);
    /// Something worth knowing, a sentence without its end.
    fn tell(&self, text: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn begin(&self, _: u64) {}
    fn find(&self, _: u64) {}
    fn advance(&self, _: u64) {}
    fn lose(&self, _: u64) {}
    fn tell(&self, _: &str) {}
}
