// Secrets on a real daemon: defined, given a value, found, undefined.
import { randomUUID } from "node:crypto";
import { describeWithHost, virsh } from "../../tools/lab/lab";
import { hostErrorCodes } from "./codes";
import { connectLibvirt } from "./connect";
import type { Libvirt } from "./port";

const timeoutMs = 30_000;
const xmlOf = (uuid: string, usage: string) =>
  `<secret ephemeral='no' private='yes'><uuid>${uuid}</uuid><description>of a test</description><usage type='iscsi'><target>${usage}</target></usage></secret>`;

jest.setTimeout(60_000);

describeWithHost("secrets on the private host", (lab) => {
  let libvirt: Libvirt;
  const uuid = randomUUID();
  const usage = `test-${uuid}`;

  beforeAll(() => {
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
  });
  afterAll(async () => {
    await libvirt.undefineSecret(uuid);
    await libvirt.close();
  });

  test("one that is not there is undefined, and undefining it is success", async () => {
    expect(await libvirt.findSecret(randomUUID())).toBeUndefined();
    await libvirt.undefineSecret(randomUUID());
  });

  test("one is defined, given a value, found, defined again with its value kept, and undefined", async () => {
    await libvirt.defineSecret(xmlOf(uuid, usage));
    const found = await libvirt.findSecret(uuid);
    expect(found?.uuid).toBe(uuid);
    expect(found?.xml).toContain(`<target>${usage}</target>`);
    const value = new TextEncoder().encode("s3crét pässword");
    await libvirt.setSecretValue(uuid, value);
    expect(found?.xml).not.toContain("pässword");

    await libvirt.defineSecret(xmlOf(uuid, usage).replace("of a test", "changed"));
    expect((await libvirt.findSecret(uuid))?.xml).toContain("changed");
    expect(await virsh(lab(), "secret-list")).toContain(uuid);

    await libvirt.undefineSecret(uuid);
    expect(await libvirt.findSecret(uuid)).toBeUndefined();
    await libvirt.undefineSecret(uuid);
  });

  test("the value reaches libvirt byte by byte", async () => {
    const open = randomUUID();
    await libvirt.defineSecret(xmlOf(open, `test-${open}`).replace("private='yes'", "private='no'"));
    try {
      const value = Uint8Array.from({ length: 255 }, (_, index) => index + 1);
      await libvirt.setSecretValue(open, value);
      const shown = await virsh(lab(), "secret-get-value", open);
      expect(Buffer.from(shown, "base64").equals(Buffer.from(value))).toBe(true);
    } finally {
      await libvirt.undefineSecret(open);
    }
  });

  test("a value for one that is not there names the secret", async () => {
    const missing = randomUUID();
    await expect(libvirt.setSecretValue(missing, new Uint8Array([1]))).rejects.toMatchObject({ code: hostErrorCodes.noSecret });
    await expect(libvirt.setSecretValue(missing, new Uint8Array([1]))).rejects.toThrow(missing);
  });

  test("a second secret for the same use is refused", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await libvirt.defineSecret(xmlOf(first, `twice-${first}`));
    try {
      await expect(libvirt.defineSecret(xmlOf(second, `twice-${first}`))).rejects.toThrow(/already defined/);
    } finally {
      await libvirt.undefineSecret(first);
      await libvirt.undefineSecret(second);
    }
  });
});
