// Traffic limits: in a definition, and in libvirt's live call.
import fc from "fast-check";
import { anyThrottle } from "./domain-plan.fixture";
import { blockIoTuneOf, parseIoTune, writeIoTune } from "./iotune";
import { differences } from "./lines-of.fixture";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

const disk = (iotune: string) => `<disk>${iotune === "" ? "" : `<iotune>${iotune}</iotune>`}</disk>`;
const over = (xml: string, throttle: Parameters<typeof writeIoTune>[1]) => {
  const element = readXml(xml);
  writeIoTune(element, throttle);
  return writeXml(element);
};

const held = disk(
  "<total_iops_sec>500</total_iops_sec><total_iops_sec_max>900</total_iops_sec_max><size_iops_sec>4096</size_iops_sec><total_iops_sec_max_length>5</total_iops_sec_max_length>",
);

test.each([
  { because: "what a plan does not speak of stays", throttle: { totalIops: 500, maxTotalIops: 900 }, gone: [], added: [] },
  {
    because: "a burst's length goes with the burst",
    throttle: { totalIops: 500 },
    gone: ["/disk/iotune/total_iops_sec_max 900", "/disk/iotune/total_iops_sec_max_length 5"],
    added: [],
  },
  {
    because: "a limit changes alone",
    throttle: { totalIops: 600, maxTotalIops: 900, group: "a<b" },
    gone: ["/disk/iotune/total_iops_sec 500"],
    added: ["/disk/iotune/total_iops_sec 600", "/disk/iotune/group_name a<b"],
  },
])("$because", ({ throttle, gone, added }) => {
  expect(differences(held, over(held, throttle))).toEqual({ gone, added });
});

test("no limits leave no element, and 0 is no limit", () => {
  expect(over(disk("<total_iops_sec>500</total_iops_sec>"), undefined)).toBe("<disk/>\n");
  expect(over(disk(""), { totalIops: 0, readIops: 0 })).toBe("<disk/>\n");
  expect(parseIoTune(readXml(disk("<total_iops_sec>0</total_iops_sec>")))).toBeUndefined();
});

test("any limits come back as they were written", () => {
  fc.assert(
    fc.property(anyThrottle, anyThrottle, (before, throttle) => {
      const written = over(over(disk(""), before), throttle);
      expect(parseIoTune(readXml(written)) ?? {}).toEqual(throttle);
      expect(over(written, throttle)).toBe(written);
    }),
  );
});

test("the live call names every limit, so that one that is gone is lifted", () => {
  const words = ["total", "read", "write"].flatMap((kind) => [`${kind}_bytes_sec`, `${kind}_iops_sec`]);
  const all = words.flatMap((word) => [word, `${word}_max`]);
  expect(blockIoTuneOf(undefined)).toEqual(Object.fromEntries(all.map((word) => [word, 0])));
  expect(blockIoTuneOf({ readBytesPerSecond: 7, maxWriteIops: 9, group: "g" })).toEqual({
    ...Object.fromEntries(all.map((word) => [word, 0])),
    read_bytes_sec: 7,
    write_iops_sec_max: 9,
  });
});
