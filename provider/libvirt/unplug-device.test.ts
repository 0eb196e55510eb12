// How an unplug ends, by what libvirt answers and what its events tell; over a host that the test plays.
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, HostConnectionError, HostError } from "../errors";
import { hostErrorCodes } from "./codes";
import type { DeviceAnswer, HostConnection } from "./connection";
import { unplugDevice } from "./unplug-device";

const uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
const alias = "ua-data";
const context = { doing: "Unplugging", what: "it" };
const says = (code: number, message: string) => new HostError(code, message, context);
const answerOf = (answer: DeviceAnswer["answer"], devAlias = alias, domain = uuid): DeviceAnswer => ({
  dom: { name: "vm", uuid: domain, id: 1 },
  devAlias,
  answer,
});

/** A host with one device, which is asked for at most once. */
class PlayedHost {
  isPlugged = true;
  /** What the question is answered with. */
  refusal: Error | undefined;
  readonly order: string[] = [];
  listeners = 0;
  tell: (event: DeviceAnswer | "missed some") => void = () => undefined;

  readonly host = {
    onDeviceAnswer: async (listener: (event: DeviceAnswer | "missed some") => void) => {
      this.order.push("subscribe");
      this.listeners++;
      this.tell = listener;
      return Promise.resolve(() => {
        this.listeners--;
      });
    },
    callSlowly: async (procedure: string, call: { args: unknown }) => {
      this.order.push(procedure);
      expect(call.args).toMatchObject({ dom: { uuid }, alias, flags: 1 });
      if (this.refusal !== undefined) throw this.refusal;
      return Promise.resolve({});
    },
    call: async (procedure: string) => {
      this.order.push(procedure);
      return Promise.resolve({ xml: this.isPlugged ? `<disk><alias name='${alias}'/></disk>` : "<devices/>" });
    },
  } as unknown as HostConnection;

  unplug(timeoutMs: number, signal?: AbortSignal) {
    return unplugDevice(this.host, uuid, alias, { timeoutMs, signal });
  }
}

test.each([
  { answer: "removed", because: "the guest let go" },
  { answer: "refused", because: "the guest said no" },
] as const)("$answer by event, because $because", async ({ answer }) => {
  const played = new PlayedHost();
  const outcome = played.unplug(10_000);
  await sleep(10);
  played.tell(answerOf(answer));
  expect(await outcome).toBe(answer);
  expect(played.order.slice(0, 2)).toEqual(["subscribe", "domainDetachDeviceAlias"]);
  expect(played.listeners).toBe(0);
});

test("another device's answer, and another domain's, are none", async () => {
  const played = new PlayedHost();
  const outcome = played.unplug(100);
  await sleep(10);
  played.tell(answerOf("refused", "ua-other"));
  played.tell(answerOf("removed", alias, "00000000-0000-0000-0000-000000000001"));
  expect(await outcome).toBe("waiting");
});

test("without an answer it is waiting when the time is over, and asked once", async () => {
  const played = new PlayedHost();
  const startedMs = performance.now();
  expect(await played.unplug(150)).toBe("waiting");
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(145);
  expect(played.order.filter((each) => each === "domainDetachDeviceAlias")).toHaveLength(1);
  expect(played.listeners).toBe(0);
});

test.each([
  { wake: (played: PlayedHost) => played.tell("missed some"), because: "events were missed" },
  { wake: () => undefined, because: "the poll finds it out" },
])("removed without an event: $because", async ({ wake }) => {
  const played = new PlayedHost();
  const outcome = played.unplug(10_000);
  await sleep(10);
  played.isPlugged = false;
  wake(played);
  expect(await outcome).toBe("removed");
});

test.each([
  {
    refusal: says(hostErrorCodes.internalError, "internal error: no device found with alias ua-data"),
    isPlugged: false,
    outcome: "removed",
    because: "it is not there",
  },
  {
    refusal: says(hostErrorCodes.deviceMissing, "device not found: no device found"),
    isPlugged: false,
    outcome: "removed",
    because: "it is not there",
  },
  {
    refusal: says(hostErrorCodes.operationFailed, "operation failed: unplug of device was rejected by the guest"),
    isPlugged: true,
    outcome: "refused",
    because: "libvirt waited for the guest itself",
  },
  {
    refusal: says(
      hostErrorCodes.internalError,
      "internal error: unable to execute QEMU command 'device_del': Device ua-data is already in the process of unplug",
    ),
    isPlugged: true,
    outcome: "waiting",
    because: "the guest has not answered an earlier question",
  },
])("$outcome, because $because: $refusal.libvirtMessage", async ({ refusal, isPlugged, outcome }) => {
  const played = new PlayedHost();
  Object.assign(played, { refusal, isPlugged });
  expect(await played.unplug(50)).toBe(outcome);
});

test.each([
  { refusal: says(hostErrorCodes.operationInvalid, "domain is not running"), isPlugged: false, because: "nothing runs" },
  { refusal: says(hostErrorCodes.noDomain, "no domain"), isPlugged: false, because: "there is no such domain" },
  {
    refusal: says(hostErrorCodes.operationUnsupported, "this device cannot be unplugged"),
    isPlugged: true,
    because: "it cannot be asked for",
  },
  { refusal: new HostConnectionError("qemu:///system", "gone", context), isPlugged: true, because: "the connection is lost" },
])("libvirt's error comes through, because $because", async ({ refusal, isPlugged }) => {
  const played = new PlayedHost();
  Object.assign(played, { refusal, isPlugged });
  await expect(played.unplug(1_000)).rejects.toBe(refusal);
  expect(played.listeners).toBe(0);
});

test("the signal ends the waiting at once", async () => {
  const played = new PlayedHost();
  const controller = new AbortController();
  const outcome = played.unplug(60_000, controller.signal);
  await sleep(10);
  controller.abort();
  await expect(outcome).rejects.toBeInstanceOf(CancelledError);
  expect(played.listeners).toBe(0);
});
