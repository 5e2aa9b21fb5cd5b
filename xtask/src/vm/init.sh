#!/opt/vm/bin/busybox sh
# The guest's first process: brings the machine up, runs the job, tells its exit code, turns the machine off. Where the
# guest has a system of its own, that system's first process takes over, and session.sh does the rest.
# What the caller decides stands in /opt/vm/settings: token, uid, system, sets_up_functions.

export PATH=/opt/vm/bin
umask 022

fail() {
    echo "vm: $*" > /dev/console
    poweroff -f
}

# The disk with the serial number $1.
disk() {
    tries=0
    while [ $tries -lt 1000 ]; do
        for block in /sys/block/vd*; do
            [ "$(cat "$block/serial" 2> /dev/null)" != "$1" ] || { echo "/dev/${block##*/}"; return; }
        done
        tries=$((tries + 1))
        usleep 10000
    done
    fail "there is no disk $1"
}

# Binds the large files, which are on a disk of their own and called by number there, to their paths below $1.
bind_large_files() {
    [ -e /opt/vm/on-disk ] || return
    mkdir -p /opt/vm/disk
    mount -t iso9660 -o ro "$(disk vgpu-files)" /opt/vm/disk || fail "the disk of large files cannot be mounted"
    while IFS= read -r line; do
        mount --bind "/opt/vm/disk/${line%% *}" "$1${line#* }" || fail "${line#* } cannot be bound"
    done < /opt/vm/on-disk
}

/opt/vm/bin/busybox --install -s /opt/vm/bin
chmod 0755 /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
. /opt/vm/settings

for module in /opt/vm/modules/*.ko; do
    [ -e "$module" ] || continue
    insmod "$module" || fail "the kernel refuses $module"
done

if [ "$system" = debian ]; then
    mkdir /system
    mount -t ext4 "$(disk vgpu-system)" /system || fail "the system's disk cannot be mounted"
    # At the first of its boots.
    if [ ! -e /system/opt/vm/settings ]; then
        cp -a /opt/vm/added/. /system/ || fail "files cannot be added to the system's disk"
        sync
    fi
    bind_large_files /system
    umount /dev /sys /proc
    exec switch_root /system /sbin/init
fi

mkdir -p /dev/shm /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t devpts pts /dev/pts
ln -sf /proc/self/fd /dev/fd
ip link set lo up
hostname guest
# Programs start shells by this name.
[ -e /bin/sh ] || { mkdir -p /bin && ln -s /opt/vm/bin/busybox /bin/sh; }
bind_large_files ""

# The line's device appears a moment after the driver, and opens a moment after that.
tries=0
until [ -c /dev/vport0p1 ] && (: <> /dev/vport0p1) 2> /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 1000 ] || fail "there is no line to the host: /dev/vport0p1 does not open"
    usleep 10000
done
exec 3<> /dev/vport0p1
printf '\036%s up\n' "$token" >&3
read -t 60 -r VM_BOOT <&3 || fail "the host does not answer"
export VM_BOOT

if [ "$sets_up_functions" = yes ]; then
    for function in /sys/bus/pci/devices/*; do
        [ "$(cat "$function/vendor"):$(cat "$function/device")" = 0x10de:0x2331 ] || continue
        # Without firmware nobody has turned its memory on; and programs are not root.
        echo 1 > "$function/enable" || echo "vm: $function cannot be enabled" > /dev/console
        for resource in resource0 resource1 resource1_wc; do
            [ ! -e "$function/$resource" ] || chmod 0666 "$function/$resource"
        done
    done
fi

su -m -s /opt/vm/job guest < /dev/null >&3 2>&3 3>&-
code=$?
# The host answers once it has everything that came before this line.
printf '\036%s exit %d\n' "$token" "$code" >&3
read -t 60 -r answer <&3
poweroff -f
