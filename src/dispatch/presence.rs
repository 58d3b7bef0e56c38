//! What is heard of the drivers who have a trip: positions, commands, open sockets, and how near they come.
//!
//! It is memory, and decides nothing. What must outlive a restart are columns: a driver who has reported positions has a row in `quiet_drivers`, a driver
//! who has come near enough has it in their trip. After a restart nobody has been silent for longer than the service runs.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::domain::{Coordinates, DriverId, Fix, Trip, TripId, UserId, Whereabouts};
use crate::inputs;

/// What is heard of drivers; cheap to clone.
#[derive(Clone)]
pub struct Presence(Arc<Mutex<HeardDrivers>>);

struct HeardDrivers {
    /// Since when anything could be heard.
    since: Timestamp,
    driving: HashMap<DriverId, Driving>,
    sockets: HashMap<UserId, u32>,
}

/// What is known of a driver on a trip.
struct Driving {
    trip: TripId,
    number: i64,
    heard_at: Timestamp,
    has_reported: bool,
    /// Whether that they have reported is written down.
    is_kept: bool,
    approach: Option<Approach>,
    /// How near they have come, if that is near enough, in metres.
    near_m: Option<u32>,
}

/// From when on how near to where is near enough.
#[derive(Clone, Copy)]
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

/// A socket that is open; closed when it is dropped.
#[must_use]
pub struct OpenSocket {
    presence: Presence,
    user: UserId,
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        let at = inputs::now();
        let mut heard = self.presence.0.lock();
        if let Some(open) = heard.sockets.get_mut(&self.user) {
            *open -= 1;
            if *open == 0 {
                heard.sockets.remove(&self.user);
            }
        }
        if let Some(driving) = heard.driving.get_mut(&DriverId::of(self.user)) {
            driving.heard_at = driving.heard_at.max(at);
        }
    }
}

impl Presence {
    /// Nothing has been heard yet.
    pub(super) fn begin(since: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(HeardDrivers {
            since,
            driving: HashMap::new(),
            sockets: HashMap::new(),
        })))
    }

    /// A driver has that trip, as it is now.
    pub(super) fn drives(&self, driver: DriverId, trip: &Trip, has_reported: bool, at: Timestamp) {
        let mut heard = self.0.lock();
        let known = heard.driving.get(&driver);
        let known = known.filter(|known| known.trip == trip.id);
        let driving = Driving {
            trip: trip.id,
            number: trip.number,
            heard_at: known.map_or(at, |known| known.heard_at),
            has_reported: has_reported || known.is_some_and(|known| known.has_reported),
            is_kept: known.is_some_and(|known| known.is_kept),
            approach: Approach::of(trip),
            // What is still to be written down stays so, whatever becomes of the trip meanwhile.
            near_m: known.and_then(|known| known.near_m),
        };
        heard.driving.insert(driver, driving);
    }

    /// A driver has no trip any more.
    pub(super) fn ends(&self, driver: DriverId) {
        self.0.lock().driving.remove(&driver);
    }

    /// A driver has said something.
    pub fn heard(&self, driver: DriverId, at: Timestamp) {
        if let Some(driving) = self.0.lock().driving.get_mut(&driver) {
            driving.heard_at = driving.heard_at.max(at);
        }
    }

    /// A driver's device has said where it was; whether they have come near enough by that.
    pub(super) fn reported(&self, driver: DriverId, fixes: &[Fix], at: Timestamp) -> bool {
        let mut heard = self.0.lock();
        let Some(driving) = heard.driving.get_mut(&driver) else {
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

    /// A driver's socket is open until what this gives is dropped.
    pub fn opens(&self, user: UserId) -> OpenSocket {
        *self.0.lock().sockets.entry(user).or_default() += 1;
        OpenSocket {
            presence: self.clone(),
            user,
        }
    }

    /// When a driver was last heard of.
    pub(super) fn last_sign(&self, driver: DriverId, at: Timestamp) -> Timestamp {
        let heard = self.0.lock();
        if heard.sockets.contains_key(&driver.user()) {
            return at;
        }
        let known = heard.driving.get(&driver);
        known.map_or(heard.since, |known| known.heard_at.max(heard.since))
    }

    /// The drivers who have reported positions on their trips, where that is not written down; with the numbers of the trips.
    pub(super) fn to_keep(&self) -> Vec<(DriverId, i64)> {
        let heard = self.0.lock();
        let new = heard
            .driving
            .iter()
            .filter(|(_, driving)| driving.has_reported && !driving.is_kept);
        new.map(|(driver, driving)| (*driver, driving.number))
            .collect()
    }

    /// These are written down.
    pub(super) fn kept(&self, kept: &[(DriverId, i64)]) {
        let mut heard = self.0.lock();
        for (driver, number) in kept {
            let driving = heard.driving.get_mut(driver);
            if let Some(driving) = driving.filter(|driving| driving.number == *number) {
                driving.is_kept = true;
            }
        }
    }

    /// Takes out the drivers who have come near enough to the pick-ups of their trips, and how near.
    pub(super) fn came_near(&self) -> Vec<(DriverId, TripId, u32)> {
        let mut heard = self.0.lock();
        let came = heard.driving.iter_mut().filter_map(|(driver, driving)| {
            let metres = driving.near_m.take()?;
            Some((*driver, driving.trip, metres))
        });
        came.collect()
    }

    /// What could not be written down is tried again.
    pub(super) fn still_near(&self, came: &[(DriverId, TripId, u32)]) {
        let mut heard = self.0.lock();
        for (driver, trip, metres) in came {
            let driving = heard.driving.get_mut(driver);
            if let Some(driving) = driving.filter(|driving| driving.trip == *trip) {
                driving.near_m = Some(*metres);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::{Action, Change, Duties, Outset, VehicleClass, sample};
    use crate::town::Town;

    const BOB: DriverId = DriverId::of(UserId::new(2));

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
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
        let rules = r#"{"currency": "EUR", "cancellation": {"fee": 300}}"#;
        let town = Town::parse(rules).expect("a town");
        let rules = town.place(None).expect("it is served everywhere");
        let mut request = sample::request(UserId::new(1));
        request.pick_up.location = Some(place(0.0));
        request.order.duties = Some(Duties::default());
        let terms = town.terms(&rules, &VehicleClass::default(), None);
        request.order.terms = terms.map(Box::new);
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
        let (presence, trip) = (Presence::begin(at(0)), taken());
        presence.drives(BOB, &trip, false, at(10));
        assert!(!presence.reported(BOB, &[fix(20, 900.0)], at(20)));
        assert!(presence.reported(BOB, &[fix(60, 500.0)], at(60)));
        // Something else happens to the trip, and the driver turns round.
        presence.drives(BOB, &trip, false, at(61));
        assert!(!presence.reported(BOB, &[fix(90, 900.0)], at(90)));
        let came = presence.came_near();
        assert!(
            matches!(came[..], [(BOB, id, 500..=510)] if id == trip.id),
            "{came:?}"
        );
        assert_eq!(presence.came_near(), []);
        presence.still_near(&came);
        assert_eq!(presence.came_near(), came);
    }
}
