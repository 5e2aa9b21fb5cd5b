//! Images that a daemon keeps for the next process that loads them.

use std::path::PathBuf;
use std::process::Command;

use vgpu_core::guest::{Link, Selection};
use vgpu_core::sha256::sha256;
use vgpu_core::transport::socket::Socket;
use vgpu_core::wire::messages::{BlobFind, BlobKeeping, ContextCreate, ImageKind, Statistics, StatisticsReply};

use crate::harness::{Daemon, PROGRAM, until};

/// The folder in which a daemon keeps images.
fn folder_of(daemon: &Daemon) -> PathBuf {
    let entries = std::fs::read_dir(daemon.folder()).expect("the folder");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.find(|path| path.is_dir()).expect("a folder of images")
}

/// PTX that is too long for a record.
fn long_image(name: &str) -> Vec<u8> {
    let padding = "// padding\n".repeat(20_000);
    format!(".version 7.0\n.target sm_70\n.address_size 64\n{padding}.visible .entry {name}() {{ ret; }}\n")
        .into_bytes()
}

fn statistics(link: &Link) -> StatisticsReply {
    link.call(&Statistics { reserved: 0 }, &[]).expect("an answer").reply
}

fn load(link: &Link, image: &[u8]) {
    link.load_image(1, ImageKind::Ptx, image).expect("a module");
}

/// Runs `loading_guest` in a process of its own; returns the bytes of images that its executor received.
fn bytes_sent_by_a_guest_process(daemon: &Daemon) -> u64 {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "images::loading_guest", "--ignored", "--nocapture"])
        .env("VGPU_TEST_SOCKET", &daemon.socket)
        .output()
        .expect("this program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let sent = text.lines().find_map(|line| line.strip_prefix("sent=")).expect("the guest prints a number");
    sent.parse().expect("a number")
}

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn loading_guest() {
    let socket = std::env::var_os("VGPU_TEST_SOCKET").expect("the test names a socket");
    let link = Link::connect(&Selection::Unix(socket.into())).expect("a place");
    link.post(&ContextCreate { context: 1, device: 0, legacy_stream: 1, flags: 0 }, &[]).expect("a post");
    load(&link, &long_image("one"));
    load(&link, &long_image("two"));
    println!("\nsent={}", statistics(&link).blob_bytes);
}

#[test]
fn the_second_process_that_loads_an_image_sends_none_of_it() {
    let daemon = Daemon::start("cache", &["--module-cache=16MiB"]);
    let both = 2 * long_image("one").len() as u64;
    assert_eq!(bytes_sent_by_a_guest_process(&daemon), both);
    assert_eq!(bytes_sent_by_a_guest_process(&daemon), 0);
}

#[test]
fn without_a_cache_every_process_sends_its_images() {
    let daemon = Daemon::start("no-cache", &["--module-cache=0"]);
    let both = 2 * long_image("one").len() as u64;
    assert_eq!([bytes_sent_by_a_guest_process(&daemon), bytes_sent_by_a_guest_process(&daemon)], [both, both]);
    let keeping = daemon.connect().call(&BlobKeeping { reserved: 0 }, &[]).expect("an answer").reply;
    assert_eq!(keeping.min_bytes, u64::MAX);
}

#[test]
fn a_damaged_image_in_the_cache_is_sent_again_and_replaced() {
    let daemon = Daemon::start("cache-damaged", &["--module-cache=16MiB"]);
    let image = long_image("one");
    load(&daemon.connect(), &image);
    let folder = folder_of(&daemon);
    let name: String = sha256(&image).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut damaged = image.clone();
    *damaged.last_mut().expect("it is long") ^= 1;
    std::fs::write(folder.join(name), damaged).expect("the folder is ours");
    let (second, third) = (daemon.connect(), daemon.connect());
    load(&second, &image);
    assert_eq!((statistics(&second).blob_bytes, statistics(&second).blobs_found), (image.len() as u64, 0));
    load(&third, &image);
    assert_eq!((statistics(&third).blob_bytes, statistics(&third).blobs_found), (0, 1));
}

#[test]
fn a_guest_cannot_have_an_image_kept_under_another_ones_hash() {
    let daemon = Daemon::start("cache-claim", &["--module-cache=16MiB"]);
    let (good, evil) = (long_image("good"), long_image("evil"));
    let claim = BlobFind { hash: sha256(&good), len_bytes: good.len() as u64 };
    let link = daemon.connect();
    assert_eq!(link.call(&claim, &[]).expect("an answer").reply.blob, 0);
    load(&link, &evil);
    assert_eq!(link.call(&claim, &[]).expect("an answer").reply.blob, 0);
    let victim = daemon.connect();
    load(&victim, &good);
    assert_eq!(statistics(&victim).blob_bytes, good.len() as u64);
}

#[test]
fn the_cache_holds_no_more_than_it_may_and_goes_with_its_daemon() {
    let image_bytes = long_image("k00").len();
    let mut daemon = Daemon::start("cache-full", &[&format!("--module-cache={}", 3 * image_bytes)]);
    let link = daemon.connect();
    for number in 0..6 {
        load(&link, &long_image(&format!("k{number:02}")));
    }
    let folder = folder_of(&daemon);
    let files = || std::fs::read_dir(&folder).expect("the folder").count();
    assert_eq!(files(), 3);
    drop(link);
    daemon.signal(libc::SIGTERM);
    assert!(daemon.child.wait().expect("the daemon is ours").success());
    assert!(!folder.exists());
}

#[test]
fn a_killed_daemons_images_are_removed_by_the_next_one() {
    let daemon = Daemon::start("cache-stale", &["--module-cache=16MiB"]);
    load(&daemon.connect(), &long_image("one"));
    let folder = folder_of(&daemon);
    daemon.signal(libc::SIGKILL);
    until("the daemon's end", || Socket::connect(&daemon.socket).is_err());
    assert!(folder.exists());
    // The lock goes with the last executor.
    until("the images' end", || {
        let mut next = Command::new(PROGRAM)
            .args(["--module-cache=16MiB", "--socket"])
            .arg(&daemon.socket)
            .env("TMPDIR", daemon.folder())
            .spawn()
            .expect("vgpud starts");
        until("the next daemon", || Socket::connect(&daemon.socket).is_ok());
        next.kill().expect("it is ours");
        next.wait().expect("it is ours");
        !folder.exists()
    });
}
