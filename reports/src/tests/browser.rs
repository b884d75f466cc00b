//! The page in a real browser: it draws, fetches nothing, complains of nothing, and never scrolls sideways.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Params;
use crate::fixture::Fixture;

/// Widths in pixels of a phone and of a desktop.
const WIDTHS: [u32; 2] = [390, 1440];

/// Measures the page in frames of the widths above, and leaves the answers in the document for `--dump-dom`.
const MEASURE: &str = r#"
window.addEventListener("load", function () {
  document.querySelectorAll("iframe").forEach(function (frame) {
    var view = frame.contentWindow, page = frame.contentDocument;
    function report(when) {
      var wide = Array.from(page.querySelectorAll("body *")).filter(function (element) {
        return element.getBoundingClientRect().right > view.innerWidth + 1 && !element.closest(".scroll, pre, svg, .skip");
      });
      var flat = Array.from(page.querySelectorAll("svg.chart, section, figure")).filter(function (element) {
        var box = element.getBoundingClientRect();
        return box.width < 50 || box.height < 50;
      });
      var fetched = view.performance.getEntriesByType("resource").filter(function (entry) { return !/^data:/.test(entry.name); });
      var answer = document.createElement("pre");
      answer.textContent = [when, view.innerWidth, page.documentElement.scrollWidth - view.innerWidth, wide.length, flat.length,
        fetched.length, page.querySelectorAll("svg.chart").length].join(" ");
      document.body.appendChild(answer);
    }
    report("closed");
    page.querySelectorAll("details").forEach(function (details) { details.open = true; });
    report("open");
  });
});
"#;

/// The browser to test with, if there is one.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    path.exists().then_some(path)
}

/// Runs `browser` on `page` and answers what it wrote to stdout and stderr.
fn browse(browser: &Path, folder: &Path, page: &Path, options: &[String]) -> (String, String) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser runs");
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_page_fits_phone_and_desktop_and_fetches_nothing() {
    let Some(browser) = chromium() else { return skipped() };
    let mut fixture = Fixture::complete();
    fixture.corpora[0].synthetic = true;
    // A name without a place to break is what pushes pages wide.
    fixture.exclusions[0].path = format!("data/{}.wav", "x".repeat(300));
    fixture.examples[0].clip_id = "y".repeat(300);
    let rendered = fixture.render(&Params::default()).expect("rendered");

    let source = rendered.html.replace('&', "&amp;").replace('"', "&quot;");
    let [narrow, wide] = WIDTHS
        .map(|width| format!("<iframe srcdoc=\"{source}\" style=\"width:{width}px;height:800px;border:0\"></iframe>"));
    let wrapper = rendered.folder.path().join("wrapper.html");
    std::fs::write(
        &wrapper,
        format!("<!doctype html><meta charset=utf-8><script>{MEASURE}</script><body>{narrow}{wide}"),
    )
    .expect("wrapper");
    let (dom, log) = browse(&browser, rendered.folder.path(), &wrapper, &["--dump-dom".to_owned()]);

    let charts = rendered.html.matches("<svg").count();
    for width in WIDTHS {
        let closed = format!("<pre>closed {width} 0 0 0 0 {charts}</pre>");
        let open = format!("<pre>open {width} 0 0 0 0 {charts}</pre>");
        let answers: Vec<&str> = dom
            .lines()
            .flat_map(|line| line.split("<pre>"))
            .filter(|text| text.starts_with("closed ") || text.starts_with("open "))
            .collect();
        assert!(dom.contains(&closed) && dom.contains(&open), "at {width}: {answers:?}\n{log}");
    }
    assert!(!log.contains("CONSOLE"), "{log}");
}

#[test]
fn the_page_can_be_photographed_light_and_dark() {
    let Some(browser) = chromium() else { return skipped() };
    let rendered = Fixture::complete().render(&Params::default()).expect("rendered");
    let page = rendered.folder.path().join("report/index.html");
    // Kept where asked, to look at; the page beside them.
    let kept = std::env::var_os("SER_SCREENSHOTS").map(PathBuf::from);
    if let Some(kept) = &kept {
        std::fs::copy(&page, kept.join("report.html")).expect("a folder to keep the page in");
    }
    let mut sizes = Vec::new();
    for (scheme, setting) in [("light", 1), ("dark", 0)] {
        let picture = kept.as_deref().unwrap_or(rendered.folder.path()).join(format!("report-{scheme}.png"));
        let options = [
            format!("--screenshot={}", picture.display()),
            "--window-size=1440,2400".to_owned(),
            format!("--blink-settings=preferredColorScheme={setting}"),
        ];
        let (_, log) = browse(&browser, rendered.folder.path(), &page, &options);
        let size = std::fs::metadata(&picture).map_or(0, |file| file.len());
        assert!(size > 20_000, "{scheme}: {size} bytes\n{log}");
        sizes.push(std::fs::read(&picture).expect("picture"));
    }
    assert_ne!(sizes[0], sizes[1], "dark looks like light");
}

#[expect(clippy::print_stderr, reason = "a test that did not look must say so")]
fn skipped() {
    eprintln!("SKIPPED: no Chromium at /usr/bin/chromium and none named by CHROMIUM");
}
