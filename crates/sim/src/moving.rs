//! Shifts, position reports, network losses, and hints.

use super::car::Doing;
use super::demand::SEATS;
use super::dice::{Dice, Question};
use super::queue::Happening;
use super::simulation::{Simulation, moment};
use dispatching::reposition::{Idle, Requested, hints};
use domain::{Actor, Status, Vehicle, VehicleClass};

/// The interval of position reports while a car drives. Real devices report more often; once a minute suffices to keep
/// a driver from being stale.
const MOVING_MS: i64 = 10_000;
/// The interval of position reports while a car stands.
const STANDING_MS: i64 = 20_000;
/// The forecast is the requests of this much time before now.
const FORECAST_MS: i64 = 1_800_000;

impl Simulation<'_> {
    /// Begins a driver's shift.
    pub(super) fn begin(&mut self, car: usize) {
        self.go_on(car);
        // Staggered, so that not all devices report at once.
        let stagger_ms = (car as i64 * 617) % MOVING_MS;
        self.queue
            .add(self.now + stagger_ms, Happening::Report(car));
        self.schedule_loss(car);
    }

    fn go_on(&mut self, car: usize) {
        let at = moment(self.now);
        let driver = self.cars[car].driver;
        let class = VehicleClass::default();
        let seats = SEATS;
        let vehicle = Vehicle { class, seats };
        if let Err(refused) = self.service.begin_shift(driver, vehicle.clone(), at) {
            unreachable!("a driver who is off shift may go on: {refused}");
        }
        self.supply.begin(driver, vehicle, at);
        self.set_doing(car, Doing::Idle);
        self.report(car);
        self.show_open(car);
        self.wake();
    }

    /// Ends a driver's shift, after the current trip if there is one.
    pub(super) fn end(&mut self, car: usize) {
        if self.cars[car].doing.is_idle() {
            self.go_off(car, Actor::Driver(self.cars[car].driver));
        }
    }

    /// Takes a driver off shift.
    pub(super) fn go_off(&mut self, car: usize, by: Actor) {
        let driver = self.cars[car].driver;
        if self.cars[car].doing.trip().is_some() {
            return;
        }
        // The shift may have ended already, by either side.
        let _ = self.service.end_shift(driver, by, moment(self.now));
        let _ = self.supply.end(driver);
        self.cars[car].stop(self.now);
        self.set_doing(car, Doing::Off);
    }

    /// Called when a driver no longer has a trip.
    pub(super) fn freed(&mut self, car: usize) {
        self.cars[car].stop(self.now);
        self.set_doing(car, Doing::Idle);
        if self.is_over(car) {
            self.go_off(car, Actor::Driver(self.cars[car].driver));
        } else {
            self.report(car);
            self.show_open(car);
        }
    }

    fn is_over(&self, car: usize) -> bool {
        self.cars[car].ends.is_some_and(|ends| ends <= self.now)
    }

    /// Reports a position and schedules the next report.
    pub(super) fn report_again(&mut self, car: usize) {
        if self.is_over(car) && self.cars[car].doing == Doing::Off {
            return;
        }
        self.report(car);
        let after_ms = if self.cars[car].is_moving() {
            MOVING_MS
        } else {
            STANDING_MS
        };
        self.queue.add(self.now + after_ms, Happening::Report(car));
    }

    /// Reports a position, if the driver has a network.
    pub(super) fn report(&mut self, car: usize) {
        let car = &self.cars[car];
        if car.is_dark(self.now) || car.doing == Doing::Off {
            return;
        }
        let at = moment(self.now);
        // Every driver who is not `Off` is on shift, so this cannot fail.
        if let Ok(reported) = self.supply.report(car.driver, &[car.fix(self.now, at)], at) {
            self.heard.reported(car.driver, &reported.accepted, at);
        }
    }

    fn schedule_loss(&mut self, car: usize) {
        let every_s = self.drivers.network_lost_every_s;
        if every_s > 0 && !self.is_over(car) {
            let about = [car as u64, self.cars[car].losses];
            let mut dice = Dice::of(self.seed, Question::Network, about);
            let after_ms = 1_000 + dice.exponential(1_000 * every_s);
            self.queue.add(self.now + after_ms, Happening::Lose(car));
        }
    }

    /// A driver loses the network.
    pub(super) fn lose_network(&mut self, car: usize) {
        let about = [car as u64, u64::MAX - self.cars[car].losses];
        let mut dice = Dice::of(self.seed, Question::Network, about);
        let for_ms = 1_000 + dice.exponential(1_000 * self.drivers.network_lost_for_s);
        self.cars[car].dark_until = self.now + for_ms;
        self.cars[car].losses += 1;
        self.queue.add(self.now + for_ms, Happening::Find(car));
    }

    /// A driver has the network again. A driver who was taken off shift meanwhile begins a new shift.
    pub(super) fn find_network(&mut self, car: usize) {
        if self.cars[car].doing == Doing::Off && !self.is_over(car) {
            self.go_on(car);
        } else {
            self.report(car);
        }
        self.schedule_loss(car);
    }

    /// Gives hints to idle drivers.
    pub(super) fn hint(&mut self) {
        while self
            .requested
            .front()
            .is_some_and(|(at, _)| *at < self.now - FORECAST_MS)
        {
            self.requested.pop_front();
        }
        let requested = self.requested.iter().filter_map(|(_, trip)| {
            let trip = self.service.trip(*trip);
            Some(Requested {
                from: trip.pick_up.location?,
                is_cancelled: trip.state.status() == Status::Cancelled,
            })
        });
        let requested: Vec<Requested> = requested.collect();
        let idle = self
            .cars
            .iter()
            .filter(|car| car.doing.is_idle() && !car.is_dark(self.now));
        // A driver who is deciding on an offer is left alone.
        let idle = idle.filter(|car| self.service.offer_to(car.driver).is_none());
        let idle: Vec<Idle> = idle
            .map(|car| Idle {
                driver: car.driver,
                place: car.place(self.now),
                // A dead device asks for no hint, so its driver stays.
                bound_for: if self.day.dead[super::car::number(car.driver)] {
                    Some(car.place(self.now))
                } else {
                    car.bound_for()
                },
            })
            .collect();
        for hint in hints(&requested, &idle) {
            let car = super::car::number(hint.driver);
            let about = [car as u64, self.now as u64];
            let mut dice = Dice::of(self.seed, Question::Hint, about);
            if dice.permille(self.drivers.follow_hints_permille) {
                self.drive(car, hint.to);
                self.set_doing(car, Doing::Roaming);
            }
        }
    }
}
