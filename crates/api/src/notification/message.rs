//! What a notification says: a sentence, so that no app has to make one.

use plaudit_domain::notification::Kind;
use plaudit_projection::Outcome;

/// What a notification is about, by name, as far as it is known to who reads it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// What kind of post, like `question`.
    pub post_kind: Option<&'static str>,
    /// The title of the post, or of what it is an answer to or a comment on.
    pub title: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The meeting.
    pub meeting: Option<String>,
    /// The presentation.
    pub presentation: Option<String>,
    /// What a leader asked for, like `swag`.
    pub benefit: Option<&'static str>,
    /// The lozenge.
    pub lozenge: Option<String>,
}

/// What it says.
pub fn sentence(kind: Kind, outcome: Option<Outcome>, names: &Names) -> String {
    match outcome {
        Some(outcome) => decided(outcome, names),
        None => happened(kind, names),
    }
}

fn decided(outcome: Outcome, names: &Names) -> String {
    let post = named(names.post_kind.unwrap_or("post"), names.title.as_ref());
    let lozenge = named("lozenge", names.lozenge.as_ref());
    let meeting = named("meeting", names.meeting.as_ref());
    let group = named("group", names.group.as_ref());
    let presentation = named("presentation", names.presentation.as_ref());
    let benefit = names.benefit.unwrap_or("something");
    match outcome {
        Outcome::ArticlePublished => format!("Your {post} is published."),
        Outcome::ArticleRejected => format!("Your {post} was rejected."),
        Outcome::Warned => format!("A report of your {post} was upheld: this is a warning."),
        Outcome::PostRemoved => format!("Your {post} was removed."),
        Outcome::LozengeGranted => format!("You were granted the {lozenge}."),
        Outcome::LozengeDenied => format!("Your request for the {lozenge} was denied."),
        Outcome::LozengeRevoked => format!("Your {lozenge} was revoked."),
        Outcome::MeetingScheduled => format!("The {meeting} of the {group} is scheduled."),
        Outcome::MeetingChanged => format!("The {meeting} was changed."),
        Outcome::MeetingCancelled => format!("The {meeting} is cancelled."),
        Outcome::MovedUp => format!("You have a place at the {meeting} now."),
        Outcome::PresentationApproved => format!("Your {presentation} was approved."),
        Outcome::PresentationRejected => format!("Your {presentation} was rejected."),
        Outcome::LeaderAppointed => format!("You are a leader of the {group} now."),
        Outcome::LeadershipEnded => format!("You are no leader of the {group} any more."),
        Outcome::LeadershipDeclined => match &names.group {
            Some(_) => format!("Your request to lead the {group} was declined."),
            None => "Your proposal of a group was declined.".to_owned(),
        },
        Outcome::BenefitApproved => format!("Your request for {benefit} was approved."),
        Outcome::BenefitDeclined => format!("Your request for {benefit} was declined."),
        Outcome::GroupAtRisk => {
            format!("The {group} that you lead will be inactive unless it meets soon.")
        }
        Outcome::GroupInactive => {
            format!("The {group} that you lead is inactive until it meets again.")
        }
    }
}

fn happened(kind: Kind, names: &Names) -> String {
    let on = names
        .title
        .as_ref()
        .map_or_else(|| "a post".to_owned(), |title| format!("“{title}”"));
    match kind {
        Kind::Answer => format!("There is a new answer to {on}."),
        Kind::Comment => format!("There is a new comment on {on}."),
        Kind::Acceptance => format!("An answer to {on} was accepted."),
        Kind::Post => {
            let post = named(names.post_kind.unwrap_or("post"), names.title.as_ref());
            let group = named("group", names.group.as_ref());
            format!("There is a new {post} in the {group}.")
        }
        Kind::ArticleUpdate => format!("There is a new version of {on}."),
        Kind::ArticleReview => format!("There is news of the review of {on}."),
        Kind::Report => format!("There is news of a report of {on}."),
        Kind::Lozenge => "There is news of a lozenge.".to_owned(),
        Kind::Meeting => "There is news of a meeting.".to_owned(),
        Kind::Presentation => "There is news of a presentation of yours.".to_owned(),
        Kind::Leadership => "There is news for you as a leader.".to_owned(),
        Kind::GroupWarning => "There is news of a group that you lead.".to_owned(),
    }
}

/// Like `group “Bakers”`, or `group` where its name isn't known.
fn named(what: &str, name: Option<&String>) -> String {
    match name {
        Some(name) => format!("{what} “{name}”"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let name = |name: &str| Some(name.to_owned());
        Names {
            post_kind: Some("article"),
            title: name("How hot?"),
            group: name("Bakers"),
            meeting: name("Rye"),
            presentation: name("Mills"),
            benefit: Some("swag"),
            lozenge: name("Partner"),
        }
    }

    #[test]
    fn f5_what_became_of_something_is_a_sentence() {
        for (outcome, said) in [
            (Outcome::PostRemoved, "Your article “How hot?” was removed."),
            (
                Outcome::LozengeDenied,
                "Your request for the lozenge “Partner” was denied.",
            ),
            (
                Outcome::MeetingScheduled,
                "The meeting “Rye” of the group “Bakers” is scheduled.",
            ),
            (
                Outcome::BenefitDeclined,
                "Your request for swag was declined.",
            ),
        ] {
            assert_eq!(sentence(Kind::Report, Some(outcome), &names()), said);
        }
    }

    #[test]
    fn f5_what_has_no_name_is_told_without_one() {
        let said = |kind, outcome| sentence(kind, outcome, &Names::default());
        assert_eq!(
            said(Kind::Comment, None),
            "There is a new comment on a post."
        );
        assert_eq!(said(Kind::Post, None), "There is a new post in the group.");
        let declined = Some(Outcome::LeadershipDeclined);
        assert_eq!(
            said(Kind::Leadership, declined),
            "Your proposal of a group was declined."
        );
    }
}
