//! The list of forms: patterns, of which each stands for all instructions that it can be read as.
//!
//! `(a|b)` is one of its parts (outside of them `|` is itself), `<s32 f32>` one of these types, and `<int>` one of those that a line
//! `set int = …` names. `$1` is a register of the first such type, `&1` one of the second and `^1` one of the third.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

/// More forms than this are a mistake in a pattern.
const MAX: usize = 200_000;

type Sets = BTreeMap<String, Vec<String>>;

/// An instruction that is being put together.
#[derive(Clone, Default)]
struct Form {
    text: String,
    types: Vec<String>,
}

/// All forms of a list, in its order.
pub(super) fn all(list: &str) -> Result<Vec<String>> {
    let mut sets = Sets::new();
    let mut all = Vec::new();
    for (line, number) in list.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let added = match line.strip_prefix("set ").and_then(|set| set.split_once('=')) {
            Some((name, types)) => {
                let types = types_of(types, &sets)?;
                sets.insert(name.trim().to_owned(), types);
                continue;
            }
            None => expand(line, &sets),
        };
        all.extend(added.with_context(|| format!("line {number} of the forms: {line}"))?);
        ensure!(all.len() <= MAX, "line {number} of the forms: more than {MAX} of them");
    }
    Ok(all)
}

fn types_of(words: &str, sets: &Sets) -> Result<Vec<String>> {
    let types =
        words.split_whitespace().flat_map(|word| sets.get(word).cloned().unwrap_or_else(|| vec![word.to_owned()]));
    let types: Vec<String> = types.collect();
    ensure!(!types.is_empty(), "no types");
    Ok(types)
}

fn expand(pattern: &str, sets: &Sets) -> Result<Vec<String>> {
    let (forms, rest) = sequence(pattern, sets, &['(', ')', '<'])?;
    ensure!(rest.is_empty(), "unbalanced at {rest}");
    forms.into_iter().map(finish).collect()
}

/// Reads up to the end of a part. `marks` are the characters that mean something.
fn sequence<'p>(mut rest: &'p str, sets: &Sets, marks: &[char]) -> Result<(Vec<Form>, &'p str)> {
    let mut forms = vec![Form::default()];
    loop {
        let plain = rest.find(marks).unwrap_or(rest.len());
        forms.iter_mut().for_each(|form| form.text.push_str(&rest[..plain]));
        rest = &rest[plain..];
        let choices = match rest.as_bytes().first() {
            Some(b'(') => {
                let mut choices = Vec::new();
                while rest.starts_with(['(', '|']) {
                    let (part, behind) = sequence(&rest[1..], sets, &['(', ')', '|', '<'])?;
                    choices.extend(part);
                    rest = behind;
                }
                rest = rest.strip_prefix(')').context("a ( without its )")?;
                choices
            }
            Some(b'<') => {
                let (types, behind) = rest[1..].split_once('>').context("a < without its >")?;
                rest = behind;
                types_of(types, sets)?.into_iter().map(|name| Form { text: name.clone(), types: vec![name] }).collect()
            }
            _ => return Ok((forms, rest)),
        };
        forms = forms.iter().flat_map(|form| choices.iter().map(|choice| form.then(choice))).collect();
        ensure!(forms.len() <= MAX, "more than {MAX} forms");
    }
}

impl Form {
    fn then(&self, next: &Self) -> Self {
        Self {
            text: format!("{}{}", self.text, next.text),
            types: self.types.iter().chain(&next.types).cloned().collect(),
        }
    }
}

/// Puts the registers in.
fn finish(form: Form) -> Result<String> {
    let mut text = String::new();
    for part in form.text.chars() {
        match ['$', '&', '^'].iter().position(|mark| *mark == part) {
            Some(at) => text.push(register(form.types.get(at).context("a register of a type that is not there")?)?),
            None => text.push(part),
        }
    }
    Ok(text)
}

/// How the registers of a type are called.
fn register(name: &str) -> Result<char> {
    Ok(match name {
        "pred" => 'p',
        "b8" | "u8" | "s8" | "b16" | "u16" | "s16" | "f16" | "bf16" => 'h',
        "f32" => 'f',
        "f64" => 'g',
        "b128" => 'q',
        _ if name.ends_with("64") => 'd',
        _ if name.ends_with("32") || name.contains("x2") || name.contains("x4") => 'r',
        _ => bail!("{name} is no type that a register has"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_all_that_it_can_be_read_as() {
        let list = "# comment\nset int = s16 u64\nadd.<int> $0, $1\ncvt(.rn|).<f32>.<int> $0, &1\n";
        assert_eq!(
            all(list).expect("a list"),
            [
                "add.s16 h0, h1",
                "add.u64 d0, d1",
                "cvt.rn.f32.s16 f0, h1",
                "cvt.rn.f32.u64 f0, d1",
                "cvt.f32.s16 f0, h1",
                "cvt.f32.u64 f0, d1",
            ]
        );
    }

    #[test]
    fn parts_may_have_parts() {
        assert_eq!(all("a(.b(.c|)|) p|q").expect("a list"), ["a.b.c p|q", "a.b p|q", "a p|q"]);
    }

    #[test]
    fn what_is_not_balanced_is_refused() {
        for wrong in ["a(b", "a)b", "<s32", "<>", "$0", "add.<x> $0"] {
            assert!(all(wrong).is_err(), "{wrong}");
        }
    }
}
