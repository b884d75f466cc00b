//! Archives: what is expected is taken, and nothing else.

use ser_fetch::{Archive, FetchError, Source};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::server::{Fault, Server};
use crate::support::{Place, content, md5, noise, record, sha256, zip};

/// A corpus by hand, of `files` files.
fn manual(files: u64) -> Source {
    let archive = Archive {
        name: "AudioData.zip".to_owned(),
        unpack: vec!["**/*.wav".to_owned()],
        files: Some(files),
        ..Archive::default()
    };
    Source::Manual { steps: vec!["Register.".to_owned(), "Download AudioData.zip.".to_owned()], archive }
}

/// A source that is an archive in record 7, with what is known of it beforehand.
fn packed(bytes: &[u8], files: u64) -> Source {
    let archive = Archive {
        name: "speech.zip".to_owned(),
        bytes: Some(bytes.len() as u64),
        checksums: vec![sha256(bytes), md5(bytes)],
        unpack: vec!["Actor_*/*.wav".to_owned()],
        files: Some(files),
    };
    Source::Zenodo { record: 7, archives: vec![archive] }
}

#[track_caller]
fn refused(source: &Source, archive: &[u8], why: &str) {
    let server = Server::start();
    let place = Place::new(&server);
    let error = place.fetch_from(source, archive).expect_err(why).to_string();
    assert!(error.contains(why), "{error}");
    assert!(place.files().is_empty(), "{why}: {:?}", place.files());
    assert!(!place.root().join("../outside.wav").exists());
}

#[test]
fn an_archive_is_fetched_verified_and_unpacked_once() {
    let server = Server::start();
    let place = Place::new(&server);
    let (one, two) = (noise(40_000, 1), noise(30_000, 2));
    let bytes = zip(&[("Actor_01/a.wav", &one), ("Actor_02/b.wav", &two), ("notes/readme.txt", b"no audio")]);
    record(&server, &[("speech.zip", &bytes, &[Fault::Drop(10_000)]), ("other.zip", b"not asked for", &[])]);
    let source = packed(&bytes, 2);
    let fetched = place.fetch(&source).expect("it comes");
    assert_eq!((fetched.files, fetched.bytes), (2, 70_000));
    assert_eq!(place.files(), ["Actor_01/a.wav", "Actor_02/b.wav"]);
    assert_eq!(place.read("Actor_02/b.wav"), Some(two.clone()));
    assert!(place.was_told("the publisher states the licence `cc-by-nc-sa-4.0`"));
    assert!(place.parts().is_empty(), "the archive is removed: {:?}", place.parts());
    assert!(server.asked().iter().all(|asked| !asked.path.contains("other.zip")));
    assert!(place.fetch(&source).expect("complete").was_complete);
    assert_eq!(server.asked().len(), 0);

    // A file that is lost is taken out again; one that somebody changed is in the way, and stays.
    std::fs::remove_file(place.root().join("Actor_01/a.wav")).expect("remove");
    place.fetch(&source).expect("it comes again");
    assert_eq!(place.read("Actor_01/a.wav"), Some(one));
    std::fs::write(place.root().join("Actor_02/b.wav"), "mine").expect("write");
    let error = place.fetch(&source).expect_err("another file");
    assert!(matches!(&error, FetchError::Occupied { path } if path.ends_with("Actor_02/b.wav")), "{error}");
    assert_eq!(place.read("Actor_02/b.wav").as_deref(), Some(b"mine".as_slice()));
    std::fs::write(place.root().join("Actor_02/b.wav"), &two).expect("write");
    server.asked();
    place.fetch(&source).expect("the file is the published one");
    let again = server.asked().iter().filter(|asked| asked.path == content("speech.zip")).count();
    assert_eq!(again, 0, "the archive that came for nothing was kept, and its bytes are verified");
}

/// A call may be killed between any two lines of the journal.
#[test]
fn what_an_earlier_call_left_undone_is_done_by_the_next() {
    let server = Server::start();
    let place = Place::new(&server);
    let bytes = zip(&[("Actor_01/a.wav", &noise(4_000, 1)), ("Actor_02/b.wav", &noise(3_000, 2))]);
    record(&server, &[("speech.zip", &bytes, &[])]);
    let source = packed(&bytes, 2);
    place.fetch(&source).expect("it comes");
    let journal = place.root().join(".ser-fetch/journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("the journal");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 3, "two files, and that they are all: {text}");
    for kept in 0..3 {
        std::fs::write(&journal, lines[..kept].join("\n")).expect("write");
        let fetched = place.fetch(&source).expect("it comes again");
        assert_eq!((fetched.files, fetched.was_complete), (2, false), "{kept} lines");
        assert!(place.fetch(&source).expect("complete").was_complete, "{kept} lines");
    }
}

#[test]
fn another_release_of_an_archive_is_held_against_the_files_that_are_there() {
    let server = Server::start();
    let place = Place::new(&server);
    let (first, second) =
        (zip(&[("Actor_01/a.wav", b"take 1"), ("Actor_01/b.wav", b"b")]), zip(&[("Actor_01/a.wav", b"take 2")]));
    record(&server, &[("speech.zip", &first, &[])]);
    place.fetch(&packed(&first, 2)).expect("it comes");
    record(&server, &[("speech.zip", &second, &[])]);
    let error = place.fetch(&packed(&second, 1)).expect_err("as many bytes, and others");
    assert!(matches!(&error, FetchError::Occupied { path } if path.ends_with("Actor_01/a.wav")), "{error}");
    // What only the first release has is no part of the second.
    std::fs::remove_dir_all(place.root().join("Actor_01")).expect("remove");
    assert_eq!(place.fetch(&packed(&second, 1)).expect("it comes").files, 1);
    assert_eq!(place.read("Actor_01/a.wav").as_deref(), Some(b"take 2".as_slice()));
    assert!(place.fetch(&packed(&second, 1)).expect("complete").was_complete);
}

#[test]
fn sizes_beyond_all_bounds_are_more_than_any_disk_has() {
    let server = Server::start();
    let place = Place::new(&server);
    let names = ["one.zip", "two.zip"];
    let listed = names.map(
        |name| serde_json::json!({"key": name, "size": u64::MAX, "checksum": "md5:900150983cd24fb0d6963f7d28e17f72"}),
    );
    server.file("/api/records/7", serde_json::json!({"files": listed}).to_string().as_bytes(), &[]);
    let archive = |name: &str| Archive { name: name.to_owned(), unpack: vec!["**".to_owned()], ..Archive::default() };
    let error = place.fetch(&Source::Zenodo { record: 7, archives: names.map(archive).into() }).expect_err("no room");
    assert!(matches!(error, FetchError::NoSpace { needed: u64::MAX, .. }), "{error}");
}

#[test]
fn what_is_known_beforehand_is_held_against_the_list() {
    let server = Server::start();
    let place = Place::new(&server);
    let bytes = zip(&[("Actor_01/a.wav", b"audio")]);
    record(&server, &[("speech.zip", &bytes, &[])]);
    let other = zip(&[("Actor_01/a.wav", b"video")]);
    let error = place.fetch(&packed(&other, 1)).expect_err("another checksum").to_string();
    assert!(error.starts_with("checksum of `speech.zip`: expected md5:"), "{error}");
    let error = place.fetch(&packed(&bytes[1..], 1)).expect_err("another size").to_string();
    assert!(error.starts_with("size of `speech.zip`: expected "), "{error}");
    record(&server, &[("song.zip", &bytes, &[])]);
    let error = place.fetch(&packed(&bytes, 1)).expect_err("no such file").to_string();
    assert_eq!(error, "files of Zenodo record 7: expected `speech.zip`, the publisher has song.zip");
    assert!(server.asked().iter().all(|asked| asked.path == "/api/records/7"), "nothing was downloaded");
}

#[test]
fn an_archive_that_was_downloaded_by_hand_is_taken() {
    let server = Server::start();
    let place = Place::new(&server);
    let source = manual(2);
    let error = place.fetch(&source).expect_err("by hand");
    assert!(matches!(&error, FetchError::ByHand { steps } if steps.len() == 2), "{error}");
    assert!(!place.root().exists(), "nothing is made for a corpus that does not come");
    let bytes = zip(&[("AudioData/DC/a01.wav", b"a"), ("AudioData/KL/n30.wav", b"n"), ("__MACOSX/DC/._a01.wav", b"x")]);
    assert_eq!(place.fetch_from(&source, &bytes).expect("unpacked").files, 2);
    assert_eq!(place.files(), ["AudioData/DC/a01.wav", "AudioData/KL/n30.wav"]);
    assert!(place.fetch(&source).expect("complete").was_complete);
    assert_eq!(server.asked().len(), 0);

    // Of a corpus with a checksum, the file has to have it.
    let right = zip(&[("Actor_01/a.wav", b"audio")]);
    let source = packed(&right, 1);
    let place = Place::new(&server);
    let mut wrong = right.clone();
    wrong[40] ^= 1;
    let error = place.fetch_from(&source, &wrong).expect_err("another checksum");
    assert!(matches!(error, FetchError::WrongChecksum { .. }), "{error}");
    let error = place.fetch_from(&source, b"PK").expect_err("another size");
    assert!(error.to_string().contains("it has 2 bytes, expected"), "{error}");
    assert!(place.files().is_empty());
    place.fetch_from(&source, &right).expect("unpacked");
    assert_eq!(place.files(), ["Actor_01/a.wav"]);
}

#[test]
fn a_corpus_without_a_known_checksum_asks_its_publisher_for_it() {
    let server = Server::start();
    let place = Place::new(&server);
    let bytes = zip(&[("wav/a.wav", b"audio")]);
    record(&server, &[("emodb.zip", &bytes, &[])]);
    let archive = Archive { name: "emodb.zip".to_owned(), unpack: vec!["**/*.wav".to_owned()], ..Archive::default() };
    let source = Source::Zenodo { record: 7, archives: vec![archive] };
    let other = zip(&[("wav/a.wav", b"oudio")]);
    let error = place.fetch_from(&source, &other).expect_err("another checksum");
    assert!(matches!(error, FetchError::WrongChecksum { .. }), "{error}");
    place.fetch_from(&source, &bytes).expect("unpacked");
    assert_eq!(place.files(), ["wav/a.wav"]);
}

#[test]
fn paths_that_leave_the_folder_and_links_are_refused() {
    let source = manual(1);
    for path in ["../outside.wav", "/outside.wav", "a/../../outside.wav", "a/.ser-fetch/x.wav", "C:/outside.wav"] {
        let error = format!("names a file `{path}`, which is not taken");
        refused(&source, &zip(&[(path, b"x")]), &error);
    }
    refused(&source, &zip(&[("a\\b.wav", b"x")]), "which is not taken");
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.add_symlink("a.wav", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
    refused(&source, &archive.finish().expect("an archive").into_inner(), "it is a link");
    refused(&manual(2), &zip(&[("a.wav", b"x"), ("A.wav", b"y")]), "it is there twice");
}

#[test]
fn bombs_do_not_go_off() {
    let zeros = vec![0; 20 << 20];
    refused(&manual(1), &zip(&[("a.wav", &zeros)]), "20971520 bytes, more than 16777216");
    // One that states few bytes and holds many: both headers say 100 instead of 200 000.
    let mut lying = zip(&[("a.wav", &vec![0; 200_000])]);
    let stated = 200_000_u32.to_le_bytes();
    let mut changed = 0;
    for at in 0..lying.len() - 4 {
        if lying[at..at + 4] == stated {
            lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
            changed += 1;
        }
    }
    assert!(changed >= 1);
    refused(&manual(1), &lying, "cannot be unpacked");
}

#[test]
fn damage_and_other_archives_are_told() {
    refused(&manual(1), b"no archive at all", "cannot be unpacked");
    refused(&manual(1), &zip(&[("a.mp3", b"x")]), "0 files in it match **/*.wav, expected 1");
    refused(&manual(3), &zip(&[("a.wav", b"x")]), "1 files in it match **/*.wav, expected 3");
    let sound = noise(5_000, 4);
    let mut damaged = zip(&[("a.wav", &sound)]);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    refused(&manual(1), &damaged, "cannot be unpacked");
}
