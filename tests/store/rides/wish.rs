//! Which deed a wish is, in the town as it stands.

use cabrank::domain::Status;

use super::deed::{Deed, Round, What, Wish};
use super::model::{DRIVERS, Model, RIDERS, Ride};

impl Ride {
    /// Whether it is likely to come to something.
    fn is_ready_for(&self, what: &What) -> bool {
        match what {
            What::Propose(_) | What::Reply(_) => {
                self.status == Status::Requested && self.is_offered()
            }
            What::Accept => self.status == Status::Requested,
            What::Drive(_) | What::GiveBack | What::Block => self.is_taken(),
            What::Late => self.status == Status::Accepted,
            What::Request(_)
            | What::Leave(_)
            | What::Call(_)
            | What::Lapse
            | What::Open
            | What::Expire
            | What::BeginShift
            | What::EndShift => !self.is_over(),
        }
    }
}

impl Model {
    /// The deed that a wish is; none where there is no trip that it could be about.
    pub fn deed(&self, wish: &Wish) -> Option<Deed> {
        let Wish { what, trip, who } = wish;
        let with = |trip, who| {
            let what = self.after_give_backs(wish, trip);
            Some(Deed { what, trip, who })
        };
        match what {
            What::Request(_) => return with(0, trip % RIDERS),
            What::BeginShift | What::EndShift => return with(0, who.unwrap_or(trip % DRIVERS)),
            What::Propose(_)
            | What::Reply(_)
            | What::Accept
            | What::Drive(_)
            | What::GiveBack
            | What::Leave(_)
            | What::Call(_)
            | What::Late
            | What::Block
            | What::Lapse
            | What::Open
            | What::Expire => {}
        }
        let those = |which: &dyn Fn(&Ride) -> bool| -> Vec<usize> {
            let numbers = 0..self.rides.len();
            numbers
                .filter(|number| which(&self.rides[*number]))
                .collect()
        };
        let mut possible = those(&|ride| who.is_some() || ride.is_ready_for(what));
        if possible.is_empty() {
            possible = those(&|ride| !ride.is_over());
        }
        let trip = *possible.get(trip.checked_rem(possible.len())?)?;
        let who = who.unwrap_or_else(|| self.somebody_who_may(what, trip));
        let is_of_rider = matches!(what, What::Leave(_));
        with(trip, if is_of_rider { who % RIDERS } else { who })
    }

    fn somebody_who_may(&self, what: &What, trip: usize) -> usize {
        let ride = &self.rides[trip];
        match what {
            What::Leave(_) => ride.rider,
            What::Reply(_) | What::Accept => {
                let mut open = self.open_offers().map(|(_, offer)| offer);
                // Whoever has an offer takes what is for everybody all the same.
                let offered = open.find(|offer| offer.trip == trip || !ride.is_offered());
                let free = (0..DRIVERS).find(|driver| !self.is_busy(*driver));
                offered.map(|offer| offer.driver).or(free).unwrap_or(0)
            }
            What::Drive(_) | What::GiveBack | What::Block => ride.driver.unwrap_or(0),
            What::Request(_)
            | What::Propose(_)
            | What::Call(_)
            | What::Late
            | What::Lapse
            | What::Open
            | What::Expire
            | What::BeginShift
            | What::EndShift => 0,
        }
    }

    /// A plan may be older than a give-back: it begins with those who had the trip. A sweep's is not.
    fn after_give_backs(&self, wish: &Wish, trip: usize) -> What {
        let What::Propose(round) = &wish.what else {
            return wish.what.clone();
        };
        if wish.who.is_some() {
            return wish.what.clone();
        }
        let mut drivers = self.rides[trip].given_back.clone();
        drivers.extend(&round.drivers);
        What::Propose(Round {
            drivers,
            ..round.clone()
        })
    }
}
