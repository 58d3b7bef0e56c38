//! The actions of a trip's driver.

use jiff::{SignedDuration, Timestamp};

use crate::action::{Action, Change, TripRefusal};
use crate::duties::{Conduct, Outset, TooFar, Whereabouts};
use crate::fare::{Fare, Ridden};
use crate::id::DriverId;
use crate::metered::Metered;
use crate::order::RideCode;
use crate::text::Reason;
use crate::trip::{Trip, TripState, TripTimes};
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
            TripState::Requested if self.given_back_by.contains(&driver.id) => {
                Err(TripRefusal::GivenBack)
            }
            TripState::Requested => {
                let times = TripTimes {
                    taken_at: Some(at),
                    ..TripTimes::default()
                };
                let driver = driver.clone();
                let (pick_up, pick_up_at) = (self.pick_up.location, self.order.pick_up_at);
                let conduct = Conduct::begin(&self.order.duties(), outset, pick_up, pick_up_at, at);
                Ok(self.driven(TripState::Accepted { driver }, times, conduct, at))
            }
            TripState::Accepted { driver: taker } if taker.id == driver.id => {
                Ok(Change::AlreadyDone)
            }
            TripState::Accepted { driver: taker }
            | TripState::Arrived { driver: taker }
            | TripState::InProgress { driver: taker }
            | TripState::NoShow { driver: taker }
            | TripState::Completed { driver: taker, .. }
                if taker.id != driver.id =>
            {
                Err(TripRefusal::AlreadyTaken)
            }
            TripState::Scheduled
            | TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::NoShow { .. }
            | TripState::Cancelled { .. }
            | TripState::Expired => Err(self.not_possible(action)),
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
            TripState::Accepted { driver } => {
                let duties = self.order.duties();
                let conduct = Conduct {
                    arrival: duties.judge_arrival(from, self.pick_up.location)?,
                    ..self.conduct
                };
                let times = TripTimes {
                    arrived_at: Some(at),
                    ..self.times
                };
                let driver = driver.clone();
                Ok(self.driven(TripState::Arrived { driver }, times, conduct, at))
            }
            TripState::Arrived { .. } => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Requested
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::NoShow { .. }
            | TripState::Cancelled { .. }
            | TripState::Expired => Err(self.not_possible(action)),
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
            TripState::Accepted { .. } | TripState::Arrived { .. }
                if self.order.code.is_some() && self.order.code.as_ref() != code =>
            {
                Err(TripRefusal::WrongCode)
            }
            TripState::Accepted { driver } | TripState::Arrived { driver } => {
                let times = TripTimes {
                    started_at: Some(at),
                    ..self.times
                };
                let driver = driver.clone();
                Ok(self.driven(TripState::InProgress { driver }, times, self.conduct, at))
            }
            TripState::InProgress { .. } => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Requested
            | TripState::Completed { .. }
            | TripState::NoShow { .. }
            | TripState::Cancelled { .. }
            | TripState::Expired => Err(self.not_possible(action)),
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
            TripState::InProgress { driver } => {
                let completed = TripState::Completed {
                    driver: driver.clone(),
                    by: action.actor(),
                };
                let ridden = ridden(action)?;
                let fare = self.ride_fare(ridden, at);
                Ok(self.ridden(completed, None, (ridden, fare), at))
            }
            TripState::Completed { by, .. } if *by == action.actor() => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Requested
            | TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::Completed { .. }
            | TripState::NoShow { .. }
            | TripState::Cancelled { .. }
            | TripState::Expired => Err(self.not_possible(action)),
        }
    }

    /// Begins the next attempt to find a driver, without this one.
    pub(super) fn given_back(&self, by: DriverId, reason: Option<Reason>, at: Timestamp) -> Change {
        let mut given_back_by = self.given_back_by.clone();
        given_back_by.push(by);
        Change::To(Box::new(Self {
            state: TripState::Requested,
            reason,
            attempt: self.attempt + 1,
            search_ends_at: self.order.search_ends_at(at),
            given_back_by,
            times: TripTimes::default(),
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
            TripState::Requested if self.given_back_by.contains(&by) => Ok(Change::AlreadyDone),
            TripState::Accepted { driver } | TripState::Arrived { driver } if driver.id == by => {
                Ok(self.given_back(by, reason.clone(), at))
            }
            TripState::Accepted { .. } | TripState::Arrived { .. } => Err(TripRefusal::NotYourTrip),
            TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::NoShow { .. } => {
                self.only_for_its_driver(by)?;
                Err(self.not_possible(action))
            }
            TripState::Scheduled
            | TripState::Requested
            | TripState::Cancelled { .. }
            | TripState::Expired => Err(self.not_possible(action)),
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
            TripState::Arrived { driver } => {
                // A driver who has driven away again does not wait.
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
                Ok(self.charged(TripState::NoShow { driver }, None, fare, at))
            }
            TripState::NoShow { .. } => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Requested
            | TripState::Accepted { .. }
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::Cancelled { .. }
            | TripState::Expired => Err(self.not_possible(action)),
        }
    }

    /// The end of the free waiting time.
    pub fn free_waiting_ends_at(&self) -> Timestamp {
        let terms = self.order.terms.as_ref();
        let free_s = terms.map_or(FREE_WAITING_S, |terms| terms.free_waiting_s);
        self.waits_from() + SignedDuration::from_secs(i64::from(free_s))
    }

    /// When the driver's waiting time began: at the arrival, or at the ordered time if that is later.
    fn waits_from(&self) -> Timestamp {
        let arrived_at = self.times.arrived_at.unwrap_or(self.changed_at);
        let ordered_at = self.order.pick_up_at;
        ordered_at.map_or(arrived_at, |ordered_at| ordered_at.max(arrived_at))
    }

    /// The fare of a ride that ends now, if the trip has a price.
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

    /// The trip after its ride has ended, with this distance and fare.
    pub(super) fn ridden(
        &self,
        state: TripState,
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
        state: TripState,
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

    fn driven(
        &self,
        state: TripState,
        times: TripTimes,
        conduct: Conduct,
        at: Timestamp,
    ) -> Change {
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

/// The metered distance of the ride that an action ends.
pub(super) fn ridden(action: &Action) -> Result<Metered, TripRefusal> {
    let measured = action.measured().ok_or(TripRefusal::NotMeasured)?;
    Ok(Metered::from(measured))
}

/// The free waiting time of a trip without terms, in seconds.
const FREE_WAITING_S: u32 = 300;

impl From<TooFar> for TripRefusal {
    fn from(TooFar { metres, within }: TooFar) -> Self {
        Self::TooFar { metres, within }
    }
}
