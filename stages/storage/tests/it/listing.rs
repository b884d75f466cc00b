//! What is below a prefix, in pages and with the names that keys can have.

use ser_storage::{Mark, StorageError};

use crate::server::{Fault, Server, address, root};

fn below(server: &Server, at: &str) -> Option<Vec<String>> {
    let listed = server.store().list(&root(at)).expect("a listing")?;
    Some(listed.into_iter().map(|listed| listed.below).collect())
}

#[test]
fn a_listing_goes_on_over_all_its_pages() {
    let server = Server::start();
    let keys: Vec<String> = (0..25).map(|number| format!("ravdess/Actor_{number:02}/ü+ {number}.wav")).collect();
    for key in &keys {
        server.put(key, key.as_bytes());
    }
    server.put("ravdess2/x.wav", b"x");
    server.put("x.wav", b"x");
    server.page(10);
    let listed = server.store().list(&root("s3://corpora/ravdess")).expect("a listing").expect("something");
    let found: Vec<&str> = listed.iter().map(|listed| listed.address.key.as_str()).collect();
    assert_eq!(found, keys);
    assert!(
        listed.iter().all(|listed| listed.no_path.is_none() && listed.mark.bytes == listed.address.key.len() as u64)
    );
    assert_eq!(listed[3].below, "Actor_03/ü+ 3.wav");
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|asked| asked.query["prefix"] == "ravdess/"));
    assert_eq!(below(&server, "s3://corpora").expect("something").len(), 27);
}

#[test]
fn nothing_is_none_and_a_mark_of_a_folder_is_an_empty_one() {
    let server = Server::start();
    server.put("full/x.wav", b"x");
    server.put("empty/", b"");
    server.put("full/sub/", b"");
    assert_eq!(below(&server, "s3://corpora/nothing"), None);
    assert_eq!(below(&server, "s3://corpora/ful"), None, "the beginning of a name is no folder");
    assert_eq!(below(&server, "s3://corpora/empty"), Some(Vec::new()));
    assert_eq!(below(&server, "s3://corpora/full"), Some(vec!["x.wav".to_owned()]));
}

#[test]
fn keys_that_are_no_paths_are_listed_with_why() {
    let server = Server::start();
    for key in ["c//a.wav", "c/../a.wav", "c/a/./b.wav", "c//", "c/good.wav", "c/line\nfeed.wav", "c/..b.wav"] {
        server.put(key, b"x");
    }
    let listed = server.store().list(&root("s3://corpora/c")).expect("a listing").expect("something");
    let told: Vec<(&str, bool)> =
        listed.iter().map(|listed| (listed.below.as_str(), listed.no_path.is_some())).collect();
    let expected = [
        ("../a.wav", true),
        ("..b.wav", false),
        ("/", true),
        ("/a.wav", true),
        ("a/./b.wav", true),
        ("good.wav", false),
        ("line\nfeed.wav", false),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_object_is_found_by_its_whole_key() {
    let server = Server::start();
    server.put("c/table.csv", b"a,b\n");
    server.put("c/table.csv.bak", b"a\n");
    let found = |key: &str| server.store().find(&address(key)).expect("an answer");
    assert!(matches!(found("c/table.csv"), Some(Mark { bytes: 4, .. })));
    assert_eq!(found("c/table"), None);
    assert_eq!(found("nothing"), None);
}

#[test]
fn a_listing_that_cannot_be_whole_is_an_error() {
    let page = |inside: &str| {
        let text = format!("<ListBucketResult>{inside}</ListBucketResult>");
        Fault::Status(200, &[], text)
    };
    let cut = "<IsTruncated>true</IsTruncated>";
    let next = |token: &str| format!("<NextContinuationToken>{token}</NextContinuationToken>");
    let token = next("t");
    let foreign = "<Contents><Key>other/x.wav</Key><Size>1</Size><ETag>\"x\"</ETag></Contents>";
    for (faults, told) in [
        (vec![page(cut)], "there is no token for the next page"),
        (vec![page(&format!("{cut}{token}")); 2], "its pages lead in a circle"),
        (["a", "b", "a"].map(|token| page(&format!("{cut}{}", next(token)))).to_vec(), "its pages lead in a circle"),
        (vec![page(foreign)], "the key `other/x.wav` was not asked for"),
    ] {
        let server = Server::start();
        server.faults(faults);
        let error = server.store().list(&root("s3://corpora/c")).expect_err(told);
        assert!(matches!(error, StorageError::Listing { .. }) && error.to_string().contains(told), "{error}");
    }
}

#[test]
fn pages_without_an_object_end() {
    let server = Server::start();
    let page = |number: usize| {
        let token = format!("<NextContinuationToken>{number}</NextContinuationToken>");
        let text = format!("<ListBucketResult><IsTruncated>true</IsTruncated>{token}</ListBucketResult>");
        Fault::Status(200, &[], text)
    };
    server.faults((0..2000).map(page));
    let error = server.store().list(&root("s3://corpora/c")).expect_err("no end").to_string();
    assert!(error.contains("hold nothing and do not end"), "{error}");
}

#[test]
fn an_object_that_comes_twice_is_there_once() {
    let server = Server::start();
    let object = "<Contents><Key>c/x.wav</Key><Size>1</Size><ETag>\"x\"</ETag></Contents>";
    let text = format!("<ListBucketResult>{object}{object}</ListBucketResult>");
    server.faults([Fault::Status(200, &[], text)]);
    assert_eq!(below(&server, "s3://corpora/c"), Some(vec!["x.wav".to_owned()]));
}
