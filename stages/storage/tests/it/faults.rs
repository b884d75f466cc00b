//! What passes is tried again, what lasts is told at once, and nothing is waited for without an end.

use std::time::{Duration, Instant};

use ser_storage::{StorageError, Store};

use crate::server::{Fault, Server, address, root, settings};

const MOST: u64 = 1 << 20;

fn passing() -> Vec<Fault> {
    vec![
        Fault::code(503, "SlowDown"),
        Fault::code(500, "InternalError"),
        Fault::code(429, "TooManyRequests"),
        Fault::code(400, "RequestTimeout"),
        Fault::Status(502, &[], "<html>Bad gateway</html>".to_owned()),
        Fault::Hang,
        Fault::Drop(100),
        Fault::Short(100),
        Fault::Silence,
    ]
}

#[test]
fn an_object_comes_whole_through_every_trouble_that_passes() {
    let server = Server::start();
    let bytes: Vec<u8> = (0..5000).map(|number| (number % 251) as u8).collect();
    server.put("c/a.wav", &bytes);
    let store = server.store();
    let listed = store.list(&root("s3://corpora/c")).expect("a listing").expect("something");
    for fault in passing() {
        server.asked();
        server.faults([fault.clone()]);
        let read = store.read(&listed[0].address, Some(&listed[0].mark), MOST);
        assert_eq!(read.as_ref(), Ok(&bytes), "{fault:?}");
        assert_eq!(server.asked().len(), 2, "{fault:?}");
    }
    // Several one after another, as long as there are tries.
    server.faults([Fault::Hang, Fault::Drop(4999), Fault::code(503, "SlowDown")]);
    assert_eq!(store.read(&listed[0].address, Some(&listed[0].mark), MOST).as_ref(), Ok(&bytes));
}

#[test]
fn a_listing_comes_whole_through_every_trouble_that_passes() {
    let server = Server::start();
    (0..30).for_each(|number| server.put(&format!("c/{number:02}.wav"), b"x"));
    server.page(10);
    let store = server.store();
    for fault in passing().into_iter().chain([Fault::Short(400)]) {
        server.asked();
        server.faults([fault.clone()]);
        let listed = store.list(&root("s3://corpora/c")).expect("a listing").expect("something");
        assert_eq!(listed.len(), 30, "{fault:?}");
        assert_eq!(server.asked().len(), 4, "{fault:?}");
    }
    // A store that fails when it has begun to answer.
    server.faults([Fault::code(200, "InternalError")]);
    assert_eq!(store.list(&root("s3://corpora/c")).expect("a listing").map(|listed| listed.len()), Some(30));
}

#[test]
fn trouble_that_does_not_pass_is_told_after_some_tries() {
    let server = Server::start();
    server.put("a.wav", b"abc");
    server.faults((0..9).map(|_| Fault::code(503, "SlowDown")));
    let error = server.store().read(&address("a.wav"), None, MOST).expect_err("busy");
    let told =
        format!("{} refused `s3://corpora/a.wav` with status 503, tried 4 times: Sorry (SlowDown)", server.url());
    assert_eq!(error.to_string(), told);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn what_lasts_is_told_at_once() {
    let server = Server::start();
    server.put("a.wav", b"abc");
    let region: &[(&str, &str)] = &[("x-amz-bucket-region", "eu-west-3")];
    let elsewhere: &[(&str, &str)] = &[("Location", "http://elsewhere.invalid/")];
    let page = "<!DOCTYPE html><title>Welcome</title>".to_owned();
    for (fault, told, hint) in [
        (Fault::code(403, "AccessDenied"), "not allowed to read `s3://corpora/a.wav`", "s3:GetObject"),
        (Fault::code(403, "InvalidAccessKeyId"), "the credentials are not accepted", "AWS_ACCESS_KEY_ID"),
        (Fault::code(403, "SignatureDoesNotMatch"), "the credentials are not accepted", "AWS_SECRET_ACCESS_KEY"),
        (Fault::code(400, "ExpiredToken"), "the credentials have expired", "AWS_SESSION_TOKEN"),
        (Fault::code(403, "RequestTimeTooSkewed"), "the clock of this machine", "set the clock"),
        (Fault::code(404, "NoSuchBucket"), "there is no bucket `corpora`", "AWS_ENDPOINT_URL"),
        (Fault::code(403, "InvalidObjectState"), "is in an archive", "restored"),
        (Fault::Status(301, region, String::new()), "lies in the region `eu-west-3`", "AWS_REGION=eu-west-3"),
        (Fault::Status(302, elsewhere, String::new()), "a redirect to http://elsewhere.invalid/", "AWS_ENDPOINT_URL"),
        (Fault::Status(404, &[], page.clone()), "not a word of S3", "AWS_ENDPOINT_URL"),
    ] {
        server.asked();
        server.faults([fault.clone()]);
        let error = server.store().read(&address("a.wav"), None, MOST).expect_err(told);
        assert!(error.to_string().contains(told) && error.hint().contains(hint), "{error}: {}", error.hint());
        assert_eq!(server.asked().len(), 1, "{fault:?}");
    }
    server.faults([Fault::Status(200, &[], page)]);
    let error = server.store().list(&root("s3://corpora")).expect_err("a page").to_string();
    assert!(error.contains("does not answer as object storage does"), "{error}");
    server.faults([Fault::code(403, "AccessDenied")]);
    let anonymous = Store::new(settings(&server.url(), &[]));
    let error = anonymous.list(&root("s3://corpora")).expect_err("denied");
    assert!(error.to_string().contains("without credentials") && error.hint().contains("anonymous"), "{error}");
}

#[test]
fn nothing_is_waited_for_without_an_end() {
    let server = Server::start();
    server.put("a.wav", &[7; 2000]);
    let mut quick = settings(&server.url(), &[]);
    quick.timings.tries = 2;
    quick.timings.least_speed = 1 << 40;
    let store = Store::new(quick);
    for fault in [Fault::Silence, Fault::Trickle(Duration::from_millis(20))] {
        server.faults([fault.clone(), fault.clone()]);
        let start = Instant::now();
        let error = store.read(&address("a.wav"), None, MOST).expect_err("too slow");
        assert!(matches!(error, StorageError::Unreachable { tries: 2, .. }), "{fault:?}: {error}");
        assert!(start.elapsed() < Duration::from_secs(5), "{fault:?}: {:?}", start.elapsed());
    }
}

#[test]
fn where_nobody_listens_the_endpoint_is_told() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("an address");
    let store = Store::new(settings(&format!("http://{nobody}"), &[]));
    let error = store.list(&root("s3://corpora/c")).expect_err("nobody");
    let told = format!("cannot read `s3://corpora/c/` from http://{nobody}, tried 4 times");
    assert!(error.to_string().starts_with(&told) && error.hint().contains("AWS_ENDPOINT_URL"), "{error}");
}
