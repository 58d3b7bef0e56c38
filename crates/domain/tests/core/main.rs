//! Tests of the core in memory: its rules one by one, and random batches. Each of those is also decided on only the
//! part of the state that it needs, and must have the same outcome.

mod cast;
mod commands;
mod part;
mod rules;

use domain::core::{Changes, Memory, Outcome, Refusal, State, Submission};

use crate::commands::Town;
use crate::part::part;

/// The number of runs, and of batches in each run.
const LIVES: u64 = 60;
const BATCHES: usize = 120;

type Decided = (Vec<Result<Outcome, Refusal>>, Changes);

fn decided(mut state: State, batch: &[&Submission]) -> Decided {
    let outcomes = batch.iter().map(|submission| state.decide(submission));
    let outcomes = outcomes.collect();
    (outcomes, state.take_changes())
}

#[test]
fn what_is_decided_on_the_part_that_is_loaded_is_decided_on_the_whole() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..LIVES {
        let mut town = Town::of(seed);
        let mut memory = Memory::default();
        town.populate(memory.state_mut());
        for number in 0..BATCHES {
            let batch = town.batch(memory.state());
            let batch: Vec<&Submission> = batch.iter().collect();
            let on_part = decided(part(memory.state(), &batch), &batch);
            let on_whole = decided(memory.state().clone(), &batch);
            assert_eq!(on_part, on_whole, "life {seed}, batch {number}: {batch:#?}");
            for submission in batch {
                let (outcome, _) = memory.carry_out(submission);
                if outcome.is_ok() {
                    done += 1;
                } else {
                    refused += 1;
                }
            }
            assert_eq!(memory.broken(), None, "life {seed}, batch {number}");
        }
    }
    println!("{done} commands were carried out, {refused} refused");
    assert!(
        done > 1_000 && refused > 1_000,
        "lives in which things happen"
    );
}
