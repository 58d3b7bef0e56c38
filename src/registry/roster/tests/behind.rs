//! Sockets that fall behind, and sockets that follow their streams without gaps.

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;

/// A part of the drivers' stream that a driver's socket must receive from the log.
fn requests(first: i64, last: i64) -> Vec<Missed> {
    vec![Missed {
        stream: Stream::Drivers,
        first,
        last,
    }]
}

/// For each socket that is ready, the parts that it must receive from the log.
fn missed(roster: &mut Roster, now: Instant) -> Vec<(SocketId, Vec<Missed>)> {
    let lagging = roster.lagging(10, now).into_iter();
    lagging.map(|one| (one.socket, one.missed)).collect()
}

#[test]
fn a_socket_that_fell_behind_is_refilled_and_then_live_again() {
    let mut roster = Roster::default();
    let driver = Listener::join(&mut roster, BOB, Role::Driver);
    let now = Instant::now();
    driver.fill();
    roster.announce(&requested(5), now);
    roster.announce(&requested(6), now);
    assert_eq!(missed(&mut roster, now), [], "its queue is not empty yet");
    driver.heard();
    assert_eq!(missed(&mut roster, now), [(driver.id, requests(5, 6))]);
    assert_eq!(missed(&mut roster, now), [], "one refill at a time");
    roster.announce(&requested(7), now);
    roster.refilled(driver.id, &[(Stream::Drivers, 6)], &[], now);
    assert_eq!(
        missed(&mut roster, now),
        [(driver.id, requests(7, 7))],
        "what came meanwhile is missed as well"
    );
    roster.refilled(driver.id, &[(Stream::Drivers, 7)], &[], now);
    roster.announce(&requested(8), now);
    assert_eq!(driver.heard(), ["requested 1"]);
}

#[test]
fn a_refill_serves_so_many_sockets_and_no_more() {
    let mut roster = Roster::default();
    let drivers = [ANN, BOB, CAT].map(|id| Listener::join(&mut roster, id, Role::Driver));
    for driver in &drivers {
        driver.fill();
    }
    let now = Instant::now();
    roster.announce(&requested(5), now);
    for driver in &drivers {
        driver.heard();
    }
    assert_eq!(roster.lagging(2, now).len(), 2);
    assert_eq!(roster.lagging(2, now).len(), 1);
}

#[test]
fn a_socket_that_stays_behind_is_closed_and_told_to_come_back() {
    let mut roster = Roster::default();
    let driver = Listener::join(&mut roster, BOB, Role::Driver);
    let now = Instant::now();
    driver.fill();
    roster.announce(&requested(1), now);
    roster.lagging(1, now + BEHIND_MAX);
    assert!(!driver.outbound.is_closing());
    roster.lagging(1, now + BEHIND_MAX + Duration::from_millis(1));
    assert_eq!(driver.next(), Poll::Ready(Next::Close(Closing::SLOW)));
}

#[test]
fn an_operator_who_cannot_keep_pace_is_told_of_other_peoples_trips_from_the_log() {
    let mut roster = Roster::default();
    let now = Instant::now();
    let operator = Listener::join(&mut roster, CAT, Role::Operator);
    operator.fill();
    for sequence in 1..=3 {
        roster.announce(&requested(sequence), now);
    }
    assert!(!operator.outbound.is_closing());
    assert!(operator.heard().iter().all(|frame| frame == "x"));
    let stream = Stream::Staff;
    let (first, last) = (1, 3);
    let part = Missed {
        stream,
        first,
        last,
    };
    assert_eq!(missed(&mut roster, now), [(operator.id, vec![part])]);
    roster.refilled(operator.id, &[(stream, last)], &[], now);
    roster.announce(&requested(4), now);
    assert_eq!(operator.heard(), ["requested 1"]);
}

/// Writes each stream without gaps, beginning at the given sequences.
#[derive(Default)]
struct Strict(Mutex<HashMap<Stream, i64>>);

impl Strict {
    fn follow(&self, stream: Stream, next: i64) {
        self.0.lock().expect("no panic").insert(stream, next);
    }
}

impl Subscriber for Strict {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let mut nexts = self.0.lock().expect("no panic");
        for position in &shared.event().positions {
            let Some(next) = nexts.get_mut(&position.stream) else {
                continue;
            };
            if position.sequence > *next {
                return Err(NotDelivered);
            }
            if position.sequence == *next {
                let words = format!("{} {next}", position.stream);
                outbound.push(words.into()).map_err(|_| NotDelivered)?;
                *next += 1;
            }
        }
        Ok(())
    }

    fn next_sequence(&self, stream: Stream) -> Option<i64> {
        self.0.lock().expect("no panic").get(&stream).copied()
    }
}

/// A driver who follows the drivers' stream from `next` on, while the stream has reached `head`.
fn follower(roster: &mut Roster, next: i64, head: i64) -> (Listener, Arc<Strict>) {
    let subscriber = Arc::new(Strict::default());
    let driver = Listener::join_with(roster, BOB, Role::Driver, subscriber.clone());
    subscriber.follow(Stream::Drivers, next);
    roster.follow(driver.id, &[(Stream::Drivers, head)], Instant::now());
    (driver, subscriber)
}

#[test]
fn a_follower_that_has_missed_nothing_is_live() {
    let mut roster = Roster::default();
    let (driver, _) = follower(&mut roster, 4, 3);
    let now = Instant::now();
    assert_eq!(missed(&mut roster, now), []);
    roster.announce(&requested(3), now);
    roster.announce(&requested(4), now);
    assert_eq!(driver.heard(), ["drivers:main 4"]);
}

#[test]
fn a_follower_is_first_told_what_lies_between() {
    let mut roster = Roster::default();
    let (driver, subscriber) = follower(&mut roster, 2, 3);
    let now = Instant::now();
    roster.announce(&requested(4), now);
    assert!(driver.heard().is_empty(), "nothing overtakes");
    assert_eq!(missed(&mut roster, now), [(driver.id, requests(2, 4))]);
    for sequence in 2..=4 {
        let delivered =
            subscriber.deliver(&mut SharedEvent::of(&requested(sequence)), &driver.outbound);
        assert_eq!(delivered, Ok(()));
    }
    roster.refilled(driver.id, &[(Stream::Drivers, 4)], &[], now);
    roster.announce(&requested(5), now);
    let heard = [2, 3, 4, 5].map(|sequence| format!("drivers:main {sequence}"));
    assert_eq!(driver.heard(), heard);
}

#[test]
fn a_follower_that_finds_a_gap_is_told_what_lies_between() {
    let mut roster = Roster::default();
    let (driver, _) = follower(&mut roster, 2, 1);
    let now = Instant::now();
    // Another node has written 2 and 3, and this node has not read them yet.
    roster.announce(&requested(4), now);
    assert_eq!(missed(&mut roster, now), [(driver.id, requests(2, 4))]);
}

#[test]
fn a_socket_that_is_behind_may_begin_to_follow() {
    let mut roster = Roster::default();
    let subscriber = Arc::new(Strict::default());
    let driver = Listener::join_with(&mut roster, BOB, Role::Driver, subscriber.clone());
    let now = Instant::now();
    let own = Stream::User(BOB);
    subscriber.follow(own, 1);
    driver.fill();
    roster.announce(&notice(Audience::User(BOB), 1), now);
    subscriber.follow(Stream::Drivers, 3);
    roster.follow(driver.id, &[(Stream::Drivers, 9), (own, 1)], now);
    driver.heard();
    let of_own = Missed {
        stream: own,
        first: 1,
        last: 1,
    };
    let all = [vec![of_own], requests(3, 9)].concat();
    assert_eq!(missed(&mut roster, now), [(driver.id, all)]);
}

#[test]
fn a_refill_that_began_before_the_follower_did_does_not_count_for_it() {
    let mut roster = Roster::default();
    let subscriber = Arc::new(Strict::default());
    let driver = Listener::join_with(&mut roster, BOB, Role::Driver, subscriber.clone());
    let now = Instant::now();
    subscriber.follow(Stream::Drivers, 5);
    driver.fill();
    roster.announce(&requested(5), now);
    driver.heard();
    assert_eq!(missed(&mut roster, now), [(driver.id, requests(5, 5))]);
    subscriber.follow(Stream::Drivers, 2);
    roster.follow(driver.id, &[(Stream::Drivers, 5)], now);
    roster.refilled(driver.id, &[(Stream::Drivers, 5)], &[], now);
    assert_eq!(missed(&mut roster, now), [(driver.id, requests(2, 5))]);
}
