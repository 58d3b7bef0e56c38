//! Chooses the trip and the actor of an intent, given the state of the model.

use cabrank::domain::Status;

use super::model::{DRIVERS, Model, RIDERS, Ride};
use super::operation::{Intent, Operation, Round, Verb};

impl Ride {
    /// Whether the operation is likely to succeed.
    fn is_ready_for(&self, verb: &Verb) -> bool {
        match verb {
            Verb::Propose(_) | Verb::Reply(_) => {
                self.status == Status::Requested && self.is_offered()
            }
            Verb::Accept => self.status == Status::Requested,
            Verb::Drive(_) | Verb::GiveBack | Verb::Block => self.is_taken(),
            Verb::Late => self.status == Status::Accepted,
            Verb::Request(_)
            | Verb::Leave(_)
            | Verb::Call(_)
            | Verb::Lapse
            | Verb::Open
            | Verb::Expire
            | Verb::BeginShift
            | Verb::EndShift => !self.is_over(),
        }
    }
}

impl Model {
    /// The operation that an intent becomes; none if there is no trip for it.
    pub fn operation(&self, intent: &Intent) -> Option<Operation> {
        let Intent { verb, trip, actor } = intent;
        let with = |trip, actor| {
            let verb = self.after_give_backs(intent, trip);
            Some(Operation { verb, trip, actor })
        };
        match verb {
            Verb::Request(_) => return with(0, trip % RIDERS),
            Verb::BeginShift | Verb::EndShift => return with(0, actor.unwrap_or(trip % DRIVERS)),
            Verb::Propose(_)
            | Verb::Reply(_)
            | Verb::Accept
            | Verb::Drive(_)
            | Verb::GiveBack
            | Verb::Leave(_)
            | Verb::Call(_)
            | Verb::Late
            | Verb::Block
            | Verb::Lapse
            | Verb::Open
            | Verb::Expire => {}
        }
        let numbers_of = |which: &dyn Fn(&Ride) -> bool| -> Vec<usize> {
            let numbers = 0..self.rides.len();
            numbers
                .filter(|number| which(&self.rides[*number]))
                .collect()
        };
        let mut possible = numbers_of(&|ride| actor.is_some() || ride.is_ready_for(verb));
        if possible.is_empty() {
            possible = numbers_of(&|ride| !ride.is_over());
        }
        let trip = *possible.get(trip.checked_rem(possible.len())?)?;
        let actor = actor.unwrap_or_else(|| self.somebody_who_may(verb, trip));
        let is_of_rider = matches!(verb, Verb::Leave(_));
        with(trip, if is_of_rider { actor % RIDERS } else { actor })
    }

    fn somebody_who_may(&self, verb: &Verb, trip: usize) -> usize {
        let ride = &self.rides[trip];
        match verb {
            Verb::Leave(_) => ride.rider,
            Verb::Reply(_) | Verb::Accept => {
                let mut open = self.open_offers().map(|(_, offer)| offer);
                // A driver who has an offer may also accept a trip that every driver may accept.
                let offered = open.find(|offer| offer.trip == trip || !ride.is_offered());
                let free = (0..DRIVERS).find(|driver| !self.is_busy(*driver));
                offered.map(|offer| offer.driver).or(free).unwrap_or(0)
            }
            Verb::Drive(_) | Verb::GiveBack | Verb::Block => ride.driver.unwrap_or(0),
            Verb::Request(_)
            | Verb::Propose(_)
            | Verb::Call(_)
            | Verb::Late
            | Verb::Lapse
            | Verb::Open
            | Verb::Expire
            | Verb::BeginShift
            | Verb::EndShift => 0,
        }
    }

    /// A round may be older than a give-back, so it begins with drivers who gave the trip back. The rounds of sweeps
    /// are not changed.
    fn after_give_backs(&self, intent: &Intent, trip: usize) -> Verb {
        let Verb::Propose(round) = &intent.verb else {
            return intent.verb.clone();
        };
        if intent.actor.is_some() {
            return intent.verb.clone();
        }
        let mut drivers = self.rides[trip].given_back.clone();
        drivers.extend(&round.drivers);
        Verb::Propose(Round {
            drivers,
            ..round.clone()
        })
    }
}
