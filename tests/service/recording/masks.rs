//! What no two runs have alike, replaced in the text itself, so that all else stays as the wire has it.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

const UUID: &str = "uuid";
const CODE: &str = "ride code";
const TOKEN: &str = "token";
/// What a scene says where it does not know the code.
const GUESS: &str = "0000";
const KINDS: [&str; 3] = [UUID, CODE, TOKEN];

/// What was masked so far; the same value gets the same placeholder within a scene.
#[derive(Default)]
pub struct Masks {
    known: HashMap<String, String>,
    count: HashMap<&'static str, usize>,
}

impl Masks {
    /// The text with a placeholder for each id, token and ride code.
    pub fn apply(&mut self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_of_word) {
            masked.push_str(&rest[..start]);
            let from = &rest[start..];
            let end = from.find(|c| !is_of_word(c)).unwrap_or(from.len());
            let (word, after) = from.split_at(end);
            let is_code = masked.ends_with("\"code\":\"") && after.starts_with('"');
            masked.push_str(&self.word(word, is_code));
            rest = after;
        }
        masked.push_str(rest);
        masked
    }

    /// The text with the values in place of their placeholders.
    #[track_caller]
    pub fn undo(&self, masked: &str) -> String {
        let mut text = masked.to_owned();
        for (value, placeholder) in &self.known {
            text = text.replace(placeholder, value);
        }
        for kind in KINDS {
            let unknown = format!("<{kind} ");
            assert!(!text.contains(&unknown), "it is not known yet: {text}");
        }
        text
    }

    fn word(&mut self, word: &str, after_code: bool) -> String {
        let (stem, ending) = word.split_once('.').unwrap_or((word, ""));
        match kind(word, after_code) {
            Some(kind) => self.placeholder(kind, word),
            // The name of a photo.
            None if ending == "jpg" && is_uuid(stem) => {
                format!("{}.jpg", self.placeholder(UUID, stem))
            }
            None => word.to_owned(),
        }
    }

    fn placeholder(&mut self, kind: &'static str, value: &str) -> String {
        if let Some(known) = self.known.get(value) {
            return known.clone();
        }
        let count = self.count.entry(kind).or_default();
        *count += 1;
        let number = *count;
        let placeholder = format!("<{kind} {number}>");
        self.known.insert(value.to_owned(), placeholder.clone());
        let inside = (kind == TOKEN).then(|| inside(value)).flatten();
        // What it says stands where it comes first.
        inside.map_or(placeholder, |text| {
            format!("<{kind} {number} = {}>", self.apply(&text))
        })
    }
}

/// What a token says: the claims of a signed one, or the positions of an event's id.
fn inside(token: &str) -> Option<String> {
    let part = token.split('.').nth(1).unwrap_or(token);
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    String::from_utf8(bytes).ok()
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

fn kind(word: &str, after_code: bool) -> Option<&'static str> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if is_uuid(word) {
        Some(UUID)
    } else if after_code && word.len() == 4 && digits(word) && word != GUESS {
        Some(CODE)
    } else if word.len() > 60 && (word.starts_with("eyJ") || word.starts_with("W1s")) {
        // Base64 of an object, or of a list of lists.
        Some(TOKEN)
    } else {
        None
    }
}

/// With hyphens or without.
fn is_uuid(word: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let plain = word.len() == 32 && word.bytes().all(hex);
    let hyphens = [8, 13, 18, 23];
    let parted = word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) {
                byte == b'-'
            } else {
                hex(byte)
            }
        });
    // The tests' own ids stay.
    (plain || parted) && word.bytes().any(|byte| !b"0-".contains(&byte))
}
