//! Which line of a program's own source a line of a text was made from, where its compiler was asked to say so (`nvcc -lineinfo`):
//! `.file` at module scope, `.loc` in bodies.

use std::ops::Range;

use super::ast::{KernelText, Module};

/// A place in a program's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location<'s> {
    pub(crate) file: &'s str,
    pub(crate) line: u32,
}

/// What the texts of a module's bodies say of their lines.
pub(crate) struct Locations<'m, 's> {
    module: &'m Module<'s>,
    bodies: Vec<Body>,
}

struct Body {
    lines: Range<u32>,
    /// Each from this line on: the file's number, and the line there.
    places: Vec<(u32, u32, u32)>,
}

impl<'m, 's> Locations<'m, 's> {
    /// Of a kernel's text and the functions of its module.
    pub(crate) fn of(module: &'m Module<'s>, kernel: &KernelText<'s>) -> Self {
        let mut texts: Vec<_> = [kernel].into_iter().chain(&module.functions).collect();
        texts.retain(|_| !module.files.is_empty());
        Self { module, bodies: texts.into_iter().map(Body::of).collect() }
    }

    /// Where a line of the text is from.
    pub(crate) fn find(&self, line: u32) -> Option<Location<'s>> {
        let places = &self.bodies.iter().find(|body| body.lines.contains(&line))?.places;
        let behind = places.partition_point(|&(from, ..)| from <= line);
        let &(_, file, line) = places.get(behind.checked_sub(1)?)?;
        let &(_, file) = self.module.files.iter().find(|(number, _)| *number == file)?;
        // Line 0 is what compilers say of instructions that are from nowhere.
        (line != 0).then_some(Location { file, line })
    }
}

impl Body {
    fn of(text: &KernelText<'_>) -> Self {
        let mut body = Self { lines: text.line..text.line, places: Vec::new() };
        for line in text.text.lines() {
            if let Some(rest) = line.trim_start().strip_prefix(".loc") {
                let mut numbers = rest.split_ascii_whitespace().map_while(|word| word.parse().ok());
                if let (Some(file), Some(there)) = (numbers.next(), numbers.next()) {
                    body.places.push((body.lines.end, file, there));
                }
            }
            body.lines.end = body.lines.end.saturating_add(1);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::parse_module;

    #[test]
    fn a_line_is_from_where_the_last_loc_of_its_body_says() {
        let text = ".version 7.0\n.target sm_70\n.address_size 64\n\
            .func f() {\nret;\n\t.loc 2 7 1, function_name $L, inlined_at 1 9 1\nret;\n}\n\
            .entry k() {\nret;\n\t.loc\t1 12 3\nexit;\nexit;\n.loc 1 0 0\nret;\n.loc 9 1 1\nret;\n}\n\
            .file\t1 \"/src/a b.cu\"\n.file 2 \"h.cuh\", 123, 456\n";
        let module = parse_module(text).expect("well-formed");
        let locations = Locations::of(&module, &module.kernels[0]);
        let found = (4..18).map(|line| locations.find(line).map(|found| (found.file, found.line)));
        let (header, source) = (Some(("h.cuh", 7)), Some(("/src/a b.cu", 12)));
        let none = None;
        let expected = [none, none, header, header, header, none, none, source, source, source, none, none, none, none];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
