//! Operands of instructions.

use super::ast::{AddressBase, Immediate, Operand, Reg, Width};
use super::cursor::Result;
use super::kernel::Body;
use super::{expression, special};

impl<'s> Body<'s> {
    pub(super) fn operands(&mut self) -> Result<Vec<Operand<'s>>> {
        let mut operands = Vec::new();
        if self.cursor.peek() == Some(b';') {
            return Ok(operands);
        }
        loop {
            operands.push(self.operand()?);
            if !self.cursor.eat(b',') {
                return Ok(operands);
            }
        }
    }

    pub(super) fn list(&mut self) -> Result<Operand<'s>> {
        self.cursor.expect(b'(')?;
        let mut elements = Vec::new();
        while !self.cursor.eat(b')') {
            if !elements.is_empty() {
                self.cursor.expect(b',')?;
            }
            elements.push(self.simple()?);
        }
        Ok(Operand::Vector(elements))
    }

    pub(super) fn operand(&mut self) -> Result<Operand<'s>> {
        let first = match self.cursor.peek() {
            Some(b'{') => {
                self.cursor.expect(b'{')?;
                let mut elements = vec![self.simple()?];
                while self.cursor.eat(b',') {
                    elements.push(self.simple()?);
                }
                self.cursor.expect(b'}')?;
                Operand::Vector(elements)
            }
            Some(b'[') => return self.address(),
            _ => match self.vector() {
                Some(vector) => return Ok(vector),
                None => self.simple()?,
            },
        };
        if self.cursor.eat(b'|') {
            return Ok(Operand::Pair(Box::new(first), Box::new(self.simple()?)));
        }
        Ok(first)
    }

    /// The name of a vector, which stands for its elements.
    fn vector(&mut self) -> Option<Operand<'s>> {
        let mut ahead = self.cursor.clone();
        let name = ahead.dotted()?;
        let elements = match name.strip_prefix('%').and_then(special::components) {
            Some(components) => components.map(Operand::Special).to_vec(),
            None => self.find_vector(name)?.into_iter().map(Operand::Register).collect(),
        };
        self.cursor = ahead;
        Some(Operand::Vector(elements))
    }

    /// An operand without brackets.
    fn simple(&mut self) -> Result<Operand<'s>> {
        let start = self.cursor.position();
        match self.cursor.peek() {
            Some(b'0'..=b'9' | b'-' | b'+' | b'~' | b'(') => {
                return Ok(Operand::Immediate(expression::constant(&mut self.cursor)?));
            }
            Some(b'!') => {
                let before = self.cursor.clone();
                self.cursor.expect(b'!')?;
                if matches!(self.cursor.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'~' | b'!' | b'(')) {
                    self.cursor = before;
                    return Ok(Operand::Immediate(expression::constant(&mut self.cursor)?));
                }
                return Ok(Operand::Negated(self.register()?));
            }
            _ => {}
        }
        let name = match self.cursor.dotted() {
            Some(name) => name,
            None => return Err(self.cursor.expected("an operand")),
        };
        if let Some(register) = self.find(name).or_else(|| self.element(name)) {
            return Ok(Operand::Register(register));
        }
        if name == "_" {
            return Ok(Operand::Sink);
        }
        if name == "WARP_SZ" {
            return Ok(Operand::Immediate(Immediate::Integer(32)));
        }
        if let Some(special) = name.strip_prefix('%') {
            return match special::is_special(special) {
                true => Ok(Operand::Special(special)),
                false => Err(self.cursor.error(start, format!("the register `{name}` is not declared"))),
            };
        }
        if name.contains(['.', ':']) {
            return Err(self.cursor.error(start, format!("`{name}` is neither a register nor a variable")));
        }
        Ok(Operand::Symbol { name, offset: self.offset()? })
    }

    /// `[base+offset]`
    fn address(&mut self) -> Result<Operand<'s>> {
        self.cursor.expect(b'[')?;
        let start = self.cursor.position();
        let operand = match self.cursor.peek() {
            Some(b'0'..=b'9' | b'-' | b'+') => {
                let offset = self.cursor.integer("an address")?.cast_signed();
                Operand::Address { base: AddressBase::Absolute, offset }
            }
            _ => {
                let name = self.cursor.expect_word("an address")?;
                let base = match self.find(name) {
                    Some(register) => AddressBase::Register(register),
                    None if name.starts_with('%') => {
                        return Err(self.cursor.error(start, format!("the register `{name}` is not declared")));
                    }
                    None => AddressBase::Symbol(name),
                };
                Operand::Address { base, offset: self.offset()? }
            }
        };
        if self.cursor.eat(b',') {
            return self.coordinates(operand);
        }
        self.cursor.expect(b']')?;
        Ok(operand)
    }

    /// What follows the comma in `[texture, {x, y}]` and `[texture, sampler, {x, y}]`.
    fn coordinates(&mut self, texture: Operand<'s>) -> Result<Operand<'s>> {
        let mut elements = vec![texture];
        loop {
            match self.operand()? {
                Operand::Vector(coordinates) => elements.extend(coordinates),
                Operand::Symbol { name, offset } => {
                    elements.push(Operand::Address { base: AddressBase::Symbol(name), offset });
                }
                single => elements.push(single),
            }
            if !self.cursor.eat(b',') {
                self.cursor.expect(b']')?;
                return Ok(Operand::Vector(elements));
            }
        }
    }

    /// `+8`, `-8`, `+-8`, or nothing.
    fn offset(&mut self) -> Result<i64> {
        match self.cursor.peek() {
            Some(b'+' | b'-') => Ok(self.cursor.integer("a number of bytes")?.cast_signed()),
            _ => Ok(0),
        }
    }

    pub(super) fn register(&mut self) -> Result<Reg> {
        let start = self.cursor.position();
        let name = self.cursor.expect_word("a register")?;
        match self.find(name) {
            Some(register) => Ok(register),
            None => Err(self.cursor.error(start, format!("the register `{name}` is not declared"))),
        }
    }

    pub(super) fn find(&mut self, name: &'s str) -> Option<Reg> {
        let registers: &mut Vec<Width> = &mut self.kernel.registers;
        self.scopes.iter_mut().rev().find_map(|scope| scope.registers.find(name, registers))
    }

    fn find_vector(&mut self, name: &'s str) -> Option<Vec<Reg>> {
        let registers: &mut Vec<Width> = &mut self.kernel.registers;
        let mut scopes = self.scopes.iter_mut().rev();
        scopes.find_map(|scope| scope.registers.find_vector(name, registers).map(<[Reg]>::to_vec))
    }

    /// `v.x`: one element of a vector.
    fn element(&mut self, name: &'s str) -> Option<Reg> {
        let (name, component) = name.split_once('.')?;
        let number = match component {
            "x" | "r" => 0,
            "y" | "g" => 1,
            "z" | "b" => 2,
            "w" | "a" => 3,
            _ => return None,
        };
        self.find_vector(name)?.get(number).copied()
    }
}
