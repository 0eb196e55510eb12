/** Which socket a URI leads to, and what the daemon is asked to open. */
import { LibvirtConnectionError } from "./errors";
import { parseUri } from "./uri";

const system = { env: {}, isRoot: true, readonly: false };
const user = { env: { XDG_RUNTIME_DIR: "/run/user/7", HOME: "/home/u" }, isRoot: false, readonly: false };
const userWithoutRuntimeFolder = { env: { HOME: "/home/u" }, isRoot: false, readonly: false };
const readonly = { ...system, readonly: true };

const legacy = "/var/run/libvirt/libvirt-sock";
const direct = "/var/run/libvirt/virtqemud-sock";

test.each([
  { uri: "qemu:///system", from: system, paths: [direct, legacy], remote: "qemu:///system", because: "the modular daemon is tried first" },
  { uri: "qemu+unix:///system", from: user, paths: [direct, legacy], remote: "qemu:///system", because: "system is system for a user too" },
  { uri: "qemu:///system?mode=legacy", from: system, paths: [legacy], remote: "qemu:///system", because: "the mode chooses libvirtd" },
  { uri: "qemu:///system?mode=direct", from: system, paths: [direct], remote: "qemu:///system", because: "the mode chooses virtqemud" },
  {
    uri: "qemu:///system",
    from: readonly,
    paths: ["/var/run/libvirt/virtqemud-sock-ro", "/var/run/libvirt/libvirt-sock-ro"],
    remote: "qemu:///system",
    because: "read-only has sockets of its own",
  },
  {
    uri: "qemu:///session",
    from: user,
    paths: ["/run/user/7/libvirt/virtqemud-sock", "/run/user/7/libvirt/libvirt-sock"],
    remote: "qemu:///session",
    because: "a session's sockets are in the user's runtime folder",
  },
  {
    uri: "qemu:///session",
    from: userWithoutRuntimeFolder,
    paths: ["/home/u/.cache/libvirt/virtqemud-sock", "/home/u/.cache/libvirt/libvirt-sock"],
    remote: "qemu:///session",
    because: "without a runtime folder it is the cache folder",
  },
  {
    uri: "qemu:///session",
    from: system,
    paths: [direct, legacy],
    remote: "qemu:///session",
    because: "root has no session, as with virsh",
  },
  { uri: "test:///default", from: system, paths: [legacy], remote: "test:///default", because: "the test driver has no daemon of its own" },
  {
    uri: "qemu:///system?socket=/tmp/a%20b+c",
    from: system,
    paths: ["/tmp/a b+c"],
    remote: "qemu:///system",
    because: "+ is no space here",
  },
  {
    uri: "qemu:///system?x=1&mode=auto",
    from: system,
    paths: [direct, legacy],
    remote: "qemu:///system?x=1",
    because: "the rest is the driver's",
  },
  {
    uri: "qemu:///system?name=test:///default",
    from: system,
    paths: [direct, legacy],
    remote: "test:///default",
    because: "name overrides",
  },
])("$uri: $because", ({ uri, from, paths, remote }) => {
  const target = parseUri(uri, from);
  expect(target).toMatchObject({ transport: "unix", socketPaths: paths, remoteUri: remote });
});

test.each([
  { uri: "qemu+ssh://root@host/system", transport: "ssh" },
  { uri: "qemu://host/system", transport: "tls" },
  { uri: "qemu+tcp://host:16509/system", transport: "tcp" },
  { uri: "qemu+TLS://host/system", transport: "tls" },
])("$uri goes by $transport", ({ uri, transport }) => {
  expect(parseUri(uri, system).transport).toBe(transport);
});

test.each([
  { uri: "", says: /driver/, because: "it is empty" },
  { uri: "/var/run/libvirt/libvirt-sock", says: /driver/, because: "it is a path" },
  { uri: "qemu+pigeon:///system", says: /pigeon.*transport/, because: "there is no such transport" },
  { uri: "qemu+unix://host/system", says: /another host/, because: "a unix socket is local" },
  { uri: "qemu:///system?mode=fast", says: /mode/, because: "there is no such mode" },
  { uri: "test:///default?mode=direct", says: /daemon of its own/, because: "the test driver has no daemon" },
])('"$uri" is refused because $because', ({ uri, says }) => {
  expect(() => parseUri(uri, system)).toThrow(says);
  expect(() => parseUri(uri, system)).toThrow(LibvirtConnectionError);
});
