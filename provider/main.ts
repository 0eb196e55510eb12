// The plugin's entry point: the wire over the real parts.
import { realParts } from "./compose";
import { runPlugin } from "./rpc/run-plugin";

// Large, and asked for by SDK generators only: loaded when it is.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const loadSchema = () => JSON.stringify(require("../schema.json"));

void runPlugin({ ...realParts, loadSchema }, process.argv.slice(2));
