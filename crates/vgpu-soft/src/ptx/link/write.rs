//! The linked units as one text, in which names that two units have for themselves differ.

use std::collections::{HashMap, HashSet};

use super::error::{Fault, LinkError};
use super::resolve::Globals;
use super::unit::{Symbol, Unit};
use super::words::{Token, Tokens};
use crate::ptx::ast::Linkage;
use crate::ptx::opcodes::Mnemonic;

/// What a name of a unit's own gets behind it, and then a number that no name of the inputs has there.
const SUFFIX: &str = "$unit";

/// Writes the text.
///
/// # Errors
/// Names that would have to be changed and cannot.
pub(super) fn write(units: &[Unit<'_>], globals: &Globals<'_>) -> Result<String, Vec<LinkError>> {
    let modules = || units.iter().map(|unit| unit.module);
    let (major, minor) = modules().map(|module| module.version).max().unwrap_or_default();
    let target = modules().map(|module| module.target).max().unwrap_or_default();
    let mut text = format!(".version {major}.{minor}\n.target sm_{target}\n.address_size 64\n");
    let mut taken: HashSet<&str> = globals.places.keys().copied().collect();
    for ((index, unit), number) in units.iter().enumerate().zip(unused_numbers(units)) {
        let names = changed(unit, &mut taken, number)?;
        for (symbol_index, symbol) in unit.symbols.iter().enumerate() {
            if stays(unit, symbol, (index, symbol_index), globals) {
                statement(&mut text, symbol, &names);
            }
        }
    }
    Ok(text)
}

/// Whether a statement is part of the result: definitions that were chosen or are the unit's own, declarations of what no unit
/// defines. Others are not needed, for names are found wherever they stand.
fn stays(unit: &Unit<'_>, symbol: &Symbol<'_>, place: (usize, usize), globals: &Globals<'_>) -> bool {
    match globals.places.get(symbol.name) {
        Some(chosen) if symbol.is_global() => *chosen == place,
        _ if symbol.is_definition => true,
        Some(_) => false,
        None => symbol.linkage == Linkage::Extern && unit.used.contains(symbol.name),
    }
}

/// Other names for what a unit has for itself, where another unit has one of that name. The rest is taken from now on.
fn changed<'s>(
    unit: &Unit<'s>,
    taken: &mut HashSet<&'s str>,
    number: u64,
) -> Result<HashMap<&'s str, String>, Vec<LinkError>> {
    let is_own = |symbol: &&Symbol<'_>| symbol.is_definition && !symbol.is_global();
    let own = unit.symbols.iter().filter(is_own).map(|symbol| symbol.name);
    // What a body declares under a name that its unit has, too, is told from that one by its place.
    let inner = unit.inner.iter().copied().filter(|name| !unit.names.contains(name));
    let mut names = HashMap::new();
    let mut errors = Vec::new();
    let own: HashSet<&str> = own.chain(inner).collect();
    for name in own {
        if taken.insert(name) {
            continue;
        }
        if Mnemonic::named(name).is_some() {
            errors.push(LinkError { symbol: name.to_owned(), input: unit.name.to_owned(), fault: Fault::Reserved });
        }
        names.insert(name, format!("{name}{SUFFIX}{number}"));
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}

/// Numbers that do not stand behind [`SUFFIX`] in the inputs.
fn unused_numbers(units: &[Unit<'_>]) -> impl Iterator<Item = u64> + use<> {
    let sources = units.iter().map(|unit| unit.module.source);
    let behind = sources.flat_map(|source| source.match_indices(SUFFIX).map(|(at, _)| &source[at + SUFFIX.len()..]));
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u64>().ok()
    };
    let used: HashSet<u64> = behind.filter_map(number).collect();
    (1..).filter(move |number| !used.contains(number))
}

fn statement(text: &mut String, symbol: &Symbol<'_>, names: &HashMap<&str, String>) {
    text.push_str(match symbol.linkage {
        Linkage::Private => "",
        Linkage::Visible => ".visible ",
        Linkage::Weak => ".weak ",
        Linkage::Common => ".common ",
        Linkage::Extern => ".extern ",
    });
    text.push_str(symbol.prefix);
    rename(text, symbol.text, names);
    if !symbol.text.ends_with(['}', ';']) || !symbol.prefix.is_empty() {
        text.push(';');
    }
    text.push('\n');
}

/// Adds a statement with other names in it.
fn rename(to: &mut String, text: &str, names: &HashMap<&str, String>) {
    if names.is_empty() {
        return to.push_str(text);
    }
    let mut written = 0;
    for (at, token) in Tokens::of(text) {
        let Token::Word(word) = token else { continue };
        if let Some(name) = names.get(word) {
            to.push_str(&text[written..at]);
            to.push_str(name);
            written = at + word.len();
        }
    }
    to.push_str(&text[written..]);
}
