//! One page of a listing, as `ListObjectsV2` answers it.

use roxmltree::{Document, Node};

use crate::mark::Mark;

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    /// Keys, whole, in the store's order.
    pub(crate) objects: Vec<(String, Mark)>,
    /// What the next page is asked for with; `None` where this is the last one.
    pub(crate) next: Option<String>,
}

impl Page {
    /// Reads the body of an answer; or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let document = Document::parse(text).map_err(|error| format!("it is no XML: {error}"))?;
        let root = document.root_element();
        if root.tag_name().name() != "ListBucketResult" {
            return Err(format!("expected `ListBucketResult`, found `{}`", root.tag_name().name()));
        }
        let encoded = match text_of(root, "EncodingType") {
            None | Some("") => false,
            Some("url") => true,
            Some(other) => return Err(format!("its keys are encoded as `{other}`")),
        };
        let objects = root
            .children()
            .filter(|node| node.has_tag_name_of("Contents"))
            .map(|node| object(node, encoded))
            .collect::<Result<_, _>>()?;
        let is_cut = text_of(root, "IsTruncated").is_some_and(|text| text.trim() == "true");
        let next = text_of(root, "NextContinuationToken").filter(|token| !token.is_empty()).map(str::to_owned);
        // Going on without it would be a corpus that lacks files, without a word.
        if is_cut && next.is_none() {
            return Err("it goes on, and there is no token for the next page".to_owned());
        }
        Ok(Self { objects, next: next.filter(|_| is_cut) })
    }
}

fn object(node: Node<'_, '_>, encoded: bool) -> Result<(String, Mark), String> {
    let lacking = |what: &str| format!("an object has no {what}");
    let key = text_of(node, "Key").filter(|key| !key.is_empty()).ok_or_else(|| lacking("key"))?;
    let key = if encoded { decoded(key)? } else { key.to_owned() };
    let bytes = text_of(node, "Size").ok_or_else(|| lacking("size"))?;
    let bytes = bytes.trim().parse().map_err(|_| format!("`{bytes}` is no size"))?;
    let etag = text_of(node, "ETag").map(str::trim).filter(|etag| !etag.is_empty()).ok_or_else(|| lacking("ETag"))?;
    // It goes into a header again.
    if !etag.bytes().all(|byte| byte.is_ascii_graphic()) || etag.len() > 1024 {
        return Err("an object's ETag is none".to_owned());
    }
    Ok((key, Mark { bytes, etag: etag.to_owned() }))
}

/// A key in the form of a URL, where a space is `+` or `%20`.
fn decoded(key: &str) -> Result<String, String> {
    let wrong = || "a key is not encoded as it is said to be".to_owned();
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(wrong);
                (digit()? * 16 + digit()?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| "a key is not UTF-8".to_owned())
}

/// Text of the child `name`, whatever its namespace: stores differ in that.
pub(crate) fn text_of<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|child| child.has_tag_name_of(name))?;
    Some(child.text().unwrap_or_default())
}

/// Names without their namespaces.
trait LocalName {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl LocalName for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(inside: &str) -> Result<Page, String> {
        let head = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
        Page::parse(&format!(
            "{head}<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</ListBucketResult>"
        ))
    }

    fn contents(key: &str) -> String {
        format!("<Contents><Key>{key}</Key><Size>5</Size><ETag>&quot;abc&quot;</ETag><Owner/></Contents>")
    }

    fn keys(page: &Page) -> Vec<&str> {
        page.objects.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn keys_come_as_they_are() {
        let url = "<EncodingType>url</EncodingType>";
        let encoded = page(&format!("{url}{}{}", contents("a+b%2B%C3%BC%25.wav"), contents("a/b%20c%0A.wav")));
        let encoded = encoded.expect("a page");
        assert_eq!(keys(&encoded), ["a b+ü%.wav", "a/b c\n.wav"]);
        assert_eq!(encoded.objects[0].1, Mark { bytes: 5, etag: "\"abc\"".to_owned() });
        assert_eq!(keys(&page(&contents("a+b%2B&amp;.wav")).expect("a page")), ["a+b%2B&.wav"], "not encoded");
        for wrong in ["a%", "a%2", "a%zz", "a%ff"] {
            assert!(page(&format!("{url}{}", contents(wrong))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_that_lost_the_way_to_the_next_one_is_an_error() {
        let token = "<NextContinuationToken>t</NextContinuationToken>";
        let cut = "<IsTruncated>true</IsTruncated>";
        assert_eq!(page(&format!("{cut}{token}")).expect("a page").next.as_deref(), Some("t"));
        assert_eq!(page(&format!("<IsTruncated>false</IsTruncated>{token}")).expect("a page").next, None);
        assert_eq!(page("").expect("a page"), Page::default());
        let error = page(cut).expect_err("no token");
        assert!(error.contains("no token"), "{error}");
    }

    #[test]
    fn what_is_no_listing_is_none() {
        for (text, told) in [
            ("", "no XML"),
            ("<!DOCTYPE html><title>Sorry</title>", "no XML"),
            ("<html/>", "found `html`"),
            ("<Error><Code>X</Code></Error>", "found `Error`"),
        ] {
            let error = Page::parse(text).expect_err(text);
            assert!(error.contains(told), "{text}: {error}");
        }
        for (inside, told) in [
            ("<Contents/>", "no key"),
            ("<Contents><Key>a</Key></Contents>", "no size"),
            ("<Contents><Key>a</Key><Size>-1</Size></Contents>", "`-1` is no size"),
            ("<Contents><Key>a</Key><Size>1</Size></Contents>", "no ETag"),
            ("<Contents><Key>a</Key><Size>1</Size><ETag>a&#10;b</ETag></Contents>", "ETag is none"),
            ("<EncodingType>rot13</EncodingType>", "`rot13`"),
        ] {
            let error = page(inside).expect_err(inside);
            assert!(error.contains(told), "{inside}: {error}");
        }
    }

    #[test]
    fn no_text_of_a_store_does_harm() {
        let whole = format!(
            "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
             <NextContinuationToken>t</NextContinuationToken>{}</ListBucketResult>",
            contents("a%20b")
        );
        for at in 0..whole.len() {
            let _ = Page::parse(&whole[..at]);
            for other in ["<", "&", "\u{0}", "é", "]]>", "%"] {
                let _ = Page::parse(&format!("{}{other}{}", &whole[..at], &whole[at + 1..]));
            }
        }
        let deep = "<a>".repeat(100_000);
        assert!(Page::parse(&deep).is_err());
    }
}
