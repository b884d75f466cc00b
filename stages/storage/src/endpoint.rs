//! Which server has a bucket, and under which path.

use ureq::http::Uri;
use ureq::http::uri::Authority;

/// A server, or those of a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// With `://`.
    scheme: &'static str,
    /// Host, with a port that is not the scheme's own.
    host: String,
    /// In front of every path; empty, or with `/` at its beginning and none at its end.
    path: String,
    /// Buckets are hosts of their own, where their names can be.
    hosts: bool,
}

impl Endpoint {
    /// Amazon's servers of `region`.
    pub(crate) fn of_amazon(region: &str) -> Self {
        let ending = if region.starts_with("cn-") { ".cn" } else { "" };
        let host = format!("s3.{region}.amazonaws.com{ending}");
        Self { scheme: "https://", host, path: String::new(), hosts: true }
    }

    /// The server that a URL names; or why it names none.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if url.contains('@') {
            // Not told again: what stands before it may be a password.
            return Err("a URL with a user or a password is none of a server: credentials are told by \
                        `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
                .to_owned());
        }
        let no_url = || format!("`{url}` is no URL of a server: expected one like `https://s3.example.org:9000`");
        let (scheme, own_port) = match url.split_once("://") {
            Some(("https", _)) => ("https://", ":443"),
            Some(("http", _)) => ("http://", ":80"),
            _ => return Err(no_url()),
        };
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let authority = uri.authority().map(Authority::as_str);
        let authority = authority.filter(|_| uri.query().is_none()).ok_or_else(no_url)?;
        let host = authority.strip_suffix(own_port).unwrap_or(authority).to_ascii_lowercase();
        Ok(Self { scheme, host, path: uri.path().trim_end_matches('/').to_owned(), hosts: false })
    }

    /// Host of `bucket`, as the `Host` header tells it.
    pub(crate) fn host(&self, bucket: &str) -> String {
        if self.is_host(bucket) { format!("{bucket}.{}", self.host) } else { self.host.clone() }
    }

    /// What all paths of `bucket` begin with.
    pub(crate) fn path(&self, bucket: &str) -> String {
        if self.is_host(bucket) { self.path.clone() } else { format!("{}/{bucket}", self.path) }
    }

    /// Where `bucket` lies.
    pub(crate) fn url(&self, bucket: &str) -> String {
        format!("{}{}{}", self.scheme, self.host(bucket), self.path(bucket))
    }

    /// The server's own URL, for messages.
    pub(crate) fn base(&self) -> String {
        format!("{}{}{}", self.scheme, self.host, self.path)
    }

    /// A certificate for all buckets does not cover a name with a dot; what is no host's name stands in the path, too.
    fn is_host(&self, bucket: &str) -> bool {
        self.hosts
            && bucket.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && bucket.len() < 64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_host_of_amazons_where_its_name_can_be() {
        let amazon = Endpoint::of_amazon("eu-central-1");
        assert_eq!(amazon.url("corpora"), "https://corpora.s3.eu-central-1.amazonaws.com");
        assert_eq!(amazon.url("my.corpora"), "https://s3.eu-central-1.amazonaws.com/my.corpora");
        assert_eq!(amazon.url("Old_Bucket"), "https://s3.eu-central-1.amazonaws.com/Old_Bucket");
        assert_eq!(Endpoint::of_amazon("cn-north-1").host("abc"), "abc.s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_bucket_is_a_path_of_any_other_server() {
        for (url, expected) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/abc"),
            ("https://S3.Example.org:443/", "https://s3.example.org/abc"),
            ("http://host:80/store/", "http://host/store/abc"),
            ("http://[::1]:9000", "http://[::1]:9000/abc"),
        ] {
            assert_eq!(Endpoint::parse(url).expect(url).url("abc"), expected);
        }
        for url in ["host:9000", "ftp://host", "http://", "http://user:hunter2@host", "http://host/?x=1", "http://a b"]
        {
            let error = Endpoint::parse(url).expect_err(url);
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
