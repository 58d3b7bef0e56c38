//! A service that belongs to one test.

use std::net::SocketAddr;
use std::process::{Command, ExitStatus};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::client::log_in;
use super::ledger::{self, Ledger};
use super::{Auth, Client, Database, Driver, Home, Http, Operator, Process, Proxy, Rider};

/// The password of every account.
pub const PASSWORD: &str = "correct horse 7";

/// How to start a service.
pub struct Options {
    home: Home,
    flags: Vec<String>,
    variables: Vec<(String, String)>,
    outlives_full_disk: bool,
    ahead: f64,
}

impl Options {
    pub fn new(on: Database) -> Self {
        Self::at(Home::new(on))
    }

    /// A service that reaches PostgreSQL through a proxy.
    pub fn behind(proxy: &Proxy) -> Self {
        Self::at(Home::behind(proxy.port()))
    }

    /// A service on a data directory and a database that exist already.
    pub fn at(home: Home) -> Self {
        Self {
            home,
            flags: Vec::new(),
            variables: Vec::new(),
            outlives_full_disk: false,
            ahead: 0.0,
        }
    }

    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes a write beyond the file size limit an error, as on a full disk, instead of a deadly signal.
    pub fn outlives_full_disk(mut self) -> Self {
        self.outlives_full_disk = true;
        self
    }

    /// Starts it with this town file.
    pub fn town(mut self, town: &Value) -> Self {
        let file = self.home.dir().join("town.json");
        std::fs::write(&file, town.to_string()).expect("there is room for a file");
        let file = file
            .to_str()
            .expect("a temporary directory has a plain name");
        self.flags.extend(["--town".to_owned(), file.to_owned()]);
        self
    }

    /// Lets [`Service::advance`] set its clock ahead.
    pub fn with_clock(mut self) -> Self {
        self.flags.extend(["--clock", "stdin"].map(str::to_owned));
        self
    }

    /// Starts it with its clock so many seconds ahead.
    pub fn ahead(mut self, seconds: f64) -> Self {
        self.ahead = seconds;
        self.with_clock()
    }

    #[track_caller]
    pub fn start(self) -> Service {
        let process = Process::spawn(self.command());
        let address = process.address();
        Service {
            process,
            address,
            options: self,
        }
    }

    fn command(&self) -> Command {
        let dir = self
            .home
            .dir()
            .to_str()
            .expect("a temporary directory has a plain name")
            .to_owned();
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", &dir];
        if !self.flags.iter().any(|flag| flag == "--limits") {
            arguments.extend(["--limits", "off"]);
        }
        arguments.extend(self.flags.iter().map(String::as_str));
        let ahead = self.ahead.to_string();
        if self.ahead > 0.0 {
            arguments.extend(["--clock-ahead", &ahead]);
        }
        let mut command = if self.outlives_full_disk {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
                .arg(self.home.binary())
                .args(arguments);
            self.home.set_environment(&mut shell);
            shell
        } else {
            self.home.command(&arguments)
        };
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running service with its own database. When this is dropped, the service ends and its data is removed.
pub struct Service {
    process: Process, // dropped first, so that nothing holds the database
    pub address: SocketAddr,
    options: Options,
}

impl Service {
    #[track_caller]
    pub fn start(on: Database) -> Self {
        Options::new(on).start()
    }

    #[track_caller]
    pub fn with(on: Database, flags: &[&str]) -> Self {
        Options::new(on).flags(flags).start()
    }

    pub fn home(&self) -> &Home {
        &self.options.home
    }

    /// Its event log.
    #[track_caller]
    pub fn ledger(&self) -> Ledger {
        ledger::read(self.home())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// An HTTP client without credentials.
    pub fn http(&self) -> Http {
        Http::new(self.address, Auth::Nobody)
    }

    /// A rider, signed up and logged in.
    #[track_caller]
    pub fn rider(&self, name: &str) -> Rider {
        Rider(self.member(name, "rider"))
    }

    /// A driver, signed up and logged in.
    #[track_caller]
    pub fn driver(&self, name: &str) -> Driver {
        Driver(self.member(name, "driver"))
    }

    /// Several drivers of that name.
    #[track_caller]
    pub fn drivers(&self, name: &str, count: usize) -> Vec<Driver> {
        (0..count)
            .map(|n| self.driver(&format!("{name}{n}")))
            .collect()
    }

    /// An operator, made on the command line and logged in.
    #[track_caller]
    pub fn operator(&self, name: &str) -> Operator {
        let arguments = [
            "user",
            "add",
            "--role",
            "operator",
            "--username",
            name,
            "--password-stdin",
        ];
        self.home().must_run(&arguments, PASSWORD);
        Operator(self.log_in(name))
    }

    #[track_caller]
    fn member(&self, name: &str, group: &str) -> Client {
        self.http()
            .post("/api/sign_up/", &sign_up_form(name, group))
            .ok(201);
        self.log_in(name)
    }

    /// A new session of an account that has signed up.
    #[track_caller]
    pub fn log_in(&self, name: &str) -> Client {
        log_in(self.address, name, PASSWORD)
    }

    /// Asks the service to stop, and waits until its process has ended.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.ended()
    }

    /// Kills its process, as a power cut would.
    #[track_caller]
    pub fn kill(&mut self) {
        self.process.signal("KILL");
        self.process.ended();
    }

    /// Starts it again on the same data, with the same options.
    #[track_caller]
    pub fn restart(&mut self) {
        self.process = Process::spawn(self.options.command());
        self.address = self.process.address();
        if self.options.ahead > 0.0 {
            // This waits until everything that is due by then is done.
            self.process.advance(0.0);
        }
    }

    /// The time of its clock, in Unix seconds.
    pub fn now(&self) -> f64 {
        unix_now() + self.options.ahead
    }

    /// Sets its clock ahead by so many seconds, and waits until everything that is due by then is done. The clock stays
    /// ahead over restarts. The service must have been started with [`Options::with_clock`].
    #[track_caller]
    pub fn advance(&mut self, seconds: f64) {
        self.process.advance(seconds);
        self.options.ahead += seconds;
    }

    /// Restarts it with another value of an environment variable.
    #[track_caller]
    pub fn restart_with_variable(&mut self, name: &str, value: &str) {
        self.options.variables.retain(|(known, _)| known != name);
        self.options
            .variables
            .push((name.to_owned(), value.to_owned()));
        self.restart();
    }
}

/// The time of the system's clock, in Unix seconds.
pub fn unix_now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs_f64()
}

/// The form that a sign-up sends.
pub fn sign_up_form(name: &str, group: &str) -> Value {
    json!({"username": name, "password1": PASSWORD, "password2": PASSWORD, "group": group})
}
