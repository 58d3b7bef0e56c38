//! Percentiles of measured times.

/// The value that `percent` of all samples do not exceed (nearest rank); `None` without samples.
pub fn percentile(sorted: &[u32], percent: f64) -> Option<u32> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_counts() {
        let hundred: Vec<u32> = (1..=100).collect();
        for (percent, value) in [
            (0.0, 1),
            (1.0, 1),
            (50.0, 50),
            (99.0, 99),
            (99.1, 100),
            (100.0, 100),
        ] {
            assert_eq!(percentile(&hundred, percent), Some(value), "{percent}");
        }
        assert_eq!(percentile(&[7], 99.0), Some(7));
        assert_eq!(percentile(&[], 50.0), None);
    }
}
