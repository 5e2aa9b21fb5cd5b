#!/bin/bash
# Runs the job at the end of a boot and tells its exit code; then the machine is turned off.
# What the caller decides stands in /opt/vm/settings: token, uid.

fail() {
    echo "vm: $*" > /dev/console
    systemctl poweroff -ff
}

. /opt/vm/settings
exec 3<> /dev/vport0p1 || fail "there is no line to the host"
printf '\036%s up\n' "$token" >&3
read -t 60 -r VM_BOOT <&3 || fail "the host does not answer"
export VM_BOOT

run=()
if [ "$uid" != 0 ]; then
    # With the groups that the user is in by now.
    groups=--clear-groups
    ! getent passwd "$uid" > /dev/null || groups=--init-groups
    run=(setpriv "--reuid=$uid" "--regid=$uid" "$groups")
fi
"${run[@]}" /bin/sh /opt/vm/job < /dev/null >&3 2>&3 3>&-
code=$?
printf '\036%s exit %d\n' "$token" "$code" >&3
read -t 60 -r answer <&3
systemctl poweroff -ff
