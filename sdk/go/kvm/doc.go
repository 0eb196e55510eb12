// Virtual machines on libvirt/QEMU as code, with the disk cache worked out from the storage that each disk is really on.
package kvm
