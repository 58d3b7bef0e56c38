//! How devices and drivers reply to offers, and what comes of offers to which nobody replies.

use domain::core::{Command, Effect, Refusal, Reply, SearchStep};
use domain::{MissedOffers, OfferOver, OfferState, Policy, TripId};

use super::service::{
    DECIDE_SECONDS, DELIVER_SECONDS, ETA_SECONDS, Service, accept, act, at, reply_to,
};
use crate::cast::driver;

/// A trip on offer to drivers 0 and 1.
fn offered() -> (Service, TripId) {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0, 1]);
    (service, trip)
}

fn missed(service: &Service, number: i64) -> Option<i64> {
    let missed = service.state().unresponsive.get(&driver(number));
    missed.map(|missed| missed.offers)
}

#[test]
fn a_device_acknowledges_an_offer_once() {
    let (mut service, trip) = offered();
    service.wait(1);
    let outcome = service.reply(trip, 0, Reply::Receive);
    assert_eq!(outcome.effect, Effect::Changed);
    let offer = outcome.offer.expect("the offer as it is now");
    assert_eq!(offer.state, OfferState::Delivered);
    assert_eq!(offer.due_at, at(1 + DECIDE_SECONDS));
    assert!(service.told().is_empty(), "nobody else need know");
    let saved = service.changes.changed_offers.get(&offer.id);
    assert_eq!(saved, Some(&(offer.clone(), at(1))));
    assert_eq!(service.state().open_offers.to(driver(0)), Some(&offer));
    service.wait(1);
    let again = service.reply(trip, 0, Reply::Receive);
    assert_eq!(
        (again.effect, again.offer),
        (Effect::AlreadyDone, Some(offer))
    );
    assert!(service.changes.is_empty());
}

#[test]
fn the_search_goes_on_when_the_last_offer_is_declined() {
    let (mut service, trip) = offered();
    service.reply(trip, 0, Reply::Receive);
    let outcome = service.reply(trip, 0, Reply::Decline);
    let state = outcome.offer.map(|offer| offer.state);
    assert_eq!(state, Some(OfferState::Declined));
    assert_eq!(service.told(), ["driver: Declined to 0"]);
    assert_eq!(service.steps(trip), [], "driver 1 may still accept");
    assert_eq!(service.asked(trip), [driver(1)]);
    assert_eq!(service.last_offer(trip, 0).state, OfferState::Declined);
    service.wait(2);
    service.reply(trip, 1, Reply::Decline);
    assert_eq!(service.steps(trip), [SearchStep::Wake(at(2))]);
    let search = service.state().searches[&trip];
    assert_eq!((search.round, search.look_at), (2, Some(at(2))));
    let again = service.reply(trip, 1, Reply::Decline);
    assert_eq!(again.effect, Effect::AlreadyDone);
}

#[test]
fn an_offer_that_no_device_acknowledges_is_missed() {
    let (mut service, trip) = offered();
    service.reply(trip, 0, Reply::Receive);
    service.wait(DELIVER_SECONDS - 1);
    let early = service.trip_after(Command::LapseOffers(trip));
    assert_eq!(early.effect, Effect::AlreadyDone);
    assert!(service.changes.is_empty());
    service.wait(1);
    let lapsed = service.trip_after(Command::LapseOffers(trip));
    assert_eq!(lapsed.effect, Effect::Changed);
    assert_eq!(service.told(), ["service: Undelivered to 1"]);
    assert_eq!((missed(&service, 0), missed(&service, 1)), (None, Some(1)));
    let noted = MissedOffers {
        offers: 1,
        last_at: at(DELIVER_SECONDS),
    };
    let saved = service.changes.unresponsive.get(&driver(1));
    assert_eq!(saved, Some(&Some(noted)));
    service.wait(DECIDE_SECONDS);
    service.trip_after(Command::LapseOffers(trip));
    assert_eq!(service.told(), ["service: Expired to 0"]);
    assert!(service.changes.unresponsive.is_empty());
    assert_eq!(missed(&service, 0), None, "the device is alive");
    service.offer(trip, &[1]);
    service.wait(DELIVER_SECONDS);
    service.trip_after(Command::LapseOffers(trip));
    assert_eq!(missed(&service, 1), Some(2));
    service.offer(trip, &[1]);
    service.reply(trip, 1, Reply::Receive);
    assert_eq!(missed(&service, 1), None);
    assert_eq!(service.changes.unresponsive.get(&driver(1)), Some(&None));
}

#[test]
fn a_reply_after_the_deadline_ends_the_offer_and_shows_that_the_device_is_alive() {
    let (mut service, trip) = offered();
    service.wait(DELIVER_SECONDS);
    let late = service.refused(reply_to(trip, 0, Reply::Receive));
    assert_eq!(late, Refusal::OfferOver(OfferOver(OfferState::Undelivered)));
    assert_eq!(service.told(), ["service: Undelivered to 0"]);
    assert_eq!(missed(&service, 0), None);
    let late = service.refused(act(domain::TripRef::Key(trip), accept(1)));
    assert_eq!(late, Refusal::OfferOver(OfferOver(OfferState::Undelivered)));
    assert_eq!(service.told(), ["service: Undelivered to 1"]);
    assert_eq!(service.steps(trip), [SearchStep::Wake(at(DELIVER_SECONDS))]);
    let again = service.refused(reply_to(trip, 1, Reply::Decline));
    assert_eq!(
        again,
        Refusal::OfferOver(OfferOver(OfferState::Undelivered))
    );
    assert!(service.told().is_empty());
}

#[test]
fn whoever_was_not_asked_cannot_reply() {
    let (mut service, trip) = offered();
    let other = service.request_by(1, Policy::Nearest);
    for reply in [Reply::Receive, Reply::Decline] {
        assert_eq!(
            service.refused(reply_to(trip, 2, reply)),
            Refusal::NotOffered
        );
        assert_eq!(
            service.refused(reply_to(other, 0, reply)),
            Refusal::NotOffered
        );
    }
}

#[test]
fn an_accept_takes_the_trip_from_the_others_who_were_asked() {
    let (mut service, trip) = offered();
    service.reply(trip, 0, Reply::Receive);
    let outcome = service.accept(trip, 0);
    assert_eq!(outcome.effect, Effect::Changed);
    let told = [
        "driver: Accepted to 0",
        "driver: Accepted",
        "service: Withdrawn to 1",
    ];
    assert_eq!(service.told(), told);
    assert_eq!(service.steps(trip).last(), Some(&SearchStep::End));
    assert_eq!(service.state().taken.get(&driver(0)), Some(&trip));
    assert_eq!(service.last_offer(trip, 0).state, OfferState::Accepted);
    assert_eq!(service.last_offer(trip, 1).state, OfferState::Withdrawn);
    let promised = service.trip(trip).conduct.late_after;
    assert!(promised.is_some(), "the offer's time is a promise");
    assert_eq!(missed(&service, 0), None);
    assert_eq!(missed(&service, 1), Some(1), "its device was outrun");
    let late = service.refused(act(domain::TripRef::Key(trip), accept(1)));
    assert!(matches!(
        late,
        Refusal::Trip(domain::TripRefusal::AlreadyTaken, _)
    ));
    service.refused(reply_to(trip, 1, Reply::Receive));
    assert_eq!(missed(&service, 1), None, "it was only slow");
}

#[test]
fn a_device_that_had_acknowledged_was_not_outrun() {
    let (mut service, trip) = offered();
    service.reply(trip, 1, Reply::Receive);
    service.accept(trip, 0);
    assert_eq!(missed(&service, 1), None);
}

#[test]
fn a_driver_who_takes_another_trip_loses_the_offer() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    let announced = service.request_by(1, Policy::Broadcast);
    service.offer(trip, &[0]);
    service.wait(1);
    service.accept(announced, 0);
    assert_eq!(
        service.told(),
        ["service: Withdrawn to 0", "driver: Accepted"]
    );
    assert_eq!(service.steps(trip), [SearchStep::Wake(at(1))]);
    let conduct = service.trip(announced).conduct;
    assert_eq!(conduct.late_after, None, "the offer was of another trip");
    let busy = service.refused(act(domain::TripRef::Key(trip), accept(0)));
    assert_eq!(busy, Refusal::DriverBusy);
}

#[test]
fn the_time_of_the_offer_is_what_the_rider_is_promised() {
    let (mut service, trip) = offered();
    service.accept(trip, 0);
    let order = service.trip(trip).order.clone();
    let grace = i64::from(order.duties().late_s);
    let promised = service.trip(trip).conduct.late_after;
    assert_eq!(promised, Some(at(ETA_SECONDS + grace)));
}

#[test]
fn only_one_driver_gets_a_trip_that_all_hear_of() {
    let mut service = Service::new();
    let trip = service.request(Policy::Broadcast);
    service.accept(trip, 0);
    assert_eq!(service.told(), ["driver: Accepted"]);
    for named in [domain::TripRef::Key(trip), domain::TripRef::Number(1)] {
        let second = service.refused(act(named, accept(1)));
        assert!(matches!(
            second,
            Refusal::Trip(domain::TripRefusal::AlreadyTaken, _)
        ));
    }
    let again = service.accept(trip, 0);
    assert_eq!(again.effect, Effect::AlreadyDone);
    let other = service.request_by(1, Policy::Broadcast);
    let busy = service.refused(act(domain::TripRef::Key(other), accept(0)));
    assert_eq!(busy, Refusal::DriverBusy);
}
