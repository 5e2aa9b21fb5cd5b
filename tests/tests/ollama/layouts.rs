//! Two Ollamas on a machine, each where and how others than its own packages put it: the one that is named is set up, and the
//! other one is left alone.

use std::path::Path;

use vgpu_tests::ollama::{
    Parts,
    snapshot::Snapshot,
    tree::{Era, Layout, Tree},
};

use crate::machine::{Machine, OLLAMA};

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn of_two_ollamas_the_named_one_is_set_up() {
    let parts = Parts::find();
    let program = Path::new(OLLAMA);
    let tree = Tree::laid_out("home/somebody/.local", Layout::Variants, Era::LlamaServer, &parts, program);
    let flat = tree.add("usr", Layout::Flat, Era::LlamaServer, &parts, program);
    let machine = Machine::with(tree);
    let home = machine.tree.ollama();
    let before = Snapshot::of(machine.tree.root());

    for (named, other, folders) in [(home, &flat, "libdirs=ollama,cuda_v12 "), (&flat, home, "libdirs=ollama ")] {
        machine.install(named);
        let found = machine.discover(named, &[]).0;
        assert!(found.contains("library=CUDA") && found.contains(folders), "{}: {found}", named.usr().display());
        let found = machine.discover(other, &[]).0;
        assert!(found.starts_with("inference compute id=cpu "), "{}: {found}", other.usr().display());

        machine.wait_for_no_executor();
        machine.uninstall();
        let left = before.differences(&Snapshot::of(machine.tree.root()));
        assert!(left.is_empty(), "{}: {left:#?}", named.usr().display());
    }
}
