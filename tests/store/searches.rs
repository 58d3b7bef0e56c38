//! Which drivers a search does not ask again.

use cabrank::domain::core::{Command, Reply};
use cabrank::domain::{Action, DriverId, Party, Trip};
use cabrank::inputs;
use cabrank::store::searches;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, act, begin_shift, command, propose, request_nearest};

pub fn tests() -> Vec<Test> {
    tests![who_has_declined_may_be_asked_in_the_next_attempt].to_vec()
}

/// The drivers whom the only due search does not ask now.
fn excluded(town: &Town) -> Vec<DriverId> {
    let due = town.read(|db| searches::due(db, inputs::now(), 10));
    due.into_iter()
        .flat_map(|search| search.asked.not_now)
        .collect()
}

fn decline(trip: &Trip, driver: &Party<DriverId>) -> Command {
    Command::ReplyToOffer {
        trip: trip.id.into(),
        driver: driver.id,
        reply: Reply::Decline,
    }
}

fn who_has_declined_may_be_asked_in_the_next_attempt(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    let (near, far) = (town.driver("near"), town.driver("far"));
    for driver in [&near, &far] {
        town.post(begin_shift(driver)).expect("a driver may");
    }
    let trip = town.trip(request_nearest(&ann));
    town.trip(propose(&trip, &near));
    town.trip(command(decline(&trip, &near)));
    assert_eq!(excluded(&town), [near.id]);
    town.trip(propose(&trip, &far));
    town.trip(accept(&trip, &far));
    town.trip(act(&trip, Action::GiveBack(far.id, None)));
    assert_eq!(excluded(&town), [far.id], "who gave it back is never asked");
}
