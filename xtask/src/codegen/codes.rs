//! vgpu-core/src/abi/generated/codes.rs: result codes, their names and texts.
//!
//! Names and texts are what the real libraries answer: programs search for them. They are data, in headers/codes; the headers
//! say which codes there are, and must agree.

use std::{fmt::Write, fs};

use anyhow::{Context, Result, bail, ensure};

use super::{files::HEADER, view::Views};
use crate::workspace;

/// What one library answers, as `headers/codes/<library>.tsv` says it.
struct Table {
    rows: Vec<Row>,
    /// For every code without a row, where the library answers at all.
    unknown: Option<String>,
}

struct Row {
    code: u32,
    name: String,
    text: String,
}

impl Table {
    fn read(library: &str) -> Result<Self> {
        let path = format!("headers/codes/{library}.tsv");
        let text = fs::read_to_string(workspace::root().join(&path)).with_context(|| path.clone())?;
        Self::parse(&text).context(path)
    }

    /// Lines of code, name and text, in order; one for all other codes may follow, with `*` as its code.
    fn parse(text: &str) -> Result<Self> {
        let mut table = Self { rows: Vec::new(), unknown: None };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["*", "", text] => table.unknown = Some(text.to_owned()),
                [code, name, text] if !name.is_empty() && !text.is_empty() => {
                    let code = code.parse().with_context(|| line.to_owned())?;
                    ensure!(table.rows.last().is_none_or(|row| row.code < code), "{line}: codes must rise");
                    table.rows.push(Row { code, name: name.to_owned(), text: text.to_owned() });
                }
                _ => bail!("{line}: not a code, a name and a text"),
            }
        }
        Ok(table)
    }

    fn text(&self, code: u32) -> Option<&str> {
        self.rows.iter().find(|row| row.code == code).map(|row| row.text.as_str())
    }

    /// Fails where a name means another number in the header. The header may have codes that the library does not know.
    fn agree(&self, library: &str, header: &[(String, u32)]) -> Result<()> {
        for Row { code, name, .. } in &self.rows {
            let found = header.iter().find(|(known, _)| known == name);
            ensure!(
                found.is_some_and(|(_, value)| value == code),
                "headers/codes/{library}.tsv: {name} is {code}, in the header {found:?}"
            );
        }
        Ok(())
    }
}

/// The names of all errors that the library knows.
pub(super) fn error_names(library: &str) -> Result<Vec<String>> {
    Ok(Table::read(library)?.rows.into_iter().filter(|row| row.code != 0).map(|row| row.name).collect())
}

/// The file's text.
pub(super) fn file(views: &Views) -> Result<String> {
    let in_header = views.driver.enum_values("cudaError_enum")?;
    let driver = Table::read("driver")?;
    driver.agree("driver", &in_header)?;
    let runtime = Table::read("runtime")?;
    runtime.agree("runtime", &views.runtime.enum_values("cudaError")?)?;
    let nvml = Table::read("nvml")?;
    nvml.agree("nvml", &views.nvml.enum_values("nvmlReturn_enum")?)?;
    // No header of it is fetched.
    let cublas = Table::read("cublas")?;

    let mut out = format!(
        "{HEADER}\n//!\n//! Result codes, and what the real libraries call them, from headers/codes.\n\n\
         use std::ffi::CStr;\n\nuse crate::error::CuError;\n\nimpl CuError {{\n"
    );
    for (name, value) in &in_header {
        if let Some(short) = name.strip_prefix("CUDA_ERROR_") {
            let text = driver.text(*value).unwrap_or("came after CUDA 12");
            writeln!(out, "/// `{name}`: {text}.", text = text.trim_end_matches('.'))?;
            writeln!(out, "pub const {short}: Self = Self::from_code({value});")?;
        }
    }
    out += "}\n";
    for (prefix, about, table) in [
        ("", "driver", &driver),
        ("runtime_", "runtime", &runtime),
        ("nvml_", "NVML", &nvml),
        ("cublas_", "cuBLAS", &cublas),
    ] {
        let names = |row: &Row| row.name.clone();
        lookup(&mut out, &format!("{prefix}name"), &format!("The name of a {about} result"), table, names)?;
        let texts = |row: &Row| row.text.clone();
        lookup(&mut out, &format!("{prefix}text"), &format!("What a {about} result means"), table, texts)?;
        if let Some(unknown) = &table.unknown {
            writeln!(
                out,
                "\n/// What {about} says of a code that it does not know.\npub const {}UNKNOWN: &CStr = c{unknown:?};",
                prefix.to_uppercase()
            )?;
        }
    }
    Ok(out)
}

/// A look-up for C callers, and one for us.
fn lookup(out: &mut String, function: &str, what: &str, table: &Table, of: impl Fn(&Row) -> String) -> Result<()> {
    writeln!(
        out,
        "\n/// {what}, for C callers; `None` when there is no such code.\n\
         pub const fn {function}_cstr(code: u32) -> Option<&'static CStr> {{\nSome(match code {{"
    )?;
    for row in &table.rows {
        writeln!(out, "{} => c{:?},", row.code, of(row))?;
    }
    out.push_str("_ => return None,\n})\n}\n");
    writeln!(
        out,
        "\n/// {what}; `None` when there is no such code.\n\
         pub const fn {function}(code: u32) -> Option<&'static str> {{\n\
         match {function}_cstr(code) {{\nSome(text) => match text.to_str() {{\nOk(text) => Some(text),\n\
         Err(_) => None,\n}},\nNone => None,\n}}\n}}"
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_rows_and_an_answer_for_the_rest() {
        let table =
            Table::parse("# about\n0\tA_SUCCESS\tno error\n7\tA_FAILURE\tit's \"bad\"\n*\t\tunknown\n").expect("sound");
        assert_eq!((table.text(0), table.text(7), table.text(1)), (Some("no error"), Some("it's \"bad\""), None));
        assert_eq!(table.unknown.as_deref(), Some("unknown"));
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        for text in ["1\tA", "x\tA\tb", "1\t\tb", "1\tA\t", "2\tA\ta\n1\tB\tb", "1\tA\ta\n1\tB\tb"] {
            let error = Table::parse(text).err().expect(text);
            let last = text.lines().last().expect("a line");
            assert!(format!("{error:#}").contains(last), "{error:#}");
        }
    }

    #[test]
    fn a_name_that_is_another_number_in_the_header_is_found() {
        let table = Table::parse("1\tA\ta\n").expect("sound");
        assert!(table.agree("x", &[("A".to_owned(), 1), ("B".to_owned(), 2)]).is_ok());
        assert!(table.agree("x", &[("A".to_owned(), 2)]).is_err());
        assert!(table.agree("x", &[]).is_err());
    }
}
