//! Tests of how trips and rides end: with their measured distance, and without what was said before.

use domain::{Action, Change, Measured, Outset, RideEnding, Status, Trip, TripRefusal};

use crate::cast::{at, driver, measured, operator, party, reason, requested};

#[track_caller]
fn after(trip: &Trip, action: &Action) -> Trip {
    match trip.apply(action, at(1)) {
        Ok(Change::To(after)) => *after,
        other => panic!("{action:?} should have taken effect, but: {other:?}"),
    }
}

/// The actions that end a ride of driver 1 with this measured distance.
fn endings(way: Option<&Measured>) -> [Action; 3] {
    let end = |ending| Action::End(operator(1), ending, reason(), way.cloned().map(Box::new));
    [
        Action::Complete(driver(1), way.cloned().map(Box::new)),
        end(RideEnding::Completed),
        end(RideEnding::Cancelled),
    ]
}

#[test]
fn no_ride_ends_without_its_way() {
    let accept = Action::Accept(party(driver(1)), Outset::default());
    let taken = after(&requested(), &accept);
    let riding = after(&taken, &Action::Start(driver(1), None));
    for (without, with) in endings(None).iter().zip(&endings(Some(&measured()))) {
        assert_eq!(riding.apply(without, at(2)), Err(TripRefusal::NotMeasured));
        let over = after(&riding, with);
        assert!(over.ridden.is_some(), "{with:?}");
        assert_eq!(
            over.apply(without, at(3)),
            Ok(Change::AlreadyDone),
            "what is said twice needs no way"
        );
        assert!(
            matches!(
                taken.apply(without, at(2)),
                Err(TripRefusal::NotPossible { .. })
            ),
            "{without:?}"
        );
    }
    let stranger = Action::Complete(driver(2), None);
    assert_eq!(
        riding.apply(&stranger, at(2)),
        Err(TripRefusal::NotYourTrip),
        "whose it is comes first"
    );
}

#[test]
fn a_trip_that_expires_keeps_no_reason_of_an_earlier_change() {
    let accept = Action::Accept(party(driver(1)), Outset::default());
    let give_back = Action::GiveBack(driver(1), Some(reason()));
    let given_back = after(&after(&requested(), &accept), &give_back);
    assert_eq!(given_back.reason, Some(reason()));
    let expired = given_back.apply(&Action::Expire, given_back.search_ends_at);
    let Ok(Change::To(expired)) = expired else {
        panic!("its search time is over, but: {expired:?}");
    };
    assert_eq!(expired.state.status(), Status::Expired);
    assert_eq!(expired.reason, None);
}
