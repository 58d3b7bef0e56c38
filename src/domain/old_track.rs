//! The way that a ride took, as it was reckoned before `domain::track`; goes once nothing uses it.

use jiff::Timestamp;

use super::fix::Fix;
use super::place::Coordinates;

/// The most points of a track; when there are more, every second one is forgotten, and none of its metres.
pub const POINTS_MAX: usize = 2_000;
/// What is nearer to the last point than this is taken for noise of the device, in metres.
const STEP_MIN_M: f64 = 10.0;

/// The way that a ride took so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// How long it is, in metres.
    pub metres: f64,
    /// Where it went; thinned so that it stays short.
    pub path: Vec<Coordinates>,
    /// When its last point was.
    pub last_at: Timestamp,
}

impl Track {
    /// A track that begins where the device was.
    pub fn begin(fix: &Fix) -> Self {
        Self {
            metres: 0.0,
            path: vec![fix.location],
            last_at: fix.at,
        }
    }

    /// Goes on to where the device is. What is older than the last point, or nearer than its noise, adds nothing.
    pub fn go_on(&mut self, fix: &Fix) {
        let Some(last) = self.path.last() else { return };
        let step = last.metres_to(fix.location);
        let noise = fix
            .accuracy_m
            .unwrap_or(0.0)
            .clamp(STEP_MIN_M, 5.0 * STEP_MIN_M);
        if fix.at <= self.last_at || step < noise {
            return;
        }
        self.metres += step;
        self.last_at = fix.at;
        if self.path.len() >= POINTS_MAX {
            self.thin();
        }
        self.path.push(fix.location);
    }

    /// Keeps every second point, and the last one, from which the way goes on.
    fn thin(&mut self) {
        let last = self.path.len() - 1;
        let mut at = 0;
        self.path.retain(|_| {
            let keeps = at % 2 == 0 || at == last;
            at += 1;
            keeps
        });
    }

    /// How long it is, in whole metres.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a distance is not negative, and shorter than 2^53 m"
    )]
    pub fn whole_metres(&self) -> u64 {
        self.metres.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn fix(second: i64, lat: f64, accuracy_m: Option<f64>) -> Fix {
        Fix {
            location: Coordinates::new(lat, 11.0).expect("on earth"),
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second),
            accuracy_m,
            heading_deg: None,
            speed_mps: None,
        }
    }

    /// A thousandth of a degree north is 111.2 m.
    #[test]
    fn a_way_is_as_long_as_its_steps() {
        let mut track = Track::begin(&fix(0, 48.0, None));
        for second in 1..=10 {
            track.go_on(&fix(
                second,
                48.0 + 0.001 * f64::from(i32::try_from(second).unwrap_or(0)),
                None,
            ));
        }
        assert_eq!(track.whole_metres(), 1_112);
        assert_eq!(track.path.len(), 11);
    }

    #[test]
    fn noise_and_the_past_add_nothing() {
        let mut track = Track::begin(&fix(5, 48.0, None));
        track.go_on(&fix(6, 48.000_05, None));
        track.go_on(&fix(7, 48.000_3, Some(40.0)));
        track.go_on(&fix(4, 48.1, None));
        assert_eq!(track.whole_metres(), 0);
        assert_eq!(track.path.len(), 1);
    }

    #[test]
    fn a_long_way_is_thinned_and_keeps_its_length() {
        let mut track = Track::begin(&fix(0, 0.0, None));
        for step in 1..=10_000_i32 {
            track.go_on(&fix(i64::from(step), 0.001 * f64::from(step), None));
        }
        assert!(track.path.len() <= POINTS_MAX);
        assert_eq!(track.path.last(), Some(&fix(0, 10.0, None).location));
        assert_eq!(track.whole_metres() / 1000, 1_111);
    }
}
