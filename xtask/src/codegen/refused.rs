//! The exports of one library that are not done, a row each.

use std::fmt::Write;

use anyhow::Result;
use quote::ToTokens;

use super::{
    emit::{default_value, shown, types},
    files::HEADER,
    spec::{Function, Kind, Library, Returns},
};

/// The text of `crates/<library>/src/generated/refused.rs`.
pub(super) fn refused(library: Library, functions: &[Function]) -> Result<String> {
    let mut rows = String::new();
    for function in functions.iter().filter(|function| function.is_refused()) {
        row(&mut rows, library, function, &function.name)?;
        for twin in &function.twins {
            row(&mut rows, library, function, &function.twin_name(twin))?;
        }
    }
    Ok(format!(
        "{HEADER}\n//!\n//! Every function that {} exports and that is not done, from headers/spec/{}: each says so once, and refuses.\n\n\
         {}\nuse super::LIBRARY;\nuse crate::entry::unsupported;\n\n\
         vgpu_core::refused! {{\n    LIBRARY, unsupported, {};\n{rows}}}\n",
        library.soname(),
        library.name(),
        types(library, &rows)?,
        library.status(),
    ))
}

/// `fn name(argument: type, ...) -> type = value;`, and nothing behind the parentheses where the status is returned that says so.
fn row(out: &mut String, library: Library, function: &Function, name: &str) -> Result<()> {
    // Nobody formats what stands within a macro, and tokens stand apart.
    let text = |tokens: &dyn ToTokens| tokens.to_token_stream().to_string().replace("* ", "*");
    let params: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", shown(param), text(&param.erased()))).collect();
    write!(out, "    fn {name}({})", params.join(", "))?;
    let Kind::Unsupported { fallback } = &function.kind else { unreachable!("only what is not done has a row") };
    let (result, value) = match (&function.result, fallback) {
        (Returns::Status, None) => return Ok(writeln!(out, ";")?),
        (Returns::Nothing, _) => ("()".to_owned(), "()".to_owned()),
        (Returns::Status, Some(value)) => (library.status().to_owned(), value.clone()),
        (Returns::Value(ty), Some(value)) => (text(ty), value.clone()),
        (Returns::Value(ty), None) => (text(ty), default_value(&function.result)?),
    };
    writeln!(out, " -> {result} = {value};")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::spec;

    fn rows_of(entry: &str) -> String {
        let text = format!("extern \"driver\" {{ {entry} }}");
        let functions = spec::parse(Library::Driver, "memory", &text).unwrap();
        refused(Library::Driver, &functions).unwrap()
    }

    #[test]
    fn a_twin_refuses_under_its_own_name() {
        let text = rows_of("#[unsupported] #[ptsz(7_000)] fn cuX(hStream: CUstream);");
        assert!(text.contains("    fn cuX(hStream: CUstream);\n    fn cuX_ptsz(hStream: CUstream);\n"), "{text}");
    }

    #[test]
    fn nothing_that_an_argument_leads_to_is_read_for_the_trace() {
        let text = rows_of("#[unsupported] fn cuX(name: Str, f: f32);");
        assert!(text.contains("fn cuX(name: *const c_char, f as float: f32);"), "{text}");
    }
}
