//! Lists that are long or many.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use crate::side_by_side;

/// The beginning of a list that others have, too.
pub struct Beginning<T> {
    all: Arc<[T]>,
    length: usize,
}

impl<T> Beginning<T> {
    /// So many of a list, or all of a shorter one.
    pub fn of(all: Arc<[T]>, length: usize) -> Self {
        let length = length.min(all.len());
        Self { all, length }
    }
}

impl<T> Deref for Beginning<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[..self.length]
    }
}

/// A list, or a part of one, whose elements are resolved as the fields of an object are: the engine makes a task of
/// each.
pub struct List<L>(pub L);

impl<L, T> OutputType for List<L>
where
    L: Deref<Target = [T]> + Send + Sync,
    T: OutputType,
{
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
        let values = side_by_side::all(&self.0, |place, element| async move {
            let context = context.with_index(place);
            let value = element.resolve(&context, field).await;
            value.map_err(|error| context.set_error_path(error))
        });
        let values = values.await.into_iter().map(|(_, value)| value);
        Ok(Value::List(values.collect::<Result<_, _>>()?))
    }
}
