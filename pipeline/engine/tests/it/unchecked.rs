//! Parameters with a rule that the engine does not know.

use std::path::Path;

use schemars::JsonSchema;
use ser_engine::{Registry, Spec};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Lower-case letters.
    #[schemars(regex(pattern = "^[a-z]*$"))]
    letters: String,
}

struct Spell;

impl Kind for Spell {
    type Params = Params;

    const NAME: &'static str = "spell";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Spells.";
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[];

    fn run(_params: &Params, _ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        Ok(Outcome::default())
    }
}

#[test]
fn a_rule_that_nothing_checks_is_refused_and_not_passed_over() {
    let registry = Registry::new(|_| Ok(None)).with(Spell);
    let text = "name = \"t\"\n[stage.a]\nkind = \"spell\"\nletters = \"42\"\n";
    let errors = Spec::parse(Path::new("pipeline.toml"), text.to_owned(), &registry, &[], &|_| None);
    let told = errors.map(|_| ()).expect_err("a mistake of the program").render(false);
    assert!(
        told.contains("parameters of kind `spell` have rules that nothing checks: #/properties/letters: pattern"),
        "{told}"
    );
    assert!(told.contains("pipeline.toml:2"), "{told}");
}
