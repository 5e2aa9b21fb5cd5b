//! Installing and uninstalling on a folder that stands for a machine.

mod daemon;
mod guest;
mod killed;
mod links;
mod machine;
mod service;
mod verified;

use std::fs;

use machine::{Dist, Machine, VARIANT};

const SYSTEM: &[&str] = &["--system"];

#[test]
fn ollamas_backend_finds_ours_under_the_names_that_it_asks_for() {
    let machine = Machine::new();
    let said = machine.install(&Dist::new("0.1.0"), &[]).expect("an installation");
    for name in ["libcuda.so.1", "libnvidia-ml.so.1", "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12"] {
        let link = machine.target(&format!("{VARIANT}/{name}"));
        assert_eq!(link, format!("/opt/vgpu/current/lib/{name}"));
        assert_eq!(machine.read(&format!("opt/vgpu/current/lib/{name}")), format!("lib/{name} of 0.1.0"));
    }
    assert_eq!(machine.read(&format!("{VARIANT}/libcudart.so.12.8.90")), "NVIDIA's libcudart", "Ollama reads its name");
    assert!(said.contains("cuda_v13 needs libcudart.so.13, which vgpu has not"), "{said}");
    assert!(!machine.exists("usr/local/lib/ollama/cuda_v13/libcuda.so.1"));
    assert!(!machine.exists("etc/ld.so.conf.d/vgpu.conf"), "nobody has asked for --system");
    assert_eq!(machine.target("opt/vgpu/current/lib/libcuda.so"), "libcuda.so.1");
    let mode = fs::metadata(machine.path("opt/vgpu/current/bin/vgpu")).expect("it is there").permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o7777, 0o755);
}

#[test]
fn installing_twice_changes_nothing() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.install(&dist, SYSTEM).expect("an installation");
    let before = machine.snapshot();
    let record = fs::metadata(machine.path("opt/vgpu/install.json")).expect("the record").modified().expect("a time");
    let said = machine.install(&dist, SYSTEM).expect("another");
    assert!(said.contains("nothing to do"), "{said}");
    assert_eq!(machine.snapshot(), before);
    let again = fs::metadata(machine.path("opt/vgpu/install.json")).expect("the record").modified().expect("a time");
    assert_eq!(again, record);
}

#[test]
fn uninstalling_puts_everything_back_bit_for_bit() {
    let machine = Machine::new();
    machine.write("etc/ld.so.conf.d/vgpu.conf", "somebody's own\n");
    let before = machine.snapshot();
    machine.install(&Dist::new("0.1.0"), &["--system", "--in-process"]).expect("an installation");
    assert_eq!(machine.read("etc/ld.so.conf.d/vgpu.conf"), "/opt/vgpu/current/lib\n");
    assert_eq!(machine.target("usr/local/lib/ollama/libcuda.so.1"), "/opt/vgpu/current/lib/libcuda.so.1");
    assert_ne!(machine.snapshot(), before);
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
    let said = machine.uninstall(&[]).expect("nothing to do");
    assert!(said.contains("nothing to uninstall"), "{said}");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_folder_that_others_have_changed_since_keeps_their_time() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    let modified = |path: &str| fs::metadata(machine.path(path)).and_then(|is| is.modified()).expect("a folder");
    let long_ago = modified(VARIANT);
    machine.install(&dist, SYSTEM).expect("an installation");
    fs::write(machine.path(VARIANT).join("libggml-new.so"), "Ollama's").expect("a file");
    let theirs = modified(VARIANT);
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(modified(VARIANT), theirs);

    machine.install(&dist, SYSTEM).expect("an installation");
    fs::write(machine.path(VARIANT).join("libggml-newer.so"), "Ollama's").expect("a file");
    let theirs = modified(VARIANT);
    machine.install(&dist, SYSTEM).expect("an upgrade");
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(modified(VARIANT), theirs);
    assert_eq!(modified("etc/ld.so.conf.d"), long_ago, "nobody else has been there");
}

#[test]
fn a_record_without_times_is_understood() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.install(&dist, &[]).expect("an installation");
    let record = machine.read("opt/vgpu/install.json");
    let mut json: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    let fields = json.as_object_mut().expect("an object");
    fields.insert("format".to_owned(), 1.into());
    fields.remove("times").expect("it has such");
    machine.write("opt/vgpu/install.json", &json.to_string());
    machine.install(&dist, SYSTEM).expect("an upgrade");
    machine.uninstall(&[]).expect("everything back");
    assert!(
        !machine.exists("opt/vgpu") && machine.target(&format!("{VARIANT}/libcudart.so.12")).starts_with("libcudart")
    );

    json["format"] = 99.into();
    machine.write("opt/vgpu/install.json", &json.to_string());
    let said = machine.uninstall(&[]).expect_err("a refusal");
    assert!(said.contains("another version of vgpu"), "{said}");
}

#[test]
fn a_prefix_that_was_there_stays_and_parents_that_were_not_go() {
    let machine = Machine::new();
    machine.write("srv/gpu/notes.txt", "somebody's own");
    let before = machine.snapshot();
    let dist = Dist::new("0.1.0");
    for prefix in ["/srv/gpu", "/srv/some/where/else"] {
        machine.install(&dist, &["--prefix", prefix]).expect("an installation");
        assert!(machine.exists(&format!("{}/install.json", &prefix[1..])));
        machine.uninstall(&["--prefix", prefix]).expect("everything back");
        assert_eq!(machine.snapshot(), before, "{prefix}");
    }
}

#[test]
fn what_others_put_beside_ours_stays() {
    let machine = Machine::new();
    machine.install(&Dist::new("0.1.0"), &[]).expect("an installation");
    machine.write("opt/vgpu/notes.txt", "somebody's own");
    let said = machine.uninstall(&[]).expect("all of ours gone");
    assert!(said.contains("stays"), "{said}");
    assert_eq!(fs::read_dir(machine.path("opt/vgpu")).expect("it stays").count(), 1);
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    let before = machine.snapshot();
    let said = machine.install(&dist, &["--dry-run", "--system"]).expect("a plan");
    for part in ["would copy", "libcudart.so.12 -> /opt/vgpu/current/lib", "is kept as", "vgpu.conf", "AF_UNIX"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert_eq!(machine.snapshot(), before);
    machine.install(&dist, SYSTEM).expect("an installation");
    let installed = machine.snapshot();
    let said = machine.uninstall(&["--dry-run"]).expect("a plan");
    assert!(said.contains("would put back") && said.contains("would remove"), "{said}");
    assert_eq!(machine.snapshot(), installed);
}

#[test]
fn an_upgrade_switches_one_link_and_keeps_what_was_kept_first() {
    let machine = Machine::new();
    let before = machine.snapshot();
    for version in ["0.1.0", "0.2.0", "0.3.0"] {
        machine.install(&Dist::new(version), SYSTEM).expect("an installation");
        assert_eq!(machine.read("opt/vgpu/current/lib/libcuda.so.1"), format!("lib/libcuda.so.1 of {version}"));
    }
    let names = fs::read_dir(machine.path("opt/vgpu")).expect("the prefix").flatten().map(|entry| entry.file_name());
    let mut versions: Vec<String> = names.map(|name| name.to_string_lossy()[..3].to_owned()).collect();
    versions.retain(|name| name.starts_with("0."));
    versions.sort();
    assert_eq!(versions, ["0.2", "0.3"], "a daemon of the one before may still run");
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_new_ollama_is_taken_over_and_given_back() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.install(&dist, &[]).expect("an installation");
    machine.renew_ollama("NVIDIA's newer libcublas");
    machine.install(&dist, &[]).expect("another installation");
    let entries = fs::read_dir(machine.path("opt/vgpu/kept")).expect("a folder").flatten();
    let mut kept: Vec<_> = entries.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default()).collect();
    kept.retain(|text| text.contains("libcublas"));
    assert_eq!(kept, ["NVIDIA's newer libcublas"], "what it has replaced is of no use any more");
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.read(&format!("{VARIANT}/libcublas.so.12")), "NVIDIA's newer libcublas");

    machine.install(&dist, &[]).expect("a third");
    machine.renew_ollama("NVIDIA's newest");
    let said = machine.uninstall(&[]).expect("all of ours gone");
    assert!(said.contains("somebody has replaced it since"), "{said}");
    assert_eq!(machine.read(&format!("{VARIANT}/libcublas.so.12")), "NVIDIA's newest");
    assert!(!machine.exists("opt/vgpu"));
}

#[test]
fn an_ollama_that_has_gone_holds_nothing_up() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.install(&dist, &[]).expect("an installation");
    fs::remove_dir_all(machine.path("usr/local")).expect("a folder");
    let said = machine.install(&dist, &[]).expect("another");
    assert!(said.contains("there is no Ollama"), "{said}");
    machine.uninstall(&[]).expect("all of ours gone");
    assert!(!machine.exists("opt/vgpu") && !machine.exists("usr/local"));
}

#[test]
fn a_variant_must_be_there_and_have_libraries() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    let before = machine.snapshot();
    for (variant, why) in
        [("cuda_v13", "which vgpu has not"), ("cuda_v11", "does not exist"), ("../../etc", "a variant's name is")]
    {
        let said = machine.install(&dist, &["--variant", variant]).expect_err("a refusal");
        assert!(said.contains(why), "{said}");
    }
    let said = machine.install(&dist, &["--ollama", "/nowhere"]).expect_err("a refusal");
    assert!(said.contains("there is no such folder"), "{said}");
    assert_eq!(machine.snapshot(), before);
    machine.install(&dist, &["--variant", "cuda_v12", "--ollama", "/usr/local"]).expect("an installation");
    assert_eq!(machine.target(&format!("{VARIANT}/libcuda.so.1")), "/opt/vgpu/current/lib/libcuda.so.1");
}

#[test]
fn an_ollama_that_nothing_can_be_set_up_for_is_no_success() {
    let dist = Dist::new("0.1.0");
    let machine = Machine::with_systemd();
    fs::remove_dir_all(machine.path(VARIANT)).expect("a folder");
    for options in [&[] as &[&str], &["--system"], &["--daemon"], &["--device=embedded"]] {
        let said = machine.install(&dist, options).expect_err("a part is lacking");
        assert!(said.contains("Ollama is not set up") && said.contains("all else is done"), "{said}");
        assert!(machine.exists("opt/vgpu/current/lib/libcuda.so.1"));
    }
    machine.uninstall(&[]).expect("everything back");
}

#[test]
fn a_dist_folder_that_is_not_what_it_says_is_refused() {
    let machine = Machine::new();
    let before = machine.snapshot();
    let changed = Dist::new("0.1.0");
    changed.write("lib/libcuda.so.1", "lib/libcuda.so.1 of 0.1.X");
    let lying = |from: &str, to: &str| {
        let dist = Dist::new("0.1.0");
        dist.write("manifest.toml", &dist.manifest().replace(from, to));
        dist
    };
    for (dist, why) in [
        (changed, "is not what manifest.toml lists"),
        (lying("\"lib/libcublas.so.12\"", "\"lib/../../x\""), "neither in lib/ nor in bin/"),
        (lying("target = \"libcuda.so.1\"", "target = \"../../../etc/passwd\""), "a link leaves its folder"),
        (lying("\"0.1.0\"", "\"../0.1.0\""), "is no version"),
        (lying("version", "virsion"), "is damaged"),
        (lying("lib/libnvidia-ml.so.1", "lib/libnvidia.so.1"), "it lists no lib/libnvidia-ml.so.1"),
    ] {
        let said = machine.install(&dist, &[]).expect_err("a refusal");
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_record_that_names_others_files_is_refused() {
    let machine = Machine::new();
    machine.install(&Dist::new("0.1.0"), &[]).expect("an installation");
    let record = machine.read("opt/vgpu/install.json");
    for (from, to) in [("lib/libcuda.so.1\"", "lib/../../../../etc/passwd\""), ("1-libcudart", "../../x/1-libcudart")] {
        let changed = record.replace(from, to);
        assert_ne!(changed, record);
        machine.write("opt/vgpu/install.json", &changed);
        let before = machine.snapshot();
        let said = machine.uninstall(&[]).expect_err("a refusal");
        assert!(said.contains("is damaged"), "{said}");
        assert_eq!(machine.snapshot(), before);
    }
}
