//! The `plaudit` command.

use std::process::ExitCode;

use clap::Parser;
use plaudit_server::cli::Cli;
use plaudit_server::commands;

fn main() -> ExitCode {
    // Bad usage ends here, with exit code 2.
    let cli = Cli::parse();
    commands::run(cli)
}
