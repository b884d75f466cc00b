//! One file that comes with all that can go wrong: it comes whole and right, or not at all.

use std::time::{Duration, Instant};

use ser_fetch::FetchError;

use crate::server::{Fault, Server};
use crate::support::{Place, content, noise, one_file};

/// Size of the file.
const BYTES: usize = 200_000;

/// A file that comes in spite of `faults`; gives the ranges that were asked for and the bytes that were sent.
#[track_caller]
fn comes(faults: &[Fault]) -> (Vec<Option<String>>, usize) {
    let server = Server::start();
    let (place, bytes) = (Place::new(&server), noise(BYTES, 1));
    let source = one_file(&server, &bytes, faults);
    let fetched = place.fetch(&source).unwrap_or_else(|error| panic!("{error} {:?}", server.asked()));
    assert_eq!((fetched.files, fetched.bytes, fetched.was_complete), (1, BYTES as u64, false));
    assert!(place.read("a.wav").as_deref() == Some(&bytes), "other bytes");
    assert_eq!(*place.told.bytes.lock().expect("bytes"), (BYTES as u64, BYTES as u64), "progress ends at the end");
    let asked = server.asked().into_iter().filter(|asked| asked.path == content("a.wav"));
    let ranges = asked.map(|asked| asked.header("range").map(str::to_owned)).collect();
    let sent = server.sent();
    assert!(place.fetch(&source).expect("complete").was_complete);
    assert_eq!(server.asked().len(), 0, "a second call asks nothing");
    (ranges, sent)
}

/// A file that does not come; nothing is in its place, and later it comes.
#[track_caller]
fn fails(faults: &[Fault]) -> FetchError {
    let server = Server::start();
    let (place, bytes) = (Place::new(&server), noise(BYTES, 1));
    let source = one_file(&server, &bytes, faults);
    let error = place.fetch(&source).expect_err("a fault");
    assert!(place.files().is_empty(), "{error}: {:?}", place.files());
    assert!(error.hint().is_some(), "{error:?} has no advice");
    server.file(&content("a.wav"), &bytes, &[]);
    place.fetch(&source).expect("the server is well again");
    assert!(place.read("a.wav").as_deref() == Some(&bytes), "other bytes");
    error
}

#[test]
fn a_body_that_breaks_off_is_gone_on_with() {
    let (ranges, sent) = comes(&[Fault::Drop(70_000), Fault::Drop(0), Fault::Drop(30_000)]);
    assert_eq!(ranges.len(), 4, "{ranges:?}");
    let starts: Vec<usize> =
        ranges[1..].iter().flatten().filter_map(|range| range[6..range.len() - 1].parse().ok()).collect();
    assert!(starts[0] <= 70_000 && starts[1] == starts[0] && starts[2] > starts[1], "{ranges:?}");
    // Besides the list: what a socket still held when it was closed comes again, and no more.
    assert!(sent < 2 * BYTES, "{sent}");
}

#[test]
fn each_break_that_brings_more_is_forgiven() {
    let breaks: Vec<Fault> = (0..12).map(|_| Fault::Drop(15_000)).collect();
    assert_eq!(comes(&breaks).0.len(), 13);
    let error = fails(&[Fault::Drop(0), Fault::Drop(0), Fault::Drop(0), Fault::Drop(0)]);
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
}

#[test]
fn a_server_that_knows_no_ranges_begins_again() {
    let (ranges, sent) = comes(&[Fault::Drop(100_000), Fault::WholeInstead]);
    assert!(ranges.len() == 2 && ranges[1].is_some() && sent > BYTES, "{ranges:?} {sent}");
    comes(&[Fault::Drop(100_000), Fault::WrongRange]);
}

#[test]
fn halves_of_two_versions_are_never_joined() {
    // A server that honours `If-Range`: the mark is a new one when the rest is asked for.
    let server = Server::start();
    let (place, bytes, old) = (Place::new(&server), noise(BYTES, 1), noise(BYTES, 2));
    let source = one_file(&server, &bytes, &[]);
    server.file(&content("a.wav"), &old, &[Fault::Drop(90_000), Fault::Status(403, vec![], "blocked")]);
    let error = place.fetch(&source).expect_err("refused");
    assert!(error.to_string().contains("refused with status 403: blocked"), "{error}");
    assert_eq!(place.parts().len(), 1, "what came is kept");
    // One that does not: 206 with another mark, and then one that never says.
    for faults in [vec![Fault::NewEtag], vec![]] {
        server.file(&content("a.wav"), &bytes, &faults);
        place.fetch(&source).expect("the right version");
        assert!(place.read("a.wav").as_deref() == Some(&bytes), "other bytes");
        std::fs::remove_file(place.root().join("a.wav")).expect("remove");
        server.file(&content("a.wav"), &old, &[Fault::Drop(90_000), Fault::Status(403, vec![], "blocked")]);
        place.fetch(&source).expect_err("refused");
    }
}

#[test]
fn lies_about_lengths_are_found_out() {
    for length in [BYTES - 1, BYTES + 1, 0] {
        let error = fails(&[Fault::Length(length), Fault::Length(length)]);
        assert!(matches!(error, FetchError::WrongSize { expected: 200_000, .. }), "{length}: {error}");
        comes(&[Fault::Length(length)]);
    }
}

#[test]
fn other_bytes_are_not_taken() {
    let error = fails(&[Fault::Other(noise(BYTES, 3)), Fault::Other(noise(BYTES, 3))]);
    let told = error.to_string();
    assert!(told.starts_with("`a.wav` came with the checksum md5:") && told.contains("expected md5:"), "{told}");
    comes(&[Fault::Other(noise(BYTES, 3))]);
}

#[test]
fn what_is_sent_in_place_of_the_file_is_named() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 200000\n".to_vec();
    let mut long_page = b"<html>".to_vec();
    long_page.resize(BYTES, b' ');
    for (fault, name) in [
        (Fault::Page, "a web page"),
        (Fault::Other(long_page), "a web page"),
        (Fault::Other(pointer), "a pointer of Git LFS"),
        (Fault::Gzip, "compressed bytes"),
    ] {
        let error = fails(&[fault.clone(), fault.clone()]).to_string();
        assert!(error.contains(name) && error.ends_with("in place of `a.wav`"), "{error}");
        comes(&[fault]);
    }
}

#[test]
fn a_page_in_the_middle_costs_nothing_that_came() {
    let (ranges, sent) = comes(&[Fault::Drop(150_000), Fault::Page, Fault::Drop(0)]);
    assert!(ranges[1..].iter().all(Option::is_some) && sent < 2 * BYTES, "{ranges:?} {sent}");
}

#[test]
fn a_server_is_given_the_time_that_it_asks_for() {
    let busy = |after: &str| Fault::Status(429, vec![("Retry-After", after.to_owned())], "slow down");
    let start = Instant::now();
    comes(&[busy("1")]);
    assert!(start.elapsed() >= Duration::from_secs(1));
    let error = fails(&[busy("7200")]);
    assert!(matches!(error, FetchError::Busy { wait, .. } if wait == Duration::from_hours(2)), "{error}");
    let down = Fault::Status(503, vec![], "");
    comes(&[down.clone(), down.clone(), down.clone()]);
    let error = fails(&[down.clone(), down.clone(), down.clone(), down]);
    assert!(error.to_string().ends_with("was refused with status 503"), "{error}");
}

#[test]
fn redirects_are_followed_up_to_a_number() {
    let server = Server::start();
    let (place, bytes) = (Place::new(&server), noise(BYTES, 1));
    let to = |path: String| Fault::Status(302, vec![("Location", path)], "");
    server.file("/elsewhere", &bytes, &[Fault::Drop(50_000)]);
    let source = one_file(&server, &bytes, &[to("/elsewhere".to_owned()), to(format!("{}/elsewhere", server.base()))]);
    place.fetch(&source).expect("it comes");
    assert!(place.read("a.wav").as_deref() == Some(&bytes), "other bytes");
    let round: Vec<Fault> = (0..20).map(|_| to(content("a.wav"))).collect();
    let error = fails_with(&round);
    assert!(error.contains("redirected too often"), "{error}");
    let error = fails_with(&[to("ftp://127.0.0.1/a.wav".to_owned())]);
    assert!(error.contains("it is no URL of the web"), "{error}");
}

fn fails_with(faults: &[Fault]) -> String {
    let server = Server::start();
    let place = Place::new(&server);
    let source = one_file(&server, &noise(BYTES, 1), faults);
    place.fetch(&source).expect_err("a fault").to_string()
}

#[test]
fn neither_silence_nor_a_trickle_is_waited_for() {
    let start = Instant::now();
    comes(&[Fault::Hold(60_000)]);
    let (ranges, _) = comes(&[Fault::Trickle(Duration::from_millis(5))]);
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    // A byte every 5 ms would take a quarter of an hour.
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_look_at() {
    let server = Server::start();
    let place = Place::new(&server);
    let source = one_file(&server, b"bytes", &[]);
    drop(server);
    let error = place.fetch(&source).expect_err("no server");
    assert!(error.to_string().contains("/api/records/7` could not be fetched"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("HTTPS_PROXY")), "{error:?}");
}

/// `/dev/full` in place of the part is a disk that has no room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let server = Server::start();
    let (place, bytes) = (Place::new(&server), noise(BYTES, 1));
    let source = one_file(&server, &bytes, &[Fault::Drop(80_000), Fault::Status(403, vec![], "")]);
    place.fetch(&source).expect_err("refused");
    let [part] = &place.parts()[..] else { panic!("one part: {:?}", place.parts()) };
    let aside = part.with_extension("aside");
    std::fs::rename(part, &aside).expect("rename");
    std::os::unix::fs::symlink("/dev/full", part).expect("link");
    let error = place.fetch(&source).expect_err("no room");
    assert!(error.to_string().starts_with("cannot write `"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("make room")), "{error:?}");
    assert!(place.files().is_empty());
    std::fs::rename(&aside, part).expect("rename");
    server.asked();
    place.fetch(&source).expect("there is room");
    assert!(place.read("a.wav").as_deref() == Some(&bytes), "other bytes");
}
