//! Shifts, reports, hints, quotes and the supply as clients see them in JSON.

use jiff::Timestamp;
use serde::Serialize;

use super::Dispatch;
use super::eta_accuracy::EtaErrors;
use super::order::Quoted;
use super::shifts::{ReportOutcome, ShiftStatus};
use crate::domain::event_object::{OfferObject, ShiftObject};
use crate::domain::trip_object::{LocationObject, microseconds};
use crate::domain::{Coordinates, Fare};
use crate::supply::OnShift;
use crate::supply::judge::Counts;

/// A driver's shift, activity and open offer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Duty)]
pub struct ShiftStatusObject<'a> {
    /// Absent off shift.
    shift: Option<ShiftObject<'a>>,
    /// `available`, `offered`, `on_trip`, `stale` or `off_shift`.
    #[schema(example = "available")]
    activity: &'static str,
    /// The open offer, if there is one.
    offer: Option<OfferObject<'a>>,
}

impl<'a> From<&'a ShiftStatus> for ShiftStatusObject<'a> {
    fn from(status: &'a ShiftStatus) -> Self {
        Self {
            shift: status.shift.as_ref().map(ShiftObject::from),
            activity: status.activity.as_str(),
            offer: status.offer.as_ref().map(OfferObject::from),
        }
    }
}

/// The answer to a report of positions. Each position is counted once among the verdicts, and also on the track if it
/// is new there.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Reported)]
pub struct ReportedObject {
    #[serde(flatten)]
    counts: Counts,
    /// How many positions are new on the track of the ride in progress, late ones included.
    on_track: usize,
    /// The service's time, so that a device can check its clock.
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
}

impl From<&ReportOutcome> for ReportedObject {
    fn from(outcome: &ReportOutcome) -> Self {
        Self {
            counts: outcome.counts,
            on_track: outcome.on_track,
            time: outcome.received_at,
        }
    }
}

/// Where a driver should wait for a trip.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Hint)]
pub struct HintObject {
    /// Absent if the driver should stay.
    hint: Option<LocationObject>,
}

impl From<Option<Coordinates>> for HintObject {
    fn from(hint: Option<Coordinates>) -> Self {
        Self {
            hint: hint.map(LocationObject::from),
        }
    }
}

/// One quote for each class.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Quotes)]
pub struct QuotesObject<'a> {
    quotes: Vec<QuoteObject<'a>>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Quote)]
struct QuoteObject<'a> {
    #[schema(min_length = 32, max_length = 32)]
    id: String,
    #[schema(example = "standard")]
    class: &'a str,
    /// The pick-up time, if it is not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pick_up_at: Option<String>,
    /// The estimated distance of the ride.
    metres: u64,
    /// The estimated duration of the ride.
    seconds: u64,
    fare: Option<&'a Fare>,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
}

impl<'a> From<&'a [Quoted]> for QuotesObject<'a> {
    fn from(quoted: &'a [Quoted]) -> Self {
        let quotes = quoted.iter().map(|quoted| QuoteObject {
            id: quoted.id.to_string(),
            class: quoted.quote.class.as_str(),
            pick_up_at: quoted.quote.pick_up_at.map(|at| format!("{at:.6}")),
            metres: quoted.quote.metres,
            seconds: quoted.quote.seconds,
            fare: quoted.quote.fare(),
            expires: quoted.expires_at,
        });
        Self {
            quotes: quotes.collect(),
        }
    }
}

/// The drivers on shift by occupation, their positions by verdict, and how accurate the promised times were.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Supply)]
pub struct SupplyObject {
    on_shift: OnShift,
    /// Since the service started.
    positions: Counts,
    promises: EtaErrors,
}

impl From<&Dispatch> for SupplyObject {
    fn from(dispatch: &Dispatch) -> Self {
        Self {
            on_shift: dispatch.supply().drivers(),
            positions: dispatch.supply().verdicts(),
            promises: dispatch.eta_accuracy().errors(),
        }
    }
}
