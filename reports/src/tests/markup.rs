//! What the page is made of: well-formed, self-contained, small, readable by machines.

use crate::Params;
use crate::fixture::Fixture;

/// Elements that have no end tag.
const VOID: [&str; 4] = ["meta", "br", "image", "link"];

/// Every tag of `html` in order: name, attributes as text, whether it closes itself. Raw text of style and script is
/// skipped.
fn tags(html: &str) -> Vec<(String, String, bool)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quoted = false;
        let end = rest
            .find(|character| {
                quoted ^= character == '"';
                character == '>' && !quoted
            })
            .expect("a tag that ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let name = name.trim_end_matches('/').to_lowercase();
        if name == "style" || name == "script" {
            let close = format!("</{name}>");
            rest = &rest[rest.find(&close).expect("raw text that ends")..];
        }
        tags.push((name, attributes.trim_end_matches('/').to_owned(), tag.ends_with('/')));
    }
    tags
}

fn page() -> String {
    Fixture::complete().render(&Params::default()).expect("rendered").html
}

#[test]
fn every_element_is_closed_in_order() {
    let mut open: Vec<String> = Vec::new();
    for (name, _, closes_itself) in tags(&page()) {
        if name.starts_with('!') || closes_itself || VOID.contains(&name.as_str()) {
            continue;
        }
        match name.strip_prefix('/') {
            Some(closing) => assert_eq!(open.pop().as_deref(), Some(closing), "inside {open:?}"),
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn nothing_is_fetched() {
    let html = page();
    for (name, attributes, _) in tags(&html) {
        assert!(!attributes.contains("src="), "{name} {attributes}");
        assert!(name != "link" && name != "iframe" && name != "object", "{name} {attributes}");
        if attributes.contains("href=\"http") {
            assert_eq!(name, "a", "{attributes}");
        }
    }
    assert!(!html.contains("@import") && !html.contains("url("));
}

#[test]
fn every_chart_has_words_and_a_table() {
    let html = page();
    let charts = tags(&html).into_iter().filter(|(name, ..)| name == "svg");
    for (_, attributes, _) in charts {
        assert!(attributes.contains("role=\"img\""), "{attributes}");
        let label = attributes.split("aria-label=\"").nth(1).expect("a label");
        assert!(label.len() > 20, "{label}");
    }
    for figure in html.split("<figure>").skip(1) {
        let figure = figure.split("</figure>").next().expect("its content");
        assert!(figure.contains("<svg") && figure.contains("<details><summary>Table") && figure.contains("<tbody>"));
    }
}

#[test]
fn headings_descend_by_one_and_ids_are_unique() {
    let html = page();
    let mut level = 0;
    let mut ids = Vec::new();
    for (name, attributes, _) in tags(&html) {
        if let Some(id) = attributes.split("id=\"").nth(1).and_then(|rest| rest.split('"').next())
            && (attributes.starts_with("id=") || attributes.contains(" id="))
        {
            ids.push(id.to_owned());
        }
        if let Some(found) = name.strip_prefix('h').and_then(|digit| digit.parse::<u32>().ok()) {
            assert!(found <= level + 1, "h{found} after h{level}");
            level = found;
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is used twice");
}

#[test]
fn four_full_corpora_stay_far_below_five_megabytes() {
    let fixture = Fixture::complete();
    assert_eq!(fixture.clips.len(), 12_162);
    let html = fixture.render(&Params::default()).expect("rendered").html;
    assert!(html.len() < 1_500_000, "{} bytes", html.len());
}

#[test]
fn no_marker_colour_is_left() {
    assert!(!page().contains("#01FA"));
}
