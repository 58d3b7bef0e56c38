//! Faults of single writes and of the database, and which callers they concern.

use std::sync::atomic::{AtomicBool, Ordering};

use cabrank::domain::{Audience, Role, SessionId, UserId};
use cabrank::inputs;
use cabrank::store::db::Db;
use cabrank::store::pool::Unavailable;
use cabrank::store::writer::{CommandError, Tx};
use cabrank::store::{QueryResult, users};
use diesel::result::Error;
use jiff::SignedDuration;

use crate::support::{On, Test, execute};
use crate::tests;
use crate::town::{Town, Write, accept, changes, kinds, notify, request, say};

pub fn tests() -> Vec<Test> {
    tests![
        a_write_that_fails_does_not_fail_its_neighbours,
        a_write_that_fails_at_the_commit_does_not_fail_its_neighbours,
        a_write_that_fails_only_the_first_time_succeeds,
        a_lost_database_is_opened_again_and_nothing_is_announced_twice,
        a_database_that_is_lost_amid_a_batch_is_unavailable,
        the_database_is_checked_by_using_it,
    ]
    .to_vec()
}

pub fn on_postgres() -> Vec<Test> {
    tests![
        a_row_that_somebody_holds_does_not_fail_its_neighbours,
        a_connection_that_is_cut_fails_its_batch_alone,
        a_commit_that_may_have_happened_is_looked_into,
    ]
    .to_vec()
}

/// Whether a write succeeded.
type Done<'a> = Write<'a, bool>;

fn change(
    town: &Town,
    body: impl Fn(&mut Tx<'_>) -> QueryResult<()> + Send + 'static,
) -> Done<'static> {
    let writer = town.store.writer.clone();
    Box::pin(async move { writer.change(body).await.is_ok() })
}

fn command(town: &Town, command: cabrank::domain::core::Submission) -> Done<'static> {
    let sent = town.later(command);
    Box::pin(async move { sent.await.is_ok() })
}

/// A log-in of an account that does not exist, which the schema refuses.
fn open_session_of_nobody(tx: &mut Tx<'_>) -> QueryResult<()> {
    let (id, at) = (SessionId::new(inputs::fresh_id()), inputs::now());
    tx.session_ended(id);
    users::open_session(tx.db, id, UserId::new(99_999), at, at)
}

/// The same, but refused only at the commit.
fn open_session_of_nobody_late(tx: &mut Tx<'_>) -> QueryResult<()> {
    let defer = match tx.db {
        Db::Pg(_) => {
            "ALTER TABLE sessions ALTER CONSTRAINT sessions_user_id_fkey DEFERRABLE INITIALLY DEFERRED"
        }
        Db::Sqlite(_) => "PRAGMA defer_foreign_keys = ON",
    };
    execute(tx.db, defer)?;
    open_session_of_nobody(tx)
}

fn a_write_that_fails_does_not_fail_its_neighbours(on: On) {
    fails_alone(on, open_session_of_nobody);
    fails_alone(on, |_| Err(Error::NotFound));
    fails_alone(on, |_| Err(Error::RollbackTransaction));
}

fn a_write_that_fails_at_the_commit_does_not_fail_its_neighbours(on: On) {
    fails_alone(on, open_session_of_nobody_late);
}

fn fails_alone(on: On, body: impl Fn(&mut Tx<'_>) -> QueryResult<()> + Send + 'static) {
    let mut town = Town::on(on);
    assert_eq!(beside_two_commands(&mut town, body), [true, false, true]);
}

/// Deadlocks do that, and so does a unique violation between two nodes.
fn a_write_that_fails_only_the_first_time_succeeds(on: On) {
    let mut town = Town::on(on);
    let ran_before = AtomicBool::new(false);
    let body = move |tx: &mut Tx<'_>| match ran_before.swap(true, Ordering::Relaxed) {
        false => open_session_of_nobody_late(tx),
        true => Ok(()),
    };
    assert_eq!(beside_two_commands(&mut town, body), [true, true, true]);
}

/// The results of a write between two commands, in a batch that fails. The writes are repeated one by one and
/// announced. They must not be announced again when the connection is lost afterwards.
fn beside_two_commands(
    town: &mut Town,
    body: impl Fn(&mut Tx<'_>) -> QueryResult<()> + Send + 'static,
) -> Vec<bool> {
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    town.news();
    let done = town.in_one_batch(vec![
        command(town, accept(&trip, &bob)),
        change(town, body),
        command(town, request(&ann)),
    ]);
    let news = [town.news(), town.news()].concat();
    assert_eq!(kinds(&news), ["accepted", "requested"]);
    lose(town);
    let next = town.requested_by(&ann);
    assert_eq!(changes(&town.news())[0].trip, next);
    done
}

/// Makes the writer believe that its connection is broken, and waits until it has another.
fn lose(town: &Town) {
    let broken = town
        .store
        .writer
        .change(|_| QueryResult::<()>::Err(Error::BrokenTransactionManager));
    assert!(matches!(town.wait_for(broken), Err(Unavailable::Lost(_))));
    town.wait_for(async {
        while town.store.writer.change(|_| Ok(())).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
}

fn a_lost_database_is_opened_again_and_nothing_is_announced_twice(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    let broken = || |_: &mut Tx<'_>| QueryResult::<()>::Err(Error::BrokenTransactionManager);
    let done = town.in_one_batch(vec![command(&town, request(&ann)), change(&town, broken())]);
    assert_eq!(
        done,
        [false, false],
        "a lost database fails the whole batch"
    );
    lose(&town);
    let trip = town.requested_by(&ann);
    assert_eq!(changes(&town.news())[0].trip, trip);
    assert_eq!(town.log().len(), 1, "who got an error was not served");
}

/// The first write makes the batch be written one by one, and the second takes the lock away.
fn a_database_that_is_lost_amid_a_batch_is_unavailable(on: On) {
    let town = Town::alone_on(on);
    let ann = town.rider("ann");
    let take = |tx: &mut Tx<'_>| execute(tx.db, "DELETE FROM lock_holders");
    let requests = [request(&ann), request(&ann)].map(|request| -> Done<'_> {
        let answer = town.later(request);
        Box::pin(async {
            let lost = |why| matches!(why, CommandError::Unavailable(Unavailable::Lost(_)));
            answer.await.is_err_and(lost)
        })
    });
    let first = [change(&town, open_session_of_nobody), change(&town, take)];
    let done = town.in_one_batch(first.into_iter().chain(requests).collect());
    assert_eq!(done, [false, true, true, true]);
}

fn the_database_is_checked_by_using_it(on: On) {
    let town = Town::on(on);
    for _ in 0..2 {
        town.wait_for(town.store.check()).expect("it works");
    }
    // Another store, since the result of a check is used for a second.
    let town = Town::on(on);
    let drop_table = town
        .store
        .writer
        .change(|tx| execute(tx.db, "DROP TABLE health_checks"));
    town.wait_for(drop_table).expect("a table can be dropped");
    assert!(
        town.wait_for(town.store.check()).is_err(),
        "what cannot be written is noticed"
    );
}

fn a_row_that_somebody_holds_does_not_fail_its_neighbours(on: On) {
    let mut town = Town::on(on);
    let (ann, bob, cid) = (town.rider("ann"), town.driver("bob"), town.driver("cid"));
    let [held, free] = std::array::from_fn(|_| {
        let trip = town.requested_by(&ann);
        town.news();
        trip
    });
    let hurry = town
        .store
        .writer
        .change(|tx| execute(tx.db, "SET lock_timeout = 50"));
    town.wait_for(hurry).expect("a setting can be changed");
    let mut other = town.database.connect();
    let number = held.number;
    execute(
        &mut other,
        &format!("BEGIN; SELECT FROM trips WHERE id = {number} FOR UPDATE"),
    )
    .expect("another node holds the row");

    let done = town.in_one_batch(vec![
        command(&town, accept(&held, &bob)),
        command(&town, accept(&free, &cid)),
    ]);
    assert_eq!(done, [false, true]);
    execute(&mut other, "ROLLBACK").expect("the other node lets go");
    town.trip(accept(&held, &bob));
}

fn a_connection_that_is_cut_fails_its_batch_alone(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    let cut = |tx: &mut Tx<'_>| execute(tx.db, "SELECT pg_terminate_backend(pg_backend_pid())");
    let done = town.in_one_batch(vec![command(&town, request(&ann)), change(&town, cut)]);
    assert_eq!(done, [false, false]);
    lose(&town);
    let trip = town.requested_by(&ann);
    assert_eq!(changes(&town.news())[0].trip, trip);
    assert_eq!(town.log().len(), 1);
}

/// Ends its own connection during the commit. The function and the trigger are rolled back with everything else.
fn cut_at_the_commit(tx: &mut Tx<'_>) -> QueryResult<()> {
    execute(
        tx.db,
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS \
         $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$; \
         CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON health_checks DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION cut(); \
         INSERT INTO health_checks VALUES (2, now())",
    )
}

fn a_commit_that_may_have_happened_is_looked_into(on: On) {
    let mut town = Town::on(on);
    let (ann, bob, op) = (town.rider("ann"), town.driver("bob"), town.operator("op"));
    let trip = town.requested_by(&ann);
    town.trip(accept(&trip, &bob));
    town.news();
    town.news();
    let post = |post| -> Done<'static> {
        let writer = town.store.writer.clone();
        Box::pin(async move { writer.record(post).await.is_ok() })
    };
    let hour = SignedDuration::from_hours(1);
    let done = town.in_one_batch(vec![
        post(say(&trip, &ann, Role::Rider, "Hello")),
        post(notify(op, Audience::All, hour)),
        command(&town, request(&ann)),
        change(&town, cut_at_the_commit),
    ]);
    assert_eq!(done, [false; 4]);
    assert!(town.store.writer.is_unsure());
    lose(&town);
    assert!(
        !town.store.writer.is_unsure(),
        "the next write finds it out"
    );
    let next = town.requested_by(&ann);
    assert_eq!(changes(&town.news())[0].trip, next, "and nothing before it");
    assert_eq!(kinds(&town.log()), ["requested", "accepted", "requested"]);
}
