// KVM on a real daemon: absent, there but not permitted to QEMU, and permitted. The host gets device nodes of its own; the machine's stays as it is.
import { existsSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describeOrSkip, describeWithHost, hostExec, labHost, restartDaemon } from "../../tools/lab/lab";
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
    const put = async (numbers: string, owner: string, mode: string) => {
      // libvirt looks at the device again when its change time differs, in whole seconds.
      await sleep(1_100);
      await hostExec(
        lab(),
        "sh",
        "-c",
        `rm -f ${node()} && mknod ${node()} c ${numbers} && chgrp ${owner} ${node()} && chmod ${mode} ${node()} && mount --bind ${node()} /dev/kvm`,
      );
      // What libvirt remembers of QEMU was found under other permissions.
      await hostExec(lab(), "sh", "-c", "rm -rf /var/cache/libvirt/qemu/capabilities");
      await restartDaemon(lab());
    };
    const take = () => hostExec(lab(), "sh", "-c", `umount /dev/kvm && rm -f ${node()}`);
    const observe = async (options: ObserveOptions) => {
      const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs: 60_000 });
      const { kvm: facts } = await createHostObserver(libvirt).observePlatform(options);
      await libvirt.close();
      return facts;
    };

    test.each([
      { numbers: nullDevice, owner: "root", mode: "600", usable: "no", because: "there is none", why: /^libvirt offers no KVM there/ },
      {
        numbers: kvm,
        owner: "root",
        mode: "600",
        usable: "no",
        because: "QEMU's user may not open it",
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
    ])("mode $mode: $usable, because $because", async ({ numbers, owner, mode, usable, why }) => {
      await put(numbers, owner, mode);
      try {
        const facts = await observe({ depth: "probe" });
        expect(facts.usable).toBe(usable);
        expect(facts.why).toMatch(why);
      } finally {
        await take();
      }
    });

    // The machine's own node, where it is closed to everybody but root, as in many containers: libvirt itself takes KVM for usable there.
    const isClosed = existsSync("/dev/kvm") && (statSync("/dev/kvm").mode & 0o066) === 0;
    (isClosed ? test : test.skip)("the machine's own /dev/kvm, closed to QEMU: no, in QEMU's words", async () => {
      const facts = await observe({ depth: "probe" });
      expect(facts.usable).toBe("no");
      expect(facts.why).toMatch(/may not open|ermission denied|offers no KVM/);
      expect(facts.why).not.toContain("\n");
    });
  }),
);
