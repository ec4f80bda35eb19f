import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAcceptedFiles } from "../../supervisor/host/accepted-files.ts";
import { createDisk } from "../../supervisor/host/disk.ts";
import { type Found, joined, readPath, readRoot } from "../../supervisor/host/unit-files.ts";
import { faultLine, ok } from "../../supervisor/unit/fault.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "units-"));
  mkdirSync(join(root, "units"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, text = '[service]\nscript = "a.ts"\n') => writeFileSync(join(root, path), text);
const lines = ({ faults }: Found) => faults.map(faultLine);

test("unit files are read in the order of their names, and nothing else is", () => {
  for (const name of ["b.toml", "a.toml", "a.toml~", ".a.toml.swp", "README.md"]) write(`units/${name}`, name);
  expect(readRoot(root)).toEqual({
    files: [
      { name: "a", file: "units/a.toml", text: "a.toml" },
      { name: "b", file: "units/b.toml", text: "b.toml" },
    ],
    faults: [],
  });
});

test("a root without unit files is a fault, and so is one without the folder", () => {
  expect(lines(readRoot(root))).toEqual([`${root}/units: there is no unit file here`]);
  expect(lines(readRoot(join(root, "no")))).toEqual([`${root}/no/units: is not there`]);
});

test("a file that cannot be read is one fault among the others", () => {
  mkdirSync(join(root, "units/folder.toml"));
  write("units/a.toml");
  const found = readRoot(root);
  expect([found.files.map(({ name }) => name), lines(found)]).toEqual([
    ["a"],
    ["units/folder.toml: cannot be read: EISDIR"],
  ]);
});

test.skipIf(process.geteuid?.() !== 0)("as root, what every user may write is refused: a file, or the folder", () => {
  const refused = (file: string) =>
    `${file}: may be written by every user, and what it says is run as root: chmod o-w ${file}`;
  for (const name of ["a", "b"]) write(`units/${name}.toml`);
  chmodSync(join(root, "units/b.toml"), 0o666);
  const found = readRoot(root);
  expect([found.files.map(({ name }) => name), lines(found)]).toEqual([["a"], [refused("units/b.toml")]]);
  chmodSync(join(root, "units"), 0o777);
  expect(lines(readRoot(root))).toEqual([refused("units")]);
});

test("a path is a file or a folder, called as the user called it", () => {
  write("units/a.toml");
  const folder = join(root, "units");
  const found = joined([readPath(folder), readPath(join(folder, "a.toml")), readPath(join(root, "no.toml"))]);
  expect(found.files.map(({ file }) => file)).toEqual([join(folder, "a.toml"), join(folder, "a.toml")]);
  expect(lines(found)).toEqual([`${join(root, "no.toml")}: is not there`]);
});

test("the disk tells every fault of the units and of the configuration at once, and every text", () => {
  mkdirSync(join(root, "config"));
  write("config/local.toml", "x");
  write("units/a.toml");
  const disk = createDisk({
    root,
    release: null,
    toBind: () => ok([]),
    source: () => null,
    settings: () => ok([]),
    accepted: createAcceptedFiles(join(root, "state")),
  });
  const read = disk.read();
  expect(read.ok && [...read.value.texts.keys()]).toEqual(["units/a.toml", "config/local.toml"]);
  expect(read.ok && read.value.units.map(({ name }) => name)).toEqual(["a"]);
  write("units/a.toml", "x = 1\n");
  write("units/b.toml", "y = 1\n");
  const refused = disk.read();
  expect(refused.ok ? [] : new Set(refused.faults.map(({ at }) => at?.file))).toEqual(
    new Set(["units/a.toml", "units/b.toml"]),
  );
  expect(disk.texts().get("units/a.toml")).toBe("x = 1\n");
});

test("what a remote source says is one of the files, for as long as the settings name it", () => {
  write("units/a.toml");
  const named = { key: "supervisor.config_source", value: "http://h/", origin: "", secret: false, live: true };
  const said = { file: "source/x.toml", text: "x" };
  const kept = (settings: readonly (typeof named)[]) => {
    const disk = createDisk({
      root,
      release: null,
      toBind: () => ok([]),
      settings: () => ok(settings),
      source: () => said,
      accepted: createAcceptedFiles(join(root, "state")),
    });
    const read = disk.read();
    return read.ok && [...read.value.texts.keys()];
  };
  expect([kept([named]), kept([])]).toEqual([["units/a.toml", "source/x.toml"], ["units/a.toml"]]);
});
