// Addresses as numbers, and what lies in which network.
import fc from "fast-check";
import { ipKey, isInNetwork, networksOverlap, parseIp, parseIpInterface, prefixOfNetmask } from "./ip-address";

test.each([
  { because: "four octets", text: "192.168.1.10", ip: { family: "ipv4", value: 0xc0a8010an } },
  { because: "zeroes left out", text: "fd00::1", ip: { family: "ipv6", value: 0xfd000000000000000000000000000001n } },
  { because: "all left out", text: "::", ip: { family: "ipv6", value: 0n } },
  { because: "nothing left out", text: "1:2:3:4:5:6:7:8", ip: { family: "ipv6", value: 0x00010002000300040005000600070008n } },
  { because: "zeroes at the end", text: "2001:db8::", ip: { family: "ipv6", value: 0x20010db8000000000000000000000000n } },
  { because: "IPv4 at the end", text: "::ffff:1.2.3.4", ip: { family: "ipv6", value: 0xffff01020304n } },
  { because: "too many octets", text: "1.2.3.4.5", ip: undefined },
  { because: "a zone is of one host only", text: "fe80::1%eth0", ip: undefined },
  { because: "a name", text: "host", ip: undefined },
])("address: $because", ({ text, ip }) => {
  expect(parseIp(text)).toEqual(ip);
});

test.each([
  { because: "IPv4", text: "10.0.0.1/8", prefix: 8 },
  { because: "IPv6", text: "fd00::1/64", prefix: 64 },
  { because: "no prefix", text: "10.0.0.1", prefix: undefined },
  { because: "too long", text: "10.0.0.1/33", prefix: undefined },
  { because: "a netmask is no prefix", text: "10.0.0.1/255.0.0.0", prefix: undefined },
])("interface: $because", ({ text, prefix }) => {
  expect(parseIpInterface(text)?.prefix).toBe(prefix);
});

test.each([
  { netmask: "255.255.255.0", prefix: 24 },
  { netmask: "255.255.252.0", prefix: 22 },
  { netmask: "0.0.0.0", prefix: 0 },
  { netmask: "255.255.255.255", prefix: 32 },
  { netmask: "255.0.255.0", prefix: undefined },
])("netmask $netmask", ({ netmask, prefix }) => {
  expect(prefixOfNetmask(netmask)).toBe(prefix);
});

test("an address is in its own network, whose neighbour does not overlap", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 1, max: 32 }), (address, prefix) => {
      const own = parseIpInterface(`${address}/${prefix}`)!;
      const neighbour = { ...own, value: own.value ^ (1n << BigInt(32 - prefix)) };
      expect([isInNetwork(own, own), isInNetwork(neighbour, own)]).toEqual([true, false]);
      expect([networksOverlap(own, own), networksOverlap(own, neighbour)]).toEqual([true, false]);
      expect(networksOverlap(own, { ...own, prefix: prefix - 1 })).toBe(true);
    }),
  );
});

test("all ways to write an address have one key", () => {
  expect(new Set(["fd00::a", "FD00:0:0::A", "fd00:0:0:0:0:0:0:a"].map(ipKey)).size).toBe(1);
  expect(ipKey("10.0.0.1")).not.toBe(ipKey("::10.0.0.1"));
});
