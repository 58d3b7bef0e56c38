//! Who receives events that are not changes of trips.

use super::*;

#[test]
fn a_message_reaches_the_two_parties_alone() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
    let driver = Listener::join(&mut roster, BOB, Role::Driver);
    let others = [Role::Rider, Role::Driver, Role::Operator]
        .map(|role| Listener::join(&mut roster, CAT, role));
    let message = Message {
        trip: trip().id,
        rider: RiderId::of(ANN),
        driver: DriverId::of(BOB),
        sender: sample::party(BOB),
        text: MessageText::parse("I am here").expect("a text"),
    };
    roster.announce(&happened(Fact::Message(message), 1), Instant::now());
    assert_eq!(
        (rider.heard(), driver.heard()),
        (vec!["message".to_owned()], vec!["message".to_owned()])
    );
    for other in &others {
        assert!(other.heard().is_empty());
    }
}

#[test]
fn a_notification_reaches_its_audience_alone() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
    let driver = Listener::join(&mut roster, BOB, Role::Driver);
    let operator = Listener::join(&mut roster, CAT, Role::Operator);
    for (audience, expected) in [
        (Audience::All, [1, 1, 1]),
        (Audience::Role(Role::Driver), [0, 1, 0]),
        (Audience::Role(Role::Operator), [0, 0, 1]),
        (Audience::User(ANN), [1, 0, 0]),
    ] {
        roster.announce(&notice(audience, 1), Instant::now());
        let heard = [&rider, &driver, &operator].map(|listener| listener.heard().len());
        assert_eq!(heard, expected, "{audience:?}");
    }
}
