//! Decides a batch of commands in memory, in the order of their arrival, on rows that are locked.
//!
//! Loading and saving take a handful of statements however many commands there are.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryResult;
use jiff::Timestamp;
use uuid::Uuid;

use super::command::{Answer, Command, Note, Outcome, Post, Refused, Task};
use super::handle::Job;
use super::wanted::wanted;
use crate::domain::{
    Action, Actor, Before, Change, DriverId, Event, Fact, Kind, Message, Notification, Request,
    RiderId, Standing, Trip, TripChange, TripId, UserId,
};
use crate::store::db::Db;
use crate::store::keys::{self, Key, Used};
use crate::store::{events, notifications, trips, users};

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
pub struct Desk {
    standings: HashMap<UserId, Standing>,
    active_of_riders: HashMap<RiderId, i64>,
    taken_by_drivers: HashMap<DriverId, TripId>,
    trips: HashMap<TripId, Arc<Trip>>,
    keys: HashMap<(UserId, String), Used>,
    /// Trips that do not exist in the database yet, in the order of their requests.
    new: Vec<TripId>,
    /// Trips that do, and have changed, in the order of their first change.
    changed: Vec<TripId>,
    new_keys: Vec<(Used, Timestamp)>,
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
        let found = trips::find_all(db, &wanted.trips, trips::Lock::Rows)?;
        let keys = keys::find(db, &wanted.keys)?
            .into_iter()
            .map(|used| ((used.user, used.key.word.clone()), used));
        let riders = if wanted.riders.is_empty() {
            Vec::new()
        } else {
            trips::count_active(db, &wanted.riders)?
        };
        let drivers = if wanted.drivers.is_empty() {
            Vec::new()
        } else {
            trips::taken_by(db, &wanted.drivers)?
        };
        Ok(Some(Self {
            standings: standings.into_iter().collect(),
            active_of_riders: riders.into_iter().collect(),
            taken_by_drivers: drivers.into_iter().collect(),
            trips: found
                .into_iter()
                .map(|trip| (trip.id, Arc::new(trip)))
                .collect(),
            keys: keys.collect(),
            new: Vec::new(),
            changed: Vec::new(),
            new_keys: Vec::new(),
            events: Vec::new(),
        }))
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
            Task::Request {
                request,
                active_max,
            } => self.request(request, *active_max, command.at),
            Task::Act {
                trip,
                action,
                stated,
            } => match self.trips.get(trip).cloned() {
                None => Err(Refused::Unknown),
                Some(trip) => match stated.differs_from(&trip) {
                    Some(field) => Err(Refused::Differs(field)),
                    None => self.act(&trip, action, command.at),
                },
            },
        };
        if let (Ok(answer), Some(key), Some(user)) = (&decision, &command.key, actor.user()) {
            self.remember(user, key, &answer.trip, command.at);
        }
        Ok(decision)
    }

    fn request(&mut self, request: &Request, active_max: u32, at: Timestamp) -> Decision {
        let active = self.active_of_riders.entry(request.rider.id).or_insert(0);
        if *active >= i64::from(active_max) {
            return Err(Refused::TooManyTrips(active_max));
        }
        *active += 1;
        let trip = Arc::new(Trip::request(request.clone(), at));
        self.new.push(trip.id);
        self.record(Kind::Requested, Actor::Rider(trip.rider.id), &trip, None);
        Ok(Answer {
            trip,
            outcome: Outcome::Changed,
        })
    }

    fn act(&mut self, before: &Arc<Trip>, action: &Action, at: Timestamp) -> Decision {
        let after = match before.apply(action, at) {
            Ok(Change::AlreadyDone) => {
                return Ok(Answer {
                    trip: before.clone(),
                    outcome: Outcome::AlreadyDone,
                });
            }
            Ok(Change::To(after)) => Arc::new(*after),
            Err(refusal) => return Err(Refused::Trip(refusal, before.clone())),
        };
        if let Action::Accept(driver) = action {
            if self.taken_by_drivers.contains_key(&driver.id) {
                return Err(Refused::DriverBusy);
            }
            self.taken_by_drivers.insert(driver.id, after.id);
        }
        if after.state.status().is_final() && !before.state.status().is_final() {
            self.free(&after);
        }
        if !self.new.contains(&after.id) && !self.changed.contains(&after.id) {
            self.changed.push(after.id);
        }
        let kind = Kind::of(action, before.state.status());
        self.record(kind, action.actor(), &after, Some(Before::from(&**before)));
        Ok(Answer {
            trip: after,
            outcome: Outcome::Changed,
        })
    }

    /// A trip that is over counts no longer.
    fn free(&mut self, trip: &Trip) {
        if let Some(active) = self.active_of_riders.get_mut(&trip.rider.id) {
            *active -= 1;
        }
        if let Some(driver) = trip.state.driver()
            && self.taken_by_drivers.get(&driver.id) == Some(&trip.id)
        {
            self.taken_by_drivers.remove(&driver.id);
        }
    }

    /// The change, and what the parties are told about it besides.
    fn record(&mut self, kind: Kind, actor: Actor, trip: &Arc<Trip>, before: Option<Before>) {
        self.trips.insert(trip.id, trip.clone());
        let at = trip.changed_at;
        let change = TripChange {
            kind,
            trip: (**trip).clone(),
            before,
        };
        let notices = Notification::about(&change, actor, at);
        self.happened(at, actor, Fact::Trip(change));
        for notice in notices {
            self.happened(at, Actor::Service, Fact::Notification(notice));
        }
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
        if !actor.user().is_some_and(is_active) {
            return Err(Refused::NotActive);
        }
        let fact = match &post.what {
            Note::Notification(_, notification) => Fact::Notification(notification.clone()),
            Note::Message {
                trip,
                sender,
                text,
                after,
            } => {
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
        Ok(Ok(Answer {
            trip: Arc::new(trip),
            outcome: Outcome::Replayed,
        }))
    }

    /// Writes everything that has changed, locking stream heads last, and returns the events in order.
    pub fn save(mut self, db: &mut Db, epoch: Uuid) -> QueryResult<Vec<Event>> {
        if self.events.is_empty() && self.new_keys.is_empty() {
            return Ok(Vec::new());
        }
        self.insert_new(db)?;
        self.update_changed(db)?;
        let numbers = self.numbers();
        events::append(db, &mut self.events, &numbers, epoch)?;
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
            Fact::Trip(_) | Fact::Notification(_) => None,
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
        trips::insert(db, &mut new.iter_mut().collect::<Vec<_>>())?;
        let numbers: HashMap<TripId, i64> = new.iter().map(|trip| (trip.id, trip.number)).collect();
        for event in &mut self.events {
            if let Fact::Trip(TripChange { trip, .. }) = &mut event.fact
                && let Some(number) = numbers.get(&trip.id)
            {
                trip.number = *number;
            }
        }
        Ok(())
    }

    /// Trips that are over go first: a driver may end one trip and take the next in the same batch.
    fn update_changed(&self, db: &mut Db) -> QueryResult<()> {
        let changed = self
            .changed
            .iter()
            .filter_map(|id| self.trips.get(id))
            .map(|trip| &**trip);
        let (over, alive): (Vec<&Trip>, Vec<&Trip>) =
            changed.partition(|trip| trip.state.status().is_final());
        for trips in [over, alive] {
            if !trips.is_empty() {
                trips::update(db, &trips)?;
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
