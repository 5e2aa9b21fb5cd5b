//! `ollama discover`: the look for GPUs that `ollama serve` takes when it starts, and a line for each device on stdout.

use std::error::Error;

use crate::{log, look::Ollama};

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let gpus = Ollama::here()?.look()?;
    for gpu in &gpus {
        // The server's line tells more: what names the device in a filter, and how much is free just now.
        let fields = gpu.fields();
        let fields = fields.iter().filter(|(name, _)| !matches!(*name, "filter_id" | "available"));
        let fields: Vec<(&str, &str)> = fields.map(|(name, value)| (*name, value.as_str())).collect();
        println!("inference compute{}", log::text(&fields));
    }
    if gpus.is_empty() {
        println!("inference compute id=cpu library=cpu");
    }
    Ok(())
}
