//! A store on loopback with one bucket, `corpora`, that does to its next answers what it is told to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ser_storage::{Address, Prefix, Proxying, Root, Settings, Store};

/// What is done to one answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// A status, with headers and a body.
    Status(u16, &'static [(&'static str, &'static str)], String),
    /// The connection ends before a word is said.
    Hang,
    /// The connection ends after so many bytes of the body.
    Drop(usize),
    /// So many bytes come, and just as many are announced.
    Short(usize),
    /// The bytes come without their entity tag, cut to so many.
    Unmarked(usize),
    /// Nothing comes, until the client is gone.
    Silence,
    /// A byte comes at a time, so far apart.
    Trickle(Duration),
}

impl Fault {
    /// An error as a store tells it.
    pub(crate) fn code(status: u16, code: &str) -> Self {
        let xml = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Sorry</Message></Error>");
        Self::Status(status, &[("Content-Type", "application/xml")], xml)
    }
}

/// A request that came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    headers: HashMap<String, String>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

#[derive(Default)]
struct Site {
    objects: BTreeMap<String, Vec<u8>>,
    page: usize,
    faults: VecDeque<Option<Fault>>,
    asked: Vec<Asked>,
}

/// The server. It ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    site: Arc<Mutex<Site>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let site = Arc::new(Mutex::new(Site { page: 1000, ..Site::default() }));
        let stop = Arc::<AtomicBool>::default();
        let (shared, stopped) = (Arc::clone(&site), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let site = Arc::clone(&shared);
                std::thread::spawn(move || drop(answer(stream, &site)));
            }
        });
        Self { address, site, stop }
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        self.site.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        self.site().objects.insert(key.to_owned(), bytes.to_vec());
    }

    pub(crate) fn delete(&self, key: &str) {
        self.site().objects.remove(key);
    }

    /// Objects of a page.
    pub(crate) fn page(&self, objects: usize) {
        self.site().page = objects;
    }

    /// What is done to the next answers, the next first.
    pub(crate) fn faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.site().faults.extend(faults.into_iter().map(Some));
    }

    /// Requests since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.site().asked)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What speaks to it, with credentials and without long waits.
    pub(crate) fn store(&self) -> Store {
        let credentials = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        Store::new(settings(&self.url(), &credentials))
    }
}

/// Settings for the store at `url`.
pub(crate) fn settings(url: &str, variables: &[(&str, &str)]) -> Settings {
    let variable = |name: &str| match name {
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        name => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    };
    let mut settings = Settings::from_environment(&variable).expect("settings");
    settings.proxying = Proxying::Off;
    settings.timings.connect = Duration::from_secs(2);
    settings.timings.answer = Duration::from_millis(400);
    settings.timings.silence = Duration::from_millis(300);
    settings.timings.first_wait = Duration::from_millis(2);
    settings.timings.tries = 4;
    settings
}

pub(crate) fn root(text: &str) -> Prefix {
    match Root::of(text, Path::new("")).expect("a root") {
        Root::Bucket(prefix) => prefix,
        Root::Folder(folder) => panic!("{}", folder.display()),
    }
}

pub(crate) fn address(key: &str) -> Address {
    Address { bucket: "corpora".to_owned(), key: key.to_owned() }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        drop(TcpStream::connect(self.address));
    }
}

/// Answers one request; then the connection ends.
fn answer(mut stream: TcpStream, site: &Mutex<Site>) -> std::io::Result<()> {
    let Some(asked) = read(&stream)? else { return Ok(()) };
    let (fault, mut answer) = {
        let mut site = site.lock().unwrap_or_else(PoisonError::into_inner);
        site.asked.push(asked.clone());
        (site.faults.pop_front().flatten(), site.answer(&asked))
    };
    match &fault {
        Some(Fault::Hang) => return Ok(()),
        Some(Fault::Silence) => {
            let _ = stream.read(&mut [0; 16]);
            return Ok(());
        }
        Some(Fault::Status(status, headers, body)) => {
            let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            answer = Answer { status: *status, headers, body: body.clone().into_bytes() };
        }
        Some(Fault::Short(bytes)) => answer.body.truncate(*bytes),
        Some(Fault::Unmarked(bytes)) => {
            answer.headers.retain(|(name, _)| *name != "ETag");
            answer.body.truncate(*bytes);
        }
        _ => {}
    }
    stream.write_all(answer.head().as_bytes())?;
    match fault {
        Some(Fault::Drop(bytes)) => stream.write_all(&answer.body[..bytes.min(answer.body.len())])?,
        Some(Fault::Trickle(apart)) => {
            for byte in answer.body {
                stream.write_all(&[byte])?;
                std::thread::sleep(apart);
            }
        }
        _ => stream.write_all(&answer.body)?,
    }
    stream.flush()
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn xml(status: u16, text: &str) -> Self {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        Self { status, headers: Vec::new(), body: format!("{head}{text}").into_bytes() }
    }

    fn error(status: u16, code: &str) -> Self {
        Self::xml(status, &format!("<Error><Code>{code}</Code><Message>Sorry</Message></Error>"))
    }

    fn head(&self) -> String {
        let headers: String = self.headers.iter().flat_map(|(name, value)| [*name, ": ", value, "\r\n"]).collect();
        let length = format!("Content-Length: {}\r\n", self.body.len());
        let length = if headers.contains("Content-Length") { String::new() } else { length };
        format!("HTTP/1.1 {} Status\r\nConnection: close\r\n{length}{headers}\r\n", self.status)
    }
}

impl Site {
    fn answer(&self, asked: &Asked) -> Answer {
        let Some(rest) = asked.path.strip_prefix("/corpora/") else { return Answer::error(404, "NoSuchBucket") };
        if rest.is_empty() {
            return self.list(&asked.query);
        }
        let Some(bytes) = self.objects.get(rest) else { return Answer::error(404, "NoSuchKey") };
        let etag = etag(bytes);
        if asked.header("if-match").is_some_and(|wanted| wanted != etag) {
            return Answer::error(412, "PreconditionFailed");
        }
        Answer { status: 200, headers: vec![("ETag", etag)], body: bytes.clone() }
    }

    fn list(&self, query: &HashMap<String, String>) -> Answer {
        assert_eq!(query.get("list-type").map(String::as_str), Some("2"));
        let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
        let (prefix, after) = (asked("prefix"), asked("continuation-token"));
        let most = asked("max-keys").parse().unwrap_or(self.page);
        let found = self.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
        let found: Vec<_> = found.take(most + 1).collect();
        let mut text = String::from(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>",
        );
        for (key, bytes) in found.iter().take(most) {
            let (key, etag) = (encoded(key), etag(bytes).replace('"', "&quot;"));
            let size = bytes.len();
            text.extend(["<Contents><Key>", &key, "</Key><ETag>", &etag, "</ETag>"]);
            text.extend(["<Size>", &size.to_string(), "</Size></Contents>"]);
        }
        if found.len() > most {
            let token = encoded(found[most - 1].0).replace('%', "~");
            text.extend(["<IsTruncated>true</IsTruncated><NextContinuationToken>", &token, "</NextContinuationToken>"]);
        }
        Answer::xml(200, &(text + "</ListBucketResult>"))
    }
}

fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// As Amazon encodes keys in listings.
fn encoded(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("a code"));
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Asked>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let Some(target) = line.split(' ').nth(1) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut asked = Asked { path: decoded(path), ..Asked::default() };
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        // Tokens stand for a key as it was encoded.
        let value = decoded(value);
        let value =
            if name == "continuation-token" { decoded(&value.replace('~', "%").replace('+', " ")) } else { value };
        asked.query.insert(name.to_owned(), value);
    }
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        asked.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Ok(Some(asked))
}
