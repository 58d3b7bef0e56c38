//! A PostgreSQL database for each test, created and dropped with `psql`.

use std::path::Path;
use std::process::{Command, Stdio};

use url::Url;

use super::fresh_name;

/// The server that `CABRANK_TEST_POSTGRES` names.
pub fn admin() -> Option<Url> {
    let url = std::env::var("CABRANK_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty())?;
    Some(Url::parse(&url).expect(
        "CABRANK_TEST_POSTGRES is a URL such as postgres://postgres@127.0.0.1:5432/postgres",
    ))
}

/// Host and port of that server.
pub fn upstream() -> String {
    let url = admin().expect("a test on PostgreSQL runs only where there is one");
    format!(
        "{}:{}",
        url.host_str().unwrap_or("127.0.0.1"),
        url.port().unwrap_or(5432)
    )
}

/// An empty database that is dropped together with this.
pub struct Scratch {
    admin: Url,
    name: String,
}

impl Scratch {
    pub fn create() -> Self {
        let admin = admin().expect("a test on PostgreSQL runs only where there is one");
        let name = fresh_name("cabrank_test_");
        let made = psql(
            &admin,
            &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"),
        );
        assert!(
            made,
            "psql creates a database on the server of CABRANK_TEST_POSTGRES"
        );
        Self { admin, name }
    }

    /// Its URL, for `DATABASE_URL`.
    pub fn url(&self) -> String {
        let mut url = self.admin.clone();
        url.set_path(&self.name);
        url.to_string()
    }

    /// Its URL through a proxy at that port of this machine.
    pub fn url_through(&self, port: u16) -> String {
        let mut url = Url::parse(&self.url()).expect("it was a URL before");
        url.set_host(Some("127.0.0.1"))
            .expect("a postgres URL has a host");
        url.set_port(Some(port)).expect("a postgres URL has a port");
        url.to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failure here must not hide why the test failed; the name says what was left behind.
        psql(
            &self.admin,
            &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}

/// Runs a statement on the database of that URL.
#[track_caller]
pub fn execute(url: &str, statement: &str) {
    let url = Url::parse(url).expect("it is a URL");
    assert!(psql(&url, statement), "{statement} succeeds");
}

/// The database as SQL that [`restore`] reads.
#[track_caller]
pub fn dump(url: &str) -> String {
    let dumped = Command::new("pg_dump")
        .args(["-w", "--no-owner", "--no-privileges", url])
        .output()
        .expect("this needs pg_dump");
    assert!(dumped.status.success(), "{dumped:?}");
    let text = String::from_utf8(dumped.stdout).expect("it is UTF-8");
    // Newer versions of pg_dump write lines that older versions of psql do not understand.
    let is_read = |line: &&str| {
        !line.starts_with("\\restrict")
            && !line.starts_with("\\unrestrict")
            && !line.starts_with("SET ")
            && !line.starts_with("--")
            && !line.is_empty()
    };
    text.lines()
        .filter(is_read)
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Fills an empty database from a file that [`dump`] wrote.
#[track_caller]
pub fn restore(url: &str, file: &Path) {
    let restored = Command::new("psql")
        .args(["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(file)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    let restored = restored.expect("tests on PostgreSQL need its command-line client, psql");
    assert!(restored.success(), "{} is read", file.display());
}

fn psql(admin: &Url, statement: &str) -> bool {
    Command::new("psql")
        .args([
            "-X",
            "-q",
            "-w",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
            admin.as_str(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("tests on PostgreSQL need its command-line client, psql")
        .success()
}
