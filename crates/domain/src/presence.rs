//! Remembers what is heard from drivers who have a trip: positions, commands, open sockets, and how near they come.
//!
//! It decides nothing. A finding needs a command.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::duties::Whereabouts;
use crate::fix::Fix;
use crate::id::{DriverId, TripId};
use crate::place::Coordinates;
use crate::trip::Trip;

/// The drivers who have a trip, and when each of them was last heard from.
#[derive(Debug)]
pub struct HeardDrivers {
    /// When this memory began. No driver counts as silent for longer.
    since: Timestamp,
    driving: BTreeMap<DriverId, Driving>,
    open_sockets: HashMap<DriverId, u32>,
}

/// A driver on a trip.
#[derive(Debug)]
struct Driving {
    trip: TripId,
    number: i64,
    heard_at: Timestamp,
    has_reported: bool,
    /// Whether it is stored that the driver has reported positions.
    is_kept: bool,
    approach: Option<Approach>,
    /// How near the driver has come, if that is near enough, in metres.
    near_m: Option<u32>,
}

/// The distance to a pick-up that is near enough, and from when on it counts.
#[derive(Debug, Clone, Copy)]
struct Approach {
    pick_up: Coordinates,
    near_m: u32,
    taken_at: Timestamp,
}

impl Approach {
    fn of(trip: &Trip) -> Option<Self> {
        Some(Self {
            pick_up: trip.pick_up.location?,
            near_m: trip.near_due_m()?,
            taken_at: trip.times.taken_at?,
        })
    }

    fn nearness(&self, fix: &Fix) -> Option<u32> {
        let there = Whereabouts::new(fix.location, fix.accuracy_m);
        let metres = there.metres_at_most_to(self.pick_up);
        (fix.at >= self.taken_at && metres <= self.near_m).then_some(metres)
    }
}

/// A driver who has reported positions on a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportingDriver {
    /// The driver.
    pub driver: DriverId,
    /// The trip's key.
    pub trip: TripId,
    /// The trip's number.
    pub number: i64,
}

impl HeardDrivers {
    /// A memory in which nothing has been heard yet.
    pub fn begin(since: Timestamp) -> Self {
        Self {
            since,
            driving: BTreeMap::new(),
            open_sockets: HashMap::new(),
        }
    }

    /// Notes that a driver has this trip, as it is now.
    pub fn drives(&mut self, driver: DriverId, trip: &Trip, has_reported: bool, at: Timestamp) {
        let known = self.driving.get(&driver);
        let known = known.filter(|known| known.trip == trip.id);
        let driving = Driving {
            trip: trip.id,
            number: trip.number,
            heard_at: known.map_or(at, |known| known.heard_at),
            has_reported: has_reported || known.is_some_and(|known| known.has_reported),
            is_kept: known.is_some_and(|known| known.is_kept),
            approach: Approach::of(trip),
            // What is not stored yet must still be stored, whatever happens to the trip.
            near_m: known.and_then(|known| known.near_m),
        };
        self.driving.insert(driver, driving);
    }

    /// Notes that a driver has no trip any more.
    pub fn ends(&mut self, driver: DriverId) {
        self.driving.remove(&driver);
    }

    /// Notes that a driver has sent a command.
    pub fn heard(&mut self, driver: DriverId, at: Timestamp) {
        if let Some(driving) = self.driving.get_mut(&driver) {
            driving.heard_at = driving.heard_at.max(at);
        }
    }

    /// Notes that a driver's device has reported positions. Returns whether the driver has now come near enough.
    pub fn reported(&mut self, driver: DriverId, fixes: &[Fix], at: Timestamp) -> bool {
        let Some(driving) = self.driving.get_mut(&driver) else {
            return false;
        };
        driving.heard_at = driving.heard_at.max(at);
        driving.has_reported = true;
        let Some(approach) = driving.approach else {
            return false;
        };
        let Some(near_m) = fixes.iter().find_map(|fix| approach.nearness(fix)) else {
            return false;
        };
        driving.near_m = Some(near_m);
        driving.approach = None;
        true
    }

    /// Notes that a driver has opened a socket.
    pub fn opens(&mut self, driver: DriverId) {
        *self.open_sockets.entry(driver).or_default() += 1;
    }

    /// Notes that one of a driver's sockets has closed.
    pub fn closes(&mut self, driver: DriverId, at: Timestamp) {
        if let Some(open) = self.open_sockets.get_mut(&driver) {
            *open -= 1;
            if *open == 0 {
                self.open_sockets.remove(&driver);
            }
        }
        self.heard(driver, at);
    }

    /// When a driver was last heard from: just now, as long as a socket is open.
    pub fn heard_at(&self, driver: DriverId, at: Timestamp) -> Timestamp {
        if self.open_sockets.contains_key(&driver) {
            return at;
        }
        let known = self.driving.get(&driver);
        known.map_or(self.since, |known| known.heard_at.max(self.since))
    }

    /// The drivers who have reported positions on their trips, where that is not stored yet.
    pub fn to_keep(&self) -> Vec<ReportingDriver> {
        let is_new = |(_, driving): &(_, &Driving)| driving.has_reported && !driving.is_kept;
        let new = self.driving.iter().filter(is_new);
        new.map(|(driver, driving)| ReportingDriver {
            driver: *driver,
            trip: driving.trip,
            number: driving.number,
        })
        .collect()
    }

    /// Notes that these drivers are stored.
    pub fn kept(&mut self, kept: &[ReportingDriver]) {
        for ReportingDriver { driver, trip, .. } in kept {
            let driving = self.driving.get_mut(driver);
            if let Some(driving) = driving.filter(|driving| driving.trip == *trip) {
                driving.is_kept = true;
            }
        }
    }

    /// Takes the drivers who have come near enough to the pick-ups of their trips, and how near, in metres.
    pub fn came_near(&mut self) -> Vec<(DriverId, TripId, u32)> {
        let came = self.driving.iter_mut().filter_map(|(driver, driving)| {
            let metres = driving.near_m.take()?;
            Some((*driver, driving.trip, metres))
        });
        came.collect()
    }

    /// Puts back findings that could not be stored, so that they are tried again.
    pub fn still_near(&mut self, came: &[(DriverId, TripId, u32)]) {
        for (driver, trip, metres) in came {
            let driving = self.driving.get_mut(driver);
            if let Some(driving) = driving.filter(|driving| driving.trip == *trip) {
                driving.near_m = Some(*metres);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fare::HIGH_FARE_PERMILLE;
    use crate::{Action, Amount, Change, Currency, Duties, Outset, Terms, UserId, sample};

    const BOB: DriverId = DriverId::of(UserId::new(2));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).expect("a time")
    }

    /// So many metres north of the pick-up.
    fn place(metres: f64) -> Coordinates {
        Coordinates::new(48.0 + metres / 111_195.0, 11.0).expect("on the earth")
    }

    fn fix(second: i64, metres: f64) -> Fix {
        Fix {
            location: place(metres),
            at: at(second),
            accuracy_m: Some(5.0),
            heading_deg: None,
            speed_mps: None,
        }
    }

    /// A trip that Bob took a kilometre away, where cancelling late costs something.
    fn taken() -> Trip {
        let mut request = sample::request(UserId::new(1));
        request.pick_up.location = Some(place(0.0));
        request.order.duties = Some(Duties::default());
        request.order.terms = Some(Box::new(Terms {
            currency: Currency::parse("EUR").ok(),
            tariff: None,
            surge_permille: 1_000,
            quoted: None,
            free_waiting_s: 300,
            free_cancel_s: 120,
            cancel_fee: Amount::new(300).expect("an amount"),
            no_show_fee: Amount::ZERO,
            reasons: Vec::new(),
            high_fare_permille: HIGH_FARE_PERMILLE,
        }));
        let outset = Outset {
            from: Some(Whereabouts::new(place(1_000.0), Some(5.0))),
            promised_s: None,
        };
        let accept = Action::Accept(sample::party(BOB), outset);
        match Trip::request(request, at(0)).apply(&accept, at(10)) {
            Ok(Change::To(taken)) => *taken,
            other => panic!("it is taken: {other:?}"),
        }
    }

    #[test]
    fn that_a_driver_came_near_is_kept_until_it_is_written_down() {
        let (mut heard, trip) = (HeardDrivers::begin(at(0)), taken());
        heard.drives(BOB, &trip, false, at(10));
        assert!(!heard.reported(BOB, &[fix(20, 900.0)], at(20)));
        assert!(heard.reported(BOB, &[fix(60, 500.0)], at(60)));
        // Something else happens to the trip, and the driver turns round.
        heard.drives(BOB, &trip, false, at(61));
        assert!(!heard.reported(BOB, &[fix(90, 900.0)], at(90)));
        let came = heard.came_near();
        assert!(
            matches!(came[..], [(BOB, id, 500..=510)] if id == trip.id),
            "{came:?}"
        );
        assert_eq!(heard.came_near(), []);
        heard.still_near(&came);
        assert_eq!(heard.came_near(), came);
    }

    #[test]
    fn a_position_a_command_and_a_socket_are_signs_of_a_driver() {
        let mut heard = HeardDrivers::begin(at(5));
        assert_eq!(heard.heard_at(BOB, at(9)), at(5), "it cannot be told");
        heard.drives(BOB, &taken(), false, at(10));
        assert_eq!(heard.heard_at(BOB, at(99)), at(10));
        heard.reported(BOB, &[], at(20));
        assert_eq!(heard.heard_at(BOB, at(99)), at(20));
        heard.heard(BOB, at(30));
        heard.heard(BOB, at(29));
        assert_eq!(heard.heard_at(BOB, at(99)), at(30));
        heard.opens(BOB);
        heard.opens(BOB);
        heard.closes(BOB, at(40));
        assert_eq!(heard.heard_at(BOB, at(99)), at(99), "one is still open");
        heard.closes(BOB, at(50));
        assert_eq!(heard.heard_at(BOB, at(99)), at(50));
        heard.ends(BOB);
        assert_eq!(heard.heard_at(BOB, at(99)), at(5));
    }

    #[test]
    fn whoever_reports_is_to_be_kept_once_a_trip() {
        let (mut heard, trip) = (HeardDrivers::begin(at(0)), taken());
        heard.drives(BOB, &trip, false, at(10));
        assert_eq!(heard.to_keep(), [], "nothing was reported");
        heard.reported(BOB, &[], at(20));
        let reporting = [ReportingDriver {
            driver: BOB,
            trip: trip.id,
            number: trip.number,
        }];
        assert_eq!(heard.to_keep(), reporting);
        heard.kept(&reporting);
        heard.drives(BOB, &trip, true, at(30));
        assert_eq!(heard.to_keep(), []);
        let next = Trip {
            id: TripId::new(uuid::Uuid::from_u128(8)),
            ..trip
        };
        heard.drives(BOB, &next, true, at(40));
        assert_eq!(heard.to_keep().len(), 1);
    }
}
