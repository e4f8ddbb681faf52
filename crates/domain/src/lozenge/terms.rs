//! What the rules say of lozenges that are granted, and what these name (DOMAIN Z4).

use crate::personal::Personal;
use crate::refusal::Refusal;
use crate::requirement::Requirements;
use crate::text;

/// The most characters of a company, and of its app or service.
pub const COMPANY_MAX: usize = 100;

/// What the rules say of a lozenge that is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether it names a company, and the app or service that it stands for (DOMAIN Z4).
    pub names_company: bool,
    /// What is required of who asks for it.
    pub requirements: Requirements,
}

/// A company, and its app or service.
pub(super) type Names = (Option<Personal<String>>, Option<Personal<String>>);

impl Terms {
    /// What a lozenge names, which has to be so.
    pub(super) fn names(
        &self,
        company: &Option<String>,
        product: &Option<String>,
    ) -> Result<Names, Refusal> {
        match (self.names_company, company, product) {
            (true, Some(company), Some(product)) => {
                let company = valid_name("company", company)?;
                let product = valid_name("product", product)?;
                Ok((Some(company), Some(product)))
            }
            (true, ..) => Err(Refusal::CompanyMissing),
            (false, None, None) => Ok((None, None)),
            (false, ..) => Err(Refusal::CompanyNotNamed),
        }
    }
}

fn valid_name(field: &'static str, name: &str) -> Result<Personal<String>, Refusal> {
    let max = COMPANY_MAX;
    let name = text::line(name, max).ok_or(Refusal::FieldInvalid { field, max })?;
    Ok(Personal::known(name))
}
