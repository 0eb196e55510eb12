import { LibvirtArgumentError, LibvirtConnectionError, LibvirtError, LibvirtTimeoutError, LibvirtUploadError } from "node-libvirt";
import { CancelledError, HostConnectionError, HostError } from "../errors";
import { hostErrorCodes } from "./codes";
import { connectLibvirt } from "./connect";
import { translateError, unlessCode } from "./errors";
import { versionText } from "./host";

const context = { doing: "Looking up", what: "the pool p" };
const uri = "qemu:///system";
const libvirtError = (code: number) =>
  new LibvirtError({ message: "no such pool", code, domain: 18, level: 2, procedure: "storagePoolLookupByName" });

test.each([
  {
    from: libvirtError(hostErrorCodes.noPool),
    to: HostError,
    says: /Looking up the pool p: libvirt says: no such pool \(code 49\).*pool-list/,
  },
  { from: libvirtError(1), to: HostError, says: /code 1\)\.$/ },
  {
    from: new LibvirtConnectionError("refused", "nobody there"),
    to: HostConnectionError,
    says: /no answer from qemu:\/\/\/system: nobody there.*Start libvirt's daemon/,
  },
  { from: new LibvirtTimeoutError("domainCreateWithFlags", 5, true), to: HostConnectionError, says: /may still carry it out/ },
  { from: new LibvirtArgumentError("domainDefineXmlFlags", "too long"), to: HostError, says: /too long/ },
  { from: new LibvirtUploadError("lost", "the end is missing"), to: HostError, says: /the end is missing \(code 38\).*Free space/ },
])("$from.name becomes one of ours: $says", ({ from, to, says }) => {
  const error = translateError(from, uri, context, undefined);
  expect(error).toBeInstanceOf(to);
  expect((error as Error).message).toMatch(says);
});

test("the signal's reason becomes CancelledError; what is already ours stays", () => {
  expect(translateError(new Error("aborted"), uri, context, AbortSignal.abort())).toBeInstanceOf(CancelledError);
  const ours = new CancelledError(context);
  expect(translateError(ours, uri, context, undefined)).toBe(ours);
});

test("only the named codes are facts", async () => {
  const missing = Promise.reject<string>(new HostError(hostErrorCodes.noDomain, "gone", context));
  expect(await unlessCode(missing, hostErrorCodes.noDomain)).toBeUndefined();
  const other = Promise.reject(new HostError(hostErrorCodes.systemError, "broken", context));
  await expect(unlessCode(other, hostErrorCodes.noDomain)).rejects.toMatchObject({ code: hostErrorCodes.systemError });
});

test.each([
  { packed: 9_000_000n, text: "9.0.0" },
  { packed: 7_002_022n, text: "7.2.22" },
  { packed: 10_010_000n, text: "10.10.0" },
])("version $packed is $text", ({ packed, text }) => {
  expect(versionText(packed)).toBe(text);
});

test.each([
  { given: "qemu:///system", isLocalSocket: true, because: "no host is named" },
  { given: "qemu+unix:///session?socket=/x", isLocalSocket: true, because: "a socket of this machine" },
  { given: "qemu+ssh://user@far/system", isLocalSocket: false, because: "by ssh" },
  { given: "qemu+ssh:///system", isLocalSocket: false, because: "by ssh, to whatever machine" },
  { given: "qemu://far/system", isLocalSocket: false, because: "TLS" },
])("$given: local $isLocalSocket, $because", ({ given, isLocalSocket }) => {
  expect(connectLibvirt({ uri: given, timeoutMs: 1 }).isLocalSocket).toBe(isLocalSocket);
});
