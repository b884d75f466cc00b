//! Multinomial logistic regression with an L2 penalty: the loss is here, L-BFGS is argmin's.

use std::cell::RefCell;
use std::rc::Rc;

use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};

use crate::rows::Rows;
use crate::weights::Weights;

/// The optimiser stops where the gradient of the mean loss per clip has a norm below this.
const GRADIENT: f64 = 1e-5;
/// Past steps that the optimiser remembers.
const MEMORY: usize = 10;

/// A fitted linear model: probabilities are the softmax of a clip's functionals times weights plus intercepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    weights: Array2<f64>,
    /// For each class, `true` if some training clip is of it; others have probability 0.
    known: Vec<bool>,
}

impl Linear {
    /// Minimises the summed cross-entropy of `rows` (a clip each, standardised) over their classes `truth`, below
    /// `classes`, plus half of `l2` times the sum of squared weights; intercepts are free (the model of scikit-learn's
    /// `LogisticRegression` with C = 1 / l2). Starts from `start` where one is given: the solutions of neighbouring
    /// penalties are near each other. The error is the optimiser's.
    pub fn fit(
        rows: &impl Rows,
        truth: &[usize],
        classes: usize,
        l2: f64,
        max_iterations: u32,
        start: Option<&Self>,
    ) -> Result<Self, String> {
        let mut known = vec![false; classes];
        truth.iter().filter(|class| **class < classes).for_each(|class| known[*class] = true);
        let (_, functionals) = rows.dim();
        let first = match start {
            Some(start) if start.weights.dim() == (functionals + 1, classes) => start.weights.clone(),
            _ => Array2::zeros((functionals + 1, classes)),
        };
        let last = Rc::new(RefCell::new(Evaluated::default()));
        let problem = Objective { rows, truth, known: &known, l2, last: Rc::clone(&last) };
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
            .with_tolerance_grad(GRADIENT)
            .map_err(|error| error.to_string())?;
        let start = Weights(first);
        let found = Executor::new(problem, solver)
            .configure(|state| state.param(start).max_iters(u64::from(max_iterations)))
            .timer(false)
            .run();
        let weights = match found {
            Ok(mut found) => found.state.take_best_param().map(|weights| weights.0),
            // Where rounding hides which way is down, the line search gives up; the best point so far is the solution then.
            Err(error) => Some(last.borrow_mut().best.take().ok_or_else(|| error.to_string())?.1),
        };
        let weights = weights.ok_or_else(|| "it made no step".to_owned())?;
        Ok(Self { weights, known })
    }

    /// For each class a weight per functional, and its intercept, `None` for a class that no training clip had.
    pub(crate) fn coefficients(&self) -> (Vec<Vec<f64>>, Vec<Option<f64>>) {
        let functionals = self.weights.nrows() - 1;
        let of_class = |class: usize| self.weights.slice(s![..functionals, class]).to_vec();
        let intercept = |class: usize| self.known[class].then(|| self.weights[(functionals, class)]);
        let classes = 0..self.known.len();
        (classes.clone().map(of_class).collect(), classes.map(intercept).collect())
    }

    /// Probability of each class, one row per clip; 0 for classes that no training clip had.
    pub fn probabilities(&self, rows: &impl Rows) -> Array2<f64> {
        let mut all = Array2::zeros((rows.dim().0, self.known.len()));
        rows.each_block(&mut |first, block| {
            let mut logits = logits(&block, &self.weights);
            for mut row in logits.rows_mut() {
                let normaliser = log_sum_exp(&row.view(), &self.known);
                row.iter_mut().zip(&self.known).for_each(|(value, known)| {
                    *value = if *known { (*value - normaliser).exp() } else { 0.0 };
                });
            }
            all.slice_mut(s![first..first + block.nrows(), ..]).assign(&logits);
        });
        all
    }
}

/// Mean cross-entropy plus penalty, over the clips.
struct Objective<'a, R> {
    rows: &'a R,
    truth: &'a [usize],
    known: &'a [bool],
    l2: f64,
    last: Rc<RefCell<Evaluated>>,
}

/// Cost and gradient where they were computed last: the optimiser asks for both at the same point, one after the other.
#[derive(Default)]
struct Evaluated {
    at: Option<(Array2<f64>, f64, Array2<f64>)>,
    best: Option<(f64, Array2<f64>)>,
}

impl<R: Rows> Objective<'_, R> {
    fn evaluate(&self, weights: &Array2<f64>) -> (f64, Array2<f64>) {
        if let Some((at, cost, gradient)) = &self.last.borrow().at
            && at == weights
        {
            return (*cost, gradient.clone());
        }
        let (cost, gradient) = self.compute(weights);
        let mut last = self.last.borrow_mut();
        if cost.is_finite() && last.best.as_ref().is_none_or(|(best, _)| cost < *best) {
            last.best = Some((cost, weights.clone()));
        }
        last.at = Some((weights.clone(), cost, gradient.clone()));
        (cost, gradient)
    }

    fn compute(&self, weights: &Array2<f64>) -> (f64, Array2<f64>) {
        let (count, functionals) = self.rows.dim();
        let clips = count.max(1) as f64;
        let mut cost = 0.0;
        let mut gradient = Array2::zeros(weights.raw_dim());
        self.rows.each_block(&mut |first, block| {
            let mut errors = logits(&block, weights);
            for (mut row, truth) in errors.rows_mut().into_iter().zip(&self.truth[first..]) {
                let normaliser = log_sum_exp(&row.view(), self.known);
                cost += normaliser - row[*truth];
                row.iter_mut().zip(self.known).for_each(|(value, known)| {
                    *value = if *known { (*value - normaliser).exp() } else { 0.0 };
                });
                row[*truth] -= 1.0;
            }
            let mut of_slopes = gradient.slice_mut(s![..functionals, ..]);
            of_slopes += &block.t().dot(&errors);
            let mut of_intercepts = gradient.row_mut(functionals);
            of_intercepts += &errors.sum_axis(Axis(0));
        });
        let slopes = weights.slice(s![..functionals, ..]);
        cost += 0.5 * self.l2 * slopes.iter().map(|weight| weight * weight).sum::<f64>();
        let mut of_slopes = gradient.slice_mut(s![..functionals, ..]);
        of_slopes += &(&slopes * self.l2);
        gradient /= clips;
        (cost / clips, gradient)
    }
}

impl<R: Rows> CostFunction for Objective<'_, R> {
    type Param = Weights;
    type Output = f64;

    fn cost(&self, weights: &Weights) -> Result<f64, Error> {
        Ok(self.evaluate(&weights.0).0)
    }
}

impl<R: Rows> Gradient for Objective<'_, R> {
    type Param = Weights;
    type Gradient = Weights;

    fn gradient(&self, weights: &Weights) -> Result<Weights, Error> {
        Ok(Weights(self.evaluate(&weights.0).1))
    }
}

/// Functionals times weights plus intercepts.
fn logits(rows: &ArrayView2<'_, f64>, weights: &Array2<f64>) -> Array2<f64> {
    let functionals = rows.ncols();
    rows.dot(&weights.slice(s![..functionals, ..])) + weights.row(functionals)
}

/// Logarithm of the sum of exponentials of the known classes' logits.
fn log_sum_exp(logits: &ArrayView1<'_, f64>, known: &[bool]) -> f64 {
    let of_known = || logits.iter().zip(known).filter(|(_, known)| **known).map(|(logit, _)| *logit);
    let highest = of_known().fold(f64::NEG_INFINITY, f64::max);
    highest + of_known().map(|logit| (logit - highest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    use ndarray::array;
    use proptest::prelude::*;

    /// Without weights to speak of, the intercepts give every clip the classes' shares.
    #[test]
    fn an_endless_penalty_leaves_the_shares() {
        let rows = array![[1.0, -1.0], [0.5, 0.2], [-1.0, 0.3], [-0.5, 0.5]];
        let model = Linear::fit(&rows, &[0, 0, 0, 2], 3, 1e9, 500, None).expect("fits");
        for row in model.probabilities(&rows).rows() {
            assert!((row[0] - 0.75).abs() < 1e-4 && row[1] == 0.0 && (row[2] - 0.25).abs() < 1e-4, "{row}");
        }
    }

    #[test]
    fn a_start_changes_the_way_and_not_the_end() {
        let rows = array![[1.0, -1.0], [0.8, 0.2], [-1.0, 0.3], [-0.5, 0.5], [0.1, 1.0], [0.0, 2.0]];
        let truth = [0, 0, 1, 1, 2, 2];
        let strong = Linear::fit(&rows, &truth, 3, 10.0, 500, None).expect("fits");
        let cold = Linear::fit(&rows, &truth, 3, 0.5, 500, None).expect("fits").probabilities(&rows);
        let warm = Linear::fit(&rows, &truth, 3, 0.5, 500, Some(&strong)).expect("fits").probabilities(&rows);
        assert!(cold.iter().zip(&warm).all(|(cold, warm)| (cold - warm).abs() < 1e-4), "{cold} {warm}");
    }

    /// Against differences of the cost, at weights far from the solution.
    #[test]
    fn the_gradient_is_the_slope_of_the_cost() {
        let rows = array![[1.0, -1.0], [0.8, 0.2], [-1.0, 0.3], [30.0, 0.5]];
        let known = [true, true, false];
        let last = Rc::default();
        let objective = Objective { rows: &rows, truth: &[0, 1, 1, 0], known: &known, l2: 0.7, last };
        let at = array![[0.3, -0.2, 0.1], [1.0, 0.4, 0.0], [0.2, -0.5, 0.3]];
        let (_, gradient) = objective.compute(&at);
        for row in 0..3 {
            for column in 0..3 {
                let step = 1e-6;
                let (mut up, mut down) = (at.clone(), at.clone());
                up[(row, column)] += step;
                down[(row, column)] -= step;
                let slope = (objective.compute(&up).0 - objective.compute(&down).0) / (2.0 * step);
                assert!((slope - gradient[(row, column)]).abs() < 1e-6, "{row} {column}: {slope} {gradient}");
            }
        }
    }

    proptest! {
        #[test]
        fn probabilities_add_up_to_one(values in prop::collection::vec(-10.0_f64..10.0, 24), l2 in 0.1_f64..100.0) {
            let rows = Array2::from_shape_vec((8, 3), values).expect("24 values");
            let model = Linear::fit(&rows, &[0, 1, 3, 0, 1, 3, 0, 1], 4, l2, 100, None).expect("fits");
            for row in model.probabilities(&rows).rows() {
                prop_assert!((row.sum() - 1.0).abs() < 1e-9 && row[2] == 0.0);
                prop_assert!(row.iter().all(|probability| (0.0..=1.0).contains(probability)));
            }
        }
    }
}
