//! One request and its redirects; what an answer that is no success means.

use std::io::Read as _;
use std::time::SystemTime;

use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body, BodyReader};

use crate::error::FetchError;
use crate::location;
use crate::network::{Network, Timings};
use crate::observer::Observer;
use crate::persist::{Again, Trouble, persist};
use crate::retry_after;

/// Redirects that are followed one after another.
const MOST_REDIRECTS: usize = 8;

/// Bytes of a refusal that are read for what it says.
const MOST_SAID_BYTES: u64 = 4096;

/// Characters of it that are told.
const MOST_SAID_CHARS: usize = 200;

/// Makes requests.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    pub(crate) timings: Timings,
}

/// A request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    /// What is posted; nothing is asked for with GET.
    pub(crate) body: Option<&'a str>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// Headers for the server of `url` alone: a redirect to another one goes without.
    pub(crate) secrets: &'a [(String, String)],
}

/// An answer, whatever its status, with its body still to come.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: BodyReader<'static>,
    url: String,
}

impl Client {
    pub(crate) fn new(network: &Network) -> Self {
        Self { agent: network.agent(), timings: network.timings.clone() }
    }

    /// Makes a request once, and follows where it is redirected.
    pub(crate) fn open(&self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let mut url = location::parse(request.url)?;
        let asked = location::origin(&url);
        for _ in 0..=MOST_REDIRECTS {
            let secrets = if location::origin(&url) == asked { request.secrets } else { &[] };
            let response = self.send(request, &url, secrets).map_err(|error| trouble(&url.to_string(), error))?;
            let status = response.status().as_u16();
            let header = response.headers().get("location").and_then(|value| value.to_str().ok());
            match header {
                Some(to) if matches!(status, 301 | 302 | 303 | 307 | 308) => {
                    let to = location::follow(&url, to)?;
                    if request.body.is_some() {
                        let (from, to) = (url.to_string(), to.to_string());
                        return Err(
                            FetchError::Redirect { from, to, why: "a question that is posted stays here" }.into()
                        );
                    }
                    url = to;
                }
                _ => return Ok(Answer::new(response, &url)),
            }
        }
        let (from, to) = (request.url.to_owned(), url.to_string());
        Err(FetchError::Redirect { from, to, why: "it was redirected too often" }.into())
    }

    fn send(
        &self,
        request: &Request<'_>,
        url: &Uri,
        secrets: &[(String, String)],
    ) -> Result<Response<Body>, ureq::Error> {
        let secrets = secrets.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = request.headers.iter().copied().chain(secrets);
        match request.body {
            None => headers.fold(self.agent.get(url), |made, (name, value)| made.header(name, value)).call(),
            Some(body) => headers.fold(self.agent.post(url), |made, (name, value)| made.header(name, value)).send(body),
        }
    }

    /// The whole text that a request brings, tried until it is there, of at most `most_bytes`.
    pub(crate) fn text(
        &self,
        observer: &dyn Observer,
        request: &Request<'_>,
        most_bytes: u64,
    ) -> Result<String, FetchError> {
        persist(&self.timings, observer, request.url, || {
            let mut answer = self.open(request)?;
            if answer.status != 200 {
                return Err(answer.refusal());
            }
            let mut text = Vec::new();
            let mut body = answer.body.by_ref().take(most_bytes + 1);
            body.read_to_end(&mut text).map_err(|error| broken(request.url, &error))?;
            let wrong = |why: String| Trouble::once(FetchError::NoList { url: request.url.to_owned(), why });
            if text.len() as u64 > most_bytes {
                return Err(wrong(format!("it has more than {most_bytes} bytes")));
            }
            String::from_utf8(text).map_err(|_| wrong("it is no text".to_owned()))
        })
    }
}

impl Answer {
    fn new(response: Response<Body>, url: &Uri) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status.as_u16(), headers: head.headers, body: body.into_reader(), url: url.to_string() }
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `true` for a page that is to be looked at.
    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("text/html"))
    }

    /// What the status means, if it is none of success.
    pub(crate) fn refusal(&mut self) -> Trouble {
        let (url, status) = (self.url.clone(), self.status);
        match status {
            404 | 410 => Trouble::never(FetchError::Missing { url, status }),
            408 | 425 | 429 | 500..=599 => {
                let wait = retry_after::asked(&self.headers, SystemTime::now());
                let error = FetchError::Refused { url, status, said: self.said() };
                Trouble { again: Again::Often(wait), ..Trouble::often(error) }
            }
            _ => Trouble::never(FetchError::Refused { url, status, said: self.said() }),
        }
    }

    /// The beginning of what a refusal says, unless it is a page.
    fn said(&mut self) -> Option<String> {
        if self.is_page() || self.header("content-encoding").is_some() {
            return None;
        }
        let mut said = Vec::new();
        // What cannot be read says nothing.
        let _ = self.body.by_ref().take(MOST_SAID_BYTES).read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        let message = serde_json::from_str::<serde_json::Value>(&said)
            .ok()
            .and_then(|value| value.get("message").and_then(|message| message.as_str().map(str::to_owned)));
        let line: Vec<&str> = message.as_deref().unwrap_or(&said).split_whitespace().collect();
        let line: String = line.join(" ").chars().take(MOST_SAID_CHARS).collect();
        (!line.is_empty()).then_some(line)
    }
}

/// An answer that broke off.
pub(crate) fn broken(url: &str, error: &std::io::Error) -> Trouble {
    Trouble::often(FetchError::Unreachable { url: url.to_owned(), why: error.to_string() })
}

/// What an error of the connection means.
fn trouble(url: &str, error: ureq::Error) -> Trouble {
    let (url, why) = (url.to_owned(), error.to_string());
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
            Trouble::never(FetchError::Untrusted { url, why })
        }
        // How a handshake that fails comes out of the socket.
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Trouble::never(FetchError::Untrusted { url, why })
        }
        ureq::Error::HostNotFound | ureq::Error::ConnectProxyFailed(_) => {
            Trouble::once(FetchError::Unreachable { url, why })
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::InvalidProxyUrl => {
            Trouble::never(FetchError::Unreachable { url, why })
        }
        _ => Trouble::often(FetchError::Unreachable { url, why }),
    }
}
