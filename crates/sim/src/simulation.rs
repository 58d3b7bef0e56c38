//! One day under one policy: happenings in virtual time, one after another.
//!
//! What the live service does between a frame and the database happens here at once. What it does by the clock is
//! scheduled in the queue. The rules are those of the live service: `Trip::apply`, `Offer::apply`, `policy::plan`,
//! `Supply`.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::broadcast::OpenRequests;
use super::car::{Car, Doing};
use super::demand::RideRequest;
use super::error::{SimError, wrong};
use super::people::{Drivers, Mood, Riders};
use super::queue::{EventQueue, Happening};
use super::scenario::{Scenario, Start};
use super::service::SimulatedService;
use super::streets::ScenarioStreets;
use super::tally::DayTally;
use super::variant::Variant;
use dispatching::rides::Rides;
use domain::Policy;
use domain::presence::HeardDrivers;
use supply::Supply;
use town::Town;

/// Midnight before every simulated day: 2024-01-01T00:00:00Z.
const MIDNIGHT_S: i64 = 1_704_067_200;
/// The interval of the sweeper, as in the live service.
const TICK_MS: i64 = 500;
/// The interval of hints.
const HINT_MS: i64 = 60_000;
/// The interval of samples.
pub(super) const SAMPLE_MS: i64 = 300_000;

/// What the simulation gets from outside. It does not change the outcome.
pub struct Outside<'o> {
    /// Returns how long this process has run, to time the policy.
    pub clock: &'o dyn Fn() -> Duration,
    /// Called with the share of the day that is over, in permille.
    pub progress: &'o mut dyn FnMut(u64),
}

/// The inputs that are the same for every policy.
#[derive(Debug)]
pub struct Day {
    pub scenario: Scenario,
    /// The seed of everything random.
    pub seed: u64,
    pub streets: ScenarioStreets,
    /// The requests, in the order of time.
    pub requests: Vec<RideRequest>,
    /// The drivers.
    pub starts: Vec<Start>,
    /// For each driver, whether the device is dead.
    pub dead: Vec<bool>,
}

impl Day {
    /// Builds the day from a scenario and a seed.
    pub fn new(scenario: Scenario, seed: u64) -> Result<Self, SimError> {
        scenario.check()?;
        let streets = scenario.streets()?;
        let mut requests = scenario.requests(seed)?;
        requests.retain_mut(|request| {
            let ends = streets.on_map(request.from).zip(streets.on_map(request.to));
            if let Some((from, to)) = ends {
                (request.from, request.to) = (from, to);
            }
            ends.is_some()
        });
        if requests.is_empty() {
            return Err(wrong("roads", "no request is on the map"));
        }
        let mut starts = scenario.starts(seed, &requests)?;
        for start in &mut starts {
            start.place = streets.on_map(start.place).unwrap_or(requests[0].from);
        }
        Ok(Self {
            dead: scenario.dead.of(seed, starts.len()),
            scenario,
            seed,
            streets,
            requests,
            starts,
        })
    }

    /// Whether the driver of that number stays at home.
    pub(super) fn is_absent(&self, car: usize) -> bool {
        self.scenario.dead.absent && self.dead[car]
    }
}

/// A day under one policy, while it runs.
pub(super) struct Simulation<'d> {
    pub(super) seed: u64,
    pub(super) day: &'d Day,
    pub(super) variant: &'d Variant,
    pub(super) town: Town,
    pub(super) drivers: Drivers,
    pub(super) riders: Riders,
    pub(super) moods: Vec<Mood>,
    pub(super) cars: Vec<Car>,
    pub(super) service: SimulatedService,
    pub(super) supply: Supply,
    pub(super) rides: Rides,
    pub(super) heard: HeardDrivers,
    pub(super) open: OpenRequests,
    pub(super) queue: EventQueue,
    pub(super) now: i64,
    pub(super) tally: DayTally,
    /// The recent requests: the time and the trip's number.
    pub(super) requested: VecDeque<(i64, usize)>,
    pub(super) offers: u128,
    pub(super) is_woken: bool,
    /// When drivers who had gone silent were last taken off shift.
    pub(super) swept_home_at: i64,
}

/// The timestamp of that many milliseconds after midnight.
pub(super) fn moment(ms: i64) -> Timestamp {
    let midnight = Timestamp::from_second(MIDNIGHT_S).expect("a time");
    midnight + SignedDuration::from_millis(ms)
}

/// The pair that [`Dice`](super::dice::Dice) uses for a question between a trip and a driver.
pub(super) const fn about(trip: usize, car: usize) -> [u64; 2] {
    [trip as u64, car as u64]
}

impl<'d> Simulation<'d> {
    pub(super) fn new(day: &'d Day, variant: &'d Variant) -> Result<Self, SimError> {
        let (drivers, riders) = day.scenario.people();
        let cars = day.starts.iter().enumerate();
        let cars = cars.map(|(number, start)| Car::new(number, start.place, start.end));
        let moods = (0..day.requests.len() as u64).map(|trip| riders.mood(day.seed, trip));
        let mut simulation = Self {
            seed: day.seed,
            day,
            variant,
            town: day.scenario.town(variant)?,
            drivers,
            riders,
            moods: moods.collect(),
            cars: cars.collect(),
            service: SimulatedService::default(),
            supply: Supply::default(),
            rides: Rides::default(),
            heard: HeardDrivers::begin(moment(0)),
            open: OpenRequests::default(),
            queue: EventQueue::default(),
            now: 0,
            tally: DayTally::new(day.scenario.span()),
            requested: VecDeque::new(),
            offers: 0,
            is_woken: false,
            swept_home_at: 0,
        };
        simulation.schedule_day();
        Ok(simulation)
    }

    /// Schedules everything that does not depend on other happenings.
    fn schedule_day(&mut self) {
        let (begin, _) = self.day.scenario.span();
        for (car, start) in self.day.starts.iter().enumerate() {
            if self.day.is_absent(car) {
                continue;
            }
            self.queue.add(start.begin, Happening::Begin(car));
            if let Some(end) = start.end {
                self.queue.add(end, Happening::End(car));
            }
        }
        self.queue
            .add(self.day.requests[0].at, Happening::Request(0));
        self.queue.add(begin, Happening::Tick);
        if self.variant.with_hints {
            self.queue.add(begin + HINT_MS, Happening::Hint);
        }
        self.queue.add(begin, Happening::Sample);
    }

    /// Runs the day to the end of its last trip.
    pub(super) fn run(mut self, outside: &mut Outside<'_>) -> DayTally {
        while self.step(outside) {}
        self.tally()
    }

    /// Runs the next happening; returns whether the day goes on after it.
    pub(super) fn step(&mut self, outside: &mut Outside<'_>) -> bool {
        let Some((at, happening)) = self.queue.next() else {
            return false;
        };
        self.now = at;
        self.happen(happening, outside);
        self.follow();
        let all_requested = self.service.requested() == self.day.requests.len();
        !all_requested || self.service.unfinished() > 0
    }

    /// Ends the count and returns it.
    pub(super) fn tally(mut self) -> DayTally {
        debug_assert_eq!(self.service.broken(), None);
        // What the drivers are doing now lasts until the end of the counted hours.
        let (_, end) = self.day.scenario.span();
        for car in &self.cars {
            self.tally.add_time(car.doing, car.since, self.now.max(end));
        }
        self.tally
    }

    fn happen(&mut self, happening: Happening, outside: &mut Outside<'_>) {
        match happening {
            Happening::Request(number) => self.request(number),
            Happening::GiveUp(trip) => self.give_up(trip),
            Happening::Expire(trip) => self.expire(trip),
            Happening::Cancel { trip, attempt } => self.cancel(trip, attempt),
            Happening::Tick => {
                self.sweep(outside.clock);
                self.queue.add(self.now + TICK_MS, Happening::Tick);
            }
            Happening::Wake => {
                self.is_woken = false;
                self.sweep(outside.clock);
            }
            Happening::Receive { car, trip, offer } => self.receive(car, trip, offer),
            Happening::Answer(car, offer) => self.answer(car, offer),
            Happening::Take(trip) => self.take(trip),
            Happening::Reach { car, turn } => self.reach(car, turn),
            Happening::GiveBack { car, turn } => self.give_back(car, turn),
            Happening::Board { car, turn } => self.board(car, turn),
            Happening::Report(car) => self.report_again(car),
            Happening::Lose(car) => self.lose_network(car),
            Happening::Find(car) => self.find_network(car),
            Happening::Begin(car) => self.begin(car),
            Happening::End(car) => self.end(car),
            Happening::Hint => {
                self.hint();
                self.queue.add(self.now + HINT_MS, Happening::Hint);
            }
            Happening::Sample => self.sample(outside),
        }
    }

    fn sample(&mut self, outside: &mut Outside<'_>) {
        let (begin, end) = self.day.scenario.span();
        if self.now <= end {
            let mut doing = [0; Doing::KINDS];
            for car in &self.cars {
                doing[car.doing.kind()] += 1;
            }
            self.tally
                .sample(self.now, doing, self.service.looked_for());
            let permille = (self.now - begin) * 1_000 / (end - begin);
            (outside.progress)(u64::try_from(permille).unwrap_or(0));
        }
        self.queue.add(self.now + SAMPLE_MS, Happening::Sample);
    }

    /// Wakes the sweeper before its interval is over.
    pub(super) fn wake(&mut self) {
        /// The delay from waking the sweeper to its run.
        const WAKE_MS: i64 = 50;
        if !self.is_woken && self.variant.policy != Policy::Broadcast {
            self.is_woken = true;
            self.queue.add(self.now + WAKE_MS, Happening::Wake);
        }
    }

    /// Changes what a driver is doing, from now on.
    pub(super) fn set_doing(&mut self, car: usize, doing: Doing) {
        let car = &mut self.cars[car];
        self.tally.add_time(car.doing, car.since, self.now);
        car.doing = doing;
        car.since = self.now;
    }
}
