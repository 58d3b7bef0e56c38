//! The town file as it is written. Fields that are left out take the value of the town or the default.

use std::collections::BTreeMap;

use geojson::Geometry;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bounds::{Factor, Within};
use super::rules::{Cancellation, Decisions, Offering, Scheduling, Surge};
use domain::fare::HIGH_FARE_PERMILLE;
use domain::{Amount, CancelReason, Currency, Duties, Policy, Tariff, VehicleClass};

/// An hour of waiting is long. More than a day is a mistake in the unit.
type Seconds = Within<1, 86_400>;
type FreeSeconds = Within<0, 86_400>;
type Permille = Within<1_000, 5_000>;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TownFile {
    pub(super) currency: Option<Currency>,
    pub(super) classes: Option<BTreeMap<VehicleClass, ClassFile>>,
    policy: Option<Policy>,
    shadow: Option<Policy>,
    offering: OfferingFile,
    ride_code: Option<bool>,
    waiting: Option<WaitingFile>,
    cancellation: Option<CancellationFile>,
    duties: DutiesFile,
    surge: SurgeFile,
    scheduling: SchedulingFile,
    high_fare_factor: Option<Factor>,
    pub(super) areas: Option<AreasFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassFile {
    pub(super) tariff: Option<Tariff>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfferingFile {
    wave: Option<Within<1, 3>>,
    deliver_seconds: Option<Within<1, 60>>,
    decide_seconds: Option<Within<1, 600>>,
    first_eta_seconds: Option<Seconds>,
    growth: Option<Factor>,
    eta_max_seconds: Option<Seconds>,
    look_again_seconds: Option<Within<1, 600>>,
    candidates: Option<Within<1, 100>>,
    window_shortest_ms: Option<Within<0, 10_000>>,
    window_longest_ms: Option<Within<0, 60_000>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WaitingFile {
    free_seconds: Option<FreeSeconds>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CancellationFile {
    free_seconds: Option<FreeSeconds>,
    fee: Option<Amount>,
    no_show_fee: Option<Amount>,
    reasons: Option<Vec<CancelReason>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DutiesFile {
    arrive_within_metres: Option<Within<0, 10_000>>,
    nearer_percent: Option<Within<0, 100>>,
    late_seconds: Option<FreeSeconds>,
    late_percent: Option<Within<0, 1_000>>,
    silent_seconds: Option<Within<60, 86_400>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SurgeFile {
    permille: Option<Permille>,
    max_permille: Option<Permille>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SchedulingFile {
    lead_seconds: Option<Seconds>,
    ahead_days_max: Option<Within<1, 365>>,
}

/// A GeoJSON `FeatureCollection`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreasFile {
    #[serde(rename = "type")]
    _kind: CollectionType,
    #[serde(rename = "bbox")]
    _bounds: Option<IgnoredAny>,
    pub(super) features: Vec<AreaFile>,
}

#[derive(Debug, Deserialize)]
enum CollectionType {
    FeatureCollection,
}

/// A GeoJSON `Feature`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreaFile {
    #[serde(rename = "type")]
    _kind: FeatureType,
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(rename = "bbox")]
    _bounds: Option<IgnoredAny>,
    pub(super) geometry: Geometry,
    pub(super) properties: AreaProperties,
}

#[derive(Debug, Deserialize)]
enum FeatureType {
    Feature,
}

/// The name of an area, and the rules that it sets itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreaProperties {
    pub(super) name: String,
    policy: Option<Policy>,
    shadow: Option<Policy>,
    #[serde(default)]
    offering: OfferingFile,
    ride_code: Option<bool>,
    waiting: Option<WaitingFile>,
    cancellation: Option<CancellationFile>,
    #[serde(default)]
    duties: DutiesFile,
    #[serde(default)]
    surge: SurgeFile,
    search_seconds: Option<Seconds>,
}

impl TownFile {
    /// The rules of the town: those of the file, and defaults for the others.
    pub(super) fn decisions(&self) -> Decisions {
        let defaults = Decisions::default();
        Decisions {
            policy: self.policy.unwrap_or(defaults.policy),
            shadow: self.shadow,
            offering: self.offering.over(defaults.offering),
            duties: Some(self.duties.over(Duties::default())),
            surge: self.surge.over(defaults.surge),
            ..with_trip_rules(
                &defaults,
                self.ride_code,
                self.waiting.as_ref(),
                self.cancellation.as_ref(),
            )
        }
    }

    /// A fare above this many permille of the quote is explained.
    pub(super) fn high_fare_permille(&self) -> u16 {
        let permille = |factor: Factor| (factor.get() * 1_000.0).round() as u16;
        self.high_fare_factor.map_or(HIGH_FARE_PERMILLE, permille)
    }

    /// The limits for trips that are ordered ahead.
    pub(super) fn scheduling(&self) -> Scheduling {
        let (given, defaults) = (&self.scheduling, Scheduling::default());
        Scheduling {
            lead_seconds: given
                .lead_seconds
                .map_or(defaults.lead_seconds, Within::get),
            ahead_days_max: given
                .ahead_days_max
                .map_or(defaults.ahead_days_max, Within::get),
        }
    }
}

impl AreaProperties {
    /// The rules of the area: those that it sets itself, and the town's for the others.
    pub(super) fn decisions(&self, town: &Decisions) -> Decisions {
        Decisions {
            policy: self.policy.unwrap_or(town.policy),
            shadow: self.shadow.or(town.shadow),
            offering: self.offering.over(town.offering),
            duties: Some(self.duties.over(town.duties.unwrap_or_default())),
            surge: self.surge.over(town.surge),
            search_seconds: self.search_seconds.map(Within::get),
            ..with_trip_rules(
                town,
                self.ride_code,
                self.waiting.as_ref(),
                self.cancellation.as_ref(),
            )
        }
    }
}

/// The rules `base`, overridden by the given ones, for those rules that a trip stores in its terms.
fn with_trip_rules(
    base: &Decisions,
    ride_code: Option<bool>,
    waiting: Option<&WaitingFile>,
    cancellation: Option<&CancellationFile>,
) -> Decisions {
    let ride_code = ride_code.unwrap_or(base.ride_code);
    let free_waiting = waiting.and_then(|waiting| waiting.free_seconds);
    Decisions {
        ride_code,
        free_waiting_seconds: free_waiting.map_or(base.free_waiting_seconds, Within::get),
        cancellation: cancellation.map_or_else(
            || base.cancellation.clone(),
            |given| given.over(&base.cancellation),
        ),
        concerns_trips: base.concerns_trips
            || ride_code
            || waiting.is_some()
            || cancellation.is_some(),
        ..base.clone()
    }
}

impl OfferingFile {
    fn over(&self, base: Offering) -> Offering {
        let wave = self
            .wave
            .and_then(|wave| u8::try_from(wave.get()).ok())
            .unwrap_or(base.wave);
        Offering {
            wave,
            deliver_seconds: self
                .deliver_seconds
                .map_or(base.deliver_seconds, Within::get),
            decide_seconds: self.decide_seconds.map_or(base.decide_seconds, Within::get),
            first_eta_seconds: self
                .first_eta_seconds
                .map_or(base.first_eta_seconds, Within::get),
            growth: self.growth.map_or(base.growth, Factor::get),
            eta_max_seconds: self
                .eta_max_seconds
                .map_or(base.eta_max_seconds, Within::get),
            look_again_seconds: self
                .look_again_seconds
                .map_or(base.look_again_seconds, Within::get),
            candidates: self.candidates.map_or(base.candidates, Within::get),
            window_shortest_ms: self
                .window_shortest_ms
                .map_or(base.window_shortest_ms, Within::get),
            window_longest_ms: self
                .window_longest_ms
                .map_or(base.window_longest_ms, Within::get),
        }
    }
}

impl CancellationFile {
    fn over(&self, base: &Cancellation) -> Cancellation {
        Cancellation {
            free_seconds: self.free_seconds.map_or(base.free_seconds, Within::get),
            fee: self.fee.unwrap_or(base.fee),
            no_show_fee: self.no_show_fee.unwrap_or(base.no_show_fee),
            reasons: self.reasons.clone().unwrap_or_else(|| base.reasons.clone()),
        }
    }
}

impl DutiesFile {
    fn over(&self, base: Duties) -> Duties {
        Duties {
            arrive_within_m: self
                .arrive_within_metres
                .map_or(base.arrive_within_m, Within::get),
            nearer_percent: self.nearer_percent.map_or(base.nearer_percent, Within::get),
            late_s: self.late_seconds.map_or(base.late_s, Within::get),
            late_percent: self.late_percent.map_or(base.late_percent, Within::get),
            silent_s: self.silent_seconds.map_or(base.silent_s, Within::get),
        }
    }
}

impl SurgeFile {
    fn over(&self, base: Surge) -> Surge {
        let or = |given: Option<Permille>, base| {
            given
                .and_then(|given| u16::try_from(given.get()).ok())
                .unwrap_or(base)
        };
        Surge {
            permille: or(self.permille, base.permille),
            max_permille: or(self.max_permille, base.max_permille),
        }
    }
}
