//! How the network is used, by whoever uses it: through which proxy, trusting which certificates, waiting how long.

use std::path::Path;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

/// How long anything is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest time until a connection stands.
    pub connect: Duration,
    /// Longest time until the head of an answer has come.
    pub answer: Duration,
    /// Longest time without a single byte.
    pub silence: Duration,
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

/// Certificates of authorities in place of the well-known ones, as DER.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Option<Vec<Certificate<'static>>>);

/// A variable of the environment that names no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the variable `{variable}` is of no use: {why}")]
pub struct NoCertificate {
    /// The variable.
    pub variable: String,
    /// Why it is of no use.
    pub why: String,
}

impl Authorities {
    /// Of the files and folders that `names`, variables of the environment, name: `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    pub fn from_environment(names: &[&str], variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, NoCertificate> {
        let mut authorities = Vec::new();
        for name in names {
            let Some(value) = variable(name).filter(|value| !value.trim().is_empty()) else { continue };
            let found = certificates(Path::new(&value));
            authorities.extend(found.map_err(|why| NoCertificate { variable: (*name).to_owned(), why })?);
        }
        Ok(Self((!authorities.is_empty()).then_some(authorities)))
    }
}

/// What makes requests. It follows no redirect, takes every status for an answer, and wants bytes as they are. It keeps
/// up to `idle` connections to a server for further requests.
pub fn agent(authorities: &Authorities, proxying: Proxying, patience: &Patience, idle: usize) -> Agent {
    let roots = match &authorities.0 {
        Some(authorities) => RootCerts::from(authorities.iter().cloned()),
        None => RootCerts::WebPki,
    };
    let proxy = match proxying {
        Proxying::FromEnvironment => Proxy::try_from_env(),
        Proxying::Off => None,
    };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(idle.max(10))
        .max_idle_connections_per_host(idle)
        .user_agent(concat!("ser/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.answer))
        .timeout_per_read(Some(patience.silence))
        .timeout_per_write(Some(patience.silence));
    config.build().new_agent()
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
            let variable = |known: &str| (known == name).then(|| value.to_owned());
            let error = Authorities::from_environment(&["SSL_CERT_FILE", "SSL_CERT_DIR"], &variable)
                .expect_err("no certificate")
                .to_string();
            assert!(error.contains(&format!("`{name}`")) && error.contains(told), "{error}");
        }
        let none = Authorities::from_environment(&["SSL_CERT_FILE"], &|_| Some(" ".to_owned())).expect("not set");
        assert!(none.0.is_none());
    }

    #[test]
    fn certificates_of_an_authority_are_read() {
        // Any bytes between the marks are a certificate until a connection is made with it.
        let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates_in(format!("# a note\n{pem}{pem}").as_bytes()).len(), 2);
    }
}
