//! Measures the group writer: batches against one transaction per write, from few callers to many; and the cost of the
//! staff's stream.
//!
//! `cargo bench --bench writer`; with `CABRANK_TEST_POSTGRES` on PostgreSQL as well. Both methods use the same store
//! and the same commands and differ only in the number of writes per transaction. They are measured in turn for each
//! number of callers, because the disk's speed changes from minute to minute; compare medians of one run.

#[path = "../tests/support/database.rs"]
mod database;

use std::fmt;

use cabrank::domain::core::{Command, RiderLimits, Stated, Submission};
use cabrank::domain::{
    Action, Address, DriverId, Order, Outset, Party, Place, RiderId, Role, Standing, TripId,
    TripRequest, UserId,
};
use cabrank::inputs;
use cabrank::store::users::{self, NewAccount};
use cabrank::store::{Store, StoreBounds};
use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::future::join_all;
use tokio::runtime::Runtime;

use database::{Database, On, execute, has_postgres};

fn main() {
    divan::main();
}

/// The number of callers, and the most writes in a transaction.
#[derive(Debug, Clone, Copy)]
struct Load {
    callers: usize,
    batch_max: usize,
    has_staff: bool,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match (self.batch_max, self.has_staff) {
            (1, _) => "one a transaction",
            (_, true) => "in groups",
            (_, false) => "in groups, without staff",
        };
        write!(f, "{:>3} callers, {method}", self.callers)
    }
}

impl Load {
    /// Chosen so that a sample is long enough to measure and short enough to repeat.
    const fn writes_per_caller(self) -> usize {
        match self.callers {
            ..8 => 64,
            8..32 => 32,
            32..256 => 16,
            256.. => 4,
        }
    }

    const fn writes(self) -> usize {
        self.callers * self.writes_per_caller()
    }
}

fn loads() -> impl Iterator<Item = Load> {
    let methods = [(1, true), (StoreBounds::STANDARD.batch_max, true)];
    loads_of([1, 8, 32, 256], methods)
}

/// With and without the staff's stream, in turn.
fn loads_of_staff() -> impl Iterator<Item = Load> {
    let batch_max = StoreBounds::STANDARD.batch_max;
    let methods = [(batch_max, true), (batch_max, false)];
    loads_of([1, 32, 256], methods)
}

fn loads_of<const N: usize>(
    callers: [usize; N],
    methods: [(usize, bool); 2],
) -> impl Iterator<Item = Load> {
    callers.into_iter().flat_map(move |callers| {
        methods.into_iter().map(move |(batch_max, has_staff)| Load {
            callers,
            batch_max,
            has_staff,
        })
    })
}

fn loads_of_postgres() -> impl Iterator<Item = Load> {
    loads().filter(|_| has_postgres())
}

#[divan::bench(args = loads(), sample_count = 30, sample_size = 1)]
fn sqlite_creates(bencher: Bencher<'_, '_>, load: Load) {
    measure(bencher, On::Sqlite, load, Town::creates);
}

#[divan::bench(args = loads(), sample_count = 30, sample_size = 1)]
fn sqlite_accepts(bencher: Bencher<'_, '_>, load: Load) {
    measure(bencher, On::Sqlite, load, Town::accepts);
}

#[divan::bench(args = loads_of_postgres(), sample_count = 30, sample_size = 1)]
fn postgres_creates(bencher: Bencher<'_, '_>, load: Load) {
    measure(bencher, On::Postgres, load, Town::creates);
}

#[divan::bench(args = loads_of_postgres(), sample_count = 30, sample_size = 1)]
fn postgres_accepts(bencher: Bencher<'_, '_>, load: Load) {
    measure(bencher, On::Postgres, load, Town::accepts);
}

#[divan::bench(args = loads_of_staff(), sample_count = 100, sample_size = 1)]
fn sqlite_staff(bencher: Bencher<'_, '_>, load: Load) {
    measure(bencher, On::Sqlite, load, Town::creates);
}

#[divan::bench(args = loads_of_staff().filter(|_| has_postgres()), sample_count = 100, sample_size = 1)]
fn postgres_staff(bencher: Bencher<'_, '_>, load: Load) {
    measure(bencher, On::Postgres, load, Town::creates);
}

/// Times all callers together, each sending its commands one after another.
fn measure(
    bencher: Bencher<'_, '_>,
    on: On,
    load: Load,
    prepare: fn(&Town) -> Vec<Vec<Submission>>,
) {
    let town = Town::new(on, load);
    bencher
        .counter(ItemsCount::new(load.writes()))
        .with_inputs(|| prepare(&town))
        .bench_local_values(|commands| town.send(commands));
}

/// A store with a rider and a driver for each write.
struct Town {
    load: Load,
    store: Store,
    riders: Vec<Party<RiderId>>,
    drivers: Vec<Party<DriverId>>,
    runtime: Runtime,
    // Last, so that it is dropped when nothing uses it any more.
    _database: Database,
}

impl Town {
    fn new(on: On, load: Load) -> Self {
        let database = Database::migrated(on);
        let bounds = StoreBounds {
            batch_max: load.batch_max,
            has_staff: load.has_staff,
            ..StoreBounds::STANDARD
        };
        let store = Store::open_within(&database.url, bounds).store;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime can be made");
        let add = |role| runtime.block_on(add_users(&store, load.writes(), role));
        let (riders, drivers) = (add(Role::Rider), add(Role::Driver));
        Self {
            load,
            riders: riders
                .into_iter()
                .map(|id| party(RiderId::of(id)))
                .collect(),
            drivers: drivers
                .into_iter()
                .map(|id| party(DriverId::of(id)))
                .collect(),
            store,
            runtime,
            _database: database,
        }
    }

    /// A request by each rider. No rider has a trip.
    fn creates(&self) -> Vec<Vec<Submission>> {
        self.end_all();
        self.by_caller(self.riders.iter().map(request))
    }

    /// An accept by each driver, of a trip of their own. No driver has a trip.
    fn accepts(&self) -> Vec<Vec<Submission>> {
        self.end_all();
        let requests: Vec<Submission> = self.riders.iter().map(request).collect();
        let trips: Vec<TripId> = requests.iter().filter_map(trip_of).collect();
        self.send(self.by_caller(requests.into_iter()));
        self.by_caller(
            trips
                .into_iter()
                .zip(&self.drivers)
                .map(|(trip, driver)| accept(trip, driver)),
        )
    }

    fn by_caller(&self, commands: impl Iterator<Item = Submission>) -> Vec<Vec<Submission>> {
        let commands: Vec<Submission> = commands.collect();
        commands
            .chunks(self.load.writes_per_caller())
            .map(<[Submission]>::to_vec)
            .collect()
    }

    fn send(&self, commands: Vec<Vec<Submission>>) {
        let callers = commands.into_iter().map(async |commands| {
            for command in commands {
                self.store.writer.act(command).await.expect("it is allowed");
            }
        });
        self.runtime.block_on(join_all(callers));
    }

    /// Uses the writer, because its connection would have to discard cached state if another one wrote.
    fn end_all(&self) {
        const END: &str = "UPDATE trips SET status = 'CANCELLED', ended_by_role = 'service' WHERE ended_by_role IS NULL";
        let end = self.store.writer.change(|tx| execute(tx.db, END));
        self.runtime.block_on(end).expect("trips can be ended");
    }
}

async fn add_users(store: &Store, count: usize, role: Role) -> Vec<UserId> {
    let add = store.writer.change(move |tx| {
        let ids = (0..count).map(|number| {
            let account = NewAccount {
                username: format!("{role}{number}"),
                password_hash: String::new(),
                first_name: String::new(),
                last_name: String::new(),
                role,
                standing: Standing::Active,
                created_at: inputs::now(),
                photo: None,
            };
            let id = users::insert(tx.db, &account)?;
            Ok(id.expect("the name is free"))
        });
        ids.collect()
    });
    add.await.expect("accounts can be written")
}

fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: "ann@example.com".to_owned(),
        first_name: "Ann".to_owned(),
        last_name: "O'Hara".to_owned(),
        photo: None,
    }
}

fn request(rider: &Party<RiderId>) -> Submission {
    let place = |text: &str| Place {
        address: Address::parse(text).expect("an address"),
        location: None,
    };
    let at = inputs::now();
    let request = TripRequest {
        id: TripId::new(inputs::fresh_id()),
        rider: rider.clone(),
        pick_up: place("221B Baker Street, London"),
        drop_off: place("10 Downing Street, London"),
        order: Order::default(),
    };
    Submission {
        command: Command::RequestTrip(
            request,
            RiderLimits {
                active_max: 3,
                scheduled_max: 3,
            },
        ),
        key: None,
        at,
    }
}

fn trip_of(command: &Submission) -> Option<TripId> {
    if let Command::RequestTrip(request, _) = &command.command {
        return Some(request.id);
    }
    None
}

fn accept(trip: TripId, driver: &Party<DriverId>) -> Submission {
    let action = Action::Accept(driver.clone(), Outset::default());
    Submission {
        command: Command::Act {
            trip: trip.into(),
            action,
            stated: Stated::default(),
        },
        key: None,
        at: inputs::now(),
    }
}
