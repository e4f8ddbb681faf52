//! How benchmarks are run.

use tokio::runtime::{Builder, Runtime};

/// What follows a flag that the benchmark was given.
pub fn after(flag: &str) -> Option<String> {
    std::env::args().skip_while(|it| it != flag).nth(1)
}

/// Whether it is to measure; says so where it isn't, as in tests.
pub fn is_measured() -> bool {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    if !is_bench {
        println!("not measured: `cargo bench` measures");
    }
    is_bench
}

/// What everything of it runs on.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
