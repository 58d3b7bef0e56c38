//! One request to a table service, and its answer.

use std::fmt::Write;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use url::Url;

use super::DrivingTimes;
use crate::LEG_MAX_M;
use domain::Coordinates;

/// The longest answer that is read. One for a hundred coordinates has some twenty kilobytes if the service describes
/// them.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// The most idle connections that are kept.
const IDLE_MAX: usize = 8;
/// The longest time that is believed: a day and a half.
const SECONDS_MAX: f64 = 131_072.0;

/// The URL cannot be that of a table service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be http://HOST[:PORT][/PATH], without user, query and fragment; the client speaks no TLS"
)]
pub struct UrlError;

/// Why a request gave no durations.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableFailure {
    /// The service was not reached, or not in time.
    #[error("no answer: {0}")]
    Unreached(ureq::Error),
    /// The service has no street near one of the coordinates.
    #[error("no street near one of the places")]
    NoSegment,
    /// The service refused the request.
    #[error("refused: {code} {message}")]
    Refused { code: String, message: String },
    /// The answer is not a table of the expected size.
    #[error("an answer that is no table: {0}")]
    Garbage(String),
}

/// The fields of the answer that are used.
#[derive(Deserialize)]
struct TableBody {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    durations: Vec<Vec<Option<f64>>>,
}

/// The address of the service, and the connections to it.
#[derive(Debug)]
pub(super) struct TableService {
    agent: Agent,
    /// The URL up to the coordinates.
    base: String,
}

impl TableService {
    pub(super) fn new(url: &Url, timeout: Duration) -> Result<Self, UrlError> {
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if url.scheme() != "http" || !url.has_host() || !is_bare {
            return Err(UrlError);
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(IDLE_MAX)
            .max_idle_connections_per_host(IDLE_MAX)
            .max_redirects(0)
            // It is the operator's own service, so a proxy for outside services does not apply.
            .proxy(None)
            .timeout_global(Some(timeout))
            .build()
            .new_agent();
        let base = format!("{}/table/v1/driving/", url.as_str().trim_end_matches('/'));
        Ok(Self { agent, base })
    }

    /// The seconds from each driver to the pick-up, rounded up; `None` without a route.
    pub(super) fn durations(
        &self,
        drivers: &[Coordinates],
        pick_up: Coordinates,
    ) -> Result<DrivingTimes, TableFailure> {
        let url = self.url(drivers, pick_up);
        // The service closes a connection after some requests. If that is noticed only after the next request was sent,
        // the request is sent again.
        let response = match self.agent.get(&url).call() {
            Err(error) if was_hung_up(&error) => self.agent.get(&url).call(),
            response => response,
        };
        let mut response = response.map_err(TableFailure::Unreached)?;
        let status = response.status().as_u16();
        let text = response
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            .map_err(TableFailure::Unreached)?;
        let body: TableBody = serde_json::from_slice(&text)
            .map_err(|error| TableFailure::Garbage(format!("status {status}, {error}")))?;
        read(body, drivers.len())
    }

    fn url(&self, drivers: &[Coordinates], pick_up: Coordinates) -> String {
        let mut url = self.base.clone();
        // Writing to a string cannot fail.
        let _ = write!(url, "{},{}", pick_up.lon(), pick_up.lat());
        for driver in drivers {
            let _ = write!(url, ";{},{}", driver.lon(), driver.lat());
        }
        // Without a radius the service would move any coordinates on earth to its nearest street. The radius lets it
        // report a pick-up that is off its map.
        let _ = write!(url, "?radiuses={LEG_MAX_M}{}", ";".repeat(drivers.len()));
        url.push_str("&destinations=0&annotations=duration&generate_hints=false&skip_waypoints=true&sources=");
        for source in 1..=drivers.len() {
            let _ = write!(url, "{}{source}", if source > 1 { ";" } else { "" });
        }
        url
    }
}

fn was_hung_up(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kinds = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        UnexpectedEof,
    ];
    matches!(error, ureq::Error::Io(error) if kinds.contains(&error.kind()))
}

fn read(body: TableBody, drivers: usize) -> Result<DrivingTimes, TableFailure> {
    match body.code.as_str() {
        "Ok" => {}
        "NoSegment" => return Err(TableFailure::NoSegment),
        _ => {
            let TableBody { code, message, .. } = body;
            return Err(TableFailure::Refused { code, message });
        }
    }
    if body.durations.len() != drivers {
        let rows = body.durations.len();
        return Err(TableFailure::Garbage(format!(
            "{rows} rows for {drivers} drivers"
        )));
    }
    let times = body.durations.iter().map(|row| match row[..] {
        [None] => Ok(None),
        // In range, so the number fits.
        [Some(seconds)] if (0.0..=SECONDS_MAX).contains(&seconds) => {
            Ok(Some(seconds.ceil() as u32))
        }
        _ => Err(TableFailure::Garbage(format!("a row {row:?}"))),
    });
    times.collect()
}
