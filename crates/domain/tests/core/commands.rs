//! Random commands in a small town. Most may succeed, and many are refused.

use domain::core::{
    Candidate, Command, IdempotencyKey, Proposal, Reply, State, Stated, Submission,
};
use domain::{
    Action, Actor, Allowance, Audience, DriverId, MessageText, NoticeText, Notification, OfferId,
    Order, Outset, Policy, RideEnding, RiderId, Role, Standing, TripId, TripRef, TripRequest,
};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::cast::{LIMITS, driver, operator, party, person, place, reason, rider, vehicle};

const RIDERS: i64 = 4;
const DRIVERS: i64 = 6;

/// The random generator and the clock of the town.
pub struct Town {
    rng: Rng,
    second: i64,
    ids: u128,
}

impl Town {
    pub fn of(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            second: 1_900_000_000,
            ids: 1,
        }
    }

    /// The last rider and the last driver are blocked, and the last driver but one may drive small cars only.
    pub fn populate(&mut self, state: &mut State) {
        let riders = (0..RIDERS).map(|number| rider(number).user());
        let drivers = (0..DRIVERS).map(|number| driver(number).user());
        let accounts = riders.chain(drivers).chain([operator().into()]);
        state.standings = accounts.map(|it| (it, Standing::Active)).collect();
        let blocked = [rider(RIDERS - 1).user(), driver(DRIVERS - 1).user()];
        state
            .standings
            .extend(blocked.map(|user| (user, Standing::Blocked)));
        let small = Allowance::of(vec![vehicle(2)]);
        state.allowances.insert(driver(DRIVERS - 2), small);
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_second(self.second).expect("a time")
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// A batch of one to four commands. The clock goes on before each.
    pub fn batch(&mut self, state: &State) -> Vec<Submission> {
        self.second += self.rng.i64(0..8);
        let size = self.rng.usize(1..=4);
        let about = self.any_trip(state);
        (0..size).map(|_| self.submission(state, about)).collect()
    }

    fn any_trip(&mut self, state: &State) -> Option<TripId> {
        // Younger trips are more likely: most old ones have ended.
        let trips: Vec<&TripId> = state.trips.keys().rev().take(6).collect();
        self.rng.choice(trips).copied()
    }

    fn submission(&mut self, state: &State, about: Option<TripId>) -> Submission {
        let same = self.rng.f64() < 0.6;
        let trip = if same { about } else { self.any_trip(state) };
        let command = match trip {
            Some(trip) if self.rng.f64() < 0.85 => self.about(state, trip),
            Some(_) | None => self.about_no_trip(),
        };
        let key = (self.rng.f64() < 0.1).then(|| IdempotencyKey {
            word: self.rng.u8(0..3).to_string(),
            digest: [self.rng.u8(0..2); 32],
        });
        let at = self.at();
        Submission { command, key, at }
    }

    fn about_no_trip(&mut self) -> Command {
        let someone = driver(self.rng.i64(0..DRIVERS));
        match self.rng.u8(0..8) {
            0..=3 => self.request(),
            4 | 5 => Command::BeginShift(someone, vehicle(self.rng.u8(1..=4))),
            6 => Command::EndShift(someone, Actor::Driver(someone)),
            _ => Command::Notify(
                operator(),
                Notification {
                    audience: Audience::All,
                    text: NoticeText::parse("The bridge is closed").expect("a text"),
                    expires_at: self.at(),
                },
            ),
        }
    }

    fn request(&mut self) -> Command {
        let policies = [Policy::Broadcast, Policy::Nearest, Policy::Batch];
        let opens_at = self.at() + SignedDuration::from_secs(30);
        let order = Order {
            policy: self.rng.choice(policies).expect("there are some"),
            passengers: self.rng.u8(1..=3),
            opens_at: (self.rng.f64() < 0.2).then_some(opens_at),
            ..Order::default()
        };
        let request = TripRequest {
            id: TripId::new(self.id()),
            rider: party(rider(self.rng.i64(0..RIDERS))),
            pick_up: place("1 Main Street"),
            drop_off: place("2 Side Street"),
            order,
        };
        Command::RequestTrip(request, LIMITS)
    }

    fn about(&mut self, state: &State, trip: TripId) -> Command {
        let now = &state.trips[&trip];
        let someone = driver(self.rng.i64(0..DRIVERS));
        let open: Vec<DriverId> = state.open_offers.of(trip).map(|it| it.driver).collect();
        let its = now.state.driver().map(|driver| driver.id);
        let likely = its.or_else(|| self.rng.choice(open)).unwrap_or(someone);
        let by = if self.rng.f64() < 0.75 {
            likely
        } else {
            someone
        };
        match self.rng.u8(0..12) {
            0..=2 => self.propose(trip, now.attempt),
            3 => {
                let trip = self.reference(state, trip);
                self.reply(trip, by)
            }
            4 => Command::LapseOffers(trip),
            5 => Command::SendMessage {
                trip: self.reference(state, trip),
                sender: person(now.rider.id, Role::Rider),
                text: MessageText::parse("I am here").expect("a text"),
                open_for: SignedDuration::from_mins(1),
            },
            _ => {
                let action = self.action(now.rider.id, by);
                let stated = Stated::default();
                Command::Act {
                    trip: self.reference(state, trip),
                    action,
                    stated,
                }
            }
        }
    }

    fn propose(&mut self, trip: TripId, attempt: i64) -> Command {
        let at = self.at();
        let candidates = (0..self.rng.usize(0..5)).map(|_| Candidate {
            offer: OfferId::new(self.id()),
            driver: driver(self.rng.i64(0..DRIVERS)),
            metres: 500,
            eta_s: 60,
        });
        let candidates: Vec<Candidate> = candidates.collect();
        Command::Propose(Proposal {
            trip,
            attempt: attempt - i64::from(self.rng.f64() < 0.1),
            round: 0,
            next_round: 1,
            candidates,
            wave: self.rng.usize(1..=3),
            deliver_s: 4,
            decide_s: 15,
            again_at: at + SignedDuration::from_secs(5),
        })
    }

    /// Names a trip by its key or its number. Sometimes the number is that of another trip, as if it was guessed.
    fn reference(&mut self, state: &State, trip: TripId) -> TripRef {
        let number = state.trips[&trip].number;
        match self.rng.u8(0..10) {
            0..=5 => TripRef::Key(trip),
            6..=8 => TripRef::Number(number),
            _ => TripRef::Number(self.rng.i64(0..=number)),
        }
    }

    fn reply(&mut self, trip: TripRef, driver: DriverId) -> Command {
        let reply = if self.rng.bool() {
            Reply::Receive
        } else {
            Reply::Decline
        };
        Command::ReplyToOffer {
            trip,
            driver,
            reply,
        }
    }

    fn action(&mut self, rider: RiderId, by: DriverId) -> Action {
        let way = Some(Box::default());
        match self.rng.u8(0..18) {
            0..=4 => Action::Accept(party(by), Outset::default()),
            5 | 6 => Action::Arrive(by, None),
            7 | 8 => Action::Start(by, None),
            9 | 10 => Action::Complete(by, way),
            11 => Action::GiveBack(by, None),
            12 => Action::NoShow(by, None),
            13 => Action::Cancel(rider, None),
            14 => Action::Delete(rider),
            15 => Action::End(operator(), RideEnding::Cancelled, reason(), way),
            16 => Action::TakeBack(operator(), reason()),
            _ => self.deadline(by),
        }
    }

    fn deadline(&mut self, by: DriverId) -> Action {
        match self.rng.u8(0..5) {
            0 => Action::Open,
            1 => Action::Expire,
            2 => Action::NoteLate,
            3 => Action::NoteSilent(by, self.at()),
            _ => Action::NoteBlocked(by),
        }
    }
}
