//! A graph while it is being built: inputs, initialisers, nodes, outputs.

use std::collections::BTreeMap;

use prost::Message as _;

use crate::proto::{
    AttributeProto, AttributeType, DimensionProto, DimensionValue, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto,
};

/// Version of the operators: that of ONNX 1.13.
pub const OPSET: i64 = 18;
/// Version of the file format that belongs to [`OPSET`].
const IR: i64 = 8;

/// A tensor of the graph, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(String);

/// Type of a tensor's elements, with its number in `onnx.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Element {
    /// 32-bit float.
    Float = 1,
    /// 64-bit integer.
    Int64 = 7,
    /// True or false.
    Bool = 9,
}

/// A dimension of an input or an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dim {
    /// Of any size; equal names are equal sizes.
    Any(&'static str),
    /// Of this size.
    Of(usize),
}

/// An attribute of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attribute<'a> {
    /// A number with a fraction.
    Float(f32),
    /// A number.
    Int(i64),
    /// Numbers.
    Ints(&'a [i64]),
    /// A word.
    Text(&'a str),
}

/// A finished ONNX file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Names of its inputs, in order.
    pub inputs: Vec<String>,
}

/// A model while it is being built.
#[derive(Debug, Default)]
pub struct Model {
    graph: GraphProto,
    /// How many nodes have each name before it is numbered.
    names: BTreeMap<String, usize>,
    /// Constants of the operations themselves, by their type, dimensions and bytes.
    constants: BTreeMap<(Element, Vec<i64>, Vec<u8>), Value>,
}

/// A place in a model's graph: what is added is named after it.
#[derive(Debug)]
pub struct Graph<'a> {
    model: &'a mut Model,
    path: String,
}

impl Model {
    /// The place called `path`; "" is the outermost.
    pub fn at(&mut self, path: impl Into<String>) -> Graph<'_> {
        Graph { model: self, path: path.into() }
    }

    /// The file. `about` goes into its documentation; `metadata` is key and value.
    pub fn finish(
        self,
        name: &str,
        about: &str,
        version: &str,
        metadata: impl IntoIterator<Item = (String, String)>,
    ) -> File {
        let inputs = self.graph.input.iter().map(|input| input.name.clone()).collect();
        let model = ModelProto {
            ir_version: IR,
            producer_name: "ser".to_owned(),
            producer_version: version.to_owned(),
            doc_string: about.to_owned(),
            graph: Some(GraphProto { name: name.to_owned(), ..self.graph }),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: metadata.into_iter().map(|(key, value)| StringStringEntryProto { key, value }).collect(),
        };
        File { bytes: model.encode_to_vec(), inputs }
    }
}

impl Graph<'_> {
    /// The place `name` within this one.
    pub fn at(&mut self, name: impl std::fmt::Display) -> Graph<'_> {
        let path = self.named(&name.to_string());
        Graph { model: self.model, path }
    }

    fn named(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// An input of the model, whatever the place.
    pub fn input(&mut self, name: &str, element: Element, dims: &[Dim], about: &str) -> Value {
        self.model.graph.input.push(described(name, element, dims, about));
        Value(name.to_owned())
    }

    /// Makes `value` an output of the model, whatever the place.
    pub fn output(&mut self, name: &str, value: &Value, dims: &[Dim], about: &str) {
        self.push("Identity", name.to_owned(), vec![value.0.clone()], name.to_owned(), &[]);
        self.model.graph.output.push(described(name, Element::Float, dims, about));
    }

    /// An initialiser of 32-bit floats, outermost dimension first.
    pub fn weights(&mut self, name: &str, dims: &[usize], values: &[f32]) -> Value {
        let name = self.named(name);
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initialiser(name, Element::Float, dims.iter().map(|dim| *dim as i64).collect(), raw_data)
    }

    /// A constant vector of integers.
    pub fn ints(&mut self, values: &[i64]) -> Value {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let name = values.iter().map(i64::to_string).collect::<Vec<_>>().join("_");
        self.constant(&format!("list.{name}"), Element::Int64, vec![values.len() as i64], bytes)
    }

    /// A constant integer.
    pub fn int(&mut self, value: i64) -> Value {
        self.constant(&value.to_string(), Element::Int64, Vec::new(), value.to_le_bytes().to_vec())
    }

    /// A constant float.
    pub fn float(&mut self, value: f32) -> Value {
        self.constant(&format!("{value:?}"), Element::Float, Vec::new(), value.to_le_bytes().to_vec())
    }

    fn constant(&mut self, text: &str, element: Element, dims: Vec<i64>, bytes: Vec<u8>) -> Value {
        let key = (element, dims, bytes);
        if let Some(known) = self.model.constants.get(&key) {
            return known.clone();
        }
        let (_, dims, bytes) = key.clone();
        let value = self.initialiser(format!("constant.{text}"), element, dims, bytes);
        self.model.constants.insert(key, value.clone());
        value
    }

    fn initialiser(&mut self, name: String, element: Element, dims: Vec<i64>, raw_data: Vec<u8>) -> Value {
        let tensor = TensorProto { dims, data_type: element as i32, name: name.clone(), raw_data };
        self.model.graph.initializer.push(tensor);
        Value(name)
    }

    /// A node with one output.
    pub fn node(&mut self, operator: &str, inputs: &[&Value], attributes: &[(&str, Attribute<'_>)]) -> Value {
        let mut name = self.named(operator);
        let used = self.model.names.entry(name.clone()).or_default();
        *used += 1;
        if *used > 1 {
            name = format!("{name}_{used}");
        }
        let inputs = inputs.iter().map(|value| value.0.clone()).collect();
        self.push(operator, name.clone(), inputs, format!("{name}.out"), attributes)
    }

    /// What `step` makes of each number from 0 to `count` and of the states that the step before it left, at first `states`.
    /// The result is the first of the states that every step leaves, one above the other. States are floats.
    pub fn over<const N: usize>(
        &mut self,
        count: &Value,
        states: [&Value; N],
        step: impl FnOnce(&Value, [&Value; N], &mut Self) -> [Value; N],
    ) -> Value {
        let name = self.named("Loop");
        let place = |part: &str| Value(format!("{name}.{part}"));
        let (at, goes_on, all) = (place("at"), place("goes_on"), place("all"));
        let before: [Value; N] = std::array::from_fn(|state| place(&format!("state.{state}")));
        let outside = std::mem::take(&mut self.model.graph.node);
        let mut after = step(&at, before.each_ref(), self).to_vec();
        after.insert(0, self.node("Identity", &[&goes_on], &[]));
        if let Some(first) = after.get(1).cloned() {
            after.push(self.node("Identity", &[&first], &[]));
        }
        let node = std::mem::replace(&mut self.model.graph.node, outside);
        let of = |element: Element| move |value: &Value| plain(&value.0, element);
        // onnxruntime takes no loop whose counter and condition are not said to be single numbers.
        let single = |name: &str, element| described(name, element, &[], "");
        let mut input = vec![single(&at.0, Element::Int64), single(&goes_on.0, Element::Bool)];
        input.extend(before.iter().map(of(Element::Float)));
        let mut output: Vec<ValueInfoProto> = after.iter().map(of(Element::Float)).collect();
        output[0] = single(&after[0].0, Element::Bool);
        let body = GraphProto { node, name: format!("{name}.body"), input, output, ..GraphProto::default() };
        let attribute = AttributeProto {
            name: "body".to_owned(),
            g: Some(body),
            kind: AttributeType::Graph.into(),
            ..AttributeProto::default()
        };
        // Without a condition of its own, a loop runs to its count.
        let inputs = [&count.0, ""].map(str::to_owned).into_iter().chain(states.iter().map(|state| state.0.clone()));
        let last = (0..N).map(|state| place(&format!("last.{state}")).0);
        self.model.graph.node.push(NodeProto {
            input: inputs.collect(),
            output: last.chain([all.0.clone()]).collect(),
            name,
            op_type: "Loop".to_owned(),
            attribute: vec![attribute],
        });
        all
    }

    fn push(
        &mut self,
        operator: &str,
        name: String,
        input: Vec<String>,
        output: String,
        attributes: &[(&str, Attribute<'_>)],
    ) -> Value {
        self.model.graph.node.push(NodeProto {
            input,
            output: vec![output.clone()],
            name,
            op_type: operator.to_owned(),
            attribute: attributes.iter().map(|(name, attribute)| attribute.named(name)).collect(),
        });
        Value(output)
    }
}

impl Attribute<'_> {
    fn named(self, name: &str) -> AttributeProto {
        let none = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
        match self {
            Self::Float(f) => AttributeProto { f: Some(f), kind: AttributeType::Float.into(), ..none },
            Self::Int(i) => AttributeProto { i: Some(i), kind: AttributeType::Int.into(), ..none },
            Self::Ints(ints) => AttributeProto { ints: ints.to_vec(), kind: AttributeType::Ints.into(), ..none },
            Self::Text(text) => {
                AttributeProto { s: Some(text.as_bytes().to_vec()), kind: AttributeType::String.into(), ..none }
            }
        }
    }
}

/// A value of a loop, whose shape follows from its body.
fn plain(name: &str, element: Element) -> ValueInfoProto {
    let kind = TypeProto { tensor_type: Some(TensorTypeProto { elem_type: element as i32, shape: None }) };
    ValueInfoProto { name: name.to_owned(), kind: Some(kind), doc_string: String::new() }
}

fn described(name: &str, element: Element, dims: &[Dim], about: &str) -> ValueInfoProto {
    let dim = |dim: &Dim| DimensionProto {
        value: Some(match dim {
            Dim::Any(name) => DimensionValue::Name((*name).to_owned()),
            Dim::Of(size) => DimensionValue::Size(*size as i64),
        }),
    };
    let shape = TensorShapeProto { dim: dims.iter().map(dim).collect() };
    ValueInfoProto {
        name: name.to_owned(),
        kind: Some(TypeProto { tensor_type: Some(TensorTypeProto { elem_type: element as i32, shape: Some(shape) }) }),
        doc_string: about.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_places_and_constants_are_kept_once() {
        let mut model = Model::default();
        let dims = [Dim::Any("batch"), Dim::Of(2)];
        let mut y = model.at("").input("x", Element::Float, &dims, "what comes in");
        for layer in 0..2 {
            let mut place = model.at(format!("dense.{layer}"));
            let one = place.float(1.0);
            let weight = place.at("inner").weights("weight", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
            y = place.matmul(&y, &weight);
            y = place.add(&y, &one);
            y = place.add(&y, &one);
        }
        model.at("").output("y", &y, &dims, "what comes out");
        let file = model.finish("name", "about", "0.1.0", [("key".to_owned(), "value".to_owned())]);
        assert_eq!(file.inputs, ["x"]);
        let read = ModelProto::decode(&*file.bytes).expect("a model");
        assert_eq!((read.opset_import[0].version, read.metadata_props[0].value.as_str()), (OPSET, "value"));
        let graph = read.graph.expect("a graph");
        let nodes: Vec<&str> = graph.node.iter().map(|node| node.name.as_str()).collect();
        let names = ["MatMul", "Add", "Add_2"];
        let expected: Vec<String> =
            [0, 1].iter().flat_map(|layer| names.map(|name| format!("dense.{layer}.{name}"))).collect();
        assert_eq!(nodes[..6], expected);
        assert_eq!((nodes.len(), graph.output[0].name.as_str()), (7, "y"));
        let constants: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(constants, ["constant.1.0", "dense.0.inner.weight", "dense.1.inner.weight"]);
        assert_eq!((graph.initializer[1].dims.as_slice(), graph.initializer[1].raw_data.len()), (&[2, 2][..], 16));
    }
}
