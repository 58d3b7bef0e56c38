//! The rules of trips in the model: who may do what, and when.

use cabrank::domain::{OfferState, RideEnding, Role, Status};

use super::model::{FREE_WAITING_S, LATE_S, Model, PROMISED_S, SEARCH_S};
use super::operation::{Call, Drive, GivenCode, Leave, Verdict};

impl Model {
    pub(super) fn accept(&mut self, trip: usize, driver: usize, at: i64) -> Verdict {
        let ride = &self.rides[trip];
        match ride.driver {
            Some(taker) if taker != driver && ride.status != Status::Cancelled => {
                return Verdict::AlreadyTaken;
            }
            Some(_) if ride.status == Status::Accepted => return Verdict::AlreadyDone,
            Some(_) | None => {}
        }
        if ride.status != Status::Requested {
            return Verdict::NotPossible;
        }
        if ride.given_back.contains(&driver) {
            return Verdict::GivenBack;
        }
        if self.is_busy(driver) {
            return Verdict::DriverBusy;
        }
        if ride.is_offered() {
            match self.answerable(trip, driver, at) {
                Ok(offer) => self.offer_ends(offer, OfferState::Accepted, at),
                Err(over) => return over,
            }
        }
        self.withdraw(at, |offer| offer.driver == driver);
        let ride = &mut self.rides[trip];
        ride.driver = Some(driver);
        ride.late_due = ride.is_offered().then_some(at + PROMISED_S + LATE_S);
        (ride.is_late, ride.is_blocked) = (false, false);
        self.becomes(trip, Status::Accepted, at)
    }

    pub(super) fn drive(&mut self, trip: usize, driver: usize, drive: Drive, at: i64) -> Verdict {
        let ride = &mut self.rides[trip];
        if ride.driver.is_some_and(|its| its != driver) {
            return Verdict::NotYours;
        }
        let (from, to): (&[Status], _) = match drive {
            Drive::Arrive => (&[Status::Accepted], Status::Arrived),
            Drive::Start(_) => (&[Status::Accepted, Status::Arrived], Status::InProgress),
            Drive::Complete => (&[Status::InProgress], Status::Completed),
            Drive::NoShow => (&[Status::Arrived], Status::NoShow),
        };
        if !from.contains(&ride.status) {
            let by_another = to == Status::Completed && ride.ended_by != Some(Role::Driver);
            return if ride.status == to && !by_another {
                Verdict::AlreadyDone
            } else {
                Verdict::NotPossible
            };
        }
        match drive {
            Drive::Start(given) if ride.order.has_code && given != GivenCode::Right => {
                return Verdict::WrongCode;
            }
            Drive::NoShow if at < ride.arrived + FREE_WAITING_S => return Verdict::TooEarly,
            Drive::Arrive => ride.arrived = at,
            Drive::Complete => ride.ended_by = Some(Role::Driver),
            Drive::Start(_) | Drive::NoShow => {}
        }
        self.becomes(trip, to, at)
    }

    pub(super) fn give_back(&mut self, trip: usize, driver: usize, at: i64) -> Verdict {
        let ride = &mut self.rides[trip];
        if ride.status == Status::Requested && ride.given_back.contains(&driver) {
            return Verdict::AlreadyDone;
        }
        let is_others = ride.driver.is_some_and(|its| its != driver);
        if is_others && ride.status != Status::Cancelled {
            return Verdict::NotYours;
        }
        if ![Status::Accepted, Status::Arrived].contains(&ride.status) {
            return Verdict::NotPossible;
        }
        self.release(trip, at)
    }

    /// Takes the trip from its driver, who does not get it again.
    fn release(&mut self, trip: usize, at: i64) -> Verdict {
        let ride = &mut self.rides[trip];
        ride.given_back.extend(ride.driver.take());
        ride.attempt += 1;
        self.begin_search(trip, at)
    }

    pub(super) fn late(&mut self, trip: usize, at: i64) -> Verdict {
        let ride = &mut self.rides[trip];
        if ride.status == Status::Accepted && ride.is_late {
            return Verdict::AlreadyDone;
        }
        if !ride.is_overdue(at) {
            return Verdict::NotPossible;
        }
        ride.is_late = true;
        self.changed(trip)
    }

    pub(super) fn block(&mut self, trip: usize, driver: usize, at: i64) -> Verdict {
        let ride = &mut self.rides[trip];
        if ride.status == Status::Requested && ride.given_back.contains(&driver) {
            return Verdict::AlreadyDone;
        }
        if !ride.is_taken() || ride.driver != Some(driver) {
            return Verdict::NotPossible;
        }
        if ride.status != Status::InProgress {
            return self.release(trip, at);
        }
        if ride.is_blocked {
            return Verdict::AlreadyDone;
        }
        ride.is_blocked = true;
        self.changed(trip)
    }

    fn take_back(&mut self, trip: usize, at: i64) -> Verdict {
        let ride = &self.rides[trip];
        match ride.status {
            Status::Accepted | Status::Arrived => self.release(trip, at),
            Status::Requested if ride.attempt > 1 => Verdict::AlreadyDone,
            Status::Scheduled
            | Status::Requested
            | Status::InProgress
            | Status::Completed
            | Status::Cancelled
            | Status::NoShow
            | Status::Expired => Verdict::NotPossible,
        }
    }

    /// Begins the search for a driver.
    fn begin_search(&mut self, trip: usize, at: i64) -> Verdict {
        let ride = &mut self.rides[trip];
        ride.search_ends = at + SEARCH_S;
        (ride.round, ride.search_due) = (0, at);
        self.becomes(trip, Status::Requested, at)
    }

    pub(super) fn leave(&mut self, trip: usize, rider: usize, leave: Leave) -> Verdict {
        let ride = &mut self.rides[trip];
        if ride.rider != rider {
            return Verdict::Unknown;
        }
        match leave {
            Leave::Delete if ride.hidden => Verdict::AlreadyDone,
            Leave::Delete if ride.is_taken() => Verdict::NotPossible,
            Leave::Delete => {
                ride.hidden = true;
                if ride.is_early() {
                    self.ends(trip, Status::Cancelled, Role::Rider)
                } else {
                    self.changed(trip)
                }
            }
            Leave::Cancel | Leave::AmendPickUp(_) | Leave::AmendDropOff(_) if ride.hidden => {
                Verdict::Unknown
            }
            Leave::Cancel => self.cancel(trip, Role::Rider),
            Leave::AmendPickUp(address) if ride.pick_up == address => Verdict::AlreadyDone,
            Leave::AmendDropOff(address) if ride.drop_off == address => Verdict::AlreadyDone,
            Leave::AmendPickUp(address) if ride.is_early() => {
                ride.pick_up = address;
                self.changed(trip)
            }
            Leave::AmendDropOff(address) if !ride.is_over() => {
                ride.drop_off = address;
                self.changed(trip)
            }
            Leave::AmendPickUp(_) | Leave::AmendDropOff(_) => Verdict::NotPossible,
        }
    }

    fn cancel(&mut self, trip: usize, by: Role) -> Verdict {
        let ride = &self.rides[trip];
        if ride.status == Status::Cancelled && ride.ended_by == Some(by) {
            Verdict::AlreadyDone
        } else if ride.is_over() || ride.status == Status::InProgress {
            Verdict::NotPossible
        } else {
            self.ends(trip, Status::Cancelled, by)
        }
    }

    pub(super) fn call(&mut self, trip: usize, call: Call, at: i64) -> Verdict {
        let ending = match call {
            Call::Cancel => return self.cancel(trip, Role::Operator),
            Call::TakeBack => return self.take_back(trip, at),
            Call::End(RideEnding::Completed) => Status::Completed,
            Call::End(RideEnding::Cancelled) => Status::Cancelled,
        };
        let ride = &self.rides[trip];
        if ride.status == Status::InProgress {
            self.ends(trip, ending, Role::Operator)
        } else if ride.status == ending && ride.ended_by == Some(Role::Operator) {
            Verdict::AlreadyDone
        } else {
            Verdict::NotPossible
        }
    }

    pub(super) fn open(&mut self, trip: usize, at: i64) -> Verdict {
        let ride = &self.rides[trip];
        if ride.status == Status::Requested {
            Verdict::AlreadyDone
        } else if ride.status == Status::Scheduled && at >= ride.opens {
            self.begin_search(trip, at)
        } else {
            Verdict::NotPossible
        }
    }

    pub(super) fn expire(&mut self, trip: usize, at: i64) -> Verdict {
        let ride = &self.rides[trip];
        if ride.status == Status::Expired {
            Verdict::AlreadyDone
        } else if ride.status == Status::Requested && at >= ride.search_ends {
            self.becomes(trip, Status::Expired, at)
        } else {
            Verdict::NotPossible
        }
    }
}
