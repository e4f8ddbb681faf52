//! How large a document is: each of its fragments is counted once, however often it is spread.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, FragmentDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError};

use crate::execute::Refusal;
use crate::limits::{Exceeded, Limits};

/// How deep selections and fragments may be nested when they are counted: this keeps the counting
/// itself within its stack.
pub(crate) const NESTING_MAX: usize = 100;

/// Refuses a document that is small only to look at: 900 bytes of fragments that spread each other
/// twice kept the engine, with its limits on, busy for 15 seconds.
pub(crate) fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refusal> {
    let mut sizes = Sizes {
        fragments: &document.fragments,
        known: HashMap::new(),
        nesting: 0,
        aliases: 0,
        directives: 0,
        schema: None,
    };
    // Also those that nobody spreads: validation goes through them too.
    for (name, fragment) in &document.fragments {
        sizes.of_fragment(name, fragment)?;
    }
    let mut whole = Size::default();
    for (_, operation) in document.operations.iter() {
        sizes.count_directives(&operation.node.directives);
        for variable in &operation.node.variable_definitions {
            sizes.count_directives(&variable.node.directives);
        }
        whole.add(sizes.of(&operation.node.selection_set.node)?);
    }
    if let (false, Some(at)) = (limits.introspection, sizes.schema) {
        let message = "the schema can't be asked for here: read it where the app is made";
        let error = ServerError::new(message, Some(at));
        return Err(Refusal::refused("INTROSPECTION_DISABLED", vec![error]));
    }
    let exceeded = |code, what, requested, limit| {
        let at = None;
        let exceeded = Exceeded {
            code,
            what,
            requested,
            limit,
            at,
        };
        exceeded.check()
    };
    let Size { selections, depth } = whole;
    exceeded(
        "TOO_MANY_ALIASES",
        "the number of aliases is",
        sizes.aliases,
        limits.aliases,
    )?;
    exceeded(
        "TOO_MANY_DIRECTIVES",
        "the number of directives is",
        sizes.directives,
        limits.directives,
    )?;
    exceeded(
        "TOO_DEEP",
        "the levels that fields are nested in are",
        depth,
        limits.depth,
    )?;
    exceeded(
        "TOO_COMPLEX",
        "the fields that the document selects are",
        selections,
        limits.selections,
    )
}

/// What selections come to when all their fragments are spread.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    selections: u64,
    /// The most fields inside of one another.
    depth: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.depth = self.depth.max(other.depth);
    }
}

/// How large each fragment is.
struct Sizes<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being counted.
    known: HashMap<&'a str, Option<Size>>,
    nesting: usize,
    aliases: u64,
    directives: u64,
    /// Where the schema is asked for.
    schema: Option<Pos>,
}

impl<'a> Sizes<'a> {
    fn of(&mut self, selections: &'a SelectionSet) -> Result<Size, Refusal> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(Refusal::from(Exceeded {
                code: "TOO_DEEP",
                what: "the levels that fields and fragments are nested in are at least",
                requested: NESTING_MAX as u64 + 1,
                limit: NESTING_MAX as u64,
                at: selections.items.first().map(|selection| selection.pos),
            }));
        }
        let mut size = Size::default();
        for selection in &selections.items {
            self.count_directives(selection.node.directives());
            let mut one = match &selection.node {
                Selection::Field(field) => {
                    self.aliases += u64::from(field.node.alias.is_some());
                    if matches!(field.node.name.node.as_str(), "__schema" | "__type") {
                        self.schema = Some(field.pos);
                    }
                    let below = self.of(&field.node.selection_set.node)?;
                    Size {
                        depth: below.depth + 1,
                        ..below
                    }
                }
                Selection::InlineFragment(inline) => self.of(&inline.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    match self.fragments.get_key_value(name) {
                        Some((name, fragment)) => self.of_fragment(name, fragment)?,
                        // Validation says that it is unknown.
                        None => Size::default(),
                    }
                }
            };
            one.selections = one.selections.saturating_add(1);
            size.add(one);
        }
        self.nesting -= 1;
        Ok(size)
    }

    fn of_fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
    ) -> Result<Size, Refusal> {
        match self.known.get(name.as_str()) {
            Some(Some(size)) => Ok(*size),
            Some(None) => Err(Refusal::validation(vec![ServerError::new(
                format!("the fragment {name} spreads itself"),
                Some(fragment.pos),
            )])),
            None => {
                self.known.insert(name, None);
                self.count_directives(&fragment.node.directives);
                let size = self.of(&fragment.node.selection_set.node)?;
                self.known.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    fn count_directives(&mut self, directives: &[Positioned<Directive>]) {
        self.directives += directives.len() as u64;
    }
}
