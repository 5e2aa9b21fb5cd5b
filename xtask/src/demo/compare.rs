//! Judges a vGPU decode by the CPU's decode of the same tokens.

use super::{client::Decode, model::WeightType};

/// How far two runs that saw the same tokens lie apart.
pub(crate) struct Comparison {
    /// Over all steps and tokens.
    pub(crate) largest_difference: f64,
    /// Steps at which both prefer the same token.
    pub(crate) agreeing: usize,
    /// Steps at which they do not although the CPU's preference is clearer than the tolerance.
    pub(crate) clear_disagreements: usize,
    pub(crate) steps: usize,
}

/// The largest difference of a probability that rounding explains.
///
/// The CPU backend quantises activations before it multiplies quantised weights, the CUDA backend in another format.
pub(crate) fn tolerance(weights: WeightType) -> f64 {
    match weights {
        WeightType::F32 | WeightType::F16 => 1e-3,
        WeightType::Q8_0 | WeightType::Q4_0 => 2e-2,
    }
}

/// Compares step by step.
pub(crate) fn compare(cpu: &Decode, vgpu: &Decode, tolerance: f64) -> Comparison {
    let mut result = Comparison {
        largest_difference: 0.0,
        agreeing: 0,
        clear_disagreements: 0,
        steps: cpu.steps.len().max(vgpu.steps.len()),
    };
    for (expected, found) in cpu.steps.iter().zip(&vgpu.steps) {
        let probability = |token: u32| found.probabilities.get(&token).copied().unwrap_or(f64::NAN);
        for (&token, &p) in &expected.probabilities {
            let difference = (p - probability(token)).abs();
            // NaN must fail, not vanish in a comparison.
            if difference.is_nan() || difference > result.largest_difference {
                result.largest_difference = if difference.is_nan() { f64::INFINITY } else { difference };
            }
        }
        let mut ranked: Vec<f64> = expected.probabilities.values().copied().collect();
        ranked.sort_by(|a, b| b.total_cmp(a));
        let margin = ranked.first().copied().unwrap_or(0.0) - ranked.get(1).copied().unwrap_or(0.0);
        if expected.top == found.top {
            result.agreeing += 1;
        } else if margin > tolerance {
            result.clear_disagreements += 1;
        }
    }
    result
}

impl Comparison {
    /// Why the vGPU's decode is wrong; `None` when it is right.
    ///
    /// In f32 every preferred token must agree, which makes the free-running greedy decodes equal too.
    pub(crate) fn fault(&self, weights: WeightType, expected_steps: usize) -> Option<String> {
        let limit = tolerance(weights);
        if self.steps != expected_steps {
            Some(format!("{} steps instead of {expected_steps}", self.steps))
        } else if self.largest_difference > limit {
            Some(format!("a probability differs by {:.2e}, more than {limit:.0e}", self.largest_difference))
        } else if self.clear_disagreements > 0 {
            Some(format!("{} clear preferences differ", self.clear_disagreements))
        } else if weights == WeightType::F32 && self.agreeing != self.steps {
            Some("the greedy tokens differ".to_owned())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::Step;
    use super::*;

    fn decode(probabilities: &[(u32, f64)]) -> Decode {
        let top = probabilities.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("not empty").0;
        let step = Step { top, probabilities: probabilities.iter().copied().collect() };
        Decode { device: String::new(), steps: vec![step], decode_ms: 0.0, kernels: 0 }
    }

    #[test]
    fn a_missing_probability_is_a_fault() {
        let result = compare(&decode(&[(1, 0.9), (2, 0.1)]), &decode(&[(1, 0.9)]), 1e-3);
        assert!(result.fault(WeightType::F32, 1).is_some());
    }

    #[test]
    fn a_not_a_number_is_a_fault() {
        let result = compare(&decode(&[(1, 0.9), (2, 0.1)]), &decode(&[(1, 0.9), (2, f64::NAN)]), 1e-3);
        assert!(result.fault(WeightType::F16, 1).is_some());
    }

    #[test]
    fn a_near_tie_may_go_either_way_in_quantised_types() {
        let result = compare(&decode(&[(1, 0.501), (2, 0.499)]), &decode(&[(1, 0.499), (2, 0.501)]), 2e-2);
        assert!(result.fault(WeightType::Q4_0, 1).is_none());
    }
}
