//! The queue of what will happen, ordered by time. At the same time, what was scheduled first comes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use domain::OfferId;

/// Something that happens. Trips and cars are named by number. `turn` is the car's turn at the time of scheduling: if
/// the car has set out or stopped since, the happening is outdated and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A rider requests the trip of that number.
    Request(usize),
    /// A rider's patience ends.
    GiveUp(usize),
    /// The search time of a trip is over.
    Expire(usize),
    /// A rider does not want to wait for the driver who accepted.
    Cancel { trip: usize, attempt: i64 },
    /// The sweeper runs on its interval.
    Tick,
    /// The sweeper runs because it was woken.
    Wake,
    /// A device acknowledges an offer.
    Receive {
        car: usize,
        trip: usize,
        offer: OfferId,
    },
    /// A driver answers an offer.
    Answer(usize, OfferId),
    /// The next driver who wants a broadcast request answers.
    Take(usize),
    /// A car reaches its destination.
    Reach { car: usize, turn: u32 },
    /// A driver considers giving the trip back on the way.
    GiveBack { car: usize, turn: u32 },
    /// The rider has boarded, or the driver has waited in vain.
    Board { car: usize, turn: u32 },
    /// A device reports its position.
    Report(usize),
    /// A driver loses the network.
    Lose(usize),
    /// A driver has the network again.
    Find(usize),
    /// A driver's shift begins.
    Begin(usize),
    /// A driver's shift ends.
    End(usize),
    /// Idle drivers get hints.
    Hint,
    /// The drivers' activities are sampled.
    Sample,
}

/// What will happen, in order.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    heap: BinaryHeap<Reverse<QueueEntry>>,
    sequence: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct QueueEntry {
    at: i64,
    sequence: u64,
    happening: Happening,
}

impl Ord for QueueEntry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

impl PartialOrd for QueueEntry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl EventQueue {
    /// Schedules a happening.
    pub(crate) fn add(&mut self, at: i64, happening: Happening) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.heap.push(Reverse(QueueEntry {
            at,
            sequence,
            happening,
        }));
    }

    /// The next happening and its time.
    pub(crate) fn next(&mut self) -> Option<(i64, Happening)> {
        let Reverse(entry) = self.heap.pop()?;
        Some((entry.at, entry.happening))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_comes_first_and_of_two_at_once_the_one_foreseen_first() {
        let mut queue = EventQueue::default();
        queue.add(5, Happening::Tick);
        queue.add(3, Happening::Request(1));
        queue.add(5, Happening::Hint);
        queue.add(3, Happening::Request(0));
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        let expected = [
            (3, Happening::Request(1)),
            (3, Happening::Request(0)),
            (5, Happening::Tick),
            (5, Happening::Hint),
        ];
        assert_eq!(order, expected);
    }
}
