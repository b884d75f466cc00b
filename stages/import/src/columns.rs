//! Which columns of a file are features.

use std::collections::BTreeSet;

use ser_stage::suggest::nearest;
use ser_text::{counted, nfc, printable, some_names};

use crate::params::Params;
use crate::row::{Column, Form};

/// Begins the name of an index that pandas wrote as a column.
const PANDAS_INDEX: &str = "__index_level_";

/// The places of the columns that `params` ask for, in the file's order; the problem with them, where there is one.
pub(crate) fn taken(columns: &[Column], params: &Params) -> Result<Vec<usize>, String> {
    for (key, patterns) in [("columns", &params.columns), ("ignore", &params.ignore)] {
        let strange = patterns.iter().find(|pattern| !columns.iter().any(|column| fits(pattern, &column.name)));
        if let Some(strange) = strange {
            let names = || columns.iter().map(|column| column.name.as_str());
            let meant = nearest(strange, names()).map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"));
            let (strange, names) = (printable(strange), some_names(names().map(printable)));
            return Err(format!("`{key}` names `{strange}`, and no column is called so{meant}; it has: {names}"));
        }
    }
    let asked = |name: &str| params.columns.iter().any(|pattern| fits(pattern, name));
    let wanted = |name: &str| if params.columns.is_empty() { !name.starts_with(PANDAS_INDEX) } else { asked(name) };
    let ignored = |name: &str| params.ignore.iter().any(|pattern| fits(pattern, name));
    let taken: Vec<usize> =
        (0..columns.len()).filter(|at| wanted(&columns[*at].name) && !ignored(&columns[*at].name)).collect();
    let of = |at: &usize| &columns[*at];
    if taken.is_empty() {
        return Err(format!(
            "no column is left to take beside `clip_id`; it has: {}",
            some_names(columns.iter().map(|column| printable(&column.name)))
        ));
    }
    if taken.iter().any(|at| of(at).name.trim().is_empty()) {
        return Err(
            "a column has no name, as an index that pandas wrote: write the file without it (`index=False`), or \
                    name the columns to take in `columns`"
                .to_owned(),
        );
    }
    let mut seen = BTreeSet::new();
    if let Some(at) = taken.iter().find(|at| !seen.insert(nfc(&of(at).name))) {
        return Err(format!("several columns are called `{}`: rename all but one", printable(&of(at).name)));
    }
    let strange: Vec<&Column> = taken.iter().map(of).filter(|column| column.form.is_none()).collect();
    if !strange.is_empty() {
        let told = strange.iter().map(|column| format!("`{}` ({})", printable(&column.name), column.told));
        let names: Vec<String> = strange.iter().map(|column| format!("\"{}\"", printable(&column.name))).collect();
        return Err(format!(
            "{} neither numbers nor lists of numbers: {}; leave them out: `ignore = [{}]`",
            if strange.len() == 1 {
                "1 column holds".to_owned()
            } else {
                format!("{} hold", counted(strange.len(), "column"))
            },
            some_names(told),
            some_names(names)
        ));
    }
    let frames: Vec<&Column> = taken.iter().map(of).filter(|column| column.form == Some(Form::Frames)).collect();
    if frames.len() > 1 {
        return Err(format!(
            "expected at most one column of frames, found {}: name the one to take in `columns`, and give every other a \
             stage of its own",
            some_names(frames.iter().map(|column| format!("`{}`", printable(&column.name))))
        ));
    }
    Ok(taken)
}

/// `true` if `pattern` is `name`, or with `*` at its end the beginning of it.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (nfc(pattern), nfc(name));
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, form: Option<Form>) -> Column {
        Column { name: name.to_owned(), form, told: "Utf8".to_owned() }
    }

    fn of(names: &[&str], columns: &[&str], ignore: &[&str]) -> Result<Vec<usize>, String> {
        let of_name = |name: &&str| match name.split_once(':') {
            Some((name, "text")) => column(name, None),
            Some((name, _)) => column(name, Some(Form::Frames)),
            None => column(name, Some(Form::Number)),
        };
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let params = Params { file: String::new(), columns: owned(columns), ignore: owned(ignore) };
        taken(&names.iter().map(of_name).collect::<Vec<_>>(), &params)
    }

    #[test]
    fn all_are_taken_or_those_that_are_named() {
        let names = ["f0_mean", "f0_sd", "label:text", "__index_level_0__"];
        assert_eq!(of(&names[..2], &[], &[]), Ok(vec![0, 1]));
        assert_eq!(of(&names, &["f0_*"], &[]), Ok(vec![0, 1]));
        assert_eq!(of(&names, &[], &["label"]), Ok(vec![0, 1]));
        assert_eq!(of(&names, &["f0*"], &["f0_sd"]), Ok(vec![0]));
        assert_eq!(of(&names, &["__index*"], &[]), Ok(vec![3]), "whoever asks for it gets it");
    }

    #[test]
    fn what_cannot_be_taken_is_told() {
        for (names, columns, ignore, expected) in [
            (
                &["f0", "label:text"][..],
                &[][..],
                &[][..],
                "1 column holds neither numbers nor lists of numbers: `label` (Utf8); leave them out: `ignore = [\"label\"]`",
            ),
            (&["f0", "f1"], &["f2"], &[], "`columns` names `f2`, and no column is called so (did you mean `f"),
            (&["f0"], &[], &["path"], "`ignore` names `path`, and no column is called so; it has: f0"),
            (&["f0"], &[], &["f0"], "no column is left to take"),
            (&[], &[], &[], "no column is left to take"),
            (&["", "f0"], &[], &[], "a column has no name"),
            (&["f0", "f0"], &[], &[], "several columns are called `f0`"),
            (&["a:frames", "b:frames"], &[], &[], "expected at most one column of frames, found `a`, `b`"),
        ] {
            let error = of(names, columns, ignore).expect_err(expected);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
