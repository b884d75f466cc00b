//! The bytes of objects: those that were listed, and no others.

use ser_storage::{Mark, StorageError, Store};

use crate::server::{Fault, Server, address, root, settings};

const MOST: u64 = 1 << 20;

/// More than there is memory.
const HUGE: &[(&str, &str)] = &[("Content-Length", "99999999999999")];

fn mark(server: &Server, key: &str) -> Mark {
    server.store().find(&address(key)).expect("an answer").expect("the object")
}

#[test]
fn every_key_is_read_as_it_is() {
    let server = Server::start();
    let keys = [
        "a.wav",
        "a b.wav",
        "a+b.wav",
        "a%20b.wav",
        "ü/ß.wav",
        "e\u{301}.wav",
        "a&b=c?d#e.wav",
        "(a)'b!*.wav",
        "~a\n.wav",
    ];
    for (number, key) in keys.iter().enumerate() {
        server.put(&format!("c/{key}"), &[number as u8; 300]);
    }
    let store = server.store();
    let listed = store.list(&root("s3://corpora/c")).expect("a listing").expect("something");
    assert_eq!(listed.len(), keys.len());
    for listed in listed {
        let number = keys.iter().position(|key| *key == listed.below).unwrap_or_else(|| panic!("{:?}", listed.below));
        let bytes = store.read(&listed.address, Some(&listed.mark), MOST).expect("bytes");
        assert_eq!(bytes, [number as u8; 300], "{:?}", listed.below);
    }
}

#[test]
fn requests_are_signed_where_there_are_credentials() {
    let server = Server::start();
    server.put("a.wav", b"abc");
    server.store().read(&address("a.wav"), None, MOST).expect("bytes");
    let token = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_REGION", "eu-west-1"),
    ];
    Store::new(settings(&server.url(), &token)).read(&address("a.wav"), None, MOST).expect("bytes");
    Store::new(settings(&server.url(), &[])).read(&address("a.wav"), None, MOST).expect("bytes");
    let [signed, with_token, anonymous] = &server.asked()[..] else { panic!("three requests") };
    let authorization = signed.header("authorization").expect("a signature");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=id/") && authorization.contains("/us-east-1/s3/"));
    assert!(!authorization.contains("secret"));
    assert_eq!(signed.header("host"), server.url().strip_prefix("http://"));
    assert_eq!(with_token.header("x-amz-security-token"), Some("token"));
    let authorization = with_token.header("authorization").expect("a signature");
    assert!(authorization.contains("/eu-west-1/s3/") && authorization.contains("x-amz-security-token"));
    assert_eq!(anonymous.header("authorization"), None);
}

#[test]
fn an_object_that_changed_or_went_since_it_was_listed_is_an_error() {
    let server = Server::start();
    server.put("a.wav", b"abc");
    let marked = mark(&server, "a.wav");
    server.put("a.wav", b"abd");
    server.asked();
    let read = || server.store().read(&address("a.wav"), Some(&marked), MOST);
    assert_eq!(read(), Err(StorageError::Changed { object: "s3://corpora/a.wav".to_owned() }));
    // A store that passes over `If-Match` tells by its tag, or by the length.
    server.faults([Fault::Status(200, &[("ETag", "\"other\"")], "abd".to_owned())]);
    assert!(read().is_err_and(|error| error.is_about_change()));
    server.faults([Fault::Unmarked(2)]);
    server.put("a.wav", b"abc");
    assert!(read().is_err_and(|error| error.is_about_change()));
    server.delete("a.wav");
    assert_eq!(read(), Err(StorageError::Gone { object: "s3://corpora/a.wav".to_owned() }));
    assert_eq!(server.asked().len(), 4, "no such answer becomes another one by asking again");
}

#[test]
fn what_is_too_large_is_not_read() {
    let server = Server::start();
    server.put("a.wav", &[7; 5000]);
    let marked = mark(&server, "a.wav");
    server.asked();
    let error = server.store().read(&address("a.wav"), Some(&marked), 4999).expect_err("too large");
    assert_eq!(error.to_string(), "the object `s3://corpora/a.wav` has 5000 bytes, at most 4999 are read");
    assert!(server.asked().is_empty(), "the listing told");
    assert!(matches!(server.store().read(&address("a.wav"), None, 4999), Err(StorageError::TooLarge { .. })));
    assert_eq!(server.store().read(&address("a.wav"), None, 5000).expect("bytes").len(), 5000);
    // Nobody takes memory for what is only announced.
    server.faults([Fault::Status(200, HUGE, String::new())]);
    assert!(server.store().read(&address("a.wav"), None, u64::MAX).is_err());
}
