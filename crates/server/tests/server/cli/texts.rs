//! What the binary says of itself.

use super::community::{Ran, plaudit};

#[test]
fn who_is_new_here_is_told_what_there_is_and_how_to_begin() {
    assert_eq!(
        printed(&["-h"]),
        "\
The backend of an online community

Usage: plaudit [OPTIONS] <COMMAND>

Commands:
  serve    Serve the community over GraphQL
  import   Record a history from elsewhere
  copy     Copy a journal into another one, as it is, and prove that both are the same
  export   Write the history, or what is folded from it, as a table
  rebuild  Fold the whole history anew
  replay   Make read models as they were at a moment, in a directory of their own
  verify   Prove that nothing is wrong: the journal is whole, and all that people see is what a replay of it comes to
  rules    Look after rules: what is worth points, which badges and levels there are
  token    Print a token for a server that runs with --dev
  schema   Print the GraphQL schema
  help     Print this message or the help of the given subcommand(s)

Options:
      --data <DIR>         The community's directory [env: PLAUDIT_DATA=] [default: data]
      --master-key <FILE>  The file of the master key; by default master.key in DIR
      --rules <DIR>        The directory of rules; by default Plaudit's own [env: PLAUDIT_RULES=]
  -h, --help               Print help (see more with '--help')
  -V, --version            Print version

To begin with a small community to try, and a token to take part in it:
  plaudit serve --dev --demo
"
    );
}

#[test]
fn the_help_of_every_command_fits_on_a_screen() {
    for command in [
        &["serve"][..],
        &["import"],
        &["import", "stack-exchange"],
        &["import", "polis"],
        &["import", "events"],
        &["export"],
        &["rebuild"],
        &["rules"],
        &["rules", "check"],
        &["token"],
        &["schema"],
    ] {
        let help = printed(&[command, &["-h"]].concat());
        assert!(help.lines().count() < 24, "{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn without_a_command_there_is_help_and_the_exit_code_of_bad_usage() {
    let ran = Ran::of(&mut plaudit([]));
    assert_eq!(ran.complaint(2), printed(&["-h"]));
}

fn printed(arguments: &[&str]) -> String {
    let ran = Ran::of(&mut plaudit(arguments.iter().copied()));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.complained, "");
    ran.printed
}
