//! Notifications: who is shown which, until they are read or expire.

use cabrank::domain::{Audience, Event, OperatorId, Role, Stream, UserId};
use cabrank::inputs;
use cabrank::store::notifications::{self, LIST_MAX, NotificationReader};
use jiff::{SignedDuration, Timestamp};

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, Write, accept, act, notify};

pub fn tests() -> Vec<Test> {
    tests![
        everybody_is_shown_what_is_for_them,
        what_is_read_is_shown_no_more_and_only_to_who_read_it,
        what_has_expired_is_shown_no_more_and_forgotten,
        a_list_is_bounded_and_the_count_is_not,
        the_service_tells_the_parties_what_they_must_know,
    ]
    .to_vec()
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn reader(user: impl Into<UserId>, role: Role) -> NotificationReader {
    let user = user.into();
    NotificationReader {
        user,
        streams: Stream::of(user, role),
        at: inputs::now(),
    }
}

fn numbers(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.id).collect()
}

/// The notifications that each reader is shown. The counts must agree with the lists.
fn unread(town: &Town, readers: &[NotificationReader]) -> Vec<Vec<i64>> {
    let all = readers.to_vec();
    let counts = town.read(move |db| notifications::count_unread(db, &all));
    let shown: Vec<Vec<i64>> = readers
        .iter()
        .cloned()
        .map(|reader| numbers(&town.read(move |db| notifications::unread(db, &reader))))
        .collect();
    let lengths = shown.iter().map(|shown| i64::try_from(shown.len()));
    assert_eq!(
        counts.into_iter().map(Ok).collect::<Vec<_>>(),
        lengths.collect::<Vec<_>>()
    );
    shown
}

fn mark_read(town: &Town, reader: &NotificationReader, which: Option<Vec<i64>>) {
    let reader = reader.clone();
    let marked = town
        .store
        .writer
        .change(move |tx| notifications::mark_read(tx.db, &reader, which.as_deref()));
    town.wait_for(marked).expect("marks can be written");
}

fn purge(town: &Town, at: Timestamp) -> usize {
    let purged = town
        .store
        .writer
        .change(move |tx| notifications::purge(tx.db, at, 500));
    town.wait_for(purged).expect("rows can be deleted")
}

fn send(town: &Town, op: OperatorId, audience: Audience, life: SignedDuration) -> i64 {
    let sent = town.post(notify(op, audience, life));
    sent.expect("an operator may").id
}

fn everybody_is_shown_what_is_for_them(on: On) {
    let mut town = Town::on(on);
    let (ann, bob, op) = (town.rider("ann"), town.driver("bob"), town.operator("op"));
    assert_eq!(unread(&town, &[]), Vec::<Vec<i64>>::new());
    let [all, riders, drivers, own] = [
        Audience::All,
        Audience::Role(Role::Rider),
        Audience::Role(Role::Driver),
        Audience::User(ann.id.user()),
    ]
    .map(|audience| {
        let sent = send(&town, op, audience, HOUR);
        let news = town.news();
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].streams(), [audience.stream()]);
        sent
    });
    let readers = [
        reader(ann.id, Role::Rider),
        reader(bob.id, Role::Driver),
        reader(op, Role::Operator),
        reader(town.rider("eve").id, Role::Rider),
    ];
    let shown = [
        vec![own, riders, all],
        vec![drivers, all],
        vec![all],
        vec![riders, all],
    ];
    assert_eq!(unread(&town, &readers), shown, "the newest first");
}

fn what_is_read_is_shown_no_more_and_only_to_who_read_it(on: On) {
    let town = Town::on(on);
    let (ann, bob, op) = (town.rider("ann"), town.driver("bob"), town.operator("op"));
    let [one, two] = [Audience::All, Audience::All].map(|all| send(&town, op, all, HOUR));
    let of_bob = send(&town, op, Audience::User(bob.id.user()), HOUR);
    let readers = [reader(ann.id, Role::Rider), reader(bob.id, Role::Driver)];
    for _ in 0..2 {
        // One is not hers, and one does not exist.
        mark_read(&town, &readers[0], Some(vec![one, of_bob, 99_999]));
        assert_eq!(unread(&town, &readers), [vec![two], vec![of_bob, two, one]]);
    }
    mark_read(&town, &readers[0], Some(Vec::new()));
    assert_eq!(unread(&town, &readers)[0], [two]);
    for _ in 0..2 {
        mark_read(&town, &readers[1], None);
        assert_eq!(unread(&town, &readers), [vec![two], vec![]]);
    }
    let late = send(&town, op, Audience::All, HOUR);
    assert_eq!(unread(&town, &readers), [vec![late, two], vec![late]]);
}

fn what_has_expired_is_shown_no_more_and_forgotten(on: On) {
    let town = Town::on(on);
    let (ann, op) = (town.rider("ann"), town.operator("op"));
    let short = send(&town, op, Audience::All, HOUR);
    let read = send(&town, op, Audience::All, HOUR);
    let long = send(&town, op, Audience::All, HOUR * 3);
    let mut ann = reader(ann.id, Role::Rider);
    mark_read(&town, &ann, Some(vec![read]));
    assert_eq!(unread(&town, &[ann.clone()]), [[long, short]]);
    ann.at += HOUR * 2;
    assert_eq!(unread(&town, &[ann.clone()]), [[long]]);
    assert_eq!(purge(&town, ann.at - HOUR * 2), 0);
    assert_eq!(purge(&town, ann.at), 2, "the one that was read as well");
    assert_eq!(purge(&town, ann.at), 0);
    assert_eq!(unread(&town, &[ann]), [[long]]);
    assert_eq!(
        numbers(&town.log()),
        [short, read, long],
        "the log keeps them"
    );
}

fn a_list_is_bounded_and_the_count_is_not(on: On) {
    let town = Town::on(on);
    let (ann, op) = (town.rider("ann"), town.operator("op"));
    let writes = (0..=LIST_MAX).map(|_| -> Write<'static, bool> {
        let writer = town.store.writer.clone();
        let notice = notify(op, Audience::All, HOUR);
        Box::pin(async move { writer.record(notice).await.is_ok() })
    });
    let sent = town.in_one_batch(writes.collect());
    assert!(sent.into_iter().all(|sent| sent));
    let reader = reader(ann.id, Role::Rider);
    let (list, count) = town.read(move |db| {
        let list = notifications::unread(db, &reader)?;
        Ok((list, notifications::count_unread(db, &[reader])?))
    });
    assert_eq!(i64::try_from(list.len()), Ok(LIST_MAX));
    assert_eq!(count, [LIST_MAX + 1]);
}

fn the_service_tells_the_parties_what_they_must_know(on: On) {
    use cabrank::domain::Action;
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    town.trip(accept(&trip, &bob));
    let readers = [reader(ann.id, Role::Rider), reader(bob.id, Role::Driver)];
    let counts = || {
        unread(&town, &readers)
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(), [0, 0]);
    town.trip(act(&trip, Action::Arrive(bob.id, None)));
    assert_eq!(counts(), [1, 0]);
    town.trip(act(&trip, Action::Cancel(ann.id, None)));
    assert_eq!(counts(), [1, 1], "who calls it off knows");
}
