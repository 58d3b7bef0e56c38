//! The drivers and riders of a run, one task each, all on one thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until};

use super::cabs::Sent;
use super::socket::{BenchSocket, LazySocket, ReadBuffer, SocketError};
use super::tally::{BenchTally, RequestProgress};
use super::{BenchArgs, Wait};
use crate::client::User;

/// How long a rider waits for a request to complete before it goes on.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The interval at which lazy drivers read, and the number of groups that they read in.
const READ_EVERY: Duration = Duration::from_millis(50);
const TURNS: u32 = 25;
/// The pause after a refusal, because the next request would be refused as well.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// The state that the tasks of a run share.
pub struct Run {
    pub tally: RefCell<BenchTally>,
    pub scratch: ReadBuffer,
    /// The results of the position reports.
    pub positions: RefCell<Sent>,
    /// The number of drivers to come who read at once.
    eager_left: Cell<u32>,
    /// The drivers who only read from time to time.
    lazy: RefCell<Vec<LazySocket>>,
    wait: Wait,
    /// Set once no more requests are to be sent.
    stopped: Cell<bool>,
    /// One for each rider, notified when all drivers have received its request.
    all_received: Vec<Notify>,
}

impl Run {
    /// A run in which nothing has happened yet.
    pub fn new(number: u32, args: &BenchArgs) -> Rc<Self> {
        Rc::new(Self {
            tally: RefCell::new(BenchTally::new(number, args.drivers)),
            scratch: ReadBuffer::new(),
            positions: RefCell::default(),
            eager_left: Cell::new(args.eager.unwrap_or(args.drivers)),
            lazy: RefCell::default(),
            wait: args.wait,
            stopped: Cell::new(false),
            all_received: (0..args.riders).map(|_| Notify::new()).collect(),
        })
    }

    /// Stops the riders: requests under way are completed, no new ones are sent.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// Whether no new requests are to be sent.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Whether a rider's request is complete.
    fn is_done(&self, number: usize) -> bool {
        let tally = self.tally.borrow();
        tally.is_committed(number) && (self.wait == Wait::Own || tally.is_delivered(number))
    }

    fn deliver(&self, frame: &[u8], at: Option<Instant>) {
        let progress = self.tally.borrow_mut().deliver(frame, at);
        if let (Wait::All, RequestProgress::AllReceived { rider }) = (self.wait, progress) {
            self.all_received[rider].notify_one();
        }
    }
}

/// Adds a driver, who reads at once or from time to time.
pub fn add_driver(run: &Rc<Run>, socket: BenchSocket) -> Result<(), SocketError> {
    match run.eager_left.get().checked_sub(1) {
        Some(left) => {
            run.eager_left.set(left);
            rt::spawn(drive(Rc::clone(run), socket));
        }
        None => run.lazy.borrow_mut().push(socket.into_lazy()?),
    }
    Ok(())
}

/// Reads everything that a driver's socket receives.
async fn drive(run: Rc<Run>, mut socket: BenchSocket) {
    loop {
        // The clock is read once for all frames that came together.
        let mut now = None;
        let read = socket.read(&run.scratch, |frame| {
            run.deliver(frame, Some(*now.get_or_insert_with(Instant::now)))
        });
        if let Err(error) = read.await {
            return run.tally.borrow_mut().lose("a driver", &error.to_string());
        }
    }
}

/// Lets the lazy drivers read, a few at a time, so that other tasks do not wait long.
pub async fn drive_lazily(run: Rc<Run>) {
    loop {
        let mut nth = 0;
        for turn in 1..=TURNS {
            sleep(READ_EVERY / TURNS).await;
            let mut lazy = run.lazy.borrow_mut();
            let end = lazy.len() * turn as usize / TURNS as usize;
            while nth < end.min(lazy.len()) {
                match lazy[nth].read_available(&run.scratch, &mut |frame| run.deliver(frame, None))
                {
                    Ok(()) => nth += 1,
                    Err(error) => {
                        run.tally.borrow_mut().lose("a driver", &error.to_string());
                        lazy.swap_remove(nth);
                    }
                }
            }
        }
    }
}

/// When a rider requests trips.
#[derive(Clone, Copy)]
pub enum RequestTiming {
    /// As soon as the last request is complete.
    Closed,
    /// At fixed times, whether or not the last request is complete.
    Open { first: Instant, every: Duration },
}

/// Requests trips until the run is stopped, and reads until then.
pub async fn ride(
    run: Rc<Run>,
    socket: BenchSocket,
    user: User,
    turn: usize,
    timing: RequestTiming,
) {
    let mut rider = BenchRider {
        run: &run,
        socket,
        user: &user,
        turn,
        refused: false,
    };
    let end = match timing {
        RequestTiming::Closed => rider.request_in_turn().await,
        RequestTiming::Open { first, every } => rider.request_on_time(first, every).await,
    };
    if let Err(error) = end {
        run.tally.borrow_mut().lose("a rider", &error.to_string());
    }
}

struct BenchRider<'a> {
    run: &'a Run,
    socket: BenchSocket,
    user: &'a User,
    turn: usize,
    /// Whether the last request was refused.
    refused: bool,
}

impl BenchRider<'_> {
    async fn request_in_turn(&mut self) -> Result<(), SocketError> {
        while !self.run.stopped.get() {
            let number = self.request().await?;
            self.see_through(number).await?;
            if std::mem::take(&mut self.refused) {
                sleep(AFTER_REFUSAL).await;
            }
        }
        loop {
            self.listen().await?;
        }
    }

    async fn see_through(&mut self, number: usize) -> Result<(), SocketError> {
        let (run, all_received) = (self.run, &self.run.all_received[self.turn]);
        let deadline = sleep(ANSWER_WITHIN);
        tokio::pin!(deadline);
        while !run.is_done(number) && !self.refused {
            tokio::select! {
                heard = self.listen() => heard?,
                () = all_received.notified() => {}
                () = &mut deadline => break,
            }
        }
        Ok(())
    }

    async fn request_on_time(
        &mut self,
        first: Instant,
        every: Duration,
    ) -> Result<(), SocketError> {
        let mut next = first;
        while !self.run.stopped.get() {
            tokio::select! {
                heard = self.listen() => heard?,
                () = sleep_until(next.into()) => {
                    self.request().await?;
                    next += every;
                }
            }
        }
        loop {
            self.listen().await?;
        }
    }

    async fn request(&mut self) -> Result<usize, SocketError> {
        let (number, pick_up) = self.run.tally.borrow_mut().send(self.turn, Instant::now());
        // The reference server believes the rider's own claim of identity.
        let rider = json!({"id": self.user.id, "username": self.user.username});
        let frame =
            json!({"pick_up_address": pick_up, "drop_off_address": "there", "rider": rider});
        self.socket.send(frame.to_string().as_bytes()).await?;
        Ok(number)
    }

    async fn listen(&mut self) -> Result<(), SocketError> {
        let Self {
            run,
            socket,
            refused,
            ..
        } = self;
        socket
            .read(&run.scratch, |frame| {
                *refused |= !run.tally.borrow_mut().receive(frame, Instant::now())
            })
            .await
    }
}
