//! What is stored of an answer over HTTP.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::Value;

use crate::harness::Answer;

/// The headers that are not the service's own.
const NOT_OURS: [&str; 3] = ["connection", "content-length", "date"];

/// The status, the headers in the order of their names, the body as it is, and what a token in it says.
pub fn told(answer: &Answer) -> Vec<String> {
    let headers = answer.headers.iter();
    let ours = headers.filter(|(name, _)| !NOT_OURS.contains(&name.as_str()));
    let mut ours: Vec<String> = ours
        .map(|(name, value)| header(name.as_str(), value.to_str().unwrap_or("?")))
        .collect();
    ours.sort();
    let mut told = vec![answer.status.to_string()];
    told.append(&mut ours);
    match std::str::from_utf8(&answer.bytes) {
        Ok("") => {}
        Ok(text) => told.push(text.to_owned()),
        Err(_) => told.push(format!("{} bytes", answer.bytes.len())),
    }
    told.extend(claims(&answer.text).map(|claims| format!("claims: {claims}")));
    told
}

fn header(name: &str, value: &str) -> String {
    let value = match name {
        "retry-after" => "some seconds",
        // A cookie that is taken away expires by the system's clock.
        "set-cookie" => value.split("; Expires=").next().unwrap_or_default(),
        _ => value,
    };
    format!("{name}: {value}")
}

/// What the access token of an answer says.
fn claims(text: &str) -> Option<String> {
    let body: Value = serde_json::from_str(text).ok()?;
    let part = body.get("access")?.as_str()?.split('.').nth(1)?;
    let json = BASE64_STANDARD_NO_PAD.decode(part).ok()?;
    String::from_utf8(json).ok()
}
