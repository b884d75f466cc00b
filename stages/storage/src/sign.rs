//! AWS Signature Version 4 in the header of a request without a body.
//!
//! By <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>, whose examples are the tests.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::settings::Credentials;

/// SHA-256 of no bytes at all.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A GET request, as it goes out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) host: &'a str,
    /// Encoded.
    pub(crate) path: &'a str,
    /// Encoded, in the order of names.
    pub(crate) query: &'a str,
    /// Further headers that are signed, with lower-case names.
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

/// The headers that sign `request`, which has none but those.
pub(crate) fn headers(
    request: &Request<'_>,
    credentials: &Credentials,
    region: &str,
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let time = now.format("%Y%m%dT%H%M%SZ").to_string();
    let day = time.get(..8).unwrap_or_default();
    let mut added = vec![("x-amz-content-sha256", EMPTY_SHA256.to_owned()), ("x-amz-date", time.clone())];
    added.extend(credentials.session_token.clone().map(|token| ("x-amz-security-token", token)));

    let mut signed: Vec<(&str, &str)> = vec![("host", request.host)];
    signed.extend(request.headers);
    signed.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    signed.sort_unstable();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = signed.iter().flat_map(|(name, value)| [*name, ":", value.trim(), "\n"]).collect();
    let canonical = format!("GET\n{}\n{}\n{lines}\n{names}\n{EMPTY_SHA256}", request.path, request.query);

    let scope = format!("{day}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let key = [day, region, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", credentials.secret).into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &to_sign));
    let key_id = &credentials.key_id;
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}");
    added.push(("authorization", authorization));
    added
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // Keys of any length are taken: longer ones than a block are hashed first.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.chain_update(text.as_bytes()).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        }
    }

    fn authorization(request: &Request<'_>, credentials: &Credentials) -> String {
        let now = Utc.with_ymd_and_hms(2013, 5, 24, 0, 0, 0).single().expect("a time");
        let headers = headers(request, credentials, "us-east-1", now);
        headers.into_iter().find(|(name, _)| *name == "authorization").expect("a signature").1
    }

    #[test]
    fn amazons_example_of_an_object() {
        let request = Request {
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: "",
            headers: &[("range", "bytes=0-9")],
        };
        assert_eq!(
            authorization(&request, &credentials()),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn amazons_examples_of_a_bucket() {
        for (query, signature) in [
            ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ] {
            let request = Request { host: "examplebucket.s3.amazonaws.com", path: "/", query, headers: &[] };
            let authorization = authorization(&request, &credentials());
            assert!(authorization.ends_with(&format!("Signature={signature}")), "{query}: {authorization}");
        }
    }
}
