//! Decides a batch of commands in memory, in the order of their arrival, on rows that are locked.
//!
//! Loading and saving take a handful of statements however many commands there are.

mod offers;
mod shifts;
mod trips;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use diesel::QueryResult;
use jiff::Timestamp;
use uuid::Uuid;

use super::command::{Answer, Command, Note, Outcome, Post, Refused, Task};
use super::handle::Job;
use super::wanted::{Wanted, wanted};
use crate::domain::{
    Actor, Allowance, DriverId, Event, Fact, Message, Offer, OfferId, RiderId, Shift, Silence,
    Silences, Standing, Status, Stream, Trip, TripChange, TripId, UserId,
};
use crate::store::db::Db;
use crate::store::keys::{self, Key, Used};
use crate::store::searches::Step;
use crate::store::tracks::{self, Kept};
use crate::store::trips::OpenTrips;
use crate::store::{
    events, notifications, settling, shifts as shift_rows, trips as trip_rows, users,
};

/// What one command came to.
pub type Decision = Result<Answer, Refused>;

/// What one job that is decided came to.
pub enum Verdict {
    /// A command.
    Command(Decision),
    /// A post: which of the batch's events it is.
    Post(Result<usize, Refused>),
}

/// The state that a batch is decided on, and what has changed so far.
#[derive(Default)]
pub struct Desk {
    standings: HashMap<UserId, Standing>,
    open_of_riders: HashMap<RiderId, OpenTrips>,
    taken_by_drivers: HashMap<DriverId, TripId>,
    trips: HashMap<TripId, Arc<Trip>>,
    /// Trips whose rows make no sense: whoever wants something of them is refused, and nobody else.
    corrupt: HashSet<TripId>,
    /// The open offers of the trips, and those to the drivers, that the batch is about.
    offers: BTreeMap<OfferId, Offer>,
    /// The open shifts of the drivers to whom trips are offered, or whose shifts begin or end.
    shifts: HashMap<DriverId, Shift>,
    /// What the drivers may drive whose shifts begin, where anything is set.
    may_drive: HashMap<DriverId, Allowance>,
    keys: HashMap<(UserId, String), Used>,
    /// Trips that do not exist in the database yet, in the order of their requests.
    new: Vec<TripId>,
    /// Trips that do, and have changed, in the order of their first change.
    changed: Vec<TripId>,
    new_offers: Vec<OfferId>,
    /// Offers that were open, as they are now, and since when.
    changed_offers: BTreeMap<OfferId, (Offer, Timestamp)>,
    /// What the drivers of those offers left unacknowledged, and what has become of it.
    silences: Silences,
    changed_silences: BTreeMap<DriverId, Option<Silence>>,
    ended_shifts: Vec<Shift>,
    searches: HashMap<TripId, Vec<Step>>,
    new_keys: Vec<(Used, Timestamp)>,
    /// The ways of the rides that the batch ends, by the trips' numbers.
    ways: Vec<(i64, Kept)>,
    events: Vec<Event>,
}

impl Desk {
    /// Locks and reads what the commands are about: users first, then trips, each in the order of their ids.
    /// Nothing, if there is nothing to decide.
    pub fn load(db: &mut Db, jobs: &[Job]) -> QueryResult<Option<Self>> {
        let wanted = wanted(jobs);
        if wanted.is_nothing {
            return Ok(None);
        }
        let standings = users::lock(db, &wanted.actors.iter().copied().collect::<Vec<_>>())?;
        let found = trip_rows::find_all(db, &wanted.trips, trip_rows::Lock::Rows)?;
        let keys = keys::find(db, &wanted.keys)?
            .into_iter()
            .map(|used| ((used.user, used.key.word.clone()), used));
        let mut desk = Self {
            standings: standings.into_iter().collect(),
            keys: keys.collect(),
            corrupt: found.corrupt.into_iter().map(|(trip, _)| trip).collect(),
            trips: found
                .trips
                .into_iter()
                .map(|trip| (trip.id, Arc::new(trip)))
                .collect(),
            ..Self::default()
        };
        desk.load_people(db, &wanted)?;
        desk.load_offers(db, &wanted)?;
        Ok(Some(desk))
    }

    fn load_people(&mut self, db: &mut Db, wanted: &Wanted<'_>) -> QueryResult<()> {
        if !wanted.riders.is_empty() {
            self.open_of_riders = trip_rows::count_open(db, &wanted.riders)?;
        }
        if !wanted.drivers.is_empty() {
            self.taken_by_drivers = trip_rows::taken_by(db, &wanted.drivers)?
                .into_iter()
                .collect();
        }
        if !wanted.beginning.is_empty() {
            self.may_drive = settling::allowances(db, &wanted.beginning)?;
        }
        if !wanted.on_shift.is_empty() {
            let shifts = shift_rows::open_of(db, &wanted.on_shift)?;
            self.shifts = shifts
                .into_iter()
                .map(|shift| (shift.driver, shift))
                .collect();
        }
        Ok(())
    }

    /// Decides all jobs that need it, in their order, each on what the ones before it have left.
    pub fn decide(&mut self, db: &mut Db, jobs: &[Job]) -> QueryResult<Vec<Verdict>> {
        let mut verdicts = Vec::new();
        for job in jobs {
            match job {
                Job::Command(command, _) => {
                    verdicts.push(Verdict::Command(self.command(db, command)?));
                }
                Job::Post(post, _) => verdicts.push(Verdict::Post(self.post(post))),
                Job::Change(_) => {}
            }
        }
        Ok(verdicts)
    }

    fn command(&mut self, db: &mut Db, command: &Command) -> QueryResult<Decision> {
        let actor = command.actor();
        let trip = command.task.trip();
        if trip.is_some_and(|trip| self.corrupt.contains(&trip)) {
            return Ok(Err(Refused::Corrupt));
        }
        if let Some(user) = actor.user() {
            if self.standings.get(&user) != Some(&Standing::Active) {
                return Ok(Err(Refused::NotActive));
            }
            if let Some(key) = &command.key
                && let Some(used) = self.keys.get(&(user, key.word.clone())).cloned()
            {
                return self.replay(db, key, &used);
            }
        }
        let decision = match &command.task {
            Task::Request { request, limits } => self.request(request, *limits, command.at),
            Task::Act {
                trip,
                action,
                stated,
            } => match self.trips.get(trip).cloned() {
                None => Err(Refused::Unknown),
                Some(trip) => match stated.differs_from(&trip) {
                    Some(field) => Err(Refused::Differs(field)),
                    None => self.act(db, &trip, action, command.at)?,
                },
            },
            Task::Propose(proposal) => self.propose(proposal, command.at),
            Task::Reply {
                trip,
                driver,
                reply,
            } => self.reply(db, *trip, *driver, *reply, command.at)?,
            Task::Lapse(trip) => self.lapse(*trip, command.at),
        };
        if let (Ok(answer), Some(key), Some(user)) = (&decision, &command.key, actor.user()) {
            self.remember(user, key, &answer.trip, command.at);
        }
        Ok(decision)
    }

    fn happened(&mut self, at: Timestamp, actor: Actor, fact: Fact) {
        self.events.push(Event {
            id: 0,
            at,
            actor,
            fact,
            positions: Vec::new(),
        });
    }

    fn post(&mut self, post: &Post) -> Result<usize, Refused> {
        let actor = post.actor();
        let is_active = |user| self.standings.get(&user) == Some(&Standing::Active);
        let is_service = actor == Actor::Service;
        if !is_service && !actor.user().is_some_and(is_active) {
            return Err(Refused::NotActive);
        }
        let fact = match &post.what {
            Note::BeginShift(driver, vehicle) => {
                return self.begin_shift(*driver, vehicle, post.at);
            }
            Note::EndShift(driver, _) => return self.end_shift(*driver, actor, post.at),
            Note::Notification(_, notification) => Fact::Notification(notification.clone()),
            Note::Message {
                trip,
                sender,
                text,
                after,
            } => {
                if self.corrupt.contains(trip) {
                    return Err(Refused::Corrupt);
                }
                let trip = self.trips.get(trip).ok_or(Refused::Unknown)?;
                let (rider, driver) = trip.room(sender.id, post.at, *after)?;
                Fact::Message(Message {
                    trip: trip.id,
                    rider,
                    driver,
                    sender: sender.as_party(),
                    text: text.clone(),
                })
            }
        };
        self.happened(post.at, actor, fact);
        Ok(self.events.len() - 1)
    }

    fn remember(&mut self, user: UserId, key: &Key, trip: &Trip, at: Timestamp) {
        let used = Used {
            user,
            key: key.clone(),
            trip: trip.id,
            revision: trip.revision,
        };
        self.keys.insert((user, key.word.clone()), used.clone());
        self.new_keys.push((used, at));
    }

    fn replay(&self, db: &mut Db, key: &Key, used: &Used) -> QueryResult<Decision> {
        if used.key.digest != key.digest {
            return Ok(Err(Refused::KeyReused));
        }
        let in_batch = self.made(used).cloned();
        let event = match in_batch {
            Some(event) => Some(event),
            None => events::at_revision(db, used.trip, used.revision)?,
        };
        let Some(Fact::Trip(TripChange { trip, .. })) = event.map(|event| event.fact) else {
            return Ok(Err(Refused::Unknown));
        };
        Ok(Ok(Answer::of(Arc::new(trip), Outcome::Replayed)))
    }

    /// Writes everything that has changed, locking stream heads last, and returns the events in order.
    pub fn save(mut self, db: &mut Db, epoch: Uuid, has_staff: bool) -> QueryResult<Vec<Event>> {
        let is_idle = self.events.is_empty() && self.new_keys.is_empty();
        let has_offers = !self.changed_offers.is_empty() || !self.changed_silences.is_empty();
        if is_idle && self.searches.is_empty() && !has_offers {
            return Ok(Vec::new());
        }
        self.insert_new(db)?;
        self.update_changed(db)?;
        self.save_offers(db)?;
        self.save_shifts(db)?;
        if !self.ways.is_empty() {
            tracks::keep(db, &self.ways)?;
        }
        let numbers = self.numbers();
        let carries = |stream| has_staff || stream != Stream::Staff;
        events::append(db, &mut self.events, &numbers, epoch, carries)?;
        notifications::insert(db, &self.events)?;
        self.save_keys(db)?;
        Ok(self.events)
    }

    /// The event by which this batch has made a revision.
    fn made(&self, used: &Used) -> Option<&Event> {
        let is_it = |change: &TripChange| {
            (change.trip.id, change.trip.revision) == (used.trip, used.revision)
        };
        self.events
            .iter()
            .find(|event| event.trip().is_some_and(is_it))
    }

    /// The numbers of the trips that messages are about.
    fn numbers(&self) -> HashMap<TripId, i64> {
        let messages = self.events.iter().filter_map(|event| match &event.fact {
            Fact::Message(message) => Some(message.trip),
            Fact::Trip(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_) => None,
        });
        messages
            .filter_map(|id| Some((id, self.trips.get(&id)?.number)))
            .collect()
    }

    fn insert_new(&mut self, db: &mut Db) -> QueryResult<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        let mut new: Vec<Trip> = self
            .new
            .iter()
            .filter_map(|id| self.trips.get(id))
            .map(|trip| (**trip).clone())
            .collect();
        trip_rows::insert(db, &mut new.iter_mut().collect::<Vec<_>>())?;
        let numbers: HashMap<TripId, i64> = new.iter().map(|trip| (trip.id, trip.number)).collect();
        for event in &mut self.events {
            if let Fact::Trip(TripChange { trip, .. }) = &mut event.fact
                && let Some(number) = numbers.get(&trip.id)
            {
                trip.number = *number;
            }
        }
        for trip in new {
            self.trips.insert(trip.id, Arc::new(trip));
        }
        Ok(())
    }

    /// Trips that no driver has go first: a driver may end one trip, or give it back, and take the next in the same batch.
    fn update_changed(&self, db: &mut Db) -> QueryResult<()> {
        let changed = self
            .changed
            .iter()
            .filter_map(|id| self.trips.get(id))
            .map(|trip| &**trip);
        let (free, driven): (Vec<&Trip>, Vec<&Trip>) =
            changed.partition(|trip| !Status::TAKEN.contains(&trip.state.status()));
        for trips in [free, driven] {
            if !trips.is_empty() {
                trip_rows::update(db, &trips)?;
            }
        }
        Ok(())
    }

    fn save_keys(&self, db: &mut Db) -> QueryResult<()> {
        for (used, at) in &self.new_keys {
            let number = match self.made(used) {
                Some(event) => Some(event.id),
                None => events::at_revision(db, used.trip, used.revision)?.map(|event| event.id),
            };
            if let Some(number) = number {
                keys::insert(db, used, number, *at)?;
            }
        }
        Ok(())
    }
}
