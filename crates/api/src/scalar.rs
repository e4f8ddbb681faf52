//! Scalars of our own.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use plaudit_domain::Time;

/// A moment, as clients write and read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub Time);

/// A moment in UTC as RFC 3339 text, to the microsecond: `2026-01-31T12:00:00.25Z`.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        if let Value::String(text) = &value
            && let Ok(time) = text.parse()
        {
            return Ok(Self(time));
        }
        Err(InputValueError::custom(
            "expected a time like 2026-01-31T12:00:00Z",
        ))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// The address of something on the web, which begins with `https://` or `http://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// An address, if it is one that a browser may follow: what came from elsewhere may be anything.
    pub fn of(address: &str) -> Option<Self> {
        let is_safe = ["https://", "http://"]
            .iter()
            .any(|it| address.starts_with(it));
        is_safe.then(|| Self(address.to_owned()))
    }

    /// An address in the rules: who reads these checks it.
    pub fn in_rules(address: &str) -> Self {
        Self(address.to_owned())
    }
}

/// The address of something on the web, which begins with `https://` or `http://`.
#[Scalar(name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        if let Value::String(text) = &value
            && let Some(url) = Self::of(text)
        {
            return Ok(url);
        }
        Err(InputValueError::custom(
            "expected an address like https://example.org",
        ))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A count as GraphQL's `Int`, which has 32 bits: what goes beyond is the most, or the least, that it holds.
pub fn int(count: i64) -> i32 {
    let beyond = if count < 0 { i32::MIN } else { i32::MAX };
    i32::try_from(count).unwrap_or(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_a_browser_may_follow() {
        for address in ["https://example.org/ada.png", "http://localhost:4000"] {
            let url = Url::of(address).unwrap();
            assert_eq!(Url::parse(url.to_value()).unwrap(), url);
        }
        for other in [
            "",
            "javascript:alert(1)",
            "data:,x",
            "example.org",
            " https://x",
            "HTTPS",
        ] {
            assert_eq!(Url::of(other), None, "{other}");
        }
    }

    #[test]
    fn counts_beyond_32_bits_stay_within_them() {
        for (count, shown) in [
            (0, 0),
            (2_147_483_647, i32::MAX),
            (2_147_483_648, i32::MAX),
            (i64::MAX, i32::MAX),
            (-3, -3),
            (i64::MIN, i32::MIN),
        ] {
            assert_eq!(int(count), shown);
        }
    }
}
