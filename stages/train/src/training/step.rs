//! One step of training: forward, backward, and what follows from it for the weights.

use std::collections::HashMap;
use std::vec::IntoIter;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use ser_ops::{Kernels, Rates, Rule, follow, square_sum, update};

use crate::engine::{Engine, Example, values};
use crate::layers::Pass;
use crate::networks::Network;
use crate::weights::TensorSpec;

/// Share of what a batch says in the parameters that follow the batches.
const RUNNING_SHARE: f32 = 0.1;

/// What forward and backward yield.
pub(crate) struct Step {
    /// The loss, weighted as the batch's targets are.
    pub(crate) loss: f64,
    /// Probabilities of each clip in training mode.
    pub(crate) probabilities: Vec<f32>,
    /// Gradient of each parameter, flat; `None` for those that have none.
    pub(crate) gradients: Vec<Option<Tensor<1>>>,
    /// See [`Pass::followed`].
    followed: HashMap<ParamId, Tensor<1>>,
    /// Euclidean norm of the whole gradient.
    pub(crate) norm: f64,
}

impl Step {
    /// Of `example`; dropout masks follow from `seed`. `network` tracks gradients.
    pub(crate) fn new(engine: &Engine, network: &Network, example: &Example, seed: u64) -> Self {
        let mut pass = Pass::training(engine.kernels, seed, example.targets.clone());
        let (log_probabilities, loss) = Engine::loss(network, example, &mut pass);
        let mut tracked = loss.backward();
        let mut taken = Taken { tracked: &mut tracked, gradients: Vec::new() };
        network.visit(&mut taken);
        let gradients = taken.gradients;
        let square: f64 = gradients.iter().flatten().map(|gradient| square_sum(engine.kernels, gradient)).sum();
        Self {
            loss: values(loss).first().copied().map_or(f64::NAN, f64::from),
            probabilities: values(log_probabilities.without_autodiff().exp()),
            gradients,
            followed: pass.followed,
            norm: square.sqrt(),
        }
    }

    /// Whether it can be taken.
    pub(crate) fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.norm.is_finite()
    }
}

struct Taken<'a> {
    tracked: &'a mut Gradients,
    gradients: Vec<Option<Tensor<1>>>,
}

impl ModuleVisitor for Taken<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.gradients.push(param.val().grad_remove(self.tracked).map(flat));
    }
}

/// A rule with its state.
#[derive(Debug, Clone)]
pub(crate) struct Optimiser {
    pub(crate) rule: Rule,
    pub(crate) weight_decay: f32,
    /// Highest norm of a gradient; 0: no limit.
    pub(crate) clip_norm: f64,
    /// Running means of the gradient and of its square, parameter by parameter.
    pub(crate) means: Vec<[Tensor<1>; 2]>,
}

impl Optimiser {
    /// `network` after `step`, the `number`th from 0.
    pub(crate) fn apply(
        &mut self,
        kernels: Kernels,
        specs: &[TensorSpec],
        network: Network,
        step: Step,
        learning_rate: f64,
        number: usize,
    ) -> Network {
        let scale =
            if self.clip_norm > 0.0 && step.norm > self.clip_norm { (self.clip_norm / step.norm) as f32 } else { 1.0 };
        let rates = |decay| Rates::new(learning_rate as f32, decay, scale, number);
        let means = std::mem::take(&mut self.means);
        let mut applied = Applied {
            kernels,
            rule: self.rule,
            rates: specs.iter().map(|spec| rates(if spec.decays() { self.weight_decay } else { 0.0 })).collect(),
            old: means.into_iter(),
            gradients: step.gradients.into_iter(),
            followed: step.followed,
            means: Vec::with_capacity(specs.len()),
        };
        let network = network.map(&mut applied);
        self.means = applied.means;
        network
    }
}

struct Applied {
    kernels: Kernels,
    rule: Rule,
    rates: Vec<Rates>,
    old: IntoIter<[Tensor<1>; 2]>,
    gradients: IntoIter<Option<Tensor<1>>>,
    followed: HashMap<ParamId, Tensor<1>>,
    means: Vec<[Tensor<1>; 2]>,
}

impl ModuleMapper for Applied {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(means) = self.old.next() else { return param };
        let rates = self.rates[self.means.len()];
        let kernels = self.kernels;
        match (self.gradients.next().flatten(), self.followed.remove(&param.id)) {
            (Some(gradient), _) => {
                // Taken out of the parameter, so that the values have one owner and change in place.
                let (id, tensor, mapper) = param.consume();
                let shape = tensor.dims();
                let (tensor, means) =
                    update(kernels, self.rule, rates, flat(tensor.without_autodiff()), gradient, means);
                self.means.push(means);
                Param::from_mapped_value(id, tensor.reshape(shape).autodiff().require_grad(), mapper)
            }
            (None, Some(batch)) => {
                self.means.push(means);
                param.map(|running| {
                    let shape = running.dims();
                    let running = flat(running.without_autodiff());
                    follow(kernels, running, batch, 1.0 - RUNNING_SHARE).reshape(shape).autodiff()
                })
            }
            (None, None) => {
                self.means.push(means);
                param
            }
        }
    }
}

/// `average`, a network that tracks no gradients, after it followed `network`: `share` of it stays.
pub(crate) fn follow_network(kernels: Kernels, average: Network, network: &Network, share: f32) -> Network {
    let mut current = Current::default();
    network.visit(&mut current);
    average.map(&mut Followed { kernels, share, current: current.0.into_iter() })
}

#[derive(Default)]
struct Current(Vec<Tensor<1>>);

impl ModuleVisitor for Current {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(flat(param.val().without_autodiff()));
    }
}

struct Followed {
    kernels: Kernels,
    share: f32,
    current: IntoIter<Tensor<1>>,
}

impl ModuleMapper for Followed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(current) = self.current.next() else { return param };
        param.map(|average| {
            let shape = average.dims();
            follow(self.kernels, flat(average), current, self.share).reshape(shape)
        })
    }
}

/// All values in a row.
fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    tensor.reshape([count])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::layers::Source;
    use crate::networks::{NetworkConfig, Sizes};
    use crate::params;
    use crate::weights::Weights;

    const SIZES: Sizes = Sizes { width: 2, functionals: 0, classes: 2 };

    fn engines() -> Vec<Engine> {
        let kernels = [params::Kernels::Own, params::Kernels::Burn];
        kernels.map(|kernels| Engine::new(params::Device::Cpu, kernels).expect("compiled in")).to_vec()
    }

    fn weights(seed: u64) -> Weights {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let device = burn::tensor::Device::flex();
        Weights::of(&NetworkConfig::default().init(SIZES, &device, Source::Drawn(&mut rng)))
    }

    fn tensor(values: Vec<f32>) -> Tensor<1> {
        let count = values.len();
        Tensor::from_data(burn::tensor::TensorData::new(values, [count]), &burn::tensor::Device::flex())
    }

    /// `weights` after steps down gradients of `gradient(position)` each.
    fn stepped(
        engine: &Engine,
        rule: Rule,
        weights: &Weights,
        rate: f64,
        clip_norm: f64,
        gradients: &[fn(usize) -> f32],
    ) -> Weights {
        let zeros = || weights.values.iter().map(|values| tensor(vec![0.0; values.len()]));
        let means = zeros().zip(zeros()).map(|(first, second)| [first, second]).collect();
        let mut optimiser = Optimiser { rule, weight_decay: 0.1, clip_norm, means };
        let mut network = weights.network(&NetworkConfig::default(), SIZES, &engine.device.clone().autodiff());
        for (number, gradient) in gradients.iter().enumerate() {
            let flat = |at: usize| tensor((0..weights.values[at].len()).map(gradient).collect());
            let gradients: Vec<_> =
                weights.specs.iter().enumerate().map(|(at, spec)| spec.is_trained().then(|| flat(at))).collect();
            let square: f64 = gradients.iter().flatten().map(|values| square_sum(engine.kernels, values)).sum();
            let step =
                Step { loss: 0.0, probabilities: Vec::new(), gradients, followed: HashMap::new(), norm: square.sqrt() };
            network = optimiser.apply(engine.kernels, &weights.specs, network, step, rate, number);
        }
        Weights::of(&network)
    }

    /// In the first step of Adam both corrections cancel: every weight moves by the learning rate against the sign of
    /// its gradient. AdamW takes `rate * decay * weight` off matrices first.
    #[test]
    fn the_first_step_has_a_closed_form() {
        let gradient = |at: usize| at as f32 - 1.5;
        let before = weights(0);
        for engine in engines() {
            let after = stepped(&engine, Rule::Adamw, &before, 0.01, 0.0, &[gradient]);
            for (spec, (before, after)) in before.specs.iter().zip(before.values.iter().zip(&after.values)) {
                let decay = if spec.decays() { 0.01 * 0.1 } else { 0.0 };
                for (at, (before, after)) in before.iter().zip(after).enumerate() {
                    let moved = if spec.is_trained() { 0.01 * gradient(at).signum() } else { 0.0 };
                    let expected = before - decay * before - moved;
                    assert!((after - expected).abs() < 1e-6, "{}: {after}, expected {expected}", spec.name);
                }
            }
        }
    }

    #[test]
    fn momentum_adds_up_and_a_long_gradient_is_shortened() {
        let mut before = weights(0);
        before.values[0].fill(0.0);
        let count: usize = before.specs.iter().filter(|spec| spec.is_trained()).map(TensorSpec::count).sum();
        for engine in engines() {
            let after = stepped(&engine, Rule::Sgd, &before, 0.1, 0.0, &[|_| 1.0, |_| 0.0]);
            // The first step left -0.1, of which decay makes a tenth: 0.1 + 0.1 * (0.9 - 0.01).
            assert!((after.values[0][0] + 0.189).abs() < 1e-6, "{}", after.values[0][0]);
            let after = stepped(&engine, Rule::Sgd, &before, 0.1, 1.0, &[|_| 1.0]);
            assert!((f64::from(after.values[0][0]) + 0.1 / (count as f64).sqrt()).abs() < 1e-8);
        }
    }

    /// After many steps an average over constant weights is these weights, and without a share it follows at once.
    #[test]
    fn the_average_forgets_where_it_began() {
        let config = NetworkConfig::default();
        let end = weights(2);
        for engine in engines() {
            let network = end.network(&config, SIZES, &engine.device.clone().autodiff());
            let start = || weights(1).network(&config, SIZES, &engine.device);
            let average = (0..600).fold(start(), |average, _| follow_network(engine.kernels, average, &network, 0.98));
            let average = Weights::of(&average);
            assert!(average.values[0].iter().zip(&end.values[0]).all(|(a, b)| (a - b).abs() < 1e-4));
            assert_eq!(Weights::of(&follow_network(engine.kernels, start(), &network, 0.0)), end);
        }
    }
}
