//! The daemon as `vgpu install --daemon` has systemd run it. The guest is the host here, and its VM is a bridge's.

use vgpu_tests::vm::Vm;

use super::SAXPY;

const BRIDGE: &str = env!("CARGO_BIN_EXE_pci-bridge");

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn systemd_starts_the_daemon_for_whoever_comes_and_keeps_its_vms_over_a_restart_and_a_crash() {
    let script = format!(
        "export GUEST_LIBCUDA=/opt/vgpu/current/lib/libcuda.so.1
         compute() {{ setpriv --reuid 1000 --regid 1000 --clear-groups {SAXPY} 1 > /dev/null && echo $1; }}
         in_vm() {{ VGPU=pci VGPU_SYSFS=/run/devices {SAXPY} 1 > /dev/null && echo $1, $(show NFileDescriptorStore) kept; }}
         show() {{ systemctl show -P $1 vgpud.service; }}
         /opt/dist/bin/vgpu install --daemon --vfio-user /run/vgpu/vm1.sock > /dev/null || exit 2
         show ActiveState
         compute came
         show StatusText
         mkdir /run/devices && {BRIDGE} /run/vgpu/vm1.sock /run/devices > /run/bridge 2>&1 &
         until grep -qs ready /run/bridge; do sleep 0.1; done
         in_vm began
         systemctl restart vgpud.service && in_vm restarted
         systemctl kill --signal=KILL vgpud.service
         until [ $(show NRestarts) = 1 ] && [ $(show SubState) = running ]; do sleep 0.1; done
         in_vm crashed
         systemctl stop vgpud.socket vgpud-vm.socket vgpud.service
         systemctl start vgpud.socket && compute again
         /opt/vgpu/current/bin/vgpu uninstall > /dev/null && show LoadState; ls /run/vgpu"
    );

    let options = ["--system", "debian", "--user", "0"];
    let output = Vm::new().options(options).programs([SAXPY, BRIDGE]).run(&script).succeeded();

    let lines: Vec<&str> = output.lines().collect();
    let expected = [
        "inactive",
        "came",
        "serving programs on /run/vgpu/vgpud.sock, VMs on /run/vgpu/vm1.sock",
        "began, 3 kept",
        "restarted, 3 kept",
        "crashed, 3 kept",
        "again",
        "not-found",
    ];
    assert_eq!(lines, expected);
}
