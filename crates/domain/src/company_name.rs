//! Names of individuals that carry a company (DOMAIN Z5): `Charlie A _Company_` or `Charlie A -Company-`.

use unicode_normalization::UnicodeNormalization;

use crate::text;

/// What may stand around the company, on both sides alike.
const MARKS: [char; 2] = ['_', '-'];

/// Words that no individual's name has.
const TEAM: &[&str] = &[
    "account",
    "admin",
    "administrator",
    "bot",
    "care",
    "contact",
    "customer",
    "department",
    "desk",
    "dev",
    "equipo",
    "equipe",
    "équipe",
    "group",
    "help",
    "helpdesk",
    "info",
    "kundendienst",
    "marketing",
    "moderator",
    "office",
    "official",
    "partner",
    "sales",
    "service",
    "services",
    "soporte",
    "staff",
    "success",
    "support",
    "team",
    "ventas",
    "vertrieb",
    "команда",
    "поддержка",
    "فريق",
    "الدعم",
    "サポート",
    "チーム",
    "公式",
    "客服",
];

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It doesn't carry the company between two marks, apart from the rest.
    NoCompany,
    /// Something else stands between marks, too, or marks stand alone.
    OtherMarks,
    /// Nothing is left of it that names somebody.
    NoIndividual,
    /// What is left of it names a team, or an office.
    Team,
}

impl Unfit {
    /// What is wrong and what to do.
    pub fn why(self) -> &'static str {
        match self {
            Self::NoCompany => {
                "the public name doesn't carry the company: write it like “Charlie A _Company_” or “Charlie A -Company-”"
            }
            Self::OtherMarks => {
                "the public name has more marks than those around the company: write it like “Charlie A _Company_”"
            }
            Self::NoIndividual => {
                "the public name is the company's alone: begin it with your own, like “Charlie A _Company_”"
            }
            Self::Team => {
                "the public name is a team's: an individual's is needed, like “Charlie A _Company_”"
            }
        }
    }
}

/// Whether a name is an individual's and carries a company. How that is written makes no difference: upper
/// or lower case, composed characters or not, spaces or marks between its words.
///
/// # Errors
/// What is wrong with it.
pub fn check(name: &str, company: &str) -> Result<(), Unfit> {
    let name: Vec<char> = plain(name).chars().collect();
    let company = words(&plain(company));
    let (before, after) = around(&name, &company).ok_or(Unfit::NoCompany)?;
    let individual = format!("{before} {after}");
    let is_marked = |word: &str| word.starts_with(MARKS) || word.ends_with(MARKS);
    if individual.split_whitespace().any(is_marked) {
        return Err(Unfit::OtherMarks);
    }
    if !names_somebody(&individual) || words(&individual).concat() == company.concat() {
        return Err(Unfit::NoIndividual);
    }
    let mut parts = individual.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    match parts.any(|part| TEAM.contains(&part)) {
        true => Err(Unfit::Team),
        false => Ok(()),
    }
}

/// What stands before and after a company between two marks.
fn around(name: &[char], company: &[String]) -> Option<(String, String)> {
    let is_edge = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace());
    let is_inner = |c: Option<&char>| c.is_some_and(|c| !c.is_whitespace() && !MARKS.contains(c));
    let before = |at: usize| at.checked_sub(1).and_then(|at| name.get(at));
    let after = |at: usize| name.get(at + 1);
    let marks = |mark: char| (0..name.len()).filter(move |&at| name[at] == mark);
    let text = |part: &[char]| part.iter().collect::<String>();
    for mark in MARKS {
        for open in marks(mark).filter(|&at| is_edge(before(at)) && is_inner(after(at))) {
            for close in marks(mark).filter(|&at| is_inner(before(at)) && is_edge(after(at))) {
                if open < close && words(&text(&name[open + 1..close])) == company {
                    return Some((text(&name[..open]), text(&name[close + 1..])));
                }
            }
        }
    }
    None
}

/// A text in the one form in which it can be compared.
fn plain(text: &str) -> String {
    let seen = text
        .nfkc()
        .filter(|&c| c.is_whitespace() || text::is_visible(c));
    seen.collect::<String>().to_lowercase().nfkc().collect()
}

/// The words of a name, whatever stands between them.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || MARKS.contains(&c));
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Of scripts that write a word in a character, one letter is a name.
fn names_somebody(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphabetic());
    letters.clone().any(|c| !c.is_ascii()) || letters.nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z5_a_public_name_is_an_individuals_and_carries_the_company() {
        for (name, company) in [
            ("Charlie A _Company_", "Company"),
            ("Charlie A -Company-", "Company"),
            ("Charlie A _COMPANY_", "company"),
            ("Charlie A _Company_", "  COMPANY "),
            ("_Company_ Charlie A", "Company"),
            ("Charlie _Company_ Angler", "Company"),
            // Hyphens are part of names.
            ("Anne-Marie Dupont _Café Noir_", "Café Noir"),
            ("Anne-Marie Dupont -Café Noir-", "Café Noir"),
            ("Anne-Marie Dupont-Roux -Café-Noir-", "Café Noir"),
            // Companies of several words, however these are joined.
            ("Ada L _Snow Flake_", "Snow Flake"),
            ("Ada L _Snow_Flake_", "Snow Flake"),
            ("Ada L _Snow-Flake_", "snow flake"),
            ("Ada L -Snow  Flake-", "Snow_Flake"),
            ("Ada L _Rolls - Royce_", "Rolls-Royce"),
            ("Ada L _C++ & Co._", "C++ & Co."),
            // Composed and decomposed characters, and wide ones.
            ("Zoe\u{301} B _Cafe\u{301} Noir_", "Café Noir"),
            ("Zoé B _Café Noir_", "Cafe\u{301} Noir"),
            ("Zoé B ＿Ｃａｆé＿", "Café"),
            // Other scripts.
            ("山田 太郎 _株式会社雪_", "株式会社雪"),
            ("李 _雪_", "雪"),
            ("Иван Петров _Ёлка_", "ёлка"),
            ("أحمد علي _شركة الثلج_", "شركة الثلج"),
            ("أحمد علي \u{200f}_شركة الثلج_\u{200f}", "شركة الثلج"),
            ("अनिल _हिम_", "हिम"),
            ("Σωκράτης _ΧΙΟΝΙ_", "χιονι"),
        ] {
            assert_eq!(check(name, company), Ok(()), "{name} of {company}");
        }
    }

    #[test]
    fn z5_a_name_without_the_company_between_two_marks_does_not_carry_it() {
        for name in [
            "",
            "Charlie A",
            "Charlie A Company",
            "Company support team",
            "Jean-Company-Paul",
            "Jean_Company_Paul",
            "Charlie A _Company",
            "Charlie A Company_",
            "Charlie A -Company_",
            "Charlie A __Company__",
            "Charlie A _ Company _",
            "Charlie A_Company_",
            "Charlie A _Company_Ltd",
            "Charlie A _Other_",
            "Charlie A _Company Ltd_",
            "Charlie A (Company)",
            "Charlie A __",
            "_",
        ] {
            assert_eq!(check(name, "Company"), Err(Unfit::NoCompany), "{name}");
        }
    }

    #[test]
    fn z5_a_company_alone_or_a_team_is_no_individual() {
        for (name, company, unfit) in [
            ("_TitanApps_", "TitanApps", Unfit::NoIndividual),
            ("-TitanApps-", "TitanApps", Unfit::NoIndividual),
            ("TitanApps _TitanApps_", "TitanApps", Unfit::NoIndividual),
            ("Titan Apps _TitanApps_", "TitanApps", Unfit::NoIndividual),
            ("A _TitanApps_", "TitanApps", Unfit::NoIndividual),
            ("42 . _TitanApps_", "TitanApps", Unfit::NoIndividual),
            ("_株式会社雪_", "株式会社雪", Unfit::NoIndividual),
            ("Support _TitanApps_", "TitanApps", Unfit::Team),
            ("Support-Team _TitanApps_", "TitanApps", Unfit::Team),
            ("Charlie, SALES _TitanApps_", "TitanApps", Unfit::Team),
            ("The Official _TitanApps_", "TitanApps", Unfit::Team),
            ("Help _TitanApps_ desk", "TitanApps", Unfit::Team),
            ("サポート _株式会社雪_", "株式会社雪", Unfit::Team),
            ("Служба поддержка _Ёлка_", "Ёлка", Unfit::Team),
            ("L'équipe _Neige_", "Neige", Unfit::Team),
            ("Charlie _A_ _TitanApps_", "TitanApps", Unfit::OtherMarks),
            (
                "Charlie _TitanApps_ _TitanApps_",
                "TitanApps",
                Unfit::OtherMarks,
            ),
            ("Charlie - _TitanApps_", "TitanApps", Unfit::OtherMarks),
        ] {
            assert_eq!(check(name, company), Err(unfit), "{name}");
        }
    }

    #[test]
    fn what_names_no_company_is_carried_by_no_name() {
        for company in ["", " ", "_", "-"] {
            let name = format!("Charlie A _{company}_");
            assert_eq!(check(&name, company), Err(Unfit::NoCompany), "{company:?}");
        }
    }
}
