//! Devices that do not acknowledge their offers.

use cabrank::domain::core::{Command, Refusal, Reply, Submission};
use cabrank::domain::{DriverId, Party, Trip};
use cabrank::inputs;
use cabrank::store::silences;
use jiff::SignedDuration;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, begin_shift, command, kinds, propose, request_nearest};

pub fn tests() -> Vec<Test> {
    tests![what_is_answered_before_anybody_finds_it_late_ends_and_is_no_silence].to_vec()
}

fn receive(trip: &Trip, driver: &Party<DriverId>) -> Submission {
    command(Command::ReplyToOffer {
        trip: trip.id.into(),
        driver: driver.id,
        reply: Reply::Receive,
    })
}

/// The command, too late for the device to acknowledge an offer.
fn late(command: Submission) -> Submission {
    let at = command.at + SignedDuration::from_mins(1);
    Submission { at, ..command }
}

fn what_is_answered_before_anybody_finds_it_late_ends_and_is_no_silence(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    town.post(begin_shift(&bob)).expect("a driver may");
    let trip = town.trip(request_nearest(&ann));
    for answer in [receive(&trip, &bob), accept(&trip, &bob)] {
        town.trip(propose(&trip, &bob));
        town.trip(late(command(Command::LapseOffers(trip.id))));
        let silent = |db: &mut _| silences::lately(db, inputs::now());
        assert_eq!(town.read(silent)[&bob.id].offers, 1);
        town.trip(propose(&trip, &bob));
        let refused = town.refusal(late(answer));
        assert!(matches!(refused, Refusal::OfferOver(_)), "{refused}");
        assert!(town.read(silent).is_empty());
        assert_eq!(kinds(&town.log()).last(), Some(&"offer-ended"));
    }
}
