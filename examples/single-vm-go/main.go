// One virtual machine from a cloud image. Nobody names a cache mode: the disk gets the one that its storage can do.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/pulumi-kvm/pulumi-kvm/sdk/go/kvm"
)

func main() {
	pulumi.Run(program)
}

func program(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	pool := pulumi.String(settings.Require("pool"))

	host, err := kvm.NewHostDefaults(ctx, "host", &kvm.HostDefaultsArgs{Cache: kvm.CacheSettingAuto})
	if err != nil {
		return err
	}

	image, err := kvm.NewImage(ctx, "image", &kvm.ImageArgs{
		Source:   pulumi.String(settings.Require("image")),
		Checksum: pulumi.String(settings.Require("imageChecksum")),
		Pool:     pool,
	})
	if err != nil {
		return err
	}

	vm, err := kvm.NewVirtualMachine(ctx, "vm", &kvm.VirtualMachineArgs{
		Host:   host.Settings,
		Memory: pulumi.String(settings.Require("memory")),
		Disks: kvm.DiskMap{
			"root": kvm.DiskArgs{Pool: pool, Image: image.Path, Size: pulumi.String("10GiB")},
		},
		Networks: kvm.NetworkCardMap{
			"lan": kvm.NetworkCardArgs{Network: pulumi.String(settings.Require("network"))},
		},
	})
	if err != nil {
		return err
	}

	ctx.Export("name", vm.Name)
	ctx.Export("why", vm.EffectiveDisks.MapIndex(pulumi.String("root")).Reason())
	return nil
}
