import { describe, expect, test } from "bun:test";
import { lastGood, surplus } from "../../supervisor/release/keep.ts";
import {
  badContent,
  blank,
  decodeLedger,
  encodeLedger,
  type Ledger,
  type Mark,
  marked,
  markOf,
} from "../../supervisor/release/ledger.ts";
import { decodeManifest, encodeManifest, nameOf } from "../../supervisor/release/manifest.ts";

const at = "2026-11-22T01:30:05.000Z";
const mark = (release: string, state: Mark["state"], hash = release): Mark => ({
  release,
  hash,
  state,
  reason: state === "bad" ? "api@1: exited with code 3" : null,
  at,
});
const proving = { release: "v2", back: "v1", until: 5, boot: "b", watched: ["api"] };
const full: Ledger = { current: "v2", proving, marks: [mark("v1", "good"), mark("v0", "bad")] };
const manifest = {
  id: "v1",
  hash: "aa",
  config_hash: "bb",
  runtime: "bun 1.4.5",
  commit: null,
  by: "root",
  at,
  source: "/srv/app",
  files: 1,
  size_bytes: 2,
  added_bytes: 2,
};

describe("what is written down is read again, and nothing else", () => {
  test("the ledger", () => {
    for (const one of [blank, full]) expect(decodeLedger(encodeLedger(one))).toEqual(one);
  });

  test.each<[string, (good: Record<string, unknown>) => unknown]>([
    ["another format", (good) => ({ ...good, format: 2 })],
    ["a current one that leads out of the folder", (good) => ({ ...good, current: "../x" })],
    ["a current one that is a number", (good) => ({ ...good, current: 7 })],
    ["half a proof", (good) => ({ ...good, proving: { release: "v2" } })],
    ["a proof without an end", (good) => ({ ...good, proving: { ...proving, until: "soon" } })],
    ["a mark that is none", (good) => ({ ...good, marks: [{ ...mark("v1", "good"), state: "fine" }] })],
    ["a list", () => []],
    ["nothing", () => null],
  ])("not a ledger with %s", (_, change) => {
    expect(decodeLedger(JSON.stringify(change(JSON.parse(encodeLedger(full)))))).toBeNull();
  });

  test("no ledger, and no manifest, that was cut short anywhere", () => {
    const texts = [encodeLedger(full), encodeManifest(manifest)].map((text) => text.trimEnd());
    const [ledger = "", made = ""] = texts;
    for (let end = 0; end < ledger.length; end++) expect(decodeLedger(ledger.slice(0, end))).toBeNull();
    for (let end = 0; end < made.length; end++) expect(decodeManifest("v1", made.slice(0, end))).toBeNull();
  });

  test("a manifest, of that release alone", () => {
    const text = encodeManifest(manifest);
    expect(decodeManifest("v1", text)).toEqual({ format: 1, ...manifest });
    expect(decodeManifest("v2", text)).toBeNull();
    for (const key of Object.keys(manifest)) {
      const { [key]: _, ...less } = JSON.parse(text) as Record<string, unknown>;
      expect(decodeManifest("v1", JSON.stringify(less))).toBeNull();
    }
    for (const wrong of [{ files: -1 }, { size_bytes: 1.5 }, { at: "yesterday" }, { commit: 1 }])
      expect(decodeManifest("v1", encodeManifest({ ...manifest, ...(wrong as object) }))).toBeNull();
  });
});

test("a name sorts by time, and tells the content", () => {
  expect(nameOf(new Date(at), "1a2b3c4d5e")).toBe("20261122-013005-1a2b3c4");
});

test("the newest word counts, of a release and of its content under any name", () => {
  const ledger = [
    mark("v1", "bad", "x"),
    mark("v2", "bad", "y"),
    mark("v2", "good", "y"),
    mark("v3", "good", "x"),
  ].reduce(marked, blank);
  expect(ledger.marks.map(({ release, state }) => `${release} ${state}`)).toEqual(["v1 bad", "v2 good", "v3 good"]);
  expect([markOf(ledger, "v2")?.state, markOf(ledger, "v9")]).toEqual(["good", null]);
  expect([badContent(ledger, "x"), badContent(ledger, "y"), badContent(ledger, "z")]).toEqual([null, null, null]);
  expect(badContent(marked(ledger, mark("v4", "bad", "x")), "x")?.release).toBe("v4");
});

test("so many marks are kept, and no more", () => {
  const many = Array.from({ length: 250 }, (_, at) => mark(`v${at}`, "good")).reduce(marked, blank);
  expect([many.marks.length, many.marks[0]?.release]).toEqual([200, "v50"]);
});

describe("which releases go", () => {
  const all = ["v1", "v2", "v3", "v4", "v5"];
  const ledger: Ledger = {
    current: "v4",
    proving: null,
    marks: [mark("v1", "good"), mark("v2", "good"), mark("v4", "good")],
  };
  const gone = (change: Partial<Ledger>, keep: number, ...running: readonly string[]) =>
    surplus(all, { ledger: { ...ledger, ...change }, running: new Set(running), keep });

  test.each<[string, readonly string[], readonly string[]]>([
    ["the oldest, less the current and the last good one", gone({}, 1), ["v1", "v3"]],
    ["none when there are not too many", gone({}, 5), []],
    ["not one that a process runs from", gone({}, 1, "v1", "v3"), []],
    [
      "not the way back from one that proves itself",
      gone({ proving: { ...proving, release: "v4", back: "v1" } }, 1),
      ["v3"],
    ],
    ["not the last good one when what is current was never so", gone({ current: "v5" }, 1), ["v1", "v2", "v3"]],
  ])("%s", (_, goes, expected) => {
    expect(goes).toEqual(expected);
  });

  test("the last good one is the one that proved itself last, of those that are there", () => {
    expect([lastGood(ledger, ["v1", "v2"]), lastGood(ledger, ["v1"]), lastGood(ledger, ["v3"])]).toEqual([
      "v2",
      "v1",
      null,
    ]);
  });
});
