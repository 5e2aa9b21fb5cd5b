//! Whether the software GPU knows every instruction of the client's kernels, and has a test for each form of them.

use anyhow::{Context, Result};

use crate::{demo::client::Client, workspace};

/// Each takes other PTX from the library's fatbins.
const CAPABILITIES: [&str; 3] = ["61", "75", "80"];

/// Parses and compiles all kernels of the client's CUDA backend.
///
/// # Errors
/// A kernel has a form that is not supported, or that `forms.txt` lacks: the list of forms that have tests.
pub(crate) fn corpus(client: &Client) -> Result<()> {
    let forms = workspace::root().join("crates/vgpu-soft/tests/ptx/forms.txt");
    for capability in CAPABILITIES {
        println!("corpus at capability {capability}:");
        let mut command = workspace::cargo();
        command.args(["run", "--quiet", "--release", "-p", "vgpu-soft", "--example", "corpus", "--"]);
        command.arg("--check-forms").arg(&forms).arg(client.cuda_backend()).arg(capability);
        workspace::check(&mut command).with_context(|| format!("the corpus at capability {capability}"))?;
    }
    Ok(())
}
