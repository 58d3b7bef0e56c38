//! A chain of sources, the best one first. A query that one source cannot answer goes to the next one, and the straight
//! line answers the rest.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::{EtaAnswer, EtaQuery, Provider, Straight, Via};

/// The shortest time between two warnings about the same source, which may come and go.
const QUIET: SignedDuration = SignedDuration::from_secs(60);

/// The seconds of each driver; `None` for a driver without a route.
pub type DrivingTimes = Vec<Option<u32>>;

/// A source of driving times, which may fail.
pub trait Source: Debug + Send + Sync {
    /// Names the source in answers and logs.
    fn via(&self) -> Via;

    /// For each query, in their order, the drivers' times or why there are none.
    fn try_to_pick_up(
        &self,
        queries: &[EtaQuery<'_>],
        at: Timestamp,
    ) -> Vec<Result<DrivingTimes, Unanswered>>;
}

/// Why a source has not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The pick-up is not on the source's map. Other queries are not affected.
    #[error("the pick-up is off the map")]
    OffTheMap,
    /// The source is out of order, for this reason.
    #[error("{0}")]
    OutOfOrder(String),
}

/// Gives the best answer there is, so that a source's failure never reaches dispatch.
#[derive(Debug)]
pub struct Chain {
    sources: Vec<(Box<dyn Source>, Outage)>,
    straight: Straight,
}

impl Chain {
    /// A chain of these sources in their order, with the straight line last.
    pub fn new(sources: Vec<Box<dyn Source>>, straight: Straight) -> Self {
        let sources = sources.into_iter();
        Self {
            sources: sources.map(|source| (source, Outage::default())).collect(),
            straight,
        }
    }
}

impl Provider for Chain {
    fn to_pick_up(&self, queries: &[EtaQuery<'_>], at: Timestamp) -> Vec<EtaAnswer> {
        let mut answers: Vec<Option<EtaAnswer>> = vec![None; queries.len()];
        for (source, outage) in &self.sources {
            let open = open(&answers);
            if open.is_empty() {
                break;
            }
            let left: Vec<EtaQuery<'_>> = open.iter().map(|index| queries[*index]).collect();
            let results = source.try_to_pick_up(&left, at);
            for ((index, query), result) in open.into_iter().zip(left).zip(results) {
                outage.note(source.via(), &result, at);
                answers[index] = result.ok().map(|times| query.answer(times, source.via()));
            }
        }
        let open = open(&answers);
        let left: Vec<EtaQuery<'_>> = open.iter().map(|index| queries[*index]).collect();
        for (index, answer) in open.into_iter().zip(self.straight.to_pick_up(&left, at)) {
            answers[index] = Some(answer);
        }
        // Every query has an answer now; `flatten` keeps them without a panic.
        answers.into_iter().flatten().collect()
    }
}

/// The indexes of the queries without an answer.
fn open(answers: &[Option<EtaAnswer>]) -> Vec<usize> {
    let open = answers.iter().enumerate();
    let open = open.filter(|(_, answer)| answer.is_none());
    open.map(|(index, _)| index).collect()
}

/// Whether a source is out of order, so that the log says it once and not for each query.
#[derive(Debug, Default)]
struct Outage(Mutex<OutageState>);

#[derive(Debug, Default)]
struct OutageState {
    /// Whether the last line in the log says that the source is out of order.
    is_logged: bool,
    logged_at: Option<Timestamp>,
}

/// The target of these log lines, as operators know it: `--log cabrank=debug` shows them.
const LOGGED_AS: &str = "cabrank::eta::chain";

/// The line that the log should get.
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
            let was_logged = std::mem::take(&mut state.is_logged);
            return if was_logged {
                LogNote::Back
            } else {
                LogNote::None
            };
        }
        let is_quiet = state
            .logged_at
            .is_some_and(|logged| at.duration_since(logged) < QUIET);
        if state.is_logged || is_quiet {
            return LogNote::None;
        }
        state.is_logged = true;
        state.logged_at = Some(at);
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

    /// Answers each query in turn with so many seconds, or fails.
    #[derive(Debug)]
    struct Scripted(Via, Vec<Result<u32, Unanswered>>);

    impl Source for Scripted {
        fn via(&self) -> Via {
            self.0
        }

        fn try_to_pick_up(
            &self,
            queries: &[EtaQuery<'_>],
            _: Timestamp,
        ) -> Vec<Result<DrivingTimes, Unanswered>> {
            let results = self.1.iter().cycle().zip(queries);
            let results = results.map(|(result, query)| {
                let seconds = result.clone()?;
                Ok(vec![Some(seconds); query.drivers.len()])
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
        let query = EtaQuery {
            pick_up: here(),
            drivers: &drivers,
            within_s: 60,
        };
        let answers = chain.to_pick_up(&[query; 3], AT);
        let given: Vec<_> = answers
            .iter()
            .map(|answer| (answer.via.word(), answer.seconds[1]))
            .collect();
        let expected = [
            ("osrm", Some(10)),
            ("road", Some(20)),
            ("straight", Some(0)),
        ];
        assert_eq!(given, expected);
        assert_eq!(chain.to_pick_up(&[], AT), []);
    }

    #[test]
    fn who_takes_too_long_is_left_out_whoever_tells() {
        let chain = Chain::new(
            vec![Box::new(Scripted(Via::Osrm, vec![Ok(61)]))],
            Straight::CITY,
        );
        let query = EtaQuery {
            pick_up: here(),
            drivers: &[here()],
            within_s: 60,
        };
        assert_eq!(chain.to_pick_up(&[query], AT)[0].seconds, [None]);
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
        // The source comes and goes: not every change is logged.
        assert_eq!(outage.changes(false, at(503)), LogNote::Back);
        assert_eq!(outage.changes(true, at(504)), LogNote::None);
        assert_eq!(outage.changes(false, at(505)), LogNote::None);
        assert_eq!(outage.changes(true, at(562)), LogNote::Out);
    }
}
