//! The body of a kernel: statements, scopes, labels, branches, calls.

use std::collections::HashMap;

use super::ast::{Guard, Instruction, Kernel, KernelText, Module, Opcode, Operand, Reg, Space, Variable, Width};
use super::cursor::{Cursor, Result};
use super::opcodes::{Arithmetic, Flow, Mnemonic};
use super::registers::{Names, VectorType};
use super::types::Scalar;
use super::{Error, declare};

/// How deep `{ }` may nest; compilers use one or two levels.
const MAX_DEPTH: usize = 64;
/// Targets of all `brx.idx` of a kernel together: each names a list, however long it is.
const MAX_TABLE_TARGETS: usize = 1 << 20;

/// Reads a kernel or a function as it stands.
pub(super) fn parse_body<'s>(module: &Module<'s>, text: &KernelText<'s>) -> Result<Kernel<'s>> {
    let mut kernel = Kernel {
        name: text.name,
        returns: Vec::new(),
        params: Vec::new(),
        param_registers: Vec::new(),
        param_bytes: 0,
        registers: Vec::new(),
        variables: Vec::new(),
        memory_params: Vec::new(),
        labels: Vec::new(),
        instructions: Vec::new(),
        max_threads: 0,
        required_threads: None,
        required_cluster: None,
        max_cluster_rank: None,
        must_have_cluster: false,
        grids_are_of_clusters: false,
        min_blocks_per_multiprocessor: 0,
    };
    if !text.returns.is_empty() {
        kernel.returns = declare::params(&mut Cursor::within(module.source, text.returns, text.line))?.0;
    }
    let mut body = Body {
        cursor: Cursor::within(module.source, text.text, text.line),
        kernel,
        scopes: vec![Scope::default()],
        variables: HashMap::new(),
        table_targets: 0,
        carry_flag: None,
    };
    if body.cursor.peek() == Some(b'(') {
        (body.kernel.params, body.kernel.param_bytes) = declare::params(&mut body.cursor)?;
    }
    body.param_registers()?;
    body.attributes()?;
    body.statements()?;
    Ok(body.kernel)
}

/// A kernel while it is read.
pub(super) struct Body<'s> {
    pub(super) cursor: Cursor<'s>,
    pub(super) kernel: Kernel<'s>,
    pub(super) scopes: Vec<Scope<'s>>,
    /// Index in `kernel.variables` by name.
    variables: HashMap<&'s str, usize>,
    table_targets: usize,
    /// The register that stands for the carry flag, once one is needed.
    carry_flag: Option<Reg>,
}

/// What one `{ }` declares.
#[derive(Default)]
pub(super) struct Scope<'s> {
    pub(super) registers: Names<'s>,
    labels: HashMap<&'s str, u32>,
    tables: HashMap<&'s str, Vec<(&'s str, usize)>>,
    /// Uses of labels that this scope has not defined (yet).
    uses: Vec<LabelUse<'s>>,
}

struct LabelUse<'s> {
    name: &'s str,
    position: usize,
    instruction: usize,
    /// The place in a table of targets; `None` for a plain branch.
    element: Option<usize>,
}

impl<'s> Body<'s> {
    /// Declares the parameters and results that are registers.
    fn param_registers(&mut self) -> Result<()> {
        let all = self.kernel.returns.iter().chain(&self.kernel.params);
        let declared: Vec<_> = all.filter_map(|param| Some((param.name, param.register?))).collect();
        for (name, width) in declared {
            let is_new = self.scope().registers.declare(name, width);
            let register = self.find(name).filter(|_| is_new);
            let register = register.ok_or_else(|| self.cursor.expected("parameters of different names"))?;
            self.kernel.param_registers.push(register);
        }
        Ok(())
    }

    /// What stands between the parameters and the `{`.
    fn attributes(&mut self) -> Result<()> {
        loop {
            let start = self.cursor.position();
            let Some(word) = self.cursor.directive()? else {
                return Ok(());
            };
            match word {
                "maxntid" => {
                    let [x, y, z] = self.three()?;
                    self.kernel.max_threads = x.saturating_mul(y).saturating_mul(z);
                }
                "reqntid" => self.kernel.required_threads = Some(self.three()?),
                "minnctapersm" => {
                    self.kernel.min_blocks_per_multiprocessor = self.cursor.integer_u32("a number of blocks")?;
                }
                "reqnctapercluster" => self.kernel.required_cluster = Some(self.three()?),
                "maxclusterrank" => self.kernel.max_cluster_rank = Some(self.cursor.integer_u32("a number of blocks")?),
                "explicitcluster" => self.kernel.must_have_cluster = true,
                "blocksareclusters" => self.kernel.grids_are_of_clusters = true,
                // Hints for register allocation.
                "maxnreg" | "maxnctapersm" | "abi_preserve" | "abi_preserve_control" => {
                    self.three()?;
                }
                "noreturn" => {}
                "pragma" => self.cursor.skip_statement()?,
                other => {
                    return Err(self.cursor.error(start, format!("the directive `.{other}` of a kernel is not known")));
                }
            }
        }
    }

    /// One to three numbers; those that are not given are 1.
    fn three(&mut self) -> Result<[u32; 3]> {
        let mut three = [1; 3];
        for (index, number) in three.iter_mut().enumerate() {
            if index > 0 && !self.cursor.eat(b',') {
                break;
            }
            *number = self.cursor.integer_u32("a number")?;
        }
        Ok(three)
    }

    fn statements(&mut self) -> Result<()> {
        self.cursor.expect(b'{')?;
        loop {
            match self.cursor.peek() {
                Some(b'{') => {
                    if self.scopes.len() >= MAX_DEPTH {
                        return Err(self.cursor.expected("at most 64 nested `{`"));
                    }
                    self.cursor.expect(b'{')?;
                    self.scopes.push(Scope::default());
                }
                Some(b'}') => {
                    self.cursor.expect(b'}')?;
                    self.close()?;
                    if self.scopes.is_empty() {
                        return Ok(());
                    }
                }
                Some(b'.') => self.directive()?,
                Some(b'@') => self.instruction()?,
                Some(b';') => self.cursor.expect(b';')?,
                Some(_) => self.label_or_instruction()?,
                None => return Err(self.cursor.expected("`}`")),
            }
        }
    }

    fn scope(&mut self) -> &mut Scope<'s> {
        self.scopes.last_mut().expect("statements end with the outermost scope")
    }

    /// Ends the innermost scope: its labels are known now, other names may be those of the scope around.
    fn close(&mut self) -> Result<()> {
        let Some(scope) = self.scopes.pop() else {
            return Ok(());
        };
        for label_use in scope.uses {
            match (scope.labels.get(label_use.name), self.scopes.last_mut()) {
                (Some(label), _) => self.resolve(&label_use, *label),
                (None, Some(outer)) => outer.uses.push(label_use),
                (None, None) => {
                    let message = format!("the label `{}` is not defined", label_use.name);
                    return Err(self.cursor.error(label_use.position, message));
                }
            }
        }
        Ok(())
    }

    fn resolve(&mut self, label_use: &LabelUse<'s>, label: u32) {
        let operands = &mut self.kernel.instructions[label_use.instruction].operands;
        match (label_use.element, operands.as_mut_slice()) {
            (None, [operand]) => *operand = Operand::Label(label),
            (Some(element), [_, Operand::Vector(targets)]) => targets[element] = Operand::Label(label),
            _ => unreachable!("branches were built with these operands"),
        }
    }

    fn directive(&mut self) -> Result<()> {
        let start = self.cursor.position();
        match self.cursor.directive()?.unwrap_or("") {
            "reg" => self.registers(),
            "shared" => self.variables(Space::Shared),
            "local" => self.variables(Space::Local),
            "param" => self.variables(Space::Param),
            "loc" | "file" => {
                self.cursor.skip_line();
                Ok(())
            }
            "pragma" => self.cursor.skip_statement(),
            "section" => {
                self.cursor.directive()?;
                self.cursor.word();
                self.cursor.skip_braces()
            }
            other => Err(self.cursor.error(start, format!("the directive `.{other}` in a kernel is not known"))),
        }
    }

    /// `.reg .b32 %r<13>, a, b;`
    fn registers(&mut self) -> Result<()> {
        let start = self.cursor.position();
        let mut name = self.cursor.directive()?.unwrap_or("");
        let len = match name {
            "v2" => 2,
            "v4" => 4,
            _ => 1,
        };
        if len > 1 {
            name = self.cursor.directive()?.unwrap_or("");
        }
        let width = Scalar::named(name).and_then(Scalar::width).filter(|width| len == 1 || *width != Width::Pred);
        let (width, len) = match (name, len) {
            ("b128", 1) => (Width::B64, 2),
            _ => match width {
                Some(width) => (width, len),
                None => {
                    return Err(self.cursor.error(start, format!("registers of type `.{name}` are not supported")));
                }
            },
        };
        loop {
            let start = self.cursor.position();
            let name = self.cursor.expect_word("the name of a register")?;
            let mut count = None;
            if self.cursor.eat(b'<') {
                count = Some(self.cursor.integer_u32("a number of registers")?);
                self.cursor.expect(b'>')?;
            }
            let names = &mut self.scope().registers;
            let is_new = match count {
                _ if len > 1 => names.declare_vector(name, count, VectorType { width, len }),
                Some(count) => names.declare_family(name, count, width),
                None => names.declare(name, width),
            };
            if !is_new {
                return Err(self.cursor.error(start, format!("the register `{name}` is declared already")));
            }
            if !self.cursor.eat(b',') {
                break;
            }
        }
        self.cursor.expect(b';')
    }

    fn variables(&mut self, space: Space) -> Result<()> {
        let start = self.cursor.position();
        let mut found: Vec<Variable<'s>> = Vec::new();
        declare::variables(&mut self.cursor, space, false, &mut 0, &mut found)?;
        for variable in found {
            let name = variable.name;
            match self.variables.get(name) {
                None => {
                    self.variables.insert(name, self.kernel.variables.len());
                    self.kernel.variables.push(variable);
                }
                // Each call sequence declares its own `param0`.
                Some(index) if space == Space::Param && self.kernel.variables[*index].space == Space::Param => {
                    let known = &mut self.kernel.variables[*index];
                    known.len_bytes = known.len_bytes.max(variable.len_bytes);
                    known.align_bytes = known.align_bytes.max(variable.align_bytes);
                }
                Some(_) => {
                    return Err(self.cursor.error(start, format!("the variable `{name}` is declared already")));
                }
            }
        }
        Ok(())
    }

    fn label_or_instruction(&mut self) -> Result<()> {
        let mut ahead = self.cursor.clone();
        let name = ahead.expect_word("a statement")?;
        // `::` joins the parts of an opcode, which have a dot before.
        if !ahead.eat(b':') {
            return self.instruction();
        }
        let start = self.cursor.position();
        self.cursor = ahead;
        if self.cursor.looks_at(".branchtargets") {
            return self.table(name);
        }
        if self.cursor.looks_at(".callprototype") || self.cursor.looks_at(".calltargets") {
            return self.cursor.skip_statement();
        }
        let label = u32::try_from(self.kernel.labels.len());
        let position = u32::try_from(self.kernel.instructions.len());
        let (Ok(label), Ok(position)) = (label, position) else {
            return Err(self.cursor.error(start, "more labels or instructions than 32 bits can count"));
        };
        if self.scope().labels.insert(name, label).is_some() {
            return Err(self.cursor.error(start, format!("the label `{name}` is defined already")));
        }
        self.kernel.labels.push(position);
        Ok(())
    }

    /// `.branchtargets L1, L2;`
    fn table(&mut self, name: &'s str) -> Result<()> {
        self.cursor.directive()?;
        let mut targets = Vec::new();
        loop {
            let position = self.cursor.position();
            targets.push((self.cursor.expect_word("a label")?, position));
            if !self.cursor.eat(b',') {
                break;
            }
        }
        self.scope().tables.insert(name, targets);
        self.cursor.expect(b';')
    }

    fn instruction(&mut self) -> Result<()> {
        let line = self.cursor.line();
        let guard = self.guard()?;
        let opcode = self.opcode()?;
        let operands = match opcode.mnemonic() {
            Mnemonic::Flow(Flow::Bra) => self.branch()?,
            Mnemonic::Flow(Flow::Brx) => self.indexed_branch()?,
            Mnemonic::Flow(Flow::Call) => self.call()?,
            Mnemonic::Video(video) => self.video(video)?,
            _ => {
                let mut operands = self.operands()?;
                self.carry(opcode, &mut operands)?;
                operands
            }
        };
        self.cursor.expect(b';')?;
        self.kernel.instructions.push(Instruction { line, guard, opcode, operands });
        Ok(())
    }

    fn opcode(&mut self) -> Result<Opcode<'s>> {
        let start = self.cursor.position();
        let Some(text) = self.cursor.dotted() else {
            return Err(self.cursor.expected("an instruction"));
        };
        Opcode::parse(text).ok_or_else(|| {
            let error = self.cursor.error(start, format!("the instruction `{text}` is not known"));
            Error { opcode: text.to_owned(), ..error }
        })
    }

    /// Writes the carry flag, which PTX leaves unsaid, as a predicate register of the kernel: a second destination of
    /// `.cc` instructions, and the last source of those that add it.
    fn carry(&mut self, opcode: Opcode<'s>, operands: &mut Vec<Operand<'s>>) -> Result<()> {
        let (adds, may_set) = match opcode.mnemonic() {
            Mnemonic::Carry(_) => (true, true),
            Mnemonic::Arithmetic(Arithmetic::Add | Arithmetic::Sub | Arithmetic::Mad) => (false, true),
            _ => (false, false),
        };
        let sets = may_set && opcode.has("cc");
        if !adds && !sets {
            return Ok(());
        }
        let carry = match self.carry_flag {
            Some(carry) => carry,
            None => {
                let count = u32::try_from(self.kernel.registers.len());
                let new = Reg(count.map_err(|_| self.cursor.expected("fewer registers"))?);
                self.kernel.registers.push(Width::Pred);
                *self.carry_flag.insert(new)
            }
        };
        if let (true, Some(first)) = (sets, operands.first_mut()) {
            let result = std::mem::replace(first, Operand::Sink);
            *first = Operand::Pair(Box::new(result), Box::new(Operand::Register(carry)));
        }
        if adds {
            operands.push(Operand::Register(carry));
        }
        Ok(())
    }

    fn guard(&mut self) -> Result<Option<Guard>> {
        if !self.cursor.eat(b'@') {
            return Ok(None);
        }
        let negated = self.cursor.eat(b'!');
        Ok(Some(Guard { register: self.register()?, negated }))
    }

    fn branch(&mut self) -> Result<Vec<Operand<'s>>> {
        let position = self.cursor.position();
        let name = self.cursor.expect_word("a label")?;
        let instruction = self.kernel.instructions.len();
        self.scope().uses.push(LabelUse { name, position, instruction, element: None });
        // Resolved when the scope closes.
        Ok(vec![Operand::Label(u32::MAX)])
    }

    fn indexed_branch(&mut self) -> Result<Vec<Operand<'s>>> {
        let index = self.operand()?;
        self.cursor.expect(b',')?;
        let position = self.cursor.position();
        let name = self.cursor.expect_word("a list of targets")?;
        let Some(table) = self.scopes.iter().rev().find_map(|scope| scope.tables.get(name)) else {
            let message = format!("expected a `.branchtargets` list before, found none named `{name}`");
            return Err(self.cursor.error(position, message));
        };
        self.table_targets += table.len();
        if self.table_targets > MAX_TABLE_TARGETS {
            return Err(self.cursor.error(position, "too many targets of indexed branches"));
        }
        let table = table.clone();
        let instruction = self.kernel.instructions.len();
        let unresolved = vec![Operand::Label(u32::MAX); table.len()];
        for (element, (name, position)) in table.into_iter().enumerate() {
            self.scope().uses.push(LabelUse { name, position, instruction, element: Some(element) });
        }
        Ok(vec![index, Operand::Vector(unresolved)])
    }

    /// `(results), callee, (arguments), prototype`
    fn call(&mut self) -> Result<Vec<Operand<'s>>> {
        let mut operands = Vec::new();
        if self.cursor.peek() == Some(b'(') {
            operands.push(self.list()?);
            self.cursor.expect(b',')?;
        } else {
            operands.push(Operand::Vector(Vec::new()));
        }
        operands.push(self.operand()?);
        let mut has_arguments = false;
        while self.cursor.eat(b',') {
            if !has_arguments && self.cursor.peek() == Some(b'(') {
                operands.push(self.list()?);
            } else {
                if !has_arguments {
                    operands.push(Operand::Vector(Vec::new()));
                }
                operands.push(self.operand()?);
            }
            has_arguments = true;
        }
        if !has_arguments {
            operands.push(Operand::Vector(Vec::new()));
        }
        Ok(operands)
    }
}
