//! What goes wrong with object storage. None of it is a fault of a clip: stages fail, and leave nothing out.

use ser_text::printable;

/// Why a bucket could not be listed, or an object not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum StorageError {
    /// No address of an object or a root.
    #[error("`{}` is no address in object storage: {why}", printable(text))]
    Address { text: String, why: String },
    /// A variable of the environment that cannot be used.
    #[error("the variable `{variable}` is of no use: {why}")]
    Variable { variable: String, why: String },
    /// There is no such bucket.
    #[error("there is no bucket `{bucket}` at {endpoint}")]
    NoBucket { bucket: String, endpoint: String },
    /// It is not allowed.
    #[error("not allowed to read `{}` {}{}", printable(what), by(*anonymous), said_of(said))]
    Denied { what: String, anonymous: bool, said: String },
    /// The credentials are not those of anybody.
    #[error("the credentials are not accepted by {endpoint}{}", said_of(said))]
    Credentials { endpoint: String, said: String },
    /// The credentials were valid once.
    #[error("the credentials have expired{}", said_of(said))]
    Expired { said: String },
    /// The clock of this machine is wrong.
    #[error("the clock of this machine and that of {endpoint} differ too much{}", said_of(said))]
    Clock { endpoint: String, said: String },
    /// The bucket lies in another region.
    #[error("the bucket `{bucket}` lies in {}, and was asked for in `{asked}`", region(found.as_deref()))]
    OtherRegion { bucket: String, found: Option<String>, asked: String },
    /// Whatever answers is no store.
    #[error("{endpoint} does not answer as object storage does when asked for `{}`: {why}", printable(what))]
    NoStore { endpoint: String, what: String, why: String },
    /// A listing that cannot be whole.
    #[error("the listing of `{}` by {endpoint} cannot be relied on: {why}", printable(what))]
    Listing { endpoint: String, what: String, why: String },
    /// The object is not there.
    #[error("there is no object `{}`", printable(object))]
    Gone { object: String },
    /// The object is not the one that was listed.
    #[error("the object `{}` has changed since it was listed", printable(object))]
    Changed { object: String },
    /// The object is not at hand.
    #[error("the object `{}` is in an archive{}", printable(object), said_of(said))]
    Archived { object: String, said: String },
    /// The object is larger than what is read.
    #[error("the object `{}` has {bytes} bytes, at most {most} are read", printable(object))]
    TooLarge { object: String, bytes: u64, most: u64 },
    /// The machine has no memory left for it.
    #[error("out of memory: `{}` has {bytes} bytes", printable(object))]
    NoMemory { object: String, bytes: u64 },
    /// There is no answer, or not all of one.
    #[error("cannot read `{}` from {endpoint}, tried {}: {why}", printable(what), times(*tries))]
    Unreachable { endpoint: String, what: String, why: String, tries: u32 },
    /// Nobody vouches for the server.
    #[error("the certificate of {endpoint} is not trusted: {why}")]
    Untrusted { endpoint: String, why: String },
    /// An answer that is none of success, and none of the above.
    #[error("{endpoint} refused `{}` with status {status}, tried {}{}", printable(what), times(*tries), said_of(said))]
    Refused { endpoint: String, what: String, status: u16, said: String, tries: u32 },
}

impl StorageError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Address { .. } => "write `s3://bucket/folder`".to_owned(),
            Self::Variable { .. } => "correct it, or take it out of the environment".to_owned(),
            Self::NoBucket { .. } => {
                "check the bucket's name, and `AWS_ENDPOINT_URL` where the store is not Amazon's: \
                                      without it, Amazon is asked"
                    .to_owned()
            }
            Self::Denied { anonymous: true, .. } => {
                "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`: without them requests are anonymous".to_owned()
            }
            Self::Denied { .. } => "what is needed are s3:ListBucket on the bucket and s3:GetObject on its objects \
                                    (and kms:Decrypt where they are encrypted with a key of KMS)"
                .to_owned(),
            Self::Credentials { .. } => {
                "check `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, of credentials that expire, \
                 `AWS_SESSION_TOKEN`; and whether `AWS_ENDPOINT_URL` names their store"
                    .to_owned()
            }
            Self::Expired { .. } => {
                "set new ones in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, and run again"
                    .to_owned()
            }
            Self::Clock { .. } => "set the clock".to_owned(),
            Self::OtherRegion { found: Some(region), .. } => format!("set `AWS_REGION={region}`"),
            Self::OtherRegion { .. } => "set `AWS_REGION` to the bucket's".to_owned(),
            Self::NoStore { .. } | Self::Listing { .. } => {
                "check `AWS_ENDPOINT_URL`, and whether a proxy answers in the store's place".to_owned()
            }
            Self::Gone { .. } | Self::Changed { .. } => "run again when the bucket is no longer written to".to_owned(),
            Self::Archived { .. } => "have it restored first, or take it out of the corpus".to_owned(),
            Self::TooLarge { .. } => "no recording of a corpus is that long: take it out".to_owned(),
            Self::NoMemory { .. } => "run with fewer `--jobs`, or raise the limit of this process".to_owned(),
            Self::Unreachable { .. } | Self::Refused { .. } => {
                "check the network and `AWS_ENDPOINT_URL`, then run again: what was read is kept".to_owned()
            }
            Self::Untrusted { .. } => {
                "where the store has an authority of its own, name the file with its certificate \
                                       in `AWS_CA_BUNDLE`"
                    .to_owned()
            }
        }
    }

    /// `true` if the object is not, or no longer, the one that was listed.
    pub fn is_about_change(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Changed { .. })
    }

    /// The same, after so many tries.
    pub(crate) fn tried(mut self, times: u32) -> Self {
        if let Self::Unreachable { tries, .. } | Self::Refused { tries, .. } = &mut self {
            *tries = times;
        }
        self
    }
}

fn by(anonymous: bool) -> &'static str {
    if anonymous { "without credentials" } else { "with these credentials" }
}

fn region(found: Option<&str>) -> String {
    found.map_or_else(|| "another region".to_owned(), |found| format!("the region `{found}`"))
}

fn times(tries: u32) -> String {
    if tries == 1 { "once".to_owned() } else { format!("{tries} times") }
}

/// A store's own words are other people's text.
fn said_of(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {}", printable(said)) }
}
