//! Who may give commands, and about which trips.

use domain::core::{Command, Refusal};
use domain::{
    Action, Actor, Audience, MessageText, NoRoom, NoticeText, Notification, Policy, Role, Standing,
    TripId, TripRef, UserId,
};
use jiff::SignedDuration;
use uuid::Uuid;

use super::service::{Service, accept, act};
use crate::cast::{driver, operator, person, reason, rider, vehicle};

fn number(number: i64) -> TripRef {
    TripRef::Number(number)
}

#[test]
fn only_active_accounts_may_act() {
    let mut service = Service::new();
    service.set_standing(rider(1), Standing::Blocked);
    service.set_standing(driver(1), Standing::Pending);
    let request = service.request_of(1, domain::Order::default());
    let request = Command::RequestTrip(request, crate::cast::LIMITS);
    assert_eq!(service.refused(request), Refusal::NotActive);
    let shift = |number| Command::BeginShift(driver(number), vehicle(4));
    assert_eq!(service.refused(shift(1)), Refusal::NotActive);
    assert_eq!(service.refused(shift(99)), Refusal::NotActive, "nobody");
    assert!(service.changes.is_empty());
    service.done(shift(2));
    assert_eq!(service.told(), ["driver: the shift begins"]);
}

#[test]
fn the_service_acts_without_an_account() {
    let mut service = Service::with_drivers();
    service.done(Command::EndShift(driver(0), Actor::Service));
    assert_eq!(service.told(), ["service: the shift ends"]);
}

#[test]
fn a_trip_that_cannot_be_read_refuses_every_command_about_it() {
    let mut service = Service::new();
    let trip = service.request(Policy::Nearest);
    let corrupt = &mut service.memory.state_mut().corrupt;
    corrupt.extend([TripRef::Key(trip), number(1)]);
    let cancel = Action::Cancel(rider(0), None);
    for named in [TripRef::Key(trip), number(1)] {
        assert_eq!(
            service.refused(act(named, cancel.clone())),
            Refusal::Corrupt
        );
    }
    assert_eq!(
        service.refused(Command::LapseOffers(trip)),
        Refusal::Corrupt
    );
    let proposal = service.proposal(trip, &[], 1);
    assert_eq!(
        service.refused(Command::Propose(proposal)),
        Refusal::Corrupt
    );
    service.request(Policy::Nearest);
}

#[test]
fn riders_know_their_own_trips_only() {
    let mut service = Service::new();
    let trip = service.request(Policy::Nearest);
    for named in [TripRef::Key(trip), number(1)] {
        let cancel = act(named, Action::Cancel(rider(1), None));
        assert_eq!(service.refused(cancel), Refusal::UnknownTrip);
    }
    service.trip_after(act(number(1), Action::Cancel(rider(0), None)));
    service.act(trip, Action::Delete(rider(0)));
    let cancel = act(number(1), Action::Cancel(rider(0), None));
    assert_eq!(service.refused(cancel), Refusal::UnknownTrip, "put away");
}

#[test]
fn a_number_names_a_trip_only_to_drivers_who_have_heard_of_it() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0]);
    let accept_it = |by| act(number(1), accept(by));
    assert_eq!(service.refused(accept_it(1)), Refusal::UnknownTrip);
    let by_key = act(TripRef::Key(trip), accept(1));
    assert_eq!(service.refused(by_key), Refusal::NotOffered);
    service.trip_after(accept_it(0));
    let announced = service.request(Policy::Broadcast);
    service.trip_after(act(number(2), accept(1)));
    assert_eq!(service.state().taken.get(&driver(1)), Some(&announced));
    let none = [number(0), number(3), TripRef::Key(TripId::new(Uuid::max()))];
    for named in none {
        let cancel = act(named, Action::CancelByOperator(operator(), reason()));
        assert_eq!(service.refused(cancel), Refusal::UnknownTrip, "{named:?}");
    }
}

#[test]
fn the_parties_of_a_trip_write_to_each_other() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Broadcast);
    let say = |id: UserId, role| Command::SendMessage {
        trip: TripRef::Key(trip),
        sender: person(id, role),
        text: MessageText::parse("I am here").expect("a text"),
        open_for: SignedDuration::from_secs(60),
    };
    let by_rider = say(rider(0).user(), Role::Rider);
    let by_driver = say(driver(0).user(), Role::Driver);
    assert_eq!(
        service.refused(by_rider.clone()),
        Refusal::NoRoom(NoRoom::Closed)
    );
    service.accept(trip, 0);
    service.done(by_rider.clone());
    assert_eq!(service.told(), ["rider: I am here"]);
    let domain::Fact::Message(message) = &service.changes.events[0].fact else {
        panic!("it is a message");
    };
    let parties = (message.trip, message.rider, message.driver);
    assert_eq!(parties, (trip, rider(0), driver(0)));
    assert_eq!(message.sender.id, rider(0).user());
    service.done(by_driver);
    assert_eq!(service.told(), ["driver: I am here"]);
    let stranger = say(driver(1).user(), Role::Driver);
    assert_eq!(service.refused(stranger), Refusal::NoRoom(NoRoom::Stranger));
    service.act(trip, Action::Cancel(rider(0), None));
    service.wait(60);
    assert_eq!(service.refused(by_rider), Refusal::NoRoom(NoRoom::Closed));
}

#[test]
fn operators_send_notifications() {
    let mut service = Service::new();
    let notification = Notification {
        audience: Audience::All,
        text: NoticeText::parse("The bridge is closed").expect("a text"),
        expires_at: service.now(),
    };
    service.done(Command::Notify(operator(), notification));
    assert_eq!(service.told(), ["operator: The bridge is closed"]);
}

#[test]
fn only_the_refusals_of_a_trip_name_its_status() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Broadcast);
    let arrive = Action::Arrive(driver(0), None);
    let refusal = service.refused(act(TripRef::Key(trip), arrive));
    assert_eq!(refusal.trip_status(), Some(domain::Status::Requested));
    let (by_core, of_trip) = (
        Refusal::not_possible(service.trip(trip).clone(), "arrive"),
        refusal,
    );
    assert_eq!(by_core, of_trip);
    assert_eq!(Refusal::UnknownTrip.trip_status(), None);
}
