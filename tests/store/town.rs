//! A store with people in it, and the commands that they send.

use std::borrow::Borrow;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use cabrank::domain::core::{
    Candidate, Command, IdempotencyKey, Proposal, Refusal, RiderLimits, Stated, Submission,
    TripOutcome,
};
use cabrank::domain::{
    Action, Address, Audience, DriverId, Event, MessageText, NoticeText, Notification, OfferId,
    OperatorId, Order, Outset, Party, Person, Place, Policy, RiderId, Role, Standing, Trip,
    TripChange, TripId, TripRequest, UserId, Vehicle, VehicleClass,
};
use cabrank::inputs;
use cabrank::store::db::{DatabaseUrl, Db};
use cabrank::store::users::{self, NewAccount};
use cabrank::store::writer::CommandError;
use cabrank::store::writer::feed::{Feed, Item};
use cabrank::store::{Opened, QueryResult, Store, StoreBounds, events, lock, trips};
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use crate::support::{Database, On};

/// Longer than anything takes, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most active trips of a rider in these tests.
pub const TRIPS_MAX: u32 = 3;

/// The most trips for later of a rider in these tests.
pub const SCHEDULED_MAX: u32 = 2;

const LIMITS: RiderLimits = RiderLimits {
    active_max: TRIPS_MAX,
    scheduled_max: SCHEDULED_MAX,
};

/// How long a room stays open after the end of its trip in these tests.
pub const ROOM_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// The result of a command about a trip.
pub type Outcome = Result<TripOutcome, CommandError>;

/// A write that is not sent yet.
pub type Write<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A store with a database of its own.
pub struct Town {
    pub store: Store,
    pub feed: Feed,
    pub database: Database,
    thread: JoinHandle<()>,
    runtime: Runtime,
}

impl Town {
    pub fn on(on: On) -> Self {
        Self::within(on, StoreBounds::STANDARD)
    }

    pub fn within(on: On, bounds: StoreBounds) -> Self {
        Self::open(Database::migrated(on), bounds)
    }

    pub fn open(database: Database, bounds: StoreBounds) -> Self {
        let opened = Store::open_within(&database.url, bounds);
        Self::of(database, opened)
    }

    /// A store that has taken the lock of its database.
    pub fn alone_on(on: On) -> Self {
        let database = Database::migrated(on);
        let taken = lock::take(&database.url, "a test", Duration::ZERO);
        let (mut lock, mut db) = taken.expect("nobody has it");
        lock.enter(&mut db, "a test").expect("it is migrated");
        let opened = Store::open_locked(&database.url, lock, db);
        Self::of(database, opened)
    }

    fn of(database: Database, opened: Opened) -> Self {
        Self {
            store: opened.store,
            feed: opened.feed,
            thread: opened.thread,
            database,
            runtime: runtime(),
        }
    }

    /// Drops the last handle and waits for the writer to end. Returns the database and the feed.
    pub fn close(self) -> (Database, Feed) {
        drop(self.store);
        self.thread.join().expect("the writer does not panic");
        (self.database, self.feed)
    }

    /// Stops the service and starts it again.
    pub fn restart(self) -> Self {
        let (database, _) = self.close();
        Self::open(database, StoreBounds::STANDARD)
    }

    /// Waits for a future, which must not take long.
    pub fn wait_for<T>(&self, future: impl Future<Output = T>) -> T {
        wait_for(&self.runtime, future)
    }

    pub fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Db) -> QueryResult<T> + Send + 'static,
    ) -> T {
        self.wait_for(self.store.reader.read(query))
            .expect("the database can be read")
    }

    pub fn rider(&self, name: &str) -> Party<RiderId> {
        party(name, RiderId::of(self.user(name, Role::Rider)))
    }

    pub fn driver(&self, name: &str) -> Party<DriverId> {
        party(name, DriverId::of(self.user(name, Role::Driver)))
    }

    pub fn operator(&self, name: &str) -> OperatorId {
        OperatorId::of(self.user(name, Role::Operator))
    }

    fn user(&self, name: &str, role: Role) -> UserId {
        self.wait_for(add_user(&self.store, name, role))
    }

    pub fn command(&self, command: Submission) -> Outcome {
        self.wait_for(self.store.writer.act(command))
    }

    /// The trip after a command, which must succeed.
    pub fn trip(&self, command: Submission) -> Trip {
        let answer = self.command(command).expect("it is allowed");
        Trip::clone(&answer.trip)
    }

    /// The refusal of a command, which must be refused.
    pub fn refusal(&self, command: Submission) -> Refusal {
        refusal(self.command(command))
    }

    pub fn requested_by(&self, rider: &Party<RiderId>) -> Trip {
        self.trip(request(rider))
    }

    pub fn post(&self, post: Submission) -> Result<Arc<Event>, CommandError> {
        self.wait_for(self.store.writer.record(post))
    }

    /// The refusal of a message or notification, which must be refused.
    pub fn refused_post(&self, post: Submission) -> Refusal {
        refusal(self.post(post))
    }

    /// A command that is not sent yet.
    pub fn later(&self, command: Submission) -> Write<'static, Outcome> {
        let writer = self.store.writer.clone();
        Box::pin(async move { writer.act(command).await })
    }

    /// Sends all of these writes in order while the writer is held up, so that they make one batch.
    pub fn in_one_batch<T>(&self, mut writes: Vec<Write<'_, T>>) -> Vec<T> {
        let (arrived, has_arrived) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let gate = self.store.writer.change(move |_| {
            arrived.send(()).expect("the test waits");
            released.recv().expect("the test lets go");
            Ok(())
        });
        self.wait_for(async {
            let mut gate = std::pin::pin!(gate);
            assert!(sent(gate.as_mut()).await, "the writer is held up");
            has_arrived
                .recv_timeout(PATIENCE)
                .expect("the writer takes the gate");
            for write in &mut writes {
                assert!(
                    sent(write.as_mut()).await,
                    "nothing is answered while the writer is held up"
                );
            }
            release.send(()).expect("the writer waits");
            gate.await.expect("the gate changes nothing");
            let mut results = Vec::new();
            for write in writes {
                results.push(write.await);
            }
            results
        })
    }

    /// The same for commands alone.
    pub fn commands_in_one_batch(
        &self,
        commands: impl IntoIterator<Item = Submission>,
    ) -> Vec<Outcome> {
        self.in_one_batch(
            commands
                .into_iter()
                .map(|command| self.later(command))
                .collect(),
        )
    }

    /// The events of the next batch on the feed.
    pub fn news(&mut self) -> Vec<Arc<Event>> {
        match self.next() {
            Item::News(news) => news.events,
            gap @ Item::Gap { .. } => panic!("news was due, not {gap:?}"),
        }
    }

    /// The next item on the feed.
    pub fn next(&mut self) -> Item {
        wait_for(&self.runtime, self.feed.next()).expect("the writer is there")
    }

    pub fn log(&self) -> Vec<Event> {
        self.read(|db| events::range(db, 1, i64::MAX, i64::MAX)).0
    }

    /// The trip as it is in its row.
    pub fn stored(&self, id: TripId) -> Trip {
        self.read(move |db| trips::find(db, id))
            .expect("the trip exists")
    }
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made")
}

pub fn wait_for<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, future).await })
        .expect("it does not take long")
}

/// Polls a future for the first time. Returns whether it is pending.
pub async fn sent<F: Future + ?Sized>(mut future: Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

pub async fn add_user(store: &Store, name: &str, role: Role) -> UserId {
    let account = NewAccount {
        username: name.to_owned(),
        password_hash: String::new(),
        first_name: String::new(),
        last_name: "O'Hara".to_owned(),
        role,
        standing: Standing::Active,
        created_at: inputs::now(),
        photo: None,
    };
    let added = store
        .writer
        .change(move |tx| users::insert(tx.db, &account))
        .await;
    added
        .expect("accounts can be written")
        .expect("the name is free")
}

pub fn party<Id>(name: &str, id: Id) -> Party<Id> {
    Party {
        id,
        username: name.to_owned(),
        first_name: String::new(),
        last_name: "O'Hara".to_owned(),
        photo: None,
    }
}

/// Opens another store on a database. Its feed is dropped.
pub fn another_store(url: &DatabaseUrl) -> Store {
    Store::open(url).store
}

pub fn command(command: Command) -> Submission {
    Submission {
        command,
        key: None,
        at: inputs::now(),
    }
}

/// A rider's request for a trip.
pub fn request(rider: &Party<RiderId>) -> Submission {
    ordered(rider, Order::default())
}

/// A request with another search time.
pub fn request_for(rider: &Party<RiderId>, search: SignedDuration) -> Submission {
    let search_s = u32::try_from(search.as_secs()).unwrap_or(0);
    ordered(
        rider,
        Order {
            search_s,
            ..Order::default()
        },
    )
}

/// A request for a trip a day later.
pub fn request_later(rider: &Party<RiderId>) -> Submission {
    let opens_at = Some(inputs::now() + SignedDuration::from_hours(24));
    ordered(
        rider,
        Order {
            opens_at,
            ..Order::default()
        },
    )
}

/// A request whose trip is offered to drivers one by one.
pub fn request_nearest(rider: &Party<RiderId>) -> Submission {
    request_under(Policy::Nearest, rider)
}

/// A request under any policy.
pub fn request_under(policy: Policy, rider: &Party<RiderId>) -> Submission {
    ordered(
        rider,
        Order {
            policy,
            ..Order::default()
        },
    )
}

/// A proposal to offer a trip to a driver.
pub fn propose(trip: &Trip, driver: &Party<DriverId>) -> Submission {
    propose_to(trip, std::slice::from_ref(driver))
}

/// A proposal to offer a trip to all of these drivers at once.
pub fn propose_to(trip: &Trip, drivers: &[Party<DriverId>]) -> Submission {
    let candidates = drivers.iter().map(|driver| Candidate {
        offer: OfferId::new(inputs::fresh_id()),
        driver: driver.id,
        metres: 500,
        eta_s: 60,
    });
    command(Command::Propose(Proposal {
        trip: trip.id,
        attempt: trip.attempt,
        round: 0,
        next_round: 1,
        candidates: candidates.collect(),
        wave: drivers.len(),
        deliver_s: 4,
        decide_s: 15,
        again_at: inputs::now() + SignedDuration::from_secs(5),
    }))
}

/// Begins a driver's shift.
pub fn begin_shift(driver: &Party<DriverId>) -> Submission {
    let (class, seats) = (VehicleClass::default(), 4);
    Submission {
        command: Command::BeginShift(driver.id, Vehicle { class, seats }),
        key: None,
        at: inputs::now(),
    }
}

/// A rider's request with this order.
pub fn ordered(rider: &Party<RiderId>, order: Order) -> Submission {
    let place = |text: &str| Place {
        address: Address::parse(text).expect("an address"),
        location: None,
    };
    let request = TripRequest {
        id: TripId::new(inputs::fresh_id()),
        rider: rider.clone(),
        pick_up: place("1 Main Street"),
        drop_off: place("2 Side Street"),
        order,
    };
    command(Command::RequestTrip(request, LIMITS))
}

/// An action on a trip.
pub fn act(trip: &Trip, action: Action) -> Submission {
    command(Command::Act {
        trip: trip.id.into(),
        action,
        stated: Stated::default(),
    })
}

/// A driver's accept.
pub fn accept(trip: &Trip, driver: &Party<DriverId>) -> Submission {
    act(trip, Action::Accept(driver.clone(), Outset::default()))
}

/// A message in a trip's room, from a party or from anyone else.
pub fn say<Id: Copy + Into<UserId>>(
    trip: &Trip,
    party: &Party<Id>,
    role: Role,
    text: &str,
) -> Submission {
    let sender = Person {
        id: party.id.into(),
        role,
        username: party.username.clone(),
        first_name: party.first_name.clone(),
        last_name: party.last_name.clone(),
        photo: None,
    };
    let command = Command::SendMessage {
        trip: trip.id.into(),
        sender,
        text: MessageText::parse(text).expect("a text"),
        open_for: ROOM_AFTER,
    };
    let at = inputs::now();
    Submission::new(command, at)
}

/// A notification from an operator, shown for `life`.
pub fn notify(by: OperatorId, audience: Audience, life: SignedDuration) -> Submission {
    let at = inputs::now();
    let notification = Notification {
        audience,
        text: NoticeText::parse("The bridge is closed").expect("a text"),
        expires_at: at + life,
    };
    let command = Command::Notify(by, notification);
    Submission::new(command, at)
}

/// The command under an idempotency key. `body` stands for the body that the client sent.
pub fn under(word: &str, body: u8, mut command: Submission) -> Submission {
    command.key = Some(IdempotencyKey {
        word: word.to_owned(),
        digest: [body; 32],
    });
    command
}

/// The kinds of the events, in order.
pub fn kinds<E: Borrow<Event>>(events: &[E]) -> Vec<&'static str> {
    events.iter().map(|event| event.borrow().kind()).collect()
}

/// The changes of trips among the events, in order.
pub fn changes<E: Borrow<Event>>(events: &[E]) -> Vec<&TripChange> {
    events
        .iter()
        .filter_map(|event| event.borrow().trip())
        .collect()
}

/// The refusal in an outcome, which must be one.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, CommandError>) -> Refusal {
    match outcome {
        Err(CommandError::Refused(refused)) => refused,
        other => panic!("a refusal was due, not {other:?}"),
    }
}
