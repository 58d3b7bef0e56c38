//! The sweeper of the service: it searches for drivers, and keeps the deadlines of offers and duties.

use std::time::Duration;

use uuid::Uuid;

use super::car;
use super::queue::Happening;
use super::simulation::{Simulation, about, moment};
use dispatching::policy::{self, World};
use dispatching::rides::Rides;
use domain::core::Reply;
use domain::{Action, Actor, DriverId, OfferId, Outset};
use eta::{Provider, Straight};

/// The interval at which drivers who have gone silent are taken off shift. The live service checks more often, and
/// usually finds none.
const HOME_MS: i64 = 10_000;

impl Simulation<'_> {
    /// Does everything that is due.
    pub(super) fn sweep(&mut self, clock: &dyn Fn() -> Duration) {
        let at = moment(self.now);
        self.service.lapse(at);
        if self.now - self.swept_home_at >= HOME_MS {
            self.swept_home_at = self.now;
            for driver in self.supply.idle(at) {
                self.go_off(car::number(driver), Actor::Service);
            }
        }
        self.hold_to_duties();
        self.follow();
        self.search(clock);
    }

    /// Searches for drivers for all trips that are due.
    fn search(&mut self, clock: &dyn Fn() -> Duration) {
        let at = moment(self.now);
        let pool = self.service.due(at);
        if pool.is_empty() {
            return;
        }
        let eta: &dyn Provider = if self.variant.is_straight {
            &Straight::CITY
        } else {
            &self.day.streets
        };
        let begun = clock();
        let no_rides = Rides::default();
        let world = World {
            supply: &self.supply,
            town: &self.town,
            eta,
            rides: if self.variant.with_ending {
                &self.rides
            } else {
                &no_rides
            },
            unresponsive: self.service.unresponsive(),
            at,
        };
        let offers = &mut self.offers;
        let plan = policy::plan(&pool, &world, || {
            *offers += 1;
            OfferId::new(Uuid::from_u128(*offers))
        });
        self.tally.add_policy_time(clock().saturating_sub(begun));
        for decision in &plan.decisions {
            self.tally.decided(decision);
        }
        for proposal in plan.proposals {
            for driver in self.service.propose(proposal, at) {
                self.offered(driver);
            }
        }
    }

    /// Sends an offer to a driver's device.
    fn offered(&mut self, driver: DriverId) {
        let Some(offer) = self.service.offer_to(driver) else {
            return;
        };
        let (offer, trip) = (offer.id, super::service::number(offer.trip));
        let car = car::number(driver);
        self.tally.shown(trip);
        let after_ms = self.drivers.receives_after(self.seed, about(trip, car));
        self.queue
            .add(self.now + after_ms, Happening::Receive { car, trip, offer });
    }

    /// Acknowledges an offer, if the device can.
    pub(super) fn receive(&mut self, car: usize, trip: usize, offer: OfferId) {
        let driver = self.cars[car].driver;
        let is_silent = self.day.dead[car] || self.cars[car].is_dark(self.now);
        let at = moment(self.now);
        if is_silent
            || self
                .service
                .reply(driver, trip, Reply::Receive, at)
                .is_err()
        {
            return;
        }
        let about = about(trip, car);
        if let Some(after_ms) = self.drivers.answers_after(self.seed, about) {
            self.queue
                .add(self.now + after_ms, Happening::Answer(car, offer));
        }
    }

    /// Answers an offer as its driver, if it is not too late.
    pub(super) fn answer(&mut self, car: usize, offer: OfferId) {
        let driver = self.cars[car].driver;
        let open = self
            .service
            .offer_to(driver)
            .filter(|open| open.id == offer);
        let Some(open) = open.filter(|_| !self.cars[car].is_dark(self.now)) else {
            return;
        };
        let (trip, eta_s) = (super::service::number(open.trip), open.eta_s);
        if self.drivers.accepts(self.seed, about(trip, car), eta_s) {
            let from = self.whereabouts(car);
            let outset = Outset {
                from,
                promised_s: u32::try_from(eta_s).ok(),
            };
            let accept = Action::Accept(self.cars[car].party(), outset);
            if self.act(trip, accept) {
                self.taken(trip, car, Some(eta_s));
            }
        } else {
            // An offer that has lapsed at this very moment needs no answer.
            let at = moment(self.now);
            let _ = self.service.reply(driver, trip, Reply::Decline, at);
        }
    }
}
