//! Runs the simulation for many seeds and prints what came of them.

#![expect(
    clippy::print_stdout,
    reason = "what came of the seeds is for the screen"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::{Parser, ValueEnum};
use reelgate_simulate::exhaustive::explore;
use reelgate_simulate::{Met, Mutant, Outcome, Simulator};

/// Simulates nodes on one store under seeded time, order and trouble, and checks what everybody was told.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Runs this seed alone and prints all that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Takes a rule away: the seeds have to notice.
    #[arg(long, value_enum)]
    mutant: Option<Mutant>,
    /// Takes away each rule in turn and says how many seeds it takes to notice.
    #[arg(long)]
    mutants: bool,
    /// Looks at everything that can happen to one job instead.
    #[arg(long)]
    exhaustive: bool,
    /// How many seeds run at a time; as many as there are processors unless said.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        return replay(seed, arguments.mutant);
    }
    if arguments.mutants {
        return hunt(arguments.seeds);
    }
    if arguments.exhaustive {
        let explored = explore(None);
        println!("{} states, {} steps", explored.states, explored.transitions);
        anyhow::ensure!(explored.broken.is_none(), "{:#?}", explored.broken);
        return Ok(());
    }
    let threads = arguments.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        |threads| threads.max(1),
    );
    let begun = Instant::now();
    let next = AtomicU64::new(arguments.first);
    let end = arguments.first + arguments.seeds;
    let all: Mutex<(Met, Vec<Outcome>)> = Mutex::default();
    std::thread::scope(|scope| {
        let run = || -> anyhow::Result<()> {
            let mut simulator = Simulator::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return Ok(());
                }
                let outcome = simulator.run(seed, arguments.mutant, false)?;
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.0.add(&outcome.met);
                if !outcome.broken.is_empty() {
                    all.1.push(outcome);
                }
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        for thread in running {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a simulation panicked"))??;
        }
        anyhow::Ok(())
    })?;
    let (met, mut failing) = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} seeds in {seconds:.1} s ({:.0} a second): {met:?}",
        arguments.seeds,
        arguments.seeds as f64 / seconds
    );
    failing.sort_unstable_by_key(|outcome| outcome.seed);
    for outcome in failing.iter().take(20) {
        println!("seed {}:", outcome.seed);
        for broken in outcome.broken.iter().take(3) {
            println!("  {}: {}", broken.promise, broken.what);
        }
    }
    match failing.first() {
        None => Ok(()),
        Some(first) => anyhow::bail!(
            "{} of {} seeds fail; look at one with: make simulate SEED={}",
            failing.len(),
            arguments.seeds,
            first.seed
        ),
    }
}

/// Runs one seed and tells all of it.
fn replay(seed: u64, mutant: Option<Mutant>) -> anyhow::Result<()> {
    let outcome = Simulator::default().run(seed, mutant, true)?;
    for line in &outcome.lines {
        println!("{line}");
    }
    for broken in &outcome.broken {
        println!("BROKEN: {}: {}", broken.promise, broken.what);
    }
    println!(
        "seed {seed}, trace {:016x}: {:?}",
        outcome.hash, outcome.met
    );
    if outcome.broken.is_empty() {
        Ok(())
    } else {
        anyhow::bail!("seed {seed} fails")
    }
}

/// Takes away each rule in turn.
fn hunt(most: u64) -> anyhow::Result<()> {
    let mut missed = Vec::new();
    for mutant in Mutant::value_variants() {
        let name = mutant
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned());
        let mut simulator = Simulator::default();
        let mut found = None;
        for seed in 1..=most {
            let outcome = simulator.run(seed, Some(*mutant), false)?;
            if let Some(broken) = outcome.broken.into_iter().next() {
                found = Some((seed, broken));
                break;
            }
        }
        match found {
            Some((seed, broken)) => {
                println!("{name}: seed {seed}: {}: {}", broken.promise, broken.what);
            }
            None => {
                println!("{name}: not noticed in {most} seeds");
                missed.push(name);
            }
        }
    }
    anyhow::ensure!(missed.is_empty(), "not noticed: {}", missed.join(", "));
    Ok(())
}
