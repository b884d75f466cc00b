//! What the page says.

use ser_schemas::{ClassMetrics, SummaryMetric, Table, read_metadata};

use crate::fixture::Fixture;
use crate::{Error, Params};

/// The text of `html` from the first `from` to the next `to`.
fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let start = html.find(from).unwrap_or_else(|| panic!("no `{from}`"));
    let rest = &html[start..];
    &rest[..rest.find(to).unwrap_or_else(|| panic!("no `{to}` after `{from}`"))]
}

#[test]
fn the_speaker_independent_figure_comes_first_with_its_interval() {
    let rendered = Fixture::complete().render(&Params::default()).expect("rendered");
    let hero = between(&rendered.html, "class=\"hero\"", "</dl>");
    assert!(hero.contains("<span>0.61</span>") && hero.contains("[0.57, 0.65]"), "{hero}");
    assert!(hero.contains("speaker-independent: no test speaker was trained on"));
    assert!(hero.contains("12\u{202f}162 test clips of crema_d, ravdess, savee, tess"));
    assert!(hero.contains("Guessing gives 0.125"));
    assert_eq!(rendered.summary.headline, "UAR 0.61 [0.57, 0.65], speaker-independent (net)");
}

#[test]
fn the_gap_to_the_random_split_is_stated() {
    let rendered = Fixture::complete().render(&Params::default()).expect("rendered");
    let gap = between(&rendered.html, "What a random split adds", "<h3>");
    assert!(gap.contains("0.61") && gap.contains("0.84") && gap.contains("+0.23"), "{gap}");
}

#[test]
fn protocols_stand_beside_the_paper() {
    let rendered = Fixture::complete().render(&Params::default()).expect("rendered");
    let protocols = between(&rendered.html, "id=\"protocols\"", "</section>");
    for expected in [
        "net_per_speaker",
        "uses the test speaker’s unlabelled clips",
        "Ranjan et al.",
        "0.81",
        "0.80",
        "0.84<small>[0.80, 0.88]",
    ] {
        assert!(protocols.contains(expected), "no {expected} in {protocols}");
    }
    let without = Fixture::complete().render(&Params { paper_figures: false, ..Params::default() }).expect("rendered");
    assert!(!without.html.contains("Ranjan"));
}

#[test]
fn a_main_model_standardised_per_speaker_is_labelled() {
    let params = Params { main_model: Some("net_per_speaker".into()), ..Params::default() };
    let rendered = Fixture::complete().render(&params).expect("rendered");
    let hero = between(&rendered.html, "class=\"hero\"", "</dl>");
    assert!(hero.contains("0.67") && hero.contains("uses the test speaker’s unlabelled clips"), "{hero}");
    assert!(rendered.summary.headline.contains("standardised per speaker"));
}

#[test]
fn an_unknown_main_model_is_refused() {
    let params = Params { main_model: Some("nett".into()), ..Params::default() };
    assert!(matches!(Fixture::complete().render(&params), Err(Error::UnknownModel { .. })));
}

#[test]
fn every_section_is_there_and_counts_what_it_was_given() {
    let html = Fixture::complete().render(&Params::default()).expect("rendered").html;
    for id in ["answer", "protocols", "data", "voices", "training", "errors", "provenance"] {
        assert!(html.contains(&format!("<section id=\"{id}\"")), "no section {id}");
    }
    assert!(html.contains("70 files were left out"));
    assert!(html.contains("20 more files in exclusions.parquet"));
    assert!(html.contains("skipped: no folder"));
    assert!(html.contains("calm exists in ravdess only."));
    assert!(html.contains("optimizer.learning_rate"));
    assert!(html.contains("f00d-manifest"));
    assert!(html.contains("corpus = &quot;ravdess&quot;"));
    // Three models: one protocol chart each for UAR and accuracy, balance, eight clips, two curves and two error charts each.
    assert_eq!(html.matches("<svg").count(), 2 + 1 + 8 + 3 * 2 + 3 * 2);
}

#[test]
fn synthetic_corpora_raise_the_banner() {
    let mut fixture = Fixture::complete();
    assert!(!fixture.render(&Params::default()).expect("rendered").html.contains("role=\"alert\""));
    fixture.corpora[1].synthetic = true;
    let rendered = fixture.render(&Params::default()).expect("rendered");
    let banner = between(&rendered.html, "role=\"alert\"", "</div>");
    assert!(banner.contains("Synthetic data.") && banner.contains("RAVDESS (speech)"));
    assert!(rendered.summary.notes[0].starts_with("SYNTHETIC DATA: RAVDESS (speech)"));
}

#[test]
fn the_tables_beside_the_page_are_the_evaluated_ones_with_the_reports_own_provenance() {
    let fixture = Fixture::complete();
    let rendered = fixture.render(&Params::default()).expect("rendered");
    let out = rendered.folder.path().join("report");
    assert_eq!(ClassMetrics::read(&out.join("classes.parquet")).expect("classes"), fixture.classes);
    assert_eq!(SummaryMetric::read(&out.join("summary.parquet")).expect("summary"), fixture.summary);
    assert_eq!(read_metadata(&out.join("summary.parquet")).expect("metadata")["ser.fingerprint"], "f00d-report");
}
