//! Drivers' shifts, position reports, hints and replies to offers.

use std::time::Duration;

use jiff::Timestamp;

use super::{Dispatch, DispatchError};
use crate::domain::core::{Command, Refusal, Reply, Submission, TripOutcome};
use crate::domain::{
    Actor, Coordinates, DriverId, Fact, Offer, OfferChange, PositionReport, Shift, Trip, TripRef,
    Vehicle, VehiclePosition, Whereabouts,
};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;
use crate::store::{offers, shifts, trips};
use crate::supply::judge::Counts;
use crate::supply::{Occupation, STALE_AFTER};

/// How long the answer to a change of shift waits at most until dispatch has taken note of it.
const NOTED_MAX: Duration = Duration::from_secs(1);

/// A driver's shift, activity and open offer.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftStatus {
    /// The shift, if the driver is on one.
    pub shift: Option<Shift>,
    /// What the driver is doing now.
    pub activity: Activity,
    /// The open offer, with its trip.
    pub offer: Option<OfferChange>,
}

impl ShiftStatus {
    /// The status of a driver who is not on shift.
    const OFF: Self = Self {
        shift: None,
        activity: Activity::OffShift,
        offer: None,
    };
}

/// What a driver is doing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// On shift, without an offer or a trip.
    Available,
    /// Has an open offer.
    Offered,
    /// Has a trip.
    OnTrip,
    /// On shift, but without recent positions; gets no offers.
    Stale,
    /// Is not on shift.
    OffShift,
}

impl Activity {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Offered => "offered",
            Self::OnTrip => "on_trip",
            Self::Stale => "stale",
            Self::OffShift => "off_shift",
        }
    }
}

/// The verdicts on the positions of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportOutcome {
    /// The positions by verdict.
    pub counts: Counts,
    /// How many positions are new on the track of the ride in progress.
    pub on_track: usize,
    /// When the report arrived, by the service's clock.
    pub received_at: Timestamp,
}

impl Dispatch {
    /// Begins a driver's shift. A driver who is on shift with the same vehicle already stays on that shift.
    pub async fn begin_shift(
        &self,
        driver: DriverId,
        vehicle: Vehicle,
    ) -> Result<Shift, DispatchError> {
        self.check_class(&vehicle.class)?;
        let begin = Command::BeginShift(driver, vehicle.clone());
        let begun = self.change_shift(begin).await;
        match begun {
            Err(CommandError::Refused(Refusal::OnShift(shift))) if shift.vehicle == vehicle => {
                Ok(shift)
            }
            begun => Ok(begun?),
        }
    }

    /// Ends a driver's shift.
    pub async fn end_shift(&self, driver: DriverId) -> Result<Shift, CommandError> {
        let by = Actor::Driver(driver);
        self.change_shift(Command::EndShift(driver, by)).await
    }

    async fn change_shift(&self, command: Command) -> Result<Shift, CommandError> {
        let submission = Submission::new(command, inputs::now());
        let event = self.store.writer.record(submission).await?;
        self.noted(event.id).await;
        match &event.fact {
            Fact::Shift(shift) => Ok(shift.clone()),
            Fact::Trip(_) | Fact::Message(_) | Fact::Notification(_) | Fact::Offer(_) => {
                Err(Unavailable::Busy.into())
            }
        }
    }

    /// Waits until dispatch has taken note of an event: a driver may report positions as soon as the shift begins.
    async fn noted(&self, event: i64) {
        let mut noted = self.projections.applied.subscribe();
        let known = noted.wait_for(|last| last.is_some_and(|last| last >= event));
        // Under load the event may be late; the shift is committed all the same.
        let _ = tokio::time::timeout(NOTED_MAX, known).await;
    }

    /// What a driver is doing now.
    pub async fn shift_status(&self, driver: DriverId) -> Result<ShiftStatus, Unavailable> {
        let read = self.store.reader.read(move |db| {
            let Some(shift) = shifts::open_of(db, &[driver])?.pop() else {
                return Ok(None);
            };
            let taken = trips::taken_by(db, &[driver])?;
            let offer = offers::open_with_trips(db, &[driver])?.pop();
            Ok(Some((shift, !taken.is_empty(), offer)))
        });
        let Some((shift, has_trip, offer)) = read.await? else {
            return Ok(ShiftStatus::OFF);
        };
        let activity = if has_trip {
            Activity::OnTrip
        } else if offer.is_some() {
            Activity::Offered
        } else if self.projections.supply.is_stale(driver, inputs::now()) {
            Activity::Stale
        } else {
            Activity::Available
        };
        let shift = Some(shift);
        Ok(ShiftStatus {
            shift,
            activity,
            offer,
        })
    }

    /// Records positions of a driver's device. Also returns the latest one, if a trip's rider is to see it.
    pub fn report(
        &self,
        driver: DriverId,
        report: &PositionReport,
    ) -> Result<(ReportOutcome, Option<VehiclePosition>), CommandError> {
        if self.projections.applied.borrow().is_none() {
            return Err(Unavailable::Busy.into());
        }
        let received_at = inputs::now();
        let reported = self
            .projections
            .supply
            .report(driver, &report.fixes, received_at)
            .map_err(|_| Refusal::NotOnShift)?;
        self.projections.supply.count_invalid(report.invalid);
        let mut outcome = ReportOutcome {
            counts: Counts {
                invalid: report.invalid,
                ..reported.counts
            },
            on_track: 0,
            received_at,
        };
        let Some(Occupation::OnTrip(trip)) = self.projections.supply.occupation(driver) else {
            return Ok((outcome, None));
        };
        // Positions that are too late for the supply still belong on the track.
        outcome.on_track = self
            .projections
            .tracks
            .add(trip, &report.fixes, received_at);
        if self
            .projections
            .presence
            .drivers()
            .reported(driver, &reported.accepted, received_at)
        {
            self.projections.wake.notify_one();
        }
        let vehicle_position = reported
            .latest()
            .map(|fix| VehiclePosition { trip, fix: *fix });
        Ok((outcome, vehicle_position))
    }

    /// Where an idle driver should wait, by the places of recent requests; nothing if the driver should stay.
    pub async fn hint(&self, driver: DriverId) -> Result<Option<Coordinates>, CommandError> {
        self.projections
            .supply
            .occupation(driver)
            .ok_or(Refusal::NotOnShift)?;
        let (repositioning, supply) = (
            self.projections.repositioning.clone(),
            self.projections.supply.clone(),
        );
        let find = move || repositioning.hint(driver, &supply, inputs::now());
        let hint = tokio::task::spawn_blocking(find).await;
        Ok(hint.map_err(|error| Unavailable::Lost(error.to_string()))?)
    }

    /// The driver's whereabouts, if their device has reported them lately.
    pub(super) fn whereabouts(&self, driver: DriverId) -> Option<Whereabouts> {
        let at = inputs::now();
        let fix = self.projections.supply.latest(driver)?;
        let is_fresh = at.duration_since(fix.at) <= STALE_AFTER;
        let is_heard = !self.projections.supply.is_stale(driver, at);
        (is_fresh && is_heard).then(|| Whereabouts::new(fix.location, fix.accuracy_m))
    }

    /// The last position of a trip's driver, while the driver has the trip.
    pub fn vehicle_position(&self, trip: &Trip) -> Option<VehiclePosition> {
        let driver = trip.taken_by()?;
        let fix = self.projections.supply.latest(driver.id)?;
        Some(VehiclePosition { trip: trip.id, fix })
    }

    /// Records a driver's reply to an offer: the device has received it, or the driver declines it.
    pub async fn reply(
        &self,
        driver: DriverId,
        trip: TripRef,
        reply: Reply,
    ) -> Result<(Trip, Offer), CommandError> {
        let command = Command::ReplyToOffer {
            trip,
            driver,
            reply,
        };
        let submission = Submission::new(command, inputs::now());
        let TripOutcome { trip, offer, .. } = self.store.writer.act(submission).await?;
        let offer = offer.ok_or(Refusal::NotOffered)?;
        Ok(((*trip).clone(), offer))
    }
}
