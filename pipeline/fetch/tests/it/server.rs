//! A server on loopback that has files, and does to each of them once what it is told to: drop it, lie about it, hold
//! it back.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is done to one answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The connection ends after so many bytes of the body.
    Drop(usize),
    /// The head states so many bytes, whatever comes.
    Length(usize),
    /// Other bytes come.
    Other(Vec<u8>),
    /// A range that was asked for is passed over.
    WholeInstead,
    /// A range that was asked for begins elsewhere.
    WrongRange,
    /// The file has a new mark from now on, and the old one is passed over.
    NewEtag,
    /// A status, with headers and a body.
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// A page comes with status 200.
    Page,
    /// Bytes that are said to be compressed come with status 200.
    Gzip,
    /// A byte comes at a time, so far apart.
    Trickle(Duration),
    /// After so many bytes nothing more comes, until the client is gone; [`Server::held`] tells when.
    Hold(usize),
}

/// A request that came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: String,
    headers: HashMap<String, String>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A file that the server has, with its faults, the next first.
#[derive(Debug, Default)]
struct Served {
    bytes: Vec<u8>,
    etag: u32,
    faults: VecDeque<Fault>,
}

/// Answers that are made when they are asked for.
type Answer = Box<dyn Fn(&Asked) -> String + Send>;

#[derive(Default)]
struct Site {
    files: HashMap<String, Served>,
    made: HashMap<String, Answer>,
    asked: Vec<Asked>,
    /// Bytes of bodies that were sent.
    sent: usize,
}

/// The server. It ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    site: Arc<Mutex<Site>>,
    stop: Arc<AtomicBool>,
    held: Mutex<Receiver<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let (site, stop) = (Arc::<Mutex<Site>>::default(), Arc::<AtomicBool>::default());
        let (hold, held) = channel();
        let (shared, stopped) = (Arc::clone(&site), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (site, hold) = (Arc::clone(&shared), hold.clone());
                std::thread::spawn(move || drop(answer(stream, &site, &hold)));
            }
        });
        Self { address, site, stop, held: Mutex::new(held) }
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        self.site.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Base of its URLs.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has `bytes` at `path`, with faults for the first answers.
    pub(crate) fn file(&self, path: &str, bytes: &[u8], faults: &[Fault]) {
        let served = Served { bytes: bytes.to_vec(), etag: 1, faults: faults.iter().cloned().collect() };
        self.site().files.insert(path.to_owned(), served);
    }

    /// Makes an answer for `path` when it is asked for.
    pub(crate) fn make(&self, path: &str, answer: impl Fn(&Asked) -> String + Send + 'static) {
        self.site().made.insert(path.to_owned(), Box::new(answer));
    }

    pub(crate) fn remove(&self, path: &str) {
        self.site().files.remove(path);
    }

    /// Requests since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.site().asked)
    }

    /// Bytes of bodies since the last call.
    pub(crate) fn sent(&self) -> usize {
        std::mem::take(&mut self.site().sent)
    }

    /// Returns when an answer is held back.
    pub(crate) fn held(&self) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.recv_timeout(Duration::from_secs(20)).expect("an answer that is held back");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        drop(TcpStream::connect(self.address));
    }
}

/// Answers one request; then the connection ends.
fn answer(mut stream: TcpStream, site: &Mutex<Site>, hold: &Sender<()>) -> std::io::Result<()> {
    let Some(asked) = read(&stream)? else { return Ok(()) };
    let (head, body, fault) = {
        let mut site = site.lock().unwrap_or_else(PoisonError::into_inner);
        site.asked.push(asked.clone());
        let made = site.made.get(&asked.path).map(|make| make(&asked));
        let (head, body, fault) = match made {
            Some(text) if !site.files.contains_key(&asked.path) => {
                (head(200, text.len(), &[]), text.into_bytes(), None)
            }
            _ => served(site.files.get_mut(&asked.path), &asked),
        };
        site.sent += match fault {
            Some(Fault::Drop(bytes) | Fault::Hold(bytes)) => bytes.min(body.len()),
            _ => body.len(),
        };
        (head, body, fault)
    };
    stream.write_all(head.as_bytes())?;
    match fault {
        Some(Fault::Drop(bytes)) => stream.write_all(&body[..bytes.min(body.len())])?,
        Some(Fault::Hold(bytes)) => {
            stream.write_all(&body[..bytes.min(body.len())])?;
            stream.flush()?;
            // Nobody waits for it where the test is over.
            let _ = hold.send(());
            let _ = stream.read(&mut [0; 16]);
        }
        Some(Fault::Trickle(apart)) => {
            for byte in body {
                stream.write_all(&[byte])?;
                std::thread::sleep(apart);
            }
        }
        _ => stream.write_all(&body)?,
    }
    stream.flush()
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Asked>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let Some(path) = line.split(' ').nth(1) else { return Ok(None) };
    let mut asked = Asked { path: path.to_owned(), ..Asked::default() };
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        asked.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(asked))
}

fn head(status: u16, length: usize, headers: &[(&str, String)]) -> String {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    format!("HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n")
}

/// Head and body for a request for a file, and what is still to be done to them.
fn served(file: Option<&mut Served>, asked: &Asked) -> (String, Vec<u8>, Option<Fault>) {
    let Some(file) = file else { return (head(404, 0, &[]), Vec::new(), None) };
    let fault = file.faults.pop_front();
    let mut etag = format!("\"{}\"", file.etag);
    let mut ignored = false;
    match &fault {
        Some(Fault::Status(status, headers, body)) => {
            return (head(*status, body.len(), headers), body.as_bytes().to_vec(), None);
        }
        Some(Fault::Page) => {
            let page = b"<!DOCTYPE html><title>Sorry</title>".to_vec();
            return (head(200, page.len(), &[("Content-Type", "text/html; charset=utf-8".to_owned())]), page, None);
        }
        Some(Fault::Gzip) => {
            let headers = [("Content-Encoding", "gzip".to_owned())];
            return (head(200, file.bytes.len(), &headers), file.bytes.clone(), None);
        }
        Some(Fault::Other(bytes)) => return (head(200, bytes.len(), &[("ETag", etag)]), bytes.clone(), None),
        Some(Fault::NewEtag) => {
            file.etag += 1;
            etag = format!("\"{}\"", file.etag);
            ignored = true;
        }
        _ => {}
    }
    let start: Option<usize> = asked
        .header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
        .filter(|_| ignored || asked.header("if-range").is_none_or(|known| known == etag))
        .filter(|_| !matches!(fault, Some(Fault::WholeInstead)));
    let total = file.bytes.len();
    let (status, mut headers, body) = match start {
        Some(start) if start >= total => {
            return (head(416, 0, &[("Content-Range", format!("bytes */{total}"))]), vec![], None);
        }
        Some(start) => {
            let shown = if matches!(fault, Some(Fault::WrongRange)) { start / 2 } else { start };
            let range = format!("bytes {shown}-{}/{total}", total - 1);
            (206, vec![("Content-Range", range)], file.bytes[shown..].to_vec())
        }
        None => (200, Vec::new(), file.bytes.clone()),
    };
    headers.push(("ETag", etag));
    let length = if let Some(Fault::Length(length)) = fault { length } else { body.len() };
    (head(status, length, &headers), body, fault)
}
