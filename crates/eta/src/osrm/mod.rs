//! Driving times from a table service that speaks as OSRM does.
//!
//! What was asked within the same minute is remembered. The rest is asked for over a few connections at once, and an
//! outage is met by a breaker: after a few failures nobody waits for the service, until one ask has tried again.

mod breaker;
mod table;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use url::Url;

use super::{DrivingTimes, EtaQuery, Source, Unanswered, Via};
use domain::Coordinates;

pub use table::UrlError;

use breaker::Breaker;
use table::{TableFailure, TableService};

/// How many drivers are asked for at once: with the pick-up as many places as the service takes by default.
const DRIVERS_MAX: usize = 99;
/// How many connections are used at once.
const THREADS: usize = 4;
/// How many answers are remembered: some four megabytes.
const REMEMBERED_MAX: usize = 65_536;
/// How many timeouts a plan waits at most, whatever it asks for; what is open then is told by somebody else.
const PATIENCE: u32 = 20;
/// Places are the same that agree in so many parts of a degree: 11 m.
const PARTS_OF_A_DEGREE: f64 = 10_000.0;

/// A table service.
#[derive(Debug)]
pub struct Osrm {
    table: TableService,
    timeout: Duration,
    breaker: Breaker,
    remembered: Cache<TimesKey, Option<u32>>,
}

/// A driver's place, a pick-up and a minute.
type TimesKey = ([i32; 2], [i32; 2], i64);

/// A part of an ask that fits into one request.
struct QueryPart<'a> {
    ask: usize,
    pick_up: Coordinates,
    /// The drivers who are asked for, and their places in the ask.
    drivers: &'a [(usize, Coordinates)],
}

/// What came of a part.
type PartOutcome = Result<DrivingTimes, Unanswered>;

impl Osrm {
    /// The service at that URL, which has so long for each answer.
    pub fn new(url: &Url, timeout: Duration) -> Result<Self, UrlError> {
        Ok(Self {
            table: TableService::new(url, timeout)?,
            timeout,
            breaker: Breaker::default(),
            remembered: Cache::new(REMEMBERED_MAX),
        })
    }

    /// What is remembered of an ask, and for whom the service has to be asked.
    fn recall(
        &self,
        ask: &EtaQuery<'_>,
        at: Timestamp,
    ) -> (DrivingTimes, Vec<(usize, Coordinates)>) {
        let mut times = vec![None; ask.drivers.len()];
        let mut unknown = Vec::new();
        for (place, driver) in ask.drivers.iter().enumerate() {
            match self.remembered.get(&key(*driver, ask.pick_up, at)) {
                Some(seconds) => times[place] = seconds,
                None => unknown.push((place, *driver)),
            }
        }
        (times, unknown)
    }

    /// Asks for all parts, a few at once.
    fn ask_for(&self, parts: &[QueryPart<'_>], at: Timestamp) -> Vec<PartOutcome> {
        let until = Instant::now() + self.timeout * PATIENCE;
        let next = AtomicUsize::new(0);
        let outcomes: Vec<Mutex<Option<PartOutcome>>> =
            parts.iter().map(|_| Mutex::default()).collect();
        let work = || {
            while let Some((part, outcome)) = {
                let number = next.fetch_add(1, Ordering::Relaxed);
                parts.get(number).zip(outcomes.get(number))
            } {
                *outcome.lock() = Some(self.ask_for_part(part, at, until));
            }
        };
        std::thread::scope(|scope| {
            // This thread works as well: who asks for one thing needs no other.
            for _ in 1..THREADS.min(parts.len()) {
                // Where the system has no thread left the others do its work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let outcomes = outcomes.into_iter().map(Mutex::into_inner);
        outcomes
            .map(|outcome| outcome.unwrap_or_else(|| Err(late())))
            .collect()
    }

    fn ask_for_part(&self, part: &QueryPart<'_>, at: Timestamp, until: Instant) -> PartOutcome {
        if Instant::now() >= until {
            return Err(late());
        }
        if !self.breaker.lets_pass(at) {
            return Err(Unanswered::OutOfOrder(
                "it is not asked after failures".to_owned(),
            ));
        }
        let drivers: Vec<Coordinates> = part.drivers.iter().map(|(_, driver)| *driver).collect();
        match self.table.durations(&drivers, part.pick_up) {
            Ok(times) => {
                self.breaker.succeeded();
                for (driver, seconds) in drivers.iter().zip(&times) {
                    self.remembered
                        .insert(key(*driver, part.pick_up, at), *seconds);
                }
                Ok(times)
            }
            Err(TableFailure::NoSegment) => {
                self.breaker.succeeded();
                Err(Unanswered::OffTheMap)
            }
            Err(failure) => {
                self.breaker.failed(at);
                Err(Unanswered::OutOfOrder(failure.to_string()))
            }
        }
    }
}

impl Source for Osrm {
    fn via(&self) -> Via {
        Via::Osrm
    }

    fn try_to_pick_up(&self, asks: &[EtaQuery<'_>], at: Timestamp) -> Vec<PartOutcome> {
        let recalled: Vec<_> = asks.iter().map(|ask| self.recall(ask, at)).collect();
        let parts =
            recalled
                .iter()
                .zip(asks)
                .enumerate()
                .flat_map(|(number, ((_, unknown), ask))| {
                    unknown.chunks(DRIVERS_MAX).map(move |drivers| QueryPart {
                        ask: number,
                        pick_up: ask.pick_up,
                        drivers,
                    })
                });
        let parts: Vec<QueryPart<'_>> = parts.collect();
        let mut outcomes: Vec<PartOutcome> = recalled
            .iter()
            .map(|(times, _)| Ok(times.clone()))
            .collect();
        for (part, told) in parts.iter().zip(self.ask_for(&parts, at)) {
            let outcome = &mut outcomes[part.ask];
            match (&mut *outcome, told) {
                (Ok(times), Ok(told)) => {
                    for ((place, _), seconds) in part.drivers.iter().zip(told) {
                        times[*place] = seconds;
                    }
                }
                (Ok(_), Err(error)) => *outcome = Err(error),
                (Err(_), Ok(_) | Err(_)) => {}
            }
        }
        outcomes
    }
}

fn late() -> Unanswered {
    Unanswered::OutOfOrder("it has no time left for this plan".to_owned())
}

fn key(driver: Coordinates, pick_up: Coordinates, at: Timestamp) -> TimesKey {
    let rounded = |degrees: f64| (degrees * PARTS_OF_A_DEGREE).round() as i32;
    let cell = |place: Coordinates| [rounded(place.lat()), rounded(place.lon())];
    (cell(driver), cell(pick_up), at.as_second().div_euclid(60))
}
