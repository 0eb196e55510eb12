import { ImageError } from "../errors";
import { sourceLocation } from "./source-location";

test.each([
  {
    source: "/images/debian.qcow2",
    is: { kind: "file", path: "/images/debian.qcow2", fileName: "debian.qcow2" },
    because: "an absolute path",
  },
  { source: "debian:12.img", is: { kind: "file", path: `${process.cwd()}/debian:12.img` }, because: "a colon does not make a URL" },
  { source: "file:///a%20b.img", is: { kind: "file", path: "/a b.img", fileName: "a b.img" }, because: "a URL of a file" },
  {
    source: "https://h/p/d.img?x=1",
    is: { kind: "http", fileName: "d.img", shown: "https://h/p/d.img?…" },
    because: "a query may be a signature",
  },
  { source: "https://me:secret@h/d.img", is: { kind: "http", shown: "https://h/d.img" }, because: "a password is not for messages" },
  { source: "http://h/", is: { kind: "http", fileName: "image" }, because: "a path without a name" },
  { source: "http://h/..%2F..%2Fx", is: { fileName: "x" }, because: "a name is never a path" },
  {
    source: "sftp://h/a/b.img",
    is: { kind: "sftp", host: "h", user: undefined, port: undefined, path: "/a/b.img" },
    because: "ssh knows the rest",
  },
  { source: "sftp://me@h:2022/b.img", is: { host: "h", user: "me", port: 2022, path: "/b.img" }, because: "user and port" },
  { source: "sftp://h/~/b.img", is: { path: "b.img" }, because: "relative to the home" },
  { source: "sftp://[::1]/b.img", is: { host: "::1" }, because: "IPv6" },
  { source: "sftp://h/a%20%22b%22.img", is: { path: '/a "b".img' }, because: "spaces and quotes are a part of the name" },
])("$source: $because", ({ source, is }) => {
  expect(sourceLocation(source)).toMatchObject(is);
});

test.each([
  { source: "", because: "nothing is given" },
  { source: "ftp://h/x", because: "not known" },
  { source: "rbd://pool/x", because: "a storage, not a source of images" },
  { source: "file://otherhost/x", because: "a file of another machine" },
  { source: "https://", because: "no host" },
  { source: "https://h/%zz", because: "a broken escape" },
  { source: "sftp://me:secret@h/x", because: "a password in the URL" },
  { source: "sftp://-oProxyCommand=x/y", because: "a host that is an option" },
  { source: "sftp://-l@h/y", because: "a user that is an option" },
  { source: "sftp://h%20x/y", because: "a host with a space" },
  { source: "sftp://h/a%0Abye", because: "a second command" },
  { source: "sftp://h/a%5Cb", because: "a backslash" },
  { source: "sftp://h/", because: "no file" },
  { source: "sftp://h/a/", because: "a folder" },
  { source: "sftp://h/a?b", because: "not clear what is meant" },
])("$source is refused: $because", ({ source }) => {
  let error: unknown;
  try {
    sourceLocation(source);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ImageError);
  expect((error as ImageError).context.wayOut).toMatch(/\w/);
  expect((error as ImageError).message).not.toContain("secret");
});
