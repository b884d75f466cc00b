//! Where a redirect or a link leads, and whether one may go there.

use ureq::http::Uri;

use crate::error::FetchError;

/// Scheme, host and port: what credentials are meant for.
pub(crate) fn origin(url: &Uri) -> (String, String, u16) {
    let scheme = url.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let port = url.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    (scheme, url.host().unwrap_or_default().to_ascii_lowercase(), port)
}

/// The URL that `text` is.
pub(crate) fn parse(text: &str) -> Result<Uri, FetchError> {
    let wrong = |why: String| FetchError::Unreachable { url: text.to_owned(), why };
    let url: Uri = text.parse().map_err(|error| wrong(format!("it is no URL: {error}")))?;
    match url.scheme_str() {
        Some("http" | "https") if url.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        _ => Err(wrong("it is no URL of the web".to_owned())),
    }
}

/// Where `location`, a redirect (RFC 9110, 10.2.2) or a link in an answer from `from`, leads. What was asked for under
/// encryption is not taken without.
pub(crate) fn follow(from: &Uri, location: &str) -> Result<Uri, FetchError> {
    let refused = |why| FetchError::Redirect { from: from.to_string(), to: location.to_owned(), why };
    let location = location.split('#').next().unwrap_or_default();
    let (scheme, authority) =
        (from.scheme_str().unwrap_or_default(), from.authority().map(ToString::to_string).unwrap_or_default());
    let path = from.path();
    let has_scheme = location
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)));
    let absolute = if has_scheme {
        location.to_owned()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{path}{location}")
    } else if location.is_empty() {
        return Err(refused("it leads nowhere"));
    } else {
        let folder = &path[..=path.rfind('/').unwrap_or(0)];
        format!("{scheme}://{authority}{folder}{location}")
    };
    let to = parse(&absolute).map_err(|_| refused("it is no URL of the web"))?;
    if from.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
        return Err(refused("it is not encrypted"));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(location: &str) -> Result<String, String> {
        let from = parse("https://a.example:8443/x/y?q=1").expect("a URL");
        follow(&from, location).map(|to| to.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn locations_are_read_as_they_are_meant() {
        for (location, leads_to) in [
            ("https://b.example/z?sig=1#top", "https://b.example/z?sig=1"),
            ("//b.example/z", "https://b.example/z"),
            ("/z", "https://a.example:8443/z"),
            ("z?u=http://c", "https://a.example:8443/x/z?u=http://c"),
            ("?q=2", "https://a.example:8443/x/y?q=2"),
        ] {
            assert_eq!(to(location).as_deref(), Ok(leads_to), "{location}");
        }
    }

    #[test]
    fn some_are_not_followed() {
        for (location, why) in [
            ("http://a.example/z", "it is not encrypted"),
            ("ftp://a.example/z", "no URL of the web"),
            ("file:///etc/passwd", "no URL of the web"),
            ("", "it leads nowhere"),
            ("https://", "no URL of the web"),
        ] {
            let error = to(location).expect_err(location);
            assert!(error.contains(why), "{location}: {error}");
        }
        let plain = parse("http://a.example/").expect("a URL");
        assert!(follow(&plain, "https://b.example/").is_ok());
    }

    #[test]
    fn the_port_is_part_of_an_origin() {
        let of = |text: &str| origin(&parse(text).expect("a URL"));
        assert_eq!(of("https://A.example/x"), of("https://a.example:443/y"));
        assert_ne!(of("https://a.example/"), of("https://a.example:8443/"));
        assert_ne!(of("https://a.example/"), of("http://a.example:443/"));
    }
}
