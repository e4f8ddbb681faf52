//! What counts as a text.

use crate::refusal::Refusal;

/// A text of one line, without spaces around it: 1 to so many characters, some of which can be seen,
/// and none that control how others are shown.
pub(crate) fn line(text: &str, max: usize) -> Option<String> {
    fit(text, max, char::is_control)
}

/// A text of any number of lines, else like [`line()`].
pub(crate) fn lines(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    let text = fit(text, max, |c| c.is_control() && c != '\n');
    text.ok_or(Refusal::TextInvalid { field, max })
}

fn fit(text: &str, max: usize, is_forbidden: impl Fn(char) -> bool) -> Option<String> {
    let text = text.trim();
    let is_fit = text.chars().count() <= max
        && !text.chars().any(|c| is_forbidden(c) || turns(c))
        && text.chars().any(is_visible);
    is_fit.then(|| text.to_owned())
}

/// What programs know something by.
pub(crate) fn key(field: &'static str, key: &str, max: usize) -> Result<String, Refusal> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let length = key.chars().count();
    if length == 0 || length > max || !key.chars().all(allowed) {
        return Err(Refusal::KeyInvalid { field, max });
    }
    Ok(key.to_owned())
}

/// A line, or nothing at all.
pub(crate) fn line_or_nothing(text: &str, max: usize) -> Option<String> {
    match text.trim() {
        "" => Some(String::new()),
        text => line(text, max),
    }
}

/// Whether a character turns the direction of those after it, also beyond the text.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether somebody sees a character. Those here are letters or formats to Unicode, and blank: whoever
/// is called just that can't be told from nobody.
pub(crate) fn is_visible(c: char) -> bool {
    let is_blank = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
    );
    !is_blank && !c.is_whitespace() && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_somebody_sees_on_one() {
        assert_eq!(line(" Ada  L. ", 10).as_deref(), Some("Ada  L."));
        assert_eq!(line("👩\u{200d}🔬", 3).as_deref(), Some("👩\u{200d}🔬"));
        for text in [
            "",
            " ",
            "\u{200b}\u{2060}",
            "\u{3164}",
            "a\nb",
            "a\u{202e}b",
            "12345678901",
        ] {
            assert_eq!(line(text, 10), None, "{text:?}");
        }
    }

    #[test]
    fn lines_are_what_somebody_sees_on_some() {
        let of = |text| lines("message", text, 10);
        assert_eq!(of(" a\n\nb \n").as_deref(), Ok("a\n\nb"));
        assert_eq!(of("1234567890").as_deref(), Ok("1234567890"));
        for text in [
            "",
            " \n ",
            "\u{200b}",
            "a\tb",
            "a\0b",
            "a\u{2066}b",
            "12345678901",
        ] {
            let field = "message";
            assert_eq!(
                of(text),
                Err(Refusal::TextInvalid { field, max: 10 }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn nothing_is_a_text_where_it_may_be() {
        assert_eq!(line_or_nothing("  ", 10).as_deref(), Some(""));
        assert_eq!(line_or_nothing("\u{200b}", 10), None);
    }
}
