//! A tiny llama with random weights: big enough to run every kernel of a real decode, small enough to make in a blink.

use std::{fs, io::BufWriter, path::Path};

use anyhow::{Context, Result};
use half::f16;

use super::gguf::{File, Value};

/// How the weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum WeightType {
    F32,
    F16,
    #[value(name = "q8_0")]
    Q8_0,
    #[value(name = "q4_0")]
    Q4_0,
}

/// Weights per block of the quantised types.
const BLOCK: usize = 32;

impl WeightType {
    pub(crate) const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Q8_0, Self::Q4_0];

    /// The name that llama.cpp gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q4_0 => "q4_0",
        }
    }

    /// ggml's number of the tensor type, and llama.cpp's number of the file type.
    fn codes(self) -> (u32, u32) {
        match self {
            Self::F32 => (0, 0),
            Self::F16 => (1, 1),
            Self::Q8_0 => (8, 7),
            Self::Q4_0 => (2, 2),
        }
    }

    fn encode(self, weights: &[f32]) -> Vec<u8> {
        match self {
            Self::F32 => weights.iter().flat_map(|w| w.to_le_bytes()).collect(),
            Self::F16 => weights.iter().flat_map(|w| f16::from_f32(*w).to_le_bytes()).collect(),
            Self::Q8_0 => weights.chunks_exact(BLOCK).flat_map(encode_q8_0).collect(),
            Self::Q4_0 => weights.chunks_exact(BLOCK).flat_map(encode_q4_0).collect(),
        }
    }
}

/// An f16 scale and 32 signed bytes.
fn encode_q8_0(block: &[f32]) -> Vec<u8> {
    let scale = block.iter().fold(0f32, |max, w| max.max(w.abs())) / 127.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    let mut bytes = f16::from_f32(scale).to_le_bytes().to_vec();
    bytes.extend(block.iter().map(|w| ((w * inverse).round() as i8).cast_unsigned()));
    bytes
}

/// An f16 scale and 32 nibbles around 8; byte k holds weights k (low) and k + 16 (high).
fn encode_q4_0(block: &[f32]) -> Vec<u8> {
    let extreme = block.iter().copied().fold(0f32, |most, w| if w.abs() > most.abs() { w } else { most });
    let scale = extreme / -8.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    let nibble = |w: f32| ((w * inverse + 8.5) as u8).min(15);
    let mut bytes = f16::from_f32(scale).to_le_bytes().to_vec();
    bytes.extend((0..BLOCK / 2).map(|k| nibble(block[k]) | nibble(block[k + BLOCK / 2]) << 4));
    bytes
}

/// Normally distributed numbers from a seed: the same on every machine.
struct Normal {
    state: u64,
}

impl Normal {
    /// SplitMix64.
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The sum of twelve uniform numbers, less six: near enough to normal, and free of libm.
    fn next(&mut self) -> f32 {
        let uniform = |bits: u64| (bits >> 40) as f32 / (1u64 << 24) as f32;
        (0..12).map(|_| uniform(self.bits())).sum::<f32>() - 6.0
    }
}

const LAYERS: usize = 2;
const EMBEDDING: usize = 256;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const HEAD: usize = EMBEDDING / HEADS;
const FEED_FORWARD: usize = 512;
const CONTEXT: u32 = 512;
const WORDS: &str = "the a of and to in is it you that he was for on are with as his they at be this have from or one \
    had by word but not what all were we when your can said there use an each which she do how their if will up other \
    about out many then them these so some her would make like him into time has look two more write go see number no \
    way could people my than first water been call who oil its now find long down day did get come made may part";

/// Writes the model to `path`; the same bytes every time.
pub(crate) fn write(path: &Path, weights: WeightType) -> Result<()> {
    let mut file = File::default();
    let vocabulary = vocabulary(&mut file);
    let (tensor_type, file_type) = weights.codes();
    for (key, value) in [
        ("embedding_length", EMBEDDING as u32),
        ("block_count", LAYERS as u32),
        ("feed_forward_length", FEED_FORWARD as u32),
        ("attention.head_count", HEADS as u32),
        ("attention.head_count_kv", KV_HEADS as u32),
        ("rope.dimension_count", HEAD as u32),
        ("context_length", CONTEXT),
        ("vocab_size", vocabulary as u32),
    ] {
        file.set(&format!("llama.{key}"), Value::U32(value));
    }
    file.set("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5));
    file.set("llama.rope.freq_base", Value::F32(10_000.0));
    file.set("general.file_type", Value::U32(file_type));

    let mut random = Normal { state: 1 };
    let mut matrix = |file: &mut File, name: &str, rows: usize, columns: usize, deviation: f32| {
        let values: Vec<f32> = (0..rows * columns).map(|_| random.next() * deviation).collect();
        file.tensor(name, &[columns as u64, rows as u64], tensor_type, weights.encode(&values));
    };
    let ones = |file: &mut File, name: &str| {
        file.tensor(name, &[EMBEDDING as u64], 0, WeightType::F32.encode(&[1.0; EMBEDDING]));
    };
    let fan_in = |columns: usize| (columns as f32).sqrt().recip();
    matrix(&mut file, "token_embd.weight", vocabulary, EMBEDDING, 1.0);
    for layer in 0..LAYERS {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        ones(&mut file, &name("attn_norm"));
        ones(&mut file, &name("ffn_norm"));
        for (part, rows, columns) in [
            ("attn_q", HEADS * HEAD, EMBEDDING),
            ("attn_k", KV_HEADS * HEAD, EMBEDDING),
            ("attn_v", KV_HEADS * HEAD, EMBEDDING),
            ("attn_output", EMBEDDING, HEADS * HEAD),
            ("ffn_gate", FEED_FORWARD, EMBEDDING),
            ("ffn_up", FEED_FORWARD, EMBEDDING),
            ("ffn_down", EMBEDDING, FEED_FORWARD),
        ] {
            matrix(&mut file, &name(part), rows, columns, fan_in(columns));
        }
    }
    ones(&mut file, "output_norm.weight");
    matrix(&mut file, "output.weight", vocabulary, EMBEDDING, fan_in(EMBEDDING));

    let target = fs::File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    file.write(&mut BufWriter::new(target)).with_context(|| format!("cannot write {}", path.display()))
}

/// Adds a SentencePiece-like vocabulary of bytes, letters and a few words; returns its size, a multiple of 32.
fn vocabulary(file: &mut File) -> usize {
    const NORMAL: i32 = 1;
    const UNKNOWN: i32 = 2;
    const CONTROL: i32 = 3;
    const UNUSED: i32 = 5;
    const BYTE: i32 = 6;
    let mut tokens: Vec<(Vec<u8>, i32, f32)> =
        vec![(b"<unk>".into(), UNKNOWN, 0.0), (b"<s>".into(), CONTROL, 0.0), (b"</s>".into(), CONTROL, 0.0)];
    tokens.extend((0..=255u8).map(|byte| (format!("<0x{byte:02X}>").into_bytes(), BYTE, 0.0)));
    // U+2581 stands for the space before a word.
    let letters = std::iter::once('\u{2581}').chain('!'..='~').map(String::from);
    for piece in letters.chain(WORDS.split_whitespace().map(|word| format!("\u{2581}{word}"))) {
        let score = -(tokens.len() as f32);
        tokens.push((piece.into_bytes(), NORMAL, score));
    }
    while !tokens.len().is_multiple_of(32) {
        tokens.push((format!("[PAD{}]", tokens.len()).into_bytes(), UNUSED, -1e4));
    }
    let len = tokens.len();
    file.set("general.architecture", Value::Text("llama".into()));
    file.set("general.name", Value::Text("tiny-random".into()));
    file.set("tokenizer.ggml.model", Value::Text("llama".into()));
    file.set("tokenizer.ggml.pre", Value::Text("default".into()));
    file.set("tokenizer.ggml.token_type", Value::I32s(tokens.iter().map(|token| token.1).collect()));
    file.set("tokenizer.ggml.scores", Value::F32s(tokens.iter().map(|token| token.2).collect()));
    file.set("tokenizer.ggml.tokens", Value::Texts(tokens.into_iter().map(|token| token.0).collect()));
    file.set("tokenizer.ggml.bos_token_id", Value::U32(1));
    file.set("tokenizer.ggml.eos_token_id", Value::U32(2));
    file.set("tokenizer.ggml.unknown_token_id", Value::U32(0));
    file.set("tokenizer.ggml.add_bos_token", Value::Bool(true));
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_q8_0_block_keeps_its_extreme_value() {
        let mut block = [0.5f32; BLOCK];
        block[3] = -2.0;
        let bytes = encode_q8_0(&block);
        assert_eq!(bytes.len(), 34);
        assert_eq!(bytes[2 + 3].cast_signed(), -127);
    }

    #[test]
    fn a_q4_0_block_puts_its_extreme_value_at_nibble_zero() {
        let mut block = [0.0f32; BLOCK];
        block[16] = -8.0;
        block[0] = 7.0;
        let bytes = encode_q4_0(&block);
        assert_eq!(bytes.len(), 18);
        assert_eq!(bytes[2], 0x0f);
    }
}
