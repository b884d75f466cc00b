//! Sums over rows of values, from which mean and standard deviation follow.

/// Standard deviations below this share of the mean are rounding of single-precision numbers.
const ROUNDING: f64 = 1e-6;

/// Sums over rows of values: in double precision, around the first row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moments {
    shift: Vec<f64>,
    sums: Vec<f64>,
    squares: Vec<f64>,
    count: f64,
}

impl Moments {
    /// Takes in rows of `width` values, as wide as those before.
    pub fn add(&mut self, block: &[f32], width: usize) {
        if width == 0 {
            return;
        }
        for row in block.chunks_exact(width) {
            if self.shift.is_empty() {
                self.shift = row.iter().map(|value| f64::from(*value)).collect();
                self.sums = vec![0.0; width];
                self.squares = vec![0.0; width];
            }
            let sums = self.sums.iter_mut().zip(&mut self.squares);
            for ((value, shift), (sum, square)) in row.iter().zip(&self.shift).zip(sums) {
                let d = f64::from(*value) - shift;
                *sum += d;
                *square += d * d;
            }
            self.count += 1.0;
        }
    }

    /// Values per row; 0 before the first row.
    pub fn width(&self) -> usize {
        self.shift.len()
    }

    /// Mean and standard deviation of each of `columns`, the latter 0 where a column never varies; both 0 where there
    /// were no rows.
    pub fn scaling(&self, columns: impl Iterator<Item = usize>) -> (Vec<f64>, Vec<f64>) {
        if self.shift.is_empty() {
            return columns.map(|_| (0.0, 0.0)).unzip();
        }
        let of_column = |c: usize| {
            let mean = self.shift[c] + self.sums[c] / self.count;
            let variance = (self.squares[c] / self.count - (self.sums[c] / self.count).powi(2)).max(0.0);
            // Below single precision there is nothing but rounding.
            (mean, if variance.sqrt() <= ROUNDING * mean.abs() { 0.0 } else { variance.sqrt() })
        };
        columns.map(of_column).unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of 1 and 3 (mean 2, deviation 1), and of one number twice.
    #[test]
    fn two_rows_by_hand() {
        let mut moments = Moments::default();
        assert_eq!((moments.width(), moments.scaling(0..1)), (0, (vec![0.0], vec![0.0])));
        moments.add(&[1.0, 1e6, 3.0, 1e6], 2);
        assert_eq!(moments.width(), 2);
        assert_eq!(moments.scaling(0..2), (vec![2.0, 1e6], vec![1.0, 0.0]));
        assert_eq!(moments.scaling([1].into_iter()), (vec![1e6], vec![0.0]));
    }
}
