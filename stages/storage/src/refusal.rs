//! What an answer that is no success means.

use roxmltree::Document;

use crate::error::StorageError;
use crate::page::text_of;
use crate::persist::Trouble;

/// Characters of a store's own words that are told.
const MOST_SAID_CHARS: usize = 200;

/// Codes of a store that is busy, whatever the status.
const BUSY: [&str; 9] = [
    "SlowDown",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "RequestThrottled",
    "TooManyRequests",
    "RequestLimitExceeded",
];

/// An answer that is no success.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Refusal<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
    /// Header `x-amz-bucket-region`.
    pub(crate) region: Option<&'a str>,
    /// Header `location`.
    pub(crate) location: Option<&'a str>,
}

/// What was asked, by whom and whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Address of the object or of the prefix.
    pub(crate) what: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) region: &'a str,
    pub(crate) anonymous: bool,
}

/// What the XML of an error says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Said {
    code: String,
    message: String,
    region: Option<String>,
}

impl Refusal<'_> {
    /// What it means.
    pub(crate) fn meaning(&self, asked: &Asked<'_>) -> Trouble {
        let said = Said::of(self.body);
        let (what, endpoint) = (asked.what.to_owned(), asked.endpoint.to_owned());
        let words = said.words();
        let code = said.code.as_str();
        if matches!(self.status, 408 | 425 | 429 | 500..=599) || BUSY.contains(&code) {
            let status = self.status;
            return Trouble::passing(StorageError::Refused { endpoint, what, status, said: words, tries: 1 });
        }
        let region = self.region.map(str::to_owned).or(said.region.clone()).filter(|region| region != asked.region);
        let is_redirect = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        Trouble::lasting(match code {
            "NoSuchBucket" => StorageError::NoBucket { bucket: asked.bucket.to_owned(), endpoint },
            "NoSuchKey" => StorageError::Gone { object: what },
            "PreconditionFailed" => StorageError::Changed { object: what },
            "InvalidObjectState" => StorageError::Archived { object: what, said: words },
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => StorageError::Expired { said: words },
            "RequestTimeTooSkewed" | "RequestExpired" => StorageError::Clock { endpoint, said: words },
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidClientTokenId" => {
                StorageError::Credentials { endpoint, said: words }
            }
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
                if is_redirect || region.is_some() =>
            {
                let (bucket, asked) = (asked.bucket.to_owned(), asked.region.to_owned());
                StorageError::OtherRegion { bucket, found: region, asked }
            }
            _ if is_redirect && region.is_some() => {
                let (bucket, asked) = (asked.bucket.to_owned(), asked.region.to_owned());
                StorageError::OtherRegion { bucket, found: region, asked }
            }
            _ if is_redirect => {
                // What a query says may be a secret.
                let place = |to: &str| cut(to.split(['?', '#']).next().unwrap_or_default());
                let to = self.location.map(|to| format!(" to {}", place(to))).unwrap_or_default();
                StorageError::NoStore { endpoint, what, why: format!("status {}, a redirect{to}", self.status) }
            }
            _ if self.status == 412 => StorageError::Changed { object: what },
            "" if self.status == 404 => {
                StorageError::NoStore { endpoint, what, why: "status 404, and not a word of S3".to_owned() }
            }
            _ if matches!(self.status, 401 | 403) => {
                StorageError::Denied { what, anonymous: asked.anonymous, said: words }
            }
            _ => StorageError::Refused { endpoint, what, status: self.status, said: words, tries: 1 },
        })
    }
}

impl Said {
    fn of(body: &str) -> Self {
        let Ok(document) = Document::parse(body.trim_start()) else { return Self::default() };
        let root = document.root_element();
        if root.tag_name().name() != "Error" {
            return Self::default();
        }
        let text = |name: &str| text_of(root, name).unwrap_or_default().trim().to_owned();
        let is_region = |region: &String| {
            !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && region.len() < 64
        };
        Self { code: text("Code"), message: text("Message"), region: Some(text("Region")).filter(is_region) }
    }

    fn words(&self) -> String {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => cut(message),
            (code, "") => cut(code),
            (code, message) => cut(&format!("{message} ({code})")),
        }
    }
}

fn cut(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MOST_SAID_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, body: &str, region: Option<&str>) -> Trouble {
        let asked = Asked {
            what: "s3://corpora/a.wav",
            bucket: "corpora",
            endpoint: "https://host",
            region: "us-east-1",
            anonymous: false,
        };
        Refusal { status, body, region, location: None }.meaning(&asked)
    }

    fn error(code: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Why  not</Message></Error>")
    }

    #[test]
    fn codes_decide_before_the_status() {
        for (status, code, told) in [
            (404, "NoSuchBucket", "there is no bucket `corpora` at https://host"),
            (404, "NoSuchKey", "there is no object `s3://corpora/a.wav`"),
            (412, "PreconditionFailed", "has changed since it was listed"),
            (403, "AccessDenied", "not allowed to read `s3://corpora/a.wav` with these credentials: Why not"),
            (403, "InvalidAccessKeyId", "credentials are not accepted"),
            (403, "SignatureDoesNotMatch", "credentials are not accepted"),
            (400, "ExpiredToken", "credentials have expired"),
            (403, "RequestTimeTooSkewed", "clock of this machine"),
            (403, "InvalidObjectState", "in an archive"),
            (400, "InvalidArgument", "status 400, tried once: Why not (InvalidArgument)"),
            (301, "PermanentRedirect", "lies in another region"),
        ] {
            let trouble = meaning(status, &error(code), None);
            assert!(trouble.error.to_string().contains(told), "{code}: {}", trouble.error);
            assert!(!trouble.passes && !trouble.error.hint().is_empty(), "{code}");
        }
    }

    #[test]
    fn a_store_that_is_busy_is_asked_again() {
        for (status, code) in [(503, "SlowDown"), (200, "InternalError"), (400, "RequestTimeout"), (429, ""), (500, "")]
        {
            assert!(meaning(status, &error(code), None).passes, "{status} {code}");
        }
        assert!(meaning(502, "<html>Bad gateway", None).passes);
    }

    #[test]
    fn the_region_of_the_bucket_is_told() {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>";
        for trouble in [meaning(400, body, None), meaning(301, "", Some("eu-west-3")), meaning(307, body, None)] {
            let error = trouble.error.to_string();
            assert!(error.contains("region `eu-west-3`") && error.contains("in `us-east-1`"), "{error}");
            assert_eq!(trouble.error.hint(), "set `AWS_REGION=eu-west-3`");
        }
        let malformed = meaning(400, &error("AuthorizationHeaderMalformed"), None).error;
        assert!(matches!(malformed, StorageError::Refused { status: 400, .. }), "{malformed}");
        let spoof = "<Error><Code>PermanentRedirect</Code><Region>x; rm -rf</Region></Error>";
        assert!(matches!(meaning(301, spoof, None).error, StorageError::OtherRegion { found: None, .. }));
    }

    #[test]
    fn what_is_no_store_is_told() {
        for (status, body) in [(404, "<html>Not found</html>"), (404, ""), (302, "")] {
            let error = meaning(status, body, None).error;
            assert!(matches!(error, StorageError::NoStore { .. }), "{error}");
            assert!(error.to_string().contains("https://host does not answer as object storage does"), "{error}");
        }
    }
}
