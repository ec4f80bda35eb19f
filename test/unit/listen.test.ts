// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { socketsToBind } from "../../supervisor/unit/listen.ts";
import { faultsOf, unit } from "./sample.ts";

const context = { root: "/srv/app", stateDir: "/srv/app/.supervisor", environ: { NAME: "x" } };
const api = (...listen: string[]) =>
  unit(
    "api",
    `[service]\nscript = "a.ts"\n${listen.map((one, at) => `[socket.s${at}]\nlisten_stream = "${one}"\n`).join("")}`,
  );

test("a unix path is absolute once its specifiers are filled in, and a port stays as it is", () => {
  const bound = socketsToBind(api("%t/${NAME}.sock", "unix:run/a.sock", "127.0.0.1:80"), context);
  expect(bound.ok && bound.value.map((socket) => socket.address)).toEqual([
    { tag: "unix", path: "/srv/app/.supervisor/x.sock" },
    { tag: "unix", path: "/srv/app/run/a.sock" },
    { tag: "tcp", host: "127.0.0.1", port: 80 },
  ]);
});

test("a missing variable is told with the socket's key", () => {
  const [fault] = faultsOf(socketsToBind(api("/run/${NONE}.sock"), context));
  expect(fault).toMatchObject({ code: "placeholder-missing", at: { key: "socket.s0.listen_stream" } });
});
