//! Tests of what changes a trip's price: other pins, and an operator.

use domain::{
    Action, Amendment, CancelReason, Change, Coordinates, Order, Outset, Place, PlaceChange,
    Reason, Tariff, Trip, TripRefusal,
};

use crate::cast::{
    after, amount, at, driver, in_a_town, in_a_town_with, measured, operator, ordered, party,
    place, reason, rider,
};

fn pin(lat: f64) -> Coordinates {
    Coordinates::new(lat, 10.0).expect("on the earth")
}

fn place_at(lat: f64) -> Place {
    Place {
        location: Some(pin(lat)),
        ..place("1 Main Street")
    }
}

/// An order in a town where a kilometre costs 1,000.
fn with_tariff() -> Order {
    in_a_town_with(Tariff {
        per_km: amount(1_000),
        ..Tariff::default()
    })
}

/// A trip over a hundredth of a degree, for which 1,446 m were quoted.
fn quoted() -> Trip {
    let mut order = with_tariff();
    if let Some(terms) = &mut order.terms {
        terms.quoted = terms.quote(1_446, 261);
    }
    ordered(place_at(48.0), place_at(48.01), order)
}

fn quote(trip: &Trip) -> Option<i64> {
    let terms = trip.order.terms.as_ref()?;
    terms.quoted.as_ref().map(|fare| fare.total)
}

/// An amendment of one of the places.
fn amend(
    which: fn(PlaceChange) -> Amendment,
    address: Option<&str>,
    location: Option<Option<Coordinates>>,
) -> Action {
    let address = address.map(|address| place(address).address);
    Action::Amend(rider(0), which(PlaceChange { address, location }))
}

fn pick_up(change: PlaceChange) -> Amendment {
    Amendment {
        pick_up: Some(change),
        drop_off: None,
    }
}

fn drop_off(change: PlaceChange) -> Amendment {
    Amendment {
        pick_up: None,
        drop_off: Some(change),
    }
}

#[test]
fn another_pin_is_quoted_anew_and_another_address_is_not() {
    let trip = quoted();
    assert_eq!((quote(&trip), trip.quoted_m()), (Some(1_446), Some(1_446)));
    let renamed = after(&trip, &amend(drop_off, Some("3 Market Place"), None));
    assert_eq!(renamed.order, trip.order);
    let further = after(&trip, &amend(drop_off, None, Some(Some(pin(48.02)))));
    assert_eq!(quote(&further), Some(2_891));
    assert_eq!(further.quoted_m(), Some(2_891));
    let nearer = after(&further, &amend(pick_up, None, Some(Some(pin(48.01)))));
    assert_eq!(quote(&nearer), Some(1_446));
}

#[test]
fn a_quoted_trip_keeps_its_pins() {
    let needed = |field| Err(TripRefusal::PinNeeded(field));
    let trip = quoted();
    let away = trip.apply(&amend(pick_up, None, Some(None)), at(1));
    assert_eq!(away, needed("pick_up_location"));
    let away = trip.apply(&amend(drop_off, None, Some(None)), at(1));
    assert_eq!(away, needed("drop_off_location"));
}

#[test]
fn a_trip_is_quoted_once_both_pins_are_there() {
    let trip = ordered(place_at(48.0), place("2 Side Street"), with_tariff());
    assert_eq!((quote(&trip), trip.quoted_m()), (None, None));
    let moved = after(&trip, &amend(pick_up, None, Some(Some(pin(48.02)))));
    assert_eq!(quote(&moved), None);
    let without = after(&trip, &amend(pick_up, None, Some(None)));
    assert_eq!(quote(&without), None);
    let both = after(&trip, &amend(drop_off, None, Some(Some(pin(48.01)))));
    assert_eq!(quote(&both), Some(1_446));
    let free = ordered(place_at(48.0), place_at(48.01), Order::default());
    let moved = after(&free, &amend(drop_off, None, Some(Some(pin(48.02)))));
    assert_eq!(moved.order, free.order, "where nothing has a price");
}

fn completed(order: Order) -> Trip {
    let trip = ordered(place_at(48.0), place_at(48.01), order);
    let accept = Action::Accept(party(driver(1)), Outset::default());
    let riding = after(&after(&trip, &accept), &Action::Start(driver(1), None));
    after(
        &riding,
        &Action::Complete(driver(1), Some(Box::new(measured()))),
    )
}

#[test]
fn an_operator_sets_another_fare_and_the_computed_one_is_kept() {
    let trip = completed(with_tariff());
    let computed = trip.fare.clone();
    assert_eq!(computed.as_ref().map(|fare| fare.total), Some(100));
    let set = |units, reason: &Reason| Action::SetFare(operator(1), amount(units), reason.clone());
    let other_reason = Reason::parse("A detour").expect("a reason");
    let lower = after(&trip, &set(70, &reason()));
    assert_eq!(lower.fare.as_ref().map(|fare| fare.total), Some(70));
    let again = lower.apply(&set(70, &reason()), at(2));
    assert_eq!(again, Ok(Change::AlreadyDone));
    for changed in [set(80, &reason()), set(70, &other_reason)] {
        let changed = after(&lower, &changed);
        let kept = changed
            .fare_set
            .as_ref()
            .and_then(|set| set.computed.clone());
        assert_eq!(kept, computed);
    }
    let free = completed(Order::default());
    let refused = free.apply(&set(70, &reason()), at(2));
    assert_eq!(refused, Err(TripRefusal::NoCurrency));
}

#[test]
fn a_fee_is_set_only_where_there_is_one() {
    let set = Action::SetFare(operator(1), amount(70), reason());
    let trip = ordered(place_at(48.0), place_at(48.01), in_a_town());
    let free = after(&trip, &Action::Cancel(rider(0), None));
    assert!(matches!(
        free.apply(&set, at(2)),
        Err(TripRefusal::NotPossible { .. })
    ));
    let trip = Trip {
        fare: completed(with_tariff()).fare,
        ..free
    };
    assert_eq!(after(&trip, &set).fare.map(|fare| fare.total), Some(70));
}

#[test]
fn a_rider_gives_one_of_the_reasons_of_the_town() {
    let mut order = in_a_town();
    if let Some(terms) = &mut order.terms {
        let reason = reason();
        terms.reasons = vec![CancelReason { reason, free: true }];
    }
    let trip = ordered(place_at(48.0), place_at(48.01), order);
    let cancel = |reason| Action::Cancel(rider(0), Some(reason));
    let other = Reason::parse("A detour").expect("a reason");
    let refused = trip.apply(&cancel(other), at(1));
    assert_eq!(refused, Err(TripRefusal::UnknownReason));
    assert_eq!(after(&trip, &cancel(reason())).reason, Some(reason()));
}
