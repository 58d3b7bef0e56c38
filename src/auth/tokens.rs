//! Tokens: JWTs (HS256) that name a session. What a session may do is read from the database, never from a token.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header,
};
use serde::{Deserialize, Serialize};

use super::keys::KeyRing;
use crate::domain::{Person, PhotoId, SessionId};
use crate::inputs;

/// How long an access token is valid, the same as in the course.
pub const ACCESS_LIFE: SignedDuration = SignedDuration::from_mins(60);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenPurpose {
    /// For requests and handshakes.
    Access,
    /// For getting new tokens, once.
    Refresh,
    /// For the session cookie of browsers.
    Cookie,
}

/// The content of a token. Clients read the names from an access token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    token_type: TokenPurpose,
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
    id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
    /// The number of the refresh token within its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<i64>,
}

/// A token that is genuine and not expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    pub session: SessionId,
    /// The number of the refresh token within its session; 0 for other tokens.
    pub generation: i64,
}

/// The token is forged, expired, made for another purpose, or no token at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct BadToken;

/// Issues and verifies tokens.
#[derive(Clone)]
pub struct TokenIssuer(KeyRing);

impl TokenIssuer {
    /// Issues tokens signed with the first of these keys.
    pub fn new(keys: KeyRing) -> Self {
        Self(keys)
    }

    /// An access token of the session.
    pub fn access(&self, session: SessionId, person: &Person, at: Timestamp) -> String {
        let claims = Claims {
            username: Some(person.username.clone()),
            first_name: Some(person.first_name.clone()),
            last_name: Some(person.last_name.clone()),
            group: Some(person.role.as_str().to_owned()),
            photo: person.photo.map(PhotoId::path),
            ..claims(TokenPurpose::Access, session, person, at, at + ACCESS_LIFE)
        };
        self.sign(&claims)
    }

    /// The refresh token of that generation.
    pub fn refresh(
        &self,
        session: SessionId,
        person: &Person,
        generation: i64,
        at: Timestamp,
        until: Timestamp,
    ) -> String {
        let claims = Claims {
            generation: Some(generation),
            ..claims(TokenPurpose::Refresh, session, person, at, until)
        };
        self.sign(&claims)
    }

    /// The value of the session cookie.
    pub fn cookie(
        &self,
        session: SessionId,
        person: &Person,
        at: Timestamp,
        until: Timestamp,
    ) -> String {
        self.sign(&claims(TokenPurpose::Cookie, session, person, at, until))
    }

    /// Reads a token made for `purpose`.
    pub fn verify(
        &self,
        token: &str,
        purpose: TokenPurpose,
        at: Timestamp,
    ) -> Result<Verified, BadToken> {
        let kid = decode_header(token)
            .map_err(|_| BadToken)?
            .kid
            .ok_or(BadToken)?;
        let key = self.0.named(&kid).ok_or(BadToken)?;
        let mut validation = Validation::new(Algorithm::HS256);
        // The time is an input, so it is compared below.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &DecodingKey::from_secret(&key.secret), &validation)
            .map_err(|_| BadToken)?
            .claims;
        if claims.token_type != purpose || claims.exp <= at.as_second() {
            return Err(BadToken);
        }
        Ok(Verified {
            session: claims.sid,
            generation: claims.generation.unwrap_or(0),
        })
    }

    fn sign(&self, claims: &Claims) -> String {
        let key = self.0.signing();
        let header = Header {
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        let message = format!("{}.{}", part(&plain(&header)), part(&plain(claims)));
        let secret = EncodingKey::from_secret(&key.secret);
        let signature = sign(message.as_bytes(), &secret, header.alg);
        format!("{message}.{}", signature.expect("the key is one for HS256"))
    }
}

/// Writes JSON that clients can read from a token with plain `atob`, which knows neither UTF-8 nor the two characters
/// that base64url has in place of `+` and `/`. Within ASCII only `>`, `?`, `~` and DEL lead to those two.
fn plain(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("claims are plain JSON");
    let mut plain = String::with_capacity(json.len());
    for letter in json.chars() {
        // All of these can only occur within a string.
        if letter.is_ascii() && !matches!(letter, '>' | '?' | '~' | '\u{7f}') {
            plain.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                plain.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    plain
}

fn claims(
    token_type: TokenPurpose,
    sid: SessionId,
    person: &Person,
    at: Timestamp,
    until: Timestamp,
) -> Claims {
    Claims {
        token_type,
        sid,
        jti: inputs::fresh_id().simple().to_string(),
        iat: at.as_second(),
        exp: until.as_second(),
        id: person.id.get(),
        username: None,
        first_name: None,
        last_name: None,
        group: None,
        photo: None,
        generation: None,
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD_NO_PAD;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Role, UserId};

    fn keys(kid: &str, byte: char) -> String {
        format!("{kid}:{}=", byte.to_string().repeat(43))
    }

    fn tokens(text: &str) -> TokenIssuer {
        TokenIssuer::new(KeyRing::parse(text).expect("keys"))
    }

    fn ann() -> Person {
        let (first_name, last_name) = (String::new(), String::new());
        Person {
            id: UserId::new(1),
            role: Role::Rider,
            username: "ann".into(),
            first_name,
            last_name,
            photo: None,
        }
    }

    #[test]
    fn a_token_serves_its_purpose_only_and_not_for_ever() {
        let tokens = tokens(&keys("a", 'A'));
        let (session, at) = (SessionId::new(inputs::fresh_id()), Timestamp::UNIX_EPOCH);
        let access = tokens.access(session, &ann(), at);
        assert_eq!(
            tokens
                .verify(&access, TokenPurpose::Access, at)
                .map(|token| token.session),
            Ok(session)
        );
        assert_eq!(
            tokens.verify(&access, TokenPurpose::Refresh, at),
            Err(BadToken)
        );
        assert_eq!(
            tokens.verify(&access, TokenPurpose::Access, at + ACCESS_LIFE),
            Err(BadToken)
        );
        assert_eq!(tokens.verify("", TokenPurpose::Access, at), Err(BadToken));
    }

    /// Decodes as `atob` does: standard base64, one byte a character.
    fn by_atob(part: &str) -> Option<String> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(part).ok()?;
        Some(bytes.into_iter().map(char::from).collect())
    }

    proptest! {
        #[test]
        fn a_page_reads_any_name_with_plain_atob(first in any::<String>(), last in "[>?~\u{7f}\\\\\"ë李🚕-]{0,9}", id in any::<i64>()) {
            let person = Person {
                id: UserId::new(id),
                first_name: first.clone(),
                last_name: last.clone(),
                ..ann()
            };
            let tokens = tokens(&keys("a", 'A'));
            let (session, at) = (SessionId::new(inputs::fresh_id()), Timestamp::UNIX_EPOCH);
            let access = tokens.access(session, &person, at);
            let payload = access.split('.').nth(1).expect("three parts");
            let claims = by_atob(payload).expect("standard base64");
            let claims: serde_json::Value = serde_json::from_str(&claims).expect("JSON");
            prop_assert_eq!(&claims["first_name"], &first);
            prop_assert_eq!(&claims["last_name"], &last);
            prop_assert!(tokens.verify(&access, TokenPurpose::Access, at).is_ok());
        }
    }

    #[test]
    fn a_rotated_key_still_verifies_and_a_foreign_one_does_not() {
        let (session, at) = (SessionId::new(inputs::fresh_id()), Timestamp::UNIX_EPOCH);
        let access = tokens(&keys("old", 'A')).access(session, &ann(), at);
        let rotated = tokens(&format!("{},{}", keys("new", 'E'), keys("old", 'A')));
        assert!(rotated.verify(&access, TokenPurpose::Access, at).is_ok());
        assert_eq!(
            tokens(&keys("old", 'E')).verify(&access, TokenPurpose::Access, at),
            Err(BadToken)
        );
    }
}
