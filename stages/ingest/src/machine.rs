//! Errors that are the machine's, not the file's: too many open files, no memory, a disk or network drive that does not
//! answer.
//!
//! A file that fails for such a reason is as good as any other, and would be left out for good if that were a row of a
//! table.

use std::io;

/// Numbers of errors that `std::io::ErrorKind` has no name for; Linux, macOS and the BSDs agree on these.
#[cfg(unix)]
const EIO: i32 = 5;
#[cfg(unix)]
const ENFILE: i32 = 23;
#[cfg(unix)]
const EMFILE: i32 = 24;
/// Windows' ERROR_TOO_MANY_OPEN_FILES.
#[cfg(windows)]
const EMFILE: i32 = 4;

/// What the machine lacks and what to do about it, if `error` is no fault of the file.
pub(crate) fn shortage(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    match error.raw_os_error() {
        Some(EMFILE) => {
            return Some(
                "this process may open no more files: raise its limit (`ulimit -n`) or run with fewer `--jobs`",
            );
        }
        #[cfg(unix)]
        Some(ENFILE) => return Some("the system may open no more files: close other programs or raise `fs.file-max`"),
        #[cfg(unix)]
        Some(EIO) => return Some("the disk or network drive failed to read: check it, then run again"),
        _ => {}
    }
    match error.kind() {
        Kind::OutOfMemory => {
            Some("there is no memory left: run with fewer `--jobs`, or raise the limit of this process (`ulimit -v`)")
        }
        Kind::TimedOut
        | Kind::StaleNetworkFileHandle
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::NotConnected
        | Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::ResourceBusy
        | Kind::WouldBlock => Some("the drive does not answer: check it, then run again"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn shortages_are_told_from_faults_of_a_file() {
        // 12 is ENOMEM, 16 EBUSY, 11 and 35 EAGAIN; 2 ENOENT, 13 EACCES, 21 EISDIR, 40 and 62 ELOOP.
        for (number, limit) in [(24, "ulimit -n"), (23, "fs.file-max"), (5, "disk"), (12, "memory"), (16, "drive")] {
            let found = shortage(&io::Error::from_raw_os_error(number));
            assert!(found.is_some_and(|text| text.contains(limit)), "{number}: {found:?}");
        }
        for number in [2, 13, 21] {
            assert_eq!(shortage(&io::Error::from_raw_os_error(number)), None, "{number}");
        }
        assert_eq!(shortage(&io::Error::other("not UTF-8")), None);
        assert!(shortage(&io::Error::from(io::ErrorKind::TimedOut)).is_some());
    }
}
