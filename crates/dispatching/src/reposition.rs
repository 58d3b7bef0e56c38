//! Repositioning: sends idle drivers to where requests are to be expected and no driver waits yet.
//!
//! The forecast is the recent requests, counted in the cells of a coarse grid. Each cell should have the same share of
//! the idle drivers as it had of the requests, but no more drivers than requests. A cancelled request says little about
//! later ones and counts a tenth. A driver beyond a cell's share, who is not on the way already, is sent to a cell that
//! lacks one, so that all drivers together drive the least. The module is pure and uses whole numbers, except for
//! distances.

use std::collections::BTreeMap;

use domain::{Coordinates, DriverId};
use matching::{self, Edge, Graph};

/// The side of a cell in thousandths of a degree of latitude: some 440 m.
const CELL_MILLIDEGREES: f64 = 4.0;
/// The furthest that a driver is sent, in metres.
const FAR_M: f64 = 5_000.0;
/// How many of the nearest lacking cells are considered for a driver.
const CELLS_MAX: usize = 24;
/// How many places are considered in each of them.
const PLACES_MAX: usize = 12;
/// The number of visited edges after which the solver settles for less than the best.
const VISITS_MAX: u64 = 20_000_000;

/// The weight of a request, in tenths, and of one that was cancelled.
const WHOLE: usize = 10;
const CANCELLED: usize = 1;

/// A recent request. The caller must list each rider only once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requested {
    pub from: Coordinates,
    pub is_cancelled: bool,
}

impl Requested {
    const fn tenths(&self) -> usize {
        if self.is_cancelled { CANCELLED } else { WHOLE }
    }
}

/// A driver without an offer or a trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Idle {
    pub driver: DriverId,
    pub place: Coordinates,
    /// The place that an earlier hint sends the driver to, while under way.
    pub bound_for: Option<Coordinates>,
}

/// Where a driver should wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hint {
    pub driver: DriverId,
    pub to: Coordinates,
}

/// A cell: its index northwards and its index eastwards.
type Cell = (i64, i64);

/// The supply and the demand of one cell.
#[derive(Default)]
struct Share {
    /// The cell's requests, in tenths.
    tenths: usize,
    /// The pick-up of the latest request.
    last: Option<Coordinates>,
    /// The number of drivers who wait there or are on the way.
    has: usize,
    /// The drivers who could be sent elsewhere, in order.
    movable: Vec<Idle>,
    /// The number of drivers who should be there.
    due: usize,
}

/// Hints for idle drivers from recent requests, which are ordered by time, the latest last.
pub fn hints(requested: &[Requested], idle: &[Idle]) -> Vec<Hint> {
    let Some(first) = requested.first().map(|first| first.from) else {
        return Vec::new();
    };
    // A degree of longitude shrinks towards the poles. Rounded to hundredths, it is the same on every machine.
    let shrinks = (first.lat().to_radians().cos() * 100.0).round().max(10.0) / 100.0;
    let cell = |at: Coordinates| -> Cell {
        let number = |degrees: f64| (degrees * 1_000.0 / CELL_MILLIDEGREES).floor() as i64;
        (number(at.lat()), number(at.lon() * shrinks))
    };
    let mut shares = BTreeMap::<Cell, Share>::new();
    for one in requested {
        let share = shares.entry(cell(one.from)).or_default();
        share.tenths += one.tenths();
        share.last = Some(one.from);
    }
    for one in idle {
        let share = shares
            .entry(cell(one.bound_for.unwrap_or(one.place)))
            .or_default();
        share.has += 1;
        if one.bound_for.is_none() {
            share.movable.push(*one);
        }
    }
    divide(&mut shares, idle.len());
    send(&shares)
}

/// Distributes the idle drivers over the cells in proportion to their requests, at most one for each request. What
/// rounding leaves goes to the largest remainders, and only to cells with a whole request at least.
fn divide(shares: &mut BTreeMap<Cell, Share>, idle: usize) {
    let all: usize = shares.values().map(|share| share.tenths).sum();
    let idle = idle.min(all / WHOLE);
    let mut remainders = Vec::with_capacity(shares.len());
    let mut left = idle;
    for (cell, share) in shares.iter_mut() {
        let product = idle * share.tenths;
        share.due = product / all;
        left -= share.due;
        if share.tenths >= WHOLE {
            remainders.push((std::cmp::Reverse(product % all), *cell));
        }
    }
    remainders.sort_unstable();
    for (_, cell) in remainders.into_iter().take(left) {
        if let Some(share) = shares.get_mut(&cell) {
            share.due += 1;
        }
    }
}

/// Sends surplus drivers to cells that lack drivers.
fn send(shares: &BTreeMap<Cell, Share>) -> Vec<Hint> {
    let mut places: Vec<Coordinates> = Vec::new();
    // The cells that lack drivers: the place to send them to, and the range of their columns.
    let mut lacking = Vec::new();
    for share in shares.values() {
        let lacks = share.due.saturating_sub(share.has);
        if let (Some(to), 1..) = (share.last, lacks) {
            let first = places.len();
            places.extend(std::iter::repeat_n(to, lacks));
            lacking.push((to, first..places.len()));
        }
    }
    let surplus_drivers = shares.values().flat_map(|share| {
        let surplus = share.has.saturating_sub(share.due);
        share.movable.iter().take(surplus)
    });
    let surplus_drivers: Vec<&Idle> = surplus_drivers.collect();
    let rows = surplus_drivers.iter().map(|idle| {
        let mut near: Vec<(i64, std::ops::Range<usize>)> = lacking
            .iter()
            .map(|(to, places)| (idle.place.metres_to(*to), places))
            .filter(|(metres, _)| *metres <= FAR_M)
            .map(|(metres, places)| (metres.round() as i64, places.clone()))
            .collect();
        near.sort_unstable_by_key(|(metres, places)| (*metres, places.start));
        let edges = near.into_iter().take(CELLS_MAX).flat_map(|(cost, places)| {
            let columns = places.take(PLACES_MAX);
            columns.filter_map(move |place| {
                let column = u32::try_from(place).ok()?;
                Some(Edge { column, cost })
            })
        });
        edges.collect::<Vec<Edge>>()
    });
    let columns = u32::try_from(places.len()).unwrap_or(u32::MAX);
    let Ok(graph) = Graph::new(columns, rows) else {
        // More than the solver accepts: then no driver is sent.
        return Vec::new();
    };
    let solution = matching::solve(&graph, VISITS_MAX);
    let sent = surplus_drivers.iter().zip(&solution.columns);
    let hints = sent.filter_map(|(idle, column)| {
        let to = *places.get(usize::try_from((*column)?).ok()?)?;
        let driver = idle.driver;
        Some(Hint { driver, to })
    });
    hints.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::UserId;

    fn place(lat: f64) -> Coordinates {
        Coordinates::new(lat, 11.0).expect("on earth")
    }

    fn requested<const N: usize>(places: [f64; N]) -> [Requested; N] {
        places.map(|lat| Requested {
            from: place(lat),
            is_cancelled: false,
        })
    }

    fn idle(number: i64, lat: f64) -> Idle {
        Idle {
            driver: DriverId::of(UserId::new(number)),
            place: place(lat),
            bound_for: None,
        }
    }

    #[test]
    fn those_who_idle_go_where_requests_come_and_nobody_waits() {
        let requests = requested([48.001, 48.021, 48.022, 48.0225]);
        let four = [1, 2, 3, 4].map(|number| idle(number, 48.001));
        let sent = hints(&requests, &four);
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|hint| hint.to == place(48.0225)));
        let there = [
            idle(1, 48.001),
            idle(2, 48.021),
            idle(3, 48.0221),
            idle(4, 48.0222),
        ];
        assert_eq!(hints(&requests, &there), []);
    }

    #[test]
    fn whoever_is_on_the_way_counts_as_there_and_nobody_goes_far() {
        let requests = requested([48.001, 48.021]);
        let mut bound = idle(2, 48.001);
        bound.bound_for = Some(place(48.021));
        assert_eq!(hints(&requests, &[idle(1, 48.001), bound]), []);
        let far = requested([48.001, 48.201]);
        assert_eq!(hints(&far, &[idle(1, 48.001), idle(2, 48.001)]), []);
        assert_eq!(hints(&[], &[idle(1, 48.001)]), []);
    }

    #[test]
    fn no_more_are_sent_than_there_were_requests_and_a_cancelled_one_moves_nobody() {
        let twelve: Vec<Idle> = (1..=12).map(|number| idle(number, 48.001)).collect();
        let mut there = requested([48.021]);
        assert_eq!(hints(&there, &twelve).len(), 1);
        there[0].is_cancelled = true;
        assert_eq!(hints(&there, &twelve), []);
        // Among as many requests as drivers, it gets no remainder either.
        let mut requests = requested([48.001; 11]).to_vec();
        requests.extend(there);
        assert_eq!(hints(&requests, &twelve), []);
        let ten_riders: Vec<Requested> = there.repeat(10);
        assert_eq!(hints(&ten_riders, &twelve).len(), 1);
    }
}
