//! `docs/transitions.txt` says what every action does in every state; it is made from `Trip::apply` and compared.

use std::fmt::Write;
use std::path::Path;

use cabrank::domain::{Action, Amendment, Change, Ending, PlaceChange, Refusal, Trip};

use crate::cast::{SEARCH_SECONDS, at, driver, operator, party, place, reason, requested, rider};

const HEADER: &str = "\
# What every action does in every state. Made from Trip::apply and checked by tests/domain/table.rs;
# after a change that is meant, write it anew: UPDATE_TABLE=1 cargo test --test domain the_table
#
# The trip is rider 1's; where somebody has taken it, it was driver 1; where an operator acted, it was operator 1.
#
# STATUS             the trip is now there
# STATUS, removed    the same, and its rider has deleted it: gone for them, and for nobody else
# already done       the same actor had done the same: the same answer again, nothing changes
# - reason           refused
";

/// The trip after one more action, which must take effect.
fn after(trip: &Trip, action: &Action) -> Trip {
    match trip.apply(action, at(1)) {
        Ok(Change::To(after)) => *after,
        other => panic!("{action:?} should have taken effect, but: {other:?}"),
    }
}

/// Every state that the rules tell apart.
fn states() -> Vec<(&'static str, Trip)> {
    let requested = requested();
    let started = after(&requested, &Action::Accept(party(driver(1))));
    let arrived = after(&started, &Action::Arrive(driver(1)));
    let riding = after(&arrived, &Action::Start(driver(1)));
    let by_rider = Action::Cancel(rider(0), None);
    let by_operator = Action::CancelByOperator(operator(1), reason());
    let end_well = Action::End(operator(1), Ending::Completed, reason());
    let end_badly = Action::End(operator(1), Ending::Cancelled, reason());
    let expired = match requested.apply(&Action::Expire, at(SEARCH_SECONDS)) {
        Ok(Change::To(expired)) => *expired,
        other => panic!("the search should be over, but: {other:?}"),
    };
    let completed = after(&riding, &Action::Complete(driver(1)));
    let cancelled = after(&requested, &by_rider);
    let removed = |trip: &Trip| after(trip, &Action::Delete(rider(0)));
    vec![
        ("COMPLETED by driver 1, removed", removed(&completed)),
        ("CANCELLED by rider 1, removed", removed(&cancelled)),
        ("EXPIRED, removed", removed(&expired)),
        ("COMPLETED by driver 1", completed),
        ("COMPLETED by operator 1", after(&riding, &end_well)),
        ("CANCELLED by rider 1, untaken", cancelled),
        ("CANCELLED by rider 1, taken", after(&started, &by_rider)),
        (
            "CANCELLED by operator 1, untaken",
            after(&requested, &by_operator),
        ),
        (
            "CANCELLED by operator 1, taken",
            after(&arrived, &by_operator),
        ),
        (
            "CANCELLED by operator 1, under way",
            after(&riding, &end_badly),
        ),
        ("EXPIRED", expired),
        ("REQUESTED", requested),
        ("STARTED", started),
        ("ARRIVED", arrived),
        ("IN_PROGRESS", riding),
    ]
}

/// Every action, by those it is meant for and by others, with the second in which it is tried.
fn actions() -> Vec<(String, Action, i64)> {
    let mut actions = Vec::new();
    let mut add = |words: String, action| actions.push((words, action, 2));
    for number in [1, 2] {
        add(
            format!("accept by driver {number}"),
            Action::Accept(party(driver(number))),
        );
        add(
            format!("arrive by driver {number}"),
            Action::Arrive(driver(number)),
        );
        add(
            format!("start by driver {number}"),
            Action::Start(driver(number)),
        );
        add(
            format!("complete by driver {number}"),
            Action::Complete(driver(number)),
        );
        add(
            format!("cancel by rider {number}"),
            Action::Cancel(rider(number - 1), None),
        );
        let elsewhere = || {
            Some(PlaceChange {
                address: Some(place("Elsewhere").address),
                location: None,
            })
        };
        for (words, pick_up, drop_off) in [
            ("pick-up", elsewhere(), None),
            ("drop-off", None, elsewhere()),
        ] {
            let amendment = Amendment { pick_up, drop_off };
            add(
                format!("amend the {words} by rider {number}"),
                Action::Amend(rider(number - 1), amendment),
            );
        }
        add(
            format!("delete by rider {number}"),
            Action::Delete(rider(number - 1)),
        );
        let by = operator(number);
        add(
            format!("cancel by operator {number}"),
            Action::CancelByOperator(by, reason()),
        );
        for (words, ending) in [
            ("completed", Ending::Completed),
            ("cancelled", Ending::Cancelled),
        ] {
            let action = Action::End(by, ending, reason());
            add(format!("end as {words} by operator {number}"), action);
        }
    }
    add("expire in the search time".to_owned(), Action::Expire);
    actions.push((
        "expire after the search time".to_owned(),
        Action::Expire,
        SEARCH_SECONDS,
    ));
    actions
}

fn result(trip: &Trip, action: &Action, second: i64) -> String {
    let words = |text: &str| text.to_owned();
    match trip.apply(action, at(second)) {
        Ok(Change::To(after)) if after.hidden => format!("{}, removed", after.state.status()),
        Ok(Change::To(after)) => after.state.status().to_string(),
        Ok(Change::AlreadyDone) => words("already done"),
        Err(Refusal::AlreadyTaken) => words("- already taken"),
        Err(Refusal::NotYourTrip) => words("- not your trip"),
        Err(Refusal::NotPossible { .. }) => words("- not possible"),
    }
}

fn table() -> String {
    let mut states = states();
    // In the order of a trip's life; the sort is stable.
    states.sort_by_key(|(_, trip)| trip.state.status() as u8);
    let mut text = HEADER.to_owned();
    for (state, trip) in states {
        text.push('\n');
        for (words, action, second) in actions() {
            let result = result(&trip, &action, second);
            writeln!(text, "{state:<34} | {words:<32} | {result}").expect("a String takes it all");
        }
    }
    text
}

#[test]
fn the_table_is_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transitions.txt");
    let table = table();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(&path, &table).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = kept
        .lines()
        .zip(table.lines())
        .find(|(kept, made)| kept != made);
    assert!(
        kept == table,
        "docs/transitions.txt is not what Trip::apply does (lines: {} kept, {} made); first difference: {differing:#?}\n\
         If that is meant: UPDATE_TABLE=1 cargo test --test domain the_table",
        kept.lines().count(),
        table.lines().count(),
    );
}
