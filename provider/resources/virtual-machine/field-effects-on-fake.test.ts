// The rows of the tables of effects that not every machine can run: played on the fake host, with the plan, both definitions and the preview looked at.
import { effectRows } from "../../testing/effects/effect-rows";
import { expectEffect, playBatch, type Place } from "../../testing/effects/play-cases";
import { poolFacts } from "../../testing/fake-host-observer";
import { createStage } from "../../testing/machine-stage";

const place: Place = {
  name: "web",
  key: "row0",
  folder: "/pools/fast",
  pool: "fast",
  otherPool: "other",
  network: "default",
  otherNetwork: "other",
  bridge: "br0",
  otherBridge: "br1",
};

/** What the newest of the words need. */
const versions = { libvirtVersion: "10.0.0", qemuVersion: "8.2.0" };

const rows = effectRows.flatMap((row) =>
  row.onFake === undefined ? [] : [{ row, title: `${row.title} [on the fake host: ${row.onFake}]` }],
);

test.each(rows)("$title", async ({ row }) => {
  const { fake, host, web } = createStage({ libvirt: versions, observer: { facts: versions } });
  fake.addPool({ name: "other", path: "/pools/other" });
  host.setPool("other", poolFacts("/pools/other"));
  const played = { row, place, each: row.caseAt(place) };
  const ground = { libvirt: fake, web, guestIsThere: () => Promise.resolve(), until: () => Promise.resolve() };
  const outcome = (await playBatch([played], ground)).get(row);
  if (outcome === undefined || outcome instanceof Error) throw new Error(outcome?.message ?? "it was not played");
  expectEffect(played, outcome);
});
