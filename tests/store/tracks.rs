//! The fixes of rides under way are only appended, until the measured track takes their place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cabrank::domain::{
    Action, Change, Coordinates, DriverId, Fix, Gap, Measured, OUTLINE_MAX, Party, RiderId,
    TrackFix, Trip,
};
use cabrank::inputs;
use cabrank::store::db::Db;
use cabrank::store::tracks::{self, KeptTrack, TrackPiece};
use cabrank::store::writer::Tx;
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::{SignedDuration, Timestamp};

use crate::support::{On, Test, execute};
use crate::tests;
use crate::town::{Town, accept, act};

pub fn tests() -> Vec<Test> {
    tests![
        the_fixes_of_many_rides_are_added_in_one_statement_and_restored_exactly,
        what_is_over_takes_no_more_fixes,
        a_completion_puts_what_the_ride_came_to_in_the_place_of_its_fixes,
        a_long_way_is_kept_for_the_eye_and_its_metres_exactly,
        an_upgrade_keeps_what_was_known_of_a_ride,
    ]
    .to_vec()
}

fn spot(second: i64, accuracy_m: Option<f64>) -> TrackFix {
    let fix = Fix {
        location: Coordinates::new(-89.999_999_9, 179.999_999_9 - second as f64 / 1e7)
            .expect("on earth"),
        at: Timestamp::from_millisecond(1_900_000_000_123 + 1_000 * second).expect("a time"),
        accuracy_m,
        heading_deg: None,
        speed_mps: None,
    };
    TrackFix::of(&fix).expect("it says something")
}

fn begun(town: &Town, rider: &Party<RiderId>, driver: &Party<DriverId>) -> Trip {
    let trip = town.requested_by(rider);
    town.trip(accept(&trip, driver));
    town.trip(act(&trip, Action::Start(driver.id, None)))
}

/// Appends these pieces. Returns how many statements inserted rows.
fn append(town: &Town, pieces: Vec<TrackPiece>) -> usize {
    let append = move |tx: &mut Tx<'_>| {
        let writes = Arc::new(AtomicUsize::new(0));
        watch(tx.db, Some(writes.clone()));
        let added = tracks::append(tx.db, &pieces);
        watch(tx.db, None);
        added.map(|()| writes.load(Ordering::Relaxed))
    };
    let added = town.wait_for(town.store.writer.change(append));
    added.expect("they can be added")
}

/// Counts the statements that insert rows, from now on.
fn watch(db: &mut Db, writes: Option<Arc<AtomicUsize>>) {
    let count = move |event: InstrumentationEvent<'_>| {
        if let (InstrumentationEvent::StartQuery { query, .. }, Some(writes)) = (event, &writes)
            && query.to_string().starts_with("INSERT")
        {
            writes.fetch_add(1, Ordering::Relaxed);
        }
    };
    match db {
        Db::Pg(conn) => conn.set_instrumentation(count),
        Db::Sqlite(conn) => conn.set_instrumentation(count),
    }
}

fn spots(town: &Town, trip: &Trip) -> Vec<TrackFix> {
    let number = trip.number;
    let found = town.read(move |db| tracks::spots_of(db, &[number]));
    found.into_values().flatten().collect()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn pieces(town: &Town) -> i64 {
    town.read(|db| {
        let query = diesel::sql_query("SELECT count(*) AS count FROM track_pieces");
        let count: Count = match db {
            Db::Pg(conn) => query.get_result(conn),
            Db::Sqlite(conn) => query.get_result(conn),
        }?;
        Ok(count.count)
    })
}

fn the_fixes_of_many_rides_are_added_in_one_statement_and_restored_exactly(on: On) {
    let town = Town::on(on);
    let rides: Vec<Trip> = (0..5)
        .map(|n| {
            let (rider, driver) = (town.rider(&format!("r{n}")), town.driver(&format!("d{n}")));
            begun(&town, &rider, &driver)
        })
        .collect();
    let piece = |n: i64, trip: &Trip| TrackPiece {
        trip: trip.number,
        spots: vec![spot(2 * n, Some(4.5)), spot(2 * n + 1, None)],
    };
    let some = |n, rides: &[Trip]| rides.iter().map(|trip| piece(n, trip)).collect();
    assert_eq!(append(&town, some(0, &rides)), 1);
    assert_eq!(append(&town, some(1, &rides[..2])), 1);
    assert_eq!(pieces(&town), 7, "what was there stays as it was");
    let town = town.restart();
    let of = |second: i64| [spot(2 * second, Some(4.5)), spot(2 * second + 1, None)];
    for (n, trip) in rides.iter().enumerate() {
        let expected = if n < 2 {
            [of(0), of(1)].concat()
        } else {
            of(0).to_vec()
        };
        let mut found = spots(&town, trip);
        found.sort_unstable();
        assert_eq!(found, expected);
    }
}

fn what_is_over_takes_no_more_fixes(on: On) {
    let town = Town::on(on);
    let (ann, bea) = (town.rider("ann"), town.rider("bea"));
    let (bob, ben) = (town.driver("bob"), town.driver("ben"));
    let (over, other) = (begun(&town, &ann, &bob), begun(&town, &bea, &ben));
    town.trip(act(&over, Action::Complete(bob.id, Some(Box::default()))));
    let piece = |trip: &Trip| TrackPiece {
        trip: trip.number,
        spots: vec![spot(0, None)],
    };
    append(&town, vec![piece(&over), piece(&other)]);
    assert_eq!(
        (spots(&town, &over).len(), spots(&town, &other).len()),
        (0, 1)
    );
    assert_eq!(append(&town, vec![piece(&over)]), 0);
    assert_eq!(append(&town, Vec::new()), 0);
    assert_eq!(pieces(&town), 1);
}

fn measured(segments: Vec<Vec<Coordinates>>, gaps: Vec<Gap>) -> Measured {
    Measured {
        measured_m: 1_234.567,
        filled_m: 89.25,
        segments,
        gaps,
        stood_still: false,
        is_thinned: true,
    }
}

fn place(lat: f64, lon: f64) -> Coordinates {
    Coordinates::new(lat, lon).expect("on earth")
}

fn measured_track(town: &Town, trip: &Trip) -> Option<KeptTrack> {
    let number = trip.number;
    town.read(move |db| tracks::find(db, number))
}

fn a_completion_puts_what_the_ride_came_to_in_the_place_of_its_fixes(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = begun(&town, &ann, &bob);
    append(
        &town,
        vec![TrackPiece {
            trip: trip.number,
            spots: vec![spot(0, None)],
        }],
    );
    assert_eq!(measured_track(&town, &trip), None);
    let at = inputs::now();
    let gap = |from, to| Gap {
        from_at: at - SignedDuration::from_secs(90),
        to_at: at,
        from,
        to,
        filled_m: 44.625,
    };
    let segments = vec![
        vec![place(48.1, 11.5), place(48.2, -11.5)],
        vec![place(-1.5, 0.25)],
    ];
    let gaps = vec![
        gap(None, Some(place(0.1, 2.0))),
        gap(Some(place(5.0, 6.0)), None),
    ];
    let measured = measured(segments, gaps);
    let completed = Action::Complete(bob.id, Some(Box::new(measured.clone())));
    let done = town.trip(act(&trip, completed.clone()));
    let ridden = done.ridden.expect("it was measured");
    assert_eq!(
        (ridden.measured_m, ridden.filled_m, ridden.metres()),
        (1_235, 89, 1_324)
    );
    assert_eq!(town.stored(trip.id), done, "its row has the same");
    assert!(matches!(
        done.apply(&completed, inputs::now()),
        Ok(Change::AlreadyDone)
    ));
    let found = measured_track(&town, &trip).expect("it is kept");
    assert_eq!(found.measured, measured);
    assert!(found.until_at >= at);
    assert_eq!(pieces(&town), 0);
    // Completing the trip again changes nothing.
    let again = Action::Complete(
        bob.id,
        Some(Box::new(Measured {
            measured_m: 9.0,
            ..measured
        })),
    );
    town.trip(act(&trip, again));
    assert_eq!(measured_track(&town, &trip), Some(found));
}

fn a_long_way_is_kept_for_the_eye_and_its_metres_exactly(on: On) {
    let town = Town::on(on);
    let (ann, bob, olga) = (town.rider("ann"), town.driver("bob"), town.operator("olga"));
    let trip = begun(&town, &ann, &bob);
    let line: Vec<Coordinates> = (0..20_000_u32)
        .map(|n| place(48.0 + f64::from(n) / 100_000.0, 11.5))
        .collect();
    let ends = (line.first().copied(), line.last().copied());
    let reason = cabrank::domain::Reason::parse("The car is broken").expect("a reason");
    let ending = cabrank::domain::RideEnding::Cancelled;
    let measured = Box::new(measured(vec![line], Vec::new()));
    town.trip(act(
        &trip,
        Action::End(olga, ending, reason, Some(measured)),
    ));
    let found = measured_track(&town, &trip).expect("it is kept").measured;
    assert!((found.measured_m - 1_234.567).abs() < 1e-9);
    let [segment] = &found.segments[..] else {
        panic!("it is one segment")
    };
    assert!((OUTLINE_MAX..=OUTLINE_MAX + 2).contains(&segment.len()));
    assert_eq!((segment.first().copied(), segment.last().copied()), ends);
}

/// The migration that introduced pieces, up and down.
fn steps(db: &Db) -> (&'static str, &'static str) {
    macro_rules! step {
        ($database:literal, $direction:literal) => {
            include_str!(concat!(
                "../../migrations/",
                $database,
                "/2026-11-30-000002_tracks/",
                $direction,
                ".sql"
            ))
        };
    }
    match db {
        Db::Pg(_) => (step!("postgres", "up"), step!("postgres", "down")),
        Db::Sqlite(_) => (step!("sqlite", "up"), step!("sqlite", "down")),
    }
}

fn an_upgrade_keeps_what_was_known_of_a_ride(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = begun(&town, &ann, &bob);
    let number = trip.number;
    let upgrade = move |tx: &mut Tx<'_>| {
        let (up, down) = steps(tx.db);
        let at = match tx.db {
            Db::Pg(_) => "to_timestamp(1900000000)",
            Db::Sqlite(_) => "1900000000000000",
        };
        execute(tx.db, down)?;
        execute(
            tx.db,
            &format!(
                "INSERT INTO tracks (trip_id, metres, points, path, last_at) VALUES ({number}, 1234.5, 3, '_p~iF~ps|U_ulLnnqC_mqNvxq`@', {at})"
            ),
        )?;
        execute(tx.db, up)
    };
    let upgraded = town.wait_for(town.store.writer.change(upgrade));
    upgraded.expect("the steps can be taken");
    let found = measured_track(&town, &trip).expect("it is kept");
    assert_eq!(found.until_at.as_second(), 1_900_000_000);
    assert!((found.measured.measured_m - 1_234.5).abs() < 1e-9);
    let line = [
        place(38.5, -120.2),
        place(40.7, -120.95),
        place(43.252, -126.453),
    ];
    assert_eq!(found.measured.segments, [line]);
    assert_eq!(
        (found.measured.gaps.len(), found.measured.is_thinned),
        (0, false)
    );
}
