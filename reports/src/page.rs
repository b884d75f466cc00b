//! From sections to one file: templates, style and script are compiled in, and nothing is fetched.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, HtmlEscape, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::Error;
use crate::card::ModelCard;
use crate::figure::Figure;
use crate::grid::Grid;
use crate::sections::answer::Answer;
use crate::sections::audit::AuditView;
use crate::sections::calibration::Calibration;
use crate::sections::comparisons::Comparisons;
use crate::sections::corpora::Corpora;
use crate::sections::distrust::Caution;
use crate::sections::errors::ModelErrors;
use crate::sections::groups::Groups;
use crate::sections::labelled::Labelled;
use crate::sections::labels::Labels;
use crate::sections::left_out::LeftOut;
use crate::sections::protocols::Protocols;
use crate::sections::provenance::ProvenanceView;
use crate::sections::standardisation::Standardisations;
use crate::sections::training::Training;
use crate::sections::unheard::Unheard;

const TEMPLATES: [(&str, &str); 16] = [
    ("report.html", include_str!("../templates/report.html")),
    ("macros.html", include_str!("../templates/macros.html")),
    ("answer.html", include_str!("../templates/answer.html")),
    ("protocols.html", include_str!("../templates/protocols.html")),
    ("standardisation.html", include_str!("../templates/standardisation.html")),
    ("labelled.html", include_str!("../templates/labelled.html")),
    ("data.html", include_str!("../templates/data.html")),
    ("voices.html", include_str!("../templates/voices.html")),
    ("training.html", include_str!("../templates/training.html")),
    ("errors.html", include_str!("../templates/errors.html")),
    ("groups.html", include_str!("../templates/groups.html")),
    ("calibration.html", include_str!("../templates/calibration.html")),
    ("labels.html", include_str!("../templates/labels.html")),
    ("measurements.html", include_str!("../templates/measurements.html")),
    ("card.html", include_str!("../templates/card.html")),
    ("provenance.html", include_str!("../templates/provenance.html")),
];
/// Names of more characters are broken on a phone.
const LONG_NAME: usize = 14;
const STYLE: &str = include_str!("../templates/style.css");
const SCRIPT: &str = include_str!("../templates/script.js");

/// Everything that the page shows. What a run did not measure is `None` or empty, and the page says so in a sentence.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Page {
    pub title: String,
    pub answer: Answer,
    pub cautions: Vec<Caution>,
    pub protocols: Protocols,
    pub comparisons: Option<Comparisons>,
    pub cross_corpus: Vec<Figure>,
    pub unheard_corpora: Unheard,
    pub unheard_languages: Unheard,
    /// `None` where no model is standardised per speaker, or none was tried.
    pub standardisation: Option<Standardisations>,
    /// `None` where no model was adapted to speakers.
    pub labelled: Option<Labelled>,
    pub corpora: Corpora,
    pub left_out: LeftOut,
    pub audit: Option<AuditView>,
    pub voices: Vec<Figure>,
    pub training: Vec<Training>,
    /// Weights of the members of each ensemble.
    pub ensembles: Vec<Grid>,
    pub errors: Vec<ModelErrors>,
    pub groups: Option<Groups>,
    pub calibration: Option<Calibration>,
    pub labels: Option<Labels>,
    pub measurements: Grid,
    pub card: Option<ModelCard>,
    pub provenance: ProvenanceView,
}

pub(crate) fn render(page: &Page) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("breakable", breakable);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let html = environment.get_template("report.html")?.render(context! {
        page => Value::from(Serde(page)),
        // Both are files of this crate, not data.
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
    })?;
    Ok(html)
}

/// A name as markup, with places to break it at after its underscores where it is long: a narrow screen breaks it
/// there, and not within a word.
fn breakable(text: &str) -> Value {
    let escaped = HtmlEscape(text).to_string();
    let long = text.split(' ').any(|word| word.chars().count() > LONG_NAME);
    Value::from_safe_string(if long { escaped.replace('_', "_<wbr>") } else { escaped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_can_be_broken_after_their_underscores() {
        for (name, expected) in [
            ("net_of_speaker", "net_of_speaker"),
            ("net_without_one_corpus", "net_<wbr>without_<wbr>one_<wbr>corpus"),
            ("one_a two_b three_c four_d", "one_a two_b three_c four_d"),
            ("<b_b_b_b_b_b_b_b_b>", "&lt;b_<wbr>b_<wbr>b_<wbr>b_<wbr>b_<wbr>b_<wbr>b_<wbr>b_<wbr>b&gt;"),
        ] {
            assert_eq!(breakable(name).to_string(), expected);
        }
    }
}
