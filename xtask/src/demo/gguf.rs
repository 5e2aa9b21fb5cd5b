//! Writes GGUF files: a header, typed key-value pairs, tensor descriptions, aligned tensor data.
//!
//! Source: the format's public description in the ggml project, version 3, little-endian.

use std::io::{self, Write};

const MAGIC: &[u8; 4] = b"GGUF";
const VERSION: u32 = 3;
const ALIGN_BYTES: usize = 32;

/// A metadata value; the discriminants are the file's type codes.
pub(crate) enum Value {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<Vec<u8>>),
    F32s(Vec<f32>),
    I32s(Vec<i32>),
}

impl Value {
    fn type_code(&self) -> u32 {
        match self {
            Self::U32(_) => 4,
            Self::F32(_) => 6,
            Self::Bool(_) => 7,
            Self::Text(_) => 8,
            Self::Texts(_) | Self::F32s(_) | Self::I32s(_) => 9,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::U32(value) => out.extend(value.to_le_bytes()),
            Self::F32(value) => out.extend(value.to_le_bytes()),
            Self::Bool(value) => out.push(u8::from(*value)),
            Self::Text(text) => write_text(out, text.as_bytes()),
            Self::Texts(texts) => {
                write_array_head(out, 8, texts.len());
                texts.iter().for_each(|text| write_text(out, text));
            }
            Self::F32s(values) => {
                write_array_head(out, 6, values.len());
                values.iter().for_each(|value| out.extend(value.to_le_bytes()));
            }
            Self::I32s(values) => {
                write_array_head(out, 5, values.len());
                values.iter().for_each(|value| out.extend(value.to_le_bytes()));
            }
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text);
}

fn write_array_head(out: &mut Vec<u8>, type_code: u32, len: usize) {
    out.extend(type_code.to_le_bytes());
    out.extend((len as u64).to_le_bytes());
}

struct Tensor {
    name: String,
    /// Innermost dimension first, as the file wants it.
    shape: Vec<u64>,
    type_code: u32,
    data: Vec<u8>,
}

/// A file being put together.
#[derive(Default)]
pub(crate) struct File {
    pairs: Vec<(String, Value)>,
    tensors: Vec<Tensor>,
}

impl File {
    /// Adds a metadata pair.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.pairs.push((key.to_owned(), value));
    }

    /// Adds a tensor whose `data` is already in the encoding that `type_code` names; `shape` is innermost first.
    pub(crate) fn tensor(&mut self, name: &str, shape: &[u64], type_code: u32, data: Vec<u8>) {
        self.tensors.push(Tensor { name: name.to_owned(), shape: shape.to_vec(), type_code, data });
    }

    /// Writes the whole file.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut head = Vec::new();
        head.extend(MAGIC);
        head.extend(VERSION.to_le_bytes());
        head.extend((self.tensors.len() as u64).to_le_bytes());
        head.extend((self.pairs.len() as u64).to_le_bytes());
        for (key, value) in &self.pairs {
            write_text(&mut head, key.as_bytes());
            head.extend(value.type_code().to_le_bytes());
            value.write(&mut head);
        }
        let mut offset = 0u64;
        for tensor in &self.tensors {
            write_text(&mut head, tensor.name.as_bytes());
            head.extend((tensor.shape.len() as u32).to_le_bytes());
            tensor.shape.iter().for_each(|n| head.extend(n.to_le_bytes()));
            head.extend(tensor.type_code.to_le_bytes());
            head.extend(offset.to_le_bytes());
            offset += tensor.data.len().next_multiple_of(ALIGN_BYTES) as u64;
        }
        head.resize(head.len().next_multiple_of(ALIGN_BYTES), 0);
        out.write_all(&head)?;
        for tensor in &self.tensors {
            out.write_all(&tensor.data)?;
            let padding = tensor.data.len().next_multiple_of(ALIGN_BYTES) - tensor.data.len();
            out.write_all(&[0; ALIGN_BYTES][..padding])?;
        }
        Ok(())
    }
}
