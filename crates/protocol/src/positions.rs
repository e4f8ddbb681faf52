//! Positions as they are told.

use plaudit_domain::Position;

/// How positions of the journal are told: as they are, or, to try what readers make of it, as a cluster
/// has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// As they are: 1, 2, 3 …
    Dense,
    /// As places in a log are: ascending, far from each other, and with events of the server itself
    /// between them.
    Log,
}

/// So far two events are from each other.
const STRIDE: u64 = 256;

impl Positions {
    /// As it is told.
    pub fn outside(self, position: Position) -> u64 {
        match self {
            Self::Dense => position,
            Self::Log => position.saturating_mul(STRIDE),
        }
    }

    /// Where an event of the server itself stands before another.
    pub fn before(self, position: Position) -> u64 {
        self.outside(position).saturating_sub(STRIDE / 2)
    }

    /// The last position that isn't after one that was told.
    pub fn inside(self, told: u64) -> Position {
        match self {
            Self::Dense => told,
            Self::Log => told / STRIDE,
        }
    }

    /// The first position that isn't before one that was told.
    pub fn inside_from(self, told: u64) -> Position {
        match self {
            Self::Dense => told,
            Self::Log => told.div_ceil(STRIDE),
        }
    }
}
