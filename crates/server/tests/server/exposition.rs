//! Prometheus' text format, read as strictly as it is written down: what doesn't keep to it fails a test.

use std::collections::{BTreeMap, BTreeSet};

/// What a page of metrics says.
#[derive(Debug, Default)]
pub struct Exposition {
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

type Labels = BTreeMap<String, String>;

impl Exposition {
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let mut page = Self::default();
        let mut helped = BTreeSet::new();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
                family = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert_eq!(name, family, "what a type is of comes right before it");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                let first = page.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(first, None, "{line}");
            } else {
                page.sample(&family, line);
            }
        }
        page.check_histograms();
        page
    }

    /// The value of a sample, if it is there.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| (*name, *value));
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sample = (name.to_owned(), labels.collect());
        self.samples.get(&sample).copied()
    }

    /// The one value of a name, whatever its labels are.
    pub fn only(&self, name: &str) -> f64 {
        let mut found = self.samples.iter().filter(|((of, _), _)| of == name);
        let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "several {name}");
        *value
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    fn sample(&mut self, family: &str, line: &str) {
        let kind = &self.kinds[family];
        let end = line.find(['{', ' ']).unwrap();
        let (name, rest) = line.split_at(end);
        assert!(is_name(name), "{line}");
        let suffix = name.strip_prefix(family).unwrap();
        match kind.as_str() {
            "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
            "counter" => assert!(suffix.is_empty() && name.ends_with("_total"), "{line}"),
            _ => assert!(suffix.is_empty() && !name.ends_with("_total"), "{line}"),
        }
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest),
            None => (Labels::new(), rest),
        };
        let value = value.strip_prefix(' ').unwrap();
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(kind == "gauge" || value >= 0.0, "{line}");
        let first = self.samples.insert((name.to_owned(), labels), value);
        assert_eq!(first, None, "{line}");
    }

    /// Buckets only grow, and the last one has all.
    fn check_histograms(&self) {
        let mut buckets: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), count) in &self.samples {
            let Some(family) = name.strip_suffix("_bucket") else {
                continue;
            };
            let mut labels = labels.clone();
            let bound = labels.remove("le").unwrap().replace("+Inf", "inf");
            let of = (family.to_owned(), labels);
            let bound = bound.parse().unwrap();
            buckets.entry(of).or_default().push((bound, *count));
        }
        for ((family, labels), mut buckets) in buckets {
            buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            assert!(buckets.is_sorted_by(|(_, one), (_, other)| one <= other));
            let (last, all) = *buckets.last().unwrap();
            assert_eq!(last, f64::INFINITY);
            let counted = self.samples[&(format!("{family}_count"), labels.clone())];
            assert_eq!(all, counted, "{family}");
            assert!(
                self.samples
                    .contains_key(&(format!("{family}_sum"), labels))
            );
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    let is_letter = |letter: u8| letter.is_ascii_alphabetic() || letter == b'_';
    letters.next().is_some_and(is_letter)
        && letters.all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

/// Labels from behind the first bracket to the last, and what comes after them.
fn labels(mut rest: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(is_name(name), "{rest}");
        // None of ours has anything to escape.
        let (value, after) = value.split_once('"').unwrap();
        assert!(!value.contains(['\\', '\n']), "{rest}");
        let first = labels.insert(name.to_owned(), value.to_owned());
        assert_eq!(first, None, "{rest}");
        if let Some(after) = after.strip_prefix('}') {
            return (labels, after);
        }
        rest = after.strip_prefix(',').unwrap();
    }
}
