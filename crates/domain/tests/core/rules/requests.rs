//! Requests: how many trips a rider may have, and when a search begins.

use domain::core::{Command, Effect, OpenTrips, Refusal, SearchState, SearchStep};
use domain::{Action, Fact, Order, Policy, Status, TripEventKind};
use jiff::SignedDuration;

use super::service::{Service, at};
use crate::cast::{LIMITS, driver, operator, reason, rider};

/// An order whose search begins half a minute after the beginning.
fn later() -> Order {
    Order {
        policy: Policy::Nearest,
        opens_at: Some(at(30)),
        ..Order::default()
    }
}

fn open_trips(service: &Service, number: i64) -> (i64, i64) {
    let open = service.state().open_trips.get(&rider(number));
    let OpenTrips { active, scheduled } = open.copied().unwrap_or_default();
    (active, scheduled)
}

#[test]
fn a_request_makes_a_trip_and_begins_its_search() {
    let mut service = Service::new();
    service.wait(7);
    let trip = service.request(Policy::Nearest);
    assert_eq!(service.told(), ["rider: Requested"]);
    assert_eq!(service.trip(trip).state.status(), Status::Requested);
    assert_eq!(service.trip(trip).number, 1);
    assert!(!service.changes.is_empty());
    assert_eq!(service.changes.new_trips, [trip]);
    assert_eq!(service.changes.changed_trips, []);
    assert_eq!(service.steps(trip), [SearchStep::Begin(at(7))]);
    let begun = SearchState {
        round: 0,
        look_at: Some(at(7)),
    };
    assert_eq!(service.state().searches.get(&trip), Some(&begun));
    let Fact::Trip(change) = &service.changes.events[0].fact else {
        panic!("it is a change of a trip");
    };
    assert_eq!((change.trip.number, change.before), (1, None));
}

#[test]
fn a_trip_that_all_drivers_hear_of_has_no_search() {
    let mut service = Service::new();
    let trip = service.request(Policy::Broadcast);
    assert_eq!(service.steps(trip), []);
    assert!(service.state().searches.is_empty());
}

#[test]
fn a_rider_has_at_most_so_many_active_trips() {
    let mut service = Service::new();
    let trips = [Policy::Nearest, Policy::Batch, Policy::Broadcast];
    let trips = trips.map(|policy| service.request(policy));
    assert_eq!(open_trips(&service, 0), (3, 0));
    let more = service.request_of(0, Order::default());
    let more = Command::RequestTrip(more, LIMITS);
    assert_eq!(service.refused(more.clone()), Refusal::TooManyTrips(3));
    assert!(service.changes.is_empty());
    service.request_by(1, Policy::Nearest);
    let trip_for_later = service.request_of(0, later());
    service.trip_after(Command::RequestTrip(trip_for_later, LIMITS));
    assert_eq!(open_trips(&service, 0), (3, 1), "which count apart");
    service.act(trips[0], Action::Cancel(rider(0), None));
    assert_eq!(open_trips(&service, 0), (2, 1));
    assert_eq!(service.trip_after(more).effect, Effect::Changed);
}

#[test]
fn a_rider_has_at_most_so_many_trips_for_later() {
    let mut service = Service::new();
    let mut request = |number| {
        let request = service.request_of(number, later());
        let id = request.id;
        (id, Command::RequestTrip(request, LIMITS))
    };
    let (first, second, third, other) = (request(0), request(0), request(0), request(1));
    service.trip_after(first.1);
    assert_eq!(service.told(), ["rider: Scheduled"]);
    assert_eq!(service.steps(first.0), [], "its search begins later");
    service.trip_after(second.1);
    assert_eq!(service.refused(third.1.clone()), Refusal::TooManyTrips(2));
    service.trip_after(other.1);
    assert_eq!(open_trips(&service, 0), (0, 2));

    service.wait(30);
    service.act(first.0, Action::Open);
    assert_eq!(service.steps(first.0), [SearchStep::Begin(at(30))]);
    assert_eq!(open_trips(&service, 0), (1, 1), "it counts as active now");
    service.act(second.0, Action::Cancel(rider(0), None));
    assert_eq!(open_trips(&service, 0), (1, 0), "a trip that never began");
    service.trip_after(third.1);
    assert_eq!(open_trips(&service, 0), (2, 0), "its time has come already");
}

#[test]
fn whatever_ends_a_trip_gives_its_place_back() {
    let mut service = Service::with_drivers();
    for (n, end) in [
        Action::Cancel(rider(0), None),
        Action::Delete(rider(0)),
        Action::CancelByOperator(operator(), reason()),
        Action::Expire,
    ]
    .into_iter()
    .enumerate()
    {
        let trip = service.request(Policy::Nearest);
        assert_eq!(open_trips(&service, 0), (1, 0), "{n}");
        if matches!(end, Action::Expire) {
            service.wait(600);
        }
        service.act(trip, end);
        assert_eq!(open_trips(&service, 0), (0, 0), "{n}");
        assert_eq!(service.steps(trip), [SearchStep::End]);
        assert_eq!(service.state().searches.get(&trip), None);
    }
    let trip = service.request(Policy::Broadcast);
    for action in [
        super::service::accept(0),
        Action::Arrive(driver(0), None),
        Action::Start(driver(0), None),
    ] {
        service.act(trip, action);
        assert_eq!(open_trips(&service, 0), (1, 0));
    }
    service.act(trip, Action::Complete(driver(0), Some(Box::default())));
    assert_eq!(open_trips(&service, 0), (0, 0));
    service.act(trip, Action::Delete(rider(0)));
    assert_eq!(open_trips(&service, 0), (0, 0), "it was over already");
}

#[test]
fn a_trip_that_finds_nobody_expires() {
    let mut service = Service::new();
    let trip = service.request(Policy::Nearest);
    service.wait(600);
    let outcome = service.act(trip, Action::Expire);
    assert_eq!(outcome.trip.state.status(), Status::Expired);
    let told = [
        "service: Expired",
        "service: No driver was found for your trip.",
    ];
    assert_eq!(service.told(), told);
    let event = service.changes.event_of((trip, 2)).map(|event| &event.fact);
    let Some(Fact::Trip(change)) = event else {
        panic!("the event of revision 2");
    };
    assert_eq!(change.kind, TripEventKind::Expired);
    let before = change.before.map(|before| before.status);
    assert_eq!(before, Some(Status::Requested));
    assert_eq!(service.changes.event_of((trip, 1)), None);
    assert_eq!(
        change.trip.search_ends_at,
        at(0) + SignedDuration::from_secs(600)
    );
}
