//! The policy `broadcast`, as drivers experience it: all free drivers hear of a request, some want it, and the first of
//! them gets it.
//!
//! A driver who becomes free is shown the open requests. A driver decides once on each request, and knows only the
//! straight-line distance, because no time is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::{Dice, Question};
use super::queue::Happening;
use super::simulation::{Simulation, about};
use domain::{Action, Outset};
use eta::Straight;

/// The requests that no driver has taken. For each, the drivers who want it, ordered by the time of their answer and
/// then at random.
#[derive(Debug, Default)]
pub(super) struct OpenRequests(BTreeMap<usize, BTreeSet<(i64, u64, usize)>>);

impl OpenRequests {
    /// Removes a request that no driver can take any more.
    pub(super) fn close(&mut self, trip: usize) {
        self.0.remove(&trip);
    }
}

impl Simulation<'_> {
    /// Shows a request to all free drivers.
    pub(super) fn announce(&mut self, trip: usize) {
        self.open.0.insert(trip, BTreeSet::new());
        for car in 0..self.cars.len() {
            if self.is_listening(car) {
                self.show(car, trip);
            }
        }
        self.schedule_take(trip);
    }

    /// Shows the open requests to a driver who has become free.
    pub(super) fn show_open(&mut self, car: usize) {
        if !self.is_listening(car) {
            return;
        }
        for trip in self.open.0.keys().copied().collect::<Vec<_>>() {
            if self.show(car, trip) {
                self.schedule_take(trip);
            }
        }
    }

    fn is_listening(&self, car: usize) -> bool {
        let is_dead = self.day.dead[car];
        let car = &self.cars[car];
        car.doing.is_idle() && !car.is_dark(self.now) && !is_dead
    }

    /// Shows a request to a driver; returns whether the driver wants it.
    fn show(&mut self, car: usize, trip: usize) -> bool {
        let Some(pick_up) = self.service.trip(trip).pick_up.location else {
            return false;
        };
        let metres = self.cars[car].place(self.now).metres_to(pick_up);
        let eta_s = Straight::CITY.seconds(metres);
        if self.variant.reach_s.is_some_and(|reach_s| eta_s > reach_s) {
            return false;
        }
        self.tally.shown(trip);
        let about = about(trip, car);
        let answers_after = self.drivers.answers_after(self.seed, about);
        let wants = self.drivers.accepts(self.seed, about, i64::from(eta_s));
        let Some(after_ms) = answers_after.filter(|_| wants) else {
            return false;
        };
        let tie = Dice::of(self.seed, Question::Tie, about).any();
        let wanting = self.open.0.entry(trip).or_default();
        wanting.insert((self.now + after_ms, tie, car))
    }

    fn schedule_take(&mut self, trip: usize) {
        let first = self.open.0.get(&trip).and_then(BTreeSet::first);
        if let Some((at, _, _)) = first {
            self.queue.add(*at, Happening::Take(trip));
        }
    }

    /// Gives a trip to the first of those who want it and still can take it.
    pub(super) fn take(&mut self, trip: usize) {
        while let Some(wanting) = self.open.0.get_mut(&trip) {
            match wanting.first() {
                Some((at, _, _)) if *at <= self.now => {}
                Some(_) | None => return self.schedule_take(trip),
            }
            let Some((_, _, car)) = wanting.pop_first() else {
                return;
            };
            if !self.is_listening(car) {
                continue;
            }
            let from = self.whereabouts(car);
            let outset = Outset {
                from,
                promised_s: None,
            };
            let accept = Action::Accept(self.cars[car].party(), outset);
            if self.act(trip, accept) {
                self.taken(trip, car, None);
            }
        }
    }
}
