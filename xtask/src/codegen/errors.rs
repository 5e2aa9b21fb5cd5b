//! What a function answers when it does not succeed, from its spec entry.
//!
//! | written | means |
//! | --- | --- |
//! | `#[errors(CODE = "when", OTHER = "when")]` | it returns these codes, and when |
//! | `#[errors(other, CODE = "when")]` | those of the function `other`, and these |
//! | `#[errors()]` | none of its own |
//!
//! A function that works and returns a result code must have it; an alias has that of its body. A code stands there without
//! what all of its library's begin with: `INVALID_VALUE` is `CUDA_ERROR_INVALID_VALUE`. What any function of a library may return
//! is said once, in `headers/spec/<library>/ERRORS.md`.

use anyhow::{Context, Result, bail};
use syn::{
    Attribute, Ident, LitStr, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// A function's errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Errors {
    /// The function whose errors are its own too, until [`settle`](super::settle) has put them among these.
    pub(super) like: Option<String>,
    pub(crate) cases: Vec<Case>,
}

/// One code, and when it is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) code: String,
    pub(crate) when: String,
}

/// What stands between two commas.
enum Part {
    Like(Ident),
    Case(Case),
}

impl Parse for Part {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word: Ident = input.parse()?;
        if !input.peek(Token![=]) {
            return Ok(Self::Like(word));
        }
        input.parse::<Token![=]>()?;
        let when: LitStr = input.parse()?;
        Ok(Self::Case(Case { code: word.to_string(), when: when.value() }))
    }
}

impl Errors {
    /// Reads the attribute.
    pub(super) fn parse(attr: &Attribute) -> Result<Self> {
        let parts = attr
            .parse_args_with(Punctuated::<Part, Token![,]>::parse_terminated)
            .context("errors are `other_function, CODE = \"when\", ..`, or nothing in parentheses")?;
        let mut errors = Self::default();
        for part in parts {
            match part {
                Part::Case(case) => errors.cases.push(case),
                Part::Like(other) if errors.like.is_none() && errors.cases.is_empty() => {
                    errors.like = Some(other.to_string());
                }
                Part::Like(other) => bail!("{other}: one other function's errors, before those of its own"),
            }
        }
        Ok(errors)
    }

    /// The codes alone.
    pub(super) fn codes(&self) -> String {
        let codes: Vec<_> = self.cases.iter().map(|case| case.code.as_str()).collect();
        codes.join(", ")
    }
}
