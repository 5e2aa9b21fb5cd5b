//! Functions that differ in nothing but their types, stated once.
//!
//! | written | means |
//! | --- | --- |
//! | `#[family(S, D, Sc, Dz)]` | one function for each prefix: it stands for the `T` behind `cublas` in the name |
//! | `T`, `R` | as types: the prefix's, and the real one that goes with it |
//! | `{precision}` | in the description: the prefix's word |
//! | `#[custom(S, D)]` | these of the family work, the others are unsupported |
//! | `#[wide]` | there is a second function, whose name ends with `_64` |
//! | `Int` | `c_int`, and `i64` in the second one |

use anyhow::{Context, Result, bail, ensure};
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, ForeignItemFn, Ident, Type, parse_quote, punctuated::Punctuated};

/// What stands for one of the types of a family's functions in their names.
struct Prefix {
    word: &'static str,
    element: &'static str,
    real: &'static str,
    precision: &'static str,
}

const fn prefix(word: &'static str, element: &'static str, real: &'static str, precision: &'static str) -> Prefix {
    Prefix { word, element, real, precision }
}

/// A second letter says what a result or a factor is made of.
const PREFIXES: [Prefix; 13] = [
    prefix("H", "__half", "__half", "half"),
    prefix("S", "f32", "f32", "single"),
    prefix("D", "f64", "f64", "double"),
    prefix("C", "cuComplex", "f32", "complex single"),
    prefix("Z", "cuDoubleComplex", "f64", "complex double"),
    prefix("Is", "f32", "f32", "single"),
    prefix("Id", "f64", "f64", "double"),
    prefix("Ic", "cuComplex", "f32", "complex single"),
    prefix("Iz", "cuDoubleComplex", "f64", "complex double"),
    prefix("Sc", "cuComplex", "f32", "complex single"),
    prefix("Dz", "cuDoubleComplex", "f64", "complex double"),
    prefix("Cs", "cuComplex", "f32", "complex single"),
    prefix("Zd", "cuDoubleComplex", "f64", "complex double"),
];

/// What stands before the prefix.
const LIBRARY: &str = "cublas";

/// The functions that `item` states.
pub(super) fn expand(mut item: ForeignItemFn) -> Result<Vec<ForeignItemFn>> {
    let family = take(&mut item, "family");
    let is_wide = take(&mut item, "wide").is_some();
    let members = match family {
        None => vec![item],
        Some(family) => {
            let words: Vec<String> = words(&family)?;
            ensure!(words.len() > 1, "a family has more than one member");
            words.iter().map(|word| member(&item, word, &words)).collect::<Result<_>>()?
        }
    };
    if !is_wide {
        return Ok(members);
    }
    let widths = |item: ForeignItemFn| {
        let mut wide = with_types(&item, &[("Int", "i64")])?;
        wide.sig.ident = Ident::new(&format!("{}_64", item.sig.ident), item.sig.ident.span());
        Ok([with_types(&item, &[("Int", "c_int")])?, wide])
    };
    Ok(members.into_iter().map(widths).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// A family's function of that prefix.
fn member(item: &ForeignItemFn, word: &str, family: &[String]) -> Result<ForeignItemFn> {
    let prefix = PREFIXES.iter().find(|prefix| prefix.word == word).with_context(|| format!("no prefix {word}"))?;
    let name = item.sig.ident.to_string();
    let rest = name.strip_prefix(LIBRARY).and_then(|rest| rest.strip_prefix('T'));
    let rest = rest.with_context(|| format!("a family's name begins with {LIBRARY}T"))?;
    let mut member = with_types(item, &[("T", prefix.element), ("R", prefix.real)])?;
    member.sig.ident = Ident::new(&format!("{LIBRARY}{word}{rest}"), item.sig.ident.span());
    for attr in &mut member.attrs {
        if attr.path().is_ident("custom") && !matches!(attr.meta, syn::Meta::Path(_)) {
            let custom = words(attr)?;
            let stranger = custom.iter().find(|word| !family.contains(word));
            ensure!(stranger.is_none(), "{stranger:?} is not in the family");
            *attr = if custom.iter().any(|other| other == word) {
                parse_quote!(#[custom])
            } else {
                parse_quote!(#[unsupported])
            };
        } else if let syn::Meta::NameValue(pair) = &attr.meta {
            let text = pair.value.to_token_stream().to_string().replace("{precision}", prefix.precision);
            let text: syn::LitStr = syn::parse_str(&text).context("a description is text")?;
            *attr = parse_quote!(#[doc = #text]);
        }
    }
    if member.attrs.iter().any(|attr| attr.path().is_ident("unsupported")) {
        // Of a family's errors those have a part that work.
        member.attrs.retain(|attr| !attr.path().is_ident("errors"));
    }
    Ok(member)
}

/// Takes the attribute of that name away.
fn take(item: &mut ForeignItemFn, name: &str) -> Option<Attribute> {
    let at = item.attrs.iter().position(|attr| attr.path().is_ident(name))?;
    Some(item.attrs.remove(at))
}

/// The words in an attribute's parentheses.
fn words(attr: &Attribute) -> Result<Vec<String>> {
    let words = attr.parse_args_with(Punctuated::<Ident, syn::Token![,]>::parse_terminated)?;
    Ok(words.iter().map(ToString::to_string).collect())
}

/// The function with other words in its parameters' types.
fn with_types(item: &ForeignItemFn, pairs: &[(&str, &str)]) -> Result<ForeignItemFn> {
    let mut item = item.clone();
    for input in &mut item.sig.inputs {
        let syn::FnArg::Typed(param) = input else { bail!("no receivers") };
        let ty = replaced(param.ty.to_token_stream(), pairs);
        *param.ty = syn::parse2::<Type>(quote!(#ty))?;
    }
    Ok(item)
}

fn replaced(tokens: TokenStream, pairs: &[(&str, &str)]) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Group(group) => Group::new(group.delimiter(), replaced(group.stream(), pairs)).into(),
        TokenTree::Ident(ident) => {
            let other = pairs.iter().find(|(word, _)| ident == word);
            other.map_or(ident.clone(), |(_, other)| Ident::new(other, ident.span())).into()
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<Vec<String>> {
        let items = expand(syn::parse_str(text)?)?;
        Ok(items.iter().map(|item| item.to_token_stream().to_string()).collect())
    }

    #[test]
    fn a_family_has_a_function_for_each_prefix_and_width() {
        let text = "#[family(S, Dz)] #[wide] #[unsupported] fn cublasTnrm2(n: Int, x: *const T, result: *mut R);";
        let functions = expanded(text).unwrap();
        assert_eq!(
            functions,
            [
                "# [unsupported] fn cublasSnrm2 (n : c_int , x : * const f32 , result : * mut f32) ;",
                "# [unsupported] fn cublasSnrm2_64 (n : i64 , x : * const f32 , result : * mut f32) ;",
                "# [unsupported] fn cublasDznrm2 (n : c_int , x : * const cuDoubleComplex , result : * mut f64) ;",
                "# [unsupported] fn cublasDznrm2_64 (n : i64 , x : * const cuDoubleComplex , result : * mut f64) ;",
            ]
        );
    }

    #[test]
    fn some_of_a_family_may_work() {
        let text = "/// Of {precision} precision.\n#[family(S, C)] #[custom(S)] fn cublasTx(x: *const T);";
        let functions = expanded(text).unwrap();
        assert!(functions[0].contains("Of single precision.\"] # [custom] fn cublasSx"), "{}", functions[0]);
        assert!(functions[1].contains("# [unsupported] fn cublasCx"), "{}", functions[1]);
    }

    #[test]
    fn those_of_a_family_that_work_share_its_errors() {
        let text = "#[family(S, C)] #[custom(S)] #[errors(INVALID_VALUE = \"n\")] fn cublasTx(x: *const T);";
        let functions = expanded(text).unwrap();
        assert!(functions[0].contains("errors") && !functions[1].contains("errors"), "{functions:?}");
    }

    #[test]
    fn what_is_no_family_stays_as_it_is() {
        let functions = expanded("#[custom] fn cublasCreate_v2(handle: Out<cublasHandle_t>);").unwrap();
        assert_eq!(functions, ["# [custom] fn cublasCreate_v2 (handle : Out < cublasHandle_t >) ;"]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            ("#[family(S, Q)] #[unsupported] fn cublasTx();", "no prefix Q"),
            ("#[family(S, D)] #[unsupported] fn cublasX();", "begins with cublasT"),
            ("#[family(S, D)] #[custom(C)] fn cublasTx();", "is not in the family"),
            ("#[family(S)] #[unsupported] fn cublasTx();", "more than one member"),
        ] {
            let error = expanded(text).expect_err(text);
            assert!(format!("{error:#}").contains(word), "{error:#}");
        }
    }
}
