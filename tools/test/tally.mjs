// Counts what passed, failed and was skipped over all phases, and tells it at the end in one plain line.
import { say, seconds } from "../lib/steps.mjs";

const SLOW_TEST_MS = 2_000;
const SHOWN_SLOW_TESTS = 10;

/** A skipped block carries its reason in its name (describeOrSkip in tools/lab/lab.ts). */
const REASON = /\[skipped: (?<reason>.*?)\]/;
const NO_REASON = "NO REASON GIVEN: use describeOrSkip";

export function makeTally() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  const failures = [];
  /** @type {Map<string, number>} how many tests each reason cost */
  const skips = new Map();
  /** @type {{ name: string, durationMs: number }[]} */
  const slow = [];
  /** @type {{ name: string, durationMs: number }[]} */
  const phases = [];

  const fail = (/** @type {string} */ what) => {
    total.failed += 1;
    failures.push(what);
  };

  return {
    total,
    fail,
    pass: () => (total.passed += 1),
    phase: (/** @type {string} */ name, /** @type {number} */ durationMs) => phases.push({ name, durationMs }),

    /**
     * Adds one run of jest, as its --json output tells it.
     * @param {string} project
     * @param {any} results
     */
    addJest(project, results) {
      total.passed += results.numPassedTests;
      total.skipped += results.numPendingTests + results.numTodoTests;
      for (const suite of results.testResults) {
        // A file that could not be loaded has no test that failed, and is a failure all the same.
        if (suite.status === "failed" && !suite.assertionResults.some((/** @type {any} */ test) => test.status === "failed")) {
          fail(`${project}: ${suite.name} could not be run`);
        }
        for (const test of suite.assertionResults) {
          const name = `${project}: ${test.fullName}`;
          if (test.status === "failed") fail(name);
          if (test.status === "pending" || test.status === "todo") countSkip(`${project}: ${test.ancestorTitles[0] ?? test.title}`);
          if ((test.duration ?? 0) >= SLOW_TEST_MS) slow.push({ name, durationMs: test.duration });
        }
      }
    },

    /** Prints the summary; its last line is `N passed, N failed, N skipped`. */
    report() {
      say("\n==> Summary");
      for (const { name, durationMs } of phases) say(`    ${seconds(durationMs).padStart(9)}  ${name}`);
      printSlow();
      for (const [reason, count] of skips) say(`skipped (${count}): ${reason}`);
      for (const failure of failures) say(`FAILED: ${failure}`);
      say(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    },
  };

  /** @param {string} block the outermost describe, which carries the reason */
  function countSkip(block) {
    const reason = REASON.exec(block)?.groups?.reason;
    const line = reason ? `${block.slice(0, block.indexOf(" [skipped:"))}: ${reason}` : `${block}: ${NO_REASON}`;
    skips.set(line, (skips.get(line) ?? 0) + 1);
  }

  function printSlow() {
    if (slow.length === 0) return;
    say(`\n    slowest tests (over ${seconds(SLOW_TEST_MS)}):`);
    const slowest = slow.sort((a, b) => b.durationMs - a.durationMs).slice(0, SHOWN_SLOW_TESTS);
    for (const { name, durationMs } of slowest) say(`    ${seconds(durationMs).padStart(9)}  ${name}`);
    say("");
  }
}

/** @typedef {ReturnType<typeof makeTally>} Tally */
