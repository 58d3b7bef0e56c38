//! The checks after every step: of the database itself, and against the model.

use cabrank::domain::{
    Actor, DriverId, Event, Fact, Offer, Role, Search, Shift, Trip, Unresponsive,
};
use cabrank::store::db::Db;
use cabrank::store::{QueryResult, events, offers, searches, shifts, silences, trips};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::city::{City, Finding, at};
use super::model::{DRIVERS, Offered, Ride, offer_line};

/// A query for what must never be. Each row is a violation.
const NEVER: &str = "
SELECT 'two drivers have accepted one attempt at trip ' || trip_id AS line FROM offers WHERE state = 'accepted'
    GROUP BY trip_id, attempt HAVING count(*) > 1
UNION ALL SELECT 'two open offers to driver ' || driver_id FROM offers WHERE state IN ('created', 'delivered')
    GROUP BY driver_id HAVING count(*) > 1
UNION ALL SELECT 'two trips of driver ' || driver_id FROM trips WHERE status IN ('STARTED', 'ARRIVED', 'IN_PROGRESS')
    GROUP BY driver_id HAVING count(*) > 1
UNION ALL SELECT 'two shifts of driver ' || driver_id FROM shifts WHERE ended_at IS NULL
    GROUP BY driver_id HAVING count(*) > 1
UNION ALL SELECT 'an open offer of trip ' || trips.id || ', which nobody is to be offered'
    FROM offers JOIN trips ON trips.id = offers.trip_id WHERE offers.state IN ('created', 'delivered')
    AND NOT (trips.status = 'REQUESTED' AND trips.policy <> 'broadcast' AND trips.attempt = offers.attempt)
UNION ALL SELECT 'an open offer to driver ' || driver_id || ', who is off shift' FROM offers
    WHERE state IN ('created', 'delivered') AND driver_id NOT IN (SELECT driver_id FROM shifts WHERE ended_at IS NULL)
UNION ALL SELECT 'an open offer to driver ' || driver_id || ', who has a trip' FROM offers
    WHERE state IN ('created', 'delivered') AND driver_id IN
    (SELECT driver_id FROM trips WHERE status IN ('STARTED', 'ARRIVED', 'IN_PROGRESS'))
UNION ALL SELECT 'an offer without a deadline to driver ' || driver_id FROM offers WHERE due_at IS NULL
UNION ALL SELECT 'nobody will look for a driver for trip ' || id FROM trips
    WHERE status = 'REQUESTED' AND policy <> 'broadcast'
    AND id NOT IN (SELECT trip_id FROM searches WHERE look_at IS NOT NULL)
    AND id NOT IN (SELECT trip_id FROM offers WHERE state IN ('created', 'delivered'))
UNION ALL SELECT 'drivers are looked for for trip ' || id || ', which needs none' FROM trips
    JOIN searches ON searches.trip_id = trips.id WHERE NOT (status = 'REQUESTED' AND policy <> 'broadcast')
UNION ALL SELECT 'a search without its row for trip ' || id FROM trips
    WHERE status = 'REQUESTED' AND policy <> 'broadcast' AND id NOT IN (SELECT trip_id FROM searches)
UNION ALL SELECT 'trip ' || id || ' will never begin' FROM trips WHERE status = 'SCHEDULED' AND opens_at IS NULL";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(db: &mut Db, query: &str) -> QueryResult<Vec<String>> {
    let query = diesel::sql_query(query);
    let lines: Vec<Line> = match db {
        Db::Pg(conn) => query.load(conn)?,
        Db::Sqlite(conn) => query.load(conn)?,
    };
    Ok(lines.into_iter().map(|line| line.line).collect())
}

/// The database's present content.
pub struct Stored {
    never: Vec<String>,
    pub trips: Vec<Trip>,
    /// A line for each offer, in order: trip, attempt, driver and state.
    offers: Vec<String>,
    pub open: Vec<Offer>,
    pub shifts: Vec<Shift>,
    /// The searches that have a time for their next round.
    pub searches: Vec<Search>,
    pub unresponsive: Unresponsive,
    pub news: Vec<Event>,
}

impl City {
    pub fn check(&mut self) -> Finding {
        let stored = self.read_stored();
        same("what must never be", &stored.never, &Vec::new())?;
        self.core.check(&stored)?;
        let mut news: Vec<String> = stored
            .news
            .iter()
            .filter_map(|event| self.news(event))
            .collect();
        let mut expected = std::mem::take(&mut self.model.news);
        news.sort();
        expected.sort();
        same("the log", &news, &expected)?;
        self.last_event = stored.news.last().map_or(self.last_event, |event| event.id);
        self.check_rides(&stored.trips)?;
        self.check_offers(&stored)?;
        let mut on_shift = [false; DRIVERS];
        for shift in &stored.shifts {
            on_shift[self.driver(shift.driver)] = true;
        }
        same("who is on shift", &on_shift, &self.model.on_shift)
    }

    fn read_stored(&self) -> Stored {
        let drivers = self.drivers.each_ref().map(|driver| driver.id);
        let first = drivers[0].user().get();
        let of_them = format!(
            "SELECT trip_id || ' ' || attempt || ' ' || driver_id || ' ' || state AS line \
             FROM offers WHERE driver_id >= {first} ORDER BY id"
        );
        let (ids, next) = (self.trips.clone(), self.last_event + 1);
        self.town.read(move |db| {
            Ok(Stored {
                never: lines(db, NEVER)?,
                trips: trips::find_all(db, ids, trips::RowLock::No)?.trips,
                offers: lines(db, &of_them)?,
                open: offers::open(db)?,
                shifts: shifts::open_of(db, &drivers)?,
                searches: searches::due(db, at(1_000_000), i64::MAX)?,
                unresponsive: silences::lately(db, at(-1_000_000))?,
                news: events::range(db, next, i64::MAX, i64::MAX)?.0,
            })
        })
    }

    fn check_rides(&self, trips: &[Trip]) -> Finding {
        same("how many trips", &trips.len(), &self.model.rides.len())?;
        for trip in trips {
            let number = self.number(trip.id);
            let stored = self.stored(trip);
            let expected = self.expected(&self.model.rides[number]);
            same(&format!("trip {number}"), &stored, &expected)?;
        }
        Ok(())
    }

    fn stored(&self, trip: &Trip) -> String {
        let driver = trip.state.driver().map(|driver| self.driver(driver.id));
        let given_back = trip.given_back_by.iter().map(|driver| self.driver(*driver));
        let given_back: Vec<usize> = given_back.collect();
        let ended_by = trip.state.ended_by().map(Actor::role);
        let (pick_up, drop_off) = (
            trip.pick_up.address.as_str(),
            trip.drop_off.address.as_str(),
        );
        format!(
            "{} by {driver:?}, ended by {ended_by:?}, attempt {}, given back by {given_back:?}, hidden {}, \
             until {}, revision {}, from {pick_up} to {drop_off}",
            trip.state.status(),
            trip.attempt,
            trip.hidden,
            trip.search_ends_at,
            trip.revision
        )
    }

    fn expected(&self, ride: &Ride) -> String {
        let ended_by = ride.ended_by.map(Role::as_str);
        format!(
            "{} by {:?}, ended by {ended_by:?}, attempt {}, given back by {:?}, hidden {}, \
             until {}, revision {}, from {} to {}",
            ride.status,
            ride.driver,
            ride.attempt,
            ride.given_back,
            ride.hidden,
            at(ride.search_ends),
            ride.revision,
            ride.pick_up,
            ride.drop_off
        )
    }

    fn check_offers(&self, stored: &Stored) -> Finding {
        let number = |trip: usize| {
            let of_trip = |stored: &&Trip| stored.id == self.trips[trip];
            stored
                .trips
                .iter()
                .find(of_trip)
                .map_or(0, |stored| stored.number)
        };
        let row = |offer: &Offered| {
            let driver = self.drivers[offer.driver].id.user().get();
            let (attempt, state) = (offer.attempt, offer.state.as_str());
            format!("{} {attempt} {driver} {state}", number(offer.trip))
        };
        let expected: Vec<String> = self.model.offers.iter().map(row).collect();
        same("the offers", &stored.offers, &expected)?;
        let dues: Vec<_> = stored.open.iter().map(|offer| offer.due_at).collect();
        let expected = self.model.open_offers().map(|(_, offer)| at(offer.due));
        same("when they are due", &dues, &expected.collect())
    }

    /// The event as a line of the model's. Notifications and messages are not modelled.
    fn news(&self, event: &Event) -> Option<String> {
        match &event.fact {
            Fact::Trip(change) => {
                let trip = self.number(change.trip.id);
                Some(format!("trip {trip}, revision {}", change.trip.revision))
            }
            Fact::Offer(change) => {
                let offer = &change.offer;
                let (trip, driver) = (self.number(offer.trip), self.driver(offer.driver));
                Some(offer_line(trip, offer.attempt, driver, offer.state))
            }
            Fact::Shift(shift) => {
                let driver = self.driver(shift.driver);
                Some(format!(
                    "driver {driver} on shift: {}",
                    shift.ended_at.is_none()
                ))
            }
            Fact::Notification(_) | Fact::Message(_) => None,
        }
    }

    fn driver(&self, id: DriverId) -> usize {
        let number = self.drivers.iter().position(|driver| driver.id == id);
        number.expect("there are no other drivers")
    }
}

pub fn same<T: PartialEq + std::fmt::Debug>(name: &str, found: &T, expected: &T) -> Finding {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{name}: {expected:?} by the model, not {found:?}"))
    }
}
