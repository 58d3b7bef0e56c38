//! Where a service lives: its data directory, its database, and the environment that its commands get.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::Database;
use super::postgres::Scratch;

/// A data directory and a database; both go when this does.
pub struct Home {
    dir: TempDir,
    postgres: Option<Scratch>,
    database_url: Option<String>,
    binary: PathBuf,
}

impl Home {
    pub fn new(on: Database) -> Self {
        let postgres = match on {
            Database::Sqlite => None,
            Database::Postgres => Some(Scratch::create()),
        };
        let database_url = postgres.as_ref().map(Scratch::url);
        Self {
            dir: tempfile::tempdir().expect("there is room for a directory"),
            postgres,
            database_url,
            binary: env!("CARGO_BIN_EXE_cabrank").into(),
        }
    }

    /// The same for another version's program.
    pub fn of(binary: &Path, on: Database) -> Self {
        Self {
            binary: binary.to_owned(),
            ..Self::new(on)
        }
    }

    /// The program that its commands are of.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The same, with a proxy at that port in front of PostgreSQL.
    pub fn behind(port: u16) -> Self {
        let mut home = Self::new(Database::Postgres);
        home.database_url = home
            .postgres
            .as_ref()
            .map(|scratch| scratch.url_through(port));
        home
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where the database is, unless it is a file in the directory.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// `cabrank` with these arguments, in an environment that has only what this home says.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        self.settle(&mut command);
        command
    }

    /// Gives a command the environment of this home.
    pub fn settle(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CABRANK_") {
                command.env_remove(name);
            }
        }
        command.env_remove("DATABASE_URL");
        command.env("CABRANK_DATA_DIR", self.dir());
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
    }

    /// Runs `cabrank` to its end, with `input` on its standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        // A command that does not read its input may have closed it.
        drop(stdin.write_all(input.as_bytes()));
        drop(stdin);
        child.wait_with_output().expect("the program ends")
    }

    /// The same for what must succeed; gives what it printed.
    #[track_caller]
    pub fn run_well(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "`cabrank {}` failed: {said}",
            arguments.join(" ")
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
