#!/bin/busybox sh
# The RAM disk of the real Debian guest: finds the root file system by its label, on whatever disk it is, and hands over to systemd.
/bin/busybox mkdir -p /proc /sys /dev /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
# MODULES is replaced by the builder.
for module in @MODULES@; do modprobe "$module" || echo "no module $module"; done
until root=$(findfs LABEL=@LABEL@); do sleep 0.1; done
mount -t ext4 -o rw,noatime "$root" /new
for folder in proc sys dev; do mount --move "/$folder" "/new/$folder"; done
exec switch_root /new /sbin/init
