//! What happens in the demo: first a script that shows everything, then chance.

use std::cell::Cell;
use std::collections::VecDeque;

use super::below;
use super::places::{self, DemoPlace, HARBOUR, HOSPITAL, MARKET, MUSEUM, OPERA, STATION};

/// How a rider behaves on one trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// Comes when the driver is there.
    Comes,
    /// Lets the driver wait longer than the free waiting time.
    Dawdles,
    /// Never comes.
    StaysAway,
    /// Cancels when a driver is on the way.
    Cancels,
    /// Orders the trip for later.
    Later,
    /// Orders a van, which no driver has.
    WantsVan,
}

/// A trip that a rider will request.
pub struct Scene {
    pub plot: Plot,
    pub from: DemoPlace,
    pub to: DemoPlace,
}

/// The first scenes, in the order in which riders are ready for them.
const SCRIPT: [(Plot, DemoPlace, DemoPlace); 5] = [
    (Plot::Comes, MARKET, OPERA),
    (Plot::StaysAway, HOSPITAL, STATION),
    (Plot::Cancels, MUSEUM, HARBOUR),
    (Plot::Later, STATION, MARKET),
    (Plot::WantsVan, OPERA, HARBOUR),
];

/// The plots to choose from at random. Ordinary rides are the most likely.
const PLOTS: [Plot; 10] = [
    Plot::Comes,
    Plot::Comes,
    Plot::Comes,
    Plot::Comes,
    Plot::Comes,
    Plot::Dawdles,
    Plot::StaysAway,
    Plot::Cancels,
    Plot::Later,
    Plot::WantsVan,
];

/// The source of all riders' scenes.
#[derive(Default)]
pub struct Story {
    played: Cell<usize>,
}

impl Story {
    /// The next scene.
    pub fn next(&self) -> Scene {
        let played = self.played.get();
        self.played.set(played + 1);
        let (plot, from, to) = SCRIPT.get(played).copied().unwrap_or_else(|| {
            let (from, to) = places::route();
            // The script lacks this plot, so it comes right after it.
            let plot = if played == SCRIPT.len() {
                Plot::Dawdles
            } else {
                PLOTS[below(PLOTS.len())]
            };
            (plot, from, to)
        });
        Scene { plot, from, to }
    }
}

/// How a driver behaves on one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferBehaviour {
    /// Accepts the trip and drives it to its end.
    Takes,
    /// Declines the trip.
    Declines,
    /// Does not look at the phone.
    IsSilent,
    /// Has no reception, so that the phone never gets the offer.
    IsOutOfReach,
    /// Accepts the trip and gives it back on the way.
    GivesBack,
}

/// A driver's behaviour on coming offers: at first one driver declines, one is silent, and one gives back and then is
/// out of reach; after that it is random.
pub struct Moods(VecDeque<OfferBehaviour>);

impl Moods {
    /// The moods of the driver with that number.
    pub fn of(turn: usize) -> Self {
        Self(VecDeque::from(match turn % 4 {
            0 => vec![OfferBehaviour::Declines, OfferBehaviour::Takes],
            1 => vec![OfferBehaviour::IsSilent, OfferBehaviour::Takes],
            2 => vec![
                OfferBehaviour::GivesBack,
                OfferBehaviour::IsOutOfReach,
                OfferBehaviour::Takes,
            ],
            _ => vec![OfferBehaviour::Takes, OfferBehaviour::Takes],
        }))
    }

    /// The behaviour on the next offer.
    pub fn next(&mut self) -> OfferBehaviour {
        self.0.pop_front().unwrap_or_else(|| match below(12) {
            0 => OfferBehaviour::Declines,
            1 => OfferBehaviour::IsSilent,
            2 => OfferBehaviour::IsOutOfReach,
            3 => OfferBehaviour::GivesBack,
            _ => OfferBehaviour::Takes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_happens_before_chance_takes_over() {
        let story = Story::default();
        let first: Vec<Plot> = (0..=SCRIPT.len()).map(|_| story.next().plot).collect();
        for plot in PLOTS {
            assert!(first.contains(&plot), "{plot:?}");
        }
        let first: Vec<OfferBehaviour> = (0..4).flat_map(|turn| Moods::of(turn).0).collect();
        for mood in [
            OfferBehaviour::Declines,
            OfferBehaviour::IsSilent,
            OfferBehaviour::IsOutOfReach,
            OfferBehaviour::GivesBack,
        ] {
            assert!(first.contains(&mood), "{mood:?}");
        }
    }
}
