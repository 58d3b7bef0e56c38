//! Prints the measurements as tables for docs/performance.md.
#![expect(clippy::print_stderr, reason = "progress is for the person who waits")]

use crate::measure::{ReportTimes, SearchTimes};

/// The results of one index.
pub struct Row {
    pub drivers: usize,
    pub name: &'static str,
    pub named: f64,
    pub searches: SearchTimes,
    pub round_trip: SearchTimes,
    pub searches_meanwhile: SearchTimes,
    pub reports_meanwhile: ReportTimes,
    /// By the number of reports sent together.
    pub reports: Vec<(usize, ReportTimes)>,
}

/// Prints what is being measured.
pub fn progress(drivers: usize, name: &str) {
    eprintln!("{drivers} drivers: {name}");
}

/// Prints which server was not measured, and why.
pub fn not_run(variable: &str) {
    println!("\nnot run: {variable} is not set");
}

/// Prints the tables.
pub fn print(rows: &[Row]) {
    println!(
        "\nThe ten nearest free drivers within ten minutes, one search after the other; \"same\" are those named that looking at everybody names too\n"
    );
    println!(
        "| drivers | index | median (us) | p99 (us) | searches a second | CPU a search (us) | bare round trip (us) | same (%) |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|");
    for row in rows {
        let SearchTimes {
            median_us,
            p99_us,
            per_s,
            cpu_us,
        } = row.searches;
        let round_trip = row.round_trip.median_us;
        println!(
            "| {} | {} | {median_us:.2} | {p99_us:.2} | {per_s:.0} | {} | {round_trip:.2} | {:.1} |",
            row.drivers,
            row.name,
            or_dash(cpu_us),
            row.named
        );
    }
    println!("\nThe same while another thread sends reports as fast as it can\n");
    println!("| drivers | index | median (us) | p99 (us) | searches a second | reports a second |");
    println!("|---:|---|---:|---:|---:|---:|");
    for row in rows {
        let SearchTimes {
            median_us,
            p99_us,
            per_s,
            ..
        } = row.searches_meanwhile;
        let reports = row.reports_meanwhile.per_s;
        println!(
            "| {} | {} | {median_us:.2} | {p99_us:.2} | {per_s:.0} | {reports:.0} |",
            row.drivers, row.name
        );
    }
    println!("\nReports alone\n");
    println!("| drivers | index | sent together | reports a second | CPU a report (us) |");
    println!("|---:|---|---:|---:|---:|");
    for row in rows {
        for (together, reports) in &row.reports {
            println!(
                "| {} | {} | {together} | {:.0} | {} |",
                row.drivers,
                row.name,
                reports.per_s,
                or_dash(reports.cpu_us)
            );
        }
    }
}

fn or_dash(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.2}"))
}
