#!/bin/busybox sh
# The whole of the test guest: says who it is, counts ticks, and tells each second what hardware it sees.
/bin/busybox mkdir -p /proc /sys /dev /tmp /bin /sbin /usr/bin /usr/sbin /var/log /var/run
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
# MODULES is replaced by the builder.
for module in @MODULES@; do modprobe "$module" 2>/dev/null; done

exec >/dev/ttyS0 2>&1
acpid # runs /etc/acpi/PWRF/00000080 when the host presses the power button
echo "BOOT_ID $(cat /proc/sys/kernel/random/boot_id)"

tick=0
while :; do
  # A processor that was plugged in is used at once, as udev does it in a larger guest.
  for online in /sys/devices/system/cpu/cpu[0-9]*/online; do
    [ -e "$online" ] && [ "$(cat "$online")" = 0 ] && echo 1 >"$online"
  done
  disks=
  caches=
  for device in /sys/block/vd* /sys/block/sd* /sys/block/sr*; do
    [ -e "$device/size" ] || continue
    name=${device##*/}
    disks="$disks${disks:+,}$name:$(($(cat "$device/size") * 512))"
    case $(cat "$device/queue/write_cache" 2>/dev/null) in
    "write back") caches="$caches${caches:+,}$name:back" ;;
    *) caches="$caches${caches:+,}$name:through" ;;
    esac
  done
  tick=$((tick + 1))
  read -r uptime _ </proc/uptime
  echo "tick $tick uptime $uptime"
  echo "seen disks=$disks caches=$caches memoryKiB=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo) cpus=$(nproc)"
  sleep 1
done
