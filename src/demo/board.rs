//! The demo's output: each event is printed once, in the order in which it is first received.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::time::Instant;

use jiff::Zoned;
use tokio::sync::Notify;

use super::lines::{self, SERVICE};
use crate::client::{User, WireEvent, WireStatus};

/// How many event ids are remembered to print each event once. Other apps receive the same event within moments.
const PRINTED_MAX: usize = 512;
const NAME_WIDTH: usize = 7;
const HAPPENING_WIDTH: usize = 64;

/// The output that all people of the demo share.
pub struct Board {
    /// User names by id.
    names: HashMap<i64, String>,
    trips_wanted: Option<u32>,
    started_at: Instant,
    ends: Ends,
    printed: RefCell<VecDeque<i64>>,
    done: Notify,
}

/// The number of trips by their end.
#[derive(Default)]
struct Ends {
    finished: Cell<u32>,
    cancelled: Cell<u32>,
    no_shows: Cell<u32>,
    expired: Cell<u32>,
}

impl Board {
    /// An empty page for these people; `trips_wanted` is how many trips end the demo.
    pub fn new<'a>(people: impl Iterator<Item = &'a User>, trips_wanted: Option<u32>) -> Self {
        Self {
            names: people
                .map(|user| (user.id, user.username.clone()))
                .collect(),
            trips_wanted,
            started_at: Instant::now(),
            ends: Ends::default(),
            printed: RefCell::default(),
            done: Notify::new(),
        }
    }

    /// Prints an event, unless another app has received it before.
    pub fn record(&self, receiver: &User, event: &WireEvent) {
        let mut printed = self.printed.borrow_mut();
        if printed.contains(&event.id) {
            return;
        }
        if printed.len() == PRINTED_MAX {
            printed.pop_front();
        }
        printed.push_back(event.id);
        drop(printed);

        let actor = event.actor.id.and_then(|id| self.names.get(&id));
        let actor = actor.map_or(SERVICE, String::as_str);
        if let Some(line) = lines::line(event, actor, &receiver.username) {
            self.print(&line.actor, &line.text, &line.nk);
        }
    }

    /// Prints one line: the time, who, what, and the last digits of the trip's nk (the first ones of a time-ordered key
    /// say little).
    pub fn print(&self, who: &str, happening: &str, nk: &str) {
        self.write(&columns(who, happening, nk));
    }

    /// Prints a line that belongs to no trip.
    pub fn note(&self, text: &str) {
        self.write(text);
    }

    /// Waits for the last trip that was asked for, or until nobody reads the output any more.
    pub async fn done(&self) {
        self.done.notified().await;
    }

    /// How many trips ended how, as the last line says it.
    pub fn summary(&self) -> String {
        let Ends {
            finished,
            cancelled,
            no_shows,
            expired,
        } = &self.ends;
        format!(
            "{} trips finished, {} cancelled, {} without a rider, {} without a driver, in {:.0} s.",
            finished.get(),
            cancelled.get(),
            no_shows.get(),
            expired.get(),
            self.started_at.elapsed().as_secs_f64()
        )
    }

    /// Counts a trip that has ended, once its rider has said everything about it. The last trip that was asked for ends
    /// the demo.
    pub fn settled(&self, end: WireStatus) {
        let ends = match end {
            WireStatus::Completed => &self.ends.finished,
            WireStatus::Cancelled => &self.ends.cancelled,
            WireStatus::NoShow => &self.ends.no_shows,
            WireStatus::Expired => &self.ends.expired,
            WireStatus::Scheduled
            | WireStatus::Requested
            | WireStatus::Started
            | WireStatus::Arrived
            | WireStatus::InProgress
            | WireStatus::Unknown => return,
        };
        ends.set(ends.get() + 1);
        let finished = self.ends.finished.get();
        if self.trips_wanted.is_some_and(|wanted| finished >= wanted) {
            self.done.notify_one();
        }
    }

    fn write(&self, text: &str) {
        let line = format!("{}  {text}", Zoned::now().strftime("%H:%M:%S"));
        // The reader has gone (`demo | head`), so the demo ends.
        if writeln!(std::io::stdout(), "{}", line.trim_end()).is_err() {
            self.done.notify_one();
        }
    }
}

fn columns(who: &str, happening: &str, nk: &str) -> String {
    let short = nk
        .len()
        .checked_sub(8)
        .and_then(|start| nk.get(start..))
        .unwrap_or(nk);
    format!("{who:<NAME_WIDTH$} {happening:<HAPPENING_WIDTH$} {short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_in_columns_and_name_the_trip_by_its_end() {
        let nk = "0193a1b2c3d4e5f60718293a4b5c6d7e";
        let (one, two) = (columns("ann", "waits", nk), columns("cabrank", "asks", nk));
        assert_eq!(one.find("4b5c6d7e"), two.find("4b5c6d7e"));
        assert!(one.starts_with("ann     waits ") && one.ends_with(" 4b5c6d7e"));
        assert!(columns("ivy", "begins", "").trim_end().ends_with("begins"));
    }
}
