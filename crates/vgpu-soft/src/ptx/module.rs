//! The scan of a translation unit: variables, and where kernels lie.

use super::ast::{Declaration, Declared, KernelText, Linkage, Module, Space};
use super::cursor::{Cursor, Result};
use super::{Error, declare};

/// Memory for all initial values of a module together.
const MAX_INIT_BYTES: usize = 256 << 20;

/// Reads a translation unit, but not the bodies of its kernels.
///
/// # Errors
/// Where the text is not PTX, or has a directive that is not known.
pub fn parse_module(source: &str) -> std::result::Result<Module<'_>, Error> {
    let mut scan = Scan {
        cursor: Cursor::new(source),
        module: Module {
            source,
            version: (0, 0),
            target: 0,
            variables: Vec::new(),
            kernels: Vec::new(),
            files: Vec::new(),
            functions: Vec::new(),
            declarations: Vec::new(),
        },
        init_budget: MAX_INIT_BYTES,
    };
    while scan.cursor.peek().is_some() {
        scan.statement()?;
    }
    if scan.module.target == 0 {
        return Err(Error::at(source, 0, "expected a `.version` and a `.target`, found none".to_owned()));
    }
    Ok(scan.module)
}

struct Scan<'s> {
    cursor: Cursor<'s>,
    module: Module<'s>,
    init_budget: usize,
}

impl<'s> Scan<'s> {
    fn statement(&mut self) -> Result<()> {
        if self.cursor.eat(b';') {
            return Ok(());
        }
        let mut linkage = Linkage::Private;
        loop {
            let start = self.cursor.position();
            let Some(word) = self.cursor.directive()? else {
                return Err(self.cursor.expected("a directive"));
            };
            let found = match word {
                "visible" => Some(Linkage::Visible),
                "weak" => Some(Linkage::Weak),
                "common" => Some(Linkage::Common),
                "extern" => Some(Linkage::Extern),
                _ => None,
            };
            if let Some(found) = found {
                // What is another's stays so, whatever else is said of it.
                linkage = if linkage == Linkage::Extern { linkage } else { found };
                continue;
            }
            let declared = match word {
                "global" => self.variables(Space::Global, linkage)?,
                "const" => self.variables(Space::Const, linkage)?,
                "shared" => self.variables(Space::Shared, linkage)?,
                "entry" => self.entry()?,
                "func" => self.function()?,
                "alias" => self.alias()?,
                _ => return self.other(word, start),
            };
            let text = self.cursor.since(start);
            self.module.declarations.push(Declaration { linkage, declared, text });
            return Ok(());
        }
    }

    /// What declares nothing.
    fn other(&mut self, word: &str, start: usize) -> Result<()> {
        match word {
            "version" => self.version(),
            "target" => self.target(),
            "address_size" => self.address_size(),
            "file" => self.file(),
            // Of no body.
            "loc" => {
                self.cursor.skip_line();
                Ok(())
            }
            "section" => self.section(),
            "pragma" => self.cursor.skip_statement(),
            other => Err(self.cursor.error(start, format!("the directive `.{other}` is not known here"))),
        }
    }

    /// `.file 1 "matrix.cu"`, and maybe its time and length.
    fn file(&mut self) -> Result<()> {
        let number = self.cursor.integer_u32("a file's number")?;
        self.cursor.peek();
        let start = self.cursor.position();
        self.cursor.skip_string()?;
        self.module.files.push((number, self.cursor.since(start).trim_matches('"')));
        self.cursor.skip_line();
        Ok(())
    }

    fn version(&mut self) -> Result<()> {
        let start = self.cursor.position();
        self.cursor.number()?;
        let text = self.cursor.since(start);
        let parts = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        self.module.version = parts.ok_or_else(|| self.cursor.error(start, "expected a version like `8.4`"))?;
        Ok(())
    }

    fn target(&mut self) -> Result<()> {
        let start = self.cursor.position();
        loop {
            let word = self.cursor.expect_word("a target like `sm_75`")?;
            if let Some(architecture) = word.strip_prefix("sm_") {
                // `sm_90a`, `sm_100f`: features of one architecture, or of one family.
                let digits = architecture.trim_end_matches(['a', 'f']);
                let number = digits.parse().ok().filter(|number| (10..1000).contains(number));
                self.module.target = number
                    .ok_or_else(|| self.cursor.error(start, format!("`{word}` is not a target that is known")))?;
            } else if word == "map_f64_to_f32" {
                return Err(self.cursor.error(start, "the target option `map_f64_to_f32` is not supported"));
            }
            if !self.cursor.eat(b',') {
                break;
            }
        }
        if self.module.target == 0 {
            return Err(self.cursor.error(start, "expected a target like `sm_75`"));
        }
        Ok(())
    }

    fn address_size(&mut self) -> Result<()> {
        let start = self.cursor.position();
        match self.cursor.integer("64")? {
            64 => Ok(()),
            other => Err(self.cursor.error(start, format!("address size 64 is supported, {other} is not"))),
        }
    }

    fn variables(&mut self, space: Space, linkage: Linkage) -> Result<Declared<'s>> {
        // Legacy textures and samplers have no bytes; what uses them finds no variable of their name.
        for opaque in [".texref", ".samplerref", ".surfref"] {
            if self.cursor.looks_at(opaque) {
                self.cursor.directive()?;
                let name = self.cursor.word().unwrap_or_default();
                self.cursor.skip_statement()?;
                return Ok(Declared::Opaque { name });
            }
        }
        let first = self.module.variables.len();
        let (is_extern, variables) = (linkage == Linkage::Extern, &mut self.module.variables);
        declare::variables(&mut self.cursor, space, is_extern, &mut self.init_budget, variables)?;
        Ok(Declared::Variables(first..variables.len()))
    }

    fn alias(&mut self) -> Result<Declared<'s>> {
        let name = self.cursor.expect_word("the name of a function")?;
        self.cursor.skip_statement()?;
        Ok(Declared::Alias { name })
    }

    fn section(&mut self) -> Result<()> {
        self.cursor.directive()?;
        self.cursor.word();
        self.cursor.skip_braces()
    }

    fn entry(&mut self) -> Result<Declared<'s>> {
        let name = self.cursor.expect_word("the name of a kernel")?;
        let body = self.body(name, "")?;
        self.module.kernels.extend(body);
        Ok(Declared::Kernel { name, has_body: body.is_some() })
    }

    fn function(&mut self) -> Result<Declared<'s>> {
        while self.cursor.looks_at(".attribute") {
            self.cursor.directive()?;
            self.parentheses()?;
        }
        let returns = match self.cursor.peek() {
            Some(b'(') => self.parentheses()?,
            _ => "",
        };
        let name = self.cursor.expect_word("the name of a function")?;
        let body = self.body(name, returns)?;
        self.module.functions.extend(body);
        Ok(Declared::Function { name, has_body: body.is_some() })
    }

    /// Skips to the body and past it; `None` for a declaration without one.
    fn body(&mut self, name: &'s str, returns: &'s str) -> Result<Option<KernelText<'s>>> {
        let line = self.cursor.line();
        let start = self.cursor.position();
        loop {
            match self.cursor.peek() {
                Some(b'{') => break,
                Some(b';') => {
                    self.cursor.expect(b';')?;
                    return Ok(None);
                }
                Some(b'(') => {
                    self.parentheses()?;
                }
                Some(b'.') => {
                    self.cursor.directive()?;
                }
                Some(b',') => self.cursor.expect(b',')?,
                Some(b'"') => self.cursor.skip_string()?,
                Some(b'0'..=b'9') => {
                    self.cursor.number()?;
                }
                _ => return Err(self.cursor.expected(&format!("the body of `{name}`"))),
            }
            // `.pragma "...";` ends itself.
            if self.cursor.since(start).ends_with('"') {
                self.cursor.eat(b';');
            }
        }
        self.cursor.skip_braces()?;
        Ok(Some(KernelText { name, returns, text: self.cursor.since(start), line }))
    }

    /// Skips a `( ... )` without others inside, and gives it.
    fn parentheses(&mut self) -> Result<&'s str> {
        let start = self.cursor.position();
        self.cursor.expect(b'(')?;
        while !self.cursor.eat(b')') {
            match self.cursor.peek() {
                Some(b'.') => {
                    self.cursor.directive()?;
                }
                Some(b'0'..=b'9') => {
                    self.cursor.number()?;
                }
                Some(byte @ (b',' | b'[' | b']')) => self.cursor.expect(byte)?,
                _ => {
                    self.cursor.expect_word("a parameter or `)`")?;
                }
            }
        }
        Ok(self.cursor.since(start))
    }
}
