// The texts of QEMU 7.2 and libvirt 9.0 for storage that cannot be opened, as they were seen.
import { storageRefusal } from "./storage-refusal";

test("a message about anything else is none", () => {
  expect(storageRefusal("internal error: process exited while connecting to monitor")).toBeUndefined();
});
