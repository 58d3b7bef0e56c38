//! The lines that are recorded of an answer over HTTP.

use crate::harness::Answer;

/// The headers that the HTTP server adds by itself.
const NOT_OURS: [&str; 3] = ["connection", "content-length", "date"];

/// The status, the headers in the order of their names, and the body as it is.
pub fn lines(answer: &Answer) -> Vec<String> {
    let headers = answer.headers.iter();
    let ours = headers.filter(|(name, _)| !NOT_OURS.contains(&name.as_str()));
    let mut ours: Vec<String> = ours
        .map(|(name, value)| header(name.as_str(), value.to_str().unwrap_or("?")))
        .collect();
    ours.sort();
    let mut lines = vec![answer.status.to_string()];
    lines.append(&mut ours);
    match std::str::from_utf8(&answer.bytes) {
        Ok("") => {}
        Ok(text) => lines.push(text.to_owned()),
        Err(_) => lines.push(format!("{} bytes", answer.bytes.len())),
    }
    lines
}

fn header(name: &str, value: &str) -> String {
    let value = match name {
        "retry-after" => "some seconds",
        // The expiry of a removed cookie comes from the system's clock.
        "set-cookie" => value.split("; Expires=").next().unwrap_or_default(),
        _ => value,
    };
    format!("{name}: {value}")
}
