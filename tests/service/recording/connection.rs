//! A connection that a client of a scene holds open: a socket, or an event stream over HTTP.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{DEADLINE, Gone, Lines, Socket, inner};

/// An open connection with its label.
pub struct Connection {
    pub label: String,
    /// None once the connection has ended.
    source: Option<Source>,
    /// Action and request id of the last native call.
    called: Option<[Value; 2]>,
}

enum Source {
    Socket(Box<Socket>),
    Lines(Receiver<String>),
}

impl Connection {
    pub fn of_socket(label: &str, socket: Socket) -> Self {
        Self::of(label, Source::Socket(Box::new(socket)))
    }

    /// Follows an event stream. A thread reads it, because reading blocks.
    pub fn of_lines(label: &str, mut lines: Lines) -> Self {
        let (sender, heard) = channel();
        thread::spawn(move || {
            while let Some(line) = lines.next_line() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self::of(label, Source::Lines(heard))
    }

    fn of(label: &str, source: Source) -> Self {
        Self {
            label: label.to_owned(),
            source: Some(source),
            called: None,
        }
    }

    pub fn is_open(&self) -> bool {
        self.source.is_some()
    }

    /// The beginning of each recorded line of this connection.
    pub fn prefix(&self) -> String {
        format!("{} < ", self.label)
    }

    #[track_caller]
    pub fn send(&mut self, text: &str) {
        let Some(Source::Socket(socket)) = &mut self.source else {
            panic!("{} is not an open socket", self.label)
        };
        socket.send_text(text);
        self.called = named(text);
    }

    /// Whether a line is the answer to the last native call.
    pub fn is_answered_by(&self, line: &str) -> bool {
        self.called.is_some() && named(line) == self.called
    }

    /// On a socket, sends a text that is refused, and gives all frames up to the refusal.
    #[track_caller]
    pub fn flush(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        if matches!(self.source, Some(Source::Socket(_))) {
            self.send("?");
            while let Some(frame) = self.next(DEADLINE) {
                let is_answer = frame.contains("The frame is not JSON");
                heard.push(frame);
                if is_answer {
                    break;
                }
            }
        }
        heard
    }

    /// Drops the connection without a close frame.
    pub fn vanish(&mut self) {
        if let Some(Source::Socket(socket)) = self.source.take() {
            socket.vanish();
        }
    }

    /// Closes the socket; gives the line with the code of the answer.
    #[track_caller]
    pub fn close(&mut self) -> String {
        let Some(Source::Socket(socket)) = self.source.take() else {
            panic!("{} is not an open socket", self.label)
        };
        let code = socket.close().map_or(1005, |frame| frame.code.into());
        format!("closed with {code}")
    }

    /// The next line, or how the connection ended; `None` if nothing comes within `wait`.
    #[track_caller]
    pub fn next(&mut self, wait: Duration) -> Option<String> {
        let ended = match self.source.as_mut()? {
            Source::Socket(socket) => match socket.text_within(wait) {
                Ok(text) => return text,
                Err(Gone::Closed(code)) => format!("closed with {code}"),
                Err(Gone::Cut) => "cut".to_owned(),
            },
            Source::Lines(heard) => match heard.recv_timeout(wait) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => "ended".to_owned(),
            },
        };
        self.source = None;
        Some(ended)
    }

    /// So many lines, or fewer if the connection ends before.
    #[track_caller]
    pub fn hear(&mut self, count: usize) -> Vec<String> {
        (0..count).map_while(|_| self.next(DEADLINE)).collect()
    }
}

/// Action and request id of a native frame.
fn named(frame: &str) -> Option<[Value; 2]> {
    let frame: Value = serde_json::from_str(frame).ok()?;
    let envelope = inner(&frame);
    let action = envelope.get("action")?.clone();
    let id = envelope.get("request_id").cloned();
    Some([action, id.unwrap_or_default()])
}
