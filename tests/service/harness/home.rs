//! A data directory with a database, and the environment of the `cabrank` commands that run on them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::Database;
use super::postgres::Scratch;

/// A data directory and a database. Both are removed when this is dropped.
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

    /// A home for the program of another version.
    pub fn of(binary: &Path, on: Database) -> Self {
        Self {
            binary: binary.to_owned(),
            ..Self::new(on)
        }
    }

    /// The program that its commands run.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// A home on PostgreSQL, which its commands reach through a proxy at that port.
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

    /// The URL of the PostgreSQL database; none on SQLite, where the database is a file in the directory.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// `cabrank` with these arguments and no settings in its environment but those of this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        self.set_environment(&mut command);
        command
    }

    /// Replaces the settings in a command's environment by those of this home.
    pub fn set_environment(&self, command: &mut Command) {
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
        // A command that does not read its input may have closed the pipe already.
        drop(stdin.write_all(input.as_bytes()));
        drop(stdin);
        child.wait_with_output().expect("the program ends")
    }

    /// Runs `cabrank`, which must succeed, and gives its standard output.
    #[track_caller]
    pub fn must_run(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "`cabrank {}` failed: {errors}",
            arguments.join(" ")
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
