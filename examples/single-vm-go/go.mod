module single-vm-go

go 1.25.11

require (
	github.com/pulumi-kvm/pulumi-kvm/sdk/go/kvm v0.1.0
	github.com/pulumi/pulumi/sdk/v3 v3.259.0
)
