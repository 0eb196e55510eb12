// What a tool takes back at its end, the last thing first, whatever happened; and the person's Ctrl-C, which ends nothing in the middle.

/** @type {(() => unknown)[]} */
const actions = [];

/** @param {() => unknown} action */
export const undoLater = (action) => void actions.push(action);

/** The last thing has been taken back already. */
export const forgetLastUndo = () => void actions.pop();

export async function takeBack() {
  for (const action of actions.splice(0).reverse()) {
    try {
      await action();
    } catch (error) {
      process.stderr.write(`could not clean up: ${error}\n`);
      process.exitCode = 1;
    }
  }
}

let interrupted = false;
/** @type {(() => void)[]} */
const waiting = [];

export const isInterrupted = () => interrupted;

/** From now on a signal only is remembered. */
export function heedSignals() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      interrupted = true;
      for (const resolve of waiting.splice(0)) resolve();
    });
  }
}

/** Until the person (or the system) wants the end. Keeps the process alive. */
export async function untilInterrupted() {
  if (interrupted) return;
  const keepAlive = setInterval(() => undefined, 1 << 30);
  await new Promise((resolve) => waiting.push(() => resolve(undefined)));
  clearInterval(keepAlive);
}
