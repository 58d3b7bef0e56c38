//! The results of a run, for people and for scripts.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::cabs::Sent;
use super::percentile::percentile;
use super::process::Usage;
use super::tally::BenchTally;
use super::{BenchArgs, Wait};

/// The figures of a run. Those that could not be measured are left out.
#[derive(Debug, Default, Serialize)]
pub struct BenchReport {
    pub url: String,
    pub drivers: u32,
    pub eager: u32,
    pub riders: u32,
    pub seconds: u64,
    /// What the riders waited for: `own`, `all`, or a rate.
    pub load: String,
    pub server_rss_kib: Option<u64>,
    pub rss_per_idle_session_kib: Option<f64>,
    #[serde(flatten)]
    pub loaded: Option<Loaded>,
    #[serde(flatten)]
    pub positions: Option<Positions>,
    pub lost_sockets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_loss: Option<String>,
}

/// The figures of the drivers on shift.
#[derive(Debug, Serialize)]
pub struct Positions {
    pub positions_per_s: f64,
    pub positions_passed_over: u64,
    pub position_p50_ms: Option<f64>,
    pub position_p99_ms: Option<f64>,
}

/// The figures of the load.
#[derive(Debug, Serialize)]
pub struct Loaded {
    pub requests_per_s: f64,
    pub deliveries_per_s: f64,
    pub alert_p50_ms: Option<f64>,
    pub alert_p99_ms: Option<f64>,
    pub commit_p50_ms: Option<f64>,
    pub commit_p99_ms: Option<f64>,
    pub server_cpu_us_per_delivery: Option<f64>,
    pub client_cpu_us_per_delivery: Option<f64>,
    pub undelivered: u64,
    pub doubled: u64,
    pub unanswered: u64,
    pub refused: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_refusal: Option<String>,
}

/// The counts when the last request was sent.
#[derive(Clone, Copy)]
pub struct Window {
    pub committed: u64,
    pub deliveries: u64,
    pub length: Duration,
}

/// CPU time of the server and of the bench, from the first request to the end of the drain.
pub struct Spent {
    pub server: Option<Duration>,
    pub client: Option<Duration>,
}

impl BenchReport {
    /// A report with the options only.
    pub fn of(args: &BenchArgs) -> Self {
        let load = match (args.rate, args.wait) {
            (Some(rate), _) => format!("{rate}/s"),
            (None, Wait::Own) => "own".to_owned(),
            (None, Wait::All) => "all".to_owned(),
        };
        Self {
            url: args.url.clone(),
            drivers: args.drivers,
            eager: args
                .eager
                .map_or(args.drivers, |eager| eager.min(args.drivers)),
            riders: args.riders,
            seconds: args.seconds,
            load,
            ..Self::default()
        }
    }

    /// Adds the server's memory before and after the last `sessions` driver sockets were opened.
    pub fn idle(&mut self, sessions: usize, before: Option<Usage>, after: Option<Usage>) {
        self.server_rss_kib = after.map(|usage| usage.rss_kib);
        self.rss_per_idle_session_kib = before.zip(after).map(|(before, after)| {
            (after.rss_kib as f64 - before.rss_kib as f64) / sessions as f64
        });
    }

    /// Adds the results of the load.
    pub fn loaded(&mut self, tally: &mut BenchTally, window: Window, spent: &Spent) {
        tally.alert_us.sort_unstable();
        tally.commit_us.sort_unstable();
        let ms =
            |sorted: &[u32], percent| percentile(sorted, percent).map(|us| f64::from(us) / 1000.0);
        let per_s = |count: u64| count as f64 / window.length.as_secs_f64();
        let per_delivery = |cpu: Option<Duration>| {
            cpu.filter(|_| tally.deliveries > 0)
                .map(|cpu| cpu.as_secs_f64() * 1e6 / tally.deliveries as f64)
        };
        self.loaded = Some(Loaded {
            requests_per_s: per_s(window.committed),
            deliveries_per_s: per_s(window.deliveries),
            alert_p50_ms: ms(&tally.alert_us, 50.0),
            alert_p99_ms: ms(&tally.alert_us, 99.0),
            commit_p50_ms: ms(&tally.commit_us, 50.0),
            commit_p99_ms: ms(&tally.commit_us, 99.0),
            server_cpu_us_per_delivery: per_delivery(spent.server),
            client_cpu_us_per_delivery: per_delivery(spent.client),
            undelivered: tally.undelivered(),
            doubled: tally.doubled(),
            unanswered: tally.unanswered(),
            refused: tally.refused,
            first_refusal: tally.first_refusal.clone(),
        });
    }

    /// Adds the results of the position reports, if any were sent.
    pub fn positions(&mut self, sent: &mut Sent, length: Duration) {
        sent.answer_us.sort_unstable();
        let ms = |percent| percentile(&sent.answer_us, percent).map(|us| f64::from(us) / 1000.0);
        self.positions = (sent.answered > 0).then(|| Positions {
            positions_per_s: sent.answered as f64 / length.as_secs_f64(),
            positions_passed_over: sent.not_accepted,
            position_p50_ms: ms(50.0),
            position_p99_ms: ms(99.0),
        });
    }

    /// The report as a table.
    pub fn table(&self) -> String {
        let mut text = format!("{}: {} drivers", self.url, self.drivers);
        if self.loaded.is_some() {
            let _ = write!(
                text,
                ", {} riders, {} s, {}",
                self.riders,
                self.seconds,
                self.load_in_words()
            );
        }
        text.push('\n');
        for (name, value) in self.rows() {
            let _ = writeln!(text, "  {name:<42} {value:>16}");
        }
        for (label, detail) in [
            (
                "first refusal",
                self.loaded
                    .as_ref()
                    .and_then(|loaded| loaded.first_refusal.as_ref()),
            ),
            ("first loss", self.first_loss.as_ref()),
        ] {
            if let Some(detail) = detail {
                let _ = writeln!(text, "  {label}: {detail}");
            }
        }
        text
    }

    fn load_in_words(&self) -> String {
        match self.load.as_str() {
            "own" => "each rider waits for its own trip".to_owned(),
            "all" => "each rider waits for all drivers".to_owned(),
            rate => format!("requests at {rate}"),
        }
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let Some(loaded) = &self.loaded {
            rows.extend([
                (
                    "requests committed per second",
                    format!("{:.1}", loaded.requests_per_s),
                ),
                (
                    "deliveries per second",
                    format!("{:.0}", loaded.deliveries_per_s),
                ),
                (
                    "request to alert, p50 / p99 (ms)",
                    pair(loaded.alert_p50_ms, loaded.alert_p99_ms),
                ),
                (
                    "request to its rider, p50 / p99 (ms)",
                    pair(loaded.commit_p50_ms, loaded.commit_p99_ms),
                ),
                (
                    "server CPU per delivery (us)",
                    figure(loaded.server_cpu_us_per_delivery),
                ),
                (
                    "client CPU per delivery (us)",
                    figure(loaded.client_cpu_us_per_delivery),
                ),
                (
                    "undelivered / delivered twice",
                    format!("{} / {}", loaded.undelivered, loaded.doubled),
                ),
                (
                    "requests unanswered / refused",
                    format!("{} / {}", loaded.unanswered, loaded.refused),
                ),
            ]);
        }
        if let Some(positions) = &self.positions {
            rows.extend([
                (
                    "positions answered per second",
                    format!("{:.0}", positions.positions_per_s),
                ),
                (
                    "position to its answer, p50 / p99 (ms)",
                    pair(positions.position_p50_ms, positions.position_p99_ms),
                ),
                (
                    "positions not accepted",
                    positions.positions_passed_over.to_string(),
                ),
            ]);
        }
        rows.extend([
            (
                "server RSS, driver sockets open (KiB)",
                self.server_rss_kib
                    .map_or_else(nothing, |kib| kib.to_string()),
            ),
            (
                "server RSS per idle session (KiB)",
                figure(self.rss_per_idle_session_kib),
            ),
            ("sockets lost", self.lost_sockets.to_string()),
        ]);
        rows
    }
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(nothing, |value| format!("{value:.2}"))
}

fn pair(one: Option<f64>, two: Option<f64>) -> String {
    format!("{} / {}", figure(one), figure(two))
}

fn nothing() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn report() -> BenchReport {
        BenchReport {
            url: "http://x".to_owned(),
            drivers: 2,
            riders: 1,
            seconds: 2,
            load: "own".to_owned(),
            ..BenchReport::default()
        }
    }

    #[test]
    fn rates_and_shares_are_worked_out() {
        let mut tally = BenchTally::new(1, 2);
        let (_, address) = tally.send(0, Instant::now());
        let frame = format!(r#"{{"pick_up_address":"{address}"}}"#);
        tally.receive(frame.as_bytes(), Instant::now());
        tally.deliver(frame.as_bytes(), None);
        let window = Window {
            committed: 1,
            deliveries: 1,
            length: Duration::from_secs(2),
        };
        let mut report = report();
        report.loaded(
            &mut tally,
            window,
            &Spent {
                server: Some(Duration::from_micros(8)),
                client: None,
            },
        );
        let loaded = report.loaded.expect("it was just set");
        assert_eq!(
            (
                loaded.requests_per_s,
                loaded.deliveries_per_s,
                loaded.undelivered
            ),
            (0.5, 0.5, 1)
        );
        assert_eq!(
            (
                loaded.server_cpu_us_per_delivery,
                loaded.client_cpu_us_per_delivery
            ),
            (Some(8.0), None)
        );
    }

    #[test]
    fn positions_are_counted_where_there_were_any() {
        let mut report = report();
        report.positions(&mut Sent::default(), Duration::from_secs(2));
        assert!(report.positions.is_none());
        let mut sent = Sent {
            answered: 4,
            not_accepted: 1,
            answer_us: vec![4_000, 1_000, 2_000, 3_000],
        };
        report.positions(&mut sent, Duration::from_secs(2));
        let found = report.positions.as_ref().expect("it was just set");
        assert_eq!(
            (found.positions_per_s, found.positions_passed_over),
            (2.0, 1)
        );
        assert_eq!(found.position_p50_ms, Some(2.0));
        assert!(report.table().contains("positions answered per second"));
    }

    #[test]
    fn memory_is_shared_out_among_the_sessions() {
        let mut report = report();
        let at = |rss_kib| {
            Some(Usage {
                cpu: Duration::ZERO,
                rss_kib,
            })
        };
        report.idle(2, at(1000), at(1024));
        assert_eq!(
            (report.server_rss_kib, report.rss_per_idle_session_kib),
            (Some(1024), Some(12.0))
        );
        report.idle(2, None, None);
        assert!(report.table().contains("server RSS per idle session (KiB)"));
    }
}
