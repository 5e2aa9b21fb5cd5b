//! What keeps a function from being used, in words: the cause, and the cure.

/// The daemon behind it is gone.
pub(super) fn silent(address: &str) -> String {
    format!(
        "nobody answers behind PCI function {address}: `vgpud` on the host has ended; start it there, then power this VM off \
         and on, or plug the function anew"
    )
}

/// The kernel lets nobody read it.
pub(super) fn unread(address: &str) -> String {
    format!(
        "PCI function {address} cannot be mapped, by root either: under Secure Boot the kernel is locked down \
         (`cat /sys/kernel/security/lockdown`); switch Secure Boot off in the VM's firmware"
    )
}

/// Nothing has given its memory an address.
pub(super) fn no_memory(address: &str) -> String {
    format!(
        "the memory of PCI function {address} has no address, for want of room (`dmesg | grep {address}`): start `vgpud` with a \
         smaller --bar-size, or give the function's root port a larger window"
    )
}
