import { HostError } from "../errors";
import { addressVerbs } from "./addresses";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";

const uuid = "4ddf3975-756b-43b6-b416-ca634c47f2d5";

/** A connection on which every call is answered with this error. */
const refusing = (code: number, message: string) =>
  addressVerbs({
    call: () => Promise.reject(new HostError(code, message, { doing: "Asking", what: "the domain" })),
  } as unknown as HostConnection);

test.each([
  { message: "internal error: malformed netlink response message", because: "the kernel's only message ends the empty list" },
  { message: "internal error: wrong nlmsg len", because: "the message that ends the list comes with those before it" },
])("no address is known where libvirt says: $message", async ({ message }) => {
  expect(await refusing(hostErrorCodes.internalError, message).domainInterfaceAddresses(uuid, "arp")).toEqual([]);
});

test("any other internal error is told", async () => {
  const asked = refusing(hostErrorCodes.internalError, "internal error: out of luck").domainInterfaceAddresses(uuid, "arp");
  await expect(asked).rejects.toThrow("out of luck");
});

test("a source that is none cannot tell", async () => {
  const asked = refusing(hostErrorCodes.agentUnresponsive, "QEMU guest agent is not connected");
  expect(await asked.domainInterfaceAddresses(uuid, "agent")).toBeUndefined();
});
