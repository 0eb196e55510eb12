// Names for resources whose program gives none.
import { autoName } from "./auto-name";

const randomSeed = Uint8Array.from([1, 2, 3]);

test("a name is the resource's and a suffix from the seed: the same seed, the same name", () => {
  const request = { resourceName: "web", proposal: undefined, randomSeed };
  expect(autoName(request)).toEqual({ name: expect.stringMatching(/^web-[0-9a-f]{7}$/) as string });
  expect(autoName(request)).toEqual(autoName(request));
  expect(autoName({ ...request, randomSeed: Uint8Array.from([9]) })).not.toEqual(autoName(request));
});

test.each(["propose", "enforce"] as const)("the engine's proposal is taken as it is: %s", (mode) => {
  expect(autoName({ resourceName: "web", proposal: { proposed: "prod-web", mode }, randomSeed })).toEqual({ name: "prod-web" });
});

test("disabled is a problem of the name", () => {
  expect(autoName({ resourceName: "web", proposal: "disabled", randomSeed })).toEqual({
    problem: { path: "name", reason: expect.stringContaining("is required") as string },
  });
});

test.each(["a/b", "a\nb"])("characters that no domain's name may have are replaced: %j", (resourceName) => {
  expect(autoName({ resourceName, proposal: undefined, randomSeed })).toEqual({ name: expect.stringMatching(/^a-b-/) as string });
});
