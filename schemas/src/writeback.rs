//! Files that reach the disk while they are written.
//!
//! A table is complete when it is on the disk, not when it is in the operating system's memory. Left to the end, that is a
//! wait as long as the table is large, with nothing to compute; begun early, it is over by then.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Bytes that are written before they are sent to the disk.
const BYTES_PER_ROUND: u64 = 16 << 20;

/// Sends what is written to a file to the disk, on a thread of its own.
pub(crate) struct Writeback {
    file: File,
    sent: u64,
    running: Option<(SyncSender<()>, JoinHandle<io::Result<()>>)>,
}

impl Writeback {
    /// For `file`, which somebody else writes to.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        Ok(Self { file: file.try_clone()?, sent: 0, running: None })
    }

    /// Says that the file has `written` bytes now.
    pub(crate) fn advance(&mut self, written: u64) -> io::Result<()> {
        if written < self.sent + BYTES_PER_ROUND {
            return Ok(());
        }
        self.sent = written;
        if self.running.is_none() {
            let file = self.file.try_clone()?;
            // One round that waits while another runs says all that there is to say.
            let (sender, rounds) = sync_channel::<()>(1);
            let thread = std::thread::Builder::new()
                .name("writeback".to_owned())
                .spawn(move || rounds.iter().try_for_each(|()| file.sync_data()))?;
            self.running = Some((sender, thread));
        }
        if let Some((sender, _)) = &self.running {
            // Full: the round that waits will see these bytes too. Gone: it failed, and `finish` says why.
            let _ = sender.try_send(());
        }
        Ok(())
    }

    /// Waits until all of the file is on the disk. An error of an earlier round is told here: the operating system tells
    /// it once.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if let Some((sender, thread)) = self.running.take() {
            drop(sender);
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes to the disk panicked")))?;
        }
        self.file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_whole_and_no_thread_is_left() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("file");
        let mut file = File::create(&path).expect("create");
        let mut writeback = Writeback::new(&file).expect("clone");
        let part = vec![7_u8; 5 << 20];
        for parts in 1..=10 {
            file.write_all(&part).expect("write");
            writeback.advance(parts * part.len() as u64).expect("advance");
        }
        assert_eq!(writeback.sent, 40 << 20);
        assert!(writeback.running.is_some());
        writeback.finish().expect("finish");
        assert_eq!(std::fs::metadata(&path).expect("file").len(), 50 << 20);
    }

    /// A failure to synchronise is told at the end, however many rounds failed before.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_error_of_an_earlier_round_is_told_at_the_end() {
        let (_reader, writer) = std::io::pipe().expect("pipe");
        let pipe = File::from(std::os::fd::OwnedFd::from(writer));
        let mut writeback = Writeback::new(&pipe).expect("clone");
        for round in 1..=5 {
            writeback.advance(round * BYTES_PER_ROUND).expect("advance");
        }
        assert_eq!(writeback.finish().expect_err("a pipe has no disk").kind(), io::ErrorKind::InvalidInput);
    }
}
