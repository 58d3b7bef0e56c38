//! A service of a test's own.

use std::net::SocketAddr;
use std::process::{Command, ExitStatus};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::client::log_in;
use super::ledger::{self, Ledger};
use super::{Auth, Client, Database, Driver, Home, Http, Operator, Process, Proxy, Rider};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse 7";

/// How a service is to be started.
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

    /// With a proxy between the service and PostgreSQL.
    pub fn behind(proxy: &Proxy) -> Self {
        Self::at(Home::behind(proxy.port()))
    }

    /// On a data directory and a database that are there.
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

    /// A write beyond the file size limit is then an error, as on a full disk, and not a deadly signal.
    pub fn outlives_full_disk(mut self) -> Self {
        self.outlives_full_disk = true;
        self
    }

    /// In this town.
    pub fn town(mut self, town: &Value) -> Self {
        let file = self.home.dir().join("town.json");
        std::fs::write(&file, town.to_string()).expect("there is room for a file");
        let file = file
            .to_str()
            .expect("a temporary directory has a plain name");
        self.flags.extend(["--town".to_owned(), file.to_owned()]);
        self
    }

    /// Its time can be put ahead.
    pub fn with_clock(mut self) -> Self {
        self.flags.extend(["--clock", "stdin"].map(str::to_owned));
        self
    }

    /// The same, and it is so many seconds ahead from the start on.
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
            self.home.settle(&mut shell);
            shell
        } else {
            self.home.command(&arguments)
        };
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running service with a database that nobody else uses. It ends, and its data goes, when this goes.
pub struct Service {
    process: Process, // goes first, so that nothing holds the database
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

    /// What its log holds.
    #[track_caller]
    pub fn ledger(&self) -> Ledger {
        ledger::read(self.home())
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A client that is nobody.
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
        self.home().run_well(&arguments, PASSWORD);
        Operator(self.log_in(name))
    }

    #[track_caller]
    fn member(&self, name: &str, group: &str) -> Client {
        self.http()
            .post("/api/sign_up/", &sign_up_form(name, group))
            .ok(201);
        self.log_in(name)
    }

    /// A session of its own for somebody who has signed up.
    #[track_caller]
    pub fn log_in(&self, name: &str) -> Client {
        log_in(self.address, name, PASSWORD)
    }

    /// Asks the service to stop, and waits until it has.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.ended()
    }

    /// Ends it on the spot, as a power cut does.
    #[track_caller]
    pub fn kill(&mut self) {
        self.process.signal("KILL");
        self.process.ended();
    }

    /// Starts it again, on the same data and with the same options.
    #[track_caller]
    pub fn restart(&mut self) {
        self.process = Process::spawn(self.options.command());
        self.address = self.process.address();
        if self.options.ahead > 0.0 {
            // What is due then was carried out.
            self.process.advance(0.0);
        }
    }

    /// What its clock says, in seconds of Unix.
    pub fn now(&self) -> f64 {
        unix_now() + self.options.ahead
    }

    /// Puts its time ahead by seconds, of a service that was started with [`Options::with_clock`], and waits until
    /// what is due then was carried out. It stays ahead over restarts.
    #[track_caller]
    pub fn advance(&mut self, seconds: f64) {
        self.process.advance(seconds);
        self.options.ahead += seconds;
    }

    /// The same with another value of a variable.
    #[track_caller]
    pub fn restart_with_variable(&mut self, name: &str, value: &str) {
        self.options.variables.retain(|(known, _)| known != name);
        self.options
            .variables
            .push((name.to_owned(), value.to_owned()));
        self.restart();
    }
}

/// What the system's clock says, in seconds of Unix.
pub fn unix_now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs_f64()
}

/// What a sign-up sends.
pub fn sign_up_form(name: &str, group: &str) -> Value {
    json!({"username": name, "password1": PASSWORD, "password2": PASSWORD, "group": group})
}
