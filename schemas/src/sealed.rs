//! Descriptions on disk that tell whether anybody changed them: one line holds a hash of the others.

/// Key of the hash. No other line of a description holds this word.
pub const DESCRIPTION_HASH: &str = "description_hash";

/// BLAKE3 hash, 64 hexadecimal digits, of all lines of `text` but that of the hash: numbers that are read and written
/// again need not have the same digits.
pub fn description_hash(text: &str) -> String {
    let others: Vec<&str> = text.lines().filter(|line| !line.contains(DESCRIPTION_HASH)).collect();
    blake3::hash(others.join("\n").as_bytes()).to_hex().to_string()
}

/// A difference of `text` from what was written with the hash that it holds; `known` is that hash, which descriptions
/// of before lack. What was changed may well be consistent, and would give every recording a wrong answer.
pub fn alteration(text: &str, known: Option<&str>) -> Option<String> {
    let (expected, found) = (known?, description_hash(text));
    (found != expected).then(|| {
        format!("it was changed after training: its hash is {found}, expected {expected}; copy the folder again, or train again")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_but_those_of_the_hash_counts() {
        let text = "{\"description_hash\": \"0\",\n\"a\": 1.50}\n";
        let hash = description_hash(text);
        assert_eq!(alteration(&text.replace("\"0\"", &format!("\"{hash}\"")), Some(&hash)), None);
        for other in ["\"a\": 1.5}", "\"a\": 1.51}", "\"a\": 1.50,}"] {
            let told = alteration(&text.replace("\"a\": 1.50}", other), Some(&hash)).expect(other);
            assert!(told.contains("it was changed after training") && told.contains(&hash), "{told}");
        }
        assert_eq!(alteration("anything", None), None);
    }
}
