//! Texts that people write. They are parsed once and trusted afterwards.

use serde::{Deserialize, Serialize};

/// The rule that a text breaks. The messages are those of the older systems, so that their clients can show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text has nothing but white space.
    #[error("This field may not be blank.")]
    Blank,
    /// The text has more characters (not bytes) than this.
    #[error("Ensure this field has no more than {0} characters.")]
    TooLong(usize),
    /// The text has the character U+0000, which PostgreSQL cannot store.
    #[error("Null characters are not allowed.")]
    Null,
}

/// Checks the rules that all texts share. `max` counts characters.
pub fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.contains('\0') {
        return Err(TextError::Null);
    }
    if text.trim().is_empty() {
        return Err(TextError::Blank);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    Ok(())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks a text and keeps it as it is.
            pub fn parse(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                check(&text, $max)?;
                Ok(Self(text))
            }

            /// The text as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

text!(
    /// An address as the rider writes it: 1 to 255 characters.
    Address, 255
);
text!(
    /// The reason for a cancellation or an operator's decision: 1 to 255 characters.
    Reason, 255
);
text!(
    /// The text of a chat message: 1 to 1,000 characters.
    MessageText, 1_000
);
text!(
    /// The text of a notification: 1 to 500 characters.
    NoticeText, 500
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(Address::parse("\u{1f695}".repeat(255)).is_ok());
        assert_eq!(
            Address::parse("x".repeat(256)),
            Err(TextError::TooLong(255))
        );
    }

    #[test]
    fn blank_and_null_are_refused() {
        assert_eq!(Address::parse(""), Err(TextError::Blank));
        assert_eq!(Address::parse(" \n\t"), Err(TextError::Blank));
        assert_eq!(Address::parse("a\0b"), Err(TextError::Null));
    }

    #[test]
    fn a_text_is_kept_as_it_is_written() {
        assert_eq!(
            Address::parse(" 5 </b> ").map(|a| a.as_str().to_owned()),
            Ok(" 5 </b> ".to_owned())
        );
    }
}
