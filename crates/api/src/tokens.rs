//! How many tokens a document has, and how deep they are nested: counted before it is parsed, for parsing takes time
//! for each, and the parser calls itself for each level of a value, until its stack ends.

/// The tokens of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tokens {
    /// How many they are.
    pub count: u64,
    /// How many brackets of any kind are open at once.
    pub nesting: u64,
}

/// The tokens of a text, up to one more than the most that there may be. What isn't a token counts,
/// too: the parser says what is wrong with it.
pub(crate) fn count(text: &str, most: u64) -> Tokens {
    let mut rest = text.as_bytes();
    let mut tokens = Tokens::default();
    let mut open = 0_u64;
    while let Some(first) = rest.first() {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                rest = &rest[1..];
                continue;
            }
            b'#' => {
                rest = &rest[until(rest, |byte| matches!(byte, b'\n' | b'\r'))..];
                continue;
            }
            b'"' => text_length(rest),
            b'.' => 3.min(rest.len()),
            b'-' | b'0'..=b'9' => until(rest, |byte| !is_word(byte) && byte != b'.'),
            _ if is_word(*first) => until(rest, |byte| !is_word(byte)),
            _ => 1,
        };
        match first {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        tokens.nesting = tokens.nesting.max(open);
        rest = &rest[length..];
        tokens.count += 1;
        if tokens.count > most {
            break;
        }
    }
    tokens
}

/// Whether it is part of a name or a number, or of a character beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+') || !byte.is_ascii()
}

/// How far it is to a byte, or to the end.
fn until(text: &[u8], is_end: impl Fn(u8) -> bool) -> usize {
    let end = text.iter().position(|byte| is_end(*byte));
    end.unwrap_or(text.len())
}

/// How long the text is that begins here, with its quotes.
fn text_length(text: &[u8]) -> usize {
    let quotes: &[u8] = if text.starts_with(b"\"\"\"") {
        b"\"\"\""
    } else {
        b"\""
    };
    let mut at = quotes.len();
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            _ if text[at..].starts_with(quotes) => return at + quotes.len(),
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_the_parser_finds_them() {
        for (text, tokens) in [
            ("", 0),
            (" ,\n # a comment { } \n", 0),
            ("{a}", 3),
            ("query Q($n: Int = -1.5e+3) { a: b(c: $n) @d ...F }", 25),
            (r#"{ a(b: "c \" { d", e: """ "f" \""" { """) }"#, 11),
            ("{ ...on", 3),
            ("{a...F}", 5),
            (r#"{ a(b: "never ends"#, 6),
            ("\"\\", 1),
            ("é €", 2),
            ("..", 1),
        ] {
            assert_eq!(count(text, 1_000).count, tokens, "{text}");
        }
    }

    #[test]
    fn what_is_open_at_once_is_counted_whatever_closes_it() {
        for (text, nesting) in [
            ("", 0),
            ("{a(b:[1 [2] {c:3}]){d}}", 4),
            ("}}}{", 1),
            (r#"{a(b:"{[(" c:"""{{{{""")} # {{{{{{{"#, 2),
            ("{a}{b}{c}", 1),
        ] {
            assert_eq!(count(text, 1_000).nesting, nesting, "{text}");
        }
    }

    #[test]
    fn no_more_are_counted_than_matter() {
        assert_eq!(count(&"{".repeat(100_000), 10).count, 11);
    }
}
