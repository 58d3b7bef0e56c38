//! What was sent and heard in a run.

use std::time::Instant;

use super::mark::Marks;

/// The counts of a run, kept by all its sockets.
pub struct BenchTally {
    marks: Marks,
    drivers: u32,
    requests: Vec<BenchRequest>,
    /// Frames with a request of this run that drivers have received.
    pub deliveries: u64,
    /// Requests that their riders have heard.
    pub committed: u64,
    /// Requests that the server has refused.
    pub refused: u64,
    /// What it said the first time.
    pub first_refusal: Option<String>,
    /// Sockets that ended before the run did.
    pub lost: u64,
    /// How the first of them ended.
    pub first_loss: Option<String>,
    /// From a rider's sending to a driver's hearing, once per delivery whose time counts.
    pub alert_us: Vec<u32>,
    /// From a rider's sending to its own hearing.
    pub commit_us: Vec<u32>,
}

struct BenchRequest {
    rider: usize,
    sent_at: Instant,
    heard: u32,
    committed: bool,
}

/// What has just become true of a rider's request.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestProgress {
    /// The last driver has heard the request of this rider.
    AllHeard { rider: usize },
    /// Nothing that anybody waits for.
    Nothing,
}

impl BenchTally {
    /// An empty tally of the run with this number.
    pub fn new(run: u32, drivers: u32) -> Self {
        Self {
            marks: Marks::new(run),
            drivers,
            requests: Vec::new(),
            deliveries: 0,
            committed: 0,
            refused: 0,
            first_refusal: None,
            lost: 0,
            first_loss: None,
            alert_us: Vec::new(),
            commit_us: Vec::new(),
        }
    }

    /// Notes that a rider is about to send a request, and returns its number and pick-up address.
    pub fn send(&mut self, rider: usize, at: Instant) -> (usize, String) {
        let number = self.requests.len();
        self.requests.push(BenchRequest {
            rider,
            sent_at: at,
            heard: 0,
            committed: false,
        });
        (number, self.marks.address(number))
    }

    /// Notes a frame that a driver has heard, at a time that only counts where it is given.
    pub fn deliver(&mut self, frame: &[u8], at: Option<Instant>) -> RequestProgress {
        let Some(request) = self
            .marks
            .number_in(frame)
            .and_then(|number| self.requests.get_mut(number))
        else {
            return RequestProgress::Nothing;
        };
        self.deliveries += 1;
        self.alert_us
            .extend(at.map(|at| micros(request.sent_at, at)));
        request.heard += 1;
        if request.heard == self.drivers {
            RequestProgress::AllHeard {
                rider: request.rider,
            }
        } else {
            RequestProgress::Nothing
        }
    }

    /// Notes a frame that a rider has heard; false says that it is a refusal.
    pub fn hear(&mut self, frame: &[u8], at: Instant) -> bool {
        let Some(number) = self.marks.number_in(frame) else {
            return !self.is_refusal(frame);
        };
        if let Some(request) = self
            .requests
            .get_mut(number)
            .filter(|request| !request.committed)
        {
            request.committed = true;
            self.committed += 1;
            self.commit_us.push(micros(request.sent_at, at));
        }
        true
    }

    /// Whether the rider has heard this request.
    pub fn is_committed(&self, number: usize) -> bool {
        self.requests
            .get(number)
            .is_some_and(|request| request.committed)
    }

    /// Whether all drivers have heard this request.
    pub fn is_delivered(&self, number: usize) -> bool {
        self.requests
            .get(number)
            .is_some_and(|request| request.heard >= self.drivers)
    }

    /// Notes a socket that has ended.
    pub fn lose(&mut self, who: &str, why: &str) {
        self.lost += 1;
        self.first_loss
            .get_or_insert_with(|| format!("{who}: {why}"));
    }

    /// Requests that nobody has answered.
    pub fn unanswered(&self) -> u64 {
        (self.requests.len() as u64).saturating_sub(self.committed + self.refused)
    }

    /// Deliveries that should have been, and were not.
    pub fn undelivered(&self) -> u64 {
        let committed = self.requests.iter().filter(|request| request.committed);
        committed
            .map(|request| u64::from(self.drivers.saturating_sub(request.heard)))
            .sum()
    }

    /// Deliveries beyond the first to a driver.
    pub fn doubled(&self) -> u64 {
        self.requests
            .iter()
            .map(|request| u64::from(request.heard.saturating_sub(self.drivers)))
            .sum()
    }

    // Only what has no mark comes here: an error frame, or a trip of an earlier run.
    fn is_refusal(&mut self, frame: &[u8]) -> bool {
        let refusal = frame.starts_with(b"{\"detail\"");
        if refusal {
            self.refused += 1;
            self.first_refusal
                .get_or_insert_with(|| String::from_utf8_lossy(frame).into_owned());
        }
        refusal
    }
}

fn micros(from: Instant, to: Instant) -> u32 {
    u32::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn trip(address: &str) -> Vec<u8> {
        format!(
            r#"{{"pick_up_address":"{address}","drop_off_address":"there","status":"REQUESTED"}}"#
        )
        .into_bytes()
    }

    #[test]
    fn a_request_is_followed_from_its_rider_to_the_last_driver() {
        let mut tally = BenchTally::new(1, 2);
        let sent_at = Instant::now();
        let later = sent_at + Duration::from_millis(3);
        let (number, address) = tally.send(9, sent_at);
        let frame = trip(&address);

        assert!(tally.hear(&frame, later));
        assert!(tally.is_committed(number) && !tally.is_delivered(number));
        assert_eq!(tally.deliver(&frame, Some(later)), RequestProgress::Nothing);
        assert_eq!((tally.undelivered(), tally.unanswered()), (1, 0));
        assert_eq!(
            tally.deliver(&frame, Some(later)),
            RequestProgress::AllHeard { rider: 9 }
        );
        assert_eq!((tally.undelivered(), tally.doubled()), (0, 0));
        assert_eq!(tally.alert_us, [3000, 3000]);
        tally.deliver(&frame, Some(later));
        assert_eq!(tally.doubled(), 1);
    }

    #[test]
    fn frames_of_others_do_not_count() {
        let mut tally = BenchTally::new(1, 1);
        tally.send(0, Instant::now());
        tally.deliver(&trip("bench 00000002 000000"), None);
        assert!(tally.hear(&trip("Market Square"), Instant::now()));
        assert_eq!(
            (tally.deliveries, tally.committed, tally.refused),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_refusal_is_counted_and_kept() {
        let mut tally = BenchTally::new(1, 1);
        tally.send(0, Instant::now());
        assert!(!tally.hear(
            br#"{"detail":"Slow down.","code":"too-many-requests","errors":{}}"#,
            Instant::now()
        ));
        assert_eq!((tally.refused, tally.unanswered()), (1, 0));
        assert!(
            tally
                .first_refusal
                .is_some_and(|text| text.contains("too-many-requests"))
        );
    }
}
