// The command line as engines write it.
import { engineAddressIn } from "./run-plugin";

test.each([
  { because: "the engine's usual call", args: ["127.0.0.1:4321"], address: "127.0.0.1:4321" },
  {
    because: "flags come first",
    args: ["--logtostderr", "-v=9", "--tracing", "http://127.0.0.1:9411/api/v1", "127.0.0.1:4321"],
    address: "127.0.0.1:4321",
  },
  { because: "an engine may have a name, or an IPv6 address", args: ["[::1]:4321"], address: "[::1]:4321" },
  { because: "by hand there is none", args: [], address: undefined },
  { because: "a flag's value is no engine", args: ["--tracing", "http://127.0.0.1:9411/api"], address: undefined },
  { because: "nor is a flag", args: ["--listen=127.0.0.1:1"], address: undefined },
])("$because", ({ args, address }) => {
  expect(engineAddressIn(args)).toBe(address);
});
