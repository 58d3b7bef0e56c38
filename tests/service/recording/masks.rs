//! Placeholders for the values that differ from run to run. They are put into the text itself, so that everything else
//! stays as it is on the wire.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

const UUID: &str = "uuid";
const CODE: &str = "ride code";
const TOKEN: &str = "token";
/// The code that scenes send when they guess wrong.
const GUESS: &str = "0000";
const KINDS: [&str; 3] = [UUID, CODE, TOKEN];

/// The placeholders of a scene so far. The same value always gets the same placeholder.
#[derive(Default)]
pub struct Masks {
    placeholders: HashMap<String, String>,
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

    /// The text with values in place of placeholders.
    #[track_caller]
    pub fn undo(&self, masked: &str) -> String {
        let mut text = masked.to_owned();
        for (value, placeholder) in &self.placeholders {
            text = text.replace(placeholder, value);
        }
        for kind in KINDS {
            let remaining = format!("<{kind} ");
            assert!(
                !text.contains(&remaining),
                "a placeholder has no value yet: {text}"
            );
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
        if let Some(placeholder) = self.placeholders.get(value) {
            return placeholder.clone();
        }
        let count = self.count.entry(kind).or_default();
        *count += 1;
        let number = *count;
        let placeholder = format!("<{kind} {number}>");
        self.placeholders
            .insert(value.to_owned(), placeholder.clone());
        let inside = (kind == TOKEN).then(|| inside(value)).flatten();
        // The first placeholder of a token shows its content.
        inside.map_or(placeholder, |text| {
            format!("<{kind} {number} = {}>", self.apply(&text))
        })
    }
}

/// The content of a token: the claims of a signed token, or the positions in an event id.
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

/// Whether a word is a UUID, with hyphens or without.
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
    // An id of zeros only is one of the scenes' own and stays.
    (plain || parted) && word.bytes().any(|byte| !b"0-".contains(&byte))
}
