//! The nearest drivers by a scan of all of them, to check that every index is right.

use domain::Coordinates;

use crate::{K, RADIUS_M};

/// A driver and the distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub driver: u32,
    pub metres: f64,
}

/// How much an answer may differ from the truth: a part of the distance, because not every index uses the same sphere,
/// and metres, because not every index keeps positions exactly.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    pub part: f64,
    pub metres: f64,
}

impl Tolerance {
    fn at(self, metres: f64) -> f64 {
        self.metres + self.part * metres
    }
}

/// The positions of all drivers, and which of them are free.
pub struct Truth<'a> {
    pub places: &'a [Coordinates],
    pub is_free: &'a [bool],
}

impl Truth<'_> {
    /// The nearest free drivers at any distance.
    pub fn nearest(&self, from: Coordinates) -> Vec<Near> {
        let free = (0..).zip(self.places).zip(self.is_free);
        let free = free.filter(|(_, is_free)| **is_free);
        let mut all: Vec<Near> = free
            .map(|((driver, place), _)| Near {
                driver,
                metres: from.metres_to(*place),
            })
            .collect();
        all.select_nth_unstable_by(K, |a, b| a.metres.total_cmp(&b.metres));
        all.truncate(K);
        all.sort_by(|a, b| a.metres.total_cmp(&b.metres));
        all
    }

    /// Panics unless the answer is right: each driver in it is free and at the distance given; the first is as near as
    /// the nearest of all, and so on; and the first one missing is out of reach. Returns how many of them the scan
    /// names too.
    pub fn check(&self, from: Coordinates, answer: &[Near], tolerance: Tolerance) -> usize {
        let truth = self.nearest(from);
        let edge = tolerance.at(RADIUS_M);
        assert!(answer.len() <= K, "more than {K}: {answer:?}");
        for (found, nearest) in answer.iter().zip(&truth) {
            let driver = found.driver as usize;
            let metres = from.metres_to(self.places[driver]);
            let most = tolerance.at(metres);
            assert!(self.is_free[driver], "{driver} is occupied");
            assert!((found.metres - metres).abs() <= most, "{found:?}: {metres}");
            let off = (found.metres - nearest.metres).abs();
            assert!(off <= most, "{found:?} instead of {nearest:?}");
            assert!(metres <= RADIUS_M + edge, "{found:?} is out of reach");
        }
        if let Some(missed) = truth.get(answer.len()) {
            assert!(missed.metres > RADIUS_M - edge, "{missed:?} was missed");
        }
        let is_named = |near: &&Near| answer.iter().any(|found| found.driver == near.driver);
        let doubles = answer.len() - distinct(answer);
        assert_eq!(doubles, 0, "named twice: {answer:?}");
        truth.iter().take(answer.len()).filter(is_named).count()
    }
}

fn distinct(answer: &[Near]) -> usize {
    let mut drivers: Vec<u32> = answer.iter().map(|near| near.driver).collect();
    drivers.sort_unstable();
    drivers.dedup();
    drivers.len()
}
