// A change of each map of devices, for each row of deviceEffects.
import type { deviceEffects } from "../../plan/field-effects";
import type { EffectCase, Place } from "./play-cases";

type Table = typeof deviceEffects;
type DeviceCases = { readonly [Name in keyof Table]: { readonly [Change in keyof Table[Name]]: readonly [EffectCase, ...EffectCase[]] } };

const noDevice = "needs a device of the host that it can do without";

export const deviceCases = ({ folder, key }: Place) => {
  /** The file of the case's own device. */
  const at = (file: string) => new RegExp(`-${key}/${file}`);
  const share = (source: string) => ({ shares: { [key]: { source } } });
  const serial = (file: string) => ({ serials: { [key]: { file: `${folder}/${file}` } } });
  const console = (file: string) => ({ consoles: { [key]: { file: `${folder}/${file}` } } });
  const channel = (file: string) => ({ channels: { [key]: { file: `${folder}/${file}` } } });
  const pci = (address: string) => ({ hostDevices: { [key]: { pci: address } } });
  const noHugePages = { memoryBacking: { access: "shared", source: "memfd" } };
  return {
    shares: {
      added: [{ because: "its memory is not shared yet", after: share(folder), brings: new RegExp(`<source dir=["']${folder}["']`) }],
      removed: [
        {
          because: "it is mounted",
          before: { ...share(folder), ...noHugePages },
          after: { shares: {}, ...noHugePages },
          takes: new RegExp(`<source dir=["']${folder}["']`),
        },
      ],
      changed: [
        {
          because: "another folder",
          before: share(folder),
          after: share(`${folder}/.`),
          brings: new RegExp(`source dir=["']${folder}/\\.["']`),
        },
      ],
    },
    hostDevices: {
      added: [{ because: "a slot is free", onFake: noDevice, after: pci("0000:01:00.0"), brings: /<hostdev / }],
      removed: [
        { because: "the guest lets go", onFake: noDevice, before: pci("0000:01:00.0"), after: { hostDevices: {} }, takes: /<hostdev / },
      ],
      changed: [
        { because: "another device", onFake: noDevice, before: pci("0000:01:00.0"), after: pci("0000:02:00.0"), brings: /bus=["']0x02/ },
      ],
    },
    serials: {
      added: [{ because: "a port more", after: serial("one-serial.log"), brings: at("one-serial") }],
      removed: [{ because: "a port less", before: serial("one-serial.log"), after: { serials: {} }, takes: at("one-serial") }],
      changed: [{ because: "another file", before: serial("one-serial.log"), after: serial("two-serial.log"), brings: at("two-serial") }],
    },
    consoles: {
      added: [{ because: "a console more", after: console("one-console.log"), brings: at("one-console") }],
      removed: [{ because: "a console less", before: console("one-console.log"), after: { consoles: {} }, takes: at("one-console") }],
      changed: [
        { because: "another file", before: console("one-console.log"), after: console("two-console.log"), brings: at("two-console") },
      ],
    },
    channels: {
      added: [{ because: "a channel more", after: channel("one-channel.log"), brings: at("one-channel") }],
      removed: [
        {
          because: "the guest lets go",
          guest: true,
          before: channel("one-channel.log"),
          after: { channels: {} },
          takes: at("one-channel"),
        },
      ],
      changed: [
        { because: "another file", before: channel("one-channel.log"), after: channel("two-channel.log"), brings: at("two-channel") },
      ],
    },
  } as const satisfies DeviceCases;
};
