//! The page that everything is written on, once, in the order in which it is first heard.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::time::Instant;

use jiff::Zoned;
use tokio::sync::Notify;

use crate::client::{Party, Status, Trip};

/// Changes that are remembered so that they are written once; each is heard again within moments.
const TOLD_MAX: usize = 512;
const NAME_WIDTH: usize = 6;
const HAPPENING_WIDTH: usize = 56;

/// What all people of the demo write on.
pub struct Board {
    drivers: usize,
    trips_wanted: Option<u32>,
    started_at: Instant,
    finished: Cell<u32>,
    cancelled: Cell<u32>,
    told: RefCell<VecDeque<(String, Status)>>,
    hearers: RefCell<HashMap<String, Hearing>>,
    done: Notify,
}

/// How far the news of one request has got.
struct Hearing {
    first_at: Instant,
    count: usize,
}

impl Board {
    pub fn new(drivers: usize, trips_wanted: Option<u32>) -> Self {
        Self {
            drivers,
            trips_wanted,
            started_at: Instant::now(),
            finished: Cell::new(0),
            cancelled: Cell::new(0),
            told: RefCell::default(),
            hearers: RefCell::default(),
            done: Notify::new(),
        }
    }

    /// Writes what became of the trip, unless somebody else has heard it before.
    pub fn heard(&self, trip: &Trip) {
        let change = (trip.nk.clone(), trip.status);
        let mut told = self.told.borrow_mut();
        if told.contains(&change) {
            return;
        }
        if told.len() == TOLD_MAX {
            told.pop_front();
        }
        told.push_back(change);
        drop(told);

        if let Some((who, happening)) = sentence(trip) {
            self.say(who, &happening, &trip.nk);
        }
        if trip.status == Status::Completed {
            self.finish();
        }
        if trip.status == Status::Cancelled {
            self.cancelled.set(self.cancelled.get() + 1);
        }
    }

    /// Counts one more driver who has heard the request, and says so once all have.
    pub fn driver_heard(&self, trip: &Trip) {
        let mut hearers = self.hearers.borrow_mut();
        let hearing = hearers.entry(trip.nk.clone()).or_insert_with(|| Hearing {
            first_at: Instant::now(),
            count: 0,
        });
        hearing.count += 1;
        if hearing.count < self.drivers {
            return;
        }
        let spread_ms = hearing.first_at.elapsed().as_secs_f64() * 1000.0;
        hearers.remove(&trip.nk);
        let happening = match self.drivers {
            1 => "the driver hears it".to_owned(),
            count => format!("{count} drivers hear it, within {spread_ms:.1} ms"),
        };
        self.say("all", &happening, &trip.nk);
    }

    /// Writes one line: when, who, what, and the end of the trip's nk (the beginning of a time-ordered one tells little).
    pub fn say(&self, who: &str, happening: &str, nk: &str) {
        let short = nk
            .len()
            .checked_sub(8)
            .and_then(|start| nk.get(start..))
            .unwrap_or(nk);
        self.write(&format!(
            "{who:<NAME_WIDTH$} {happening:<HAPPENING_WIDTH$} {short}"
        ));
    }

    /// Writes a line that is about no trip.
    pub fn note(&self, text: &str) {
        self.write(text);
    }

    /// Ends with the last trip that was wanted, or with the reader of the page.
    pub async fn done(&self) {
        self.done.notified().await;
    }

    pub fn summary(&self) -> String {
        format!(
            "{} trips finished, {} cancelled, in {:.0} s.",
            self.finished.get(),
            self.cancelled.get(),
            self.started_at.elapsed().as_secs_f64()
        )
    }

    fn finish(&self) {
        self.finished.set(self.finished.get() + 1);
        if self
            .trips_wanted
            .is_some_and(|wanted| self.finished.get() >= wanted)
        {
            self.done.notify_one();
        }
    }

    fn write(&self, text: &str) {
        let line = format!("{}  {text}", Zoned::now().strftime("%H:%M:%S"));
        // Nobody reads on (`demo | head`): there is nobody to play for.
        if writeln!(std::io::stdout(), "{}", line.trim_end()).is_err() {
            self.done.notify_one();
        }
    }
}

/// Who did what, for a change that is worth a line.
fn sentence(trip: &Trip) -> Option<(&str, String)> {
    let rider = name(trip.rider.as_ref());
    let driver = name(trip.driver.as_ref());
    let (from, to) = (&trip.pick_up_address, &trip.drop_off_address);
    Some(match trip.status {
        Status::Requested => (rider, format!("requests a trip from {from} to {to}")),
        Status::Started => (driver, format!("takes it and drives to {from}")),
        Status::Arrived => (driver, format!("is at {from}, where {rider} waits")),
        Status::InProgress => (driver, format!("sets off with {rider}")),
        Status::Completed => (driver, format!("has brought {rider} to {to}")),
        Status::Cancelled => (rider, "cancels".to_owned()),
        Status::Expired => (rider, "waits no longer: nobody came".to_owned()),
        Status::Unknown => return None,
    })
}

fn name(party: Option<&Party>) -> &str {
    party.map_or("nobody", |party| party.username.as_str())
}
