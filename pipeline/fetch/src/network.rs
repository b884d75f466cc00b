//! How the network is used: base URLs, timings, proxy and certificates.

use std::path::Path;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

use crate::error::FetchError;

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

/// Whether requests go through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proxying {
    /// As `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    #[default]
    FromEnvironment,
    /// Never.
    Off,
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
    authorities: Option<Vec<Certificate<'static>>>,
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
        let mut authorities = Vec::new();
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            let Some(value) = set(name) else { continue };
            let found = certificates(Path::new(&value));
            authorities.extend(found.map_err(|why| FetchError::Variable { variable: name.to_owned(), why })?);
        }
        let authorities = (!authorities.is_empty()).then_some(authorities);
        Ok(Self { bases, authorities, ..Self::default() })
    }

    /// What makes requests. It follows no redirect and takes every status for an answer.
    pub(crate) fn agent(&self) -> Agent {
        let roots = match &self.authorities {
            Some(authorities) => RootCerts::from(authorities.iter().cloned()),
            None => RootCerts::WebPki,
        };
        let proxy = match self.proxying {
            Proxying::FromEnvironment => Proxy::try_from_env(),
            Proxying::Off => None,
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("ser/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .proxy(proxy)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_resolve(Some(self.timings.connect))
            .timeout_connect(Some(self.timings.connect))
            .timeout_recv_response(Some(self.timings.answer))
            .timeout_per_read(Some(self.timings.silence))
            .timeout_per_write(Some(self.timings.silence));
        config.build().new_agent()
    }
}

/// The certificates in a file of PEM, or in all such files of a folder.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let cannot = |error: std::io::Error| format!("cannot read `{}`: {error}", path.display());
    let mut found = Vec::new();
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(cannot)?;
        let mut files: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        files.sort();
        // Other things lie in such folders, too: revocation lists, notes.
        let texts = files.iter().filter_map(|file| std::fs::read(file).ok());
        texts.for_each(|text| found.extend(certificates_in(&text)));
    } else {
        found = certificates_in(&std::fs::read(path).map_err(cannot)?);
    }
    if found.is_empty() { Err(format!("there is no certificate (PEM) in `{}`", path.display())) } else { Ok(found) }
}

fn certificates_in(text: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(text).filter_map(Result::ok);
    items
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect()
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

    #[test]
    fn a_file_without_certificates_is_told_with_its_variable() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "no certificate\n").expect("write");
        let (file, nowhere) = (file.display().to_string(), folder.path().join("none").display().to_string());
        for (name, value, told) in [
            ("SSL_CERT_FILE", file.as_str(), "there is no certificate"),
            ("SSL_CERT_DIR", &folder.path().display().to_string(), "there is no certificate"),
            ("SSL_CERT_FILE", &nowhere, "cannot read"),
        ] {
            let error = with(&[(name, value)]).expect_err("no certificate").to_string();
            assert!(error.contains(&format!("`{name}`")) && error.contains(told), "{error}");
        }
    }

    #[test]
    fn certificates_of_an_authority_are_read() {
        // Any bytes between the marks are a certificate until a connection is made with it.
        let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates_in(format!("# a note\n{pem}{pem}").as_bytes()).len(), 2);
    }
}
