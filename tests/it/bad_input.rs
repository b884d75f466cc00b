//! Bad input: a clear error or an exclusion, never a panic, nothing lost.

use ser_schemas::{Clip, Exclusion, Reason, Table as _};

use crate::util::{Workspace, skipped, wav};

const SAVEE_ONLY: &str = "name = \"bad\"\n\
    [stage.savee]\nkind = \"ingest\"\ncorpus = \"savee\"\nroot = \"corpus\"\n\
    [stage.manifest]\nkind = \"manifest\"\nfrom = \"savee\"\n";

fn exclusions(workspace: &Workspace) -> Vec<Exclusion> {
    Exclusion::read(&workspace.path("artifacts/manifest/exclusions.parquet")).expect("exclusions")
}

#[test]
fn odd_files_become_exclusions_and_the_rest_is_done() {
    let workspace = Workspace::with_pipeline(SAVEE_ONLY);
    workspace.write("corpus/DC/a01.wav", wav(44_100, 2.0, 220.0, 0.5));
    workspace.write("corpus/DC/a02.wav", "this is a text file");
    workspace.write("corpus/DC/a03.wav", "");
    workspace.write("corpus/DC/a04.wav", &wav(44_100, 2.0, 230.0, 0.5)[..60_000]);
    workspace.write("corpus/DC/a05.wav", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
    workspace.write("corpus/DC/a06.wav", wav(44_100, 2.0, 240.0, 0.0));
    workspace.write("corpus/DC/hello.wav", wav(44_100, 2.0, 250.0, 0.5));
    workspace.write("corpus/DC/d01.wav", wav(44_100, 2.0, 220.0, 0.001));
    workspace.write("corpus/DC/Info.txt", "not audio");
    workspace.ser(&["run"]).exits(0);
    let clips = Clip::read(&workspace.path("artifacts/manifest/clips.parquet")).expect("clips");
    let ids: Vec<&str> = clips.iter().map(|clip| clip.clip_id.as_str()).collect();
    assert_eq!(ids, ["savee/DC/a01", "savee/DC/d01"], "a quiet clip is not a silent one");
    let reasons: Vec<(String, Reason)> =
        exclusions(&workspace).into_iter().map(|row| (row.clip_id, row.reason)).collect();
    let expected = [
        ("savee/DC/a02", Reason::Unreadable),
        ("savee/DC/a03", Reason::Unreadable),
        ("savee/DC/a04", Reason::Truncated),
        ("savee/DC/a05", Reason::GitLfsPointer),
        ("savee/DC/a06", Reason::Silent),
        ("savee/DC/hello", Reason::NameNotUnderstood),
    ];
    let expected: Vec<(String, Reason)> = expected.iter().map(|(id, reason)| ((*id).to_owned(), *reason)).collect();
    assert_eq!(reasons, expected);
}

#[test]
fn a_missing_corpus_is_skipped_with_a_warning() {
    let text = format!("{SAVEE_ONLY}[stage.tess]\nkind = \"ingest\"\ncorpus = \"tess\"\nroot = \"nowhere\"\n")
        .replace("from = \"savee\"", "from = [\"savee\", \"tess\"]");
    let workspace = Workspace::with_pipeline(&text);
    workspace.write("corpus/DC/a01.wav", wav(16_000, 2.0, 220.0, 0.5));
    workspace.write("corpus/DC/h01.wav", wav(16_000, 2.0, 230.0, 0.5));
    workspace.ser(&["run"]).exits(0).tells("nowhere");
}

#[test]
fn without_any_clip_the_run_fails_and_says_what_to_do() {
    let workspace = Workspace::with_pipeline(SAVEE_ONLY);
    workspace.ser(&["run"]).exits(1).tells("corpus").tells("ser demo");
    std::fs::create_dir(workspace.path("corpus")).expect("folder");
    workspace.ser(&["run"]).exits(1).tells("ser demo");
}

#[cfg(unix)]
#[test]
fn a_cyclic_link_ends() {
    let workspace = Workspace::with_pipeline(SAVEE_ONLY);
    workspace.write("corpus/DC/a01.wav", wav(16_000, 2.0, 220.0, 0.5));
    workspace.write("corpus/DC/h01.wav", wav(16_000, 2.0, 230.0, 0.5));
    std::os::unix::fs::symlink(workspace.path("corpus"), workspace.path("corpus/DC/again")).expect("link");
    std::os::unix::fs::symlink(workspace.path("corpus/lost"), workspace.path("corpus/DC/a02.wav")).expect("link");
    workspace.ser(&["run"]).exits(0);
    let clips = Clip::read(&workspace.path("artifacts/manifest/clips.parquet")).expect("clips");
    assert_eq!(clips.len(), 2);
}

#[test]
fn a_file_where_the_artifacts_folder_should_be_is_an_error_that_names_it() {
    let workspace = Workspace::with_pipeline(SAVEE_ONLY);
    workspace.write("artifacts", "a file");
    workspace.write("corpus/DC/a01.wav", wav(16_000, 2.0, 220.0, 0.5));
    workspace.ser(&["run"]).exits(1).tells("artifacts").tells("hint:");
}

/// A folder of 64 KiB. Making one needs the right to mount; without it the test says so and ends.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_says_so_and_nothing_half_written_stays() {
    let workspace = Workspace::with_pipeline(SAVEE_ONLY);
    workspace.write("corpus/DC/a01.wav", wav(16_000, 2.0, 220.0, 0.5));
    let disk = workspace.path("disk");
    std::fs::create_dir(&disk).expect("folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"])
        .arg(&disk)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        skipped("mounting a small file system needs privileges that this test does not have");
        return;
    }
    let ran = workspace.ser(&["run", "--artifacts", "disk/artifacts"]);
    let left = workspace.path("disk/artifacts/savee/clips.parquet.partial").exists();
    let unmounted = std::process::Command::new("umount").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    let ran = ran.exits(1);
    let told = ran.stderr.to_lowercase();
    assert!(told.contains("no space left") && told.contains("free some space"), "{}", ran.stderr);
    assert!(told.contains("cannot write `") && !told.contains("readable parquet"), "{}", ran.stderr);
    assert!(!left);
}
