//! The Python module says what the program says. `just test-wheel` asks the same of the installed wheel.

use std::process::Command;

use crate::python;
use crate::readme::{blocks, readme};
use crate::small;
use crate::util::{demo_run, source_root, wav};

/// The module's folder and the program, for the script that `python` runs.
fn with_module(command: &mut Command) -> &mut Command {
    let module = source_root().join("python");
    command
        .env("PYTHONPATH", module.canonicalize().expect("the module"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SER_PROGRAM", env!("CARGO_BIN_EXE_ser"))
}

#[test]
fn the_python_module_says_what_the_program_says() {
    let Some(python) = python::with(&["polars"], "the Python module", "polars") else { return };
    let (demo, _) = demo_run();
    let check = source_root().join("tests/wheel/check.py").canonicalize().expect("the script");
    let output = with_module(Command::new(python).arg(check).arg(demo.path(""))).output().expect("python");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("the module says what the program says"), "{stdout}");
}

/// On a pipeline of a smaller network, which is called `net`.
#[test]
fn the_readmes_use_of_the_module_works() {
    let Some(python) = python::with(&["polars"], "the README's use of the Python module", "polars") else { return };
    let workspace = small::workspace();
    workspace.ser(&["run", "--quiet"]).exits(0);
    for file in ["a.wav", "recordings/b.wav"] {
        workspace.write(file, wav(16_000, 0.8, 200.0, 0.5));
    }
    let [script] = &blocks(&readme(), "py")[..] else { panic!("one script") };
    assert!(script.contains("\"cnn_lstm\""), "{script}");
    let script = script.replace("\"cnn_lstm\"", "\"net\"").replace("\"seed\": 7", "\"seed\": 42");
    let mut command = Command::new(python);
    let output = with_module(command.args(["-c", &script]).current_dir(workspace.path(""))).output().expect("python");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("recordings/b.wav") && stdout.contains("threshold"), "{stdout}");
}
