#!/opt/vm/bin/busybox sh
# The guest's first process: brings the machine up, runs the job, tells its exit code, turns the machine off.
# What the caller decides stands in /opt/vm/settings: token, uid, sets_up_functions.

export PATH=/opt/vm/bin
umask 022

fail() {
    echo "vm: $*" > /dev/console
    poweroff -f
}

/opt/vm/bin/busybox --install -s /opt/vm/bin
chmod 0755 /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t devpts pts /dev/pts
ln -sf /proc/self/fd /dev/fd
ip link set lo up
hostname guest
# Programs start shells by this name.
[ -e /bin/sh ] || { mkdir -p /bin && ln -s /opt/vm/bin/busybox /bin/sh; }
. /opt/vm/settings

for module in /opt/vm/modules/*.ko; do
    [ -e "$module" ] || continue
    insmod "$module" || fail "the kernel refuses $module"
done

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
