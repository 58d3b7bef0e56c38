//! The model: rides, offers and shifts as plain lists, and what each operation does to them.

use cabrank::domain::core::Reply;
use cabrank::domain::{OfferState, Role, Status};

use super::operation::{ModelOrder, Operation, Round, Verb, Verdict};
use crate::town::{SCHEDULED_MAX, TRIPS_MAX};

pub const RIDERS: usize = 3;
pub const DRIVERS: usize = 4;

/// How long a search for a driver lasts, in seconds.
pub const SEARCH_S: i64 = 90;
/// How many seconds a device has to acknowledge an offer, and a driver to decide.
pub const DELIVER_S: i64 = 4;
pub const DECIDE_S: i64 = 15;
/// In how many seconds a search is tried again if no driver was free.
pub const AGAIN_S: i64 = 5;
/// How many seconds a driver must wait before a no-show.
pub const FREE_WAITING_S: i64 = 300;

/// The pickup ETA of every offer, and by how many seconds more a driver is late.
pub const PROMISED_S: i64 = 60;
pub const LATE_S: i64 = 300;

/// The addresses of a trip before the rider amends them.
pub const PICK_UP: &str = "1 Main Street";
pub const DROP_OFF: &str = "2 Side Street";

#[derive(Debug, Clone)]
pub struct Ride {
    pub rider: usize,
    pub order: ModelOrder,
    pub status: Status,
    pub driver: Option<usize>,
    pub ended_by: Option<Role>,
    pub attempt: i64,
    pub given_back: Vec<usize>,
    pub hidden: bool,
    pub opens: i64,
    pub search_ends: i64,
    pub arrived: i64,
    /// From when on the driver is late, and whether that was noted.
    pub late_due: Option<i64>,
    pub is_late: bool,
    pub is_blocked: bool,
    pub pick_up: &'static str,
    pub drop_off: &'static str,
    pub revision: i64,
    /// The number of the search's round, and when it is due unless offers are open.
    pub round: i64,
    pub search_due: i64,
}

#[derive(Debug, Clone)]
pub struct Offered {
    pub trip: usize,
    pub attempt: i64,
    pub driver: usize,
    pub state: OfferState,
    pub due: i64,
    /// When it ended; 0 before that.
    pub ended: i64,
}

/// For how long a silent device is not asked again.
const SILENT_SECONDS: i64 = 30;

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub rides: Vec<Ride>,
    /// In the order in which they were made.
    pub offers: Vec<Offered>,
    pub on_shift: [bool; DRIVERS],
    /// The lines of the events that the log must have by now, in any order.
    pub news: Vec<String>,
}

/// The line of an offer, as in the log and in the table.
pub fn offer_line(trip: usize, attempt: i64, driver: usize, state: OfferState) -> String {
    let state = state.as_str();
    format!("trip {trip}, attempt {attempt}, offered to driver {driver}: {state}")
}

impl Offered {
    pub fn line(&self) -> String {
        offer_line(self.trip, self.attempt, self.driver, self.state)
    }

    /// The state of the offer after its deadline.
    fn lapsed(&self) -> OfferState {
        if self.state == OfferState::Created {
            OfferState::Undelivered
        } else {
            OfferState::Expired
        }
    }
}

impl Ride {
    pub fn is_offered(&self) -> bool {
        self.order.policy.offers()
    }

    pub fn is_taken(&self) -> bool {
        [Status::Accepted, Status::Arrived, Status::InProgress].contains(&self.status)
    }

    /// Whether the service must note that the driver is late.
    pub fn is_overdue(&self, at: i64) -> bool {
        let is_due = self.late_due.is_some_and(|due| due <= at);
        self.status == Status::Accepted && is_due && !self.is_late
    }

    pub fn is_early(&self) -> bool {
        [Status::Scheduled, Status::Requested].contains(&self.status)
    }

    pub fn is_over(&self) -> bool {
        !self.is_early() && !self.is_taken()
    }
}

impl Model {
    /// Carries out an operation.
    pub fn carry_out(&mut self, operation: &Operation, at: i64) -> Verdict {
        let (trip, actor) = (operation.trip, operation.actor);
        match &operation.verb {
            Verb::Request(order) => self.request(actor, *order, at),
            Verb::Propose(round) => self.propose(trip, round, at),
            Verb::Reply(reply) => self.reply(trip, actor, *reply, at),
            Verb::Accept => self.accept(trip, actor, at),
            Verb::Drive(drive) => self.drive(trip, actor, *drive, at),
            Verb::GiveBack => self.give_back(trip, actor, at),
            Verb::Leave(leave) => self.leave(trip, actor, *leave),
            Verb::Call(call) => self.call(trip, *call, at),
            Verb::Late => self.late(trip, at),
            Verb::Block => self.block(trip, actor, at),
            Verb::Lapse => self.lapse(trip, at),
            Verb::Open => self.open(trip, at),
            Verb::Expire => self.expire(trip, at),
            Verb::BeginShift if self.on_shift[actor] => Verdict::OnShift,
            Verb::BeginShift => {
                self.on_shift[actor] = true;
                self.news.push(format!("driver {actor} on shift: true"));
                Verdict::Changed
            }
            Verb::EndShift if self.is_busy(actor) => Verdict::DriverBusy,
            Verb::EndShift if !self.on_shift[actor] => Verdict::NotOnShift,
            Verb::EndShift => {
                self.on_shift[actor] = false;
                self.news.push(format!("driver {actor} on shift: false"));
                self.withdraw(at, |offer| offer.driver == actor);
                Verdict::Changed
            }
        }
    }

    pub fn is_busy(&self, driver: usize) -> bool {
        let mut rides = self.rides.iter();
        rides.any(|ride| ride.is_taken() && ride.driver == Some(driver))
    }

    pub fn open_offers(&self) -> impl Iterator<Item = (usize, &Offered)> {
        let offers = self.offers.iter().enumerate();
        offers.filter(|(_, offer)| offer.state.is_open())
    }

    pub fn has_open_offers(&self, trip: usize) -> bool {
        self.open_offers().any(|(_, offer)| offer.trip == trip)
    }

    /// The drivers who are not asked again for a trip: they were asked in this attempt, or their device was silent a
    /// moment ago.
    pub fn excluded(&self, trip: usize, at: i64) -> Vec<usize> {
        let counts = [
            OfferState::Accepted,
            OfferState::Declined,
            OfferState::Expired,
            OfferState::Withdrawn,
        ];
        let offers = self.offers.iter();
        let attempt = self.rides[trip].attempt;
        let excluded = offers.filter(|offer| {
            let was_asked = counts.contains(&offer.state) && offer.attempt == attempt;
            let is_silent =
                offer.state == OfferState::Undelivered && offer.ended + SILENT_SECONDS > at;
            offer.trip == trip && (was_asked || is_silent)
        });
        let mut excluded: Vec<usize> = excluded.map(|offer| offer.driver).collect();
        excluded.extend(&self.rides[trip].given_back);
        excluded.sort_unstable();
        excluded.dedup();
        excluded
    }

    pub(super) fn changed(&mut self, trip: usize) -> Verdict {
        let ride = &mut self.rides[trip];
        ride.revision += 1;
        self.news
            .push(format!("trip {trip}, revision {}", ride.revision));
        Verdict::Changed
    }

    pub(super) fn becomes(&mut self, trip: usize, status: Status, at: i64) -> Verdict {
        self.rides[trip].status = status;
        if status != Status::Requested {
            self.withdraw(at, |offer| offer.trip == trip);
        }
        self.changed(trip)
    }

    pub(super) fn ends(&mut self, trip: usize, status: Status, by: Role) -> Verdict {
        self.rides[trip].ended_by = Some(by);
        self.becomes(trip, status, 0)
    }

    /// Ends an offer. After the last one the search is due.
    pub(super) fn offer_ends(&mut self, offer: usize, state: OfferState, at: i64) {
        self.offers[offer].state = state;
        self.offers[offer].ended = at;
        self.news.push(self.offers[offer].line());
        self.rides[self.offers[offer].trip].search_due = at;
    }

    pub(super) fn withdraw(&mut self, at: i64, which: impl Fn(&Offered) -> bool) {
        let open: Vec<usize> = self
            .open_offers()
            .filter(|(_, offer)| which(offer))
            .map(|(number, _)| number)
            .collect();
        for offer in open {
            self.offer_ends(offer, OfferState::Withdrawn, at);
        }
    }

    fn request(&mut self, rider: usize, order: ModelOrder, at: i64) -> Verdict {
        let status = order
            .opens_in
            .map_or(Status::Requested, |_| Status::Scheduled);
        let is_counted = |ride: &&Ride| {
            let is_scheduled = ride.status == Status::Scheduled;
            ride.rider == rider && !ride.is_over() && is_scheduled == (status == Status::Scheduled)
        };
        let count = self.rides.iter().filter(is_counted).count();
        let max = order.opens_in.map_or(TRIPS_MAX, |_| SCHEDULED_MAX);
        if count >= usize::try_from(max).expect("a small number") {
            return Verdict::TooManyTrips;
        }
        let opens = at + order.opens_in.unwrap_or(0);
        self.rides.push(Ride {
            rider,
            order,
            status,
            driver: None,
            ended_by: None,
            attempt: 1,
            given_back: Vec::new(),
            hidden: false,
            opens,
            search_ends: opens + SEARCH_S,
            arrived: 0,
            late_due: None,
            is_late: false,
            is_blocked: false,
            pick_up: PICK_UP,
            drop_off: DROP_OFF,
            revision: 0,
            round: 0,
            search_due: at,
        });
        self.changed(self.rides.len() - 1)
    }

    fn propose(&mut self, trip: usize, round: &Round, at: i64) -> Verdict {
        let ride = &self.rides[trip];
        let is_searched_for = ride.status == Status::Requested && ride.is_offered();
        if !is_searched_for || round.attempts_ago > 0 {
            return Verdict::AlreadyDone;
        }
        if self.has_open_offers(trip) {
            return Verdict::Changed;
        }
        let attempt = ride.attempt;
        let is_free = |driver: &usize| {
            let mut open = self.open_offers();
            let has_offer = open.any(|(_, offer)| offer.driver == *driver);
            let gave_back = ride.given_back.contains(driver);
            self.on_shift[*driver] && !self.is_busy(*driver) && !has_offer && !gave_back
        };
        let free = round.drivers.iter().copied().filter(is_free);
        let mut wave: Vec<usize> = Vec::new();
        for driver in free {
            if wave.len() < round.wave && !wave.contains(&driver) {
                wave.push(driver);
            }
        }
        if wave.is_empty() {
            let ride = &mut self.rides[trip];
            (ride.round, ride.search_due) = (round.number + 1, at + AGAIN_S);
        }
        if !wave.is_empty() {
            self.rides[trip].round = round.number;
        }
        for driver in wave {
            let offer = Offered {
                trip,
                attempt,
                driver,
                state: OfferState::Created,
                ended: 0,
                due: at + DELIVER_S,
            };
            self.news.push(offer.line());
            self.offers.push(offer);
        }
        Verdict::Changed
    }

    /// The last offer of a trip to a driver.
    fn offer_to(&self, trip: usize, driver: usize) -> Option<usize> {
        let is_it = |offer: &Offered| (offer.trip, offer.driver) == (trip, driver);
        self.offers.iter().rposition(is_it)
    }

    /// The last offer of a trip to a driver, if it can be answered, or the verdict otherwise. An offer whose deadline
    /// has passed ends here.
    pub(super) fn answerable(
        &mut self,
        trip: usize,
        driver: usize,
        at: i64,
    ) -> Result<usize, Verdict> {
        let number = self.offer_to(trip, driver).ok_or(Verdict::NotOffered)?;
        let offer = &self.offers[number];
        if !offer.state.is_open() {
            Err(Verdict::OfferOver(offer.state))
        } else if at >= offer.due {
            let lapsed = offer.lapsed();
            self.offer_ends(number, lapsed, at);
            Err(Verdict::OfferOver(lapsed))
        } else {
            Ok(number)
        }
    }

    fn reply(&mut self, trip: usize, driver: usize, reply: Reply, at: i64) -> Verdict {
        let offer = match self.answerable(trip, driver, at) {
            Ok(offer) => offer,
            Err(Verdict::OfferOver(OfferState::Declined)) if reply == Reply::Decline => {
                return Verdict::AlreadyDone;
            }
            Err(over) => return over,
        };
        match reply {
            Reply::Receive if self.offers[offer].state == OfferState::Delivered => {
                return Verdict::AlreadyDone;
            }
            Reply::Receive => {
                let offer = &mut self.offers[offer];
                (offer.state, offer.due) = (OfferState::Delivered, at + DECIDE_S);
            }
            Reply::Decline => self.offer_ends(offer, OfferState::Declined, at),
        }
        Verdict::Changed
    }

    fn lapse(&mut self, trip: usize, at: i64) -> Verdict {
        let late: Vec<(usize, OfferState)> = self
            .open_offers()
            .filter(|(_, offer)| offer.trip == trip && at >= offer.due)
            .map(|(number, offer)| (number, offer.lapsed()))
            .collect();
        for (offer, state) in &late {
            self.offer_ends(*offer, *state, at);
        }
        if late.is_empty() {
            Verdict::AlreadyDone
        } else {
            Verdict::Changed
        }
    }
}
