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

# Each network card that comes gets its cable plugged in and asks for an address, again and again, in a task of its own.
greet_cards() {
  for card in /sys/class/net/eth*; do
    name=${card##*/}
    [ -e "$card" ] && [ ! -e "/tmp/greeted-$(cat "$card/address")" ] || continue
    : >"/tmp/greeted-$(cat "$card/address")"
    ip link set "$name" up
    udhcpc -b -S -t 3 -T 1 -A 2 -i "$name" -s /etc/udhcpc.script >/dev/null 2>&1 &
  done
}

# One line a card: "card eth0 mac=52:54:00:12:34:56 carrier=1 address=192.168.100.7".
tell_cards() {
  for card in /sys/class/net/eth*; do
    [ -e "$card/address" ] || continue
    name=${card##*/}
    address=$(ip -4 -o addr show dev "$name" 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
    echo "card $name mac=$(cat "$card/address") carrier=$(cat "$card/carrier" 2>/dev/null || echo 0) address=$address"
  done
}

tick=0
while :; do
  greet_cards
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
  tell_cards
  echo "seen disks=$disks caches=$caches memoryKiB=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo) cpus=$(nproc)"
  sleep 1
done
