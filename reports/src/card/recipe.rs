//! How the model was made, in words, from the parameters of its stage.

use serde_json::Value;

use super::{Block, item};
use crate::PipelineInfo;
use crate::number;
use crate::scored::Scored;
use crate::sections::words::listed;
use crate::tables::Tables;

/// The model in one sentence without its full stop; `None` where the parameters are of none that is known here.
pub(super) fn described(params: &Value) -> Option<String> {
    match params.get("model").and_then(Value::as_str) {
        Some("majority") => Some("The most frequent emotion of the training clips, whatever the recording".to_owned()),
        Some("linear") => {
            Some("A linear model: multinomial logistic regression on the functionals of a clip".to_owned())
        }
        _ => network(params),
    }
}

fn network(params: &Value) -> Option<String> {
    let convolutions: Vec<String> = params
        .get("conv")?
        .as_array()?
        .iter()
        .filter_map(|layer| layer.get("channels").map(Value::to_string))
        .collect();
    let mut parts = Vec::new();
    if !convolutions.is_empty() {
        parts.push(format!("convolutions over time with {} channels", listed(&convolutions)));
    }
    let lstm = params.get("lstm")?;
    if lstm.get("layers").and_then(Value::as_u64).unwrap_or(1) > 0 {
        let both = if lstm.get("bidirectional").and_then(Value::as_bool) == Some(true) { "bidirectional " } else { "" };
        let size = lstm.get("hidden").map_or_else(String::new, |hidden| format!(" of {hidden} units"));
        parts.push(format!("a {both}LSTM{size}"));
    }
    if let Some(pooling) = params.get("pooling").and_then(Value::as_str) {
        parts.push(format!("{} pooling", pooling.replace('-', " ")));
    }
    if params.get("use_functionals").and_then(Value::as_bool) == Some(true) {
        parts.push("the clip’s functionals".to_owned());
    }
    (!parts.is_empty()).then(|| format!("A neural network: {}", listed(&parts)))
}

/// What a reader needs in order to judge the training; every parameter is under Provenance.
pub(super) fn training(tables: &Tables, main: &Scored, pipeline: &PipelineInfo) -> Vec<Block> {
    let mut items = vec![
        item("Protocol:", format!("{} (split {}): {}.", main.protocol.name(), main.split, main.protocol.meaning())),
        item("Standardisation of features:", format!("{}.", main.standardisation.name())),
    ];
    if let Some(params) = pipeline.stage(&main.model).map(|stage| &stage.params) {
        let told: Vec<String> = [
            ("features", "features"),
            ("epochs", "epochs"),
            ("batch_size", "clips per step"),
            ("optimizer", "optimiser"),
            ("learning_rate", "learning rate"),
            ("class_weights", "class weights"),
            ("dropout", "dropout"),
            ("label_smoothing", "label smoothing"),
        ]
        .into_iter()
        .filter_map(|(key, name)| Some(format!("{name} {}", plain(params.get(key)?)?)))
        .collect();
        if !told.is_empty() {
            items.push(item("Settings:", format!("{}.", told.join(", "))));
        }
    }
    if let Some((_, epochs)) = tables.history.iter().find(|(model, _)| *model == main.model) {
        let minutes =
            epochs.iter().map(|epoch| epoch.seconds).filter(|seconds| seconds.is_finite()).sum::<f64>() / 60.0;
        let mut folds: Vec<u32> = epochs.iter().map(|epoch| epoch.fold).collect();
        folds.sort_unstable();
        folds.dedup();
        items.push(item(
            "Work:",
            format!(
                "{} in {}, {} minutes of computing in all.",
                number::counted(epochs.len() as u64, "epoch", "epochs"),
                number::counted(folds.len() as u64, "fold", "folds"),
                number::fixed(minutes, 0)
            ),
        ));
    }
    items.push(item("Seed:", format!("{}; the same pipeline file gives the same model.", pipeline.seed)));
    vec![Block::items(items)]
}

/// A scalar, or a list of them, as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => values.iter().map(plain).collect::<Option<Vec<_>>>().map(|values| values.join(" + ")),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_told_from_its_parameters() {
        let params = serde_json::json!({
            "conv": [{"channels": 64, "kernel": 5}, {"channels": 128, "kernel": 5}],
            "lstm": {"hidden": 128, "bidirectional": true, "layers": 1},
            "pooling": "attentive-statistics", "use_functionals": true,
        });
        assert_eq!(
            described(&params).expect("a network"),
            "A neural network: convolutions over time with 64 and 128 channels, a bidirectional LSTM of 128 units, attentive statistics pooling and the clip’s functionals"
        );
        assert_eq!(described(&serde_json::json!({"l2": 1})), None);
        assert_eq!(described(&Value::Null), None);
        assert!(described(&serde_json::json!({"model": "linear"})).expect("known").contains("logistic regression"));
    }
}
