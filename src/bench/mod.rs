//! `cabrank bench`: measures how many requests and deliveries a service handles, how soon drivers receive them, and
//! what it costs.
//!
//! It speaks the course dialect, so that any server of that family can be measured beside ours. It shares the machine
//! with the server, so it runs on one thread and reads as few bytes as it can.

mod accounts;
mod args;
mod cabs;
mod crowd;
mod frame;
mod mark;
mod percentile;
mod process;
mod report;
mod socket;
mod tally;

pub use args::{BenchArgs, Wait};

use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use crate::client::{ClientError, User};
use crate::inputs;
use accounts::BenchAccounts;
use crowd::{RequestTiming, Run};
use process::{Usage, own_usage, usage_of};
use report::{BenchReport, Spent, Window};
use socket::{BenchSocket, SocketError, Target};

const HANDSHAKES_AT_ONCE: usize = 32;
/// One in so many drivers connects before memory is measured, so that one-time costs are not counted.
const WARM_UP_SHARE: usize = 10;
/// How long the server may settle before it is measured.
const SETTLE: Duration = Duration::from_secs(2);
/// After the load: how long without a delivery until the rest counts as missing, and how long deliveries may go on.
const DRAIN_IDLE: Duration = Duration::from_secs(5);
const DRAIN: Duration = Duration::from_secs(60);
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The file of users cannot be read or written.
    #[error("{}: {reason}", .file.display())]
    Users { file: PathBuf, reason: String },
    /// There are fewer users than sockets to open.
    #[error("there are {have} {role}, {need} are needed")]
    TooFewUsers {
        role: &'static str,
        have: usize,
        need: usize,
    },
    /// Users cannot be signed up.
    #[error(transparent)]
    SignUp(#[from] ClientError),
    /// A user's socket cannot be opened.
    #[error("the socket of {who} could not be opened: {cause}{}", hint(.cause))]
    Open {
        /// The user's name.
        who: String,
        cause: SocketError,
    },
    /// The URL cannot be used.
    #[error(transparent)]
    Target(#[from] SocketError),
    /// There is no process to measure.
    #[error("none of the processes of --pid can be looked at")]
    NoProcess,
}

/// Advice for the one failure that most people meet first.
fn hint(cause: &SocketError) -> &'static str {
    const TOO_MANY_OPEN_FILES: i32 = 24;
    if let SocketError::Io(error) = cause
        && error.raw_os_error() == Some(TOO_MANY_OPEN_FILES)
    {
        return "; try `ulimit -n 20000` first";
    }
    ""
}

/// Measures and prints. It spawns tasks on this thread only, which needs actix's runtime.
pub async fn run(args: &BenchArgs) -> Result<(), BenchError> {
    let report = measure(args).await?;
    let text = if args.json {
        serde_json::to_string(&report).expect("a report is plain data") + "\n"
    } else {
        report.table()
    };
    // If the reader has gone, only the report is lost.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Prints progress to standard error, apart from the figures.
fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text} ...");
}

async fn measure(args: &BenchArgs) -> Result<BenchReport, BenchError> {
    if !args.pid.is_empty() && usage_of(&args.pid).is_none() {
        return Err(BenchError::NoProcess);
    }
    let target = Target::of(&args.url)?;
    let BenchAccounts { drivers, riders } = accounts::accounts(args).await?;
    let number = u32::from_ne_bytes(inputs::secret());
    let run = Run::new(number, args);
    let mut report = BenchReport::of(args);

    progress(&format!("opening {} driver sockets", drivers.len()));
    rt::spawn(crowd::drive_lazily(Rc::clone(&run)));
    let (first, rest) = drivers.split_at(drivers.len() / WARM_UP_SHARE);
    open_all(&target, first, |socket| crowd::add_driver(&run, socket)).await?;
    let before = settled(args).await;
    open_all(&target, rest, |socket| crowd::add_driver(&run, socket)).await?;
    report.idle(rest.len(), before, settled(args).await);
    if !args.idle {
        let cabs = &drivers[..drivers.len().min(args.cabs as usize)];
        let cabs = go_online(&run, &target, cabs).await?;
        load(args, &run, &target, riders, cabs, &mut report).await?;
    }
    let tally = run.tally.borrow();
    report.lost_sockets = tally.lost;
    report.first_loss.clone_from(&tally.first_loss);
    Ok(report)
}

/// Lets the riders request trips for the given time, and waits for the last deliveries.
async fn load(
    args: &BenchArgs,
    run: &Rc<Run>,
    target: &Target,
    riders: Vec<User>,
    cabs: Vec<BenchSocket>,
    report: &mut BenchReport,
) -> Result<(), BenchError> {
    let mut sockets = Vec::new();
    open_all(target, &riders, |socket| {
        sockets.push(socket);
        Ok(())
    })
    .await?;
    progress(&format!("requesting trips for {} s", args.seconds));
    let (server_before, client_before) = (usage_of(&args.pid), own_usage());
    let started_at = Instant::now();
    for (turn, (rider, socket)) in riders.into_iter().zip(sockets).enumerate() {
        let timing = timing(args, started_at, turn);
        rt::spawn(crowd::ride(Rc::clone(run), socket, rider, turn, timing));
    }
    let every = args.position_every.map(Duration::from_millis);
    for (turn, socket) in cabs.into_iter().enumerate() {
        rt::spawn(cabs::drive_about(Rc::clone(run), socket, turn, every));
    }
    sleep(Duration::from_secs(args.seconds)).await;
    run.stop();
    report.positions(&mut run.positions.borrow_mut(), started_at.elapsed());
    let window = {
        let tally = run.tally.borrow();
        Window {
            committed: tally.committed,
            deliveries: tally.deliveries,
            length: started_at.elapsed(),
        }
    };
    drain(run).await;
    let spent = Spent {
        server: cpu_between(server_before, usage_of(&args.pid)),
        client: cpu_between(client_before, own_usage()),
    };
    report.loaded(&mut run.tally.borrow_mut(), window, &spent);
    Ok(())
}

/// Waits until everything is delivered, or nothing more seems to come.
async fn drain(run: &Run) {
    let until = Instant::now() + DRAIN;
    let (mut last_count, mut last_at) = (0, Instant::now());
    while Instant::now() < until && last_at.elapsed() < DRAIN_IDLE {
        {
            let tally = run.tally.borrow();
            if tally.undelivered() == 0 && tally.unanswered() == 0 {
                return;
            }
            let count = tally.deliveries + tally.committed;
            if count != last_count {
                (last_count, last_at) = (count, Instant::now());
            }
        }
        sleep(DRAIN_POLL).await;
    }
}

/// Opens a socket for each user, several at once, and passes them to `on_open` in the users' order.
async fn open_all(
    target: &Target,
    users: &[User],
    mut on_open: impl FnMut(BenchSocket) -> Result<(), SocketError>,
) -> Result<(), BenchError> {
    let handshakes = users.iter().map(|user| async move {
        let opened = BenchSocket::open(target, user.group.path(), &user.access).await;
        (user, opened)
    });
    let mut opened = stream::iter(handshakes).buffered(HANDSHAKES_AT_ONCE);
    while let Some((user, socket)) = opened.next().await {
        socket
            .and_then(&mut on_open)
            .map_err(|cause| BenchError::Open {
                who: user.username.clone(),
                cause,
            })?;
    }
    Ok(())
}

/// Puts drivers on shift, several at once.
async fn go_online(
    run: &Run,
    target: &Target,
    users: &[User],
) -> Result<Vec<BenchSocket>, BenchError> {
    let going = users.iter().map(|user| async move {
        let online = cabs::go_online(run, target, user).await;
        online.map_err(|cause| BenchError::Open {
            who: user.username.clone(),
            cause,
        })
    });
    let going = stream::iter(going).buffered(HANDSHAKES_AT_ONCE);
    going.try_collect().await
}

/// The riders share the rate and take turns.
fn timing(args: &BenchArgs, start: Instant, turn: usize) -> RequestTiming {
    match args.rate {
        None => RequestTiming::Closed,
        Some(rate) => RequestTiming::Open {
            first: start + Duration::from_secs_f64(turn as f64 / rate),
            every: Duration::from_secs_f64(f64::from(args.riders) / rate),
        },
    }
}

/// The server's usage after it has settled.
async fn settled(args: &BenchArgs) -> Option<Usage> {
    sleep(SETTLE).await;
    usage_of(&args.pid)
}

fn cpu_between(before: Option<Usage>, after: Option<Usage>) -> Option<Duration> {
    Some(after?.cpu.saturating_sub(before?.cpu))
}
