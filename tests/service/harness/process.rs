//! A running `cabrank`, with its output and its log.

use std::io::{BufRead, BufReader, Read, Write, stderr};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use super::{DEADLINE, eventually};

/// A child process that is killed when this is dropped.
pub struct Process {
    child: Child,
    output: Capture,
    log: Capture,
    first_line: Receiver<String>,
    address: OnceLock<SocketAddr>,
}

impl Process {
    /// Starts the command without waiting for anything.
    pub fn spawn(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (first, first_line) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let output = Capture::listen(stdout, move |line| drop(first.send(line.to_owned())));
        let log = Capture::listen(stderr, |_| ());
        Self {
            child,
            output,
            log,
            first_line,
            address: OnceLock::new(),
        }
    }

    /// Waits until the service prints the address at which it listens.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        *self.address.get_or_init(|| self.first_line())
    }

    #[track_caller]
    fn first_line(&self) -> SocketAddr {
        let line = self
            .first_line
            .recv_timeout(DEADLINE)
            .expect("the first line of output has the address");
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .map(str::parse);
        match address {
            Some(Ok(address)) => address,
            Some(Err(_)) | None => panic!("the first line of output was {line:?}"),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends the signal of that name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.id())])
            .status();
        assert!(
            sent.expect("there is a shell").success(),
            "the process is there to get the signal"
        );
    }

    /// Sets its clock ahead by so many seconds, and waits until everything that is due by then is done.
    #[track_caller]
    pub fn advance(&mut self, seconds: f64) {
        let done = |process: &mut Self| process.output().matches("\nahead by ").count();
        let before = done(self);
        let input = self.child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{seconds}").expect("the process reads");
        eventually("its clock is ahead", || (done(self) > before).then_some(()));
    }

    /// Waits until the process has ended.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        eventually("the process ends", || {
            self.child.try_wait().expect("it is our child")
        })
    }

    /// Its log so far, and the whole log once the process has ended.
    pub fn log(&mut self) -> String {
        let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
        self.log.text(ended)
    }

    /// Its standard output so far, and all of it once the process has ended.
    pub fn output(&mut self) -> String {
        let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
        self.output.text(ended)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(40)..];
            drop(writeln!(
                stderr(),
                "the log of the service ended with:\n{}",
                last.join("\n")
            ));
        }
    }
}

/// The text of a pipe. A thread gathers it, so that the process never waits for the test.
struct Capture {
    text: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Capture {
    fn listen(
        mut pipe: BufReader<impl Read + Send + 'static>,
        mut each: impl FnMut(&str) + Send + 'static,
    ) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let gathered = Arc::clone(&text);
        let thread = thread::spawn(move || {
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line);
                each(&text);
                gathered
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&text);
                line.clear();
            }
        });
        Self {
            text,
            thread: Some(thread),
        }
    }

    fn text(&mut self, whole: bool) -> String {
        if whole && let Some(thread) = self.thread.take() {
            thread.join().expect("reading a pipe does not panic");
        }
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
