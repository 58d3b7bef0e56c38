//! A WebSocket without a library, for bytes that no library sends. The frames of the service are checked against the
//! contract as on any other socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::channels::{By, channel};
use super::{Auth, DEADLINE};

const MASK: [u8; 4] = [1, 2, 3, 4];

/// The low bits of a frame's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    Continuation = 0,
    Text = 1,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// A connection after its handshake.
pub struct Raw {
    stream: TcpStream,
    path: String,
}

impl Raw {
    #[track_caller]
    pub fn connect(address: SocketAddr, path: &str, auth: &Auth) -> Self {
        let (status, raw) = Self::handshake(address, path, auth, "");
        assert!(status.starts_with("HTTP/1.1 101"), "{status}");
        raw
    }

    /// Sends a handshake with further header lines; gives the head of the answer, and the connection.
    #[track_caller]
    pub fn handshake(
        address: SocketAddr,
        path: &str,
        auth: &Auth,
        headers: &str,
    ) -> (String, Self) {
        let mut stream = TcpStream::connect(address).expect("the service accepts connections");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("it is a TCP socket");
        let own = auth
            .header()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .unwrap_or_default();
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{own}{headers}\r\n",
            auth.path(path)
        );
        stream
            .write_all(head.as_bytes())
            .expect("the service reads");
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            stream
                .read_exact(&mut byte)
                .expect("the handshake is answered");
            answer.push(byte[0]);
        }
        let raw = Self {
            stream,
            path: path.to_owned(),
        };
        (String::from_utf8_lossy(&answer).into_owned(), raw)
    }

    /// Sends bytes as they are. It is no error if the service has closed the connection already.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// Sends a masked frame, as a client must.
    pub fn send(&mut self, fin: bool, opcode: Opcode, payload: &[u8]) {
        self.send_bytes(&frame(u8::from(fin) << 7 | opcode as u8, true, payload));
    }

    /// The next bytes, whatever they are.
    #[track_caller]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream
            .read_exact(&mut bytes)
            .expect("that many bytes come");
        bytes
    }

    /// Opcode and payload of the next frame.
    #[track_caller]
    pub fn next(&mut self) -> (u8, Vec<u8>) {
        let head = self.bytes(2);
        assert_eq!(head[0] & 0x70, 0, "compression is not offered");
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => self
                .bytes(2)
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte)),
            127 => panic!("no frame of the service is that long"),
            short => usize::from(short),
        };
        let payload = self.bytes(length);
        if head[0] & 0x0f == Opcode::Text as u8 {
            let text = std::str::from_utf8(&payload).expect("a text frame is UTF-8");
            channel(&self.path).check(By::Service, text);
        }
        (head[0] & 0x0f, payload)
    }

    /// Waits for the close frame, skipping other frames, and gives its code.
    #[track_caller]
    pub fn close_code(&mut self) -> u16 {
        loop {
            let (opcode, payload) = self.next();
            if opcode == Opcode::Close as u8 {
                return payload
                    .first_chunk()
                    .map_or(1005, |code| u16::from_be_bytes(*code));
            }
        }
    }

    /// Waits until the service ends the connection.
    pub fn ended(&mut self) {
        // A reset is an end too.
        drop(self.stream.read_to_end(&mut Vec::new()));
    }
}

/// The bytes of a frame with this first byte.
pub fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let bit = u8::from(masked) << 7;
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => bytes.push(bit | length.to_be_bytes()[1]),
        Ok(length) => {
            bytes.push(bit | 126);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => panic!("the tests send no frame that large"),
    }
    if masked {
        bytes.extend(MASK);
        bytes.extend(
            payload
                .iter()
                .zip(MASK.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
    } else {
        bytes.extend(payload);
    }
    bytes
}
