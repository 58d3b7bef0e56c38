//! What can be decided for a place, as plain data with its defaults.

use serde::{Deserialize, Serialize};

use domain::{Amount, CancelReason, Duties, Policy};

/// How offers go out where the policy is `nearest` or `batch`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Offering {
    /// How many drivers are offered a trip at once.
    pub wave: u8,
    /// For how long a device may leave an offer unacknowledged.
    pub deliver_seconds: u32,
    /// For how long a driver may think about it.
    pub decide_seconds: u32,
    /// The first wave goes to drivers who need at most so long to the pick-up.
    pub first_eta_seconds: u32,
    /// By how much that grows with each round that was in vain.
    pub growth: f64,
    /// Nobody who would need longer is asked.
    pub eta_max_seconds: u32,
    /// How long until the next look when nobody could be asked.
    pub look_again_seconds: u32,
    /// How many of the nearest by straight line are ranked by their time to the pick-up, under `nearest`.
    pub candidates: u32,
    /// Under `batch`, for how long requests gather where drivers are plenty.
    pub window_shortest_ms: u32,
    /// Under `batch`, for how long they gather where drivers are scarce.
    pub window_longest_ms: u32,
}

impl Default for Offering {
    fn default() -> Self {
        Self {
            wave: 1,
            deliver_seconds: 4,
            decide_seconds: 15,
            first_eta_seconds: 300,
            growth: 1.5,
            eta_max_seconds: 900,
            look_again_seconds: 5,
            candidates: 20,
            window_shortest_ms: 1_000,
            window_longest_ms: 8_000,
        }
    }
}

/// What cancelling and not coming cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// For how long after acceptance a rider cancels for nothing.
    pub free_seconds: u32,
    /// What cancelling later costs.
    pub fee: Amount,
    /// What not coming costs.
    pub no_show_fee: Amount,
    /// The reasons that a rider may give; none: any.
    pub reasons: Vec<CancelReason>,
}

impl Default for Cancellation {
    fn default() -> Self {
        Self {
            free_seconds: 120,
            fee: Amount::ZERO,
            no_show_fee: Amount::ZERO,
            reasons: Vec::new(),
        }
    }
}

/// How much high demand raises the price, in permille of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surge {
    /// Now; 1000: not at all.
    pub permille: u16,
    /// At most.
    pub max_permille: u16,
}

impl Default for Surge {
    fn default() -> Self {
        Self {
            permille: 1_000,
            max_permille: 2_000,
        }
    }
}

/// How far ahead trips can be ordered; the same in all areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduling {
    /// How long before the pick-up a driver is looked for.
    pub lead_seconds: u32,
    /// How many days ahead a trip can be ordered, at most.
    pub ahead_days_max: u32,
}

impl Default for Scheduling {
    fn default() -> Self {
        Self {
            lead_seconds: 900,
            ahead_days_max: 30,
        }
    }
}

/// What holds in one place: the town, or an area with what it does not say itself taken from the town.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decisions {
    pub(super) policy: Policy,
    pub(super) shadow: Option<Policy>,
    pub(super) offering: Offering,
    pub(super) ride_code: bool,
    pub(super) free_waiting_seconds: u32,
    pub(super) cancellation: Cancellation,
    /// Nothing where there is no town file.
    pub(super) duties: Option<Duties>,
    pub(super) surge: Surge,
    pub(super) search_seconds: Option<u32>,
    /// Whether anybody said something about waiting, cancelling or codes, which a trip then has to remember.
    pub(super) concerns_trips: bool,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            shadow: None,
            offering: Offering::default(),
            ride_code: false,
            free_waiting_seconds: 300,
            cancellation: Cancellation::default(),
            duties: None,
            surge: Surge::default(),
            search_seconds: None,
            concerns_trips: false,
        }
    }
}

/// What holds for a trip, by where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules<'t> {
    /// The area that it begins in; none where the town has no areas, or the trip has no coordinates.
    pub area: Option<&'t str>,
    /// How its driver is found.
    pub policy: Policy,
    /// How else it might be, which is looked at and written down; nothing follows from it.
    pub shadow: Option<Policy>,
    /// How it is offered, where the policy is `nearest` or `batch`.
    pub offering: Offering,
    /// Whether the ride starts only with the rider's code.
    pub ride_code: bool,
    /// For how long a driver waits at the pick-up for nothing.
    pub free_waiting_seconds: u32,
    /// What cancelling and not coming cost.
    pub cancellation: &'t Cancellation,
    /// What a driver owes the rider; nothing where there is no town file.
    pub duties: Option<Duties>,
    /// How much high demand raises the price.
    pub surge: Surge,
    /// How far ahead it can be ordered.
    pub scheduling: Scheduling,
    /// For how long a driver is looked for, where the area says so; else `--search-time` does.
    pub search_seconds: Option<u32>,
    pub(super) concerns_trips: bool,
}
