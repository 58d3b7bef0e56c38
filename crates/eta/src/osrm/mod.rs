//! Driving times from a table service with OSRM's interface.
//!
//! Answers are cached for the same minute. Everything else is requested over a few connections at once. In an outage a
//! breaker opens: after a few failures no query waits for the service, until a test request has succeeded.

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

/// The most drivers in one request. With the pick-up they make as many coordinates as the service takes by default.
const DRIVERS_MAX: usize = 99;
/// The most connections that are used at once.
const THREADS: usize = 4;
/// The most cached times: some four megabytes.
const CACHED_MAX: usize = 65_536;
/// The longest time that a call may take, in timeouts of a request. Queries without an answer go to the next source.
const TIMEOUTS_MAX: u32 = 20;
/// The cache rounds coordinates to this part of a degree: 11 m.
const PARTS_OF_A_DEGREE: f64 = 10_000.0;

/// A table service, with a cache and a breaker.
#[derive(Debug)]
pub struct Osrm {
    table: TableService,
    timeout: Duration,
    breaker: Breaker,
    cache: Cache<TimesKey, Option<u32>>,
}

/// A driver's location, a pick-up and a minute.
type TimesKey = ([i32; 2], [i32; 2], i64);

/// A part of a query that fits into one request.
struct QueryPart<'a> {
    /// The index of the query.
    query: usize,
    pick_up: Coordinates,
    /// The drivers of this part, each with the index within the query.
    drivers: &'a [(usize, Coordinates)],
}

/// The outcome of one request.
type PartOutcome = Result<DrivingTimes, Unanswered>;

impl Osrm {
    /// The service at that URL. Each request may take as long as `timeout`.
    pub fn new(url: &Url, timeout: Duration) -> Result<Self, UrlError> {
        Ok(Self {
            table: TableService::new(url, timeout)?,
            timeout,
            breaker: Breaker::default(),
            cache: Cache::new(CACHED_MAX),
        })
    }

    /// The cached times of a query, and the drivers for whom the service has to be asked.
    fn cached(
        &self,
        query: &EtaQuery<'_>,
        at: Timestamp,
    ) -> (DrivingTimes, Vec<(usize, Coordinates)>) {
        let mut times = vec![None; query.drivers.len()];
        let mut unknown = Vec::new();
        for (index, driver) in query.drivers.iter().enumerate() {
            match self.cache.get(&key(*driver, query.pick_up, at)) {
                Some(seconds) => times[index] = seconds,
                None => unknown.push((index, *driver)),
            }
        }
        (times, unknown)
    }

    /// Requests all parts, a few of them at once.
    fn request(&self, parts: &[QueryPart<'_>], at: Timestamp) -> Vec<PartOutcome> {
        let until = Instant::now() + self.timeout * TIMEOUTS_MAX;
        let next = AtomicUsize::new(0);
        let outcomes: Vec<Mutex<Option<PartOutcome>>> =
            parts.iter().map(|_| Mutex::default()).collect();
        let work = || {
            while let Some((part, outcome)) = {
                let number = next.fetch_add(1, Ordering::Relaxed);
                parts.get(number).zip(outcomes.get(number))
            } {
                *outcome.lock() = Some(self.request_part(part, at, until));
            }
        };
        std::thread::scope(|scope| {
            // This thread works as well: a single part needs no other thread.
            for _ in 1..THREADS.min(parts.len()) {
                // If the system has no thread left, the others do its work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let outcomes = outcomes.into_iter().map(Mutex::into_inner);
        outcomes
            .map(|outcome| outcome.unwrap_or_else(|| Err(late())))
            .collect()
    }

    fn request_part(&self, part: &QueryPart<'_>, at: Timestamp, until: Instant) -> PartOutcome {
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
                    self.cache.insert(key(*driver, part.pick_up, at), *seconds);
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

    fn try_to_pick_up(&self, queries: &[EtaQuery<'_>], at: Timestamp) -> Vec<PartOutcome> {
        let cached: Vec<_> = queries.iter().map(|query| self.cached(query, at)).collect();
        let parts =
            cached
                .iter()
                .zip(queries)
                .enumerate()
                .flat_map(|(number, ((_, unknown), query))| {
                    unknown.chunks(DRIVERS_MAX).map(move |drivers| QueryPart {
                        query: number,
                        pick_up: query.pick_up,
                        drivers,
                    })
                });
        let parts: Vec<QueryPart<'_>> = parts.collect();
        let mut outcomes: Vec<PartOutcome> =
            cached.iter().map(|(times, _)| Ok(times.clone())).collect();
        for (part, answer) in parts.iter().zip(self.request(&parts, at)) {
            let outcome = &mut outcomes[part.query];
            match (&mut *outcome, answer) {
                (Ok(times), Ok(answer)) => {
                    for ((index, _), seconds) in part.drivers.iter().zip(answer) {
                        times[*index] = seconds;
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
    let cell = |at: Coordinates| [rounded(at.lat()), rounded(at.lon())];
    (cell(driver), cell(pick_up), at.as_second().div_euclid(60))
}
