//! Lists that are long or many.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use crate::side_by_side;

/// A list whose elements are resolved as the fields of an object are: the engine makes a task of each.
pub struct List<T>(pub Vec<T>);

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T: OutputType> OutputType for List<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let values = side_by_side::all(self.0.iter().enumerate(), |(place, element)| async move {
            let context = context.with_index(place);
            let value = element.resolve(&context, field).await;
            value.map_err(|error| context.set_error_path(error))
        });
        let values = values.await.into_iter();
        Ok(Value::List(values.collect::<Result<_, _>>()?))
    }
}
