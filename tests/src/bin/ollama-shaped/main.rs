//! A program that does what Ollama does with a GPU, to be put in Ollama's place as `bin/ollama` of a tree.
//!
//! - `serve`: [`serve`] listens, looks for GPUs once ([`look`], which asks children, [`asked`]), and answers clients
//!   ([`connection`], [`generate`]). [`schedule`] says which models are loaded; each is a llama-server ([`model`]), of whose
//!   memory and errors no more is known than it says ([`said`]). What is logged has Ollama's words and form ([`log`](mod@log)).
//! - `discover` ([`discover`]) is the look alone. It prints for each GPU `inference compute id=... library=CUDA ...`, and without
//!   one `inference compute id=cpu library=cpu`.
//! - `runner` ([`runner`], 0.12.4 to 0.24) and `gpu-discover` ([`gpu_discover`], from 0.30) are children of the look; they print
//!   JSON. They ask the backend ([`ggml`]) and the driver's libraries ([`cuda`]).
//!
//! Everything that decides whether a GPU is found, and whether it is kept, is done as Ollama does it: where libraries are looked
//! for, the environment and order of child processes, what each opens and calls, which devices are dropped, how long is waited,
//! by which words an error is known, how a model is ended. Only files of models are served (a path, or a name below
//! OLLAMA_MODELS), and only where there is a llama-server: the runner of older versions runs none here. There are no templates,
//! and no guesses at the memory that a model will take.
//!
//! What children of the look say is discarded, unless OLLAMA_DEBUG is 2.

mod asked;
mod connection;
mod cuda;
mod discover;
mod generate;
mod ggml;
mod gpu_discover;
mod log;
mod look;
mod model;
mod runner;
mod said;
mod schedule;
mod serve;

use std::{env, error::Error};

/// Of the Ollama that this is shaped after.
const VERSION: &str = "0.32.15";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["serve"] => serve::run(),
        ["discover"] => discover::run(),
        ["runner", "--ollama-engine"] => runner::run(),
        ["gpu-discover", "--lib-dir", folder] => gpu_discover::run(folder.as_ref()),
        ["--version" | "-v"] => {
            println!("ollama version is {VERSION}");
            Ok(())
        }
        _ => Err("usage: ollama serve | discover | --version".into()),
    }
}
