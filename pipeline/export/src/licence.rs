//! Licences that other tools have a name for.

/// A licence as descriptors write it, with its id on the Hugging Face Hub and its page.
struct Known {
    name: &'static str,
    id: &'static str,
    url: &'static str,
}

/// Ids: the table "Licenses" of the Hub's documentation. Pages: those of the licences themselves.
const KNOWN: [Known; 9] = [
    known("ODbL 1.0", "odbl", "https://opendatacommons.org/licenses/odbl/1-0/"),
    known("CC0 1.0", "cc0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    known("CC BY 4.0", "cc-by-4.0", "https://creativecommons.org/licenses/by/4.0/"),
    known("CC BY-SA 4.0", "cc-by-sa-4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    known("CC BY-ND 4.0", "cc-by-nd-4.0", "https://creativecommons.org/licenses/by-nd/4.0/"),
    known("CC BY-NC 4.0", "cc-by-nc-4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
    known("CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0", "https://creativecommons.org/licenses/by-nc-sa/4.0/"),
    known("CC BY-NC-ND 4.0", "cc-by-nc-nd-4.0", "https://creativecommons.org/licenses/by-nc-nd/4.0/"),
    known("MIT", "mit", "https://opensource.org/license/mit"),
];

const fn known(name: &'static str, id: &'static str, url: &'static str) -> Known {
    Known { name, id, url }
}

/// Id on the Hugging Face Hub; `other` for what it has no id for.
pub(crate) fn hub_id(licence: Option<&str>) -> &'static str {
    find(licence).map_or("other", |known| known.id)
}

/// Page of the licence; `None` for words of a distributor's own.
pub(crate) fn page(licence: Option<&str>) -> Option<&'static str> {
    find(licence).map(|known| known.url)
}

/// Words beyond the name mean that there is more to it, so only the whole text counts.
fn find(licence: Option<&str>) -> Option<&'static Known> {
    let licence = licence?.trim();
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(licence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_licence_itself_has_an_id() {
        assert_eq!(hub_id(Some("CC BY-NC-SA 4.0")), "cc-by-nc-sa-4.0");
        assert_eq!(hub_id(Some(" odbl 1.0")), "odbl");
        assert_eq!(page(Some("CC0 1.0")), Some("https://creativecommons.org/publicdomain/zero/1.0/"));
        for own in [None, Some("free for research"), Some("CC0 1.0 as distributed by one; others state other terms")] {
            assert_eq!((hub_id(own), page(own)), ("other", None));
        }
    }
}
