//! Reads multipart forms, which the course's pages send to sign up: text fields, and a photo if there is one.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use multer::Multipart;
use serde_json::{Map, Value};

use super::body::BODY_MAX;
use crate::fields::{FieldErrors, Fields};
use crate::problem::{Code, Problem};

/// The largest photo, in bytes.
const FILE_MAX: usize = 5 * 1024 * 1024;
/// The largest form, in bytes: a photo, the text fields, and the boundaries and headers of the parts.
const FORM_MAX: usize = FILE_MAX + 2 * BODY_MAX;
/// How much of a form that is too large is read, in bytes: a browser shows no answer before it has sent everything.
const READ_MAX: usize = 32 * 1024 * 1024;
/// How long a form may take to arrive: 5 MiB at 2 Mbit/s.
const FORM_WAIT: Duration = Duration::from_secs(20);
/// What each part adds to the size of the text fields, in bytes, so that the number of parts is bounded.
const PART_OVERHEAD: usize = 64;
/// The texts that pages send as `photo` if no file was chosen.
const NO_PHOTO: [&str; 3] = ["", "undefined", "null"];

/// A multipart form that was read.
#[derive(Debug, Default)]
pub(super) struct Form {
    object: Map<String, Value>,
    photo: Option<Bytes>,
    errors: FieldErrors,
}

fn content_type(request: &HttpRequest) -> &str {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

/// Whether the request's body is a multipart form.
pub(super) fn is_multipart(request: &HttpRequest) -> bool {
    let kind = content_type(request).split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("multipart/form-data")
}

impl Form {
    /// Reads the whole body, within the limits of size and time.
    pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let boundary = multer::parse_boundary(content_type(request)).map_err(|_| unreadable())?;
        let body = tokio::time::timeout(FORM_WAIT, collect(payload)).await;
        let body =
            body.map_err(|_| Problem::new(Code::Unreadable, "The body took too long."))??;
        Self::of(body, boundary).await
    }

    async fn of(body: Bytes, boundary: String) -> Result<Self, Problem> {
        let whole = stream::iter([Ok::<_, Infallible>(body)]);
        let mut parts = Multipart::new(whole, boundary);
        let (mut form, mut bytes_left) = (Self::default(), BODY_MAX);
        while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
            let name = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let content = part.bytes().await.map_err(|_| unreadable())?;
            let text_bytes = if file.is_some() { 0 } else { content.len() };
            bytes_left = bytes_left
                .checked_sub(PART_OVERHEAD + name.len() + text_bytes)
                .ok_or_else(texts_too_large)?;
            match (name.as_str(), file) {
                ("photo", Some(file)) => form.take_photo(&file, content)?,
                ("photo", None) => form.refuse_text(&content),
                // A file under another name becomes a field without a value, which is refused as an unknown field.
                (_, Some(_)) => drop(form.object.insert(name, Value::Null)),
                (_, None) => {
                    let text = str::from_utf8(&content).map_err(|_| unreadable())?;
                    form.object.insert(name, text.into());
                }
            }
        }
        Ok(form)
    }

    fn take_photo(&mut self, file: &str, content: Bytes) -> Result<(), Problem> {
        if content.len() > FILE_MAX {
            return Err(file_too_large());
        }
        // A file input without a chosen file sends an empty name and no content.
        if !(file.is_empty() && content.is_empty()) {
            self.photo = Some(content);
        }
        Ok(())
    }

    fn refuse_text(&mut self, content: &[u8]) {
        if !NO_PHOTO.iter().any(|none| none.as_bytes() == content) {
            let rule = "The submitted data was not a file. Check the encoding type on the form.";
            self.errors.add("photo", rule);
        }
    }

    /// The text fields, to be read one by one.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::with(&self.object, self.errors.clone())
    }

    /// The content of the photo's file.
    pub(super) fn into_photo(self) -> Option<Vec<u8>> {
        self.photo.map(Vec::from)
    }
}

async fn collect(mut payload: Payload) -> Result<Bytes, Problem> {
    let (mut body, mut read) = (BytesMut::new(), 0);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| unreadable())?;
        read += chunk.len();
        if read > READ_MAX {
            return Err(file_too_large());
        }
        if read > FORM_MAX {
            body = BytesMut::new();
        } else {
            body.extend_from_slice(&chunk);
        }
    }
    if read > FORM_MAX {
        return Err(file_too_large());
    }
    Ok(body.freeze())
}

fn unreadable() -> Problem {
    Problem::new(Code::Unreadable, "The body is not a form.")
}

fn texts_too_large() -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("A form's texts have at most {BODY_MAX} bytes."),
    )
}

fn file_too_large() -> Problem {
    let rule = format!("A photo has at most {} MiB.", FILE_MAX / 1024 / 1024);
    Problem::too_large(FieldErrors::one("photo", rule))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_comes_is_read_or_refused(
            boundary in "[a-z]{0,6}",
            parts in prop::collection::vec((any::<bool>(), "[ -~]{0,40}", prop::collection::vec(any::<u8>(), 0..60)), 0..6),
        ) {
            let mut body = Vec::new();
            for (is_begun, head, content) in parts {
                if is_begun {
                    body.extend(format!("--{boundary}\r\n").bytes());
                }
                body.extend(format!("Content-Disposition: form-data; {head}\r\n\r\n").bytes());
                body.extend(content);
                body.extend(b"\r\n");
            }
            body.extend(format!("--{boundary}--").bytes());
            let form = futures_util::FutureExt::now_or_never(Form::of(body.into(), boundary));
            prop_assert!(form.is_some(), "nothing is left to wait for");
        }
    }
}
