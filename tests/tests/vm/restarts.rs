//! The daemon is started anew under a machine that runs, and then the machine is reset.

use serde_json::json;
use vgpu_tests::{service::Service, vm::Vm};

use super::{BOOT_MAX, FLAGS, SAXPY};

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_vm_computes_on_after_its_daemon_was_started_anew_and_again_after_a_reset() {
    let mut service = Service::start(&[FLAGS, &["--threads=1"]].concat());
    let script = format!(
        "if [ $VM_BOOT = 1 ]; then
             {SAXPY} forever 2> /dev/null; echo lost
             {SAXPY} 1 > /dev/null && echo computes again; sleep 600
         fi
         {SAXPY} 1 > /dev/null && echo computes after the reset"
    );
    let function = service.function();
    let options = ["--keep-on-reboot", "--device", function.to_str().expect("UTF-8")];
    let mut vm = Vm::new().options(options).controlled().programs([SAXPY]).start(&script);
    vm.expect_line("ready");

    service.restart();

    vm.expect_line("lost");
    vm.expect_line("computes again");
    vm.qmp().execute("system_reset", &json!({}));
    vm.expect_line("computes after the reset");
    assert_eq!(vm.end(BOOT_MAX).1, Some(0));
}
