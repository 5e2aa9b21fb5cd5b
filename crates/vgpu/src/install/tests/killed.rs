//! Runs that are cut off after each of their changes.

use super::SYSTEM;
use super::guest::vm;
use super::machine::{Dist, Machine, Snapshot, differences};

/// Has `cut_off` end after every number of changes that it makes, each on a machine of its own, and hands that on.
fn after_every_step(cut_off: impl Fn(&Machine, usize) -> Result<String, String>, check: impl Fn(&Machine, usize)) {
    after_every_step_on(Machine::new, cut_off, check);
}

fn after_every_step_on(
    make: impl Fn() -> Machine,
    cut_off: impl Fn(&Machine, usize) -> Result<String, String>,
    check: impl Fn(&Machine, usize),
) {
    for steps in 0.. {
        let machine = make();
        let result = cut_off(&machine, steps);
        if result.is_ok() {
            assert!(steps > 20, "it has only {steps} steps");
            return;
        }
        assert!(result.expect_err("it was cut off").contains("killed by a test"), "at step {steps}");
        check(&machine, steps);
    }
}

/// A machine as `prepare` leaves it.
fn whole(prepare: impl Fn(&Machine)) -> Snapshot {
    let machine = Machine::new();
    prepare(&machine);
    snapshot(&machine)
}

/// Without what differs. Where a run ends after a prefix has appeared and before its record is there, or after the record is
/// gone, nobody knows the time of the folder that it is in. And the record itself tells when a run has left the others.
fn snapshot(machine: &Machine) -> Snapshot {
    const PARENTS: [&str; 2] = ["opt", "srv"];
    let mut all = machine.snapshot();
    for folder in PARENTS {
        all.entry(folder.to_owned()).and_modify(|(.., is_old, _)| *is_old = 0);
    }
    for (_, (.., text)) in all.iter_mut().filter(|(path, _)| path.ends_with("/install.json")) {
        let mut record: serde_json::Value = serde_json::from_slice(text).expect("a whole record");
        let times = record["times"].as_array_mut().expect("times");
        times.retain(|time| PARENTS.iter().all(|folder| time["path"] != format!("/{folder}")));
        times.iter_mut().for_each(|time| time["after"] = "a time".into());
        *text = record.to_string().into_bytes();
    }
    all
}

#[test]
fn an_installation_that_is_cut_off_anywhere_can_be_undone() {
    let dist = Dist::new("0.1.0");
    let untouched = whole(|_| {});
    for prefix in ["/opt/vgpu", "/opt", "/srv/not/there"] {
        let options = ["--system", "--prefix", prefix];
        after_every_step(
            |machine, steps| machine.install_killed(&dist, &options, Some(steps)),
            |machine, steps| {
                machine.uninstall(&["--prefix", prefix]).unwrap_or_else(|error| panic!("step {steps}: {error}"));
                assert_eq!(differences(&snapshot(machine), &untouched), [""; 0], "{prefix}, step {steps}");
            },
        );
    }
}

#[test]
fn an_installation_that_is_cut_off_anywhere_can_be_completed() {
    let dist = Dist::new("0.1.0");
    let installed = whole(|machine| drop(machine.install(&dist, SYSTEM).expect("an installation")));
    after_every_step(
        |machine, steps| machine.install_killed(&dist, SYSTEM, Some(steps)),
        |machine, steps| {
            machine.install(&dist, SYSTEM).unwrap_or_else(|error| panic!("step {steps}: {error}"));
            assert_eq!(differences(&snapshot(machine), &installed), [""; 0], "step {steps}");
        },
    );
}

#[test]
fn ollama_always_finds_a_library() {
    let dist = Dist::new("0.1.0");
    after_every_step(
        |machine, steps| machine.install_killed(&dist, SYSTEM, Some(steps)),
        |machine, steps| {
            let found = machine.target("usr/local/lib/ollama/cuda_v12/libcudart.so.12");
            if found.starts_with('/') {
                assert_eq!(machine.read("opt/vgpu/current/lib/libcudart.so.12"), "lib/libcudart.so.12 of 0.1.0");
            } else {
                assert_eq!(found, "libcudart.so.12.8.90", "step {steps}");
            }
        },
    );
}

#[test]
fn an_upgrade_that_is_cut_off_anywhere_can_be_completed_or_undone() {
    let (first, second, third) = (Dist::new("0.1.0"), Dist::new("0.2.0"), Dist::new("0.3.0"));
    let untouched = whole(|machine| machine.renew_ollama("newer"));
    let prepare = |machine: &Machine| {
        machine.install(&first, &[]).expect("an installation");
        machine.install(&second, &[]).expect("an upgrade");
        machine.renew_ollama("newer");
    };
    let upgraded = whole(|machine| {
        prepare(machine);
        machine.install(&third, SYSTEM).expect("an upgrade");
    });
    let cut_off = |machine: &Machine, steps| {
        prepare(machine);
        machine.install_killed(&third, SYSTEM, Some(steps))
    };
    after_every_step(cut_off, |machine, steps| {
        machine.install(&third, SYSTEM).unwrap_or_else(|error| panic!("step {steps}: {error}"));
        assert_eq!(differences(&snapshot(machine), &upgraded), [""; 0], "step {steps}");
    });
    after_every_step(cut_off, |machine, steps| {
        machine.uninstall(&[]).unwrap_or_else(|error| panic!("step {steps}: {error}"));
        assert_eq!(differences(&snapshot(machine), &untouched), [""; 0], "step {steps}");
    });
}

#[test]
fn an_uninstallation_that_is_cut_off_anywhere_can_be_completed_or_taken_back() {
    let dist = Dist::new("0.1.0");
    let untouched = whole(|_| {});
    let installed = whole(|machine| drop(machine.install(&dist, SYSTEM).expect("an installation")));
    let cut_off = |machine: &Machine, steps| {
        machine.install(&dist, SYSTEM).expect("an installation");
        machine.uninstall_killed(&[], Some(steps))
    };
    after_every_step(cut_off, |machine, steps| {
        machine.uninstall(&[]).unwrap_or_else(|error| panic!("step {steps}: {error}"));
        assert_eq!(differences(&snapshot(machine), &untouched), [""; 0], "step {steps}");
    });
    after_every_step(cut_off, |machine, steps| {
        machine.install(&dist, SYSTEM).unwrap_or_else(|error| panic!("step {steps}: {error}"));
        assert_eq!(differences(&snapshot(machine), &installed), [""; 0], "step {steps}");
    });
}

#[test]
fn a_daemon_or_a_function_that_is_set_up_half_can_be_completed_or_undone() {
    let dist = Dist::new("0.1.0");
    let daemon: &[&str] = &["--daemon", "--vfio-user=/run/vgpu/vm1.sock"];
    for (make, options) in [(Machine::with_systemd as fn() -> Machine, daemon), (vm, &["--vm"])] {
        let untouched = snapshot(&make());
        let machine = make();
        machine.install(&dist, options).expect("an installation");
        let installed = snapshot(&machine);
        let cut_off = |machine: &Machine, steps| machine.install_killed(&dist, options, Some(steps));
        after_every_step_on(make, cut_off, |machine, steps| {
            let units = "etc/systemd/system/";
            let has = |unit: &str| machine.exists(&format!("{units}{unit}"));
            assert!(!has("vgpud.socket") || has("vgpud.service"), "step {steps}: nobody serves the socket");
            machine.install(&dist, options).unwrap_or_else(|error| panic!("step {steps}: {error}"));
            assert_eq!(differences(&snapshot(machine), &installed), [""; 0], "{options:?}, step {steps}");
        });
        after_every_step_on(make, cut_off, |machine, steps| {
            machine.uninstall(&[]).unwrap_or_else(|error| panic!("step {steps}: {error}"));
            assert_eq!(differences(&snapshot(machine), &untouched), [""; 0], "{options:?}, step {steps}");
        });
        let cut_off = |machine: &Machine, steps| {
            machine.install(&dist, options).expect("an installation");
            machine.uninstall_killed(&[], Some(steps))
        };
        after_every_step_on(make, cut_off, |machine, steps| {
            machine.uninstall(&[]).unwrap_or_else(|error| panic!("step {steps}: {error}"));
            assert_eq!(differences(&snapshot(machine), &untouched), [""; 0], "{options:?}, step {steps}");
        });
    }
}
