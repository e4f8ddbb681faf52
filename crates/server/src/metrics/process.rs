//! What the process takes, as Linux tells it; nothing elsewhere.

use std::fs;

use prometheus::proto::MetricFamily;

use super::Now;

/// The kernel counts CPU time in hundredths of a second, whatever it runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory, CPU time, threads and open files, under the names that every process has for them.
pub(super) fn families() -> prometheus::Result<Vec<MetricFamily>> {
    let mut now = Now(Vec::new());
    if let Some(kilobytes) = status("VmRSS:") {
        let help = "Memory that the process has, in bytes.";
        now.gauge("process_resident_memory_bytes", help, kilobytes * 1024.0)?;
    }
    if let Some(threads) = status("Threads:") {
        now.gauge("process_threads", "Threads of the process.", threads)?;
    }
    if let Some(seconds) = cpu_seconds() {
        let help = "CPU time that the process has used, in seconds.";
        now.counter("process_cpu_seconds_total", help, seconds)?;
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let help = "Files and connections that the process has open.";
        now.gauge("process_open_fds", help, open.count() as f64)?;
    }
    Ok(now.0)
}

/// A number of `/proc/self/status`.
fn status(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}
