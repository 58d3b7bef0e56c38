//! The command line: parses it, starts logging, and calls the library.

use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use cabrank::accounts::{Accounts, SignUp};
use cabrank::auth::keys::KeyRing;
use cabrank::auth::passwords::Password;
use cabrank::auth::throttle::Throttle;
use cabrank::auth::tokens::TokenIssuer;
use cabrank::bench::{self, BenchArgs};
use cabrank::client::ServiceClient;
use cabrank::config::{AccountConfig, DataConfig, ServeConfig};
use cabrank::demo::DemoArgs;
use cabrank::domain::{Allowance, Role, Standing, Username, Vehicle};
use cabrank::inputs;
use cabrank::server::{Server, StopHandle};
use cabrank::shell::{self, ReplayArgs};
use cabrank::sim::{self, SimulateArgs};
use cabrank::store::Store;
use cabrank::store::migrations::{self, Direction};
use cabrank::telemetry::{self, LogConfig};
use clap::{Args, Parser, Subcommand};

type CliFailure = Box<dyn std::error::Error>;

/// A ride-hailing dispatch service that an operator hosts alone.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    log: LogConfig,
}

#[derive(Subcommand)]
enum CliCommand {
    /// Start the service (the default)
    Serve(Box<ServeConfig>),
    /// Bring the database's schema up to date, and stop
    Migrate {
        #[command(flatten)]
        data: DataConfig,
        /// Undo every migration, which deletes all data
        #[arg(long)]
        down: bool,
    },
    /// Start a service on a temporary directory, with riders and drivers who use it
    Demo(DemoArgs),
    /// Put load on a service that speaks the course dialect, and report what it costs
    Bench(BenchArgs),
    /// Simulate a day in a city under one policy or several, and compare them
    Simulate(SimulateArgs),
    /// Exit with 0 if the service is healthy
    Health {
        /// Address and port that the service listens on
        #[arg(
            long,
            env = "CABRANK_LISTEN",
            default_value = "127.0.0.1:8080",
            value_name = "ADDRESS"
        )]
        listen: SocketAddr,
    },
    /// Add or change accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Print how the service searched for a trip's driver: the candidates with their costs, and who was left out
    Explain {
        /// The trip's key
        nk: String,
        #[command(flatten)]
        data: DataConfig,
    },
    /// Compare the log with the tables, or write a day of it as a scenario
    Replay {
        #[command(flatten)]
        args: ReplayArgs,
        #[command(flatten)]
        data: DataConfig,
    },
    /// Make every client start over with a snapshot, after a backup was restored
    NewEpoch {
        #[command(flatten)]
        data: DataConfig,
    },
    /// Put a new signing key before the others; restart the service to use it
    RotateKey {
        #[command(flatten)]
        data: DataConfig,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add an account; without --password-stdin a password is generated and printed
    Add {
        #[command(flatten)]
        user: UserArgs,
        /// rider, driver or operator
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Approve a driver
    Approve(UserArgs),
    /// Block an account: end its sessions and its shift, and take its trip from it before the start
    Block(UserArgs),
    /// Remove an account's photo
    RemovePhoto(UserArgs),
    /// Set what a driver may drive; without --vehicle, anything
    Vehicles {
        #[command(flatten)]
        user: UserArgs,
        /// A class and the most seats, such as van:6; may be repeated
        #[arg(long = "vehicle", value_name = "CLASS:SEATS")]
        vehicles: Vec<Vehicle>,
    },
    /// Give an account a new password, and end its sessions
    Password {
        #[command(flatten)]
        user: UserArgs,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Args)]
struct UserArgs {
    /// The name that the account logs in with
    #[arg(long)]
    username: String,
    #[command(flatten)]
    data: DataConfig,
    #[command(flatten)]
    accounts: AccountConfig,
}

fn role(word: &str) -> Result<Role, &'static str> {
    Role::parse(word).ok_or("rider, driver or operator")
}

#[actix_web::main]
async fn main() {
    let cli = Cli::parse();
    telemetry::start(&cli.log);
    let command = cli.command.unwrap_or_else(default_command);
    let code = match run(command).await {
        Ok(()) => 0,
        Err(failure) => {
            tracing::error!("{failure}");
            1
        }
    };
    // Returning would wait for threads that wait for a database that does not answer, possibly for ever.
    std::process::exit(code)
}

fn default_command() -> CliCommand {
    Cli::parse_from(["cabrank", "serve"])
        .command
        .expect("the command is given")
}

async fn run(command: CliCommand) -> Result<(), CliFailure> {
    match command {
        CliCommand::Serve(config) => serve(&config).await,
        CliCommand::Migrate { data, down } => {
            migrate(&data, if down { Direction::Down } else { Direction::Up })
        }
        CliCommand::Demo(args) => demo(&args).await,
        CliCommand::Bench(args) => Ok(bench::run(&args).await?),
        CliCommand::Simulate(args) => Ok(sim::run(&args, &inputs::elapsed)?),
        CliCommand::Health { listen } => {
            Ok(ServiceClient::at(&format!("http://{}", reachable(listen)))
                .health()
                .await?)
        }
        CliCommand::Explain { nk, data } => Ok(shell::explain(&nk, &data).await?),
        CliCommand::Replay { args, data } => Ok(shell::replay(&args, &data).await?),
        CliCommand::NewEpoch { data } => Ok(shell::new_epoch(&data).await?),
        CliCommand::User(command) => user(command).await,
        CliCommand::RotateKey { data } => {
            println!(
                "signing with {} after the next start",
                KeyRing::rotate(&data.key_file())?
            );
            Ok(())
        }
    }
}

async fn serve(config: &ServeConfig) -> Result<(), CliFailure> {
    let server = Server::start(config)?;
    let url = server.url();
    println!("listening on {url}");
    println!("data in {}", config.data.database()?);
    println!("try it: cabrank demo, or open {url}/docs/, or follow the README");
    actix_web::rt::spawn(stop_on_signal(server.stop_handle()));
    Ok(server.run().await?)
}

/// Runs the service and its users in one process. The data is deleted afterwards.
async fn demo(args: &DemoArgs) -> Result<(), CliFailure> {
    let data = tempfile::tempdir()?;
    let listen = args.listen.to_string();
    let town = data.path().join("town.json");
    std::fs::write(&town, cabrank::demo::TOWN)?;
    let flags = [
        "cabrank",
        "serve",
        "--limits",
        "off",
        "--driver-sign-up",
        "open",
        "--listen",
        &listen,
        "--town",
        town.to_str().ok_or("the temporary directory has no name")?,
    ];
    let Some(CliCommand::Serve(mut config)) = Cli::try_parse_from(flags)?.command else {
        unreachable!("the command is given")
    };
    config.data = DataConfig {
        data_dir: data.path().to_owned(),
        database_url: None,
    };
    let server = Server::start(&config)?;
    let (url, stop) = (server.url(), server.stop_handle());
    println!("listening on {url}");
    let serving = actix_web::rt::spawn(server.run());
    let played = tokio::select! {
        played = cabrank::demo::run(&url, args) => played,
        () = stop_signal() => Ok(()),
    };
    stop.stop().await;
    serving.await??;
    Ok(played?)
}

/// The address for clients: an unspecified address is reached by loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let loopback = if listen.is_ipv4() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        Ipv6Addr::LOCALHOST.into()
    };
    if listen.ip().is_unspecified() {
        SocketAddr::new(loopback, listen.port())
    } else {
        listen
    }
}

async fn stop_on_signal(stop: StopHandle) {
    stop_signal().await;
    tracing::info!("Stopping");
    tokio::select! {
        () = stop.stop() => {}
        // A second signal means that the operator does not want to wait.
        () = stop_signal() => std::process::exit(1),
    }
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be listened to");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn migrate(data: &DataConfig, direction: Direction) -> Result<(), CliFailure> {
    let database = data.database()?;
    let _alone = match direction {
        Direction::Up => None,
        Direction::Down => Some(shell::alone(&database, "migrate --down")?),
    };
    let ran = migrations::migrate(&database, direction)?;
    println!(
        "{database}: {}",
        if ran.is_empty() {
            "nothing to do".to_owned()
        } else {
            ran.join(", ")
        }
    );
    Ok(())
}

async fn user(command: UserCommand) -> Result<(), CliFailure> {
    match command {
        UserCommand::Add {
            user,
            role,
            password_stdin,
        } => {
            let (password, shown) = new_password(password_stdin)?;
            let (first_name, last_name) = (String::new(), String::new());
            let username = Username::parse(&user.username)?;
            let sign_up = SignUp {
                username,
                password,
                first_name,
                last_name,
                role,
                photo: None,
            };
            let added = accounts(&user)?.add(sign_up, Standing::Active).await?;
            println!(
                "added {role} {} with id {}{shown}",
                added.username, added.id
            );
        }
        UserCommand::Approve(user) => set_standing(&user, Standing::Active, "approved").await?,
        UserCommand::Block(user) => set_standing(&user, Standing::Blocked, "blocked").await?,
        UserCommand::RemovePhoto(user) => {
            accounts(&user)?.remove_photo(&user.username).await?;
            println!("removed the photo of {}", user.username);
        }
        UserCommand::Vehicles { user, vehicles } => allow_vehicles(&user, vehicles).await?,
        UserCommand::Password {
            user,
            password_stdin,
        } => {
            let (password, shown) = new_password(password_stdin)?;
            accounts(&user)?
                .set_password(&user.username, password)
                .await?;
            println!("changed the password of {}{shown}", user.username);
        }
    }
    Ok(())
}

async fn set_standing(user: &UserArgs, standing: Standing, done: &str) -> Result<(), CliFailure> {
    accounts(user)?
        .set_standing(&user.username, standing)
        .await?;
    println!("{done} {}", user.username);
    Ok(())
}

async fn allow_vehicles(user: &UserArgs, vehicles: Vec<Vehicle>) -> Result<(), CliFailure> {
    let may_drive = (!vehicles.is_empty()).then(|| Allowance::of(vehicles));
    let vehicles_text = may_drive.as_ref().map(Allowance::to_string);
    accounts(user)?
        .allow_vehicles(&user.username, may_drive)
        .await?;
    let vehicles_text = vehicles_text.unwrap_or_else(|| "anything".to_owned());
    println!("{} may drive {vehicles_text}", user.username);
    Ok(())
}

fn accounts(user: &UserArgs) -> Result<Accounts, CliFailure> {
    let database = user.data.database()?;
    migrations::migrate(&database, Direction::Up)?;
    let tokens = TokenIssuer::new(user.accounts.keys(&user.data)?);
    let opened = Store::open(&database);
    Ok(Accounts::new(
        opened.store,
        tokens,
        Throttle::new(false).into(),
        user.accounts.driver_sign_up,
    ))
}

/// A password from standard input, or a generated one with the text that shows it.
fn new_password(from_stdin: bool) -> Result<(Password, String), CliFailure> {
    if from_stdin {
        let mut text = String::new();
        std::io::stdin().take(1024).read_to_string(&mut text)?;
        return Ok((
            Password::new(text.trim_end_matches(['\r', '\n']))?,
            String::new(),
        ));
    }
    let made_up = Password::made_up();
    Ok((Password::new(&made_up)?, format!(", password {made_up}")))
}
