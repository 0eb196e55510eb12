"""One virtual machine from a cloud image. Nobody names a cache mode: the disk gets the one that its storage can do."""

import pulumi
import pulumi_kvm as kvm

config = pulumi.Config()
pool = config.require("pool")

host = kvm.HostDefaults("host", cache="auto")

image = kvm.Image(
    "image",
    source=config.require("image"),
    checksum=config.require("imageChecksum"),
    pool=pool,
)

vm = kvm.VirtualMachine(
    "vm",
    host=host.settings,
    memory=config.require("memory"),
    disks={"root": {"pool": pool, "image": image.path, "size": "10GiB"}},
    networks={"lan": {"network": config.require("network")}},
)

pulumi.export("name", vm.name)
pulumi.export("why", vm.effective_disks.apply(lambda disks: disks["root"].reason))
