//! The name of a site, from the folder of its dump.

use std::path::Path;

use crate::error::ImportError;

/// The site's name as its folder tells it: without `se-` before it, and without a date,
/// `.stackexchange.com` or `.com` after it.
///
/// `beer.stackexchange.com` and `se-beer-2016-09` are both `beer`: so a later dump of the same
/// site adds to the earlier one.
pub fn site_name(folder: &Path) -> Result<String, ImportError> {
    let whole = folder
        .canonicalize()
        .map_err(|source| ImportError::Unreadable {
            path: folder.to_owned(),
            source,
        })?;
    match whole.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(from_folder_name(name)),
        None => Err(ImportError::Folder {
            folder: folder.to_owned(),
            problem: "its name doesn't tell the site's: say which site it is".into(),
        }),
    }
}

fn from_folder_name(folder: &str) -> String {
    let name = folder.strip_prefix("se-").unwrap_or(folder);
    let name = without_date(name);
    let name = name
        .strip_suffix(".stackexchange.com")
        .or_else(|| name.strip_suffix(".com"))
        .unwrap_or(name);
    if name.is_empty() { folder } else { name }.to_owned()
}

/// Without `-2016-09` or `-2016-09-05` at the end.
fn without_date(name: &str) -> &str {
    let mut rest = name;
    let mut numbers = 0;
    while let Some((before, last)) = rest.rsplit_once('-') {
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
        match last.len() {
            2 if is_number && numbers < 2 => {
                rest = before;
                numbers += 1;
            }
            4 if is_number && numbers > 0 => return before,
            _ => return name,
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_named_by_its_folder() {
        for (folder, site) in [
            ("se-beer-2016-09", "beer"),
            ("se-beer-2016-09-05", "beer"),
            ("se-conlang-meta", "conlang-meta"),
            ("beer.stackexchange.com", "beer"),
            ("beer.meta.stackexchange.com", "beer.meta"),
            ("stackoverflow.com", "stackoverflow"),
            ("askubuntu.com-2024-04", "askubuntu"),
            ("beer", "beer"),
            ("beer-2016", "beer-2016"),
            ("beer-09", "beer-09"),
            ("se-", "se-"),
        ] {
            assert_eq!(from_folder_name(folder), site, "{folder}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(site_name(Path::new("/nowhere/at/all")).is_err());
    }
}
