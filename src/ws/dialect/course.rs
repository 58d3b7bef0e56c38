//! The dialect of the Django Channels taxi course, on `/rider/` and `/driver/`: bare trip objects in both directions.

use serde_json::{Map, Value};

use super::bare::{BareRequest, SocketOwner, Style, idempotency_key, object};
use crate::domain::core::Stated;
use crate::domain::{
    Action, DriverId, Outset, Party, RiderId, Status, TripId, TripObject, TripRef,
};
use crate::fields::{Fields, Optionality};
use crate::problem::Problem;

/// The dialect of `/rider/` and `/driver/`.
pub static STYLE: Style = Style {
    name: "course",
    greets: true,
    read: |frame, owner| {
        let object = object(frame)?;
        let request = match owner {
            SocketOwner::Rider(rider) => request(&object, rider),
            SocketOwner::Driver(driver) => {
                let key = |fields: &mut Fields<'_>| Some((key(fields)?, None));
                update(&object, driver, key)
            }
        };
        Ok(request?.under(idempotency_key(&object)?))
    },
    trip: |trip| TripObject::from(trip).to_json(),
    to_others: None,
    refusal: |problem, _| problem.error_frame(),
    named: |_| None,
};

/// Reads a rider's request for a trip.
pub fn request(
    object: &Map<String, Value>,
    rider: &Party<RiderId>,
) -> Result<BareRequest, Problem> {
    let mut fields = Fields::among_others(object);
    let order = fields.order();
    fields.own("rider", rider.id.user(), &rider.username);
    if fields.value("driver", Optionality::Optional).is_some() {
        fields.refuse("driver", "A rider cannot choose the driver.");
    }
    if let Some(status) = fields.text("status", Optionality::Optional)
        && status != Status::Requested.as_str()
    {
        fields.refuse("status", "A rider cannot set the status.");
    }
    let request = order.map(|order| BareRequest::Trip(Box::new(order), None));
    Ok(fields.finish(request)?)
}

/// Reads a driver's action on a trip. `trip_of` reads the trip, and its number if the frame has that besides its key.
pub fn update(
    object: &Map<String, Value>,
    driver: &Party<DriverId>,
    trip_of: impl FnOnce(&mut Fields<'_>) -> Option<(TripRef, Option<i64>)>,
) -> Result<BareRequest, Problem> {
    let mut fields = Fields::among_others(object);
    let named = trip_of(&mut fields);
    let action = fields.parsed("status", Optionality::Required, |word| {
        action_to(word, driver)
    });
    let stated = Stated {
        number: named.and_then(|(_, number)| number),
        pick_up: fields.address("pick_up_address", Optionality::Optional),
        drop_off: fields.address("drop_off_address", Optionality::Optional),
        ..Stated::default()
    };
    fields.own("driver", driver.id.user(), &driver.username);
    let request = named
        .zip(action)
        .map(|((trip, _), action)| BareRequest::Act {
            trip,
            action: Box::new(action),
            stated,
            key: None,
        });
    Ok(fields.finish(request)?)
}

/// Reads the trip's key, which is required.
pub fn key(fields: &mut Fields<'_>) -> Option<TripRef> {
    fields.parsed("nk", Optionality::Required, |text| {
        let key = TripId::parse(text).ok_or("Not a trip's key.");
        key.map(TripRef::Key)
    })
}

/// The driver's action that leads to the status in a frame.
pub fn action_to(word: &str, driver: &Party<DriverId>) -> Result<Action, &'static str> {
    match Status::parse(word) {
        Some(Status::Accepted) => Ok(Action::Accept(driver.clone(), Outset::default())),
        Some(Status::Arrived) => Ok(Action::Arrive(driver.id, None)),
        Some(Status::InProgress) => Ok(Action::Start(driver.id, None)),
        Some(Status::Completed) => Ok(Action::Complete(driver.id, None)),
        Some(
            Status::Scheduled
            | Status::Requested
            | Status::Cancelled
            | Status::NoShow
            | Status::Expired,
        ) => Err("A driver cannot set this status."),
        None => Err("Not a valid choice: STARTED, ARRIVED, IN_PROGRESS or COMPLETED."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    fn ann() -> Party<RiderId> {
        let (first_name, last_name) = (String::new(), String::new());
        Party {
            id: RiderId::of(UserId::new(1)),
            username: "ann".to_owned(),
            first_name,
            last_name,
            photo: None,
        }
    }

    fn bob() -> Party<DriverId> {
        let (first_name, last_name) = (String::new(), String::new());
        Party {
            id: DriverId::of(UserId::new(2)),
            username: "bob".to_owned(),
            first_name,
            last_name,
            photo: None,
        }
    }

    fn by_rider(frame: &str) -> Result<BareRequest, Problem> {
        (STYLE.read)(frame, &SocketOwner::Rider(ann()))
    }

    fn by_driver(frame: &str) -> Result<BareRequest, Problem> {
        (STYLE.read)(frame, &SocketOwner::Driver(bob()))
    }

    #[test]
    fn the_lessons_frames_are_read() {
        let frame =
            r#"{"pick_up_address":"A","drop_off_address":"B","rider":{"id":1,"username":"ann"}}"#;
        let asked = by_rider(frame);
        assert!(
            matches!(asked, Ok(BareRequest::Trip(order, _)) if order.pick_up.address.as_str() == "A")
        );
        let nk = "0193a1b2c3d4e5f60718293a4b5c6d7e";
        let frame = format!(
            r#"{{"nk":"{nk}","pick_up_address":"A","drop_off_address":"B","status":"STARTED","driver":{{"id":2,"username":"bob"}}}}"#
        );
        let asked = by_driver(&frame);
        assert!(
            matches!(asked, Ok(BareRequest::Act { trip, action, .. }) if Some(trip) == TripRef::parse(nk) && matches!(*action, Action::Accept(..)))
        );
    }

    #[test]
    fn nobody_speaks_for_somebody_else() {
        let frame = r#"{"pick_up_address":"A","drop_off_address":"B","rider":{"id":9}}"#;
        assert!(by_rider(frame).is_err());
        let frame = r#"{"nk":"0193a1b2c3d4e5f60718293a4b5c6d7e","status":"STARTED","driver":{"username":"ben"}}"#;
        assert!(by_driver(frame).is_err());
    }

    #[test]
    fn no_other_status_can_be_set() {
        for status in ["REQUESTED", "CANCELLED", "EXPIRED", "started", ""] {
            let frame =
                format!(r#"{{"nk":"0193a1b2c3d4e5f60718293a4b5c6d7e","status":"{status}"}}"#);
            assert!(by_driver(&frame).is_err(), "{status}");
        }
        let frame = r#"{"pick_up_address":"A","drop_off_address":"B","status":"COMPLETED"}"#;
        assert!(by_rider(frame).is_err());
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for frame in ["", "x", "[]", "1", "null", "{", "\"a\""] {
            assert!(by_rider(frame).is_err(), "{frame}");
            assert!(by_driver(frame).is_err(), "{frame}");
        }
    }
}
