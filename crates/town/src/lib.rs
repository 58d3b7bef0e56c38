//! What the operator has decided for the town: fares, how drivers are found, areas, and what cancelling costs.
//!
//! It is read once, from one JSON text (docs/operations.md describes it), and is plain data afterwards. What an area
//! does not say itself the town says, and what the town does not say has a default. A trip takes what concerns it along
//! as its [`Terms`], so that a new file changes nothing that was agreed on. No files, clocks or requests in here.

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

/// Everything that was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Town {
    currency: Option<Currency>,
    classes: BTreeMap<VehicleClass, Option<Tariff>>,
    scheduling: Scheduling,
    high_fare_permille: u16,
    decisions: Decisions,
    areas: Vec<Area>,
}

/// Where nobody has decided anything: no areas, no fares, every driver hears every request, and one class.
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
    /// The first area of the file that the point is in.
    pub fn area(&self, at: Coordinates) -> Option<&Area> {
        self.areas.iter().find(|area| area.contains(at))
    }

    /// What holds for a trip that begins there. Where there are areas it must begin in one of them. A trip without
    /// coordinates is heard by all drivers, by the town's rules; it is refused where no area and not the town has that
    /// policy.
    pub fn place(&self, pick_up: Option<Coordinates>) -> Result<Rules<'_>, Unserved> {
        let Some(at) = pick_up else {
            let mut places = self.areas.iter().map(|area| &area.decisions);
            let town = &self.decisions;
            if self.areas.is_empty()
                || town.is_for_all_drivers()
                || places.any(Decisions::is_for_all_drivers)
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

    /// What is agreed on with a trip of that class, and quoted if its metres and seconds are estimated. None where no
    /// class has a tariff and nothing was said about waiting, cancelling and codes: then there is nothing to agree on.
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

    /// Whether trips of that class can be asked for.
    pub fn has_class(&self, class: &VehicleClass) -> bool {
        self.classes.contains_key(class)
    }

    /// The classes that can be asked for, by name.
    pub fn classes(&self) -> impl Iterator<Item = &VehicleClass> {
        self.classes.keys()
    }

    /// How many metres and seconds a ride between two points is expected to take: the straight line over the earth
    /// times 1.3, at 20 km/h.
    pub fn estimate(from: Coordinates, to: Coordinates) -> (u64, u64) {
        estimate(from, to)
    }
}

#[cfg(test)]
mod tests;
