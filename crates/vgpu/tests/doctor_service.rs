//! `vgpu doctor --service` on scratch machines whose service has one thing wrong each: it names that first, and is content
//! once it is mended.

mod machine;
mod tree;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use machine::{DROP_IN, FUNCTION, Machine, OURS, UNIT};
use tree::SONAMES;

#[test]
fn a_healthy_service_raises_no_alarm() {
    let machine = Machine::new();
    let report = machine.report(&mut machine.command(&[]));
    report.is_green();
    assert_eq!(report.check("cuda_v12.open")["verdict"], "ok", "Ollama is found through the service's program");
    assert!(report.check("service.unit")["evidence"].to_string().contains("/etc/systemd/system/ollama.service"));
    assert!(report.check("service.libraries")["evidence"].to_string().contains("5 files"));
}

#[test]
fn settings_that_do_no_harm_raise_no_alarm() {
    let machine = Machine::new();
    let strict = "PrivateDevices=yes\nDevicePolicy=closed\nDeviceAllow=\nPrivateNetwork=yes\nProtectSystem=strict\n\
        ProtectHome=yes\nProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectControlGroups=yes\n\
        MemoryDenyWriteExecute=yes\nLimitMEMLOCK=0\nNoNewPrivileges=yes\nPrivateTmp=yes\nProtectProc=invisible\n\
        SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\nRestrictAddressFamilies=AF_INET AF_UNIX\n\
        ReadOnlyPaths=/\nCapabilityBoundingSet=";
    machine.thrives(strict);
    machine.plug(0o666);
    machine.thrives("PrivateDevices=yes\nDevicePolicy=strict\nProtectSystem=strict\nRestrictAddressFamilies=AF_INET");
}

#[test]
fn the_services_variables_count_and_not_the_shells() {
    let machine = Machine::new();
    let mut command = machine.command(&["--no-device"]);
    machine.report(command.env("CUDA_VISIBLE_DEVICES", "-1").env("VGPU", "nonsense")).is_green();
    machine.suffers(
        "Environment=CUDA_VISIBLE_DEVICES=-1",
        "environment.CUDA_VISIBLE_DEVICES",
        &["hides every device", "local.conf:2"],
        "systemctl restart ollama.service",
    );
    machine.thrives("Environment=CUDA_VISIBLE_DEVICES=-1\nUnsetEnvironment=CUDA_VISIBLE_DEVICES");
}

#[test]
fn the_device_is_asked_with_the_services_variables() {
    let machine = Machine::new();
    machine.set("Environment=TEST_NO_DEVICE=1 VGPU=unix:/nonexistent/vgpud.sock");
    let report = machine.report(&mut machine.command(&[]));
    report.blames("service.device", &["/nonexistent/vgpud.sock", "local.conf:2"], "vgpud");
    assert_eq!(report.check("device.count")["verdict"], "failed", "{:#}", report.0);
    machine.set("");
    machine.report(machine.command(&[]).env("TEST_NO_DEVICE", "1")).is_green();
}

#[test]
fn an_environment_file_is_read_and_named() {
    let machine = Machine::new();
    machine.write("etc/default/ollama", "# ours\nOLLAMA_LLM_LIBRARY='cuda_v13'\n");
    machine.suffers(
        "Environment=OLLAMA_LLM_LIBRARY=cuda_v12\nEnvironmentFile=-/etc/default/ollama",
        "environment.OLLAMA_LLM_LIBRARY",
        &["cuda_v13", "/etc/default/ollama:2"],
        "set it to cuda_v12",
    );
    machine.write("etc/default/ollama", "OLLAMA_LLM_LIBRARY=cuda_v12");
    machine.ask().is_green();
    machine.remove("etc/default/ollama");
    machine.ask().is_green();
    let fix = "put a `-` before its name";
    machine.suffers("EnvironmentFile=/etc/default/ollama", "service.environment", &["does not exist"], fix);
}

#[test]
fn a_leftover_in_the_services_ld_preload_is_named() {
    let machine = Machine::new();
    let old = machine.libraries.text("shim.so");
    machine.libraries.build("shim.so", "int dlsym(void) { return 0; }", &[]);
    machine.suffers(
        &format!("Environment=\"LD_PRELOAD={old}\""),
        "environment.LD_PRELOAD",
        &[&old, "dlsym", "local.conf:2"],
        "unset LD_PRELOAD",
    );
    machine.thrives("");
    machine.write("etc/ld.so.preload", &old);
    machine.ask().blames("environment.ld.so.preload", &[&old, "dlsym"], "take it out");
    machine.write("etc/ld.so.preload", "\n");
    machine.ask().is_green();
}

#[test]
fn a_wrong_library_path_of_the_service_is_named() {
    let machine = Machine::new();
    machine.copy("ours/libcudart.so.12", "opt/other/libcudart.so.12");
    let other = machine.path("opt/other/libcudart.so.12");
    let mut bytes = fs::read(&other).expect("a copy");
    bytes.extend(b"another build");
    fs::write(&other, bytes).expect("a file");
    machine.remove("usr/local/lib/ollama/libcudart.so.12");
    let folder = machine.path("opt/other").display().to_string();
    machine.suffers(
        &format!("Environment=LD_LIBRARY_PATH={folder}"),
        "cuda_v12.search.libcudart.so.12",
        &["another build of vgpu", &folder],
        "replace",
    );
    machine.thrives(&format!("Environment=LD_LIBRARY_PATH={}", machine.path("opt/vgpu/1/lib").display()));
}

#[test]
fn a_socket_that_is_not_open_to_the_services_user_is_named() {
    let mut machine = Machine::new();
    machine.listen("run/vgpu/vgpud.sock", 0o600);
    let words = ["user ollama may not connect to /run/vgpu/vgpud.sock", "mode 0600"];
    machine.ask().blames("service.user", &words, "--socket-mode");
    machine.thrives("User=root\nGroup=root");
    machine.listen("run/vgpu/vgpud.sock", 0o660);
    machine.suffers("", "service.user", &["mode 0660"], "");
    machine.thrives(&format!("SupplementaryGroups={}", machine.own_group()));
    machine.suffers("SupplementaryGroups=render", "service.user", &["of ollama, render"], "");
}

#[test]
fn membership_in_a_group_opens_the_socket() {
    let mut machine = Machine::new();
    machine.listen("run/vgpu/vgpud.sock", 0o660);
    machine.ask().blames("service.user", &["mode 0660"], "");
    let gid = fs::metadata(machine.root.path()).expect("a folder").gid();
    machine.write("etc/group", &format!("gpu:x:{gid}:someone,ollama\nollama:x:54321:\n"));
    machine.ask().is_green();
}

#[test]
fn a_folder_on_the_way_to_the_socket_is_named() {
    let machine = Machine::new();
    machine.set_mode("run/vgpu", 0o700);
    machine.ask().blames("service.user", &["may not look into /run/vgpu", "mode 0700"], "chmod o+x /run/vgpu");
    machine.set_mode("run/vgpu", 0o711);
    machine.ask().is_green();
}

#[test]
fn root_without_its_rights_is_a_user_like_others() {
    let mut machine = Machine::new();
    machine.listen("run/vgpu/vgpud.sock", 0o060);
    machine.thrives("User=\nGroup=");
    for taken in ["", "~CAP_DAC_OVERRIDE", "CAP_NET_BIND_SERVICE"] {
        let settings = format!("User=\nGroup=\nCapabilityBoundingSet={taken}");
        machine.suffers(&settings, "service.user", &["user root may not connect", "mode 0060"], "");
    }
    machine.thrives("User=\nGroup=\nCapabilityBoundingSet=~CAP_SYS_ADMIN");
}

#[test]
fn a_user_or_group_that_does_not_exist_is_named() {
    let machine = Machine::new();
    machine.suffers("User=olama", "service.account", &["no user olama", "local.conf:2"], "correct");
    machine.suffers("SupplementaryGroups=vgpu", "service.account", &["no group vgpu"], "correct");
    machine.thrives("User=olama\nDynamicUser=yes\nGroup=");
}

#[test]
fn a_daemon_that_is_not_there_is_named() {
    let mut machine = Machine::new();
    machine.remove("run/vgpu/vgpud.sock");
    machine.ask().blames("service.device", &["no daemon's socket at /run/vgpu/vgpud.sock"], "start `vgpud");
    machine.write("run/vgpu/vgpud.sock", "text");
    machine.ask().blames("service.device", &["is no socket"], "remove it");
    machine.listen("run/vgpu/vgpud.sock", 0o666);
    machine.ask().is_green();
}

#[test]
fn a_device_that_cannot_be_is_named() {
    let machine = Machine::new();
    machine.suffers("Environment=VGPU=tcp:1", "service.device", &["tcp:1 is not understood", "local.conf:2"], "VGPU");
    machine.suffers("Environment=VGPU=pci:00:07.0", "service.device", &["no vgpu function 00:07.0"], "VGPU");
    machine.plug(0o666);
    machine.thrives("Environment=VGPU=pci:00:05.0");
    machine.set("Environment=VGPU=embedded");
    let report = machine.ask();
    assert_eq!(report.0["healthy"], true, "{:#}", report.0);
    report.names("device.embedded", "warning", &["swaps models waits 5 s"], "vgpu install --daemon");
}

#[test]
fn a_sandbox_without_unix_sockets_is_named() {
    let machine = Machine::new();
    machine.suffers(
        "RestrictAddressFamilies=AF_INET AF_INET6",
        "service.sandbox.sockets",
        &["RestrictAddressFamilies=AF_INET AF_INET6", "local.conf:2", "unix sockets"],
        "vgpu install --service ollama.service",
    );
    machine.thrives("RestrictAddressFamilies=AF_INET AF_INET6\nRestrictAddressFamilies=AF_UNIX");
    machine.suffers(
        "RestrictAddressFamilies=~AF_UNIX",
        "service.sandbox.sockets",
        &["~AF_UNIX"],
        "take that line away",
    );
}

#[test]
fn a_sandbox_without_a_system_call_is_named() {
    let machine = Machine::new();
    machine.suffers("SystemCallFilter=~@network-io", "service.sandbox.calls", &["system call socket"], "@network-io");
    machine.thrives("SystemCallFilter=~@network-io\nSystemCallFilter=@network-io");
}

#[test]
fn a_socket_that_the_sandbox_hides_is_named() {
    let mut machine = Machine::new();
    for (hiding, shown) in [
        ("TemporaryFileSystem=/run", "TemporaryFileSystem=/run hides /run/vgpu/vgpud.sock"),
        ("InaccessiblePaths=-/run/vgpu", "InaccessiblePaths=-/run/vgpu hides"),
    ] {
        machine.suffers(hiding, "service.sandbox.files", &[shown, "local.conf:2"], "BindPaths=/run/vgpu");
    }
    machine.thrives("TemporaryFileSystem=/run\nBindPaths=/run/vgpu");
    machine.thrives("InaccessiblePaths=/run/vgpu\nInaccessiblePaths=");
    machine.listen("tmp/vgpud.sock", 0o666);
    let private = "Environment=VGPU=unix:/tmp/vgpud.sock\nPrivateTmp=yes";
    machine.suffers(private, "service.sandbox.files", &["PrivateTmp=yes hides /tmp/vgpud.sock"], "BindPaths=/tmp");
    machine.thrives("Environment=VGPU=unix:/tmp/vgpud.sock\nPrivateTmp=no");
}

#[test]
fn another_root_folder_is_named() {
    let machine = Machine::new();
    machine.suffers(
        "RootDirectory=/srv/ollama",
        "service.sandbox.files",
        &["gives the service other files"],
        "BindPaths",
    );
    machine.thrives("RootDirectory=/srv/ollama\nBindPaths=/run/vgpu /usr /opt");
}

#[test]
fn libraries_that_the_service_does_not_see_are_named() {
    let machine = Machine::new();
    for soname in SONAMES {
        machine.copy(&format!("ours/{soname}"), &format!("home/me/dist/lib/{soname}"));
        machine.link(&format!("../../../../home/me/dist/lib/{soname}"), &format!("usr/local/lib/ollama/{soname}"));
    }
    machine.thrives("");
    machine.suffers("ProtectHome=yes", "service.libraries", &["ProtectHome=yes hides", "libcuda.so.1"], "/opt/vgpu");
    machine.thrives("ProtectHome=read-only");
    machine.set_mode("home/me", 0o700);
    machine.ask().blames("service.libraries", &["user ollama may not look into /home/me"], "chmod o+x /home/me");
    machine.set_mode("home/me", 0o755);
    machine.set_mode("home/me/dist/lib/libcuda.so.1", 0o640);
    machine.ask().blames("service.libraries", &["may not read /home/me/dist/lib/libcuda.so.1"], "chmod o+r");
}

#[test]
fn libraries_that_may_not_be_loaded_are_named() {
    let machine = Machine::new();
    machine.suffers(
        "NoExecPaths=/\nExecPaths=/usr",
        "service.libraries",
        &["NoExecPaths=/ keeps"],
        "ExecPaths=/opt/vgpu",
    );
    machine.thrives("NoExecPaths=/\nExecPaths=/usr /opt/vgpu");
}

#[test]
fn a_function_that_the_sandbox_makes_read_only_is_named() {
    let machine = Machine::new();
    machine.remove("run/vgpu/vgpud.sock");
    machine.plug(0o666);
    machine.thrives("");
    let fix = "ReadWritePaths=-/sys/devices";
    for setting in ["ProtectKernelTunables=yes", "ReadOnlyPaths=/sys"] {
        machine.suffers(
            setting,
            "service.sandbox.files",
            &[&format!("{setting} makes /{FUNCTION}/resource0 read-only"), "local.conf:2"],
            fix,
        );
        machine.thrives(&format!("{setting}\n{fix}"));
    }
    machine.thrives("ProtectKernelTunables=yes\nReadWritePaths=/sys/bus/pci/devices/0000:00:05.0");
    machine.suffers("InaccessiblePaths=/sys", "service.sandbox.files", &["InaccessiblePaths=/sys hides"], "");
}

#[test]
fn a_function_that_is_not_open_to_the_services_user_is_named() {
    let machine = Machine::new();
    machine.remove("run/vgpu/vgpud.sock");
    machine.plug(0o600);
    machine.ask().blames("service.user", &["user ollama may not write to", "resource0", "mode 0600"], "guest-setup");
    machine.plug(0o660);
    machine.thrives(&format!("SupplementaryGroups={}", machine.own_group()));
}

#[test]
fn a_daemon_is_as_good_as_a_function_that_cannot_be_used() {
    let machine = Machine::new();
    machine.plug(0o600);
    machine.ask().is_green();
    machine.suffers("Environment=VGPU=pci:0000:00:05.0", "service.user", &["resource0"], "guest-setup");
}

/// What `vgpu install` would have written, and its record.
fn installed(machine: &Machine) -> String {
    let text = "# Written by `vgpu install`\n[Service]\nEnvironment=VGPU=unix:/run/vgpu/vgpud.sock\nRestrictAddressFamilies=AF_UNIX\n";
    machine.write(OURS, text);
    let record = serde_json::json!({ "entries": [{ "path": format!("/{OURS}"), "ours": [{ "text": text }] }] });
    machine.write("opt/vgpu/install.json", &record.to_string());
    text.to_owned()
}

#[test]
fn a_drop_in_that_is_gone_or_changed_is_named() {
    let machine = Machine::new();
    let text = installed(&machine);
    let families = "RestrictAddressFamilies=AF_INET";
    machine.write("etc/systemd/system/ollama.service.d/10-strict.conf", &format!("[Service]\n{families}\n"));
    machine.ask().is_green();
    machine.write(OURS, text.split("Restrict").next().expect("a part"));
    machine.ask().blames("service.drop_in", &["is not what `vgpu install` wrote"], "again");
    machine.remove(OURS);
    machine.ask().blames("service.drop_in", &["is gone", "install.json"], "vgpu install --service ollama.service");
    machine.write("etc/systemd/system/ollama.service.d/10-strict.conf", "");
    let report = machine.ask();
    report.names("service.drop_in", "warning", &["is gone"], "again");
}

#[test]
fn what_overrides_our_drop_in_is_named() {
    let machine = Machine::new();
    installed(&machine);
    let other = "etc/systemd/system/ollama.service.d/99-mine.conf";
    machine.write(other, "[Service]\n\nEnvironment=VGPU=unix:/run/other.sock\n");
    machine.ask().blames(
        "service.drop_in",
        &["VGPU=unix:/run/vgpu/vgpud.sock", "99-mine.conf:3", "/run/other.sock"],
        "",
    );
    machine.write(other, "[Service]\nRestrictAddressFamilies=\nRestrictAddressFamilies=AF_INET\n");
    machine.ask().blames(
        "service.drop_in",
        &["RestrictAddressFamilies=AF_UNIX", "taken back by", "99-mine.conf:2"],
        "",
    );
    machine.write(other, "[Service]\nRestrictAddressFamilies=AF_INET\n");
    machine.ask().is_green();
}

#[test]
fn a_masked_service_is_named() {
    let machine = Machine::new();
    machine.link("/dev/null", UNIT);
    machine.ask().blames("service.unit", &["is masked"], "unmask");
}

#[test]
fn an_app_armor_profile_is_named() {
    let machine = Machine::new();
    let profile = "etc/apparmor.d/usr.local.bin.ollama";
    machine.write(profile, "profile ollama /usr/local/bin/ollama {\n  network,\n}\n");
    machine.ask().names("service.apparmor", "warning", &[profile], "/run/vgpu/vgpud.sock");
    machine.link(&format!("/{profile}"), "etc/apparmor.d/disable/usr.local.bin.ollama");
    machine.ask().is_green();
    machine.remove("etc/apparmor.d/disable/usr.local.bin.ollama");
    machine.write(profile, "profile ollama /usr/local/bin/ollama flags=(complain) {\n}\n");
    machine.ask().is_green();
}

#[test]
fn ollama_in_a_package_of_its_own_is_named() {
    let machine = Machine::new();
    machine.write("snap/ollama/current/bin/ollama", "a program");
    machine.ask().names("service.package", "warning", &["/snap/ollama", "snap"], "install");
    fs::remove_dir_all(machine.path("snap")).expect("a folder of ours");
    machine.ask().is_green();
    machine.set("ExecStart=\nExecStart=/usr/bin/docker run ollama/ollama");
    machine.ask().names("service.package", "warning", &["a container", "local.conf:3"], "install");
}

#[test]
fn leftovers_where_libraries_are_looked_for_are_named() {
    let machine = Machine::new();
    machine.copy("ours/libcuda.so.1", "usr/local/lib/libcuda.so.1");
    machine.ask().is_green();
    let stale = machine.path("usr/local/lib/libcuda.so.1");
    let mut bytes = fs::read(&stale).expect("a copy");
    bytes.extend(b"another build");
    fs::write(&stale, bytes).expect("a file");
    machine.ask().names("service.leftovers", "warning", &["/usr/local/lib/libcuda.so.1", "another build"], "remove");
    machine.remove("usr/local/lib/libcuda.so.1");
    machine.write("usr/lib64/libvgpu-cuda.so.1", "of old");
    machine.ask().names("service.leftovers", "warning", &["/usr/lib64/libvgpu-cuda.so.1"], "remove");
    machine.remove("usr/lib64/libvgpu-cuda.so.1");
    machine.ask().is_green();
}

#[test]
fn unit_files_of_any_kind_stop_nobody() {
    let machine = Machine::new();
    let made = Command::new("mkfifo").arg(machine.make_room(DROP_IN)).status().expect("coreutils are there");
    assert!(made.success());
    machine.ask().names("service.unit", "warning", &["local.conf", "no plain file"], "remove");
    machine.write(DROP_IN, "");
    fs::File::options().write(true).open(machine.path(DROP_IN)).expect("a file").set_len(1 << 40).expect("holes");
    machine.ask().names("service.unit", "warning", &["local.conf", "longer than"], "remove");
    fs::write(machine.path(DROP_IN), b"[Service]\n\xff=\xfe\nUser\n=\n[[\nEnvironment=\"A=\\").expect("a file");
    machine.ask().is_green();
    machine.link("local.conf", DROP_IN);
    machine.ask().names("service.unit", "warning", &["local.conf"], "remove");
}

#[test]
fn a_service_that_does_not_exist_is_an_error() {
    let machine = Machine::new();
    for name in ["llama", "../ollama", ""] {
        let output = machine.command(&["--no-device", "--service", name]).output().expect("vgpu is built");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--service"), "{said}");
    }
    // Without a service there is nothing to say about one.
    machine.remove(UNIT);
    let ollama = machine.path("usr/local").display().to_string();
    let report = machine.report(&mut machine.command(&["--no-device", "--ollama", &ollama]));
    assert!(!report.0.to_string().contains("service."), "{:#}", report.0);
}

#[test]
fn a_service_of_another_name_is_looked_at() {
    let machine = Machine::new();
    machine.write("usr/lib/systemd/system/llama.service", "[Service]\nUser=ollama\nRestrictAddressFamilies=AF_INET\n");
    let ollama = machine.path("usr/local").display().to_string();
    let options = ["--no-device", "--service", "llama", "--ollama", &ollama];
    let report = machine.report(&mut machine.command(&options));
    report.blames("service.sandbox.sockets", &["/usr/lib/systemd/system/llama.service:3"], "--service llama.service");
}
