// What can be wrong with disks before any storage is looked at.
import type { Values } from "../resource";
import { unknown } from "../resource";
import { diskProblems } from "./disk-problems";

test.each<{ because: string; disk: Values; old?: Values; path: string | undefined }>([
  { because: "a file is enough", disk: { file: "/a" }, path: undefined },
  { because: "a pool and a size are enough", disk: { pool: "p", size: "1GiB" }, path: undefined },
  { because: "data must come from somewhere", disk: {}, path: "disks.root" },
  { because: "an empty CD drive is a thing", disk: { device: "cdrom" }, path: undefined },
  { because: "a file and a pool contradict each other", disk: { file: "/a", pool: "p", size: "1GiB" }, path: "disks.root.pool" },
  { because: "a new volume needs a size", disk: { pool: "p" }, path: "disks.root.size" },
  { because: "a file has its size", disk: { file: "/a", size: "1GiB" }, path: "disks.root.size" },
  { because: "a file has its name", disk: { file: "/a", volume: "v" }, path: "disks.root.volume" },
  { because: "a file is made already", disk: { file: "/a", preallocation: "full" }, path: "disks.root.preallocation" },
  {
    because: "raw has no metadata to allocate",
    disk: { pool: "p", size: "1GiB", format: "raw", preallocation: "metadata" },
    path: "disks.root.preallocation",
  },
  { because: "qcow2 has", disk: { pool: "p", size: "1GiB", format: "qcow2", preallocation: "metadata" }, path: undefined },
  { because: "there are no virtio CD-ROMs", disk: { device: "cdrom", bus: "virtio" }, path: "disks.root.bus" },
  { because: "a disk does not shrink", disk: { pool: "p", size: "1GiB" }, old: { pool: "p", size: "2GiB" }, path: "disks.root.size" },
  { because: "the same size, otherwise written", disk: { pool: "p", size: "1024MiB" }, old: { pool: "p", size: "1GiB" }, path: undefined },
  {
    because: "a smaller one elsewhere is another volume",
    disk: { pool: "q", size: "1GiB" },
    old: { pool: "p", size: "2GiB" },
    path: undefined,
  },
  {
    because: "a smaller one of another name is another volume",
    disk: { pool: "p", volume: "v", size: "1GiB" },
    old: { pool: "p", size: "2GiB" },
    path: undefined,
  },
  { because: "an unknown pool counts as one", disk: { pool: unknown, size: "1GiB" }, path: undefined },
  { because: "an unknown file counts as one", disk: { file: unknown }, path: undefined },
  { because: "an unknown size is not judged", disk: { pool: "p", size: unknown }, old: { pool: "p", size: "2GiB" }, path: undefined },
])("$because", ({ disk, old, path }) => {
  expect(diskProblems({ root: disk }, old && { root: old }).map((problem) => problem.path)).toEqual(path === undefined ? [] : [path]);
});

test.each<{ because: string; disks: Values; paths: readonly string[] }>([
  { because: "two disks on one image", disks: { a: { file: "/x" }, b: { file: "/x" } }, paths: ["disks.b.file"] },
  { because: "two images", disks: { a: { file: "/x" }, b: { file: "/y" } }, paths: [] },
  { because: "two unknown files", disks: { a: { file: unknown }, b: { file: unknown } }, paths: [] },
  { because: "two first disks", disks: { a: { file: "/x", bootOrder: 1 }, b: { file: "/y", bootOrder: 1 } }, paths: ["disks.b.bootOrder"] },
  {
    because: "two disks on one volume",
    disks: { a: { pool: "p", volume: "v", size: "1GiB" }, b: { pool: "p", volume: "v", size: "1GiB" } },
    paths: ["disks.b.volume"],
  },
  {
    because: "volumes of one name in two pools",
    disks: { a: { pool: "p", volume: "v", size: "1GiB" }, b: { pool: "q", volume: "v", size: "1GiB" } },
    paths: [],
  },
  { because: "all of them at once", disks: { a: {}, b: { pool: "p" }, c: unknown, d: 5 }, paths: ["disks.a", "disks.b.size"] },
])("$because", ({ disks, paths }) => {
  expect(diskProblems(disks, undefined).map(({ path }) => path)).toEqual(paths);
});
