//! One day under one policy: what happens, one thing after the other, in virtual time.
//!
//! What the live service does between a frame and the database is here done at once; what it does by its clock is
//! done by the queue's. The rules are its own: `Trip::apply`, `Offer::apply`, `policy::plan`, `Supply`.

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
use supply::Supply;
use town::Town;

/// Midnight before every simulated day: 2024-01-01T00:00:00Z.
const MIDNIGHT_S: i64 = 1_704_067_200;
/// How often the sweeper looks, as in the live service.
const TICK_MS: i64 = 500;
/// How often hints are given.
const HINT_MS: i64 = 60_000;
/// How often it is written down what all are doing.
pub(super) const SAMPLE_MS: i64 = 300_000;

/// What the simulation takes from outside, and what does not change what comes of it.
pub struct Outside<'o> {
    /// For how long this process has run, to measure how long the policy thinks.
    pub clock: &'o dyn Fn() -> Duration,
    /// Is told how much of the day is over, in permille.
    pub progress: &'o mut dyn FnMut(u64),
}

/// What is the same for every policy.
#[derive(Debug)]
pub struct Day {
    /// What is simulated.
    pub scenario: Scenario,
    /// What everything by chance is made from.
    pub seed: u64,
    /// The streets.
    pub streets: ScenarioStreets,
    /// Who wants to ride, in the order of time.
    pub wishes: Vec<RideRequest>,
    /// Who drives.
    pub starts: Vec<Start>,
    /// Driver by driver, whether the device is dead.
    pub dead: Vec<bool>,
}

impl Day {
    /// The day that a scenario and a seed make.
    pub fn new(scenario: Scenario, seed: u64) -> Result<Self, SimError> {
        scenario.check()?;
        let streets = scenario.streets()?;
        let mut wishes = scenario.wishes(seed)?;
        wishes.retain_mut(|wish| {
            let ends = streets.on_map(wish.from).zip(streets.on_map(wish.to));
            if let Some((from, to)) = ends {
                (wish.from, wish.to) = (from, to);
            }
            ends.is_some()
        });
        if wishes.is_empty() {
            return Err(wrong("roads", "no request is on the map"));
        }
        let mut starts = scenario.starts(seed, &wishes)?;
        for start in &mut starts {
            start.place = streets.on_map(start.place).unwrap_or(wishes[0].from);
        }
        Ok(Self {
            dead: scenario.dead.of(seed, starts.len()),
            scenario,
            seed,
            streets,
            wishes,
            starts,
        })
    }

    /// Whether the driver of that number has stayed at home.
    pub(super) fn is_absent(&self, car: usize) -> bool {
        self.scenario.dead.absent && self.dead[car]
    }
}

/// A day under a policy.
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
    pub(super) open: OpenRequests,
    pub(super) queue: EventQueue,
    pub(super) now: i64,
    pub(super) tally: DayTally,
    /// Where trips began that were requested lately.
    pub(super) requested: VecDeque<(i64, usize)>,
    pub(super) offers: u128,
    pub(super) is_woken: bool,
    /// When those were last looked for of whom nothing was heard for long.
    pub(super) swept_home_at: i64,
}

/// The moment of that many milliseconds after midnight.
pub(super) fn moment(ms: i64) -> Timestamp {
    let midnight = Timestamp::from_second(MIDNIGHT_S).expect("a time");
    midnight + SignedDuration::from_millis(ms)
}

/// What is left to chance between a trip and a driver.
pub(super) const fn about(trip: usize, car: usize) -> [u64; 2] {
    [trip as u64, car as u64]
}

impl<'d> Simulation<'d> {
    pub(super) fn new(day: &'d Day, variant: &'d Variant) -> Result<Self, SimError> {
        let (drivers, riders) = day.scenario.people();
        let cars = day.starts.iter().enumerate();
        let cars = cars.map(|(number, start)| Car::new(number, start.place, start.end));
        let moods = (0..day.wishes.len() as u64).map(|trip| riders.mood(day.seed, trip));
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
            open: OpenRequests::default(),
            queue: EventQueue::default(),
            now: 0,
            tally: DayTally::new(day.scenario.span()),
            requested: VecDeque::new(),
            offers: 0,
            is_woken: false,
            swept_home_at: 0,
        };
        simulation.foresee();
        Ok(simulation)
    }

    /// What happens by itself.
    fn foresee(&mut self) {
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
        self.queue.add(self.day.wishes[0].at, Happening::Request(0));
        if self.variant.policy.offers() {
            self.queue.add(begin, Happening::Tick);
        }
        if self.variant.with_hints {
            self.queue.add(begin + HINT_MS, Happening::Hint);
        }
        self.queue.add(begin, Happening::Sample);
    }

    /// Lets the day pass, to the end of its last trip.
    pub(super) fn run(mut self, outside: &mut Outside<'_>) -> DayTally {
        while self.step(outside) {}
        self.tally()
    }

    /// Lets the next thing happen; whether the day goes on after it.
    pub(super) fn step(&mut self, outside: &mut Outside<'_>) -> bool {
        let Some((at, what)) = self.queue.next() else {
            return false;
        };
        self.now = at;
        self.happen(what, outside);
        self.follow();
        let all_requested = self.service.requested() == self.day.wishes.len();
        !all_requested || self.service.unfinished() > 0
    }

    /// What was counted.
    pub(super) fn tally(mut self) -> DayTally {
        debug_assert_eq!(self.service.broken(), None);
        // Nothing happens any more in what is left of the hours.
        let (_, end) = self.day.scenario.span();
        for car in &self.cars {
            self.tally.did(car.doing, car.since, self.now.max(end));
        }
        self.tally
    }

    fn happen(&mut self, what: Happening, outside: &mut Outside<'_>) {
        match what {
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

    /// The sweeper has something to do before its time.
    pub(super) fn wake(&mut self) {
        /// How long that takes.
        const WAKE_MS: i64 = 50;
        if !self.is_woken && self.variant.policy != Policy::Broadcast {
            self.is_woken = true;
            self.queue.add(self.now + WAKE_MS, Happening::Wake);
        }
    }

    /// A driver does something else from now on.
    pub(super) fn does(&mut self, car: usize, doing: Doing) {
        let car = &mut self.cars[car];
        self.tally.did(car.doing, car.since, self.now);
        car.doing = doing;
        car.since = self.now;
    }
}
