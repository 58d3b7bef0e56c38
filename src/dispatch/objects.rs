//! What drivers, riders and operators are told about shifts and quotes, as the world outside sees it.

use jiff::Timestamp;
use serde::Serialize;

use super::Dispatch;
use super::eta_accuracy::Kept;
use super::order::Quoted;
use super::shifts::{ReportOutcome, ShiftStatus};
use crate::domain::event_object::{OfferObject, ShiftObject};
use crate::domain::trip_object::{LocationObject, microseconds};
use crate::domain::{Coordinates, Fare};
use crate::supply::OnShift;
use crate::supply::judge::Counts;

/// The wire's answer to what a driver is at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Duty)]
pub struct ShiftStatusObject<'a> {
    /// Nothing off shift.
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

/// The wire's answer to a report. Each position is counted once among the verdicts, and, if it is new there, on the track as well.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Reported)]
pub struct ReportedObject {
    #[serde(flatten)]
    counts: Counts,
    /// How many are new on the track of the ride that is under way, late ones too.
    on_track: usize,
    /// The service's time, by which a device can tell whether its clock is right.
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
}

impl From<&ReportOutcome> for ReportedObject {
    fn from(told: &ReportOutcome) -> Self {
        Self {
            counts: told.counts,
            on_track: told.on_track,
            time: told.received_at,
        }
    }
}

/// Where a driver had better wait.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Hint)]
pub struct HintObject {
    /// Nothing where the driver is right.
    hint: Option<LocationObject>,
}

impl From<Option<Coordinates>> for HintObject {
    fn from(hint: Option<Coordinates>) -> Self {
        Self {
            hint: hint.map(LocationObject::from),
        }
    }
}

/// The wire's quotes.
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
    /// For when, if not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pick_up_at: Option<String>,
    /// How far it is expected to be.
    metres: u64,
    /// How long it is expected to take.
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

/// How many drivers are at what, how many of their positions were found to be what, and how far off what riders were promised was.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Supply)]
pub struct SupplyObject {
    on_shift: OnShift,
    /// Since the service started.
    positions: Counts,
    promises: Kept,
}

impl From<&Dispatch> for SupplyObject {
    fn from(dispatch: &Dispatch) -> Self {
        Self {
            on_shift: dispatch.supply().drivers(),
            positions: dispatch.supply().verdicts(),
            promises: dispatch.eta_accuracy().kept(),
        }
    }
}
