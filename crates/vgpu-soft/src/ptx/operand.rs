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
                return Ok(Operand::Vector(elements));
            }
            Some(b'[') => return self.address(),
            _ => self.simple()?,
        };
        if self.cursor.eat(b'|') {
            return Ok(Operand::Pair(Box::new(first), Box::new(self.simple()?)));
        }
        Ok(first)
    }

    /// An operand without brackets.
    fn simple(&mut self) -> Result<Operand<'s>> {
        let start = self.cursor.position();
        match self.cursor.peek() {
            Some(b'0'..=b'9' | b'-' | b'+' | b'~' | b'(') => {
                return Ok(Operand::Immediate(expression::constant(&mut self.cursor)?));
            }
            Some(b'!') => {
                self.cursor.expect(b'!')?;
                return Ok(Operand::Negated(self.register()?));
            }
            _ => {}
        }
        let name = match self.cursor.dotted() {
            Some(name) => name,
            None => return Err(self.cursor.expected("an operand")),
        };
        if let Some(register) = self.find(name) {
            return Ok(Operand::Register(register));
        }
        if name == "_" {
            return Ok(Operand::Sink);
        }
                let before = self.cursor.clone();
        if name == "WARP_SZ" {
                if matches!(self.cursor.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'~' | b'!' | b'(')) {
                    self.cursor = before;
                    return Ok(Operand::Immediate(expression::constant(&mut self.cursor)?));
                }
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
        if self.cursor.peek() == Some(b',') {
            return Err(self.cursor.expected("`]` (coordinates of textures and tensors are not supported)"));
        }
        self.cursor.expect(b']')?;
        Ok(operand)
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
}
