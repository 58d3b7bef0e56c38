//! Counts what was sent and received in a run.

use std::time::Instant;

use super::mark::Marks;

/// The counts of a run, shared by all its sockets.
pub struct BenchTally {
    marks: Marks,
    drivers: u32,
    requests: Vec<BenchRequest>,
    /// Frames with a request of this run that drivers have received.
    pub deliveries: u64,
    /// Requests that their riders have received as trips.
    pub committed: u64,
    /// Requests that the server has refused.
    pub refused: u64,
    /// The first refusal.
    pub first_refusal: Option<String>,
    /// Sockets that ended before the run did.
    pub lost: u64,
    /// How the first of them ended.
    pub first_loss: Option<String>,
    /// Microseconds from sending a request to a driver's receiving it, for each delivery whose time counts.
    pub alert_us: Vec<u32>,
    /// Microseconds from sending a request to its rider's receiving the trip.
    pub commit_us: Vec<u32>,
}

struct BenchRequest {
    rider: usize,
    sent_at: Instant,
    received: u32,
    committed: bool,
}

/// The progress of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestProgress {
    /// The last driver has received the request of this rider.
    AllReceived { rider: usize },
    /// Nothing that a task waits for.
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

    /// Notes that a rider is about to send a request; returns its number and pick-up address.
    pub fn send(&mut self, rider: usize, at: Instant) -> (usize, String) {
        let number = self.requests.len();
        self.requests.push(BenchRequest {
            rider,
            sent_at: at,
            received: 0,
            committed: false,
        });
        (number, self.marks.address(number))
    }

    /// Notes a frame that a driver has received. Without `at`, its latency does not count.
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
        request.received += 1;
        if request.received == self.drivers {
            RequestProgress::AllReceived {
                rider: request.rider,
            }
        } else {
            RequestProgress::Nothing
        }
    }

    /// Notes a frame that a rider has received; returns false if it is a refusal.
    pub fn receive(&mut self, frame: &[u8], at: Instant) -> bool {
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

    /// Whether the rider has received this request as a trip.
    pub fn is_committed(&self, number: usize) -> bool {
        self.requests
            .get(number)
            .is_some_and(|request| request.committed)
    }

    /// Whether all drivers have received this request.
    pub fn is_delivered(&self, number: usize) -> bool {
        self.requests
            .get(number)
            .is_some_and(|request| request.received >= self.drivers)
    }

    /// Notes a socket that has ended.
    pub fn lose(&mut self, who: &str, why: &str) {
        self.lost += 1;
        self.first_loss
            .get_or_insert_with(|| format!("{who}: {why}"));
    }

    /// The number of requests without an answer.
    pub fn unanswered(&self) -> u64 {
        (self.requests.len() as u64).saturating_sub(self.committed + self.refused)
    }

    /// The number of missing deliveries.
    pub fn undelivered(&self) -> u64 {
        let committed = self.requests.iter().filter(|request| request.committed);
        committed
            .map(|request| u64::from(self.drivers.saturating_sub(request.received)))
            .sum()
    }

    /// The number of deliveries beyond the first to a driver.
    pub fn doubled(&self) -> u64 {
        self.requests
            .iter()
            .map(|request| u64::from(request.received.saturating_sub(self.drivers)))
            .sum()
    }

    // A frame without a mark is an error frame, or a trip of an earlier run.
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

        assert!(tally.receive(&frame, later));
        assert!(tally.is_committed(number) && !tally.is_delivered(number));
        assert_eq!(tally.deliver(&frame, Some(later)), RequestProgress::Nothing);
        assert_eq!((tally.undelivered(), tally.unanswered()), (1, 0));
        assert_eq!(
            tally.deliver(&frame, Some(later)),
            RequestProgress::AllReceived { rider: 9 }
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
        assert!(tally.receive(&trip("Market Square"), Instant::now()));
        assert_eq!(
            (tally.deliveries, tally.committed, tally.refused),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_refusal_is_counted_and_kept() {
        let mut tally = BenchTally::new(1, 1);
        tally.send(0, Instant::now());
        assert!(!tally.receive(
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
