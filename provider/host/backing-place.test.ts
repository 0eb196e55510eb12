import { backingPlace } from "./backing-place";

test.each([
  { name: "/abs/base.img", place: { path: "/abs/base.img" }, because: "an absolute path" },
  { name: "base.img", place: { path: "/images/base.img" }, because: "relative to the image's folder" },
  { name: "../other/base.img", place: { path: "/other/base.img" }, because: "relative upwards" },
  { name: "file:/abs/base.img", place: { path: "/abs/base.img" }, because: "QEMU's own protocol for files" },
  { name: 'json:{"driver":"qcow2","file":{"driver":"file","filename":"/j.img"}}', place: { path: "/j.img" }, because: "nested JSON" },
  { name: 'json:{"file.filename":"/flat.img"}', place: { path: "/flat.img" }, because: "flat JSON" },
  { name: "nbd://host/export", place: { notAFile: "nbd://host/export" }, because: "a network image" },
  { name: "json:{broken", place: { notAFile: "json:{broken" }, because: "no JSON" },
  { name: "./a:b.img", place: { path: "/images/a:b.img" }, because: "a colon after a slash is a part of the name" },
])("$name: $because", ({ name, place }) => {
  expect(backingPlace("/images/top.qcow2", name)).toEqual(place);
});
