//! The learning rate of each step: a straight rise, then half a cosine down.

/// The learning rate over a training of known length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    /// Highest learning rate.
    pub(crate) peak: f64,
    /// Steps over which it rises.
    pub(crate) warm_up: f64,
    /// All steps.
    pub(crate) steps: f64,
}

impl Schedule {
    /// The learning rate of step `step`, counted from 0.
    pub(crate) fn at(&self, step: usize) -> f64 {
        let step = step as f64;
        if step < self.warm_up {
            return self.peak * (step + 1.0).min(self.warm_up.max(1.0)) / self.warm_up.max(1.0);
        }
        let progress = (step - self.warm_up) / (self.steps - self.warm_up).max(1.0);
        self.peak * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_peaks_and_falls() {
        let schedule = Schedule { peak: 2.0, warm_up: 10.0, steps: 110.0 };
        assert!((schedule.at(0) - 0.2).abs() < 1e-12);
        assert!((schedule.at(9) - 2.0).abs() < 1e-12);
        assert!((schedule.at(60) - 1.0).abs() < 1e-12);
        assert!(schedule.at(109) > 0.0 && schedule.at(109) < 1e-3);
        assert!((Schedule { peak: 2.0, warm_up: 0.0, steps: 5.0 }.at(0) - 2.0).abs() < 1e-12);
    }
}
