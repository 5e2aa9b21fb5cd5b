//! A program that finds GPUs as Ollama does, to be put in Ollama's place as `bin/ollama` of a tree.
//!
//! Everything that decides whether a GPU is found is done as Ollama does it: where libraries are looked for, the environment and
//! order of child processes, what each opens and calls, which devices are dropped. What serves models is left out.
//!
//! - `discover` is the part of `ollama serve` that runs at start. It prints the lines that the server logs: for each GPU
//!   `inference compute id=... library=CUDA ...`, and without one `inference compute id=cpu library=cpu`.
//! - `runner` (0.12.4 to 0.24) and `gpu-discover` (from 0.30) are children of it; they print JSON.
//!
//! What children say is discarded, unless OLLAMA_DEBUG is 2.

mod cuda;
mod discover;
mod ggml;
mod gpu_discover;
mod runner;

use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["discover"] => discover::run(),
        ["runner", "--ollama-engine"] => runner::run(),
        ["gpu-discover", "--lib-dir", folder] => gpu_discover::run(folder.as_ref()),
        _ => Err("usage: ollama discover".into()),
    }
}
