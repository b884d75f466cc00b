//! Credentials, region and endpoint, by the variables that Amazon's own tools read.

use std::fmt;
use std::time::Duration;

use ser_http::{Authorities, NoCertificate, Proxying};

use crate::endpoint::Endpoint;
use crate::error::StorageError;

/// Where nothing else is said.
const DEFAULT_REGION: &str = "us-east-1";

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret: String,
    /// `AWS_SESSION_TOKEN`, of credentials that expire.
    pub session_token: Option<String>,
}

/// Secrets are in no message.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// How long anything is waited for, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Longest time until a connection stands.
    pub connect: Duration,
    /// Longest time until the head of an answer has come.
    pub answer: Duration,
    /// Longest time without a single byte.
    pub silence: Duration,
    /// Least bytes per second of a whole answer, beyond `answer`.
    pub least_speed: u64,
    /// Time before the second try; twice as long before every further one.
    pub first_wait: Duration,
    /// Tries of one request.
    pub tries: u32,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(30),
            least_speed: 20_000,
            first_wait: Duration::from_millis(500),
            tries: 6,
        }
    }
}

/// How a store is spoken to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who asks; without, requests are anonymous.
    pub credentials: Option<Credentials>,
    /// Region that requests are signed for.
    pub region: String,
    pub(crate) endpoint: Endpoint,
    /// How long anything is waited for.
    pub timings: Timings,
    /// Whether requests go through a proxy.
    pub proxying: Proxying,
    pub(crate) authorities: Authorities,
}

impl Settings {
    /// As variables of the environment say, of which `variable` gives the values.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, StorageError> {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let wrong = |name: &str, why: String| StorageError::Variable { variable: name.to_owned(), why };
        let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, set(name)?)));

        // They stand in headers, where other characters mean something.
        let header = |name: &str| match set(name) {
            Some(value) if !value.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(wrong(name, "it has a character that no credential has, perhaps a space".to_owned()))
            }
            value => Ok(value),
        };
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let credentials = match (header(names[0])?, header(names[1])?) {
            (Some(key_id), Some(secret)) => {
                Some(Credentials { key_id, secret, session_token: header("AWS_SESSION_TOKEN")? })
            }
            (None, None) => None,
            (Some(_), None) => return Err(wrong(names[1], format!("it is not set, and `{}` is", names[0]))),
            (None, Some(_)) => return Err(wrong(names[0], format!("it is not set, and `{}` is", names[1]))),
        };
        let region = match first(["AWS_REGION", "AWS_DEFAULT_REGION"]) {
            Some((name, region)) if !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
                return Err(wrong(name, format!("`{region}` is no region: expected one like `eu-central-1`")));
            }
            Some((_, region)) => region,
            None => DEFAULT_REGION.to_owned(),
        };
        let endpoint = match first(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
            Some((name, url)) => Endpoint::parse(&url).map_err(|why| wrong(name, why))?,
            None => Endpoint::of_amazon(&region),
        };
        let authorities = Authorities::from_environment(&["AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"], variable)
            .map_err(|NoCertificate { variable, why }| StorageError::Variable { variable, why })?;
        let (timings, proxying) = (Timings::default(), Proxying::FromEnvironment);
        Ok(Self { credentials, region, endpoint, timings, proxying, authorities })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, StorageError> {
        let found = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Settings::from_environment(&found)
    }

    #[test]
    fn without_variables_requests_are_anonymous_and_go_to_amazon() {
        let settings = with(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_REGION", " ")]).expect("nothing is set");
        assert_eq!((settings.credentials, settings.region.as_str()), (None, "us-east-1"));
        assert_eq!(settings.endpoint.url("corpora"), "https://corpora.s3.us-east-1.amazonaws.com");
    }

    #[test]
    fn the_nearer_variable_counts() {
        let settings = with(&[
            ("AWS_ACCESS_KEY_ID", "id\n"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ENDPOINT_URL", "http://elsewhere"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ])
        .expect("settings");
        let credentials = settings.credentials.clone().expect("credentials");
        assert_eq!((credentials.key_id.as_str(), credentials.session_token.as_deref()), ("id", Some("token")));
        assert_eq!(settings.region, "eu-central-1");
        assert_eq!(settings.endpoint.url("corpora"), "http://127.0.0.1:9000/corpora");
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
    }

    #[test]
    fn a_variable_that_is_of_no_use_is_told() {
        let half = [("AWS_ACCESS_KEY_ID", "id")];
        let token = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "two words")];
        for (pairs, variable, told) in [
            (&half[..], "AWS_SECRET_ACCESS_KEY", "`AWS_ACCESS_KEY_ID` is"),
            (&token, "AWS_SECRET_ACCESS_KEY", "a space"),
            (&[("AWS_REGION", "eu/west")], "AWS_REGION", "`eu/west` is no region"),
            (&[("AWS_ENDPOINT_URL", "127.0.0.1:9000")], "AWS_ENDPOINT_URL", "is no URL"),
        ] {
            let error = with(pairs).expect_err(variable).to_string();
            assert!(error.contains(&format!("`{variable}`")) && error.contains(told), "{error}");
        }
    }
}
