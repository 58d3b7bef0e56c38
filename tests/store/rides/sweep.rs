//! Sweeps as the service does. The store's due rows must be those of the model.

use std::collections::BTreeSet;

use cabrank::domain::{DriverId, Search, Status, TripId};
use cabrank::store::db::Db;
use cabrank::store::{QueryResult, offers, searches, trips};
use jiff::Timestamp;

use super::city::{City, Finding, at};
use super::model::{DRIVERS, Ride};
use super::operation::{Intent, Round, Verb};

type Find = fn(&mut Db, Timestamp, i64) -> QueryResult<Vec<TripId>>;

/// More rows than there ever are.
const ALL: i64 = 1_000;

impl City {
    /// Sweeps once. Candidates are proposed from driver `first` on, `wave` at once.
    pub fn sweep(&mut self, first: usize, wave: usize) -> Finding {
        self.journal
            .push(format!("second {}: a sweep", self.second));
        let now = self.second;
        let is_overdue = |ride: &Ride| ride.status == Status::Requested && ride.search_ends <= now;
        self.carry_out_due(&Verb::Expire, trips::overdue, &self.rides(is_overdue))?;
        let is_due = |ride: &Ride| ride.status == Status::Scheduled && ride.opens <= now;
        self.carry_out_due(&Verb::Open, trips::due, &self.rides(is_due))?;
        let is_late = |ride: &Ride| ride.is_overdue(now);
        self.carry_out_due(&Verb::Late, trips::late, &self.rides(is_late))?;
        let late = self
            .model
            .open_offers()
            .filter(|(_, offer)| offer.due <= now);
        let late = late.map(|(_, offer)| offer.trip).collect();
        self.carry_out_due(&Verb::Lapse, offers::overdue, &late)?;
        self.search(first, wave)
    }

    fn rides(&self, which: impl Fn(&Ride) -> bool) -> BTreeSet<usize> {
        let rides = self.model.rides.iter().enumerate();
        let found = rides.filter(|(_, ride)| which(ride));
        found.map(|(number, _)| number).collect()
    }

    fn carry_out_due(&mut self, verb: &Verb, find: Find, due: &BTreeSet<usize>) -> Finding {
        let now = at(self.second);
        let found = self.town.read(move |db| find(db, now, ALL));
        let found: Vec<usize> = found.iter().map(|trip| self.number(*trip)).collect();
        if found.iter().copied().collect::<BTreeSet<_>>() != *due {
            return Err(format!(
                "{verb:?} is due for {due:?} for the model, not {found:?}"
            ));
        }
        let intent = |trip: &usize| about(*trip, verb.clone());
        self.carry_out(&found.iter().map(intent).collect::<Vec<_>>())
    }

    /// Proposes drivers for all searches that are due.
    fn search(&mut self, first: usize, wave: usize) -> Finding {
        let now = at(self.second);
        let pool = self.town.read(move |db| searches::due(db, now, ALL));
        let mut due = self.rides(|ride| {
            ride.status == Status::Requested && ride.is_offered() && ride.search_due <= self.second
        });
        due.retain(|trip| !self.model.has_open_offers(*trip));
        let mut intents = Vec::new();
        for search in &pool {
            let trip = self.number(search.trip.id);
            let drivers = self.candidates(search, trip, first)?;
            intents.push(about(
                trip,
                Verb::Propose(Round {
                    drivers,
                    wave,
                    number: search.round,
                    attempts_ago: 0,
                }),
            ));
            // A search may be due while offers are open; then a proposal has no effect.
            if !due.remove(&trip) && !self.model.has_open_offers(trip) {
                return Err(format!("trip {trip} is looked at too early"));
            }
        }
        if !due.is_empty() {
            return Err(format!("nobody looks for a driver for {due:?}"));
        }
        self.carry_out(&intents)
    }

    /// All drivers whom the store does not exclude. The model must exclude the same ones.
    fn candidates(&self, search: &Search, trip: usize, first: usize) -> Result<Vec<usize>, String> {
        let excluded: BTreeSet<DriverId> = search.asked.not_now.iter().copied().collect();
        let is_excluded = |driver: &usize| excluded.contains(&self.drivers[*driver].id);
        let by_store: Vec<usize> = (0..DRIVERS).filter(is_excluded).collect();
        let (by_model, round) = (
            self.model.excluded(trip, self.second),
            self.model.rides[trip].round,
        );
        if (&by_store, search.round) != (&by_model, round) {
            let found = search.round;
            return Err(format!(
                "{by_model:?} are asked for trip {trip} in {round} rounds, not {by_store:?} in {found}"
            ));
        }
        let drivers = (first..first + DRIVERS).map(|driver| driver % DRIVERS);
        Ok(drivers.filter(|driver| !is_excluded(driver)).collect())
    }

    /// The model's number of a trip.
    pub fn number(&self, id: TripId) -> usize {
        let number = self.trips.iter().position(|trip| *trip == id);
        number.expect("there are no other trips")
    }

    /// Lets time pass without any action, until all searches have expired.
    pub fn let_time_pass(&mut self) -> Finding {
        // Trips for later open in the first sweep and expire in the second.
        for _ in 0..3 {
            self.second += 1_000;
            self.sweep(0, 1)?;
        }
        let waiting = self.rides(Ride::is_early);
        if waiting.is_empty() {
            Ok(())
        } else {
            Err(format!("{waiting:?} still wait for a driver"))
        }
    }
}

/// An intent of the service.
fn about(trip: usize, verb: Verb) -> Intent {
    let actor = Some(0);
    Intent { verb, trip, actor }
}
