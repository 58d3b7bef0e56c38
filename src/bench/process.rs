//! CPU time and memory of the server's processes, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// The unit of the times in `/proc`, which Linux has fixed at a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);

/// The resources that processes have used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub cpu: Duration,
    pub rss_kib: u64,
}

/// The usage of these processes and all their descendants; `None` if there are none, or no `/proc`.
pub fn usage_of(pids: &[u32]) -> Option<Usage> {
    let parents = parents();
    let is_included = |pid: &u32| {
        std::iter::successors(Some(pid), |pid| parents.get(pid))
            .any(|ancestor| pids.contains(ancestor))
    };
    let mut total = None;
    for usage in parents
        .keys()
        .filter(|pid| is_included(pid))
        .filter_map(|pid| usage_of_one(*pid))
    {
        let sum: &mut Usage = total.get_or_insert_default();
        sum.cpu += usage.cpu;
        sum.rss_kib += usage.rss_kib;
    }
    total
}

/// The usage of the bench itself.
pub fn own_usage() -> Option<Usage> {
    usage_of_one(std::process::id())
}

fn usage_of_one(pid: u32) -> Option<Usage> {
    let stat = Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    // The sums of smaps are exact; those of status are off by a batch of pages per CPU.
    let rss_kib = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .ok()
        .and_then(|text| kib_in(&text, "Rss:"))
        .or_else(|| {
            kib_in(
                &fs::read_to_string(format!("/proc/{pid}/status")).ok()?,
                "VmRSS:",
            )
        })?;
    Some(Usage {
        cpu: TICK * stat.cpu_ticks,
        rss_kib,
    })
}

/// The parent of every process.
fn parents() -> HashMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
            Some((pid, stat.parent))
        })
        .collect()
}

/// The needed fields of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    cpu_ticks: u32,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is a name in parentheses, which may contain anything.
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let user: u32 = fields.nth(9)?.parse().ok()?;
        let system: u32 = fields.next()?.parse().ok()?;
        Some(Self {
            parent,
            cpu_ticks: user + system,
        })
    }
}

fn kib_in(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_blanks_and_parentheses_does_not_confuse() {
        let text = "42 (a ) b) S 7 1 1 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 3 0 100 1 2";
        assert_eq!(
            Stat::parse(text),
            Some(Stat {
                parent: 7,
                cpu_ticks: 175
            })
        );
    }

    #[test]
    fn memory_is_read_by_name() {
        assert_eq!(
            kib_in("Name:\tx\nVmRSS:\t    1234 kB\n", "VmRSS:"),
            Some(1234)
        );
        assert_eq!(kib_in("Name:\tx\n", "VmRSS:"), None);
    }
}
