//! Operators by short names.

use crate::graph::{Attribute, Graph, Value};

/// Element types of casts, by their number in `onnx.proto`.
const FLOAT: i64 = 1;

impl Graph<'_> {
    /// a + b.
    pub fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Add", &[a, b], &[])
    }

    /// a - b.
    pub fn sub(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Sub", &[a, b], &[])
    }

    /// a * b, each element.
    pub fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Mul", &[a, b], &[])
    }

    /// a / b; of integers without the rest.
    pub fn div(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Div", &[a, b], &[])
    }

    /// The matrix product.
    pub fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        self.node("MatMul", &[a, b], &[])
    }

    /// An operator of one input without attributes: `Relu`, `Tanh`, `Sigmoid`, ...
    pub fn apply(&mut self, operator: &str, x: &Value) -> Value {
        self.node(operator, &[x], &[])
    }

    /// `yes` where `condition` is true, `no` elsewhere.
    pub fn choose(&mut self, condition: &Value, yes: &Value, no: &Value) -> Value {
        self.node("Where", &[condition, yes, no], &[])
    }

    /// Values between -`limit` and `limit`.
    pub fn clip(&mut self, x: &Value, limit: f32) -> Value {
        let (low, high) = (self.float(-limit), self.float(limit));
        self.node("Clip", &[x, &low, &high], &[])
    }

    /// As 32-bit floats.
    pub fn to_float(&mut self, x: &Value) -> Value {
        self.node("Cast", &[x], &[("to", Attribute::Int(FLOAT))])
    }

    /// Joined along `axis`.
    pub fn concat(&mut self, values: &[&Value], axis: i64) -> Value {
        self.node("Concat", values, &[("axis", Attribute::Int(axis))])
    }

    /// With new dimensions of size 1 at `axes`.
    pub fn unsqueeze(&mut self, x: &Value, axes: &[i64]) -> Value {
        let axes = self.ints(axes);
        self.node("Unsqueeze", &[x, &axes], &[])
    }

    /// Dimensions in another order.
    pub fn transpose(&mut self, x: &Value, order: &[i64]) -> Value {
        self.node("Transpose", &[x], &[("perm", Attribute::Ints(order))])
    }

    /// In another shape; 0 keeps a dimension, -1 takes what is left.
    pub fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        let shape = self.ints(shape);
        self.node("Reshape", &[x, &shape], &[])
    }

    /// From `start` to `end` along `axis`.
    pub fn slice(&mut self, x: &Value, axis: i64, start: i64, end: i64) -> Value {
        let [start, end, axis] = [start, end, axis].map(|value| self.ints(&[value]));
        self.node("Slice", &[x, &start, &end, &axis], &[])
    }

    /// Size of a dimension, an integer.
    pub fn size(&mut self, x: &Value, axis: i64) -> Value {
        let (shape, axis) = (self.node("Shape", &[x], &[]), self.int(axis));
        self.node("Gather", &[&shape, &axis], &[])
    }

    /// Sum along `axis`, which stays with size 1 where `keep` is set.
    pub fn sum(&mut self, x: &Value, axis: i64, keep: bool) -> Value {
        let axes = self.ints(&[axis]);
        self.node("ReduceSum", &[x, &axes], &[("keepdims", Attribute::Int(keep.into()))])
    }

    /// Exponentials that add up to 1 along `axis`.
    pub fn softmax(&mut self, x: &Value, axis: i64) -> Value {
        self.node("Softmax", &[x], &[("axis", Attribute::Int(axis))])
    }
}
