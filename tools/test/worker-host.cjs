// Gives each of jest's workers a private libvirt host of its own: KVM_LABS names the records of as many as there are workers.
const { readFileSync } = require("node:fs");
const { delimiter } = require("node:path");

const records = (process.env.KVM_LABS ?? "").split(delimiter);
const record = records[Number(process.env.JEST_WORKER_ID ?? 1) - 1];
if (record) {
  process.env.KVM_LAB = record;
  // What goes by the default reaches our host too, and never one of the machine's.
  process.env.LIBVIRT_DEFAULT_URI = JSON.parse(readFileSync(record, "utf8")).uri;
}
