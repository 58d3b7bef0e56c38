//! The policies side by side, as a table in Markdown.

use std::fmt::Write as _;

use super::report::{DayReport, PolicyResult};

/// A row of the table: its head, and the function for its cells.
type TableRow = (&'static str, fn(&DayReport, &PolicyResult) -> String);

const ROWS: [TableRow; 18] = [
    ("wait, mean s", |_, of| seconds(of.wait.mean_ms)),
    ("wait, p50 s", |_, of| seconds(of.wait.p50_ms)),
    ("wait, p90 s", |_, of| seconds(of.wait.p90_ms)),
    ("wait, p95 s", |_, of| seconds(of.wait.p95_ms)),
    ("request to acceptance, mean s", |_, of| {
        seconds(of.to_accept.mean_ms)
    }),
    ("off the promised time, mean s", |_, of| {
        seconds(of.promise_off.mean_ms)
    }),
    ("served", |all, of| share(of.served, all)),
    ("gave up before a driver accepted", |all, of| {
        share(of.gave_up, all)
    }),
    ("cancelled after that", |all, of| share(of.cancelled, all)),
    ("expired", |all, of| share(of.expired, all)),
    ("did not come", |all, of| share(of.no_show, all)),
    ("utilisation", |_, of| permille(of.utilisation_permille)),
    ("driven empty", |_, of| permille(of.deadhead_permille)),
    ("to pick-ups, s per served", |_, of| {
        seconds(of.to_pick_up_per_served_ms)
    }),
    ("after hints, s per served", |_, of| {
        seconds(of.roaming_per_served_ms)
    }),
    ("offers per request", |_, of| thousandth(of.shown_permille)),
    ("windows solved, exactly", |_, of| match of.windows.solved {
        0 => "-".to_owned(),
        solved => format!("{solved}, {}", of.windows.exact),
    }),
    ("wait by the bound", |all, of| match all.bound {
        Some(bound) if all.ideal && bound.mean_wait_ms > 0 => {
            thousandth(of.wait.mean_ms * 1_000 / bound.mean_wait_ms)
        }
        Some(_) | None => "-".to_owned(),
    }),
];

impl DayReport {
    /// The table, with the recorded outcome and the bound below it.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{}: {} requests, {} drivers, seed {}\n\n",
            self.scenario, self.requests, self.drivers, self.seed
        );
        let mut line = |head: &str, cells: &mut dyn Iterator<Item = String>| {
            let _ = write!(text, "| {head:34} |");
            for cell in cells {
                let _ = write!(text, " {cell:>14} |");
            }
            text.push('\n');
        };
        line("", &mut self.policies.iter().map(|of| of.policy.clone()));
        line("---", &mut self.policies.iter().map(|_| "---:".to_owned()));
        for (head, cell) in ROWS {
            line(head, &mut self.policies.iter().map(|of| cell(self, of)));
        }
        if let Some(was) = &self.recorded {
            let wait = was
                .wait_mean_ms
                .map(|ms| format!(" after {} s in the mean", seconds(ms)));
            let wait = wait.unwrap_or_default();
            let _ = write!(
                text,
                "\nAs it was: {} served{wait}.\n",
                share(was.served, self)
            );
        }
        if let Some(bound) = &self.bound {
            let mean = seconds(bound.mean_wait_ms);
            let word = if bound.is_exact {
                "exactly"
            } else {
                "at least"
            };
            let _ = write!(
                text,
                "\nNo policy without hints comes below {mean} s where all are served; the relaxation's optimum is {word} that.\n"
            );
        }
        text
    }
}

/// Seconds with one decimal.
fn seconds(ms: i64) -> String {
    let tenths = (ms + 50).div_euclid(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn share(of: u64, all: &DayReport) -> String {
    permille((1_000 * of + all.requests as u64 / 2) as i64 / all.requests.max(1) as i64)
}

/// Percent with one decimal.
fn permille(permille: i64) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// Thousandths as a number with two decimals.
fn thousandth(thousandths: i64) -> String {
    let hundredths = (thousandths + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_what_is_shown() {
        assert_eq!(seconds(12_349), "12.3");
        assert_eq!(seconds(12_350), "12.4");
        assert_eq!(permille(987), "98.7 %");
        assert_eq!(thousandth(1_995), "2.00");
    }
}
