//! Scalars of our own.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use plaudit_domain::Time;

/// A moment, as clients write and read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub Time);

/// A moment in UTC as RFC 3339 text, like `2026-01-31T12:00:00Z`.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html"
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

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
