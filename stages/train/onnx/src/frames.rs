//! Frames of clips that are padded to the longest of their batch, and what is done to each clip's own.

use crate::graph::{Attribute, Graph, Value};

/// What stands for frames that do not exist where the highest counts.
pub(crate) const FAR_BELOW: f32 = -1e9;

/// Frames of a batch. What stands beyond a clip's end is finite, and nothing depends on it.
#[derive(Debug, Clone)]
pub struct Frames {
    /// (batch, time, width).
    pub values: Value,
    /// (batch): number of frames of each clip, at least 1.
    lens: Value,
    /// (batch, time): true within a clip.
    within: Value,
    /// (time): numbers of frames, from 0.
    places: Value,
}

impl Frames {
    /// Of `values` (batch, time, width), of which `lens` (batch) are the clips' own.
    pub fn new(values: Value, lens: Value, graph: &mut Graph<'_>) -> Self {
        let time = graph.size(&values, 1);
        Self::over(values, lens, &time, graph)
    }

    fn over(values: Value, lens: Value, time: &Value, graph: &mut Graph<'_>) -> Self {
        let (zero, one) = (graph.int(0), graph.int(1));
        let places = graph.node("Range", &[&zero, time, &one], &[]);
        let column = graph.unsqueeze(&lens, &[1]);
        let within = graph.node("Less", &[&places, &column], &[]);
        Self { values, lens, within, places }
    }

    /// The same clips with other values (batch, time, any width).
    #[must_use]
    pub fn with(&self, values: Value) -> Self {
        Self { values, ..self.clone() }
    }

    /// Whether each frame is within its clip, with new dimensions at `axes`: (batch, time, 1) for 2, (batch, 1, time) for 1.
    pub(crate) fn within(&self, axes: &[i64], graph: &mut Graph<'_>) -> Value {
        graph.unsqueeze(&self.within, axes)
    }

    /// The values, and zeros beyond each clip's end.
    pub fn masked(&self, graph: &mut Graph<'_>) -> Value {
        let (within, zero) = (self.within(&[2], graph), graph.float(0.0));
        graph.choose(&within, &self.values, &zero)
    }

    /// Each of the `width` values of a frame as a frame of its own, in order.
    #[must_use]
    pub fn unrolled(&self, width: usize, graph: &mut Graph<'_>) -> Self {
        let factor = graph.int(width as i64);
        let lens = graph.mul(&self.lens, &factor);
        let values = graph.reshape(&self.values, &[0, -1, 1]);
        let time = graph.size(&values, 1);
        Self::over(values, lens, &time, graph)
    }

    /// Of values that have one frame for every `step` of these: lengths are divided by `step` and rounded up.
    pub(crate) fn every(&self, step: usize, values: Value, time_axis: i64, graph: &mut Graph<'_>) -> Self {
        if step == 1 {
            return self.with(values);
        }
        let (more, step) = (graph.int(step as i64 - 1), graph.int(step as i64));
        let lens = graph.add(&self.lens, &more);
        let lens = graph.div(&lens, &step);
        let time = graph.size(&values, time_axis);
        Self::over(values, lens, &time, graph)
    }

    /// The softmax of `scores` (batch, time, 1) over each clip's frames; 0 beyond its end.
    pub(crate) fn shares(&self, scores: &Value, graph: &mut Graph<'_>) -> Value {
        let (within, far_below) = (self.within(&[2], graph), graph.float(FAR_BELOW));
        let scores = graph.choose(&within, scores, &far_below);
        graph.softmax(&scores, 1)
    }

    /// The mean of each clip's frames: (batch, width).
    pub fn mean(&self, graph: &mut Graph<'_>) -> Value {
        let own = self.masked(graph);
        let sum = graph.sum(&own, 1, false);
        let counts = self.counts(graph);
        graph.div(&sum, &counts)
    }

    /// Number of frames of each clip as a float: (batch, 1).
    pub(crate) fn counts(&self, graph: &mut Graph<'_>) -> Value {
        let column = graph.unsqueeze(&self.lens, &[1]);
        graph.to_float(&column)
    }

    /// The last frame of each clip in the columns before `forward`, its first frame in the others, of which there are
    /// `width` in all: (batch, width).
    pub fn last(&self, forward: usize, width: usize, graph: &mut Graph<'_>) -> Value {
        let place = self.last_place(graph);
        let ends = graph.node("GatherND", &[&self.values, &place], &[("batch_dims", Attribute::Int(1))]);
        if forward == width {
            return ends;
        }
        let first = graph.int(0);
        let starts = graph.node("Gather", &[&self.values, &first], &[("axis", Attribute::Int(1))]);
        let ends = graph.slice(&ends, 1, 0, forward as i64);
        let starts = graph.slice(&starts, 1, forward as i64, width as i64);
        graph.concat(&[&ends, &starts], 1)
    }

    /// Each clip from its end.
    #[must_use]
    pub fn reversed(&self, graph: &mut Graph<'_>) -> Self {
        let last = self.last_place(graph);
        let turned = graph.sub(&last, &self.places);
        let place = graph.choose(&self.within, &turned, &self.places);
        self.moved(&place, graph)
    }

    /// Each clip's frames `by` later, or earlier where it is negative; the frame at the end of the clip that is left behind
    /// stands again and again in the places that become free.
    #[must_use]
    pub fn held(&self, by: i64, graph: &mut Graph<'_>) -> Self {
        let (by, zero, last) = (graph.int(by), graph.int(0), self.last_place(graph));
        let place = graph.sub(&self.places, &by);
        let place = graph.node("Max", &[&place, &zero], &[]);
        let place = graph.node("Min", &[&place, &last], &[]);
        self.moved(&place, graph)
    }

    /// The place of each clip's last frame: (batch, 1).
    fn last_place(&self, graph: &mut Graph<'_>) -> Value {
        let one = graph.int(1);
        let last = graph.sub(&self.lens, &one);
        graph.unsqueeze(&last, &[1])
    }

    /// The frames at `place` (batch, time).
    fn moved(&self, place: &Value, graph: &mut Graph<'_>) -> Self {
        let place = graph.unsqueeze(place, &[2]);
        self.with(graph.node("GatherND", &[&self.values, &place], &[("batch_dims", Attribute::Int(1))]))
    }
}
