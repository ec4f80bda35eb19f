import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { claimStateDir } from "../../supervisor/host/state-dir.ts";
import { blank } from "../../supervisor/release/ledger.ts";
import { type MakeOptions, makeRelease, makeShelf, sweepDrafts } from "../../supervisor/release/make.ts";
import { openShelf, readLedger } from "../../supervisor/release/shelf.ts";
import { unpack } from "../../supervisor/release/unpack.ts";

let root: string;
let stateDir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sv-release-"));
  stateDir = join(root, ".supervisor");
  makeShelf(stateDir);
  for (const name of ["units/api.toml", "config/local.toml", "code/main.ts", "node_modules/x/index.js", ".env"])
    put(name, name);
  put("assets/large", "x".repeat(400_000));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}

let second = 0;
const make = (name: string | null = null, more: Partial<MakeOptions> = {}) =>
  makeRelease({
    source: root,
    root,
    stateDir,
    exclude: [],
    shared: ["data"],
    name,
    now: new Date(Date.UTC(2026, 0, 1, 0, 0, ++second)),
    runtime: "bun 1.4.5",
    by: "root",
    commit: null,
    origin: root,
    sync: () => {},
    ...more,
  });
const treeOf = (release: string) => join(stateDir, "releases", release, "tree");
const inode = (release: string, name: string) => lstatSync(join(treeOf(release), name)).ino;
const namesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

describe("a release", () => {
  test("is what was there, read-only, less what is no code", () => {
    put(".git/HEAD", "x");
    put("tmp/cache", "x");
    chmodSync(join(root, "code/main.ts"), 0o755);
    symlinkSync("code/main.ts", join(root, "start"));
    const { manifest } = make("v1", { exclude: ["tmp"] });
    const names = namesIn(treeOf("v1")).filter((name) => !lstatSync(join(treeOf("v1"), name)).isDirectory());
    expect(names).toEqual([
      ".env",
      "assets/large",
      "code/main.ts",
      "config/local.toml",
      "data",
      "node_modules/x/index.js",
      "start",
      "units/api.toml",
    ]);
    expect(readlinkSync(join(treeOf("v1"), "start"))).toBe("code/main.ts");
    expect(readlinkSync(join(treeOf("v1"), "data"))).toBe(join(root, "data"));
    expect(existsSync(join(root, "data"))).toBe(true);
    expect((lstatSync(join(treeOf("v1"), "code/main.ts")).mode & 0o777).toString(8)).toBe("555");
    expect((lstatSync(join(treeOf("v1"), "units/api.toml")).mode & 0o222).toString(8)).toBe("0");
    expect(manifest).toMatchObject({ id: "v1", files: 6, added_bytes: manifest.size_bytes });
    expect(openShelf(stateDir).find("v1")).toEqual(manifest);
  });

  test("does not change with what it was made of, nor with one that came after it", () => {
    make("v1");
    appendFileSync(join(root, "code/main.ts"), "more");
    make("v2");
    expect(["v1", "v2"].map((release) => readFileSync(join(treeOf(release), "code/main.ts"), "utf8"))).toEqual([
      "code/main.ts",
      "code/main.tsmore",
    ]);
  });

  test("shares with earlier ones what has not changed, by content, whatever it is called", () => {
    make("v1");
    put("code/main.ts", "other");
    put("assets/same", "x".repeat(400_000));
    const { manifest } = make("v2");
    expect(manifest.added_bytes).toBe("other".length);
    expect(inode("v2", "assets/large")).toBe(inode("v1", "assets/large"));
    expect(inode("v2", "assets/same")).toBe(inode("v1", "assets/large"));
    expect(inode("v2", "code/main.ts")).not.toBe(inode("v1", "code/main.ts"));
  });

  test("shares nothing that somebody has written to since, or whose mode is another", () => {
    make("v1");
    chmodSync(join(treeOf("v1"), "assets/large"), 0o644);
    appendFileSync(join(treeOf("v1"), "assets/large"), "!");
    chmodSync(join(root, "units/api.toml"), 0o600);
    make("v2");
    expect(readFileSync(join(treeOf("v2"), "assets/large"), "utf8")).toBe("x".repeat(400_000));
    expect(inode("v2", "units/api.toml")).not.toBe(inode("v1", "units/api.toml"));
  });

  test("costs so little that ten of them are less than two copies", () => {
    for (let number = 1; number <= 10; number++) {
      put("code/main.ts", String(number));
      make(`v${number}`);
    }
    const all = namesIn(join(stateDir, "releases")).map((name) => lstatSync(join(stateDir, "releases", name)));
    const distinct = new Map(all.filter((one) => one.isFile()).map(({ ino, size }) => [ino, size]));
    const size = openShelf(stateDir).find("v1")?.size_bytes ?? 0;
    expect([...distinct.values()].reduce((sum, one) => sum + one, 0)).toBeLessThan(2 * size);
  });

  test("is not made twice of the same content, unless it is to have another name", () => {
    const first = make();
    expect(first.manifest.id).toMatch(/^20260101-0000\d\d-[0-9a-f]{7}$/);
    expect(make()).toEqual({ manifest: first.manifest, isNew: false });
    expect(make("v1").manifest).toMatchObject({ id: "v1", hash: first.manifest.hash, added_bytes: 0 });
    put("code/main.ts", "other");
    expect(() => make("v1")).toThrow("there is a release v1 already, and it is another one");
    expect(make().manifest.hash).not.toBe(first.manifest.hash);
  });

  test("knows its settings apart from its code", () => {
    const hashes = (name: string) => {
      put(name, "other");
      const { manifest } = make();
      return [manifest.hash, manifest.config_hash] as const;
    };
    const [code, first] = hashes("code/main.ts");
    const [units, second] = hashes("units/api.toml");
    expect(code).not.toBe(units);
    expect(first).not.toBe(second);
    expect(hashes("code/more.ts")[1]).toBe(second);
  });

  test("is refused where a link would let it change, and nothing is left of it", () => {
    symlinkSync(join(root, "code"), join(root, "here"));
    expect(() => make("v1")).toThrow("here is a link to");
    expect(readdirSync(join(stateDir, "releases"))).toEqual([]);
  });

  test("that somebody was killed over is swept away, and no other", () => {
    make("v1");
    mkdirSync(join(stateDir, "releases/.new-abc/tree"), { recursive: true });
    expect(
      openShelf(stateDir)
        .list()
        .map(({ id }) => id),
    ).toEqual(["v1"]);
    sweepDrafts(stateDir);
    expect(readdirSync(join(stateDir, "releases"))).toEqual(["v1"]);
  });
});

describe("an archive", () => {
  test.each([
    ["of the root itself", ["-C", "ROOT", "units", "code"], ""],
    ["of the folder that it is in", ["-C", "ROOT/node_modules", "x"], "x"],
  ])("%s is unpacked", (_, args, inner) => {
    const archive = join(root, "app.tgz");
    spawnSync("tar", ["-czf", archive, ...args.map((arg) => arg.replace("ROOT", root))]);
    expect(unpack(archive, join(root, "out"))).toBe(join(root, "out", inner).replace(/\/$/, ""));
  });

  test("that is none is refused in one line", () => {
    expect(() => unpack(join(root, "code/main.ts"), join(root, "out"))).toThrow(
      /code\/main.ts cannot be unpacked: tar: /,
    );
  });
});

describe("the shelf", () => {
  test("points at the current release, and no longer where there is none", () => {
    make("v1");
    const shelf = openShelf(stateDir);
    expect(shelf.write({ ...blank, current: "v1" })).toBeNull();
    expect(readlinkSync(join(stateDir, "current"))).toBe("releases/v1/tree");
    expect(readLedger(stateDir)).toEqual({ ledger: { ...blank, current: "v1" } });
    expect(shelf.write(blank)).toBeNull();
    expect(existsSync(join(stateDir, "current"))).toBe(false);
  });

  test("says why the ledger cannot be read, and a missing one is blank", () => {
    expect(readLedger(stateDir)).toEqual({ ledger: blank });
    writeFileSync(join(stateDir, "releases.json"), "{}");
    expect(readLedger(stateDir)).toEqual({ fault: expect.stringContaining("releases.json: it is not in a format") });
  });

  test("what is removed has no name any more at once, and is gone soon", async () => {
    make("v1");
    make("v2");
    openShelf(stateDir).remove(["v1"]);
    expect(
      openShelf(stateDir)
        .list()
        .map(({ id }) => id),
    ).toEqual(["v2"]);
    const left = () => readdirSync(join(stateDir, "releases"));
    for (let tries = 0; left().length > 1 && tries < 200; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(left()).toEqual(["v2"]);
  });

  test("one without a whole manifest is no release", () => {
    make("v1");
    chmodSync(join(stateDir, "releases/v1/manifest.json"), 0o600);
    writeFileSync(join(stateDir, "releases/v1/manifest.json"), '{"format":1,"id":"v1"');
    expect(openShelf(stateDir).list()).toEqual([]);
  });

  test.skipIf(process.geteuid?.() !== 0)(
    "opens the way to a release for the users of services, and a supervisor that starts leaves it open",
    () => {
      const modeAfter = () => {
        const claim = claimStateDir(stateDir);
        if (claim.ok) claim.release();
        return (lstatSync(stateDir).mode & 0o777).toString(8);
      };
      chmodSync(stateDir, 0o755);
      expect(modeAfter()).toBe("700");
      openShelf(stateDir).letPass();
      expect(modeAfter()).toBe("700");
      openShelf(stateDir).write(blank);
      openShelf(stateDir).letPass();
      expect(modeAfter()).toBe("711");
    },
  );
});
