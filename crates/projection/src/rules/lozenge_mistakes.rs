//! What is told of mistakes in lozenges.toml.

use super::*;

/// The mistakes of a file.
#[track_caller]
fn refused(text: &str, mistakes: &[&str]) {
    let error = Rules::parse(&[(LOZENGES.to_owned(), text.to_owned())]).unwrap_err();
    assert_eq!(error.mistakes(), mistakes, "\n{error}");
}

/// A lozenge with all but how it is got: 5 lines.
fn lozenge(id: &str, precedence: i64, more: &str) -> String {
    format!(
        "[[lozenge]]\nid = \"{id}\"\ntitle = \"T\"\ndescription = \"D\"\nprecedence = {precedence}\n{more}\n"
    )
}

const DERIVED: &str = "when = [{ figure = \"answers\", at_least = 1 }]";

#[test]
fn z1_a_lozenge_is_granted_or_derived() {
    refused(
        &lozenge("l", 1, ""),
        &[
            "lozenges.toml:1:1: a lozenge is granted, or comes by itself: add `granted = true` or `when`",
        ],
    );
    refused(
        &lozenge("l", 1, &format!("granted = true\n{DERIVED}")),
        &["lozenges.toml:7:8: `granted` and `when` contradict each other: remove one of them"],
    );
    refused(
        &lozenge(
            "l",
            1,
            &format!("{DERIVED}\nnames_company = true\n[lozenge.request]"),
        ),
        &[
            "lozenges.toml:7:17: this is for lozenges that staff grant: add `granted = true`, or remove it",
            "lozenges.toml:8:1: this is for lozenges that staff grant: add `granted = true`, or remove it",
        ],
    );
}

#[test]
fn z2_no_two_lozenges_have_the_same_precedence() {
    let twice = lozenge("a", 1, DERIVED) + &lozenge("b", 1, DERIVED) + &lozenge("b", 0, DERIVED);
    refused(
        &twice,
        &[
            "lozenges.toml:11:14: the lozenge \"a\" has the precedence 1 already: write another number",
            "lozenges.toml:14:6: the id \"b\" is used at lozenges.toml:8:6 already: give the lozenge another",
            "lozenges.toml:17:14: `precedence` is 0: write a whole number from 1 to 1000000",
        ],
    );
}

#[test]
fn z3_a_condition_has_a_figure_and_one_bound() {
    let conditions = |conditions: &str| lozenge("l", 1, &format!("when = [{conditions}]"));
    refused(
        &conditions(""),
        &["lozenges.toml:6:8: `when` is empty: write one condition at least"],
    );
    refused(
        &conditions("{ figure = \"answer\", at_least = 1 }, { figure = \"level\" }"),
        &[
            "lozenges.toml:6:20: \"answer\" is no figure of a profile: did you mean \"answers\"?",
            "lozenges.toml:6:46: a condition needs a bound: add `at_least` or `below`",
        ],
    );
    refused(
        &conditions("{ figure = \"active_groups_led\", at_least = 1, below = 2, above = 3 }"),
        &[
            "lozenges.toml:6:63: a condition has one bound: write another one for `below`",
            "lozenges.toml:6:66: a condition has no key `above`: write `figure`, `at_least`, `below`",
        ],
    );
}

#[test]
fn z5_a_request_names_agreements_that_there_are_and_asks_for_what_can_be() {
    let request = "granted = true\n[lozenge.request]\ncompany_in_name = true\n\
                   contributed_within_days = 0\nagreements = [\"term\"]\nacknowledgement = \"\"\nuntil = 1";
    let agreement =
        "[[agreement]]\nid = \"terms\"\ntitle = \"T\"\nversion = \"1\"\nurl = \"terms\"\n";
    refused(
        &format!("{agreement}{}", lozenge("l", 1, request)),
        &[
            "lozenges.toml:5:7: `url` is no address: begin it with https://",
            "lozenges.toml:13:19: the lozenge names no company: add `names_company = true` to it, or remove `company_in_name`",
            "lozenges.toml:14:27: `contributed_within_days` is 0: write a whole number from 1 to 36500",
            "lozenges.toml:15:15: there is no agreement \"term\": did you mean \"terms\"?",
            "lozenges.toml:16:19: `acknowledgement` has 0 characters: write 1 to 300 of them",
            "lozenges.toml:17:1: [lozenge.request] has no key `until`: write `acknowledgement`, `company_in_name`, `contributed_within_days`, `contributions`, `no_upheld_report_days`, `agreements`",
        ],
    );
}

#[test]
fn z8_perks_are_there_and_come_with_a_lozenge() {
    let perk = |id: &str, more: &str| {
        format!("[[perk]]\nid = \"{id}\"\ntitle = \"T\"\ndescription = \"D\"\n{more}\n")
    };
    let some = perk("a", "publishes_in = \"al\"") + &perk("b", "publishes_in = [\"g\"]");
    let lozenge = lozenge("l", 1, &format!("perks = [\"a\", \"c\", \"a\"]\n{DERIVED}"));
    refused(
        &(some + &lozenge),
        &[
            "lozenges.toml:5:16: \"al\" is no choice of groups: did you mean \"all\"?",
            "lozenges.toml:7:6: no lozenge has the perk \"b\": add it to the `perks` of one, or remove it",
            "lozenges.toml:10:17: \"g\" is no id of a group: write its UUID",
            "lozenges.toml:16:15: there is no perk \"c\": write \"a\", \"b\"",
            "lozenges.toml:16:20: \"a\" is named twice: remove one",
        ],
    );
}

#[test]
fn a_test_of_lozenges_names_what_there_is_and_says_what_was_found() {
    let test = |text: &str| {
        let all = lozenge("l", 1, DERIVED) + &lozenge("g", 2, "granted = true");
        format!("{all}[[test]]\nname = \"t\"\n{text}\n")
    };
    refused(
        &test("given = { answer = 1 }\ngranted = [\"l\"]\nholds = [\"m\"]"),
        &[
            "lozenges.toml:15:11: \"answer\" is no figure of a profile: did you mean \"answers\"?",
            "lozenges.toml:16:12: nobody is granted a lozenge \"l\": write \"g\"",
            "lozenges.toml:17:10: there is no lozenge \"m\": write \"g\", \"l\"",
        ],
    );
    let fails = test("given = { answers = 1 }\ngranted = [\"g\"]\nholds = [\"l\"]");
    let rules = Rules::parse(&[(LOZENGES.to_owned(), fails)]).unwrap();
    assert_eq!(
        rules.check().unwrap_err().mistakes(),
        [
            "lozenges.toml:13:1: test \"t\": it holds [\"g\", \"l\"], not [\"l\"]: correct the rules or the test"
        ]
    );
}
