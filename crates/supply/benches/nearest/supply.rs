//! cabrank's own index, called as the service calls it: fixes are judged, and searches leave out occupied and stale
//! drivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{Coordinates, DriverId, Fix, TripId, UserId, Vehicle, VehicleClass};
use jiff::Timestamp;
use supply::{Occupation, Supply, Wanted};
use uuid::Uuid;

use crate::city::{City, Move};
use crate::index::{Index, Server};
use crate::truth::{Near, Tolerance};
use crate::{ETA_MAX_S, K};

/// The index keeps positions to a few millimetres.
pub const TOLERANCE: Tolerance = Tolerance {
    part: 1e-7,
    metres: 0.02,
};
/// When the day begins.
const BEGAN_MS: i64 = 1_764_000_000_000;
/// The interval between two reports of a driver.
const REPORT_EVERY_MS: i64 = 3_000;

/// The supply, and the city's time. Time goes on with the reports, because drivers who report a hundred times a second
/// would not be believed.
pub struct InProcess {
    supply: Supply,
    class: VehicleClass,
    now_ms: Arc<AtomicI64>,
}

impl InProcess {
    /// Puts all drivers on shift, each at their first stop.
    pub fn with(city: &City) -> Self {
        let began = at(BEGAN_MS);
        let mut index = Self {
            supply: Supply::default(),
            class: VehicleClass::default(),
            now_ms: Arc::new(AtomicI64::new(BEGAN_MS)),
        };
        let vehicle = Vehicle {
            class: VehicleClass::default(),
            seats: 4,
        };
        for (number, is_free) in (0..).zip(&city.is_free) {
            index.supply.begin(driver(number), vehicle.clone(), began);
            if !is_free {
                let trip = TripId::new(Uuid::from_u128(u128::from(number)));
                let occupied = index
                    .supply
                    .occupy(driver(number), Occupation::OnTrip(trip));
                occupied.expect("the driver is on shift");
            }
        }
        index.relocate(&city.stops[0], 0);
        index
    }
}

impl Index for InProcess {
    fn nearest(&mut self, from: Coordinates) -> Vec<Near> {
        let wanted = Wanted {
            from,
            k: K,
            eta_max_s: ETA_MAX_S,
            class: &self.class,
            passengers: 1,
            at: at(self.now_ms.load(Ordering::Relaxed)),
            except: &|_| false,
        };
        let candidates = self.supply.nearest(&wanted).into_iter();
        candidates
            .map(|candidate| Near {
                driver: candidate.driver.user().get() as u32,
                metres: candidate.metres,
            })
            .collect()
    }

    fn relocate(&mut self, moves: &[Move], round: usize) {
        let ms = BEGAN_MS + round as i64 * REPORT_EVERY_MS;
        let at = at(ms);
        self.now_ms.store(ms, Ordering::Relaxed);
        for moved in moves {
            let fix = Fix {
                location: moved.place,
                at,
                accuracy_m: Some(5.0),
                heading_deg: None,
                speed_mps: None,
            };
            let reported = self.supply.report(driver(moved.driver), &[fix], at);
            let reported = reported.expect("the driver is on shift");
            assert_eq!(reported.counts.accepted, 1, "the driver is believed");
        }
    }

    fn another(&self) -> Box<dyn Index> {
        Box::new(Self {
            supply: self.supply.clone(),
            class: self.class.clone(),
            now_ms: Arc::clone(&self.now_ms),
        })
    }

    fn server(&mut self) -> Server {
        Server::None
    }

    fn round_trip(&mut self) {}

    fn clear(&mut self) {}
}

fn driver(number: u32) -> DriverId {
    DriverId::of(UserId::new(i64::from(number)))
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).expect("within jiff's range")
}
