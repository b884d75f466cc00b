//! `ser fetch` against a server on loopback, killed and started again.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::readme::{blocks, readme};
use crate::util::{Ran, Workspace, wav};

#[path = "../../pipeline/fetch/tests/it/server.rs"]
#[allow(dead_code, reason = "the tests of ser-fetch use more of it")]
mod server;

use server::{Fault, Server};

/// Two speakers, two emotions.
const NAMES: [&str; 4] = ["anna_t1_ang.wav", "anna_t1_hap.wav", "ben_t1_ang.wav", "ben_t1_hap.wav"];

const DESCRIPTOR: &str = r#"
name = "studio"
title = "Studio recordings"
licence = "CC BY 4.0"

[[pattern]]
path = '(?:^|/)(?<speaker>[^/_]+)_(?<sentence>[^/_]+)_(?<emotion>[^/_]+)$'

[codes.emotion]
ang = "angry"
hap = "happy"

[[expected]]
files = 4
speakers = 2
"#;

const LIST: &str = "/api/datasets/:persistentId/?persistentId=doi:10.1/STUDIO";

fn digits(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn sounds() -> Vec<Vec<u8>> {
    (0..4).map(|number| wav(16_000, 0.5, 200.0 + 30.0 * f64::from(number), 0.5)).collect()
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default()).expect("an entry");
        archive.write_all(bytes).expect("write");
    }
    archive.finish().expect("an archive").into_inner()
}

/// A workspace with the corpus `studio`, an archive in record 7 of `server`, with faults.
fn in_a_record(server: &Server, faults: &[Fault]) -> Workspace {
    let files: Vec<(String, Vec<u8>)> =
        NAMES.iter().zip(sounds()).map(|(name, bytes)| (format!("wav/{name}"), bytes)).collect();
    let archive = zip(&files);
    let listed = json!({"key": "studio.zip", "size": archive.len(), "checksum": format!("md5:{}", digits(&archive))});
    server.file("/api/records/7", json!({"files": [listed]}).to_string().as_bytes(), &[]);
    server.file("/api/records/7/files/studio.zip/content", &archive, faults);
    let workspace = Workspace::with_default_pipeline();
    let table = "[fetch]\nkind = \"zenodo\"\nrecord = 7\n[[fetch.archive]]\nname = \"studio.zip\"\nunpack = [\"wav/*.wav\"]\n\
                 files = 4\n";
    workspace.write("studio.toml", format!("{DESCRIPTOR}\n{table}"));
    workspace
}

/// The same, as files of a dataset, each with its faults.
fn in_a_dataset(server: &Server, faults: [&[Fault]; 4]) -> Workspace {
    let mut listed = Vec::new();
    for (id, ((name, bytes), faults)) in NAMES.iter().zip(sounds()).zip(faults).enumerate() {
        server.file(&format!("/api/access/datafile/{id}"), &bytes, faults);
        let file = json!({"id": id, "filesize": bytes.len(), "checksum": {"type": "MD5", "value": digits(&bytes)}});
        listed.push(json!({"label": name, "directoryLabel": "wav", "dataFile": file}));
    }
    let answer = json!({"data": {"latestVersion": {"files": listed}}});
    server.file(LIST, answer.to_string().as_bytes(), &[]);
    let workspace = Workspace::with_default_pipeline();
    let table = "[fetch]\nkind = \"dataverse\"\nserver = \"https://dataverse.example\"\ndataset = \"doi:10.1/STUDIO\"\n\
                 include = [\"**/*.wav\"]\nfiles = 4\n";
    workspace.write("studio.toml", format!("{DESCRIPTOR}\n{table}"));
    workspace
}

fn command(workspace: &Workspace, server: &Server, arguments: &[&str]) -> Command {
    let mut command = workspace.command(&["fetch"]);
    command.args(arguments).stdin(Stdio::null());
    for variable in ["ZENODO", "DATAVERSE", "GIT_LFS"] {
        command.env(format!("SER_FETCH_BASE_{variable}"), server.base());
    }
    for variable in [
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ] {
        command.env_remove(variable);
    }
    command
}

fn fetch(workspace: &Workspace, server: &Server, arguments: &[&str]) -> Ran {
    let output = command(workspace, server, arguments).output().expect("the program starts");
    workspace.ran(arguments, &output)
}

fn start(workspace: &Workspace, server: &Server) -> Child {
    let mut command = command(workspace, server, &["studio.toml", "--accept-licence"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

fn kill(mut child: Child) {
    child.kill().expect("a process");
    child.wait().expect("an end");
}

/// Paths that were asked for since the last call, with the ranges.
fn asked(server: &Server) -> Vec<(String, Option<String>)> {
    let asked = server.asked().into_iter();
    asked.map(|asked| (asked.path.clone(), asked.header("range").map(str::to_owned))).collect()
}

fn are_there(workspace: &Workspace) -> bool {
    let there = |(name, bytes): (&&str, Vec<u8>)| {
        std::fs::read(workspace.path(&format!("data/studio/wav/{name}"))).ok() == Some(bytes)
    };
    NAMES.iter().zip(sounds()).all(there)
}

#[test]
fn a_corpus_is_downloaded_unpacked_and_checked() {
    let server = Server::start();
    let workspace = in_a_record(&server, &[Fault::Drop(10_000)]);
    let ran = fetch(&workspace, &server, &["studio.toml", "--accept-licence"]).exits(0);
    let ran = ran.says("studio: 4 files, 64 kB, in `data/studio`: verified\n").tells("is published under: CC BY 4.0");
    assert!(are_there(&workspace));
    let check = workspace.ser(&["corpora", "check", "data/studio", "--corpus", "studio.toml"]).exits(0);
    assert!(check.stdout.contains("no warnings") && ran.stdout.ends_with(&check.stdout), "{}", ran.stdout);
    asked(&server);

    // Agreed to once, and there: no licence, no request.
    let again = fetch(&workspace, &server, &["studio.toml"]).exits(0).says(": was there already\n");
    assert!(!again.stderr.contains("CC BY 4.0"), "{}", again.stderr);
    let json = fetch(&workspace, &server, &["studio.toml", "--json"]).exits(0).json();
    let [corpus] = json.as_array().expect("a list").as_slice() else { panic!("one corpus: {json}") };
    assert_eq!((&corpus["status"], &corpus["files"]), (&json!("complete"), &json!(4)));
    assert_eq!((&corpus["licence"], &corpus["check"]["recordings"]), (&json!("CC BY 4.0"), &json!(4)));
    assert_eq!(asked(&server), []);

    // Elsewhere it is another copy, with an agreement of its own.
    fetch(&workspace, &server, &["studio.toml", "--to", "there"]).exits(2).tells("pass `--accept-licence`");
    fetch(&workspace, &server, &["studio.toml", "--to", "there", "--accept-licence", "--quiet"]).exits(0);
    assert!(workspace.path("there/studio/wav/anna_t1_ang.wav").exists());
}

#[test]
fn nothing_is_fetched_without_agreement() {
    let server = Server::start();
    let workspace = in_a_record(&server, &[]);
    let ran = fetch(&workspace, &server, &["studio.toml"]).exits(2);
    ran.tells("the licence of `studio` has to be agreed to: CC BY 4.0")
        .tells("hint: read it, and pass `--accept-licence`");
    assert_eq!(asked(&server), []);
    assert!(!workspace.path("data").exists());
}

#[test]
fn a_call_that_is_killed_within_a_file_is_gone_on_with() {
    let server = Server::start();
    let workspace = in_a_record(&server, &[Fault::Hold(20_000), Fault::Hold(1_000), Fault::Hold(9_000)]);
    for _ in 0..3 {
        let child = start(&workspace, &server);
        server.held();
        // What was sent last may still be on its way; what is written then is whole bytes of the file all the same.
        kill(child);
        assert!(!are_there(&workspace));
    }
    fetch(&workspace, &server, &["studio.toml"]).exits(0).says("verified");
    assert!(are_there(&workspace));
    let ranges: Vec<Option<String>> =
        asked(&server).into_iter().filter(|(path, _)| path.ends_with("content")).map(|(_, range)| range).collect();
    assert_eq!(ranges.len(), 4, "{ranges:?}");
}

#[test]
fn a_call_that_is_killed_between_files_keeps_those_that_came() {
    let server = Server::start();
    let hold = [Fault::Hold(0)];
    let workspace = in_a_dataset(&server, [&[], &[], &hold, &[]]);
    let child = start(&workspace, &server);
    server.held();
    let whole = workspace.path("data/studio/wav/anna_t1_ang.wav");
    for _ in 0..100 {
        if whole.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    kill(child);
    assert!(whole.exists() && !workspace.path("data/studio/wav/ben_t1_ang.wav").exists());
    asked(&server);
    fetch(&workspace, &server, &["studio.toml"]).exits(0).says("studio: 4 files");
    assert!(are_there(&workspace));
    let paths: Vec<String> = asked(&server).into_iter().map(|(path, _)| path).collect();
    assert!(
        paths.iter().any(|path| path.ends_with("/2")) && !paths.iter().any(|path| path.ends_with("/0")),
        "{paths:?}"
    );
}

#[test]
fn a_corpus_that_fails_is_told_and_keeps_no_other_from_coming() {
    let server = Server::start();
    let workspace = in_a_record(&server, &[]);
    workspace.write(
        "other.toml",
        DESCRIPTOR.replace("studio", "other")
            + "\n[fetch]\nkind = \"zenodo\"\nrecord = 8\n[[fetch.archive]]\nname = \"a.zip\"\n",
    );
    let arguments = ["other.toml", "studio.toml", "--accept-licence"];
    let ran = fetch(&workspace, &server, &arguments).exits(1).says("studio: 4 files");
    ran.tells("error: cannot fetch `other`: there is no `http").tells("hint: the publisher has changed something");
    let json = fetch(&workspace, &server, &["other.toml", "studio.toml", "--json"]).exits(1).json();
    assert_eq!((&json[0]["status"], &json[1]["status"]), (&json!("failed"), &json!("complete")), "{json}");
    assert!(
        json[0]["error"].as_str().is_some_and(|error| error.contains("status 404")) && json[0]["hint"].is_string(),
        "{json}"
    );
}

#[test]
fn a_corpus_on_registration_comes_with_its_steps_and_out_of_its_archive() {
    let server = Server::start();
    let workspace = Workspace::with_default_pipeline();
    let ran = fetch(&workspace, &server, &["savee"])
        .exits(1)
        .says("savee: to be got by hand\n  1. Register at http://kahlan");
    assert!(ran.stdout.contains("`ser fetch savee --archive AudioData.zip`"), "{}", ran.stdout);
    assert!(!workspace.path("data").exists());
    let json = fetch(&workspace, &server, &["savee", "--json"]).exits(1).json();
    assert!(
        json[0]["status"] == "by-hand" && json[0]["steps"].as_array().is_some_and(|steps| steps.len() == 3),
        "{json}"
    );

    let mut files = Vec::new();
    for speaker in ["DC", "JE", "JK", "KL"] {
        for (emotion, clips) in [("a", 15), ("d", 15), ("f", 15), ("h", 15), ("n", 30), ("sa", 15), ("su", 15)] {
            files.extend((1..=clips).map(|clip| (format!("AudioData/{speaker}/{emotion}{clip:02}.wav"), vec![b'x'])));
        }
    }
    files.push(("AudioData/Info.txt".to_owned(), b"no audio".to_vec()));
    workspace.write("AudioData.zip", zip(&files));
    fetch(&workspace, &server, &["savee", "--archive", "AudioData.zip"]).exits(2).tells("--accept-licence");
    let ran = fetch(&workspace, &server, &["savee", "--archive", "AudioData.zip", "--accept-licence"]).exits(0);
    ran.says("savee: 480 files, 480 bytes, in `data/savee`: verified")
        .says("480 understood as recordings of the corpus");
    fetch(&workspace, &server, &["savee"]).exits(0).says("was there already");
    assert!(workspace.path("AudioData.zip").exists() && !workspace.path("data/savee/AudioData/Info.txt").exists());
    assert_eq!(asked(&server), []);
}

#[test]
fn a_corpus_that_somebody_unpacked_is_not_downloaded() {
    let server = Server::start();
    let workspace = in_a_record(&server, &[]);
    for (name, bytes) in NAMES.iter().zip(sounds()) {
        workspace.write(&format!("data/studio/other/folders/{name}"), bytes);
    }
    fetch(&workspace, &server, &["studio.toml"]).exits(0).says("nothing was fetched");
    assert_eq!(fetch(&workspace, &server, &["studio.toml", "--json"]).exits(0).json()[0]["status"], "present");
    assert_eq!(asked(&server), []);
}

#[test]
fn what_cannot_be_is_told_before_anything_is_fetched() {
    let server = Server::start();
    let workspace = in_a_record(&server, &[]);
    workspace.write("plain.toml", DESCRIPTOR);
    fetch(&workspace, &server, &["studio.toml", "ravdes", "--accept-licence"])
        .exits(2)
        .tells("did you mean `ravdess`?");
    fetch(&workspace, &server, &["plain.toml"]).exits(2).tells("does not say where it can be fetched");
    let two = ["savee", "emovo", "--archive", "a.zip", "--accept-licence"];
    fetch(&workspace, &server, &two).exits(2).tells("fetch one corpus at a time with `--archive`");
    workspace.write("a.zip", "PK");
    fetch(&workspace, &server, &["tess", "--archive", "a.zip", "--accept-licence"])
        .exits(2)
        .tells("leave `--archive` out");
    fetch(&workspace, &server, &[]).exits(2).tells("<CORPUS>...");
    assert_eq!(asked(&server), []);
}

/// The README's line asks each publisher for the list of files by the address that it has, and for nothing after a
/// refusal.
#[test]
fn the_readme_s_line_asks_the_three_publishers() {
    let readme = readme();
    let lines: Vec<String> =
        blocks(&readme, "sh").into_iter().filter(|block| block.starts_with("ser fetch ")).collect();
    let [line] = lines.as_slice() else { panic!("one line: {lines:?}") };
    let arguments: Vec<&str> = line.split_whitespace().skip(2).collect();
    let server = Server::start();
    let workspace = Workspace::with_default_pipeline();
    let ran = fetch(&workspace, &server, &arguments).exits(1);
    for corpus in ["ravdess", "tess", "crema_d"] {
        assert!(ran.stderr.contains(&format!("error: cannot fetch `{corpus}`: there is no `")), "{}", ran.stderr);
    }
    let paths: Vec<String> = asked(&server).into_iter().map(|(path, _)| path).collect();
    let commit = "1658cd342dff90010aa843eaeebd53610a08b1dc";
    assert_eq!(
        paths,
        [
            "/api/records/1188976".to_owned(),
            "/api/datasets/:persistentId/?persistentId=doi:10.5683/SP2/E8H2MF".to_owned(),
            format!("/CheyneyComputerScience/CREMA-D/zip/{commit}"),
        ]
    );
    let told: Value = fetch(&workspace, &server, &["emodb", "--json", "--accept-licence"]).exits(1).json();
    assert!(told[0]["error"].as_str().is_some_and(|error| error.contains("/api/records/17651657`")), "{told}");
}
