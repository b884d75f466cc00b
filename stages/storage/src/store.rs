//! Both requests: what is below a prefix, and the bytes of an object.

use std::collections::HashSet;
use std::io::Read as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chrono::Utc;
use ser_http::{Patience, agent};
use ser_text::percent_encoded;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::address::{Address, no_path};
use crate::error::StorageError;
use crate::mark::Mark;
use crate::page::Page;
use crate::parallel::AT_ONCE;
use crate::persist::{Trouble, persist};
use crate::refusal::{Asked, Refusal};
use crate::root::Prefix;
use crate::settings::Settings;
use crate::sign::{self, Request};

/// Bytes of a page of a listing at most: a thousand keys of 1024 characters, each written as `%XX`, are 4 MB.
const MOST_PAGE_BYTES: u64 = 32 << 20;

/// Bytes of a page that its time is counted by.
const USUAL_PAGE_BYTES: u64 = 4 << 20;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Pages of a listing at most: a hundred million objects.
const MOST_PAGES: usize = 100_000;

/// Pages without an object, one after another: a store may skip what was deleted.
const MOST_EMPTY_PAGES: usize = 1000;

/// Bytes of a refusal that are read for what it says.
const MOST_SAID_BYTES: u64 = 64 << 10;

/// An object below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key behind the prefix.
    pub below: String,
    /// Where it lies.
    pub address: Address,
    /// What it was when it was listed.
    pub mark: Mark,
    /// Why its key is no path below a folder.
    pub no_path: Option<String>,
}

/// Object storage that speaks S3.
#[derive(Debug)]
pub struct Store {
    settings: Settings,
    agent: Agent,
}

impl Store {
    /// The store that `settings` describe; nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        let timings = &settings.timings;
        let patience = Patience { connect: timings.connect, answer: timings.answer, silence: timings.silence };
        let agent = agent(&settings.authorities, settings.proxying, &patience, 2 * AT_ONCE);
        Self { settings, agent }
    }

    /// The store that the environment names; one for the whole process, with its connections.
    pub fn shared() -> Result<&'static Self, StorageError> {
        static SHARED: OnceLock<Store> = OnceLock::new();
        if let Some(store) = SHARED.get() {
            return Ok(store);
        }
        let settings = Settings::from_environment(&|name| std::env::var(name).ok())?;
        Ok(SHARED.get_or_init(|| Self::new(settings)))
    }

    /// Everything below `root`, in the order of keys. Marks of folders, empty and with `/` at their end, are left out; `None` where
    /// there is nothing at all, not even such a mark.
    pub fn list(&self, root: &Prefix) -> Result<Option<Vec<Listed>>, StorageError> {
        let mut listed = Vec::new();
        let mut anything = false;
        for (key, mark) in self.keys(root.bucket(), root.prefix())? {
            anything = true;
            // Other keys than asked for are the answer of no store; they would be files of another corpus.
            let Some(below) = key.strip_prefix(root.prefix()) else {
                let why = format!("the key `{key}` was not asked for");
                return Err(StorageError::Listing { endpoint: self.endpoint(), what: root.to_string(), why });
            };
            // The mark of a folder holds nothing; what holds something is no mark, whatever its key ends with.
            if below.is_empty() || (below.ends_with('/') && mark.bytes == 0) {
                continue;
            }
            let (below, address) = (below.to_owned(), Address { bucket: root.bucket().to_owned(), key: key.clone() });
            listed.push(Listed { no_path: no_path(&below), below, address, mark });
        }
        listed.sort_by(|a, b| a.below.cmp(&b.below));
        // A page that came twice would be a clip that is there twice.
        listed.dedup_by(|a, b| a.below == b.below);
        Ok(anything.then_some(listed))
    }

    /// How the object at `address` is; `None` where there is none.
    pub fn find(&self, address: &Address) -> Result<Option<Mark>, StorageError> {
        // The key itself comes before all keys that begin with it.
        let page = self.page(&address.bucket, &address.key, None, Some(1))?;
        Ok(page.objects.into_iter().find(|(key, _)| *key == address.key).map(|(_, mark)| mark))
    }

    /// All bytes of the object at `address`, at most `most_bytes`. With `mark` it must be what it was when it was
    /// listed.
    pub fn read(&self, address: &Address, mark: Option<&Mark>, most_bytes: u64) -> Result<Vec<u8>, StorageError> {
        let what = address.to_string();
        let too_large = |bytes| StorageError::TooLarge { object: what.clone(), bytes, most: most_bytes };
        if let Some(mark) = mark
            && mark.bytes > most_bytes
        {
            return Err(too_large(mark.bytes));
        }
        persist(&self.settings.timings, || {
            let etag = mark.map(|mark| mark.etag.as_str());
            let mut response = self.send(&address.bucket, &address.key, &[], etag, &what)?;
            if response.status().as_u16() != 200 {
                return Err(self.refusal(&mut response, &address.bucket, &what));
            }
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
            let changed = || Trouble::lasting(StorageError::Changed { object: what.clone() });
            let found = header("etag");
            if etag.is_some_and(|expected| found.is_some_and(|found| found != expected)) {
                return Err(changed());
            }
            let length: Option<u64> = header("content-length").and_then(|length| length.trim().parse().ok());
            match (length, mark) {
                (Some(length), Some(mark)) if length != mark.bytes && found.is_none() => return Err(changed()),
                (Some(length), Some(mark)) if length != mark.bytes => {
                    let why = format!("expected {} bytes, {length} are announced", mark.bytes);
                    return Err(self.broken(&what, &why));
                }
                (Some(length), None) if length > most_bytes => return Err(Trouble::lasting(too_large(length))),
                _ => {}
            }
            let expected = length.or(mark.map(|mark| mark.bytes));
            let Some(expected) = expected else {
                let why = "it does not say how long the object is".to_owned();
                return Err(Trouble::lasting(StorageError::NoStore {
                    endpoint: self.endpoint(),
                    what: what.clone(),
                    why,
                }));
            };
            let bytes = self.body(&mut response, &what, expected, expected)?;
            if bytes.len() as u64 != expected {
                let why = format!("expected {expected} bytes, found {}", bytes.len());
                return Err(self.broken(&what, &why));
            }
            Ok(bytes)
        })
    }

    fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<(String, Mark)>, StorageError> {
        let wrong = |why: &str| StorageError::Listing {
            endpoint: self.endpoint(),
            what: Address { bucket: bucket.to_owned(), key: prefix.to_owned() }.to_string(),
            why: why.to_owned(),
        };
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        let mut tokens = HashSet::new();
        let mut empty = 0;
        for _ in 0..MOST_PAGES {
            let page = self.page(bucket, prefix, token.as_deref(), None)?;
            empty = if page.objects.is_empty() { empty + 1 } else { 0 };
            keys.extend(page.objects);
            match page.next {
                None => return Ok(keys),
                Some(next) if !tokens.insert(next.clone()) => return Err(wrong("its pages lead in a circle")),
                Some(_) if empty >= MOST_EMPTY_PAGES => return Err(wrong("its pages hold nothing and do not end")),
                next => token = next,
            }
        }
        Err(wrong("it does not end"))
    }

    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        token: Option<&str>,
        most_keys: Option<u32>,
    ) -> Result<Page, StorageError> {
        let what = Address { bucket: bucket.to_owned(), key: prefix.to_owned() }.to_string();
        // In the order of names, as the signature wants it.
        let mut query: Vec<(&str, String)> = Vec::new();
        query.extend(token.map(|token| ("continuation-token", token.to_owned())));
        query.push(("encoding-type", "url".to_owned()));
        query.push(("list-type", "2".to_owned()));
        query.extend(most_keys.map(|most| ("max-keys", most.to_string())));
        query.push(("prefix", prefix.to_owned()));
        persist(&self.settings.timings, || {
            let mut response = self.send(bucket, "", &query, None, &what)?;
            if response.status().as_u16() != 200 {
                return Err(self.refusal(&mut response, bucket, &what));
            }
            let text = self.text(&mut response, &what)?;
            Page::parse(&text).map_err(|why| {
                // A store that fails late says so with status 200.
                let trouble = Refusal { status: 200, body: &text, ..Refusal::default() };
                let meaning = trouble.meaning(&self.asked(bucket, &what, &self.endpoint()));
                if meaning.passes || text.contains("<Error>") {
                    return meaning;
                }
                let is_listing = text.contains("<ListBucketResult");
                if is_listing && !text.contains("</ListBucketResult>") {
                    return self.broken(&what, "the listing ends in the middle of a page");
                }
                let (endpoint, what) = (self.endpoint(), what.clone());
                Trouble::lasting(if is_listing {
                    StorageError::Listing { endpoint, what, why }
                } else {
                    StorageError::NoStore { endpoint, what, why }
                })
            })
        })
    }

    /// Makes a request once.
    fn send(
        &self,
        bucket: &str,
        key: &str,
        query: &[(&str, String)],
        if_match: Option<&str>,
        what: &str,
    ) -> Result<Response<Body>, Trouble> {
        let Settings { endpoint, credentials, region, .. } = &self.settings;
        let host = endpoint.host(bucket);
        let path = format!("{}/{}", endpoint.path(bucket), percent_encoded(key, b"/"));
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value, b""))).collect();
        let query = query.join("&");
        let url = format!("{}/{}", endpoint.url(bucket), percent_encoded(key, b"/"));
        let url = if query.is_empty() { url } else { format!("{url}?{query}") };
        let request = Request { host: &host, path: &path, query: &query, headers: &[] };
        let signature = credentials
            .as_ref()
            .map(|credentials| sign::headers(&request, credentials, region, Utc::now()))
            .unwrap_or_default();
        let mut made = self.agent.get(url).header("host", &host);
        for (name, value) in &signature {
            made = made.header(*name, value);
        }
        if let Some(etag) = if_match {
            made = made.header("if-match", etag);
        }
        made.call().map_err(|error| self.trouble(what, &error))
    }

    /// What an answer brings, up to a byte more than `most`. It may take as long as `usual` bytes do.
    fn body(&self, response: &mut Response<Body>, what: &str, most: u64, usual: u64) -> Result<Vec<u8>, Trouble> {
        let timings = &self.settings.timings;
        let longest = timings.answer + Duration::from_secs(usual / timings.least_speed.max(1));
        let start = Instant::now();
        let no_memory = |bytes| Trouble::lasting(StorageError::NoMemory { object: what.to_owned(), bytes });
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(usize::try_from(usual.min(most)).unwrap_or(usize::MAX)).is_err() {
            return Err(no_memory(usual.min(most)));
        }
        let mut body = response.body_mut().as_reader().take(most.saturating_add(1));
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = body.read(&mut chunk).map_err(|error| self.broken(what, &error.to_string()))?;
            if count == 0 {
                return Ok(bytes);
            }
            if bytes.try_reserve(count).is_err() {
                return Err(no_memory(most));
            }
            bytes.extend_from_slice(&chunk[..count]);
            // A byte now and then keeps a connection alive for ever.
            if start.elapsed() > longest {
                let why = format!("only {} bytes came in {} s", bytes.len(), longest.as_secs_f64());
                return Err(self.broken(what, &why));
            }
        }
    }

    fn text(&self, response: &mut Response<Body>, what: &str) -> Result<String, Trouble> {
        let text = self.body(response, what, MOST_PAGE_BYTES, USUAL_PAGE_BYTES)?;
        let no_store = |why: String| {
            Trouble::lasting(StorageError::NoStore { endpoint: self.endpoint(), what: what.to_owned(), why })
        };
        if text.len() as u64 > MOST_PAGE_BYTES {
            return Err(no_store(format!("it says more than {MOST_PAGE_BYTES} bytes")));
        }
        String::from_utf8(text).map_err(|_| no_store("what it says is no text".to_owned()))
    }

    fn refusal(&self, response: &mut Response<Body>, bucket: &str, what: &str) -> Trouble {
        // What cannot be read says nothing.
        let body = self.body(response, what, MOST_SAID_BYTES, MOST_SAID_BYTES).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let refusal = Refusal {
            status: response.status().as_u16(),
            body: &body,
            region: header("x-amz-bucket-region"),
            location: header("location"),
        };
        refusal.meaning(&self.asked(bucket, what, &self.endpoint()))
    }

    fn asked<'a>(&'a self, bucket: &'a str, what: &'a str, endpoint: &'a str) -> Asked<'a> {
        let Settings { credentials, region, .. } = &self.settings;
        Asked { what, bucket, endpoint, region, anonymous: credentials.is_none() }
    }

    fn endpoint(&self) -> String {
        self.settings.endpoint.base()
    }

    /// An answer that broke off.
    fn broken(&self, what: &str, why: &str) -> Trouble {
        let (endpoint, what, why) = (self.endpoint(), what.to_owned(), why.to_owned());
        Trouble::passing(StorageError::Unreachable { endpoint, what, why, tries: 1 })
    }

    /// What an error of the connection means.
    fn trouble(&self, what: &str, error: &ureq::Error) -> Trouble {
        let why = error.to_string();
        let is_untrusted = match error {
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => true,
            // How a handshake that fails comes out of the socket.
            ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
            _ => false,
        };
        // What rustls says of an answer that is none of TLS; there is no certificate that could be trusted.
        if is_untrusted && why.contains("InvalidContentType") {
            let (endpoint, what) = (self.endpoint(), what.to_owned());
            let why = "it speaks no TLS there; perhaps `http://` is meant".to_owned();
            return Trouble::lasting(StorageError::NoStore { endpoint, what, why });
        }
        if is_untrusted {
            return Trouble::lasting(StorageError::Untrusted { endpoint: self.endpoint(), why });
        }
        let broken = self.broken(what, &why);
        let lasts = matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::InvalidProxyUrl);
        Trouble { passes: !lasts, ..broken }
    }
}
