//! The stages of a pipeline file as far as one of them may look at others: who writes which tables, and who reads whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::Output;

/// Who writes which tables in a pipeline file, and who reads whom.
#[derive(Debug, Clone, Default)]
pub struct Links<'a> {
    stages: BTreeMap<&'a str, Link<'a>>,
}

#[derive(Debug, Clone)]
struct Link<'a> {
    outputs: &'static [Output],
    from: Vec<&'a str>,
}

impl<'a> Links<'a> {
    /// Adds `stage`, which writes `outputs` and reads the stages `from`.
    pub fn add(&mut self, stage: &'a str, outputs: &'static [Output], from: impl IntoIterator<Item = &'a str>) {
        self.stages.insert(stage, Link { outputs, from: from.into_iter().collect() });
    }

    /// The stages from which what `stage` reads of `table` comes, through however many others: on each way back from it the
    /// first that writes the table. The stages may read each other in circles.
    pub fn sources(&self, stage: &str, table: &str) -> BTreeSet<&'a str> {
        let writes = |stage: &&str| {
            self.stages.get(stage).is_some_and(|link| link.outputs.iter().any(|output| output.table == Some(table)))
        };
        self.upstream(stage, &|stage| !writes(&stage)).into_iter().filter(writes).collect()
    }

    /// Whether `stage` reads `other`, through however many others.
    pub fn reads(&self, stage: &str, other: &str) -> bool {
        self.upstream(stage, &|_| true).contains(other)
    }

    /// The stages on all ways back from `stage`, which go `on` from some and end at the others.
    fn upstream(&self, stage: &str, on: &dyn Fn(&str) -> bool) -> BTreeSet<&'a str> {
        let (mut seen, mut open) = (BTreeSet::new(), self.from(stage).to_vec());
        while let Some(next) = open.pop() {
            if seen.insert(next) && on(next) {
                open.extend(self.from(next));
            }
        }
        seen
    }

    fn from(&self, stage: &str) -> &[&'a str] {
        self.stages.get(stage).map_or(&[], |link| &link.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIPS: &[Output] = &[Output::table("clips", "clips.parquet")];
    const FOLDS: &[Output] = &[Output::table("folds", "folds.parquet")];
    const ANSWERS: &[Output] = &[Output::table("answers", "answers.parquet")];

    fn links() -> Links<'static> {
        let mut links = Links::default();
        links.add("clips", CLIPS, []);
        links.add("one", FOLDS, ["clips"]);
        links.add("two", FOLDS, ["clips", "one"]);
        links.add("a", ANSWERS, ["clips", "one"]);
        links.add("b", ANSWERS, ["clips", "two"]);
        links.add("both", ANSWERS, ["a", "b"]);
        links.add("round", ANSWERS, ["a", "trip"]);
        links.add("trip", ANSWERS, ["round", "unknown"]);
        links
    }

    #[test]
    fn a_table_comes_from_the_first_stage_on_each_way_that_writes_it() {
        let links = links();
        let sources = |stage: &str, table: &str| links.sources(stage, table).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(sources("a", "folds"), "one");
        // What its split reads is another matter.
        assert_eq!(sources("b", "folds"), "two");
        assert_eq!(sources("both", "folds"), "one two");
        assert_eq!(sources("both", "answers"), "a b");
        assert_eq!(sources("trip", "folds"), "one");
        assert_eq!(sources("clips", "clips") + &sources("unknown", "clips") + &sources("a", "no table"), "");
    }

    #[test]
    fn reading_goes_through_others_and_in_circles() {
        let links = links();
        for (stage, other, reads) in [
            ("both", "clips", true),
            ("clips", "both", false),
            ("a", "a", false),
            ("round", "round", true),
            ("round", "clips", true),
            ("unknown", "clips", false),
        ] {
            assert_eq!(links.reads(stage, other), reads, "{stage}, {other}");
        }
    }
}
