//! How the network is used: base URLs, timings, proxy and certificates.

use std::time::Duration;

use ser_http::{Authorities, NoCertificate, Patience, Proxying, agent};
use ureq::Agent;

use crate::error::FetchError;

/// Connections that are kept for further requests.
const IDLE: usize = 3;

/// Base URLs in place of the publishers', one for each kind of source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bases {
    /// In place of `https://zenodo.org`.
    pub zenodo: Option<String>,
    /// In place of the installation that a source names.
    pub dataverse: Option<String>,
    /// In place of `https://github.com` and of `https://codeload.github.com`.
    pub git_lfs: Option<String>,
}

/// How long anything is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timings {
    /// Longest time until a connection stands.
    pub connect: Duration,
    /// Longest time until the head of an answer has come.
    pub answer: Duration,
    /// Longest time without a single byte.
    pub silence: Duration,
    /// Time over which the least speed is asked for.
    pub slow: Duration,
    /// Least bytes in that time.
    pub slow_bytes: u64,
    /// Time before the second try; twice as long before every further one.
    pub first_wait: Duration,
    /// Longest time before another try that was not asked for.
    pub longest_wait: Duration,
    /// Longest time that a server may ask for.
    pub longest_asked: Duration,
    /// Tries that bring nothing new, one after another.
    pub tries: u32,
    /// Least time between the starts of requests to a Dataverse.
    pub dataverse_pace: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            connect: s(30),
            answer: s(60),
            silence: s(30),
            slow: s(60),
            slow_bytes: 30_000,
            first_wait: s(1),
            longest_wait: s(60),
            longest_asked: s(900),
            tries: 5,
            dataverse_pace: Duration::from_millis(500),
        }
    }
}

/// How the network is used.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Base URLs in place of the publishers'.
    pub bases: Bases,
    /// How long anything is waited for.
    pub timings: Timings,
    /// Whether requests go through a proxy.
    pub proxying: Proxying,
    /// Certificates of authorities in place of the well-known ones, as DER.
    authorities: Authorities,
}

impl Network {
    /// The variable with a base URL for a kind of source, as descriptors name it: `SER_FETCH_BASE_GIT_LFS`.
    fn variable(kind: &str) -> String {
        format!("SER_FETCH_BASE_{}", kind.to_ascii_uppercase().replace('-', "_"))
    }

    /// As the environment says: base URLs in `SER_FETCH_BASE_*`, a proxy in the usual variables, certificates of
    /// authorities in `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, FetchError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let base = |kind: &str| -> Result<Option<String>, FetchError> {
            let name = Self::variable(kind);
            let Some(base) = set(&name) else { return Ok(None) };
            if base.starts_with("https://") || base.starts_with("http://") {
                return Ok(Some(base.trim_end_matches('/').to_owned()));
            }
            let why = format!("`{base}` is no URL: expected one that begins with `https://`");
            Err(FetchError::Variable { variable: name, why })
        };
        let bases = Bases { zenodo: base("zenodo")?, dataverse: base("dataverse")?, git_lfs: base("git-lfs")? };
        let authorities = Authorities::from_environment(&["SSL_CERT_FILE", "SSL_CERT_DIR"], variable)
            .map_err(|NoCertificate { variable, why }| FetchError::Variable { variable, why })?;
        Ok(Self { bases, authorities, ..Self::default() })
    }

    /// What makes requests. It follows no redirect and takes every status for an answer.
    pub(crate) fn agent(&self) -> Agent {
        let Timings { connect, answer, silence, .. } = self.timings;
        agent(&self.authorities, self.proxying, &Patience { connect, answer, silence }, IDLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Network, FetchError> {
        let found = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Network::from_environment(&found)
    }

    #[test]
    fn bases_come_from_variables_of_their_kinds() {
        let network = with(&[("SER_FETCH_BASE_GIT_LFS", "http://127.0.0.1:9/"), ("SER_FETCH_BASE_ZENODO", " ")]);
        let bases = network.expect("variables").bases;
        assert_eq!(bases, Bases { git_lfs: Some("http://127.0.0.1:9".to_owned()), ..Bases::default() });
        let error = with(&[("SER_FETCH_BASE_DATAVERSE", "localhost")]).expect_err("no URL").to_string();
        assert!(error.contains("`SER_FETCH_BASE_DATAVERSE`") && error.contains("`localhost` is no URL"), "{error}");
    }
}
