//! What a driver does to a trip.

use jiff::{SignedDuration, Timestamp};

use crate::action::{Action, Change, TripRefusal};
use crate::duties::{Conduct, Outset, TooFar, Whereabouts};
use crate::fare::{Fare, Ridden};
use crate::id::DriverId;
use crate::metered::Metered;
use crate::order::RideCode;
use crate::text::Reason;
use crate::trip::{State, Times, Trip};
use crate::user::Party;

impl Trip {
    pub(super) fn accept(
        &self,
        driver: &Party<DriverId>,
        outset: Outset,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        match &self.state {
            State::Requested if self.given_back_by.contains(&driver.id) => {
                Err(TripRefusal::GivenBack)
            }
            State::Requested => {
                let times = Times {
                    taken_at: Some(at),
                    ..Times::default()
                };
                let driver = driver.clone();
                let (pick_up, pick_up_at) = (self.pick_up.location, self.order.pick_up_at);
                let conduct = Conduct::begin(&self.order.duties(), outset, pick_up, pick_up_at, at);
                Ok(self.driven(State::Started { driver }, times, conduct, at))
            }
            State::Started { driver: taker } if taker.id == driver.id => Ok(Change::AlreadyDone),
            State::Started { driver: taker }
            | State::Arrived { driver: taker }
            | State::InProgress { driver: taker }
            | State::NoShow { driver: taker }
            | State::Completed { driver: taker, .. }
                if taker.id != driver.id =>
            {
                Err(TripRefusal::AlreadyTaken)
            }
            State::Scheduled
            | State::Started { .. }
            | State::Arrived { .. }
            | State::InProgress { .. }
            | State::Completed { .. }
            | State::NoShow { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    pub(super) fn arrive(
        &self,
        by: DriverId,
        from: Option<Whereabouts>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::Started { driver } => {
                let duties = self.order.duties();
                let conduct = Conduct {
                    arrival: duties.judge_arrival(from, self.pick_up.location)?,
                    ..self.conduct
                };
                let times = Times {
                    arrived_at: Some(at),
                    ..self.times
                };
                let driver = driver.clone();
                Ok(self.driven(State::Arrived { driver }, times, conduct, at))
            }
            State::Arrived { .. } => Ok(Change::AlreadyDone),
            State::Scheduled
            | State::Requested
            | State::InProgress { .. }
            | State::Completed { .. }
            | State::NoShow { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    pub(super) fn start(
        &self,
        by: DriverId,
        code: Option<&RideCode>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::Started { .. } | State::Arrived { .. }
                if self.order.code.is_some() && self.order.code.as_ref() != code =>
            {
                Err(TripRefusal::WrongCode)
            }
            State::Started { driver } | State::Arrived { driver } => {
                let times = Times {
                    started_at: Some(at),
                    ..self.times
                };
                let driver = driver.clone();
                Ok(self.driven(State::InProgress { driver }, times, self.conduct, at))
            }
            State::InProgress { .. } => Ok(Change::AlreadyDone),
            State::Scheduled
            | State::Requested
            | State::Completed { .. }
            | State::NoShow { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    pub(super) fn complete(
        &self,
        by: DriverId,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::InProgress { driver } => {
                let completed = State::Completed {
                    driver: driver.clone(),
                    by: action.actor(),
                };
                let ridden = ridden(action)?;
                let fare = self.ride_fare(ridden, at);
                Ok(self.ridden(completed, None, (ridden, fare), at))
            }
            State::Completed { by, .. } if *by == action.actor() => Ok(Change::AlreadyDone),
            State::Scheduled
            | State::Requested
            | State::Started { .. }
            | State::Arrived { .. }
            | State::Completed { .. }
            | State::NoShow { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    /// The next attempt to find a driver begins, without this one.
    pub(super) fn given_back(&self, by: DriverId, reason: Option<Reason>, at: Timestamp) -> Change {
        let mut given_back_by = self.given_back_by.clone();
        given_back_by.push(by);
        Change::To(Box::new(Self {
            state: State::Requested,
            reason,
            attempt: self.attempt + 1,
            search_ends_at: self.order.search_ends_at(at),
            given_back_by,
            times: Times::default(),
            conduct: Conduct::default(),
            ..self.next(at)
        }))
    }

    pub(super) fn give_back(
        &self,
        by: DriverId,
        reason: &Option<Reason>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        match &self.state {
            State::Requested if self.given_back_by.contains(&by) => Ok(Change::AlreadyDone),
            State::Started { driver } | State::Arrived { driver } if driver.id == by => {
                Ok(self.given_back(by, reason.clone(), at))
            }
            State::Started { .. } | State::Arrived { .. } => Err(TripRefusal::NotYourTrip),
            State::InProgress { .. } | State::Completed { .. } | State::NoShow { .. } => {
                self.only_for_its_driver(by)?;
                Err(self.not_possible(action))
            }
            State::Scheduled | State::Requested | State::Cancelled { .. } | State::Expired => {
                Err(self.not_possible(action))
            }
        }
    }

    pub(super) fn no_show(
        &self,
        by: DriverId,
        from: Option<Whereabouts>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::Arrived { driver } => {
                // Whoever has gone away again does not wait.
                self.order
                    .duties()
                    .judge_arrival(from, self.pick_up.location)?;
                let until = self.free_waiting_ends_at();
                if at < until {
                    return Err(TripRefusal::TooEarly { until });
                }
                let terms = self.order.terms.as_ref();
                let terms = terms.filter(|_| self.conduct.has_truly_arrived());
                let fare = terms.and_then(|terms| terms.no_show());
                let driver = driver.clone();
                Ok(self.charged(State::NoShow { driver }, None, fare, at))
            }
            State::NoShow { .. } => Ok(Change::AlreadyDone),
            State::Scheduled
            | State::Requested
            | State::Started { .. }
            | State::InProgress { .. }
            | State::Completed { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    /// Until when the rider may keep the driver waiting for nothing.
    pub fn free_waiting_ends_at(&self) -> Timestamp {
        let terms = self.order.terms.as_ref();
        let free_s = terms.map_or(FREE_WAITING_S, |terms| terms.free_waiting_s);
        self.waits_from() + SignedDuration::from_secs(i64::from(free_s))
    }

    /// Since when the driver waits: since the arrival, or the time that was ordered where that is later.
    fn waits_from(&self) -> Timestamp {
        let arrived_at = self.times.arrived_at.unwrap_or(self.changed_at);
        let ordered_at = self.order.pick_up_at;
        ordered_at.map_or(arrived_at, |ordered_at| ordered_at.max(arrived_at))
    }

    /// What a ride that ends now costs, if the trip has a price at all.
    pub(super) fn ride_fare(&self, ridden: Metered, at: Timestamp) -> Option<Fare> {
        let terms = self.order.terms.as_ref()?;
        let seconds = |from: Option<Timestamp>, to: Timestamp| {
            let lasted = from.map_or(0, |from| to.duration_since(from).as_secs());
            u64::try_from(lasted).unwrap_or(0)
        };
        let started_at = self.times.started_at.unwrap_or(at);
        let arrived_at = self.times.arrived_at;
        let arrived_at = arrived_at.filter(|_| self.conduct.has_truly_arrived());
        let waits_from = arrived_at.map(|_| self.waits_from());
        terms.final_fare(Ridden {
            metres: ridden.metres(),
            seconds: seconds(self.times.started_at, at),
            waited_seconds: seconds(waits_from, started_at),
        })
    }

    /// A ride is over, which was so far and costs this.
    pub(super) fn ridden(
        &self,
        state: State,
        reason: Option<Reason>,
        (ridden, fare): (Metered, Option<Fare>),
        at: Timestamp,
    ) -> Change {
        Change::To(Box::new(Self {
            state,
            reason,
            ridden: Some(ridden),
            fare,
            ..self.next(at)
        }))
    }

    pub(super) fn charged(
        &self,
        state: State,
        reason: Option<Reason>,
        fare: Option<Fare>,
        at: Timestamp,
    ) -> Change {
        Change::To(Box::new(Self {
            state,
            reason,
            fare,
            ..self.next(at)
        }))
    }

    fn driven(&self, state: State, times: Times, conduct: Conduct, at: Timestamp) -> Change {
        Change::To(Box::new(Self {
            state,
            reason: None,
            times,
            conduct,
            ..self.next(at)
        }))
    }

    fn only_for_its_driver(&self, by: DriverId) -> Result<(), TripRefusal> {
        match self.state.driver() {
            Some(driver) if driver.id != by => Err(TripRefusal::NotYourTrip),
            Some(_) | None => Ok(()),
        }
    }
}

/// How far the ride was that an action ends.
pub(super) fn ridden(action: &Action) -> Result<Metered, TripRefusal> {
    let measured = action.measured().ok_or(TripRefusal::NotMeasured)?;
    Ok(Metered::from(measured))
}

/// How long a rider may keep the driver waiting where the town says nothing, in seconds.
const FREE_WAITING_S: u32 = 300;

impl From<TooFar> for TripRefusal {
    fn from(TooFar { metres, within }: TooFar) -> Self {
        Self::TooFar { metres, within }
    }
}
