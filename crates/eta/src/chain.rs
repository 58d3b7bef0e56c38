//! Sources in the order of preference: what one cannot answer is asked of the next, and the straight line answers the
//! rest.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::{EtaAnswer, EtaQuery, Provider, Straight, Via};

/// How long a source that comes and goes is not complained about again.
const QUIET: SignedDuration = SignedDuration::from_secs(60);

/// Seconds for each driver; nothing for one who has no way there.
pub type DrivingTimes = Vec<Option<u32>>;

/// Somebody who may know, and may fail.
pub trait Source: Debug + Send + Sync {
    /// Who it is.
    fn via(&self) -> Via;

    /// For each ask, in their order, the drivers' times or why there are none.
    fn try_to_pick_up(
        &self,
        asks: &[EtaQuery<'_>],
        at: Timestamp,
    ) -> Vec<Result<DrivingTimes, Unanswered>>;
}

/// Why a source has not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The pick-up is not on its map; other asks are none the worse for it.
    #[error("the pick-up is off the map")]
    OffTheMap,
    /// It is out of order.
    #[error("{0}")]
    OutOfOrder(String),
}

/// The best answer there is: a source's failure never reaches dispatch.
#[derive(Debug)]
pub struct Chain {
    sources: Vec<(Box<dyn Source>, Outage)>,
    straight: Straight,
}

impl Chain {
    /// Asks these in their order, and the straight line last.
    pub fn new(sources: Vec<Box<dyn Source>>, straight: Straight) -> Self {
        let sources = sources.into_iter();
        Self {
            sources: sources.map(|source| (source, Outage::default())).collect(),
            straight,
        }
    }
}

impl Provider for Chain {
    fn to_pick_up(&self, asks: &[EtaQuery<'_>], at: Timestamp) -> Vec<EtaAnswer> {
        let mut answers: Vec<Option<EtaAnswer>> = vec![None; asks.len()];
        for (source, outage) in &self.sources {
            let open = open(&answers);
            if open.is_empty() {
                break;
            }
            let left: Vec<EtaQuery<'_>> = open.iter().map(|place| asks[*place]).collect();
            let results = source.try_to_pick_up(&left, at);
            for ((place, ask), result) in open.into_iter().zip(left).zip(results) {
                outage.note(source.via(), &result, at);
                answers[place] = result.ok().map(|times| ask.answer(times, source.via()));
            }
        }
        let open = open(&answers);
        let left: Vec<EtaQuery<'_>> = open.iter().map(|place| asks[*place]).collect();
        for (place, answer) in open.into_iter().zip(self.straight.to_pick_up(&left, at)) {
            answers[place] = Some(answer);
        }
        // None is left open; `flatten` says so without a way to panic.
        answers.into_iter().flatten().collect()
    }
}

/// The places that have no answer yet.
fn open(answers: &[Option<EtaAnswer>]) -> Vec<usize> {
    let open = answers.iter().enumerate();
    let open = open.filter(|(_, answer)| answer.is_none());
    open.map(|(place, _)| place).collect()
}

/// Whether a source is out of order, so that the log says so once and not for each request.
#[derive(Debug, Default)]
struct Outage(Mutex<ChainState>);

#[derive(Debug, Default)]
struct ChainState {
    /// Whether the log says so.
    is_told: bool,
    told_at: Option<Timestamp>,
}

/// Where these lines of the log come from, as operators know it: `--log cabrank=debug` shows them.
const LOGGED_AS: &str = "cabrank::eta::chain";

/// What the log should say.
#[derive(Debug, PartialEq, Eq)]
enum LogNote {
    Out,
    Back,
    None,
}

impl Outage {
    fn note(&self, via: Via, result: &Result<DrivingTimes, Unanswered>, at: Timestamp) {
        match result {
            Ok(_) => {
                if self.changes(false, at) == LogNote::Back {
                    tracing::info!(target: LOGGED_AS, source = via.word(), "Times to pick-ups are known again");
                }
            }
            Err(Unanswered::OffTheMap) => {
                tracing::debug!(target: LOGGED_AS, source = via.word(), "A pick-up is off the map");
            }
            Err(Unanswered::OutOfOrder(reason)) => {
                if self.changes(true, at) == LogNote::Out {
                    let source = via.word();
                    tracing::warn!(
                        target: LOGGED_AS,
                        source,
                        reason,
                        "Times to pick-ups come from a lesser source: this one is out of order"
                    );
                }
            }
        }
    }

    fn changes(&self, is_out: bool, at: Timestamp) -> LogNote {
        let mut state = self.0.lock();
        if !is_out {
            let was_told = std::mem::take(&mut state.is_told);
            return if was_told {
                LogNote::Back
            } else {
                LogNote::None
            };
        }
        let is_quiet = state
            .told_at
            .is_some_and(|told| at.duration_since(told) < QUIET);
        if state.is_told || is_quiet {
            return LogNote::None;
        }
        state.is_told = true;
        state.told_at = Some(at);
        LogNote::Out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Coordinates;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn here() -> Coordinates {
        Coordinates::new(48.0, 11.0).expect("on earth")
    }

    /// Answers with so many seconds, or fails; ask by ask.
    #[derive(Debug)]
    struct Scripted(Via, Vec<Result<u32, Unanswered>>);

    impl Source for Scripted {
        fn via(&self) -> Via {
            self.0
        }

        fn try_to_pick_up(
            &self,
            asks: &[EtaQuery<'_>],
            _: Timestamp,
        ) -> Vec<Result<DrivingTimes, Unanswered>> {
            let results = self.1.iter().cycle().zip(asks);
            let results = results.map(|(result, ask)| {
                let seconds = result.clone()?;
                Ok(vec![Some(seconds); ask.drivers.len()])
            });
            results.collect()
        }
    }

    fn out() -> Result<u32, Unanswered> {
        Err(Unanswered::OutOfOrder("gone".to_owned()))
    }

    #[test]
    fn each_ask_is_answered_by_the_best_that_can() {
        let osrm = Scripted(Via::Osrm, vec![Ok(10), out(), out()]);
        let road = Scripted(Via::Road, vec![Ok(20), Err(Unanswered::OffTheMap)]);
        let chain = Chain::new(vec![Box::new(osrm), Box::new(road)], Straight::CITY);
        let drivers = [here(), here()];
        let ask = EtaQuery {
            pick_up: here(),
            drivers: &drivers,
            within_s: 60,
        };
        let answers = chain.to_pick_up(&[ask; 3], AT);
        let told: Vec<_> = answers
            .iter()
            .map(|answer| (answer.via.word(), answer.seconds[1]))
            .collect();
        let expected = [
            ("osrm", Some(10)),
            ("road", Some(20)),
            ("straight", Some(0)),
        ];
        assert_eq!(told, expected);
        assert_eq!(chain.to_pick_up(&[], AT), []);
    }

    #[test]
    fn who_takes_too_long_is_left_out_whoever_tells() {
        let chain = Chain::new(
            vec![Box::new(Scripted(Via::Osrm, vec![Ok(61)]))],
            Straight::CITY,
        );
        let ask = EtaQuery {
            pick_up: here(),
            drivers: &[here()],
            within_s: 60,
        };
        assert_eq!(chain.to_pick_up(&[ask], AT)[0].seconds, [None]);
    }

    #[test]
    fn an_outage_is_told_once_and_its_end_too() {
        let outage = Outage::default();
        let at = |seconds| AT + SignedDuration::from_secs(seconds);
        assert_eq!(outage.changes(false, at(0)), LogNote::None);
        assert_eq!(outage.changes(true, at(1)), LogNote::Out);
        assert_eq!(outage.changes(true, at(500)), LogNote::None);
        assert_eq!(outage.changes(false, at(501)), LogNote::Back);
        assert_eq!(outage.changes(false, at(501)), LogNote::None);
        assert_eq!(outage.changes(true, at(502)), LogNote::Out);
        // It comes and goes: no line for each time.
        assert_eq!(outage.changes(false, at(503)), LogNote::Back);
        assert_eq!(outage.changes(true, at(504)), LogNote::None);
        assert_eq!(outage.changes(false, at(505)), LogNote::None);
        assert_eq!(outage.changes(true, at(562)), LogNote::Out);
    }
}
