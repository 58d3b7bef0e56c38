//! Sockets without a library and as light as possible, so that a few threads can open thousands of them.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::Coming;
use crate::harness::{DEADLINE, Opcode, frame};

/// The size of a socket's read buffer, in bytes.
const BUFFER: usize = 2 * 1024;

/// One of the sockets.
pub struct Rushing {
    stream: BufReader<TcpStream>,
}

/// Connects all of them, resumes with each once it is open, and checks the events that each has missed.
pub fn in_at_once(address: SocketAddr, coming: &[Coming<'_>]) -> Vec<Rushing> {
    let mut here: Vec<Rushing> = coming
        .iter()
        .map(|coming| Rushing::ask(address, &coming.account.access))
        .collect();
    for (rushing, coming) in here.iter_mut().zip(coming) {
        rushing.is_opened();
        rushing.send(&coming.resume.to_string());
    }
    for (rushing, coming) in here.iter_mut().zip(coming) {
        rushing.hears_what_was_missed(coming);
    }
    here
}

impl Rushing {
    fn ask(address: SocketAddr, access: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("the service accepts connections");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("it is a TCP socket");
        let head = format!(
            "GET /ws/ HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Authorization: Bearer {access}\r\n\r\n"
        );
        stream
            .write_all(head.as_bytes())
            .expect("the service reads");
        Self {
            stream: BufReader::with_capacity(BUFFER, stream),
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream
            .read_exact(&mut bytes)
            .expect("the service sends more");
        bytes
    }

    fn is_opened(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.bytes::<1>());
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    }

    fn send(&mut self, text: &str) {
        let bytes = frame(0x80 | Opcode::Text as u8, true, text.as_bytes());
        let sent = self.stream.get_mut().write_all(&bytes);
        sent.expect("the service reads");
    }

    /// The next text frame. Pings are not answered, because the sockets do not stay open long.
    fn next(&mut self) -> Value {
        loop {
            let [first, short] = self.bytes();
            let length = match short {
                126 => u64::from(u16::from_be_bytes(self.bytes())),
                127 => u64::from_be_bytes(self.bytes()),
                short => u64::from(short),
            };
            let mut payload = Vec::new();
            let taken = self.stream.by_ref().take(length).read_to_end(&mut payload);
            taken.expect("a frame comes whole");
            match first & 0x0f {
                text if text == Opcode::Text as u8 => {
                    return serde_json::from_slice(&payload).expect("a text is JSON");
                }
                ping if ping == Opcode::Ping as u8 => {}
                other => panic!("a frame with the opcode {other} came: {payload:?}"),
            }
        }
    }

    fn hears_what_was_missed(&mut self, coming: &Coming<'_>) {
        let answer = self.next();
        assert_eq!(answer["data"]["resumed"], true, "{answer}");
        let mut heard = Vec::new();
        for _ in &coming.missed {
            heard.push(positions(&self.next()));
        }
        let missed: Vec<_> = coming.missed.clone().into_iter().collect();
        assert_eq!(heard, missed, "the events of {}", coming.account.username);
    }

    /// Shows that nothing more has come: the answer to an unknown action is the next frame.
    pub fn hears_nothing_more(&mut self) {
        self.send("{\"action\":\"fly\",\"request_id\":2}");
        let answer = self.next();
        assert_eq!(answer["response_status"], 405, "{answer}");
    }
}

/// The id of the event in a frame, and its positions by stream.
fn positions(frame: &Value) -> (i64, Vec<(String, i64)>) {
    let data = &frame["data"];
    let also = data["also"].as_array().into_iter().flatten();
    let positions: BTreeMap<String, i64> = std::iter::once(&data["position"])
        .chain(also)
        .filter_map(|at| Some((at["stream"].as_str()?.to_owned(), at["sequence"].as_i64()?)))
        .collect();
    let id = data["event"]["id"].as_i64();
    let id = id.unwrap_or_else(|| panic!("an event was expected: {frame}"));
    (id, positions.into_iter().collect())
}
