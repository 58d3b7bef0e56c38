//! How shifts begin and end.

use domain::core::{Command, Refusal, SearchStep};
use domain::{Actor, Allowance, Fact, Policy, Shift};

use super::service::{Service, at};
use crate::cast::{driver, vehicle};

fn begin(number: i64, seats: u8) -> Command {
    Command::BeginShift(driver(number), vehicle(seats))
}

fn end(number: i64) -> Command {
    Command::EndShift(driver(number), Actor::Driver(driver(number)))
}

#[test]
fn a_driver_has_one_shift_at_a_time() {
    let mut service = Service::new();
    service.wait(3);
    let begun = service.done(begin(0, 4));
    assert_eq!((begun.at, begun.actor), (at(3), Actor::Driver(driver(0))));
    let shift = Shift {
        id: 1,
        driver: driver(0),
        vehicle: vehicle(4),
        began_at: at(3),
        ended_at: None,
    };
    assert_eq!(begun.fact, Fact::Shift(shift.clone()));
    assert_eq!(
        service.refused(begin(0, 2)),
        Refusal::OnShift(shift.clone())
    );
    service.wait(4);
    let ended = service.done(end(0));
    let shift = Shift {
        ended_at: Some(at(7)),
        ..shift
    };
    assert_eq!(ended.fact, Fact::Shift(shift.clone()));
    assert_eq!(service.changes.ended_shifts, [shift]);
    assert_eq!(service.refused(end(0)), Refusal::NotOnShift);
    service.done(begin(1, 4));
    let again = service.done(begin(0, 4));
    assert!(matches!(again.fact, Fact::Shift(Shift { id: 3, .. })));
    assert_eq!(service.state().shifts[&driver(1)].id, 2);
}

#[test]
fn a_driver_drives_only_what_the_account_may() {
    let mut service = Service::new();
    let small = Allowance::of(vec![vehicle(2)]);
    let allowances = &mut service.memory.state_mut().allowances;
    allowances.insert(driver(0), small.clone());
    assert_eq!(service.refused(begin(0, 3)), Refusal::WrongVehicle(small));
    assert!(service.changes.is_empty());
    service.done(begin(0, 2));
    service.done(begin(1, 4));
}

#[test]
fn a_driver_with_a_trip_stays_on_shift() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Broadcast);
    service.accept(trip, 0);
    assert_eq!(service.refused(end(0)), Refusal::DriverBusy);
    service.done(end(1));
}

#[test]
fn the_end_of_a_shift_takes_the_offer_back() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0]);
    let event = service.done(end(0));
    assert!(matches!(event.fact, Fact::Shift(_)), "and not the offer's");
    let told = ["service: Withdrawn to 0", "driver: the shift ends"];
    assert_eq!(service.told(), told);
    assert_eq!(service.steps(trip), [SearchStep::Wake(at(0))]);
}
