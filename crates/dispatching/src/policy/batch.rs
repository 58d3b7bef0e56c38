//! `batch`: the searches of an area gather for a window, and one assignment is solved over all that wait.
//!
//! Most matches first, then the least total cost. The window is short where drivers are plenty, for then nobody gains by waiting, and longer where they are
//! scarce; devices that acknowledge nothing are no drivers in this. It begins with the oldest search that is due, which is a column: a restart forgets no window. Whoever is left over for want of candidates is looked for among
//! more of them, in the same window.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use domain::Search;
use domain::{DriverId, Policy};
use town::Offering;

use super::World;
use super::candidates::{EndingRide, Looked, Reach, offering, rank};
use super::decision::{Chosen, Decision};

/// So many candidates a search has; twice as many after each time that they did not suffice. With 20 the nearest by straight line are
/// too often not those by road: on real trips an assignment over 40 comes much closer to one over all (docs/performance.md).
const CANDIDATES: usize = 40;
/// How often the candidates of those left over are doubled in one window.
const WIDENINGS: u32 = 2;
/// Where there are so many drivers for a search the window is the shortest.
const PLENTY: u32 = 3;
/// How many edges the solver looks at before it is content with less than the best: some tenths of a second.
const VISITS_MAX: u64 = 50_000_000;

/// When to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// For the areas whose windows are over.
    WindowIsOver,
    /// For all.
    AtOnce,
}

/// Decides area by area.
pub(super) fn decide(pool: &[&Search], when: When, world: &World<'_>) -> Vec<Decision> {
    let mut areas = BTreeMap::<Option<&str>, Vec<&Search>>::new();
    for search in pool {
        let area = search.trip.order.area.as_deref();
        areas.entry(area).or_default().push(search);
    }
    // Known when a window is over, and not before: it may take asking somebody else.
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
    let mut looked: Vec<Looked<'_>> = pool
        .iter()
        .map(|search| look(search, CANDIDATES, world))
        .collect();
    let window = window(&looked);
    let gathering = looked.iter().filter(|looked| !looked.has_gathered());
    let oldest = gathering.map(|looked| looked.search.due_at).min();
    if when == When::WindowIsOver && oldest.is_some_and(|oldest| world.at < oldest + window) {
        // An offer that no device acknowledged asked nobody: whoever got nothing by it does not gather anew. The others go on gathering.
        looked.retain(Looked::has_gathered);
    }
    if looked.is_empty() {
        return None;
    }
    for looked in &mut looked {
        looked.add_ending(ending, world);
    }
    let mut decision = Decision {
        at: world.at,
        policy: Policy::Batch,
        window_ms: i64::try_from(window.as_millis()).unwrap_or(i64::MAX),
        visits_max: VISITS_MAX,
        solved: None,
        searches: rank(&looked, world),
    };
    decision.decide();
    for widening in 1..=WIDENINGS {
        let k = CANDIDATES << widening;
        let wanting: Vec<usize> = left_over(&decision, &looked).collect();
        if wanting.is_empty() {
            break;
        }
        let again = wanting.iter().map(|place| {
            let mut looked = look(looked[*place].search, k, world);
            looked.add_ending(ending, world);
            looked
        });
        let again: Vec<Looked<'_>> = again.collect();
        let ranked = rank(&again, world);
        for ((place, again), searched) in wanting.into_iter().zip(again).zip(ranked) {
            looked[place] = again;
            decision.searches[place] = searched;
        }
        decision.decide();
    }
    Some(decision)
}

fn look<'a>(search: &'a Search, k: usize, world: &World<'_>) -> Looked<'a> {
    let offering = offering(search, world.town);
    let look = Reach {
        k,
        eta_max_s: offering.eta_max_seconds,
        proposed: &[],
    };
    Looked::around(search, offering, &look, world)
}

/// Those who got nobody although there may be more drivers than were looked at.
fn left_over<'a>(
    decision: &'a Decision,
    looked: &'a [Looked<'_>],
) -> impl Iterator<Item = usize> + 'a {
    let searches = decision.searches.iter().zip(looked).enumerate();
    let wanting = searches
        .filter(|(_, (searched, looked))| searched.chosen == Chosen::Nobody && looked.is_cut);
    wanting.map(|(place, _)| place)
}

/// How long searches gather: by how many drivers there are for each of them.
fn window(looked: &[Looked<'_>]) -> SignedDuration {
    let drivers: HashSet<DriverId> = looked.iter().flat_map(Looked::answering).collect();
    let usual = Offering::default();
    let offering = looked.first().map_or(usual, |looked| looked.offering);
    let (shortest, longest) = (
        i64::from(offering.window_shortest_ms),
        i64::from(offering.window_longest_ms),
    );
    let (drivers, searches) = (count(drivers.len()), count(looked.len()));
    // From as many drivers as searches, or fewer, to plenty of them.
    let over = (drivers - searches).clamp(0, searches * i64::from(PLENTY - 1));
    let whole = (searches * i64::from(PLENTY - 1)).max(1);
    let ms = longest - (longest - shortest).max(0) * over / whole;
    SignedDuration::from_millis(ms)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
