//! `${VAR}` and `${VAR:-default}` in strings of a pipeline file.

/// Where values of variables come from.
pub(crate) type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// `text` with variables put in. A default stands in for a variable that is unset or empty, as in a shell; `$${` is a
/// literal `${`.
///
/// # Errors
/// Every mistake, as message and hint.
pub(crate) fn expand(text: &str, env: &Env<'_>) -> Result<String, Vec<(String, String)>> {
    let mut expanded = String::with_capacity(text.len());
    let mut mistakes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        if let Some(escaped) = before.strip_suffix('$') {
            expanded.push_str(escaped);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        expanded.push_str(before);
        let Some(end) = after.find('}') else {
            mistakes.push(("`${` without a closing `}`".to_owned(), "write `$${` for a literal `${`".to_owned()));
            rest = "";
            break;
        };
        match value(&after[..end], env) {
            Ok(value) => expanded.push_str(&value),
            Err(mistake) => mistakes.push(mistake),
        }
        rest = &after[end + 1..];
    }
    expanded.push_str(rest);
    if mistakes.is_empty() { Ok(expanded) } else { Err(mistakes) }
}

fn value(inside: &str, env: &Env<'_>) -> Result<String, (String, String)> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !valid {
        return Err((
            format!("`{name}` is not the name of an environment variable"),
            "write `${NAME}` or `${NAME:-default}`; `$${` stands for a literal `${`".to_owned(),
        ));
    }
    if let Some(default) = default {
        if default.contains("${") {
            return Err((
                format!("the default of `${{{name}}}` holds another variable"),
                "variables cannot be nested".to_owned(),
            ));
        }
        return Ok(env(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned()));
    }
    env(name).ok_or_else(|| {
        (format!("environment variable `{name}` is not set"), format!("set it, or give a default: `${{{name}:-...}}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand_here(text: &str) -> Result<String, Vec<(String, String)>> {
        expand(text, &|name| match name {
            "DATA" => Some("/data".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn replaces_set_variables_and_falls_back_to_defaults() {
        assert_eq!(expand_here("${DATA}/x").unwrap(), "/data/x");
        assert_eq!(expand_here("${DATA:-y}/${NO:-y}").unwrap(), "/data/y");
        assert_eq!(expand_here("a${EMPTY}b${EMPTY:-c}${NO:-}").unwrap(), "abc");
        assert_eq!(expand_here("5$ and $DATA and ä$").unwrap(), "5$ and $DATA and ä$");
    }

    #[test]
    fn a_doubled_dollar_is_literal() {
        assert_eq!(expand_here("$${DATA}").unwrap(), "${DATA}");
        assert_eq!(expand_here("$${${DATA}").unwrap(), "${/data");
    }

    #[test]
    fn all_mistakes_are_found() {
        let mistakes = expand_here("${NO} ${1X} ${NO:-${DATA}} ${").unwrap_err();
        assert_eq!(mistakes.len(), 4);
        assert_eq!(mistakes[0].0, "environment variable `NO` is not set");
        assert_eq!(mistakes[3].0, "`${` without a closing `}`");
    }
}
