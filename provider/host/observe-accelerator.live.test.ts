// KVM on a real daemon: absent, there but not permitted to QEMU, and permitted. The host gets device nodes of its own; the machine's stays as it is.
import { existsSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describeOrSkip, describeWithHost, hostExec, labHost, restartDaemon, virsh } from "../../tools/lab/lab";
import { askDoctor } from "../cli/run-on-host.fixture";
import { connectLibvirt } from "../libvirt/connect";
import { createHostObserver } from "./observe-host";
import type { ObserveOptions } from "./observer";

const kvm = "10 232";
const nullDevice = "1 3";

jest.setTimeout(120_000);

const reason = "skipped" in labHost() || existsSync("/dev/kvm") ? undefined : "the machine has no /dev/kvm";
describeOrSkip(reason, "with a machine that has KVM", () =>
  describeWithHost("the observer of accelerators", (lab) => {
    const node = () => `${lab().dir}/kvm-${process.pid}`;
    /** What libvirt remembers of QEMU was found under other permissions. */
    const forget = async () => {
      await hostExec(lab(), "sh", "-c", "rm -rf /var/cache/libvirt/qemu/capabilities");
      await restartDaemon(lab());
    };
    const put = async (numbers: string, owner: string, mode: string) => {
      // libvirt looks at the device again when its change time differs, in whole seconds.
      await sleep(1_100);
      await hostExec(
        lab(),
        "sh",
        "-c",
        `rm -f ${node()} && mknod ${node()} c ${numbers} && chgrp ${owner} ${node()} && chmod ${mode} ${node()} && mount --bind ${node()} /dev/kvm`,
      );
      await forget();
    };
    const take = () => hostExec(lab(), "sh", "-c", `umount /dev/kvm && rm -f ${node()}`);
    const observe = async (options: ObserveOptions) => {
      const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs: 60_000 });
      const { kvm: facts } = await createHostObserver(libvirt).observePlatform(options);
      await libvirt.close();
      return facts;
    };

    /** On a host with a closed folder too: the doctor names both, each with its fix. It is asked here, as to make such a host takes long. */
    const expectDoctorToNameBoth = async () => {
      const [pool, folder] = [`closed-${process.pid}`, `${lab().dir}/closed-${process.pid}`];
      await hostExec(lab(), "mkdir", "-m", "700", folder);
      await virsh(lab(), "pool-create-as", pool, "dir", "--target", folder);
      try {
        const { findings, exitCode } = await askDoctor(lab().uri);
        const failed = findings.filter(({ status }) => status === "fail").map(({ check, about, fix }) => ({ check, about, fix }));
        expect(failed).toEqual([
          { check: "kvm", about: undefined, fix: "sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm" },
          { check: "pool", about: pool, fix: `sudo chmod o+x ${folder}` },
        ]);
        expect(exitCode).toBe(1);
      } finally {
        await virsh(lab(), "pool-destroy", pool);
        await hostExec(lab(), "rmdir", folder);
      }
    };

    test.each([
      { numbers: nullDevice, owner: "root", mode: "600", usable: "no", because: "there is none", why: /^libvirt offers no KVM there/ },
      {
        numbers: kvm,
        owner: "root",
        mode: "600",
        usable: "no",
        because: "QEMU's user may not open it",
        asksDoctor: true,
        why: /(not permitted|may not open|ermission denied|offers no KVM)/,
      },
      {
        numbers: kvm,
        owner: "kvm",
        mode: "660",
        usable: "yes",
        because: "QEMU's group may open it",
        why: /a paused probe domain with KVM started|may open/,
      },
    ])("mode $mode: $usable, because $because", async ({ numbers, owner, mode, usable, why, asksDoctor = false }) => {
      await put(numbers, owner, mode);
      try {
        const facts = await observe({ depth: "probe" });
        expect(facts.usable).toBe(usable);
        expect(facts.why).toMatch(why);
        if (asksDoctor) await expectDoctorToNameBoth();
      } finally {
        await take();
        await forget();
      }
    });

    // The machine's own node where it is closed to everybody but root, as in many containers: libvirt takes KVM for usable there, and a start fails.
    const isClosed = existsSync("/dev/kvm") && (statSync("/dev/kvm").mode & 0o066) === 0;
    const opened = isClosed ? "" : " [skipped: the machine's own /dev/kvm is open to QEMU]";
    (isClosed ? test : test.skip)(`the machine's own /dev/kvm, closed to QEMU: no, in QEMU's words${opened}`, async () => {
      // The host may have been given a node of its own; devtmpfs is the same wherever it is mounted.
      await hostExec(lab(), "sh", "-c", `mkdir ${node()}.d && mount -t devtmpfs dev ${node()}.d && mount --bind ${node()}.d/kvm /dev/kvm`);
      try {
        await forget();
        const facts = await observe({ depth: "probe" });
        expect(facts.usable).toBe("no");
        expect(facts.why).toMatch(/may not open|ermission denied/);
        expect(facts.why).not.toContain("\n");
      } finally {
        await hostExec(lab(), "sh", "-c", `umount /dev/kvm && umount ${node()}.d && rmdir ${node()}.d`);
        await forget();
      }
    });
  }),
);
