#!/usr/bin/env node
require("pulumi-kvm-provider/cli");
