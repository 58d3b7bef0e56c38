//! The rules that the town or an area can set, as plain data with defaults.

use serde::{Deserialize, Serialize};

use domain::{Amount, CancelReason, Duties, Policy};

/// How trips are offered under the policies `nearest` and `batch`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Offering {
    /// How many drivers are offered a trip at the same time.
    pub wave: u8,
    /// How long a device has to acknowledge an offer.
    pub deliver_seconds: u32,
    /// How long a driver has to decide after that.
    pub decide_seconds: u32,
    /// The longest time to the pick-up in the first round.
    pub first_eta_seconds: u32,
    /// The factor by which that time grows with each round that found nobody.
    pub growth: f64,
    /// The longest time to the pick-up in any round.
    pub eta_max_seconds: u32,
    /// The time until the next round if a round found nobody.
    pub look_again_seconds: u32,
    /// Under `nearest`: how many of the nearest drivers by straight line are ranked by their time to the pick-up.
    pub candidates: u32,
    /// Under `batch`: how long requests gather where drivers are plenty.
    pub window_shortest_ms: u32,
    /// Under `batch`: how long requests gather where drivers are scarce.
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

/// The fees of riders who cancel late or do not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// How long after the accept cancelling is free.
    pub free_seconds: u32,
    /// The fee for cancelling after that.
    pub fee: Amount,
    /// The fee of a rider who does not come.
    pub no_show_fee: Amount,
    /// The reasons that a rider may give. If the list is empty, any reason is accepted.
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
    /// The present surge. 1000 is none.
    pub permille: u16,
    /// The highest surge that may be set.
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

/// The limits for trips that are ordered ahead. They are the same in all areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduling {
    /// How long before the pick-up the search for a driver begins.
    pub lead_seconds: u32,
    /// The most days that a trip can be ordered ahead.
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

/// The rules of the town, or of an area together with those that it takes from the town.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decisions {
    pub(super) policy: Policy,
    pub(super) shadow: Option<Policy>,
    pub(super) offering: Offering,
    pub(super) ride_code: bool,
    pub(super) free_waiting_seconds: u32,
    pub(super) cancellation: Cancellation,
    /// `None` without a town file.
    pub(super) duties: Option<Duties>,
    pub(super) surge: Surge,
    pub(super) search_seconds: Option<u32>,
    /// Whether a rule about waiting, cancelling or codes was set, which trips then store in their terms.
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

/// The rules for a trip, by the place of its pick-up.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules<'t> {
    /// The area of the pick-up. `None` if the town has no areas, or the pick-up has no coordinates.
    pub area: Option<&'t str>,
    /// How a driver is found.
    pub policy: Policy,
    /// Another policy, whose decisions are recorded but not carried out.
    pub shadow: Option<Policy>,
    /// How the trip is offered, if the policy is `nearest` or `batch`.
    pub offering: Offering,
    /// Whether the driver needs the rider's code to start the ride.
    pub ride_code: bool,
    /// How long waiting at the pick-up is free.
    pub free_waiting_seconds: u32,
    pub cancellation: &'t Cancellation,
    /// The driver's duties. `None` without a town file.
    pub duties: Option<Duties>,
    pub surge: Surge,
    pub scheduling: Scheduling,
    /// How long each attempt to find a driver may take, if the area sets it. Otherwise `--search-time` applies.
    pub search_seconds: Option<u32>,
    pub(super) concerns_trips: bool,
}
