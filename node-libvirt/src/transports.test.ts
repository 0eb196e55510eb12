/** What a user reads when there is no daemon, and what is not supported yet. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "./connection";
import { LibvirtConnectionError } from "./errors";
import { openStream } from "./transports";
import { FakeDaemon } from "./testing/fake-daemon";
import { failure } from "./testing/wait";

const folder = mkdtempSync(join(tmpdir(), "node-libvirt-"));
afterAll(() => rmSync(folder, { recursive: true }));

const aFile = join(folder, "file");
writeFileSync(aFile, "");

test.each([
  {
    uri: `qemu:///system?socket=${join(folder, "nothing")}`,
    reason: "not-found",
    says: /nothing.*Start it/s,
    because: "there is no socket",
  },
  { uri: `qemu:///system?socket=${aFile}`, reason: "refused", says: /Nobody answers.*Start it/s, because: "nobody listens" },
  { uri: "qemu+ssh://root@host/system", reason: "unsupported", says: /"ssh".*not supported yet/, because: "ssh is not there yet" },
  { uri: "qemu://host/system", reason: "unsupported", says: /"tls".*not supported yet/, because: "TLS is not there yet" },
  { uri: "qemu+tcp://host/system", reason: "unsupported", says: /"tcp".*not supported yet/, because: "TCP is not there yet" },
  { uri: "nonsense", reason: "uri", says: /nonsense/, because: "it is no URI" },
])("$uri fails with $reason because $because", async ({ uri, reason, says }) => {
  const error = await failure(connect({ uri }));
  expect(error).toBeInstanceOf(LibvirtConnectionError);
  expect(error).toMatchObject({ reason });
  expect((error as Error).message).toMatch(says);
});

test("the next socket is tried when the one before is not there", async () => {
  const daemon = await FakeDaemon.start();
  const target = {
    uri: "qemu:///system",
    remoteUri: "qemu:///system",
    transport: "unix" as const,
    isSession: false,
    socketPaths: [join(folder, "virtqemud-sock"), daemon.socketPath],
  };
  const stream = await openStream(target, new AbortController().signal);
  stream.destroy();
  await daemon.stop();
});

test("an unset URI means LIBVIRT_DEFAULT_URI", async () => {
  const before = process.env["LIBVIRT_DEFAULT_URI"];
  const daemon = await FakeDaemon.start();
  process.env["LIBVIRT_DEFAULT_URI"] = daemon.uri;
  try {
    const conn = await connect();
    expect(conn.uri).toBe(daemon.uri);
    await conn.close();
  } finally {
    if (before === undefined) delete process.env["LIBVIRT_DEFAULT_URI"];
    else process.env["LIBVIRT_DEFAULT_URI"] = before;
    await daemon.stop();
  }
});
