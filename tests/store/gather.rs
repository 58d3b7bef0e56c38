//! Reading for many callers with few queries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cabrank::store::QueryResult;
use cabrank::store::db::Db;
use cabrank::store::gather::Gather;
use cabrank::store::pool::Unavailable;
use diesel::result::{DatabaseErrorKind, Error};
use futures_util::future::join_all;

use crate::support::{On, Test, execute};
use crate::tests;
use crate::town::Town;

pub fn tests() -> Vec<Test> {
    tests![
        a_caller_who_is_alone_is_served_at_once,
        five_thousand_callers_cost_a_few_reads,
        a_read_that_fails_fails_for_its_own_caller_alone,
        a_lost_database_is_not_asked_for_one_by_one,
        more_callers_than_may_wait_are_sent_away,
    ]
    .to_vec()
}

pub fn on_postgres() -> Vec<Test> {
    tests![what_takes_too_long_for_a_crowd_is_not_asked_for_one_by_one].to_vec()
}

/// Doubles numbers, and counts its reads.
fn doubling(town: &Town) -> (Gather<u64, u64>, Arc<AtomicUsize>) {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = reads.clone();
    let gather = Gather::new(&town.store.reader, move |db, keys: &[u64]| {
        counted.fetch_add(1, Ordering::Relaxed);
        db.ping()?;
        Ok(keys.iter().map(|key| key * 2).collect())
    });
    (gather, reads)
}

fn a_caller_who_is_alone_is_served_at_once(on: On) {
    let town = Town::on(on);
    let (gather, reads) = doubling(&town);
    for key in 1..=3 {
        assert_eq!(town.wait_for(gather.get(key)).ok(), Some(key * 2));
        let count = usize::try_from(key).expect("a few");
        assert_eq!(reads.load(Ordering::Relaxed), count, "nobody to wait for");
    }
}

fn five_thousand_callers_cost_a_few_reads(on: On) {
    const CALLERS: u64 = 5_000;
    let town = Town::on(on);
    let (gather, reads) = doubling(&town);
    let answers = town.wait_for(join_all((0..CALLERS).map(|key| gather.get(key))));
    let answers: Vec<u64> = answers
        .into_iter()
        .map(|answer| answer.expect("there is room for all"))
        .collect();
    let expected: Vec<u64> = (0..CALLERS).map(|key| key * 2).collect();
    assert_eq!(answers, expected, "each gets the answer to their own key");
    let reads = reads.load(Ordering::Relaxed);
    assert!(reads <= 5_000 / 50, "{reads} reads");
}

/// The first caller reads alone, so that the others gather meanwhile.
fn a_read_that_fails_fails_for_its_own_caller_alone(on: On) {
    let town = Town::on(on);
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = reads.clone();
    let gather = Gather::new(&town.store.reader, move |db, keys: &[u64]| {
        counted.fetch_add(1, Ordering::Relaxed);
        match keys.contains(&13) {
            true if matches!(db, Db::Pg(_)) => execute(db, "SELECT 9223372036854775807 + 1")?,
            true => return Err(Error::NotFound),
            false => db.ping()?,
        }
        Ok(keys.to_vec())
    });
    let answers = town.wait_for(join_all((0..100).map(|key| gather.get(key))));
    for (key, answer) in (0..100).zip(answers) {
        match answer {
            Ok(value) => assert_eq!(value, key),
            Err(error) => assert!(
                key == 13 && matches!(error, Unavailable::Query(_)),
                "{key}: {error}"
            ),
        }
    }
    assert_eq!(town.wait_for(gather.get(7)).ok(), Some(7));
    assert!(
        reads.load(Ordering::Relaxed) <= 103,
        "once for all, then one by one"
    );
}

/// How many reads it takes when reading fails for all of many callers.
fn all_fail(
    town: &Town,
    query: impl Fn(&mut Db, &[u64]) -> QueryResult<()> + Send + Sync + 'static,
) -> usize {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = reads.clone();
    let gather = Gather::new(&town.store.reader, move |db, keys: &[u64]| {
        counted.fetch_add(1, Ordering::Relaxed);
        query(db, keys)?;
        Ok(keys.to_vec())
    });
    let answers = town.wait_for(join_all((0..100).map(|key| gather.get(key))));
    let is_lost = |answer: &Result<u64, Unavailable>| matches!(answer, Err(Unavailable::Lost(_)));
    assert!(answers.iter().all(is_lost), "{answers:?}");
    reads.load(Ordering::Relaxed)
}

fn a_lost_database_is_not_asked_for_one_by_one(on: On) {
    let town = Town::on(on);
    let reads = all_fail(&town, |db, _| match db {
        Db::Pg(_) => execute(db, "SELECT pg_terminate_backend(pg_backend_pid())"),
        Db::Sqlite(_) => {
            let said = Box::new("disk I/O error".to_owned());
            Err(Error::DatabaseError(DatabaseErrorKind::Unknown, said))
        }
    });
    assert!(reads <= 2, "{reads} reads");
}

fn what_takes_too_long_for_a_crowd_is_not_asked_for_one_by_one(on: On) {
    let town = Town::on(on);
    let mut other = town.database.connect();
    let hold = "SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE health_checks";
    execute(&mut other, hold).expect("it is free");
    let reads = all_fail(&town, |db, keys| match keys {
        [_] => Ok(()),
        _ => execute(db, "SELECT FROM health_checks"),
    });
    assert_eq!(reads, 1);
    execute(&mut other, "ROLLBACK").expect("it was a transaction");
}

fn more_callers_than_may_wait_are_sent_away(on: On) {
    const WAITING_MAX: usize = 16_384;
    let town = Town::on(on);
    let (gather, _) = doubling(&town);
    let keys = 0..u64::try_from(WAITING_MAX + 10).expect("a small number");
    let answers = town.wait_for(join_all(keys.map(|key| gather.get(key))));
    let (served, sent_away): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((served.len(), sent_away.len()), (WAITING_MAX, 10));
    let is_busy = |answer: &Result<u64, Unavailable>| matches!(answer, Err(Unavailable::Busy));
    assert!(sent_away.iter().all(is_busy));
}
