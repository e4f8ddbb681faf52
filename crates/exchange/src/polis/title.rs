//! A comment has no title: it gets one from its first words.

/// The most characters of a title.
const MOST: usize = 80;

/// As many of a text's first words as fit; of a word that is too long, as much as fits.
pub(super) fn first_words(text: &str) -> String {
    let mut title = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if title.is_empty() {
            title.extend(word.chars().take(MOST));
            length = word_length;
        } else if length + 1 + word_length <= MOST {
            title.push(' ');
            title.push_str(word);
            length += 1 + word_length;
        } else {
            break;
        }
        if length >= MOST {
            break;
        }
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_its_own_title() {
        assert_eq!(first_words(" Beer\n is  good. "), "Beer is good.");
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let text = format!("{} {} {}", "a".repeat(40), "b".repeat(39), "c".repeat(3));
        assert_eq!(first_words(&text), text[..80]);
        let text = format!("{} {} c", "a".repeat(40), "b".repeat(40));
        assert_eq!(
            first_words(&text),
            "a".repeat(40),
            "no later word takes its place"
        );
    }

    #[test]
    fn a_word_without_end_is_cut() {
        assert_eq!(first_words(&"ä".repeat(100)), "ä".repeat(80));
        assert_eq!(
            first_words(&format!("{} b", "ä".repeat(100))),
            "ä".repeat(80)
        );
    }

    #[test]
    fn an_empty_text_has_no_first_words() {
        assert_eq!(first_words(" \n"), "");
    }
}
