//! The sources of pickup ETAs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::eta::osrm::{Osrm, UrlError};
use crate::eta::road::{OsmError, Roads};
use crate::eta::{Chain, Source, Straight, Traffic, TrafficError};

/// The sources of pickup ETAs; by default a straight line.
#[derive(Debug, Clone, Args)]
pub struct EtaConfig {
    /// Extract of OpenStreetMap, *.osm.pbf, whose streets tell how long drivers take to a pick-up
    #[arg(long, env = "CABRANK_ROADS", value_name = "FILE")]
    pub roads: Option<PathBuf>,
    /// How fast the traffic on these streets is, 1 being as fast as the map says: one number, or 24, for the hours from midnight on
    #[arg(
        long,
        env = "CABRANK_SPEED_FACTORS",
        default_value = "1",
        value_name = "FACTORS"
    )]
    pub speed_factors: String,
    /// Time zone of these hours, such as Europe/Vienna or +01:00
    #[arg(
        long,
        env = "CABRANK_TIME_ZONE",
        default_value = "UTC",
        allow_hyphen_values = true,
        value_name = "ZONE"
    )]
    pub time_zone: String,
    /// Table service that speaks as OSRM does, such as http://127.0.0.1:5000; it is asked before the streets
    #[arg(long, env = "CABRANK_OSRM_URL", value_name = "URL")]
    pub osrm_url: Option<Url>,
    /// How long the table service has for an answer, in milliseconds
    #[arg(long, env = "CABRANK_OSRM_TIMEOUT_MS", default_value_t = 50, value_name = "MS",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub osrm_timeout_ms: u32,
}

/// Why a source of pickup ETAs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EtaError {
    /// The map cannot be used.
    #[error("--roads {}: {error}", path.display())]
    Roads { path: PathBuf, error: OsmError },
    /// The speed factors are not valid.
    #[error("--speed-factors {0}")]
    Factors(TrafficError),
    #[error("--time-zone {0}")]
    Zone(TrafficError),
    #[error("--osrm-url {0}")]
    Osrm(#[from] UrlError),
}

impl EtaConfig {
    /// The sources that are configured, the best one first, with the straight line as the last. Reads the map, which
    /// may take seconds.
    pub fn chain(&self) -> Result<Chain, EtaError> {
        let mut sources: Vec<Box<dyn Source>> = Vec::new();
        // Checked even if no map needs it, so that a mistake is found at once.
        let traffic = Traffic::parse(&self.speed_factors, &self.time_zone);
        let traffic = traffic.map_err(|error| match error {
            TrafficError::Factors => EtaError::Factors(error),
            TrafficError::Zone => EtaError::Zone(error),
        })?;
        if let Some(url) = &self.osrm_url {
            let timeout = Duration::from_millis(u64::from(self.osrm_timeout_ms));
            sources.push(Box::new(Osrm::new(url, timeout)?));
        }
        if let Some(path) = &self.roads {
            let roads = Roads::load(path, traffic).map_err(|error| {
                let path = path.clone();
                EtaError::Roads { path, error }
            })?;
            let graph = roads.graph();
            let (streets, left_out) = (graph.streets(), graph.left_out());
            tracing::info!(streets, left_out, "Read the streets of {}", path.display());
            sources.push(Box::new(roads));
        }
        Ok(Chain::new(sources, Straight::CITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        eta: EtaConfig,
    }

    fn config(flags: &[&str]) -> EtaConfig {
        let line = ["cabrank"].iter().chain(flags);
        Line::try_parse_from(line).expect("flags").eta
    }

    #[test]
    fn what_is_wrong_is_named_by_its_flag() {
        let message = |flags: &[&str]| config(flags).chain().err().map(|error| error.to_string());
        assert_eq!(message(&[]), None);
        assert_eq!(message(&["--osrm-url", "http://127.0.0.1:1"]), None);
        assert_eq!(message(&["--time-zone", "-03:00"]), None);
        let wrong: [(&[&str], &str); 4] = [
            (
                &["--osrm-url", "https://maps.example"],
                "--osrm-url must be http://",
            ),
            (
                &["--speed-factors", "1,2"],
                "--speed-factors must be one number or 24",
            ),
            (
                &["--time-zone", "Mars"],
                "--time-zone must be the name of a time zone",
            ),
            (
                &["--roads", "/nowhere.osm.pbf"],
                "--roads /nowhere.osm.pbf: ",
            ),
        ];
        for (flags, beginning) in wrong {
            let message = message(flags).unwrap_or_default();
            assert!(message.starts_with(beginning), "{flags:?}: {message}");
        }
    }
}
