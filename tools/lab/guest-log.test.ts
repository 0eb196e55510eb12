// The serial output of the test guest, as seen from a real boot.
import { parseGuestCards, parseGuestLog } from "./guest-log";

const boot = (id: string, ticks: number) =>
  [
    `BOOT_ID ${id}`,
    ...Array.from({ length: ticks }, (_, index) => [
      `tick ${index + 1} uptime ${index + 2}.50`,
      `seen disks=vda:20971520,sr0:4096 caches=vda:back,sr0:through memoryKiB=${94504 + index} cpus=2`,
    ]).flat(),
    "",
  ].join("\r\n");

const rows = [
  { because: "nothing was written yet", text: "", tick: undefined, bootId: undefined },
  { because: "the kernel speaks before init", text: "[ 0.1] hello\r\n", tick: undefined, bootId: undefined },
  { because: "no tick yet", text: boot("a", 0), tick: undefined, bootId: undefined },
  { because: "the last tick counts", text: boot("a", 3), tick: 3, bootId: "a" },
  { because: "the last boot counts", text: boot("a", 3) + boot("b", 1), tick: 1, bootId: "b" },
  {
    because: "a new boot without a tick says nothing of the old one",
    text: boot("a", 3) + boot("b", 0),
    tick: undefined,
    bootId: undefined,
  },
  { because: "half a line is no tick", text: `${boot("a", 2)}tick 3 uptime 9.0\r\nseen disks=vda:2`, tick: 2, bootId: "a" },
];

test.each(rows)("$because", ({ text, tick, bootId }) => {
  const view = parseGuestLog(text);
  expect(view?.tick).toBe(tick);
  expect(view?.bootId).toBe(bootId);
});

test("devices are told by name", () => {
  expect(parseGuestLog(boot("a", 1))).toEqual({
    bootId: "a",
    tick: 1,
    uptimeSeconds: 2.5,
    disks: { vda: 20971520, sr0: 4096 },
    caches: { vda: "back", sr0: "through" },
    memoryKiB: 94504,
    cpus: 2,
  });
});

test("network cards are told by MAC, those of the last complete tick", () => {
  const tick = (number: number, ...cards: readonly string[]) => [
    `tick ${number} uptime ${number}.0`,
    ...cards,
    "seen disks= caches= memoryKiB=1 cpus=1",
  ];
  const text = [
    "BOOT_ID a",
    ...tick(1, "card eth0 mac=52:54:00:00:00:01 carrier=1 address="),
    ...tick(2, "card eth0 mac=52:54:00:00:00:01 carrier=1 address=192.0.2.5", "card eth1 mac=52:54:00:00:00:02 carrier=0 address="),
    "tick 3 uptime 3.0",
    "card eth0 mac=52:54:00:00:00:01 carrier=0 address=",
  ].join("\r\n");
  expect(parseGuestCards(text)).toEqual({
    "52:54:00:00:00:01": { name: "eth0", carrier: true, address: "192.0.2.5" },
    "52:54:00:00:00:02": { name: "eth1", carrier: false },
  });
  expect(parseGuestCards("")).toEqual({});
});
