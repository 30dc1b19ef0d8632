//! The machine, and its state during the run.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::rounds::percentile;

/// One line: processors, memory, kernel.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or("?".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "machine: {processors} processors ({}), memory {}, Linux {}",
        field(&read("/proc/cpuinfo"), "model name"),
        field(&read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim(),
    )
}

/// One line: what overwriting 4 KiB durably costs right now, and how busy the machine is.
pub(crate) fn line(dir: &Path) -> Result<String> {
    const BLOCKS: usize = 1000;
    let path = dir.join("probe");
    let mut file = File::create(&path).context("make the probe's file")?;
    let block = [7_u8; 4096];
    for _ in 0..BLOCKS {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    let mut micros = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        if micros.len() % BLOCKS == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
        let before = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        micros.push(before.elapsed().as_secs_f64() * 1e6);
    }
    std::fs::remove_file(&path)?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    Ok(format!(
        "probe: fdatasync of 4 KiB {}/s, p50 {:.0} us, p99 {:.0} us; load average {}",
        micros.len(),
        percentile(&mut micros, 0.5),
        percentile(&mut micros, 0.99),
        load.join(" ")
    ))
}
