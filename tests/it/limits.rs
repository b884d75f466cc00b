//! Limits of the system: a run ends the same, or names the limit, and no clip is left out because of one.

use std::process::Command;

use ser_schemas::{Clip, Exclusion, Table as _};

use crate::small;
use crate::util::{Workspace, wav};

/// More recordings than files may be open.
fn workspace() -> Workspace {
    let workspace = small::workspace();
    let mut hz = 500.0;
    for speaker in 5..=12 {
        for emotion in [1, 3, 4, 5] {
            for take in 1..=2 {
                let name = format!("03-01-{emotion:02}-01-01-{take:02}-{speaker:02}");
                hz += 7.0;
                workspace.write(&format!("data/ravdess/Actor_{speaker:02}/{name}.wav"), wav(16_000, 0.4, hz, 0.5));
            }
        }
    }
    workspace
}

#[cfg(unix)]
#[test]
fn few_open_files_leave_no_clip_out() {
    let undisturbed = workspace();
    undisturbed.ser(&["run"]).exits(0);
    for limit in [40, 24, 16] {
        let workspace = workspace();
        let ser = workspace.command(&[]);
        let output = Command::new("sh")
            .args(["-c", &format!("ulimit -n {limit}; exec \"$0\" run --jobs 16")])
            .arg(ser.get_program())
            .current_dir(workspace.path(""))
            .env_remove("SER_DATA")
            .output()
            .expect("the program starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() || told.contains("ulimit -n"), "limit {limit}: {:?}\n{told}", output.status);
        if limit >= 40 {
            assert!(output.status.success(), "{told}");
        }
        let exclusions = workspace.path("artifacts/manifest/exclusions.parquet");
        if exclusions.exists() {
            assert!(Exclusion::read(&exclusions).expect("exclusions").is_empty(), "limit {limit}:\n{told}");
        }
        // Nothing of it is remembered.
        workspace.ser(&["run"]).exits(0);
        workspace.ser(&["status", "--exit-code"]).exits(0);
        for table in ["manifest/clips.parquet", "net/predictions.parquet", "evaluation/summary.parquet"] {
            let digest =
                |of: &Workspace| ser_schemas::content_digest(&of.path(&format!("artifacts/{table}"))).expect("table");
            assert_eq!(digest(&workspace), digest(&undisturbed), "{table} after a limit of {limit}");
        }
        let clips = Clip::read(&workspace.path("artifacts/manifest/clips.parquet")).expect("clips");
        assert_eq!(clips.len(), 104);
    }
}
