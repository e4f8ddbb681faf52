//! What mutations answer that act on one thing.

/// Declares what a mutation answers: the thing as it is now, and what has to be put right.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $type:ty }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_doc])*
            $field: Option<$type>,
            /// What has to be put right first.
            user_errors: Vec<$crate::mutation::UserError>,
        }

        impl From<(Option<$type>, Vec<$crate::mutation::UserError>)> for $name {
            fn from(
                ($field, user_errors): (Option<$type>, Vec<$crate::mutation::UserError>),
            ) -> Self {
                Self {
                    $field,
                    user_errors,
                }
            }
        }
    };
}

pub(super) use payload;
