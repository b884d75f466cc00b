//! Fields that stay empty because two sources tell different values of them.

use std::collections::BTreeMap;

use ser_text::counted;

use super::{Read, Remarks};
use crate::descriptor::Field;
use crate::identify::Contradiction;

/// Files in which two sources tell different values of a field, each with its path, by field and sources.
type Alike<'a> = BTreeMap<(Field, &'a [String; 2]), Vec<(&'a str, &'a Contradiction)>>;

/// A warning for each field and two sources.
pub(super) fn all(read: &Read<'_>, remarks: &mut Remarks) {
    let mut alike = Alike::new();
    for (found, identity) in read.walk.files.iter().zip(read.identities) {
        if identity.facts.modality.is_some() {
            continue;
        }
        for contradiction in &identity.contradictions {
            let key = (contradiction.field, &contradiction.sources);
            alike.entry(key).or_default().push((&found.below_root, contradiction));
        }
    }
    for ((field, [one, two]), files) in alike {
        let Some((path, Contradiction { told: [first, second], .. })) = files.first() else { continue };
        let field = field.as_str();
        remarks.warnings.push(format!(
            "{one} and {two} tell different values of `{field}` for {}, of which it stays empty: `{path}` is {first} \
             and {second}; put one of them right, or let one of them not tell the {field}",
            counted(files.len(), "file")
        ));
    }
}
