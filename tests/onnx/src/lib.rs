//! Runs exported graphs for tests, with another project's interpreter. A crate of its own, so that only tests build it.

use rten::{Model, RunOptions, Value, ValueOrView};

/// What an input of a graph is given.
#[derive(Debug, Clone)]
pub enum Input {
    /// Shape and values, outermost dimension first.
    Floats(Vec<usize>, Vec<f32>),
    /// A vector of integers.
    Ints(Vec<usize>),
}

/// The output `probabilities` (rows, any width) of the ONNX file `bytes`, row after row. `inputs` has a value for each input.
pub fn probabilities(bytes: &[u8], inputs: &[(&str, Input)]) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let model = Model::load(bytes.to_vec())?;
    let output = model.node_id("probabilities")?;
    let inputs = inputs
        .iter()
        .map(|(name, input)| {
            let value = match input {
                Input::Floats(shape, values) => Value::from_shape(shape.as_slice(), values.clone())?,
                Input::Ints(values) => {
                    let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
                    Value::from_shape([values.len()].as_slice(), values)?
                }
            };
            Ok((model.node_id(name)?, ValueOrView::from(value)))
        })
        .collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
    let [found] = model.run_n(inputs, [output], None::<RunOptions>)?;
    Ok(found.into_shape_vec::<f32, 2>()?.1)
}
