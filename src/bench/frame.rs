//! WebSocket frames, for a client that reads headers only.

/// The opcode of a text frame.
pub const TEXT: u8 = 1;
/// The opcode of a close frame.
pub const CLOSE: u8 = 8;
/// The opcode of a ping.
pub const PING: u8 = 9;
/// The opcode of a pong.
pub const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// A server's frame, in the buffer that it was read into.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
    /// The number of bytes up to the next frame.
    pub len: usize,
}

/// Why a server's frame is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame is part of a fragmented message, which the bench does not follow")]
    Fragment,
    #[error("a frame is masked, which a server must not do")]
    Masked,
    #[error("a frame is longer than any buffer")]
    TooLong,
}

/// The frame at the start of `bytes`; `None` if it is incomplete.
pub fn first(bytes: &[u8]) -> Result<Option<Frame<'_>>, FrameError> {
    let [head, length, ..] = *bytes else {
        return Ok(None);
    };
    let opcode = head & 0x0f;
    if head & FIN == 0 || opcode == 0 {
        return Err(FrameError::Fragment);
    }
    if length & MASKED != 0 {
        return Err(FrameError::Masked);
    }
    let (start, payload_len) = match length {
        126 => match *bytes {
            [_, _, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
            _ => return Ok(None),
        },
        127 => match *bytes {
            [_, _, a, b, c, d, e, f, g, h, ..] => {
                let long = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                (10, usize::try_from(long).map_err(|_| FrameError::TooLong)?)
            }
            _ => return Ok(None),
        },
        short => (2, usize::from(short)),
    };
    let len = payload_len.checked_add(start).ok_or(FrameError::TooLong)?;
    Ok(bytes.get(start..len).map(|payload| Frame {
        opcode,
        payload,
        len,
    }))
}

/// Appends a client's frame. The masking key is zero, which leaves the payload as it is: masking protects proxies from
/// scripts in browsers, and neither is present.
pub fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(FIN | opcode);
    match payload.len() {
        short @ 0..126 => out.push(MASKED | u8::try_from(short).expect("it is below 126")),
        long => match u16::try_from(long) {
            Ok(medium) => {
                out.push(MASKED | 126);
                out.extend_from_slice(&medium.to_be_bytes());
            }
            Err(_) => {
                out.push(MASKED | 127);
                out.extend_from_slice(&(long as u64).to_be_bytes());
            }
        },
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's frame: a client's without mask and key.
    fn served(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, opcode, payload);
        bytes[1] &= !MASKED;
        let key_at = bytes.len() - payload.len() - 4;
        bytes.drain(key_at..key_at + 4);
        bytes
    }

    #[test]
    fn a_frame_is_found_once_its_last_byte_is_there() {
        for size in [0, 1, 125, 126, 300, 65_535, 65_536, 70_000] {
            let payload = vec![b'x'; size];
            let bytes = served(TEXT, &payload);
            for cut in (0..bytes.len().min(20)).chain([bytes.len() - 1]) {
                assert_eq!(first(&bytes[..cut]), Ok(None), "{cut} of {size}");
            }
            let whole = Frame {
                opcode: TEXT,
                payload: &payload,
                len: bytes.len(),
            };
            assert_eq!(first(&bytes), Ok(Some(whole)), "{size}");
        }
    }

    #[test]
    fn frames_follow_each_other() {
        let mut bytes = served(TEXT, b"one");
        bytes.extend(served(PING, b""));
        let one = first(&bytes)
            .expect("it is well formed")
            .expect("it is complete");
        assert_eq!((one.opcode, one.payload), (TEXT, &b"one"[..]));
        let two = first(&bytes[one.len..])
            .expect("it is well formed")
            .expect("it is complete");
        assert_eq!((two.opcode, two.payload), (PING, &b""[..]));
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        assert_eq!(first(&[0x01, 0]), Err(FrameError::Fragment));
        assert_eq!(first(&[0x80, 0]), Err(FrameError::Fragment));
        assert_eq!(first(&[0x81, 0x80]), Err(FrameError::Masked));
        assert_eq!(
            first(&[0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255]),
            Err(FrameError::TooLong)
        );
    }
}
