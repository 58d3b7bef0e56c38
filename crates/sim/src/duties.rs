//! Notes late and silent drivers by the rules of the live service, in virtual time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::service::number;
use super::simulation::{Simulation, moment};
use domain::{Action, SilenceCheck, Trip, TripId};

/// When drivers on trips become late, and when they are checked for silence. The live service keeps both in its
/// database, beside the trips.
#[derive(Debug, Default)]
pub(crate) struct DutyDeadlines {
    late_after: BTreeMap<TripId, Timestamp>,
    /// Only drivers who have reported positions on their trips are checked.
    silence_due: BTreeMap<TripId, Timestamp>,
}

impl DutyDeadlines {
    /// Updates the deadlines of a trip that has changed.
    pub(super) fn changed(&mut self, trip: &Trip) {
        match trip.late_due_at() {
            Some(late_after) => self.late_after.insert(trip.id, late_after),
            None => self.late_after.remove(&trip.id),
        };
    }

    fn late(&self, at: Timestamp) -> Vec<TripId> {
        due(&self.late_after, at)
    }

    fn maybe_silent(&self, at: Timestamp) -> Vec<TripId> {
        due(&self.silence_due, at)
    }
}

/// The trips whose deadlines have passed, longest overdue first.
fn due(deadlines: &BTreeMap<TripId, Timestamp>, at: Timestamp) -> Vec<TripId> {
    let due = deadlines.iter().filter(|(_, due_at)| **due_at <= at);
    let mut due: Vec<(Timestamp, TripId)> = due.map(|(trip, due_at)| (*due_at, *trip)).collect();
    due.sort_unstable();
    due.into_iter().map(|(_, trip)| trip).collect()
}

impl Simulation<'_> {
    /// Notes the drivers who are late or silent by now.
    pub(super) fn hold_to_duties(&mut self) {
        let at = moment(self.now);
        for trip in self.service.duties.late(at) {
            let is_noted = self.act(number(trip), Action::NoteLate);
            debug_assert!(is_noted, "it is due");
        }
        self.begin_silence_checks(at);
        for trip in self.service.duties.maybe_silent(at) {
            self.check_silence(trip, at);
        }
    }

    /// Begins to check drivers who have reported positions on their trips.
    fn begin_silence_checks(&mut self, at: Timestamp) {
        let new = self.heard.to_keep();
        for reporting in &new {
            let due = &mut self.service.duties.silence_due;
            due.entry(reporting.trip).or_insert(at);
        }
        self.heard.kept(&new);
    }

    fn check_silence(&mut self, trip: TripId, at: Timestamp) {
        let heard_at = |driver| self.heard.heard_at(driver, at);
        match SilenceCheck::of(self.service.trip(number(trip)), heard_at, at) {
            SilenceCheck::Over => {
                self.service.duties.silence_due.remove(&trip);
            }
            SilenceCheck::Next { finding, again_at } => {
                self.service.duties.silence_due.insert(trip, again_at);
                if let Some(finding) = finding {
                    let is_noted = self.act(number(trip), finding);
                    debug_assert!(is_noted, "the driver is silent");
                }
            }
        }
    }
}
