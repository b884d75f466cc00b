//! A matrix of weights as the optimiser sees it: a vector with the arithmetic that argmin asks for.

use argmin_math::{
    ArgminAdd, ArgminDot, ArgminL1Norm, ArgminL2Norm, ArgminMinMax, ArgminMul, ArgminSignum, ArgminSub, ArgminZeroLike,
};
use ndarray::{Array2, Zip};

/// One column per class; one row per functional, and the intercepts in the last row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Weights(pub(crate) Array2<f64>);

impl Weights {
    fn with(&self, other: &Self, each: impl Fn(f64, f64) -> f64) -> Self {
        Self(Zip::from(&self.0).and(&other.0).map_collect(|a, b| each(*a, *b)))
    }
}

impl ArgminAdd<Self, Self> for Weights {
    fn add(&self, other: &Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl ArgminAdd<f64, Self> for Weights {
    fn add(&self, other: &f64) -> Self {
        Self(&self.0 + *other)
    }
}

impl ArgminSub<Self, Self> for Weights {
    fn sub(&self, other: &Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl ArgminSub<f64, Self> for Weights {
    fn sub(&self, other: &f64) -> Self {
        Self(&self.0 - *other)
    }
}

impl ArgminMul<Self, Self> for Weights {
    fn mul(&self, other: &Self) -> Self {
        self.with(other, |a, b| a * b)
    }
}

impl ArgminMul<f64, Self> for Weights {
    fn mul(&self, other: &f64) -> Self {
        Self(&self.0 * *other)
    }
}

impl ArgminMul<Weights, Weights> for f64 {
    fn mul(&self, other: &Weights) -> Weights {
        Weights(&other.0 * *self)
    }
}

impl ArgminDot<Self, f64> for Weights {
    fn dot(&self, other: &Self) -> f64 {
        Zip::from(&self.0).and(&other.0).fold(0.0, |sum, a, b| sum + a * b)
    }
}

impl ArgminL1Norm<f64> for Weights {
    fn l1_norm(&self) -> f64 {
        self.0.iter().map(|value| value.abs()).sum()
    }
}

impl ArgminL2Norm<f64> for Weights {
    fn l2_norm(&self) -> f64 {
        self.0.iter().map(|value| value * value).sum::<f64>().sqrt()
    }
}

impl ArgminSignum for Weights {
    fn signum(self) -> Self {
        Self(self.0.mapv_into(f64::signum))
    }
}

impl ArgminZeroLike for Weights {
    fn zero_like(&self) -> Self {
        Self(Array2::zeros(self.0.raw_dim()))
    }
}

impl ArgminMinMax for Weights {
    fn min(x: &Self, y: &Self) -> Self {
        x.with(y, f64::min)
    }

    fn max(x: &Self, y: &Self) -> Self {
        x.with(y, f64::max)
    }
}
