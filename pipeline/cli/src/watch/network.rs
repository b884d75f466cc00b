//! Which file systems are on another computer. Only Linux tells without further libraries.

use std::path::Path;

/// File systems that other computers write to without this one hearing of it.
const REMOTE: [&str; 14] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "gfs2",
    "lustre",
    "nfs",
    "nfs4",
    "smb3",
];

/// The network file system that `path`, absolute and without links, lies on; `None` when it is a local one or unknown.
pub(crate) fn file_system(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    find(&mounts, path).filter(|kind| REMOTE.contains(&kind.as_str()))
}

/// Kind of the innermost mount that holds `path`; a later mount over the same place hides the earlier one.
fn find(mounts: &str, path: &Path) -> Option<String> {
    let holding = mounts.lines().filter_map(|line| {
        // `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext3 /dev/root rw`, see proc_pid_mountinfo(5).
        let (before, after) = line.split_once(" - ")?;
        let point = unescape(before.split(' ').nth(4)?);
        let kind = after.split(' ').next()?;
        path.starts_with(&point).then(|| (point.len(), kind.to_owned()))
    });
    holding.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

/// Spaces and the like stand as `\040` in the list of mounts.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii);
        if let Some(code) = code {
            plain.push(char::from(code));
            plain.push_str(&part[3..]);
        } else {
            plain.push('\\');
            plain.push_str(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
        22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n\
        60 22 0:50 / /mnt/lab\\040data rw shared:9 - nfs4 server:/lab rw,vers=4.2\n\
        61 60 0:51 / /mnt/lab\\040data/scratch rw - tmpfs tmpfs rw\n\
        62 22 0:52 / /mnt/lab rw - cifs //server/lab rw\n";

    #[test]
    fn the_innermost_mount_counts() {
        let kind = |path: &str| find(MOUNTS, Path::new(path)).expect("a mount");
        assert_eq!(kind("/home/me/data"), "ext4");
        assert_eq!(kind("/mnt/lab data/tess"), "nfs4");
        assert_eq!(kind("/mnt/lab data/scratch/x"), "tmpfs");
        assert_eq!(kind("/mnt/lab/x"), "cifs");
        assert_eq!(kind("/mnt/labour"), "ext4");
        assert_eq!(find("nonsense\n", Path::new("/x")), None);
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(unescape("a\\040b\\011c\\9z\\"), "a b\tc\\9z\\");
    }
}
