//! The page in a real browser: it draws, fetches nothing, complains of nothing, never scrolls sideways, and does what
//! its controls promise, on a phone and on a desktop, in the light and in the dark.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Params;
use crate::fixture::{Fixture, Rendered};

/// Widths in pixels of a phone and of a desktop.
const WIDTHS: [u32; 2] = [390, 1440];
/// Colour schemes with their numbers for `preferredColorScheme`.
const SCHEMES: [(&str, bool, u32); 2] = [("light", false, 1), ("dark", true, 0)];
const EXAMINE: &str = include_str!("browser.js");

/// Findings of the script in one frame.
#[derive(Debug, Deserialize)]
struct Answer {
    width: u32,
    dark: bool,
    charts: usize,
    /// Columns of tables sorted, up and down.
    sorted: usize,
    /// Filters used.
    filtered: usize,
    /// Values of charts that can be pointed at.
    told: usize,
    /// Recordings with a button to play them.
    playable: usize,
    /// Tables taken as CSV.
    csv: usize,
    first_csv: String,
    problems: Vec<String>,
}

/// The browser to test with, if there is one.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

/// Runs `browser` on `page` and answers what it wrote to stdout and stderr.
fn browse(browser: &Path, folder: &Path, page: &Path, options: &[String]) -> (String, String) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--hide-scrollbars", "--virtual-time-budget=20000"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot run `{}`: {error}", browser.display()));
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Answers that [`EXAMINE`] left in the document.
fn answers(dom: &str) -> Vec<Answer> {
    dom.split("<pre class=\"answer\">")
        .skip(1)
        .map(|rest| {
            let text = rest.split("</pre>").next().unwrap_or_default();
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
        })
        .collect()
}

#[test]
fn the_page_does_what_it_promises_at_every_width_in_every_light() {
    let Some(browser) = chromium() else { return skipped() };
    let mut fixture = Fixture::complete();
    fixture.tables.corpora[0].synthetic = true;
    // A name without a place to break is what pushes pages wide.
    fixture.tables.exclusions[0].path = format!("data/{}.wav", "x".repeat(300));
    fixture.tables.examples[0].clip_id = "y".repeat(300);
    fixture.audit().near_duplicates[0].clip_a = "z".repeat(300);
    let rendered = fixture.render(&Params::default()).expect("rendered");
    let first = "net,leads this report,0.613,0.573,0.653";
    keeps_its_promises(&browser, &rendered, first);
}

/// Two dozen rows in each chart, wide tables, long names.
#[test]
fn a_page_of_many_models_does_so_too() {
    let Some(browser) = chromium() else { return skipped() };
    let rendered = Fixture::many().render(&Params { main_model: Some("ensemble".into()), ..Params::default() });
    keeps_its_promises(&browser, &rendered.expect("rendered"), "ensemble,leads this report,0.652,0.612,0.692");
}

/// Examines `rendered` in frames of all widths; the first table begins with the row `first`.
fn keeps_its_promises(browser: &Path, rendered: &Rendered, first: &str) {
    let source = rendered.html.replace('&', "&amp;").replace('"', "&quot;");
    let [narrow, wide] = WIDTHS
        .map(|width| format!("<iframe srcdoc=\"{source}\" style=\"width:{width}px;height:800px;border:0\"></iframe>"));
    let wrapper = rendered.folder.path().join("wrapper.html");
    std::fs::write(
        &wrapper,
        format!("<!doctype html><meta charset=utf-8><meta name=color-scheme content=\"light dark\"><script>{EXAMINE}</script><body>{narrow}{wide}"),
    )
    .expect("wrapper");

    let charts = rendered.html.matches("<svg").count();
    let spots = rendered.html.matches("class=\"spot\"").count();
    let tables = rendered.html.matches("<tbody>").count();
    let links = rendered.html.matches("class=\"listen\"").count();
    for (_, dark, setting) in SCHEMES {
        let options = ["--dump-dom".to_owned(), format!("--blink-settings=preferredColorScheme={setting}")];
        let (dom, log) = browse(browser, rendered.folder.path(), &wrapper, &options);
        let answers = answers(&dom);
        assert_eq!(answers.iter().map(|answer| answer.width).collect::<Vec<_>>(), WIDTHS, "{log}");
        for answer in answers {
            assert!(answer.problems.is_empty(), "at {} pixels: {:#?}\n{log}", answer.width, answer.problems);
            assert_eq!(answer.dark, dark);
            assert_eq!((answer.charts, answer.told, answer.csv), (charts, spots, tables));
            assert_eq!(answer.playable, links);
            assert!(answer.sorted > 100 && answer.filtered > 20, "{answer:?}");
            assert!(answer.first_csv.contains(&format!("\r\n{first}")), "{}", answer.first_csv);
        }
        assert!(!log.contains("CONSOLE"), "{log}");
    }
}

#[test]
fn the_page_can_be_photographed_and_printed() {
    let Some(browser) = chromium() else { return skipped() };
    let rendered = Fixture::complete().render(&Params::default()).expect("rendered");
    let page = rendered.folder.path().join("report/index.html");
    // Kept where asked, to look at; the page beside them, and one of many models.
    let kept = std::env::var_os("SER_SCREENSHOTS").map(PathBuf::from);
    if let Some(kept) = &kept {
        let many = Fixture::many().render(&Params { main_model: Some("ensemble".into()), ..Params::default() });
        std::fs::write(kept.join("many.html"), many.expect("rendered").html).expect("a folder to keep the page in");
        std::fs::copy(&page, kept.join("report.html")).expect("a folder to keep the page in");
        std::fs::write(kept.join("model_card.md"), &rendered.card).expect("a folder to keep the card in");
    }
    let folder = kept.as_deref().unwrap_or(rendered.folder.path());
    let mut pictures = Vec::new();
    for (scheme, _, setting) in SCHEMES {
        let picture = folder.join(format!("report-{scheme}.png"));
        let options = [
            format!("--screenshot={}", picture.display()),
            "--window-size=1440,2400".to_owned(),
            format!("--blink-settings=preferredColorScheme={setting}"),
        ];
        let (_, log) = browse(&browser, rendered.folder.path(), &page, &options);
        let size = std::fs::metadata(&picture).map_or(0, |file| file.len());
        assert!(size > 20_000, "{scheme}: {size} bytes\n{log}");
        pictures.push(std::fs::read(&picture).expect("picture"));
    }
    assert_ne!(pictures[0], pictures[1], "dark looks like light");

    let paper = folder.join("report.pdf");
    let options = [format!("--print-to-pdf={}", paper.display()), "--no-pdf-header-footer".to_owned()];
    let (_, log) = browse(&browser, rendered.folder.path(), &page, &options);
    let pdf = std::fs::read(&paper).unwrap_or_else(|error| panic!("{error}\n{log}"));
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 100_000, "{} bytes\n{log}", pdf.len());
}

/// A test that did not look must say so: past the capture of what passing tests print.
fn skipped() {
    let _ = writeln!(std::io::stderr(), "SKIPPED: no Chromium in /usr/bin and none named by CHROMIUM");
}
