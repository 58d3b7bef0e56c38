//! What a batch must know before it is decided.

use std::collections::BTreeSet;

use super::command::{Command, Note, Post, Task};
use super::handle::Job;
use crate::domain::{Action, DriverId, RiderId, TripId, UserId};

/// What a batch is about.
pub(super) struct Wanted<'a> {
    pub(super) is_nothing: bool,
    pub(super) actors: BTreeSet<UserId>,
    pub(super) riders: Vec<RiderId>,
    /// Those who may become busy, or must not be.
    pub(super) drivers: Vec<DriverId>,
    /// Those whose shifts matter.
    pub(super) on_shift: Vec<DriverId>,
    /// Those who reply to an offer, or whose devices do.
    pub(super) repliers: Vec<DriverId>,
    /// Those whose shifts begin.
    pub(super) beginning: Vec<DriverId>,
    pub(super) trips: Vec<TripId>,
    pub(super) keys: Vec<(UserId, &'a str)>,
}

/// All that these jobs need, each trip once.
pub(super) fn wanted(jobs: &[Job]) -> Wanted<'_> {
    let mut wanted = Wanted {
        is_nothing: true,
        actors: BTreeSet::new(),
        riders: Vec::new(),
        drivers: Vec::new(),
        on_shift: Vec::new(),
        repliers: Vec::new(),
        beginning: Vec::new(),
        trips: Vec::new(),
        keys: Vec::new(),
    };
    for job in jobs {
        match job {
            Job::Command(command, _) => wanted.command(command),
            Job::Post(post, _) => wanted.post(post),
            Job::Change(_) => {}
        }
    }
    wanted.trips.sort_unstable();
    wanted.trips.dedup();
    wanted
}

impl<'a> Wanted<'a> {
    fn command(&mut self, command: &'a Command) {
        self.is_nothing = false;
        self.actors.extend(command.actor().user());
        match &command.task {
            Task::Request { request, .. } => self.riders.push(request.rider.id),
            Task::Act { trip, action, .. } => {
                self.trips.push(*trip);
                if let Action::Accept(driver, _) = action {
                    self.drivers.push(driver.id);
                }
            }
            Task::Propose(proposal) => {
                self.trips.push(proposal.trip);
                let candidates = proposal.candidates.iter();
                candidates.for_each(|candidate| self.on_duty(candidate.driver));
            }
            Task::Reply { trip, driver, .. } => {
                self.trips.push(*trip);
                self.repliers.push(*driver);
            }
            Task::Lapse(trip) => self.trips.push(*trip),
        }
        if let (Some(key), Some(user)) = (&command.key, command.actor().user()) {
            self.keys.push((user, key.word.as_str()));
        }
    }

    fn post(&mut self, post: &Post) {
        self.is_nothing = false;
        self.actors.extend(post.actor().user());
        match &post.what {
            Note::Message { trip, .. } => self.trips.push(*trip),
            Note::Notification(..) => {}
            Note::BeginShift(driver, _) => {
                self.beginning.push(*driver);
                self.on_duty(*driver);
            }
            Note::EndShift(driver, _) => self.on_duty(*driver),
        }
    }

    /// Nobody else may occupy or release the driver meanwhile.
    fn on_duty(&mut self, driver: DriverId) {
        self.actors.insert(driver.user());
        self.drivers.push(driver);
        self.on_shift.push(driver);
    }
}
