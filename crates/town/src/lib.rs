//! The operator's rules for the town: fares, how drivers are found, service areas, and cancellation fees.
//!
//! They are read once from one JSON text (docs/operations.md describes it), and are plain data afterwards. Rules that
//! an area does not set come from the town, and rules that the town does not set have defaults. A trip stores the rules
//! that concern it as its [`Terms`], so a new file does not change what was agreed on. This crate knows no files,
//! clocks or requests.

#![warn(unreachable_pub)]

mod area;
mod bounds;
mod error;
mod file;
mod reading;
mod rules;

use std::collections::BTreeMap;

use domain::estimate::estimate;
use domain::fare::HIGH_FARE_PERMILLE;
use domain::{Coordinates, Currency, Policy, Tariff, Terms, VehicleClass};

pub use area::Area;
pub use error::{TownError, Unserved};
pub use rules::{Cancellation, Offering, Rules, Scheduling, Surge};

use rules::Decisions;

/// All rules of a town.
#[derive(Debug, Clone, PartialEq)]
pub struct Town {
    currency: Option<Currency>,
    classes: BTreeMap<VehicleClass, Option<Tariff>>,
    scheduling: Scheduling,
    high_fare_permille: u16,
    decisions: Decisions,
    areas: Vec<Area>,
}

/// The rules without a town file: no areas, no fares, one class, and requests are announced to all drivers.
impl Default for Town {
    fn default() -> Self {
        Self {
            currency: None,
            classes: BTreeMap::from([(VehicleClass::default(), None)]),
            scheduling: Scheduling::default(),
            high_fare_permille: HIGH_FARE_PERMILLE,
            decisions: Decisions::default(),
            areas: Vec::new(),
        }
    }
}

impl Town {
    /// The first area in the file that contains the point.
    pub fn area(&self, at: Coordinates) -> Option<&Area> {
        self.areas.iter().find(|area| area.contains(at))
    }

    /// The rules for a trip with this pick-up. If the town has areas, the pick-up must be in one of them. A trip
    /// without coordinates gets the town's rules and is announced to all drivers. It is refused if neither the town nor
    /// any area has that policy.
    pub fn place(&self, pick_up: Option<Coordinates>) -> Result<Rules<'_>, Unserved> {
        let Some(at) = pick_up else {
            let mut in_areas = self.areas.iter().map(|area| &area.decisions);
            let town = &self.decisions;
            if self.areas.is_empty()
                || town.is_for_all_drivers()
                || in_areas.any(Decisions::is_for_all_drivers)
            {
                let mut rules = self.rules(None, town);
                rules.policy = Policy::Broadcast;
                return Ok(rules);
            }
            return Err(Unserved::LocationNeeded);
        };
        if self.areas.is_empty() {
            return Ok(self.rules(None, &self.decisions));
        }
        let area = self.area(at).ok_or(Unserved::OutsideEveryArea)?;
        Ok(self.rules(Some(area.name()), &area.decisions))
    }

    fn rules<'t>(&self, area: Option<&'t str>, decisions: &'t Decisions) -> Rules<'t> {
        Rules {
            area,
            policy: decisions.policy,
            shadow: decisions.shadow,
            offering: decisions.offering,
            ride_code: decisions.ride_code,
            free_waiting_seconds: decisions.free_waiting_seconds,
            cancellation: &decisions.cancellation,
            duties: decisions.duties,
            surge: decisions.surge,
            scheduling: self.scheduling,
            search_seconds: decisions.search_seconds,
            concerns_trips: decisions.concerns_trips,
        }
    }

    /// The terms of a trip of that class, with a quote if its metres and seconds are given. `None` if there is nothing
    /// to agree on: no class has a tariff, and no rule about waiting, cancelling or codes was set.
    pub fn terms(
        &self,
        rules: &Rules<'_>,
        class: &VehicleClass,
        estimate: Option<(u64, u64)>,
    ) -> Option<Terms> {
        if !rules.concerns_trips && self.classes.values().all(Option::is_none) {
            return None;
        }
        let mut terms = Terms {
            currency: self.currency,
            tariff: self.classes.get(class).cloned().flatten(),
            surge_permille: rules.surge.permille,
            quoted: None,
            free_waiting_s: rules.free_waiting_seconds,
            free_cancel_s: rules.cancellation.free_seconds,
            cancel_fee: rules.cancellation.fee,
            no_show_fee: rules.cancellation.no_show_fee,
            reasons: rules.cancellation.reasons.clone(),
            high_fare_permille: self.high_fare_permille,
        };
        terms.quoted = estimate.and_then(|(metres, seconds)| terms.quote(metres, seconds));
        Some(terms)
    }

    /// Whether the town offers that class.
    pub fn has_class(&self, class: &VehicleClass) -> bool {
        self.classes.contains_key(class)
    }

    /// The classes that the town offers, in the order of their names.
    pub fn classes(&self) -> impl Iterator<Item = &VehicleClass> {
        self.classes.keys()
    }

    /// The expected metres and seconds of a ride between two points: 1.3 times the great circle, at 20 km/h.
    pub fn estimate(from: Coordinates, to: Coordinates) -> (u64, u64) {
        estimate(from, to)
    }
}

#[cfg(test)]
mod tests;
