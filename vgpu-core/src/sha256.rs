//! SHA-256 (FIPS 180-4): the name by which images are kept.
//!
//! Uses the processor's instructions for it where there are any: a guest hashes all that it loads.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi32,
};

/// A SHA-256 hash.
pub type Digest = [u8; 32];

const BLOCK_BYTES: usize = 64;
type Block = [u8; BLOCK_BYTES];
type State = [u32; 8];

/// First 32 bits of the fractional parts of the square roots of the first 8 primes.
const START: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// First 32 bits of the fractional parts of the cube roots of the first 64 primes.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// Whether [`sha256`] uses the processor's own instructions: several times faster than without.
pub(crate) fn is_fast() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3")
}

/// The hash of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    let compress: fn(&mut State, &[Block]) = if is_fast() {
        // SAFETY: the processor has the instructions that the function is compiled for.
        |state, blocks| unsafe { compress_sha_ni(state, blocks) }
    } else {
        compress_portable
    };
    hash_with(compress, bytes)
}

fn hash_with(compress: impl Fn(&mut State, &[Block]), bytes: &[u8]) -> Digest {
    let mut state = START;
    let (blocks, rest) = bytes.as_chunks();
    compress(&mut state, blocks);
    // What is left, a bit, zeros, and the length in bits fill one block or two.
    let mut last = [[0; BLOCK_BYTES]; 2];
    let count = if rest.len() < BLOCK_BYTES - 8 { 1 } else { 2 };
    last[0][..rest.len()].copy_from_slice(rest);
    last[0][rest.len()] = 0x80;
    last[count - 1][BLOCK_BYTES - 8..].copy_from_slice(&(bytes.len() as u64).wrapping_mul(8).to_be_bytes());
    compress(&mut state, &last[..count]);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// Word `at` of a block.
fn word(block: &Block, at: usize) -> u32 {
    u32::from_be_bytes(block.as_chunks().0[at])
}

fn compress_portable(state: &mut State, blocks: &[Block]) {
    for block in blocks {
        let mut words: [u32; 16] = std::array::from_fn(|at| word(block, at));
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        for round in 0..64 {
            if round >= 16 {
                let (w2, w15) = (words[(round + 14) % 16], words[(round + 1) % 16]);
                let s0 = w15.rotate_right(7) ^ w15.rotate_right(18) ^ (w15 >> 3);
                let s1 = w2.rotate_right(17) ^ w2.rotate_right(19) ^ (w2 >> 10);
                words[round % 16] =
                    words[round % 16].wrapping_add(s0).wrapping_add(words[(round + 9) % 16]).wrapping_add(s1);
            }
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let first =
                h.wrapping_add(s1).wrapping_add(choice).wrapping_add(ROUNDS[round]).wrapping_add(words[round % 16]);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & b) ^ (a & c) ^ (b & c);
            (h, g, f, e, d, c, b, a) =
                (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(s0).wrapping_add(majority));
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(add);
        }
    }
}

/// Four words as a vector, the first lowest.
#[target_feature(enable = "sse2")]
fn vector(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress_sha_ni(state: &mut State, blocks: &[Block]) {
    // The instructions keep the state in these two halves, the first-named word highest.
    let [a, b, c, d, e, f, g, h] = *state;
    let mut abef = vector([f, e, b, a]);
    let mut cdgh = vector([h, g, d, c]);
    for block in blocks {
        let (abef_before, cdgh_before) = (abef, cdgh);
        let mut words: [__m128i; 4] =
            std::array::from_fn(|at| vector(std::array::from_fn(|lane| word(block, 4 * at + lane))));
        for (step, constants) in ROUNDS.as_chunks().0.iter().enumerate() {
            if step >= 4 {
                // The four words for this step, from the sixteen before.
                let [w16, w12, w8, w4] = std::array::from_fn(|back| words[(step + back) % 4]);
                let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w16, w12), _mm_alignr_epi8::<4>(w4, w8));
                words[step % 4] = _mm_sha256msg2_epu32(sum, w4);
            }
            let sum = _mm_add_epi32(words[step % 4], vector(*constants));
            // Two rounds turn one half into the other; so do the next two.
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32::<0b1110>(sum));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    *state = [
        _mm_extract_epi32::<3>(abef),
        _mm_extract_epi32::<2>(abef),
        _mm_extract_epi32::<3>(cdgh),
        _mm_extract_epi32::<2>(cdgh),
        _mm_extract_epi32::<1>(abef),
        _mm_extract_epi32::<0>(abef),
        _mm_extract_epi32::<1>(cdgh),
        _mm_extract_epi32::<0>(cdgh),
    ]
    .map(i32::cast_unsigned);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digest: Digest) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Both ways of computing, which must agree.
    fn hash(bytes: &[u8]) -> String {
        let portable = hash_with(compress_portable, bytes);
        assert_eq!(sha256(bytes), portable, "{} bytes", bytes.len());
        hex(portable)
    }

    #[test]
    fn the_standards_examples_come_out() {
        assert_eq!(hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(
            hash(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
        assert_eq!(hash(&vec![b'a'; 1_000_000]), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }

    #[test]
    fn every_length_around_a_blocks_end_is_padded_right() {
        // The hash of the hashes of 0 to 200 bytes 0, 1, 2, ..., as Python's hashlib has it.
        let bytes: Vec<u8> = (0..200).collect();
        let all: String = (0..=200).map(|len| hash(&bytes[..len]) + "\n").collect();
        assert_eq!(hash(all.as_bytes()), "ed25cacdb4649f85f4e8d7e9f69507130d4a5ba99a48a8390b83a112018b0deb");
    }
}
