//! The policy `batch`: the searches of an area gather for a window, then one assignment is solved over all of them.
//!
//! An assignment has the most matches first, then the least total cost. The window is short where drivers are plenty,
//! because then waiting gains nothing, and longer where they are scarce. Drivers whose devices acknowledge nothing do
//! not count. The window begins with the oldest search that is due; that time is a column, so a restart forgets no
//! window. A search that gets no driver for want of candidates is tried with more candidates in the same window.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use domain::Search;
use domain::{DriverId, Policy};
use town::Offering;

use super::World;
use super::candidates::{EndingRide, Reach, SearchRound, offering, rank};
use super::decision::{Chosen, Decision};

/// The number of candidates for each search; it doubles each time that they did not suffice. With 20, the nearest by
/// straight line are too often not the nearest by road: on real trips an assignment over 40 comes much closer to one
/// over all (docs/performance.md).
const CANDIDATES: usize = 40;
/// How often the candidates of a search without a driver are doubled within one window.
const WIDENINGS: u32 = 2;
/// With this many drivers for each search, the window is shortest.
const PLENTY: u32 = 3;
/// The most edges that the solver visits before it settles for less than the best: some tenths of a second.
const VISITS_MAX: u64 = 50_000_000;

/// When a policy decides on the searches of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Once the area's window is over.
    WindowIsOver,
    /// Without waiting for the window.
    AtOnce,
}

/// Decides area by area.
pub(super) fn decide(pool: &[&Search], when: When, world: &World<'_>) -> Vec<Decision> {
    let mut areas = BTreeMap::<Option<&str>, Vec<&Search>>::new();
    for search in pool {
        let area = search.trip.order.area.as_deref();
        areas.entry(area).or_default().push(search);
    }
    // Computed only when a window is over, because it may have to ask another service.
    let ending = LazyCell::new(|| world.rides.ending(world.supply, world.eta, world.at));
    let decisions = areas
        .into_values()
        .filter_map(|pool| area(&pool, when, &ending, world));
    decisions.collect()
}

fn area<F: FnOnce() -> Vec<EndingRide>>(
    pool: &[&Search],
    when: When,
    ending: &LazyCell<Vec<EndingRide>, F>,
    world: &World<'_>,
) -> Option<Decision> {
    let mut rounds: Vec<SearchRound<'_>> = pool
        .iter()
        .map(|search| begin_round(search, CANDIDATES, world))
        .collect();
    let window = window(&rounds);
    let gathering = rounds.iter().filter(|round| !round.has_gathered());
    let oldest = gathering.map(|round| round.search.due_at).min();
    if when == When::WindowIsOver && oldest.is_some_and(|oldest| world.at < oldest + window) {
        // An offer that no device acknowledged has reached no driver, so its search does not gather again. The others
        // go on gathering.
        rounds.retain(SearchRound::has_gathered);
    }
    if rounds.is_empty() {
        return None;
    }
    for round in &mut rounds {
        round.add_ending(ending, world);
    }
    let mut decision = Decision {
        at: world.at,
        policy: Policy::Batch,
        window_ms: i64::try_from(window.as_millis()).unwrap_or(i64::MAX),
        visits_max: VISITS_MAX,
        solved: None,
        searches: rank(&rounds, world),
    };
    decision.decide();
    for widening in 1..=WIDENINGS {
        let k = CANDIDATES << widening;
        let unmatched: Vec<usize> = without_driver(&decision, &rounds).collect();
        if unmatched.is_empty() {
            break;
        }
        let again = unmatched.iter().map(|index| {
            let mut round = begin_round(rounds[*index].search, k, world);
            round.add_ending(ending, world);
            round
        });
        let again: Vec<SearchRound<'_>> = again.collect();
        let ranked = rank(&again, world);
        for ((index, again), searched) in unmatched.into_iter().zip(again).zip(ranked) {
            rounds[index] = again;
            decision.searches[index] = searched;
        }
        decision.decide();
    }
    Some(decision)
}

fn begin_round<'a>(search: &'a Search, k: usize, world: &World<'_>) -> SearchRound<'a> {
    let offering = offering(search, world.town);
    let begin_round = Reach {
        k,
        eta_max_s: offering.eta_max_seconds,
        proposed: &[],
    };
    SearchRound::around(search, offering, &begin_round, world)
}

/// The indexes of the searches that got no driver although there may be more drivers than it considered.
fn without_driver<'a>(
    decision: &'a Decision,
    rounds: &'a [SearchRound<'_>],
) -> impl Iterator<Item = usize> + 'a {
    let searches = decision.searches.iter().zip(rounds).enumerate();
    let unmatched =
        searches.filter(|(_, (searched, round))| searched.chosen == Chosen::Nobody && round.is_cut);
    unmatched.map(|(index, _)| index)
}

/// How long searches gather, by the number of drivers for each of them.
fn window(rounds: &[SearchRound<'_>]) -> SignedDuration {
    let drivers: HashSet<DriverId> = rounds.iter().flat_map(SearchRound::answering).collect();
    let usual = Offering::default();
    let offering = rounds.first().map_or(usual, |round| round.offering);
    let (shortest, longest) = (
        i64::from(offering.window_shortest_ms),
        i64::from(offering.window_longest_ms),
    );
    let (drivers, searches) = (count(drivers.len()), count(rounds.len()));
    // Falls from the longest window, with one driver per search or fewer, to the shortest, with `PLENTY` of them.
    let over = (drivers - searches).clamp(0, searches * i64::from(PLENTY - 1));
    let whole = (searches * i64::from(PLENTY - 1)).max(1);
    let ms = longest - (longest - shortest).max(0) * over / whole;
    SignedDuration::from_millis(ms)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
