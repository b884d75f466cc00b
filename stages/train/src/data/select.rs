//! Which columns of the frames table a model uses.

use crate::error::TrainError;

/// Positions of the columns that `wanted` asks for, ascending, each once.
///
/// A name takes the column of that name and all columns that continue it after an underscore; `all` takes everything.
pub(crate) fn columns_of(wanted: &[String], names: &[String]) -> Result<Vec<usize>, TrainError> {
    let mut taken = vec![false; names.len()];
    for want in wanted {
        let stem = want.replace('-', "_");
        let mut found = false;
        for (name, taken) in names.iter().zip(&mut taken) {
            let continues = name.strip_prefix(&stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
            if stem == "all" || continues {
                *taken = true;
                found = true;
            }
        }
        if !found {
            return Err(TrainError::UnknownFeature { wanted: want.clone(), present: stems(names) });
        }
    }
    Ok((0..names.len()).filter(|column| taken[*column]).collect())
}

/// Names without the numbers at their ends, each once.
fn stems(names: &[String]) -> Vec<String> {
    let mut stems: Vec<String> = names
        .iter()
        .map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_').to_owned())
        .collect();
    stems.dedup();
    stems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_whole_words() {
        let names: Vec<String> =
            ["log_mel_00", "log_mel_01", "mfcc_00", "mfcc_delta_00", "zcr", "zcrx"].map(str::to_owned).to_vec();
        let columns = |wanted: &[&str]| columns_of(&wanted.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(), &names);
        assert_eq!(columns(&["zcr", "log-mel"]).expect("known"), [0, 1, 4]);
        assert_eq!(columns(&["mfcc"]).expect("known"), [2, 3]);
        assert_eq!(columns(&["mfcc-delta"]).expect("known"), [3]);
        assert_eq!(columns(&["all"]).expect("known"), [0, 1, 2, 3, 4, 5]);
        let error = columns(&["pitch"]).expect_err("unknown").to_string();
        assert!(error.ends_with("the features stage wrote: log_mel, mfcc, mfcc_delta, zcr, zcrx"), "{error}");
    }
}
