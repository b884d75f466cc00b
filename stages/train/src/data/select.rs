//! Which columns of the frames table a model uses.

use ser_stage::suggest::nearest;

use crate::error::TrainError;
use crate::networks::{Hears, NetworkConfig, is_of};

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
            let heard: Vec<&String> = names.iter().filter(|name| hears.takes(name)).collect();
            let present = stems(heard.iter().copied());
            let meant = meant(&stem, &heard, &present);
            return Err(TrainError::UnknownFeature { wanted: want.clone(), kind: model.kind(), meant, present });
        }
        let strange = stems(asked.iter().map(|column| &names[*column]).filter(|name| !hears.takes(name)));
        if !strange.is_empty() {
            return Err(TrainError::CannotHear { kind: model.kind(), hears, wanted: want.clone(), strange });
        }
        for column in asked {
            taken[column] = true;
        }
    }
    if let Some(missing) = gap(&taken, names, hears) {
        return Err(TrainError::NotWhole { kind: model.kind(), hears, missing });
    }
    Ok((0..names.len()).filter(|column| taken[*column]).collect())
}

/// The columns that `stem` may have been meant for, in words: `: did you mean ...?`, or nothing.
fn meant(stem: &str, heard: &[&String], present: &[String]) -> String {
    // A number that is none of a set's: its columns are told.
    let set = without_number(stem);
    let mut columns = heard.iter().filter(|name| without_number(name) == set && name.as_str() != set);
    if let Some(first) = columns.next() {
        let last = columns.next_back().unwrap_or(first);
        return format!(" (`{set}` goes from `{first}` to `{last}`)");
    }
    nearest(stem, present.iter().map(String::as_str))
        .map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

/// A column that is not taken though its neighbours mean nothing without it: a band between others of an image, or any of the
/// samples of a waveform.
fn gap(taken: &[bool], names: &[String], hears: Hears) -> Option<String> {
    let heard: Vec<usize> = (0..names.len()).filter(|column| hears.takes(&names[*column])).collect();
    let all = match hears {
        Hears::Frames => return None,
        Hears::Waveform => &heard[..],
        Hears::Image => {
            let first = heard.iter().position(|column| taken[*column])?;
            let last = heard.iter().rposition(|column| taken[*column])?;
            &heard[first..=last]
        }
    };
    all.iter().find(|column| !taken[**column]).map(|column| names[*column].clone())
}

/// A column's name without the number at its end.
fn without_number(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_')
}

/// Names without the numbers at their ends, each once.
fn stems<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut stems: Vec<String> = names.map(|name| without_number(name).to_owned()).collect();
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
        assert_eq!(
            error,
            "no frame feature is called `pitch`; the features stage wrote for the network `cnn-lstm`: log_mel, mfcc, mfcc_delta, zcr, zcrx"
        );
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

    fn names(sets: &[(&str, usize)]) -> Vec<String> {
        sets.iter().flat_map(|(set, count)| (0..*count).map(move |at| format!("{set}_{at:02}"))).collect()
    }

    #[test]
    fn a_name_that_is_none_is_told_which_it_may_have_been() {
        let names = names(&[("log_mel", 64), ("mfcc", 13), ("mfcc_delta", 13), ("samples", 5)]);
        let error = |wanted: &str| {
            columns_of(&[wanted.to_owned()], &names, &NetworkConfig::default()).expect_err("misspelt").to_string()
        };
        for (wanted, meant) in [
            ("mfc", "did you mean `mfcc`?"),
            ("mffc-delta", "did you mean `mfcc_delta`?"),
            ("log-mell", "did you mean `log_mel`?"),
            ("log_mel_99", "`log_mel` goes from `log_mel_00` to `log_mel_63`"),
        ] {
            assert!(error(wanted).contains(meant), "{}", error(wanted));
        }
        // Not told of what the network cannot hear.
        assert!(error("sample").ends_with("the network `cnn-lstm`: log_mel, mfcc, mfcc_delta"), "{}", error("sample"));
    }

    #[test]
    fn parts_that_mean_nothing_by_themselves_are_refused() {
        let names = names(&[("log_mel", 6), ("zcr", 1), ("samples", 5)]);
        let of = |model: &NetworkConfig, wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|want| (*want).to_owned()).collect();
            columns_of(&wanted, &names, model).map_err(|error| error.to_string())
        };
        let image = NetworkConfig::Acrnn(AcrnnConfig::default());
        let waveform = NetworkConfig::Waveform(crate::networks::WaveformConfig::default());
        assert_eq!(of(&image, &["log_mel_03", "log_mel_02", "log_mel_04"]), Ok(vec![2, 3, 4]));
        let error = of(&image, &["log_mel_01", "log_mel_04"]).expect_err("a gap");
        assert!(error.contains("`acrnn`") && error.contains("leaves out `log_mel_02`"), "{error}");
        assert_eq!(of(&waveform, &["samples"]), of(&waveform, &["all"]));
        for part in [&["samples_00"][..], &["samples_01", "samples_02", "samples_03", "samples_04"]] {
            let error = of(&waveform, part).expect_err("a part");
            assert!(error.contains("`waveform`") && error.contains("leaves out `samples_0"), "{error}");
        }
        // Frames of any columns mean something.
        assert_eq!(of(&NetworkConfig::default(), &["log_mel_00", "log_mel_05"]), Ok(vec![0, 5]));
    }
}
