//! Names of individuals that carry a company (DOMAIN Z5): `Charlie A _Company_` or `Charlie A -Company-`.

use unicode_normalization::UnicodeNormalization;

use crate::text;

/// What may stand around the company, on both sides alike.
const MARKS: [char; 2] = ['_', '-'];

/// Words that nobody is called: a name that has one is a team's, or an office's.
const TEAM: &[&str] = &[
    "account",
    "admin",
    "administrator",
    "assistenza",
    "contact",
    "customer",
    "department",
    "dept",
    "desk",
    "destek",
    "equipa",
    "equipe",
    "equipo",
    "help",
    "headquarters",
    "helpdesk",
    "hq",
    "info",
    "kundendienst",
    "kundenservice",
    "marketing",
    "moderator",
    "office",
    "official",
    "soporte",
    "suporte",
    "support",
    "supporto",
    "team",
    "vendas",
    "ventas",
    "vertrieb",
    "webmaster",
    "wsparcie",
    "zespół",
    "équipe",
    "команда",
    "команды",
    "отдел",
    "поддержка",
    "поддержки",
    "служба",
    "техподдержка",
    "техподдержки",
    "الدعم",
    "الفريق",
    "فريق",
];

/// The same in writing that has no spaces between words. No name has one of these in it.
const UNSPACED: &[&str] = &[
    "サポート",
    "チーム",
    "公式",
    "窓口",
    "客服",
    "支持",
    "支援",
    "团队",
    "團隊",
    "官方",
    "고객센터",
    "고객지원",
    "지원팀",
    "공식",
];

/// Words that name a department where nothing else names somebody: there are people who are called Dev, Sales
/// or Success.
const DEPARTMENT: &[&str] = &[
    "billing",
    "bot",
    "care",
    "client",
    "clients",
    "community",
    "consulting",
    "dev",
    "developers",
    "engineering",
    "finance",
    "group",
    "legal",
    "manager",
    "media",
    "operations",
    "ops",
    "partner",
    "press",
    "product",
    "sales",
    "security",
    "service",
    "software",
    "solutions",
    "staff",
    "success",
    "training",
];

/// Forms of companies.
const FORM: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "eood",
    "gmbh",
    "holding",
    "holdings",
    "inc",
    "incorporated",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "ltd",
    "ltda",
    "nv",
    "ohg",
    "oy",
    "plc",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "sl",
    "spa",
    "srl",
    "ug",
    "ооо",
    "зао",
    "株式会社",
    "有限会社",
    "合同会社",
    "有限公司",
    "주식회사",
];

/// Words that name nothing.
const SMALL: &[&str] = &[
    "a", "an", "and", "at", "by", "de", "del", "der", "des", "die", "du", "el", "for", "from",
    "la", "las", "le", "les", "los", "of", "our", "the", "your",
];

/// What sets a title apart from a name, like in `Charlie, Sales`; not what joins the words of a name.
const APART: [char; 28] = [
    ',', ';', ':', '/', '\\', '|', '(', ')', '[', ']', '{', '}', '<', '>', '@', '&', '+', '*', '#',
    '!', '?', '=', '~', '"', '、', '–', '—', '•',
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
    if !names_somebody(&individual) || is_company(&individual, &company) {
        return Err(Unfit::NoIndividual);
    }
    match is_team(&individual, &company) {
        true => Err(Unfit::Team),
        false => Ok(()),
    }
}

/// Whether a text names a company, in whatever form that is.
fn is_company(text: &str, company: &[String]) -> bool {
    let words = words(text);
    words.concat() == company.concat() || without_form(&words) == without_form(company)
}

fn without_form(words: &[String]) -> String {
    let is_form = |word: &String| FORM.contains(&word.as_str());
    let words = words.iter().filter(|word| !is_form(word));
    words.map(String::as_str).collect()
}

/// Whether a text names a team, or an office, rather than somebody: it has a word that nobody is called, or
/// names a department and nobody, or gives a name and, apart from it, a department.
fn is_team(text: &str, company: &[String]) -> bool {
    let parts: Vec<Vec<Word>> = text
        .split(APART)
        .map(|part| {
            let words = part.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
            let words = words.filter(|word| !word.is_empty());
            words.map(|word| Word::of(word, company)).collect()
        })
        .collect();
    let all = parts.concat();
    let is_department =
        |words: &[Word]| words.contains(&Word::Department) && !words.contains(&Word::Name);
    let mut titles = parts.iter().skip(1);
    all.contains(&Word::Team) || is_department(&all) || titles.any(|part| is_department(part))
}

/// What a word of a name can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// It says nothing of who it is: it is the company's, or names nothing.
    Neutral,
    /// Somebody is called so.
    Name,
    /// It names a department, unless somebody is called so.
    Department,
    /// Nobody is called so.
    Team,
}

impl Word {
    fn of(word: &str, company: &[String]) -> Self {
        if UNSPACED.iter().any(|team| word.contains(team)) {
            return Self::Team;
        }
        if SMALL.contains(&word) || FORM.contains(&word) || !names_somebody(word) {
            return Self::Neutral;
        }
        Self::made_of(word, company).unwrap_or(Self::Name)
    }

    /// What a word is that is put together of others, like `supportteam` or `teams`: the most telling of these.
    fn made_of(word: &str, company: &[String]) -> Option<Self> {
        let pieces = |of: &'static [&'static str], is| of.iter().map(move |piece| (*piece, is));
        let of_company = company.iter().map(|piece| (piece.as_str(), Self::Neutral));
        // Names are put together of short forms of companies, like Coco, by chance.
        let forms = pieces(FORM, Self::Neutral).filter(|(form, _)| form.len() > 3);
        let pieces = pieces(TEAM, Self::Team)
            .chain(pieces(DEPARTMENT, Self::Department))
            .chain(forms)
            .chain(of_company);
        let pieces: Vec<(&str, Self)> = pieces.collect();
        // What the word up to each of its bytes is made of: so however many ways there are to put it
        // together, it is gone through once.
        let mut made = vec![None; word.len() + 1];
        made[0] = Some(Self::Neutral);
        for at in 0..word.len() {
            let (Some(before), Some(rest)) = (made[at], word.get(at..)) else {
                continue;
            };
            for &(piece, is) in &pieces {
                let Some(rest) = rest.strip_prefix(piece) else {
                    continue;
                };
                let (end, so_far) = (at + piece.len(), before.max(is));
                made[end] = made[end].max(Some(so_far));
                if rest.starts_with('s') {
                    made[end + 1] = made[end + 1].max(Some(so_far));
                }
            }
        }
        made[word.len()]
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

/// A text in the one form in which it can be compared, with the apostrophes and hyphens of a typewriter. Some letters have only one of both cases of their own:
/// `ß` is `SS` in upper case, and of `ı` and `i` in Turkish both are `I` for others.
fn plain(text: &str) -> String {
    let seen = text
        .nfkc()
        .filter(|&c| c.is_whitespace() || text::is_visible(c));
    let upper = seen.flat_map(char::to_uppercase);
    let lower = upper.flat_map(char::to_lowercase).nfkc();
    let typed: String = lower
        .map(|c| match c {
            '‘' | '’' | '‛' | 'ʼ' | '`' => '\'',
            '\u{2010}' | '\u{2011}' => '-',
            _ => c,
        })
        .collect();
    typed.replace("i\u{307}", "i")
}

/// The words of a name, whatever stands between them: a comma before the form of a company, too.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || MARKS.contains(&c));
    let words = words.filter(|word| !word.is_empty());
    let bare = |word: &str| match word.trim_matches([',', '.']) {
        "" => word.to_owned(),
        bare => bare.to_owned(),
    };
    words.map(bare).collect()
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
            ("Σωκράτης _ΧΙΟΝΙΣ ΑΕ_", "Χιονις ΑΕ"),
            // Upper case may have more letters, or other ones.
            ("Ada L _Straße_", "STRASSE"),
            ("Ada L _STRASSE_", "Straße"),
            ("Ayşe Yılmaz _IŞIK_", "Işık"),
            ("Ayşe Yılmaz _İZMİR_", "izmir"),
            // Departments that people are called like.
            ("Dev Patel _Acme_", "Acme"),
            ("Success Okafor _Acme_", "Acme"),
            ("Marcelo Sales _Acme_", "Acme"),
            ("Sales, Marcelo _Acme_", "Acme"),
            ("Ana Dias-Sales _Acme_", "Acme"),
            ("Lucas Bot _Acme_", "Acme"),
            ("Robert Service _Acme_", "Acme"),
            ("Frances Partner -Acme-", "Acme"),
            // What only begins like one, or ends.
            ("Botha Carey _Acme_", "Acme"),
            ("Devi Teamer _Acme_", "Acme"),
            // Who is called like their company, or a form of one.
            ("Enzo Ferrari _Ferrari_", "Ferrari"),
            (
                "Marie Curie _Marie Curie Consulting_",
                "Marie Curie Consulting",
            ),
            ("Sa Nguyen _Acme_", "Acme"),
            ("Le _Acme_", "Acme"),
            // What forms of companies, put together, happen to be.
            ("Caresa _Acme_", "Acme"),
            ("Coco Sales _Acme_", "Acme"),
            // Apostrophes and hyphens, of a typewriter or not; commas and full stops of a form.
            ("Ada L _l’Eau_", "l'Eau"),
            ("Ada L _l'Eau_", "L’Eau"),
            ("Ada L _Acme Inc._", "Acme, Inc."),
            ("Ada L _Acme, Inc_", "Acme Inc."),
            ("Ada L _Rolls\u{2010}Royce_", "Rolls-Royce"),
            ("Ada L _Rolls-Royce_", "Rolls\u{2011}Royce"),
            ("Anne\u{2011}Marie \u{2010}Acme\u{2010}", "Acme"),
            ("Ada L _..._", "..."),
            ("雪子 _雪_", "雪"),
            ("ジョン・スミス _株式会社雪_", "株式会社雪"),
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
            // In whatever form the company is.
            ("Acme GmbH _Acme_", "Acme", Unfit::NoIndividual),
            ("Acme, Inc. _Acme_", "Acme", Unfit::NoIndividual),
            ("Acme _Acme GmbH_", "Acme GmbH", Unfit::NoIndividual),
            ("株式会社 雪 _雪_", "雪", Unfit::NoIndividual),
            // Nothing but departments.
            ("Dev _Acme_", "Acme", Unfit::Team),
            ("Sales _Acme_", "Acme", Unfit::Team),
            ("The Acme Success _Acme_", "Acme", Unfit::Team),
            ("DevOps _Acme_", "Acme", Unfit::Team),
            ("A Sales _Acme_", "Acme", Unfit::Team),
            ("Marcelo (Success) _Acme_", "Acme", Unfit::Team),
            // Several of them, and in one word.
            ("Teams _Acme_", "Acme", Unfit::Team),
            ("Supportteam _Acme_", "Acme", Unfit::Team),
            ("Vertriebsteam _Acme_", "Acme", Unfit::Team),
            ("AcmeSupport _Acme_", "Acme", Unfit::Team),
            ("Charlie Support _Acme_", "Acme", Unfit::Team),
            ("サポートチーム _株式会社雪_", "株式会社雪", Unfit::Team),
            ("雪客服 _雪_", "雪", Unfit::Team),
            ("고객지원팀 _눈_", "눈", Unfit::Team),
            // In other languages.
            ("Suporte _Acme_", "Acme", Unfit::Team),
            ("Equipe de Vendas _Acme_", "Acme", Unfit::Team),
            ("Supporto Acme _Acme_", "Acme", Unfit::Team),
            ("Служба поддержки _Ёлка_", "Ёлка", Unfit::Team),
            ("Service client _Acme_", "Acme", Unfit::Team),
            ("支持 _雪_", "雪", Unfit::Team),
            ("Техподдержка _Ёлка_", "Ёлка", Unfit::Team),
            ("Destek _Acme_", "Acme", Unfit::Team),
            // Offices that somebody holds.
            ("Sales Manager _Acme_", "Acme", Unfit::Team),
            ("Community Manager _Acme_", "Acme", Unfit::Team),
            ("Webmaster _Acme_", "Acme", Unfit::Team),
            ("Acme HQ _Acme_", "Acme", Unfit::Team),
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
    fn a_name_that_can_be_put_together_in_many_ways_is_looked_at_once() {
        let name = format!("{}x _a aa aaa_", "a".repeat(80));
        assert_eq!(check(&name, "a aa aaa"), Ok(()));
    }

    #[test]
    fn what_names_no_company_is_carried_by_no_name() {
        for company in ["", " ", "_", "-", "\u{2010}"] {
            let name = format!("Charlie A _{company}_");
            assert_eq!(check(&name, company), Err(Unfit::NoCompany), "{company:?}");
        }
    }
}
