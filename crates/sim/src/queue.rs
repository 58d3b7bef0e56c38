//! What is going to happen, in the order of time; of what happens at once, what was foreseen first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use domain::OfferId;

/// Something that happens. Numbers are of trips and of cars; `turn` is which of a car's ways it is about, so that what was foreseen for
/// an earlier one does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The rider of that number requests a trip.
    Request(usize),
    /// A rider has no patience left.
    GiveUp(usize),
    /// The search time of a trip is over.
    Expire(usize),
    /// A rider does not want to wait for that driver.
    Cancel {
        /// Which trip.
        trip: usize,
        /// In which attempt.
        attempt: i64,
    },
    /// The sweeper's time has come.
    Tick,
    /// The sweeper was woken.
    Wake,
    /// A device acknowledges an offer.
    Receive {
        /// Whose car.
        car: usize,
        /// Of which trip.
        trip: usize,
        /// Which one.
        offer: OfferId,
    },
    /// A driver answers an offer.
    Answer(usize, OfferId),
    /// Of those who want a trip that all have heard of, the next one is there.
    Take(usize),
    /// A car has come to where it was going.
    Reach {
        /// Which car.
        car: usize,
        /// On which way.
        turn: u32,
    },
    /// A driver thinks better of it on the way.
    GiveBack {
        /// Which car.
        car: usize,
        /// On which way.
        turn: u32,
    },
    /// The rider is in the car, or the driver has waited in vain.
    Board {
        /// Which car.
        car: usize,
        /// After which way.
        turn: u32,
    },
    /// A device says where it is.
    Report(usize),
    /// A driver loses the network.
    Lose(usize),
    /// A driver has the network again.
    Find(usize),
    /// A driver's shift begins.
    Begin(usize),
    /// A driver's shift ends.
    End(usize),
    /// Hints are given.
    Hint,
    /// What all are doing is written down.
    Sample,
}

/// What is going to happen.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    heap: BinaryHeap<Reverse<QueueEntry>>,
    sequence: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct QueueEntry {
    at: i64,
    sequence: u64,
    what: Happening,
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
    /// Something will happen then.
    pub(crate) fn add(&mut self, at: i64, what: Happening) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.heap.push(Reverse(QueueEntry { at, sequence, what }));
    }

    /// What happens next, and when.
    pub(crate) fn next(&mut self) -> Option<(i64, Happening)> {
        let Reverse(entry) = self.heap.pop()?;
        Some((entry.at, entry.what))
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
