//! Estimates the distance and the duration of a ride from its two ends alone.

use super::place::Coordinates;

/// The ratio of a route on a town's streets to the straight line.
const DETOUR: f64 = 1.3;
/// The average speed of a car in a town, stops included.
const KM_PER_HOUR: u64 = 20;

/// Metres and seconds between two points: 1.3 times the great circle, at 20 km/h.
pub fn estimate(from: Coordinates, to: Coordinates) -> (u64, u64) {
    // No two points are further apart than half the circumference of the earth, so the number fits.
    let metres = (from.metres_to(to) * DETOUR).round() as u64;
    let seconds = (metres * 3_600).div_ceil(KM_PER_HOUR * 1_000);
    (metres, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> Coordinates {
        Coordinates::new(lat, lon).expect("on earth")
    }

    #[test]
    fn a_hundredth_of_a_degree_is_a_few_minutes() {
        // 1,111.95 m, times 1.3.
        assert_eq!(estimate(at(48.0, 11.0), at(48.01, 11.0)), (1_446, 261));
        // Meridians are closer to each other at 60 degrees north.
        assert_eq!(estimate(at(60.0, 11.0), at(60.0, 11.01)).0, 723);
    }

    #[test]
    fn no_two_points_are_too_near_or_too_far() {
        assert_eq!(estimate(at(48.0, 11.0), at(48.0, 11.0)), (0, 0));
        assert!(estimate(at(90.0, 0.0), at(-90.0, 0.0)).0 > 26_000_000);
        let across_the_date_line = estimate(at(0.0, 179.99), at(0.0, -179.99));
        assert!(across_the_date_line.0 < 3_000);
    }
}
