//! A store that speaks S3, moto on loopback, with a bucket `corpora`; in front of it stands what counts requests, holds
//! them up and has some of them fail.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ser_text::percent_encoded;

use crate::python;
use crate::util::{Ran, Workspace};

/// Starts the store, makes somebody who may read the bucket, and tells both; ends with its standard input.
const SCRIPT: &str = r#"
import json, os, sys
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "inf"
from moto.server import ThreadedMotoServer
import boto3
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
mine = dict(endpoint_url=f"http://{host}:{port}", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
iam = boto3.client("iam", **mine)
iam.create_user(UserName="reader")
allowed = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
key = iam.create_access_key(UserName="reader")["AccessKey"]
boto3.client("s3", **mine).create_bucket(Bucket="corpora")
print(json.dumps({"port": port, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
server.stop()
"#;

/// The store.
pub(crate) struct Store {
    child: Child,
    moto: SocketAddr,
    front: SocketAddr,
    between: Arc<Between>,
    key_id: String,
    secret: String,
}

/// What stands in front of the store.
#[derive(Default)]
struct Between {
    stop: AtomicBool,
    /// Every so-manieth request fails; 0: none.
    fail_every: AtomicU64,
    requests: AtomicU64,
    failures: AtomicU64,
    /// Milliseconds that every object takes.
    delay_ms: AtomicU64,
    /// Keys of the objects that were read, in order.
    reads: Mutex<Vec<String>>,
}

impl Store {
    /// The store, where moto is installed; without it says what `test` wants.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let python = python::with(&["moto.server", "flask", "boto3"], test, "'moto[server]'")?;
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.env("AWS_EC2_METADATA_DISABLED", "true").spawn().expect("python");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        // moto says what it does before.
        let told = lines.find_map(|line| serde_json::from_str::<serde_json::Value>(&line.expect("a line")).ok());
        let told = told.expect("where the store is");
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        let port = u16::try_from(told["port"].as_u64().expect("a port")).expect("a port");
        let moto = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let front = listener.local_addr().expect("an address");
        let between = Arc::<Between>::default();
        let shared = Arc::clone(&between);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else { continue };
                thread::spawn(move || drop(shared.pass_on(stream, moto)));
            }
        });
        let store = Self { child, moto, front, between, key_id: text("id"), secret: text("secret") };
        store.guard(true);
        Some(store)
    }

    /// Has signatures checked, or takes every request.
    fn guard(&self, on: bool) {
        let count = if on { "0" } else { "inf" };
        let status = self.ask("POST", "/moto-api/reset-auth", count.as_bytes());
        assert!(status.contains(" 200 "), "{status}");
    }

    /// Sends a request to the store itself; the first line of the answer.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.moto).expect("the store");
        let length = body.len();
        // Not checked while the store is not guarded; but without one nothing is replaced.
        let signature =
            "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x";
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/octet-stream\r\n\
             Authorization: {signature}\r\nContent-Length: {length}\r\n\r\n",
            self.moto
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("the request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
    }

    fn change(&self, method: &str, key: &str, bytes: &[u8]) {
        let status = self.ask(method, &format!("/corpora/{}", percent_encoded(key, b"/")), bytes);
        assert!(status.contains(" 20"), "{method} {key}: {status}");
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        self.guard(false);
        self.change("PUT", key, bytes);
        self.guard(true);
    }

    pub(crate) fn delete(&self, key: &str) {
        self.guard(false);
        self.change("DELETE", key, b"");
        self.guard(true);
    }

    /// Puts every file of `folder` below `prefix`; how many there are.
    pub(crate) fn upload(&self, folder: &Path, prefix: &str) -> usize {
        self.guard(false);
        let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("entry"));
        let files: Vec<_> = files.filter(|entry| entry.file_type().is_file()).collect();
        for entry in &files {
            let below = entry.path().strip_prefix(folder).expect("below").to_str().expect("UTF-8");
            self.change("PUT", &format!("{prefix}/{below}"), &std::fs::read(entry.path()).expect("file"));
        }
        self.guard(true);
        files.len()
    }

    /// Runs `ser` with the variables of somebody who may read the bucket.
    pub(crate) fn ser(&self, workspace: &Workspace, arguments: &[&str]) -> Ran {
        let output = self.command(workspace, arguments).output().expect("the program starts");
        workspace.ran(arguments, &output)
    }

    /// The same, not started yet.
    pub(crate) fn command(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let mut command = workspace.command(arguments);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .env("AWS_ACCESS_KEY_ID", &self.key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.front))
            .env("NO_PROXY", "127.0.0.1");
        command
    }

    /// Has every so-manieth request fail, in one of four ways in turn.
    pub(crate) fn fail_every(&self, requests: u64) {
        self.between.fail_every.store(requests, Ordering::Relaxed);
    }

    /// Requests that failed.
    pub(crate) fn failures(&self) -> u64 {
        self.between.failures.load(Ordering::Relaxed)
    }

    /// Has every object take so long.
    pub(crate) fn delay(&self, time: Duration) {
        self.between.delay_ms.store(time.as_millis() as u64, Ordering::Relaxed);
    }

    /// Keys of the objects that were read since [`forget`](Self::forget).
    pub(crate) fn read(&self) -> BTreeSet<String> {
        self.between.reads().iter().cloned().collect()
    }

    /// How often objects were read since then.
    pub(crate) fn reads(&self) -> usize {
        self.between.reads().len()
    }

    pub(crate) fn forget(&self) {
        self.between.reads().clear();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.between.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.front));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Between {
    fn reads(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands one request to the store, and its answer back; then the connection ends.
    fn pass_on(&self, mut client: TcpStream, moto: SocketAddr) -> std::io::Result<()> {
        let mut head = String::new();
        let mut reader = BufReader::new(&client);
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let key = path.strip_prefix("/corpora/").filter(|key| !key.is_empty() && !key.starts_with('?'));
        if let Some(key) = key {
            self.reads().push(decoded(key));
            thread::sleep(Duration::from_millis(self.delay_ms.load(Ordering::Relaxed)));
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let every = self.fail_every.load(Ordering::Relaxed);
        let failure =
            (every > 0 && number.is_multiple_of(every)).then(|| self.failures.fetch_add(1, Ordering::Relaxed) % 4);
        match failure {
            Some(0) => {
                let xml = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
                let length = xml.len();
                let head = format!("HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
                return client.write_all((head + xml).as_bytes());
            }
            Some(1) => return Ok(()),
            Some(2) => {
                return client.write_all(b"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 4\r\n\r\noops");
            }
            _ => {}
        }
        let mut store = TcpStream::connect(moto)?;
        store.write_all(head.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())?;
        let mut answer = Vec::new();
        store.read_to_end(&mut answer)?;
        let sent = if failure.is_some() { answer.len() - answer.len() / 4 } else { answer.len() };
        client.write_all(&answer[..sent])
    }
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
