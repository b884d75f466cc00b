//! Markup of the page: well-formed, self-contained, small, readable by machines.

use crate::Params;
use crate::fixture::Fixture;

/// Elements that have no end tag.
const VOID: [&str; 5] = ["meta", "br", "wbr", "image", "link"];

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
        assert!(!attributes.contains(" src=") || attributes.contains(" src=\"data:"), "{name} {attributes}");
        assert!(name != "link" && name != "iframe" && name != "object", "{name} {attributes}");
        if attributes.contains("href=\"http") {
            assert_eq!(name, "a", "{attributes}");
        }
    }
    assert!(!html.contains("@import") && !html.contains("url("));
    for reach in ["fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "import("] {
        assert!(!html.contains(reach), "{reach}");
    }
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
        assert!(figure.contains("<svg") && figure.contains("<summary>Table") && figure.contains("<tbody>"));
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
    assert_eq!(fixture.tables.clips.len(), 12_162);
    let html = fixture.render(&Params::default()).expect("rendered").html;
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
}

#[test]
fn a_hundred_thousand_clips_weigh_no_more_than_five_megabytes() {
    let mut fixture = Fixture::complete();
    let clips = fixture.tables.clips.clone();
    // Also more speakers, folds of exclusions, findings, label errors and duplicates than anybody reads.
    for copy in 0..8 {
        for clip in &clips {
            let mut clip = clip.clone();
            clip.clip_id = format!("{}-{copy}", clip.clip_id);
            clip.speaker = clip.speaker.map(|speaker| format!("{speaker}-{copy}"));
            fixture.tables.clips.push(clip);
        }
    }
    assert!(fixture.tables.clips.len() >= 100_000);
    let multiplied = |count: usize| (0..count).map(|number| number as u32);
    let (summary, exclusion) = (fixture.tables.summary.clone(), fixture.tables.exclusions[0].clone());
    let (disputed, twice) = (fixture.tables.label_errors[0].clone(), fixture.audit().near_duplicates[0].clone());
    for row in summary.iter().filter(|row| row.group == "speaker") {
        for copy in 0..8 {
            let group_value = format!("{}-{copy}", row.group_value);
            fixture.tables.summary.push(ser_schemas::SummaryMetric { group_value, ..row.clone() });
        }
    }
    fixture.tables.exclusions.extend(multiplied(5000).map(|_| exclusion.clone()));
    fixture
        .tables
        .label_errors
        .extend(multiplied(20_000).map(|rank| ser_schemas::LabelError { rank, ..disputed.clone() }));
    fixture.audit().near_duplicates.extend(multiplied(20_000).map(|_| twice.clone()));
    let full = Params { exclusion_rows: 1000, clip_rows: 200, ..Params::default() };
    let html = fixture.render(&full).expect("rendered").html;
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    let usual = fixture.render(&Params::default()).expect("rendered").html.len();
    let small = Fixture::complete().render(&Params::default()).expect("rendered").html.len();
    assert!(usual < small + small / 4, "{small} bytes became {usual}");
}

/// Contrast of two `#rrggbb` colours (WCAG 2.1), 1 to 21.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hexadecimal")) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn marks_and_text_stand_out_from_light_and_dark_paper() {
    let style = include_str!("../../templates/style.css");
    let schemes: Vec<&str> =
        style.split(":root {").skip(1).map(|rest| rest.split('}').next().expect("a block")).collect();
    assert_eq!(schemes.len(), 3, "light, dark, paper");
    for scheme in schemes {
        let colour = |name: &str| {
            let value = scheme.split(&format!("--{name}: ")).nth(1).unwrap_or_else(|| panic!("no --{name}"));
            let value = value.split(';').next().expect("a value").to_owned();
            if value.len() == 4 {
                format!("#{0}{0}{1}{1}{2}{2}", &value[1..2], &value[2..3], &value[3..4])
            } else {
                value
            }
        };
        for (text, paper) in [
            ("ink", "paper"),
            ("ink", "panel"),
            ("muted", "paper"),
            ("muted", "panel"),
            ("accent", "paper"),
            ("accent", "panel"),
            ("contrast", "paper"),
            ("contrast", "panel"),
            ("alarm", "alarm-paper"),
            ("flag", "flag-paper"),
        ] {
            let found = contrast(&colour(text), &colour(paper));
            assert!(found >= 4.5, "{text} on {paper}: {found:.2}");
        }
        // Marks are large; the amber and the sky blue of Okabe and Ito are the palest.
        for series in 0..7 {
            let found = contrast(&colour(&format!("series-{series}")), &colour("paper"));
            assert!(found >= 2.1, "series {series}: {found:.2}");
        }
    }
}

#[test]
fn no_marker_colour_is_left() {
    assert!(!page().contains("#01FA"));
}
