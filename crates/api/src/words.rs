//! What earns points, in words: a sentence made of a rule, so that no app has to make one.

use plaudit_domain::Period;
use plaudit_domain::post::Kind;
use plaudit_projection::deed::Action;
use plaudit_projection::rules::{BadgeRule, Counted, Deeds, Kudos, Reason, Step};

/// What a rule or challenge gives for what, like `2 points for each like of an answer of yours, at most
/// 40 a day`.
pub fn earns(kudos: &Kudos, reason: &Reason) -> String {
    let badge = reason.badge.and_then(|badge| kudos.badges.get(badge));
    match &reason.counts {
        Counted::Each { deeds, limits } => {
            let limits = limits.iter().map(|limit| self::limit(kudos, *limit));
            rule(reason.points, badge, deeds) + &limits.collect::<String>()
        }
        Counted::Steps {
            steps,
            within,
            repeats,
        } => challenge(reason.points, badge, steps, within.zip(Some(*repeats))),
    }
}

fn rule(points: i64, badge: Option<&BadgeRule>, deeds: &Deeds) -> String {
    let given = self::points(points);
    match badge {
        None => format!("{given} for each {}", deed(deeds)),
        Some(badge) if points == 0 && badge.repeatable => {
            format!("the badge “{}” for each {}", badge.title, deed(deeds))
        }
        Some(badge) if points == 0 => {
            format!("the badge “{}” for the first {}", badge.title, deed(deeds))
        }
        Some(badge) => {
            let when = if badge.repeatable {
                "each time with"
            } else {
                "the first time with"
            };
            let deed = deed(deeds);
            format!(
                "{given} for each {deed}, {when} the badge “{}”",
                badge.title
            )
        }
    }
}

fn challenge(
    points: i64,
    badge: Option<&BadgeRule>,
    steps: &[Step],
    within: Option<(Period, bool)>,
) -> String {
    let badge = badge.map(|badge| format!("the badge “{}”", badge.title));
    let points = (points != 0).then(|| self::points(points));
    let given: Vec<String> = points.into_iter().chain(badge).collect();
    let when = match within {
        None => String::new(),
        Some((period, false)) => format!(" within one {period}"),
        Some((period, true)) => format!(" within one {period}, every {period} anew"),
    };
    let what = if steps.len() == 1 {
        "this"
    } else {
        "all of this"
    };
    let steps: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
    format!(
        "{} for {what}{when}: {}",
        given.join(" and "),
        steps.join("; ")
    )
}

fn points(points: i64) -> String {
    match points {
        1 => "1 point".to_owned(),
        points if points < 0 => format!("minus {}", self::points(-points)),
        points => format!("{points} points"),
    }
}

fn limit(kudos: &Kudos, number: usize) -> String {
    let Some(limit) = kudos.limits.get(number) else {
        return String::new();
    };
    let has_it = |reason: &&Reason| match &reason.counts {
        Counted::Each { limits, .. } => limits.contains(&number),
        Counted::Steps { .. } => false,
    };
    // Rules that share a limit are limited together.
    let shared = kudos.reasons.iter().filter(has_it).count() > 1;
    let together = if shared {
        " together with what shares this limit"
    } else {
        ""
    };
    format!(", at most {} a {}{together}", limit.points, limit.per)
}

/// What is done, after `each`.
fn deed(deeds: &Deeds) -> String {
    match deeds.action {
        Action::Posted => format!("{} that you write", any_of(&deeds.kinds, Kind::as_str)),
        Action::LikeReceived => {
            format!("like of {} of yours", any_of(&deeds.kinds, with_article))
        }
        Action::LikeGiven => format!("{} that you like", any_of(&deeds.kinds, Kind::as_str)),
        Action::SolutionGiven => "answer of yours that is accepted".to_owned(),
        Action::SolutionFound => "question of yours that gets an accepted answer".to_owned(),
        Action::CourseCompleted => "course that you complete".to_owned(),
        Action::CertificationAwarded => "certification that you are awarded".to_owned(),
        Action::GroupJoined => "group that you join".to_owned(),
        Action::KudosReceived => "time that a peer gives you kudos".to_owned(),
        Action::KudosGiven => "time that you give kudos to a peer".to_owned(),
    }
}

fn any_of(kinds: &[Kind], name: impl Fn(Kind) -> &'static str) -> String {
    match kinds {
        [] if name(Kind::Answer) == Kind::Answer.as_str() => "post".to_owned(),
        [] => "a post".to_owned(),
        [kind] => name(*kind).to_owned(),
        [others @ .., last] => {
            let others: Vec<&str> = others.iter().map(|kind| name(*kind)).collect();
            format!("{} or {}", others.join(", "), name(*last))
        }
    }
}

fn with_article(kind: Kind) -> &'static str {
    match kind {
        Kind::Question => "a question",
        Kind::Discussion => "a discussion",
        Kind::Article => "an article",
        Kind::Answer => "an answer",
        Kind::Comment => "a comment",
    }
}

#[cfg(test)]
mod tests {
    use plaudit_projection::Rules;

    use super::*;

    fn told(kudos: &Kudos, key: &str) -> String {
        let reason = kudos.reasons.iter().find(|reason| reason.id == key);
        earns(kudos, reason.unwrap())
    }

    #[test]
    fn a_rule_is_a_sentence_that_members_understand() {
        let kudos = &Rules::standard().unwrap().kudos;
        for (key, sentence) in [
            (
                "topic-opened",
                "1 point for each question or discussion that you write",
            ),
            (
                "like-received",
                "2 points for each like of a post of yours, at most 40 a day",
            ),
            (
                "solution-given",
                "15 points for each answer of yours that is accepted, the first time with the badge “First Solution”",
            ),
            (
                "certification-awarded",
                "25 points for each certification that you are awarded, each time with the badge “Certified”",
            ),
            (
                "helper-of-the-week",
                "5 points and the badge “Helper of the Week” for this within one week, every week anew: Answer three questions",
            ),
        ] {
            assert_eq!(told(kudos, key), sentence);
        }
    }
}
