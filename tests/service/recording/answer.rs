//! What is stored of an answer over HTTP.

use crate::harness::Answer;

/// The headers that are not the service's own.
const NOT_OURS: [&str; 3] = ["connection", "content-length", "date"];

/// The status, the headers in the order of their names, and the body as it is.
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
