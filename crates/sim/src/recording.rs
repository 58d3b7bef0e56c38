//! Makes a scenario from the log of a day, to replay that day under another policy.
//!
//! The log has the requests with their times, and the shifts. It does not have the drivers' positions: each driver
//! begins at the first pick-up that they took in their shift, or else were offered. Nor does it say how long a served
//! rider would have waited, or how a driver would have answered an offer that was never made: people's behaviour comes
//! from the scenario, as for every other day.

use std::collections::HashMap;

use jiff::Timestamp;

use super::demand::{HOUR_MS, RideRequest, SEATS};
use super::recorded::{Recorded, RecordedOutcome};
use super::scenario::{Scenario, Start};
use domain::{
    Coordinates, DriverId, Event, Fact, OfferChange, Shift, Trip, TripChange, TripEventKind, TripId,
};

/// A recorded day, while the log is read.
#[derive(Debug)]
pub struct Recording {
    midnight: Timestamp,
    end: Timestamp,
    requests: Vec<RecordedRequest>,
    by_trip: HashMap<TripId, usize>,
    shifts: Vec<RecordedShift>,
    /// The index of each driver's latest shift.
    on: HashMap<DriverId, usize>,
    unplaced: usize,
}

#[derive(Debug)]
struct RecordedRequest {
    request: RideRequest,
    /// Set once the ride is over, with the time of the driver's arrival if it was reported.
    driven: Option<Option<Timestamp>>,
}

/// A shift, or the presence of a driver without one.
#[derive(Debug)]
struct RecordedShift {
    place: Option<Coordinates>,
    begin: i64,
    end: Option<i64>,
    is_shift: bool,
}

impl Recording {
    /// A recording of the requests from `midnight` to `end`.
    pub fn new(midnight: Timestamp, end: Timestamp) -> Self {
        Self {
            midnight,
            end,
            requests: Vec::new(),
            by_trip: HashMap::new(),
            shifts: Vec::new(),
            on: HashMap::new(),
            unplaced: 0,
        }
    }

    /// How many requests are left out because they lack the pick-up or the drop-off location.
    pub const fn unplaced(&self) -> usize {
        self.unplaced
    }

    /// Records an event. Events must come in the order of the log.
    pub fn record(&mut self, event: &Event) {
        match &event.fact {
            Fact::Shift(shift) => self.shift(shift),
            Fact::Offer(OfferChange { offer, trip }) => {
                if let Some(shift) = self.on.get(&offer.driver) {
                    let place = &mut self.shifts[*shift].place;
                    *place = place.or(trip.pick_up.location);
                }
            }
            Fact::Trip(TripChange { kind, trip, .. }) => self.trip(*kind, trip, event.at),
            Fact::Message(_) | Fact::Notification(_) => {}
        }
    }

    fn trip(&mut self, kind: TripEventKind, trip: &Trip, at: Timestamp) {
        let driver = trip.state.driver().map(|driver| driver.id);
        match (kind, driver) {
            (TripEventKind::Requested, _) => self.request(trip, at),
            (TripEventKind::Accepted, Some(driver)) => self.accepted(driver, trip, at),
            (TripEventKind::Completed, _) => {
                if let Some(number) = self.by_trip.get(&trip.id) {
                    self.requests[*number].driven = Some(trip.times.arrived_at);
                }
                self.seen(driver, at);
            }
            _ => self.seen(driver, at),
        }
    }

    fn request(&mut self, trip: &Trip, at: Timestamp) {
        if !(self.midnight..self.end).contains(&at) {
            return;
        }
        let Some((from, to)) = trip.pick_up.location.zip(trip.drop_off.location) else {
            self.unplaced += 1;
            return;
        };
        self.by_trip.insert(trip.id, self.requests.len());
        self.requests.push(RecordedRequest {
            request: RideRequest {
                at: self.ms(at),
                from,
                to,
                // Simulated cars have only so many seats.
                passengers: trip.order.passengers.clamp(1, SEATS),
            },
            driven: None,
        });
    }

    fn shift(&mut self, shift: &Shift) {
        let is_last = self.on.get(&shift.driver).map(|shift| &self.shifts[*shift]);
        let begin = self.ms(shift.began_at);
        let is_known = is_last.is_some_and(|shift| shift.is_shift && shift.begin == begin);
        if !is_known {
            self.begin(shift.driver, begin, true);
        }
        self.shifts[self.on[&shift.driver]].end = shift.ended_at.map(|at| self.ms(at));
    }

    fn accepted(&mut self, driver: DriverId, trip: &Trip, at: Timestamp) {
        let last = self.on.get(&driver).map(|shift| &self.shifts[*shift]);
        let is_on = last.is_some_and(|shift| !shift.is_shift || shift.end.is_none());
        if !is_on {
            // Under `broadcast` drivers need no shift, so this one was there when the trip was requested.
            self.begin(driver, self.ms(trip.requested_at), false);
        }
        let shift = &mut self.shifts[self.on[&driver]];
        shift.place = shift.place.or(trip.pick_up.location);
        self.seen(Some(driver), at);
    }

    /// Extends the presence of a driver without a shift.
    fn seen(&mut self, driver: Option<DriverId>, at: Timestamp) {
        let at = self.ms(at);
        if let Some(shift) = driver.and_then(|driver| self.on.get(&driver))
            && let shift = &mut self.shifts[*shift]
            && !shift.is_shift
        {
            shift.end = shift.end.max(Some(at));
        }
    }

    fn begin(&mut self, driver: DriverId, begin: i64, is_shift: bool) {
        self.on.insert(driver, self.shifts.len());
        self.shifts.push(RecordedShift {
            place: None,
            begin,
            end: None,
            is_shift,
        });
    }

    fn ms(&self, at: Timestamp) -> i64 {
        at.duration_since(self.midnight)
            .as_millis()
            .try_into()
            .unwrap_or(i64::MAX)
    }

    /// The scenario under that name; `None` if there were no requests or no drivers.
    pub fn scenario(self, name: String) -> Option<Scenario> {
        let outcome = self.outcome();
        let requests: Vec<RideRequest> = self
            .requests
            .iter()
            .map(|request| request.request)
            .collect();
        let hour = |ms: i64| u32::try_from(ms / HOUR_MS).unwrap_or(0);
        let (first, last) = (hour(requests.first()?.at), hour(requests.last()?.at));
        let (begin, end) = (i64::from(first) * HOUR_MS, i64::from(last + 1) * HOUR_MS);
        let there = self.shifts.iter().filter(|shift| {
            let ends_later = |than: i64| shift.end.is_none_or(|end| end > than);
            shift.begin < end && ends_later(begin) && ends_later(shift.begin)
        });
        let drivers = there.enumerate().map(|(number, shift)| Start {
            // A driver whose position is unknown begins at the drop-off of some request.
            place: shift.place.unwrap_or(requests[number % requests.len()].to),
            begin: shift.begin.max(begin),
            end: shift.end,
        });
        let drivers: Vec<Start> = drivers.collect();
        if drivers.is_empty() {
            return None;
        }
        Some(Scenario {
            name,
            begin_hour: first,
            end_hour: last + 1,
            drivers: u32::try_from(drivers.len()).unwrap_or(u32::MAX),
            recorded: Some(Recorded {
                requests,
                drivers,
                outcome,
            }),
            ..Scenario::default()
        })
    }

    fn outcome(&self) -> RecordedOutcome {
        let driven = self.requests.iter().filter(|it| it.driven.is_some());
        let waits = self.requests.iter().filter_map(|request| {
            let arrived = request.driven.flatten()?;
            Some(self.ms(arrived) - request.request.at)
        });
        let waits: Vec<i64> = waits.collect();
        let count = i64::try_from(waits.len()).unwrap_or(i64::MAX);
        RecordedOutcome {
            served: driven.count() as u64,
            wait_mean_ms: waits.iter().sum::<i64>().checked_div(count),
        }
    }
}
