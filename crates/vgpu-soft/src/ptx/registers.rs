//! Registers by name, in nested scopes.
//!
//! `.reg .b32 %r<1000000>` declares a million names and costs nothing: a register exists once it is used.

use std::collections::HashMap;

use super::ast::{Reg, Width};

/// The register names of one `{ }`.
#[derive(Debug, Default)]
pub(super) struct Names<'s> {
    /// By what stands before the number.
    families: HashMap<&'s str, Family>,
    singles: HashMap<&'s str, Single>,
    /// Vectors that are declared by numbers, by what stands before them: how many, and what each is.
    vector_families: HashMap<&'s str, (u32, VectorType)>,
    vectors: HashMap<&'s str, Vector>,
}

/// The elements of a vector register: `.v4 .f32` has four of 32 bits, `.b128` is two of 64.
#[derive(Clone, Copy, Debug)]
pub(super) struct VectorType {
    pub(super) width: Width,
    pub(super) len: usize,
}

#[derive(Debug)]
struct Vector {
    r#type: VectorType,
    /// Empty until it is used.
    elements: Vec<Reg>,
}

#[derive(Debug)]
struct Family {
    width: Width,
    count: u32,
    used: HashMap<u32, Reg>,
}

#[derive(Debug)]
struct Single {
    width: Width,
    used: Option<Reg>,
}

impl<'s> Names<'s> {
    /// `%r<13>`: the names `%r0` to `%r12`.
    /// `false` when the family is declared already.
    pub(super) fn declare_family(&mut self, prefix: &'s str, count: u32, width: Width) -> bool {
        self.families.insert(prefix, Family { width, count, used: HashMap::new() }).is_none()
    }

    /// `%SP`. `false` when the name is taken.
    pub(super) fn declare(&mut self, name: &'s str, width: Width) -> bool {
        self.singles.insert(name, Single { width, used: None }).is_none()
    }

    /// `.v2 .f32 v`, or with a number of them `.v2 .f32 v<4>`. `false` when the name is taken.
    pub(super) fn declare_vector(&mut self, name: &'s str, count: Option<u32>, r#type: VectorType) -> bool {
        match count {
            Some(count) => self.vector_families.insert(name, (count, r#type)).is_none(),
            None => self.vectors.insert(name, Vector { r#type, elements: Vec::new() }).is_none(),
        }
    }

    /// The elements of the vector of that name, made on its first use.
    pub(super) fn find_vector(&mut self, name: &'s str, registers: &mut Vec<Width>) -> Option<&[Reg]> {
        if !self.vectors.contains_key(name) {
            let (prefix, number) = split_number(name)?;
            let (_, r#type) = *self.vector_families.get(prefix).filter(|(count, _)| number < *count)?;
            self.vectors.insert(name, Vector { r#type, elements: Vec::new() });
        }
        let vector = self.vectors.get_mut(name)?;
        if vector.elements.is_empty() {
            let VectorType { width, len } = vector.r#type;
            let first = u32::try_from(registers.len()).ok()?;
            let end = first.checked_add(u32::try_from(len).ok()?)?;
            registers.extend(vec![width; len]);
            vector.elements = (first..end).map(Reg).collect();
        }
        Some(&vector.elements)
    }

    /// The register of that name, made on its first use.
    pub(super) fn find(&mut self, name: &'s str, registers: &mut Vec<Width>) -> Option<Reg> {
        let mut new = |width: Width| {
            let register = Reg(u32::try_from(registers.len()).ok()?);
            registers.push(width);
            Some(register)
        };
        if let Some((prefix, number)) = split_number(name)
            && let Some(family) = self.families.get_mut(prefix)
            && number < family.count
        {
            if let Some(register) = family.used.get(&number) {
                return Some(*register);
            }
            let register = new(family.width)?;
            family.used.insert(number, register);
            return Some(register);
        }
        let single = self.singles.get_mut(name)?;
        if single.used.is_none() {
            single.used = new(single.width);
        }
        single.used
    }
}

/// `%r12` to (`%r`, 12); `None` when no number is at the end, or one that `<n>` does not stand for (`%r012`).
fn split_number(name: &str) -> Option<(&str, u32)> {
    let prefix = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = &name[prefix.len()..];
    let is_plain = digits == "0" || !digits.starts_with('0');
    Some((prefix, digits.parse().ok().filter(|_| is_plain)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_as_many_names_as_declared_and_registers_as_used() {
        let mut names = Names::default();
        let mut registers = Vec::new();
        assert!(names.declare_family("%r", 13, Width::B32));
        assert!(names.declare_family("%rd", u32::MAX, Width::B64));

        assert_eq!(names.find("%rd4000000000", &mut registers), Some(Reg(0)));
        assert_eq!(names.find("%r12", &mut registers), Some(Reg(1)));
        assert_eq!(names.find("%r12", &mut registers), Some(Reg(1)));
        assert_eq!(names.find("%r13", &mut registers), None);
        assert_eq!(names.find("%r", &mut registers), None);
        assert_eq!(names.find("%r01", &mut registers), None);
        assert_eq!(registers, [Width::B64, Width::B32]);
    }

    #[test]
    fn a_vector_has_its_elements_once_it_is_used() {
        let mut names = Names::default();
        let mut registers = Vec::new();
        let (two, four) = (VectorType { width: Width::B64, len: 2 }, VectorType { width: Width::B32, len: 4 });
        assert!(names.declare_vector("q", Some(4), two));
        assert!(names.declare_vector("v", None, four));

        assert_eq!(names.find_vector("v", &mut registers), Some(&[0, 1, 2, 3].map(Reg)[..]));
        assert_eq!(names.find_vector("q3", &mut registers), Some(&[4, 5].map(Reg)[..]));
        assert_eq!(names.find_vector("v", &mut registers), Some(&[0, 1, 2, 3].map(Reg)[..]));
        assert_eq!(names.find_vector("q4", &mut registers), None);
        assert_eq!(registers, [[Width::B32; 4].to_vec(), [Width::B64; 2].to_vec()].concat());
        assert!(!names.declare_vector("v", None, two));
    }

    #[test]
    fn a_name_may_end_in_a_number_without_a_family() {
        let mut names = Names::default();
        let mut registers = Vec::new();
        assert!(names.declare("p1", Width::Pred));
        assert!(!names.declare("p1", Width::Pred));
        assert_eq!(names.find("p1", &mut registers), Some(Reg(0)));
    }
}
