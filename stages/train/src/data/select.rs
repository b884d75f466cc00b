//! Which columns of the frames table a model uses.

use crate::error::TrainError;
use crate::networks::{NetworkConfig, is_of};

/// Positions of the columns that `wanted` asks for and that `model` can take, ascending, each once.
///
/// A name takes the column of that name and all columns that continue it after an underscore; `all` takes everything that
/// the model can take.
pub(crate) fn columns_of(wanted: &[String], names: &[String], model: &NetworkConfig) -> Result<Vec<usize>, TrainError> {
    let hears = model.architecture().hears();
    if !names.iter().any(|name| hears.takes(name)) {
        return Err(TrainError::NothingToHear { kind: model.kind(), hears, present: stems(names.iter()) });
    }
    let mut taken = vec![false; names.len()];
    for want in wanted {
        let stem = want.replace('-', "_");
        let asked: Vec<usize> = if stem == "all" {
            (0..names.len()).filter(|column| hears.takes(&names[*column])).collect()
        } else {
            (0..names.len()).filter(|column| is_of(&names[*column], &stem)).collect()
        };
        if asked.is_empty() {
            return Err(TrainError::UnknownFeature { wanted: want.clone(), present: stems(names.iter()) });
        }
        let strange = stems(asked.iter().map(|column| &names[*column]).filter(|name| !hears.takes(name)));
        if !strange.is_empty() {
            return Err(TrainError::CannotHear { kind: model.kind(), hears, wanted: want.clone(), strange });
        }
        for column in asked {
            taken[column] = true;
        }
    }
    Ok((0..names.len()).filter(|column| taken[*column]).collect())
}

/// Names without the numbers at their ends, each once.
fn stems<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut stems: Vec<String> = names
        .map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_').to_owned())
        .collect();
    stems.dedup();
    stems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::AcrnnConfig;

    #[test]
    fn names_are_taken_as_whole_words() {
        let names: Vec<String> = ["log_mel_00", "log_mel_01", "mfcc_00", "mfcc_delta_00", "zcr", "zcrx", "samples_000"]
            .map(str::to_owned)
            .to_vec();
        let columns = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|want| (*want).to_owned()).collect();
            columns_of(&wanted, &names, &NetworkConfig::default())
        };
        assert_eq!(columns(&["zcr", "log-mel"]).expect("known"), [0, 1, 4]);
        assert_eq!(columns(&["mfcc"]).expect("known"), [2, 3]);
        assert_eq!(columns(&["mfcc-delta"]).expect("known"), [3]);
        assert_eq!(columns(&["all"]).expect("known"), [0, 1, 2, 3, 4, 5]);
        let error = columns(&["pitch"]).expect_err("unknown").to_string();
        assert!(error.ends_with("the features stage wrote: log_mel, mfcc, mfcc_delta, zcr, zcrx, samples"), "{error}");
        let error = columns(&["samples"]).expect_err("samples are for a waveform").to_string();
        assert_eq!(
            error,
            "the network `cnn-lstm` hears all columns but samples, and `samples` of `features` takes samples: expected `features = [\"all\"]`, or names of such columns"
        );
        let image = NetworkConfig::Acrnn(AcrnnConfig::default());
        let of_image = |wanted: &str, names: &[String]| columns_of(&[wanted.to_owned()], names, &image);
        assert_eq!(of_image("all", &names).expect("bands"), [0, 1]);
        assert_eq!(of_image("log-mel-01", &names).expect("a band"), [1]);
        assert_eq!(
            of_image("mfcc", &names).expect_err("no image").to_string(),
            "the network `acrnn` hears log-mel bands (columns `log_mel_*`) and nothing else, and `mfcc` of `features` takes mfcc, mfcc_delta: expected `features = [\"all\"]`, or names of such columns"
        );
        assert_eq!(
            of_image("all", &names[2..4]).expect_err("no image").to_string(),
            "the network `acrnn` hears log-mel bands (columns `log_mel_*`) and nothing else, and the features stage wrote mfcc, mfcc_delta: switch the feature set `log_mel` on there, or choose another `model.kind`"
        );
        let error = columns_of(&["all".to_owned()], &names[6..], &NetworkConfig::default());
        assert_eq!(
            error.expect_err("nothing but samples").to_string(),
            "the network `cnn-lstm` hears all columns but samples, and the features stage wrote samples: switch another feature set on there, or choose another `model.kind`"
        );
    }
}
